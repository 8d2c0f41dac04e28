# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# europa-router with several workers, a thread for each queue of the VR, and one set of tables.
# The topology is that of lib/single.bash. On one processor: on several, who sends, or forwards,
# and moves from one to another overtakes what it left to the first one's backlog.

load lib/common
load lib/single

# shellcheck disable=SC2034
RECEIVED_WITHIN=30
FLOWS=48 ROUNDS=20
TOTAL=$((FLOWS * ROUNDS))

# started: the europa-router that was spawned runs with all queues; its process in $ROUTER.
started()
{
	ROUTER=$SPAWNED ROUTER_SAID=$SPAWNED_LOG
	wait_until 30 states_are running
	wait_until 20 answers
}

europa_router()
{
	spawn ip vr exec blue europa-router --no-idle --verbose
	started
}

states_are() { [ "$(vr_stat blue "[.queue[].state | . == \"$1\"] | all")" = true ]; }
answers() { ask stats > /dev/null; }
ask() { ip vr exec blue europa-router --ask "$1"; }
router_stat() { ask stats | jq -r "$1"; }

send_flows()
{
	x ns a "$PROGS/flows" send 10.2.0.2 9 "$FLOWS" "$ROUNDS"
}

# ends: the router, after SIGTERM: well, and nobody has a queue.
ends()
{
	x kill -TERM "$ROUTER"
	wait_until 20 gone "$ROUTER"
	ended_well "$ROUTER" "$ROUTER_SAID" europa-router
	idle
}

@test "one process has all queues; each worker forwards its flows, in order" {
	local stats

	topology queues 3
	europa_router
	assert_eq "$(vr_stat blue '[.queue[].pid] | unique | length')" 1 "processes"
	receive "$TOTAL"
	send_flows
	all_received
	# A worker's packets are those that its queue was given.
	stats=$(ask stats)
	assert_eq "$(jq -c '[.sent, ([.workers[].sent] | add), [.workers[].queue],
		([.workers[].sent | . > 0] | all)]' <<< "$stats")" "[$TOTAL,$TOTAL,[0,1,2],true]"
	assert_eq "$(jq -c '[.workers[] | .sent + .punted]' <<< "$stats")" \
		"$(vr_stat blue '[.queue[].given] | tojson')" "by queue"
	x kill -USR1 "$ROUTER"
	wait_until 10 grep -Eq '^  queue 2 +sent [1-9]' "$ROUTER_SAID"
	ends
}

@test "routes, neighbours and groups change under traffic: nothing is lost, and each change is seen" {
	local net

	topology queues 3
	ns v sysctl -q -w net.ipv6.conf.vr7p1.disable_ipv6=0
	europa_router
	serve
	load 64
	moves send
	# The way to b: direct, by a gateway that is b, by an object, by a group of such. Between,
	# many routes, so that tables grow, move, and shrink.
	x ns v ip nexthop add id 1 via 10.2.0.2 dev vr7p1
	x ns v ip nexthop add id 2 via 10.2.0.2 dev vr7p1
	x ns v ip nexthop add id 3 group 1/2
	for net in 1 2 3; do
		{
			cat <<-END
				route replace 10.2.0.2/32 via 10.2.0.2 dev vr7p1 onlink
				neighbour replace 10.2.0.2 lladdr $MAC_B dev vr7p1 nud permanent
				route replace 10.2.0.2/32 nhid 1
			END
			seq -f "route replace 198.18.$net.%g/32 via 10.2.0.2 dev vr7p1" 1 60
			cat <<-END
				nexthop replace id 1 dev vr7p1
				nexthop replace id 1 via 10.2.0.2 dev vr7p1
				route replace 10.2.0.2/32 nhid 3
			END
			seq -f "route replace 2001:db8:$net:%g::/64 dev vr7p1" 1 60
			seq -f "route del 198.18.$net.%g/32" 1 2 60
			echo route del 10.2.0.2/32
		} > "$BATS_TEST_TMPDIR/batch"
		ns v ip -batch "$BATS_TEST_TMPDIR/batch"
		moves send
	done
	loaded_ok
	grep -q ' late 0$' "$CLIENT_SAID"
	counter_is reclaimed 0
	wait_until 20 looks_up 198.18.3.60 10.2.0.2
	x ip vr exec blue europa-router --check=100 >&2
	ends
}

looks_up() { ask "lookup $1" | grep -q "\"via\":\"$2\""; }

@test "killed, it lets go of all queues, and the kernel forwards; one that comes takes all" {
	topology queues 3
	europa_router
	x kill -9 "$ROUTER"
	wait "$ROUTER" || true
	idle
	receive "$TOTAL"
	send_flows
	all_received
	counter_is send 0
	europa_router
	receive "$TOTAL"
	send_flows
	all_received
	counter_is send "$TOTAL"
	ends
}

@test "one queue is taken over: the others go on; the VR goes: so does the process" {
	topology queues 2
	europa_router
	# Somebody else's data plane takes one queue, and lets it go.
	raw "$NODE" attach,queue=1,features=4 map start pause
	says pausing
	assert_eq "$(vr_stat blue '[.queue[] | .state] | tojson')" '["running","running"]'
	assert_eq "$(vr_stat blue ".queue[1].pid == $RAW and .queue[0].pid == .pids[0]")" true
	# Who left is not missed by the rest.
	kill -0 "$ROUTER"
	x kill "$RAW"
	wait_until 10 queue_idle 1
	receive "$TOTAL"
	send_flows
	all_received
	x ip vr del blue
	wait_until 20 gone "$ROUTER"
	grep -q 'VR 7 is gone' "$ROUTER_SAID"
}

queue_idle() { [ "$(vr_stat blue ".queue[$1].state")" = idle ]; }

@test "--takeover: all queues go to the newcomer, and no packet is lost" {
	local old

	topology queues 3
	europa_router
	old=$ROUTER
	serve
	load 64
	moves send
	spawn ip vr exec blue europa-router --no-idle --verbose --takeover
	wait_until 60 gone "$old"
	wait "$old"
	started
	assert_eq "$(vr_stat blue '[.queue[].pid] | unique | length')" 1 "processes"
	moves send
	loaded_ok
	grep -q ' late 0$' "$CLIENT_SAID"
	counter_is reclaimed 0
	ends
}

@test "as many workers as were asked for, from the queue that was named" {
	local one other

	topology queues 4
	spawn ip vr exec blue europa-router --no-idle --queue 1 --workers 2
	one=$SPAWNED
	wait_until 20 tells 1
	assert_eq "$(vr_stat blue '[.queue[].state] | tojson')" '["idle","running","running","idle"]'
	spawn ip vr exec blue europa-router --no-idle --queue 3
	other=$SPAWNED
	wait_until 20 tells 3
	assert_eq "$(ip vr exec blue europa-router --queue 3 --ask stats | jq -c '[.workers[].queue]')" '[3]'
	refused 'queue 1 of the VR has a data plane already' ip vr exec blue europa-router
	x kill -TERM "$one" "$other"
	wait "$one"
	wait "$other"
	idle
	refused 'the VR has no queue 4' ip vr exec blue europa-router --workers 5
	refused 'is not a number from 1 to 64' ip vr exec blue europa-router --workers 0
	idle
}

tells() { ip vr exec blue europa-router --queue "$1" --ask stats > /dev/null; }

@test "packets are traced, whichever worker has them, while routes change" {
	local i tracer told

	topology queues 3
	europa_router
	spawn ip vr exec blue europa-router --trace 200
	tracer=$SPAWNED told=$SPAWNED_LOG
	serve
	load 32
	for i in {1..50}; do
		echo "route replace 192.0.2.$i/32 via 10.2.0.2 dev vr7p1"
	done | ns v ip -batch -
	wait_until 60 gone "$tracer"
	loaded_ok
	assert_eq "$(grep -vc 'packets were too quick' "$told")" 200 "packets told"
	grep -q '10.1.0.2 > 10.2.0.2 udp .* sent by "vr7p1" to' "$told"
	ends
}

@test "lone packets are the kernel's while workers sleep, unless there are several ways" {
	local before

	topology queues 2
	spawn ip vr exec blue europa-router
	started
	x ns a ping -q -c 5 -i 0.2 10.2.0.2
	wait_until 10 counter_over idle 4
	x ns v ip route add 203.0.113.0/24 nexthop via 10.2.0.2 nexthop via 10.1.0.2
	wait_until 20 several_ways
	before=$(vr_stat blue .stats.idle)
	x ns a ping -q -c 5 -i 0.2 10.2.0.2
	assert_eq "$(vr_stat blue .stats.idle)" "$before" "idle"
	ends
}

several_ways() { ask "lookup 203.0.113.1" | grep -q ways; }

@test "a VR of one queue has one worker, and no thread" {
	topology
	europa_router
	assert_eq "$(find "/proc/$ROUTER/task" -mindepth 1 -maxdepth 1 | wc -l)" 1 "threads"
	assert_eq "$(router_stat '.workers | length')" 1
	receive "$TOTAL"
	send_flows
	all_received
	ends
	# And with several queues one more than those.
	x ip vr set blue queues 3
	europa_router
	assert_eq "$(find "/proc/$ROUTER/task" -mindepth 1 -maxdepth 1 | wc -l)" 4 "threads"
	ends
}
