# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
set output out
set title "A 64-byte packet in bursts of 64, beyond null"
set ylabel "instructions"
set yrange [0:*]
set style data histograms
set style fill solid 0.8 border -1
set boxwidth 0.8
set xtics rotate by -45 noenhanced
set grid y
plot data using 3:xtic(1) every ::1 notitle linecolor rgb "#4060a0"
