# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# Two virtual routers whose customers have THE SAME addresses, on the same lower devices.
# Only MAC addresses tell them apart, so neighbours are static: an ARP request would be
# answered by both.
#
#  ns blue-a 10.1.1.2 ─┐                                         ┌─ ns blue-b 10.2.1.2
#                      ├─ p0 ══ low0 ─┬─ [blue] ─┬─ low1 ══ p1 ─┤
#  ns red-a  10.1.1.2 ─┘              └─ [red]  ─┘               └─ ns red-b  10.2.1.2

# The keys of D, and what lib/common reads.
# shellcheck disable=SC2034,SC2154
load lib/common
load lib/topology

setup_file()
{
	topology_begin
	wires
	router blue 1 1
	router red 2 1
	static_neighbours blue 1
	static_neighbours red 2
}

teardown_file() { topology_end; }

setup()
{
	shared_setup
	europa_router blue red
}

teardown() { rig_teardown; }

static_neighbours()
{
	batch "$1-a" <<< "neigh replace 10.1.1.1 lladdr $(mac_of "$2" 00) dev e0" || return
	batch "$1-b" <<< "neigh replace 10.2.1.1 lladdr $(mac_of "$2" 01) dev e0" || return
	batch "$1" <<-EOT
		neigh replace 10.1.1.2 lladdr $(mac_of "$2" a0) dev p0
		neigh replace 10.2.1.2 lladdr $(mac_of "$2" b0) dev p1
	EOT
}

# capture NS DEV FILE [FILTER]: until the teardown.
capture()
{
	spawn ns "$1" tcpdump -i "$2" -U -s 0 -w "$BATS_TEST_TMPDIR/$3" "${@:4}"
	wait_until 10 grep -q "listening on" "$SPAWNED_LOG"
}

# marked FILE TEXT [FILTER]: packets in a capture that carry the text.
marked()
{
	tcpdump -n -A -r "$BATS_TEST_TMPDIR/$1" "${@:3}" 2>/dev/null | grep -ac "$2" || true
}

# Both at once, 20 pings each full of BLUE or RED!: each is seen by its own customers, and
# on the wires only in frames from and to its own MAC addresses.
assert_no_leak()
{
	local name text other

	for name in blue red; do
		capture "$name-a" e0 "$name-a"
		capture "$name-b" e0 "$name-b"
	done
	capture wire p0 p0
	capture wire p1 p1
	mark blue
	mark red
	ping_all blue-a 20 10.2.1.2 -p 424c5545 &
	ping_all red-a 20 10.2.1.2 -p 52454421
	wait $!
	# A ping in the other direction is the captures' last packet.
	ping_all blue-b 1 10.1.1.2 -p 454e4421
	ping_all red-b 1 10.1.1.2 -p 454e4421
	wait_until 5 wire_complete
	kill_spawned
	text='BLUE' other='RED!'
	since blue
	since red
	for name in blue red; do
		since "$name"
		assert_no_loss
		((D[send] + D[fallback] >= 42))
		for side in a b; do
			(($(marked "$name-$side" "$text") >= 40))
			assert_eq "$(marked "$name-$side" "$other")" 0 "$other at $name-$side"
		done
		text='RED!' other='BLUE'
	done
	for name in p0 p1; do
		assert_eq "$(marked "$name" BLUE "$(hosts 2)")" 0 "BLUE in red's frames on $name"
		assert_eq "$(marked "$name" RED! "$(hosts 1)")" 0 "RED! in blue's frames on $name"
		(($(marked "$name" BLUE "$(hosts 1)") >= 40))
		(($(marked "$name" RED! "$(hosts 2)") >= 40))
	done
}

wire_complete()
{
	[ "$(marked p0 END!)" -ge 4 ] && [ "$(marked p1 END!)" -ge 4 ]
}

# Frames from or to a MAC address of a VR's ports and customers.
hosts() { echo "ether[0:4] = 0x02000000 and ether[4] = $1 or ether[6:4] = 0x02000000 and ether[10] = $1"; }

@test "the same addresses in two VRs, through the data planes: nothing leaks" {
	assert_no_leak
	for name in blue red; do
		since "$name"
		assert_eq "${D[fallback]}" 0
		((D[send] >= 42))
	done
}

# bats test_tags=matrix
@test "the same addresses in two VRs, one data plane killed: nothing leaks" {
	stop_data_plane red KILL
	assert_no_leak
	since red
	((D[fallback] >= 42))
	assert_eq "${D[rx]}" 0
}

@test "the same addresses, UDP both ways at once: contents, and the right receiver" {
	local pids=() name

	mark blue
	mark red
	for name in blue red; do
		spawn ns "$name-b" "$PROGS/udpcheck" recv 7000 "$([ $name = blue ] && echo 600 || echo 700)" 20
		wait_until 10 grep -q listening "$SPAWNED_LOG"
		declare "log_$name=$SPAWNED_LOG"
	done
	ns blue-a "$PROGS/udpcheck" send 10.2.1.2 7000 600 100 1400 &
	pids+=($!)
	ns red-a "$PROGS/udpcheck" send 10.2.1.2 7000 700 100 1400 &
	pids+=($!)
	wait "${pids[@]}"
	# shellcheck disable=SC2154
	wait_until 40 grep -q "good 600 bad 0 again 0 missing 0" "$log_blue"
	# shellcheck disable=SC2154
	wait_until 40 grep -q "good 700 bad 0 again 0 missing 0" "$log_red"
	assert_forwarded blue 600
	assert_eq "${D[send]}" 600
	assert_forwarded red 700
	assert_eq "${D[send]}" 700
}

