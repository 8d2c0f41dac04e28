# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# Wrong commands: each gives its sentence and its exit code (1: wrong words or an unknown
# object, 2: the kernel refused), and changes nothing.
#
#	   a                        (the machine)                           b
#	eth0 10.1.0.2 ─── eu0 ─ vr7p0 10.1.0.1 ┐ VR blue, number 7,
#	                                       │ home namespace v
#	eth0 10.2.0.2 ─── eu1                  ┘
#	                                         VR red, number 8, without ports

load lib/common
load lib/single

setup()
{
	BEFORE=''
	single_setup
	RIG_NAMESPACES+=(a b v)
	batch <<-EOS
		netns add $(ns_name a)
		netns add $(ns_name b)
		netns add $(ns_name v)
		link add eu0 type veth peer name eth0 address $MAC_A netns $(ns_name a)
		link add eu1 type veth peer name eth0 address $MAC_B netns $(ns_name b)
		link set eu0 up
		link set eu1 up
	EOS
	vr_add blue id 7 netns "$(ns_name v)" owner nobody slots 64
	vr_add red id 8
	x ip vr attach dev eu0 vr blue port 0 address "$MAC_P0"
}

# All that a command could have changed.
everything()
{
	ip -j vr show
	ip -j vr classifier show
	{ ip -j link show && ip -j -n "$(ns_name v)" link show; } |
		jq -c 'map({ifname, link, address, mtu, flags: (.flags | map(select(test("UP$|PROMISC"))))})' |
		sed 's/"LOWER_UP",*//'
	ls -l --time-style=+ /dev/europa
}

# unchanged: everything is as it was before the first wrong command since the last right one.
unchanged()
{
	[ -n "$BEFORE" ] || return 0
	diff <(echo "$BEFORE") <(everything) >&2 || { echo "a wrong command changed this" >&2; return 1; }
	BEFORE=''
}

# right COMMAND...: it works, and may change something.
right()
{
	unchanged && x "$@"
}

# wrong CODE REGEX COMMAND...: refused, with that exit code and sentence, without effect.
wrong()
{
	local code=$1 regex=$2 said status=0
	shift 2

	[ -n "$BEFORE" ] || BEFORE=$(everything)
	echo "[+] wrong: $*" >&2
	said=$("$@" 2>&1) || status=$?
	echo "    $said" >&2
	# shellcheck disable=SC2053
	[[ $status == $code ]] || { echo "exit code $status, not $code: $*" >&2; return 1; }
	grep -Eqi -- "$regex" <<< "$said" || { echo "does not say '$regex'" >&2; return 1; }
}

teardown()
{
	local status=0

	unchanged || status=1
	single_teardown || status=1
	return "$status"
}

@test "words nobody knows" {
	wrong 1 'frobnicate' ip vr frobnicate
	wrong 1 'colour' ip vr add green colour 3
	wrong 1 'slots.* value' ip vr add green slots
	wrong 1 'twice' ip vr add green slots 64 slots 64
	wrong 1 'vr' ip vr del
	wrong 1 'set what' ip vr set blue
	wrong 1 'number cannot be changed' ip vr set blue id 9
	wrong 1 'vr' ip vr attach dev eu1
	wrong 1 'dev' ip vr attach vr blue
}

@test "a VR that is not there" {
	wrong 1 'nope.* not exist|no such VR' ip vr show nope
	wrong 1 'no such VR|not exist' ip vr show 99
	wrong 1 'no such VR|not exist' ip vr del nope
	wrong 1 'no such VR|not exist' ip vr del 99
	wrong 1 'no such VR|not exist' ip vr set nope slots 64
	wrong 1 'no such VR|not exist' ip vr set 99 fallback drop
	wrong 1 'no such VR|not exist' ip vr attach dev eu1 vr nope
	wrong 1 'no such VR|not exist' ip vr detach dev eu0 vr nope
	wrong 1 'no such VR|not exist' ip vr exec nope true
	wrong 1 'no such VR|not exist' ip vr pids nope
	wrong 2 'no such VR' ip link add link eu1 type europa vr 99
	wrong 1 'no such VR|not exist' ip vr show dev eu1 vr nope
}

@test "a device that is not there" {
	wrong 1 'nope' ip vr attach dev nope vr blue
	wrong 1 'nope' ip vr detach dev nope vr blue
	wrong 1 'no port' ip vr detach dev eu1 vr blue
	wrong 1 'nope' ip vr show dev nope
	wrong 1 'nope' ip vr classifier show dev nope
	wrong 1 'nope' ip vr classifier del dev nope
	wrong 2 'lower device' ip link add type europa vr 7
}

