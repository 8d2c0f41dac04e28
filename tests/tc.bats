# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# tc's action europa on real filters and real packets.
#
#   namespace a                     the machine                        namespace b
#                                ┌ [VR blue] ┐
#   e0 10.0.0.2 ═══ low0 ── bp ──┤  home v   ├── bq 10.1.0.1 ── low1 ═══ e0 10.1.0.2
#                  10.0.0.1      └ 10.2.0.1 ─┘
#
# a sends everything to a MAC address that nobody has, so only the action can make a VR,
# or its kernel, take it. bp takes nothing by itself (mode classifier); bq is up in one
# few tests only. VR red has no port. The tests' filters are on the ingress of low0.
# Where a test wants IPv6, 10.N is fd00:N.

# The keys of D.
# shellcheck disable=SC2154
load lib/common
load lib/topology

TCPARMS=$BATS_TEST_DIRNAME/../build/tests/tcparms
MAC_NOBODY=02:00:00:00:00:99
MAC_A=02:00:00:00:00:0a MAC_B=02:00:00:00:00:0b MAC_BQ=02:00:00:00:01:01

setup_file()
{
	local name

	rig_setup
	export NS_PREFIX
	[ -e /sys/module/europa ] || x modprobe europa
	# Only what the tests send is counted: no IPv6, no neighbour discovery.
	x sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
	RIG_NAMESPACES+=(a b v)
	for name in a b v; do
		x ip netns add "$(ns_name $name)"
		ns $name sysctl -q -w net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
	done
	ip -batch - <<-EOT
		link add low0 type veth peer name e0 address $MAC_A netns $(ns_name a)
		link add low1 type veth peer name e0 address $MAC_B netns $(ns_name b)
		address add 10.0.0.1/24 dev low0
		link set low0 up
		link set low1 up
		neighbour add 10.0.0.2 lladdr $MAC_A dev low0 nud permanent
	EOT
	vr_add blue id 1 netns "$(ns_name v)"
	vr_add red id 2
	x ip vr attach dev low0 vr blue name bp mode classifier
	x ip vr attach dev low1 vr blue name bq address "$MAC_BQ"
	ns v sysctl -q -w net.ipv4.ip_forward=1
	ip -n "$(ns_name v)" -batch - <<-EOT
		link set lo up
		link set bp up
		address add 10.2.0.1/32 dev lo
		address add 10.0.0.9/24 dev bp
		address add 10.1.0.1/24 dev bq
		neighbour add 10.0.0.2 lladdr $MAC_A dev bp nud permanent
	EOT
	ip -n "$(ns_name a)" -batch - <<-EOT
		link set e0 up
		address add 10.0.0.2/24 dev e0
		neighbour add 10.0.0.1 lladdr $MAC_NOBODY dev e0 nud permanent
		route add 10.0.0.0/8 via 10.0.0.1
	EOT
	ip -n "$(ns_name b)" -batch - <<-EOT
		link set e0 up
		address add 10.1.0.2/24 dev e0
		neighbour add 10.1.0.1 lladdr $MAC_BQ dev e0 nud permanent
		route add default via 10.1.0.1
	EOT
}

teardown_file()
{
	kill_spawned
	vr_delete_all
	ip link del low0 2> /dev/null || true
	ip link del low1 2> /dev/null || true
	ns_delete_all
	x sysctl -q -w net.ipv6.conf.default.disable_ipv6=0
}

# shellcheck disable=SC2034
setup()
{
	RIG_NAMESPACES=()
	RIG_VRS=()
	RIG_PIDS=()
	KLOG_TEST_MARK=$(klog_mark)
	x tc qdisc add dev low0 clsact
}

teardown()
{
	tc qdisc del dev low0 clsact 2> /dev/null || true
	tc actions flush action europa > /dev/null 2>&1 || true
	rig_teardown
}

# filter WORD...: on the ingress of low0.
filter() { x tc filter add dev low0 ingress "$@"; }
unfilter() { x tc filter del dev low0 ingress "$@"; }

# acts JQ: of the array of all actions europa.
acts() { tc -s -j actions ls action europa | jq -c "[.[].actions // empty | .[]] | $1"; }

# hits INDEX WANTED [DROPS]
hits()
{
	assert_eq "$(acts ".[] | select(.index == $1).stats | [.packets, .drops]")" "[$2,${3:-0}]" \
		"packets and drops of action $1"
}

