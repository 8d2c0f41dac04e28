# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# Any object may vanish at any time: nothing hangs, leaks or is lost that need not be.
#
#	   a                        (the machine)                           b
#	eth0 10.1.0.2 ─── eu0 ─ vr7p0 10.1.0.1 ┐ VR blue, number 7,
#	                                       │ home namespace v
#	eth0 10.2.0.2 ─── eu1 ─ vr7p1 10.2.0.1 ┘

load lib/common
load lib/single

# settled: no slot out, none missing.
settled()
{
	if state_is idle; then
		idle
	else
		all_slots_home
	fi
}

sees_kill()
{
	x kill -9 "$RAW"
	wait "$RAW" || true
	idle
}

# impatient load: a closed loop that goes on soon after a loss.
impatient() { ECHO_PATIENCE=300 "$@"; }

child_of() { sed -n 's/^child //p' "$1"; }

no_node() { [ ! -e "$1" ]; }

# --- the data plane dies ---------------------------------------------------------

# bats test_tags=matrix
@test "kill -9 under traffic: the fallback goes on, a restart takes over" {
	local i

	topology slots 256
	serve
	load
	moves fallback
	for i in 1 2 3; do
		router
		moves send
		sees_kill
		moves fallback
	done
	router
	loaded_ok
	settled
	assert_eq "$(vr_stat blue .generation)" 4
}

# killed_with_child HOW: the data plane has a child (fork, clone) that outlives it; what
# counts is who attached.
killed_with_child()
{
	topology slots 256
	serve
	load
	# shellcheck disable=SC2153
	raw "$NODE" attach map start "$1" "forward=$MAC_A,$MAC_B"
	says running
	moves send
	sees_kill
	kill -0 "$(child_of "$SAID")"
	moves fallback
	child=$(child_of "$SAID")
	router
	moves send
	loaded_ok
	settled
	x kill -9 "$child"
	assert_eq "$(vr_stat blue .state)" running
}

@test "kill -9 with a forked child that holds the file" {
	killed_with_child fork
}

@test "kill -9 with a child that holds the file and the mapping" {
	killed_with_child clone
}

@test "a child that ends takes nothing with it" {
	topology slots 256
	raw "$NODE" attach map start child "forward=$MAC_A,$MAC_B"
	says "child: ok"
	says running
	serve
	load 8 100
	loaded_ok
	(($(vr_stat blue .stats.send) >= 200))
	settled
}

@test "closing any descriptor, unmapping and executing detach" {
	topology slots 64
	raw "$NODE" attach map start dup kick poll pause
	says pausing
	grep -x "kick: ENOTCONN" "$SAID"
	grep -x "events: HUP ERR" "$SAID"
	idle
	raw "$NODE" attach map start unmap kick "attach" start kick pause
	says pausing
	grep -x "kick: ENOTCONN" "$SAID"
	grep -x "kick: ok" "$SAID"
	assert_eq "$(vr_stat blue .state)" running
	kill "$RAW"
	idle
	raw "$NODE" attach map start execute
	wait_until 10 grep -q sleep "/proc/$RAW/comm"
	idle
	ns a ping -c 1 -W 5 10.2.0.2
}

@test "one data plane at a time" {
	topology slots 64
	router
	run as_nobody "$PROGS/raw" "$NODE" attach start kick stop detach map,pages=1
	echo "$output"
	grep -x "attach: EBUSY" <<< "$output"
	assert_eq "$(grep -c ENOTCONN <<< "$output")" 5
	assert_eq "$(vr_stat blue .pid)" "$RAW"
	ns a ping -c 1 -W 5 10.2.0.2
	assert_eq "$(vr_stat blue .state)" running
	settled
}

# --- nothing is lost on purpose ---------------------------------------------------

@test "STOP and START, again and again, lose nothing" {
	topology slots 256
	serve
	router ,flap
	load
	moves send
	moves fallback
	moves send
	moves fallback
	next_word
	says "forward.*: ok"
	cat "$SAID"
	(($(sed -n 's/flaps: //p' "$SAID") > 5))
	loaded_ok
}

@test "detach gives what was not read to the fallback, in order" {
	topology slots 256
	serve
	raw "$NODE" attach map start pause detach pause
	says pausing
	load 150 150
	wait_until 20 owner_is rx 150
	assert_slots_conserved blue
	counter_is reclaimed 0
	next_word
	says "detach: ok"
	loaded_ok
	grep -q "sent 150 back 150 lost 0 twice 0 late 0" "$CLIENT_SAID"
	counter_is reclaimed 150
	idle
}

