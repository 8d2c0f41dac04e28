# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# shellcheck shell=bash
# Two routers with the same configuration side by side, for `load lib/differ` after
# lib/topology: one is the kernel's, in namespace kernel, the other VR europa in its. What
# progs/packets.h knows of places is here.
#
#   ns wire   k0 ── p0  ns kernel  p1 ── k1        e0 ── low0 ─ p0  VR europa  p1 ─ low1 ── e1
#                           p2 ── k2                          low2 ─ p2 ── e2
#
# Port N has 10.N.0.1/24 and fd00:N::1/64; there are hosts 2 to 5 and 9, whose MAC addresses are
# known for good. MTU: 9000, 1500, 1400. A veth hears all groups, so the ports are told to, too.

SIDES=(kernel europa)
MTUS=(9000 1500 1400)

differ_begin()
{
	local ns i

	topology_begin
	x install -m 755 -t "$PROGS" "${BATS_TEST_DIRNAME:?}/../build/tests/differ" || return
	for ns in wire "${SIDES[@]}"; do
		RIG_NAMESPACES+=("$ns")
		x ip netns add "$(ns_name "$ns")" || return
	done
	settings || return
	differ_wires || return
	vr_add europa id 1 netns "$(ns_name europa)" || return
	for i in 0 1 2; do
		x ip vr attach dev "low$i" vr europa name "p$i" address "02:00:00:00:0f:0$i" ||
			return
	done
	for ns in "${SIDES[@]}"; do
		places | ip -n "$(ns_name "$ns")" -batch - || return
		by_source "$ns"
	done
	impatient
}

# Not every kernel can.
by_source() { ns "$1" ip route add fd80::/16 from fd00::/64 via fd00:2::2 || true; }

# Who does not answer is asked once, and given up soon.
impatient()
{
	local i family all=()

	for i in 0 1 2; do
		for family in ipv4 ipv6; do
			all+=("$family.neigh.p$i.mcast_solicit=1" "$family.neigh.p$i.retrans_time_ms=300")
		done
	done
	set_each "${all[@]}"
}

# each COMMAND...: for both routers.
each()
{
	ns kernel "$@" && ns europa "$@"
}

# set_each NAME=VALUE...: below net, for both.
set_each() { each sysctl -qw "${@/#/net.}"; }

# What tests change, as it is in the beginning.
BASE=(ipv4.conf.p0.forwarding=1 ipv6.conf.all.forwarding=1 ipv4.ip_forward_use_pmtu=0)
for name in ipv4.conf.{all,p0,p1,p2}.{send_redirects,rp_filter,accept_source_route,bc_forwarding} \
	ipv4.conf.p0.{proxy_arp,accept_local,route_localnet,drop_unicast_in_l2_multicast} \
	ipv4.neigh.p0.proxy_delay ipv6.neigh.p0.proxy_delay ipv6.conf.all.proxy_ndp \
	ipv6.conf.p0.{proxy_ndp,drop_unicast_in_l2_multicast}; do
	BASE+=("$name=0")
done

# Nothing is limited, and nothing said without being asked.
settings()
{
	sysctl -qw net.ipv4.route.error_cost=0 net.ipv4.route.redirect_silence=0
	ns wire sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
	set_each ipv4.ip_forward=1 ipv6.conf.all.forwarding=1 ipv6.conf.default.accept_dad=0 \
		ipv6.conf.default.addr_gen_mode=1 ipv6.conf.default.accept_ra=0 ipv6.auto_flowlabels=0 \
		ipv4.icmp_ratelimit=0 ipv4.icmp_ratemask=0 ipv6.icmp.ratelimit=0 \
		ipv4.ipfrag_time=10000 ipv6.ip6frag_time=10000
	unlimited
}

# Of the machine, or, in newer kernels, of each namespace.
unlimited()
{
	sysctl -qw net.ipv4.icmp_msgs_per_sec=1000000 net.ipv4.icmp_msgs_burst=1000000
	set_each ipv4.icmp_msgs_per_sec=1000000 ipv4.icmp_msgs_burst=1000000 2> /dev/null ||
		true
}

differ_wires()
{
	local i wire

	wire=$(ns_name wire)
	for i in 0 1 2; do
		echo "link add low$i mtu ${MTUS[i]} type veth peer name e$i mtu 9000 netns $wire"
		echo "link set low$i addrgenmode none up"
		echo "link add p$i mtu ${MTUS[i]} address 02:00:00:00:0f:0$i" \
			"netns $(ns_name kernel) type veth peer name k$i mtu 9000 netns $wire"
	done | batch - || return
	for i in k0 k1 k2 e0 e1 e2; do
		echo "link set $i arp off up"
	done | batch wire
}

