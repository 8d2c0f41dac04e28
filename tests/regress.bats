# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# rig: -c 2
# Defects that were found and mended stay so.
#
#	   a                        (the machine)                           b
#	eth0 10.1.0.2 ─── eu0 ─ vr7p0 10.1.0.1 ┐ VR blue, number 7,
#	                                       │ home namespace v
#	eth0 10.2.0.2 ─── eu1 ─ vr7p1 10.2.0.1 ┘

load lib/common
load lib/single

# everything_counted: the sum of all that ever came in for VR blue.
everything_counted() { vr_stat blue '.stats | [.rx, .fallback, .rx_full, .rx_limit, .rx_nomem, .rx_down, .rx_fallback] | add'; }

received_by() { ip netns exec "$(ns_name "$1")" cat "/sys/class/net/$2/statistics/rx_packets"; }

# --- the core's lists are the kernel's, not the VR's ----------------------------------

@test "four data planes attach and detach at once, again and again" {
	local i loops pids=() logs=()

	for i in 11 12 13 14; do
		vr_add "v$i" id $i owner nobody slots 64
		wait_until 5 test -c /dev/europa/vr$i
	done
	for i in 11 12 13 14; do
		spawn "${NOBODY[@]}" \
			"$PROGS/reattach" /dev/europa/vr$i 5000
		pids+=("$SPAWNED")
		logs+=("$SPAWNED_LOG")
	done
	for i in 0 1 2 3; do
		wait "${pids[i]}" || { cat "${logs[i]}" >&2; return 1; }
		loops=$(sed -n 's/^loops //p' "${logs[i]}")
		echo "v1$((i + 1)): $loops loops"
		((loops > 10))
		idle "v1$((i + 1))"
		assert_eq "$(vr_stat "v1$((i + 1))" .generation)" "$loops"
	done
	# Each still works.
	for i in 11 12 13 14; do
		raw /dev/europa/vr$i attach map start kick pause
		says pausing
		grep -x "kick: ok" "$SAID"
		state_is running "v$i"
		assert_slots_conserved "v$i"
		assert_eq "$(vr_stat "v$i" '.queue[0] | .free + .spare')" 64
	done
}

# --- what goes is not found again -----------------------------------------------------

# passthru_over_port ADDRESS: a macvlan that gives the port another address.
passthru_over_port()
{
	ns v ip link add link vr7p0 name mv0 type macvlan mode passthru
	ns v ip link set mv0 up
	ns v ip link set mv0 address "$1"
	assert_eq "$(ns v cat /sys/class/net/vr7p0/address)" "$1"
}

# nothing_comes: while frames keep arriving at eu0, the VR gets none of them.
nothing_comes()
{
	local counted before now

	counted=$(everything_counted)
	before=$(< /sys/class/net/eu0/statistics/rx_packets)
	sleep 0.5
	now=$(< /sys/class/net/eu0/statistics/rx_packets)
	((now > before))
	assert_eq "$(everything_counted)" "$counted" "packets for blue"
}

@test "an upper device restores the address of a port that is going" {
	topology slots 256
	x modprobe macvlan
	raw "$NODE" attach map start drop
	says running
	spawn ns a "$PROGS/flood" eth0 "$MAC_P0"
	local flood=$SPAWNED i way
	for way in "link del vr7p0" "vr detach dev eu0 vr blue"; do
		moves rx
		passthru_over_port 02:00:00:00:07:99
		nothing_comes
		if [[ $way == link* ]]; then
			# shellcheck disable=SC2086
			ns v ip $way
		else
			# shellcheck disable=SC2086
			x ip $way
		fi
		assert_eq "$(vr_stat blue '.ports | length')" 1
		run ! ns v ip link show mv0
		nothing_comes
		# Its memory is used again.
		for i in {1..5}; do
			ip vr attach dev eu0 vr blue port 9
			ip vr detach dev eu0 vr blue
		done
		nothing_comes
		# Its address and number are free.
		port_up 0 "$MAC_A"
	done
	moves rx
	x kill "$flood"
	wait "$flood" || true
	all_slots_home
	assert_eq "$(vr_stat blue .state)" running
	assert_eq "$(vr_stat blue '.stats.bad_slot + .stats.bad_state')" 0
}

@test "the same when VR and lower device go" {
	topology slots 64
	x modprobe macvlan
	spawn ns a "$PROGS/flood" eth0 "$MAC_P0"
	moves fallback
	passthru_over_port 02:00:00:00:07:99
	x ip vr del blue
	sleep 0.5
	run ! ns v ip link show vr7p0
	vr_add blue id 7 netns "$(ns_name v)" owner nobody slots 64
	ports_up
	moves fallback
	passthru_over_port 02:00:00:00:07:99
	x ip link del eu0
	wait_until 10 test ! -e /sys/class/net/eu0
	assert_eq "$(vr_stat blue '.ports | length')" 1
	idle
}

