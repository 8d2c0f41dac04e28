# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# Slots of a pool: what of packets that come at once arrives, and what one that arrives costs,
# beyond null.

NR > 1 {
	busy[$1, $3, $4] = $7
	sent[$1, $3, $4] = $6
	arrived[$1, $3, $4] = $9
	part[$1, $3, $4] = 100 * $9 / $6
	if (!seen[$3]++)
		slots[++n] = $3
}

# What was sent, and null, for each that arrived.
function beyond(slots,	null)
{
	null = busy["null", slots, "lossy64"] / sent["null", slots, "lossy64"]
	return (busy["europa", slots, "lossy64"] - null * sent["europa", slots, "lossy64"]) / \
		arrived["europa", slots, "lossy64"]
}

END {
	print "| slots | arrive, of 64 at once, % | of 256 | instructions, 64 at once |"
	print "|---|---|---|---|"
	for (i = 1; i <= n; i++)
		printf "| %d | %.1f | %.1f | %.0f |\n", slots[i],
			part["europa", slots[i], "lossy64"], part["europa", slots[i], "lossy256"],
			beyond(slots[i])
}