action_is_older_than() { acts ".[] | select(.index == 5) | (.installed // 0) > $1" | grep -qx true; }

# answered COUNT ADDRESS, unanswered COUNT ADDRESS: so many pings of a, all or none.
answered() { pings "$1" "$2" 2 | grep -q " $1 received"; }
unanswered() { pings "$1" "$2" 0.2 | grep -q " 0 received"; }
pings() { ns a ping -n -q -i 0.01 -c "$1" -W "$3" "$2"; }

# taken VR: how many packets have come in for it, with and without a data plane.
taken() { vr_stat "$1" '.stats | .rx + .fallback - .reclaimed + .rx_down + .rx_fallback'; }

bpf_object()
{
	x clang -target bpf -O2 -g -Wall "-I/usr/include/$(gcc -print-multiarch)" -x c -c -o "$1" - <<-'EOT'
		#include <linux/bpf.h>
		#include <linux/if_ether.h>
		#include <linux/ip.h>
		#include <bpf/bpf_endian.h>
		#include <bpf/bpf_helpers.h>

		/* 0 is no match. */
		SEC("tc") int pick(struct __sk_buff *skb)
		{
			void *end = (void *)(long)skb->data_end;
			struct ethhdr *eth = (void *)(long)skb->data;
			struct iphdr *ip = (void *)(eth + 1);

			return (void *)(ip + 1) <= end && eth->h_proto == bpf_htons(ETH_P_IP) &&
			       (ip->daddr & bpf_htonl(0xffff0000)) == bpf_htonl(0x0a010000);
		}
		char _license[] SEC("license") = "GPL";
	EOT
}

# bats test_tags=matrix
@test "flower, matchall, u32 and bpf; the VR by name and by number; hits are counted" {
	local before wanted words sum=0

	bpf_object "$BATS_TEST_TMPDIR/pick.o"
	echo '1,6 0 0 4294967295,' > "$BATS_TEST_TMPDIR/all"
	unanswered 1 10.1.0.1
	before=$(taken blue)
	while read -r wanted words; do
		# shellcheck disable=SC2086
		filter $words index 5
		answered 3 10.1.0.1
		unanswered 1 10.3.0.1
		hits 5 "$wanted"
		sum=$((sum + wanted))
		unfilter
		assert_eq "$(acts .)" '[]' "actions that are left"
	done <<-EOT
		3 protocol ip flower dst_ip 10.1.0.0/16 action europa vr blue
		4 matchall action europa blue
		3 protocol ip u32 match ip dst 10.1.0.0/16 action europa vr 1
		3 bpf object-file $BATS_TEST_TMPDIR/pick.o section tc action europa 1
		4 bpf bytecode-file $BATS_TEST_TMPDIR/all action europa vr blue
	EOT
	assert_eq "$(($(taken blue) - before))" "$sum" "packets that came to the VR"
}

# forwarder: both ports are up, and europa-router runs.
forwarder()
{
	x ip -n "$(ns_name v)" link set bq up
	x ip -n "$(ns_name v)" neighbour replace 10.1.0.2 lladdr "$MAC_B" dev bq nud permanent
	spawn ip vr exec blue europa-router --no-idle
	x ip vr wait blue up timeout 20
}

@test "a running data plane gets them, whatever their MAC address, and forwards" {
	local before hits

	forwarder
	filter protocol ip flower dst_ip 10.1.0.0/16 action europa vr blue index 5
	answered 2 10.1.0.2
	before=$(vr_stat blue '.stats | [.rx, .send, .punt, .fallback] | @tsv')
	hits=$(acts '.[0].stats.packets')
	answered 20 10.1.0.2
	answered 5 10.1.0.1
	hits 5 $((hits + 25))
	# 20 there and 20 back are sent, 5 are for the VR's own kernel.
	read -ra before <<< "$before"
	assert_eq "$(vr_stat blue '.stats | [.rx, .send, .punt, .fallback] | @tsv' | xargs)" \
		"$((before[0] + 45)) $((before[1] + 40)) $((before[2] + 5)) ${before[3]}" "rx, send, punt, fallback"
	x ip -n "$(ns_name v)" link set bq down
}

