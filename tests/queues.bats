# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# rig: -c 2
# A VR of several queues: which packets are whose, and what becomes of them when one data plane
# of several ends. The topology is that of lib/single.bash.

load lib/common
load lib/single

FLOWS=24 ROUNDS=20
TOTAL=$((FLOWS * ROUNDS))

# worker QUEUE[,features=N] WORD...: a data plane of that queue; its process in ${W[QUEUE]}, words
# in ${SAYS[QUEUE]}. Each stays on one processor, as does who sends: one that moves overtakes what
# it left to the other's backlog.
worker()
{
	raw "$NODE" "attach,queue=$1" map start "${@:2}"
	x taskset -p -c $((${1%%,*} % $(nproc))) "$RAW"
	says "start: ok"
	W[${1%%,*}]=$RAW
	SAYS[${1%%,*}]=$SAID
}

# send_flows [ROUNDS [CPU]]: by that processor.
send_flows()
{
	x ns a taskset -c "${2:-0}" "$PROGS/flows" send 10.2.0.2 9 "$FLOWS" "${1:-$ROUNDS}"
}

# fell_back COUNT: to the fallback, since `begin` noted it: a ping found nobody attached.
begin()
{
	topology "$@"
	FELL=$(vr_stat blue .stats.fallback)
}

fell_back() { assert_eq "$(($(vr_stat blue .stats.fallback) - FELL))" "$1" "to the fallback"; }

# corked COMMAND...: what it has a send leaves at once, in one batch; the debug kernel has no such
# qdisc.
corked()
{
	if in_uml; then
		"$@"
		return
	fi
	x ns a tc qdisc replace dev eth0 root plug limit 1000000
	"$@"
	x ns a taskset -c 0 tc qdisc change dev eth0 root plug release_indefinite
	wait_until 10 uncorked
	x ns a tc qdisc del dev eth0 root
}

uncorked() { ns a tc -s qdisc show dev eth0 | grep -q 'backlog 0b 0p'; }

# tallied QUEUE: its worker goes on to its next word, having said what it saw.
tallied()
{
	x kill -USR1 "${W[$1]}"
	wait_until 20 grep -q '^tally: ok' "${SAYS[$1]}"
	grep '^length' "${SAYS[$1]}" | sort
}

given() { vr_stat blue ".queue[$1].given"; }
given_is() { [ "$(vr_stat blue '[.queue[].given] | add')" = "$1" ]; }
queue_is() { [ "$(vr_stat blue ".queue[$1].$2")" = "$3" ]; }

# home QUEUE: all its slots are free or spare.
home()
{
	wait_until 10 queue_is "$1" rx 0
	assert_eq "$(vr_stat blue ".queue[$1] | [.rx, .vr, .tx, .held] | add")" 0 "out of queue $1"
	assert_eq "$(vr_stat blue ".slots - (.queue[$1] | .free + .spare)")" 0 "slots of queue $1"
}

# bats test_tags=matrix
@test "a flow keeps to its queue, and in order, alone and in batches of many; each queue has some" {
	begin queues 2
	worker 0 tally pause
	worker 1 tally pause
	assert_eq "$(vr_stat blue '[.queues, .spread] | tojson')" '[2,"flow"]'
	receive "$TOTAL"
	send_flows
	all_received
	receive "$TOTAL"
	corked send_flows
	all_received
	given_is $((2 * TOTAL))
	tallied 0 > "$BATS_TEST_TMPDIR/0"
	tallied 1 > "$BATS_TEST_TMPDIR/1"
	head "$BATS_TEST_TMPDIR"/[01] >&2
	[ -s "$BATS_TEST_TMPDIR/0" ] && [ -s "$BATS_TEST_TMPDIR/1" ]
	# Each length is a flow's: at one queue only, all of them there.
	assert_eq "$(cat "$BATS_TEST_TMPDIR"/[01] | wc -l)" "$FLOWS" "flows at queues"
	assert_eq "$(cat "$BATS_TEST_TMPDIR"/[01] | grep -vc ": $((2 * ROUNDS))\$")" 0 "incomplete"
	fell_back 0
	home 0
	home 1
}

