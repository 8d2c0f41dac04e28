# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# bats file_tags=daemons
# FRR in the VRs' namespaces, unchanged: what its OSPF and BGP install takes the fast path,
# BFD and graceful restart work over ports, and a cut costs what it costs without Europa.
#
#  ns a ══ [blue] ═══ [red] ═══ [green] ══ ns b
#            ╚══════ costlier ═════╝
#
# See lib/line.bash for the rest, and lib/frr.bash for the configurations.

# shellcheck disable=SC2034,SC2154
load lib/common
load lib/topology
load lib/line
load lib/frr

setup_file()
{
	local vr

	line_begin
	frr_users
	for vr in "${ROUTERS[@]}"; do
		frr_configure "$vr"
		frr_first "$vr"
	done
	for vr in "${ROUTERS[@]}"; do
		frr "$vr" bfdd ospfd ospf6d
	done
}

teardown_file() { line_end; }
setup() { shared_setup; }
teardown() { line_teardown; }

@test "OSPF without a data plane: a link is cut, all goes the other way" {
	by_red ospf
	reconverge ospf
	plug
	by_red ospf
}

@test "OSPFv2 and OSPFv3: of a flow 99 of 100 packets take the fast path" {
	europa_router "${ROUTERS[@]}"
	by_red ospf
	ns blue ip nexthop | grep -q "via 10.12.0.2 dev red"
	fast_flows "${ROUTERS[@]}"
}

@test "a link is cut: the other way is as fast" {
	europa_router "${ROUTERS[@]}"
	reconverge ospf
	fast_flows blue green
	plug
	by_red ospf
}

# cost N: of the link between blue and green, in both versions of OSPF, and directions.
cost()
{
	local at

	for at in "blue green" "green blue"; do
		vtysh "${at% *}" ospfd "configure terminal" "interface ${at#* }" "ip ospf cost $1" &&
			vtysh "${at% *}" ospf6d "configure terminal" "interface ${at#* }" "ipv6 ospf6 cost $1" || return
	done
}

# both_ways: blue and green have two to each other, in both families.
both_ways()
{
	local at vr port net

	for at in "blue green 2" "green blue 1"; do
		read -r vr port net <<< "$at"
		[[ $(ip -n "$(ns_name "$vr")" route show "10.$net.0.0/24") == *" dev red"* &&
			$(ip -n "$(ns_name "$vr")" route show "10.$net.0.0/24") == *" dev $port"* &&
			$(ip -n "$(ns_name "$vr")" -6 route show "fd00:$net::/64") == *" dev red"* &&
			$(ip -n "$(ns_name "$vr")" -6 route show "fd00:$net::/64") == *" dev $port"* ]] || return
	done
}

# spread ADDRESS: of 16 flows red has some, not all, and the fast path 99 of 100 packets.
spread()
{
	local all

	mark red
	FLOWS=16 fast_flow "$1" blue green
	all=${D[send]}
	since red
	tell "to $1: VR red had ${D[send]} of these"
	assert_no_loss
	((D[send] >= 20 && D[send] <= all - 20))
}

@test "two ways of the same cost: flows take both, by the fast path" {
	local vr

	for vr in blue green; do
		x ns "$vr" sysctl -qw net.ipv4.fib_multipath_hash_policy=1 net.ipv6.fib_multipath_hash_policy=1
	done
	europa_router "${ROUTERS[@]}"
	cost 20
	wait_until 90 seldom both_ways
	spread 10.2.0.2
	spread fd00:2::2
	cost 100
	by_red ospf
}

@test "a link is cut in silence: BFD tells" {
	wait_until 60 seldom bfd_peers red 4
	unplug_silently
	past_red ospf
	ping_all a 3 10.2.0.2
	ping_all a 3 fd00:2::2
	plug_silently
	by_red ospf
}

# bfd_peers VR N: so many are up.
bfd_peers() { [ "$(vtysh "$1" bfdd "show bfd peers brief" | grep -c " up *$")" = "$2" ]; }