# bats test_tags=matrix
@test "TCP super-packets through the data plane, there by the action and back: contents intact" {
	local file=$BATS_TEST_TMPDIR/sent

	forwarder
	filter protocol ip flower dst_ip 10.1.0.0/16 action europa vr blue index 5
	answered 2 10.1.0.2
	random_file "$file" 2048
	mark blue
	tcp_intact a b 10.1.0.2 socat "$file"
	tcp_intact b a 10.0.0.2 socat "$file"
	since blue
	assert_no_loss
	assert_eq "${D[fallback]}" 0 fallback
	# tc counts a super-packet's segments, the VR the super-packet.
	((D[rx] < 2 * 2048 * 1024 / 1448))
	(($(acts '.[0].stats.packets') > 2048 * 1024 / 1448))
	mark blue
	spawn ns b iperf3 -s -1
	listening b 5201
	# What is under way at its end iperf3 does not count.
	(($(ns a iperf3 -c 10.1.0.2 -n 32M -J | jq .end.sum_received.bytes) >= 16 << 20))
	since blue
	assert_no_loss
	((D[send] > 50))
	x ip -n "$(ns_name v)" link set bq down
}

# tagged NS DEV LINK ADDRESS NEIGHBOUR MAC WORD...: a VLAN device.
tagged()
{
	local name=$1 dev=$2 link=$3 here=$4 there=$5 mac=$6
	shift 6

	ip -n "$(ns_name "$name")" -batch - <<-EOT
		link add link $link name $dev type vlan $*
		link set $dev up
		address add $here/24 dev $dev
		neighbour add $there lladdr $mac dev $dev nud permanent
	EOT
}

# bats test_tags=matrix
@test "VLAN tags, in the skb's metadata and in the frame: the VR gets them whole" {
	local offload before

	# A port's stack sends no tags of its own under spoofchk.
	x ip -n "$(ns_name v)" link set bp type europa spoofchk off
	tagged a e0.7 e0 10.7.0.2 10.7.0.9 $MAC_NOBODY id 7
	tagged a e0.8 e0 10.8.0.2 10.8.0.9 $MAC_NOBODY id 8
	tagged a e0.s e0 10.19.0.2 10.19.0.9 $MAC_NOBODY proto 802.1ad id 9
	tagged a e0.s.7 e0.s 10.17.0.2 10.17.0.9 $MAC_NOBODY id 7
	tagged v bp.7 bp 10.7.0.9 10.7.0.2 $MAC_A id 7
	tagged v bp.8 bp 10.8.0.9 10.8.0.2 $MAC_A id 8
	tagged v bp.s bp 10.19.0.9 10.19.0.2 $MAC_A proto 802.1ad id 9
	tagged v bp.s.7 bp.s 10.17.0.9 10.17.0.2 $MAC_A id 7
	# Behind the outer tag, which the kernel has taken off by then, the inner one is in the frame.
	filter prio 1 protocol 802.1Q flower vlan_id 7 action europa vr blue index 5
	filter prio 2 protocol 802.1ad flower vlan_id 9 vlan_ethtype 802.1Q cvlan_id 7 action europa vr blue index 6
	before=$(taken blue)
	for offload in on off; do
		ns a ethtool -K e0 txvlan $offload tx-vlan-stag-hw-insert $offload
		answered 3 10.7.0.9
		answered 4 10.17.0.9
		unanswered 2 10.8.0.9
		unanswered 2 10.19.0.9
	done
	hits 5 6
	hits 6 8
	# A data plane that leaves tagged packets to its kernel.
	spawn ip vr exec blue europa-router --no-idle
	x ip vr wait blue up timeout 20
	answered 3 10.7.0.9
	answered 4 10.17.0.9
	hits 5 9
	hits 6 12
	assert_eq "$(($(taken blue) - before))" 21 "packets that came to the VR"
	# One more tag, put on by an action before: the first goes into the frame. The answer
	# needs none.
	unfilter prio 1
	filter prio 1 protocol 802.1Q flower vlan_id 8 action vlan push id 9 protocol 802.1ad pipe action europa vr blue index 5
	x ip -n "$(ns_name v)" link add link bp.s name bp.s.8 type vlan id 8
	x ip -n "$(ns_name v)" link set bp.s.8 up
	answered 2 10.8.0.9
	hits 5 2
	for offload in e0.7 e0.8 e0.s.7 e0.s; do
		x ip -n "$(ns_name a)" link del $offload
	done
	for offload in bp.7 bp.8 bp.s.7 bp.s.8 bp.s; do
		x ip -n "$(ns_name v)" link del $offload
	done
	x ip -n "$(ns_name v)" link set bp type europa spoofchk on
}