@test "death gives what was received but not returned to the fallback, in order" {
	topology slots 256
	serve
	raw "$NODE" attach map start take=70 pause
	says "start: ok"
	load 150 150
	says pausing
	wait_until 20 owner_is rx 150
	sees_kill
	loaded_ok
	grep -q "sent 150 back 150 lost 0 twice 0 late 0" "$CLIENT_SAID"
	counter_is reclaimed 150
}

@test "what was published is sent, even if the data plane dies before the kick" {
	topology slots 256
	serve
	raw "$NODE" attach map start take=50 publish pause
	says "start: ok"
	load 100 100
	says pausing
	wait_until 20 owner_is rx 100
	counter_is punt 0
	sees_kill
	loaded_ok
	counter_is punt 50
	counter_is reclaimed 50
}

@test "fallback drop drops, fallback kernel does not" {
	local before

	topology slots 64
	x ip vr set blue fallback drop
	run ! ns a ping -c 3 -i 0.2 -W 1 10.2.0.2
	before=$(vr_stat blue .stats.rx_fallback)
	run ! ns a ping -c 1 -W 1 10.2.0.2
	wait_until 20 counter_over rx_fallback "$before"
	router
	ns a ping -c 3 -i 0.2 -W 5 10.2.0.2
	sees_kill
	run ! ns a ping -c 1 -W 1 10.2.0.2
	x ip vr set blue fallback kernel
	ns a ping -c 1 -W 5 10.2.0.2
}

# --- devices and namespaces go ------------------------------------------------------

# bats test_tags=matrix
@test "the lower device is deleted under traffic" {
	topology slots 256
	serve
	router
	impatient load
	moves send
	x ip link del eu1
	assert_eq "$(vr_stat blue '.ports | length')" 1
	run ! ns v ip link show vr7p1
	assert_eq "$(vr_stat blue .state)" running
	ns a ping -c 1 -W 5 10.1.0.1
	all_slots_home
	kill -9 "$CLIENT"
	x ip link add eu1 type veth peer name eth0 address "$MAC_B" netns "$(ns_name b)"
	x ip link set eu1 up
	host_up b 10.2.0 "$MAC_P1"
	port_up 1 "$MAC_B"
	ns a ping -c 3 -i 0.2 -W 5 10.2.0.2
	settled
}

@test "a lower device goes with packets the VR still has: it keeps its slots" {
	topology slots 256
	serve
	raw "$NODE" attach map start take=50 pause give punt
	says "start: ok"
	load 50 50
	says pausing
	assert_eq "$(vr_stat blue .queue[0].rx)" 50
	x ip link del eu0
	assert_eq "$(vr_stat blue .queue[0].rx)" 0
	assert_eq "$(vr_stat blue .queue[0].vr)" 50
	assert_eq "$(vr_stat blue .queue[0].held)" 0
	assert_slots_conserved blue
	counter_is gone 50
	next_word
	says "give: ok"
	settled
	counter_is gone 50
	kill -9 "$CLIENT"
}

@test "the lower device moves to another namespace, and its port works on" {
	topology slots 256
	serve
	router
	impatient load
	moves send
	ns_add elsewhere
	x ip link set eu1 netns "$(ns_name elsewhere)"
	ns elsewhere ip link set eu1 up
	moves send
	wait_until 10 ns a ping -c 1 -W 1 10.2.0.2
	ns elsewhere ip link set eu1 netns 1
	x ip link set eu1 up
	wait_until 10 ns a ping -c 1 -W 1 10.2.0.2
	moves send
	sees_kill
	ns a ping -c 3 -i 0.2 -W 5 10.2.0.2
	assert_eq "$(vr_stat blue '.ports | length')" 2
	kill -9 "$CLIENT"
}

@test "the namespace of the lower device is deleted" {
	topology slots 256
	router
	ns_add elsewhere
	x ip link set eu1 netns "$(ns_name elsewhere)"
	ns elsewhere ip link set eu1 up
	serve
	impatient load
	moves send
	x ip netns del "$(ns_name elsewhere)"
	wait_until 10 run_eq 1 vr_stat blue '.ports | length'
	run ! ns v ip link show vr7p1
	ns a ping -c 1 -W 5 10.1.0.1
	all_slots_home
	kill -9 "$CLIENT"
}

