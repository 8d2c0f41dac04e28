# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# shellcheck shell=bash disable=SC2015,SC2034,SC2153
# Lines of several words: routes, neighbours, rules of classifiers, tc filters. As in words.bash
# each sets REPLY to the words in one order, so that two that mean the same are the same.

# --- routes, as ip route add takes them ----------------------------------------------

# Of a route or of one of its next hops, by keyword.
declare -A FIELDS

# field KEYWORD VALIDATOR...: the next word, from WORDS[AT], is KEYWORD's value.
field()
{
	local key=$1
	shift

	[ -z "${FIELDS[$key]+x}" ] || wrong "\"$key\" is there twice" || return
	((++AT < ${#WORDS[@]})) || wrong "\"$key\" wants a value" || return
	"$@" "${WORDS[AT]}" || return
	FIELDS[$key]=$REPLY
	AT=$((AT + 1))
}

# The gateway of an IPv4 route may be an IPv6 one.
route_via()
{
	if [ "${WORDS[AT + 1]:-}" = inet6 ]; then
		AT=$((AT + 1))
		field via address6 && FIELDS[via]="inet6 ${FIELDS[via]}"
	else
		field via address
	fi
}

table()
{
	REPLY=$1
	[[ $1 =~ ^[A-Za-z0-9_.-]{1,32}$ && $1 != local && $1 != all ]] ||
		wrong "\"$1\" is not a routing table's name or number"
}

# hop_field WORD: of a route, or of one of several next hops.
hop_field()
{
	case $1 in
	via) route_via ;;
	dev) field dev ifname ;;
	onlink) FIELDS[onlink]=1 AT=$((AT + 1)) ;;
	*) return 2 ;;
	esac
}

route_field()
{
	case $1 in
	nhid) field nhid number 1 4294967295 ;;
	table) field table table ;;
	metric) field metric number 0 4294967295 ;;
	src) field src address ;;
	proto) field proto one_of 'boot static' ;;
	mtu) field mtu number 68 65535 ;;
	*) hop_field "$1" ;;
	esac
}

# said KEY...: those of FIELDS that are there, appended to PHRASE.
said()
{
	local key

	for key; do
		case $key:${FIELDS[$key]-} in
		*: | table:main | proto:boot | weight:1) ;;
		onlink:*) PHRASE+=" onlink" ;;
		*) PHRASE+=" $key ${FIELDS[$key]}" ;;
		esac
	done
}

unknown_word() { wrong "\"$1\" is not a word that is known here; what else there is to do goes into PostUp"; }

