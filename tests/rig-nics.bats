# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# rig: -n
# Two virtio-net devices on one hub pass only the MAC addresses they were told, as
# hardware does and a veth does not.

load lib/common

FOREIGN=02:00:00:00:99:01

setup()
{
	rig_setup
	ns_add a b
	for name in a b; do
		ns "$name" sysctl -qw net.ipv6.conf.default.disable_ipv6=1
	done
	ns_take eth0 a eth0
	ns_take eth1 b eth0
	ns a ip address add 10.98.0.1/24 dev eth0
}

# A device goes back to the machine's own namespace, under its old name, for the next test.
teardown()
{
	ip -n "$(ns_name a)" link set eth0 name eth0 netns 1
	ip -n "$(ns_name b)" link set eth0 down
	ip -n "$(ns_name b)" link set eth0 name eth1
	ip -n "$(ns_name b)" link set eth1 netns 1
	rig_teardown
}

received() { ip -n "$(ns_name b)" -j -s link show "$1" | jq '.[0].stats64.rx.packets'; }

send_20_to()
{
	ns a ip neigh replace 10.98.0.2 lladdr "$1" dev eth0
	ns a ping -c 20 -i 0.02 -W 1 -q 10.98.0.2 || true
	sleep 0.2
}

@test "frames to a foreign MAC are not received" {
	local before

	before=$(received eth0)
	send_20_to "$FOREIGN"
	assert_eq "$(received eth0)" "$before"
}

@test "frames to the device's own MAC are received" {
	local before mac

	mac=$(ns b cat /sys/class/net/eth0/address)
	before=$(received eth0)
	send_20_to "$mac"
	assert_eq "$(received eth0)" "$((before + 20))"
}

@test "frames to a MAC added to the device's filter are received" {
	ns b ip link add link eth0 name mv0 address "$FOREIGN" type macvlan mode private
	ns b ip link set mv0 up
	send_20_to "$FOREIGN"
	assert_eq "$(received mv0)" 20
}
