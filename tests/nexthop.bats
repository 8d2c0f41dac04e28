# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# Routes as daemons install them: by nexthop objects, by groups of those, by several ways.
# europa-router forwards, and follows what is replaced and deleted under traffic.
#
#                                           ┌─ ns blue-b 10.2.1.2 ─┐
#  ns blue-a 10.1.1.2 ── p0 [VR blue] p1 ───┤                      ├─ 10.50.0.0/16, each all of it
#                                           └─ ns blue-c 10.2.1.3 ─┘
#
# See lib/topology.bash for the rest.

# The keys of D, and what lib/common reads.
# shellcheck disable=SC2034,SC2154
load lib/common
load lib/topology
load lib/ways

FLOWS_TO=10.50.0.

setup_file()
{
	topology_begin
	wires
	router blue 1 1
	second <<-EOT
		address add 10.2.1.3/24 dev e0
		route add default via 10.2.1.1
	EOT
	x ns blue-b ip route add local 10.50.0.0/16 dev lo
	x ns blue-c ip route add local 10.50.0.0/16 dev lo
}

teardown_file() { topology_end; }

setup()
{
	shared_setup
	europa_router blue
	# With an object go its routes, which ip route flush (6.1) cannot remove.
	ns blue ip nexthop flush
	ns blue ip route flush exact 10.50.0.0/16
	ns blue sysctl -qw net.ipv4.fib_multipath_hash_policy=0 net.ipv4.fib_multipath_use_neigh=0
	ping_all blue-b 1 10.2.1.1
	ping_all blue-c 1 10.2.1.1
}

teardown() { rig_teardown; }

# Everything to 10.50.0.1 goes one way, but for what the kernel gets now and then to keep a
# neighbour's entry alive: it chooses by a hash of its own.
sticky()
{
	go
	ping_all blue-a 30 10.50.0.1
	got
	((B + C >= 30 && (B <= 5 || C <= 5)))
	assert_forwarded blue 58
}

unreachable()
{
	run -1 ns blue-a ping -n -c 1 -w 3 10.50.0.1
	echo "$output"
	grep -q "From 10.1.1.1 .*Net Unreachable" <<< "$output"
}

@test "a route by a nexthop object takes the fast path" {
	x ns blue ip nexthop add id 1 via 10.2.1.2 dev p1
	x ns blue ip route add 10.50.0.0/16 nhid 1
	ping_all blue-a 1 10.50.0.1
	go
	ping_all blue-a 20 10.50.0.1
	got
	assert_forwarded blue 38
	((B >= 20 && C <= 5))
}

@test "a nexthop object is replaced under traffic: nothing is lost, no route touched" {
	local i

	x ns blue ip nexthop add id 1 via 10.2.1.2 dev p1
	x ns blue ip route add 10.50.0.0/16 nhid 1
	ping_all blue-a 1 10.50.0.1
	go
	spawn ns blue-a ping -n -c 400 -i 0.01 -w 60 10.50.0.1
	for i in 3 2 3 2 3; do
		x ns blue ip nexthop replace id 1 via "10.2.1.$i" dev p1
		sleep 0.3
	done
	wait "$SPAWNED" || { tail -n 3 "$SPAWNED_LOG"; false; }
	tail -n 3 "$SPAWNED_LOG"
	# As in ping_all: a later one may still be on its way at the end.
	assert_eq "$(grep -o 'icmp_seq=[0-9]*' "$SPAWNED_LOG" | cut -d= -f2 | awk '$1 <= 400' | sort -u | wc -l)" 400 answered
	got
	assert_forwarded blue 760
	((B >= 20 && C >= 20))
	go
	ping_all blue-a 10 10.50.0.1
	got
	((C >= 10 && B <= 3))
}

@test "a deleted nexthop object takes its routes with it; a new one of that id has none" {
	x ns blue ip nexthop add id 1 via 10.2.1.2 dev p1
	x ns blue ip route add 10.50.0.0/16 nhid 1
	ping_all blue-a 3 10.50.0.1
	x ns blue ip nexthop del id 1
	unreachable
	x ns blue ip nexthop add id 1 via 10.2.1.3 dev p1
	unreachable
	x ns blue ip route add 10.50.0.0/16 nhid 1
	ping_all blue-a 2 10.50.0.1
	go
	ping_all blue-a 20 10.50.0.1
	got
	assert_forwarded blue 38
	((C >= 20))
	# As daemons do it: the route first.
	x ns blue ip route del 10.50.0.0/16
	x ns blue ip nexthop del id 1
	unreachable
}

