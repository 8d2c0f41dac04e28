# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# shellcheck shell=bash
# Packets of every kind towards a data plane that edits some of them wrongly, for storm.bats
# and the soak; loaded after lib/common and lib/single. Beside the topology of the latter,
# from devices of its own, so that what is done to those is not done to blue:
#
#	   a                           (the machine)                           b
#	eth1 10.3.0.2  ─── eu2 ─── vr8p0 10.3.0.1  ┐ VR evil, number 8,
#	     fd00:3::2             fd00:3::1       │ home namespace w,
#	eth1 10.4.0.2  ─── eu3 ─── vr8p1 10.4.0.1  ┘ data plane: storm
#	     fd00:4::2             fd00:4::1
#	                   eu0 ─── vr8p2, beside blue's vr7p0
#
# From a to b, storm edits what comes by vr8p0, and what goes out of vr8p1 may be anything:
# spoofchk is off there. It is on where the answers go out.

EVIL_SIDES=(a b)
EVIL_MACS=(02:00:00:00:08:00 02:00:00:00:08:01)
EVIL_PEERS=(02:00:00:00:00:0c 02:00:00:00:00:0d)
# Segments that a connection begins with: there are super-packets before the first loss.
EVIL_WINDOW=64

# What a veth device can be told to do itself or to leave to the kernel.
EVIL_FEATURES=(tso gso sg tx tx-checksum-sctp tx-tcp6-segmentation tx-tcp-ecn-segmentation
	tx-udp-segmentation tx-sctp-segmentation tx-gre-segmentation tx-gre-csum-segmentation
	tx-udp_tnl-segmentation tx-udp_tnl-csum-segmentation tx-gso-list tx-scatter-gather-fraglist
	gro rx-gro-list txvlan tx-vlan-stag-hw-insert)

# --- the VR evil ---------------------------------------------------------------------

# evil_up [ip vr add's words]
evil_up()
{
	evil_namespace
	evil_wire 0
	evil_wire 1
	evil_vr "$@"
}

evil_namespace()
{
	[[ " ${RIG_NAMESPACES[*]} " == *" w "* ]] || RIG_NAMESPACES+=(w)
	x ip netns add "$(ns_name w)"
	ns w sysctl -q -w net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.default.disable_ipv6=0 \
		net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.all.forwarding=1 net.ipv4.ip_forward=1
}

evil_vr()
{
	vr_add evil id 8 netns "$(ns_name w)" owner nobody "$@"
	evil_port 0
	evil_port 1
	evil_port_beside_blue
}

evil_dev() { echo "eu$(($1 + 2))"; }

# evil_wire N: the device under port N, and who is behind it. A connection there, when its
# peer no longer answers, is given up soon: it would keep the namespace.
evil_wire()
{
	local here=$(($1 + 3)) there=$((4 - $1)) side=${EVIL_SIDES[$1]}

	x ip link add "$(evil_dev "$1")" type veth peer name eth1 address "${EVIL_PEERS[$1]}" \
		netns "$(ns_name "$side")"
	x ip link set "$(evil_dev "$1")" up
	ns "$side" sysctl -q -w net.ipv6.conf.eth1.disable_ipv6=0 net.ipv4.tcp_no_metrics_save=1 \
		net.ipv4.tcp_retries2=4 net.ipv4.tcp_orphan_retries=1 net.ipv4.tcp_fin_timeout=3
	batch -n "$(ns_name "$side")" <<-EOT
		address add 10.$here.0.2/24 dev eth1
		address add fd00:$here::2/64 dev eth1 nodad
		link set eth1 up
		neighbour add 10.$here.0.1 lladdr ${EVIL_MACS[$1]} dev eth1 nud permanent
		neighbour add fd00:$here::1 lladdr ${EVIL_MACS[$1]} dev eth1 nud permanent
		route add 10.$there.0.0/24 via 10.$here.0.1 initcwnd $EVIL_WINDOW
		route add fd00:$there::/64 via fd00:$here::1 initcwnd $EVIL_WINDOW
	EOT
}

# evil_port N: with what its kernel needs to forward, if there is no data plane.
evil_port()
{
	local net=$(($1 + 3)) peer=${EVIL_PEERS[$1]}

	x ip vr attach dev "$(evil_dev "$1")" vr evil port "$1" address "${EVIL_MACS[$1]}"
	batch -n "$(ns_name w)" <<-EOT
		link set vr8p$1 up
		address add 10.$net.0.1/24 dev vr8p$1
		address add fd00:$net::1/64 dev vr8p$1 nodad
		neighbour replace 10.$net.0.2 lladdr $peer dev vr8p$1 nud permanent
		neighbour replace fd00:$net::2 lladdr $peer dev vr8p$1 nud permanent
	EOT
	(($1 == 0)) || ns w ip link set "vr8p$1" type europa spoofchk off
}

