# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# shellcheck shell=bash disable=SC2015,SC2034,SC2153
# The file: read and checked as a whole, into items, one line of text for each thing that is to
# be so. These are what running.bash makes of the kernel, and what is compared:
#
#	vr KEY VALUE			id, netns, slots ..., dataplane
#	hook preup|postup|predown|postdown COMMAND
#	sysctl net/NAME VALUE
#	route 4|6 PHRASE
#	port DEV			and "port DEV KEY VALUE" for what is not left to chance
#	address DEV ADDRESS/LENGTH
#	neighbour DEV ADDRESS MAC
#	classifier DEV PHRASE, rule DEV PHRASE, filter DEV PHRASE
#
# A port is known by its lower device, of which a VR has one port at most; one that takes over by
# what that was called before.

# SECTION.KEY, what its value has to be, and the item's beginning; + for one that may come again.
declare -A KEYS=(
	[vr.id]='number 1 65535' [vr.netns]=netns [vr.slots]='size 64 65536'
	[vr.snap]='size 64 1984' [vr.queues]='number 1 64' [vr.limit]='size 1048576 1099511627776'
	[vr.owner]=user [vr.group]=group [vr.mode]=octal [vr.fallback]='one_of kernel\ drop'
	[vr.prio]=classid [vr.stall]=stall [vr.spread]='one_of flow\ cpu' [vr.tx]=tx [vr.dataplane]=command_line
	[vr.sysctl]='+sysctl_line' [vr.route]='+route'
	[vr.preup]='+shell' [vr.postup]='+shell' [vr.predown]='+shell' [vr.postdown]='+shell'
	[port.dev]=ifname [port.name]=ifname [port.number]='number 0 1023' [port.mac]=own_mac
	[port.mode]='one_of mac\ passthru\ classifier' [port.spoofchk]='one_of on\ off'
	[port.vlan]=vlans [port.force]='one_of yes\ no' [port.mtu]='number 68 65535'
	[port.takeover]='one_of yes\ no' [port.lower]=ifname
	[port.up]='one_of yes\ no' [port.address]='+addresses' [port.neighbour]='+neighbour'
	[device.dev]=ifname [device.classifier]=classifier [device.rule]='+rule' [device.filter]='+filter'
)

# Those for which ITEM begins otherwise than with its section and key.
declare -A ITEM_OF=(
	[vr.sysctl]=sysctl [vr.route]=route [vr.preup]='hook preup' [vr.postup]='hook postup'
	[vr.predown]='hook predown' [vr.postdown]='hook postdown' [port.address]=address
	[port.neighbour]=neighbour [device.classifier]=classifier [device.rule]=rule
	[device.filter]=filter
)

