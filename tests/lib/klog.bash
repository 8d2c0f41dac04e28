# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# shellcheck shell=bash
# The kernel-log gate: what the kernel said since a mark must contain no complaint.

KLOG_BAD='WARNING|UBSAN|\bBUG\b|Oops|Call Trace|Kernel panic|suspicious RCU|unregister_netdevice: waiting'
KLOG_BAD+='|kernel NULL pointer|unable to handle|refcount_t|stack guard|general protection|segfault at'
KLOG_BAD+='|hung task|blocked for more than|soft lockup|hard LOCKUP|rcu.*stall|memory leak'
KLOG_BAD+='|scheduling while atomic|sleeping function|circular locking|recursive locking|inconsistent lock'
KLOG_BAD+='|list_(add|del) corruption|page allocation failure|KASAN|UBSAN|KCSAN'
KLOG_GOOD='Command line: |loading out-of-tree module taints kernel|module verification failed'
# Whose they are, tests/lib/leaks.bash looks.
KLOG_GOOD+='|kmemleak: [0-9]+ new suspected memory leaks'

KLOG_FILE_MARK=${KLOG_FILE_MARK:-/run/europa-klog-mark}

# klog_mark: print a new mark, which is also in the kernel log.
klog_mark()
{
	local mark

	mark="europa-mark $(date +%s%N) $BASHPID $RANDOM"
	echo "<6>$mark" > /dev/kmsg
	echo "$mark"
}

# klog_since MARK: the log after the mark, all of it if the mark has scrolled away.
klog_since()
{
	dmesg | awk -v mark="$1" '
		{ line[n++] = $0 }
		mark != "" && index($0, mark) { n = 0 }
		END { for (i = 0; i < n; i++) print line[i] }'
}

# klog_complaints MARK: print the bad lines since the mark, with what follows them.
klog_complaints()
{
	local since

	since=$(klog_since "$1")
	[[ $since =~ $KLOG_BAD ]] || return
	grep -Ev "$KLOG_GOOD" <<< "$since" | grep -E -A 40 "$KLOG_BAD"
}

# klog_accept: what was logged so far was expected or has been reported.
klog_accept()
{
	klog_mark > "$KLOG_FILE_MARK"
	# shellcheck disable=SC2034
	KLOG_TEST_MARK=$(cat "$KLOG_FILE_MARK")
}