run_eq() { [ "$("${@:2}")" = "$1" ]; }

# bats test_tags=matrix
@test "the ports' namespace is deleted under traffic: the VR stays, without ports" {
	topology slots 256
	serve
	router
	impatient load
	moves send
	x ip netns del "$(ns_name v)"
	wait_until 10 run_eq 0 vr_stat blue '.ports | length'
	assert_eq "$(vr_stat blue .state)" running
	all_slots_home
	kill -9 "$CLIENT"
	x ip netns add "$(ns_name v)"
	ports_up
	ns v sysctl -q -w net.ipv4.ip_forward=1
	sees_kill
	ns a ping -c 3 -i 0.2 -W 5 10.2.0.2
	router
	ns a ping -c 3 -i 0.2 -W 5 10.2.0.2
	settled
}

@test "the peer of the lower device goes with its namespace" {
	topology slots 256
	serve
	router
	impatient load
	moves send
	x kill -9 "$SERVER"
	x ip netns del "$(ns_name b)"
	wait_until 10 run_eq 1 vr_stat blue '.ports | length'
	wait_until 10 no_device eu1
	ns a ping -c 1 -W 5 10.1.0.1
	all_slots_home
	kill -9 "$CLIENT"
}

@test "a stopped data plane holds only its own slots, and no namespace" {
	topology slots 64
	ns_add c
	veth c eth0 a to-c
	ns a sysctl -q -w net.ipv4.ip_forward=1
	ns a ip address add 10.3.0.1/24 dev to-c
	ns c ip address add 10.3.0.2/24 dev eth0
	ns c ip route add default via 10.3.0.1
	router
	x kill -STOP "$RAW"
	spawn ns c "$PROGS/echo" client 10.2.0.2 9 1000
	wait_until 20 owner_is free 0
	moves rx_full || counter_over rx_full 0
	assert_slots_conserved blue
	x kill -9 "$SPAWNED"
	# The sender's namespace really goes, with its devices, ...
	x ip netns del "$(ns_name c)"
	wait_until 10 ns_has_no a to-c
	# ... and so does the next one: nothing waits in between.
	ns_add d
	veth d eth0 a to-d
	x ip netns del "$(ns_name d)"
	wait_until 10 ns_has_no a to-d
	assert_eq "$(vr_stat blue .queue[0].rx)" 32
	# So do the device they came in by, and its namespace.
	x ip netns del "$(ns_name a)"
	wait_until 10 no_device eu0
	assert_eq "$(vr_stat blue .queue[0].rx)" 0
	assert_slots_conserved blue
	x kill -CONT "$RAW"
	all_slots_home
	ns b ping -c 1 -W 5 10.2.0.1
}

ns_has_no() { ! ip netns exec "$(ns_name "$1")" test -e "/sys/class/net/$2"; }

# --- the VR goes -----------------------------------------------------------------------

@test "the VR is deleted under traffic, with the mapping live and its owner asleep" {
	topology slots 256
	serve
	load
	raw "$NODE" attach map start "forward=$MAC_A,$MAC_B" touch start stop kick detach attach poll pause \
		touch unmap pause
	says running
	moves send
	x ip vr del blue
	says pausing
	cat "$SAID"
	grep "^forward.*: EPIPE" "$SAID"
	assert_eq "$(grep -c ENODEV "$SAID")" 5
	grep -x "events: HUP ERR" "$SAID"
	grep -x "touch: ok" "$SAID"
	next_word
	says "unmap: ok"
	kill -9 "$CLIENT"
	wait_until 5 no_node "$NODE"
	run ! ns v ip link show vr7p0
	run ! ip vr show blue
}

@test "a sleeper is woken when the VR goes" {
	topology slots 64
	raw "$NODE" attach map start wait pause
	says sleeping
	wait_until 10 counter_over waits 0
	x ip vr del blue
	says "events: HUP ERR"
}

@test "an old mapping shows nothing of the next owner's traffic" {
	topology slots 64
	raw "$NODE" attach map start detach zero pause zero unmap pause
	says pausing
	local old=$RAW old_said=$SAID
	router
	serve
	load 16 300
	loaded_ok
	RAW=$old next_word
	SAID=$old_said says "unmap: ok"
	assert_eq "$(grep -c "zero: ok" "$old_said")" 2
}

