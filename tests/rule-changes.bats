# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# Classifiers replaced, programs of one's own, VRs deleted, rules that change under traffic.
#
#   namespace wire                  the machine
#                                                ┌─ red   [VR red 301]   ┐
#   p0 10.0.0.2 ══════ low0 10.0.0.1, fd00::1 ───┼─ blue  [VR blue 302]  ├ namespace v
#      fd00::2   veth                            └─ green [VR green 303] ┘
#
# See lib/rules.bash for the rest.

# The keys of D, and what lib/common reads.
# shellcheck disable=SC2034,SC2154
load lib/common
load lib/topology
load lib/rules

# --- programs ----------------------------------------------------------------------

# own NAME MAPS-AND-BODY: a program of one's own, in C without its head; in $OWN.
own()
{
	OWN=$BATS_TEST_TMPDIR/$1.o
	bpf_compile "$OWN" -I"$BATS_TEST_DIRNAME/../classifiers" <<-EOT
		#include "europa_bpf.h"
		$2
		char _license[] SEC("license") = "GPL";
	EOT
}

@test "rules stay, with their counters, when the program is replaced by one that has their map" {
	local before

	classify prefix
	rules add <<-EOT
		to 10.3.0.0/16 vr red
		from fd00::/64 vr blue
	EOT
	send <<-EOT
		5 10.3.1.1
		6 fd03::1
	EOT
	assert_taken 5 6 0
	before=$(shown)
	classify prefix
	assert_eq "$(shown)" "$before" "rules after the same program"
	send <<< "5 10.3.1.1"
	assert_taken 5 0 0

	# It goes by the source where the rule says destination.
	own mine 'RULE_TRIE(europa_to4, struct europa_prefix4);
		SEC("tc") int mine(struct __sk_buff *skb)
		{
			struct europa_prefix4 key = { .len = 32 };

			return bpf_skb_load_bytes(skb, 26, key.address, 4) ? EUROPA_VERDICT_NONE :
			       use(bpf_map_lookup_elem(&europa_to4, &key));
		}'
	x ip vr classifier set dev low0 object "$OWN"
	assert_rules <<< 'to 10.3.0.0/16 vr red packets 10'
	sentence 'takes no "from" rules' ip vr rule add dev low0 from 10.0.0.0/8 drop
	rule add to 10.0.0.2 vr green
	send <<< "7 10.4.1.1"
	assert_taken 0 0 7
	assert_rules <<-EOT
		to 10.3.0.0/16 vr red packets 10
		to 10.0.0.2/32 vr green packets 7
	EOT
	classify vlan
	assert_eq "$(shown)" '' "rules of another program"
	classify prefix
	assert_eq "$(shown)" '' "rules after another program"
}

@test "a rule of a VR that is deleted: visible, harmless" {
	classify prefix
	rule add to 10.3.0.0/16 vr green
	rule add to 10.9.0.0/16 vr blue
	send <<< "5 10.3.1.1"
	assert_taken 0 0 5
	spawn ns wire ping -n -q -i 0.002 10.3.1.1
	x ip vr del green
	kill_spawned
	VRS=(red blue)
	fresh
	shown | grep -q '^to 10.3.0.0/16 vr 303 packets'
	shown_json | grep -q '"vr":303,"packets"'
	rule add to 10.4.0.0/16 vr 303
	refused 'VR "green" does not exist|no such VR' ip vr rule add dev low0 to 10.5.0.0/16 vr green
	send <<< "7 10.4.1.1"
	assert_taken 0 0
	shown | grep -q '^to 10.4.0.0/16 vr 303 packets 7$'
	(($(verdict unknown) >= 7))
	answered 3 10.9.0.1
	assert_taken 0 3
	VRS=(red blue green)
	vr_with_port green
	fresh
	send <<< "7 10.4.1.1"
	assert_taken 0 0 7
	RIG_VRS=()
}

