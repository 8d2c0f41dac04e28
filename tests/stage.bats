# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# Packets of one batch of a driver's are taken together: each as if it had come alone. The
# topology is that of lib/single.bash; a's super-packets are cut when they enter the wire.

load lib/common
load lib/single

setup()
{
	single_setup
	topology slots 64
	ns a ethtool -K eth0 tx-udp-segmentation off > /dev/null
}

# batch_of N: as many datagrams of 40 bytes from a to b, at once.
batch_of() { ns a "$PROGS/udpcheck" send 10.2.0.2 9 "$1" $((40 * $1)) $((40 * $1)) 40 0; }

words() { local i; for ((i = 0; i < $1; i++)); do echo "$2"; done; }

# way: of the packets told, in order: A addressed, by tc; M by MAC address.
way() { grep ^told "$SAID" | sed 's/.*addressed.*/A/; s/^told.*/M/' | tr -d '\n'; }

# bats test_tags=matrix
@test "what a classifier gave, and packets of two ports: in one batch each goes its way" {
	local red

	vr_add red id 8 netns "$(ns_name v)" owner nobody
	x ip vr attach dev eu0 vr red port 0 address 02:00:00:00:08:00
	x ip -n "$(ns_name v)" link set vr8p0 up
	# Of four packets in a row, by their number, one for red, and one by tc for blue.
	x tc qdisc add dev eu0 clsact
	x tc filter add dev eu0 ingress protocol ip prio 1 u32 match u8 0 3 at 5 action europa vr red
	x tc filter add dev eu0 ingress protocol ip prio 2 u32 match u8 1 3 at 5 action europa vr blue
	raw /dev/europa/vr8 attach map start pause
	says pausing
	red=$RAW
	# shellcheck disable=SC2046
	raw "$NODE" attach map start $(words 30 tell) discard pause
	says "start: ok"
	batch_of 40
	says pausing
	way
	# Whichever of the four came first.
	case $(way) in
	AMMAMMAMMAMMAMMAMMAMMAMMAMMAMM) ;;
	MMAMMAMMAMMAMMAMMAMMAMMAMMAMMA) ;;
	MAMMAMMAMMAMMAMMAMMAMMAMMAMMAM) ;;
	*) return 1 ;;
	esac
	counter_is rx 30
	counter_is rx 10 red
	all_slots_home
	x kill "$red"
}

# 64 slots, of which 32 are spare, on a ring of 64.
@test "batches that do not fit, or only behind the ring's end, lose what has no place, and no more" {
	local i

	# shellcheck disable=SC2046
	raw "$NODE" attach map start $(words 20 "take=5 discard") pause take=32 discard say=home pause
	says "start: ok"
	for i in 1 2 3 4 5; do
		batch_of 20
		wait_until 10 counter_is drop $((20 * i))
	done
	says pausing
	batch_of 60
	counter_is rx 132
	counter_is rx_full 28
	wait_until 10 owner_is rx 32
	next_word
	says home
	all_slots_home
}

@test "a port that goes takes what waits for it: batches in one breath with removals" {
	local i

	spawn ns a "$PROGS/udpcheck" send 10.2.0.2 9 1000000 1600 1600 40 100
	router
	for ((i = 0; i < 10; i++)); do
		moves rx
		x ip -n "$(ns_name v)" link del vr7p0
		port_up 0 "$MAC_A"
	done
	assert_slots_conserved blue
}
