# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# TCP through a router: instructions for 1000 bytes, hosts and router together, and how much more
# of it a busy processor gets through than by the kernel's forwarding.

$1 != "contender" {
	cost[$1, $3, $2] = 1000 * $6 / $5
	if (!seen[$1]++)
		names[++n] = $1
	if (!seen[$3, $2]++)
		points[++m] = $3 SUBSEP $2
}

END {
	line = "| |"
	rule = "|---|"
	for (j = 1; j <= m; j++) {
		split(points[j], point, SUBSEP)
		line = line sprintf(" %s, %d %s |", point[1], point[2], point[2] > 1 ? "flows" : "flow")
		rule = rule "---|"
	}
	print line
	print rule
	for (i = 1; i <= n; i++) {
		line = "| " names[i] " |"
		for (j = 1; j <= m; j++)
			line = line sprintf(" %.0f (%.2f) |", cost[names[i], points[j]],
				cost["kernel", points[j]] / cost[names[i], points[j]])
		print line
	}
}
