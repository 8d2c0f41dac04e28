# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# shellcheck shell=bash disable=SC2015,SC2034,SC2153
# What values look like. Each function below takes a value last, and sets REPLY to the way the
# kernel would print it, or WHY to a sentence that says what is wrong.

wrong() { WHY=$1; return 1; }

as_is() { REPLY=$1; }

# number MIN MAX VALUE
number()
{
	[[ $3 =~ ^[0-9]{1,10}$ ]] && ((10#$3 >= $1 && 10#$3 <= $2)) ||
		wrong "\"$3\" is not a number from $1 to $2" || return
	REPLY=$((10#$3))
}

# size MIN MAX VALUE: in bytes or pieces, with k, M or G.
size()
{
	local shift=0 LC_ALL=C

	[[ $3 =~ ^([0-9]{1,12})([kKmMgG]?)$ ]] ||
		wrong "\"$3\" is not a number with k, M or G behind it, or nothing" || return
	case ${BASH_REMATCH[2],,} in
	k) shift=10 ;;
	m) shift=20 ;;
	g) shift=30 ;;
	esac
	REPLY=$((10#${BASH_REMATCH[1]} << shift))
	((REPLY >= $1 && REPLY <= $2)) || wrong "\"$3\" is not from $1 to $2"
}

# one_of "WORD..." VALUE
one_of()
{
	REPLY=$2
	[[ $2 != *' '* && " $1 " == *" $2 "* ]] || wrong "\"$2\" is not one of ${1// /, }"
}

# VRs, and files for them.
vr_name()
{
	REPLY=$1
	[[ $1 =~ ^[A-Za-z0-9_.-]{1,15}$ && ! $1 =~ ^[0-9]+$ && $1 != -* && $1 != . && $1 != .. ]] ||
		wrong "a VR's name is 1 to 15 of A-Z a-z 0-9 _ . -, not all digits: \"$1\""
}

netns()
{
	REPLY=$1
	[[ $1 =~ ^[A-Za-z0-9_.@:-]{1,63}$ && $1 != . && $1 != .. ]] ||
		wrong "\"$1\" is not a name of ip netns"
}

ifname()
{
	REPLY=$1
	[[ $1 =~ ^[^/:[:space:]]{1,15}$ && $1 != . && $1 != .. ]] ||
		wrong "\"$1\" is not the name of an interface"
}

# user NAME [DATABASE]: by name, where it has one.
user()
{
	REPLY=$(getent "${2:-passwd}" "$1")
	REPLY=${REPLY%%:*}
	[ -n "$REPLY" ] || [[ $1 =~ ^[0-9]{1,10}$ ]] ||
		wrong "there is no such user or group: \"$1\"" || return
	REPLY=${REPLY:-$1}
}

group() { user "$1" group; }

octal()
{
	[[ $1 =~ ^0*[0-7]{1,3}$ ]] || wrong "\"$1\" is not octal, 0 to 0777" || return
	printf -v REPLY '%04o' "$((8#$1))"
}

classid()
{
	[[ ${1,,} =~ ^(none|[0-9a-f]{1,4}:[0-9a-f]{0,4})$ ]] ||
		wrong "\"$1\" is not a class as 1:10, or none" || return
	REPLY=${1,,}
	[ "$REPLY" = none ] || printf -v REPLY '%x:%x' "0x${REPLY%:*}" "0x0${REPLY#*:}"
}

# Milliseconds, or off.
stall()
{
	REPLY=off
	[[ $1 =~ ^(off|0)$ ]] || number 100 3600000 "$1"
}

# kick, poll, or poll cpu N.
tx()
{
	REPLY=$1
	[[ ! $1 =~ ^(kick|poll)$ ]] || return 0
	[[ $1 =~ ^poll\ +cpu\ +([0-9]{1,9})$ ]] ||
		wrong "\"$1\" is not kick, poll, or poll cpu N" || return
	REPLY="poll cpu $((10#${BASH_REMATCH[1]}))"
}

mac()
{
	REPLY=${1,,}
	[[ $REPLY =~ ^([0-9a-f]{2}:){5}[0-9a-f]{2}$ ]] ||
		wrong "\"$1\" is not an address such as 02:00:00:00:00:01"
}

# Of a port.
own_mac()
{
	mac "$1" || return
	((!(0x${REPLY:0:2} & 1))) || wrong "\"$1\" is a multicast address, a port's is not"
}

vlans()
{
	local part list parts

	REPLY=$1
	[ "$1" != none ] || return 0
	[[ $1 =~ ^[0-9]{1,4}(-[0-9]{1,4})?(,[0-9]{1,4}(-[0-9]{1,4})?)*$ ]] ||
		wrong "\"$1\" is not none, or numbers as 10,20-29" || return
	IFS=, read -ra parts <<< "$1"
	for part in "${parts[@]}"; do
		number 1 4094 "${part%-*}" && list=$REPLY && number "$list" 4094 "${part#*-}" || return
	done
	REPLY=$1
}

# A command for a shell.
shell() { REPLY=$1; }

# A command that is split at blanks, by us and by systemd.
command_line()
{
	REPLY=$1
	[[ $1 != *[[:cntrl:]\"\'\\\`\$\;\&\|\<\>%]* ]] ||
		wrong "a data plane's command is split at blanks, and has no quotes, \$, % or the like: make a script"
}

# NAME = VALUE, below net; as sysctl(8), which takes / for a dot in a name.
sysctl_line()
{
	local name value said

	[[ $1 =~ ^([A-Za-z0-9_./-]+)[[:space:]]*=[[:space:]]*(.+)$ ]] ||
		wrong "\"$1\" is not NAME = VALUE" || return
	said=${BASH_REMATCH[1]} name=$said value=${BASH_REMATCH[2]}
	if [[ $name =~ ^[^./]*\. ]]; then
		name=${name//\//:} name=${name//.//} name=${name//:/.}
	fi
	[[ $name == net/* && $name != *..* ]] ||
		wrong "\"$said\" is not a setting below net, which are those of a namespace" ||
		return
	REPLY="$name $value"
}

# --- addresses --------------------------------------------------------------------

address4()
{
	local part parts LC_ALL=C

	IFS=. read -ra parts <<< "$1"
	[[ $1 =~ ^([0-9]{1,3}\.){3}[0-9]{1,3}$ ]] || wrong "\"$1\" is not an IPv4 address" || return
	for part in "${parts[@]}"; do
		((10#$part < 256)) || wrong "\"$1\" is not an IPv4 address" || return
	done
	REPLY=$((10#${parts[0]})).$((10#${parts[1]})).$((10#${parts[2]})).$((10#${parts[3]}))
}

# groups6 TEXT: the GROUPS6 of one side of "::".
groups6()
{
	local group

	GROUPS6=()
	[ -n "$1" ] || return 0
	[[ $1 != :* && $1 != *: && $1 != *::* ]] || return
	IFS=: read -ra GROUPS6 <<< "$1"
	for group in "${!GROUPS6[@]}"; do
		[[ ${GROUPS6[group]} =~ ^[0-9a-fA-F]{1,4}$ ]] || return
		GROUPS6[group]=$((16#${GROUPS6[group]}))
	done
}

# split6 ADDRESS: its eight numbers in GROUPS6.
split6()
{
	local text=$1 left zeros

	if [[ $text =~ ^(.*:)([0-9]+\.[0-9.]+)$ ]]; then
		text=${BASH_REMATCH[1]}
		address4 "${BASH_REMATCH[2]}" || return
		IFS=. read -ra left <<< "$REPLY"
		printf -v text '%s%x:%x' "$text" $((left[0] << 8 | left[1])) $((left[2] << 8 | left[3]))
	fi
	if [[ $text != *::* ]]; then
		groups6 "$text" && ((${#GROUPS6[@]} == 8))
		return
	fi
	groups6 "${text%%::*}" || return
	left=("${GROUPS6[@]}")
	groups6 "${text#*::}" || return
	zeros=$((8 - ${#left[@]} - ${#GROUPS6[@]}))
	((zeros > 0)) || return
	while ((zeros--)); do
		left+=(0)
	done
	GROUPS6=("${left[@]}" "${GROUPS6[@]}")
}

# join6: REPLY of GROUPS6, the first of the longest runs of zeros as "::".
join6()
{
	local i run=0 at=-1 best=1 text

	for i in {0..8}; do
		if ((i < 8 && GROUPS6[i] == 0)); then
			run=$((run + 1))
			((run <= best)) || { best=$run at=$((i - run + 1)); }
		else
			run=0
		fi
	done
	printf -v text '%x:' "${GROUPS6[@]}"
	text=${text%:}
	if ((at >= 0)); then
		printf -v text '%x:' "${GROUPS6[@]:0:at}"
		((at)) || text=
		printf -v REPLY ':%x' "${GROUPS6[@]:at+best}"
		((at + best < 8)) || REPLY=:
		text="${text:-:}${REPLY}"
	fi
	REPLY=$text
}

address6()
{
	local GROUPS6

	[[ $1 == *:* ]] && split6 "$1" || wrong "\"$1\" is not an IPv6 address" || return
	join6
}

address()
{
	if [[ $1 == *:* ]]; then
		address6 "$1"
	else
		address4 "$1"
	fi
}

# ADDRESS/LENGTH; without a length, that of a single address.
interface_address()
{
	local length=${1#*/} max=32

	[[ $1 != *:* ]] || max=128
	[[ $1 == */* ]] || length=$max
	number 0 $max "$length" || wrong "\"$1\": an address has a length of 0 to $max" || return
	length=$REPLY
	address "${1%%/*}" || return
	REPLY+=/$length
}

# A prefix has no bits behind its length. As ip prints it: without the length of a single address.
prefix()
{
	local text length GROUPS6 i bits

	interface_address "$1" || return
	text=${REPLY%/*} length=${REPLY#*/}
	if [[ $text == *:* ]]; then
		split6 "$text"
	else
		IFS=. read -ra GROUPS6 <<< "$text"
	fi
	bits=$((${#GROUPS6[@]} == 8 ? 16 : 8))
	for i in "${!GROUPS6[@]}"; do
		((length >= bits * (i + 1))) && continue
		((i = length > bits * i ? GROUPS6[i] & (1 << bits * (i + 1) - length) - 1 : GROUPS6[i])) || continue
		wrong "\"$1\" has bits behind its length"
		return
	done
	REPLY=$text/$length
	((length < bits * ${#GROUPS6[@]})) || REPLY=$text
	case $REPLY in
	0.0.0.0/0 | ::/0) REPLY=default ;;
	esac
}

# family_of TEXT: 4 or 6.
family_of() { [[ $1 == *:* ]] && REPLY=6 || REPLY=4; }
