# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# What of each VR's packets arrives, where all are sent the same, and where the first is sent ten
# times as much.

BEGIN {
	print "| | the first is sent | of its packets arrive | of the others' | of the least's |"
	print "|---|---|---|---|---|"
}

NR > 1 && $1 != "null" {
	times = $4 == "greedy" ? 10 : 1
	share = $6 / ($2 - 1 + times)
	printf "| %s | %s | %.1f %% | %.1f %% | %.1f %% |\n", $1,
		times == 10 ? "ten times its share" : "as much as the others",
		100 * $11 / share / times, 100 * $12 / share / ($2 - 1), 100 * $13 / share
}
