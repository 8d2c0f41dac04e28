# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# With tests/bench/median.awk. Are the ratios of a CSV still those of the record, which is read
# before it? With -v record=y there is none: it is printed.

BEGIN {
	allowed = 2	# per cent
	wanted = "europa/kernel europa/af_packet fallback/kernel reflector/kernel"
	bursts = "64 8 1"
}

!record && FILENAME == ARGV[1] {
	if ($1 == "#" && $2 == "kernel")
		recorded_kernel = $3
	else if ($1 != "#")
		recorded[$1, $2] = $3
	next
}

$1 != "contender" {
	take()
	late[$1] += $8
}

# 0: it was not measured.
function ratio(pair, burst,	name, peer)
{
	split(pair, name, "/")
	peer = beyond(name[2], burst, 64, 64)
	return peer > 0 ? beyond(name[1], burst, 64, 64) / peer : 0
}

function refuse(sentence)
{
	print "bench: " sentence > "/dev/stderr"
	failed = 1
}

function print_record(pair, burst)
{
	if (ratio(pair, burst) <= 0)
		refuse(pair " in bursts of " burst " was not measured.")
	else
		printf "%s\t%d\t%.4f\n", pair, burst, ratio(pair, burst)
}

# Another kernel's forwarding costs something else, which nobody here has changed.
function worse(what)
{
	if (!recorded_kernel || recorded_kernel == kernel)
		refuse(what)
	else
		print "bench: " what
}

function compare(pair, burst,	now, was, change)
{
	was = recorded[pair, burst]
	now = ratio(pair, burst)
	if (!was || now <= 0) {
		refuse(sprintf("%s in bursts of %d %s.", pair, burst,
			was ? "was not measured" : "is not on record"))
		return
	}
	change = 100 * (now / was - 1)
	printf "%-18s %2d  %.4f  recorded %.4f  %+.1f %%\n", pair, burst, now, was, change
	if (change > allowed)
		worse(sprintf("%s in bursts of %d is %.1f %% worse than recorded, more than %d %%.",
			pair, burst, change, allowed))
	better = better || change < -allowed
}

END {
	for (name in late)
		if (late[name])
			refuse(name " took longer than the sender sleeps, so that the sender counts twice.")
	pairs = split(wanted, pair, " ")
	points = split(bursts, burst, " ")
	if (record) {
		print "# Instructions beyond null in relation, 64 bytes, by burst."
		print "# Written by tests/bench/gate --record"
		print "# kernel " kernel
	}
	for (i = 1; i <= pairs; i++)
		for (j = 1; j <= points; j++)
			if (record)
				print_record(pair[i], burst[j])
			else
				compare(pair[i], burst[j])
	if (recorded_kernel && recorded_kernel != kernel)
		print "bench: the record is of the kernel " recorded_kernel ", this is " kernel \
			": what is worse is told and not judged; tests/bench/gate --record makes a new one."
	if (better && !failed)
		print "bench: some are better than recorded: tests/bench/gate --record keeps it so."
	exit failed
}
