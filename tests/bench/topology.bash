# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# shellcheck shell=bash disable=SC2034
# What stands around every contender, always the same: a sender and a sink in the namespace
# `ends`, and between them two devices, r0 and r1, for the router under test.
#
#	ends: d0 - tc - g0 ====== r0  [router]  r1 ====== s0 :ends
#
# The sender's datagrams of 64 packets go out of d0, which has checksums done in hardware
# and so lets the kernel cut them; tc hands them to g0, which has nothing done in hardware,
# so 64 plain packets with right checksums cross the veth at once, as from a NIC. What
# arrives at s0 is dropped by a tc program of one instruction.

SENDER=10.0.0.2 GATEWAY=10.0.0.1	# of the ingress network
EGRESS=10.0.1.1 NEIGHBOUR=10.0.1.2	# of the egress network
TARGET=5.9.0.1				# behind the neighbour, in a crowded place of big tables
SENDER_MAC=02:00:00:00:00:02
GATEWAY_MAC=02:00:00:00:00:01
EGRESS_MAC=02:00:00:00:01:01
NEIGHBOUR_MAC=02:00:00:00:01:02
ROUTES=${ROUTES:-64}			# of which one is used
FLOWS=${FLOWS:-1}			# to TARGET and the addresses behind it, a route for each

targets() { seq -f "${TARGET%.*}.%g" "${TARGET##*.}" $((${TARGET##*.} + FLOWS - 1)); }

at_ends() { ip netns exec ends "$@"; }

drop_at()
{
	tc qdisc add dev "$1" clsact
	tc filter add dev "$1" ingress bpf da bytecode '1,6 0 0 2'
}

no_ipv6()
{
	echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6
	echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6
}

# A namespace without chatter.
ns_add()
{
	ip netns add "$1"
	ip netns exec "$1" bash -c "$(declare -f no_ipv6); no_ipv6"
	ip -n "$1" link set lo up
}

sender_add()
{
	at_ends ip -batch - <<-BATCH
	link add d0 address $SENDER_MAC type dummy
	link set d0 arp on up
	link set g0 up
	address add $SENDER/24 dev d0
	route add default via $GATEWAY dev d0
	neigh replace $GATEWAY lladdr $GATEWAY_MAC nud permanent dev d0
	BATCH
	at_ends ethtool -K g0 tx off gso off sg off > /dev/null
	at_ends tc qdisc add dev d0 clsact
	at_ends tc filter add dev d0 egress matchall action mirred egress redirect dev g0
}

sink_add()
{
	ip -n ends link set s0 address "$NEIGHBOUR_MAC" up
	at_ends bash -c "$(declare -f drop_at); drop_at s0"
}

# topology_add MAC0 MAC1: of r0 and r1.
topology_add()
{
	ns_add ends
	ip link add r0 address "$1" type veth peer name g0 netns ends
	ip link add r1 address "$2" type veth peer name s0 netns ends
	ip link set r0 up
	ip link set r1 up
	sender_add
	sink_add
}

hosts_del() { ip netns del ends; }

topology_del()
{
	ip link del r0
	ip link del r1
	hosts_del
}

# router_configure NS DEV0 DEV1: addresses, neighbours and routes of a router.
router_configure()
{
	local i small=$((ROUTES < 64 ? ROUTES : 64))

	{
		echo "address add $GATEWAY/24 dev $2"
		echo "address add $EGRESS/24 dev $3"
		echo "neigh replace $SENDER lladdr $SENDER_MAC nud permanent dev $2"
		echo "neigh replace $NEIGHBOUR lladdr $NEIGHBOUR_MAC nud permanent dev $3"
		targets | sed "s|.*|route add &/32 via $NEIGHBOUR|"
		for ((i = 1; i < small; i++)); do
			echo "route add 10.$((i + 64)).0.0/16 via $SENDER"
		done
	} | ip netns exec "$1" ip -batch -
	((ROUTES == small)) ||
		ip netns exec "$1" "$PROGS/routes" -4 $((ROUTES - small)) load "$SENDER" > /dev/null
	ip netns exec "$1" sysctl -qw net.ipv4.ip_forward=1
}
