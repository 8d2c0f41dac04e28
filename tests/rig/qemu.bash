# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# shellcheck shell=bash disable=SC2034,SC2054,SC2154
# The machine of tests/rig/vm as QEMU emulates it, or KVM runs it: Debian's kernel, this
# machine's files over virtiofs, output and status over serial ports of virtio.

machine_ends_by=TERM
sock='' sockdir=''

find_virtiofsd()
{
	for virtiofsd in /usr/lib/qemu/virtiofsd /usr/libexec/virtiofsd; do
		[ ! -x "$virtiofsd" ] || return 0
	done
	return 1
}

machine_check()
{
	command -v "$RIG_QEMU" >/dev/null || die "$RIG_QEMU is missing; run 'make deps'"
	find_virtiofsd || die "virtiofsd is missing; run 'make deps'"
}

# The arguments every boot has.
base_arguments()
{
	local accel=$1

	qemu_args=(-nodefaults -no-user-config -no-reboot -display none -monitor none
		-kernel "$RIG_BUILD/$kver/vmlinuz" -initrd "$RIG_BUILD/$kver/initramfs")
	if [ "$accel" = kvm ]; then
		qemu_args+=(-M "$RIG_MACHINE" -accel kvm -cpu host)
	elif [ -n "$icount" ]; then
		qemu_args+=(-M "$RIG_MACHINE" -accel tcg,thread=single,tb-size=256
			-icount shift=0,sleep=off -cpu "$RIG_CPU_TCG")
	else
		qemu_args+=(-M "$RIG_MACHINE" -accel tcg,thread=multi,tb-size=256 -cpu "$RIG_CPU_TCG")
	fi
	# Emulation translates a program's code anew at each address that it is loaded at:
	# without random addresses a command starts in half of the time.
	kernel_line="console=$RIG_CONSOLE panic=-1 oops=panic nokaslr random.trust_cpu=1 no_timer_check norandmaps"
	kernel_line+=" log_buf_len=8M rcupdate.rcu_cpu_stall_timeout=60 loglevel=5 $more"
}

# A /dev/kvm can open and still never boot a stock kernel: believe only a boot.
probe_kvm()
{
	local console=$run/probe

	[ -r /dev/kvm ] && [ -w /dev/kvm ] || return
	say "trying KVM (once, up to 15 seconds)"
	base_arguments kvm
	{
		timeout -k 1 15 "$RIG_QEMU" "${qemu_args[@]}" -m 512 -serial "file:$console" \
			-append "$kernel_line" </dev/null || true
	} >/dev/null 2>&1
	grep -q "probe reached the initramfs" "$console" 2>/dev/null
}

choose_accelerator()
{
	local memo=$RIG_BUILD/accelerator here

	here="$(uname -r) $(cat /proc/sys/kernel/random/boot_id) $([ ! -e /dev/kvm ] || echo kvm)"
	accel=${EUROPA_ACCEL:-}
	[ -z "$icount" ] || accel=tcg
	[ -z "$accel" ] || return 0
	if [ -e "$memo" ] && [ "$(sed 1d "$memo")" = "$here" ]; then
		accel=$(head -n 1 "$memo")
		return
	fi
	accel=tcg
	if probe_kvm; then
		accel=kvm
	fi
	printf '%s\n%s\n' "$accel" "$here" > "$memo"
}

# For what a guest writes that is booted twice.
make_disk()
{
	truncate -s 1G "$run/disk"
	mke2fs -q -F -t ext4 "$run/disk" || die "mke2fs (e2fsprogs) makes no file system"
}

machine_prepare()
{
	choose_accelerator
	[ -z "$first" ] || make_disk
	machine_is="$accel${icount:+, icount}, $cpus cpu, $memory MB"
}