@test "a rule that the program does not take is refused with a sentence" {
	local words

	sentence 'No classifier is bound to "low0"' ip vr rule show dev low0
	sentence 'No classifier is bound to "low0"' ip vr rule flush dev low0
	sentence 'No classifier is bound to "low0"' ip vr rule add dev low0 vlan 7 drop
	classify prefix
	for words in 'vlan 7' 'vni 7' 'bucket 7' 'flow proto udp'; do
		# shellcheck disable=SC2086
		sentence "the classifier of \"low0\" takes no \"${words%% *}\" rules" ip vr rule add dev low0 $words drop
	done
	classify vlan
	for words in 'to 10.0.0.0/8' 'from fd00::/8'; do
		# shellcheck disable=SC2086
		sentence "takes no \"${words%% *}\" rules" ip vr rule add dev low0 $words drop
	done
	# Of the right name, and the wrong shape.
	own odd '
		struct { __uint(type, BPF_MAP_TYPE_ARRAY); __type(key, __u32); __type(value, __u64);
			 __uint(max_entries, 8); } europa_flow SEC(".maps");
		struct { __uint(type, BPF_MAP_TYPE_HASH); __type(key, __u32); __type(value, __u8[4000]);
			 __uint(max_entries, 8); } europa_vlan SEC(".maps");
		SEC("tc") int odd(struct __sk_buff *skb)
		{
			__u32 key = 1;
			void *a = bpf_map_lookup_elem(&europa_flow, &key);
			void *b = bpf_map_lookup_elem(&europa_vlan, &key);

			return a && b ? EUROPA_VERDICT_DROP : EUROPA_VERDICT_NONE;
		}'
	x ip vr classifier set dev low0 object "$OWN"
	sentence 'has a map europa_vlan, but not' ip vr rule add dev low0 vlan 1 drop
	sentence 'has a map europa_flow, but not' ip vr rule add dev low0 flow drop
	assert_eq "$(ip vr rule show dev low0 2>&1)" "The classifier takes no rules."
	answered 1 10.0.0.1
}

@test "nothing stays behind" {
	local program before

	before=$(find /sys/fs/bpf)
	wait_until 10 none_of_ours
	for program in prefix vlan vni flow balance prefix; do
		classify $program
	done
	rule add to 10.3.0.0/16 vr red
	(($(ours) >= 5))
	assert_eq "$(find /sys/fs/bpf)" "$before" "pinned files"
	x ip vr classifier del dev low0
	wait_until 10 none_of_ours
}

# man_example: the program, and the commands, of the man page.
man_page() { echo "$BATS_TEST_DIRNAME/../iproute2-plugin/man7/europa-classifiers.7"; }
man_block() { awk -v n="$1" '/^\.SH/ { on = $2 == "EXAMPLE" } /^\.fi/ { show = 0 } show { print } on && /^\.nf/ && ++at == n { show = 1 }' "$(man_page)" | sed 's/\\-/-/g'; }

# bats test_tags=matrix
@test "the man page's example, as it is printed there" {
	local object=$BATS_TEST_TMPDIR/pick.bpf.o

	RIG_NAMESPACES=()
	vr_add three id 3 netns "$(ns_name v)"
	x ip vr attach dev low0 vr three name three mode classifier
	x ip -n "$(ns_name v)" link set three up
	man_block 1 > "$BATS_TEST_TMPDIR/pick.bpf.c"
	cat "$BATS_TEST_TMPDIR/pick.bpf.c"
	(($(wc -l < "$BATS_TEST_TMPDIR/pick.bpf.c") < 30))
	man_block 2 | sed 's/^[$#] //; s/eth0/low0/' > "$BATS_TEST_TMPDIR/commands"
	cat "$BATS_TEST_TMPDIR/commands"
	cd "$BATS_TEST_TMPDIR"
	x bash -e "$BATS_TEST_TMPDIR/commands"
	[ -e "$object" ]
	mark three
	refused 'refused' ns wire bash -c ': < /dev/tcp/10.9.0.1/80'
	refused '' timeout 1 ip netns exec "$(ns_name wire)" bash -c ': < /dev/tcp/10.9.0.1/23'
	answered 3 10.0.0.1
	since three
	assert_eq "${D[fallback]}" 1 "packets to VR 3"
	(($(verdict drop) >= 1))
	assert_eq "$(verdict none)" 3
	assert_eq "$(ip vr rule show dev low0 2>&1)" "The classifier takes no rules."
}