@test "neither an old file nor an old node opens a later VR of the same number" {
	local numbers old node=/run/europa-old-$$

	vr_add blue id 7 owner nobody slots 64
	wait_until 5 test -c "$NODE"
	numbers=$(stat -c "%Hr %Lr" "$NODE")
	# shellcheck disable=SC2086
	x mknod "$node" c $numbers
	x chmod 666 "$node"
	raw "$NODE" pause attach start poll open="$node" pause
	says pausing
	old=$SAID
	for _ in 1 2 3; do
		x ip vr del blue
		x ip vr add blue id 7 owner nobody slots 64
		wait_until 5 test -c "$NODE"
		[ "$(stat -c "%Hr %Lr" "$NODE")" != "$numbers" ]
		refused ENODEV "$PROGS/raw" "$node" attach
	done
	next_word
	says "open=.*: ENODEV"
	rm "$node"
	grep -x "attach: ENODEV" "$old"
	grep -x "start: ENODEV" "$old"
	grep -x "events: HUP ERR" "$old"
	assert_eq "$(vr_stat blue .state)" idle
}

@test "two hundred VRs come and go, and leave no memory behind" {
	local before after

	ns_add a
	veth a eth0 - eu0
	fifty_come_and_go
	before=$(memory_used)
	for _ in 1 2 3 4; do
		fifty_come_and_go
	done
	after=$(memory_used)
	echo "$before kB before, $after kB after"
	# One pool alone has 140 kB.
	((after - before < 4000))
	assert_eq "$(ip -j vr show | jq length)" 0
}

fifty_come_and_go()
{
	local i

	for i in {1..50}; do
		echo "vr add $i owner nobody slots 64"
		echo "vr attach dev eu0 vr $i"
	done | ip-vr -batch - || return
	printf 'link set vr%dp0 up\n' {1..50} | ip -batch - || return
	for i in {1..50}; do
		"$PROGS/raw" "/dev/europa/vr$i" attach map start kick > /dev/null || return
	done
	printf 'vr del %d\n' {1..50} | ip-vr -batch -
}

memory_used()
{
	sync
	echo 3 > /proc/sys/vm/drop_caches
	sleep 1
	awk '/^Slab:|^Percpu:|^VmallocUsed:|^KernelStack:|^PageTables:/ { sum += $2 } END { print sum }' /proc/meminfo
}

# --- the module goes -------------------------------------------------------------------

@test "the module stays while a VR exists, or a file of one is open" {
	vr_add blue id 7 owner nobody slots 64
	refused "in use" x rmmod europa
	raw "$NODE" attach map start pause
	says pausing
	x ip vr del blue
	refused "in use" x rmmod europa
	x kill "$RAW"
	wait "$RAW" || true
	wait_until 10 rmmod europa
	no_device /sys/module/europa
}

@test "the module comes and goes ten times" {
	local i

	[ ! -d /sys/module/europa ] || wait_until 10 rmmod europa
	ns_add a
	veth a eth0 - eu0
	for i in {1..10}; do
		x modprobe europa
		ip vr add blue id 7 slots 64
		ip vr attach dev eu0 vr blue
		refused "in use" rmmod europa
		ip vr del blue
		x rmmod europa
	done
	[ ! -d /sys/module/europa ]
}

# --- sleeping and waking ---------------------------------------------------------------

@test "poll is level-triggered" {
	topology slots 64
	serve
	raw "$NODE" attach map start poll pause poll poll take=3 poll take=1 poll pause
	says pausing
	load 4 4
	wait_until 10 owner_is rx 4
	next_word
	wait_until 10 run_eq 2 grep -c pausing "$SAID"
	cat "$SAID"
	assert_eq "$(grep events "$SAID" | tr '\n' ' ')" \
		"events: none events: IN events: IN events: IN events: none "
	sees_kill
	loaded_ok
}

@test "twenty-four thousand single packets lose no wake-up" {
	topology slots 64
	serve
	router
	load 1 10000
	wait "$CLIENT"
	grep "sent 10000 back 10000 lost 0" "$CLIENT_SAID"
	x ip -s vr show blue
	(($(vr_stat blue .stats.send) >= 20000))
	# With a rest between two packets the data plane always falls asleep.
	ECHO_REST=100 load 1 2000
	wait "$CLIENT"
	grep "sent 2000 back 2000 lost 0" "$CLIENT_SAID"
	(($(vr_stat blue .stats.waits) > 1000))
	settled
}
