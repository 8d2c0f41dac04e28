# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# Tens of thousands of odd messages to the module's netlink interfaces: generic netlink,
# links of kind europa, tc's action europa; by root, by nobody, and by nobody as the root
# of a user namespace. fuzz/netlink.c makes them of a printed seed.
#
#            the machine
#   fz-low0 ═ fz-low1      lower devices, of a veth pair; fz-low0 has a clsact
#      │
#   anchorp ── [VR anchor, number 31337]
#
# The messages may make, change and delete what they like but for anchor, which has to be
# there at the end, as it was, and to work. EUROPA_FUZZ_SEED and EUROPA_FUZZ_COUNT choose others.

# What lib/common reads.
# shellcheck disable=SC2034
load lib/common

FUZZ=$BATS_TEST_DIRNAME/../build/fuzz/netlink
DUMP=$BATS_TEST_DIRNAME/../build/fuzz/dump
FLOOD=$BATS_TEST_DIRNAME/../build/tests/flood
COUNT=${EUROPA_FUZZ_COUNT:-10000}

setup_file()
{
	rig_setup
	export NS_PREFIX SEED=${EUROPA_FUZZ_SEED:-$SRANDOM}
	if ! [ -x "$FUZZ" ] || ! [ -x "$DUMP" ] || ! [ -x "$FLOOD" ]; then
		echo "tests/fuzz or tests/progs is not built: run 'make tests'" >&2
		return 1
	fi
	[ -e /sys/module/europa ] || x modprobe europa
	ns_add v
	x ip link add fz-low0 type veth peer name fz-low1
	x ip link set fz-low0 up
	x ip link set fz-low1 up
	x tc qdisc add dev fz-low0 clsact
	vr_add anchor id 31337 netns "$(ns_name v)" owner nobody prio 1:10
	x ip vr attach dev fz-low0 vr anchor name anchorp mode classifier
	x ip -n "$(ns_name v)" link set anchorp up
	anchor > "$BATS_FILE_TMPDIR/anchor"
	cat "$BATS_FILE_TMPDIR/anchor"
	# Some to begin with.
	printf 'add f%u id %u\n' 1 1 2 2 3 3 4 4 | ip-vr -b -
}

teardown_file()
{
	fuzz_clean
	vr_delete_all
	ip link del fz-low0 2> /dev/null || true
	ns_delete_all
}

setup()
{
	RIG_NAMESPACES=()
	RIG_VRS=()
	RIG_PIDS=()
	KLOG_TEST_MARK=$(klog_mark)
}

teardown() { rig_teardown; }

# Not the operational state, which follows the carrier in its own time.
anchor()
{
	ip -j vr show anchor
	ip -n "$(ns_name v)" -j -d link show anchorp | jq -c 'map(del(.operstate))'
}

everything() { ip -j vr show; ip -j link; tc -j actions ls action europa; tc -j filter show dev fz-low0 ingress; }
anchor_unchanged() { assert_eq "$(anchor)" "$(< "$BATS_FILE_TMPDIR/anchor")" "VR anchor"; }