# bad SOURCE REGEX...: its program `bad` is refused, and each regex is a line of what is said: a
# newer kernel's report, all of it, or few lines of the verifier.
bad()
{
	local said regex

	own bad "$1"
	said=$(ip vr classifier set dev low0 object "$OWN" 2>&1) && return 1
	echo "$said" >&2
	for regex in "${@:2}" '^Error: the kernel does not load program "bad" of .*bad.o: '; do
		grep -Eq -- "$regex" <<< "$said" || { echo "does not say $regex" >&2; return 1; }
	done
	[[ $said == "Verification failed:"* ]] || (($(wc -l <<< "$said") <= 13))
}

@test "what the verifier has against a program is shown, and what libbpf has" {
	bad 'SEC("tc") int bad(struct __sk_buff *skb) { return *(int *)(long)skb->data; }' \
		'^(invalid access to packet, off=0 size=4|Verification failed: .*outside bounds)' '^processed [0-9]+ insns' ': Permission denied$'
	bad 'RULE_HASH(numbers);
		SEC("tc") int bad(struct __sk_buff *skb)
		{
			__u32 key = skb->len;
			struct europa_rule *rule = bpf_map_lookup_elem(&numbers, &key);

			return rule->verdict;
		}' "^R0 invalid mem access 'map_value_or_null'|\bR0 may be NULL here"
	bad 'RULE_MAP(none, BPF_MAP_TYPE_HASH, __u32, 0, 0);
		SEC("tc") int bad(struct __sk_buff *skb)
		{
			__u32 key = skb->len;

			return use(bpf_map_lookup_elem(&none, &key));
		}' '^libbpf: .*none.*Invalid argument' ': Invalid argument$'
	assert_eq "$(ip -j vr classifier show dev low0 | jq length)" 0 "classifiers"
}

# --- changes under traffic -----------------------------------------------------------

# hammer ADDRESS ADDRESS: the changes, over and over while datagrams go to each, until the
# first stream was seen to change its way. SENT: how many went out in each.
hammer()
{
	local rounds=0 i pids=() logs=()

	# One backlog per processor is shared by all veth devices of the machine, and overflows where
	# who takes from it has to wait for others.
	x sysctl -q -w net.core.netdev_max_backlog=100000
	for i; do
		spawn ns wire "$PROGS/udpcheck" send "$i" 53 0 100 100
		pids+=("$SPAWNED")
		logs+=("$SPAWNED_LOG")
	done
	while ((rounds < 2)) || { ! both_ways && ((rounds < 100)); }; do
		ip-vr -b "$BATS_TEST_TMPDIR/changes"
		rounds=$((rounds + 1))
	done
	kill -TERM "${pids[@]}"
	wait "${pids[@]}"
	x sysctl -q -w net.core.netdev_max_backlog=1000
	read -ra SENT < <(sed -n 's/^sent //p' "${logs[@]}" | xargs)
	echo "[=] ${SENT[*]} datagrams, $rounds rounds of $(wc -l < "$BATS_TEST_TMPDIR/changes") changes" >&2
}

both_ways()
{
	local red blue green

	read -r red blue green < <(taken_since)
	((red > 1000 && blue > 1000))
}

