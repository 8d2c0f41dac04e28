# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# ip vr set ... prio: each VR's packets in a class of its own on the shared lower device.
#
#  ns blue-a 10.1.1.2 ─┐                                             ┌─ ns blue-b 10.2.1.2
#                      ├─ p0 ══ low0 ─┬─ [blue] ─┬─ low1 ══ p1 ─┤
#  ns red-a  10.1.2.2 ─┘              └─ [red]  ─┘   │               └─ ns red-b  10.2.2.2
#                                                   HTB
#	1:1  500 kbit/s ─┬─ 1:10 125 kbit/s  blue
#	                 ├─ 1:20 375 kbit/s  red
#	                 └─ 1:30 the others
#
# The load is a closed loop of datagrams from a to b whose window fits into the queues: so
# nothing is lost, and a class has packets for a second, however late the sender runs. What
# is compared is bytes, not time.

# What lib/common reads.
# shellcheck disable=SC2034
load lib/common
load lib/topology

ECHO=$BATS_TEST_DIRNAME/../build/tests/echo
WINDOW=400

setup_file()
{
	topology_begin
	wires
	router blue 1 1
	router red 2 2
}

teardown_file() { topology_end; }

setup()
{
	shared_setup
	[ -x "$ECHO" ] || { echo "tests/progs is not built: run 'make tests'" >&2; return 1; }
	europa_router blue red
	x tc qdisc add dev low1 root handle 1: htb default 30
	x tc class add dev low1 parent 1: classid 1:1 htb rate 500kbit
	x tc class add dev low1 parent 1:1 classid 1:10 htb rate 125kbit ceil 500kbit quantum 1500
	x tc class add dev low1 parent 1:1 classid 1:20 htb rate 375kbit ceil 500kbit quantum 4500
	x tc class add dev low1 parent 1:1 classid 1:30 htb rate 8kbit ceil 500kbit quantum 1500
}

teardown()
{
	tc qdisc del dev low1 root 2> /dev/null || true
	rig_teardown
}

# sent: bytes that classes 1:10 and 1:20 have sent, of one look, in $blue and $red.
sent()
{
	read -r blue red <<< "$(tc -s class show dev low1 | awk '
		$1 == "class" { class = $3 }
		$1 == "Sent" { bytes[class] = $2 }
		END { print bytes["1:10"], bytes["1:20"] }')"
	echo "[=] class 1:10 $blue bytes, class 1:20 $red bytes" >&2
}

sent_over() { sent && ((blue >= $1 && red >= $1)); }

# Both VRs' closed loops, until `stop_load`: they end well if nothing was lost.
start_load()
{
	local name n

	LOADS=() LOAD_LOGS=()
	for n in 1 2; do
		name=$([ $n = 1 ] && echo blue || echo red)
		spawn ns "$name-b" "$ECHO" server "10.2.$n.2" 9
		wait_until 10 grep -q serving "$SPAWNED_LOG" || return
		spawn ns "$name-a" "$ECHO" client "10.2.$n.2" 9 "$WINDOW"
		LOADS+=("$SPAWNED")
		LOAD_LOGS+=("$SPAWNED_LOG")
	done
}

stop_load()
{
	kill -TERM "${LOADS[@]}"
	wait "${LOADS[0]}" && wait "${LOADS[1]}" && return
	cat "${LOAD_LOGS[@]}"
	ip -s vr show
	tc -s class show dev low1
	return 1
} >&2

# bats test_tags=matrix
@test "a VR's class is set, shown, kept by replace, and taken away" {
	x ip vr set blue prio 1:10
	assert_eq "$(vr_stat blue .prio)" 1:10
	ip -d vr show blue | grep -q 'prio 1:10'
	x ip vr replace blue prio 1:10 id 1
	x ip vr set blue prio ffff:fffe
	assert_eq "$(vr_stat blue .prio)" ffff:fffe
	refused 'MAJOR:MINOR' ip vr set blue prio 1:10000
	refused 'MAJOR:MINOR' ip vr set blue prio 10
	x ip vr set blue prio none
	assert_eq "$(vr_stat blue .prio)" null
}

# bats test_tags=matrix
@test "what a VR sends is in its class, and in no other" {
	local count=50 blue red

	ping_all blue-a 2 10.2.1.2
	x ip vr set blue prio 1:10
	sent
	assert_eq "$blue $red" "0 0" "bytes of both classes"
	ping_all blue-a $count 10.2.1.2
	sent
	assert_eq "$blue $red" "$((count * 98)) 0" "bytes of both classes"
	x ip vr set blue prio none
	ping_all blue-a $count 10.2.1.2
	sent
	assert_eq "$blue $red" "$((count * 98)) 0" "bytes of both classes"
}

@test "two VRs under load share the device as 1 to 3" {
	local blue red from_blue from_red percent

	# The kernel keeps few packets for a neighbour that it has to ask for.
	ping_all blue-a 2 10.2.1.2
	ping_all red-a 2 10.2.2.2
	x ip vr set blue prio 1:10
	x ip vr set red prio 1:20
	start_load
	# The start, in which a class may spend what it has saved, does not count.
	wait_until 60 sent_over 30000
	from_blue=$blue from_red=$red
	wait_until 120 sent_over $((from_blue + 120000))
	stop_load
	blue=$((blue - from_blue)) red=$((red - from_red))
	percent=$((100 * red / blue))
	echo "# blue $blue bytes, red $red bytes: 1 to $((percent / 100)).$((percent % 100 / 10))" >&3
	((percent >= 225 && percent <= 375))
}
