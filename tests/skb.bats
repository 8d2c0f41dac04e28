# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# Packets of every make pass a virtual router intact: the receiver knows what every byte
# should be, and a sender's file is the same afterwards.
#
#  ns blue-a 10.1.1.2 ── p0 ══ low0 ── [blue] ── low1 ══ p1 ── ns blue-b 10.2.1.2
#
# europa-router edits headers only; vrwire -a writes back all that is in the slot, and
# tells what metadata it saw.

# The keys of D, and what lib/common reads.
# shellcheck disable=SC2034,SC2154
load lib/common
load lib/topology

ID=9

setup_file()
{
	topology_begin
	wires
	router blue $ID 1
}

teardown_file() { topology_end; }

setup()
{
	shared_setup
	if ! [[ $BATS_TEST_DESCRIPTION =~ "written back"|"at the end" ]]; then
		europa_router blue
		ping_all blue-a 2 10.2.1.2
	fi
}

teardown() { rig_teardown; }

# wire [OPTION...]: vrwire instead of the router. It knows no ARP: from here on customers
# have static neighbours.
wire()
{
	stop_data_plane blue KILL 2>/dev/null || true
	batch blue-a <<< "neigh replace 10.1.1.1 lladdr $(mac_of $ID 00) dev e0"
	batch blue-b <<< "neigh replace 10.2.1.1 lladdr $(mac_of $ID 01) dev e0"
	data_plane blue "$PROGS/vrwire" "$@" "$(mac_of $ID a0)" "$(mac_of $ID b0)"
}

# seen KIND: packets with that metadata; once vrwire has ended.
seen() { awk -v kind="$1" '$1 == kind { print $2 }' "$(data_plane_log blue)"; }

wire_end()
{
	stop_data_plane blue
	echo "[=] vrwire: $(tr '\n' ' ' < "$(data_plane_log blue)")" >&2
}

@test "UDP of every size, both ways" {
	mark blue
	udp_intact blue-a blue-b 10.2.1.2 500 12 1472
	udp_intact blue-b blue-a 10.1.1.2 500 12 1472
	assert_forwarded blue 1000
}

@test "IP fragments" {
	mark blue
	udp_intact blue-a blue-b 10.2.1.2 60 6000 20000
	assert_forwarded blue 300
}

@test "TCP super-packets go through whole" {
	local file=$BATS_TEST_TMPDIR/sent

	random_file "$file" 4096
	mark blue
	tcp_intact blue-a blue-b 10.2.1.2 socat "$file"
	assert_forwarded blue 60
	# One way data, the other acknowledgements: far fewer packets than segments.
	((D[rx] < 4096 * 1024 / 1448))
}

@test "sendfile: what arrives is what the file was, and is" {
	local file=$BATS_TEST_TMPDIR/sent

	random_file "$file" 4096
	cp "$file" "$file.before"
	mark blue
	tcp_intact blue-a blue-b 10.2.1.2 sendfile "$file"
	tcp_intact blue-b blue-a 10.1.1.2 zerocopy "$file"
	assert_forwarded blue 120
	cmp "$file" "$file.before"
}

@test "UDP super-packets" {
	mark blue
	udp_intact blue-a blue-b 10.2.1.2 400 8000 8000 1000
	assert_forwarded blue 50
	((D[rx] < 200))
}

# gro DEV on|off: receive merging, by frag_list for datagrams.
gro()
{
	local wait=0

	[ "$2" = off ] || wait=20000000
	x ethtool -K "$1" gro "$2" rx-gro-list "$2" || return
	echo "$wait" > "/sys/class/net/$1/gro_flush_timeout"
}

@test "frag_list: datagrams merged on receive" {
	gro low0 on
	mark blue
	udp_intact blue-a blue-b 10.2.1.2 320 1000 1000
	gro low0 off
	since blue
	assert_no_loss
	((D[rx] < 300))
	((D[punt] > 0))
	x kill -USR1 "$(data_plane_pid blue)"
	wait_until 5 grep -q "^ *gso *[1-9]" "$(data_plane_log blue)"
}

