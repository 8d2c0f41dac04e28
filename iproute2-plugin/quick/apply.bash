# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# shellcheck shell=bash disable=SC2015,SC2034,SC2153,SC2086
# From what is RUNNING, or nothing, to what is WANTED.

# The order in which things need each other.
KINDS=(vr port address neighbour route classifier rule filter)

# How a VR or a port is, where nothing is said.
declare -A DEFAULTS=(
	[slots]=4096 [snap]=1984 [queues]=1 [limit]=67108864 [owner]=root [group]=root [mode]=0660
	[fallback]=kernel [prio]=none [stall]=off [spread]=flow [tx]=kick [vlan]=none [spoofchk]=on
)

# imply ITEM LINE: as if that line said so.
imply() { WANTED+=("$1") LINE_OF+=("$2"); }

# add_port_defaults: a port is up, or as what it takes over.
add_port_defaults()
{
	local dev line

	ports WANTED
	for dev in "${REPLIES[@]}"; do
		line_of "port $dev"
		line=${REPLY##*:}
		if has WANTED "port $dev takeover yes"; then
			lower_name "$dev" || imply "port $dev lower $REPLY" "$line"
		else
			value_of WANTED "port $dev up" || imply "port $dev up yes" "$line"
		fi
	done
}

# add_defaults: what the file no longer says becomes as it is without.
add_defaults()
{
	local item key line list

	add_port_defaults
	list=("${APPLIED[@]}")
	for item in "${list[@]}"; do
		[[ $item =~ ^(vr|port\ [^\ ]+)\ ([a-z]+)\ . ]] || continue
		key=${BASH_REMATCH[2]} line=${BASH_REMATCH[1]}
		[ -n "${DEFAULTS[$key]-}" ] && { [ "$line" = vr ] || has WANTED "$line"; } || continue
		[[ $item != port\ *\ mode\ * ]] || continue
		value_of WANTED "$line $key" || imply "$line $key ${DEFAULTS[$key]}" 1
	done
}

# --- looked at before the first change ------------------------------------------------

# need_devices: those of ports, classifiers, rules and filters.
need_devices()
{
	local item kind dev

	for item in "${WANTED[@]}"; do
		read -r kind dev _ <<< "$item"
		[[ ! $kind =~ ^(port|classifier|rule|filter)$ || -e /sys/class/net/$dev ]] ||
			said_of 1 "$item" "there is no interface $dev" || return
	done
}

# Rules may name other VRs.
need_vrs()
{
	local item

	for item in "${WANTED[@]}"; do
		[[ $item =~ ^rule\ .*\ vr\ ([^\ ]+)$ && ${BASH_REMATCH[1]} != "$NAME" ]] || continue
		ip-vr show "${BASH_REMATCH[1]}" > /dev/null 2>&1 ||
			said_of 1 "$item" "there is no VR ${BASH_REMATCH[1]}" || return
	done
}

# ---------------------------------------------------------------------------------------

# add_missing KIND: what is wanted and not running.
add_missing()
{
	local item

	for item in "${WANTED[@]}"; do
		[[ $item == "$1 "* ]] && ! runs "$item" || continue
		[[ $item != 'rule '*' bucket '* ]] || { add_buckets "$item" && continue || return; }
		add "$item" || return
		DONE+=("$item")
	done
}

# add_ports: each is attached before something is set of any.
add_ports()
{
	local dev

	ports WANTED
	for dev in "${REPLIES[@]}"; do
		has RUNNING "port $dev" || { add "port $dev" && RUNNING+=("port $dev"); } || return
	done
	add_missing port
}

# add_buckets ITEM: it and those that follow it, by one command.
add_buckets()
{
	local item=$1 next dev first last verdict

	read -r _ dev _ first verdict <<< "$item"
	last=$first
	next="rule $dev bucket $((last + 1)) $verdict"
	while has WANTED "$next" && ! has RUNNING "$next"; do
		last=$((last + 1)) next="rule $dev bucket $((last + 2)) $verdict"
	done
	run "$item" ip-vr rule replace dev "$dev" bucket "$first-$last" $verdict || return
	for ((; first <= last; first++)); do
		RUNNING+=("rule $dev bucket $first $verdict")
		DONE+=("rule $dev bucket $first $verdict")
	done
}

# add_sysctls now|all: those there are; a port brings some of its own.
add_sysctls()
{
	local item name status

	items WANTED sysctl
	for item in "${REPLIES[@]}"; do
		! has RUNNING "$item" || continue
		status=0
		add "$item" || status=$?
		case $status:$1 in
		0:*) RUNNING+=("$item") ;;
		3:now) ;;
		3:all)
			read -r _ name _ <<< "$item"
			said_of 1 "$item" "there is no setting $name" || return
			;;
		*) return "$status" ;;
		esac
	done
}

# make_so: all that is wanted is.
make_so()
{
	local kind

	add_sysctls now || return
	for kind in "${KINDS[@]}"; do
		case $kind in
		vr) [ -n "${FRESH:-}" ] || add_missing vr ;;
		port) add_ports && add_sysctls all ;;
		*) add_missing "$kind" ;;
		esac || return
	done
}

# --- hooks -------------------------------------------------------------------------

# hooks LIST WHEN: %i is the VR.
hooks()
{
	local item

	items "$1" "hook $2"
	for item in "${REPLIES[@]}"; do
		hook "$item" || return
	done
}

hook()
{
	local command status=0

	command=${1#hook * }
	(exec {LOCK}>&-; exec bash -c "${command//%i/$NAME}") < /dev/null || status=$?
	((!status)) || said_of 1 "$1" "the command ended with status $status"
}
