# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# The rig, seen from inside.

load lib/common
# shellcheck source=tests/lib/leaks.bash
. "$BATS_TEST_DIRNAME/lib/leaks.bash"

gate_sees()
{
	klog_complaints "$KLOG_TEST_MARK"
}

@test "the guest runs the test kernel, as root, in the checkout" {
	assert_eq "$(id -u)" 0
	[ "${EUROPA_RIG:-}" = vm ] || skip "not in the guest"
	[ -d "/lib/modules/$(uname -r)/kernel" ]
	[ -e "$BATS_TEST_DIRNAME/rig/vm" ]
	assert_eq "$(findmnt -n -o FSTYPE /)" overlay
}

@test "kernel file systems are mounted" {
	local dir

	for dir in proc sys sys/kernel/debug sys/fs/bpf sys/fs/cgroup dev/pts dev/shm run; do
		mountpoint "/$dir"
	done
	echo > /dev/null
	[ -c /dev/ptmx ]
}

# bats test_tags=matrix,smoke
@test "two namespaces reach each other over a veth pair" {
	ns_add a b
	veth a eth0 b eth0
	ns a ip address add 10.99.0.1/24 dev eth0
	ns b ip address add 10.99.0.2/24 dev eth0
	wait_until 5 ns a ping -c 1 -W 1 10.99.0.2
}

@test "the teardown's helpers leave nothing behind" {
	ns_add a
	spawn ns a sleep 1000
	kill_spawned
	run ! kill -0 "$SPAWNED"
	spawn ns a sleep 1000
	ns_delete_all
	run ! ip netns exec "$(ns_name a)" true
	wait_until 2 eval "! kill -0 $SPAWNED"
}

@test "wait_until gives up, refused wants a sentence" {
	run ! wait_until 1 false
	wait_until 1 true
	refused "No such file" ls /nonexistent
	run ! refused "" true
	run ! refused "a sentence" false
}

@test "the gate catches a warning" {
	run ! gate_sees
	echo "<4>WARNING: x" > /dev/kmsg
	gate_sees
	run ! assert_klog_clean
	klog_accept
	assert_klog_clean
}

@test "the gate lets an unsigned module's taint pass" {
	echo "<4>europa: loading out-of-tree module taints kernel." > /dev/kmsg
	echo "<4>europa: module verification failed: signature and/or required key missing - tainting kernel" > /dev/kmsg
	assert_klog_clean
}

@test "a test file that makes the kernel complain fails" {
	printf '@test "quiet" { :; }\n@test "loud" { echo "<4>WARNING: x" > /dev/kmsg; }\n' \
		> "$BATS_TEST_TMPDIR/loud.bats"
	run env -u BATS_TEST_TIMEOUT KLOG_FILE_MARK="$BATS_TEST_TMPDIR/mark" \
		"$BATS_TEST_DIRNAME/lib/run-files" "$BATS_TEST_TMPDIR/loud.bats"
	klog_accept
	echo "$output"
	assert_eq "$status" 1
	grep -q "^klog bad" <<< "$output"
	grep -q "^ok 2 loud" <<< "$output"
	grep -q "^# .*WARNING: x" <<< "$output"
}

# The helpers that most files load look at the log themselves, and accept what they have told.
@test "a test that makes the kernel complain fails, whatever helpers it has" {
	local helpers dir=$BATS_TEST_TMPDIR/tests

	mkdir "$dir"
	ln -s "$BATS_TEST_DIRNAME/../build" "$BATS_TEST_TMPDIR/build"
	ln -s "$BATS_TEST_DIRNAME"/{lib,progs} "$dir/"
	for helpers in "lib/common" "lib/common lib/single"; do
		# shellcheck disable=SC2086
		printf 'load %s\n' $helpers > "$dir/loud.bats"
		echo '@test "loud" { echo "<4>WARNING: x" > /dev/kmsg; }' >> "$dir/loud.bats"
		run env -u BATS_TEST_TIMEOUT bats -t "$dir/loud.bats"
		klog_accept
		echo "$output"
		assert_eq "$status" 1 "status with $helpers"
		grep -q "the kernel complained" <<< "$output"
	done
}

@test "a leak is the module's if its name is in the trace, or a place without a name" {
	leaks_named > "$BATS_TEST_TMPDIR/leaks" <<-EOT
		unreferenced object 0xffff888004a0c000 (size 64):
		  comm "europa-router", pid 1, jiffies 4294894650
		  backtrace (crc 1):
		    kmalloc_trace+0x26/0x90
		    do_one_initcall+0x5a/0x2c0
		unreferenced object 0xffff888004a0d000 (size 32):
		  comm "ip", pid 77, jiffies 4294894651
		  backtrace (crc 2):
		    kmalloc_trace+0x26/0x90
		    europa_vr_make+0x5a/0x2c0 [europa]
		unreferenced object 0xffff888004a0e000 (size 16):
		  comm "ip", pid 78, jiffies 4294894652
		  backtrace (crc 3):
		    kmalloc_trace+0x26/0x90
		    0xffffffffa0001234
	EOT
	cat "$BATS_TEST_TMPDIR/leaks"
	assert_eq "$(sed -n 's/unreferenced object \(0x[0-9a-f]*\) .*/\1/p' "$BATS_TEST_TMPDIR/leaks" | xargs)" \
		"0xffff888004a0d000 0xffff888004a0e000"
}

# bats test_tags=matrix,smoke
@test "the module loads, and unloads" {
	modinfo europa > /dev/null 2>&1 || skip "no module is installed"
	x modprobe europa
	[ -d /sys/module/europa ]
	wait_until 5 x modprobe -r europa
	[ ! -d /sys/module/europa ]
}
