# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# What stands on a port, and what leaves by the port it came in on: fast where the kernel would
# have done the same, and else the kernel's.
#
#                                           ┌─ ns blue-b 10.2.1.2 ─┐
#  ns blue-a 10.1.1.2 ── p0 [VR blue] p1 ───┤                      ├─ 10.50.0.0/16, each all of it
#                                           └─ ns blue-c 10.2.1.3 ─┘
#
# blue-b and blue-c do not hear each other. See lib/topology.bash for the rest.

# The keys of D, and what lib/common reads; awk has dollars of its own.
# shellcheck disable=SC2016,SC2034,SC2154
load lib/common
load lib/topology
load lib/ways

setup_file()
{
	local name

	topology_begin
	wires
	router blue 1 1
	second <<-EOT
		address add 10.2.1.3/24 dev e0
		address add fd00:2:1::3/64 dev e0 nodad
		address add fe80::c/64 dev e0 nodad
		route add default via 10.2.1.1
		route add default via fd00:2:1::1
		route add local 10.50.0.0/16 dev lo
		route add local 2001:db8:50::/48 dev lo
		route add 10.2.1.2 via 10.2.1.1
		route add fd00:2:1::2 via fd00:2:1::1
	EOT
	batch blue-b <<-EOT
		address add fe80::b/64 dev e0 nodad
		route add local 10.50.0.0/16 dev lo
		route add 10.2.1.3 via 10.2.1.1
		route add fd00:2:1::3 via fd00:2:1::1
	EOT
	for name in b c; do
		ns "blue-$name" sysctl -qw net.ipv4.conf.all.accept_redirects=0 net.ipv4.conf.e0.accept_redirects=0 \
			net.ipv6.conf.all.accept_redirects=0 net.ipv6.conf.e0.accept_redirects=0
	done
	batch blue <<< "address add fe80::1/64 dev p1 nodad"
}

teardown_file() { topology_end; }

setup()
{
	shared_setup
	europa_router blue
}

teardown() { rig_teardown; }

# --- out of the port it came in on --------------------------------------------------

send_redirects() { ns blue sysctl -qw "net.ipv4.conf.all.send_redirects=$1" "net.ipv4.conf.p1.send_redirects=$2"; }

# What blue-b's kernel was told: IPv4 redirects, and IPv6's.
redirects() { ns blue-b awk '$1 == "Icmp:" && $2 ~ /[0-9]/ { print $9 }' /proc/net/snmp; }
redirects6() { ns blue-b awk '$1 == "Icmp6InRedirects" { print $2 }' /proc/net/snmp6; }

# by_kernel COUNT: so many packets and more, and the data plane sent none.
by_kernel()
{
	since blue
	assert_no_loss
	assert_eq "${D[send]}" 0 send
	assert_eq "${D[fallback]}" 0 fallback
	((D[punt] + D[filtered] >= $1))
}

# is_fast NS ADDRESS: the next packets there and back are forwarded by the data plane. It looks at
# settings once a second.
is_fast()
{
	mark blue
	ping_all "$1" 3 "$2" && since blue && ((D[send] >= 4))
}

# told_and_punted: all between b and c is the kernel's, which tells b of the shorter way.
told_and_punted()
{
	ping_all blue-b 2 10.2.1.3
	mark blue
	ping_all blue-b 10 10.2.1.3
	by_kernel 20
}

@test "out of the same port: the kernel while it may send redirects, else the data plane" {
	local told

	told=$(redirects)
	send_redirects 1 1
	told_and_punted
	(($(redirects) > told))
	send_redirects 0 1
	told_and_punted
	send_redirects 1 0
	told_and_punted
	send_redirects 0 0
	wait_until 60 is_fast blue-b 10.2.1.3
	told=$(redirects)
	mark blue
	ping_all blue-b 10 10.2.1.3
	assert_forwarded blue 18
	assert_eq "$(redirects)" "$told" redirects
	ns blue-b ping -n -c 1 10.2.1.3 | grep -q "ttl=63"
	# On again, it is noticed.
	send_redirects 0 1
	wait_until 60 not_fast blue-b 10.2.1.3
}

not_fast()
{
	mark blue
	ping_all "$1" 3 "$2" && since blue && ((D[send] == 0))
}

# Who is behind a router on that port is told of no shorter way.
@test "out of the same port from behind a router there: fast whatever the setting" {
	send_redirects 1 1
	batch blue <<-EOT
		route replace 10.50.0.0/16 via 10.2.1.3
		route replace 10.61.0.0/16 via 10.2.1.2
	EOT
	batch blue-b <<-EOT
		address add 10.61.0.1/32 dev lo
		route add 10.60.0.0/16 via 10.2.1.1 src 10.61.0.1
	EOT
	ns blue-c ip route add local 10.60.0.0/16 dev lo
	x ns blue ip route add 10.60.0.0/16 via 10.2.1.3
	ping_all blue-b 2 10.60.0.1
	mark blue
	ping_all blue-b 10 10.60.0.1
	assert_forwarded blue 18
	ns blue-b ip addr del 10.61.0.1/32 dev lo
	ns blue ip route del 10.61.0.0/16
}

