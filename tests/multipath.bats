# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# Which way a flow takes where a route has several: by the policies 2 and 3 of
# fib_multipath_hash_policy, that look into tunnels, and through resilient groups, in which
# it keeps its way. All of it by europa-router. Everything goes one way only, without an
# answer: what arrives is counted and dropped.
#
#                                           ┌─ e0 ns blue-b 10.2.1.2 ─┐
#  ns blue-a 10.1.1.2 ── p0 [VR blue] p1 ───┼─ e0 ns blue-c 10.2.1.3  ├─ 10.50.0.0/16 and
#                                           └─ e1 ns blue-c 10.2.1.4 ─┘  2001:db8:50::/48
#
# See lib/topology.bash for the rest.

# The keys of D, and what lib/common reads.
# shellcheck disable=SC2034,SC2154
load lib/common
load lib/topology
load lib/ways

setup_file()
{
	topology_begin
	# tunl0 and the like, in each namespace.
	x sysctl -qw net.core.fb_tunnels_only_for_init_net=2
	wires
	router blue 1 1
	second <<-EOT
		address add 10.2.1.3/24 dev e0
		address add fd00:2:1::3/64 dev e0 nodad
	EOT
	ns wire ip link add link p1 name e1 address "$(mac_of 1 c1)" \
		netns "$(ns_name blue-c)" type macvlan mode private
	batch blue-c <<< "link set e1 addrgenmode none up"
	sink blue-b
	sink blue-c
	# Known for good: no packet is the kernel's, to keep an entry alive.
	batch blue <<-EOT
		neigh add 10.2.1.2 lladdr $(mac_of 1 b0) dev p1 nud permanent
		neigh add 10.2.1.3 lladdr $(mac_of 1 c0) dev p1 nud permanent
		neigh add 10.2.1.4 lladdr $(mac_of 1 c1) dev p1 nud permanent
		neigh add fd00:2:1::2 lladdr $(mac_of 1 b0) dev p1 nud permanent
		neigh add fd00:2:1::3 lladdr $(mac_of 1 c0) dev p1 nud permanent
	EOT
	# A flow label for each flow, unless told not to: it is part of what is hashed.
	ns blue-a sysctl -qw net.ipv6.auto_flowlabels=0
	tunnels
}

teardown_file()
{
	topology_end
	x sysctl -qw net.core.fb_tunnels_only_for_init_net=0
}

# sink NS: counts what blue-a sends, by interface and destination: of an odd length, with one
# byte of data, wherever it is in. What IPv6 says of itself, also through tunnels, is even.
sink()
{
	ns "$1" nft -f - <<-EOT
		table inet seen {
			counter total { }
			set e0 { type ipv4_addr; size 65535; flags dynamic; }
			set e1 { type ipv4_addr; size 65535; flags dynamic; }
			chain in {
				type filter hook prerouting priority -300
				meta length & 1 == 0 accept
				ip saddr 10.1.1.2 iifname e0 update @e0 { ip daddr }
				ip saddr 10.1.1.2 iifname e1 update @e1 { ip daddr }
				ip saddr 10.1.1.2 counter name total drop
				ip6 saddr fd00:1:1::2 counter name total drop
			}
		}
	EOT
}

# From blue-a to 10.50.0.1 and 2001:db8:50::1: IPv4 and IPv6 in each of them, by IP in IP
# and by GRE. Those of IPv6 are without and with a header for destination options.
tunnels()
{
	local four="local 10.1.1.2 remote 10.50.0.1" six="local fd00:1:1::2 remote 2001:db8:50::1"

	batch blue-a <<-EOT
		link add ipip type ipip $four
		link add gre type gre $four key 7 csum
		link add six type ip6tnl mode any $six encaplimit none
		link add gre6 type ip6gre $six
		link set ipip addrgenmode none up
		link set gre addrgenmode none up
		link set six addrgenmode none up
		link set gre6 addrgenmode none up
		route add 172.16.1.0/24 dev ipip src 10.1.1.2
		route add 172.16.2.0/24 dev gre src 10.1.1.2
		route add 172.16.3.0/24 dev six src 10.1.1.2
		route add 172.16.4.0/24 dev gre6 src 10.1.1.2
		route add 2001:db8:2::/64 dev gre src fd00:1:1::2
		route add 2001:db8:3::/64 dev six src fd00:1:1::2
		route add 2001:db8:4::/64 dev gre6 src fd00:1:1::2
	EOT
	# Not every kernel has it.
	batch blue-a <<< "link add sit type sit $four" || return 0
	batch blue-a <<-EOT
		link set sit addrgenmode none up
		route add 2001:db8:1::/64 dev sit src fd00:1:1::2
	EOT
}

