# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# A classifier steers by destination prefix what is addressed to the host's own MAC, as on
# a cloud NIC that knows one address only: the VR's port has the lower device's MAC.
#
#  ns blue-a 10.1.1.2 ── p0 ══ low0 ─┬─ host 10.1.1.100, the gateway of blue-a
#                                    └─ [blue] p0 10.1.1.1, mode classifier ── p1 ─ low1 ══ ns blue-b 10.2.1.2
#
# The classifier gives blue 10.2.0.0/16, 10.1.1.1 and what ARP asks or answers 10.1.1.1;
# UDP ports 7101 to 7108 get verdicts of their own.

# The keys of D, and what lib/common reads.
# shellcheck disable=SC2034,SC2154
load lib/common
load lib/topology

BLUE=77

setup_file()
{
	topology_begin
	wires
	blue_by_classifier
	compile steer
	compile other
	ip vr classifier set dev low0 object "$BATS_FILE_TMPDIR/steer.o"
}

teardown_file() { topology_end; }

setup()
{
	shared_setup
	europa_router blue
}

teardown() { rig_teardown; }

blue_by_classifier()
{
	local host

	host=$(< /sys/class/net/low0/address)
	RIG_NAMESPACES+=(blue)
	x ip netns add "$(ns_name blue)"
	forwarding blue 1
	vr_add blue id $BLUE netns "$(ns_name blue)"
	x ip vr attach dev low0 vr blue name p0 mode classifier
	x ip vr attach dev low1 vr blue name p1 address "$(mac_of $BLUE 01)"
	assert_eq "$(vr_stat blue '.ports[0].address')" "$host" "address of a port of mode classifier"
	batch blue <<-EOT
		link set lo up
		link set p0 up
		link set p1 up
		address add 10.1.1.1/24 dev p0
		address add 10.2.1.1/24 dev p1
	EOT
	customer blue $BLUE 1 1
	customer blue $BLUE 1 2
	x ip address add 10.1.1.100/24 dev low0
	batch blue-a <<< "route replace default via 10.1.1.100"
}

# compile NAME: the program below; `other` is another program that does the same.
compile() { source_of_classifier | bpf_compile "$BATS_FILE_TMPDIR/$1.o" -D"BLUE=$BLUE" -D"NAME=$1"; }

source_of_classifier()
{
	cat <<-'EOT'
		#include <linux/bpf.h>
		#include <linux/europa.h>
		#include <linux/if_ether.h>
		#include <linux/in.h>
		#include <linux/ip.h>
		#include <linux/udp.h>
		#include <bpf/bpf_endian.h>
		#include <bpf/bpf_helpers.h>

		#define IP4(a, b, c, d) bpf_htonl(a << 24 | b << 16 | c << 8 | d)
		#define PORT	(IP4(10, 1, 1, 1))
		#define PREFIX	(IP4(10, 2, 0, 0))
		#define MASK	(IP4(255, 255, 0, 0))

		static int by_port(unsigned int port)
		{
			switch (port) {
			case 7101: return EUROPA_VERDICT_NONE;
			case 7102: return EUROPA_VERDICT_HOST;
			case 7103: return EUROPA_VERDICT_DROP;
			case 7104: return EUROPA_VERDICT_VR(BLUE);
			case 7105: return EUROPA_VERDICT_VR(4242);
			case 7106: return 0x1234567;
			case 7107: return 1;
			case 7108: return -2;
			}
			return EUROPA_VERDICT_VR(BLUE);
		}

		SEC("classifier")
		int NAME(struct __sk_buff *skb)
		{
			void *end = (void *)(long)skb->data_end;
			struct ethhdr *eth = (void *)(long)skb->data;
			struct iphdr *ip = (void *)(eth + 1);
			struct udphdr *udp = (void *)(ip + 1);
			__be32 target;

			if ((void *)(eth + 1) > end)
				return EUROPA_VERDICT_NONE;
			if (eth->h_proto == bpf_htons(ETH_P_ARP))
				return bpf_skb_load_bytes(skb, 38, &target, 4) || target != PORT ?
				       EUROPA_VERDICT_HOST : EUROPA_VERDICT_VR(BLUE);
			if (eth->h_proto != bpf_htons(ETH_P_IP) || (void *)(ip + 1) > end)
				return EUROPA_VERDICT_NONE;
			if (ip->daddr != PORT && (ip->daddr & MASK) != PREFIX)
				return EUROPA_VERDICT_HOST;
			if (ip->protocol != IPPROTO_UDP || (void *)(udp + 1) > end)
				return EUROPA_VERDICT_VR(BLUE);
			return by_port(bpf_ntohs(udp->dest));
		}

		char _license[] SEC("license") = "GPL";
	EOT
}