# --- packets of many parts ------------------------------------------------------------

# sctp_over WIRE-OPTION...: 100 messages from a to b by vrwire; the bytes sent in $SENT,
# received in $GOT, and of vrwire's packets those of an unusual make in $OTHER.
sctp_over()
{
	local wire log server

	spawn ip vr exec blue "$PROGS/vrwire" "$@" "$MAC_A" "$MAC_B"
	wire=$SPAWNED log=$SPAWNED_LOG
	wait_until 20 grep -qx running "$log"
	spawn ns b "$PROGS/sctp" server 10.2.0.2 5000
	server=$SPAWNED_LOG
	wait_until 10 grep -q listening "$server"
	spawn ns a "$PROGS/sctp" client 10.2.0.2 5000 100
	wait_until 60 grep -q sent "$SPAWNED_LOG"
	SENT=$(sed -n 's/^sent //p' "$SPAWNED_LOG")
	wait_until 60 grep -q received "$server"
	GOT=$(sed -n 's/^received //p' "$server")
	all_slots_home
	x kill "$wire"
	wait_until 10 grep -q "^other" "$log"
	OTHER=$(sed -n 's/^other //p' "$log")
	echo "sent $SENT received $GOT, vrwire: $(tr '\n' ' ' < "$log")"
	idle
}

@test "SCTP super-packets, written back from end to end" {
	topology slots 256
	x modprobe sctp
	ns a ip link set eth0 mtu 700
	ns b ip link set eth0 mtu 700
	x ethtool -K eu1 tx-sctp-segmentation off
	# Headers only: nothing is lost.
	sctp_over
	((OTHER > 0))
	assert_eq "$SENT" 150000
	assert_eq "$GOT" "$SENT"
	counter_is gso 0
	# All bytes: what has parts that must stay is refused, and counted.
	sctp_over -a
	((OTHER > 0))
	x ip -s vr show blue
	ns a ping -c 1 -W 5 10.2.0.2
	assert_eq "$(vr_stat blue '.stats.bad_len + .stats.bad_meta')" 0
}

# --- spoofchk -------------------------------------------------------------------------

@test "no checksum is put into the Ethernet header" {
	local before bad

	topology slots 256
	# From here on the kernel itself sums.
	x ethtool -K eu0 tx off
	before=$(received_by a eth0)
	run as_nobody "$PROGS/badsum" "$NODE" "$MAC_A"
	echo "$output"
	assert_eq "$status" 0
	bad=$(sed -n 's/^bad \([0-9]*\) good 1$/\1/p' <<< "$output")
	((bad > 100))
	counter_is bad_meta "$bad"
	counter_is send 1
	counter_is spoof 0
	wait_until 5 received_since "$before" 1
	sleep 0.5
	assert_eq "$(received_by a eth0)" $((before + 1)) "packets on the wire"
	idle
	# Nor where a source address is not checked.
	x ip -n "$(ns_name v)" link set vr7p0 type europa spoofchk off
	as_nobody "$PROGS/badsum" "$NODE" "$MAC_A"
	counter_is bad_meta $((2 * bad))
	counter_is send 2
}

received_since() { (($(received_by a eth0) - $1 >= $2)); }

@test "root of a container does not change the address that spoofchk checks" {
	topology slots 64
	x modprobe macvlan
	container
	x ip -n "$(ns_name v)" link set vr7p1 netns "$CONTAINER"
	assert_eq "$(inside id -u)" 0
	refused permitted inside ip link set vr7p1 address 02:00:00:00:07:99
	inside ip link set vr7p1 up
	refused permitted inside ip link set vr7p1 address 02:00:00:00:07:99
	# Nor by an upper device.
	inside ip link add link vr7p1 name mv0 type macvlan mode passthru
	refused permitted inside ip link set mv0 address 02:00:00:00:07:99
	inside ip link del mv0
	assert_eq "$(vr_stat blue '.ports[1].address')" "$MAC_P1"
	refused CAP_NET_ADMIN inside ip link set vr7p1 type europa spoofchk off
	# The machine's root does, and he may leave it to the container.
	x nsenter -t "$CONTAINER" -n ip link set vr7p1 address 02:00:00:00:07:98
	assert_eq "$(vr_stat blue '.ports[1].address')" 02:00:00:00:07:98
	x nsenter -t "$CONTAINER" -n ip link set vr7p1 type europa spoofchk off
	inside ip link set vr7p1 address 02:00:00:00:07:97
	assert_eq "$(vr_stat blue '.ports[1].address')" 02:00:00:00:07:97
	idle
}

container()
{
	spawn unshare --user --map-root-user --net sleep 1000
	CONTAINER=$SPAWNED
	wait_until 10 grep -q sleep "/proc/$CONTAINER/comm"
}

inside() { nsenter -t "$CONTAINER" -U -n --preserve-credentials "$@"; }

