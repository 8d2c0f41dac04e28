# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# shellcheck shell=bash disable=SC2015,SC2034,SC2153,SC2086
# How one item comes to be, and ceases to be.

# said_of STATUS ITEM SENTENCES: what a command said, as a sentence about the item's line.
said_of()
{
	local text=$3

	line_of "$2"
	text=${text:-a command failed with status $1}
	[[ ${text%%$'\n'*} =~ [.!?]$ || $text == *$'\n'* ]] || text+=.
	echo "$REPLY: $text" >&2
	((STATUS = $1 == 1 ? 1 : 2))
	return "$STATUS"
}

# run ITEM COMMAND...: it, silently; or says what it said.
run()
{
	local item=$1 said status=0
	shift

	said=$("$@" 2>&1 {LOCK}>&- < /dev/null) || status=$?
	if ((!status)); then
		[[ $said != Note:\ * ]] || echo "vr-quick: $said" >&2
		return 0
	fi
	said=${said#Error: } said=${said#RTNETLINK answers: }
	said_of "$status" "$item" "$item: ${said:-status $status}"
}

# --- ports -------------------------------------------------------------------------

# port_name DEV: REPLY is the interface of the port on that device.
declare -A PORT_NAMES
port_name()
{
	REPLY=${PORT_NAMES[$1]-}
	[ -z "$REPLY" ] || return 0
	if has RUNNING "port $1 takeover yes"; then
		REPLY=$1
	else
		[[ $(ip-vr show "$NAME") =~ port\ [0-9]+:\ ([^@[:space:]]+)@"$1"\  ]] || return
		REPLY=${BASH_REMATCH[1]}
	fi
	PORT_NAMES[$1]=$REPLY
}

attach_port()
{
	local dev=$1 words=() pair

	for pair in name:name number:port mac:address mode:mode spoofchk:spoofchk vlan:vlan; do
		if value_of WANTED "port $dev ${pair%:*}" && [ "$REPLY" != none ]; then
			words+=("${pair#*:}" "$REPLY")
		fi
	done
	value_of WANTED "port $dev force" no
	[ "$REPLY" = no ] || words+=(force)
	! has WANTED "port $dev takeover yes" || { lower_name "$dev"; words+=(takeover lower "$REPLY"); }
	run "port $dev" ip-vr attach dev "$dev" vr "$NAME" "${words[@]}" || return
	for pair in name number mac mode spoofchk vlan takeover lower; do
		! value_of WANTED "port $dev $pair" || RUNNING+=("port $dev $pair $REPLY")
	done
}

# set_port DEV KEY VALUE ITEM
set_port()
{
	local name

	case $2 in
	name | number | mode | force | takeover | lower) return 0 ;;	# given when it is attached
	esac
	port_name "$1" || said_of 1 "$4" "VR $NAME has no port on $1" || return
	name=$REPLY
	case $2 in
	mtu) run "$4" ip_home link set dev "$name" mtu "$3" ;;
	mac) run "$4" ip_home link set dev "$name" address "$3" ;;
	spoofchk | vlan) run "$4" ip_home link set dev "$name" type europa "$2" "$3" ;;
	up) run "$4" ip_home link set dev "$name" "$([ "$3" = yes ] && echo up || echo down)" ;;
	esac
}

# on_port DEV ITEM WORD...: ip WORD... dev PORT
on_port()
{
	local dev=$1 item=$2
	shift 2

	port_name "$dev" || said_of 1 "$item" "VR $NAME has no port on $dev" || return
	run "$item" ip_home "$@" dev "$REPLY"
}

# --- what is on a device that VRs share ---------------------------------------------------

# One that another VR's file wants as well is left where it is.
bind_classifier()
{
	local dev=$1 phrase=$2 item="classifier $1 $2" id

	if bound "$dev"; then
		id=${REPLY%% *}
		[ "$(classifier_note "$dev")" = "$id" ] ||
			said_of 1 "$item" "$dev has a classifier that is not ours, program ${REPLY#* }" || return
		[ "$(classifier_note "$dev" words)" != "$phrase" ] || return 0
		! others_use classifier "$dev" ||
			said_of 1 "$item" "another VR's file has another classifier for $dev" || return
	fi
	run "$item" ip-vr classifier set dev "$dev" $phrase || return
	bound "$dev" && echo "${REPLY%% *} $phrase" > "$STATE/$dev.classifier"
}

