# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# vr-quick: a VR is made, changed, saved and removed by its file.
#
#	   a                       (the machine)                          b
#	eth0 10.1.0.2 ─── eu0 ─── p0 10.1.0.1 ┐ VR blue, its home
#	     fd00:1::2               fd00:1::1│ namespace quick-v
#	eth0 10.2.0.2 ─── eu1 ─── p1 10.2.0.1 ┘

load lib/common

CLASSIFIERS=$(dirname "$(find /usr/lib/europa /usr/local/lib/europa -name prefix.bpf.o 2>/dev/null | head -n 1)")

setup()
{
	rig_setup
	export VR_QUICK_CONF=$BATS_TEST_TMPDIR
	FILE=$VR_QUICK_CONF/blue.conf
	x modprobe europa
	ns_add a b
	host a eu0 1
	host b eu1 2
	write_file
}

teardown()
{
	local file

	for file in "$VR_QUICK_CONF"/*.conf; do
		vr-quick down "$file" > /dev/null 2>&1 || true
	done
	ip link del eu0 2> /dev/null || true
	ip link del eu1 2> /dev/null || true
	ip link del eu2 2> /dev/null || true
	rig_teardown
	assert_eq "$(ip -j vr show | jq length)" 0 VRs
	[ ! -e /run/netns/quick-v ]
}

# host NS DEVICE SIDE
host()
{
	x ip link add "$2" address "02:00:00:00:0$3:01" type veth peer name eth0 \
		address "02:00:00:00:0$3:02" netns "$(ns_name "$1")"
	ip_batch <<-EOT
		link set $2 addrgenmode none up
	EOT
	ip_batch -n "$(ns_name "$1")" <<-EOT
		link set eth0 addrgenmode none up
		address add 10.$3.0.2/24 dev eth0
		address add fd00:$3::2/64 dev eth0 nodad
		route add default via 10.$3.0.1
		route add default via fd00:$3::1
	EOT
}

write_file()
{
	cat > "$FILE" <<-EOT
		[VR]
		Netns = quick-v
		Owner = nobody
		DataPlane = europa-router --no-idle
		Sysctl = net.ipv6.conf.default.accept_dad = 0
		Sysctl = net.ipv4.ip_forward = 1
		Sysctl = net.ipv6.conf.all.forwarding = 1
		Sysctl = net.ipv4.conf.p0.send_redirects = 0
		Route = 198.51.100.0/24 via 10.2.0.2
		Route = 2001:DB8::/32 via fd00:2::2
		PreUp = echo pre >> $BATS_TEST_TMPDIR/hooks
		PostUp = echo post %i >> $BATS_TEST_TMPDIR/hooks
		PreDown = echo predown >> $BATS_TEST_TMPDIR/hooks
		PostDown = echo postdown >> $BATS_TEST_TMPDIR/hooks

		[Port]
		Dev = eu0
		Name = p0
		MAC = 02:00:00:00:07:00
		Address = 10.1.0.1/24, fd00:1::1/64

		[Port]
		Dev = eu1
		Name = p1
		Address = 10.2.0.1/24, fd00:2::1/64
	EOT
}

# same BEFORE: what is there now is what was before.
same()
{
	diff <(echo "$1") <(all_there_is) >&2
}

# line N TEXT: line N of the file, or the last, is replaced by that.
line() { sed -i "$1c\\$2" "$FILE"; }
after() { sed -i "/^$1/a\\$2" "$FILE"; }

# all_there_is: of the VR and its namespace, but for counters and processes.
all_there_is()
{
	ip -j vr show | jq 'map(del(.pid, .pids, .generation, .state, .filters, .idle) | .ports |= map(del(.ifindex, .link_index, .filtered)))'
	ip -n quick-v -j address show | jq 'map(del(.ifindex, .operstate) | .addr_info |= map(del(.valid_life_time, .preferred_life_time)))'
	ip -n quick-v route show table all
	ip -n quick-v -6 route show table all
	ip netns exec quick-v sysctl net.ipv4.ip_forward net.ipv6.conf.all.forwarding
}

pings()
{
	ns a ping -n -q -c 3 -i 0.05 -w 20 10.2.0.2
	ns a ping -n -q -c 3 -i 0.05 -w 20 fd00:2::2
}

@test "up makes the VR and its data plane forwards; down removes all of it; twice is told" {
	x vr-quick check blue
	x vr-quick up blue
	assert_eq "$(vr_stat blue '[.state, .netns, .owner] | join(" ")')" "running quick-v nobody"
	pings
	assert_eq "$(< "$BATS_TEST_TMPDIR/hooks")" $'pre\npost blue'
	assert_eq "$(ip netns exec quick-v cat /proc/sys/net/ipv4/conf/p0/send_redirects)" 0
	refused 'VR blue is up already' vr-quick up blue
	assert_eq "$(vr-quick up blue > /dev/null 2>&1; echo $?)" 1 status
	pings
	x vr-quick down blue
	assert_eq "$(< "$BATS_TEST_TMPDIR/hooks")" $'pre\npost blue\npredown\npostdown'
	refused 'does not exist' ip vr show blue
	[ ! -e /run/netns/quick-v ]
	assert_eq "$(ls /run/europa/quick)" ''
	refused 'VR blue is not up' vr-quick down blue
	assert_eq "$(vr-quick down blue > /dev/null 2>&1; echo $?)" 1 status
}

@test "a wrong line is told, with its place, and nothing at all is changed" {
	local before

	echo 'MTU = many' >> "$FILE"
	refused "^$FILE:26: mtu: .*\"many\".*\.\$" vr-quick up blue
	[ ! -e "$BATS_TEST_TMPDIR/hooks" ]
	assert_eq "$(ip -j vr show | jq length)" 0 VRs
	[ ! -e /run/netns/quick-v ]
	sed -i '$d' "$FILE"
	x vr-quick up blue
	before=$(all_there_is)
	after 'Netns' 'Limit = 128M'
	echo 'Address = 10.9.0.1/33' >> "$FILE"
	refused "^$FILE:27: address: " vr-quick reload blue
	sed -i '$c [Port]' "$FILE"
	echo 'Dev = nosuch' >> "$FILE"
	refused "^$FILE:27: there is no interface nosuch\.\$" vr-quick reload blue
	same "$before"
	pings
}

# fails REGEX: up does, at that step, and nothing is left of the ones before.
fails()
{
	refused "$1" vr-quick up blue
	assert_eq "$(ip -j vr show | jq length)" 0 VRs || return
	assert_eq "$(ls /run/europa/quick)" '' || return
	[ ! -e /run/netns/quick-v ] || return
	write_file
}

@test "a step that fails takes back those before it" {
	echo 'MTU = 9000' >> "$FILE"
	fails "^$FILE:26: .*[Mm][Tt][Uu]"
	after PostUp 'PostUp = exit 3'
	fails "^$FILE:13: the command ended with status 3\.\$"
	after Netns 'Sysctl = net.ipv4.no_such = 1'
	fails "^$FILE:3: there is no setting net/ipv4/no_such"
	line 4 'DataPlane = false'
	fails "^$FILE:4: the data plane does not run"
	line 9 'Route = 198.51.100.0/24 via 10.3.0.2'
	fails "^$FILE:9: .*(gateway|unreachable|reachable)"
	x ip vr add red id 7
	after Netns 'Id = 7'
	refused "^$FILE:3: .*exists" vr-quick up blue
	assert_eq "$(vr-quick up blue > /dev/null 2>&1; echo $?)" 2 status
	x ip vr del red
}

@test "europa-router tells a service manager when it forwards, and not before" {
	local heard

	sed -i '/^DataPlane/c DataPlane = none' "$FILE"
	x vr-quick up blue
	# Where the data plane, who is nobody, may go.
	export NOTIFY_SOCKET=/run/manager
	spawn socat -u "UNIX-RECV:$NOTIFY_SOCKET,mode=0666" STDOUT
	heard=$SPAWNED_LOG
	wait_until 10 test -S "$NOTIFY_SOCKET"
	spawn ip vr exec red europa-router --no-idle
	wait "$SPAWNED" || true
	spawn ip vr exec blue europa-router --no-idle
	unset NOTIFY_SOCKET
	wait_until 20 grep -q READY=1 "$heard"
	assert_eq "$(vr_stat blue .state)" running
	assert_eq "$(grep -c READY "$heard")" 1 READY
	pings
	kill "$SPAWNED"
	wait_until 20 grep -q STOPPING=1 "$heard"
}

@test "the machine's own settings and routes are as before after down" {
	local before

	before=$(ip route; sysctl net.ipv4.ip_forward)
	sed -i '/^Netns/d; /accept_dad/d; /ipv6/d; /^Route = 198/c Route = blackhole 198.51.100.0/24' "$FILE"
	x vr-quick up blue
	assert_eq "$(sysctl -n net.ipv4.ip_forward)" 1
	ip route | grep -q '^blackhole 198.51.100.0/24'
	ns a ping -n -q -c 3 -i 0.05 -w 20 10.2.0.2
	x vr-quick down blue
	assert_eq "$(ip route; sysctl net.ipv4.ip_forward)" "$before"
}

# changes COMMAND...: what ip monitor tells in the VR's namespace meanwhile.
changes()
{
	local log

	spawn ip -n quick-v monitor link address route
	log=$SPAWNED_LOG
	# It listens when it has told of this.
	wait_until 20 heard "$log"
	"$@" || return
	ip -n quick-v address add 10.99.0.2/32 dev lo
	wait_until 10 grep -q 10.99.0.2 "$log"
	ip -n quick-v address del 10.99.0.2/32 dev lo
	kill "$SPAWNED"
	sed -i '/ lo /d; /dev lo/d; /valid_lft/d' "$log"
	CHANGES=$(< "$log")
}

heard()
{
	ip -n quick-v address replace 10.99.0.1/32 dev lo
	grep -q 10.99.0.1 "$1"
}

@test "reload changes what differs, and nothing else, while no packet is lost" {
	local before log

	x vr-quick up blue
	pings
	before=$(vr_stat blue '[.pid, .generation] | join(" ")')
	changes vr-quick reload blue
	assert_eq "$CHANGES" '' changes
	x ip link add eu2 up type veth peer name eu3
	spawn ns a ping -n -i 0.05 10.2.0.2
	log=$SPAWNED_LOG
	after Netns 'Limit = 128M'
	sed -i 's/^Route = 198.*/Route = 198.51.100.0\/24 via 10.1.0.2\nRoute = blackhole 203.0.113.0\/24/; /^Route = 2001/d' "$FILE"
	sed -i 's/^Address = 10.2.*/MTU = 1400\nVLAN = 10\nAddress = 10.2.0.1\/24, 10.3.0.1\/24/' "$FILE"
	printf '%s\n' '[Port]' 'Dev = eu2' 'Name = p2' 'Address = 10.4.0.1/24' >> "$FILE"
	x ip -n quick-v route add 192.0.2.0/24 via 10.2.0.2
	x vr-quick reload blue
	assert_eq "$(vr_stat blue '[.pid, .generation] | join(" ")')" "$before" "data plane"
	assert_eq "$(vr_stat blue .limit)" 134217728
	assert_eq "$(vr_stat blue '[.ports[] | .ifname] | join(" ")')" "p0 p1 p2"
	assert_eq "$(vr_stat blue '.ports[1].vlan')" 10
	ip -n quick-v route > "$BATS_TEST_TMPDIR/routes"
	grep -q '^198.51.100.0/24 via 10.1.0.2 dev p0' "$BATS_TEST_TMPDIR/routes"
	grep -q '^blackhole 203.0.113.0/24' "$BATS_TEST_TMPDIR/routes"
	grep -q '^192.0.2.0/24 via 10.2.0.2' "$BATS_TEST_TMPDIR/routes"
	[ -z "$(ip -n quick-v -6 route show 2001:db8::/32)" ]
	assert_eq "$(ip -n quick-v -6 address show dev p1 scope global)" '' "IPv6 addresses"
	ip -n quick-v address show dev p1 | grep -q 'mtu 1400'
	ip -n quick-v address show dev p1 | grep -q '10.3.0.1/24'
	sed -i '/eu2/,$d' "$FILE"
	sed -i '$d; /^Limit/d; /^MTU/d' "$FILE"
	x vr-quick reload blue
	assert_eq "$(vr_stat blue .limit)" 67108864
	assert_eq "$(vr_stat blue '[.ports[] | .ifname] | join(" ")')" "p0 p1"
	wait_until 20 eval "[ \$(grep -c icmp_seq $log) -ge 20 ]"
	kill -INT "$SPAWNED"
	ended_within 10 "$SPAWNED"
	grep -q ' 0% packet loss' "$log" || { cat "$log" >&2; return 1; }
	assert_eq "$(vr_stat blue '[.pid, .generation] | join(" ")')" "$before" "data plane"
}

