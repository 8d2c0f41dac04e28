# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# shellcheck shell=bash
# Each contender NAME has NAME_start, NAME_stop and NAME_counter, the file that says how
# many packets have gone all the way. A _start may set `router`, the process that routes,
# and `pause`, the milliseconds after which all packets that came together are through. There
# are more in peers/.

FOREIGN_MAC0=02:00:00:00:ff:00	# of devices whose router has addresses of its own
FOREIGN_MAC1=02:00:00:00:ff:01
SINK=/sys/class/net/s0/statistics/rx_packets

# until_true COMMAND...: repeat it until it succeeds. An idle guest's clock leaps ahead, so a
# time limit would mean nothing.
until_true()
{
	local i

	for ((i = 0; i < 500; i++)); do
		! "$@" || return 0
	done
	die "it never came true: $*"
}

# each_round COMMAND...: once per round, with its number as one more word, and the kernel has not
# complained meanwhile.
each_round()
{
	local mark complaints round

	mark=$(klog_mark)
	for ((round = 1; round <= ROUNDS; round++)); do
		"$@" "$round"
	done
	if complaints=$(klog_complaints "$mark"); then
		die "the kernel complained:"$'\n'"$complaints"
	fi
}

# contenders ROUND: all of them.
contenders()
{
	local name

	for name in $CONTENDERS; do
		contender "$name" "$1"
	done
}

# counted NAME: what the sender sends all arrives; the packets are not looked at.
counted() { send -n 64 "$("$1_counter")" "$TARGET" > /dev/null; }

# --- null: what every packet costs that does not get into a router -------------------

null_start()
{
	topology_add "$FOREIGN_MAC0" "$FOREIGN_MAC1"
	drop_at r0
}

null_stop() { topology_del; }
null_check() { :; }
null_counter() { echo /sys/class/net/g0/statistics/tx_packets; }

# --- kernel: IP forwarding ----------------------------------------------------------

kernel_start()
{
	ns_add router
	topology_add "$GATEWAY_MAC" "$EGRESS_MAC"
	ip link set r0 netns router
	ip link set r1 netns router
	ip -n router link set r0 up
	ip -n router link set r1 up
	router_configure router r0 r1
}

kernel_stop()
{
	ip -n router link del r0
	ip -n router link del r1
	ip netns del router
	hosts_del
}

kernel_counter() { echo $SINK; }

# --- af_packet: packet sockets, a system call for each packet each way ---------------

# Both its sockets are bound to a device.
af_packet_up() { [ "$(awk '$5 + 0 > 0' /proc/net/packet | wc -l)" = 2 ]; }

af_packet_start()
{
	topology_add "$FOREIGN_MAC0" "$FOREIGN_MAC1"
	"$BENCH/af_packet" "r0=$GATEWAY_MAC" "r1=$EGRESS_MAC" \
		"${TARGET%.*.*}.0.0/16=1,$NEIGHBOUR_MAC" "$SENDER/24=0,$SENDER_MAC" &
	router=$!
	until_true af_packet_up
}

af_packet_stop()
{
	kill "$router"
	wait "$router" || true
	topology_del
}

af_packet_counter() { echo $SINK; }

# --- europa: the module and europa-router; awake: the same, woken for each packet;
# --- bypass: without a look for rules; fallback: without a data plane -----------------

europa_up() { [ "$(ip -j vr show blue | jq -r '.[0].state')" = running ]; }

fallback_start()
{
	modprobe europa
	ns_add blue
	topology_add "$FOREIGN_MAC0" "$FOREIGN_MAC1"
	ip vr add blue netns blue owner nobody ${SLOTS:+slots "$SLOTS"} \
		${snap:+snap "$snap"} ${queues:+queues "$queues"}
	ip vr attach dev r0 vr blue name p0 address "$GATEWAY_MAC"
	ip vr attach dev r1 vr blue name p1 address "$EGRESS_MAC"
	ip -n blue link set p0 up
	ip -n blue link set p1 up
	router_configure blue p0 p1
}

europa_start()
{
	fallback_start
	ip vr exec user nobody blue europa-router "$@" &
	router=$!
	until_true europa_up
}

europa_stop()
{
	kill "$router"
	wait "$router" || true
	fallback_stop
}

fallback_stop()
{
	ip vr del blue
	topology_del
	ip netns del blue
	rmmod europa
}

europa_counter() { echo $SINK; }
fallback_counter() { europa_counter; }

awake_start() { europa_start --no-idle; }
awake_stop() { europa_stop; }
awake_counter() { europa_counter; }

bypass_start() { europa_start --bypass-filters; }
bypass_stop() { europa_stop; }
bypass_counter() { europa_counter; }

# --- snap: the data plane sees no more than 128 bytes of a packet --------------------------

snap_start()
{
	local snap=128

	europa_start
}

snap_stop() { europa_stop; }
snap_counter() { europa_counter; }

# --- workers2, workers4: as many queues, each with a thread; flows are spread over them -----

workers2_start()
{
	local queues=2

	europa_start
}

workers2_stop() { europa_stop; }
workers2_counter() { europa_counter; }

workers4_start()
{
	local queues=4

	europa_start
}

workers4_stop() { europa_stop; }
workers4_counter() { europa_counter; }

# --- reflector: a data plane that sends everything back -------------------------------

reflector_start()
{
	fallback_start
	ip vr exec user nobody blue europa-reflector &
	router=$!
	until_true europa_up
}

reflector_stop() { europa_stop; }
reflector_counter() { echo /sys/class/net/g0/statistics/rx_packets; }

# What came back is not what passed: it is only counted, at both ends.
reflector_check() { counted reflector; }
