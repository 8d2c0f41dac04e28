# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# shellcheck shell=bash
# One VR between two hosts, and helpers for raw, echo, flood and hostile of tests/progs; loaded
# after lib/common; they bring a setup() and a teardown(). The topology most of them want:
#
#	   a                        (the machine)                           b
#	eth0 10.1.0.2 ─── eu0 ─ vr7p0 10.1.0.1 ┐ VR blue, number 7,
#	                                       │ home namespace v
#	eth0 10.2.0.2 ─── eu1 ─ vr7p1 10.2.0.1 ┘

# shellcheck source=tests/lib/progs.bash
. "${BASH_SOURCE[0]%/*}/progs.bash"

NODE=/dev/europa/vr7

MAC_A=02:00:00:00:00:0a MAC_B=02:00:00:00:00:0b MAC_P0=02:00:00:00:07:00 MAC_P1=02:00:00:00:07:01

# No neighbour discovery of either kind: every packet is one that a test sent.
single_setup()
{
	rig_setup
	install_progs
	[ -d /sys/module/europa ] || x modprobe europa
	# A veth goes some time after its peer's namespace.
	wait_until 10 no_device eu0
	wait_until 10 no_device eu1
	x sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
}

# bats takes a teardown's last status: rig_teardown's, which looks at the kernel log.
single_teardown()
{
	x sysctl -q -w net.ipv6.conf.default.disable_ipv6=0
	rig_teardown
}

setup() { single_setup; }
teardown() { single_teardown; }

batch() { ip_batch "$@"; }

# topology [ip vr add's words]: see above; nothing is attached to the VR.
topology()
{
	local name

	RIG_NAMESPACES+=(a b v)
	batch <<-EOF
		netns add $(ns_name a)
		netns add $(ns_name b)
		netns add $(ns_name v)
	EOF
	for name in a b v; do
		ns $name sysctl -q -w net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
	done
	batch <<-EOF
		link add eu0 up type veth peer name eth0 address $MAC_A netns $(ns_name a)
		link add eu1 up type veth peer name eth0 address $MAC_B netns $(ns_name b)
	EOF
	host_up a 10.1.0 "$MAC_P0"
	host_up b 10.2.0 "$MAC_P1"
	vr_add blue id 7 netns "$(ns_name v)" owner nobody "$@"
	ports_up
	wait_until 10 ns a ping -c 1 -W 1 10.2.0.2
}

# host_up NS NET MAC: its default route is by NET.1, which has that address.
host_up()
{
	batch -n "$(ns_name "$1")" <<-EOF
		address add $2.2/24 dev eth0
		link set eth0 up
		neighbour add $2.1 lladdr $3 dev eth0 nud permanent
		route add default via $2.1
	EOF
}

# port_up N MAC: port N on device euN, its neighbour at MAC.
port_up()
{
	x ip vr attach dev "eu$1" vr blue port "$1" address "02:00:00:00:07:0$1"
	batch -n "$(ns_name v)" <<-EOF
		address add 10.$(($1 + 1)).0.1/24 dev vr7p$1
		link set vr7p$1 up
		neighbour add 10.$(($1 + 1)).0.2 lladdr $2 dev vr7p$1 nud permanent
	EOF
}

ports_up()
{
	port_up 0 "$MAC_A"
	port_up 1 "$MAC_B"
	ns v sysctl -q -w net.ipv4.ip_forward=1
}

# Before a command that is spawned: a function would be a shell, with another process's number.
NOBODY=(setpriv --reuid=nobody --regid=nogroup --clear-groups --inh-caps=-all)
as_nobody() { "${NOBODY[@]}" "$@"; }

# raw DEVICE WORD...: in the background, as nobody; its process in $RAW, its words in $SAID.
raw()
{
	spawn "${NOBODY[@]}" "$PROGS/raw" "$@"
	RAW=$SPAWNED
	SAID=$SPAWNED_LOG
}

# says REGEX: the last `raw` does, within some time, which may be set.
SAYS_WITHIN=20
says() { wait_until "$SAYS_WITHIN" grep -Eqx -- "$1" "$SAID" || { cat "$SAID" >&2; return 1; }; }
next_word() { x kill -USR1 "$RAW"; }

# receive COUNT: b expects so many packets of $PROGS/flows, within some time, which may be set;
# all_received: they came, each flow in order.
RECEIVED_WITHIN=20
receive()
{
	spawn ns b "$PROGS/flows" recv 9 "$1" "$RECEIVED_WITHIN"
	RECEIVER=$SPAWNED RECEIVED=$SPAWNED_LOG
	wait_until 10 grep -q listening "$RECEIVED"
}