# fuzz MOUTH COUNT [PREFIX...]: what it reports is printed.
fuzz()
{
	local mouth=$1 count=$2 said
	shift 2
	said=$("$@" "$FUZZ" "$mouth" "$count" "$SEED" fz-low0 fz-low1) || return
	echo "# ${1:-root}: $said" >&3
	# Were all refused, it would test little.
	(($#)) || [[ $said != *" 0 accepted"* ]]
}

nobody() { setpriv --reuid=nobody --regid=nogroup --clear-groups --inh-caps=-all "$@"; }

# Of its own namespaces; the lower devices it sees are its own too.
nobodys_root()
{
	# shellcheck disable=SC2016
	nobody env FUZZ_UNPRIVILEGED=1 unshare -Urn sh -c '
		ip link add fz-low0 type veth peer name fz-low1 && tc qdisc add dev fz-low0 clsact && "$@"' - "$@"
}

# fuzz_clean: away with all that was made, but for the anchor.
fuzz_clean()
{
	tc qdisc del dev fz-low0 clsact 2> /dev/null || true
	tc actions flush action europa > /dev/null 2>&1 || true
	ip -j vr show | jq -r '.[] | select(.id != 31337) | "del \(.id)"' | ip-vr -b -
}

@test "generic netlink, as root" {
	fuzz genl "$COUNT"
	anchor_unchanged
}

# programs: how many BPF programs the kernel has.
programs() { bpftool prog show | grep -c '^[0-9]' || true; }
programs_are() { [ "$(programs)" = "$1" ]; }

@test "classifiers, with programs of right and wrong types, as root, under traffic" {
	local before dev

	before=$(programs)
	spawn "$FLOOD" fz-low1 02:00:00:00:00:01
	fuzz classifier $((COUNT / 4))
	for dev in fz-low0 fz-low1; do
		ip vr classifier del dev $dev || true
	done
	assert_eq "$(ip -j vr classifier show)" '[]' "classifiers that are left"
	wait_until 20 programs_are "$before"
	anchor_unchanged
}

@test "links, as root, under traffic" {
	spawn "$FLOOD" fz-low1 02:00:00:00:00:01
	fuzz link $((COUNT / 4))
	anchor_unchanged
}

@test "tc actions and filters, as root, under traffic" {
	spawn "$FLOOD" fz-low1 02:00:00:00:00:01
	fuzz tc "$COUNT"
	anchor_unchanged
}

@test "the same as nobody, and as root of a user namespace: nothing changes" {
	local before mouth

	before=$(everything)
	for mouth in genl classifier link tc; do
		fuzz $mouth $((COUNT / 4)) nobody
		fuzz $mouth $((COUNT / 4)) nobodys_root
		assert_eq "$(everything)" "$before" "what there was before"
	done
	anchor_unchanged
}

# churn FIRST: VRs come, are renamed, and go; so are renamed some that stay.
churn()
{
	local id stays

	for ((id = $1; id < 1600; id += 10)); do
		stays=$((id - $1 % 10))
		printf '%s\n' "add c$id id $id" "set $stays name n$stays" "set $id name d$id" \
			"del $id" "set $stays name s$stays"
	done > "$BATS_TEST_TMPDIR/churn$1"
	# shellcheck disable=SC2016
	spawn bash -c 'while :; do ip-vr -force -b "$1"; done' - "$BATS_TEST_TMPDIR/churn$1"
}

@test "a dump of VRs while others make, rename and delete some: each once, none is left out" {
	local said

	fuzz_clean
	seq 1000 10 1590 | sed 's/.*/add s& id &/' | ip-vr -b -
	churn 1001
	churn 1009
	said=$("$DUMP" 100 1000 1590 10)
	echo "# $said" >&3
	[[ $said =~ ^parts\ ([0-9]+)\ others\ ([0-9]+)$ ]]
	((BASH_REMATCH[1] > 1000 && BASH_REMATCH[2] > 100 + 20))
	kill_spawned
	anchor_unchanged
}

@test "the anchor works, and what was made goes away: no VR, no port, no reference is left" {
	fuzz_clean
	anchor_unchanged
	spawn ip vr exec anchor europa-router
	x ip vr wait anchor up timeout 20
	assert_slots_conserved anchor
	x kill "$SPAWNED"
	x ip vr wait anchor down timeout 20
	assert_eq "$(ip -j vr show | jq -c 'map(.name)')" '["anchor"]' "VRs that are left"
	assert_eq "$(ip -j link show type europa | jq 'map(select(length > 0)) | length')" 0 "ports that are left"
	assert_eq "$(tc -j actions ls action europa)" '[]' "actions that are left"
	x ip vr del anchor
	assert_eq "$(find /dev/europa -type c 2> /dev/null | wc -l)" 0 "device nodes that are left"
	wait_until 20 modprobe -r europa
}
