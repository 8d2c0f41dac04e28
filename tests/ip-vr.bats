# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# ip vr, ip link type europa and tc action europa on the real module, as an operator types.

# bats file_tags=matrix
load lib/common

CLASSIFIERS=$(dirname "$(find /usr/lib/europa /usr/local/lib/europa -name prefix.bpf.o 2>/dev/null | head -n 1)")

setup()
{
	rig_setup
	x modprobe europa
	ip netns add vrt-home
	ip netns add vrt-lab
	x ip link add vrt0 type veth peer name vrt1
	ip link set vrt0 up
	ip link set vrt1 up
}

teardown()
{
	local id

	for id in $(ip -j vr show | jq '.[].id'); do
		ip vr del "$id"
	done
	ip link del vrt0 2> /dev/null || true
	ip netns del vrt-home 2> /dev/null || true
	ip netns del vrt-lab 2> /dev/null || true
	rig_teardown
}

# json FILTER COMMAND...: jq's verdict on what ip -j prints
json()
{
	local filter=$1
	shift
	ip -j "$@" | jq -e "$filter" > /dev/null || { ip -j -p "$@" >&2; return 1; }
}

@test "a VR is added, shown, changed, replaced and deleted" {
	x ip vr add blue netns vrt-home slots 1k owner nobody mode 0600
	json '.[0] | .name == "blue" and .id == 1 and .netns == "vrt-home" and .slots == 1024 and
		.snap == 1984 and .queues == 1 and .limit == 67108864 and .fallback == "kernel" and
		.state == "idle" and .pid == null and .filters == null and .owner == "nobody" and .mode == "0600" and
		.ports == []' vr show blue
	json '.[0] | (.stats | length) > 20 and .stats.rx == 0 and .stats.filtered == 0 and
		.stats.tx_limit == 0 and (.queue | length) == 1' -s vr show 1
	x ip vr set blue limit 128M fallback drop name green
	json '.[0] | .name == "green" and .limit == 134217728 and .fallback == "drop"' vr show vr green
	x ip vr replace green fallback kernel
	x ip vr replace green fallback kernel
	x ip vr replace pink id 9
	json '[.[].id] == [1, 9]' vr
	x ip vr del vr pink
	refused 'does not exist' ip vr show pink
	[ "$(ip vr show 9 > /dev/null 2>&1; echo $?)" = 1 ]
}

@test "the kernel's refusals are sentences, exit 2, and change nothing" {
	x ip vr add blue
	before=$(ip -j vr)
	refused '^Error: .*exists\.$' ip vr add blue
	refused '^Error: ' ip vr attach dev lo vr blue
	refused '^Error: ' ip link add link vrt0 type europa vr nosuch
	[ "$(ip vr attach dev lo vr blue 2> /dev/null; echo $?)" = 2 ]
	[ "$before" = "$(ip -j vr)" ]
}

@test "attach makes a port at home, from any namespace; detach finds it" {
	x ip vr add blue netns vrt-home
	x ip vr attach dev vrt0 vr blue
	refused 'has a port' ip vr attach dev vrt0 vr blue
	x ip link set vrt1 netns vrt-lab
	ip -n vrt-lab link set vrt1 up
	x ip -n vrt-lab vr attach vrt1 blue port 7 name other address 02:00:00:00:77:01 mode classifier spoofchk off
	json '[.[0].ports[] | [.port, .ifname, .link, .mode, .spoofchk]] ==
		[[0, "vr1p0", "vrt0", "mac", true], [7, "other", "vrt1", "classifier", false]]' vr show blue
	x ip -n vrt-lab link add vrt0 type veth peer name vrt9
	x ip vr add red
	x ip -n vrt-lab vr attach dev vrt0 vr red
	json 'map(.name) == ["blue"]' vr show dev vrt0
	json 'map(.name) == ["red"]' -n vrt-lab vr show dev vrt0
	json 'map(.name) == ["blue"]' vr show dev other
	json '.[0].ports[] | select(.port == 7) | has("netnsid") and has("link_netnsid")' vr show blue
	json '.[0] | .link_netnsid >= 0' -n vrt-home link show vr1p0
	json '[.[].ifname] | sort == ["other", "vr1p0"]' -n vrt-home link show type europa
	refused 'does not exist' ip vr detach dev vrt0 vr nosuch
	x ip vr detach dev vrt0 vr blue
	refused 'no port on' ip vr detach dev vrt0 vr blue
	x ip -n vrt-lab vr detach vrt1 blue
	json '.[0].ports == []' vr show blue
}