setup()
{
	shared_setup
	europa_router blue
	ns blue ip nexthop flush
	ns blue ip route flush exact 10.50.0.0/16
	ns blue ip -6 route flush exact 2001:db8:50::/48
	ns blue sysctl -qw net.ipv4.fib_multipath_hash_policy=0 net.ipv6.fib_multipath_hash_policy=0
	ping_all blue-a 1 10.1.1.1
	ping_all blue-a 1 fd00:1:1::1
	reset_sinks
}

teardown() { rig_teardown; }

arrived() { ns "$1" nft list counter inet seen total | grep -o 'packets [0-9]*' | cut -d' ' -f2; }
all_arrived() { [ $(($(arrived blue-b) + $(arrived blue-c))) -ge "$1" ]; }

reset_sinks()
{
	local name

	for name in blue-b blue-c; do
		ns "$name" nft "flush set inet seen e0; flush set inet seen e1; reset counter inet seen total" > /dev/null
	done
}

# destinations NS DEV FILE: those seen there, sorted.
destinations()
{
	ns "$1" nft list set inet seen "$2" | grep -Eo '10\.50\.[0-9]+\.[0-9]+' | sort > "$BATS_TEST_TMPDIR/$3"
	wc -l < "$BATS_TEST_TMPDIR/$3"
}

# all_in A B: each destination of file A is in B.
all_in()
{
	run -0 comm -23 "$BATS_TEST_TMPDIR/$1" "$BATS_TEST_TMPDIR/$2"
	assert_eq "$output" "" "$1 without $2"
}

# send N ADDRESS PORT: N packets by UDP; $i in these is 1 to N.
send()
{
	# shellcheck disable=SC2016
	ns blue-a bash -c 'for ((i = 1; i <= $1; i++)); do eval "echo > /dev/udp/$2/$3"; done' - "$@"
}

# fast VR N: so many took the fast path since mark, and nothing is lost. Something else may be
# under way meanwhile, that the kernels say to each other.
fast()
{
	wait_until 20 sent_fast "$@" || return
	assert_no_loss || return
	((D[punt] < 10 + $2 / 10))
}
sent_fast() { since "$1" && ((D[send] >= $2)); }

# pass N ADDRESS PORT: send; all have taken the fast path; B and C have so many each.
pass()
{
	reset_sinks
	mark blue
	send "$@"
	wait_until 20 all_arrived "$1" || return
	B=$(arrived blue-b) C=$(arrived blue-c)
	echo "$2 port $3: blue-b $B, blue-c $C" >&2
	assert_eq $((B + C)) "$1" arrived || return
	fast blue "$1"
}

# Of 40 flows so many go either way: a coin would fail once in 10^7 times.
spread() { pass 40 "$@" && ((B >= 4 && C >= 4)); }
one_way() { pass 20 "$@" && ((B == 0 || C == 0)); }

# Said each time that all has been read again.
syncs() { grep -c "in sync" "$(data_plane_log blue)"; }
synced_since() { [ "$(syncs)" -gt "$1" ]; }

# What is set now is known: of two syncs the second began after this was called.
synced()
{
	local i before

	for i in 1 2; do
		before=$(syncs)
		kill -HUP "$(data_plane_pid blue)"
		wait_until 20 synced_since "$before"
	done
}

# policy FAMILY POLICY [FIELDS]
policy()
{
	x ns blue sysctl -qw "net.$1.fib_multipath_hash_policy=$2"
	[ -z "${3:-}" ] || x ns blue sysctl -qw "net.$1.fib_multipath_hash_fields=$3"
	synced
}

two_ways()
{
	x ns blue ip route add 10.50.0.0/16 nexthop via 10.2.1.2 dev p1 nexthop via 10.2.1.3 dev p1
	x ns blue ip route add 2001:db8:50::/48 nexthop via fd00:2:1::2 dev p1 nexthop via fd00:2:1::3 dev p1
}

# The destinations and ports in these are send's.
# shellcheck disable=SC2016
@test "policy 2: flows of IPv4 in tunnels over IPv4 are spread, each keeps its way" {
	two_ways
	policy ipv4 1
	one_way '172.16.1.$i' 9
	policy ipv4 2
	spread '172.16.1.$i' 9
	one_way 172.16.1.77 '$((1000 + i))'
	spread '172.16.2.$i' 9
	one_way 172.16.2.77 '$((1000 + i))'
}

