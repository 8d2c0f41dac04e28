# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# N VRs that share as many packets: instructions per packet beyond null, and how much gets
# through a processor in relation to one VR; Jain's index of what arrived.

$1 != "contender" {
	cost[$1, $2] = $7 / $9
	jain[$1, $2] = $10
	if (!seen[$2]++)
		vrs[++n] = $2
}

function beyond(name, n)
{
	return cost[name, n] - cost["null", n]
}

# Instructions, and of one's throughput; dashes: not measured.
function cells(name, n)
{
	if (!((name, n) in cost))
		return "- | -"
	return sprintf("%.0f | %.2f", beyond(name, n), beyond(name, 1) / beyond(name, n))
}

END {
	print "| VRs | europa | of one's throughput | Jain's index | macvlan | of one's |"
	print "|---|---|---|---|---|---|"
	for (i = 1; i <= n; i++)
		printf "| %d | %s | %s | %s |\n", vrs[i], cells("europa", vrs[i]),
			jain["europa", vrs[i]], cells("macvlan", vrs[i])
}