unbind_classifier()
{
	local dev=$1

	! others_use classifier "$dev" || return 0
	bound "$dev" && [ "$(classifier_note "$dev")" = "${REPLY%% *}" ] || return 0
	run "classifier $dev $2" ip-vr classifier del dev "$dev" && rm -f "$STATE/$dev.classifier"
}

# A filter with a handle is replaced in one go, others by their pref.
put_filter()
{
	local dev=$1 phrase=$2 item="filter $1 $2" verb=add

	if ! tc qdisc show dev "$dev" | grep -q '^qdisc clsact '; then
		run "$item" tc qdisc add dev "$dev" clsact && MADE+=("clsact $dev") || return
	fi
	filter_key "$phrase"
	if [[ " $phrase " == *' handle '* ]]; then
		verb=replace
	elif items APPLIED "filter $dev ${REPLY%% *}" && pref_is_ours "$phrase"; then
		run "$item" tc filter del dev "$dev" $REPLY || return
	elif [ -n "$(tc filter show dev "$dev" $REPLY)" ]; then
		! shared "$item" || return 0
		said_of 1 "$item" "$dev has a filter with this pref already"
		return
	fi
	run "$item" tc filter "$verb" dev "$dev" ${phrase%% *} ${phrase#* }
}

# pref_is_ours PHRASE: one of REPLIES has its pref and is there.
pref_is_ours()
{
	local key=$REPLY item

	filter_key "$1"
	key=$REPLY
	for item in "${REPLIES[@]}"; do
		filter_key "${item#filter * }"
		[ "$REPLY" != "$key" ] || ! has RUNNING "$item" || return 0
	done
	REPLY=$key
	return 1
}

remove_filter()
{
	filter_key "$2"
	run "filter $1 $2" tc filter del dev "$1" $REPLY
}

# --- settings ----------------------------------------------------------------------

# Prints what it was.
# shellcheck disable=SC2016
PUT_SYSCTL='[ -e "/proc/sys/$1" ] || exit 3; cat "/proc/sys/$1" && printf "%s\n" "$2" > "/proc/sys/$1"'

# put_sysctl NAME VALUE ITEM: status 3 if there is no such setting, or not yet: it may be a port's.
put_sysctl()
{
	local old status=0

	old=$(in_home sh -c "$PUT_SYSCTL" sh "$1" "$2" 2>&1) || status=$?
	case $status in
	0) [[ " ${MADE[*]}" == *" sysctl $1 "* ]] || MADE+=("sysctl $1 ${old//[[:space:]]/ }") ;;
	3) return 3 ;;
	*) said_of 2 "$3" "$3: ${old##*: }" ;;
	esac
}

# --- any item ----------------------------------------------------------------------

# add ITEM: make it so.
add()
{
	local kind dev rest

	read -r kind dev rest <<< "$1"
	case $kind in
	vr)
		case $dev in
		dataplane) ;;
		tx) run "$1" ip-vr set "$NAME" tx $rest ;;
		*) run "$1" ip-vr set "$NAME" "$dev" "$rest" ;;
		esac
		;;
	sysctl) put_sysctl "$dev" "$rest" "$1" ;;
	route) note_replaced "$dev $rest"; run "$1" ip_home "-$dev" route replace $rest ;;
	port)
		if [ -z "$rest" ]; then
			attach_port "$dev"
		else
			set_port "$dev" "${rest%% *}" "${rest#* }" "$1"
		fi
		;;
	address) on_port "$dev" "$1" address replace "$rest" ;;
	neighbour) on_port "$dev" "$1" neighbour replace "${rest% *}" lladdr "${rest#* }" nud permanent ;;
	classifier) bind_classifier "$dev" "$rest" ;;
	rule) run "$1" ip-vr rule replace dev "$dev" $rest ;;
	filter) put_filter "$dev" "$rest" ;;
	esac
}

# remove ITEM: and not what others have put in its place.
remove()
{
	local kind dev rest

	read -r kind dev rest <<< "$1"
	case $kind in
	route) run "$1" ip_home "-$dev" route del $rest ;;
	port) PORT_NAMES[$dev]=; run "$1" ip-vr detach dev "$dev" vr "$NAME" ;;
	address) on_port "$dev" "$1" address del "$rest" ;;
	neighbour) on_port "$dev" "$1" neighbour del "${rest% *}" ;;
	classifier) unbind_classifier "$dev" "$rest" ;;
	rule)
		rule_without_verdict "$rest"
		run "$1" ip-vr rule del dev "$dev" $REPLY
		;;
	filter) remove_filter "$dev" "$rest" ;;
	esac
}