@test "numbers out of range" {
	local value

	for value in 0 1 63 65537 4294967296 99999999999999999999 -1 x 64x ''; do
		wrong 1 'slots' ip vr add green slots "$value"
	done
	for value in 0 63 1985 -64 x; do
		wrong 1 'snap' ip vr add green snap "$value"
	done
	for value in 0 65 -1 x; do
		wrong 1 'queues' ip vr add green queues "$value"
	done
	for value in 0 1M1 1048575 2T 16777216T x; do
		wrong 1 'limit' ip vr add green limit "$value"
	done
	for value in 1000 8 -1 x rw; do
		wrong 1 'mode' ip vr add green mode "$value"
	done
	for value in 0 65536 -1 4294967297 x; do
		wrong 1 'number' ip vr add id "$value"
	done
	wrong 1 'fallback' ip vr add green fallback maybe
	wrong 1 'spread' ip vr add green spread butter
	wrong 1 'nosuchuser' ip vr add green owner nosuchuser
	wrong 1 'nosuchgroup' ip vr add green group nosuchgroup
	wrong 1 'slots' ip vr set blue slots 63
	wrong 1 'port' ip vr attach dev eu1 vr blue port 1024
	wrong 1 'mode' ip vr attach dev eu1 vr blue mode bridge
	wrong 1 'spoofchk' ip vr attach dev eu1 vr blue spoofchk perhaps
	wrong 1 'interface name' ip vr attach dev eu1 vr blue name a/b
	wrong 1 'interface name' ip vr attach dev eu1 vr blue name sixteencharacter
}

# asks ANSWER REQUEST WORD...: straight to the kernel, past the tools' own checks.
asks()
{
	local said

	said=$("$PROGS/ask" "${@:2}")
	echo "[+] ask ${*:2}: $said" >&2
	grep -Eqx -- "$1" <<< "$said" || { echo "not '$1'" >&2; return 1; }
}

@test "the ranges are the kernel's, whatever a tool lets pass" {
	local words

	BEFORE=$(everything)
	while IFS='|' read -r sentence words; do
		for word in $words; do
			asks "ERANGE: $sentence" vr-new id=9 "$word"
			asks "ERANGE: $sentence" vr-set id=7 "$word"
		done
	done <<-EOT
		slots is 64 to 65536|slots=63 slots=65537
		snap is 64 to 1984 bytes|snap=63 snap=1985
		queues is 1 to 64|queues=0 queues=65
		mode is 0 to 0777|mode=01000
		no such user number|uid=0xffffffff
		no such group number|gid=0xffffffff
		limit is 1 MiB to 1 TiB|limit=0xfffff limit=0x10000000001
		stall is 100 to 3600000 ms, or 0|stall=1 stall=99 stall=3600001
	EOT
	asks 'ERANGE: VR numbers are 1 to 65535' vr-new id=0
	asks 'ERANGE: VR numbers are 1 to 65535' vr-new id=65536
	asks 'EINVAL: fallback is kernel or drop' vr-new id=9 fallback=2
	asks 'EINVAL: spread is flow or cpu' vr-new id=9 spread=2
	asks 'EINVAL: spread is flow or cpu' vr-set id=7 spread=2
	for words in name= name=9 name=a/b 'name=a b'; do
		asks 'EINVAL: a VR name is .*' vr-new id=9 "$words"
		asks 'EINVAL: a VR name is .*' vr-set id=7 "$words"
	done
	asks 'ENOENT: no such VR' vr-set slots=64
	asks 'ENOENT: no such VR' vr-get id=9
	asks 'EINVAL: a classifier needs a program' classifier-set "ifindex=$(< /sys/class/net/eu0/ifindex)"
	asks 'ENODEV: no such device' classifier-set fd=0 ifindex=999999
	asks 'ENODEV: no such device' classifier-del
	asks 'ENOENT: the device has no classifier' classifier-del "ifindex=$(< /sys/class/net/eu0/ifindex)"
	asks 'ERANGE: port numbers are 0 to 1023' port-new link=eu1 id=7 port=1024
	asks 'EINVAL: mode is mac, passthru or classifier' port-new link=eu1 id=7 mode=3
	asks 'EINVAL: spoofchk is 0 or 1' port-new link=eu1 id=7 spoofchk=2
	asks 'EINVAL: say which VR.*' port-new link=eu1 port=1
	unchanged
	# What is just in range.
	asks told vr-new id=65535 name=green slots=64 snap=64 limit=0x100000 mode=0 uid=0xfffffffe echo
	asks ok vr-set id=65535 slots=65536 snap=1984 limit=0x10000000000 mode=0777 fallback=1 stall=100
	asks ok port-new link=eu1 name=green port=1023 spoofchk=0 mode=2
	asks ok vr-del name=green
}

