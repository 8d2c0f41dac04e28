# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# ip vr attach ... takeover, in the namespace of a container in a lab: a port is what eth1 was, by
# name, addresses and routes, and ip vr detach gives it all back. (To take a queue over from another
# data plane is outage.bats' matter.)
#
#	   a                        v                         b
#	eth0 10.1.0.2 ─── eth1 10.1.0.1   eth2 10.2.0.1 ─── eth0 10.2.0.2
#	  fd00:1::2        fd00:1::1       fd00:2::1          fd00:2::2

load lib/common
load lib/progs

setup()
{
	rig_setup
	install_progs
	[ -d /sys/module/europa ] || x modprobe europa
}

teardown() { rig_teardown; }

# topology: v forwards between a and b, as its kernel does, and need not ask who they are.
topology()
{
	RIG_NAMESPACES+=(a b v)
	ip_batch <<-EOT
		netns add $(ns_name a)
		netns add $(ns_name b)
		netns add $(ns_name v)
		link add eth1 netns $(ns_name v) up type veth peer name eth0 address 02:00:00:00:00:0a netns $(ns_name a)
		link add eth2 netns $(ns_name v) up type veth peer name eth0 address 02:00:00:00:00:0b netns $(ns_name b)
	EOT
	ns v sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	ip_batch -n "$(ns_name v)" <<-EOT
		link set lo up
		address add 10.1.0.1/24 dev eth1
		address add fd00:1::1/64 dev eth1 nodad
		address add 10.2.0.1/24 dev eth2
		address add fd00:2::1/64 dev eth2 nodad
		neighbour add 10.1.0.2 lladdr 02:00:00:00:00:0a dev eth1 nud permanent
		neighbour add fd00:1::2 lladdr 02:00:00:00:00:0a dev eth1 nud permanent
		neighbour add 10.2.0.2 lladdr 02:00:00:00:00:0b dev eth2 nud permanent
		neighbour add fd00:2::2 lladdr 02:00:00:00:00:0b dev eth2 nud permanent
	EOT
	host a 1 2
	host b 2 1
	vr_add blue id 7 netns "$(ns_name v)"
	wait_until 60 settled
}

# host NAME ITS-NET OTHER-NET
host()
{
	ip_batch -n "$(ns_name "$1")" <<-EOT
		link set eth0 up
		address add 10.$2.0.2/24 dev eth0
		address add fd00:$2::2/64 dev eth0 nodad
		route add 10.$3.0.0/24 via 10.$2.0.1
		route add fd00:$3::/64 via fd00:$2::1
	EOT
}

in_v() { ip -n "$(ns_name v)" "$@"; }

# settled: no address of v is being looked for any more, and no link has yet to come up.
settled()
{
	[[ $(in_v -6 address) != *tentative* && $(in_v route; in_v -6 route) != *linkdown* ]]
}

# what_is: all that v has on eth1, and of eth2 what it shares with it. In order where that counts.
what_is()
{
	in_v -o address show dev eth1 | sed -E 's/^[0-9]+: //; s/[0-9]+sec/Nsec/'
	# A port that has just come up says UNKNOWN for a moment.
	in_v -o link show dev eth1 | sed 's/state UNKNOWN/state UP/' |
		grep -Eo 'mtu [0-9]+|state [A-Z]+|group [a-z0-9]+|link/ether [0-9a-f:]+'
	in_v rule
	in_v -o route show table all | sed -E 's/[0-9]+sec/Nsec/; s/ onlink//' | sort
	in_v nexthop | sort
	in_v neighbour show nud permanent | sort
	ip netns exec "$(ns_name v)" sh -c 'cd /proc/sys/net &&
		grep -rs . ipv[46]/conf/eth1 ipv[46]/neigh/eth1 | sort'
}

