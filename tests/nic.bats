# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# rig: -n
# Two virtio-net devices on one hub deliver only the MAC addresses they were told, as
# hardware does: a port receives because its address is in the lower device's filter.
#
#  ns peer  eth1 10.9.0.2 ══ hub ══ eth0 ── [blue] p0 10.9.0.1
#                                           └ q0 10.8.0.1 ══ veth ══ ns far 10.8.0.2

# The keys of D, and what lib/common reads.
# shellcheck disable=SC2034,SC2154
load lib/common
load lib/topology

FOREIGN=02:00:00:00:99:01
PORT=02:00:00:00:05:00
GROUP=01:00:5e:00:00:55

setup_file()
{
	topology_begin
	RIG_NAMESPACES+=(blue)
	ns_add peer far
	x ip netns add "$(ns_name blue)"
	forwarding blue 1
	ns_take eth1 peer eth1
	x ip link set eth0 addrgenmode none up
	veth - low1 far e0
	vr_add blue id 5 netns "$(ns_name blue)"
	x ip vr attach dev eth0 vr blue name p0 address $PORT
	x ip vr attach dev low1 vr blue name p1 address 02:00:00:00:05:01
	batch blue <<-EOT
		link set p0 up
		link set p1 up
		address add 10.9.0.1/24 dev p0
		address add 10.8.0.1/24 dev p1
	EOT
	batch far <<-EOT
		address add 10.8.0.2/24 dev e0
		route add default via 10.8.0.1
	EOT
	batch peer <<-EOT
		address add 10.9.0.2/24 dev eth1
		route add default via 10.9.0.1
	EOT
}

give_back()
{
	ip -n "$(ns_name peer)" link set eth1 netns 1 2>/dev/null || true
	ip link set eth0 down
	ip link set eth1 down
}

teardown_file()
{
	give_back
	topology_end
}

setup()
{
	shared_setup
	europa_router blue
}

teardown() { rig_teardown; }

# The namespace that the device is in, in these.
in_filter() { ns "${2:--}" bridge fdb show dev eth0 | grep -q "^$1 "; }
in_groups() { ns "${2:--}" ip maddress show dev eth0 | grep -q " $1"; }
received() { ns "$1" cat /sys/class/net/eth0/statistics/rx_packets; }

# arrive MAC [NS]: how many of 20 frames to that address the lower device receives, and the
# ARP requests that its sender may have had in between.
arrive()
{
	local before

	ns peer ip neigh replace 10.9.0.77 lladdr "$1" dev eth1
	before=$(received "${2:--}")
	ns peer ping -n -q -c 20 -i 0.01 -W 1 10.9.0.77 >&2 || true
	echo $(($(received "${2:--}") - before))
}

assert_arrived() { (($1 >= 20 && $1 <= 25)) || { echo "$2: $1, not 20" >&2; return 1; }; }
assert_kept_out() { (($1 <= 5)) || { echo "$2: $1, not 0" >&2; return 1; }; }

# bats test_tags=matrix
@test "the device drops frames to a foreign MAC, and takes those to the port's" {
	in_filter $PORT
	run ! in_filter $FOREIGN
	assert_kept_out "$(arrive $FOREIGN)" "frames to a foreign MAC"
	assert_arrived "$(arrive $PORT)" "frames to the port's MAC"
}

# tagged: how many of 20 frames in VLAN 10 to the port's MAC the lower device receives.
tagged()
{
	local before

	before=$(received -)
	ns peer ping -n -q -c 20 -i 0.01 -W 1 10.10.9.77 >&2 || true
	echo $(($(received -) - before))
}

