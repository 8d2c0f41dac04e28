# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# shellcheck shell=bash disable=SC2034,SC2054,SC2154
# The machine of tests/rig/vm as a program, User Mode Linux: a kernel that tests/rig/debug has
# built, this machine's files by hostfs, output and status over serial lines that are files
# here. It has one processor.

# Asked to end, it would complain of how it does so.
machine_ends_by=KILL

machine_check()
{
	[ -z "$icount" ] || die "-i: User Mode Linux does not count instructions"
	[ -z "$first" ] || die "-b: User Mode Linux has no disk"
	[ -z "$nics" ] || die "-n: User Mode Linux has no virtio-net devices"
}

# Its memory is a file, best one in memory.
machine_prepare()
{
	local shm=/dev/shm

	((memory < $(rig_room "$shm" 2>/dev/null || echo 0))) || shm=$run
	export TMPDIR=$shm
	machine_is="User Mode Linux, $memory MB"
}

machine_helpers() { :; }
machine_helpers_tell() { :; }
machine_helpers_end() { :; }

# What goes with the machine is kept where the run's files are, and not at home.
arguments()
{
	uml_args=(mem="${memory}M" uml_dir="$run/" umid=uml initrd="$RIG_BUILD/$kver/initramfs"
		con=null con0=null,fd:1 ssl=null ssl0=null,fd:7 ssl1=null,fd:8 console=tty0
		random.trust_cpu=1 log_buf_len=8M rcupdate.rcu_cpu_stall_timeout=60 loglevel=5
		rig.run="$run" rig.dir="$RIG_DIR" rig.fs=hostfs seccomp=auto)
	# shellcheck disable=SC2154,SC2206 # words
	uml_args+=($more)
	[ -z "$interactive" ] || uml_args+=(ssl2=fd:3)
}

# Sets `machine`, its process.
machine_start()
{
	arguments
	"$RIG_BUILD/$kver/linux" "${uml_args[@]}" </dev/null >"$run/console" 2>&1 \
		7>>"$run/status" 8>>"$run/output" &
	machine=$!
}
