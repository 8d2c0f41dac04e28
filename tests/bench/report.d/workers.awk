# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# By number of workers: instructions beyond null, and in relation to one worker's.

NR > 1 {
	take()
}

function row(title, name,	b)
{
	b = beyond(name, 16, 64, 64)
	printf "| %s | %.0f | %.2f |\n", title, b, b / beyond("europa", 16, 64, 64)
}

END {
	print "| | instructions | / one worker |"
	print "|---|---|---|"
	row("one queue, one worker", "europa")
	row("two", "workers2")
	row("four", "workers4")
	row("kernel", "kernel")
}