# Sets `options`: of the one that came with QEMU, or of its successor in Rust. That one tells
# which folders are mount points, unless it is forbidden; overlayfs refuses those.
virtiofsd_options()
{
	local held

	held=$((16#$(awk '$1 == "CapEff:" { print $2 }' /proc/self/status)))
	if [[ $("$virtiofsd" --help 2>&1) == *--shared-dir* ]]; then
		options=(--shared-dir="${RIG_ROOT:-/}" --cache=always --sandbox=chroot --no-announce-submounts)
		((held >> 2 & 1)) || return 0
		options+=(--modcaps=+dac_read_search)
	else
		options=(-o source="${RIG_ROOT:-/}" -o cache=always -o sandbox=chroot)
		((held >> 2 & 1)) || return 0
		options+=(-o modcaps=+dac_read_search)
	fi
}

machine_helpers()
{
	local options

	virtiofsd_options
	sockdir=$(mktemp -d -t europa-rig.XXXXXX)
	sock=$sockdir/fs
	ulimit -n "$(ulimit -H -n)"
	"$virtiofsd" --socket-path="$sock" --rlimit-nofile=0 "${options[@]}" \
		</dev/null >"$run/virtiofsd.log" 2>&1 &
	fsd=$!
	for _ in {1..100}; do
		[ ! -S "$sock" ] || return 0
		kill -0 "$fsd" 2>/dev/null || break
		pause 0.05
	done
	cat "$run/virtiofsd.log" >&2
	die "virtiofsd does not start"
}

# What the threads of virtiofsd wait for, for who wonders why a guest hangs.
machine_helpers_tell()
{
	local task

	[ -n "${fsd:-}" ] || return 0
	for task in "/proc/$fsd/task"/*; do
		echo "    virtiofsd ${task##*/}: $(cat "$task/wchan") in system call $(cat "$task/syscall")"
	done >&2
}

machine_helpers_end()
{
	if [ -n "${fsd:-}" ]; then
		kill "$fsd" 2>/dev/null || true
		wait "$fsd" 2>/dev/null || true
	fi
	rm -rf ${sockdir:+"$sockdir" /var/run/virtiofsd/"${sock//\//.}"*}
}

device_arguments()
{
	local most=$cpus

	# To one processor, and none to come, QEMU before 8.1 gives no memory barriers, though its
	# devices look at the same memory; then a request to virtiofs can be waited for, for ever.
	[ "$accel" = kvm ] || [ -n "$icount" ] || ((most > 1)) || most=2
	qemu_args+=(-smp "$cpus,maxcpus=$most" -m "$memory"
		-object "memory-backend-memfd,id=mem,size=${memory}M,share=on" -numa node,memdev=mem
		-chardev "socket,id=fs,path=$sock" -device vhost-user-fs-pci,chardev=fs,tag=rig
		-device virtio-serial-pci
		-chardev "file,id=output,path=$run/output,append=on"
		-device virtserialport,chardev=output,name=rig.output,nr=2
		-chardev "file,id=status,path=$run/status,append=on"
		-device virtserialport,chardev=status,name=rig.status,nr=3
		-serial "file:$run/console")
	if [ -n "$interactive" ]; then
		qemu_args+=(-chardev stdio,id=tty,signal=off -device virtconsole,chardev=tty,nr=1)
	fi
	if [ -n "$nics" ]; then
		qemu_args+=(-netdev hubport,id=hub0,hubid=0 -netdev hubport,id=hub1,hubid=0
			-device virtio-net-pci,netdev=hub0,mac=52:54:00:00:00:01,romfile=
			-device virtio-net-pci,netdev=hub1,mac=52:54:00:00:00:02,romfile=)
	fi
	if [ -n "$first" ]; then
		qemu_args+=(-drive "file=$run/disk,format=raw,if=none,id=disk,cache=unsafe"
			-device virtio-blk-pci,drive=disk)
	fi
	kernel_line+=" rig.run=$(in_guest "$run") rig.dir=$(in_guest "$RIG_DIR")"
}

# Sets `machine`, its process.
machine_start()
{
	base_arguments "$accel"
	device_arguments
	if [ -n "$interactive" ]; then
		"$RIG_QEMU" "${qemu_args[@]}" -append "$kernel_line" <&3 2>"$run/machine.log" &
	else
		"$RIG_QEMU" "${qemu_args[@]}" -append "$kernel_line" </dev/null >"$run/machine.log" 2>&1 &
	fi
	machine=$!
}