@test "one of two workers is killed: the fallback gets its flows, the other's stay where they are" {
	local mine

	begin queues 2
	worker 0 tally pause
	worker 1 tally pause
	receive "$TOTAL"
	send_flows
	all_received
	wait_until 10 given_is "$TOTAL"
	mine=$(given 0)
	((mine > 0 && mine < TOTAL))
	x kill -9 "${W[1]}"
	wait_until 10 queue_is 1 state idle
	assert_eq "$(vr_stat blue '[.state, .queue[0].state, .queue[1].poll, .queue[1].pid] | tojson')" \
		'["running","running","none",null]'
	receive "$TOTAL"
	send_flows
	all_received
	fell_back $((TOTAL - mine))
	assert_eq "$(given 0)" $((2 * mine)) "packets of queue 0"
	# Another comes for the queue: all is as before.
	worker 1 tally pause
	receive "$TOTAL"
	send_flows
	all_received
	fell_back $((TOTAL - mine))
	assert_eq "$(given 0)" $((3 * mine)) "packets of queue 0"
	assert_eq "$(given 1)" $((TOTAL - mine)) "packets of queue 1"
	home 0
	home 1
}

@test "stop and detach are a queue's own; the fallback gets what a killed worker had, in order" {
	topology queues 2
	worker 0 tally stop pause start tally detach pause
	worker 1 hold
	receive "$TOTAL"
	send_flows
	wait_until 20 counter_is rx "$TOTAL"
	tallied 0
	wait_until 10 grep -q '^stop: ok' "${SAYS[0]}"
	assert_eq "$(vr_stat blue '[.state, .queue[0].state, .queue[1].state] | tojson')" \
		'["running","attached","running"]'
	x kill -9 "${W[1]}"
	all_received
	wait_until 10 state_is attached
	x kill -USR1 "${W[0]}"
	wait_until 10 state_is running
	x kill -USR1 "${W[0]}"
	idle
}

@test "a VR goes, and a port, while two workers have packets of it" {
	topology queues 2
	worker 0 hold
	worker 1 hold
	send_flows
	wait_until 20 counter_is rx "$TOTAL"
	x ip link del eu0
	counter_is gone "$TOTAL"
	assert_eq "$(vr_stat blue '[.queue[].vr] | add')" "$TOTAL" "slots the workers keep"
	x ip vr del blue
	wait_until 10 gone "${W[0]}"
	wait_until 10 gone "${W[1]}"
	grep -q '^hold: EPIPE' "${SAYS[0]}" "${SAYS[1]}"
}

@test "spread cpu: the queue is the receiving processor's, of one flow, too" {
	local cpu

	(($(nproc) > 1)) || skip "one processor"
	topology queues 2 spread cpu
	worker 0 drop
	worker 1 drop
	for cpu in 0 1; do
		send_flows "$ROUNDS" $cpu
		wait_until 20 counter_is rx $(((cpu + 1) * TOTAL))
		assert_eq "$(given $cpu)" "$TOTAL" "packets of queue $cpu"
	done
	corked send_flows 1
	wait_until 20 counter_is rx $((2 * TOTAL + FLOWS))
	# And by flow again, at once.
	x ip vr set blue spread flow
	send_flows "$ROUNDS" 1
	wait_until 20 counter_is rx $((3 * TOTAL + FLOWS))
	(($(given 0) > TOTAL + FLOWS && $(given 1) > TOTAL + FLOWS))
}

@test "one process may have several queues, by a file for each; a queue has one data plane" {
	local first

	topology queues 3
	raw "$NODE" attach,queue=0 attach,queue=1 attach,queue=0 attach,queue=3 map start \
		"open=$NODE" attach,queue=0 attach,queue=2 map start poll pause
	says pausing
	diff - "$SAID" <<-EOF
		attach,queue=0: ok
		attach,queue=1: EISCONN
		attach,queue=0: EBUSY
		attach,queue=3: EINVAL
		map: ok
		start: ok
		open=$NODE: ok
		attach,queue=0: EBUSY
		attach,queue=2: ok
		map: ok
		start: ok
		events: none
		poll: ok
		pausing
	EOF
	assert_eq "$(vr_stat blue '[.queue[] | .state] | tojson')" '["running","idle","running"]'
	assert_eq "$(vr_stat blue "[.pid, .pids, .queue[2].pid] == [$RAW, [$RAW], $RAW]")" true
	assert_eq "$(ip vr pids blue)" "$RAW"
	first=$RAW
	worker 1 tally
	assert_eq "$(vr_stat blue '.pids == [.queue[0].pid, .queue[1].pid]')" true
	assert_eq "$(ip vr pids blue | sort -n)" "$(printf '%s\n' "$first" "$RAW" | sort -n)"
}

# A copy of it is what a port gets, which has no device of its own.
@test "a broadcast has a queue, too" {
	topology queues 2
	worker 0 tally pause
	worker 1 tally pause
	x ns a "$PROGS/frames" eth0 5 ffffffffffff02000000000a0806
	wait_until 20 counter_is rx 5
	assert_eq "$(vr_stat blue '[.queue[].given] | min')" 0 "a flow of its own"
}

