# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# rig: -c 2
# `tx poll`: a thread of the kernel's drains what the data plane publishes. The topology is that
# of lib/single.bash.

load lib/common
load lib/single

teardown()
{
	x sysctl -q -w net.core.netdev_max_backlog=1000 kernel.sched_rt_runtime_us=950000
	taskset -c -p "0-$LAST" $$ > /dev/null
	single_teardown
}

FLOWS=8 ROUNDS=50
LAST=$(($(nproc) - 1))		# of the processors; in some guests there is one only

# --- threads -----------------------------------------------------------------------------

# pollers: their names, one a line. poller: that of queue 0 is process $POLLER.
pollers() { each_poller | cut -d ' ' -f 2 | sort; }

poller()
{
	POLLER=$(each_poller | sed -n '/ eutx\/7\.0$/{s/ .*//p;q}')
	[ -n "$POLLER" ]
}

# each_poller: process and name, a line each.
each_poller()
{
	local name file

	for file in /proc/[0-9]*/comm; do
		{ read -r name < "$file"; } 2> /dev/null || continue
		[[ $name != eutx/* ]] || echo "${file//[^0-9]/} $name"
	done
}

bound_to() { grep -Eq "^Cpus_allowed_list:[[:space:]]$1\$" "/proc/$POLLER/status"; }
pollers_are() { assert_eq "$(pollers | xargs)" "$*" pollers; }

# ticks: processor time of $POLLER; still: it took none in two seconds, and sleeps.
ticks()
{
	local stat

	read -ra stat < "/proc/$POLLER/stat" || return
	echo "${stat[2]} $((stat[13] + stat[14]))"
}

still()
{
	local before

	before=$(ticks)
	pause 2
	[ "$(ticks)" = "$before" ] && [[ $before == I* ]]
}

# quiet_router [WORD]: a data plane that spins and never calls the kernel, or only as it is told.
quiet_router()
{
	router ",${1:-quiet}"
	wait_until 20 counter_over tx_sleeps 0
}

# stream: some flows, which all arrive in order.
stream()
{
	receive $((FLOWS * ROUNDS))
	x ns a "$PROGS/flows" send 10.2.0.2 9 "$FLOWS" "$ROUNDS"
	all_received
}

# asks ANSWER WORD...: what the kernel says to a change of blue.
asks() { assert_eq "$("$PROGS/ask" vr-set id=7 "${@:2}" 2>&1)" "$1"; }

# --- the setting -------------------------------------------------------------------------

# bats test_tags=matrix
@test "tx poll is shown, changes, and has a processor, if that is there" {
	topology
	assert_eq "$(vr_stat blue '[.tx, .tx_cpu] | tojson')" '["kick",null]'
	run ! grep -q ' tx ' <<< "$(ip vr show blue)"
	x ip vr set blue tx poll cpu "$LAST"
	assert_eq "$(vr_stat blue '[.tx, .tx_cpu] | tojson')" "[\"poll\",$LAST]"
	ip vr show blue | grep -q " tx poll cpu $LAST"
	router
	wait_until 10 poller
	wait_until 10 bound_to "$LAST"
	x ip vr replace blue tx poll cpu 0
	wait_until 10 poller
	wait_until 10 bound_to 0
	x ip vr set blue tx poll
	assert_eq "$(vr_stat blue '[.tx, .tx_cpu] | tojson')" '["poll",null]'
	wait_until 10 poller
	((!LAST)) || wait_until 10 bound_to "0-[0-9]*"
	pollers_are eutx/7.0
	refused 'no such processor' ip vr set blue tx poll cpu 4000
	refused 'no such processor' ip vr add red tx poll cpu 4000
	refused 'goes with "tx poll"' ip vr set blue cpu 1
	refused 'goes with "tx poll"' ip vr set blue tx kick cpu 1
	refused 'butter' ip vr set blue tx butter
	asks 'EINVAL: tx is kick or poll' tx=2
	asks 'EINVAL: a processor goes with tx poll' cpu=1
	# What an older module would say of tx: ip-vr makes a sentence of it.
	asks 'EINVAL: Unknown attribute type' unknown=1
	asks 'EINVAL: a processor goes with tx poll' tx=0 cpu=1
	assert_eq "$(vr_stat blue '[.tx, .tx_cpu] | tojson')" '["poll",null]'
	x ip vr set blue tx kick
	pollers_are
}

# --- packets -----------------------------------------------------------------------------

# bats test_tags=matrix
@test "a data plane that never calls the kernel forwards all, in order" {
	topology tx poll
	quiet_router
	stream
	assert_eq "$(vr_stat blue '.stats | [.kicks, .waits] | tojson')" '[0,0]' "calls"
	moves_not rx_full
	(($(vr_stat blue .stats.tx_polls) > 0))
	all_slots_home
}

moves_not() { counter_is "$1" 0; }

@test "without tx poll it sends nothing: nobody looks" {
	topology
	router ,quiet
	ns a "$PROGS/flows" send 10.2.0.2 9 1 5
	wait_until 20 counter_is rx 5
	pause 1
	counter_is send 0
	counter_is tx_polls 0
}

@test "one that looks whether it is to kick does so only when the thread sleeps" {
	local kicks

	topology tx poll
	quiet_router asked
	stream
	stream
	kicks=$(vr_stat blue .stats.kicks)
	(($(vr_stat blue .stats.tx_sleeps) >= kicks))
	assert_eq "$(vr_stat blue .stats.waits)" 0
}

@test "what a data plane makes leaves without a kick" {
	topology tx poll
	raw "$NODE" attach map start pause entry,quiet pause
	says pausing
	wait_until 20 counter_over tx_sleeps 0
	next_word
	wait_until 20 counter_is originated 1
	counter_is kicks 0
	counter_is waits 0
}

@test "europa-router: forwards, and sleeps; the thread takes what it sent" {
	topology tx poll
	spawn ip vr exec blue europa-router --no-idle
	wait_until 20 state_is running
	wait_until 20 counter_over tx_sleeps 0
	stream
	(($(vr_stat blue .stats.tx_polls) > 0))
	all_slots_home
}

@test "the setting changes under traffic, both ways: nothing is lost" {
	topology
	serve
	router
	load 32
	x ip vr set blue tx poll
	moves tx_polls
	x ip vr set blue tx poll cpu "$LAST"
	moves send
	x ip vr set blue tx kick
	pollers_are
	moves send
	loaded_ok
	all_slots_home
}

@test "the same with one that kicks only if it is told to" {
	topology
	serve
	router ,asked
	load 8
	for _ in 1 2 3; do
		x ip vr set blue tx poll
		x ip vr set blue tx kick
	done
	moves send
	loaded_ok
	all_slots_home
}

@test "the setting of a VR without a data plane: no thread, then as many as are attached" {
	topology queues 3
	x ip vr set blue tx poll
	pollers_are
	x ip vr set blue tx poll cpu 0
	pollers_are
	raw "$NODE" attach,queue=1 map start pause
	says pausing
	wait_until 10 pollers_are eutx/7.1
	x ip vr set blue tx poll cpu "$LAST"
	wait_until 10 pollers_are eutx/7.1
}

# Its processor is kept from the thread, so that it is still there when the pool goes.
@test "the data plane dies while its thread is to end: that goes first" {
	local hog set

	((LAST)) || skip "one processor"
	topology tx poll cpu "$LAST"
	taskset -c -p 0 $$ > /dev/null
	raw "$NODE" attach map start pause
	says pausing
	wait_until 20 counter_over tx_sleeps 0
	sysctl -q -w kernel.sched_rt_runtime_us=-1
	spawn taskset -c "$LAST" chrt -f 50 bash -c 'while :; do :; done'
	hog=$SPAWNED
	wait_until 20 keeps_processor "$hog"
	ip vr set blue tx kick & set=$!
	wait_until 20 waits_or_done "$set"
	x kill -9 "$RAW"
	idle
	kill "$hog"
	wait "$set"
	pollers_are
	x ip vr set blue tx poll
	quiet_router
	stream
}

# waits_or_done PROCESS: one that sets something waits in the kernel, or need not any more.
waits_or_done() { ! kill -0 "$1" 2> /dev/null || grep -Eqs '\(ip(-vr)?\) D ' /proc/[0-9]*/stat; }

# Has it run for a while?
keeps_processor() { (($(cut -d ' ' -f 1 "/proc/$1/schedstat") > 50000000)); }

@test "tx changes while a data plane ends, again and again: no thread outlives what it works on" {
	local i

	topology tx poll cpu "$LAST"
	serve
	load 32
	for ((i = 0; i < 20; i++)); do
		router
		moves send
		ip vr set blue tx kick & x kill -9 "$RAW"
		wait $!
		pollers_are
		x ip vr set blue tx poll cpu "$LAST"
	done
	router
	loaded_ok
	all_slots_home
}

@test "kick after poll: the data plane is told to kick again" {
	topology tx poll
	raw "$NODE" attach map start pause ctl pause
	says pausing
	x ip vr set blue tx kick
	next_word
	says 'flags 0x1 generation 1'
	x ip vr set blue tx poll
	wait_until 20 pollers_are eutx/7.0
}

@test "packets wake the thread, though nobody answers" {
	local sleeps

	topology tx poll
	raw "$NODE" attach map start pause
	says pausing
	wait_until 20 counter_over tx_sleeps 0
	sleeps=$(vr_stat blue .stats.tx_sleeps)
	ns a "$PROGS/flows" send 10.2.0.2 9 1 1
	wait_until 20 counter_over tx_sleeps "$sleeps"
	assert_eq "$(vr_stat blue '.stats | [.kicks, .tx_polls] | tojson')" '[0,0]'
}

@test "each queue has a thread" {
	topology queues 2 tx poll
	pollers_are
	raw "$NODE" attach,queue=0 map start "open=$NODE" attach,queue=1 map start pause
	says pausing
	pollers_are eutx/7.0 eutx/7.1
	next_word
	wait_until 10 gone "$RAW"
	pollers_are
}

# --- nothing to do -----------------------------------------------------------------------

@test "while nothing comes the thread takes no processor time" {
	topology tx poll
	quiet_router
	stream
	poller
	wait_until 60 still
}

@test "a data plane that is stopped holds it awake no longer" {
	topology tx poll stall off
	quiet_router
	stream
	x kill -STOP "$RAW"
	ns a "$PROGS/flows" send 10.2.0.2 9 1 20
	wait_until 20 counter_is rx $((FLOWS * ROUNDS + 20))
	poller
	wait_until 60 still
	receive 20
	x kill -CONT "$RAW"
	all_received
	all_slots_home
}

# --- ends --------------------------------------------------------------------------------

@test "it is there only with a data plane: kill -9 under load, detach, VR, module" {
	topology tx poll
	pollers_are
	serve
	quiet_router
	load 16
	moves send
	pollers_are eutx/7.0
	x kill -9 "$RAW"
	idle
	pollers_are
	moves fallback
	quiet_router
	moves send
	x ip vr del blue
	pollers_are
	x kill -9 "$RAW" "$CLIENT" "$SERVER"
	wait_until 10 rmmod europa
	pollers_are
	x modprobe europa
}

@test "the namespace goes, and with it the ports: no thread stays behind the data plane" {
	topology tx poll
	quiet_router
	serve
	load 16
	moves send
	x kill -9 "$CLIENT" "$SERVER"
	x ip netns del "$(ns_name v)"
	wait_until 20 no_device vr7p0
	pollers_are eutx/7.0
	x kill -9 "$RAW"
	idle
	pollers_are
}

@test "no thread can be made: nobody is attached, and the next one may" {
	local most

	topology tx poll
	raw "$NODE" pause attach pause
	says pausing
	read -r most < /proc/sys/kernel/threads-max
	# Neither can this shell make one.
	echo 20 > /proc/sys/kernel/threads-max
	kill -USR1 "$RAW"
	pause 3
	echo "$most" > /proc/sys/kernel/threads-max
	says 'attach: ENOMEM'
	pollers_are
	idle
	x kill "$RAW"
	quiet_router
	pollers_are eutx/7.0
	stream
}

@test "its processor goes offline: it runs elsewhere" {
	local cpu=/sys/devices/system/cpu/cpu1/online

	[ -w "$cpu" ] || skip "processor 1 stays online"
	topology tx poll cpu 1
	quiet_router
	stream
	echo 0 > "$cpu"
	stream
	refused 'it is offline' ip vr set blue tx poll cpu 1
	x kill -9 "$RAW"
	idle
	quiet_router
	stream
	echo 1 > "$cpu"
	stream
}

@test "one takes over from another: each has a thread of its own, and nothing is lost" {
	local before

	topology tx poll
	serve
	router ,asked
	load 16
	moves send
	poller
	before=$POLLER
	spawn "${NOBODY[@]}" "$PROGS/raw" "$NODE" attach,features=4 map start "forward=$MAC_A,$MAC_B"
	wait_until 20 gone_thread "$before"
	moves send
	pollers_are eutx/7.0
}

gone_thread() { [ ! -e "/proc/$1" ]; }

# --- harm --------------------------------------------------------------------------------

@test "a hostile data plane with tx poll harms nobody else, and ends when it is told to" {
	topology slots 256
	vr_add evil id 8 owner nobody slots 256 tx poll
	x ip vr attach dev eu0 vr evil port 0
	x ip vr attach dev eu1 vr evil port 1
	batch <<-EOF
		link set vr8p0 up
		link set vr8p1 up
	EOF
	# One backlog per processor is shared by all veth devices of the machine.
	x sysctl -q -w net.core.netdev_max_backlog=100000
	serve
	router
	load 64
	spawn ns a "$PROGS/flood" eth0 "$(cat /sys/class/net/vr8p0/address)"
	hostile 1000000 threads
	moves send evil
	# Its threads kick all the time: who ends the poller does not wait for them.
	x ip vr set evil tx kick
	x ip vr set evil tx poll
	evil_done entries
	unharmed
	grown rx send bad_slot bad_state kicks tx_sleeps
	evil_goes
	pollers_are
}
