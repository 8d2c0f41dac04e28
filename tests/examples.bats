# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# The examples of src/user/examples do what they say, as data planes without privileges.
#
#   namespace a            the machine           namespace b (and c)
#   e0 10.0.0.1 ═══ to-a ─── p0 [VR one] p1 ─── to-b ═══ e0 10.0.0.2
#
# All frames at to-a and to-b are the VR's, for whomever they are: tc gives them.

# The keys of D.
# shellcheck disable=SC2154
load lib/common
load lib/topology

setup()
{
	rig_setup
	[ -e /sys/module/europa ] || x modprobe europa
	install_progs
	[ -e "$PROGS/europa-switch" ] ||
		x install -m 755 -t "$PROGS" "$BATS_TEST_DIRNAME"/../build/user/europa-*[a-z0-9]
	x sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
}

teardown()
{
	local dev

	for dev in to-a to-b to-c core0; do
		ip link del "$dev" 2> /dev/null || true
	done
	x sysctl -q -w net.ipv6.conf.default.disable_ipv6=0
	rig_teardown
}

# host NAME ADDRESS: behind the machine's device to-NAME.
host()
{
	ns_add "$1"
	ns "$1" sysctl -q -w net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
	veth - "to-$1" "$1" e0
	ns "$1" ip address add "$2/24" dev e0
}

# vr NAME: it may send frames of others.
vr()
{
	ns_add "$1"
	ns "$1" sysctl -q -w net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
	vr_add "$1" netns "$(ns_name "$1")" owner nobody
}

# port VR DEVICE NAME [WORD...]: all that comes to the device is the VR's.
port()
{
	x ip vr attach dev "$2" vr "$1" name "$3" spoofchk off
	ns "$1" ip link set "$3" up
	x tc qdisc add dev "$2" clsact
	x tc filter add dev "$2" ingress matchall action europa vr "$1"
}

# example VR NAME [ARGUMENT...]
example()
{
	spawn ip vr exec "$1" "$PROGS/europa-$2" "${@:3}"
	x ip vr wait "$1" up timeout 20 || { cat "$SPAWNED_LOG"; return 1; }
}

# wire_between_a_and_b EXAMPLE [ARGUMENT...]
wire_between_a_and_b()
{
	host a 10.0.0.1
	host b 10.0.0.2
	vr one
	port one to-a p0
	port one to-b p1
	known a 10.0.0.2 b
	known b 10.0.0.1 a
	example one "$@"
	mark one
}

mac_in() { ns "$1" cat /sys/class/net/e0/address; }

# known NS ADDRESS HOST: no ARP is needed.
known() { ns "$1" ip neighbour replace "$2" lladdr "$(mac_in "$3")" dev e0 nud permanent; }

# single_packets NS DEV...: no super-packets leave there.
single_packets()
{
	local dev

	for dev in "${@:2}"; do
		ns "$1" ethtool -K "$dev" tso off gso off
	done
}

