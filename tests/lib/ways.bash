# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# shellcheck shell=bash
# A second host behind VR blue, for routes of several ways; loaded after lib/topology.
#
#                     ┌─ ns blue-b ─┐
#  [VR blue] p1 ──────┤             ├─ FLOWS_TO..., each all of it
#                     └─ ns blue-c ─┘

# second: blue-c, what customer() makes; the standard input has its addresses and routes.
second()
{
	RIG_NAMESPACES+=(blue-c)
	x ip netns add "$(ns_name blue-c)" || return
	ns wire ip link add link p1 name e0 address "$(mac_of 1 c0)" \
		netns "$(ns_name blue-c)" type macvlan mode private || return
	{
		echo "link set lo up"
		echo "link set e0 addrgenmode none up"
		cat
	} | batch blue-c
}

received() { ns "$1" cat /sys/class/net/e0/statistics/rx_packets; }

# go; ...; got: what b and c have received in between, in B and C.
go() { B0=$(received blue-b) C0=$(received blue-c); mark blue; }
got()
{
	B=$(($(received blue-b) - B0)) C=$(($(received blue-c) - C0))
	echo "blue-b $B, blue-c $C" >&2
}

# flows N: one packet to each of N addresses, which begin with FLOWS_TO, each answered.
flows()
{
	ns blue-a bash -c "for ((i = 1; i <= $1; i++)); do
			ping -n -q -c 1 -w 10 $FLOWS_TO\$i > /dev/null || { echo \"$FLOWS_TO\$i: no answer\"; exit 1; }
		done"
}
