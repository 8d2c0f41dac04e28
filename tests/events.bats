# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# rig: -c 2
# What `ip vr monitor` tells: events of one VR whatever the owner of another does, the last
# state always, nothing of a VR after its end.

load lib/common
load lib/single

# monitor [COMMAND...]: in the background, by that command. $EVENTS is what it tells, a JSON object a line, $LOST what it
# says on stderr.
monitor()
{
	EVENTS=$BATS_TEST_TMPDIR/events LOST=$BATS_TEST_TMPDIR/lost
	# shellcheck disable=SC2016
	spawn bash -c 'exec "${@:3}" ip-vr -j monitor > "$1" 2> "$2"' bash "$EVENTS" "$LOST" "$@"
	MONITOR=$SPAWNED
	vr_add probe id 99
	wait_until 10 probed
}

probed()
{
	ip vr set probe fallback kernel
	grep -q '"name":"probe"' "$EVENTS"
}

# told VR [EVENT]: the events of a VR, one name a line; with EVENT, how often that one.
told()
{
	local names

	names=$(jq -r --arg vr "$1" 'select(.name == $vr) | .event' "$EVENTS")
	if [ $# = 1 ]; then
		echo "$names"
	else
		grep -cx "$2" <<< "$names" || true
	fi
}

# last_told VR EVENT...: its last events are these.
last_told() { [ "$(told "$1" | tail -n $(($# - 1)) | tr '\n' ' ')" = "${*:2} " ]; }

deleted_later() { RIG_VRS+=("$@"); }

attach_told() { grep -q '"event":"attach",.*"name":"blue"' "$EVENTS"; }

told_times() { [ "$(told "$1" "$2")" = "$3" ]; }
told_more() { (($(told "$1" "$2") > $3)); }

# everything_told: what happened before is in $EVENTS.
everything_told()
{
	local before

	before=$(told probe set)
	x ip vr set probe fallback kernel
	wait_until 10 told_times probe set $((before + 1))
}

# toggle DEVICE HOW-LONG LAST: in the background, as nobody.
toggle()
{
	spawn "${NOBODY[@]}" "$PROGS/toggle" "$@"
	TOGGLE=$SPAWNED
	TOGGLE_SAID=$SPAWNED_LOG
}

toggled() { grep -q "^changes" "$TOGGLE_SAID"; }

# bats test_tags=matrix
@test "what a data plane does now and then is told, each" {
	local pid

	vr_add blue id 7 owner nobody slots 64
	monitor
	raw "$NODE" attach start stop start detach attach pause
	says pausing
	pid=$RAW
	wait_until 5 told_times blue attach 2
	assert_eq "$(told blue | tr '\n' ' ')" "attach start stop start stop detach attach "
	jq -se --argjson pid "$pid" '[.[] | select(.name == "blue")] | .[0].pid == $pid and .[0].id == 7 and
		(.[5] | has("pid") | not)' "$EVENTS"
	kill "$RAW"
	wait_until 5 last_told blue attach detach
	x ip vr del blue
	wait_until 5 last_told blue detach del
}

# flooded LAST EVENT: a flood that ends with LAST is told by its end; meanwhile green's 20
# changes are.
flooded()
{
	local from

	vr_add blue id 7 owner nobody slots 64
	vr_add green id 8
	monitor
	from=$SECONDS
	toggle "$NODE" 4000 "$1"
	wait_until 10 attach_told
	for _ in {1..10}; do
		x ip vr set green fallback drop
		x ip vr set green fallback kernel
	done
	wait_until 20 toggled
	cat "$TOGGLE_SAID"
	wait_until 5 told_times green set 20
	wait_until 5 last_told blue "$2"
	everything_told
	last_told blue "$2"
	told blue | sort | uniq -c
	(($(told blue | wc -l) <= 20 + 10 * (SECONDS - from + 1)))
	[ ! -s "$LOST" ]
}

@test "START and STOP in a loop: others' events are told, and the last state: running" {
	flooded start start
	assert_eq "$(vr_stat blue .state)" running
}

@test "START and STOP in a loop: others' events are told, and the last state: stopped" {
	flooded stop stop
	assert_eq "$(vr_stat blue .state)" attached
}

# queue_told QUEUE EVENT: its last event is that.
queue_told()
{
	[ "$(jq -r --argjson queue "$1" 'select(.name == "blue" and .queue == $queue) | .event' "$EVENTS" |
		tail -n 1)" = "$2" ]
}

@test "START and STOP of one queue in a loop: what the data plane of another does is told, and each's last" {
	vr_add blue id 7 owner nobody slots 64 queues 3
	monitor
	toggle "$NODE" 4000 stop
	wait_until 10 attach_told
	raw "$NODE" attach,queue=2 map start pause
	says pausing
	wait_until 20 toggled
	everything_told
	wait_until 5 queue_told 2 start
	wait_until 5 queue_told 0 stop
	kill "$RAW"
	wait_until 5 queue_told 2 detach
	[ ! -s "$LOST" ]
}

@test "START and STOP in a loop: others' events are told, and the last state: idle" {
	flooded detach detach
	assert_eq "$(vr_stat blue .state)" idle
}

@test "the data plane that comes last is told, however many came before" {
	vr_add blue id 7 owner nobody slots 64
	monitor
	for _ in {1..30}; do
		as_nobody "$PROGS/raw" "$NODE" attach start > /dev/null
	done
	raw "$NODE" attach start pause
	says pausing
	wait_until 5 last_told blue start
	everything_told
	assert_eq "$(jq -s '[.[] | select(.name == "blue")][-1].pid' "$EVENTS")" "$RAW"
}

@test "after its del nothing is told of a VR, whatever its owner does" {
	ns_add a
	veth a eth0 - eu0
	vr_add blue id 7 owner nobody slots 64
	x ip vr attach dev eu0 vr blue
	monitor
	toggle "$NODE" 60000 stop
	wait_until 10 told_more blue start 1
	x ip vr del blue
	wait_until 10 grep -q "^gone" "$TOGGLE_SAID"
	wait_until 5 told_times blue del 1
	everything_told
	told blue | tail
	last_told blue del
	# The number is another's at once, and what is told is that one's.
	vr_add red id 7 owner nobody slots 64
	as_nobody "$PROGS/raw" "$NODE" attach
	wait_until 5 last_told red new attach detach
}

@test "VRs whose last state is still to be told go, and the module after them" {
	for _ in 1 2 3; do
		vr_add blue id 7 owner nobody slots 64
		toggle "$NODE" 300x stop
		wait_until 20 toggled
		x ip vr del blue
		x kill "$TOGGLE"
		wait_until 10 rmmod europa
		x modprobe europa
	done
}

# --- events are lost ---------------------------------------------------------------

# resynced: the numbers of VRs that the last resync told, in order.
resynced() { jq -sc '[.[] | select(.event == "resync" and has("id"))] | sort_by(.id) | map(.id)' "$EVENTS"; }

# A monitor of nobody's has the buffer that everybody may have: in newer kernels a larger one.
# bats test_tags=matrix
@test "after a loss the monitor tells how things stand" {
	x sysctl -q -w net.core.rmem_default=212992 net.core.rmem_max=212992
	ns_add a
	veth a eth0 - eu0
	vr_add blue id 7 owner nobody slots 64
	vr_add green id 8
	vr_add red id 9
	monitor "${NOBODY[@]}"
	x kill -STOP "$MONITOR"
	for _ in {1..2000}; do
		echo "set green fallback drop"
	done | ip-vr -batch -
	x ip vr set green name olive
	deleted_later olive
	x ip vr del red
	x ip vr attach dev eu0 vr olive
	raw "$NODE" attach start pause
	says pausing
	x kill -CONT "$MONITOR"
	wait_until 20 grep -q '"resync-end"' "$EVENTS"
	everything_told
	cat "$LOST"
	tail -n 6 "$EVENTS"
	assert_eq "$(grep -c lost "$LOST")" 1
	assert_eq "$(resynced)" "[7,8,99]"
	jq -se --argjson pid "$RAW" 'map(select(.event == "resync")) | INDEX(.name) |
		.blue.state == "running" and .blue.pid == $pid and .blue.generation == 1 and
		.olive.state == "idle" and .olive.ports[0].link == "eu0"' "$EVENTS"
	jq -se 'map(select(.event == "resync-end"))[-1] | .vrs == 3 and .classifiers == 0' "$EVENTS"
	# From here on it is as ever.
	x kill "$RAW"
	wait_until 10 last_told blue detach
}

@test "after a loss: as text" {
	vr_add blue id 7
	# shellcheck disable=SC2016
	spawn setpriv --reuid=nobody --regid=nogroup --clear-groups ip-vr monitor
	wait_until 10 text_probed
	x kill -STOP "$SPAWNED"
	for _ in {1..2000}; do
		echo "set blue fallback drop"
	done | ip-vr -batch -
	x kill -CONT "$SPAWNED"
	wait_until 20 grep -x "resync-end: vrs 1 classifiers 0" "$SPAWNED_LOG"
	grep -x "resync: vr 7 blue idle generation 0" "$SPAWNED_LOG"
}

text_probed()
{
	ip vr set blue fallback kernel
	grep -q "^set vr 7 blue" "$SPAWNED_LOG"
}

# --- names ---------------------------------------------------------------------------

# Names that share a chain of the table of names with "mover" (on little-endian 64-bit
# machines, where they have up to seven characters), which is in front of them all.
CHAIN=(n270 n2476 n4346 n5423 n8860 n9193 n10888 n12492 n12544 n18328 n19898 n21658 n21825
	n22388 n23262 n23314)

# look_up N: again and again, without rtnl, until told not to.
look_up()
{
	local vr actions=()

	for vr in "${CHAIN[@]}" "${CHAIN[@]:1}"; do
		actions+=(action europa vr "$vr")
	done
	for _ in {1..300}; do
		echo "filter replace dev eu0 ingress pref $1 handle 1 protocol ip flower dst_ip 10.0.0.1 ${actions[*]}"
	done > "$BATS_TEST_TMPDIR/look$1"
	spawn tc -force -batch "$BATS_TEST_TMPDIR/look$1"
}

@test "a VR that is renamed hides no other from a lookup" {
	local looks=() logs=() i

	ns_add a
	veth a eth0 - eu0
	x tc qdisc add dev eu0 clsact
	printf 'add %s\n' "${CHAIN[@]}" mover | ip-vr -batch -
	deleted_later "${CHAIN[@]}" mover moved
	for i in {1..500}; do
		printf 'set %s\n' "mover name moved" "moved name mover"
	done > "$BATS_TEST_TMPDIR/renames"
	for i in 1 2 3; do
		look_up $i
		looks+=("$SPAWNED") logs+=("$SPAWNED_LOG")
	done
	while kill -0 "${looks[@]}" 2> /dev/null; do
		ip-vr -batch "$BATS_TEST_TMPDIR/renames"
	done
	cat "${logs[@]}" | sort | uniq -c
	[ "$(cat "${logs[@]}" | grep -c .)" = 0 ]
	tc qdisc del dev eu0 clsact
}
