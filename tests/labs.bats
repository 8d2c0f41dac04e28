# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# bats file_tags=labs
# rig: -m 1536
# Virtual routers in Debian's Mininet, as docs/labs.md says: a fat-tree of twenty, each with four
# ports that took the place of Mininet's interfaces, and sixteen hosts.

load lib/common

UNPACKED=${BATS_TEST_DIRNAME:?}/../build/rig/labs
PYTHON=$UNPACKED/usr/lib/python3/dist-packages

setup()
{
	[ -e "$UNPACKED/.unpacked" ] || { echo "no Mininet: run make test-labs" >&2; return 1; }
	rig_setup
	[ -d /sys/module/europa ] || x modprobe europa
	# Else the kernel gets a packet now and then, to see that a neighbour is still there.
	REACHABLE=$(sysctl -n net.ipv4.neigh.default.base_reachable_time_ms)
	x sysctl -q -w net.ipv4.neigh.default.base_reachable_time_ms=7200000
}

teardown()
{
	x sysctl -q -w net.ipv4.neigh.default.base_reachable_time_ms="$REACHABLE"
	rig_teardown
}

fattree()
{
	PATH=$UNPACKED/usr/sbin:$UNPACKED/usr/bin:$UNPACKED/sbin:$PATH PYTHONPATH=$PYTHON \
		x timeout -s INT -k 60 1500 "${BATS_TEST_DIRNAME:?}/../docs/labs/fattree.py" "$@"
}

# sent N: what all data planes had sent by the Nth time that counts was asked for.
sent() { sed -n 's/^all: send //p' "$BATS_TEST_TMPDIR/said" | sed -n "$1p"; }

# Of the 240 pairs, those on the same router have one VR that forwards packet and answer, those in
# the same pod three, others five: 2144 in all. A few go by the kernel, while a neighbour is asked
# for again.
@test "a fat-tree of twenty VRs: pingall loses nothing, and it is the data planes that forward" {
	local forwarded

	fattree --dataplane 'europa-router --no-idle' pingall counts pingall counts |&
		tee "$BATS_TEST_TMPDIR/said" >&2
	assert_eq "$(grep -c 'Results: 0% dropped (240/240 received)' "$BATS_TEST_TMPDIR/said")" 2 "pingall"
	assert_eq "$(grep -c '^[ace][0-9]*: send [1-9]' "$BATS_TEST_TMPDIR/said")" 40 "VRs that forwarded, twice"
	forwarded=$(($(sent 2) - $(sent 1)))
	echo "# the data planes sent $forwarded of 2144 packets of the second pingall" >&3
	((forwarded >= 2144 * 9 / 10 && forwarded <= 2144))
	assert_eq "$(ip vr show)" "" "VRs that are left"
}