evil_port_beside_blue()
{
	x ip vr attach dev eu0 vr evil port 2
	ns w ip link set vr8p2 up
}

# storm OPTION...: its data plane, in the background, unprivileged, running.
storm()
{
	spawn "${NOBODY[@]}" "$PROGS/storm" \
		-s "${EUROPA_SEED:-$RANDOM}" "$@" 8 1000000000 "${EVIL_PEERS[@]}"
	EVIL=$SPAWNED EVIL_SAID=$SPAWNED_LOG
	wait_until 20 grep -qx running "$EVIL_SAID"
}

# storm_done SECONDS: it ends by itself, having edited what it was to.
storm_done()
{
	wait_until "$1" gone "$EVIL"
	evil_done edited
}

# --- senders -------------------------------------------------------------------------

# again COMMAND...: whenever it ends, since its connection died or it has said all, anew.
# Only the first rounds are told.
again()
{
	local rounds=0 child=''

	trap '[ -z "$child" ] || kill "$child" 2> /dev/null || true; exit 0' TERM
	while :; do
		((rounds++ < 20)) || exec > /dev/null 2>&1
		"$@" &
		child=$!
		wait "$child" || true
		sleep 0.05
	done
}

# from NS COMMAND...: again and again there, for some seconds at most.
from() { spawn again ip netns exec "$(ns_name "$1")" timeout -k 1 8 "${@:2}"; }

