# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# 10,000 VRs without data planes, 1,000 rules of a classifier: the time that each command
# takes at the beginning and at the end is printed, what a VR costs is bounded.
#
#   sc0 ═ sc1      a veth pair; the classifier is bound to sc0
#
#   [1] [2] [3] ... [10000]      VRs without ports
#
# Memory per VR is the difference in MemAvailable, with the caches of files dropped and
# the RCU callbacks done before each look, over all VRs: the VR itself, its counters, its
# device and the inode of its node.

load lib/common

VRS=10000
RULES=1000
LIMIT=8192	# bytes per VR

setup()
{
	rig_setup
	[ -e /sys/module/europa ] || x modprobe europa
	x ip link add sc0 type veth peer name sc1
}

teardown()
{
	seq 1 $VRS | sed 's/^/del /' | ip-vr -force -b - > /dev/null 2>&1 || true
	ip link del sc0 2> /dev/null || true
	rig_teardown
}

# timed WHAT COUNT: the batch of the standard input; us per command.
timed()
{
	local from to

	from=$(date +%s%N)
	ip-vr -b - || return
	to=$(date +%s%N)
	echo "# $1: $(((to - from) / 1000 / $2)) us each" >&3
}

# What dropping caches and a grace period give back is not in use.
available()
{
	echo 3 > /proc/sys/vm/drop_caches
	# Twice, for what it frees may free more. A second is many grace periods.
	sleep 1
	echo 3 > /proc/sys/vm/drop_caches
	awk '$1 == "MemAvailable:" { print $2 * 1024 }' /proc/meminfo
}

@test "10,000 VRs: the last thousand is as quick as the first, 8 KB each at most" {
	local before bytes after

	timed "warm up, add" 1 <<< "add vr1 id 1"
	timed "warm up, del" 1 <<< "del 1"
	before=$(available)
	seq 1 1000 | sed 's/.*/add vr& id &/' | timed "add, VRs 1 to 1000" 1000
	seq 1001 9000 | sed 's/.*/add vr& id &/' | timed "add, VRs 1001 to 9000" 8000
	seq 9001 10000 | sed 's/.*/add vr& id &/' | timed "add, VRs 9001 to 10000" 1000
	bytes=$(((before - $(available)) / VRS))
	echo "# memory: $bytes bytes per VR" >&3
	# Sanitizers add to each object: then the figure is of no use.
	sanitized || ((bytes <= LIMIT))

	seq 1 100 | sed 's/.*/set vr& fallback drop/' | timed "set by name, VRs 1 to 100" 100
	seq 9901 10000 | sed 's/.*/set vr& fallback drop/' | timed "set by name, VRs 9901 to 10000" 100
	ip -j vr show | jq -e "length == $VRS and .[0].id == 1 and .[-1].name == \"vr10000\" and
		([.[] | select(.fallback == \"drop\")] | length) == 200" > /dev/null
	assert_eq "$(find /dev/europa -type c | wc -l)" $VRS "device nodes"

	# The lowest free number, of few.
	timed "del, VR 5000" 1 <<< "del 5000"
	timed "add, lowest free number" 1 <<< "add"
	assert_eq "$(vr_stat 5000 .name)" vr5000
	seq 9001 10000 | sed 's/^/del /' | timed "del, VRs 9001 to 10000" 1000
	seq 1 8000 | sed 's/^/del /' | timed "del, VRs 1 to 8000" 8000
	seq 8001 9000 | sed 's/^/del /' | timed "del, VRs 8001 to 9000" 1000
	assert_eq "$(ip -j vr show)" '[]' "VRs that are left"
	assert_eq "$(find /dev/europa -type c 2> /dev/null | wc -l)" 0 "device nodes that are left"
	after=$(((before - $(available)) / VRS))
	echo "# memory afterwards: $after bytes per VR" >&3
	wait_until 20 modprobe -r europa
}

# rules FIRST LAST WORDS: one per line, for a prefix of its own each.
rules() { seq "$1" "$2" | awk -v w="$3" '{ print "rule", w, "dev sc0 to 10." int($1 / 250) "." $1 % 250 ".0/24" (w == "add" ? " vr 1" : "") }'; }

@test "1,000 rules of the prefix classifier: the last hundred is as quick as the first" {
	! in_uml || skip "User Mode Linux refills the memory of BPF's maps at each tick only"
	vr_add one id 1
	x ip vr classifier set dev sc0 object "$(find /usr/lib/europa /usr/local/lib/europa -name prefix.bpf.o 2> /dev/null | head -n 1)"
	rules 1 100 add | timed "add, rules 1 to 100" 100
	rules 101 900 add | timed "add, rules 101 to 900" 800
	rules 901 $RULES add | timed "add, rules 901 to 1000" 100
	assert_eq "$(ip -j vr rule show dev sc0 | jq length)" $RULES rules
	rules 1 100 del | timed "del, rules 1 to 100" 100
	rules 901 $RULES del | timed "del, rules 901 to 1000" 100
	timed "flush, 800 rules" 800 <<< "rule flush dev sc0"
	assert_eq "$(ip -j vr rule show dev sc0)" '[]' "rules that are left"
	x ip vr classifier del dev sc0
	wait_until 10 sh -c '! bpftool prog show | grep -q europa_prefix'
}

# More than one message.
@test "a hundred classifiers are told, each once" {
	local pin=/sys/fs/bpf/europa-scale-$$

	x "$BATS_TEST_DIRNAME/../build/tests/pinprog" 3 -1 "$pin"
	seq 0 99 | sed 's/.*/link add scd& type dummy/' | ip -batch -
	seq 0 99 | sed "s:.*:classifier set dev scd& pinned $pin:" | ip-vr -b -
	rm "$pin"
	assert_eq "$(ip -j vr classifier show | jq -c 'map(.ifname) | [length, (unique | length)]')" '[100,100]' "classifiers"
	seq 0 99 | sed 's/.*/link del scd&/' | ip -batch -
	assert_eq "$(ip -j vr classifier show | jq length)" 0 "classifiers that are left"
}

# More than one nest of 256, and in a dump more than one message.
@test "a VR with 700 ports is told whole, one by one and among others" {
	local -r ports=700

	vr_add zero
	vr_add many
	vr_add one
	seq 0 $((ports - 1)) | sed 's/.*/link add scd& type dummy/' | ip -batch -
	seq 0 $((ports - 1)) | sed 's/.*/attach dev scd& vr many/' | timed "attach, ports 0 to 699" $ports
	assert_eq "$(ip -j vr show many | jq -c '[.[0].ports[].port] == [range(700)]')" true "ports of the VR"
	assert_eq "$(ip -j vr show | jq -c '[.[] | [.name, (.ports | length)]]')" '[["zero",0],["many",700],["one",0]]' "in a dump"
	timed "del, a VR of 700 ports" 1 <<< "del many"
	seq 0 $((ports - 1)) | sed 's/.*/link del scd&/' | ip -batch -
}
