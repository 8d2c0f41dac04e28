# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# What a data plane is told, and what it may ask for: entry by entry, byte by byte.
#
#	   a                        (the machine)                           b
#	eth0 10.1.0.2 ─── eu0 ─ vr7p0 10.1.0.1 ┐ VR blue, number 7,
#	                                       │ home namespace v
#	eth0 10.2.0.2 ─── eu1                  ┘ (b where a test wants it)

load lib/common
load lib/single

# without_ipv6 NS: only what a test sends is there.
without_ipv6() { ns "$1" sysctl -q -w net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1; }

# Few commands: every test does them.
setup()
{
	single_setup
	RIG_NAMESPACES+=(a v)
	batch <<-EOS
		netns add $(ns_name a)
		netns add $(ns_name v)
	EOS
	without_ipv6 a
	without_ipv6 v
	batch <<-EOS
		link add eu0 type veth peer name eth0 address $MAC_A netns $(ns_name a)
		link set eu0 up
	EOS
	host_up a 10.1.0 "$MAC_P0"
	vr_add blue id 7 netns "$(ns_name v)" owner nobody slots 64
	port_up 0 "$MAC_A"
}

# with_b: the other host; it thinks that the VR has another address than it has.
with_b()
{
	RIG_NAMESPACES+=(b)
	x ip netns add "$(ns_name b)"
	without_ipv6 b
	batch <<-EOS
		link add eu1 type veth peer name eth0 address $MAC_B netns $(ns_name b)
		link set eu1 up
	EOS
	host_up b 10.2.0 02:00:00:00:00:99
}

# counted: all counters of packets that are not 0, in their order.
counted()
{
	local json field all=()

	json=$(ip-vr -j -s show blue) || return
	fields_of stats "$json"
	for field in "${FIELDS[@]}"; do
		case $field in
		*:0 | kicks:* | waits:* | wakes:*) ;;
		*) all+=("${field/:/ }") ;;
		esac
	done
	echo "${all[*]}"
}

sent_bytes() { echo "$(< /sys/class/net/eu0/statistics/tx_bytes)"; }

# pinged COUNT [OPTION...]: by a, which gets no answer.
pinged() { ns a ping -n -q -c "$1" -i 0.01 -W 0.1 "${@:2}" 10.1.0.1 || true; }

# hello: a datagram of a, whose checksum is still to be made.
hello() { ns a bash -c 'echo -n hello > /dev/udp/10.1.0.1/9'; }

# tagged_host: a has 10.7.0.2 in VLAN 7, too.
tagged_host()
{
	batch -n "$(ns_name a)" <<-EOF
		link add link eth0 name eth0.7 type vlan id 7
		link set eth0.7 up
		address add 10.7.0.2/24 dev eth0.7
		neighbour add 10.7.0.1 lladdr $MAC_P0 dev eth0.7 nud permanent
	EOF
}

# bats test_tags=matrix
@test "what is wrong in an entry is counted by its reason, and nothing else happens" {
	local before

	# A port that is down.
	with_b
	x ip vr attach dev eu1 vr blue port 1
	before=$(sent_bytes)
	# Of spare slots: 60, 1518, 60 and 60 bytes are sent.
	raw "$NODE" attach map start take=14 \
		entry entry,op=0 entry,op=2 entry,op=3 entry,op=255 entry,state=1 entry,state=2 \
		entry,slot=31 entry,slot=64 entry,slot=65535 \
		entry,port=5 entry,port=1 entry,op=2,port=5 entry,op=2,port=1 \
		entry,bytes=59 entry,len=13 entry,offset=63 entry,offset=2117 \
		entry,len=1518 entry,len=1519 entry,offset=64 entry,offset=2116 \
		entry,source entry,group entry,type=0x8100 entry,type=0x88a8 entry,meta=1 \
		entry,meta=2,start=13 entry,meta=2,start=34,sum=30 entry,meta=2,start=59,sum=0 \
		entry,meta=8,gso=4,size=20 entry,meta=8,gso=1,size=20 \
		entry,kept entry,kept,offset=63,bytes=143,len=227 entry,kept,bytes=99 \
		entry,kept,offset=188,bytes=18,len=102 entry,kept,offset=188,bytes=3,len=102 \
		entry,kept,offset=196,len=94 entry,kept,len=99 entry,kept,len=13,bytes=13 \
		entry,kept,len=20,bytes=21 entry,kept,len=20 entry,kept,op=2 entry,kept,op=0 \
		entry,kept,state=1 entry,kept,port=5 pause
	says "start: ok"
	pinged 14
	says pausing
	assert_eq "$(grep -vc ': ok$' "$SAID")" 1 "words that are not ok, and 'pausing'"
	assert_eq "$(counted)" "rx 14 send 8 punt 2 drop 2 originated 5 bad_slot 3 bad_state 3 bad_op 2 bad_len 10 bad_meta 5 bad_port 3 spoof 5 too_long 1 tx_down 2"
	# 98 as they came, 102, 94 and 20, and an answer of 98 to what was punted.
	assert_eq "$(($(sent_bytes) - before))" $((60 + 1518 + 60 + 60 + 98 + 102 + 94 + 20 + 98)) "bytes on the wire"
	all_slots_home
	# A slot that did not come back by itself is still the data plane's.
	assert_eq "$(vr_stat blue '.queue[0] | [.free, .spare] | tojson')" "[32,32]"
}