# much: what an operator may have set.
much()
{
	ns v sysctl -q -w net.ipv4.conf.eth1.rp_filter=2 net.ipv4.conf.eth1.proxy_arp=1 \
		net.ipv6.conf.eth1.accept_ra=0 net.ipv6.neigh.eth1.gc_stale_time=77
	ip_batch -n "$(ns_name v)" <<-EOT
		link set eth1 mtu 1400 txqueuelen 500 group 7 alias "to a"
		address add 10.1.0.9/24 dev eth1
		address add 192.0.2.1/32 dev eth1 label eth1:x
		address add 192.0.2.5 peer 192.0.2.6/32 dev eth1 metric 77
		address add fd00:1::5/64 dev eth1
		address add fd00:1::6/128 dev eth1 noprefixroute
		address add fd00:1::7/64 dev eth1 valid_lft 90000 preferred_lft 0 nodad
		address add 10.5.0.1/24 dev eth1 noprefixroute
	EOT
	wait_until 60 settled
	ip_batch -n "$(ns_name v)" <<-EOT
		neighbour add 10.1.0.77 lladdr 02:00:00:00:00:77 dev eth1 nud permanent
		neighbour add fd00:1::77 lladdr 02:00:00:00:00:77 dev eth1 nud permanent
		route add 198.51.100.0/24 dev eth1
		route add 10.9.0.0/16 via 198.51.100.1 metric 50 mtu 1300
		route add 10.9.0.0/16 via 10.1.0.2 metric 60 src 10.1.0.9
		route add default via 10.1.0.2 proto static
		route add default via 10.1.0.2 table 100
		route add 10.10.0.0/16 nexthop via 10.1.0.2 weight 3 nexthop via 10.2.0.2
		route add 10.11.0.0/16 dev eth2 src 10.1.0.1
		nexthop add id 1 via 10.1.0.2 dev eth1
		nexthop add id 2 via 10.2.0.2 dev eth2
		nexthop add id 3 group 1/2
		nexthop add id 4 via 198.51.100.1 dev eth1
		route add 10.12.0.0/16 nhid 1
		route add 10.13.0.0/16 nhid 3
		route add 10.14.0.0/16 nhid 4
		route add 10.5.0.0/24 dev eth1 proto kernel scope link src 10.5.0.1 metric 100
		route add fd00:9::/48 via fd00:1::2 metric 50 mtu 1300
		route add fd00:9::/48 via fe80::2 dev eth1 metric 60 src fd00:1::5
		route add fd00:8::/48 via fe80::2 dev eth1 expires 9000
		route add default via fd00:1::2 pref high
		route add fd00:10::/48 nexthop via fd00:1::2 nexthop via fd00:2::2
		rule add iif eth1 lookup 100
	EOT
	wait_until 60 settled
}

# same WHEN: v has what it had, once its addresses are there.
same()
{
	wait_until 60 settled
	wait_until 60 is_same && return
	echo "not the same: $1" >&2
	diff "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/now" >&2
}

is_same()
{
	what_is > "$BATS_TEST_TMPDIR/now"
	cmp -s "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/now"
}

remember() { what_is > "$BATS_TEST_TMPDIR/before"; }

# nothing_left: nothing of a takeover is left.
nothing_left()
{
	assert_eq "$(in_v -o link show type europa)" "" "ports"
	[[ $(in_v link) != *eth1.lower* ]]
}

had_by_blue() { vr_stat blue .stats.send; }
had_is() { [ "$(had_by_blue)" = "$1" ]; }

# A packet is counted when it has gone, and its answer may be there by then.
calm()
{
	local had

	had=$(had_by_blue)
	pause 0.3
	had_is "$had"
}

# through_blue: a and b talk, with either family, and blue's data plane has each packet.
through_blue()
{
	local before address

	for address in 10.2.0.2 fd00:2::2; do
		wait_until 60 ns a ping -c 1 -W 1 "$address"
		wait_until 60 calm
		before=$(had_by_blue)
		ns a ping -n -q -c 20 -i 0.01 -W 5 "$address"
		wait_until 20 had_is $((before + 40))
	done
}

take() { x ip -n "$(ns_name v)" vr attach dev "$1" vr blue takeover; }
give() { x ip -n "$(ns_name v)" vr detach dev "$1"; }

@test "a port takes the place of an interface, with all that was set, and gives it back" {
	topology
	much
	remember
	take eth1
	same "with the port"
	assert_eq "$(vr_stat blue '.ports[0] | [.ifname, .mode] | join(" ")')" "eth1 passthru"
	assert_eq "$(in_v -o address show dev eth1.lower)" "" "addresses aside"
	wait_until 60 ns a ping -c 1 -W 1 10.1.0.1
	wait_until 60 ns a ping -c 1 -W 1 fd00:1::1
	give eth1
	same "without it"
	nothing_left
	wait_until 60 ns a ping -c 1 -W 1 10.1.0.1
	wait_until 60 ns a ping -c 1 -W 1 fd00:1::1
}

