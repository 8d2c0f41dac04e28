# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# Super-packets that an unprivileged data plane edits, and that the lower device they leave
# by makes the kernel cut into segments. What moves the places where they are cut is
# refused and counted; everything else passes, and arrives as it was sent.
#
#	   a                        (the machine)                           b
#	eth0 10.1.0.2 ─── eu0 ─ vr7p0 ┐ VR blue: vrwire, as nobody,
#	     fd00:1::2                │ edits what comes by vr7p0
#	eth0 10.2.0.2 ─── eu1 ─ vr7p1 ┘
#	     fd00:2::2    cuts
#
# Of a frame, in bytes: IPv4 or IPv6 at 14; what follows IPv4 at 34, IPv6 at 54.

load lib/common
load lib/single

setup()
{
	single_setup
	topology
	ipv6_up a 1 "$MAC_P0"
	ipv6_up b 2 "$MAC_P1"
	x ethtool -K eu1 tso off tx-udp-segmentation off tx-sctp-segmentation off \
		tx-gre-segmentation off tx-udp_tnl-segmentation off tx-udp_tnl-csum-segmentation off \
		tx-scatter-gather-fraglist off
	head -c 300000 /dev/urandom > "$BATS_TEST_TMPDIR/sent"
}

# A connection whose end was never acknowledged keeps its namespace for minutes; not the
# devices, so that the next test can have theirs.
teardown()
{
	kill_spawned
	x ip link del eu0 || true
	x ip link del eu1 || true
	single_teardown
}

# ipv6_up NS NET MAC
ipv6_up()
{
	ns "$1" sysctl -q -w net.ipv6.conf.eth0.disable_ipv6=0
	batch -n "$(ns_name "$1")" <<-EOT
		address add fd00:$2::2/64 dev eth0 nodad
		neighbour add fd00:$2::1 lladdr $3 dev eth0 nud permanent
		route add default via fd00:$2::1
	EOT
}

# Packets that come one by one, linear, are merged by GRO to a list of fragments.
frag_list()
{
	ns a ethtool -K eth0 tso off gso off sg off
	x ethtool -K eu0 gro on
	echo 20000000 > /sys/class/net/eu0/gro_flush_timeout
}

# wire OPTION...: the data plane. wire_end: what it has edited, in $EDITED.
wire()
{
	spawn ip vr exec blue "$PROGS/vrwire" "$@" "$MAC_A" "$MAC_B"
	WIRE=$SPAWNED WIRE_SAID=$SPAWNED_LOG
	wait_until 20 grep -q running "$WIRE_SAID"
}

wire_end()
{
	x kill "$WIRE"
	wait "$WIRE" || true
	cat "$WIRE_SAID" >&2
	EDITED=$(sed -n 's/^edited //p' "$WIRE_SAID")
}

# refusals: how many packets of the VR were refused for what was written into them.
refusals() { vr_stat blue '.stats | .bad_meta + .gso'; }
refused_over() { (($(refusals) > $1)); }

# --- traffic from a to b; each is called with the address -------------------------

listening() { ip netns exec "$(ns_name b)" ss -Hltn 'sport = :5000' | grep -q .; }

# socat wants the family of a listener by number, and an address of IPv6 in brackets.
tcp4() { tcp_on 4 10.2.0.2; }
tcp6() { tcp_on 6 '[fd00:2::2]'; }
tcp_on()
{
	spawn ns b socat -u "TCP$1-LISTEN:5000,reuseaddr" "OPEN:$BATS_TEST_TMPDIR/got,creat,trunc"
	RECEIVER=$SPAWNED
	wait_until 10 listening
	spawn ns a socat -u "FILE:$BATS_TEST_TMPDIR/sent" "TCP$1:$2:5000"
}

tcp_arrived()
{
	wait "$RECEIVER"
	cmp "$BATS_TEST_TMPDIR/sent" "$BATS_TEST_TMPDIR/got"
}

udp4() { udp_to 10.2.0.2; }
udp_to()
{
	spawn ns b "$PROGS/udpcheck" recv 7000 399 15
	RECEIVER_SAID=$SPAWNED_LOG
	wait_until 10 grep -q listening "$RECEIVER_SAID"
	spawn ns a "$PROGS/udpcheck" send "$1" 7000 399 3000 3000 1000
}

udp_arrived() { wait_until 30 grep -qx "good 399 bad 0 again 0 missing 0" "$RECEIVER_SAID"; }

sctp4() { sctp_on 10.2.0.2; }
sctp6() { sctp_on fd00:2::2; }
sctp_on()
{
	spawn ns b "$PROGS/sctp" server "$1" 5001
	RECEIVER=$SPAWNED RECEIVER_SAID=$SPAWNED_LOG
	wait_until 10 grep -q listening "$RECEIVER_SAID"
	spawn ns a "$PROGS/sctp" client "$1" 5001 40
}

