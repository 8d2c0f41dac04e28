# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# Super-packets, beyond null.

NR > 1 {
	take()
}

END {
	print "| europa | kernel | mirred | europa / kernel |"
	print "|---|---|---|---|"
	e = beyond("europa", 8, "super", 64)
	k = beyond("kernel", 8, "super", 64)
	printf "| %.0f | %.0f | %.0f | %.2f |\n", e, k, beyond("mirred", 8, "super", 64), e / k
}