@test "a tag of its own, where the operator leaves that to the data plane" {
	local before

	x ip -n "$(ns_name v)" link set vr7p0 type europa spoofchk off
	before=$(sent_bytes)
	raw "$NODE" attach map start entry,meta=1 entry,meta=1,proto=0x88a8 entry,meta=1,proto=0x0800 \
		entry,source entry,group entry,type=0x8100 pause
	says pausing
	assert_eq "$(counted)" "send 5 originated 5 bad_meta 1"
	assert_eq "$(($(sent_bytes) - before))" 300 "bytes on the wire"
}

@test "a tag of its own from the list that the operator gives, and no other" {
	local before

	second_port
	x ip -n "$(ns_name v)" link set vr7p0 type europa vlan 7
	before=$(sent_bytes)
	# With another priority; another number, kind, port; with a tag behind; in the frame itself.
	raw "$NODE" attach map start entry,meta=1 entry,meta=1,tci=0xe007 entry,meta=1,tci=8 \
		entry,meta=1,proto=0x88a8 entry,meta=1,port=1 entry,meta=1,type=0x8100 entry,type=0x8100 \
		take=4 entry,kept,meta=1 entry,kept,meta=1,tci=8 entry,kept,meta=1,port=1 entry,kept \
		pause entry,meta=1 pause
	says "start: ok"
	pinged 4
	says pausing
	assert_eq "$(counted)" "rx 4 send 4 originated 2 spoof 7"
	assert_eq "$(($(sent_bytes) - before))" $((60 + 60 + 98 + 98)) "bytes on the wire"
	# It is the spoofchk's list.
	x ip -n "$(ns_name v)" link set vr7p0 type europa vlan none
	next_word
	wait_until 10 counter_is spoof 8
	counter_is send 4
}

# told COUNT WORDS: that is what was told of the last of so many packets.
told()
{
	wait_until 10 told_of "$1"
	assert_eq "$(sed -n 's/^told //p' "$SAID" | tail -n 1)" "$2" "told"
}

told_of() { [ "$(grep -c ^told "$SAID")" -ge "$1" ]; }

@test "what a data plane is told of a packet" {
	local pin=/sys/fs/bpf/europa-test-$$

	raw "$NODE" attach map start tell tell tell tell tell tell tell discard pause
	says "start: ok"
	pinged 1
	told 1 "len 98 bytes 98 offset 192 port 0"
	pinged 1 -s 1472
	told 2 "len 1514 bytes 1514 offset 192 port 0"
	ns a ping -n -q -c 1 -W 0.1 -b 10.1.0.255 || true
	told 3 "len 98 bytes 98 offset 192 port 0 multicast"
	x tc qdisc add dev eu0 clsact
	x tc filter add dev eu0 ingress matchall action europa vr blue
	ns a ping -n -q -c 1 -W 0.1 -b 10.1.0.255 || true
	told 4 "len 98 bytes 98 offset 192 port 0 addressed multicast"
	x tc qdisc del dev eu0 clsact
	# A classifier that gives all to VR 7.
	x "$PROGS/pinprog" 3 $((0x10007)) "$pin"
	x ip vr classifier set dev eu0 pinned "$pin"
	rm "$pin"
	pinged 1
	told 5 "len 98 bytes 98 offset 192 port 0 addressed"
	x ip vr classifier del dev eu0
	# What is for somebody else, to a port that takes all.
	with_b
	x ip vr attach dev eu1 vr blue port 1 mode passthru
	x ip -n "$(ns_name v)" link set vr7p1 up
	ns b ping -n -q -c 1 -W 0.1 10.2.0.1 || true
	told 6 "len 98 bytes 98 offset 192 port 1"
	ns b ping -n -q -c 1 -W 0.1 -b 10.2.0.255 || true
	told 7 "len 98 bytes 98 offset 192 port 1 multicast"
	says pausing
	assert_eq "$(counted)" "rx 7 drop 7"
	all_slots_home
}