# with_ipv6 NS DEV...
with_ipv6()
{
	local name=$1 dev
	shift
	for dev; do
		ns "$name" sysctl -q -w "net.ipv6.conf.$dev.accept_dad=0" "net.ipv6.conf.$dev.disable_ipv6=0"
	done
}

@test "IPv6: to the VR itself, and super-packets through it" {
	local file=$BATS_TEST_TMPDIR/sent

	forwarder
	with_ipv6 a e0
	with_ipv6 b e0
	with_ipv6 v lo bp bq
	ns v sysctl -q -w net.ipv6.conf.all.forwarding=1
	ip -n "$(ns_name a)" -batch - <<-EOT
		address add fd00:0::2/64 dev e0 nodad
		neighbour add fd00:0::1 lladdr $MAC_NOBODY dev e0 nud permanent
		route add fd00::/16 via fd00:0::1
	EOT
	ip -n "$(ns_name b)" -batch - <<-EOT
		address add fd00:1::2/64 dev e0 nodad
		neighbour add fd00:1::1 lladdr $MAC_BQ dev e0 nud permanent
		route add fd00::/16 via fd00:1::1
	EOT
	ip -n "$(ns_name v)" -batch - <<-EOT
		address add fd00:2::1/128 dev lo nodad
		address add fd00:0::9/64 dev bp nodad
		address add fd00:1::1/64 dev bq nodad
		neighbour add fd00:0::2 lladdr $MAC_A dev bp nud permanent
		neighbour add fd00:1::2 lladdr $MAC_B dev bq nud permanent
	EOT
	filter prio 1 protocol ipv6 flower dst_ip fd00:2::/32 action europa vr blue index 5
	filter prio 2 protocol ipv6 flower dst_ip fd00:1::/32 ip_proto tcp action europa vr blue index 6
	answered 3 fd00:2::1
	unanswered 2 fd00:1::2
	hits 5 3
	hits 6 0
	random_file "$file" 1024
	mark blue
	SOCAT_DEFAULT_LISTEN_IP=6 tcp_intact a b '[fd00:1::2]' socat "$file"
	since blue
	assert_no_loss
	((D[rx] < 1024 * 1024 / 1428))
	(($(acts '.[] | select(.index == 6).stats.packets') > 1024 * 1024 / 1428))
	ns a sysctl -q -w net.ipv6.conf.e0.disable_ipv6=1
	ns b sysctl -q -w net.ipv6.conf.e0.disable_ipv6=1
	ns v sysctl -q -w net.ipv6.conf.lo.disable_ipv6=1 net.ipv6.conf.bp.disable_ipv6=1 net.ipv6.conf.bq.disable_ipv6=1
	x ip -n "$(ns_name v)" link set bq down
}

@test "a packet is taken once: by the filter, or by the hook behind it" {
	local blue green

	# Green has the very address that a sends to; the filter wins for its packets.
	vr_add green id 3
	x ip vr attach dev low0 vr green name gp address "$MAC_NOBODY"
	x ip link set gp up
	filter protocol ip flower dst_ip 10.2.0.0/16 action europa vr blue index 5
	blue=$(taken blue) green=$(taken green)
	answered 20 10.2.0.1
	unanswered 30 10.3.0.1
	hits 5 20
	assert_eq "$(($(taken blue) - blue)) $(($(taken green) - green))" "20 30" "blue and green"

	# The same with a classifier, which has an opinion on all of them.
	x ip vr classifier set dev low0 object "$(find /usr/lib/europa /usr/local/lib/europa -name prefix.bpf.o 2> /dev/null | head -n 1)"
	x ip vr rule add dev low0 to 10.0.0.0/8 vr green
	answered 20 10.2.0.1
	unanswered 30 10.3.0.1
	hits 5 40
	assert_eq "$(ip -j vr classifier show dev low0 | jq '.[0].verdicts | add')" 30 "verdicts"
	assert_eq "$(ip -j vr rule show dev low0 | jq '.[0].packets')" 30 "packets of the rule"
	assert_eq "$(($(taken blue) - blue)) $(($(taken green) - green))" "40 60" "blue and green"
	x ip vr classifier del dev low0
}