@test "names and numbers that are taken, or no names" {
	local name

	wrong 2 'a VR of this name exists' ip vr add blue
	wrong 2 'a VR of this number exists' ip vr add 7
	wrong 2 'a VR of this number exists' ip vr add green id 7
	wrong 2 'a VR of this name exists' ip vr set red name blue
	for name in sixteencharacter 'a b' 'a/b' 'ä' add vr dev ''; do
		wrong 1 'name' ip vr add name "$name"
	done
	wrong 1 'digits|number' ip vr set red name 123
}

@test "no lower device" {
	wrong 2 'loopback' ip vr attach dev lo vr red
	wrong 2 'loopback' ip link add link lo type europa vr 8
	wrong 2 'europa port' ns v ip vr attach dev vr7p0 vr red
	wrong 2 'europa port' ns v ip link add link vr7p0 type europa vr 8
	if ! right ip tuntap add dev eu9 mode tun; then
		right ip link add eu9 type ipip local 192.0.2.1 remote 192.0.2.2
	fi
	wrong 2 'Ethernet' ip vr attach dev eu9 vr red
	right ip link del eu9
}

@test "a port where there is one" {
	wrong 2 'the VR has a port on this device' ip vr attach dev eu0 vr blue
	wrong 2 'the VR has a port on this device' ip vr attach dev eu0 vr blue port 5 mode classifier
	wrong 2 'no free port of that number' ip vr attach dev eu1 vr blue port 0
	wrong 2 'address' ip vr attach dev eu0 vr red address "$MAC_P0"
	right ip vr attach dev eu1 vr blue mode passthru
	wrong 2 'passthru port already' ip vr attach dev eu1 vr red mode passthru
}

@test "a name that is taken" {
	wrong 2 'exists' ip vr attach dev eu1 vr blue name vr7p0
	wrong 2 'exists' ip vr attach dev eu1 vr blue name lo
	right ip vr attach dev eu1 vr blue
	# What was refused holds no number.
	assert_eq "$(vr_stat blue '.ports | map(.port) | tojson')" '[0,1]' "numbers of the ports"
}

@test "addresses that are none" {
	wrong 1 'address|MAC' ip vr attach dev eu1 vr blue address 02:00:00:00:07
	wrong 1 'address|MAC' ip vr attach dev eu1 vr blue address x
	wrong '[12]' 'address|MAC' ip vr attach dev eu1 vr blue address 01:00:5e:00:00:01
	wrong '[12]' 'address|MAC' ip vr attach dev eu1 vr blue address 00:00:00:00:00:00
	wrong 2 'unicast address' ip link add link eu1 address 01:00:5e:00:00:01 type europa vr 7
}

@test "a port's address that another port has" {
	right ip vr attach dev eu0 vr red
	wrong 2 'use' ip link set vr8p0 address "$MAC_P0"
	wrong 2 '' ip link set vr8p0 address 01:00:5e:00:00:01
}

@test "an mtu larger than the lower device's" {
	wrong 2 "mtu is larger than the lower device's" \
		ip link add link eu1 mtu 1501 type europa vr 7
	wrong 2 'Invalid|mtu' ns v ip link set vr7p0 mtu 1501
}

@test "passthru on a device with an address, unless forced" {
	right ip address add 10.9.0.1/24 dev eu1
	wrong 2 'force' ip vr attach dev eu1 vr blue mode passthru
	right ip vr attach dev eu1 vr blue mode passthru force
	assert_eq "$(vr_stat blue '.ports[1].mode')" passthru
	right ip vr detach dev eu1 vr blue
	right ip address flush dev eu1
	right ip vr attach dev eu1 vr blue mode passthru
}

@test "passthru on a device with an IPv6 address: a link-local one does not count" {
	x sysctl -q -w net.ipv6.conf.eu1.disable_ipv6=0
	right ip address add fe80::1/64 dev eu1 nodad
	right ip vr attach dev eu1 vr blue mode passthru
	right ip vr detach dev eu1 vr blue
	right ip address add 2001:db8::1/64 dev eu1 nodad
	wrong 2 'force' ip vr attach dev eu1 vr blue mode passthru
	right ip vr attach dev eu1 vr blue mode passthru force
}

