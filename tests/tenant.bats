# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# rig: -c 2
# What the owner of a node may do to others: nothing. He is no enemy of his own data plane
# (hostile.bats), but of who shares the machine with it.
#
#	   a                        (the machine)                           b
#	eth0 10.1.0.2 ─── eu0 ─ vr7p0 10.1.0.1 ┐ VR blue, number 7,
#	                                       │ home namespace v
#	eth0 10.2.0.2 ─── eu1 ─ vr7p1 10.2.0.1 ┘

load lib/common
load lib/single

# as_stranger COMMAND...: as a user who has nothing to do with the VR.
as_stranger() { setpriv --reuid=daemon --regid=nogroup --clear-groups --inh-caps=-all "$@"; }

pausing_times() { (($(grep -c pausing "$SAID") >= $1)); }

# --- the node -----------------------------------------------------------------------------

@test "who may only read the node, or only write it, does not attach" {
	topology slots 64 mode 0664
	wait_until 5 test -c "$NODE"
	run as_stranger "$PROGS/raw" "read=$NODE" attach start
	grep -x "attach: EBADF" <<< "$output"
	grep -x "start: ENOTCONN" <<< "$output"
	run as_nobody "$PROGS/raw" "write=$NODE" attach
	grep -x "attach: EBADF" <<< "$output"
	refused "denied|EACCES" as_stranger "$PROGS/raw" "$NODE" attach
	idle
	# Who reads on does not keep the owner out, and whose descriptor is one for both may
	# hand it to anybody.
	spawn setpriv --reuid=daemon --regid=nogroup --clear-groups \
		"$PROGS/raw" "read=$NODE" attach pause
	wait_until 10 grep -qx pausing "$SPAWNED_LOG"
	router
	sees_end
	as_stranger "$PROGS/raw" fd=7 attach 7<> "$NODE" | grep -x "attach: ok"
}

sees_end()
{
	x kill -9 "$RAW"
	wait "$RAW" || true
	idle
}

# --- whose process it is ------------------------------------------------------------------

# take_number PID: until a process of ours has that number. It is in $SPAWNED.
take_number()
{
	local i

	for ((i = 0; i < 50; i++)); do
		echo $(($1 - 1)) > /proc/sys/kernel/ns_last_pid
		sleep 1000 3>&- 4>&- &
		SPAWNED=$!
		RIG_PIDS+=("$SPAWNED")
		((SPAWNED != $1)) || return 0
	done
	return 1
}

@test "who attached and is dead has no number, nor has who got it next" {
	local number

	topology slots 64
	spawn ip vr monitor
	local monitor=$SPAWNED_LOG
	wait_until 10 kill -0 "$SPAWNED"
	raw "$NODE" proxy map start pause stop pause
	says pausing
	cat "$SAID"
	number=$(sed -n 's/^child //p' "$SAID")
	run ! kill -0 "$number"
	assert_eq "$(vr_stat blue .state)" running
	assert_eq "$(vr_stat blue .pid)" null
	# Others of the same files go on; who they are, the files say.
	assert_eq "$(ip vr pids blue)" "$RAW"
	ns a ping -c 1 -W 0.1 10.1.0.1 || true
	wait_until 10 owner_is rx 1
	take_number "$number"
	assert_eq "$(ip vr pids blue)" "$RAW"
	assert_eq "$(ip vr identify "$number")" ""
	next_word
	wait_until 10 pausing_times 2
	wait_until 10 grep -q "stop .*blue" "$monitor"
	cat "$monitor"
	run ! grep -E "(start|stop) .*pid $number\b" "$monitor"
	assert_slots_conserved blue
	sees_end
}

# --- memory -------------------------------------------------------------------------------

available() { awk '/^MemAvailable:/ { print $2 }' /proc/meminfo; }
pools_mapped() { grep -c "europa_pool" /proc/vmallocinfo; }
memory_is_back() { (($(available) > $1)); }

@test "a page that stays mapped keeps no pool" {
	local before pool=$((16384 * 2176 / 1024))

	vr_add blue id 7 owner nobody slots 16384
	wait_until 5 test -c "$NODE"
	as_nobody "$PROGS/raw" "$NODE" attach map touch | grep -x "touch: ok"
	idle
	before=$(available)
	spawn setpriv --reuid=nobody --regid=nogroup --clear-groups "$PROGS/hoard" "$NODE" 6
	local hoard=$SPAWNED hoarded=$SPAWNED_LOG
	wait_until 60 grep -qx hoarding "$hoarded"
	idle
	echo "$pool kB each, $before kB available before, $(available) kB now"
	assert_eq "$(pools_mapped)" 0 "pools in the kernel's memory"
	wait_until 20 memory_is_back $((before - pool / 2))
	# He reads and writes what he kept; the next data plane works.
	raw "$NODE" attach map touch zero start pause
	says pausing
	grep -x "zero: ok" "$SAID"
	x kill -USR1 "$hoard"
	wait "$hoard"
	grep -x "kept 6" "$hoarded"
	assert_eq "$(vr_stat blue .state)" running
}

# in_group GROUP COMMAND...: become the command, as a user, in that control group.
in_group()
{
	echo "$BASHPID" > "$1/cgroup.procs"
	exec setpriv --reuid=nobody --regid=nogroup --clear-groups "${@:2}"
}

@test "threads that attach at once make one pool at a time" {
	local threads=16 group=/sys/fs/cgroup/tenant-$$

	echo +memory > /sys/fs/cgroup/cgroup.subtree_control
	vr_add blue id 7 owner nobody slots 65536
	wait_until 5 test -c "$NODE"
	mkdir "$group"
	# Two pools and a half.
	echo $((65536 * 2176 * 5 / 2)) > "$group/memory.max"
	spawn in_group "$group" "$PROGS/crowd" "$NODE" "$threads"
	wait "$SPAWNED" || true
	cat "$SPAWNED_LOG" "$group/memory.events"
	grep -x "attached 1 busy $((threads - 1))" "$SPAWNED_LOG"
	idle
	wait_until 10 rmdir "$group"
}