# With commas between; the result is SEVERAL.
addresses()
{
	local all=() one

	IFS=, read -ra all <<< "$1"
	((${#all[@]})) || wrong "an address is missing" || return
	for one in "${all[@]}"; do
		one=${one#"${one%%[! ]*}"}
		interface_address "${one%"${one##*[! ]}"}" || return
		SEVERAL+=("$REPLY")
	done
}

# at LINE SENTENCE: fails with it.
at()
{
	echo "$FILE:$1: $2." >&2
	return 1
}

# --- one section -------------------------------------------------------------------

# add_item LINE TEXT
add_item()
{
	local i

	for i in "${!WANTED[@]}"; do
		[ "${WANTED[i]}" != "$2" ] || at "$1" "this says the same as line ${LINE_OF[i]}" || return
	done
	WANTED+=("$2")
	LINE_OF+=("$1")
}

# take_value KEY VALUE LINE: of the section that is being read; DEV is its device.
take_value()
{
	local key=$SECTION.$1 validator item=$SECTION SEVERAL=() one words

	validator=${KEYS[$key]#+}
	eval "words=($validator)"
	"${words[@]}" "$2" || at "$3" "$1: $WHY" || return
	item=${ITEM_OF[$key]-$SECTION}
	[ "$SECTION" = vr ] || item+=" $DEV"
	[ -n "${ITEM_OF[$key]-}" ] || item+=" $1"
	if ((!${#SEVERAL[@]})); then
		add_item "$3" "$item $REPLY"
		return
	fi
	for one in "${SEVERAL[@]}"; do
		add_item "$3" "$item $one" || return
	done
}

# section_device: DEV, which may stand behind what needs it.
section_device()
{
	local i at=''

	DEV=''
	for i in "${!SECTION_KEYS[@]}"; do
		[ "${SECTION_KEYS[i]}" != dev ] || at=$i
	done
	[ -n "$at" ] || at "$SECTION_LINE" "this section wants Dev = INTERFACE" || return
	ifname "${SECTION_VALUES[at]}" || at "${SECTION_LINES[at]}" "dev: $WHY" || return
	DEV=$REPLY
	[[ " $SECTIONS_SEEN " != *" $SECTION/$DEV "* ]] ||
		at "$SECTION_LINE" "there is a section [$SECTION] for $DEV already" || return
	SECTIONS_SEEN+=" $SECTION/$DEV"
}

# end_section: what was read of it becomes items.
end_section()
{
	local i

	case $SECTION in
	'') return 0 ;;
	vr) ;;
	*) section_device || return ;;
	esac
	[ "$SECTION" != port ] || add_item "$SECTION_LINE" "port $DEV" || return
	for i in "${!SECTION_KEYS[@]}"; do
		[ "${SECTION_KEYS[i]}" != dev ] || continue
		take_value "${SECTION_KEYS[i]}" "${SECTION_VALUES[i]}" "${SECTION_LINES[i]}" || return
	done
}

begin_section()
{
	end_section || return
	SECTION=${1,,} SECTION_LINE=$2 SECTION_KEYS=() SECTION_VALUES=() SECTION_LINES=()
	case $SECTION in
	port | device) ;;
	vr)
		[[ " $SECTIONS_SEEN " != *' vr '* ]] || at "$2" "there is a section [VR] already" || return
		SECTIONS_SEEN+=' vr'
		;;
	*) at "$2" "there is no section [$1], but [VR], [Port] and [Device]" ;;
	esac
}

# --- the lines ---------------------------------------------------------------------

read_assignment()
{
	local key=${1,,} line=$3

	[ -n "$SECTION" ] || at "$line" "this is in no section; begin with [VR]" || return
	[ -n "${KEYS[$SECTION.$key]-}" ] ||
		at "$line" "\"$1\" is not known in a section [$SECTION]" || return
	[ -n "$2" ] || at "$line" "\"$1\" has no value" || return
	[[ ${KEYS[$SECTION.$key]} == +* || " ${SECTION_KEYS[*]} " != *" $key "* ]] ||
		at "$line" "\"$1\" is in this section twice" || return
	SECTION_KEYS+=("$key")
	SECTION_VALUES+=("$2")
	SECTION_LINES+=("$line")
}

read_line()
{
	local text=$1

	text=${text#"${text%%[![:space:]]*}"}
	text=${text%"${text##*[![:space:]]}"}
	case $text in
	'' | '#'* | ';'*) ;;
	'['*']')
		text=${text#[}
		begin_section "${text%]}" "$2"
		;;
	*=*)
		[[ $text =~ ^([A-Za-z0-9]+)[[:space:]]*=[[:space:]]*(.*)$ ]] ||
			at "$2" "this is neither [SECTION] nor KEY = VALUE" || return
		[[ $text != *[[:cntrl:]]* ]] || [[ $text != *[$'\x01'-$'\x08'$'\x0a'-$'\x1f'$'\x7f']* ]] ||
			at "$2" "there is a control character in this line" || return
		read_assignment "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}" "$2"
		;;
	*) at "$2" "this is neither [SECTION] nor KEY = VALUE" ;;
	esac
}

# --- what no line alone can tell -----------------------------------------------------

# No name twice, each rule where a classifier is.
check_whole()
{
	local i word names=' ' item

	for i in "${!WANTED[@]}"; do
		item=${WANTED[i]}
		read -ra word <<< "$item"
		case $item in
		port\ *\ name\ * | port\ *\ number\ *)
			[[ $names != *" ${word[2]}=${word[3]} "* ]] ||
				at "${LINE_OF[i]}" "another port has the ${word[2]} ${word[3]}" || return
			names+="${word[2]}=${word[3]} "
			;;
		route\ *)
			route_key "${item#route }"
			[[ $names != *" route=$REPLY "* ]] ||
				at "${LINE_OF[i]}" "there is another route to this prefix; give one of them a metric" ||
				return
			names+="route=$REPLY "
			;;
		filter\ *)
			filter_key "${item#filter * }"
			[[ $names != *" ${word[1]} ${REPLY% protocol*} "* ]] ||
				at "${LINE_OF[i]}" "there is another filter with this pref" || return
			names+="${word[1]} ${REPLY% protocol*} "
			;;
		esac
	done
}

# lower_name DEV: REPLY is what the interface is called while a port has its place.
lower_name() { value_of WANTED "port $1 lower" "$1.lower"; }

# With Takeover the port has what the interface has. What the file would add the interface would
# keep when it gets all back.
check_takeover()
{
	local dev=$1 line=$2 i own='port ([^ ]+) (name|mac|mode|force|mtu|up)'
	local others='(address|neighbour|classifier|rule|filter) ([^ ]+)'

	! value_of WANTED 'vr netns' ||
		at "$line" "takeover: the VR has to be at home where $dev is, so there can be no Netns" || return
	lower_name "$dev" || ifname "$REPLY" ||
		at "$line" "takeover: \"$REPLY\" is too long for a name; say with Lower what $dev is to be called" ||
		return
	for i in "${!WANTED[@]}"; do
		[[ ${WANTED[i]} =~ ^($own|$others)' ' ]] && [ "${BASH_REMATCH[2]}${BASH_REMATCH[5]}" = "$dev" ] || continue
		at "${LINE_OF[i]}" "${BASH_REMATCH[3]}${BASH_REMATCH[4]}: a port with Takeover has what $dev has, and nothing of its own" ||
			return
	done
}

check_takeovers()
{
	local i word

	for i in "${!WANTED[@]}"; do
		read -ra word <<< "${WANTED[i]}"
		case ${WANTED[i]} in
		port\ *\ takeover\ yes) check_takeover "${word[1]}" "${LINE_OF[i]}" || return ;;
		port\ *\ lower\ *)
			has WANTED "port ${word[1]} takeover yes" ||
				at "${LINE_OF[i]}" "lower: this is only for a port with Takeover = yes" || return
			;;
		esac
	done
}

# read_conf: FILE into the items WANTED and their LINE_OF; false: a line was wrong.
read_conf()
{
	local line number=0 SECTION='' SECTION_LINE=0 SECTIONS_SEEN='' DEV=''
	local SECTION_KEYS=() SECTION_VALUES=() SECTION_LINES=() lines

	WANTED=() LINE_OF=()
	[ -e "$FILE" ] || fail "there is no file $FILE" || return
	mapfile -t lines 2> /dev/null < "$FILE" || fail "cannot read $FILE" || return
	for line in "${lines[@]}"; do
		number=$((number + 1))
		read_line "$line" $number || return
	done
	end_section || return
	[[ " $SECTIONS_SEEN " == *' vr '* ]] || at $((number ? number : 1)) "there is no section [VR]" || return
	check_whole && check_takeovers
}
