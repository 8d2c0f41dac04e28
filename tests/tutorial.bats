# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# docs/tutorial.md is done as it stands, and prints what it says. Its blocks of shell are one
# script; each line of a block of text is part of what the block of shell before it printed.

load lib/common

teardown()
{
	ip vr del wire 2> /dev/null || true
	for name in left right; do
		ip link del "to-$name" 2> /dev/null || true
		ip netns del "$name" 2> /dev/null || true
	done
	ip netns del wire 2> /dev/null || true
	rig_teardown
}

# script: what is typed, and before each block where it prints to; block N's is out.N, and what it
# is to be expect.N.
script()
{
	awk -v dir="$BATS_TEST_TMPDIR" '
		/^```sh$/ { n++; shell = 1; print "exec > " dir "/out." n " 2>&1"; next }
		/^```text$/ { text = 1; next }
		/^```$/ { shell = text = 0 }
		shell { print }
		text { print > (dir "/expect." n) }' "$BATS_TEST_DIRNAME/../docs/tutorial.md"
}

@test "the tutorial does what it says" {
	local file line status=0

	[ -e /sys/module/europa ] || x modprobe europa
	mkdir "$BATS_TEST_TMPDIR/here"
	script > "$BATS_TEST_TMPDIR/script"
	(cd "$BATS_TEST_TMPDIR/here" && bash -e "$BATS_TEST_TMPDIR/script" 3>&- 4>&-) || status=$?
	grep -H '' "$BATS_TEST_TMPDIR"/out.* >&2
	assert_eq "$status" 0 "status of what is typed"
	assert_eq "$(find "$BATS_TEST_TMPDIR" -name 'expect.*' | wc -l)" 3 "blocks to compare"
	for file in "$BATS_TEST_TMPDIR"/expect.*; do
		while read -r line; do
			grep -qF -- "$line" "${file/expect/out}" ||
				{ echo "not printed: $line" >&2; return 1; }
		done < "$file"
	done
	assert_eq "$(ip -j vr show | jq length)" 0 "VRs that are left"
	assert_eq "$(find "$BATS_TEST_TMPDIR/here" -mindepth 1)" '' "files that are left"
}