# bats test_tags=matrix
@test "ports on one lower device do not switch to each other, nor the host to them" {
	mark red
	ns blue ip neigh replace 10.1.1.77 lladdr "$(mac_of 2 00)" dev p0
	run -1 ns blue ping -n -c 20 -i 0.01 -W 1 10.1.1.77
	x ip address add 10.1.1.78/24 dev low0
	x ip neigh replace 10.1.1.1 lladdr "$(mac_of 2 00)" dev low0
	run -1 x ping -n -c 20 -i 0.01 -W 1 -I low0 10.1.1.1
	x ip address del 10.1.1.78/24 dev low0
	ns blue ip neigh del 10.1.1.77 dev p0
	since red
	# None of the 40; a multicast of somebody's may come along.
	((D[rx] + D[fallback] <= 5))
}

# make KIND: 20 frames of that kind, made by blue's data plane, to red's customer.
make()
{
	mark blue
	data_plane blue "$PROGS/vrmake" "$1" 20 0 "$(mac_of 2 a0)" "MADE-$1-"
	wait_until 10 grep -q "drained 20" "$(data_plane_log blue)"
	since blue
	assert_slots_conserved blue
	stop_data_plane blue
}

refused_as() { assert_eq "${D[$1]} ${D[send]}" "20 0" "$1 and send"; }

# bats test_tags=matrix
@test "a VR cannot send as somebody else, nor out of what is not its own" {
	local kind

	stop_data_plane blue
	capture wire p0 p0
	for kind in mac tag vlan group; do
		make $kind
		refused_as spoof
	done
	make short
	refused_as bad_len
	make long
	refused_as too_long
	make port
	refused_as bad_port
	make good
	assert_eq "${D[send]} ${D[originated]} ${D[spoof]}" "20 20 0"
	wait_until 5 sh -c "[ \$(tcpdump -A -r $BATS_TEST_TMPDIR/p0 2>/dev/null | grep -ac MADE-good) -ge 20 ]"
	assert_eq "$(marked p0 MADE-)" 20 "frames on the wire"
}

@test "without the spoof check the operator lets it" {
	local kind

	stop_data_plane blue
	ns blue ip link set p0 type europa spoofchk off
	capture wire p0 p0
	for kind in mac tag vlan group; do
		make $kind
		assert_eq "${D[send]} ${D[spoof]}" "20 0"
	done
	wait_until 5 sh -c "[ \$(tcpdump -A -r $BATS_TEST_TMPDIR/p0 2>/dev/null | grep -ac MADE-group) -ge 20 ]"
	assert_eq "$(marked p0 MADE-)" 80 "frames on the wire"
	assert_eq "$(marked p0 MADE- vlan 7)" 40 "frames with a tag"
	ns blue ip link set p0 type europa spoofchk on
	make mac
	refused_as spoof
	europa_router blue
}

# stuck: red's data plane takes nothing; blue forwards as ever while red is sent 500 packets.
stuck()
{
	data_plane red "$PROGS/vrhold"
	ping_all blue-a 1 10.2.1.2
	mark blue
	mark red
	ns red-a "$PROGS/udpcheck" send 10.2.1.2 7000 "$1" 1400 1400 &
	udp_intact blue-a blue-b 10.2.1.2 600 100 1400
	wait $!
	ping_all blue-a 20 10.2.1.2
	assert_forwarded blue 638
	since red
}

release()
{
	x kill -USR1 "$(data_plane_pid red)"
	wait_until 10 grep -q released "$(data_plane_log red)"
}

# bats test_tags=matrix
@test "a full pool drops its own VR's packets only, and comes back" {
	stop_data_plane red
	x ip vr set red slots 64 limit 64M
	stuck 500
	assert_eq "$(vr_stat red '.queue[0] | "\(.free) \(.rx) \(.spare)"')" "0 32 32" "slots free, rx, spare"
	((D[rx_full] >= 500 - 32 && D[rx] + D[rx_full] >= 500))
	assert_eq "${D[rx_limit]}" 0 rx_limit
	assert_slots_conserved red
	release
	since red
	((D[drop] >= 32))
	assert_eq "$(vr_stat red '.queue[0] | "\(.free) \(.spare) \(.held)"')" "32 32 0"
	stop_data_plane red KILL
	x ip vr set red slots 4096
}

@test "the byte limit has its own reason, and is kept" {
	local held

	stop_data_plane red
	x ip vr set red slots 4096 limit 1M
	stuck 1000
	held=$(vr_stat red '.queue[0].held')
	echo "held $held bytes"
	((held <= 1048576 && held > 1048576 - 16384))
	((D[rx_limit] > 100 && D[rx] + D[rx_limit] >= 1000))
	assert_eq "${D[rx_full]}" 0 rx_full
	assert_slots_conserved red
	release
	assert_eq "$(vr_stat red '.queue[0] | "\(.rx) \(.held)"')" "0 0"
	stop_data_plane red KILL
	x ip vr set red limit 64M
	europa_router red
	ping_all red-a 5 10.2.1.2
}

# bats test_tags=matrix
@test "at the end every slot has its owner and nothing is left" {
	assert_all_slots_conserved blue red
	RIG_NAMESPACES=(blue red blue-a blue-b red-a red-b wire) RIG_VRS=(blue red)
	topology_end
	assert_nothing_left
}
