# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# shellcheck shell=bash
# For scripts that have hosts and routers in one namespace, told apart by VRFs or not at all:
# ip, tc, bridge and sysctl as functions, so that what such a script does with a router's
# interface is done in the router's namespace, which is another. Of ELSEWHERE, exported by who
# loads this, each word is NAME=NAMESPACE: of an interface, which goes for those on it (NAME.5),
# too, or of the VRF whose part that namespace plays. Of ROUTERS each is PID:LOG of a europa-router.

# elsewhere WORD...: sets AT to the namespace of the first word that names something there. In a
# trap, where scripts clean up, a plain `return` returns what was before it.
elsewhere()
{
	local word pair

	for word; do
		for pair in $ELSEWHERE; do
			if [[ $word == "${pair%%=*}" || $word == "${pair%%=*}".[0-9]* ]]; then
				AT=${pair#*=}
				return 0
			fi
		done
	done
	return 1
}

# A router's VRF is its namespace: there, always, and up.
ip()
{
	local AT='' words=()

	if ! elsewhere "$@"; then
		# Nexthop objects have but numbers, which begin with the router's where there are two.
		[[ "$* " =~ ^(-[^ ]+ )*nexthop\  ]] || { command ip "$@"; return $?; }
		AT=${ELSEWHERE%% *}
		[[ " $* " != *" id 2"* ]] || AT=${ELSEWHERE##* }
		AT=${AT#*=}
	elif [[ " $* " == *" type vrf "* || " $* " =~ \ link\ (set|del)\ dev\ vrf- ]]; then
		return 0
	fi
	while (($#)); do
		case $1 in
		vrf | master)
			if [[ " $ELSEWHERE" == *" $2=$AT"* && $2 == vrf-* ]]; then
				shift
			else
				words+=("$1")
			fi
			;;
		*) words+=("$1") ;;
		esac
		shift
	done
	command ip -n "$AT" "${words[@]}"
}

tc()
{
	local AT

	if elsewhere "$@"; then
		command tc -n "$AT" "$@"
	else
		command tc "$@"
	fi
}

bridge()
{
	local AT

	if elsewhere "$@"; then
		command bridge -n "$AT" "$@"
	else
		command bridge "$@"
	fi
}

# settled: how next hops are chosen europa-router looks at once a second only. Of two readings of
# everything the second began after now.
settled()
{
	local router before

	for router in $ROUTERS; do
		for _ in 1 2; do
			before=$(grep -c "in sync" "${router#*:}")
			kill -HUP "${router%%:*}" || return 1
			until [ "$(grep -c "in sync" "${router#*:}")" -gt "$before" ]; do
				sleep 0.1
			done
		done
	done
}

# What is not of an interface is so here and there, and asked there.
sysctl()
{
	local AT name names=${*//[.=]/ }

	# shellcheck disable=SC2086
	if elsewhere $names; then
		command ip netns exec "$AT" sysctl "$@"
		return $?
	fi
	# shellcheck disable=SC2086
	for name in $(printf '%s\n' $ELSEWHERE | cut -d= -f2 | sort -u); do
		command ip netns exec "$name" sysctl "$@" || return 1
		[ "$1" != -n ] || return 0
	done
	command sysctl "$@"
	[[ "$*" != *_hash_policy=* ]] || settled
}

export -f elsewhere settled ip tc bridge sysctl
