# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# By size of the packets: instructions beyond null, and in relation to the kernel's forwarding.

NR > 1 {
	take()
}

END {
	n = split("europa snap kernel mirred af_packet", name, " ")
	sizes = split("64 128 256 512 1024 1518", size, " ")
	print "| bytes | europa | snap | kernel | mirred | af_packet | europa / kernel |"
	print "|---|---|---|---|---|---|---|"
	for (i = 1; i <= sizes; i++) {
		printf "| %d |", size[i]
		for (j = 1; j <= n; j++)
			printf " %.0f |", beyond(name[j], 32, size[i], 64)
		printf " %.2f |\n", beyond("europa", 32, size[i], 64) / beyond("kernel", 32, size[i], 64)
	}
}
