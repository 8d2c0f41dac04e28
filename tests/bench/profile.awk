# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# The lines of report.awk, of one point, then lines `contender samples where function`:
# instructions per packet by function, the most expensive first, a column per contender; and by where they
# are. Sampling costs instructions too: the columns are scaled to the sums measured without.

function per_packet(key, name)
{
	return n[key, name] * busy[name] / packets[name] / total[name]
}

function line(title, key,	i)
{
	printf "%-42s", title
	for (i = 1; i <= contenders; i++)
		printf " %9.0f", per_packet(key, order[i])
	print ""
}

NR == FNR {
	split($0, run, ",")
	packets[run[1]] += run[6]
	busy[run[1]] += run[7]
	next
}

!known[$1]++ {
	order[++contenders] = $1
}

{
	f = $3 " " $4
	n[f, $1] += $2
	n[$3, $1] += $2
	total[$1] += $2
}

function rank(	cost, pair, f)
{
	for (pair in n) {
		split(pair, f, SUBSEP)
		cost = per_packet(f[1], f[2])
		if (f[1] ~ / / && cost > 5 && cost > most[f[1]])
			most[f[1]] = cost
	}
}

END {
	print ""
	print "Instructions per packet by function (of more than 5 in one of the contenders)"
	printf "\n%-42s", ""
	for (i = 1; i <= contenders; i++)
		printf " %9s", order[i]
	print ""
	line("all of the module", "module")
	line("all of the router's program", "user")
	line("all of the rest of the kernel", "kernel")
	line("all of the sender's program", "sender")
	rank()
	while (1) {
		best = ""
		for (f in most)
			if (best == "" || most[f] > most[best])
				best = f
		if (best == "")
			break
		line(best, best)
		delete most[best]
	}
}
