# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# shellcheck shell=bash
# Where the programs of tests/progs are for others than root: the checkout may be in root's folder.

PROGS=/run/europa-progs

# Once in a guest: the folder appears when all are in it.
install_progs()
{
	local built=${BATS_TEST_DIRNAME:?}/../build/tests

	[ ! -d "$PROGS" ] || return 0
	[ -x "$built/raw" ] || { echo "tests/progs is not built: run 'make tests'" >&2; return 1; }
	find "$built" -maxdepth 1 -type f -perm -1 -exec install -D -m 755 -t "$PROGS.new" {} + &&
		mv "$PROGS.new" "$PROGS"
}