# bats test_tags=matrix
@test "what is told of a packet's checksum, segments, tag and flow" {
	raw "$NODE" attach map start tell tell tell tell discard pause
	says "start: ok"
	hello
	told 1 "len 47 bytes 47 offset 192 port 0 meta csum 34+6 hash"
	ns a "$PROGS/udpcheck" send 10.1.0.1 9 3 3000 3000 1000
	told 2 "len 3042 bytes 1984 offset 192 port 0 meta csum 34+6 gso 4 size 1000 segs 3 headers 42 hash"
	tagged_host
	ns a ping -n -q -c 1 -W 0.1 10.7.0.1 || true
	told 3 "len 98 bytes 98 offset 192 port 0 meta vlan 8100 7"
	ns a ethtool -K eth0 tx off
	hello
	told 4 "len 47 bytes 47 offset 192 port 0 hash"
	says pausing
	all_slots_home
}

@test "poll sends what was published: nobody sleeps on packets of his own" {
	raw "$NODE" attach map start take=2 publish poll pause
	says "start: ok"
	pinged 2
	says pausing
	counter_is punt 2
	counter_is kicks 0
	all_slots_home
}

@test "as many spare slots as were asked for, up to half" {
	raw "$NODE" attach,spares=33 attach,spares=1 map start pause
	says pausing
	grep -x "attach,spares=33: EINVAL" "$SAID"
	assert_eq "$(vr_stat blue '.queue[0] | [.free, .spare] | tojson')" "[63,1]"
}

@test "an old mapping that goes is not the new one" {
	raw "$NODE" attach map start detach attach start unmap kick pause
	says pausing
	grep -x "kick: ok" "$SAID"
	state_is running
}

@test "without a data plane each packet is counted where it goes" {
	pinged 3
	assert_eq "$(counted)" "fallback 3"
	x ip vr set blue fallback drop
	pinged 2
	assert_eq "$(counted)" "fallback 3 rx_fallback 2"
}

# bats test_tags=matrix
@test "calls are counted, told and traced" {
	local events=/sys/kernel/tracing/events/europa

	echo > /sys/kernel/tracing/trace
	echo 1 > $events/europa_kick/enable
	echo 1 > $events/europa_wake/enable
	raw "$NODE" attach map start poll kick entry,op=0,quiet kick kick wait pause
	wait_until 10 grep -qx sleeping "$SAID"
	wait_until 10 counter_over waits 0
	assert_eq "$(vr_stat blue .queue[0].poll)" asleep poll
	pinged 1
	says pausing
	echo 0 > $events/europa_kick/enable
	echo 0 > $events/europa_wake/enable
	assert_eq "$(vr_stat blue '.stats | [.kicks, .waits, .wakes] | tojson')" "[3,1,1]" "kicks, waits, wakes"
	assert_eq "$(sed -n 's/^entries: //p' "$SAID" | xargs)" "0 1 0" "what kicks say"
	assert_eq "$(sed -n 's/.*europa_kick: //p' /sys/kernel/tracing/trace | xargs)" \
		"vr=7 entries=0 vr=7 entries=1 vr=7 entries=0" "kicks in the trace"
	assert_eq "$(sed -n 's/.*europa_wake: //p' /sys/kernel/tracing/trace)" "vr=7" "wakes in the trace"
}

@test "no more of a packet than the data plane wants, nor than the VR allows, and it goes on whole" {
	raw "$NODE" attach,snap=63 attach,snap=1985 attach,snap=0x10000 attach,snap=100 map start shape \
		tell discard tell give pause
	says "start: ok"
	assert_eq "$(grep -cx "attach,snap=.*: EINVAL" "$SAID")" 3 "snaps that there cannot be"
	grep -q "^vr 7 .* snap 100 " "$SAID"
	assert_eq "$(vr_stat blue '.queue[0].snap, .snap')" $'100\n1984' "what the data plane sees, and the VR's"
	pinged 1
	told 1 "len 98 bytes 98 offset 192 port 0"
	x ns a ping -n -q -c 1 -w 10 -s 1000 10.1.0.1
	told 2 "len 1042 bytes 100 offset 192 port 0"
	x kill "$RAW"
	idle
	assert_eq "$(vr_stat blue '.queue[0].snap')" null "of nobody"
	x ip vr set blue snap 80
	raw "$NODE" attach,snap=100 map shape detach attach shape detach attach,snap=64 shape pause
	says pausing
	assert_eq "$(sed -n 's/^vr 7 .* \(snap [0-9]*\) .*/\1/p' "$SAID" | xargs)" "snap 80 snap 80 snap 64"
	x kill "$RAW"
	idle
	x ip vr set blue snap 1984
}

