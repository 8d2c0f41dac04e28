# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# shellcheck shell=bash disable=SC2034
# Contenders (tests/bench/contenders.bash) that route in a program of their own, and XDP.

# plain PROGRAM DEVICE DEVICE: a router that uses tests/bench/plain.h.
plain()
{
	"$BENCH/$1" "$2=$GATEWAY_MAC" "$3=$EGRESS_MAC" \
		"${TARGET%.*.*}.0.0/16=1,$NEIGHBOUR_MAC" "$SENDER/24=0,$SENDER_MAC" &
	router=$!
}

plain_stop()
{
	kill "$router"
	wait "$router" || true
	topology_del
}

# listening DEVICE...: each has a packet socket.
listening()
{
	local device

	for device; do
		awk -v i="$(cat "/sys/class/net/$device/ifindex")" \
			'$5 == i { n++ } END { exit !n }' /proc/net/packet || return 1
	done
}

# --- tpacket: shared memory to receive, sendmmsg() ---------------------------------------

# A block that is not full is handed over after a tick or two.
tpacket_start()
{
	pause=25
	topology_add "$FOREIGN_MAC0" "$FOREIGN_MAC1"
	plain peers/tpacket r0 r1
	until_true listening r0 r1
}

tpacket_stop() { plain_stop; }
tpacket_counter() { echo "$SINK"; }

# --- tap: two TAP devices, to and from which tc brings packets ---------------------------

tap_start()
{
	local i

	modprobe tun
	topology_add "$FOREIGN_MAC0" "$FOREIGN_MAC1"
	for i in 0 1; do
		ip tuntap add dev tap$i mode tap
		ip link set tap$i up
		tc qdisc add dev tap$i clsact
		tc qdisc add dev r$i clsact
	done
	plain peers/tap tap0 tap1
	for i in 0 1; do
		until_true grep -q 1 /sys/class/net/tap$i/carrier
		tc filter add dev r$i ingress matchall action mirred egress redirect dev tap$i
		tc filter add dev tap$i ingress matchall action mirred egress redirect dev r$i
	done
}

tap_stop()
{
	plain_stop
	ip link del tap0
	ip link del tap1
}

tap_counter() { echo "$SINK"; }

# --- bridged: af_packet in a namespace, behind veth pairs and bridges: the conventional ---
# --- virtual router ------------------------------------------------------------------------

bridged_start()
{
	local i

	topology_add "$FOREIGN_MAC0" "$FOREIGN_MAC1"
	ns_add router
	for i in 0 1; do
		ip link add br$i type bridge mcast_snooping 0
		ip link add b$i type veth peer name p$i netns router
		ip link set r$i master br$i promisc on
		ip link set b$i master br$i
		ip link set br$i up
		ip link set b$i up
	done
	ip -n router link set p0 address "$GATEWAY_MAC" up
	ip -n router link set p1 address "$EGRESS_MAC" up
	bridge fdb add "$GATEWAY_MAC" dev b0 master static
	bridge fdb add "$NEIGHBOUR_MAC" dev r1 master static
	ip netns exec router "$BENCH/af_packet" "p0=$GATEWAY_MAC" "p1=$EGRESS_MAC" \
		"${TARGET%.*.*}.0.0/16=1,$NEIGHBOUR_MAC" "$SENDER/24=0,$SENDER_MAC" &
	router=$!
	until_true ip netns exec router bash -c "$(declare -f listening); listening p0 p1"
}

bridged_stop()
{
	plain_stop
	ip link del br0
	ip link del br1
	ip netns del router
}

bridged_counter() { echo "$SINK"; }

# --- xdp: redirect by the kernel's own table, where the driver runs it; xdpgeneric: later ---

# A veth accepts what is redirected to it only if its other end has a program.
xdp_start()
{
	kernel_start
	ip -n ends link set s0 xdpdrv object "$BENCH/peers/fib.bpf.o" section xdp/pass
	ip -n router link set r0 xdpdrv object "$BENCH/peers/fib.bpf.o" section xdp/fib
}

xdp_stop() { kernel_stop; }
xdp_counter() { kernel_counter; }

xdpgeneric_start()
{
	kernel_start
	ip -n router link set r0 xdpgeneric object "$BENCH/peers/fib.bpf.o" section xdp/fib
}

xdpgeneric_stop() { kernel_stop; }
xdpgeneric_counter() { kernel_counter; }

# --- xsk: AF_XDP sockets, copying ---------------------------------------------------------

xsk_up() { ip link show r1 | grep -q xdp; }

xsk_start()
{
	topology_add "$FOREIGN_MAC0" "$FOREIGN_MAC1"
	export XSK_PROGRAM=$BENCH/peers/xsk.bpf.o
	ulimit -l unlimited
	plain peers/xsk r0 r1
	until_true xsk_up
}

xsk_stop() { plain_stop; }
xsk_counter() { echo "$SINK"; }