@test "the device takes frames of the VLANs in the port's list, and of no others" {
	ethtool -k eth0 | grep "rx-vlan-filter: on"
	batch peer <<-EOT
		link add link eth1 name eth1.10 type vlan id 10
		link set eth1.10 addrgenmode none up
		address add 10.10.9.2/24 dev eth1.10
		neighbour add 10.10.9.77 lladdr $PORT dev eth1.10 nud permanent
	EOT
	assert_kept_out "$(tagged)" "frames of a VLAN that nobody wants"
	ns blue ip link set p0 type europa vlan 9-11
	assert_arrived "$(tagged)" "frames of a VLAN in the list"
	ns blue ip link set p0 type europa vlan 11
	assert_kept_out "$(tagged)" "frames of a VLAN that was in the list"
	# A port that goes takes its list along.
	ns blue ip link set p0 type europa vlan 10
	assert_arrived "$(tagged)" "frames of a VLAN in the list"
	x ip vr add red id 6
	x ip vr attach dev eth0 vr red name q0 address $FOREIGN vlan 10,12
	ns blue ip link set p0 type europa vlan none
	assert_arrived "$(tagged)" "frames of a VLAN in another port's list"
	x ip vr del red
	assert_kept_out "$(tagged)" "frames of a VLAN in a list that is gone"
	ns peer ip link del eth1.10
}

@test "the VR forwards between the device and another" {
	ping_all peer 3 10.8.0.2
	mark blue
	ping_all peer 20 10.8.0.2
	ping_all far 20 10.9.0.2
	assert_forwarded blue 76
	udp_intact peer far 10.8.0.2 200 100 1400
	udp_intact far peer 10.9.0.2 200 100 1400
}

@test "a port that is down has left the filter, and counts nothing" {
	ns blue ip link set p0 down
	run ! in_filter $PORT
	mark blue
	assert_kept_out "$(arrive $PORT)" "frames to a port that is down"
	since blue
	# The VR's other port may hear something of its own.
	((D[rx] <= 3 && D[fallback] == 0))
	ns blue ip link set p0 up
	in_filter $PORT
	assert_arrived "$(arrive $PORT)" "frames to the port's MAC"
}

@test "a new address of the port takes the old one's place" {
	ns blue ip link set p0 address $FOREIGN
	in_filter $FOREIGN
	run ! in_filter $PORT
	assert_kept_out "$(arrive $PORT)" "frames to the old MAC"
	assert_arrived "$(arrive $FOREIGN)" "frames to the new MAC"
	ns peer ip neigh flush all
	ping_all peer 3 10.9.0.1
	ping_all peer 10 10.8.0.2
	ns blue ip link set p0 address $PORT
	in_filter $PORT
	run ! in_filter $FOREIGN
	ns peer ip neigh flush all
	ping_all peer 3 10.9.0.1
}

@test "multicast groups joined on the port are in the device's filter" {
	ns blue ip maddress add $GROUP dev p0
	in_groups $GROUP
	ns blue ip maddress del $GROUP dev p0
	run ! in_groups $GROUP
}

@test "nobody in the port's namespace widens the filter while spoofchk is on" {
	ns blue bridge fdb add $FOREIGN dev p0 self permanent
	ns blue ip link set p0 promisc on
	run ! in_filter $FOREIGN
	assert_kept_out "$(arrive $FOREIGN)" "frames to a foreign MAC"
	ns blue ip link set p0 type europa spoofchk off
	in_filter $FOREIGN
	assert_arrived "$(arrive $FOREIGN)" "frames to a MAC that the namespace added"
	assert_arrived "$(arrive 02:00:00:00:99:02)" "frames to any MAC"
	ns blue ip link set p0 type europa spoofchk on
	run ! in_filter $FOREIGN
	assert_kept_out "$(arrive $FOREIGN)" "frames to a foreign MAC"
	assert_arrived "$(arrive $PORT)" "frames to the port's MAC"
	ns blue ip link set p0 promisc off
	ns blue bridge fdb del $FOREIGN dev p0 self
}

# knows NS: the device, in that namespace now, knows the port's addresses and takes them.
knows()
{
	local group

	in_filter $PORT "$1" || return
	for group in $(ns blue ip maddress show dev p0 | awk '$1 == "link" { print $2 }'); do
		in_groups "$group" "$1" || { echo "not told: $group" >&2; return 1; }
	done
	assert_arrived "$(arrive $PORT "$1")" "frames to the port's MAC" || return
	assert_arrived "$(arrive $GROUP "$1")" "frames to a group"
}

