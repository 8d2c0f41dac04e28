# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# lab.sh as a CI job runs it: up twice, check, down twice.
#
#  h1 ══ [r1] ══ [r2] ══ [r3] ══ h2
#
# See lab.sh for the names and addresses.

load lib/common

LAB=$BATS_TEST_DIRNAME/lab.sh

setup_file()
{
	[ -e /sys/module/europa ] || modprobe europa
	all > "$BATS_FILE_TMPDIR/before"
}

teardown_file() { "$LAB" down; }

# What there is on the machine, by name.
all()
{
	ip -o link | awk '{ print $2 }'
	ls /run/netns 2> /dev/null || true
	ip -j vr show
}

# Everything the lab is made of; not what time and traffic change.
picture()
{
	local ns

	ip -j vr show
	ip -j link
	for ns in lab-h1 lab-r1 lab-r2 lab-r3 lab-h2; do
		ip -n $ns -j link
		ip -n $ns -4 -j address
		ip -n $ns -j route
	done
}

hops() { ip netns exec "$1" traceroute -n -q 1 -w 3 "$2" | awk 'NR > 1 { print $2 }' | xargs; }

@test "up" {
	x "$LAB" up
	x "$LAB" check
	# By now no device's state is about to change.
	picture > "$BATS_FILE_TMPDIR/once"
}

@test "up again changes nothing" {
	x "$LAB" up
	diff "$BATS_FILE_TMPDIR/once" <(picture)
}

@test "end to end, by three hops" {
	x "$LAB" check
	assert_eq "$(hops lab-h1 10.9.2.2)" "10.9.1.1 10.9.12.2 10.9.23.2 10.9.2.2" "hops to the right"
	assert_eq "$(hops lab-h2 10.9.1.2)" "10.9.2.1 10.9.23.1 10.9.12.1 10.9.1.2" "hops to the left"
}

@test "up mends what was broken" {
	x ip vr del lab-r2
	x kill -KILL "$(ip vr pids lab-r1)"
	x ip vr wait lab-r1 down timeout 10
	x ip -n lab-r3 link set east down
	refused 'lab: ' "$LAB" check
	x "$LAB" up
	x "$LAB" check
}

@test "down, and down again: nothing is left" {
	x "$LAB" down
	diff "$BATS_FILE_TMPDIR/before" <(all)
	refused 'lab: ' "$LAB" check
	x "$LAB" down
	diff "$BATS_FILE_TMPDIR/before" <(all)
	wait_until 10 modprobe -r europa
}
