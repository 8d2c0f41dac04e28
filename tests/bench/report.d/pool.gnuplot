# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
set output out
set title "Slots of a pool, two VRs"
set xlabel "slots"
set ylabel "% of packets that arrive"
set y2label "instructions for each, beyond null"
set logscale x 2
set yrange [0:105]
set y2range [0:*]
set ytics nomirror
set y2tics
set key bottom right
set style data linespoints
plot data using 1:2 every ::1 title "64 at once: arrive", \
	'' using 1:3 every ::1 title "256 at once: arrive", \
	'' using 1:4 every ::1 axes x1y2 title "64 at once: instructions"
