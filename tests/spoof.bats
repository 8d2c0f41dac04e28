# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# What spoofchk keeps from root of a container that has a port, and from whom the container
# asks to do it for him. The container is user nobody's, who is root in it.
#
#	namespace a               (the machine)             the container
#	eth0 10.1.0.2 ═══ veth ═══ eu0 ─ [VR blue] ─ vr7p0 10.1.0.1
#
# No namespace has IPv6, and all neighbours are known: each frame is one that a test sent.

load lib/common
load lib/single

MAC_OTHER=02:00:00:00:99:01

port_in_container()
{
	ns_add a
	ns a sysctl -q -w net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
	x ip link add eu0 type veth peer name eth0 address "$MAC_A" netns "$(ns_name a)"
	x ip link set eu0 up
	host_up a 10.1.0 "$MAC_P0"
	vr_add blue id 7 slots 64 owner nobody
	x ip vr attach dev eu0 vr blue port 0 address "$MAC_P0"
	spawn "${NOBODY[@]}" unshare --user --map-root-user --net sleep 1000
	CONTAINER=$SPAWNED
	wait_until 10 grep -q sleep "/proc/$CONTAINER/comm"
	assert_eq "$(inside id -u)" 0
	inside sysctl -q -w net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
	x ip link set vr7p0 netns "$CONTAINER"
	inside ip -batch - <<-EOT
		link set vr7p0 up
		address add 10.1.0.1/24 dev vr7p0
		neighbour add 10.1.0.2 lladdr $MAC_A dev vr7p0 nud permanent
	EOT
	RECEIVED=$(received)
}

# As nobody, who owns the namespaces: so he is root there, with all capabilities in them.
inside() { "${NOBODY[@]}" nsenter -t "$CONTAINER" -U -n --preserve-credentials "$@"; }

# The machine's root, in the container's network namespace alone.
from_machine() { x nsenter -t "$CONTAINER" -n "$@"; }

received() { ip netns exec "$(ns_name a)" cat /sys/class/net/eth0/statistics/rx_packets; }
have_arrived() { (($(received) - RECEIVED == $1)); }

# arrived COUNT: of all frames since the last call that many and no more; the last one sent
# was a good one, which no other overtakes.
arrived()
{
	wait_until 5 have_arrived "$1" || { echo "arrived: $(($(received) - RECEIVED)), not $1" >&2; return 1; }
	RECEIVED=$(received)
}

# The frames that are not the container's to send, by what is wrong with them.
declare -A BAD=(
	[source]="$MAC_A $MAC_OTHER 88b5"
	[broadcast]="ff:ff:ff:ff:ff:ff $MAC_OTHER 88b5"
	[tag]="$MAC_A $MAC_P0 8100 0007 88b5"
	[service-tag]="$MAC_A $MAC_P0 88a8 0007 88b5"
	[stp]="01:80:c2:00:00:00 $MAC_P0 0026 4242 03"
	[lldp]="01:80:c2:00:00:0e $MAC_P0 88cc"
)
GOOD="$MAC_A $MAC_P0 88b5"

# send [-b] COUNT FRAME
send() { inside "$PROGS/frames" "${@:1:$#-2}" vr7p0 "${@: -2:1}" "${*: -1}"; }

link_dropped() { inside ip -j -s link show vr7p0 | jq '.[0].stats64.tx.dropped'; }

# bats test_tags=matrix
@test "frames with another source, a tag or to link-local groups leave no port" {
	local kind way count=0

	port_in_container
	for way in '' -b; do
		for kind in "${!BAD[@]}"; do
			echo "$kind $way"
			send $way 5 "${BAD[$kind]// /}"
			count=$((count + 5))
			send $way 1 "${GOOD// /}"
			arrived 1
			counter_is spoof $count
			assert_eq "$(link_dropped)" $count "dropped by the interface"
		done
	done
	assert_eq "$(inside ip -j -s -d link show vr7p0 | jq '.[0].linkinfo.info_xstats.spoof')" $count
}

@test "without the check they all do" {
	local kind

	port_in_container
	from_machine ip link set vr7p0 type europa spoofchk off
	for kind in "${!BAD[@]}"; do
		echo "$kind"
		send 5 "${BAD[$kind]// /}"
		arrived 5
	done
	counter_is spoof 0
	assert_eq "$(link_dropped)" 0 "dropped by the interface"
	from_machine ip link set vr7p0 type europa spoofchk on
	send 5 "${BAD[source]// /}"
	send 1 "${GOOD// /}"
	arrived 1
	counter_is spoof 5
}

