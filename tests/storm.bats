# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# rig: -c 2
# Packets of every make pass a data plane that edits some of them as no router would, and
# the devices' offloads change meanwhile: it harms nobody else. The data plane of hostile.bats
# makes rubbish of what it gets; this one leaves the rest of a packet right, so that more of
# the kernel sees it. The picture is in lib/storm.bash.
#
# SCTP and tunnels, which take longer, are in `make soak`. EUROPA_SEED repeats a run.

load lib/common
load lib/single
# By now `load` is progs' closed loop.
# shellcheck source=tests/lib/storm.bash
. "$BATS_TEST_DIRNAME/lib/storm.bash"

setup()
{
	single_setup
	topology slots 256
	evil_up slots 256
	# One backlog per processor is shared by all veth devices of the machine.
	x sysctl -q -w net.core.netdev_max_backlog=100000
}

# The devices first: a connection whose end was never acknowledged keeps its namespace.
teardown()
{
	local dev

	kill_spawned
	for dev in eu0 eu1 eu2 eu3; do
		[ ! -e /sys/class/net/$dev ] || x ip link del $dev || true
	done
	x sysctl -q -w net.core.netdev_max_backlog=1000
	single_teardown
}

# neighbour: the router blue, under load. The traffic for evil comes then, so that it can end
# before.
neighbour()
{
	serve
	router
	load 64
	traffic_begin
	sinks
}

# harmless KIND:EDITED...: so many packets of each kind are edited, and blue loses nothing.
harmless()
{
	storm "${@/#/-e}"
	moves send
	conserved evil
	conserved evil
	conserved evil
	storm_done 120
	traffic_end
	unharmed
	grown rx send bad_len bad_meta originated
}

@test "super-packets of TCP and UDP in page fragments, IPv4 and IPv6" {
	neighbour
	tcp
	udp_gso
	toggler eu2 eu3
	harmless tcp4:40 tcp6:40 udp:40
	grown gso
	evil_goes
}

@test "packets that GRO has merged: TCP in lists of fragments, UDP in lists of datagrams" {
	neighbour
	frag_list
	toggler eu3
	harmless tcp4:25 tcp6:25 fraglist:25
	grown gso
	evil_goes
}

@test "cloned, shared and zero-copy packets" {
	neighbour
	cloned
	shared
	zerocopy
	toggler eu2 eu3
	harmless edited:800 tcp4:20 tcp6:20
	evil_goes
}

@test "VLAN tags, in the metadata and in the frame" {
	neighbour
	vlan
	toggler eu2 eu3
	harmless vlan:200
	evil_goes
}
