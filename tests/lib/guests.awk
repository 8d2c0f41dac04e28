# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# Which bats files share a guest: those with the same '# rig: OPTIONS', as long as they have no
# more than `most` tests between them (with `tag`: of these). Reads the files; prints a line
# for each guest, with its files, the one with most tests first.

FNR == 1 { end_of_file(); name = FILENAME; options = ""; tests = of_file = of_test = 0 }
/^# rig: / && FNR <= 10 { options = $0 }
tag != "" && /^# bats (file|test)_tags=/ {
	split($0, words, "=")
	if (("," words[2] ",") ~ ("," tag ",")) {
		if (/file_tags/)
			of_file = 1
		else
			of_test = 1
	}
}
/^@test / { tests += tag == "" || of_file || of_test; of_test = 0 }

END {
	end_of_file()
	for (options in guest)
		end_of_guest(options)
}

function end_of_file()
{
	if (name == "")
		return
	if (options in guest && load[options] + tests > most)
		end_of_guest(options)
	guest[options] = guest[options] " " name
	load[options] += tests
}

function end_of_guest(options)
{
	print load[options] guest[options] | "sort -rn | cut -d ' ' -f 2-"
	delete guest[options]
	delete load[options]
}