# knows_nothing NS: once the port is down.
knows_nothing()
{
	run ! in_filter $PORT "$1"
	run ! in_groups $GROUP "$1"
	assert_kept_out "$(arrive $PORT "$1")" "frames to a port that is down" || return
	assert_kept_out "$(arrive $GROUP "$1")" "frames to its group"
}

# move FROM TO: the device, between namespaces.
move()
{
	local to=1

	[ "$2" = - ] || to=$(ns_name "$2")
	ns "$1" ip link set eth0 netns "$to"
	ns "$2" ip link set eth0 addrgenmode none up
}

# bats test_tags=matrix
@test "moved to another namespace, the device knows all of that again, and forgets it" {
	ns blue ip maddress add $GROUP dev p0
	knows -
	move - far
	knows far
	ns blue ip link set p0 down
	knows_nothing far
	ns blue ip link set p0 up
	knows far
	move far -
	knows -
	ns blue ip maddress del $GROUP dev p0
	run ! in_groups $GROUP
	ns blue ip maddress add $GROUP dev p0
	knows -
	# Moved while the port is down.
	ns blue ip link set p0 down
	move - far
	knows_nothing far
	ns blue ip link set p0 up
	knows far
	# Deleted behind the move.
	vr_add red id 6 netns "$(ns_name blue)"
	ns far ip vr attach dev eth0 vr red name r0 address $FOREIGN
	ns blue ip link set r0 up
	ns blue ip maddress add 01:00:5e:00:00:66 dev r0
	move far -
	in_filter $FOREIGN
	in_groups 01:00:5e:00:00:66
	x ip vr del red
	run ! in_filter $FOREIGN
	run ! in_groups 01:00:5e:00:00:66
	ns blue ip maddress del $GROUP dev p0
	ns blue ip neigh flush all
	ns peer ip neigh flush all
	ping_all peer 3 10.8.0.2
}

@test "moved, the device gives a passthru port everything as before" {
	vr_add red id 6 netns "$(ns_name blue)"
	x ip vr attach dev eth0 vr red name r0 mode passthru
	ns blue ip link set r0 up
	move - far
	assert_arrived "$(arrive $FOREIGN far)" "frames to a foreign MAC"
	x ip vr del red
	assert_kept_out "$(arrive $FOREIGN far)" "frames to a foreign MAC"
	move far -
	assert_kept_out "$(arrive $FOREIGN)" "frames to a foreign MAC"
}

@test "two VRs on the device: each its own address, and none once deleted" {
	vr_add red id 6 netns "$(ns_name blue)"
	x ip vr attach dev eth0 vr red name r0 address $FOREIGN
	run ! in_filter $FOREIGN
	ns blue ip link set r0 up
	in_filter $FOREIGN
	in_filter $PORT
	mark red
	mark blue
	assert_arrived "$(arrive $FOREIGN)" "frames to red"
	since red
	((D[fallback] >= 20))
	since blue
	((D[rx] <= 5))
	x ip vr del red
	run ! in_filter $FOREIGN
	assert_kept_out "$(arrive $FOREIGN)" "frames to a deleted VR"
}

@test "a port in mode classifier has the address of its wish, and the device is not told" {
	vr_add red id 6 netns "$(ns_name blue)"
	x ip vr attach dev eth0 vr red name r0 mode classifier address $FOREIGN
	ns blue ip link set r0 up
	run ! in_filter $FOREIGN
	x ip vr del red
}

@test "passthru receives everything, and stops it when it goes" {
	vr_add red id 6 netns "$(ns_name blue)"
	x ip vr attach dev eth0 vr red name r0 mode passthru
	ns blue ip link set r0 up
	mark red
	assert_arrived "$(arrive $FOREIGN)" "frames to a foreign MAC"
	since red
	((D[fallback] >= 20))
	x ip vr detach dev eth0 vr red
	assert_kept_out "$(arrive $FOREIGN)" "frames to a foreign MAC"
	x ip vr del red
}

# bats test_tags=matrix
@test "at the end every slot has its owner and nothing is left" {
	assert_all_slots_conserved blue
	RIG_NAMESPACES=(blue peer far) RIG_VRS=(blue)
	give_back
	topology_end
	run ! in_filter $PORT
	assert_nothing_left
}