@test "the control word decides where the VR has no port on the device" {
	local word before

	while read -r word; do
		# shellcheck disable=SC2086
		filter prio 1 protocol ip matchall action europa red $word
		filter prio 2 protocol ip matchall action europa blue index 9
		filter prio 1 chain 4 protocol ip matchall action europa blue index 10
		answered 3 10.2.0.1
		hits 5 3
		assert_eq "$(acts 'map(select(.index != 5).stats.packets) | add')" 3 "behind '$word'"
		unfilter
		unfilter chain 4
	done <<-EOT
		continue index 5
		goto chain 4 index 5
		pipe index 5 action europa blue index 11
		index 5 action europa blue index 11
		jump 2 index 5 action drop action europa blue index 11
	EOT
	before=$(taken blue)
	for word in pass drop; do
		filter prio 1 matchall action europa red "$word" index 5
		filter prio 2 matchall action europa blue index 9
		unanswered 3 10.2.0.1
		hits 5 3 "$([ "$word" = drop ] && echo 3 || echo 0)"
		hits 9 0
		unfilter
	done
	assert_eq "$(taken blue)" "$before" "packets that came to the VR"
}

@test "a port that comes and goes: the action follows" {
	local before

	before=$(taken red)
	filter matchall action europa red drop index 5
	unanswered 3 10.2.0.1
	x ip vr attach dev low0 vr red name rp mode classifier
	x ip link set rp up
	unanswered 3 10.2.0.1
	hits 5 6 3
	x ip vr detach dev low0 vr red
	unanswered 3 10.2.0.1
	hits 5 9 6
	assert_eq "$(($(taken red) - before))" 3 "packets that came to red"
}

@test "at egress it takes nothing; the control word applies" {
	filter matchall action europa blue index 5
	answered 2 10.2.0.1
	x tc filter add dev low0 egress matchall action europa blue drop index 6
	unanswered 3 10.2.0.1
	hits 5 5
	hits 6 3 3
	# Seconds ago, both: from a packet on, that was later than the action.
	wait_until 10 action_is_older_than 1
	unanswered 1 10.2.0.1
	acts '.[] | select(.index == 5) | .last_used < .installed' | grep -qx true
}

# bats test_tags=matrix,plugins
@test "an index is shared, replaced, refused, deleted" {
	x tc actions add action europa vr red drop index 7
	refused 'exists' tc actions add action europa vr red drop index 7
	filter prio 1 protocol ip flower dst_ip 10.1.0.0/16 action europa index 7
	filter prio 2 protocol ip flower dst_ip 10.2.0.0/16 action europa vr red index 7
	assert_eq "$(acts 'map([.vr_name, .index, .ref, .bind, .control_action.type])')" '[["red",7,3,2,"drop"]]'
	unanswered 2 10.1.0.1
	unanswered 3 10.2.0.1
	hits 7 5 5
	x tc actions replace action europa vr blue pipe index 7
	answered 2 10.1.0.1
	answered 3 10.2.0.1
	hits 7 10 5
	refused '' tc actions del action europa index 7
	unfilter prio 1
	answered 1 10.2.0.1
	unfilter prio 2
	assert_eq "$(acts 'map([.vr_name, .ref, .bind])')" '[["blue",1,0]]' "the action that outlives its filters"
	x tc actions change action europa vr red index 7
	x tc actions change action europa continue index 7
	assert_eq "$(acts 'map([.vr_name, .control_action.type])')" '[["red","continue"]]' "a change that names no VR"
	refused 'needs a VR' tc actions add action europa index 8
	x tc actions del action europa index 7
	assert_eq "$(acts .)" '[]' "actions that are left"
}

