# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# For programs that read the CSV of tests/bench/run: what a packet costs, by contender, burst,
# size and number of routes.

# take(): the line that was read.
function take(	key)
{
	key = $1 SUBSEP $2 SUBSEP $3 SUBSEP $4
	cost[key, ++runs[key]] = $7 / $6
}

function sort_runs(key,	i, j, value)
{
	for (i = 2; i <= runs[key]; i++)
		for (j = i; j > 1 && cost[key, j] < cost[key, j - 1]; j--) {
			value = cost[key, j]
			cost[key, j] = cost[key, j - 1]
			cost[key, j - 1] = value
		}
}

# Instructions of all, the median of the runs; -1: it was not measured.
function median(name, burst, size, routes,	key, n)
{
	key = name SUBSEP burst SUBSEP size SUBSEP routes
	n = runs[key]
	if (!n)
		return -1
	sort_runs(key)
	return (cost[key, int((n + 1) / 2)] + cost[key, int(n / 2) + 1]) / 2
}

# By how much the dearest run is above the cheapest, in instructions.
function spread(name, burst, size, routes,	key)
{
	key = name SUBSEP burst SUBSEP size SUBSEP routes
	sort_runs(key)
	return cost[key, runs[key]] - cost[key, 1]
}

# Beyond null; 0: it, or null, was not measured.
function beyond(name, burst, size, routes,	all, null)
{
	all = median(name, burst, size, routes)
	null = median("null", burst, size, routes)
	return all < 0 || null < 0 ? 0 : all - null
}
