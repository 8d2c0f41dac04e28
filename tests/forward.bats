# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# Two virtual routers share two lower devices; europa-router forwards for each.
#
#  ns blue-a 10.1.1.2 ─┐                                             ┌─ ns blue-b 10.2.1.2
#                      ├─ p0 ══ low0 ─┬─ [blue] ─┬─ low1 ══ p1 ─┤
#  ns red-a  10.1.2.2 ─┘              └─ [red]  ─┘                   └─ ns red-b  10.2.2.2
#
# See lib/topology.bash for addresses.

# The keys of D, and what lib/common reads.
# shellcheck disable=SC2034,SC2154
load lib/common
load lib/topology

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
	europa_router blue red
}

teardown() { rig_teardown; }

status_of() { awk -v key="$2:" '$1 == key { print $2 }' "/proc/$1/status"; }

# bats test_tags=matrix
@test "the data plane is a process without privileges in the VR's namespace" {
	local name pid

	for name in blue red; do
		pid=$(data_plane_pid "$name")
		assert_eq "$(vr_stat "$name" .pid)" "$pid" pid
		assert_eq "$(< "/proc/$pid/comm")" europa-router
		[ "$(status_of "$pid" Uid)" != 0 ]
		assert_eq "$(status_of "$pid" CapEff)" 0000000000000000 CapEff
		assert_eq "$(status_of "$pid" CapPrm)" 0000000000000000 CapPrm
		assert_eq "$(status_of "$pid" CapBnd)" 0000000000000000 CapBnd
		assert_eq "$(status_of "$pid" NoNewPrivs)" 1 NoNewPrivs
		[ "/proc/$pid/ns/net" -ef "/run/netns/$(ns_name "$name")" ]
	done
}

# bats test_tags=matrix
@test "ping from cold: ARP is resolved, then the data plane forwards" {
	ns blue ip neigh flush all
	ns blue-a ip neigh flush all
	ns blue-b ip neigh flush all
	ping_all blue-a 3 10.2.1.2
	mark blue
	ping_all blue-a 20 10.2.1.2
	assert_forwarded blue 38
	mark red
	ping_all red-b 2 10.1.2.2
	ping_all red-b 20 10.1.2.2
	assert_forwarded red 38
}

@test "what is for the VR itself goes to its kernel" {
	ping_all blue-a 1 10.1.1.1
	mark blue
	ping_all blue-a 10 10.1.1.1
	ping_all blue-a 10 10.2.1.1
	assert_forwarded blue 0
	((D[punt] >= 20))
}

@test "each hop takes one from the time to live, traceroute sees the VR" {
	ns blue-a ping -n -c 1 10.2.1.2 | grep -q "ttl=63"
	run -1 ns blue-a ping -n -c 1 -W 2 -t 1 10.2.1.2
	echo "$output"
	grep -q "From 10.1.1.1 .*Time to live exceeded" <<< "$output"
	run -0 ns blue-a traceroute -n -q 1 -w 2 -m 4 10.2.1.2
	echo "$output"
	grep -Eq "^ *1 +10\.1\.1\.1 " <<< "$output"
	grep -Eq "^ *2 +10\.2\.1\.2 " <<< "$output"
}

# bats test_tags=matrix
@test "iperf3 TCP, both ways" {
	local direction

	spawn ns blue-b iperf3 -s
	listening blue-b 5201
	for direction in "" -R; do
		mark blue
		ns blue-a timeout 20 iperf3 -c 10.2.1.2 -n 4M $direction > "$BATS_TEST_TMPDIR/iperf" || {
			cat "$BATS_TEST_TMPDIR/iperf"
			false
		}
		assert_forwarded blue 60
	done
}

@test "iperf3 UDP" {
	local lost sent

	spawn ns red-b iperf3 -s
	listening red-b 5201
	ping_all red-a 1 10.2.2.2
	mark red
	ns red-a timeout 20 iperf3 -u -c 10.2.2.2 -l 1200 -b 8M -n 1200K -J > "$BATS_TEST_TMPDIR/iperf"
	assert_forwarded red 900
	read -r lost sent < <(jq -r '.end.sum | "\(.lost_packets) \(.packets)"' "$BATS_TEST_TMPDIR/iperf")
	echo "lost $lost of $sent"
	# The receiver's socket may be too slow; the VR is not.
	((sent >= 1000 && lost <= sent / 2))
}