# neighbour ADDRESS PORT LAST-OCTET
neighbour()
{
	printf "neighbour add %s lladdr 02:00:00:00:%02x:%s dev p%s nud permanent\n" \
		"$1" $((10 + $2)) "$3" "$2"
}

places()
{
	local i host

	echo "link set lo up"
	echo "link add d0 type dummy"
	echo "link set d0 up"
	for i in 0 1 2; do
		echo "link set p$i allmulticast on up"
		echo "address add 10.$i.0.1/24 broadcast + dev p$i"
		echo "address add fd00:$i::1/64 dev p$i nodad"
		echo "address add fe80::1/64 dev p$i nodad"
		for host in 2 3 4 5 9; do
			neighbour "10.$i.0.$host" "$i" "0$host"
			neighbour "fd00:$i::$host" "$i" "0$host"
		done
		neighbour fe80::12 "$i" 12
		echo "route add 10.10$i.0.0/16 via 10.$i.0.3"
		echo "route add fda$i::/16 via fd00:$i::3"
	done
	neighbour 192.168.77.7 1 77
	neighbour fdcc::7 1 77
	neighbour 10.42.0.2 1 42
	neighbour fd42::2 1 42
	neighbour 10.1.5.2 1 52
	cat <<-EOT
		address add 10.1.5.1/24 broadcast + dev p1
		nexthop add id 1 via 10.2.0.4 dev p2
		nexthop add id 2 via fd00:2::4 dev p2
		route add 10.10.0.0/16 via 10.1.0.2
		route add fd10::/16 via fd00:1::2
		route add 10.10.128.0/17 via 10.2.0.2
		route add fd10:8000::/17 via fd00:2::2
		route add 10.20.0.0/16 via 10.1.0.3 mtu 1200
		route add fd20::/16 via fd00:1::3 mtu 1300
		route add 10.21.0.0/16 via 10.1.0.3 mtu lock 1200
		route add fd21::/16 via fd00:1::3 mtu lock 1300
		route add blackhole 10.30.0.0/16
		route add blackhole fd30::/16
		route add unreachable 10.31.0.0/16
		route add unreachable fd31::/16
		route add prohibit 10.32.0.0/16
		route add prohibit fd32::/16
		route add throw 10.33.0.0/16
		route add throw fd33::/16
		route add 10.40.0.0/16 via 192.168.77.7 dev p1 onlink
		route add fd40::/16 via fdcc::7 dev p1 onlink
		route add 10.41.0.0/16 via inet6 fe80::12 dev p1
		route add fd41::/16 via fe80::12 dev p1
		route add 10.42.0.0/16 dev p1
		route add fd42::/16 dev p1
		route add 10.43.0.0/16 via 10.1.0.79
		route add fd43::/16 via fd00:1::79
		route add 10.50.0.0/16 nhid 1
		route add fd50::/16 nhid 2
		route add 10.70.0.0/16 via 10.0.0.2
		route add fd70::/16 via fd00::2
		route add 10.80.0.0/16 via 10.1.0.2
		route add 10.80.0.0/16 tos 0x10 via 10.2.0.2
		route add fd80::/16 via fd00:1::2
		route add 10.90.0.0/16 via 10.1.0.2 metric 20
		route add fd90::/16 via fd00:1::2 metric 20
		route add 10.90.0.0/16 via 10.2.0.2 metric 10
		route add fd90::/16 via fd00:2::2 metric 10
		route add 10.95.0.0/16 dev d0
		route add fd95::/16 dev d0
	EOT
}

# differ COUNT LATE [FAST]: so many packets, and so many that wait for who does not answer; of
# those that Europa got FAST percent or more took the fast path. Each test has packets of its own.
differ()
{
	local status=0 number=$((FIRST + 1000000 * BATS_TEST_NUMBER))

	stop_data_plane europa 2> /dev/null || true
	europa_router europa || return
	mark europa
	ns wire "$PROGS/differ" "$SEED" "$number" "$1" "$2" k0 k1 k2 e0 e1 e2 || status=$?
	since europa
	echo "# seed $SEED: of ${D[rx]} packets ${D[send]} by the fast path" >&3
	((status == 0)) || return
	assert_eq "${D[fallback]}" 0 fallback || return
	((D[send] * 100 >= D[rx] * ${3:-20})) || { echo "not ${3:-20} % of them" >&2; return 1; }
}
