# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# Where a packet's instructions are, beyond null: by part, and by function, those that europa or
# the kernel's forwarding spends most in, europa's first.

NR == 1 {
	print "| | europa | kernel |"
	print "|---|---|---|"
	next
}

$2 == "all" {
	printf "| **%s** | **%d** | **%d** |\n", $1, $5 - $3, $4 - $3
	next
}

$5 - $3 > 60 || $4 - $3 > 60 {
	name[++n] = $1 " `" $2 "`"
	europa[n] = $5 - $3
	kernel[n] = $4 - $3
}

END {
	for (printed = 0; printed < n; printed++) {
		most = 0
		for (i = 1; i <= n; i++)
			if (!done[i] && (!most || europa[i] > europa[most]))
				most = i
		done[most] = 1
		printf "| %s | %d | %d |\n", name[most], europa[most], kernel[most]
	}
}