all_received() { ended_well "$RECEIVER" "$RECEIVED" "the receiver"; }

# hostile ENTRIES [threads]: evil's data plane, number 8, in the background, in $EVIL, its words in
# $EVIL_SAID. EUROPA_SEED repeats its dice.
hostile()
{
	spawn "${NOBODY[@]}" "$PROGS/hostile" /dev/europa/vr8 "$1" "${EUROPA_SEED:-$RANDOM}" ${2:+"$2"}
	EVIL=$SPAWNED EVIL_SAID=$SPAWNED_LOG
}

# evil_done WORD: evil's data plane ends by itself, well, and has said WORD.
evil_done()
{
	local status=0

	wait "$EVIL" || status=$?
	cat "$EVIL_SAID" >&2
	x ip -s vr show evil >&2
	assert_eq "$status" 0 "status of evil's data plane"
	grep -q "^$1" "$EVIL_SAID"
}

# unharmed: what evil did is over; blue's load goes on, has lost nothing, and no slot is out.
unharmed()
{
	moves send
	loaded_ok
	all_slots_home
	idle evil
}

# evil_goes: and the kernel has not complained.
evil_goes()
{
	x ip vr del evil
	assert_klog_clean
}

# router: a data plane that forwards between the ports, running.
router()
{
	raw "$NODE" attach map start "forward=$MAC_A,$MAC_B${1:-}"
	says running
	assert_eq "$(vr_stat blue .state)" running
}

# serve: an echo server in b. load [WINDOW [COUNT]]: a closed loop from a to it.
serve()
{
	spawn ns b "$PROGS/echo" server 10.2.0.2 9
	# shellcheck disable=SC2034
	SERVER=$SPAWNED
	wait_until 5 grep -q serving "$SPAWNED_LOG"
}

load()
{
	spawn ns a "$PROGS/echo" client 10.2.0.2 9 "${1:-32}" ${2:+"$2"}
	CLIENT=$SPAWNED CLIENT_SAID=$SPAWNED_LOG CLIENT_COUNT=${2:-}
}

# loaded_ok: end the closed loop, if it has no end; nothing was lost and nothing came twice.
loaded_ok()
{
	[ -n "$CLIENT_COUNT" ] || kill -TERM "$CLIENT"
	ended_well "$CLIENT" "$CLIENT_SAID" "the closed loop"
}

# moves COUNTER [VR]: it grows within some time.
moves()
{
	local before

	before=$(vr_stat "${2:-blue}" ".stats.$1")
	wait_until 20 counter_over "$1" "$before" "${2:-blue}"
}

counter_over() { (($(vr_stat "${3:-blue}" ".stats.$1") > $2)); }
counter_is() { [ "$(vr_stat "${3:-blue}" ".stats.$1")" = "$2" ]; }
owner_is() { [ "$(vr_stat "${3:-blue}" ".queue[0].$1")" = "$2" ]; }
state_is() { [ "$(vr_stat "${2:-blue}" .state)" = "$1" ]; }

# all_slots_home: with a data plane attached and no traffic, every slot is free or a spare.
all_slots_home()
{
	wait_until 10 owner_is rx 0
	assert_eq "$(vr_stat blue '.queue[0] | [.rx, .vr, .tx, .held] | add')" 0 "slots still out"
	assert_slots_conserved blue
}

# conserved VR: every slot has one owner, while the data plane may end at any moment.
conserved()
{
	local sum

	sum=$(vr_stat "$1" '([.queue[] | .free + .rx + .vr + .spare + .tx] | add) - .slots')
	[ "$sum" = 0 ] || state_is idle "$1" || { ip -s vr show "$1" >&2; return 1; }
}

# idle: nobody is attached, and nothing is left of a pool.
idle()
{
	wait_until 10 state_is idle "${1:-blue}"
	assert_eq "$(vr_stat "${1:-blue}" '[.queue[] | .free, .rx, .vr, .spare, .tx, .held] | add')" 0 "slots"
	assert_eq "$(vr_stat "${1:-blue}" .pid)" null pid
}

# grown COUNTER...: of the VR evil, all of them have counted something.
grown()
{
	local none

	none=$(vr_stat evil ".stats | with_entries(select(.value == 0)) | keys | .[]")
	if grep -xF -f <(printf '%s\n' "$@") <<< "$none"; then
		echo "did not grow" >&2
		return 1
	fi
}

no_device() { [ ! -e "/sys/class/net/$1" ]; }

# gone PID: it has ended.
gone() { ! kill -0 "$1"; }