@test "IPv6 out of the same port: the kernel where it may send redirects, by any setting" {
	local told

	send_redirects 0 0
	told=$(redirects6)
	# To a neighbour, and from one.
	ping_all blue-b 2 fd00:2:1::3
	mark blue
	ping_all blue-b 10 fd00:2:1::3
	by_kernel 20
	(($(redirects6) > told))
	# By a router with a link-local address, and from behind one.
	x ns blue ip -6 route add 2001:db8:50::/48 via fe80::c dev p1
	ping_all blue-b 2 2001:db8:50::1
	mark blue
	ping_all blue-b 10 2001:db8:50::1
	since blue
	assert_no_loss
	((D[send] >= 8 && D[send] <= D[punt]))
	# A redirect has no room for other addresses.
	x ns blue ip -6 route replace 2001:db8:50::/48 via fd00:2:1::3 dev p1
	ping_all blue-b 2 2001:db8:50::1
	told=$(redirects6)
	mark blue
	ping_all blue-b 10 2001:db8:50::1
	assert_forwarded blue 18
	assert_eq "$(redirects6)" "$told" redirects
	x ns blue ip -6 route del 2001:db8:50::/48
}

# --- interfaces that stand on a port ------------------------------------------------

# moved FROM TO: the VR's addresses there.
moved()
{
	ns blue ip address flush dev "$1"
	placed "$2"
}

placed()
{
	batch blue <<-EOT
		address add 10.2.1.1/24 dev $1
		address add fd00:2:1::1/64 dev $1 nodad
		address add fe80::1/64 dev $1 nodad
		link set $1 up
	EOT
	# A link takes some time to come up.
	wait_until 30 ns blue-a ping -n -q -c 1 -W 1 10.2.1.2
	wait_until 30 ns blue-a ping -n -q -c 1 -W 1 fd00:2:1::2
}

# stands_there: all that goes by p1 is the kernel's.
stands_there()
{
	mark blue
	ping_all blue-a 5 10.2.1.2
	ping_all blue-a 5 fd00:2:1::2
	by_kernel 20
}

# as_ever: nothing stands there.
as_ever()
{
	mark blue
	ping_all blue-a 10 10.2.1.2
	ping_all blue-a 10 fd00:2:1::2
	assert_forwarded blue 30
}

# on_port KIND [WORD...]: an interface that has the port's frames.
on_port()
{
	x modprobe "$1"
	ns blue ip link add link p1 name up1 type "$@"
	moved p1 up1
	stands_there
	ns blue ip link del up1
	placed p1
	as_ever
}

@test "a macvlan on a port: the kernel forwards" {
	on_port macvlan mode passthru
}

@test "an ipvlan on a port: the kernel forwards" {
	on_port ipvlan mode l2
}

@test "a port in a bridge: the kernel forwards" {
	x modprobe bridge
	batch blue <<-EOT
		link add br1 address $(mac_of 1 01) type bridge
		link set p1 master br1
	EOT
	moved p1 br1
	stands_there
	ns blue ip link set p1 nomaster
	moved br1 p1
	ns blue ip link del br1
	as_ever
}

@test "a port in a bond: the kernel forwards" {
	x modprobe bonding max_bonds=0
	batch blue <<-EOT
		link add bond1 address $(mac_of 1 01) type bond mode active-backup miimon 20
		link set p1 down
		link set p1 master bond1
	EOT
	moved p1 bond1
	stands_there
	ns blue ip link set p1 nomaster
	ns blue ip link set p1 up
	moved bond1 p1
	ns blue ip link del bond1
	as_ever
}

# Of its own addresses; neighbour discovery is not counted.
echos_at_b() { ns blue-b nstat -asz IcmpInEchos | awk '/Echos/ { print $2 }'; }

# The main table says blue-c, and the VRF's says blue-b.
@test "ports in a VRF: their table counts, not the main one" {
	local echos

	x modprobe vrf
	ns blue ip route replace 10.50.0.0/16 via 10.2.1.3
	ping_all blue-a 2 10.50.0.1
	go
	ping_all blue-a 10 10.50.0.1
	got
	((B < 5 && C >= 10))
	batch blue <<-EOT
		link add vrf1 up type vrf table 100
		link set p0 master vrf1
		link set p1 master vrf1
		route replace table 100 10.50.0.0/16 via 10.2.1.2 dev p1
		route replace 10.50.0.0/16 via 10.2.1.3 dev p1 onlink
	EOT
	ping_all blue-a 2 10.50.0.1
	go
	ping_all blue-a 10 10.50.0.1
	got
	((B >= 10 && C < 5))
	by_kernel 20
	# One of them in it: nothing leads from one table to the other.
	batch blue <<-EOT
		link set p0 nomaster
		route flush exact 10.50.0.0/16
	EOT
	wait_until 20 ns blue-a ping -n -q -c 1 -W 1 10.1.1.1
	echos=$(echos_at_b)
	run -1 ns blue-a ping -n -c 3 -i 0.05 -W 2 10.2.1.2
	assert_eq "$(echos_at_b)" "$echos" "echo requests at blue-b"
	# The rule that the kernel made for VRFs stays.
	batch blue <<-EOT
		link set p1 nomaster
		link del vrf1
		address replace fd00:1:1::1/64 dev p0 nodad
		address replace fd00:2:1::1/64 dev p1 nodad
		address replace fe80::1/64 dev p1 nodad
	EOT
	ping_all blue-a 3 10.2.1.2
	ping_all blue-a 3 fd00:2:1::2
	as_ever
}

@test "at the end every slot has its owner and nothing is left" {
	assert_all_slots_conserved blue
	RIG_NAMESPACES=(blue blue-a blue-b blue-c wire) RIG_VRS=(blue)
	topology_end
	assert_nothing_left
}