@test "a reload that fails puts back what it changed" {
	local before

	x vr-quick up blue
	before=$(all_there_is)
	after Netns 'Limit = 128M'
	sed -i 's/^Address = 10.1.*/Address = 10.1.0.9\/24/; s/^Sysctl = net.ipv4.ip_forward.*/Sysctl = net.ipv4.ip_forward = 0/' "$FILE"
	sed -i 's/^Route = 198.*/Route = 198.51.100.0\/24 via 10.77.0.2/' "$FILE"
	refused "^$FILE:10: route 4 198.51.100.0/24" vr-quick reload blue
	same "$before"
	write_file
	after Netns 'Slots = 64'
	refused "^$FILE:3: slots cannot be changed while" vr-quick reload blue
	same "$before"
	x vr-quick down blue
}

@test "save, down, up: all is as it was, and save says the same again" {
	local saved before

	x vr-quick up blue
	x ip vr set blue limit 32M fallback drop
	ip_batch -n quick-v <<-EOT
		address add 10.5.0.1/24 dev p1
		address add fd00:5::1/64 dev p1
		route add 10.8.0.0/16 mtu 1400 proto static nexthop via 10.1.0.3 weight 2 nexthop via 10.2.0.4 onlink dev p1
		route add 10.7.0.0/16 via inet6 fe80::1 dev p0 table 7 metric 5
		route add default via fd00:1::2
		route add unreachable 2001:db8:7::/48
		neighbour add 10.1.0.9 lladdr 02:00:00:00:00:09 dev p0 nud permanent
		link set p1 mtu 1400
		link set p1 type europa spoofchk off
		link set p1 type europa vlan 10,20-29
	EOT
	ns - ip netns exec quick-v sysctl -qw net.ipv6.conf.all.forwarding=0
	before=$(all_there_is)
	saved=$(vr-quick save blue)
	echo "$saved" >&2
	x vr-quick down blue
	echo "$saved" > "$FILE"
	x vr-quick check blue
	x vr-quick up blue
	same "$before"
	assert_eq "$(vr-quick save blue)" "$saved"
}

