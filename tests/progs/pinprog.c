// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * pinprog TYPE VALUE PATH: load a BPF program of that type (a number of enum
 * bpf_prog_type) that returns a value, and pin it.
 */
#include <err.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = {
		.insns = (uintptr_t)code,
		.insn_cnt = 2,
		.license = (uintptr_t)"GPL",
	};
	int fd;

	if (argc != 4)
		errx(2, "pinprog TYPE VALUE PATH");
	attr.prog_type = atoi(argv[1]);
	code[0].imm = strtol(argv[2], NULL, 0);
	fd = syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	if (fd < 0)
		err(1, "load");
	attr = (union bpf_attr) { .pathname = (uintptr_t)argv[3], .bpf_fd = fd };
	if (syscall(SYS_bpf, BPF_OBJ_PIN, &attr, sizeof(attr)))
		err(1, "%s", argv[3]);
	return 0;
}