@test "with tcpdump on both lower devices, and it sees what was on the wire" {
	local file=$BATS_TEST_TMPDIR/sent dev shown

	for dev in low0 low1; do
		spawn tcpdump -i $dev -n -U -w "$BATS_TEST_TMPDIR/$dev" -s 96 "udp or tcp"
		wait_until 10 grep -q "listening on" "$SPAWNED_LOG"
	done
	random_file "$file" 1024
	cp "$file" "$file.before"
	mark blue
	udp_intact blue-a blue-b 10.2.1.2 300 12 1472
	tcp_intact blue-a blue-b 10.2.1.2 sendfile "$file"
	assert_forwarded blue 300
	cmp "$file" "$file.before"
	wait_until 5 sh -c "[ \$(tcpdump -r $BATS_TEST_TMPDIR/low0 udp 2>/dev/null | wc -l) -ge 300 ]"
	shown=$(tcpdump -n -e -v -r "$BATS_TEST_TMPDIR/low0" "src 10.1.1.2" 2>/dev/null | grep "ttl")
	assert_eq "$(grep -c "> $(mac_of $ID 00),.*ttl 64" <<< "$shown")" "$(wc -l <<< "$shown")" "packets as they came"
	shown=$(tcpdump -n -e -v -r "$BATS_TEST_TMPDIR/low1" "src 10.1.1.2" 2>/dev/null | grep "ttl")
	assert_eq "$(grep -c "$(mac_of $ID 01) > $(mac_of $ID b0),.*ttl 63" <<< "$shown")" "$(wc -l <<< "$shown")" "packets as they went"
}

@test "pktgen's shared packets" {
	local before after

	modprobe pktgen
	ns blue ip neigh replace 10.2.1.99 lladdr 02:00:00:00:00:99 dev p1
	before=$(< /sys/class/net/low1/statistics/tx_packets)
	mark blue
	# shellcheck disable=SC2016
	x bash -c '
		set -e
		pg() { echo "$2" > "/proc/net/pktgen/$1" || { echo "pktgen $1: $2"; exit 1; }; }
		pg kpktgend_0 "add_device low0"
		pg low0 "count 800"
		pg low0 "pkt_size 300"
		pg low0 "xmit_mode netif_receive"
		pg low0 "burst 16"
		pg low0 "src_min 10.1.1.2"
		pg low0 "src_max 10.1.1.2"
		pg low0 "dst 10.2.1.99"
		pg low0 "dst_mac 02:00:00:00:09:00"
		pg pgctrl start
		cat /proc/net/pktgen/low0'
	assert_forwarded blue 800
	after=$(< /sys/class/net/low1/statistics/tx_packets)
	((after - before >= 800))
	ns blue ip neigh del 10.2.1.99 dev p1
	modprobe -r pktgen
}

jumbo()
{
	batch - <<-EOT || return
		link set low0 mtu $1
		link set low1 mtu $1
	EOT
	batch wire <<-EOT || return
		link set p0 mtu $1
		link set p1 mtu $1
	EOT
	batch blue <<-EOT || return
		link set p0 mtu $1
		link set p1 mtu $1
	EOT
	batch blue-a <<< "link set e0 mtu $1" && batch blue-b <<< "link set e0 mtu $1"
}

@test "jumbo frames" {
	local file=$BATS_TEST_TMPDIR/sent

	jumbo 9000
	random_file "$file" 2048
	mark blue
	udp_intact blue-a blue-b 10.2.1.2 300 1000 8972
	tcp_intact blue-a blue-b 10.2.1.2 sendfile "$file"
	assert_forwarded blue 320
	jumbo 1500
}