@test "what is set when a port is made cannot change" {
	wrong 2 'only spoofchk and vlan can change' ns v ip link set vr7p0 type europa port 3
	wrong 2 'only spoofchk and vlan can change' ns v ip link set vr7p0 type europa mode passthru
	wrong 2 'only spoofchk and vlan can change' ns v ip link set vr7p0 type europa vr 8
	wrong 2 'only spoofchk and vlan can change' ns v ip link set vr7p0 type europa vr red
}

# hooked HOST: does the module look at what that sends by eu1? A kernel without kprobes tells, at
# least, whether it is called for it.
hooked()
{
	local tracing=/sys/kernel/tracing hits

	if [ ! -e $tracing/kprobe_events ]; then
		x nft list hooks netdev device eu1 | grep europa_ingress_hook
		return
	fi
	echo 'p:europa_test europa_ingress_hook' > $tracing/kprobe_events || return
	echo 1 > $tracing/events/kprobes/europa_test/enable
	ns "$1" ping -n -q -c 1 -W 0.1 -b 10.9.0.255 > /dev/null || true
	echo 0 > $tracing/events/kprobes/europa_test/enable
	hits=$(awk '$1 == "europa_test" { print $2 }' $tracing/kprobe_profile)
	echo > $tracing/kprobe_events
	echo "hits: $hits" >&2
	((hits > 0))
}

@test "a device is left alone once nothing is attached, and after what was refused" {
	local pin=/sys/fs/bpf/europa-test-$$

	batch -n "$(ns_name b)" <<-EOT
		address add 10.9.0.1/24 dev eth0
		link set eth0 up
	EOT
	run ! hooked b
	wrong 2 'exists' ip vr attach dev eu1 vr blue name lo
	asks 'E.*: not a file descriptor.*' classifier-set fd=1000 "ifindex=$(< /sys/class/net/eu1/ifindex)"
	wrong 2 larger ip link add link eu1 mtu 1501 type europa vr 7
	run ! hooked b
	right ip vr attach dev eu1 vr blue
	hooked b
	x "$PROGS/pinprog" 3 -1 "$pin"
	right ip vr classifier set dev eu1 pinned "$pin"
	right ip vr detach dev eu1 vr blue
	hooked b
	assert_eq "$(ip -j vr classifier show dev eu1 | jq length)" 1 "classifiers"
	right ip vr classifier del dev eu1
	run ! hooked b
	right ip vr attach dev eu1 vr blue
	right ip vr detach dev eu1 vr blue
	run ! hooked b
	rm -f "$pin"
}

no_program() { ! bpftool prog show id "$1" 2> /dev/null | grep -q .; }

@test "a classifier goes with its device, and with the module" {
	local pin=/sys/fs/bpf/europa-test-$$ id

	x "$PROGS/pinprog" 3 -1 "$pin"
	right ip vr classifier set dev eu1 pinned "$pin"
	id=$(ip -j vr classifier show dev eu1 | jq '.[0].id')
	right ip vr classifier set dev eu0 pinned "$pin"
	rm "$pin"
	right ip link del eu1
	assert_eq "$(ip -j vr classifier show | jq length)" 1 "classifiers"
	right ip vr del blue
	right ip vr del red
	x rmmod europa
	wait_until 10 no_program "$id"
	# Nobody looks at what still comes in.
	ns a ip link set eth0 up
	ns a ip address add 10.1.0.2/24 dev eth0
	ns a ping -n -q -c 2 -i 0.1 -W 0.1 10.1.0.1 || true
}

@test "a lower device stays Ethernet" {
	right ip link add eubond type bond mode active-backup
	right ip link add eu9 type ipip local 192.0.2.1 remote 192.0.2.2
	right ip vr attach dev eubond vr red
	wrong 2 '' ip link set eu9 master eubond
	assert_eq "$(< /sys/class/net/eubond/type)" 1 "type of the device"
	right ip link del eubond
	right ip link del eu9
}

@test "a home namespace that is not there" {
	unchanged
	vr_add green id 9 netns "$(ns_name nowhere)"
	wrong 1 'nowhere' ip vr attach dev eu1 vr green
	wrong 1 'nowhere' ip vr exec green true
}