@test "what attach tells, and what port tells" {
	raw "$NODE" attach map shape ctl port=0 port=1 pause
	says pausing
	grep -x "flags 0x1 generation 1" "$SAID"
	grep -x "vr 7 generation 1 slots 64 stride 2176 headroom 128 snap 1984 rx 64 tx 64 spares 32 spare 32" "$SAID"
	grep -x "port 0: ifindex [1-9][0-9]* mtu 1500 up spoofchk address $MAC_P0" "$SAID"
	grep -x "port=1: ENOENT" "$SAID"
	assert_eq "$(vr_stat blue '.ports[0].up')" true up
	x ip -n "$(ns_name v)" link set vr7p0 down
	assert_eq "$(vr_stat blue '.ports[0].up')" false up
	x ip -n "$(ns_name v)" link set vr7p0 mtu 1400 type europa spoofchk off
	x kill "$RAW"
	idle
	raw "$NODE" attach map shape ctl port=0 pause
	says pausing
	grep "^vr 7 generation 2 " "$SAID"
	grep -x "flags 0x1 generation 2" "$SAID"
	assert_eq "$(vr_stat blue .generation)" 2 generation
	grep -x "port 0: ifindex [1-9][0-9]* mtu 1400 address $MAC_P0" "$SAID"
}

@test "a child does not map the pool" {
	raw "$NODE" attach childmap map start pause
	says pausing
	grep -x "childmap: EPERM" "$SAID"
	grep -x "map: ok" "$SAID"
}

# seqs: what b's tcpdump has seen; they came in this order.
seqs() { tcpdump -n -r "$BATS_TEST_TMPDIR/pcap" 2> /dev/null | sed -n 's/.*echo request.* seq \([0-9]*\),.*/\1/p' | xargs; }
seqs_are() { [ "$(seqs)" = "$1" ]; }

@test "what a data plane leaves goes to the kernel, in order, if the port is up" {
	raw "$NODE" attach map start pause detach attach start pause detach pause
	says pausing
	pinged 5
	owner_is rx 5
	spawn ns v tcpdump -i vr7p0 -U -w "$BATS_TEST_TMPDIR/pcap"
	wait_until 10 grep -q listening "$SPAWNED_LOG"
	next_word
	wait_until 10 counter_is reclaimed 5
	wait_until 10 seqs_are "1 2 3 4 5"
	wait_until 10 run_twice pausing
	pinged 3
	wait_until 10 owner_is rx 3
	x ip -n "$(ns_name v)" link set vr7p0 down
	next_word
	idle
	assert_eq "$(counted)" "rx 8 fallback 5 reclaimed 5 gone 3"
}

run_twice() { run_times 2 "$1"; }
run_times() { [ "$(grep -c "$2" "$SAID")" = "$1" ]; }

@test "a port that goes takes its packets with it, and no other's" {
	second_port
	ns b ip neighbour replace 10.2.0.1 lladdr "$MAC_P1" dev eth0 nud permanent
	raw "$NODE" attach map start pause
	says pausing
	pinged 3
	ns b ping -n -q -c 5 -i 0.01 -W 0.1 10.2.0.1 || true
	wait_until 10 owner_is rx 8
	x ip vr detach dev eu1 vr blue
	assert_eq "$(vr_stat blue '.queue[0] | [.rx, .vr] | tojson')" "[3,5]" "slots of packets, and without"
	assert_eq "$(counted)" "rx 8 gone 5"
	assert_slots_conserved blue
}

# bats test_tags=matrix
@test "a full pool, and a full limit, have their own counters" {
	raw "$NODE" attach map start pause
	says pausing
	pinged 40
	wait_until 10 counter_is rx 32
	assert_eq "$(counted)" "rx 32 rx_full 8"
	x kill "$RAW"
	idle
	x ip vr set blue slots 4096 limit 1M
	raw "$NODE" attach map start pause
	says pausing
	ns a "$PROGS/udpcheck" send 10.1.0.1 9 800 1400 1400
	(($(vr_stat blue .stats.rx_limit) > 0))
	assert_eq "$(vr_stat blue .stats.rx_full)" 8
	(($(vr_stat blue '.queue[0].held') <= 1 << 20))
	assert_slots_conserved blue
}

@test "what is for somebody else stays that, at the port's stack too" {
	x ip vr detach dev eu0 vr blue
	x ip vr attach dev eu0 vr blue name vr7p0 mode passthru
	x ip -n "$(ns_name v)" link set vr7p0 up
	x ip -n "$(ns_name v)" address add 10.1.0.1/24 dev vr7p0
	pinged 1
	ns a ip neighbour replace 10.1.0.1 lladdr 02:00:00:00:00:99 dev eth0 nud permanent
	spawn ns v tcpdump -i vr7p0 -p -n -e -c 1 icmp
	wait_until 10 grep -q listening "$SPAWNED_LOG"
	pinged 1
	wait_until 10 grep -q "echo request" "$SPAWNED_LOG"
	run ! grep "echo reply" "$SPAWNED_LOG"
}

