# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# VLAN interfaces on a port take the fast path of europa-router, both ways, in the VLANs that the
# operator allows; and what would have met a rule at one is the kernel's.
#
#                                         ┌─ VLAN 10 ── ns blue-b 10.10.1.2
#  ns blue-a 10.1.1.2 ── p0 [VR blue] p1 ─┤
#                                         └─ VLAN 20 ── ns blue-c 10.20.1.2
#
# The VR is 10.10.1.1 and 10.20.1.1 there, and the same of fd00:10::/64 and fd00:20::/64.
# See lib/topology.bash for the rest.

# The keys of D, and what lib/common reads.
# shellcheck disable=SC2034,SC2154
load lib/common
load lib/topology
load lib/ways

# in_vlan NS ID OTHER: the namespace's interface in VLAN ID; all but the VR is behind it.
in_vlan()
{
	batch "$1" <<-EOT
		link add link e0 name e0.$2 type vlan id $2
		link set e0.$2 addrgenmode none up
		address add 10.$2.1.2/24 dev e0.$2
		address add fd00:$2::2/64 dev e0.$2 nodad
		route add 10.1.0.0/16 via 10.$2.1.1
		route add 10.$3.0.0/16 via 10.$2.1.1
		route add fd00:1::/32 via fd00:$2::1
		route add fd00:$3::/32 via fd00:$2::1
	EOT
	batch blue <<-EOT
		link add link p1 name p1.$2 type vlan id $2
		link set p1.$2 up
		address add 10.$2.1.1/24 dev p1.$2
		address add fd00:$2::1/64 dev p1.$2 nodad
	EOT
}

setup_file()
{
	topology_begin
	x modprobe -a 8021q
	wires
	router blue 1 1
	second <<< "address add 10.2.1.3/24 dev e0"
	in_vlan blue-b 10 20
	in_vlan blue-c 20 10
	ns blue sysctl -qw net.ipv4.conf.all.rp_filter=0
}

teardown_file() { topology_end; }

setup()
{
	shared_setup
	europa_router blue
	ns blue ip link set p1 type europa vlan 10,20
	ping_all blue-a 2 10.10.1.2
	ping_all blue-b 2 10.20.1.2
}

teardown() { rig_teardown; }

# fast NS ADDRESS
fast()
{
	mark blue
	ping_all "$1" 10 "$2"
	assert_forwarded blue 18
}

@test "into a VLAN and out of it, and from one to the other on the same port" {
	ping_all blue-a 2 fd00:10::2
	fast blue-a 10.10.1.2
	fast blue-a fd00:10::2
	# Not from the port that it came in on: from the VLAN.
	fast blue-b 10.20.1.2
	ping_all blue-b 2 fd00:20::2
	fast blue-b fd00:20::2
	ns blue-b ping -n -c 1 10.20.1.2 | grep -q "ttl=63"
	# What is for the VR itself is the kernel's.
	mark blue
	ping_all blue-b 5 10.10.1.1
	since blue
	assert_eq "${D[send]}" 0 send
}

@test "TCP, with super-packets, into a VLAN and out of it" {
	local direction

	spawn ns blue-b iperf3 -s
	listening blue-b 5201
	for direction in "" -R; do
		mark blue
		ns blue-a timeout 60 iperf3 -c 10.10.1.2 -n 2M $direction > "$BATS_TEST_TMPDIR/iperf" || {
			cat "$BATS_TEST_TMPDIR/iperf"
			false
		}
		assert_forwarded blue 30
	done
}

@test "the VLAN interface's own MTU, address and settings count" {
	ns blue ip link set p1.10 mtu 1300
	run -1 ns blue-a ping -n -c 1 -W 5 -M "do" -s 1400 10.10.1.2
	echo "$output"
	grep -Eq "(mtu ?= ?1300)" <<< "$output"
	ns blue ip link set p1.10 mtu 1500
	ns blue-a ip route flush cache
	ns blue sysctl -qw net.ipv4.conf.p1/10.forwarding=0
	run -1 ns blue-b ping -n -c 2 -i 0.2 -W 2 10.20.1.2
	ns blue sysctl -qw net.ipv4.conf.p1/10.forwarding=1
	# The source is routed to another interface, on the same port.
	ns blue sysctl -qw net.ipv4.conf.p1/10.rp_filter=1
	ns blue ip route add 10.77.0.0/16 via 10.20.1.2
	ns blue-b ip address add 10.77.0.1/32 dev lo
	mark blue
	run -1 ns blue-b ping -n -c 3 -i 0.05 -W 1 -I 10.77.0.1 10.1.1.2
	since blue
	assert_eq "${D[send]}" 0 send
	ns blue-b ip address del 10.77.0.1/32 dev lo
	ns blue ip route del 10.77.0.0/16
	fast blue-b 10.1.1.2
	ns blue sysctl -qw net.ipv4.conf.p1/10.rp_filter=0
	ns blue ip link set p1.10 type vlan egress 0:3
	mark blue
	ping_all blue-a 5 10.10.1.2
	since blue
	assert_eq "${D[send]}" 0 send
	ns blue ip link set p1.10 type vlan egress 0:0
}