@test "no program, or a wrong one" {
	local pin=/sys/fs/bpf/europa-test-$$

	wrong 1 'nosuchfile' ip vr classifier set dev eu0 object /nosuchfile
	wrong 1 '' ip vr classifier set dev eu0 object /etc/passwd
	wrong 1 'nosuchpin' ip vr classifier set dev eu0 pinned /sys/fs/bpf/nosuchpin
	wrong 1 'object' ip vr classifier set dev eu0
	wrong 1 'no classifier' ip vr classifier del dev eu0
	# BPF_PROG_TYPE_SOCKET_FILTER, XDP and, right, SCHED_CLS.
	right "$PROGS/pinprog" 1 0 "$pin-filter"
	right "$PROGS/pinprog" 6 0 "$pin-xdp"
	right "$PROGS/pinprog" 3 -1 "$pin-cls"
	wrong 2 'program' ip vr classifier set dev eu0 pinned "$pin-filter"
	wrong 2 'program' ip vr classifier set dev eu0 pinned "$pin-xdp"
	wrong 2 'loopback' ip vr classifier set dev lo pinned "$pin-cls"
	right ip vr classifier set dev eu0 pinned "$pin-cls"
	wrong 2 'program' ip vr classifier set dev eu0 pinned "$pin-xdp"
	rm -f "$pin-filter" "$pin-xdp" "$pin-cls"
	assert_eq "$(ip -j vr classifier show | jq length)" 1
	right ip vr classifier del dev eu0
}

@test "slots and snap stay while a data plane is attached" {
	raw "$NODE" attach map start pause
	says pausing
	wrong 2 'while a data plane is attached' ip vr set blue slots 128
	wrong 2 'while a data plane is attached' ip vr set blue snap 128
	right ip vr set blue fallback drop
	assert_slots_conserved blue
	assert_eq "$(vr_stat blue .state)" running
}

@test "who is not root may change nothing" {
	wrong 2 'permitted|permission|CAP_NET_ADMIN' as_nobody ip vr add green
	wrong 2 'permitted|permission|CAP_NET_ADMIN' as_nobody ip vr set blue fallback drop
	wrong 2 'permitted|permission|CAP_NET_ADMIN' as_nobody ip vr del blue
	wrong '[12]' 'permitted|permission|CAP_NET_ADMIN' as_nobody ip vr attach dev eu1 vr blue
	wrong '[12]' 'permitted|permission|CAP_NET_ADMIN' as_nobody ip vr detach dev eu0 vr blue
	as_nobody ip vr show blue
}

# tries WHAT ANSWER WORD...: as the data plane of an idle VR.
tries()
{
	local said

	said=$(as_nobody "$PROGS/raw" "$NODE" "${@:3}")
	echo "$said" >&2
	grep -qx -- "$1: $2" <<< "$said" || { echo "$1 is not refused with $2" >&2; return 1; }
	idle
}

@test "attach refuses what it does not know" {
	tries attach,version=0 EPROTO attach,version=0
	tries attach,version=2 EPROTO attach,version=2
	tries attach,queue=1 EINVAL attach,queue=1
	tries attach,queue=4294967295 EINVAL attach,queue=4294967295
	tries attach,reserved=1 EINVAL attach,reserved=1
	tries attach ok attach
}

@test "attach grants the features it knows, and the others not" {
	local said

	tries "granted" 0x1 attach,features=1
	tries "granted" 0x3 attach,features=3
	tries "granted" 0x0 attach,features=0x8000000000000004
	tries "granted" 0x3 attach,features=-1
	raw "$NODE" pause attach,features=5 say=granted pause detach pause
	says pausing
	run ! told_features
	next_word
	# shellcheck disable=SC2153
	wait_until 10 grep -qx "granted: 0x1" "$SAID"
	assert_eq "$(told_features)" "features: 0x1"
	says granted
	next_word
	says "detach: ok"
	run ! told_features
}

# told_features: what netlink says of the data plane's features, if it says anything.
told_features() { as_nobody "$PROGS/trychanges" 7 eu1 | grep "^features: "; }

@test "other calls are for who is attached" {
	local word

	for word in start stop kick detach map,pages=1; do
		tries "$word" ENOTCONN "$word"
		tries "$word" ENOTCONN attach detach "$word"
	done
	tries unknown ENOTTY unknown
	tries "port=1" ENOENT "port=1"
	tries "port=1023" ENOENT "port=1023"
	tries "port=4294967295" ENOENT "port=4294967295"
	tries "port=0" ok "port=0"
	tries "port=0,reserved=1" EINVAL "port=0,reserved=1"
	tries attach EBUSY attach attach
}

@test "the pool is mapped whole, shared and once from its start" {
	tries map,pages=1 EINVAL attach map,pages=1
	tries map,pages=-1 EINVAL attach map,pages=-1
	tries map,offset=1 EINVAL attach map,offset=1
	tries map,offset=1,pages=-1 EINVAL attach map,offset=1,pages=-1
	tries map,private EINVAL attach map,private
	tries map ok attach map
	tries touch ok attach map touch
}