# traffic_begin; KIND...; traffic_end: the senders end, and nobody else.
traffic_begin()
{
	TRAFFIC_FROM=${#RIG_PIDS[@]}
	TRAFFIC_FILE=${BATS_TEST_TMPDIR:-/tmp}/traffic
	[ -e "$TRAFFIC_FILE" ] || head -c 600000 /dev/urandom > "$TRAFFIC_FILE"
}

traffic_end()
{
	local others=("${RIG_PIDS[@]:0:TRAFFIC_FROM}")

	RIG_PIDS=("${RIG_PIDS[@]:TRAFFIC_FROM}")
	kill_spawned
	RIG_PIDS=("${others[@]}")
	if [ -e /proc/net/pktgen/kpktgend_0 ]; then
		echo stop > /proc/net/pktgen/pgctrl || true
		echo rem_device_all > /proc/net/pktgen/kpktgend_0 || true
	fi
}

# A connection that says nothing for long is dead. Once for all kinds of one traffic.
sinks()
{
	spawn ns b socat -T 5 -u TCP4-LISTEN:5000,reuseaddr,fork OPEN:/dev/null
	spawn ns b socat -T 5 -u TCP6-LISTEN:5006,reuseaddr,fork OPEN:/dev/null
	spawn ns b socat -u UDP4-RECV:7000 OPEN:/dev/null
	spawn ns b socat -u UDP6-RECV:7006 OPEN:/dev/null
}

# tcp_to ADDRESS
tcp_to() { from a socat -u "FILE:$TRAFFIC_FILE" "TCP4:$1:5000,connect-timeout=3"; }

# Super-packets with page fragments, where the sender's device leaves cutting to others.
tcp()
{
	tcp_to 10.4.0.2
	tcp_to 10.4.0.2
	from a socat -u "FILE:$TRAFFIC_FILE" "TCP6:[fd00:4::2]:5006,connect-timeout=3"
	from a socat -u "FILE:$TRAFFIC_FILE" "TCP6:[fd00:4::2]:5006,connect-timeout=3"
}

udp_gso()
{
	from a "$PROGS/udpcheck" send 10.4.0.2 7000 200 8000 8000 1000
	from a "$PROGS/udpcheck" send fd00:4::2 7006 200 8000 8000 1000
}

# Packets that come one by one, linear, are merged by GRO to a list: of fragments those of
# TCP, of whole datagrams those of UDP.
frag_list()
{
	ns a ethtool -K eth1 tso off gso off sg off
	x ethtool -K eu2 gro on rx-gro-list on
	echo 20000000 > /sys/class/net/eu2/gro_flush_timeout
	tcp
	from a "$PROGS/udpcheck" send 10.4.0.2 7000 320 1000 1000
	from a "$PROGS/udpcheck" send fd00:4::2 7006 320 1000 1000
}

frag_list_off()
{
	ns a ethtool -K eth1 sg on
	ns a ethtool -K eth1 tso on gso on
	x ethtool -K eu2 gro off rx-gro-list off
	echo 0 > /sys/class/net/eu2/gro_flush_timeout
}

sctp()
{
	local side address port

	x modprobe sctp
	for side in a b; do
		ns $side sysctl -q -w net.sctp.rto_min=100 net.sctp.rto_initial=300 net.sctp.rto_max=1000
	done
	for port in 5001 5002; do
		for address in 10.4.0.2 fd00:4::2; do
			from b "$PROGS/sctp" server "$address" "$port"
			from a "$PROGS/sctp" client "$address" "$port" 400
		done
	done
}

# tunnel NAME NET TYPE...: between a and b, through the VR, with TCP inside.
tunnel()
{
	local side n

	for n in 0 1; do
		side=${EVIL_SIDES[n]}
		batch -n "$(ns_name "$side")" <<-EOT
			link add $1 mtu 1400 type ${*:3} local 10.$((n + 3)).0.2 remote 10.$((4 - n)).0.2
			address add 10.$2.0.$((n + 1))/24 dev $1
			link set $1 up
			route add 10.$2.0.$((2 - n))/32 dev $1 initcwnd $EVIL_WINDOW
		EOT
	done
	tcp_to "10.$2.0.2"
	tcp_to "10.$2.0.2"
}

tunnels()
{
	x modprobe ip_gre
	x modprobe vxlan
	tunnel tg 8 gre
	tunnel tv 9 vxlan id 5 dstport 4789
}

tunnels_off()
{
	local side

	for side in a b; do
		ns $side ip link del tg || true
		ns $side ip link del tv || true
	done
}

# One skb, at the device's tap and at the VR.
cloned()
{
	spawn sh -c 'exec tcpdump -i eu2 -n -s 96 -w - > /dev/null'
	spawn sh -c 'exec tcpdump -i eu3 -n -s 96 -w - > /dev/null'
}

# One skb, received many times: pktgen's bursts.
shared()
{
	x modprobe pktgen
	spawn again pktgen_round
}

pktgen() { echo "$2" > "/proc/net/pktgen/$1"; }

pktgen_round()
{
	local words

	pktgen kpktgend_0 rem_device_all
	pktgen kpktgend_0 "add_device eu2"
	for words in "count 800" "delay 200000" "pkt_size 300" "xmit_mode netif_receive" "burst 16" \
		"src_min 10.3.0.2" "src_max 10.3.0.2" "dst 10.4.0.2" "dst_mac ${EVIL_MACS[0]}"; do
		pktgen eu2 "$words"
	done
	pktgen pgctrl start
}

# The sender's own pages.
zerocopy()
{
	from a "$PROGS/tcpsend" sendfile 10.4.0.2 5000 "$TRAFFIC_FILE"
	from a "$PROGS/tcpsend" zerocopy fd00:4::2 5006 "$TRAFFIC_FILE"
}

# tagged N: on its side. One tag comes as metadata; of two the inner one is in the frame.
tagged()
{
	local mac=${EVIL_MACS[$1]} own=$(($1 + 2)) other=$((3 - $1))

	batch -n "$(ns_name "${EVIL_SIDES[$1]}")" <<-EOT
		link add link eth1 name eth1.7 type vlan id 7
		link add link eth1 name eth1.s type vlan proto 802.1ad id 9
		link add link eth1.s name eth1.s.7 type vlan id 7
		link set eth1.7 up
		link set eth1.s up
		link set eth1.s.7 up
		address add 10.17.0.$own/24 dev eth1.7
		address add 10.19.0.$own/24 dev eth1.s.7
		neighbour add 10.17.0.$other lladdr $mac dev eth1.7 nud permanent
		neighbour add 10.19.0.$other lladdr $mac dev eth1.s.7 nud permanent
	EOT
}

# Under spoofchk the answers, tagged too, would not pass.
vlan()
{
	ns w ip link set vr8p0 type europa spoofchk off
	tagged 0
	tagged 1
	tcp_to 10.17.0.3
	tcp_to 10.19.0.3
	from a "$PROGS/udpcheck" send 10.17.0.3 7000 200 12 1400
	from a "$PROGS/udpcheck" send 10.19.0.3 7000 200 12 1400
}

vlan_off()
{
	local side

	ns w ip link set vr8p0 type europa spoofchk on || true
	for side in a b; do
		ns $side ip link del eth1.7 || true
		ns $side ip link del eth1.s || true
	done
}

# toggler DEV...: their offloads go on and off.
toggler() { spawn toggle_features "${EUROPA_SEED:-$RANDOM}" "$@"; }

toggle_features()
{
	local devices=("${@:2}") states=(on off) feature state dev

	RANDOM=$1
	while :; do
		dev=${devices[RANDOM % ${#devices[@]}]}
		feature=${EVIL_FEATURES[RANDOM % ${#EVIL_FEATURES[@]}]}
		state=${states[RANDOM % 2]}
		ethtool -K "$dev" "$feature" "$state" > /dev/null 2>&1 || true
		sleep 0.2
	done
}
