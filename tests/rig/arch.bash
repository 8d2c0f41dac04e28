# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# shellcheck shell=bash disable=SC2034
# Everything in the rig that depends on the machine's architecture. RIG_ARCH is another's, whose
# guests have the root RIG_ROOT: tests/rig/cross.

case ${RIG_ARCH:-$(uname -m)} in
x86_64)
	RIG_FLAVOUR=cloud-amd64
	RIG_QEMU=qemu-system-x86_64
	RIG_QEMU_PACKAGE=qemu-system-x86
	RIG_MACHINE=q35
	RIG_CPU_TCG=max,la57=off
	RIG_CONSOLE=ttyS0
	;;
aarch64)
	RIG_FLAVOUR=cloud-arm64
	RIG_QEMU=qemu-system-aarch64
	RIG_QEMU_PACKAGE=qemu-system-arm
	RIG_MACHINE=virt
	RIG_CPU_TCG=max,pauth-impdef=on
	RIG_CONSOLE=ttyAMA0
	;;
*)
	echo "rig: no test kernel is known for the architecture ${RIG_ARCH:-$(uname -m)}" >&2
	exit 126
	;;
esac