# bats test_tags=matrix
@test "both interfaces taken: the data plane forwards, and without it the kernel does" {
	topology
	take eth1
	take eth2
	spawn ip vr exec blue europa-router --no-idle
	x ip vr wait blue up timeout 60
	through_blue
	x ip -n "$(ns_name v)" vr detach dev eth2.lower vr blue
	give eth1
	nothing_left
	wait_until 60 ns a ping -c 1 -W 1 10.2.0.2
	wait_until 60 ns a ping -c 1 -W 1 fd00:2::2
}

@test "what came to the port meanwhile goes to the interface" {
	topology
	take eth1
	ns v sysctl -q -w net.ipv4.conf.eth1.rp_filter=2
	ip_batch -n "$(ns_name v)" <<-EOT
		link set eth1 down
		link set eth1 address 02:00:00:00:00:33
		link set eth1 up
		address del 10.1.0.1/24 dev eth1
		address add 10.1.0.33/24 dev eth1
		address add fd00:1::33/64 dev eth1 nodad
		route add 10.9.0.0/16 via 10.1.0.2
		route add 203.0.113.0/24 dev eth1
		route add 10.20.0.0/16 via 203.0.113.1
		route del 203.0.113.0/24
		link set eth1 mtu 1300
	EOT
	wait_until 60 settled
	remember
	give eth1
	same "without the port"
	nothing_left
}

@test "down it stays down; a VRF stays its VRF" {
	topology
	x in_v link add red type vrf table 10
	x in_v link set red up
	x in_v link set eth1 master red
	x in_v link set eth2 down
	wait_until 60 settled
	remember
	take eth1
	take eth2
	[[ $(in_v link show eth2) != *,UP* ]]
	same "with the port"
	[[ $(in_v link show eth1) == *'master red'* ]]
	x in_v link set eth2 up
	wait_until 60 runs eth2
	x in_v link set eth2 down
	give eth1
	give eth2
	same "without it"
	nothing_left
}

@test "what is refused changes nothing" {
	local v

	topology
	v=$(ns_name v)
	x in_v link add a-long-name type dummy
	remember
	refused 'no VR "nosuch"|no such VR|nosuch' ip -n "$v" vr attach dev eth1 vr nosuch takeover
	refused 'Cannot find device' ip -n "$v" vr attach dev eth7 vr blue takeover
	refused 'too long for a name: say with lower' ip -n "$v" vr attach dev a-long-name vr blue takeover
	refused 'which is there already' ip -n "$v" vr attach dev eth1 vr blue takeover lower eth2
	refused 'not to be chosen' ip -n "$v" vr attach dev eth1 vr blue takeover name x
	refused 'a word of a takeover' ip -n "$v" vr attach dev eth1 vr blue lower x
	refused 'was not taken over' ip -n "$v" vr detach dev eth1
	ns v modprobe 8021q
	x in_v link add eth1.10 link eth1 type vlan id 10
	refused '"eth1.10" is on top of "eth1"' ip -n "$v" vr attach dev eth1 vr blue takeover
	x in_v link del eth1.10
	same "after what was refused"
	vr_add red id 8
	refused 'at home' ip vr attach dev lo vr blue takeover
	refused 'loopback' ip -n "$v" vr attach dev lo vr red takeover
	x ip -n "$v" vr attach dev eth1 vr red name r0 mode passthru force
	refused 'has a passthru port already' ip -n "$v" vr attach dev eth1 vr blue takeover
	x ip -n "$v" vr detach dev eth1 vr red
	x ip -n "$v" vr attach dev eth1 vr blue name b0
	refused 'not permitted' ip netns exec "$v" setpriv --reuid=nobody --regid=nogroup \
		--clear-groups --inh-caps=-all ip-vr attach dev eth2 vr blue takeover
	refused 'has a port on this device' ip -n "$v" vr attach dev eth1 vr blue takeover
	refused 'europa port cannot be' ip -n "$v" vr attach dev b0 vr red takeover
	x ip -n "$v" vr detach dev eth1 vr blue
	x ip -n "$v" vr attach dev a-long-name vr blue takeover lower aside
	[[ $(in_v link show aside) == *'europa takeover of a-long-name'* ]]
	x ip -n "$v" vr detach dev a-long-name
	same "after all"
	exits 1 ip -n "$v" vr attach dev eth1 vr nosuch takeover
	exits 1 ip -n "$v" vr attach dev eth1 vr blue takeover name x
	exits 2 ip -n "$v" vr attach dev lo vr blue takeover
	nothing_left
}

