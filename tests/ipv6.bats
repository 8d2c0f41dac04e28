# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# IPv6 takes the fast path of europa-router where IPv4 does; the kernel answers the rest.
#
#                                              ┌─ ns blue-b fd00:2:1::2 ─┐
#  ns blue-a fd00:1:1::2 ── p0 [VR blue] p1 ───┤                         ├─ 2001:db8:50::/48, each
#                                              └─ ns blue-c fd00:2:1::3 ─┘                 all of it
#
# See lib/topology.bash for the rest.

# The keys of D, and what lib/common reads.
# shellcheck disable=SC2034,SC2154
load lib/common
load lib/topology
load lib/ways

FLOWS_TO=2001:db8:50::

setup_file()
{
	topology_begin
	wires
	router blue 1 1
	# Link-local addresses, too, for the two and for the VR.
	second <<-EOT
		address add fd00:2:1::3/64 dev e0 nodad
		address add fe80::c/64 dev e0 nodad
		route add default via fd00:2:1::1
		route add local 2001:db8:50::/48 dev lo
	EOT
	batch blue-b <<-EOT
		address add fe80::b/64 dev e0 nodad
		route add local 2001:db8:50::/48 dev lo
	EOT
	batch blue <<< "address add fe80::1/64 dev p1 nodad"
}

teardown_file() { topology_end; }

setup()
{
	shared_setup
	europa_router blue
	ns blue ip nexthop flush
	ns blue ip -6 route flush exact 2001:db8:50::/48
	ns blue ip route flush exact 10.50.0.0/16
	ns blue sysctl -qw net.ipv6.fib_multipath_hash_policy=0
	ping_all blue-b 1 fd00:2:1::1
	ping_all blue-c 1 fd00:2:1::1
	ping_all blue-a 1 fd00:2:1::2
}

teardown() { rig_teardown; }

@test "ping from cold: the neighbour is resolved, then the data plane forwards" {
	ns blue ip -6 neigh flush all
	ns blue-a ip -6 neigh flush all
	ns blue-b ip -6 neigh flush all
	ping_all blue-a 3 fd00:2:1::2
	mark blue
	ping_all blue-a 20 fd00:2:1::2
	assert_forwarded blue 38
	ns blue-a ping -n -c 1 fd00:2:1::2 | grep -q "ttl=63"
}

@test "what is for the VR itself goes to its kernel" {
	ping_all blue-a 1 fd00:1:1::1
	mark blue
	ping_all blue-a 10 fd00:1:1::1
	ping_all blue-a 10 fd00:2:1::1
	assert_forwarded blue 0
	((D[punt] >= 20))
}

@test "the hop limit: at 1 the VR says Time Exceeded" {
	run -1 ns blue-a ping -n -c 1 -W 2 -t 1 fd00:2:1::2
	echo "$output"
	grep -q "From fd00:1:1::1 .*Time exceeded" <<< "$output"
}

@test "iperf3 TCP and UDP" {
	local how

	spawn ns blue-b iperf3 -s
	listening blue-b 5201
	for how in "-n 4M" "-n 4M -R" "-u -l 1200 -b 8M -n 600K"; do
		mark blue
		# shellcheck disable=SC2086
		ns blue-a timeout 20 iperf3 -6 -c fd00:2:1::2 $how > "$BATS_TEST_TMPDIR/iperf" || {
			cat "$BATS_TEST_TMPDIR/iperf"
			false
		}
		assert_forwarded blue 60
	done
}

@test "a smaller MTU behind the VR: Packet Too Big says so" {
	ns blue ip link set p1 mtu 1300
	run -1 ns blue-a ping -n -c 2 -i 0.2 -W 2 -M "do" -s 1400 fd00:2:1::2
	echo "$output"
	grep -Eq "(Packet too big|mtu ?= ?1300)" <<< "$output"
	ns blue ip link set p1 mtu 1500
	ns blue-a ip -6 route flush cache
	ping_all blue-a 3 fd00:2:1::2 -M "do" -s 1452
}

@test "a route by a link-local gateway, changed under traffic: nothing is lost" {
	local i

	x ns blue ip -6 route add 2001:db8:50::/48 via fe80::b dev p1
	ping_all blue-a 2 2001:db8:50::1
	go
	ping_all blue-a 20 2001:db8:50::1
	got
	assert_forwarded blue 38
	((B >= 20))
	ns blue ping -n -c 1 -w 10 fe80::c%p1
	go
	spawn ns blue-a ping -n -c 300 -i 0.01 -w 60 2001:db8:50::1
	for i in c b c b c; do
		x ns blue ip -6 route replace 2001:db8:50::/48 via "fe80::$i" dev p1
		sleep 0.3
	done
	wait "$SPAWNED" || { tail -n 3 "$SPAWNED_LOG"; false; }
	got
	((B >= 20 && C >= 20))
	x ns blue ip -6 route del 2001:db8:50::/48
	run -1 ns blue-a ping -n -c 1 -w 3 2001:db8:50::1
	echo "$output"
	grep -q "From fd00:1:1::1 .*[Uu]nreachable" <<< "$output"
}