@test "what the kernel sends for itself passes, and a VLAN interface's packets do not" {
	port_in_container
	inside ping -q -c 5 -i 0.05 -W 5 10.1.0.2
	arrived 5
	counter_is spoof 0
	inside ip -batch - <<-EOT
		link add link vr7p0 name v7 type vlan id 7
		link set v7 up
		address add 10.7.0.1/24 dev v7
		neighbour add 10.7.0.2 lladdr $MAC_A dev v7 nud permanent
	EOT
	inside ping -q -c 3 -i 0.05 -W 0.1 10.7.0.2 || true
	inside ping -q -c 1 -W 5 10.1.0.2
	arrived 1
	counter_is spoof 3
}

# What the container may not change.
@test "tags that the operator allows leave the port, from VLAN interfaces, too; no others" {
	local frame

	port_in_container
	from_machine ip link set vr7p0 type europa vlan 7,10-12
	for frame in "8100 0007 88b5" "8100 e00c 88b5"; do
		send 5 "$MAC_A$MAC_P0${frame// /}"
		arrived 5
	done
	counter_is spoof 0
	for frame in "8100 0008 88b5" "8100 0000 88b5" "88a8 0007 88b5" "8100 0007 8100 0008 88b5" \
		"8100 0007 88a8 0008 88b5"; do
		send 5 "$MAC_A$MAC_P0${frame// /}"
	done
	send 5 "$MAC_A${MAC_OTHER}8100000788b5"
	send 1 "${GOOD// /}"
	arrived 1
	counter_is spoof 30
	inside ip -batch - <<-EOT
		link add link vr7p0 name v7 type vlan id 7
		link add link vr7p0 name v8 type vlan id 8
		link set v7 up
		link set v8 up
		address add 10.7.0.1/24 dev v7
		address add 10.8.0.1/24 dev v8
		neighbour add 10.7.0.2 lladdr $MAC_A dev v7 nud permanent
		neighbour add 10.8.0.2 lladdr $MAC_A dev v8 nud permanent
	EOT
	inside ping -q -c 3 -i 0.05 -W 0.1 10.8.0.2 || true
	inside ping -q -c 4 -i 0.05 -W 0.1 10.7.0.2 || true
	arrived 4
	counter_is spoof 33
	refused 'Operation not permitted|CAP_NET_ADMIN' inside ip link set vr7p0 type europa vlan 8
	assert_eq "$(inside ip -j -d link show vr7p0 | jq -r '.[0].linkinfo.info_data.vlan')" 7,10-12
	assert_eq "$(vr_stat blue '.ports[0].vlan')" 7,10-12
	from_machine ip link set vr7p0 type europa vlan none
	inside ping -q -c 1 -W 0.1 10.7.0.2 || true
	send 1 "${GOOD// /}"
	arrived 1
	counter_is spoof 34
	assert_eq "$(vr_stat blue '.ports[0].vlan')" null
}

@test "a drop for its source address is told to tracers" {
	local trace=/sys/kernel/tracing

	mountpoint -q $trace || x mount -t tracefs tracefs $trace
	port_in_container
	echo > $trace/trace
	echo 1 > $trace/events/europa/europa_drop/enable
	send 1 "${BAD[source]// /}"
	echo 0 > $trace/events/europa/europa_drop/enable
	cat $trace/trace
	grep -q "europa_drop: vr=7 port=0 len=60 why=spoof" $trace/trace
}

# --- what the container's root does with tc ---------------------------------------------

# ifb_between: what leaves by the port with mark 1 goes to ifb0, and from there, without its
# mark, to the port again; ifb has then said of it that tc is done with it.
ifb_between()
{
	x modprobe -a ifb sch_ingress cls_fw cls_matchall act_mirred act_skbedit act_gact
	inside ip link add ifb0 type ifb
	inside ip link set ifb0 up
	inside tc qdisc add dev vr7p0 clsact
	inside tc filter add dev vr7p0 egress handle 1 fw action mirred egress redirect dev ifb0
	inside tc qdisc add dev ifb0 clsact
	inside tc filter add dev ifb0 egress matchall action skbedit mark 0
}