# exits STATUS COMMAND...
exits()
{
	local want=$1 status=0
	shift

	"$@" || status=$?
	assert_eq "$status" "$want" "status of $*"
}

# Settings cannot be written there, which is found out when all else is on its way.
half_way()
{
	refused 'cannot be written: Read-only' unshare -m sh -c 'mount -o bind /proc/sys /proc/sys &&
		mount -o remount,bind,ro /proc/sys && exec ip netns exec "$@"' - "$(ns_name v)" ip-vr "$@"
}

@test "a failure half-way undoes all, of attach and of detach" {
	topology
	much
	remember
	half_way attach dev eth1 vr blue takeover
	same "after the attach"
	nothing_left
	take eth1
	same "with the port"
	half_way detach dev eth1
	same "after the detach"
	[[ $(in_v link show eth1.lower) == *'europa takeover of eth1'* ]]
	give eth1
	same "without it"
	nothing_left
}

# stuck_in COMMAND...: ip-vr of v as $STUCK, which stands still at a setting of IPv6 that is a pipe
# here, until go_on feeds it. By then all has gone from where it was, and not all is where it goes.
stuck_in()
{
	local conf=$BATS_TEST_TMPDIR/conf

	rm -rf "$conf"
	mkdir -p "$conf/eth1"
	mkfifo "$conf/eth1/accept_dad"
	# shellcheck disable=SC2016
	spawn ip netns exec "$(ns_name v)" unshare -m sh -c 'mount -o bind "$0" /proc/sys/net/ipv6/conf && exec "$@"' \
		"$conf" ip-vr "$@"
	STUCK=$SPAWNED STUCK_SAYS=$SPAWNED_LOG STUCK_AT=$conf/eth1/accept_dad
	# What it was before is read first.
	# shellcheck disable=SC2016
	timeout 60 sh -c 'echo 0 > "$0"' "$STUCK_AT"
	wait_until 60 is_stuck
}

# The second time it is the port's, which has the name by then.
is_stuck() { [[ $(in_v -d link show eth1) == *' europa '* ]]; }

# go_on: the pipe has what is asked for, once, until the program has ended. It is open both ways:
# else who comes while a writer is about to go finds nothing, writes himself, and waits for ever.
go_on()
{
	# shellcheck disable=SC2016
	spawn bash -c 'exec 9<> "$0"
		while sleep 0.05; do
			while read -r -t 0.01 -u 9; do :; done
			echo 0 >&9
		done' "$STUCK_AT"
	ended_within 60 "$STUCK"
}

@test "killed half-way: detach gives back what the interface had" {
	topology
	much
	ns v sysctl -q -w net.ipv6.conf.eth1.accept_dad=0
	remember
	stuck_in attach dev eth1 vr blue takeover
	refused 'is just being taken over' ip -n "$(ns_name v)" vr detach dev eth1
	x kill -9 "$STUCK"
	ended_within 20 "$STUCK"
	[[ $(in_v -o address show dev eth1) != *10.1.0.9* ]]
	run ip -n "$(ns_name v)" vr detach dev eth1
	echo "$output" >&2
	assert_eq "$status" 0 "status"
	[[ $output == *'"eth1" was being taken over'*'gets all back'* ]]
	same "after the attach that was killed"
	nothing_left
	refused 'was not taken over' ip -n "$(ns_name v)" vr detach dev eth1
}

# some: what an operator may have set, in short.
some()
{
	ip_batch -n "$(ns_name v)" <<-EOT
		address add 10.1.0.9/24 dev eth1
		route add 10.9.0.0/16 via 10.1.0.2
		route add fd00:9::/48 via fd00:1::2
	EOT
}

# says COMMAND...: what it says in SAID, its status in CODE.
says()
{
	CODE=0
	SAID=$("$@" 2>&1) || CODE=$?
	echo "[+] $*: $CODE, $SAID" >&2
}

# injected CALL WHAT COMMAND...: ip-vr of v, which gets WHAT from strace at such calls.
injected()
{
	local call=$1 what=$2
	shift 2

	says ip netns exec "$(ns_name v)" strace -qq -o /dev/null -e "trace=$call" \
		-e "inject=$call:$what" ip-vr "$@"
}