# --- sleeping and waking --------------------------------------------------------------

# epoll_wakes HOW: 200 packets, each sent when the one before was answered, and 200 with a
# pause before each, so that the data plane sleeps.
epoll_wakes()
{
	local status=0

	topology slots 64
	spawn "${NOBODY[@]}" \
		"$PROGS/epollwait" "$NODE" "$1" 400
	wait_until 10 grep -qx running "$SPAWNED_LOG"
	ns a ping -q -A -c 200 -W 5 10.1.0.1
	assert_slots_conserved blue
	ns a ping -q -i 0.01 -c 200 -W 5 10.1.0.1
	wait "$SPAWNED" || status=$?
	cat "$SPAWNED_LOG"
	assert_eq "$status" 0 "status of the data plane"
	grep -Ex "packets 400 woken [0-9]+ found [0-9]+ lost 0" "$SPAWNED_LOG"
	(($(sed -n 's/.* woken \([0-9]*\) .*/\1/p' "$SPAWNED_LOG") > 100))
	counter_is punt 400
	idle
}

@test "epoll, level-triggered, wakes for each packet" {
	epoll_wakes level
}

@test "epoll, edge-triggered and armed, wakes for each packet" {
	epoll_wakes edge
}

# With epoll somebody is on the wait queue all the time.
@test "a data plane with epoll is asleep until there is a packet" {
	topology slots 64
	spawn "${NOBODY[@]}" "$PROGS/epollwait" "$NODE" level 1000
	wait_until 10 polls asleep
	x kill -STOP "$SPAWNED"
	ns a ping -c 1 -W 0.1 10.1.0.1 || true
	wait_until 10 owner_is rx 1
	polls busy
}

polls() { [ "$(vr_stat blue '.queue[0].poll')" = "$1" ]; }

# --- a slot whose packet was taken back ---------------------------------------------------

@test "a port's number is another port's, tapped, when an old packet's slot comes back" {
	topology slots 64
	spawn ns v tcpdump -i vr7p0 -w /dev/null
	wait_until 20 grep -q listening "$SPAWNED_LOG"
	raw "$NODE" attach map start take=1 pause discard pause
	says "start: ok"
	ns a ping -c 1 -W 0.1 10.1.0.1 || true
	says pausing
	x ns v ip link del vr7p0
	x ip vr attach dev eu0 vr blue name vr7p0
	assert_eq "$(vr_stat blue '.ports | map(.port) | tojson')" '[0,1]' "numbers of the ports"
	x ns v ip link set vr7p0 up
	spawn ns v tcpdump -i vr7p0 -w /dev/null
	wait_until 20 grep -q listening "$SPAWNED_LOG"
	next_word
	says "discard: ok"
	assert_eq "$(vr_stat blue '.stats | [.gone, .drop] | tojson')" '[1,0]' "gone, drop"
	assert_slots_conserved blue
}

# A veth needs as much headroom as what its peer is a part of: root of the other namespace
# changes it at any time, as here by a bridge that has a tunnel. The length is one that fills
# the memory it is given to the last byte.
@test "packets are made while the lower device's headroom changes" {
	local text made

	topology slots 64
	batch -n "$(ns_name a)" <<-EOF
		link add br0 type bridge
		link add vx0 type vxlan id 7 dstport 4789 remote 192.0.2.9
		link set vx0 master br0
	EOF
	text=$(printf 'x%.0s' {1..646})
	spawn ip vr exec blue "$PROGS/vrmake" good 1000000000 0 "$MAC_A" "$text"
	made=$SPAWNED
	wait_until 10 counter_over send 100
	for _ in {1..5}; do
		for _ in {1..40}; do
			printf 'link set eth0 master br0\nlink set eth0 nomaster\n'
		done | ns a ip -batch -
	done
	kill -0 "$made"
	wait_until 10 counter_over send "$(vr_stat blue .stats.send)"
}

verdicts_are() { [ "$(ip -j vr classifier show dev eu0 | jq '.[0].verdicts | add')" = "$1" ]; }

# Each processor counts for itself.
@test "what each processor has counted is told in one sum" {
	local cpu

	(($(nproc) > 1)) || skip "one processor"
	topology slots 64
	x ip vr classifier set dev eu0 object /usr/lib/europa/classifiers/prefix.bpf.o
	for cpu in 0 1; do
		ns a taskset -c $cpu "$PROGS/frames" eth0 10 "${MAC_P0}02000000000a88b5"
	done
	wait_until 10 verdicts_are 20
	x ip vr classifier del dev eu0
}

# --- the end ----------------------------------------------------------------------------

@test "at the end nothing is left" {
	assert_eq "$(ip -j vr show | jq length)" 0 "VRs"
	assert_eq "$(find /dev/europa -type c 2>/dev/null | wc -l)" 0 "device nodes"
	wait_until 10 rmmod europa
}
