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
	local answer workers='"workers":[{"queue":0,"sent":9},{"queue":1}],"resync"'
	local good='{"vr":7,"sent":1,"punted":2,"punt":{"ttl":3},"neighbours":4,"routes":5,"routes6":6,"resync":false}'

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
	liar "${good/\"resync\"/"$workers"}"
	router_line | grep -q 'neighbours 4 sent 1 punted 2 workers 2$'
	lie_over
	for answer in '' "${good/4/-4}" "${good/\"sent\":1,/}" "${good/7/\"$'\e'[31m\"}" "$good$good" \
		"${good/:6/:99999999999999999999999}" "$(printf '%17000s' "$good")" '{{{{{{{{' \
		"${good/\"resync\"/"${workers/\]/}"}" "${good/\"resync\"/"${workers/\[/[[}"}"; do
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

# --- one takes over from another ---------------------------------------------------

TAKEOVER=0x4

# newcomer: wants the queue, in $SPAWNED: waits for it, or, where this machine is slow, has it: no
# packet is the other's any more.
newcomer()
{
	spawn "${NOBODY[@]}" "$PROGS/raw" "$NODE" "attach,features=$TAKEOVER" map pause
	wait_until 10 waits_or_has
}

waits_or_has() { grep -q europa_handover "/proc/$SPAWNED/stack" || has_queue; }
has_queue() { grep -q '^pausing' "$SPAWNED_LOG"; }

# hangs [WORD...]: a data plane that has 20 packets, and does not let go.
hangs()
{
	raw "$NODE" attach map start hold "$@"
	says running
	ns a "$PROGS/flood" eth0 "$MAC_P0" 20
	wait_until 10 owner_is rx 20
}

# takes_over: another router, which runs; the one before has ended.
takes_over()
{
	local old=$RAW

	raw "$NODE" "attach,features=$TAKEOVER" map "forward=$MAC_A,$MAC_B"
	says running
	says "granted: $TAKEOVER"
	wait_until 20 gone "$old"
}

# bats test_tags=matrix
@test "a data plane takes over under load: no packet is lost, overtaken or left to the kernel" {
	local fallback

	topology slots 1024
	serve
	router
	load 200
	moves send
	fallback=$(vr_stat blue .stats.fallback)
	takes_over
	takes_over
	assert_eq "$(vr_stat blue '[.state, .ended] | tojson')" '["running","replaced"]'
	moves send
	loaded_ok
	grep -q ' late 0$' "$CLIENT_SAID"
	counter_is fallback "$fallback"
	counter_is rx_full 0
	assert_eq "$(vr_stat blue .generation)" 3
	all_slots_home
}

@test "who does not let go is detached; what it held is the kernel's, what came meanwhile, a burst and more, the newcomer's" {
	local monitor

	topology slots 256
	x ip vr set blue fallback drop
	spawn ip -j vr monitor
	monitor=$SPAWNED_LOG
	hangs
	x kill -STOP "$RAW"
	newcomer
	ns a "$PROGS/flood" eth0 "$MAC_P0" 150
	wait_until 20 has_queue
	counter_is reclaimed 20
	counter_is rx_fallback 20
	counter_is rx 170
	assert_eq "$(vr_stat blue '[.state, .ended, .queue[0].rx] | tojson')" '["running","replaced",150]'
	assert_slots_conserved blue
	wait_until 10 grep -q '"event":"start",.*"generation":2' "$monitor"
	grep -q '"event":"detach",.*"ended":"replaced"' "$monitor"
	x kill -CONT "$RAW"
	says 'hold: EPIPE'
	x kill -USR1 "$SPAWNED"
	idle
	counter_is rx_fallback 170
}

@test "what was held is given while more comes, and then the newcomer gets what comes" {
	local flood

	topology slots 256
	hangs
	spawn ns a bash -c "while :; do '$PROGS/flood' eth0 $MAC_P0 150; done"
	flood=$SPAWNED
	wait_until 20 counter_over rx_full 0
	raw "$NODE" "attach,features=$TAKEOVER" map drop
	says running
	says "granted: $TAKEOVER"
	moves drop
	moves drop
	x kill "$flood"
	all_slots_home
}

@test "one that goes when it is told is replaced, no matter who is quicker" {
	local monitor

	topology slots 256
	spawn ip -j vr monitor
	monitor=$SPAWNED_LOG
	raw "$NODE" attach map start take=20 wait detach pause
	says 'start: ok'
	ns a "$PROGS/flood" eth0 "$MAC_P0" 20
	says sleeping
	wait_until 10 asleep
	newcomer
	wait_until 20 has_queue
	assert_eq "$(vr_stat blue '[.state, .ended] | tojson')" '["running","replaced"]'
	wait_until 10 grep -q '"event":"detach"' "$monitor"
	assert_eq "$(ends "$monitor")" replaced
	counter_is reclaimed 20
}

# ends LOG: of a monitor: how each of blue's data planes ended.
ends() { sed -n 's/.*"event":"detach".*"name":"blue".*"ended":"\([a-z]*\)".*/\1/p' "$1"; }

@test "who is to leave has its second, whatever the VR's stall; who got the queue has not" {
	local monitor

	topology slots 256
	spawn ip -j vr monitor
	monitor=$SPAWNED_LOG
	hangs
	newcomer
	ns a "$PROGS/flood" eth0 "$MAC_P0" 10
	x ip vr set blue stall 100
	# The newcomer has packets, and never moves.
	wait_until 30 ended_is stalled
	wait_until 10 ended_twice "$monitor"
	assert_eq "$(ends "$monitor" | xargs)" 'replaced stalled'
	idle
	counter_is reclaimed 30
}

ended_twice() { [ "$(ends "$1" | wc -l)" = 2 ]; }

@test "two that take over from each other, again and again, leave no memory behind" {
	topology slots 64
	# shellcheck disable=SC2046
	raw "$NODE" attach $(printf "attach,features=$TAKEOVER %.0s" {1..20}) map pause
	says pausing
	assert_eq "$(vr_stat blue .generation)" 21
	wait_until 20 pools_are 1
	x kill -9 "$RAW"
	idle
	wait_until 20 pools_are 0
}

pools_are() { [ "$(grep -c europa_pool /proc/vmallocinfo)" = "$1" ]; }

@test "only whose data plane it is, the node's owner, and root take over" {
	topology slots 64
	x ip vr set blue mode 0666
	raw "$NODE" attach map start pause
	says pausing
	spawn setpriv --reuid=daemon --regid=daemon --clear-groups --inh-caps=-all \
		"$PROGS/raw" "$NODE" "attach,features=$TAKEOVER"
	wait_until 10 grep -qx 'attach,features=0x4: EPERM' "$SPAWNED_LOG"
	assert_eq "$(vr_stat blue '[.pid, .generation] | tojson')" "[$RAW,1]"
	# The same user; then root; then the owner of the node, from root.
	raw "$NODE" "attach,features=$TAKEOVER" map pause
	says pausing
	spawn "$PROGS/raw" "$NODE" "attach,features=$TAKEOVER" map pause
	wait_until 10 grep -q '^pausing' "$SPAWNED_LOG"
	assert_eq "$(vr_stat blue '[.pid, .generation, .state] | tojson')" "[$SPAWNED,3,\"running\"]"
	raw "$NODE" "attach,features=$TAKEOVER" map pause
	says pausing
	assert_eq "$(vr_stat blue '[.pid, .generation] | tojson')" "[$RAW,4]"
	# Without asking for it the queue is taken, as ever; a free one is not taken over.
	spawn "${NOBODY[@]}" "$PROGS/raw" "$NODE" attach
	wait_until 10 grep -qx 'attach: EBUSY' "$SPAWNED_LOG"
	x kill -9 "$RAW"
	idle
	raw "$NODE" "attach,features=$TAKEOVER" map pause
	says pausing
	says 'granted: 0x0'
	assert_eq "$(vr_stat blue .state)" attached
}

@test "a newcomer that is killed while it waits changes nothing" {
	local before

	topology slots 256
	before=$(vr_stat blue .stats.fallback)
	hangs
	x kill -STOP "$RAW"
	newcomer
	x kill -9 "$SPAWNED"
	wait "$SPAWNED" || true
	ns a "$PROGS/flood" eth0 "$MAC_P0" 20
	# It has them all, and is asked to leave no more; or its second was over before.
	[ "$(vr_stat blue '[.state, .pid, .generation, .queue[0].rx] | tojson')" = "[\"running\",$RAW,1,40]" ] ||
		[ "$(vr_stat blue '[.state, .generation, .stats.fallback] | tojson')" = "[\"idle\",2,$((before + 40))]" ]
	x kill -9 "$RAW"
	idle
	counter_is fallback $((before + 40))
}

@test "one that says STOP when it is to leave is stopped, if it then stays" {
	local before

	topology slots 256
	before=$(vr_stat blue .stats.fallback)
	hangs stop pause
	newcomer
	next_word
	wait_until 20 grep -Eq '^pausing|EPIPE' "$SAID"
	ns a "$PROGS/flood" eth0 "$MAC_P0" 10
	x kill -9 "$SPAWNED"
	wait "$SPAWNED" || true
	# What was held is the kernel's; or the second was over before.
	[ "$(vr_stat blue '[.state, .pid, .generation, .queue[0].rx, .stats.fallback] | tojson')" = \
	  "[\"attached\",$RAW,1,20,$((before + 10))]" ] ||
		[ "$(vr_stat blue '[.state, .generation, .stats.fallback] | tojson')" = "[\"idle\",2,$((before + 30))]" ]
}

@test "one that dies is waited for no more" {
	local before

	topology slots 256
	before=$(vr_stat blue .stats.fallback)
	hangs
	x kill -STOP "$RAW"
	newcomer
	ns a "$PROGS/flood" eth0 "$MAC_P0" 10
	x kill -9 "$RAW"
	wait_until 20 has_queue
	assert_eq "$(vr_stat blue '[.state, .queue[0].rx, .stats.fallback] | tojson')" "[\"running\",10,$((before + 20))]"
	assert_slots_conserved blue
}

@test "more than there is room for while one waits is dropped and counted" {
	topology slots 64
	hangs
	newcomer
	ns a "$PROGS/flood" eth0 "$MAC_P0" 200
	wait_until 20 has_queue
	# Half of 64 are spares.
	assert_eq "$(vr_stat blue '[.queue[0].rx, .stats.rx, .stats.rx_full] | tojson')" '[32,52,168]'
	assert_slots_conserved blue
}

@test "who waits and who is to leave have one limit between them" {
	topology slots 4096
	hangs
	ns a "$PROGS/flood" eth0 "$MAC_P0" 2000
	wait_until 10 owner_is rx 2020
	x ip vr set blue limit "$(vr_stat blue '.queue[0].held')"
	newcomer
	ns a "$PROGS/flood" eth0 "$MAC_P0" 30
	# Not so once the second is over.
	counter_is rx_limit 30 || has_queue
	wait_until 20 has_queue
	assert_slots_conserved blue
}

@test "a port and a VR go while packets are held" {
	topology slots 256
	hangs
	newcomer
	ns a "$PROGS/flood" eth0 "$MAC_P0" 10
	ns b "$PROGS/flood" eth0 "$MAC_P1" 3
	ns v ip link del vr7p0
	wait_until 20 has_queue
	assert_eq "$(vr_stat blue '.queue[0].rx')" 3
	(($(vr_stat blue .stats.gone) >= 10))
	assert_slots_conserved blue
	# It does not let go of those, either.
	newcomer
	ns b "$PROGS/flood" eth0 "$MAC_P1" 3
	x ip vr del blue
	wait_until 20 grep -Eqx "attach,features=$TAKEOVER: ENODEV|pausing" "$SPAWNED_LOG"
}

@test "who takes over from himself has the queue, and one map that is of no use" {
	topology slots 64
	raw "$NODE" attach map start "attach,features=$TAKEOVER" map pause
	says pausing
	assert_eq "$(vr_stat blue '[.state, .pid, .generation, .ended] | tojson')" "[\"running\",$RAW,2,\"replaced\"]"
	ns a "$PROGS/flood" eth0 "$MAC_P0" 5
	wait_until 10 owner_is rx 5
	assert_slots_conserved blue
	x kill -USR1 "$RAW"
	idle
	counter_is reclaimed 5
}

@test "europa-router --takeover: packets and questions go to the newcomer" {
	local old

	topology slots 1024
	spawn ip vr exec blue europa-router --no-idle --verbose
	old=$SPAWNED
	wait_until 30 state_is running
	serve
	load 64
	moves send
	spawn ip vr exec blue europa-router --no-idle --verbose --takeover
	wait_until 90 ended_is replaced
	wait_until 20 gone "$old"
	wait "$old"
	wait_until 20 answers
	moves send
	loaded_ok
	grep -q ' late 0$' "$CLIENT_SAID"
	counter_is reclaimed 0
	x kill -TERM "$SPAWNED"
	wait_until 20 gone "$SPAWNED"
	wait "$SPAWNED"
}

answers() { ip vr exec blue europa-router --ask stats | grep -q '"sent":[1-9]'; }

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

router_handover()
{
	local old=$ROUTER

	spawn ip vr exec blue europa-router --no-idle --takeover
	ROUTER=$SPAWNED
	wait_until 90 ended_is replaced
	wait_until 20 gone "$old"
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
	# Not before: where the machine is slow, one that only waits for its turn stalls, too.
	x ip vr set blue stall 200
	wait_until 30 state_is idle
	x kill -CONT "$ROUTER"
}

@test "what a handover, a restart, a kill and a stop cost" {
	topology slots 1024
	serve
	start_router
	costs handover router_handover
	assert_eq "$LOST" 0
	costs 'SIGTERM and a new start' router_term
	assert_eq "$LOST" 0
	AFTER=fallback costs 'kill -9' router_kill
	((LOST <= 32))
	start_router
	AFTER=fallback costs 'SIGSTOP, stall 200' router_stop
	((LOST <= 32))
}
