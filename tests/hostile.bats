# SPDX-License-Identifier: GPL-2.0
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
load progs/progs

setup()
{
	progs_setup
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
	progs_teardown
	x sysctl -q -w net.core.netdev_max_backlog=1000
}

evil_mac() { vr_stat evil .ports[0].address; }
# hostile ENTRIES [threads]: in the background, unprivileged.
hostile()
{
	spawn setpriv --reuid=nobody --regid=nogroup --clear-groups --inh-caps=-all \
		"$PROGS/hostile" /dev/europa/vr8 "$1" "${EUROPA_SEED:-$RANDOM}" ${2:+"$2"}
	EVIL=$SPAWNED EVIL_SAID=$SPAWNED_LOG
}

# It ends by itself, when the kernel has read all its entries.
hostile_done()
{
	local status=0

	wait "$EVIL" || status=$?
	cat "$EVIL_SAID" >&2
	x ip -s vr show evil >&2
	assert_eq "$status" 0 "status of the hostile data plane"
	grep -q "^entries" "$EVIL_SAID"
}

# grown COUNTER...: all of them have counted something.
grown()
{
	local none

	none=$(vr_stat evil ".stats | with_entries(select(.value == 0)) | keys | .[]")
	if grep -xF -f <(printf '%s\n' "$@") <<< "$none"; then
		echo "did not grow" >&2
		return 1
	fi
}

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
	conserved evil && conserved evil && conserved evil
	hostile_done
	moves send
	loaded_ok
	all_slots_home
	idle evil
	grown rx send punt drop originated bad_slot bad_state bad_op bad_len bad_meta bad_port \
		spoof too_long gso
	x ip vr del evil
	assert_klog_clean
}

@test "five million entries of rubbish on a small ring harm nobody else" {
	harmless 256 5000000
}

@test "five million more on a large ring" {
	harmless 4096 5000000
}

@test "several threads that kick, scribble and attach again and again harm nobody else" {
	serve
	router
	load 64
	spawn ns a "$PROGS/flood" eth0 "$(evil_mac)"
	hostile 1000000 threads
	moves send
	hostile_done
	moves send
	loaded_ok
	all_slots_home
	idle evil
	grown rx send bad_slot bad_state kicks
	(($(vr_stat evil .generation) > 3))
	x ip vr del evil
	assert_klog_clean
}

@test "a hostile data plane can be killed, and its VR deleted, at any time" {
	spawn ns a "$PROGS/flood" eth0 "$(evil_mac)"
	for _ in 1 2; do
		hostile 1000000000 threads
		wait_until 20 state_is running evil
		moves kicks evil
		x kill -9 "$EVIL"
		wait "$EVIL" || true
		idle evil
	done
	hostile 1000000000 threads
	wait_until 20 state_is running evil
	x ip vr del evil
	run ! ip vr show evil
	wait_until 20 gone "$EVIL"
}

gone() { ! kill -0 "$1"; }
