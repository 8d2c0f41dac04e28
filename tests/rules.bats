# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# ip vr rule and the classifiers that come with Europa, under real traffic.
#
#   namespace wire                  the machine
#                                                ┌─ red   [VR red 301]   ┐
#   p0 10.0.0.2 ══════ low0 10.0.0.1, fd00::1 ───┼─ blue  [VR blue 302]  ├ namespace v
#      fd00::2   veth                            └─ green [VR green 303] ┘
#
# See lib/rules.bash for the rest.

# The keys of D, and what lib/common reads.
# shellcheck disable=SC2034,SC2154
# bats file_tags=matrix
load lib/common
load lib/topology
load lib/rules

@test "prefix: the longest wins, destination before source, IPv4 and IPv6" {
	classify prefix
	rules add <<-EOT
		to 10.3.0.0/16 vr red
		to 10.3.2.0/24 vr blue
		to 10.3.2.3 vr 303
		to 10.3.9.0/24 drop
		to 10.0.0.1 host
		from 10.0.0.0/24 vr blue
		from 10.0.0.2 vr green
		to fd03::/32 vr red
		to fd03:0:2::/48 vr blue
		to fd03:0:2::3 drop
		to fd00::1 host
		from fd00::/64 vr green
	EOT
	send <<-EOT
		11 10.3.1.1
		12 10.3.2.2
		13 10.3.2.3
		14 10.3.9.9
		15 10.4.0.1
		16 10.5.0.1
		21 fd03::1
		22 fd03:0:2::2
		23 fd03:0:2::3
		24 fd04::1
	EOT
	answered 5 10.0.0.1
	answered 6 fd00::1
	assert_taken $((11 + 21)) $((12 + 16 + 22)) $((13 + 15 + 24))
	assert_rules <<-EOT
		to 10.3.0.0/16 vr red packets 11
		to 10.3.2.0/24 vr blue packets 12
		to 10.3.2.3/32 vr green packets 13
		to 10.3.9.0/24 drop packets 14
		to 10.0.0.1/32 host packets 5
		from 10.0.0.0/24 vr blue packets 16
		from 10.0.0.2/32 vr green packets 15
		to fd03::/32 vr red packets 21
		to fd03:0:2::/48 vr blue packets 22
		to fd03:0:2::3/128 drop packets 23
		to fd00::1/128 host packets 6
		from fd00::/64 vr green packets 24
	EOT
	assert_eq "$(shown_json | grep -e 10.3.2.3 -e 10.3.9)" \
'{"key":"to","prefix":"10.3.2.3/32","verdict":"vr","vr":303,"vr_name":"green","packets":13}
{"key":"to","prefix":"10.3.9.0/24","verdict":"drop","packets":14}'
	assert_eq "$(verdicts)" 'verdicts vr 134 host 11 drop 37 none 0 unknown 0'

	# At once: del, replace, flush.
	rule del to 10.3.2.3/32
	send <<< "3 10.3.2.3"
	rule replace to 10.3.2.0/24 drop
	send <<< "4 10.3.2.3"
	rule replace to 10.0.0.1 drop
	unanswered 2 10.0.0.1
	assert_taken 0 3 0
	refused 'No such rule' ip vr rule del dev low0 to 10.3.0.0/17
	rule flush
	send <<< "5 10.3.1.1"
	answered 2 10.0.0.1
	assert_taken 0 0 0
	assert_eq "$(shown)" '' "rules that are left"
	assert_eq "$(verdict none)" 7 "packets without a rule"
}

@test "what a driver left in fragments is classified all the same" {
	classify prefix
	rule add to 10.254.1.2 vr red
	ns wire "$PROGS/flood" p0 "$MAC_LOW" 5 far
	classify flow
	rule add flow proto udp dport 9 vr blue
	ns wire "$PROGS/flood" p0 "$MAC_LOW" 6 far
	assert_taken 5 6 0
}

@test "vlan: by the outermost tag, taken off or not; 0 is without" {
	local id

	classify vlan
	for id in 7 8 10; do
		tagged p0 $id
	done
	x ip -n "$(ns_name wire)" link add link p0 name p0.9 type vlan proto 802.1ad id 9
	x ip -n "$(ns_name wire)" link set p0.9 addrgenmode none up
	tagged p0.9 7 19
	rules add <<-EOT
		vlan 7 vr red
		vlan 8 vr blue
		vlan 9 vr green
		vlan 10 drop
		vlan 0 host
	EOT
	for id in on off; do
		ns wire ethtool -K p0 txvlan $id tx-vlan-stag-hw-insert $id
		send <<-EOT
			11 10.107.0.1
			12 10.108.0.1
			13 10.119.0.1
			14 10.110.0.1
		EOT
		answered 3 10.0.0.1
		assert_taken 11 12 13
	done
	assert_rules <<-EOT
		vlan 7 vr red packets 22
		vlan 8 vr blue packets 24
		vlan 9 vr green packets 26
		vlan 10 drop packets 28
		vlan 0 host packets 6
	EOT
	assert_eq "$(shown_json | grep '"number":[79],')" \
'{"key":"vlan","number":7,"verdict":"vr","vr":301,"vr_name":"red","packets":22}
{"key":"vlan","number":9,"verdict":"vr","vr":303,"vr_name":"green","packets":26}'
	rule replace vlan 7 vr blue
	rule del vlan 8
	send <<-EOT
		5 10.107.0.1
		6 10.108.0.1
	EOT
	assert_taken 0 5 0
	rule flush
	send <<< "5 10.107.0.1"
	assert_taken 0 0 0
	ns wire ethtool -K p0 txvlan on tx-vlan-stag-hw-insert on
	batch wire <<-EOT
		link del p0.7
		link del p0.8
		link del p0.10
		link del p0.9
	EOT
}