@test "attach ... confirm detaches itself, unless confirmed" {
	x ip vr add blue
	x ip vr attach dev vrt0 vr blue confirm 1
	wait_until 30 json '.[0].ports == []' vr show blue
	x ip vr attach dev vrt0 vr blue confirm 10
	json '.[0].ports | length == 1' vr show blue
	x ip vr confirm
	refused 'Nothing waits' ip vr confirm
	# What would have detached it has nothing to do when its time has come.
	wait_until 60 no_process ip-vr
	json '.[0].ports | length == 1' vr show blue
}

no_process() { ! pgrep -x "$1"; }

# bats test_tags=plugins
@test "ip link shows and sets what a port has" {
	x ip vr add blue
	x ip link add link vrt0 name vrtp type europa vr blue port 3 spoofchk off
	json '.[0].linkinfo | .info_kind == "europa" and .info_data ==
		{vr: 1, vr_name: "blue", port: 3, mode: "mac", spoofchk: false}' -d link show vrtp
	ip -d link show vrtp | grep -q 'europa vr blue port 3 mode mac spoofchk off'
	json '.[0].linkinfo.info_xstats | .rx == 0 and .spoof == 0 and (has("kicks") | not) and
		has("filtered") and has("tx_limit") and has("idle") and length == 23' -s -d link show vrtp
	assert_eq "$(ethtool -S vrtp | grep -c ': 0$')" 23 "counters by ethtool"
	ethtool -S vrtp | grep -q ' filtered: 0'
	x ip link set vrtp type europa spoofchk on
	json '.[0].linkinfo.info_data.spoofchk' -d link show vrtp
	x ip link del vrtp
}

@test "what a port drops is counted there and traced, by its reason" {
	local events=/sys/kernel/tracing/events/europa

	x ip vr add blue id 3
	x ip vr attach dev vrt0 vr blue name vrtp
	x ip link set vrt1 netns vrt-lab
	ip -n vrt-lab -batch - <<-EOT
		link set vrt1 up
		address add 192.0.2.1/24 dev vrt1
		neighbour add 192.0.2.2 lladdr $(< /sys/class/net/vrtp/address) dev vrt1 nud permanent
	EOT
	echo 1 > $events/europa_drop/enable
	refused . ip netns exec vrt-lab ping -c 3 -i 0.1 -W 1 192.0.2.2
	echo 0 > $events/europa_drop/enable
	assert_eq "$(grep -c 'europa_drop: vr=3 port=0 len=98 why=rx_down' /sys/kernel/tracing/trace)" 3 "traced drops"
	ip -s -d link show vrtp | grep -Eq '^ +rx_down 3 '
	json '.[0].linkinfo.info_xstats.rx_down == 3' -s -d link show vrtp
	ethtool -S vrtp | grep -Eq '^ +rx_down: 3$'
	x ip vr detach dev vrt0 vr blue
	json '.[0].stats.rx_down == 3' -s vr show blue
}

@test "a port's MTU and carrier follow the lower device" {
	mtu() { json ".[0].mtu == $1" link show vrtp; }

	x ip vr add blue
	x ip link set vrt0 mtu 1450
	x ip link add link vrt0 name vrtp mtu 1300 type europa vr blue
	x ip link set vrt0 mtu 1500
	mtu 1300
	x ip link del vrtp
	x ip link set vrt0 mtu 1450
	x ip link add link vrt0 name vrtp type europa vr blue
	mtu 1450
	x ip link set vrtp up
	wait_until 5 json '.[0].operstate == "UP"' link show vrtp
	x ip link set vrt0 mtu 1400
	mtu 1400
	x ip link set vrt0 mtu 1600
	mtu 1600
	x ip link set vrtp mtu 1300
	x ip link set vrt0 mtu 1500
	mtu 1300
	x ip link set vrt0 mtu 1200
	mtu 1200
	refused . ip link set vrtp mtu 1201
	x ip link set vrt0 mtu 1500
	mtu 1300
	x ip link set vrtp mtu 1500
	x ip link set vrt0 mtu 1550
	mtu 1550
	wait_until 5 json '.[0].operstate == "UP"' link show vrtp
	x ip link set vrt1 down
	wait_until 5 json '.[0].operstate == "LOWERLAYERDOWN"' link show vrtp
	x ip link set vrt1 up
	wait_until 5 json '.[0].operstate == "UP"' link show vrtp
	x ip link del vrt0
	refused 'does not exist' ip link show vrtp
	json '.[0].ports == []' vr show blue
}

