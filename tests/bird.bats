# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# bats file_tags=daemons
# BIRD in the VRs' namespaces, unchanged: what its OSPF and BGP install takes the fast path,
# BFD and graceful restart work over ports, and a cut costs what it costs without Europa.
#
#  ns a ══ [blue] ═══ [red] ═══ [green] ══ ns b
#            ╚══════ costlier ═════╝
#
# See lib/line.bash for the rest, and lib/bird.bash for the configuration.

# shellcheck disable=SC2034,SC2154
load lib/common
load lib/topology
load lib/line
load lib/bird

setup_file()
{
	local vr

	line_begin
	for vr in "${ROUTERS[@]}"; do
		bird_configure "$vr"
		bird "$vr"
	done
}

teardown_file() { line_end; }
setup() { shared_setup; }
teardown() { line_teardown; }

@test "OSPF without a data plane: a link is cut, all goes the other way" {
	by_red bird
	reconverge bird
	plug
	by_red bird
}

@test "OSPFv2 and OSPFv3: of a flow 99 of 100 packets take the fast path" {
	europa_router "${ROUTERS[@]}"
	by_red bird
	fast_flows "${ROUTERS[@]}"
}

@test "a link is cut: the other way is as fast" {
	europa_router "${ROUTERS[@]}"
	reconverge bird
	fast_flows blue green
	plug
	by_red bird
}

# bfd_sessions VR N: so many are up.
bfd_sessions() { [ "$(birdc "$1" show bfd sessions | grep -c " Up ")" = "$2" ]; }

@test "a link is cut in silence: BFD tells" {
	wait_until 60 seldom bfd_sessions red 4
	unplug_silently
	past_red bird
	ping_all a 3 10.2.0.2
	ping_all a 3 fd00:2::2
	plug_silently
	by_red bird
}

# full PROTOCOL: red's neighbours in it are.
full() { [ "$(birdc red show ospf neighbors "$1" | grep -c "Full/")" = 2 ]; }

# Where BFD runs it ends with the process, and tells the neighbours so before it is back.
without_bfd()
{
	local vr

	for vr in "${ROUTERS[@]}"; do
		birdc "$vr" disable bfd1 || return
	done
	by_red bird
}

restart()
{
	birdc red graceful restart && ended_within 60 "$(< "$BATS_FILE_TMPDIR/daemon.red.bird")" &&
		bird red -R && wait_until 90 seldom full ospfv2 && wait_until 90 seldom full ospfv3 &&
		by_red bird
}

# When it is back, its neighbours go the other way for a moment, as they do without Europa.
@test "graceful restart: no packet is lost" {
	europa_router "${ROUTERS[@]}"
	by_red bird
	without_bfd
	lossless restart
}

@test "BGP: IPv4 routes by IPv6 gateways take the fast path" {
	europa_router "${ROUTERS[@]}"
	local vr

	for vr in "${ROUTERS[@]}"; do
		birdc "$vr" disable '"ospf*"'
		birdc "$vr" enable '"bgp*"'
	done
	by_red bird
	ns blue ip route show 10.2.0.0/24
	ns blue ip route show 10.2.0.0/24 | grep -q "via inet6 fd00:12::2"
	fast_flows "${ROUTERS[@]}"
}

# It begins with BGP, then.
restart_bgp()
{
	sed -i 's/{ disabled; local/{ local/; s/^protocol ospf [^{]*{/& disabled;/' /run/bird/red.conf
	birdc red graceful restart && ended_within 60 "$(< "$BATS_FILE_TMPDIR/daemon.red.bird")" &&
		bird red -R && wait_until 150 seldom recovered && by_red bird
}

recovered()
{
	[ "$(birdc red show protocols | grep -c '^bgp_.* Established')" = 2 ] &&
		! birdc red show status | grep -qi 'recovery in progress'
}

@test "graceful restart with BGP: no datagram is lost, and none takes another way" {
	europa_router "${ROUTERS[@]}"
	without_bfd
	fast_flows red
	mark red
	streams restart_bgp
	assert_eq "$CAME" "$SENT" "datagrams that came"
	((SENT >= 100))
	assert_forwarded red "$SENT"
}

@test "at the end every slot has its owner and nothing is left" {
	assert_all_slots_conserved "${ROUTERS[@]}"
	RIG_NAMESPACES=("${ROUTERS[@]}" a b) RIG_VRS=("${ROUTERS[@]}")
	line_end
	assert_nothing_left
}