@test "vni: by the number of VXLAN and Geneve, over IPv4 and IPv6" {
	classify vni
	overlay vx1 1 vx1 type vxlan id 100 local 10.0.0.2 remote 10.0.0.1 dstport 4789
	overlay vx2 2 vx2 type vxlan id 16777215 local 10.0.0.2 remote 10.0.0.1 dstport 4789
	overlay vx3 3 vx3 type vxlan id 300 local fd00::2 remote fd00::1 dstport 4789
	overlay vx4 4 vx4 type vxlan id 400 local 10.0.0.2 remote 10.0.0.1 dstport 4789
	overlay vx5 5 vx5 type vxlan id 500 local 10.0.0.2 remote 10.0.0.1 dstport 4790
	overlay gn1 11 gn1 type geneve id 600 remote 10.0.0.1
	overlay gn2 12 gn2 type geneve id 700 remote fd00::1
	overlay gn3 13 gn3 type geneve id 800 remote 10.0.0.1
	batch - <<-EOT
		link add vx4 address $MAC_LOW type vxlan id 400 local 10.0.0.1 remote 10.0.0.2 dstport 4789
		link set vx4 addrgenmode none up
		address add 10.104.0.1/24 dev vx4
		neigh add 10.104.0.2 lladdr $(ns wire cat /sys/class/net/vx4/address) dev vx4 nud permanent
	EOT
	rules add <<-EOT
		vni 100 vr red
		vni 0xffffff vr blue
		vni 300 vr green
		vni 400 host
		vni 500 vr red
		vni 600 vr blue
		vni 700 vr red
		vni 800 drop
	EOT
	send <<-EOT
		11 10.101.0.1
		12 10.102.0.1
		13 10.103.0.1
	EOT
	answered 4 10.104.0.1
	send <<-EOT
		15 10.105.0.1
		21 10.111.0.1
		22 10.112.0.1
		23 10.113.0.1
	EOT
	assert_taken $((11 + 22)) $((12 + 21)) 13
	assert_rules <<-EOT
		vni 100 vr red packets 11
		vni 16777215 vr blue packets 12
		vni 300 vr green packets 13
		vni 400 host packets 4
		vni 500 vr red packets 0
		vni 600 vr blue packets 21
		vni 700 vr red packets 22
		vni 800 drop packets 23
	EOT
	assert_eq "$(shown_json | grep '"number":[78]00,')" \
'{"key":"vni","number":700,"verdict":"vr","vr":301,"vr_name":"red","packets":22}
{"key":"vni","number":800,"verdict":"drop","packets":23}'
	rule replace vni 400 drop
	unanswered 2 10.104.0.1
	rule flush
	answered 2 10.104.0.1
	send <<< "3 10.101.0.1"
	assert_taken 0 0 0
	x ip link del vx4
	batch wire <<-EOT
		link del vx1
		link del vx2
		link del vx3
		link del vx4
		link del vx5
		link del gn1
		link del gn2
		link del gn3
	EOT
}

