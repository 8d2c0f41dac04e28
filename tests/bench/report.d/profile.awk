# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# Of what tests/bench/run --profile prints: a CSV of instructions per packet by where they are.

$1 == "null" && $2 == "kernel" && $3 == "europa" {
	print "where,function,null,kernel,europa"
	on = 1
	next
}

on && NF < 5 {
	on = 0
}

on && $1 == "all" {
	name = substr($0, 1, 42)
	sub(/ *$/, "", name)
	print name ",all," $(NF - 2) "," $(NF - 1) "," $NF
	next
}

on {
	print $1 "," $2 "," $(NF - 2) "," $(NF - 1) "," $NF
}
