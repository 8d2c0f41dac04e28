# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# N VRs at once: instructions per packet beyond null.

$1 != "contender" {
	cost[$1, $2] = $7 / $9
	if (!seen[$2]++)
		vrs[++n] = $2
}

# Beyond null; a dash: not measured.
function beyond(name, n)
{
	return (name, n) in cost ? sprintf("%.0f", cost[name, n] - cost["null", n]) : "-"
}

END {
	print "| VRs | europa | macvlan | bridged | europa / macvlan |"
	print "|---|---|---|---|---|"
	for (i = 1; i <= n; i++) {
		e = beyond("europa", vrs[i])
		m = beyond("macvlan", vrs[i])
		printf "| %d | %s | %s | %s | %s |\n", vrs[i], e, m, beyond("bridged", vrs[i]),
			m == "-" ? m : sprintf("%.2f", e / m)
	}
}