@test "what two files want of a device is there once and goes with the last: classifier, rules, filters" {
	local both='Filter = ingress protocol ip pref 11 flower dst_ip 203.0.113.9 action drop'

	cat >> "$FILE" <<-EOT
		[Device]
		Dev = eu0
		Classifier = object $CLASSIFIERS/balance.bpf.o
		Rule = bucket 0-31
		Rule = bucket 63 host
		$both
		Filter = ingress protocol ip pref 10 flower dst_ip 203.0.113.7 action europa vr blue
	EOT
	cat > "$VR_QUICK_CONF/red.conf" <<-EOT
		[VR]
		Netns = quick-v
		DataPlane = none
		[Port]
		Dev = eu0
		Name = r0
		[Device]
		Dev = eu0
		Classifier = object $CLASSIFIERS/balance.bpf.o
		Rule = bucket 32-62
		Rule = bucket 63 host
		$both
	EOT
	x vr-quick -n up blue
	x vr-quick up red
	assert_eq "$(ip -j vr rule show dev eu0 | jq -r '[.[] | "\(.number)\(.vr_name // .verdict)"] | "\(.[0]) \(.[32]) \(.[63])"')" \
		"0blue 32red 63host"
	assert_eq "$(tc filter show dev eu0 ingress pref 10 | grep -c 'vr blue')" 1
	assert_eq "$(vr-quick save red | grep ^Rule)" $'Rule = bucket 32-62 vr red\nRule = bucket 63-63 host'
	vr-quick save blue | grep -q '^Filter = ingress protocol ip pref 10 flower'
	sed -i 's/203.0.113.7/203.0.113.8/; s/^Rule = bucket 0-31/Rule = bucket 0-30/' "$FILE"
	x vr-quick reload blue
	assert_eq "$(ip -j vr rule show dev eu0 | jq length)" 63 rules
	assert_eq "$(tc filter show dev eu0 ingress pref 10 | grep -c 203.0.113.8)" 1
	x vr-quick down blue
	assert_eq "$(ip -j vr rule show dev eu0 | jq length)" 32 rules
	assert_eq "$(tc filter show dev eu0 ingress | grep -c 'dst_ip')" 1 filters
	x vr-quick down red
	assert_eq "$(tc qdisc show dev eu0 | grep -c clsact)" 0
	assert_eq "$(ip -j vr classifier show | jq length)" 0 classifiers
}

# taken_file: blue takes over eu0 and has a plain port on eu1, here, where the interfaces have
# addresses.
taken_file()
{
	ip_batch <<-EOT
		address replace 10.1.0.1/24 dev eu0
		address replace fd00:1::1/64 dev eu0 nodad
		route replace 198.51.100.0/24 via 10.1.0.2 metric 7
		neighbour replace 10.1.0.77 lladdr 02:00:00:00:00:77 dev eu0 nud permanent
	EOT
	cat > "$FILE" <<-EOT
		[VR]
		DataPlane = europa-router --no-idle
		Sysctl = net.ipv4.ip_forward = 1
		Route = 203.0.113.0/24 via 10.1.0.2

		[Port]
		Dev = eu0
		Takeover = yes
		SpoofChk = off

		[Port]
		Dev = eu1
		Name = p1
		Address = 10.2.0.1/24
	EOT
	wait_until 20 links_up
	what_eu0_has > "$BATS_TEST_TMPDIR/before"
}

links_up() { [[ $(ip route) != *linkdown* && $(ip -6 address show dev eu0) != *tentative* ]]; }

# what_eu0_has: whoever is called so, but for the file's own route.
what_eu0_has()
{
	ip -o address show dev eu0 | sed 's/^[0-9]*: //'
	ip -o link show dev eu0 | grep -Eo 'link/ether [0-9a-f:]+'
	ip route show dev eu0 | grep -v '^203.0.113.0/24'
	ip -6 route show dev eu0
	ip neighbour show dev eu0 nud permanent
}

# has_all WHO: eu0 is that, a veth or a port, and has what it had.
has_all()
{
	what_eu0_has | diff "$BATS_TEST_TMPDIR/before" - >&2 || return
	[[ $(ip -d link show dev eu0) == *" $1 "* ]]
}

ports_of_blue() { vr_stat blue '[.ports[] | "\(.ifname) \(.link) \(.mode)"] | join(", ")'; }

@test "Takeover: the port is what the interface was, the data plane forwards, and down gives all back" {
	taken_file
	x vr-quick up blue
	assert_eq "$(ports_of_blue)" "eu0 eu0.lower passthru, p1 eu1 mac"
	has_all europa
	ip route | grep -q '^203.0.113.0/24 via 10.1.0.2 dev eu0'
	ns a ping -n -q -c 3 -i 0.05 -w 20 10.2.0.2
	x vr-quick down blue
	has_all veth
	refused 'does not exist' ip link show eu0.lower
	assert_eq "$(ip route show 203.0.113.0/24)" ''
}

@test "Takeover: save leaves to the interface what is its own; where others deleted the VR, down gives the name back" {
	local saved

	taken_file
	x vr-quick -n up blue
	x ip address add 10.1.0.9/24 dev eu0
	saved=$(vr-quick save blue)
	echo "$saved" >&2
	x ip address del 10.1.0.9/24 dev eu0
	[[ $saved == *$'Dev = eu0\nTakeover = yes\nNumber = 0\nSpoofChk = off\n\n[Port]\nDev = eu1\nName = p1\n'* ]]
	[[ $saved == *'203.0.113.0/24 via 10.1.0.2'* ]]
	[[ $saved != *10.1.0.9* && $saved != *10.1.0.1/24* && $saved != *198.51.100.0* && $saved != *':77'* ]]
	x vr-quick down blue
	echo "$saved" > "$FILE"
	x vr-quick -n up blue
	has_all europa
	assert_eq "$(vr-quick save blue)" "$saved"
	x ip vr del blue
	x vr-quick down blue
	[[ $(ip -d link show dev eu0) == *' veth '* ]]
	assert_eq "$(ls /run/europa/quick)" ''
}

@test "Takeover: a step of up that fails gives all back" {
	taken_file
	echo 'MTU = 9000' >> "$FILE"
	refused "^$FILE:15: .*[Mm][Tt][Uu]" vr-quick -n up blue
	has_all veth
	refused 'does not exist' ip link show eu0.lower
	assert_eq "$(ls /run/europa/quick)" ''
}

@test "Takeover: reload makes a port one that takes over, and back, while the others are left alone" {
	local index

	taken_file
	sed -i '/^Takeover/d; /^SpoofChk/d' "$FILE"
	after 'Dev = eu0' 'Name = p0'
	x vr-quick -n up blue
	assert_eq "$(ports_of_blue)" "p0 eu0 mac, p1 eu1 mac"
	index=$(cat /sys/class/net/p1/ifindex)
	sed -i 's/^Name = p0/Takeover = yes/' "$FILE"
	x vr-quick reload blue
	assert_eq "$(vr_stat blue '[.ports[] | "\(.ifname) \(.link) \(.mode)"] | sort | join(", ")')" \
		"eu0 eu0.lower passthru, p1 eu1 mac"
	has_all europa
	ns a ping -n -q -c 3 -i 0.05 -w 20 10.2.0.2
	assert_eq "$(cat /sys/class/net/p1/ifindex)" "$index"
	index+=" $(cat /sys/class/net/eu0/ifindex)"
	after Takeover 'SpoofChk = off'
	x vr-quick reload blue
	assert_eq "$(cat /sys/class/net/{p1,eu0}/ifindex | xargs)" "$index"
	assert_eq "$(vr_stat blue '.ports[] | select(.ifname == "eu0").spoofchk')" false
	after Takeover 'Lower = aside'
	x vr-quick reload blue
	[[ $(ip link show aside) == *'europa takeover of eu0'* ]]
	has_all europa
	# What fails after the change is put back with it.
	sed -i '/^Lower/d; /^Takeover/d; s/^Address = 10.2.*/MTU = 9000/' "$FILE"
	refused "^$FILE:.*[Mm][Tt][Uu]" vr-quick reload blue
	[[ $(ip link show aside) == *'europa takeover of eu0'* ]]
	has_all europa
	sed -i '/^MTU/d' "$FILE"
	x vr-quick reload blue
	has_all veth
	assert_eq "$(cat /sys/class/net/p1/ifindex)" "${index% *}"
	sed -i '/eu0/,/^$/d; /^Route/d' "$FILE"
	sed -i '/^\[Port\]$/{N;/\n\[Port\]/D}' "$FILE"
	x vr-quick reload blue
	assert_eq "$(ports_of_blue)" "p1 eu1 mac"
	has_all veth
	x vr-quick down blue
	has_all veth
}