@test "snap 64: only headers leave the kernel" {
	local file=$BATS_TEST_TMPDIR/sent

	stop_data_plane blue
	x ip vr set blue snap 64
	europa_router blue
	random_file "$file" 2048
	mark blue
	udp_intact blue-a blue-b 10.2.1.2 300 12 1472
	udp_intact blue-a blue-b 10.2.1.2 160 8000 8000 1000
	tcp_intact blue-a blue-b 10.2.1.2 sendfile "$file"
	assert_forwarded blue 350
}

@test "snap 64, written back whole" {
	x ip vr set blue snap 64 2>/dev/null || { stop_data_plane blue; x ip vr set blue snap 64; }
	wire -a
	mark blue
	udp_intact blue-a blue-b 10.2.1.2 300 12 1472
	assert_forwarded blue 300
	wire_end
	(($(seen longer) > 250))
	x ip vr set blue snap 1984
}

@test "UDP of every size, written back whole" {
	wire -a
	mark blue
	udp_intact blue-a blue-b 10.2.1.2 300 12 1472
	udp_intact blue-b blue-a 10.1.1.2 300 12 1472
	udp_intact blue-a blue-b 10.2.1.2 60 1500 9000
	assert_forwarded blue 600
	wire_end
	(($(seen csum) >= 600))
}

@test "super-packets of TCP and UDP, written back whole" {
	local file=$BATS_TEST_TMPDIR/sent

	wire -a
	random_file "$file" 4096
	cp "$file" "$file.before"
	mark blue
	tcp_intact blue-a blue-b 10.2.1.2 socat "$file"
	tcp_intact blue-a blue-b 10.2.1.2 sendfile "$file"
	tcp_intact blue-b blue-a 10.1.1.2 zerocopy "$file"
	udp_intact blue-a blue-b 10.2.1.2 400 8000 8000 1000
	assert_forwarded blue 200
	cmp "$file" "$file.before"
	wire_end
	(($(seen tcp4) >= 100 && $(seen udp) >= 50 && $(seen longer) >= 100))
}

@test "payload changed by the VR, written back: the sender's file is not" {
	local file=$BATS_TEST_TMPDIR/sent how

	wire -x 0x5a
	random_file "$file" 512
	cp "$file" "$file.before"
	mark blue
	for how in sendfile zerocopy; do
		tcp_file blue-a blue-b 10.2.1.2 $how "$file"
		assert_eq "$(stat -c %s "$RECEIVED")" "$(stat -c %s "$file")" size
		run ! cmp -s "$file" "$RECEIVED"
		cmp "$file" "$file.before"
	done
	assert_forwarded blue 20
	wire_end
}

# bats test_tags=matrix
@test "VLAN tags, written back: they leave as they came" {
	local side

	wire -a
	for side in a b; do
		batch "blue-$side" <<-EOT
			link add link e0 name e0.7 type vlan id 7
			link set e0.7 up
			address add 10.9.9.$([ $side = a ] && echo 2 || echo 3)/24 dev e0.7
		EOT
	done
	batch blue-a <<< "neigh replace 10.9.9.3 lladdr $(mac_of $ID 00) dev e0.7"
	batch blue-b <<< "neigh replace 10.9.9.2 lladdr $(mac_of $ID 01) dev e0.7"
	# From one port to the other: with spoofchk on that is the VR's own doing.
	mark blue
	ns blue-a ping -c 3 -i 0.1 -W 1 10.9.9.3 && return 1
	since blue
	assert_eq "${D[spoof]}" 3 "tags carried to another port"
	ns blue ip link set p0 type europa spoofchk off
	ns blue ip link set p1 type europa spoofchk off
	mark blue
	udp_intact blue-a blue-b 10.9.9.3 200 12 1472
	ping_all blue-b 5 10.9.9.2
	assert_forwarded blue 210
	wire_end
	(($(seen vlan) >= 210))
	ns blue ip link set p0 type europa spoofchk on
	ns blue ip link set p1 type europa spoofchk on
	ns blue-a ip link del e0.7
	ns blue-b ip link del e0.7
}