# killed_at CALL N COMMAND...: kill -9 at its Nth such call, which is not made.
killed_at()
{
	injected "$1" "signal=KILL:when=$2" "${@:3}"
	assert_eq "$CODE" 137 "status of the one that is killed at its $1 number $2"
}

stored() { compgen -G "/run/europa/takeover.*"; }

# gives_all_back: ip vr detach, and says why.
gives_all_back()
{
	says ip -n "$(ns_name v)" vr detach dev eth1
	assert_eq "$CODE" 0 "status of detach"
	[[ $SAID == *'"eth1" was being taken over'*'gets all back'* ]]
}

@test "killed before the interface has lost its name: what is left is not taken over" {
	local at refused=0

	topology
	some
	wait_until 60 settled
	remember
	# From the last look at what there is to the new name.
	for at in 10 11 13 15; do
		killed_at sendto "$at" attach dev eth1 vr blue takeover
		says ip -n "$(ns_name v)" vr attach dev eth1 vr blue takeover
		if ((CODE == 0)); then
			give eth1
		else
			[[ $SAID == *'"eth1" was being taken over'*' first.'* ]]
			refused=$((refused + 1))
			gives_all_back
		fi
		same "killed at $at"
		nothing_left
	done
	((refused >= 3))
	# Nothing was done yet.
	for at in write pwrite64; do
		killed_at "$at" 1 attach dev eth1 vr blue takeover
		take eth1
		give eth1
		same "killed at $at"
	done
	nothing_left
	assert_eq "$(stored)" "" "files"
}

@test "killed again and again, and the VR deleted: what the interface had is kept" {
	local at

	topology
	some
	wait_until 60 settled
	remember
	killed_at sendto 15 attach dev eth1 vr blue takeover
	x ip vr del blue
	for at in 3 6 8 13 16; do
		killed_at sendto "$at" detach dev eth1
		stored
	done
	injected sendto error=ENOBUFS:when=1 detach dev eth1
	assert_eq "$CODE" 2 "status where the kernel has no memory"
	gives_all_back
	same "after all"
	nothing_left
	assert_eq "$(stored)" "" "files"
}

@test "killed when all was done: what came since stays" {
	# The first one is the name that the file has until it is whole.
	topology
	some
	wait_until 60 settled
	killed_at '?unlink,unlinkat' 2 attach dev eth1 vr blue takeover
	stored
	x in_v address add 10.1.0.33/24 dev eth1
	remember
	give eth1
	same "without the port"
	nothing_left
	assert_eq "$(stored)" "" "files"
	take eth1
	killed_at '?unlink,unlinkat' 2 detach dev eth1
	stored
	x in_v address del 10.1.0.33/24 dev eth1
	remember
	refused 'was not taken over' ip -n "$(ns_name v)" vr detach dev eth1
	same "after a detach too many"
	nothing_left
	assert_eq "$(stored)" "" "files"
}

# other_boot COMMAND...: ip-vr of v, after another boot as far as it can tell.
other_boot()
{
	echo 01234567-89ab-cdef-0123-456789abcdef > "$BATS_TEST_TMPDIR/boot"
	# shellcheck disable=SC2016
	says ip netns exec "$(ns_name v)" unshare -m sh -c \
		'mount -o bind "$0" /proc/sys/kernel/random/boot_id && exec ip-vr "$@"' \
		"$BATS_TEST_TMPDIR/boot" "$@"
}

@test "what is kept of another interface, or of another boot, is not given back" {
	local file

	topology
	some
	wait_until 60 settled
	killed_at sendto 15 attach dev eth1 vr blue takeover
	file=$(stored)
	x cp "$file" "$BATS_TEST_TMPDIR/kept"
	gives_all_back
	wait_until 60 settled
	take eth1
	x in_v address add 10.1.0.33/24 dev eth1
	wait_until 60 settled
	remember
	x cp "$BATS_TEST_TMPDIR/kept" "$file"
	other_boot detach dev eth1
	assert_eq "$CODE" 0 "status"
	[[ $SAID == *'is in "/run/europa/lost.'* ]]
	same "after another boot"
	nothing_left
	x cp "$BATS_TEST_TMPDIR/kept" "$file"
	x in_v link set eth1 address 02:00:00:00:00:99
	remember
	says ip -n "$(ns_name v)" vr detach dev eth1
	assert_eq "$CODE" 1 "status"
	[[ $SAID == *'another MAC address'*'was not taken over'* ]]
	same "with another MAC address"
	assert_eq "$(stored)" "" "files"
}

