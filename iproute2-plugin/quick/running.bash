# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# shellcheck shell=bash disable=SC2015,SC2034,SC2153,SC2086
# What the kernel has now, as the items RUNNING. Left out is what the kernel or a routing daemon
# made by itself: addresses of the link, connected routes, those of any protocol but boot and
# static.

# In the VR's home namespace, or here where it has none.
in_home() { ${HOME_NETNS:+nsenter "--net=/run/netns/$HOME_NETNS"} "$@"; }
json_home() { ip_home -j "$@" | tr '\001-\011\013-\037' '?'; }
ip_home() { ip ${HOME_NETNS:+-n "$HOME_NETNS"} "$@"; }

# What ip-vr gives an interface as its alias, whose place a port takes.
MARK='europa takeover of '

# Of the variables $mark, $vr, $links, $routes4, $routes6, $neighbours; those are what ip -j says.
# shellcheck disable=SC2016
RUNNING_JQ='
def word($key; $value): if $value == null or $value == "" then "" else " \($key) \($value)" end;
def gateway: if .via then " via inet6 \(.via.host)" else word("via"; .gateway) end;
def onlink: if (.flags // []) | index("onlink") then " onlink" else "" end;
def hop: " nexthop\(gateway)\(word("dev"; .dev))\(word("weight"; if .weight == 1 then null else .weight end))\(onlink)";
def mtu: word("mtu"; [(.metrics // [])[].mtu // empty][0]);
def type: if (.type // "unicast") == "unicast" then "" else "\(.type) " end;
def metric($default): word("metric"; if .metric == $default then null else .metric end);
def hops: if .nexthops then [.nexthops[] | hop] | add else "" end;
def single: if .nhid then word("nhid"; .nhid)
	elif .nexthops or type != "" then "" else gateway + word("dev"; .dev) end;
def proto: if .protocol == "static" then " proto static" else "" end;
def own: (.protocol // "boot") as $p | ($p == "boot" or $p == "static")
	and .table != "local" and ((.flags // []) | index("cloned") | not);
def route($family; $default): select(own) |
	"route \($family) \(type)\(.dst)\(single)\(word("table"; .table))\(metric($default))" +
	"\(word("src"; .prefsrc))\(proto)\(mtu)\(if .nexthops then "" else onlink end)\(hops)";
def setting: to_entries[] | select(.value != "") | "vr \(.key) \(.value)";
def taken: if .mode == "passthru" then .link as $link |
	first($links[0][]? | select(.ifname == $link) | .ifalias // "" |
		select(startswith($mark)) | ltrimstr($mark)) // null else null end;
def port: (.taken // .link) as $dev | "port \($dev)", (
	{ number: .port, spoofchk: (if .spoofchk then "on" else "off" end), vlan: (.vlan // "none") } +
	(if .taken then { takeover: "yes", lower: .link } else { name: .ifname, mac: .address, mode } end) |
	to_entries[] as $e | "port \($dev) \($e.key) \($e.value)");
$vr[0][0] as $v |
($v | { id, netns, slots, snap, queues, limit, owner, group, mode, fallback, prio: (.prio // "none"),
		stall: (if (.stall // 0) == 0 then "off" else .stall end), spread: (.spread // "flow"),
		tx: ((.tx // "kick") + if .tx_cpu then " cpu \(.tx_cpu)" else "" end) } | setting),
($v.ports[] | select(.link and (has("link_netnsid") | not)) | .taken = taken | port,
	(select(.taken | not) | .ifname as $ifname | .link as $link |
	($links[0][]? | select(.ifname == $ifname) |
		"port \($link) mtu \(.mtu)",
		"port \($link) up \(if .flags | index("UP") then "yes" else "no" end)",
		(.addr_info[]? | select(.family == "inet" or .family == "inet6") |
			select((.dynamic or .temporary or .protocol == "kernel_ll") | not) |
			"address \($link) \(.local)/\(.prefixlen)")),
	($neighbours[0][]? | select(.dev == $ifname and .lladdr) | "neighbour \($link) \(.dst) \(.lladdr)"))),
($routes4[0][]? | route(4; 0)),
($routes6[0][]? | route(6; 1024))
'

# state_of_vr: what ip says, through jq.
state_of_vr()
{
	jq -rn --arg mark "$MARK" --slurpfile vr <(ip-vr -j show "$NAME") \
		--slurpfile links <(json_home -d address show) \
		--slurpfile routes4 <(json_home -4 route show table all) \
		--slurpfile routes6 <(json_home -6 route show table all) \
		--slurpfile neighbours <(json_home neighbour show nud permanent) \
		"$RUNNING_JQ"
}

# An IPv6 address can be written in several ways, a MAC address in capitals.
tidy()
{
	local kind=${1%% *} rest dev

	rest=${1#* } dev=${rest%% *}
	case $kind in
	address) interface_address "${rest#* }" && REPLY="address $dev $REPLY" ;;
	neighbour) neighbour "${rest#* }" && REPLY="neighbour $dev $REPLY" ;;
	route)
		rest=${rest#* }
		[ "$dev" != 6 ] || rest=${rest/#?(+([a-z]) )default/${rest%%default*}::/0}
		route "$rest" && REPLY="route $REPLY"
		;;
	*) REPLY=$1 ;;
	esac
}

# Those that the file names, now or before, by one process.
running_sysctls()
{
	local item name value files=()
	local -A seen

	items WANTED sysctl
	set -- "${REPLIES[@]}"
	items APPLIED sysctl
	[ -z "${FOREIGN:-}" ] || REPLIES=('sysctl net/ipv4/ip_forward' 'sysctl net/ipv6/conf/all/forwarding')
	for item in "$@" "${REPLIES[@]}"; do
		name=${item#sysctl } name=${name%% *}
		[ -n "${seen[$name]-}" ] || files+=("/proc/sys/$name")
		seen[$name]=y
	done
	((${#files[@]})) || return 0
	while IFS=: read -r name value; do
		read -ra value <<< "$value"
		RUNNING+=("sysctl ${name#/proc/sys/} ${value[*]}")
	done < <(in_home grep -s '' /dev/null "${files[@]}")
}

# bound DEV: REPLY is "ID NAME" of the program that is its classifier, or nothing.
bound()
{
	REPLY=$(ip-vr -j classifier show dev "$1" 2> /dev/null | jq -r '.[]? | "\(.id) \(.program)"')
	[ -n "$REPLY" ]
}

# Whether it is that of the item is only known of those that vr-quick bound.
running_classifiers()
{
	local dev id

	devices_of_conf
	for dev in "${REPLIES[@]}"; do
		bound "$dev" || continue
		id=${REPLY%% *}
		if [ "$(classifier_note "$dev")" = "$id" ]; then
			RUNNING+=("classifier $dev $(classifier_note "$dev" words)")
		else
			RUNNING+=("classifier $dev of others: ${REPLY#* }")
		fi
		running_rules "$dev"
	done
}

# shellcheck disable=SC2016
RULES_JQ='.[] | (if .key == "flow" then
	"flow" + ([("from", "to", "proto", "sport", "dport", "pref") as $k | .[$k] // empty |
		" \($k) \(.)"] | join(""))
	else "\(.key) \(.prefix // .number)" end) +
	(if .verdict == "vr" then " vr \(.vr_name // .vr)" else " \(.verdict)" end)'

# running_rules DEV
running_rules()
{
	local line SEVERAL

	while read -r line; do
		SEVERAL=()
		rule "$line" && RUNNING+=("${SEVERAL[@]/#/rule $1 }")
		((${#SEVERAL[@]})) || RUNNING+=("rule $1 $REPLY")
	done < <(ip-vr -j rule show dev "$1" 2> /dev/null | jq -r "$RULES_JQ" 2> /dev/null)
}

# What a filter does only tc could tell: here is whether there still is one where it was put.
running_filters()
{
	local item dev

	items APPLIED filter
	for item in "${REPLIES[@]}"; do
		dev=${item#filter } dev=${dev%% *}
		filter_key "${item#filter * }"
		[ -z "$(tc filter show dev "$dev" $REPLY 2> /dev/null)" ] || RUNNING+=("$item")
	done
}

# devices_of_conf: REPLIES are the devices that a classifier, rule or filter is wanted on, or was;
# of a VR that up did not make those of its ports.
devices_of_conf()
{
	local all=() kind

	for kind in classifier rule filter ${FOREIGN:+port}; do
		items WANTED "$kind"
		all+=("${REPLIES[@]#"$kind "}")
		items APPLIED "$kind"
		all+=("${REPLIES[@]#"$kind "}")
		[ "$kind" != port ] || { items RUNNING port; all+=("${REPLIES[@]#port }"); }
	done
	mapfile -t REPLIES < <(printf '%s\n' "${all[@]%% *}" | awk 'NF && !seen[$0]++')
}

# read_running: RUNNING; false: there is no such VR, or ip does not say.
read_running()
{
	local lines line

	RUNNING=()
	HOME_NETNS=$(ip-vr -j show "$NAME" 2> /dev/null | jq -r '.[0].netns // ""') || return
	mapfile -t lines < <(state_of_vr)
	((${#lines[@]})) || fail "ip-vr does not tell how VR $NAME is" || return
	for line in "${lines[@]}"; do
		tidy "$line" 2> /dev/null && RUNNING+=("$REPLY")
	done
	running_sysctls
	running_classifiers
	running_filters
}