@test "a smaller MTU behind the VR: ICMP says so, fragments go, TCP adapts" {
	ns blue ip link set p1 mtu 1300
	ns blue-a ip route flush cache
	run -1 ns blue-a ping -n -c 2 -i 0.2 -W 2 -M "do" -s 1400 10.2.1.2
	echo "$output"
	grep -Eq "(mtu ?= ?1300)" <<< "$output"
	ns blue-a ip route flush cache
	ping_all blue-a 3 10.2.1.2 -M dont -s 1400
	spawn ns blue-b socat -u TCP-LISTEN:7001 OPEN:/dev/null
	listening blue-b 7001
	ns blue-a ip route flush cache
	head -c 300000 /dev/zero | ns blue-a timeout 20 socat -u - TCP:10.2.1.2:7001
	wait "$SPAWNED"
	ns blue-a ip route get 10.2.1.2 | grep -q "mtu 1300"
	ns blue ip link set p1 mtu 1500
	ns blue-a ip route flush cache
	ping_all blue-a 3 10.2.1.2 -M "do" -s 1472
}

# Packets of a port: received, sent.
port_packets()
{
	ip -n "$(ns_name "$1")" -j -s link show "$2" | jq -r '.[0].stats64 | "\(.rx.packets) \(.tx.packets)"'
}

# port_counter PORT NAME: as ethtool tells it, which ip link does, too.
port_counter()
{
	local value

	value=$(ns blue ethtool -S "$1" | awk -v name="$2:" '$1 == name { print $2 }')
	assert_eq "$(ip -n "$(ns_name blue)" -j -s -d link show "$1" | jq ".[0].linkinfo.info_xstats.$2")" "$value" "$1 $2" >&2 || return
	echo "$value"
}

@test "the ports count what goes through the data plane" {
	local rx0 tx0 rx1 tx1 rx2 tx2 rx3 tx3

	ping_all blue-a 1 10.2.1.2
	read -r rx0 tx0 < <(port_packets blue p0)
	read -r rx1 tx1 < <(port_packets blue p1)
	ping_all blue-a 30 10.2.1.2
	read -r rx2 tx2 < <(port_packets blue p0)
	read -r rx3 tx3 < <(port_packets blue p1)
	echo "p0 rx $((rx2 - rx0)) tx $((tx2 - tx0)), p1 rx $((rx3 - rx1)) tx $((tx3 - tx1))"
	for difference in $((rx2 - rx0)) $((tx2 - tx0)) $((rx3 - rx1)) $((tx3 - tx1)); do
		((difference >= 30 && difference <= 45))
	done
	# A packet may pass between two looks.
	wait_until 10 ports_sum send
	wait_until 10 ports_sum rx
}

ports_sum() { assert_eq "$(($(port_counter p0 "$1") + $(port_counter p1 "$1")))" "$(vr_stat blue ".stats.$1")" "$1"; }

# shown_once TEXT REGEX COUNT: that many lines or more, no sequence number twice.
shown_once()
{
	local found

	found=$(grep -Eo "$2.* seq [0-9]+" <<< "$1" | grep -o "[0-9]*$")
	(($(wc -l <<< "$found") >= $3)) || { echo "fewer than $3: $2" >&2; return 1; }
	assert_eq "$(sort <<< "$found" | uniq -d)" "" "shown twice: $2"
}

@test "tcpdump on a port shows what comes in and goes out, once each" {
	local file=$BATS_TEST_TMPDIR/pcap shown

	ping_all blue-a 1 10.2.1.2
	spawn ns blue tcpdump -i p0 -U -w "$file" icmp
	wait_until 10 grep -q "listening on" "$SPAWNED_LOG"
	mark blue
	ping_all blue-a 10 10.2.1.2
	ping_all blue-a 5 10.1.1.1
	assert_forwarded blue 18
	wait_until 5 sh -c "[ \$(tcpdump -r $file 2>/dev/null | wc -l) -ge 30 ]"
	shown=$(tcpdump -n -e -r "$file" 2>/dev/null)
	echo "$shown" | head -n 4
	shown_once "$shown" "> 02:00:00:00:01:00,.* 10.1.1.2 > 10.2.1.2: ICMP echo request" 10
	shown_once "$shown" "02:00:00:00:01:00 > 02:00:00:00:01:a0,.* 10.2.1.2 > 10.1.1.2: ICMP echo reply" 10
	shown_once "$shown" " 10.1.1.2 > 10.1.1.1: ICMP echo request" 5
	shown_once "$shown" " 10.1.1.1 > 10.1.1.2: ICMP echo reply" 5
}