# A dummy has a lock of its own in newer kernels, which is held while the MTU changes. A port
# that can do IPv6 again, where that is forwarded, has all devices below it asked for theirs.
# bats test_tags=matrix
@test "a port's MTU follows a lower device that is locked meanwhile" {
	ns_add r
	ns r sysctl -q -w net.ipv6.conf.all.forwarding=1
	x ip vr add blue netns "$(ns_name r)"
	x ip link add vrd0 type dummy
	x ip vr attach dev vrd0 vr blue name vrtp
	ns r ip link set vrtp up
	x ip link set vrd0 mtu 1200
	wait_until 10 mtu_at_home 1200
	x timeout 60 ip link set vrd0 mtu 1500
	wait_until 10 mtu_at_home 1500
	x ip link del vrd0
}

mtu_at_home() { [ "$(ns r cat /sys/class/net/vrtp/mtu)" = "$1" ]; }

@test "a classifier is bound and replaced, its rules stay, nothing stays behind" {
	x ip vr add blue
	x ip vr classifier set dev vrt0 object "$CLASSIFIERS/prefix.bpf.o"
	json '.[0] | .ifname == "vrt0" and .program == "europa_prefix" and .verdicts.vr == 0' vr classifier show
	x ip vr rule add dev vrt0 to 10.1.0.0/16 vr blue
	refused 'there is such a rule' ip vr rule add dev vrt0 to 10.1.0.0/16 vr blue
	x ip vr rule add dev vrt0 from 2001:db8::/32 drop
	refused 'takes no "vlan" rules' ip vr rule add dev vrt0 vlan 7 vr blue
	rules=$(ip -j vr rule show dev vrt0)
	x ip vr classifier set dev vrt0 object "$CLASSIFIERS/prefix.bpf.o"
	[ "$rules" = "$(ip -j vr rule show dev vrt0)" ]
	x ip vr rule del dev vrt0 to 10.1.0.0/16
	json '. == [{key: "from", prefix: "2001:db8::/32", verdict: "drop", packets: 0}]' vr rule show dev vrt0
	x ip vr rule flush dev vrt0
	json '. == []' vr rule show dev vrt0
	x ip vr classifier del dev vrt0
	refused 'no classifier' ip vr classifier del dev vrt0
	wait_until 5 sh -c '! bpftool prog show | grep europa'
}