@test "rules are honoured for a data plane that asked, beside one that did not" {
	local given

	topology queues 2
	x ns v nft add table inet f
	x ns v nft 'add chain inet f c { type filter hook forward priority 0; }'
	worker 0,features=1 "forward=$MAC_A,$MAC_B"
	worker 1 "forward=$MAC_A,$MAC_B"
	assert_eq "$(vr_stat blue .filters)" bypass
	receive "$TOTAL"
	send_flows
	all_received
	given=$(given 0)
	receive "$TOTAL"
	send_flows
	all_received
	# It is not asked about any of them.
	assert_eq "$(given 0)" "$given" "packets of queue 0"
	assert_eq "$(vr_stat blue '.stats.send == .queue[1].given')" true "sent by the other"
	assert_eq "$(vr_stat blue .stats.filtered)" $((2 * TOTAL - $(given 1)))
}

@test "two europa-routers forward for one VR, each for its flows" {
	begin queues 2
	spawn ip vr exec blue europa-router --no-idle --queue 0
	spawn ip vr exec blue europa-router --no-idle --queue 1
	wait_until 20 queue_is 0 state running
	wait_until 20 queue_is 1 state running
	receive "$TOTAL"
	send_flows
	all_received
	counter_is send "$TOTAL"
	fell_back 0
	assert_eq "$(vr_stat blue '[.queue[].given | . > 0] | all')" true "both have some"
	home 0
	home 1
}

@test "queues are as many as was said, while nobody is attached" {
	local sentence='slots, snap and queues cannot change while a data plane is attached'

	begin queues 64
	assert_eq "$(vr_stat blue '[.queue[].index] == [range(64)]')" true
	assert_eq "$(ip -j -s vr show | jq -c '[.[0].queue[].index] == [range(64)]')" true "in a dump"
	raw "$NODE" attach,queue=63 map start pause detach attach,queue=63 attach,queue=1 pause
	says pausing
	refused "$sentence" ip vr set blue queues 2
	refused "$sentence" ip vr set blue slots 64
	x ip vr set blue spread cpu
	next_word
	says "detach: ok"
	says "attach,queue=1: EISCONN"
	x kill "$RAW"
	idle
	x ip vr set blue queues 2
	assert_eq "$(vr_stat blue '[.queues, (.queue | length), .spread] | tojson')" '[2,2,"cpu"]'
	raw "$NODE" attach,queue=2 attach,queue=1 pause
	says "attach,queue=2: EINVAL"
	says "attach,queue=1: ok"
	x kill "$RAW"
	idle
	x ip vr set blue queues 1
	router
	serve
	load 32 100
	loaded_ok
	fell_back 0
}

@test "a VR of one queue becomes one of several, and one again" {
	begin slots 64
	x ip vr set blue queues 4
	worker 3 tally pause
	x kill "${W[3]}"
	idle
	x ip vr replace blue queues 1
	worker 0 tally
	receive 30
	x ns a "$PROGS/flows" send 10.2.0.2 9 30 1
	all_received
	assert_eq "$(given 0)" 30
	fell_back 0
}

# The limit is the VR's: two workers that keep all they get hold no more than one.
@test "the limit is shared by the queues" {
	topology queues 2 limit 1M
	worker 0 hold
	worker 1 hold
	send_flows 200
	wait_until 20 over_limit
	assert_eq "$(vr_stat blue '[.queue[].held | . <= 524288 and . > 500000] | all')" true "halves"
}

over_limit() { (($(vr_stat blue '.stats | .rx + .rx_limit') == FLOWS * 200)); }

@test "monitor tells of which queue it is" {
	topology queues 2
	spawn ip vr monitor
	# shellcheck disable=SC2030
	MONITOR=$SPAWNED_LOG
	wait_until 10 monitored
	raw "$NODE" attach,queue=1 map start pause stop detach
	says pausing
	next_word
	says "detach: ok"
	wait_until 10 grep -q '^detach' "$MONITOR"
	cat "$MONITOR" >&2
	diff - <(grep -E '^(attach|start|stop|detach)' "$MONITOR") <<-EOF
		attach vr 7 blue pid $RAW queue 1
		start vr 7 blue pid $RAW queue 1
		stop vr 7 blue pid $RAW queue 1
		detach vr 7 blue queue 1 ended left
	EOF
}

# Until one comes.
# shellcheck disable=SC2031
monitored()
{
	ip vr set blue prio 1:1
	ip vr set blue prio none
	grep -q '^set' "$MONITOR"
}