@test "flow: wildcards, and the lowest pref that fits" {
	classify flow
	rules add <<-EOT
		flow to 10.3.0.0/16 proto udp dport 53 pref 10 vr red
		flow to 10.3.0.0/16 proto udp pref 20 vr blue
		flow proto udp sport 5000 pref 3 vr green
		flow proto tcp dport 22 pref 6 vr red
		flow from 10.0.0.2 to 10.0.0.1 proto icmp pref 5 drop
		flow to fd03::/32 proto udp dport 53 vr green
		flow from fd00::2 vr red
		flow to 0.0.0.0/0 pref 40 host
	EOT
	refused 'there is such a rule' ip vr rule add dev low0 flow proto udp sport 5000 drop
	refused 'there is such a rule' ip vr rule add dev low0 flow proto udp sport 5001 pref 3 drop
	refused 'pref 10 has another flow' ip vr rule replace dev low0 flow proto udp dport 53 pref 10 drop
	send <<-EOT
		11 10.3.1.1 53
		12 10.3.1.1 54
		13 10.4.1.1 53
		21 fd03::1 53
		22 fd03::1 54
	EOT
	ns wire bash -c 'for i in 1 2 3; do echo x | socat -u - UDP:10.3.1.1:53,sourceport=5000; done'
	refused 'refused' ns wire bash -c ': < /dev/tcp/10.9.0.1/22'
	unanswered 4 10.0.0.1
	assert_taken $((11 + 1 + 22)) 12 $((3 + 21))
	assert_rules <<-EOT
		flow to 10.3.0.0/16 proto udp dport 53 pref 10 vr red packets 11
		flow to 10.3.0.0/16 proto udp pref 20 vr blue packets 12
		flow proto udp sport 5000 pref 3 vr green packets 3
		flow proto tcp dport 22 pref 6 vr red packets 1
		flow from 10.0.0.2/32 to 10.0.0.1/32 proto icmp pref 5 drop packets 4
		flow to fd03::/32 proto udp dport 53 pref 0 vr green packets 21
		flow from fd00::2/128 pref 1 vr red packets 22
		flow to 0.0.0.0/0 pref 40 host packets 13
	EOT
	assert_eq "$(shown_json | grep -e '"pref":3,' -e '"pref":5,')" \
'{"key":"flow","from":"10.0.0.2/32","to":"10.0.0.1/32","proto":"icmp","pref":5,"verdict":"drop","packets":4}
{"key":"flow","proto":"udp","sport":5000,"pref":3,"verdict":"vr","vr":303,"vr_name":"green","packets":3}'

	# What is shown can be typed again, and is then the same.
	shown | sed 's/ packets.*//' > "$BATS_TEST_TMPDIR/shown"
	rules replace < "$BATS_TEST_TMPDIR/shown"
	assert_eq "$(shown | sed 's/ packets.*//')" "$(< "$BATS_TEST_TMPDIR/shown")"
	grep -q 'pref 40 host packets 13' <(shown)

	refused 'No such rule' ip vr rule del dev low0 flow proto tcp pref 10
	rule del flow pref 10
	rule del flow proto udp sport 5000
	rule del flow from 10.0.0.2 to 10.0.0.1 proto icmp pref 5
	refused 'No such rule' ip vr rule del dev low0 flow pref 10
	rule replace flow to 10.3.0.0/16 proto udp pref 20 vr green
	send <<< "5 10.3.1.1 53"
	answered 4 10.0.0.1
	assert_taken 0 0 5
	rule flush
	send <<< "5 10.3.1.1 53"
	assert_taken 0 0 0
	assert_eq "$(shown)" '' "rules that are left"
}

# buckets: their packets, those that have some. All of a flow's are in one.
buckets() { shown | awk '$NF { print $NF }'; }

@test "balance: flows spread over the VRs, each stays with its own" {
	local i sum

	classify balance
	rules add <<-EOT
		bucket 0-31 vr red
		bucket 32-62 vr blue
	EOT
	refused 'there is such a rule' ip vr rule add dev low0 bucket 60-63 drop
	rule add bucket 63 vr blue
	assert_eq "$(shown | wc -l)" 64 buckets
	# Connected sockets, for which the kernel chooses hashes of its own.
	# shellcheck disable=SC2016
	ns wire bash -c 'for i in {1..40}; do exec {fd}<> /dev/udp/10.3.0.1/7000
		for n in {1..5}; do echo x >&$fd; done; done'
	wait_until 10 sum_is 200
	assert_eq "$(buckets | awk '$1 % 5' | wc -l)" 0 "buckets with a part of a flow"
	(($(buckets | wc -l) > 20))
	sum=$(shown | awk '$4 == "red" { sum += $NF } END { print sum }')
	((sum > 30 && sum < 170))
	assert_taken "$sum" $((200 - sum)) 0
	assert_eq "$(shown_json | sed -n 's/.*"number":\([0-9]*\),.*"red".*/\1/p' | sort -n | xargs)" "$(seq -s ' ' 0 31)"

	# A sender that gets no answer asks for another way, which is not for us to give.
	rule flush
	rule add bucket 0-63 vr green
	# shellcheck disable=SC2016
	spawn ns wire bash -c 'for i in {1..8}; do : < /dev/tcp/10.3.0.1/$i & done; wait'
	wait_until 30 sum_over 23
	ip netns pids "$(ns_name wire)" | xargs -r kill
	(($(buckets | wc -l) <= 8))

	rule replace bucket 0-63 host
	answered 3 10.0.0.1
	rule replace bucket 0-63 drop
	unanswered 3 10.0.0.1
	refused 'a bucket is from 0 to 63' ip vr rule del dev low0 bucket 64
	rule del bucket 1-63
	refused 'No such rule' ip vr rule del dev low0 bucket 0-1
	assert_eq "$(shown | wc -l)" 1 buckets
}

sum_of() { shown | awk '{ sum += $NF } END { print sum + 0 }'; }
sum_is() { (($(sum_of) == $1)); }
sum_over() { (($(sum_of) > $1)); }

@test "the classifiers' own tests" {
	run -0 make -C "$BATS_TEST_DIRNAME/../classifiers" PREFIX=/usr check
	echo "$output"
	(($(grep -c '^ok ' <<< "$output") >= 40))
	run ! grep -E '^not ok|# skip' <<< "$output"
}

@test "at the end nothing is left" {
	assert_no_rule_left
}