@test "every classifier loads, and takes its rules" {
	x ip vr add blue
	for kind in 'vlan vlan 7' 'vni vni 5000' 'balance bucket 0-3' 'flow flow proto tcp dport 80'; do
		x ip vr classifier set dev vrt0 object "$CLASSIFIERS/${kind%% *}.bpf.o"
		# shellcheck disable=SC2086
		x ip vr rule add dev vrt0 ${kind#* } vr blue
		json 'length >= 1 and all(.[]; .vr_name == "blue")' vr rule show dev vrt0
	done
}

@test "a program the verifier refuses: its last lines are shown" {
	cat > "$BATS_TEST_TMPDIR/bad.bpf.c" <<-'EOF'
		#include <linux/bpf.h>
		#include <bpf/bpf_helpers.h>
		SEC("classifier") int bad(struct __sk_buff *skb)
		{ return *(int *)(long)skb->data; }
		char _license[] SEC("license") = "GPL";
	EOF
	command -v clang || skip "no clang"
	clang -O2 -g -target bpf "-I/usr/include/$(gcc -print-multiarch)" -c \
		-o "$BATS_TEST_TMPDIR/bad.bpf.o" "$BATS_TEST_TMPDIR/bad.bpf.c"
	refused 'invalid access to packet|Access outside bounds' ip vr classifier set dev vrt0 object "$BATS_TEST_TMPDIR/bad.bpf.o"
	json '. == []' vr classifier show
}

@test "exec enters the home namespace with the device and without privileges" {
	x ip vr add blue netns vrt-home
	x ip vr attach dev vrt0 vr blue
	# shellcheck disable=SC2016
	run -0 ip vr exec blue sh -c 'id -u; grep -E "Cap(Eff|Prm|Bnd|Amb)|NoNewPrivs" /proc/self/status
		readlink /proc/self/fd/$EUROPA_FD; ls /sys/class/net'
	[ "${lines[0]}" = 65534 ]
	[ "$(grep -c '0000000000000000$' <<< "$output")" = 4 ]
	grep -q 'NoNewPrivs:.1' <<< "$output"
	grep -qx /dev/europa/vr1 <<< "$output"
	grep -qx vr1p0 <<< "$output"
	run -127 ip vr exec blue nosuch-command
	run -3 ip vr exec blue sh -c 'exit 3'
	ip vr exec blue sleep 30 &
	pid=$!
	wait_until 5 sh -c "ip vr pids blue | grep -qx $pid"
	[ "$(ip vr identify $pid)" = blue ]
	kill $pid
}

@test "wait and monitor follow events" {
	x ip vr add blue
	x ip vr wait blue down
	refused 'not up after 0.3 s' ip vr wait blue up timeout 0.3
	ip -j -ts vr monitor > "$BATS_TEST_TMPDIR/events" &
	monitor=$!
	(sleep 0.5; ip vr attach vrt0 blue; ip vr del blue) &
	x ip vr wait blue gone timeout 10
	wait_until 5 grep -q '"del"' "$BATS_TEST_TMPDIR/events"
	kill $monitor
	[ "$(jq -r .event "$BATS_TEST_TMPDIR/events" | head -n 1)" = port-new ]
	refused 'does not exist' ip vr wait blue up
}

events_are()
{
	[ "$(jq -r .event "$SPAWNED_LOG" | xargs)" = "$1" ] || { cat "$SPAWNED_LOG"; return 1; }
}

@test "every change is an event, once, and nothing else is" {
	local raw=$BATS_TEST_DIRNAME/../build/tests/raw

	spawn ip -j -ts vr monitor
	sleep 1
	x ip vr add blue
	x ip vr set blue fallback drop
	x ip vr attach vrt0 blue
	x ip link set vr1p0 up
	x ip vr classifier set dev vrt1 object "$CLASSIFIERS/prefix.bpf.o"
	json '. == []' -n vrt-lab vr classifier show
	x "$raw" /dev/europa/vr1 attach start stop start
	x ip vr detach vrt0 blue
	x ip vr classifier del dev vrt1
	x ip vr attach vrt0 blue
	refused 'exists' ip vr add blue
	x ip vr del blue
	wait_until 5 events_are "new set port-new classifier-set attach start stop start stop detach port-del classifier-del port-new port-del del"
	# Of a VR with one queue nobody asks which.
	[ "$(jq -s 'map(select(has("queue"))) | length' "$SPAWNED_LOG")" = 0 ]
}

@test "batch, -force, and a lab built twice" {
	printf 'vr add blue\nadd blue\nadd red\n' > "$BATS_TEST_TMPDIR/batch"
	refused "Command failed $BATS_TEST_TMPDIR/batch:2" ip-vr -b "$BATS_TEST_TMPDIR/batch"
	json 'length == 1' vr
	refused 'Command failed' ip-vr -force -b "$BATS_TEST_TMPDIR/batch"
	json 'length == 2' vr
	for _ in 1 2; do
		ip-vr -b - <<-EOF
			replace blue slots 128 netns vrt-home
			replace red slots 256
		EOF
		state=${state:-$(ip -j vr)}
		[ "$state" = "$(ip -j vr)" ]
	done
}

# bats test_tags=plugins
@test "tc action europa: typed, shown, shared, outlived by nothing" {
	x ip vr add blue
	x ip vr add red
	x tc qdisc add dev vrt0 clsact
	x tc filter add dev vrt0 ingress protocol ip flower dst_ip 10.1.0.0/16 action europa vr blue
	x tc filter add dev vrt0 ingress protocol ip flower dst_ip 10.2.0.0/16 action europa 2 drop index 7 cookie c0ffee
	x tc filter add dev vrt0 ingress protocol ip u32 match ip dst 10.4.0.0/16 action europa index 7
	refused 'no such VR' tc filter add dev vrt0 ingress matchall action europa vr nosuch
	tc filter show dev vrt0 ingress | grep -q 'europa vr blue pipe'
	[ "$(tc filter show dev vrt0 ingress | grep -c 'europa vr red drop')" = 2 ]
	tc -s -j actions ls action europa | jq -e '[.[1].actions[] | [.vr, .vr_name, .index, .bind]] ==
		[[1, "blue", 1, 1], [2, "red", 7, 2]]'
	x tc actions replace action europa vr blue pass index 7
	tc actions ls action europa | grep -q 'europa vr blue pass'
	x ip vr del blue
	tc actions ls action europa | grep -q 'europa vr 1 (deleted) pass'
	x tc qdisc del dev vrt0 clsact
	refused '' grep -q 'index 7' <(tc actions ls action europa)
}

@test "check tells what will bite" {
	x ip vr add blue netns vrt-none
	run -1 ip vr check dev vrt0 vr blue
	grep -q 'problem *there is no namespace vrt-none' <<< "$output"
	refused 'loopback' ip vr check dev lo
	json 'all(.[]; .level and .what and .message)' vr check dev vrt0

	finds() { run ip vr check dev vrt0 "${@:2}"; grep -Eq "^$1" <<< "$output" || { echo "$output"; return 1; }; }
	finds "ok +the module is loaded"
	finds "ok +vrt0 is up"
	finds "note +/dev/europa/vr[0-9]+ is root's" vr blue
	x ip vr set blue netns vrt-home owner nobody
	x ip netns exec vrt-home sysctl -q -w net.ipv4.ip_forward=0
	finds "ok +/dev/europa/vr[0-9]+ is there" vr blue
	finds "ok +the module tells of no nftables, iptables or tc rules" vr blue
	finds "note +the VR's namespace does not forward IPv4" vr blue
	x ip netns exec vrt-home sysctl -q -w net.ipv4.ip_forward=1
	finds "ok +the VR's namespace forwards IPv4" vr blue
	x ip link set vrt0 mtu 1000
	finds "note +the MTU of vrt0 is 1000.*too small for IPv6"
	x ip address add 192.0.2.1/24 dev vrt0
	finds "note +the host has addresses on vrt0"
	x ip link add vrt-br type bridge
	x ip link set vrt0 master vrt-br
	finds "note +vrt0 is a member of bridge vrt-br"
	x ip link del vrt-br
	x ip link add vrt-bond type bond
	x ip link set vrt0 down
	finds "note +vrt0 is down"
	x ip link set vrt0 master vrt-bond
	finds "problem +vrt0 is a member of vrt-bond: attach to vrt-bond instead"
	x ip link del vrt-bond
	finds "ok +no XDP program"
	clang -target bpf -O2 -c -x c -o "$BATS_TEST_TMPDIR/pass.o" - <<-'EOT'
		__attribute__((section("xdp"), used)) int pass(void *context) { return 2; }
		__attribute__((section("license"), used)) char _license[] = "GPL";
	EOT
	x ip link set vrt0 xdpgeneric object "$BATS_TEST_TMPDIR/pass.o" section xdp
	finds "note +vrt0 has an XDP program"
}

@test "without rights: nothing changes" {
	x ip vr add blue
	refused 'CAP_NET_ADMIN' unshare -Urn ip-vr add red
	refused 'Operation not permitted|CAP_NET_ADMIN' su nobody -s /bin/sh -c 'ip-vr del blue'
	json 'length == 1' vr
}
