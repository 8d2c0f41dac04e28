# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# rig: -c 2
# A data plane that wants to do harm, beside one that works.
#
#	   a                        (the machine)                           b
#	eth0 10.1.0.2 ─── eu0 ─┬ vr7p0 10.1.0.1 ┐ VR blue, number 7
#	                       │                │
#	eth0 10.2.0.2 ─── eu1 ─┼ vr7p1 10.2.0.1 ┘
#	                       └ vr8p0, vr8p1: VR evil, number 8, has ports on both, too
#
# EUROPA_SEED repeats a run.

load lib/common
load lib/single

setup()
{
	single_setup
	topology slots 256
	vr_add evil id 8 netns "$(ns_name v)" owner nobody slots 256
	x ip vr attach dev eu0 vr evil port 0
	x ip vr attach dev eu1 vr evil port 1
	ns v ip link set vr8p0 up
	ns v ip link set vr8p1 up
	# One backlog per processor is shared by all veth devices of the machine.
	x sysctl -q -w net.core.netdev_max_backlog=100000
}

teardown()
{
	x sysctl -q -w net.core.netdev_max_backlog=1000
	single_teardown
}

evil_mac() { vr_stat evil .ports[0].address; }

# harmless SLOTS ENTRIES: beside a router under load, which loses nothing.
harmless()
{
	x ip vr set evil slots "$1"
	serve
	router
	load 64
	spawn ns a "$PROGS/flood" eth0 "$(evil_mac)"
	hostile "$2"
	moves send
	conserved evil
	conserved evil
	conserved evil
	evil_done entries
	unharmed
	grown rx send punt drop originated bad_slot bad_state bad_op bad_len bad_meta bad_port \
		spoof too_long gso
	evil_goes
}

@test "five million entries of rubbish on a small ring harm nobody else" {
	harmless 256 5000000
}

@test "five million more on a large ring" {
	harmless 4096 5000000
}

# bats test_tags=matrix
@test "several threads that kick, scribble and attach again and again harm nobody else" {
	serve
	router
	load 64
	spawn ns a "$PROGS/flood" eth0 "$(evil_mac)"
	hostile 1000000 threads
	moves send
	evil_done entries
	unharmed
	grown rx send bad_slot bad_state kicks
	(($(vr_stat evil .generation) > 3))
	evil_goes
}

@test "a hostile data plane can be killed, and its VR deleted, at any time" {
	spawn ns a "$PROGS/flood" eth0 "$(evil_mac)"
	for _ in 1 2; do
		hostile 1000000000 threads
		wait_until 60 state_is running evil || { cat "$EVIL_SAID" >&2; false; }
		moves kicks evil
		x kill -9 "$EVIL"
		wait "$EVIL" || true
		idle evil
	done
	hostile 1000000000 threads
	wait_until 60 state_is running evil || { cat "$EVIL_SAID" >&2; false; }
	x ip vr del evil
	run ! ip vr show evil
	wait_until 20 gone "$EVIL"
}
