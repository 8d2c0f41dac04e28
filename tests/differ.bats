# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# What a router of Linux and europa-router with the same configuration send is the same: good
# packets, wrong ones, and those that are answered. See lib/differ.bash for the picture.

# What the helpers read.
# shellcheck disable=SC2034
load lib/common
load lib/topology
load lib/differ

SEED=${EUROPA_DIFFER_SEED:-1}
FIRST=${EUROPA_DIFFER_FIRST:-0}
COUNT=${EUROPA_DIFFER_COUNT:-2000}

setup_file() { differ_begin; }
teardown_file() { topology_end; }
setup()
{
	shared_setup
	each sysctl -qw "${BASE[@]/#/net.}"
}

teardown() { rig_teardown; }

@test "forwarding, and nothing else" {
	differ "$((COUNT / 5))" 20
}

@test "the reverse path: strict, and no default route" {
	set_each ipv4.conf.all.rp_filter=1
	differ "$((COUNT / 5))" 10
}

@test "the reverse path: strict behind one port, loose behind another, and a default route" {
	each ip route add default via 10.1.0.4
	each ip -6 route add default via fd00:1::4
	set_each ipv4.conf.p0.rp_filter=1 ipv4.conf.p1.rp_filter=2
	differ "$((COUNT / 5))" 10
}

@test "networks that are the router's own" {
	each ip route add local 10.60.0.0/24 dev lo
	each ip route add local fd60::/64 dev lo
	differ "$((COUNT / 10))" 0
}

@test "forwarding off, for IPv4 behind one port, then for IPv6" {
	set_each ipv4.conf.p0.forwarding=0
	differ "$((COUNT / 20))" 0 5
	set_each ipv6.conf.all.forwarding=0
	differ "$((COUNT / 20))" 0 1
}

@test "redirects, proxies, and source routes" {
	set_each ipv4.conf.{all,p0,p1,p2}.send_redirects=1 ipv4.conf.p0.proxy_arp=1 \
		ipv6.conf.{all,p0}.proxy_ndp=1 ipv4.conf.{all,p0}.accept_source_route=1
	each ip neigh replace proxy fd00:1::2 dev p0
	differ "$((COUNT / 5))" 0
	each ip neigh del proxy fd00:1::2 dev p0
}

@test "sources and destinations that else cannot be" {
	set_each ipv4.conf.p0.{accept_local,route_localnet,bc_forwarding}=1 \
		ipv4.conf.all.bc_forwarding=1 ipv4.ip_forward_use_pmtu=1 \
		ipv{4,6}.conf.p0.drop_unicast_in_l2_multicast=1
	differ "$((COUNT / 10))" 0
}

@test "policy rules" {
	each ip rule add to 10.10.0.0/16 blackhole priority 100
	each ip -6 rule add from fd00::/64 unreachable priority 100
	differ "$((COUNT / 20))" 0 0
	each ip rule del priority 100
	each ip -6 rule del priority 100
}

# That they were the kernel tells nobody, but goes by it.
@test "as at first, after rules and networks of the router's own" {
	each ip route del local 10.60.0.0/24 dev lo
	each ip -6 route del local fd60::/64 dev lo
	differ "$((COUNT / 2))" 0
}

# An address there is none of the router's for packets that are not in the VRF.
@test "a VRF beside, and the local table behind it" {
	each ip link add vrf9 up type vrf table 9
	each ip link add d9 master vrf9 up type dummy
	each ip address add 10.0.0.5/32 dev d9
	each ip rule add pref 32765 table local
	each ip rule del pref 0
	differ "$((COUNT / 2))" 0
}

@test "at the end every slot has its owner and nothing is left" {
	assert_all_slots_conserved europa
	RIG_NAMESPACES=(wire kernel europa) RIG_VRS=(europa)
	topology_end
	assert_nothing_left
}