# tagged_by_tc: the same with two tags from a tc action, one of which is put into the frame,
# before what the checksum is of. A stack that believes it tells the log otherwise.
tagged_by_tc()
{
	batch blue <<-EOT
		link add link p2 name p2.8 type vlan id 8
		link add link p2.8 name p2.8.5 type vlan id 5
		link set p2.8 up
		link set p2.8.5 up
		address add 10.6.5.1/24 dev p2.8.5
	EOT
	batch wire <<-EOT
		address add 10.6.5.2/24 dev vx0
		neigh replace 10.6.5.1 lladdr $(mac_of $ID 02) dev vx0
	EOT
	x tc qdisc add dev vx0 clsact
	x tc filter add dev vx0 ingress protocol ip flower dst_ip 10.6.5.1 \
		action vlan push id 5 pipe action vlan push id 8
	mark blue
	udp_intact wire blue 10.6.5.1 200 12 1400
	# The VLAN interfaces may have something to say, too, which spoofchk keeps in.
	since blue
	assert_eq "${D[send]}" 0 "sent by the data plane"
	((D[punt] >= 200))
	run ! sh -c "dmesg | grep -i 'csum failure'"
	x tc qdisc del dev vx0 clsact
	ns blue ip link del p2.8
	ns wire ip address del 10.6.5.2/24 dev vx0
}

# A VXLAN device whose packets came with a checksum, computed in software, gives
# CHECKSUM_COMPLETE packets: 2 in the trace.
@test "CHECKSUM_COMPLETE: forwarded, and to the VR itself" {
	local events=/sys/kernel/tracing/events/net

	batch - <<-EOT
		address add 192.168.9.1/24 dev low0
		link add vx0 type vxlan id 9 local 192.168.9.1 remote 192.168.9.2 dstport 4789 udpcsum
		link set vx0 addrgenmode none up
	EOT
	batch wire <<-EOT
		address add 192.168.9.2/24 dev p0
		link add vx0 type vxlan id 9 local 192.168.9.2 remote 192.168.9.1 dstport 4789 udpcsum
		link set vx0 up
		address add 10.6.1.2/24 dev vx0
		route add 10.2.1.0/24 via 10.6.1.1
	EOT
	ns wire ethtool -K p0 tx off
	x ip vr attach dev vx0 vr blue name p2 address "$(mac_of $ID 02)"
	batch blue <<-EOT
		link set p2 up
		address add 10.6.1.1/24 dev p2
	EOT
	ping_all wire 3 10.2.1.2
	echo > /sys/kernel/tracing/trace
	echo 'name == "vx0"' > $events/napi_gro_receive_entry/filter
	echo 1 > $events/napi_gro_receive_entry/enable
	mark blue
	udp_intact wire blue-b 10.2.1.2 200 12 1400
	assert_forwarded blue 200
	mark blue
	udp_intact wire blue 10.6.1.1 200 12 1400
	assert_forwarded blue 0
	((D[punt] >= 200))
	echo 0 > $events/napi_gro_receive_entry/enable
	echo 0 > $events/napi_gro_receive_entry/filter
	grep -m 1 "dev=vx0" /sys/kernel/tracing/trace
	(($(grep -c "dev=vx0.* ip_summed=2 " /sys/kernel/tracing/trace) >= 300))
	run ! sh -c "dmesg | grep -i 'csum failure'"
	tagged_by_tc
	x ip vr detach dev vx0 vr blue
	batch - <<-EOT
		link del vx0
		address del 192.168.9.1/24 dev low0
	EOT
	ns wire ethtool -K p0 tx on
	ns wire ip link del vx0
}

@test "at the end every slot has its owner and nothing is left" {
	europa_router blue
	assert_all_slots_conserved blue
	RIG_NAMESPACES=(blue blue-a blue-b wire) RIG_VRS=(blue)
	topology_end
	assert_nothing_left
}
