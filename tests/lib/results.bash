# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# shellcheck shell=bash disable=SC2034
# What a test run has to say of each test: a line for a person, and one in the file
# $RESULTS for the sum at the end. Several processes do so at once, so that what belongs
# together is written by one printf.

# result VERDICT NAME [LINES]
result()
{
	local -A words=([passed]='ok   ' [failed]=FAIL [skipped]='skip ')

	printf '  %s %s\n%s' "${words[$1]}" "$2" "${3:-}"
	printf '%s %s\n' "$1" "$2" >> "$RESULTS"
}

passed() { result passed "$@"; }
failed() { result failed "$@"; }
skipped() { result skipped "$@"; }

# count VERDICT
count() { grep -c "^$1 " "$RESULTS"; }

# summary: the failures again, and the sum as the last line; false if the run is not good.
summary()
{
	local passed failed skipped

	passed=$(count passed) failed=$(count failed) skipped=$(count skipped)
	((failed == 0)) || { echo "Failed:"; sed -n 's/^failed /  /p' "$RESULTS"; }
	echo "$passed passed, $failed failed$( ((skipped == 0)) || echo ", $skipped skipped")"
	((failed == 0 && passed > 0))
}

# --- what tests/lib/run-files prints ------------------------------------------------

# A test's name and time from bats' "ok N NAME in MSms".
test_name()
{
	local text=$1 ms

	text=${text%% # skip*}
	text=${text%% # timeout after *}
	if [[ $text =~ ^(.*)\ in\ ([0-9]+)ms$ ]]; then
		ms=${BASH_REMATCH[2]}
		printf '%s (%d.%d s)' "${BASH_REMATCH[1]}" $((ms / 1000)) $((ms % 1000 / 100))
	else
		printf '%s' "$text"
	fi
}

# A failure is told when all lines about it have come.
failure='' details=''
tell_failure()
{
	[ -z "$failure" ] || failed "$failure" "$details"
	failure='' details=''
}

begin_failure()
{
	tell_failure
	failure=$1
}

# begin_file FILE: for who reads results of several, and wants to know.
begin_file() { :; }

# What bats says before its plan is why there is none.
early=''

# end_file NAME STATUS
end_file()
{
	tell_failure
	((planned || $2 == 0)) || failed "$1: bats ended with status $2 and ran nothing" "$early"
	file='' early=''
}

# read_line LINE: uses and sets the caller's file, current, planned, seen.
read_line()
{
	local line=$1 about=${file##*/}

	about=${about%.bats}
	case $line in
	"file "*)
		file=${line#file } current='' planned=0 seen=0
		begin_file "$file"
		;;
	"begin "*)
		tell_failure
		current=${line#begin * }
		seen=$((seen + 1))
		;;
	"not ok "*)
		begin_failure "$about: $(test_name "${line#not ok * }")"
		current=''
		;;
	"ok "*" # skip"*)
		skipped "$about: $(test_name "${line#ok * }") (${line##*# skip })"
		current=''
		;;
	"ok "*)
		passed "$about: $(test_name "${line#ok * }")"
		current=''
		;;
	"leaks bad") begin_failure "$about: the module has leaked memory" ;;
	"klog bad") begin_failure "$about: the kernel log is not clean" ;;
	"done "*) end_file "$about" "${line##* }" ;;
	"1.."*) planned=${line#1..} seen=0 ;;
	"suite "*) ;;
	*)
		((planned)) || early+="        $line"$'\n'
		[ -z "$failure" ] || details+="        $line"$'\n'
		;;
	esac
}

# read_results SECONDS: of one run-files, from standard input, all of it to $log. False if it was
# silent for that long.
read_results()
{
	local silence=$1 line

	while true; do
		IFS= read -r -t "$silence" line
		case $? in
		0) ;;
		1) break ;;
		*) return 1 ;;
		esac
		read_line "$line"
		# shellcheck disable=SC2154 # the caller's
		printf '%s\n' "$line" >> "$log"
	done
}