@test "a neighbour's address changes: the next packets have the new one" {
	ping_all blue-a 2 fd00:2:1::2
	ns blue-b ip link set e0 address "$(mac_of 1 bb)"
	ns blue ip -6 neigh flush dev p1
	ping_all blue-a 3 fd00:2:1::2
	mark blue
	ping_all blue-a 20 fd00:2:1::2
	assert_forwarded blue 38
	ns blue-b ip link set e0 address "$(mac_of 1 b0)"
	ns blue ip -6 neigh flush dev p1
	ping_all blue-a 3 fd00:2:1::2
}

@test "several ways, added and removed one by one, and by nexthop objects" {
	x ns blue ip -6 route add 2001:db8:50::/48 nexthop via fd00:2:1::2 dev p1 nexthop via fd00:2:1::3 dev p1
	flows 3
	go
	flows 60
	got
	assert_forwarded blue 118
	((B >= 12 && C >= 12))
	x ns blue ip -6 route del 2001:db8:50::/48 via fd00:2:1::3 dev p1
	sleep 0.5
	flows 2
	go
	flows 20
	got
	assert_forwarded blue 38
	((B >= 20 && C <= 5))
	x ns blue ip -6 route append 2001:db8:50::/48 via fd00:2:1::3 dev p1
	flows 2
	go
	flows 60
	got
	assert_forwarded blue 118
	((B >= 12 && C >= 12))
	x ns blue ip -6 route del 2001:db8:50::/48
	x ns blue ip nexthop add id 1 via fd00:2:1::2 dev p1
	x ns blue ip nexthop add id 2 via fd00:2:1::3 dev p1
	x ns blue ip nexthop add id 10 group 1/2
	x ns blue ip -6 route add 2001:db8:50::/48 nhid 10
	flows 2
	go
	flows 60
	got
	assert_forwarded blue 118
	((B >= 12 && C >= 12))
}

@test "an IPv4 route by an IPv6 gateway" {
	x ns blue-b ip route add local 10.50.0.0/16 dev lo
	x ns blue ip route add 10.50.0.0/16 via inet6 fe80::b dev p1
	ping_all blue-a 2 10.50.0.1
	mark blue
	ping_all blue-a 20 10.50.0.1
	assert_forwarded blue 38
	ns blue-b ip route del local 10.50.0.0/16 dev lo
}

@test "forwarding off, for IPv6 alone: the kernel has its packets, the data plane IPv4's" {
	ns blue sysctl -qw net.ipv6.conf.all.forwarding=0
	run -1 ns blue-a ping -n -c 2 -i 0.2 -W 1 fd00:2:1::2
	mark blue
	ping_all blue-a 10 10.2.1.2
	assert_forwarded blue 18
	ns blue sysctl -qw net.ipv6.conf.all.forwarding=1
	ping_all blue-a 3 fd00:2:1::2
}

in_chain() { ns blue nft list table ip6 t | sed -n 's/.*counter packets \([0-9]*\) .*/\1/p'; }

@test "a rule of nftables for IPv6: not a packet past it, and IPv4 stays fast" {
	ping_all blue-a 1 fd00:2:1::2
	ping_all blue-a 1 10.2.1.2
	ns blue nft -f - <<-EOT
		table ip6 t {
			chain c {
				type filter hook forward priority 0;
				icmpv6 type { echo-request, echo-reply } counter
			}
		}
	EOT
	mark blue
	ping_all blue-a 20 fd00:2:1::2
	since blue
	assert_eq "$(in_chain)" 40 "packets of the rule"
	((D[send] == 0 && D[filtered] >= 38))
	# The packets that came with IPv6's rule in force are looked at one by one.
	mark blue
	ping_all blue-a 20 10.2.1.2
	assert_forwarded blue 38
	ns blue nft delete table ip6 t
	ping_all blue-a 1 fd00:2:1::2
	mark blue
	ping_all blue-a 20 fd00:2:1::2
	assert_forwarded blue 38
}

@test "--check: for every route and many addresses the answer is the kernel's" {
	local i

	for ((i = 0; i < 300; i++)); do
		printf "route add 2001:db8:%x::/48 via fd00:2:1::%d dev p1 metric %d\n" $((i + 1)) $((i % 2 + 2)) $((i + 1))
		printf "route add 2001:db8:%x:%x::/64 via fe80::b dev p1\n" $((i + 1)) $((i * 7))
	done > "$BATS_TEST_TMPDIR/routes"
	{
		echo "route add unreachable 2001:db8:1:8000::/49"
		echo "route add 2001:db9::/32 nexthop via fd00:2:1::2 dev p1 nexthop via fd00:2:1::3 dev p1"
		echo "route add 2001:dba::/32 via fd00:2:1::2 mtu 1300"
	} >> "$BATS_TEST_TMPDIR/routes"
	x ip -6 -n "$(ns_name blue)" -batch "$BATS_TEST_TMPDIR/routes"
	run -0 ns blue europa-router --vr blue --check=3000
	echo "$output"
	grep -Eq "^[0-9]+ the same, [0-9]+ left to the kernel, 0 differ$" <<< "$output"
	sed -i 's/^route add/route del/' "$BATS_TEST_TMPDIR/routes"
	ip -6 -n "$(ns_name blue)" -force -batch "$BATS_TEST_TMPDIR/routes" || true
}

@test "at the end every slot has its owner and nothing is left" {
	assert_all_slots_conserved blue
	RIG_NAMESPACES=(blue blue-a blue-b blue-c wire) RIG_VRS=(blue)
	topology_end
	assert_nothing_left
}
