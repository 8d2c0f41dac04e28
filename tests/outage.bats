# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# A data plane that is stopped, dies or is replaced: what it costs, in packets, is printed.
#
#	   a                        (the machine)                           b
#	eth0 10.1.0.2 ─── eu0 ─ vr7p0 10.1.0.1 ┐ VR blue, number 7,
#	                                       │ home namespace v
#	eth0 10.2.0.2 ─── eu1 ─ vr7p1 10.2.0.1 ┘

load lib/common
load lib/single

ended_is() { [ "$(vr_stat "${2:-blue}" .ended)" = "$1" ]; }

# stall_of MILLISECONDS: evil, beside blue, has a data plane that takes a packet and hangs.
# When it is detached, that time has passed.
stall_of()
{
	vr_add evil id 8 netns "$(ns_name v)" owner nobody slots 64 stall "$1"
	x ip vr attach dev eu0 vr evil port 0
	ns v ip link set vr8p0 up
	spawn "${NOBODY[@]}" "$PROGS/raw" /dev/europa/vr8 attach map start pause
	wait_until 10 grep -q '^pausing' "$SPAWNED_LOG"
	ns a "$PROGS/flood" eth0 "$(vr_stat evil .ports[0].address)" 3
	wait_until 30 ended_is stalled evil
}

# bats test_tags=matrix
@test "a data plane that is stopped is detached after the VR's time: nothing is lost, and it is told" {
	local monitor

	topology slots 256 stall 500
	spawn ip -j vr monitor
	monitor=$SPAWNED_LOG
	serve
	router
	load
	moves send
	x kill -STOP "$RAW"
	wait_until 30 state_is idle
	idle
	assert_eq "$(vr_stat blue .ended)" stalled
	moves fallback
	(($(vr_stat blue .stats.reclaimed) > 0))
	x ip vr show blue | grep -q 'stall 500 .*ended stalled'
	wait_until 10 grep -q '"event":"detach",.*"ended":"stalled"' "$monitor"
	# It hears of it, may try again, and is a data plane like any.
	x kill -CONT "$RAW"
	says 'forward.*: EPIPE'
	router
	moves send
	loaded_ok
	all_slots_home
	x kill -TERM "$RAW"
	wait_until 10 state_is idle
	assert_eq "$(vr_stat blue .ended)" left
}

@test "one that was asleep when it was stopped is detached, too, once there are packets" {
	topology slots 256 stall 500
	router
	wait_until 10 asleep
	x kill -STOP "$RAW"
	stall_of 1500
	assert_eq "$(vr_stat blue .state)" running
	serve
	load
	wait_until 30 state_is idle
	assert_eq "$(vr_stat blue .ended)" stalled
	moves fallback
	loaded_ok
}

asleep() { [ "$(vr_stat blue '.queue[0].poll')" = asleep ]; }

@test "who has nothing, or took all and said so, or moves, never stalls" {
	topology slots 256 stall 100
	# It sleeps, with nothing in its hands; it keeps one that it took; it is not started.
	raw "$NODE" attach map pause start wait tell seen pause stop pause
	says pausing
	stall_of 1500
	x ip vr del evil
	next_word
	says sleeping
	wait_until 10 asleep
	stall_of 1500
	ns a "$PROGS/flood" eth0 "$MAC_P0" 1
	wait_until 10 pausing_times 2
	x ip vr del evil
	stall_of 1500
	ns a "$PROGS/flood" eth0 "$MAC_P0" 1
	assert_eq "$(vr_stat blue .state)" running
	next_word
	wait_until 10 pausing_times 3
	x ip vr del evil
	stall_of 1500
	assert_eq "$(vr_stat blue '[.state, .queue[0].rx] | tojson')" '["attached",2]'
	assert_eq "$(vr_stat blue .ended)" null
}

pausing_times() { [ "$(grep -c '^pausing' "$SAID")" = "$1" ]; }

@test "the time can be set while a data plane hangs, and be taken back" {
	topology slots 256
	raw "$NODE" attach map start pause
	says pausing
	ns a "$PROGS/flood" eth0 "$MAC_P0" 5
	assert_eq "$(vr_stat blue '[.state, .stall] | tojson')" '["running",0]'
	x ip vr set blue stall 3600000
	x ip vr set blue stall off
	stall_of 1500
	assert_eq "$(vr_stat blue .state)" running
	x ip vr set blue stall 100
	wait_until 30 state_is idle
	assert_eq "$(vr_stat blue .ended)" stalled
	counter_is reclaimed 5
}
