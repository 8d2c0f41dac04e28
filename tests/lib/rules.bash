# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# shellcheck shell=bash
# Three virtual routers that get what a classifier gives them, for `load lib/rules` after
# lib/common and lib/topology. It brings setup_file() and the like.
#
#   namespace wire                  the machine
#                                                ┌─ red   [VR red 301]   ┐
#   p0 10.0.0.2 ══════ low0 10.0.0.1, fd00::1 ───┼─ blue  [VR blue 302]  ├ namespace v, which
#      fd00::2   veth                            └─ green [VR green 303] ┘ is all of 10.9.0.0/16
#
# The VRs' ports are of mode classifier, without a rule they get nothing. wire sends all to
# the MAC address of low0, so what no VR takes is the host's. Neighbours are permanent and
# wire's own neighbour discovery is dropped, so rules count what the tests send, exactly.

MAC_P0=02:00:00:00:00:0a MAC_LOW=02:00:00:00:00:01
CLASSIFIERS=/usr/lib/europa/classifiers
[ -d $CLASSIFIERS ] || CLASSIFIERS=/usr/local/lib/europa/classifiers
VRS=(red blue green)

setup_file()
{
	local name

	topology_begin
	wires 9000
	RIG_NAMESPACES+=(v)
	x ip netns add "$(ns_name v)"
	for name in "${VRS[@]}"; do
		vr_with_port "$name"
	done
	batch - <<-EOT
		link set low0 address $MAC_LOW
		address add 10.0.0.1/24 dev low0
		address add fd00::1/64 dev low0 nodad
		neigh add 10.0.0.2 lladdr $MAC_P0 dev low0 nud permanent
		neigh add fd00::2 lladdr $MAC_P0 dev low0 nud permanent
	EOT
	batch v <<-EOT
		link set lo up
		route add local 10.9.0.0/16 dev lo
		route add 10.0.0.0/24 dev red
		neigh add 10.0.0.2 lladdr $MAC_P0 dev red nud permanent
	EOT
	ns wire nft -f - <<-EOT
		table inet quiet {
			chain out {
				type filter hook output priority 0
				icmpv6 type { 130-137, 143 } drop
			}
		}
	EOT
	batch wire <<-EOT
		link set p0 address $MAC_P0
		address add 10.0.0.2/24 dev p0
		address add 10.0.0.3/24 dev p0
		address add fd00::2/64 dev p0 nodad
		neigh add 10.0.0.1 lladdr $MAC_LOW dev p0 nud permanent
		neigh add fd00::1 lladdr $MAC_LOW dev p0 nud permanent
		route add 10.0.0.0/8 via 10.0.0.1
		route add 10.5.0.0/16 via 10.0.0.1 src 10.0.0.3
		route add fd00::/8 via fd00::1
	EOT
}

teardown_file() { topology_end; }

setup()
{
	shared_setup
	fresh
}

# A test that breaks off may leave a classifier.
teardown()
{
	ip vr classifier del dev low0 2> /dev/null || true
	rig_teardown
}

# vr_with_port NAME: as in the picture.
vr_with_port()
{
	local -A id=([red]=301 [blue]=302 [green]=303)

	vr_add "$1" id "${id[$1]}" netns "$(ns_name v)"
	x ip vr attach dev low0 vr "$1" name "$1" mode classifier
	x ip -n "$(ns_name v)" link set "$1" up
}

# tagged DEV ID [NET]: a VLAN in wire, with a neighbour 10.(100 + NET).0.1.
tagged()
{
	overlay "$1.$2" "${3:-$2}" link "$1" name "$1.$2" type vlan id "$2"
}

# overlay DEV NET WORD...: ip link add WORD... in wire, which makes DEV.
overlay()
{
	local dev=$1 net=$2
	shift 2

	batch wire <<-EOT
		link add $*
		link set $dev addrgenmode none up
		address add 10.$((100 + net)).0.2/24 dev $dev
		neigh add 10.$((100 + net)).0.1 lladdr $MAC_LOW dev $dev nud permanent
	EOT
}