# changes TIMES: standard input, so many times, is what hammer does to the rules.
changes()
{
	local lines i

	lines=$(sed 's/^\s*\([a-z]*\)/rule \1 dev low0/')
	for ((i = 0; i < $1; i++)); do
		echo "$lines"
	done > "$BATS_TEST_TMPDIR/changes"
}

all_taken() { (($(taken_since | tr ' ' +) == SENT[0] + SENT[1])); }

# assert_hammered: the first stream went to red or blue, the second to green, all of both.
assert_hammered()
{
	local red blue green

	wait_until 10 all_taken || true
	read -r red blue green < <(taken_since)
	echo "[=] red $red, blue $blue, green $green" >&2
	assert_eq "$((red + blue)) $green" "${SENT[*]}" "red and blue, and green"
	((red && blue))
	assert_eq "$(verdicts)" "verdicts vr $((SENT[0] + SENT[1])) host 0 drop 0 none 0 unknown 0"
}

@test "rules of prefixes change under traffic: nothing is lost, nothing goes wrong" {
	classify prefix
	rules add <<-EOT
		to 10.3.0.0/16 vr red
		to 10.4.0.0/16 vr green
	EOT
	changes 50 <<-EOT
		replace to 10.3.0.0/16 vr blue
		add to 10.4.1.0/24 vr green
		add to 10.3.1.0/24 vr red
		del to 10.3.1.0/24
		del to 10.4.1.0/24
		replace to 10.3.0.0/16 vr red
	EOT
	hammer 10.3.1.1 10.4.1.1
	assert_hammered
}

@test "rules of VLANs change under traffic" {
	classify vlan
	tagged p0 7
	tagged p0 8
	rules add <<-EOT
		vlan 7 vr red
		vlan 8 vr green
	EOT
	changes 50 <<-EOT
		replace vlan 7 vr blue
		add vlan 9 drop
		del vlan 9
		replace vlan 7 vr red
	EOT
	hammer 10.107.0.1 10.108.0.1
	assert_hammered
	batch wire <<-EOT
		link del p0.7
		link del p0.8
	EOT
}

@test "rules of flows change under traffic, places are used again" {
	classify flow
	rules add <<-EOT
		flow to 10.3.0.0/16 pref 10 vr red
		flow to 10.4.0.0/16 pref 9 vr green
	EOT
	changes 25 <<-EOT
		add flow to 10.4.1.0/24 proto udp dport 53 pref 2 vr green
		replace flow to 10.3.0.0/16 pref 10 vr blue
		del flow pref 2
		add flow from 10.0.0.2 to 10.3.1.1 proto udp pref 2 vr red
		del flow pref 2
		replace flow to 10.3.0.0/16 pref 10 vr red
	EOT
	hammer 10.3.1.1 10.4.1.1
	assert_hammered
}

@test "rules of buckets change under traffic" {
	classify balance
	rules add <<-EOT
		bucket 0-63 vr red
	EOT
	changes 50 <<-EOT
		replace bucket 0-63 vr blue
		replace bucket 0-63 vr red
	EOT
	hammer 10.3.1.1 10.4.1.1
	wait_until 10 all_taken || true
	read -r red blue green < <(taken_since)
	assert_eq "$((red + blue)) $green" "$((SENT[0] + SENT[1])) 0" "red and blue, and green"
}

# bats test_tags=matrix
@test "rules change between two running data planes: every ping is answered once" {
	classify prefix
	europa_router red blue
	rule add to 10.9.0.0/16 vr red
	mark red
	mark blue
	ping_all wire 400 10.9.0.1 &
	while kill -0 $! 2> /dev/null; do
		rule replace to 10.9.0.0/16 vr blue
		rule replace to 10.9.0.0/16 vr red
	done
	wait $!
	since red
	assert_no_loss
	((D[rx] > 0))
	since blue
	assert_no_loss
	((D[rx] > 0))
	stop_data_plane red
	stop_data_plane blue
	assert_all_slots_conserved red blue
}

@test "at the end nothing is left" {
	assert_no_rule_left
}
