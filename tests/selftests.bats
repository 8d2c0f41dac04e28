# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# bats file_tags=selftests
# Linux's own tests of a router, tools/testing/selftests/net/forwarding/router*.sh of the kernel
# that runs here: what it passes alone passes with virtual routers in the routers' place, too,
# where europa-router forwards. The scripts are not changed; their commands find a router's
# interfaces in the router's namespace (lib/elsewhere.bash).
#
#  alone     h1 ══ rp1 (router) rp2 ══ h2                 all of it in ns lab
#  Europa    h1 ══ low1 ── rp1 [VR r1] rp2 ── low2 ══ h2  but rp1 and rp2 in ns r1
#
# Interfaces are told by their number in the script, from 0.

load lib/common
load lib/topology
load lib/selftests

setup_file()
{
	rig_setup
	export NS_PREFIX
	selftests_begin
}

setup() { shared_setup; }
teardown() { selftests_teardown; }

@test "router.sh" { like_linux router.sh 4 40 "r1 1 2"; }
@test "router_nh.sh" { like_linux router_nh.sh 4 50 "r1 1 2"; }
@test "router_vid_1.sh: VLAN interfaces on ports" { like_linux router_vid_1.sh 4 50 "r1 1 2"; }
@test "router_broadcast.sh" { like_linux router_broadcast.sh 6 10 "r1 1 2 4"; }
@test "router_multicast.sh: the kernel's" { like_linux router_multicast.sh 6 0 "r1 1 2 4"; }
@test "router_bridge.sh: the kernel's" { like_linux router_bridge.sh 4 0 "r1 1 2"; }
@test "router_bridge_vlan.sh: the kernel's" { like_linux router_bridge_vlan.sh 4 0 "r1 1 2"; }
# Answers to pings are a single flow. Where europa-router's hash says the next hop that nobody has
# asked for yet, and the kernel's the other, they stay with the kernel.
@test "router_multipath.sh" { like_linux router_multipath.sh 8 80 "r1 1 2 4" "r2 3 5 6"; }
@test "router_mpath_nh.sh" { like_linux router_mpath_nh.sh 8 80 "r1 1 2 4" "r2 3 5 6"; }
@test "router_mpath_nh_res.sh" { like_linux router_mpath_nh_res.sh 8 80 "r1 1 2 4" "r2 3 5 6"; }

# Another kernel's may be more.
@test "which are not tried" {
	local script

	for script in "$FORWARDING"/router*.sh; do
		grep -q "like_linux ${script##*/} " "$BATS_TEST_FILENAME" || tell "not tried: ${script##*/}"
	done
}

@test "at the end nothing is left" { assert_nothing_left; }