# verdicts ARRAY: the counters of low0's classifier.
verdicts()
{
	local -n into=$1
	local json field

	json=$(ip-vr -j classifier show dev low0) || return
	json=${json//[[:space:]\"]/}
	json=${json#*verdicts:\{}
	into=()
	for field in ${json//[,\}\]]/ }; do
		into[${field%%:*}]=${field#*:}
	done
}

# bats test_tags=matrix
@test "ping through the host's MAC, both ways, from cold" {
	ns blue-a ip neigh flush all
	ns blue ip neigh flush all
	ping_all blue-a 3 10.2.1.2
	mark blue
	ping_all blue-a 20 10.2.1.2
	ping_all blue-b 20 10.1.1.2
	assert_forwarded blue 76
	ping_all blue-a 3 10.1.1.1
}

# Without neighbours, whom nobody asks then whether they are still there.
@test "the host keeps what is its own" {
	ns blue-a ip neigh flush all
	ns blue-b ip neigh flush all
	ns blue ip neigh flush all
	mark blue
	ping_all blue-a 10 10.1.1.100
	since blue
	# Ten echo requests would be ten; what hosts say for themselves, by IPv6 for instance, is less.
	((D[rx] < 10))
}

@test "traceroute sees the VR" {
	run -0 ns blue-a traceroute -n -q 1 -w 2 -m 4 10.2.1.2
	echo "$output"
	grep -Eq "^ *1 +10\.1\.1\.1 " <<< "$output"
	grep -Eq "^ *2 +10\.2\.1\.2 " <<< "$output"
}

@test "contents, TCP and UDP" {
	mark blue
	udp_intact blue-a blue-b 10.2.1.2 200 100 1400
	udp_intact blue-b blue-a 10.1.1.2 200 100 1400
	assert_forwarded blue 400
}

@test "without a data plane the fallback forwards it all the same" {
	stop_data_plane blue KILL
	mark blue
	ping_all blue-a 10 10.2.1.2
	ping_all blue-b 10 10.1.1.2
	ns blue-a traceroute -n -q 1 -w 2 -m 4 10.2.1.2 | grep -Eq "^ *1 +10\.1\.1\.1 "
	since blue
	((D[fallback] >= 40))
	assert_eq "${D[rx]}" 0
	assert_no_loss
}

# verdict PORT COUNTER VR-PACKETS: 10 datagrams to that port.
verdict()
{
	local -A before after
	local key

	mark blue
	verdicts before
	ns blue-a "$PROGS/udpcheck" send 10.2.1.2 "$1" 10 100 100
	verdicts after
	since blue
	for key in "${!before[@]}"; do
		if [ "$key" = "$2" ]; then
			((after[$key] - before[$key] >= 10))
		else
			((after[$key] - before[$key] <= 3))
		fi || { echo "$key: ${before[$key]} to ${after[$key]}" >&2; return 1; }
	done
	if [ "$3" = 10 ]; then
		((D[rx] >= 10))
	else
		((D[rx] <= 3))
	fi
}

# bats test_tags=matrix
@test "every verdict has its effect and its counter" {
	verdict 7101 none 0
	verdict 7102 host 0
	verdict 7103 drop 0
	verdict 7104 vr 10
	verdict 7105 unknown 0
	verdict 7106 unknown 0
	verdict 7107 unknown 0
	verdict 7108 unknown 0
}

@test "no opinion falls back to the destination's MAC" {
	ns blue-a ip neigh replace 10.1.1.55 lladdr "$(mac_of 78 00)" dev e0
	ns blue-a ip route add 10.2.1.2 via 10.1.1.55
	vr_add green id 78 netns "$(ns_name blue)"
	x ip vr attach dev low0 vr green name g0 address "$(mac_of 78 00)"
	ns blue ip link set g0 up
	mark green
	ns blue-a "$PROGS/udpcheck" send 10.2.1.2 7101 10 100 100
	since green
	((D[fallback] >= 10))
	# Where there is an opinion, it does not get them; the host does, or nobody.
	mark green
	ns blue-a "$PROGS/udpcheck" send 10.2.1.2 7102 10 100 100
	ns blue-a "$PROGS/udpcheck" send 10.2.1.2 7103 10 100 100
	since green
	((D[fallback] <= 3))
	x ip vr del green
	ns blue-a ip route del 10.2.1.2
}

@test "the verdicts count from the first program on, and from nothing when there was none" {
	local -A now

	ping_all blue-a 5 10.2.1.2
	ip vr classifier set dev low0 object "$BATS_FILE_TMPDIR/other.o"
	verdicts now
	((now[vr] >= 5))
	ip vr classifier del dev low0
	ip vr classifier set dev low0 object "$BATS_FILE_TMPDIR/steer.o"
	verdicts now
	((now[vr] <= 3 && now[host] <= 3))
}

@test "nftables' ingress rules come first" {
	ping_all blue-a 2 10.2.1.2
	x nft -f - <<-EOT
		table netdev europa-test {
			chain ingress {
				type filter hook ingress device low0 priority 500;
				udp dport 7104 drop
			}
		}
	EOT
	mark blue
	ns blue-a "$PROGS/udpcheck" send 10.2.1.2 7104 10 100 100
	since blue
	x nft delete table netdev europa-test
	((D[rx] <= 3))
	mark blue
	ns blue-a "$PROGS/udpcheck" send 10.2.1.2 7104 10 100 100
	since blue
	((D[rx] >= 10))
}

# bats test_tags=matrix
@test "replaced under traffic, nothing is lost" {
	local i id0 id1

	id0=$(ip -j vr classifier show dev low0 | jq '.[0].id')
	mark blue
	ping_all blue-a 300 10.2.1.2 -i 0.02 &
	for i in 1 2 3 4 5; do
		ip vr classifier set dev low0 object "$BATS_FILE_TMPDIR/other.o"
		ip vr classifier set dev low0 object "$BATS_FILE_TMPDIR/steer.o"
	done
	wait $!
	assert_forwarded blue 500
	id1=$(ip -j vr classifier show dev low0 | jq '.[0].id')
	[ "$id0" != "$id1" ]
}

@test "deleted under traffic: the VR gets no more, and then all again" {
	spawn ns blue-a ping -n -q -c 1000 -i 0.01 -W 1 10.2.1.2
	sleep 0.5
	ip vr classifier del dev low0
	mark blue
	sleep 0.5
	since blue
	# What was under way; port 0 gets nothing without a classifier.
	((D[rx] <= 4))
	kill_spawned
	refused "." ip vr classifier del dev low0
	assert_eq "$(ip -j vr classifier show dev low0 | jq length)" 0
	ip vr classifier set dev low0 object "$BATS_FILE_TMPDIR/steer.o"
	ping_all blue-a 5 10.2.1.2
}

# bats test_tags=matrix
@test "a bad program is refused with a sentence and changes nothing" {
	local before file=$BATS_TEST_TMPDIR/bad

	before=$(ip -j vr classifier show dev low0 | jq '.[0].id')
	echo "no ELF" > "$file.o"
	refused "[a-z]+ .*[a-z]" ip vr classifier set dev low0 object "$file.o"
	refused "[a-z]+ .*[a-z]" ip vr classifier set dev low0 object "$file-missing.o"
	bpf_compile "$file.o" <<-'EOT'
		#include <linux/bpf.h>
		#include <bpf/bpf_helpers.h>
		SEC("classifier") int wild(struct __sk_buff *s) { return *(int *)(long)s->data; }
		char _license[] SEC("license") = "GPL";
	EOT
	refused "[a-z]+ .*[a-z]" ip vr classifier set dev low0 object "$file.o"
	bpf_compile "$file.o" <<-'EOT'
		#include <linux/bpf.h>
		#include <bpf/bpf_helpers.h>
		SEC("xdp") int other(struct xdp_md *c) { return XDP_PASS; }
		char _license[] SEC("license") = "GPL";
	EOT
	x bpftool prog load "$file.o" /sys/fs/bpf/europa-xdp
	refused "[a-z]+ .*[a-z]" ip vr classifier set dev low0 pinned /sys/fs/bpf/europa-xdp
	rm /sys/fs/bpf/europa-xdp
	refused "[a-z]+ .*[a-z]" ip vr classifier set dev lo object "$BATS_FILE_TMPDIR/steer.o"
	assert_eq "$(ip -j vr classifier show dev low0 | jq '.[0].id')" "$before" "program"
	ping_all blue-a 5 10.2.1.2
}

# bats test_tags=matrix
@test "at the end every slot has its owner and nothing is left" {
	local id

	assert_all_slots_conserved blue
	id=$(ip -j vr classifier show dev low0 | jq '.[0].id')
	x bpftool prog show id "$id"
	RIG_NAMESPACES=(blue blue-a blue-b wire) RIG_VRS=(blue)
	topology_end
	wait_until 5 sh -c "! bpftool prog show id $id 2>/dev/null | grep -q ."
	assert_nothing_left
}