@test "a tag that the operator does not allow leaves by no way" {
	ns blue ip link set p1 type europa vlan 20
	mark blue
	run -1 ns blue-a ping -n -c 5 -i 0.02 -W 2 10.10.1.2
	since blue
	((D[spoof] >= 5))
	assert_eq "${D[send]}" 0 send
	ns blue ip link set p1 type europa vlan 10
	ping_all blue-a 2 10.10.1.2
	fast blue-a 10.10.1.2
}

# --- rules at a VLAN interface --------------------------------------------------------

# meets ON OFF COUNTED: commands; five packets to VLAN 10 meet the rule, which drops them, those to
# VLAN 20 do not; then all is as before.
meets()
{
	local before

	echo "[=] $1" >&2
	$1
	before=$($3)
	ns blue-a ping -q -n -c 5 -i 0.02 -W 1 10.10.1.2 && return 1
	assert_eq "$(($($3) - before))" 5 "packets that met the rule"
	ping_all blue-a 2 10.20.1.2
	$2
	ping_all blue-a 2 10.10.1.2
	fast blue-a 10.10.1.2
}

tc_on() { ns blue tc qdisc add dev p1.10 clsact && ns blue tc filter add dev p1.10 "$SIDE" protocol ip matchall action drop; }
tc_off() { ns blue tc qdisc del dev p1.10 clsact; }
tc_count() { ip netns exec "$(ns_name blue)" tc -j -s filter show dev p1.10 "$SIDE" | jq '[.[].options.actions[]?.stats.drops] | add'; }

nft_on()
{
	ns blue nft -f - <<-EOT
		table netdev t {
			chain c {
				type filter hook $SIDE device "p1.10" priority 0;
				icmp type { echo-request, echo-reply } counter drop
			}
		}
	EOT
}
nft_off() { ns blue nft delete table netdev t; }
nft_count() { ip netns exec "$(ns_name blue)" nft list table netdev t | sed -n 's/.*packets \([0-9]*\) .*/\1/p'; }

@test "tc and nftables at a VLAN interface are met, by its packets alone" {
	x modprobe -a sch_ingress cls_matchall act_gact
	for SIDE in egress ingress; do
		meets tc_on tc_off tc_count
		meets nft_on nft_off nft_count
	done
}

@test "rules at a VLAN interface are shown, and other packets stay fast" {
	SIDE=ingress
	tc_on
	assert_eq "$(vr_stat blue '.ports[1].filtered | join(" ")')" vlan-ingress
	# The answers come by the other VLAN.
	mark blue
	ping_all blue-a 10 10.2.1.3
	since blue
	((D[send] >= 9))
	tc_off
	ns blue tc qdisc add dev p1.10 root tbf rate 100mbit burst 100k latency 50ms
	assert_eq "$(vr_stat blue '.ports[1].filtered | join(" ")')" vlan-egress
	mark blue
	ping_all blue-a 5 10.10.1.2
	since blue
	# The answers, which leave by p0, do not meet it.
	((D[send] >= 4 && D[send] <= D[punt] + D[filtered]))
	assert_eq "$(ip netns exec "$(ns_name blue)" tc -s -j qdisc show dev p1.10 | jq '.[0].packets >= 5')" true
	ns blue tc qdisc del dev p1.10 root
	fast blue-a 10.10.1.2
}

@test "tcpdump on a VLAN interface shows what goes by it" {
	local file=$BATS_TEST_TMPDIR/pcap

	spawn ns blue tcpdump -i p1.10 -U -w "$file" icmp
	wait_until 20 grep -q "listening on" "$SPAWNED_LOG"
	ping_all blue-a 5 10.10.1.2
	wait_until 20 sh -c "[ \$(tcpdump -r $file 2>/dev/null | wc -l) -ge 10 ]"
	kill "$SPAWNED"
	wait "$SPAWNED" || true
	ping_all blue-a 2 10.10.1.2
	fast blue-a 10.10.1.2
}

@test "a VLAN interface in a bridge: the kernel forwards" {
	x modprobe bridge
	batch blue <<-EOT
		address del 10.10.1.1/24 dev p1.10
		link add br10 address $(mac_of 1 01) type bridge
		link set p1.10 master br10
		link set br10 up
		address add 10.10.1.1/24 dev br10
	EOT
	wait_until 30 ns blue-a ping -n -q -c 1 -W 1 10.10.1.2
	mark blue
	ping_all blue-a 5 10.10.1.2
	since blue
	assert_eq "${D[send]}" 0 send
	batch blue <<-EOT
		link del br10
		address add 10.10.1.1/24 dev p1.10
	EOT
	ping_all blue-a 2 10.10.1.2
	fast blue-a 10.10.1.2
}

@test "at the end every slot has its owner and nothing is left" {
	assert_all_slots_conserved blue
	RIG_NAMESPACES=(blue blue-a blue-b blue-c wire) RIG_VRS=(blue)
	topology_end
	assert_nothing_left
}
