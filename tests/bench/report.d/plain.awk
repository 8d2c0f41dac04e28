# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# A table of Markdown for gnuplot: no lines around, no ratios in parentheses.

/^\|---/ {
	next
}

{
	gsub(/\([^)]*\)/, "")
	gsub(/^\| *| *\|$/, "")
	gsub(/ *\| */, "\t")
	sub(/^\t/, "-\t")
	print
}
