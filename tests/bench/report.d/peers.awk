# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# The contenders, cheapest first at bursts of 64, by burst: instructions beyond null, and in
# relation to the kernel's forwarding; by how much the runs differ, where there are several.

NR > 1 {
	if (!seen["burst", $2]++)
		burst[++points] = $2
	if (!seen[$1]++ && $1 != "null")
		order[++contenders] = $1
	rounds = $5
	take()
}

function at64(name)
{
	return beyond(name, 64, 64, 64)
}

function sort_contenders(	i, j, name)
{
	for (i = 2; i <= contenders; i++)
		for (j = i; j > 1 && at64(order[j]) < at64(order[j - 1]); j--) {
			name = order[j]
			order[j] = order[j - 1]
			order[j - 1] = name
		}
}

function cell(name, burst,	b)
{
	b = beyond(name, burst, 64, 64)
	return sprintf(" %.0f (%.2f) |", b, b / beyond("kernel", burst, 64, 64))
}

# In per cent of all that a packet costs.
function most_spread(name,	i, s, most)
{
	for (i = 1; i <= points; i++) {
		s = 100 * spread(name, burst[i], 64, 64) / median(name, burst[i], 64, 64)
		most = s > most ? s : most
	}
	return most
}

END {
	sort_contenders()
	head = "| |"
	rule = "|---|"
	for (i = 1; i <= points; i++) {
		head = head " " burst[i] " |"
		rule = rule "---|"
	}
	print head (rounds > 1 ? " runs differ by |" : "")
	print rule (rounds > 1 ? "---|" : "")
	for (i = 1; i <= contenders; i++) {
		printf "| %s |", order[i]
		for (j = 1; j <= points; j++)
			printf "%s", cell(order[i], burst[j])
		print (rounds > 1 ? sprintf(" %.2f %% |", most_spread(order[i])) : "")
	}
}
