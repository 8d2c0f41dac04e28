# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# shellcheck shell=bash
# For programs that measure in a guest: its lines that begin with "csv" go into a file.

# csv_of FILE HEADER COMMAND...: the others go on to standard error. The file is only there once
# all is measured.
csv_of()
{
	local file=$1 line

	mkdir -p "$(dirname "$file")"
	{
		echo "$2"
		"${@:3}" | while read -r line; do
			if [[ $line = csv\ * ]]; then
				echo "${line#csv }"
			else
				echo "$line" >&2
			fi
		done
	} > "$file.new"
	mv "$file.new" "$file"
}