@test "an interface for service tags on a port: its packets go to the kernel, which forwards them" {
	batch blue <<-EOT
		link set p0 type europa spoofchk off
		link add link p0 name p0.7 type vlan proto 802.1ad id 7
		link set p0.7 up
		address add 10.7.1.1/24 dev p0.7
	EOT
	batch blue-a <<-EOT
		link add link e0 name e0.7 type vlan proto 802.1ad id 7
		link set e0.7 up
		address add 10.7.1.2/24 dev e0.7
		route add 10.2.1.2 via 10.7.1.1
	EOT
	ping_all blue-a 3 10.7.1.1
	mark blue
	ping_all blue-a 10 10.7.1.1
	ping_all blue-b 10 10.7.1.2
	assert_forwarded blue 0
	((D[punt] >= 30))
	assert_eq "${D[send]}" 0 send
	ns blue ip link del p0.7
	ns blue ip link set p0 type europa spoofchk on
	ns blue-a ip link del e0.7
}

# bats test_tags=matrix
@test "IPv6 is forwarded, too" {
	ping_all blue-a 3 fd00:2:1::2
	mark blue
	ping_all blue-a 20 fd00:2:1::2
	assert_forwarded blue 38
	ns blue-a ping -n -c 1 fd00:2:1::2 | grep -q "ttl=63"
}

# CPU time of a process, in ticks of 10 ms.
cpu_ticks() { awk '{ sub(/.*\) /, ""); print $12 + $13 }' "/proc/$1/stat"; }

# bats test_tags=matrix
@test "idle, both sides sleep" {
	local pid before

	ping_all blue-a 2 10.2.1.2
	pid=$(data_plane_pid blue)
	sleep 0.5
	mark blue
	before=$(cpu_ticks "$pid")
	sleep 2
	echo "ticks: $(($(cpu_ticks "$pid") - before))"
	(($(cpu_ticks "$pid") - before <= 2))
	since blue
	((D[kicks] + D[waits] <= 4 + 2 * D[rx]))
	assert_eq "$(awk '/^State:/ { print $2 }' "/proc/$pid/status")" S
}

# The sender cuts its own bursts: many small packets at a time, at the VR's pace. What is in its
# socket's buffer when it has said all is never sent: in newer kernels that is megabytes.
@test "under flood there are at most 62 kicks and waits per 1000 packets" {
	local calls window=()

	! in_uml || window=(-w 512K)
	spawn ns blue-b iperf3 -s
	listening blue-b 5201
	ping_all blue-a 1 10.2.1.2
	x ns wire ethtool -K p0 tso off
	mark blue
	ns blue-a timeout 60 iperf3 -c 10.2.1.2 -M 88 "${window[@]}" -n 3M
	since blue
	calls=$((1000 * (D[kicks] + D[waits]) / D[rx]))
	echo "$calls kicks and waits per 1000 packets"
	((D[rx] >= 20000))
	((calls <= 62))
	x ns wire ethtool -K p0 tso on
}

# The pool, which is the kernel's and charged as such, is not the router's own memory.
own_memory()
{
	awk '/^[0-9a-f]+-[0-9a-f]+ / { pool = index($0, "/dev/europa/") }
		$1 == "Rss:" && !pool { kb += $2 }
		END { print kb }' "/proc/$1/smaps"
}

@test "the router takes at most 4 MB beside the pool" {
	local kb

	kb=$(own_memory "$(data_plane_pid blue)")
	echo "$kb kB; the largest:"
	awk '/^[0-9a-f]+-[0-9a-f]+ / { name = $1 " " $6 }
		$1 == "Rss:" || $1 == "AnonHugePages:" { print $2, $1, name }' \
		"/proc/$(data_plane_pid blue)/smaps" | sort -rn | head -n 8
	((kb > 100 && kb <= 4096))
}

# bats test_tags=matrix
@test "at the end every slot has its owner and nothing is left" {
	assert_all_slots_conserved blue red
	RIG_NAMESPACES=(blue red blue-a blue-b red-a red-b wire) RIG_VRS=(blue red)
	topology_end
	assert_nothing_left
}
