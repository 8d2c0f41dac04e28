# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# shellcheck shell=bash disable=SC2015,SC2034,SC2153
# reload: what the file says otherwise than the kernel is changed, what it no longer says is
# taken away, and what somebody else did stays. When a step fails, all is put back.

# same_port_item DEV KEY [DEFAULT]: the port has the KEY that is wanted, if one is.
same_port_item()
{
	local wanted

	value_of WANTED "port $1 $2" || { [ -n "${3-}" ] && REPLY=$3; } || return 0
	wanted=$REPLY
	value_of RUNNING "port $1 $2" "${3-}" || true
	[ "$REPLY" = "$wanted" ]
}

same_port()
{
	same_port_item "$1" takeover no && same_port_item "$1" number || return
	if has RUNNING "port $1 takeover yes"; then
		same_port_item "$1" lower
	else
		same_port_item "$1" name && same_port_item "$1" mode mac
	fi
}

# to_detach: REPLIES are devices whose port is not wanted any more, or only as another one.
to_detach()
{
	local dev gone=()

	ports RUNNING
	for dev in "${REPLIES[@]}"; do
		if ! has WANTED "port $dev"; then
			! has APPLIED "port $dev" || gone+=("$dev")
		elif ! same_port "$dev"; then
			gone+=("$dev")
		fi
	done
	REPLIES=("${gone[@]}")
}

detach_ports()
{
	local dev

	to_detach
	((${#REPLIES[@]})) || return 0
	for dev in "${REPLIES[@]}"; do
		remove "port $dev" || return
	done
	read_running
}

# replaced ITEM: there is another in its place, which is not to be removed.
replaced()
{
	local kind dev rest

	read -r kind dev rest <<< "$1"
	case $kind in
	classifier) items WANTED "classifier $dev" && ((${#REPLIES[@]})) && return ;;
	neighbour) items WANTED "neighbour $dev ${rest% *}" && ((${#REPLIES[@]})) && return ;;
	route | rule | filter) ;;
	*) return 1 ;;
	esac
	key_of "$1"
	has_key WANTED "$kind" "$REPLY"
}

# has_key LIST KIND KEY: LIST has one of that kind and key.
has_key()
{
	local item key=$3

	items "$1" "$2"
	for item in "${REPLIES[@]}"; do
		key_of "$item"
		[ "$REPLY" != "$key" ] || return 0
	done
	return 1
}

# key_of ITEM: of a route, rule or filter: by what the kernel tells it from others.
key_of()
{
	local kind dev rest

	read -r kind dev rest <<< "$1"
	case $kind in
	route) route_key "$dev $rest" ;;
	rule) rule_without_verdict "$rest" && REPLY="$dev $REPLY" ;;
	filter) filter_key "$rest" && REPLY="$dev $REPLY" ;;
	esac
}

# remove_stale: what was applied, is there, and is not wanted.
remove_stale()
{
	local kind item removed=''

	for kind in filter rule classifier route neighbour address; do
		items APPLIED "$kind"
		set -- "${REPLIES[@]}"
		for item; do
			! has WANTED "$item" && runs "$item" && ! replaced "$item" && ! shared "$item" || continue
			remove "$item" || return
			removed=y
		done
	done
	[ -n "$removed" ] || return 0
	# An address takes routes along, and others of its network.
	read_running && make_so
}

# Settings that are the file's no longer have the value from before it again.
restore_sysctls()
{
	local item name

	for item in "${MADE[@]}"; do
		[[ $item == sysctl\ * ]] || continue
		name=${item#sysctl } name=${name%% *}
		value_of WANTED "sysctl $name" || ! value_of APPLIED "sysctl $name" ||
			has RUNNING "$item" || add "$item" || (($? == 3)) || return
	done
}

change_all() { detach_ports && make_so && restore_sysctls && remove_stale && restore_routes; }

# put_back: BEFORE is wanted again, and what was wanted no longer is.
put_back()
{
	trap '' INT TERM HUP
	APPLIED=("${WANTED[@]}")
	WANTED=("${BEFORE[@]}") LINE_OF=()
	read_running && change_all ||
		echo "vr-quick: not all could be put back: see ip-vr show $NAME." >&2
	return "$STATUS"
}

# may_change: what cannot be changed as long as the VR, or its data plane, is there.
may_change()
{
	local key item state

	state=$(ip-vr -j show "$NAME" | jq -r '.[0].state')
	for key in id netns slots snap queues; do
		value_of WANTED "vr $key" || { [ "$key" = netns ] && REPLY=; } || continue
		item="vr $key $REPLY"
		value_of RUNNING "vr $key" '' || true
		[ "vr $key $REPLY" != "$item" ] || continue
		case $key in
		id | netns) said_of 1 "$item" "the VR's $key cannot be changed while it is up, only by down and up" ;;
		*)
			[ "$state" = idle ] ||
				said_of 1 "$item" "$key cannot be changed while a data plane is attached; stop it before"
			;;
		esac || return
	done
}

note_data_plane()
{
	local old

	value_of APPLIED 'vr dataplane' europa-router || true
	old=$REPLY
	value_of WANTED 'vr dataplane' europa-router || true
	[ "$old" = "$REPLY" ] ||
		echo "vr-quick: the data plane goes on as it is until it is started again, or taken over from." >&2
}

reload_interrupted()
{
	STATUS=1
	put_back
	exit 1
}

cmd_reload()
{
	need_root && read_conf && take_lock || return
	vr_number || fail "VR $NAME is not up" || return
	STATUS=1
	read_applied || true
	read_running || return
	add_defaults
	need_devices && need_vrs && may_change || return
	BEFORE=("${RUNNING[@]}")
	trap reload_interrupted INT TERM HUP
	change_all || put_back || return
	note_data_plane
	write_links && write_applied "${WANTED[@]}"
}
