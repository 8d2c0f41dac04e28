# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
set output out
set title "A packet in bursts of 32, beyond null, by size"
set xlabel "bytes"
set ylabel "instructions"
set yrange [0:*]
set grid y
set key top left Left reverse
set style data linespoints
plot data using 1:2 every ::1 title "europa-router", \
	'' using 1:3 every ::1 title "europa-router, snap 128", \
	'' using 1:4 every ::1 title "kernel forwarding", \
	'' using 1:5 every ::1 title "tc mirred", \
	'' using 1:6 every ::1 title "AF\\_PACKET"