dropped_by_tc() { tc -j -s filter show dev eu0 egress | jq '[.[].options.actions[]?.stats.drops] | add'; }
tc_has_dropped() { [ "$(dropped_by_tc)" = "$1" ]; }
dropped_by_nft() { ns a nft list table netdev t | sed -n 's/.*packets \([0-9]*\) .*/\1/p'; }
nft_has_dropped() { [ "$(dropped_by_nft)" = "$1" ]; }

@test "what ifb has sent on meets the machine's tc filters, and the next one's nftables" {
	port_in_container
	ifb_between
	x tc qdisc add dev eu0 clsact
	x tc filter add dev eu0 egress matchall action drop
	inside ping -q -c 3 -i 0.05 -W 0.1 10.1.0.2 && return 1
	inside ping -q -c 3 -i 0.05 -W 0.1 -m 1 10.1.0.2 && return 1
	wait_until 10 tc_has_dropped 6
	have_arrived 0
	x tc qdisc del dev eu0 clsact
	ns a nft 'add table netdev t; add chain netdev t c { type filter hook ingress device eth0 priority 0; };
		add rule netdev t c counter drop'
	inside ping -q -c 3 -i 0.05 -W 0.1 10.1.0.2 && return 1
	inside ping -q -c 3 -i 0.05 -W 0.1 -m 1 10.1.0.2 && return 1
	wait_until 10 nft_has_dropped 6
}

@test "what tc brings from another device is no longer than the lower device takes" {
	port_in_container
	x modprobe -a sch_ingress cls_matchall act_mirred
	inside ip -batch - <<-EOT
		link add d0 mtu 9000 address $MAC_P0 type dummy
		link set d0 up
		address add 10.9.0.1/24 dev d0
		neighbour add 10.9.0.2 lladdr $MAC_A dev d0 nud permanent
	EOT
	inside tc qdisc add dev d0 clsact
	inside tc filter add dev d0 egress matchall action mirred egress redirect dev vr7p0
	inside ping -q -c 3 -i 0.05 -W 0.1 -s 3000 10.9.0.2 && return 1
	counter_is too_long 3
	assert_eq "$(link_dropped)" 3 "dropped by the interface"
	# As long as may be: with a tag it takes four bytes more.
	inside ping -q -c 2 -i 0.05 -W 0.1 -s 1472 10.9.0.2 && return 1
	arrived 2
	counter_is too_long 3
}

# --- the port's address ------------------------------------------------------------------

active() { inside ip -j -d link show bond0 | jq -r '.[0].linkinfo.info_data.active_slave'; }
is_active() { [ "$(active)" = "$1" ]; }

# fail_over: a bond in the container gives the address of one slave to the port, which takes
# over from it. It does so in a work queue, as the kernel, whom nothing is refused.
fail_over()
{
	inside ip -batch - <<-EOT
		link set vr7p0 down
		link add bond0 type bond mode active-backup fail_over_mac follow miimon 20
		link add d0 address $MAC_OTHER type dummy
		link set d0 master bond0
		link set vr7p0 master bond0
		link set bond0 up
	EOT
	wait_until 10 is_active d0
	inside ip link set d0 carrier off
	wait_until 10 is_active vr7p0
}

@test "no bond gives the port another address on behalf of a container's root" {
	x modprobe bonding
	x modprobe dummy numdummies=0
	port_in_container
	fail_over
	assert_eq "$(vr_stat blue '.ports[0].address')" "$MAC_P0"
	assert_eq "$(addresses eu0)" "$MAC_P0"
	inside ip link del bond0
	inside ip link del d0
	# Where the operator lets the container choose, it may choose in this way, too.
	from_machine ip link set vr7p0 type europa spoofchk off
	fail_over
	assert_eq "$(vr_stat blue '.ports[0].address')" $MAC_OTHER
	assert_eq "$(addresses eu0)" $MAC_OTHER
}

# --- the lower device's filter -----------------------------------------------------------

# addresses DEV: the unicast addresses that it takes beside its own.
addresses() { bridge fdb show dev "$1" | grep -o "^0[02468ace]:[0-9a-f:]*" | sort -u | xargs; }
has_address() { [[ " $(addresses eu0) " == *" $1 "* ]]; }
promiscuity() { ip -j -d link show "$1" | jq '.[0].promiscuity'; }