@test "a group of two nexthops: both are used, each flow keeps its way" {
	x ns blue ip nexthop add id 1 via 10.2.1.2 dev p1
	x ns blue ip nexthop add id 2 via 10.2.1.3 dev p1
	x ns blue ip nexthop add id 10 group 1/2
	x ns blue ip route add 10.50.0.0/16 nhid 10
	flows 3
	go
	flows 60
	got
	assert_forwarded blue 118
	((B >= 12 && C >= 12))
	sticky
	# One of them goes while all flows.
	spawn ns blue-a ping -n -c 200 -i 0.01 -w 60 10.50.0.1
	x ns blue ip nexthop del id 2
	wait "$SPAWNED"
	go
	flows 20
	got
	assert_forwarded blue 38
	((B >= 20 && C <= 3))
	x ns blue ip nexthop del id 10
	unreachable
}

@test "a multipath route: weights count, by addresses and by ports" {
	x ns blue ip route add 10.50.0.0/16 nexthop via 10.2.1.2 dev p1 weight 1 nexthop via 10.2.1.3 dev p1 weight 4
	flows 3
	go
	flows 80
	got
	assert_forwarded blue 158
	((B >= 2 && C >= 40))
	sticky
	x ns blue sysctl -w net.ipv4.fib_multipath_hash_policy=1
	sleep 1.2
	ping_all blue-a 1 10.50.0.1
	sticky
}

failed() { ns blue ip neigh show 10.2.1.9 dev p1 | grep -q FAILED; }

# fails: of the next hop 10.2.1.9, which is nobody, the kernel says so.
fails()
{
	ns blue ip neigh del 10.2.1.9 dev p1 2>/dev/null || true
	ns blue ping -n -c 1 -W 1 10.2.1.9 || true
	wait_until 30 failed
}

# all_by_c: 20 flows and the answers, which without it would be the kernel's for the half.
all_by_c()
{
	go
	flows 20
	got
	assert_forwarded blue 38
	((C >= 20))
}

@test "a next hop of a group that does not answer: all flows take the other, and the fast path" {
	x ns blue ip nexthop add id 1 via 10.2.1.9 dev p1
	x ns blue ip nexthop add id 2 via 10.2.1.3 dev p1
	x ns blue ip nexthop add id 10 group 1/2
	x ns blue ip route add 10.50.0.0/16 nhid 10
	fails
	flows 2
	all_by_c
}

@test "a next hop of a route that does not answer: the same, if fib_multipath_use_neigh says so" {
	x ns blue sysctl -w net.ipv4.fib_multipath_use_neigh=1
	x ns blue ip route add 10.50.0.0/16 nexthop via 10.2.1.3 dev p1 nexthop via 10.2.1.9 dev p1
	fails
	sleep 1.2
	flows 2
	all_by_c
}

@test "a route's MTU: what fits is fast, else the kernel says what would" {
	x ns blue ip route add 10.50.0.0/16 via 10.2.1.2 dev p1 mtu 1300
	ping_all blue-a 1 10.50.0.1
	mark blue
	ping_all blue-a 20 10.50.0.1 -M "do" -s 1272
	assert_forwarded blue 38
	run -1 ns blue-a ping -n -c 2 -i 0.2 -W 2 -M "do" -s 1273 10.50.0.1
	echo "$output"
	grep -Eq "(mtu ?= ?1300)" <<< "$output"
	ns blue-a ip route flush cache
}

@test "--check: for every route and many addresses the answer is the kernel's" {
	local i

	x ns blue ip nexthop add id 1 via 10.2.1.2 dev p1
	x ns blue ip nexthop add id 2 via 10.2.1.3 dev p1
	x ns blue ip nexthop add id 3 dev p1
	x ns blue ip nexthop add id 4 blackhole
	x ns blue ip nexthop add id 10 group 1/2,5
	{
		for ((i = 0; i < 400; i++)); do
			echo "route add $((11 + i % 100)).$((i * 7 % 256)).0.0/16 metric $i nhid $((i % 4 + 1))"
			echo "route add $((11 + i % 100)).$((i * 7 % 256)).$((i % 64 * 4)).0/22 nhid 10"
		done
		echo "route add 10.50.0.0/16 nexthop via 10.2.1.2 dev p1 nexthop via 10.2.1.3 dev p1 weight 3"
		echo "route add 10.60.0.0/16 via 10.2.1.2 mtu 1300"
		echo "route add unreachable 10.61.0.0/16"
		echo "route add 10.62.0.1 via 10.99.0.1 dev p1 onlink"
	} > "$BATS_TEST_TMPDIR/routes"
	x ip -n "$(ns_name blue)" -batch "$BATS_TEST_TMPDIR/routes"
	assert_eq "$(ns blue ip -j route show | jq length)" 806 routes
	run -0 ns blue europa-router --vr blue --check=5000
	echo "$output"
	grep -Eq "^[0-9]+ the same, [0-9]+ left to the kernel, 0 differ$" <<< "$output"
	ns blue ip nexthop flush
	run -0 ns blue europa-router --vr blue --check=1000
}

@test "at the end every slot has its owner and nothing is left" {
	assert_all_slots_conserved blue
	RIG_NAMESPACES=(blue blue-a blue-b blue-c wire) RIG_VRS=(blue)
	topology_end
	assert_nothing_left
}