@test "where the file is somebody else's nothing is begun" {
	topology
	some
	wait_until 60 settled
	remember
	injected '?link,linkat' error=EEXIST attach dev eth1 vr blue takeover
	assert_eq "$CODE" 2 "status of attach"
	[[ $SAID == *'is just being taken over'* ]]
	same "after the attach"
	nothing_left
	take eth1
	injected '?link,linkat' error=EEXIST detach dev eth1
	assert_eq "$CODE" 2 "status of detach"
	[[ $SAID == *'is just being taken over'* ]]
	same "after the detach"
	give eth1
	same "without the port"
	nothing_left
}

# So many addresses that the kernel tells them in some parts, and others that come and go between.
@test "what changes while it is looked at is looked at again" {
	local reader i k

	topology
	some
	x in_v link add many type dummy
	for i in {0..7}; do
		for k in {1..120}; do
			echo "address add 10.77.$i.$k/32 dev many"
		done
	done | ip_batch -n "$(ns_name v)"
	remember
	mkfifo "$BATS_TEST_TMPDIR/come"
	spawn ip -n "$(ns_name v)" -force -batch "$BATS_TEST_TMPDIR/come"
	reader=$SPAWNED
	# shellcheck disable=SC2016
	spawn sh -c 'exec yes "address add 10.78.0.1/32 dev many
address del 10.78.0.1/32 dev many" > "$0"' "$BATS_TEST_TMPDIR/come"
	injected recvmsg delay_enter=50000 attach dev eth1 vr blue takeover
	x kill "$SPAWNED"
	assert_eq "$CODE" 2 "status while they come and go"
	[[ $SAID == *'change all the time'* ]]
	ended_within 60 "$reader"
	in_v address flush dev many to 10.78.0.1/32
	same "after the attach"
	take eth1
	same "with the port"
	give eth1
	nothing_left
}

# interrupted: the attach that is stuck is told to end: all is given back, and told.
interrupted()
{
	x kill -TERM "$STUCK"
	go_on
	grep '^Interrupted: "eth1" gets all back.$' "$STUCK_SAYS"
	same "after the attach that was interrupted"
	nothing_left
}

@test "interrupted when all was given: all is given back, and told" {
	topology
	some
	ns v sysctl -q -w net.ipv6.conf.eth1.accept_dad=0
	wait_until 60 settled
	remember
	stuck_in attach dev eth1 vr blue takeover
	# shellcheck disable=SC2016
	timeout 60 sh -c 'echo 0 > "$0"' "$STUCK_AT"
	wait_until 60 has_route 10.9.0.0/16
	interrupted
}

has_route() { [[ $(in_v route show "$1") == *dev\ eth1* ]]; }

@test "interrupted while it waits for the link: all is given back, and told" {
	topology
	much
	ns v sysctl -q -w net.ipv6.conf.eth1.accept_dad=0
	remember
	stuck_in attach dev eth1 vr blue takeover
	interrupted
}

# refuse_a_route: its gateway is an address of v itself by now, which the kernel keeps and does not
# take again. Of what it remembers without, nothing is lost.
refuse_a_route()
{
	x in_v route add fd00:30::/48 via fd00:1::55
	x in_v address add fd00:1::55/64 dev eth1 nodad
	wait_until 60 settled
	what_is | grep -v fd00:30:: > "$BATS_TEST_TMPDIR/before"
}

@test "what is refused on the way back is all that is lost" {
	topology
	much
	refuse_a_route
	says ip -n "$(ns_name v)" vr attach dev eth1 vr blue takeover
	assert_eq "$CODE" 2 "status"
	[[ $SAID == *'Error: 1 of what "eth1" had is lost'*'is in "/run/europa/lost.'* ]]
	same "after the attach"
	nothing_left
	assert_eq "$(stored)" "" "files"
	x in_v address del fd00:1::55/64 dev eth1
	take eth1
	refuse_a_route
	refused 'Error: 1 of what "eth1" had is lost' \
		ip -n "$(ns_name v)" vr detach dev eth1
	same "after the detach"
	assert_eq "$(in_v -o address show dev eth1.lower)" "" "addresses aside"
	[[ $(in_v link show eth1.lower) == *,UP* ]]
	x in_v address del fd00:1::55/64 dev eth1
	wait_until 60 settled
	what_is > "$BATS_TEST_TMPDIR/before"
	give eth1
	same "without what stood in the way"
	nothing_left
}

