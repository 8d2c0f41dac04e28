# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# A data plane that is stopped, dies or is started anew: what it costs, in packets, is printed.
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
	says 'forward.*: (EPIPE|ENOTCONN)'
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
	unhurried
	ns a "$PROGS/flood" eth0 "$MAC_P0" 1
	wait_until 10 pausing_times 2
	x ip vr set blue stall 100
	x ip vr del evil
	stall_of 1500
	unhurried
	ns a "$PROGS/flood" eth0 "$MAC_P0" 1
	assert_eq "$(vr_stat blue .state)" running
	next_word
	wait_until 10 pausing_times 3
	x ip vr set blue stall 100
	x ip vr del evil
	stall_of 1500
	assert_eq "$(vr_stat blue '[.state, .queue[0].rx] | tojson')" '["attached",2]'
	assert_eq "$(vr_stat blue .ended)" null
}

# While it is the test that takes its time.
unhurried() { x ip vr set blue stall 600000; }

# shellcheck disable=SC2153
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

# --- what europa-router says of itself ------------------------------------------------

router_line() { ip -d vr show blue | grep -E '^    router '; }

# liar ANSWER...: blue's data plane, at europa-router's socket, says so, whatever it is asked.
liar()
{
	spawn ip vr exec user nobody blue "$PROGS/liar" europa-router/7/0 "$@"
	wait_until 10 grep -q '^lying' "$SPAWNED_LOG"
}

lie_over()
{
	x kill -9 "$SPAWNED"
	wait "$SPAWNED" || true
	idle
}

@test "ip -d vr show has what a europa-router says; what cannot be its word is not shown" {
	local answer good='{"vr":7,"sent":1,"punted":2,"punt":{"ttl":3},"neighbours":4,"routes":5,"routes6":6,"resync":false}'

	topology slots 256
	start_router
	serve
	load
	moves send
	router_line | grep -Eq 'routes [1-9][0-9]* routes6 [0-9]+ neighbours [1-9][0-9]* sent [1-9][0-9]* punted [0-9]+$'
	ip -j -d vr show blue | jq -e '.[0].router | .routes > 0 and .neighbours > 0 and .sent > 0'
	run ! grep router <(ip vr show blue)
	loaded_ok
	x kill -9 "$ROUTER"
	wait "$ROUTER" || true
	idle
	run ! router_line
	liar "$good"
	router_line | grep -q 'routes 5 routes6 6 neighbours 4 sent 1 punted 2$'
	lie_over
	for answer in '' "${good/4/-4}" "${good/\"sent\":1,/}" "${good/7/\"$'\e'[31m\"}" "$good$good" \
		"${good/:6/:99999999999999999999999}" "$(printf '%9000s' "$good")" '{{{{{{{{'; do
		liar "$answer"
		run ! router_line
		ip -d vr show blue | grep -q '^    pool '
		lie_over
	done
	# Somebody else in that namespace, who is not the data plane.
	raw "$NODE" attach map start pause
	says pausing
	spawn ns v socat ABSTRACT-LISTEN:europa-router/7/0,fork "SYSTEM:echo '$good'"
	wait_until 10 has_socket
	run ! router_line
}

has_socket() { ns v grep -q '@europa-router/7/0' /proc/net/unix; }

# --- what each costs ----------------------------------------------------------------

# costs WHAT COMMAND...: under a counted UDP stream and iperf3's TCP, which go on after it;
# prints what was lost. In $LOST the datagrams, in $HELD what the data plane had.
costs()
{
	local what=$1 tcp log retransmits
	shift

	spawn ns b iperf3 -s -1
	wait_until 10 listens
	spawn ns a iperf3 -c 10.2.0.2 -t 600 -J
	tcp=$SPAWNED log=$SPAWNED_LOG
	impatient load 32
	moves rx
	"$@"
	moves "${AFTER:-send}"
	x kill -TERM "$CLIENT"
	wait "$CLIENT" || true
	x kill -TERM "$tcp"
	wait "$tcp" || true
	retransmits=$(jq '.end.sum_sent.retransmits' "$log")
	LOST=$(sed -n 's/.* lost \([0-9]*\) .*/\1/p' "$CLIENT_SAID")
	echo "# $what: UDP $(< "$CLIENT_SAID"); TCP retransmits $retransmits" >&3
	cat "$CLIENT_SAID" >&2
}

impatient() { ECHO_PATIENCE=3000 "$@"; }
listens() { ns b ss -Hltn 'sport = 5201' | grep -q LISTEN; }

router_term()
{
	x kill -TERM "$ROUTER"
	wait_until 20 gone "$ROUTER"
	moves fallback
	start_router
}

start_router()
{
	spawn ip vr exec blue europa-router --no-idle
	ROUTER=$SPAWNED
	wait_until 30 state_is running
}

router_kill()
{
	x kill -9 "$ROUTER"
	wait "$ROUTER" || true
	wait_until 10 state_is idle
}

router_stop()
{
	x kill -STOP "$ROUTER"
	wait_until 30 state_is idle
	x kill -CONT "$ROUTER"
}

@test "what a restart, a kill and a stop cost" {
	topology slots 1024 stall 200
	serve
	start_router
	costs 'SIGTERM and a new start' router_term
	assert_eq "$LOST" 0
	AFTER=fallback costs 'kill -9' router_kill
	((LOST <= 32))
	start_router
	AFTER=fallback costs 'SIGSTOP, stall 200' router_stop
	((LOST <= 32))
}