# shellcheck disable=SC2016
@test "policy 2: flows of IPv6 in tunnels over IPv4, and of none" {
	two_ways
	policy ipv4 2
	spread '2001:db8:2::$i' 9
	one_way 2001:db8:2::77 '$((1000 + i))'
	spread '10.50.0.$i' 9
	one_way 10.50.0.7 '$((1000 + i))'
	ns blue-a ip link show sit || return 0
	spread '2001:db8:1::$i' 9
	one_way 2001:db8:1::77 '$((1000 + i))'
}

# shellcheck disable=SC2016
@test "policy 2: flows of IPv4 in tunnels over IPv6 are spread, each keeps its way" {
	two_ways
	policy ipv6 1
	one_way '172.16.3.$i' 9
	policy ipv6 2
	spread '172.16.3.$i' 9
	one_way 172.16.3.77 '$((1000 + i))'
	spread '172.16.4.$i' 9
	one_way 172.16.4.77 '$((1000 + i))'
}

# shellcheck disable=SC2016
@test "policy 2: flows of IPv6 in tunnels over IPv6, and of none" {
	two_ways
	policy ipv6 2
	spread '2001:db8:3::$i' 9
	one_way 2001:db8:3::77 '$((1000 + i))'
	spread '2001:db8:4::$i' 9
	one_way 2001:db8:4::77 '$((1000 + i))'
	spread '2001:db8:50::$i' 9
	one_way 2001:db8:50::7 '$((1000 + i))'
}

# Of fib_multipath_hash_fields 0x2 and 0x20 are the destination's address and port.
# shellcheck disable=SC2016
@test "policy 3: the fields that are chosen make a flow, and no others" {
	two_ways
	policy ipv4 3 0x20
	spread 10.50.0.7 '$((1000 + i))'
	one_way '10.50.0.$i' 9
	policy ipv4 3 0x2
	spread '10.50.0.$i' '$((1000 + i))'
	one_way '172.16.1.$i' '$((1000 + i))'
}

# shellcheck disable=SC2016
@test "policy 3: the same of IPv6" {
	two_ways
	policy ipv6 3 0x20
	spread 2001:db8:50::7 '$((1000 + i))'
	one_way '2001:db8:50::$i' 9
}

# 0x80 and 0x800 are those inside.
# shellcheck disable=SC2016
@test "policy 3: so do those inside tunnels" {
	two_ways
	policy ipv4 3 0x800
	spread 172.16.1.7 '$((1000 + i))'
	one_way '2001:db8:2::$i' 9
	one_way '10.50.0.$i' '$((1000 + i))'
	policy ipv6 3 0x80
	spread '172.16.4.$i' 9
	spread '2001:db8:3::$i' '$((1000 + i))'
	one_way 2001:db8:4::7 '$((1000 + i))'
}

objects()
{
	x ns blue ip nexthop add id 1 via 10.2.1.2 dev p1
	x ns blue ip nexthop add id 2 via 10.2.1.3 dev p1
	x ns blue ip nexthop add id 3 via 10.2.1.4 dev p1
}

# look N: 100 flows, and files bN, cN, dN of which came to blue-b, and to blue-c's e0 and e1.
# shellcheck disable=SC2016
look()
{
	pass 100 '10.50.0.$i' 9 || return
	NB=$(destinations blue-b e0 "b$1")
	NC=$(destinations blue-c e0 "c$1")
	ND=$(destinations blue-c e1 "d$1")
	echo "look $1: $NB, $NC and $ND flows" >&2
	assert_eq $((NB + NC + ND)) 100 "flows, each one way"
}

rebalanced() { look 2 && ((ND >= 10)); }

punted() { since blue && ((D[punt] >= $1)); }

@test "a resilient group: flows keep their way, also when another member goes" {
	objects
	x ns blue ip nexthop add id 10 group 1/2/3 type resilient buckets 64 idle_timer 600
	x ns blue ip route add 10.50.0.0/16 nhid 10
	synced
	look 1
	((NB >= 10 && NC >= 10 && ND >= 10))
	x ns blue ip nexthop del id 3
	synced
	look 2
	assert_eq "$ND" 0 "flows to who is gone"
	all_in b1 b2
	all_in c1 c2
}