@test "each is less than 100 lines long" {
	local file lines

	for file in "$BATS_TEST_DIRNAME"/../src/user/examples/*.c; do
		lines=$(wc -l < "$file")
		((lines < 100)) || { echo "$file has $lines" >&2; return 1; }
	done
}

# Frames of 1000 bytes, 10,000 of them at once, and then one a second.
@test "policer: what the bucket holds passes, the rest is dropped" {
	wire_between_a_and_b policer 8 10000
	ns a ping -n -c 20 -i 0.01 -s 958 -W 1 10.0.0.2 | tee "$BATS_TEST_TMPDIR/ping" || true
	grep -q ' 10 received' "$BATS_TEST_TMPDIR/ping"
	since one
	assert_eq "${D[drop]}" 10 dropped
	assert_eq "${D[send]}" 20 sent
}

@test "flows: packets and bytes of each are counted" {
	local said

	wire_between_a_and_b flows
	said=$SPAWNED_LOG
	ping_all a 3 10.0.0.2
	spawn ns b socat -u UDP-RECV:7 /dev/null
	listening b u7
	ns a bash -c 'exec 3> /dev/udp/10.0.0.2/7; for i in 1 2 3 4 5; do echo x >&3; done'
	wait_until 10 sent_all one 11
	x kill -USR1 "$(ip vr pids one)"
	wait_until 10 grep -q others "$said"
	cat "$said" >&2
	grep -qx '10.0.0.1:0 > 10.0.0.2:0 proto 1 packets 3 bytes 294' "$said"
	grep -qx '10.0.0.1:[0-9]* > 10.0.0.2:7 proto 17 packets 5 bytes 220' "$said"
	grep -qx 'others packets 0 bytes 0' "$said"
	x kill -TERM "$(ip vr pids one)"
	x ip vr wait one down timeout 20
}

# sent_all VR COUNT: that many or more since the mark.
sent_all()
{
	since "$1"
	((D[send] >= $2))
}

@test "switch: three hosts hear each other, and a third not what is between two" {
	local before file=$BATS_TEST_TMPDIR/file

	host a 10.0.0.1
	host b 10.0.0.2
	host c 10.0.0.3
	vr one
	port one to-a p0
	port one to-b p1
	port one to-c p2
	example one switch
	ping_all a 3 10.0.0.3
	ping_all c 3 10.0.0.2
	ping_all b 3 10.0.0.1
	# From here on nobody has to ask for an address.
	known a 10.0.0.2 b
	known b 10.0.0.1 a
	known b 10.0.0.3 c
	known a 10.0.0.3 c
	known c 10.0.0.1 a
	known c 10.0.0.2 b
	before=$(ns c cat /sys/class/net/e0/statistics/rx_packets)
	ping_all a 20 10.0.0.2
	random_file "$file" 512
	tcp_intact b a 10.0.0.1 socat "$file"
	assert_eq "$(ns c cat /sys/class/net/e0/statistics/rx_packets)" "$before" "packets that c has got"
}

# line_of_two: host a, VR one, a network for longer frames, VR two, host b.
line_of_two()
{
	host a 10.0.0.1
	host b 10.0.0.2
	single_packets a e0
	single_packets b e0
	x ip link add core0 mtu 1600 type veth peer name core1 mtu 1600
	x ip link set core0 up
	x ip link set core1 up
	vr one
	vr two
	port one to-a p0
	port one core0 p1
	port two to-b p0
	port two core1 p1
}

@test "label: frames cross a network in a protocol of one's own" {
	local file=$BATS_TEST_TMPDIR/file

	line_of_two
	example one label 7 "$(ns two cat /sys/class/net/p1/address)"
	example two label 7 "$(ns one cat /sys/class/net/p1/address)"
	ping_all a 10 10.0.0.2 -s 1472 -M "do"
	random_file "$file" 512
	tcp_intact a b 10.0.0.2 socat "$file"
	x kill -TERM "$(ip vr pids two)"
	x ip vr wait two down timeout 20
	example two label 8 "$(ns one cat /sys/class/net/p1/address)"
	refused ' 0 received' ns a ping -n -c 3 -i 0.1 -W 1 10.0.0.2
}

@test "vxlan: the other end is Linux's" {
	local file=$BATS_TEST_TMPDIR/file

	host a 10.0.0.1
	host b 10.9.0.2
	ns b ip link add vx mtu 1450 type vxlan id 42 local 10.9.0.2 remote 10.9.0.1 dstport 4789 dev e0
	ns b ip address add 10.0.0.2/24 dev vx
	ns b ip link set vx up
	ns a ip link set e0 mtu 1450
	single_packets a e0
	single_packets b e0 vx
	vr one
	port one to-a p0
	port one to-b p1
	ns one ip address add 10.9.0.1/24 dev p1
	example one vxlan 42 10.9.0.1 10.9.0.2 "$(mac_in b)"
	ping_all a 10 10.0.0.2 -s 1422 -M "do"
	ping_all b 3 10.9.0.1
	random_file "$file" 512
	tcp_intact a b 10.0.0.2 socat "$file"
}

# b has no way to a but by the address outside. At first a leaves checksums to be done, as if to a
# card, then it does them, and b looks at them.
@test "nat44: TCP, UDP and ping from one address" {
	local sums file=$BATS_TEST_TMPDIR/file

	host a 10.0.0.1
	host b 10.2.0.2
	vr one
	x ip vr attach dev to-a vr one name p0
	x ip vr attach dev to-b vr one name p1
	ns one ip link set p0 up
	ns one ip link set p1 up
	ns one ip address add 10.0.0.254/24 dev p0
	ns one ip address add 10.2.0.1/24 dev p1
	ns a ip route add default via 10.0.0.254
	example one nat44 10.0.0.254 10.2.0.1 "$(mac_in b)"
	random_file "$file" 512
	for sums in on off; do
		ns a ethtool -K e0 tx "$sums"
		ping_all a 5 10.2.0.2
		tcp_intact a b 10.2.0.2 socat "$file"
		udp_intact a b 10.2.0.2 50 100 1000
	done
	ping_all a 3 10.0.0.254
	ping_all b 3 10.2.0.1
}
