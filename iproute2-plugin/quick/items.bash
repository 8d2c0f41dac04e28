# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# shellcheck shell=bash disable=SC2015,SC2034,SC2153
# Lists of items (conf.bash says what one looks like): WANTED by the file, APPLIED by the last up
# or reload, RUNNING in the kernel.

# has LIST ITEM
has()
{
	local -n list_=$1
	local item_

	for item_ in "${list_[@]}"; do
		[ "$item_" != "$2" ] || return 0
	done
	return 1
}

# value_of LIST BEGINNING [DEFAULT]: REPLY is what follows BEGINNING in the first item that has it.
value_of()
{
	local -n list_=$1
	local item_

	REPLY=${3-}
	for item_ in "${list_[@]}"; do
		[[ $item_ != "$2 "* ]] || { REPLY=${item_#"$2 "}; return 0; }
	done
	return 1
}

# items LIST BEGINNING: REPLIES are the items that begin so.
items()
{
	local -n list_=$1
	local item_

	REPLIES=()
	for item_ in "${list_[@]}"; do
		[[ $item_ != "$2 "* ]] || REPLIES+=("$item_")
	done
}

# ports LIST: REPLIES are their lower devices.
ports()
{
	local i

	items "$1" port
	for i in "${!REPLIES[@]}"; do
		if [[ ${REPLIES[i]} == 'port '*' '* ]]; then
			unset 'REPLIES[i]'
		else
			REPLIES[i]=${REPLIES[i]#port }
		fi
	done
	REPLIES=("${REPLIES[@]}")
}

# line_of ITEM: REPLY is FILE:LINE of a wanted item, or the file where none says so.
line_of()
{
	local i

	REPLY=$FILE
	for i in "${!WANTED[@]}"; do
		[ "${WANTED[i]}" != "$1" ] || { REPLY=$FILE${LINE_OF[i]:+:${LINE_OF[i]}}; return 0; }
	done
}

# runs ITEM: it is so in the kernel.
runs()
{
	local item

	has RUNNING "$1" && return
	[[ $1 == 'route '* ]] || return
	items RUNNING route
	for item in "${REPLIES[@]}"; do
		! route_same "$1" "$item" || return 0
	done
	return 1
}

# route_same WANTED RUNNING: the kernel knows the interface where only the gateway was said.
route_same()
{
	[ "$1" != "$2" ] || return 0
	[[ $1 != *' dev '* || $1 == *' nexthop '* ]] || return
	[ "${1// dev +([^ ])/}" = "${2// dev +([^ ])/}" ]
}