@test "a resilient group: a new member gets what nobody uses" {
	objects
	x ns blue ip nexthop add id 10 group 1/2 type resilient buckets 64 idle_timer 600
	x ns blue ip route add 10.50.0.0/16 nhid 10
	synced
	look 1
	x ns blue ip nexthop replace id 10 group 1/2/3 type resilient
	synced
	look 2
	assert_eq "$ND" 0 "flows to who is new"
	all_in b1 b2
	all_in c1 c2
}

# So few buckets that each has a flow: one without would go to the new member at once.
@test "a resilient group: who has waited for too long gets flows that are busy" {
	objects
	x ns blue ip nexthop add id 10 group 1/2 type resilient buckets 16 idle_timer 600
	x ns blue ip route add 10.50.0.0/16 nhid 10
	synced
	look 1
	x ns blue ip nexthop replace id 10 group 1/2/3 type resilient unbalanced_timer 1
	wait_until 60 rebalanced
	all_in b2 b1
	all_in c2 c1
}

# shellcheck disable=SC2016
@test "a resilient group: weights count, in both families; --check" {
	objects
	x ns blue ip nexthop add id 10 group 1,1/2,4 type resilient buckets 100
	x ns blue ip route add 10.50.0.0/16 nhid 10
	x ns blue ip nexthop add id 4 via fd00:2:1::2 dev p1
	x ns blue ip nexthop add id 5 via fd00:2:1::3 dev p1
	x ns blue ip nexthop add id 11 group 4,4/5,1 type resilient buckets 64
	x ns blue ip route add 2001:db8:50::/48 nhid 11
	synced
	pass 200 '10.50.0.$i' 9
	((B >= 10 && C >= 120))
	pass 200 '2001:db8:50::$i' 9
	((B >= 120 && C >= 10))
	policy ipv6 2
	spread '172.16.3.$i' 9
	run -0 ns blue europa-router --vr blue --check=500
	echo "$output"
	grep -Eq "^[0-9]+ the same, [0-9]+ left to the kernel, 0 differ$" <<< "$output"
}

# Each step leaves the route with a way that works.
@test "resilient groups are replaced and deleted under traffic, in any order: nothing is lost" {
	local sent

	objects
	x ns blue ip nexthop add id 10 group 1/2 type resilient buckets 32 idle_timer 1
	x ns blue ip nexthop add id 11 group 2/3
	x ns blue ip route add 10.50.0.0/16 nhid 10
	synced
	mark blue
	# shellcheck disable=SC2016
	spawn ns blue-a bash -c 'i=0
		while [ ! -e "$1" ]; do
			echo > /dev/udp/10.50.0.$((i % 100))/9
			((++i % 20)) || sleep 0.02
		done
		echo "sent $i"' - "$BATS_TEST_TMPDIR/enough"
	wait_until 60 all_arrived 100
	x ns blue ip nexthop replace id 10 group 1/2/3 type resilient
	x ns blue ip nexthop replace id 3 via 10.2.1.2 dev p1
	x ns blue ip nexthop replace id 10 group 1,3/3,1 type resilient unbalanced_timer 1
	x ns blue ip nexthop del id 1
	x ns blue ip route replace 10.50.0.0/16 nhid 11
	x ns blue ip nexthop del id 10
	x ns blue ip nexthop add id 1 via 10.2.1.4 dev p1
	x ns blue ip nexthop add id 10 group 1 type resilient buckets 7
	x ns blue ip route replace 10.50.0.0/16 nhid 10
	x ns blue ip nexthop replace id 10 group 1/2/3 type resilient
	x ns blue ip nexthop del id 11
	x ns blue ip nexthop replace id 2 via 10.2.1.2 dev p1
	x ns blue ip nexthop del id 3
	x ns blue ip nexthop del id 1
	touch "$BATS_TEST_TMPDIR/enough"
	wait "$SPAWNED"
	sent=$(awk '/^sent/ { print $2 }' "$SPAWNED_LOG")
	wait_until 20 all_arrived "$sent"
	assert_eq $(($(arrived blue-b) + $(arrived blue-c))) "$sent" arrived
	fast blue $((sent * 9 / 10))
	# The last member takes the group and its route with it.
	x ns blue ip nexthop del id 2
	assert_eq "$(ns blue ip nexthop show id 10 2>/dev/null)" "" "group 10"
	synced
	mark blue
	send 5 10.50.0.1 9
	wait_until 20 punted 5
	assert_eq "${D[send]}" 0 forwarded
}

@test "at the end every slot has its owner and nothing is left" {
	assert_all_slots_conserved blue
	RIG_NAMESPACES=(blue blue-a blue-b blue-c wire) RIG_VRS=(blue)
	topology_end
	assert_nothing_left
}