# told ADDRESSES PROMISCUITY: all that eu0 was told. A veth has no filter, so for any address
# it is promiscuous itself.
told()
{
	assert_eq "$(addresses eu0)" "$1" "unicast addresses"
	assert_eq "$(promiscuity eu0)" "$2" "promiscuity"
}

@test "the lower device is told the port's own unicast address only" {
	x modprobe macvlan
	port_in_container
	told "$MAC_P0" 1
	inside bridge fdb add $MAC_OTHER dev vr7p0 self permanent
	inside ip link set vr7p0 promisc on
	inside ip link add link vr7p0 name mv0 address 02:00:00:00:99:02 type macvlan mode bridge
	inside ip link set mv0 up
	told "$MAC_P0" 1
	assert_eq "$(inside ip -j -d link show vr7p0 | jq '.[0].flags | index("PROMISC") != null')" true
	inside ip link del mv0
	# Groups stay the container's to choose.
	inside ip maddress add 01:00:5e:00:00:55 dev vr7p0
	ip maddress show dev eu0 | grep -q 01:00:5e:00:00:55
	inside ip link set vr7p0 down
	told "" 0
	inside ip link set vr7p0 up
	told "$MAC_P0" 1
}

# bats test_tags=matrix
@test "what the lower device was told follows spoofchk" {
	port_in_container
	inside bridge fdb add $MAC_OTHER dev vr7p0 self permanent
	inside ip link set vr7p0 promisc on
	for _ in 1 2; do
		told "$MAC_P0" 1
		from_machine ip link set vr7p0 type europa spoofchk off
		from_machine ip link set vr7p0 type europa spoofchk off
		told "$MAC_P0 $MAC_OTHER" 2
		inside ip link set vr7p0 promisc off
		told "$MAC_P0 $MAC_OTHER" 1
		inside ip link set vr7p0 promisc on
		from_machine ip link set vr7p0 type europa spoofchk on
		from_machine ip link set vr7p0 type europa spoofchk on
	done
	told "$MAC_P0" 1
	# Changed while down, it counts from when the port is up.
	inside ip link set vr7p0 down
	from_machine ip link set vr7p0 type europa spoofchk off
	told "" 0
	inside ip link set vr7p0 up
	told "$MAC_P0 $MAC_OTHER" 2
	inside ip link set vr7p0 down
	told "" 0
	inside ip link set vr7p0 up
	inside bridge fdb del $MAC_OTHER dev vr7p0 self
	told "$MAC_P0" 2
	inside bridge fdb add $MAC_OTHER dev vr7p0 self permanent
	from_machine ip link set vr7p0 type europa spoofchk on
	inside bridge fdb del $MAC_OTHER dev vr7p0 self
	told "$MAC_P0" 1
	from_machine ip link set vr7p0 type europa spoofchk off
	told "$MAC_P0" 2
	# Deleted while it is up.
	inside bridge fdb add $MAC_OTHER dev vr7p0 self permanent
	told "$MAC_P0 $MAC_OTHER" 2
	x ip vr del blue
	told "" 0
}

# --- what is beside the bytes ------------------------------------------------------------

in_class() { tc -s class show dev eu0 | awk -v id="$1" '$1 == "class" { class = $3 } $1 == "Sent" && class == id { print $4 }'; }

@test "a container chooses no traffic class of the lower device, nor has a mark there" {
	local class

	x modprobe -a sch_htb cls_fw act_skbedit act_gact sch_ingress
	port_in_container
	x tc qdisc add dev eu0 root handle 1: htb default 30
	for class in 10 30; do
		x tc class add dev eu0 parent 1: classid 1:$class htb rate 1gbit
	done
	x tc qdisc add dev eu0 clsact
	x tc filter add dev eu0 egress handle 7 fw action drop
	inside ping -q -m 7 -c 5 -i 0.05 -W 5 10.1.0.2
	inside tc qdisc add dev vr7p0 clsact
	inside tc filter add dev vr7p0 egress matchall action skbedit priority 1:10
	inside ping -q -c 5 -i 0.05 -W 5 10.1.0.2
	assert_eq "$(in_class 1:10) $(in_class 1:30)" "0 10" "packets in the classes"
	# The operator chooses.
	x ip vr set blue prio 1:10
	inside ping -q -c 5 -i 0.05 -W 5 10.1.0.2
	assert_eq "$(in_class 1:10) $(in_class 1:30)" "5 10" "packets in the classes"
}
