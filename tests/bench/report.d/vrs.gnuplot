# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
set output out
set title "A 64-byte packet where so many VRs get 64 each at a time, beyond null"
set xlabel "virtual routers"
set ylabel "instructions"
set logscale x 2
set datafile missing "-"
set yrange [0:*]
set grid y
set key center right
set style data linespoints
plot data using 1:2 every ::1 title "europa-router", \
	'' using 1:3 every ::1 title "namespaces, macvlan, kernel forwarding", \
	'' using 1:4 every ::1 title "namespaces, bridges, AF\\_PACKET"