sctp_arrived()
{
	wait "$RECEIVER"
	grep -qx "received $((40 * 1500))" "$RECEIVER_SAID"
}

# tunnel_up OPTION...: tun0 of both sides, 10.9.0.1 and 10.9.0.2, over the VR.
tunnel_up()
{
	ns a ip link add tun0 mtu 1400 type "$@" local 10.1.0.2 remote 10.2.0.2
	ns b ip link add tun0 mtu 1400 type "$@" local 10.2.0.2 remote 10.1.0.2
	ns a ip address add 10.9.0.1/24 dev tun0
	ns b ip address add 10.9.0.2/24 dev tun0
	ns a ip link set tun0 up
	ns b ip link set tun0 up
}

tunnelled() { tcp_on 4 10.9.0.2; }
udp_tunnelled() { udp_to 10.9.0.2; }

# --- what is expected --------------------------------------------------------------

# intact TRAFFIC OPTION...: the data plane edits, nothing is refused, all arrives.
intact()
{
	local before

	before=$(refusals)
	wire "${@:2}"
	"$1"
	case $1 in
	udp*) udp_arrived ;;
	sctp*) sctp_arrived ;;
	*) tcp_arrived ;;
	esac
	wire_end
	assert_eq "$(refusals)" "$before" "refused"
	((EDITED > 0))
}

# stopped TRAFFIC EDIT...: every packet that the data plane edits so is refused.
stopped()
{
	local before edit options=()

	for edit in "${@:2}"; do
		options+=(-e "$edit")
	done
	before=$(refusals)
	wire "${options[@]}"
	"$1"
	wait_until 30 refused_over "$((before + 1))"
	kill_spawned
	wait_until 10 state_is idle
	EDITED=$(sed -n 's/^edited //p' "$WIRE_SAID")
	assert_eq "$(($(refusals) - before))" "$EDITED" "refused of those that were edited so: ${*:2}"
	assert_klog_clean
}

# bats test_tags=matrix
@test "TCP in page fragments, IPv4: TTL, DSCP and flags may change, what is geometry may not" {
	intact tcp4 -t -e 47:ff:40
	stopped tcp4 46:0f:d0
	stopped tcp4 46:0f:50
	stopped tcp4 14:f0:06
}

@test "TCP in page fragments, IPv4: neither length, nor fragment, nor protocol" {
	stopped tcp4 16:00:03
	stopped tcp4 20:ff:20
	stopped tcp4 23:00:11
	stopped tcp4 12:00:86 13:00:dd
}

@test "TCP in a list of fragments, IPv4: the same" {
	frag_list
	intact tcp4 -t
	stopped tcp4 46:0f:d0
	stopped tcp4 46:0f:50
	stopped tcp4 14:f0:06
	stopped tcp4 23:00:2f
}

@test "TCP in page fragments, IPv6: hop limit and traffic class may change, what is geometry may not" {
	intact tcp6 -t -e 14:f0:0b
	stopped tcp6 66:0f:d0
	stopped tcp6 18:00:02
	stopped tcp6 20:00:3c
	stopped tcp6 20:00:2c
	stopped tcp6 12:00:08 13:00:00
	stopped tcp6 14:0f:40
}

@test "TCP in a list of fragments, IPv6: the same" {
	frag_list
	intact tcp6 -t
	stopped tcp6 66:0f:d0
	stopped tcp6 20:00:00 54:00:06 55:00:01
}

# bats test_tags=matrix
@test "UDP super-packets: the TTL may change, the length in its header may not" {
	intact udp4 -t
	stopped udp4 38:00:01
	stopped udp4 23:00:06
}

@test "SCTP: ports may change or not, chunks and headers may not" {
	x modprobe sctp
	intact sctp4 -t
	intact sctp6 -t
	stopped sctp4 46:00:05
	stopped sctp4 23:00:06
	stopped sctp6 20:00:3c 54:00:84 55:00:c8
	stopped sctp6 66:00:05
}

@test "VXLAN: nothing behind the outer IP header changes" {
	x modprobe vxlan
	tunnel_up vxlan id 5 dstport 4789
	intact tunnelled -t
	stopped tunnelled 96:0f:d0
	stopped tunnelled 38:00:00
	stopped tunnelled 64:f0:06
	stopped udp_tunnelled 73:00:06
}

@test "GRE: nothing behind the outer IP header changes" {
	x modprobe ip_gre
	tunnel_up gre
	intact tunnelled -t
	stopped tunnelled 70:0f:d0
	stopped tunnelled 34:00:80
	stopped tunnelled 38:f0:06
}
