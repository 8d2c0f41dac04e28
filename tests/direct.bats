# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# Packets go straight to a lower device's driver where nothing waits or listens in between,
# and the kernel's ordinary way where there is something: it is never gone past.
#
#	   a                        (the machine)                           b
#	eth0 10.1.0.2 ─── eu0 ─ vr7p0 10.1.0.1 ┐ VR blue: a data plane
#	                                       │ that forwards
#	eth0 10.2.0.2 ─── eu1 ─ vr7p1 10.2.0.1 ┘
#
# So does what the port's own stack forwards while there is no data plane.
#
# The ordinary way has a tracepoint, net_dev_queue, which counts what took it.

# The rules' functions are called by name; awk has dollars of its own.
# shellcheck disable=SC2016,SC2317
load lib/common
load lib/single

TRACE=/sys/kernel/tracing/instances/europa
COUNT=64	# datagrams from a to b, and as many back
BY=send		# the counter of who forwards: the data plane, or for "fallback" the port's stack

setup()
{
	single_setup
	topology
	# As from a NIC: with nothing left to do.
	ns a ethtool -K eth0 tx off > /dev/null
	ns b ethtool -K eth0 tx off > /dev/null
	[ -d ${TRACE%/instances/*}/events/net ] || skip "this kernel traces no devices"
	mkdir -p $TRACE
	echo 'name == "eu1"' > $TRACE/events/net/net_dev_queue/filter
	echo 1 > $TRACE/events/net/net_dev_queue/enable
}

teardown()
{
	[ ! -d $TRACE ] || rmdir $TRACE
	single_teardown
}

# What has taken the ordinary way out of eu1 since the last call.
queued()
{
	grep -c 'net_dev_queue: dev=eu1' $TRACE/trace || true
	echo > $TRACE/trace
}

port1() { ip netns exec "$(ns_name v)" cat "/sys/class/net/vr7p1/statistics/$1"; }
eu1() { cat "/sys/class/net/eu1/statistics/$1"; }

# there_and_back: COUNT datagrams and their echoes, none lost, none out of order.
there_and_back()
{
	local send sent

	send=$(vr_stat blue ".stats.$BY") sent=$(eu1 tx_packets)
	queued > /dev/null
	load 32 $COUNT
	loaded_ok
	grep -q 'twice 0 late 0$' "$CLIENT_SAID"
	assert_eq "$(($(vr_stat blue ".stats.$BY") - send))" $((2 * COUNT)) "forwarded, counted as $BY"
	assert_eq "$(($(eu1 tx_packets) - sent))" $COUNT "sent by the lower device"
}

straight()
{
	there_and_back
	assert_eq "$(queued)" 0 "packets that took the ordinary way"
}

# ordinary WHAT ON OFF: `counted`, where the rule counts, tells how many it has seen.
ordinary()
{
	local before

	echo "[=] $1" >&2
	"$2"
	before=$(counted)
	there_and_back
	assert_eq "$(queued)" $COUNT "packets that took the ordinary way"
	assert_eq "$(($(counted) - before))" $COUNT "packets that the rule has counted"
	"$3"
	straight
}

running_router()
{
	router
	serve
}

running_stack()
{
	BY=fallback
	serve
}

# ---------------------------------------------------------------------------------------

# bats test_tags=matrix
@test "to a device where nothing waits or listens packets go straight, and are counted" {
	local packets bytes lower

	running_router
	packets=$(port1 tx_packets) bytes=$(port1 tx_bytes) lower=$(eu1 tx_bytes)
	straight
	assert_eq "$(($(port1 tx_packets) - packets))" $COUNT "packets of the port"
	assert_eq "$(($(port1 tx_bytes) - bytes))" "$(($(eu1 tx_bytes) - lower))" "bytes"
	counter_is tx_qdisc 0
	all_slots_home
}

# bats test_tags=matrix
@test "so does what the port's stack forwards, and it goes past nothing" {
	local packets bytes lower

	running_stack
	packets=$(port1 tx_packets) bytes=$(port1 tx_bytes) lower=$(eu1 tx_bytes)
	straight
	assert_eq "$(($(port1 tx_packets) - packets))" $COUNT "packets of the port"
	assert_eq "$(($(port1 tx_bytes) - bytes))" "$(($(eu1 tx_bytes) - lower))" "bytes"
	on() { x tc qdisc add dev eu1 clsact && x tc filter add dev eu1 egress matchall action pass; }
	off() { x tc qdisc del dev eu1 clsact; }
	counted() { tc -j -s filter show dev eu1 egress | jq '[.[].options?.actions[]?.stats.packets] | add // 0'; }
	ordinary "tc egress" on off
	on() { x nft 'add table netdev t; add chain netdev t out { type filter hook egress device eu1 priority 0; }; add rule netdev t out counter'; }
	off() { x nft delete table netdev t; }
	counted() { nft -j list table netdev t | jq '[.. | .counter? // empty | .packets] | add // 0'; }
	ordinary "nft egress" on off
	on() { x tc qdisc replace dev eu1 root pfifo; }
	off() { x tc qdisc del dev eu1 root; }
	counted() { tc -j -s qdisc show dev eu1 | jq '.[0].packets // 0'; }
	ordinary "qdisc" on off
	x ip vr set blue prio 1:5
	there_and_back
	assert_eq "$(queued)" $COUNT "packets of the class"
	x ip vr set blue prio none
	straight
}

@test "what the port's own stack sends is shown to taps, summed and cut as ever" {
	running_stack
	spawn tcpdump -i eu1 -n -l -Q out udp dst port 9 and src 10.1.0.2
	TAPPED=$SPAWNED_LOG TAP=$SPAWNED
	wait_until 10 grep -q 'listening on' "$TAPPED"
	there_and_back
	assert_eq "$(queued)" $COUNT "packets that took the ordinary way"
	seen_all() { [ "$(grep -c '10.2.0.2.9: UDP' "$TAPPED")" = "$COUNT" ]; }
	wait_until 10 seen_all
	x kill -INT "$TAP"
	wait "$TAP"
	# A sum still to do, and fragments of a packet: not as they are.
	ns a ethtool -K eth0 tx on > /dev/null
	x ethtool -K eu1 tx off > /dev/null
	there_and_back
	assert_eq "$(queued)" $COUNT "packets without a sum"
	ns v ping -c 1 -s 4000 -W 5 10.2.0.2
}

@test "a tc filter at egress sees every packet" {
	on() { x tc qdisc add dev eu1 clsact && x tc filter add dev eu1 egress matchall action pass; }
	off() { x tc qdisc del dev eu1 clsact; }
	counted() { tc -j -s filter show dev eu1 egress | jq '[.[].options?.actions[]?.stats.packets] | add // 0'; }
	running_router
	ordinary "tc egress" on off
}

@test "an nftables chain at egress sees every packet" {
	on() { x nft 'add table netdev t; add chain netdev t out { type filter hook egress device eu1 priority 0; }; add rule netdev t out counter'; }
	off() { x nft delete table netdev t; }
	counted() { nft -j list table netdev t | jq '[.. | .counter? // empty | .packets] | add // 0'; }
	running_router
	ordinary "nft egress" on off
}

@test "a qdisc gets every packet, and one of more queues, too" {
	on() { x tc qdisc replace dev eu1 root pfifo; }
	off() { x tc qdisc del dev eu1 root; }
	counted() { tc -j -s qdisc show dev eu1 | jq '.[0].packets // 0'; }
	running_router
	ordinary "qdisc" on off
}

@test "a tap on the lower device, and one on all devices, sees every packet once" {
	on() { spawn tcpdump -i "$device" -n -l -Q out udp dst port 9 and src 10.1.0.2; wait_until 10 grep -q 'listening on' "$SPAWNED_LOG"; TAP=$SPAWNED; TAPPED=$SPAWNED_LOG; }
	off() { x kill -INT "$TAP" && wait "$TAP"; }
	counted() { grep -c '10.2.0.2.9: UDP' "$TAPPED" || true; }
	ordinary_tap()
	{
		on
		there_and_back
		assert_eq "$(queued)" $COUNT "packets that took the ordinary way"
		wait_until 10 seen_all
		off
		straight
	}
	seen_all() { [ "$(counted)" = "$COUNT" ]; }
	running_router
	for device in eu1 any; do
		echo "[=] tap on $device" >&2
		ordinary_tap
	done
}

@test "a device of two queues chooses for each packet" {
	x ip link del eu1
	batch <<-EOF
		link add eu1 numtxqueues 2 up type veth peer name eth0 address $MAC_B netns $(ns_name b)
	EOF
	ns b ethtool -K eth0 tx off > /dev/null
	host_up b 10.2.0 "$MAC_P1"
	port_up 1 "$MAC_B"
	running_router
	there_and_back
	assert_eq "$(queued)" $COUNT "packets that took the ordinary way"
	x ethtool -L eu1 tx 1
	straight
}

@test "with a class for a qdisc, by the port's own interface, and with a tap there" {
	running_router
	x ip vr set blue prio 1:5
	there_and_back
	assert_eq "$(queued)" $COUNT "packets of the class"
	x ip vr set blue prio none
	straight
	spawn ns v tcpdump -i vr7p1 -n -l -Q out udp dst port 9
	TAPPED=$SPAWNED_LOG
	wait_until 10 grep -q 'listening on' "$TAPPED"
	there_and_back
	assert_eq "$(queued)" $COUNT "packets that were shown at the port"
	seen_all() { [ "$(grep -c '10.2.0.2.9: UDP' "$TAPPED")" = "$COUNT" ]; }
	wait_until 10 seen_all
}

@test "a device or port that is down gets nothing" {
	running_router
	x ip link set eu1 down
	ECHO_PATIENCE=300 load $COUNT $COUNT
	loaded_ok && return 1
	counter_is tx_down $COUNT
	x ip link set eu1 up
	straight
	ns v ip link set vr7p1 down
	ECHO_PATIENCE=300 load $COUNT $COUNT
	loaded_ok && return 1
	counter_is tx_down $((2 * COUNT))
}

# frames: the lengths of what b's wire has brought, in this order.
frames() { sed -n 's/.* length \([0-9]*\): .*/\1/p' "$WIRE" | xargs; }
frames_are() { [ "$(frames)" = "$*" ]; }

# Data of 10, 20 ... bytes in as many packets, 42 more each; the last one taken is sent first.
@test "packets of all sorts in one burst leave as they were sent" {
	local i usual=kept,quiet,type=2048,port=1

	spawn ns b tcpdump -i eth0 -n -e -l -Q in
	WIRE=$SPAWNED_LOG
	wait_until 10 grep -q 'listening on' "$WIRE"
	raw "$NODE" attach map start say=ready pause take=9 \
		entry,$usual entry,$usual entry,kept,quiet,op=2 entry,$usual entry,$usual,len=70 \
		entry,$usual entry,kept,quiet,port=1 entry,$usual,bytes=60 entry,kept,type=2048,port=1 say=sent
	says ready
	queued > /dev/null
	for ((i = 1; i <= 9; i++)); do
		ns a bash -c "printf %0$((10 * i))d 0 > /dev/udp/10.2.0.2/9"
	done
	next_word
	says sent
	wait_until 10 frames_are 132 122 112 102 70 82 72 62 52
	# Two that were not usual; the one that the kernel has forwarded went straight.
	assert_eq "$(queued)" 2
	counter_is send 8
	counter_is punt 1
}

# Frames of 92 bytes, 64 of which the data plane sees.
@test "every check is made of packets that would go straight" {
	local usual=kept,quiet,type=2048,port=1

	x ip vr set blue snap 64
	raw "$NODE" attach map start say=ready pause take=9 \
		entry,$usual entry,$usual,source entry,$usual,group entry,kept,quiet,type=33024,port=1 \
		entry,$usual,state=1 entry,$usual,meta=1 entry,$usual,bytes=93 entry,$usual,bytes=80 \
		kick say=sent pause entry,kept,type=2048,port=1 say=end
	says ready
	queued > /dev/null
	for _ in 1 2 3 4 5 6 7 8 9; do
		ns a bash -c "printf %050d 0 > /dev/udp/10.2.0.2/9"
	done
	next_word
	says sent
	counter_is send 1
	counter_is spoof 4
	counter_is bad_state 1
	counter_is bad_len 2
	x ip link set eu1 mtu 68
	next_word
	says end
	counter_is too_long 1
	counter_is send 1
	assert_eq "$(queued)" 0
}
