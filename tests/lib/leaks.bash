# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# shellcheck shell=bash
# The leak gate, where the kernel has kmemleak (see tests/rig/debug): what the module has
# allocated and nobody knows any more.

KMEMLEAK=/sys/kernel/debug/kmemleak

# leaks_named: of kmemleak's list, from standard input, what names the module. Where it has been
# removed meanwhile, its places have no names any more, but only addresses.
leaks_named()
{
	awk '
		function tell() { if (ours) printf "%s", object }
		/^unreferenced object/ { tell(); object = ""; ours = 0 }
		{ object = object $0 "\n" }
		/\[europa\]/ || / 0x[0-9a-f]+$/ { ours = 1 }
		END { tell() }'
}

# leaks_of_module: print what it has leaked since the last time; false if nothing. kmemleak
# believes in a leak once two scans have seen it the same, and it is older than five seconds.
leaks_of_module()
{
	local leaks

	[ -w "$KMEMLEAK" ] || return
	echo scan > "$KMEMLEAK"
	sleep 6
	echo scan > "$KMEMLEAK"
	leaks=$(leaks_named < "$KMEMLEAK")
	echo clear > "$KMEMLEAK"
	[ -n "$leaks" ] && echo "$leaks"
}
