# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# shellcheck shell=bash disable=SC2015,SC2034,SC2153,SC2086
# Routes in whose place ours are: of a prefix, table and metric the kernel has one. They are
# remembered among what was MADE, as "route FAMILY WORDS", and are there again when ours have gone.
# Not those of a routing daemon: what it had need not be what it wants by then.

# others_route KEY: another VR that was made by us has one of that key, in the same namespace;
# REPLY is the file that says so.
others_route() { others at_home routes_by "$1"; }

routes_by()
{
	local THEIRS

	# shellcheck disable=SC2154 # of others
	mapfile -t THEIRS < "$other"
	has_key THEIRS route "$1"
}

# route_there KEY: REPLY is the route of that key, as ip route add takes it.
route_there()
{
	local family prefix rest metric='metric 0'

	read -r family prefix rest <<< "$1"
	[ "$family" = 4 ] || metric='metric 1024'
	[[ " $rest" != *' metric '* ]] || metric=''
	REPLY=$(ip_home -o "-$family" route show exact "$prefix" $rest $metric 2> /dev/null | sed -E '
		s/\\/ /g
		s/ (linkdown|dead|offload|rt_offload|trap|rt_trap)\b//g
		s/ error -?[0-9]+//; s/( expires [0-9]+)sec/\1/
		/ nhid /s/ (via( inet6)?|dev|weight) [^ ]+| nexthop//g
		q')
	[ -n "$REPLY" ] || return
	[[ ! "$REPLY " =~ \ proto\ ([^ ]+)\  || ${BASH_REMATCH[1]} =~ ^(boot|static|kernel|dhcp|ra)$ ]] ||
		return
	REPLY=${REPLY/"$prefix"/"$prefix${rest:+ $rest}"}
}

# note_replaced "FAMILY PHRASE": the one that it is about to replace, unless that is one of ours.
note_replaced()
{
	local key

	[ -z "${FRESH:-}" ] || ! made_netns || return 0
	route_key "$1"
	key=$REPLY
	! has_key APPLIED route "$key" && ! has_key MADE route "$key" && ! others_route "$key" || return 0
	! route_there "$key" || MADE+=("route ${key%% *} $REPLY")
}

# restore_routes: those in whose place none is wanted any more.
restore_routes()
{
	local item family words key said kept=()

	for item in "${MADE[@]}"; do
		[[ $item == route\ * ]] || { kept+=("$item"); continue; }
		read -r _ family words <<< "$item"
		route_key "$family $words"
		key=$REPLY
		if has_key WANTED route "$key"; then
			kept+=("$item")
		elif others_route "$key"; then
			hand_over "$item" "$REPLY"
		elif ! said=$(ip_home "-$family" route add $words 2>&1) && [[ $said != *'File exists'* ]]; then
			echo "vr-quick: the route \"$words\" of before is not put back: ${said#Error: }" >&2
		fi
	done
	MADE=("${kept[@]}")
}