# --- rules -------------------------------------------------------------------------

classify() { x ip vr classifier set dev low0 object "$CLASSIFIERS/$1.bpf.o"; }
rule() { x ip-vr rule "$1" dev low0 "${@:2}"; }

# rules COMMAND: one line each of standard input, one process for all.
rules()
{
	local lines

	lines=$(sed "s/^\s*/rule $1 dev low0 /")
	# shellcheck disable=SC2001
	sed 's/^/[+] ip vr /' <<< "$lines" >&2
	ip-vr -b - <<< "$lines"
}

shown() { ip-vr rule show dev low0 | sort; }
shown_json() { ip-vr -j rule show dev low0 | grep -o '{[^}]*}' | sort; }

# assert_rules: they are those of standard input, in any order.
assert_rules()
{
	local wanted

	wanted=$(sed 's/^\s*//' | sort)
	wait_until 10 rules_are "$wanted" || diff <(echo "$wanted") <(shown) >&2
}
rules_are() { [ "$(shown)" = "$1" ]; }

# sentence REGEX COMMAND...: it is refused, with one line.
sentence()
{
	refused "$@"
	assert_eq "$("${@:2}" 2>&1 | wc -l)" 1 "lines of '${*:2}'"
}

# --- packets -----------------------------------------------------------------------

# taken: how many packets have come in for each VR, ever; all VRs at once, for it is
# asked often.
taken()
{
	ip-vr -s show | awk -v vrs="${VRS[*]}" '
		/^[0-9]+: / { vr = $2; sub(":", "", vr) }
		!/queue [0-9]/ { for (i = 1; i < NF; i++)
			if ($i ~ /^(rx|fallback|rx_fallback|rx_down)$/) count[vr] += $(i + 1) }
		END { n = split(vrs, name, " "); for (i = 1; i <= n; i++) print count[name[i]] + 0 }'
}

# fresh: from here on counts assert_taken. assert_taken RED BLUE GREEN: and fresh again.
fresh() { mapfile -t TAKEN < <(taken); }
assert_taken()
{
	wait_until 10 taken_is "$@" || { echo "red, blue and green got $(taken_since)" >&2; return 1; }
	fresh
}
taken_is() { [ "$(taken_since)" = "$*" ]; }
taken_since()
{
	taken | awk -v before="${TAKEN[*]}" '
		BEGIN { split(before, b, " ") }
		{ printf "%s%d", (NR > 1 ? " " : ""), $1 - b[NR] }
		END { print "" }'
}

# send: COUNT ADDRESS [PORT], one each line of standard input: datagrams.
send()
{
	local lines

	lines=$(cat)
	echo "[+] send ${lines//$'\n'/, }" >&2
	# shellcheck disable=SC2016
	ip netns exec "$(ns_name wire)" bash -e -c 'while read -r count address port; do
		"$1" send "$address" "${port:-7000}" "$count" 100 100
	done' - "$PROGS/udpcheck" <<< "$lines"
}

# answered, unanswered COUNT ADDRESS: pings.
answered() { pings "$1" "$2" 10 | grep -q " $1 received"; }
unanswered() { pings "$1" "$2" 0.2 | grep -q " 0 received"; }
pings() { ns wire ping -n -q -i 0.01 -c "$1" -W "$3" "$2"; }

# verdict NAME: how often there has been that one.
verdict() { verdicts | grep -o " $1 [0-9]*" | cut -d ' ' -f 3; }
verdicts() { ip-vr classifier show dev low0 | grep -o 'verdicts .*'; }

# --- what is left --------------------------------------------------------------------

# ours: programs and maps of classifiers that the kernel has.
ours() { { bpftool prog show; bpftool map show; } | grep -c "name europa_\|name pick"; }
none_of_ours() { [ "$(ours)" = 0 ]; }

# For the last test of a file.
assert_no_rule_left()
{
	# shellcheck disable=SC2034
	RIG_NAMESPACES=(wire v) RIG_VRS=("${VRS[@]}")
	classify flow
	topology_end
	wait_until 10 none_of_ours
	assert_nothing_left
}
