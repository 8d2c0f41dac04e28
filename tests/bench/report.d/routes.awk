# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# Two CSVs, of a small and a large table: instructions beyond null.

$1 != "contender" {
	take()
	if (!seen[$4]++)
		table[++tables] = $4
}

END {
	print "| routes | burst | europa | kernel | europa / kernel |"
	print "|---|---|---|---|---|"
	for (i = 1; i <= tables; i++)
		for (burst = 64; burst >= 8; burst -= 56) {
			e = beyond("europa", burst, 64, table[i])
			k = beyond("kernel", burst, 64, table[i])
			printf "| %d | %d | %.0f | %.0f | %.2f |\n", table[i], burst, e, k, e / k
		}
}