# mac_beside MAC: another that has the same place among a device's 256. The module hashes the
# six bytes as a number, the first one the lowest, by the kernel's GOLDEN_RATIO_64.
mac_beside()
{
	local golden=0x61c8864680b583eb n other=2 m=$1

	n=$((16#${m:15:2}${m:12:2}${m:9:2}${m:6:2}${m:3:2}${m:0:2}))
	while ((other += 1 << 16, (other * golden ^ n * golden) >> 56 & 255 || other == n)); do
		:
	done
	printf '02:00:%02x:%02x:%02x:%02x' $((other >> 16 & 255)) $((other >> 24 & 255)) \
		$((other >> 32 & 255)) $((other >> 40))
}

@test "a frame is for the port whose address it has, and not for one that only hashes alike" {
	ns a "$PROGS/frames" eth0 5 "$(mac_beside "$MAC_P0")02000000000a88b5"
	assert_eq "$(vr_stat blue '.stats.fallback + .stats.rx')" 0 "frames to another's address"
	ns a "$PROGS/frames" eth0 5 "${MAC_P0}02000000000a88b5"
	wait_until 10 counter_over fallback 4
	assert_eq "$(vr_stat blue '.stats.fallback + .stats.rx')" 5 "frames to the port's"
}

# The device stays known, for blue has a port on it.
@test "a passthru port that goes leaves the device to the next" {
	vr_add red id 8 netns "$(ns_name v)"
	x ip vr attach dev eu0 vr red name red0 mode passthru
	vr_add green id 9 netns "$(ns_name v)"
	refused 'has a passthru port already' ip vr attach dev eu0 vr green name green0 mode passthru
	x ip vr detach dev eu0 vr red
	x ip vr attach dev eu0 vr green name green0 mode passthru
	pinged 1
	assert_eq "$(counted)" "fallback 1"
}

@test "what others knew of a packet is not kept: neither its mark, nor who sent it" {
	x tc qdisc add dev eu0 clsact
	x tc filter add dev eu0 ingress matchall action skbedit mark 7
	ns v nft -f - <<-EOT
		table ip t {
			chain c {
				type filter hook prerouting priority raw;
				icmp type echo-request counter
				meta mark 7 counter
			}
		}
	EOT
	raw "$NODE" attach map start take=1 give pause
	says "start: ok"
	pinged 1
	says pausing
	x kill "$RAW"
	idle
	pinged 1
	ns v nft list ruleset | grep counter
	ns v nft list ruleset | grep -q 'echo-request counter packets 2 '
	ns v nft list ruleset | grep -q 'mark 0x00000007 counter packets 0 '
	x tc qdisc del dev eu0 clsact
}

# second_port: port 1 of VR blue, on eu1.
second_port()
{
	with_b
	x ip vr attach dev eu1 vr blue port 1 address "$MAC_P1"
	x ip -n "$(ns_name v)" link set vr7p1 up
}

# words COUNT WORD: so many of it.
words() { local i; for ((i = 0; i < $1; i++)); do echo "$2"; done; }

# bats test_tags=matrix
@test "bursts of packets for two ports are counted whole, at each port" {
	second_port
	x ip vr set blue slots 256
	# shellcheck disable=SC2046
	raw "$NODE" attach,spares=100 map start $(words 40 entry,quiet) $(words 30 entry,quiet,port=1) \
		$(words 30 entry,quiet) kick pause
	says pausing
	grep -x "entries: 100" "$SAID"
	assert_eq "$(counted)" "send 100 originated 100"
	assert_eq "$(port_counted vr7p0)" "send 70 originated 70"
	assert_eq "$(port_counted vr7p1)" "send 30 originated 30"
	assert_eq "$(ip -n "$(ns_name v)" -j -s link show vr7p0 | jq -c '.[0].stats64.tx | [.packets, .bytes]')" \
		"[70,4200]" "what vr7p0 has sent"
	all_slots_home
}

port_counted() { ns v ethtool -S "$1" | awk '$2 ~ /^[1-9]/ { sub(":", "", $1); print $1, $2 }' | xargs; }

@test "a port has its own counters, and the VR their sum" {
	raw "$NODE" attach map start take=2 entry,kept,op=0 entry,kept,op=2 entry entry,source entry,len=13 \
		entry,op=0 entry,op=9 pause
	says "start: ok"
	pinged 2
	says pausing
	assert_eq "$(port_counted vr7p0)" "rx 2 send 1 punt 1 drop 1 originated 1 bad_len 1 spoof 1"
	assert_eq "$(counted)" "rx 2 send 1 punt 1 drop 2 originated 1 bad_op 1 bad_len 1 spoof 1"
	x ip vr detach dev eu0 vr blue
	assert_eq "$(counted)" "rx 2 send 1 punt 1 drop 2 originated 1 bad_op 1 bad_len 1 spoof 1"
}

@test "a lower device that is down, and one that refuses" {
	raw "$NODE" attach map start entry pause entry pause
	says pausing
	x tc qdisc add dev eu0 clsact
	x tc filter add dev eu0 egress matchall action drop
	next_word
	wait_until 10 run_twice pausing
	assert_eq "$(counted)" "send 1 originated 1 tx_qdisc 1"
	x kill "$RAW"
	idle
	x tc qdisc del dev eu0 clsact
	x ip link set eu0 down
	raw "$NODE" attach map start entry pause
	says pausing
	assert_eq "$(counted)" "send 1 originated 1 tx_down 1 tx_qdisc 1"
}

# bats test_tags=matrix
@test "what was taken back is counted once, and nothing goes out for it" {
	raw "$NODE" attach map start take=3 pause entry,kept entry,kept,op=2 entry,kept,op=0 pause
	says "start: ok"
	pinged 3
	says pausing
	x ip vr detach dev eu0 vr blue
	x ip vr attach dev eu0 vr blue port 0 address "$MAC_P0"
	x ip -n "$(ns_name v)" link set vr7p0 up
	assert_eq "$(vr_stat blue '.queue[0] | [.rx, .vr, .held] | tojson')" "[0,3,0]" "slots"
	next_word
	wait_until 10 run_twice pausing
	assert_eq "$(counted)" "rx 3 gone 3"
	all_slots_home
}

@test "a checksum that no longer fits the packet, and one that does" {
	raw "$NODE" attach map start take=3 entry,kept,offset=222,len=17 entry,kept,len=36 entry,kept,len=42 pause
	says "start: ok"
	for _ in 1 2 3; do
		hello
	done
	says pausing
	assert_eq "$(counted)" "rx 3 send 1 bad_meta 2"
}

@test "a super-packet keeps its length, and the shape of its headers" {
	raw "$NODE" attach map start take=4 entry,kept,len=3041 entry,kept,offset=188,bytes=18,len=3046 \
		entry,kept,type=0x0800,bytes=42,poke=23 entry,kept,type=0x0800,bytes=42 pause
	says "start: ok"
	ns a "$PROGS/udpcheck" send 10.1.0.1 9 12 3000 3000 1000
	says pausing
	assert_eq "$(counted)" "rx 4 send 1 bad_meta 1 gso 2"
}

# bats test_tags=matrix
@test "super-packets that a data plane makes: of TCP, as they are" {
	local before

	before=$(sent_bytes)
	raw "$NODE" attach map start entry,tcp,len=600,meta=10,sum=16,gso=1,size=200,type=0x0800 \
		entry,tcp,len=600,meta=10,sum=16,gso=2,size=200,type=0x0800 \
		entry,tcp,len=600,meta=10,sum=16,gso=3,size=200,type=0x0800 pause
	says pausing
	assert_eq "$(vr_stat blue .stats.send)" 1 "sent"
	# Some kernels see only when they cut it that a packet is not of its kind.
	assert_eq "$(vr_stat blue '.stats | .bad_meta + .tx_qdisc')" 2 "refused"
	assert_eq "$(($(sent_bytes) - before))" 600 "bytes on the wire"
}

@test "a tag that came goes out again by its own port, unless it is taken off; it is not changed" {
	local seen

	second_port
	tagged_host
	spawn ns a tcpdump -i eth0 -n -e -Q in -l
	seen=$SPAWNED_LOG
	wait_until 10 grep -q listening "$seen"
	raw "$NODE" attach map start take=6 entry,kept entry,kept,meta=1,port=1 entry,kept,meta=1 entry,kept,meta=1,tci=8 \
		entry,kept,meta=1,tci=9 entry,kept,meta=1,proto=0x88a8 pause
	says "start: ok"
	ns a ping -n -q -c 6 -i 0.01 -W 0.1 10.7.0.1 || true
	says pausing
	assert_eq "$(counted)" "rx 6 send 2 spoof 4"
	wait_until 10 seen_at_a 2 "$seen"
	assert_eq "$(grep -c 'vlan 7,' "$seen")" 1 "frames with the tag"
}

seen_at_a() { (($(grep -c "$MAC_P0 > $MAC_A" "$2") == $1)); }

# A TCP packet that receive merging has looked at has its checksum verified.
@test "a checksum that was good is told, and is not believed of changed bytes" {
	second_port
	x ethtool -K eu0 gro on
	ns a ethtool -K eth0 tx off
	ns b ip link set eth0 address "$MAC_A"
	raw "$NODE" attach map start tell entry,kept,port=1,type=0x0800,bytes=74,poke=37 pause
	says "start: ok"
	ns a timeout 0.5 bash -c ': < /dev/tcp/10.2.0.2/9' || true
	says pausing
	told 1 "len 74 bytes 74 offset 192 port 0 good hash"
	wait_until 10 counter_is send 1
	wait_until 5 bad_sums_at_b 1
}

bad_sums_at_b() { (($(ns b nstat -asz TcpInCsumErrors | awk '$1 == "TcpInCsumErrors" { print $2 }') == $1)); }

@test "what was published is sent, even when its data plane leaves without a kick" {
	raw "$NODE" attach map start take=2 publish detach pause
	says "start: ok"
	pinged 2
	says pausing
	assert_eq "$(counted)" "rx 2 punt 2"
}

@test "nobody is woken who does not sleep, nor twice" {
	raw "$NODE" attach map start pause arm pause seen pause
	says pausing
	pinged 5
	counter_is wakes 0
	next_word
	wait_until 10 run_twice pausing
	# Armed, and busy elsewhere: one wake-up, whatever comes.
	pinged 5
	wait_until 10 counter_is rx 10
	counter_is wakes 1
	# Not armed any more.
	next_word
	wait_until 10 run_times 3 pausing
	pinged 5
	wait_until 10 counter_is rx 15
	counter_is wakes 1
}

@test "an entry that comes twice counts once" {
	raw "$NODE" attach map start take=2 entry,kept,op=0,twice entry,twice pause
	says "start: ok"
	pinged 2
	says pausing
	assert_eq "$(counted)" "rx 2 send 1 drop 1 originated 1 bad_slot 2"
	assert_slots_conserved blue
}

@test "a ring goes round" {
	local i

	# Packets and spare slots, round both rings of 64, and the spare one of 32.
	# shellcheck disable=SC2046
	raw "$NODE" attach map start drop $(words 150 entry) pause
	says running
	for i in 1 2 3 4 5 6; do
		pinged 25
		wait_until 10 counter_is drop $((i * 25))
	done
	next_word
	says pausing
	assert_eq "$(counted)" "rx 150 send 150 drop 150 originated 150"
	all_slots_home
}

# bats test_tags=matrix
@test "a group frame goes to the ports that want it" {
	local mac=33:33:00:00:12:34

	vr_add red id 8 netns "$(ns_name v)"
	x ip vr attach dev eu0 vr red name red0 mode classifier
	x ip -n "$(ns_name v)" link set red0 up
	ns a ip neighbour add 10.1.0.77 lladdr $mac dev eth0 nud permanent
	ns a ping -n -q -c 1 -W 0.1 10.1.0.77 || true
	ns a ping -n -q -c 1 -W 0.1 -b 10.1.0.255 || true
	wait_until 10 counter_is fallback 1
	x ip -n "$(ns_name v)" maddress add $mac dev vr7p0
	ns a ping -n -q -c 2 -i 0.01 -W 0.1 10.1.0.77 || true
	wait_until 10 counter_is fallback 3
	x ip -n "$(ns_name v)" maddress del $mac dev vr7p0
	ns a ping -n -q -c 1 -W 0.1 10.1.0.77 || true
	x ip -n "$(ns_name v)" link set vr7p0 allmulticast on
	ns a ping -n -q -c 1 -W 0.1 10.1.0.77 || true
	wait_until 10 counter_is fallback 4
	x ip -n "$(ns_name v)" link set vr7p0 down
	ns a ping -n -q -c 1 -W 0.1 -b 10.1.0.255 || true
	sleep 0.5
	assert_eq "$(counted)" "fallback 4"
	assert_eq "$(vr_stat red '.stats | [.rx, .fallback] | add')" 0 "packets of a port that a classifier gives to"
}

# flag DEV NAME: how often something asked it of the device.
flag() { ip -d -j link show "$1" | jq ".[0].$2"; }

@test "what a port asks of its lower device, it takes back" {
	local mac=01:00:5e:00:00:55 v

	v=$(ns_name v)
	# For the port's address: a veth has no list of more than its own.
	assert_eq "$(flag eu0 promiscuity)" 1 "promiscuous, to begin with"
	asked() { assert_eq "$(flag eu0 promiscuity) $(flag eu0 allmulti) $(ip maddress show dev eu0 | grep -c $mac)" "$1" "$2"; }

	x ip -n "$v" maddress add $mac dev vr7p0
	x ip -n "$v" link set vr7p0 allmulticast on promisc on
	asked "1 1 1" "while up, with spoofchk"
	x ip -n "$v" link set vr7p0 type europa spoofchk off
	asked "2 1 1" "while up"
	x ip -n "$v" link set vr7p0 down
	asked "0 0 0" "while down"
	x ip -n "$v" link set vr7p0 promisc off
	x ip -n "$v" link set vr7p0 promisc on
	asked "0 0 0" "changed while down"
	x ip -n "$v" link set vr7p0 up
	asked "2 1 1" "up again"
	x ip -n "$v" link set vr7p0 type europa spoofchk on
	asked "1 1 1" "with spoofchk again"
	x ip -n "$v" link set vr7p0 type europa spoofchk off
	x ip -n "$v" link set vr7p0 allmulticast off promisc off
	asked "1 0 1" "no longer"
	x ip vr detach dev eu0 vr blue
	asked "0 0 0" "when the port is gone"
}

# bats test_tags=matrix
@test "a lower device that moves is told its filter again, once" {
	ns_add c
	assert_eq "$(bridge fdb show dev eu0 | grep -c "^$MAC_P0 ")" 1 "addresses in the filter"
	x ip link set eu0 netns "$(ns_name c)"
	ns c ip link set eu0 up
	assert_eq "$(ns c bridge fdb show dev eu0 | grep -c "^$MAC_P0 ")" 1 "addresses in the filter, elsewhere"
	x ip -n "$(ns_name v)" link set vr7p0 down
	assert_eq "$(ns c bridge fdb show dev eu0 | grep -c "^$MAC_P0 ")" 0 "addresses in the filter, port down"
}

# Of two tags the kernel takes the outer one off the frame, on receive.
@test "a tag in the frame goes out by its own port as it came, and else not at all" {
	local tags=meta=1,proto=0x88a8,tci=9,type=0x8100,bytes=18

	second_port
	batch -n "$(ns_name a)" <<-EOF
		link add link eth0 name eth0.9 type vlan proto 802.1ad id 9
		link set eth0.9 up
		link add link eth0.9 name eth0.9.7 type vlan id 7
		link set eth0.9.7 up
		address add 10.7.0.2/24 dev eth0.9.7
		neighbour add 10.7.0.1 lladdr $MAC_P0 dev eth0.9.7 nud permanent
	EOF
	raw "$NODE" attach map start take=4 "entry,kept,$tags" "entry,kept,$tags,poke=15" \
		"entry,kept,$tags,port=1" "entry,kept,$tags,port=1,poke=15" pause \
		take=2 "entry,kept,meta=1,tci=5,type=0x8100,bytes=18" "entry,kept,$tags" pause
	says "start: ok"
	ns a ping -n -q -c 4 -i 0.01 -W 0.1 10.7.0.1 || true
	says pausing
	assert_eq "$(counted)" "rx 4 send 1 spoof 3"
	# Before it goes no tag that would be allowed alone.
	x ip -n "$(ns_name v)" link set vr7p0 type europa vlan 5
	next_word
	ns a ping -n -q -c 2 -i 0.01 -W 0.1 10.7.0.1 || true
	wait_until 10 counter_is send 2
	assert_eq "$(counted)" "rx 6 send 2 spoof 4"
}

# Bytes of a datagram's headers: type 12, version 14, total length 16, fragment 20, protocol
# 23, UDP's length 38; time to live 22 and a port, 35, are not shape.
@test "no header's shape changes in a super-packet, and the rest may" {
	local at bad=()

	for at in 12 14 16 20 23 38; do
		bad+=("entry,kept,type=0x0800,bytes=42,poke=$at")
	done
	raw "$NODE" attach map start take=8 "${bad[@]}" entry,kept,type=0x0800,bytes=42,poke=22 \
		entry,kept,type=0x0800,bytes=42,poke=35 pause
	says "start: ok"
	ns a "$PROGS/udpcheck" send 10.1.0.1 9 24 3000 3000 1000
	says pausing
	assert_eq "$(counted)" "rx 8 send 2 bad_meta 6"
}

# A raw socket in the VR's namespace, which is its owner's.
@test "the port's own stack sends as nobody else either" {
	local before

	before=$(sent_bytes)
	x ip -n "$(ns_name v)" link add link vr7p0 name mv0 address 02:00:00:00:00:66 type macvlan
	x ip -n "$(ns_name v)" address add 10.1.0.66/24 dev mv0
	x ip -n "$(ns_name v)" link set mv0 up
	x ip -n "$(ns_name v)" neighbour add 10.1.0.2 lladdr "$MAC_A" dev mv0 nud permanent
	x ip -n "$(ns_name a)" neighbour add 10.1.0.66 lladdr 02:00:00:00:00:66 dev eth0 nud permanent
	ns v ping -n -q -c 2 -i 0.01 -W 0.1 -I mv0 10.1.0.2 || true
	assert_eq "$(counted)" "spoof 2"
	assert_eq "$(sent_bytes)" "$before" "bytes on the wire"
	x ip -n "$(ns_name v)" link set vr7p0 type europa spoofchk off
	ns v ping -n -q -c 2 -i 0.01 -W 0.1 -I mv0 10.1.0.2 || true
	assert_eq "$(counted)" "spoof 2"
	assert_eq "$(($(sent_bytes) - before))" 196 "bytes on the wire"
}