# without_bfd PROTOCOL: what restarts has no sessions for a while, of which its neighbours hear.
without_bfd()
{
	local vr

	for vr in "${ROUTERS[@]}"; do
		[ ! -e "$BATS_FILE_TMPDIR/daemon.$vr.bfdd" ] || daemon_stop "$vr" bfdd KILL || return
	done
	by_red "$1"
}

restart_ospf()
{
	assert_eq "$(vtysh red ospfd "graceful-restart prepare ip ospf")" "" &&
		assert_eq "$(vtysh red ospf6d "graceful-restart prepare ipv6 ospf")" "" || return
	daemon_stop red ospfd && daemon_stop red ospf6d && frr red ospfd ospf6d &&
		wait_until 90 seldom full ospfd "show ip ospf neighbor" &&
		wait_until 90 seldom full ospf6d "show ipv6 ospf6 neighbor" &&
		by_red ospf
}

# full DAEMON COMMAND: red's neighbours are.
full() { [ "$(vtysh red "$1" "$2" | grep -c " Full/")" = 2 ]; }

@test "graceful restart of ospfd and ospf6d: no packet is lost, and none takes another way" {
	europa_router "${ROUTERS[@]}"
	by_red ospf
	without_bfd ospf
	lossless restart_ospf
	((D[send] * 100 >= 2 * ANSWERED * 98))
}

@test "BGP unnumbered: IPv4 routes by IPv6 gateways take the fast path" {
	local vr

	europa_router "${ROUTERS[@]}"
	for vr in "${ROUTERS[@]}"; do
		daemon_stop "$vr" ospfd
		daemon_stop "$vr" ospf6d
		frr "$vr" bgpd
	done
	by_red bgp
	ns blue ip route show 10.2.0.0/24
	ns blue ip route show 10.2.0.0/24 | grep -q "via inet6 fe80:"
	fast_flows "${ROUTERS[@]}"
}

@test "BGP: a link is cut, the other way is as fast" {
	europa_router "${ROUTERS[@]}"
	reconverge bgp
	fast_flows blue green
	plug
	by_red bgp
}

# Not by a signal that lets them say goodbye: neighbours would take that for the end. zebra, too:
# one that goes on removes bgpd's old routes as soon as bgpd is back, half a second before the
# same ones are added (FRR 8.4). With a single neighbour, as bgpd waits for the first one only,
# and then knows nothing of the others'.
restart_bgp()
{
	daemon_stop blue zebra KILL && daemon_stop blue bgpd KILL && wait_until 60 seldom stale &&
		frr blue zebra bgpd && wait_until 150 seldom fresh && by_red bgp
}

# stale: red goes on by the routes of blue, which is away.
stale() { vtysh red bgpd "show bgp ipv4 unicast 10.1.0.0/24" | grep -q -w stale; }

# fresh: blue is back, and has said all it knows.
fresh()
{
	[[ $(vtysh blue bgpd "show bgp ipv4 unicast 10.2.0.0/24") == *" best "* ]] && ! stale
}

@test "graceful restart of bgpd and zebra: no datagram is lost, all take the fast path" {
	europa_router "${ROUTERS[@]}"
	without_bfd bgp
	x ip link set blue-green down
	by_red bgp
	fast_flows blue
	mark blue
	streams restart_bgp
	((SENT >= 100))
	if frr_forgets; then
		tell "this zebra loses the gateways of IPv4 routes for a while, with Europa or without"
		assert_forwarded blue $((CAME - CAME / 10))
	else
		assert_eq "$CAME" "$SENT" "datagrams that came"
		assert_forwarded blue "$SENT"
	fi
	x ip link set blue-green up
}

@test "at the end every slot has its owner and nothing is left" {
	assert_all_slots_conserved "${ROUTERS[@]}"
	RIG_NAMESPACES=("${ROUTERS[@]}" a b) RIG_VRS=("${ROUTERS[@]}")
	line_end
	assert_nothing_left
}
