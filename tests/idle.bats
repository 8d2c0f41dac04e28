# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# rig: -c 2
# Packets that find the data plane asleep: which of them wake it, and which the kernel forwards.
# The topology is that of lib/single.bash.

load lib/common
load lib/single

IDLE=features=3		# EUROPA_FEATURE_AGREE, IDLE

setup()
{
	single_setup
	topology slots 8192
}

# --- counting --------------------------------------------------------------------------

# counts: packets to the stack because the data plane slept, and to the data plane.
counts() { vr_stat blue '.stats | "\(.idle) \(.rx)"'; }
counts_are() { [ "$(counts)" = "$*" ]; }

# listener: b answers nothing to what comes to port 9.
listener()
{
	spawn ns b "$PROGS/udpcheck" recv 9 1000 60
	wait_until 10 grep -q listening "$SPAWNED_LOG"
}

# one IDLE RX: one datagram to b, which is counted so, in all.
one()
{
	ns a bash -c 'echo -n hello > /dev/udp/10.2.0.2/9'
	wait_until 10 counts_are "$@" || { counts >&2; return 1; }
}

# batches: super-packets of a's are cut when they enter the wire, and come at once.
batches() { x ip netns exec "$(ns_name a)" ethtool -K eth0 tx-udp-segmentation off; }

europa_router()
{
	spawn ip vr exec blue europa-router --verbose "$@"
	wait_until 20 grep -q started "$SPAWNED_LOG"
	wait_until 20 asleep
}

asleep() { [ "$(vr_stat blue '.queue[0].poll')" = asleep ]; }

# stream COUNT MIN MAX PAUSE: to b, in super-packets of MIN to MAX bytes, 40 each, and PAUSE us
# after each; all come, in order.
stream()
{
	local receiver

	spawn ns b "$PROGS/udpcheck" recv 9 "$1" 20 ordered
	receiver=$SPAWNED
	wait_until 10 grep -q listening "$SPAWNED_LOG"
	x ip netns exec "$(ns_name a)" "$PROGS/udpcheck" send 10.2.0.2 9 "${@:1:3}" 40 "$4"
	wait "$receiver" || { cat "$SPAWNED_LOG" >&2; return 1; }
}

# --- what a data plane agrees to ---------------------------------------------------------

# bats test_tags=matrix
@test "the stack gets a packet only while the data plane sleeps, and has no other" {
	listener
	raw "$NODE" attach,$IDLE map start arm poll pause seen pause take=2 arm poll pause \
		give arm poll pause
	says 'granted: 0x3'
	says pausing
	one 1 0
	one 2 0
	# It is awake, and says so.
	next_word
	wait_until 10 said pausing 2
	one 2 1
	# It sleeps, with something to read.
	one 2 2
	# It has read that, and sleeps with the packets in its hands.
	next_word
	wait_until 10 said pausing 3
	one 2 3
	# It gave all back, and sleeps again, but for the packet on the ring.
	next_word
	wait_until 10 said pausing 4
	one 2 4
}

# said WORD N: the last `raw` has, N times.
said() { [ "$(grep -cx "$1" "$SAID")" -ge "$2" ]; }

@test "without the feature, or without AGREE, each packet is the data plane's" {
	listener
	raw "$NODE" attach,features=1 map start arm poll pause
	says pausing
	one 0 1
	x kill "$RAW"
	x ip vr wait blue down timeout 20
	raw "$NODE" attach,features=2 map start arm poll pause
	says pausing
	one 0 2
}

@test "fallback drop: the operator does not want the kernel to forward" {
	listener
	raw "$NODE" attach,$IDLE map start arm poll pause
	says pausing
	one 1 0
	x ip vr set blue fallback drop
	one 1 1
}

@test "poll() that found a packet is no sleep" {
	listener
	raw "$NODE" attach,$IDLE map start pause poll pause
	says pausing
	one 0 1
	next_word
	wait_until 10 said pausing 2
	one 0 2
}

# --- europa-router -----------------------------------------------------------------------

# bats test_tags=matrix
@test "packets that come alone are forwarded by the kernel, and nobody is woken" {
	local idle rx wakes

	europa_router
	x ip vr show blue | grep -q ' filters honour idle kernel pid '
	assert_eq "$(vr_stat blue .idle)" kernel
	read -r idle rx < <(counts)
	wakes=$(vr_stat blue .stats.wakes)
	x ip netns exec "$(ns_name a)" ping -n -q -c 50 -i 0.02 10.2.0.2
	wait_until 10 counts_are $((idle + 100)) "$rx"
	assert_eq "$(vr_stat blue .stats.wakes)" "$wakes" wakes
	assert_eq "$(vr_stat blue '[.ports[].port] | length')" 2

	asleep
}

@test "--no-idle: each wakes it" {
	local idle rx

	europa_router --no-idle
	assert_eq "$(vr_stat blue .idle)" wake
	read -r idle rx < <(counts)
	x ip netns exec "$(ns_name a)" ping -n -q -c 20 -i 0.02 10.2.0.2
	wait_until 10 counts_are "$idle" $((rx + 40))
}

@test "batches wake it, and are its own once that has paid" {
	local idle rx now

	batches
	europa_router
	read -r idle rx < <(counts)
	stream 4000 1600 1600 2000
	read -r now rx < <(counts)
	# In the first batch some, then none but where this machine stood still.
	echo "idle $((now - idle)) of 4000"
	((now - idle < 1000))
}

@test "batches of every size, and packets alone: none is lost, none overtakes another" {
	local idle rx a b

	batches
	europa_router
	read -r idle rx < <(counts)
	stream 8000 40 800 2000
	read -r a b < <(counts)
	echo "idle $((a - idle)), rx $((b - rx))"
	# Both ways were taken.
	((a - idle > 100 && b - rx > 100))
	assert_eq $((a - idle + b - rx)) 8000
}

@test "routes with several next hops: each packet wakes it, as the kernel's hash is another" {
	local idle rx

	europa_router
	listener
	read -r idle rx < <(counts)
	one $((idle + 1)) "$rx"
	ns v ip route add 10.9.0.0/16 nexthop via 10.1.0.2 nexthop via 10.2.0.2
	wait_until 10 awake_for_each "$idle" "$rx"
}

# awake_for_each IDLE RX: since then the data plane got a packet.
awake_for_each()
{
	ns a bash -c 'echo -n hello > /dev/udp/10.2.0.2/9'
	(($(vr_stat blue .stats.rx) > $2))
}

@test "a rule of the namespace meets a packet that finds the data plane asleep" {
	local idle rx

	europa_router
	ns v nft -f - <<-EOF
		table ip t {
			chain forward {
				type filter hook forward priority 0; policy accept;
				udp dport 9 counter drop
			}
		}
	EOF
	spawn ns b "$PROGS/udpcheck" recv 9 1 3
	wait_until 10 grep -q listening "$SPAWNED_LOG"
	x ip netns exec "$(ns_name a)" "$PROGS/udpcheck" send 10.2.0.2 9 20 40 40
	wait "$SPAWNED" || true
	grep -q '^good 0 ' "$SPAWNED_LOG"
	ns v nft list table ip t | grep -q 'counter packets 20 '
	assert_eq "$(vr_stat blue .stats.filtered)" 20 filtered
}

@test "a stopped process that was asleep: what comes alone goes on" {
	local pid

	europa_router
	pid=$(vr_stat blue .pid)
	x kill -STOP "$pid"
	x ip netns exec "$(ns_name a)" ping -n -q -c 20 -i 0.05 10.2.0.2
	x kill -CONT "$pid"
}