# bats test_tags=matrix,plugins
@test "what is shown can be typed again" {
	local words shown typed

	for words in blue 'vr 2 pass' 'vr red drop' '1 continue' 'vr blue reclassify' 'blue goto chain 9' \
		'blue jump 2' 'red pipe cookie 00c0ffee00'; do
		# shellcheck disable=SC2086
		filter prio 1 matchall action europa $words
		shown=$(tc filter show dev low0 ingress)
		unfilter
		typed=$(awk '/action order 1:/ { $1 = $2 = $3 = ""; print }
			$1 == "index" { print $1, $2 } $1 == "cookie" { print }' <<< "$shown" | xargs)
		# shellcheck disable=SC2086
		filter prio 1 matchall action $typed
		assert_eq "$(tc filter show dev low0 ingress)" "$shown" "what was shown as '$typed'"
		unfilter
	done
}

@test "a VR called like a control word, and like the beginning of one" {
	local words

	vr_add drop id 4
	vr_add t id 5
	while IFS='|' read -r words wanted; do
		# shellcheck disable=SC2086
		x tc actions add action europa $words index 7
		assert_eq "$(acts '.[0] | [.vr_name, .control_action.type]')" "$wanted" "$words"
		x tc actions del action europa index 7
	done <<-EOT
		t|["t","pipe"]
		vr t trap|["t","trap"]
		vr drop drop|["drop","drop"]
		4|["drop","pipe"]
		drop vr t|["t","drop"]
	EOT
}

@test "what is refused leaves nothing behind" {
	local words

	while IFS='|' read -r reason words; do
		# shellcheck disable=SC2086
		refused "$reason" tc filter add dev low0 ingress matchall action europa $words
	done <<-EOT
		no such VR|vr nosuch
		no such VR|vr 77
		1 to 65535|vr 0
		1 to 65535|vr 65536
		1 to 15 of|vr a/b
		1 to 15 of|vr abcdefghijklmnop
		Usage|
		Usage|help
		from 1|vr blue index 0
		from 1|vr blue index x
		.|vr blue goto chain
		.|vr blue nonsense
	EOT
	refused 'CAP_NET_ADMIN' unshare -Urn sh -c 'ip link add d0 type veth && tc qdisc add dev d0 clsact &&
		tc filter add dev d0 ingress matchall action europa vr blue'
	assert_eq "$(acts .)" '[]' "actions that are left"
	assert_eq "$(tc filter show dev low0 ingress | grep -c europa)" 0 "filters that are left"
}

@test "a newer tc's longer action is taken by what is known of it, a shorter one is not" {
	local bytes index=5

	for bytes in 24 28 200; do
		assert_eq "$(x "$TCPARMS" 1 $index $bytes)" ok "action of $bytes bytes"
		index=$((index + 1))
	done
	assert_eq "$(acts '.[] | [.index, .vr]' | xargs)" '[5,1] [6,1] [7,1]'
	for bytes in 0 4 20 23; do
		run ! grep -qx ok <<< "$("$TCPARMS" 1 9 $bytes)"
	done
	assert_eq "$(acts '.[].index' | xargs)" '5 6 7'
}

@test "a VR that is deleted while an action names it: visible, harmless" {
	local before

	vr_add green id 3
	x ip vr attach dev low0 vr green name gp mode classifier
	x ip link set gp up
	filter prio 1 matchall action europa green continue index 5
	filter prio 2 matchall action europa blue index 6
	unanswered 3 10.2.0.1
	hits 5 3
	hits 6 0
	spawn ns a ping -q -n -i 0.002 10.2.0.1
	x ip vr del green
	kill -TERM "$SPAWNED"
	wait "$SPAWNED" || true
	tc filter show dev low0 ingress | grep -q 'europa vr 3 (deleted) continue'
	assert_eq "$(acts '.[0] | [.vr, .vr_name, .deleted]')" '[3,null,true]'
	before=$(acts 'map(.stats.packets) | add')
	answered 3 10.2.0.1
	assert_eq "$(acts 'map(.stats.packets) | add')" $((before + 6)) "hits of both actions"

	# Another of this name and number is not the one that was meant.
	vr_add green id 3
	x ip vr attach dev low0 vr green name gp mode classifier
	x ip link set gp up
	answered 3 10.2.0.1
	assert_eq "$(taken green)" 0 "packets for the new green"
	assert_eq "$(acts '.[0].deleted')" true
	x tc actions replace action europa vr green continue index 5
	unanswered 3 10.2.0.1
	assert_eq "$(taken green)" 3 "packets for the new green"
}

# Last, for it takes the picture down.
# bats test_tags=matrix
@test "the module stays as long as a filter has the action, and goes with it" {
	filter matchall action europa blue
	x ip vr del blue
	x ip vr del red
	assert_eq "$(ip -j vr show)" '[]' "VRs that are left"
	refused 'in use' modprobe -r europa
	unanswered 3 10.2.0.1
	assert_eq "$(acts '.[0] | [.stats.packets, .deleted]')" '[3,true]'
	unfilter
	wait_until 10 modprobe -r europa
	x modprobe europa
}