next_hops()
{
	local status

	while ((AT < ${#WORDS[@]})); do
		[ "${WORDS[AT]}" = nexthop ] || unknown_word "${WORDS[AT]}" || return
		FIELDS=() AT=$((AT + 1)) PHRASE+=" nexthop"
		while ((AT < ${#WORDS[@]})) && [ "${WORDS[AT]}" != nexthop ]; do
			status=0
			if [ "${WORDS[AT]}" = weight ]; then
				field weight number 1 256 || return
			else
				hop_field "${WORDS[AT]}" || status=$?
			fi
			((status != 2)) || unknown_word "${WORDS[AT]}" || return
			((status == 0)) || return
		done
		said via dev weight onlink
	done
}

# gateways_fit FAMILY PHRASE: each of its family, or of IPv6 where inet6 says so.
gateways_fit()
{
	local gateway

	for gateway in $(grep -Eo 'via (inet6 )?[^ ]+' <<< "$2" | tr ' ' _); do
		family_of "$gateway"
		case $1:$gateway:$REPLY in
		6:via_inet6*) wrong "\"via inet6\" is for IPv4 routes" || return ;;
		4:via_inet6*:6 | 4:*:4 | 6:*:6) ;;
		*) wrong "the gateway ${gateway#via_} is of another family than the route" || return ;;
		esac
	done
}

# route WORDS: FAMILY PHRASE.
route()
{
	local WORDS AT=0 PHRASE='' family status

	read -ra WORDS <<< "$1"
	case ${WORDS[0]-} in
	blackhole | unreachable | prohibit) PHRASE="${WORDS[0]} " AT=1 ;;
	esac
	family_of "${WORDS[*]}"
	family=$REPLY
	case ${WORDS[AT]-} in
	default) REPLY=default ;;
	*) family_of "${WORDS[AT]-}"; family=$REPLY; prefix "${WORDS[AT]-}" ;;
	esac || return
	[[ ${WORDS[*]} != *'via inet6 '* || ${WORDS[AT]} == *:* ]] || family=4
	PHRASE+=$REPLY FIELDS=() AT=$((AT + 1))
	while ((AT < ${#WORDS[@]})) && [ "${WORDS[AT]}" != nexthop ]; do
		status=0
		route_field "${WORDS[AT]}" || status=$?
		((status != 2)) || unknown_word "${WORDS[AT]}" || return
		((status == 0)) || return
	done
	# What ip says of IPv6 routes without one.
	[ "$family ${FIELDS[metric]-}" != '6 1024' ] || unset 'FIELDS[metric]'
	[[ $PHRASE == *' '* || -n ${FIELDS[via]-}${FIELDS[dev]-}${FIELDS[nhid]-} || $AT -lt ${#WORDS[@]} ]] ||
		wrong "a route wants via, dev, nhid or nexthop" || return
	said nhid via dev table metric src proto mtu onlink
	next_hops && gateways_fit "$family" "$PHRASE" || return
	REPLY="$family $PHRASE"
}

# route_key "FAMILY PHRASE": what the kernel has one route of; ip route replace replaces by it.
route_key()
{
	local words key=''

	read -ra words <<< "$1"
	# It may be a blackhole, and the like.
	[[ ! ${words[1]} =~ ^[a-z]+$ || ${words[1]} = default ]] || words[1]=${words[2]}
	[[ ! "$1 " =~ \ table\ ([^\ ]+)\  ]] || key+=" table ${BASH_REMATCH[1]}"
	[[ ! "$1 " =~ \ metric\ ([^\ ]+)\  ]] || key+=" metric ${BASH_REMATCH[1]}"
	REPLY="${words[0]} ${words[1]}$key"
}

# neighbour "ADDRESS MAC"
neighbour()
{
	local words where

	read -ra words <<< "$1"
	((${#words[@]} == 2)) || wrong "\"$1\" is not ADDRESS MAC" || return
	address "${words[0]}" || return
	where=$REPLY
	mac "${words[1]}" && REPLY="$where $REPLY"
}

# --- rules of a classifier, as ip vr rule takes them ----------------------------------

rule_protocol()
{
	REPLY=$(getent protocols "${1,,}")
	REPLY=${REPLY%% *}
	[ -n "$REPLY" ] || [[ $1 =~ ^[0-9]{1,3}$ ]] || wrong "\"$1\" is not a protocol" || return
	REPLY=${REPLY:-$1}
}

rule_prefix()
{
	prefix "$1" || return
	[ "$REPLY" != default ] || REPLY=${1%%/*}/0
}

# bucket N[-M]
bucket()
{
	local first

	number 0 63 "${1%-*}" && first=$REPLY && number "$first" 63 "${1#*-}" && REPLY=$first-$REPLY
}

rule_field()
{
	case $1 in
	to | from) field "$1" rule_prefix ;;
	vlan) field vlan number 0 4095 ;;
	vni) field vni number 0 16777215 ;;
	bucket) field bucket bucket ;;
	proto) field proto rule_protocol ;;
	sport | dport) field "$1" number 0 65535 ;;
	pref) field pref number 0 63 ;;
	vr) field vr vr_name ;;
	flow | host | drop) FIELDS[$1]=1 AT=$((AT + 1)) ;;
	*) unknown_word "$1" ;;
	esac
}

# rule_verdict: REPLY, of FIELDS; the VR itself where nothing is said.
rule_verdict()
{
	local key count=0

	REPLY="vr $NAME"
	for key in vr host drop; do
		[ -n "${FIELDS[$key]-}" ] || continue
		REPLY=$key count=$((count + 1))
		[ "$key" != vr ] || REPLY="vr ${FIELDS[vr]}"
	done
	((count < 2)) || wrong "a rule gives packets to one only"
}

# one_by_one PHRASE VERDICT: SEVERAL are the rules of each bucket.
one_by_one()
{
	local first last

	read -r first last <<< "${1//[!0-9]/ }"
	for ((; first <= last; first++)); do
		SEVERAL+=("bucket $first $2")
	done
}

# rule WORDS; in SEVERAL where they are.
rule()
{
	local WORDS AT=0 PHRASE='' keys='' key verdict

	read -ra WORDS <<< "$1"
	FIELDS=()
	while ((AT < ${#WORDS[@]})); do
		rule_field "${WORDS[AT]}" || return
	done
	rule_verdict || return
	verdict=$REPLY
	if [ -n "${FIELDS[flow]-}" ]; then
		[ -n "${FIELDS[pref]-}" ] || wrong "a flow wants pref N, so that it can be told from others" || return
		PHRASE=' flow'
		said from to proto sport dport pref
	else
		for key in "${!FIELDS[@]}"; do
			[[ $key =~ ^(vr|host|drop)$ ]] || keys+=" $key"
		done
		one_of 'from to vlan vni bucket' "${keys# }" ||
			wrong "a rule has one of from, to, vlan, vni, bucket, or flow and its fields" || return
		said "$REPLY"
	fi
	REPLY="${PHRASE# } $verdict"
	[[ $REPLY != bucket* ]] || one_by_one "$PHRASE" "$verdict"
}

# rule_without_verdict PHRASE: what ip vr rule del takes.
rule_without_verdict() { REPLY=${1% vr *} REPLY=${REPLY% host} REPLY=${REPLY% drop}; }

# --- tc filters --------------------------------------------------------------------

# Those words by which it is found again are ours to look at, the rest tc's.
filter()
{
	REPLY=$1
	[[ "$1 " =~ ^(ingress|egress)\  ]] || wrong "a filter begins with ingress or egress" || return
	[[ " $1 " =~ \ pref\ [1-9][0-9]{0,4}\  ]] ||
		wrong "a filter wants pref N, of its own, by which it is removed" || return
	[[ "$1 " =~ \ protocol\ [a-z0-9_]+\  ]] || wrong "a filter wants protocol NAME, or protocol all"
}

# filter_key PHRASE: what tc filter del takes.
filter_key()
{
	local pref protocol

	[[ "$1 " =~ \ pref\ ([0-9]+)\  ]] && pref=${BASH_REMATCH[1]}
	[[ "$1 " =~ \ protocol\ ([^ ]+)\  ]] && protocol=${BASH_REMATCH[1]}
	REPLY="${1%% *} pref $pref protocol $protocol"
}

# A classifier's program: object FILE [program NAME | section NAME], or pinned FILE.
classifier()
{
	local words

	read -ra words <<< "$1"
	[[ "$1 " =~ ^(object\ [^\ ]+\ ((program|section)\ [^\ ]+\ )?|pinned\ [^\ ]+\ )$ ]] ||
		wrong "\"$1\" is not object FILE [ program NAME | section NAME ], or pinned FILE" || return
	[[ ${words[1]} == /* ]] || wrong "\"${words[1]}\" is not a whole path" || return
	[ -e "${words[1]}" ] || wrong "there is no file ${words[1]}" || return
	REPLY=$1
}