# --- others' memory -----------------------------------------------------------------------

@test "a packet kept for longer than half a minute is taken back" {
	local started

	topology slots 64
	raw "$NODE" attach map start take=20 pause discard take=1 pause discard pause
	says "start: ok"
	ns a "$PROGS/flood" eth0 "$MAC_P0" 20
	says pausing
	started=$SECONDS
	assert_eq "$(vr_stat blue '.queue[0] | [.rx, .vr] | tojson')" '[20,0]'
	wait_until 60 owner_is rx 0
	echo "taken back $((SECONDS - started)) s after the last came"
	((SECONDS - started >= 25))
	assert_eq "$(vr_stat blue '.queue[0] | [.vr, .held] | tojson')" '[20,0]'
	counter_is gone 20
	assert_slots_conserved blue
	# The slots come back like any; a packet that is young stays.
	next_word
	says "discard: ok"
	wait_until 10 owner_is vr 0
	ns a "$PROGS/flood" eth0 "$MAC_P0" 1
	wait_until 10 pausing_times 2
	assert_eq "$(vr_stat blue '.queue[0] | [.rx, .vr] | tojson')" '[1,0]'
	next_word
	wait_until 10 pausing_times 3
	assert_eq "$(vr_stat blue '.stats | [.gone, .drop, .bad_slot] | tojson')" '[20,1,0]'
	all_slots_home
	# The end of a data plane does not wait for the next round, nor does a VR's.
	sees_end
	raw "$NODE" attach map start take=1 pause
	says "start: ok"
	ns a "$PROGS/flood" eth0 "$MAC_P0" 1
	says pausing
	x ip vr del blue
}

@test "what a VR makes is within its limit while a qdisc holds it" {
	local count=2500 held over text

	topology slots 64 limit 1M
	# It lets the first ones go, and the others in their time: a byte each second.
	printf -v text '%0300d' 0
	x tc qdisc add dev eu0 root tbf rate 8bit burst 1600 limit 100m
	spawn ip vr exec blue "$PROGS/vrmake" good $count 0 "$MAC_A" "$text"
	wait_until 60 grep -qx "drained $count" "$SPAWNED_LOG"
	held=$(vr_stat blue .stats.send) over=$(vr_stat blue .stats.tx_limit)
	echo "$held sent, $over over the limit"
	((over > 0 && held > 500))
	assert_eq $((held + over)) $count
	all_slots_home
	# The next data plane does not begin anew, ...
	x kill "$SPAWNED"
	idle
	spawn ip vr exec blue "$PROGS/vrmake" good 10 0 "$MAC_A" "$text"
	wait_until 20 grep -qx "drained 10" "$SPAWNED_LOG"
	counter_is tx_limit $((over + 10))
	x kill "$SPAWNED"
	idle
	# ... nor does another VR suffer, and all is back when the qdisc goes.
	vr_add red id 8 limit 1M
	x ip vr attach dev eu0 vr red port 0
	ns - ip link set vr8p0 up
	spawn ip vr exec red "$PROGS/vrmake" good 10 0 "$MAC_A" "$text"
	wait_until 20 grep -qx "drained 10" "$SPAWNED_LOG"
	assert_eq "$(vr_stat red '.stats | [.send, .tx_limit] | tojson')" '[10,0]'
	x tc qdisc del dev eu0 root
	spawn ip vr exec blue "$PROGS/vrmake" good 10 0 "$MAC_A" "$text"
	wait_until 20 grep -qx "drained 10" "$SPAWNED_LOG"
	counter_is tx_limit $((over + 10))
	counter_is send $((held + 10))
}

@test "a VR goes while a qdisc holds what it made; the module when that has left" {
	topology slots 64
	x tc qdisc add dev eu0 root tbf rate 8bit burst 1600 limit 100m
	spawn ip vr exec blue "$PROGS/vrmake" good 50 0 "$MAC_A" text
	wait_until 20 grep -qx "drained 50" "$SPAWNED_LOG"
	x ip vr del blue
	# Its file would keep the module, too.
	x kill "$SPAWNED"
	wait "$SPAWNED" || true
	refused "in use" rmmod europa
	# Another of that number begins with nothing under way.
	vr_add blue id 7 owner nobody slots 64 limit 1M
	x ip vr del blue
	x tc qdisc del dev eu0 root
	wait_until 10 rmmod europa
}

# --- who asks for little ---------------------------------------------------------------

# The lowest priority on a processor that others keep busy: a KICK takes minutes.
@test "a VR is deleted at once, though its data plane is given next to no processor time" {
	! in_uml || skip "User Mode Linux counts processor time by ticks: it may have none for minutes, or all it needs at once"
	topology slots 4096
	raw "$NODE" attach map start take=2000 pause give
	says "start: ok"
	ns a "$PROGS/flood" eth0 "$MAC_P0" 2000
	says pausing
	x taskset -p 1 "$RAW"
	x chrt -i -p 0 "$RAW"
	for _ in {1..3}; do
		spawn taskset 1 sh -c 'while :; do :; done'
	done
	next_word
	wait_until $((BATS_TEST_TIMEOUT * 2 / 3)) counter_over punt 0
	x timeout 60 ip vr del blue
	x timeout 20 ip vr show
	x kill -0 "$RAW"
	# It ends in its own time, and lets the module go.
	x chrt -o -p 0 "$RAW"
	kill_spawned
	wait_until 60 rmmod europa
}