has_failed() { [[ $(in_v -6 address show dev eth1 dadfailed) == *"$1"* ]]; }
runs() { [[ $(in_v link show "$1") == *LOWER_UP* ]]; }
has_expired() { [[ $(in_v -6 route show "$1") != *'expires '[0-9]* ]]; }

# An address that a has, and routes that have expired or come from the next router's advertisement.
@test "what is not valid any more, and what the kernel learns again, does not come with it" {
	topology
	ns v sysctl -q -w net.ipv6.conf.eth1.forwarding=0 net.ipv6.conf.eth1.accept_ra=1 \
		net.ipv6.conf.eth2.accept_ra=0
	ip_batch -n "$(ns_name v)" <<-EOT
		address add fd00:1::2/64 dev eth1
		route add fd00:77::/48 via fe80::2 dev eth1 proto ra
		route add fd00:77::/48 via fe80::2 dev eth2 proto ra metric 7
		route add fd00:78::/48 via fe80::2 dev eth1 expires 1
	EOT
	wait_until 60 has_failed fd00:1::2/64
	wait_until 60 has_expired fd00:78::/48
	run ip -n "$(ns_name v)" vr attach dev eth1 vr blue takeover
	assert_eq "$status" 0 "status"
	[[ $output == *'"fd00:1::2" of "eth1" is not carried over'* ]]
	[[ $(in_v -6 address show dev eth1) != *fd00:1::2/64* ]]
	assert_eq "$(in_v -6 route show fd00:77::/48 dev eth1)" "" "the advertised route"
	assert_eq "$(in_v -6 route show fd00:78::/48)" "" "the expired route"
	take eth2
	[[ $(in_v -6 route show fd00:77::/48) == *eth2*'proto ra'* ]]
	give eth1
	give eth2
	nothing_left
}

@test "a VR that is deleted leaves the interface, which gets its name again" {
	topology
	take eth1
	x ip vr del blue
	refused 'does not exist' in_v link show eth1
	give eth1
	[[ $(in_v link show eth1) == *,UP* && $(in_v -d link show eth1) == *veth* ]]
	nothing_left
	assert_eq "$(ns v cat /proc/sys/net/ipv6/conf/eth1/disable_ipv6)" 0
	[[ $(in_v -o link show eth1) != *europa* ]]
}

# As root of a privileged container, which sees no VR without a port of its own.
@test "in a container with processes of its own" {
	topology
	remember
	# shellcheck disable=SC2016
	ns v unshare -p -f --mount-proc sh -ec 'ip-vr add red id 8
		ip-vr attach dev eth1 vr red takeover
		ip-vr show red | grep -q "eth1@eth1.lower"
		if ip-vr attach dev eth2 vr nosuch takeover; then exit 1; fi
		if ip-vr attach dev eth2 vr red takeover name x; then exit 1; fi
		ip-vr detach dev eth1
		ip-vr del red'
	same "afterwards"
	nothing_left
}

# What docs/labs.md says of the image: here with its own /dev, processes and namespace.
@test "the entry point of the image takes the interfaces, forwards, and leaves nothing" {
	topology
	x ip vr del blue
	remember
	cat > "$BATS_TEST_TMPDIR/container" <<-EOT
		mount -t tmpfs tmpfs /dev
		mknod -m 666 /dev/null c 1 3
		mknod -m 666 /dev/urandom c 1 9
		exec ${BATS_TEST_DIRNAME:?}/../docs/labs/start europa-router --no-idle
	EOT
	spawn ns v unshare -p -f -m --mount-proc env CLAB_INTFS=2 EUROPA_VR=blue bash "$BATS_TEST_TMPDIR/container"
	ns v env EUROPA_VR=blue timeout 100 "${BATS_TEST_DIRNAME:?}/../docs/labs/start" --wait ||
		{ cat "$SPAWNED_LOG" >&2; return 1; }
	assert_eq "$(stat -c %U "/proc/$(ip vr pids blue)")" nobody
	through_blue
	x kill "$(pgrep -o -P "$SPAWNED")"
	wait_until 60 vr_gone blue
	same "afterwards"
	nothing_left
	refused 'does not forward' env EUROPA_VR=blue EUROPA_WAIT=0 "${BATS_TEST_DIRNAME:?}/../docs/labs/start" --wait
}

vr_gone() { ! ip vr show "$1" > /dev/null 2>&1; }
