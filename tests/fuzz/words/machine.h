/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/*
 * A machine for ip-vr to live in while it is fuzzed: every function fake_NAME stands for
 * NAME in the tool's objects (see ../Makefile), so nothing of the real machine is touched
 * and nothing blocks. What the kernel answers, and which calls fail, is in the input's tail.
 */
#ifndef MACHINE_H
#define MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* What goes wrong in this run: bits of the tail's first 4 bytes. */
enum fault {
	NO_FAMILY, NO_MODPROBE, NO_SOCKET, NO_BIND, NO_SEND, NO_SUBSCRIPTION, NO_NETNS, NO_SETNS,
	NO_DEVICE, NO_FILE, NO_DIR, NO_FORK, IS_CHILD, NO_EXEC, NO_COMMAND, NO_RIGHTS, NO_MEMORY,
	NO_SPACE, NO_BPF, NO_MAPS, NO_OBJECT, NO_LOAD, NO_LIST, NO_TTY, MAPS_FROM_TAIL, NO_USERS,
	NO_MOUNT, NO_EVENT, NO_LOCK, IS_SIGNALLED,
};

/* How the tool's process ended. */
enum ending { RETURNED, EXITED, REPLACED, KILLED };

struct machine {
	uint32_t faults;
	const uint8_t *tail;	/* the kernel's answers */
	size_t left;
	const char *batch;	/* what every file and standard input contain */
	size_t batch_left;
	unsigned int requests, changes;		/* to netlink; accepted ones that change */
	unsigned int map_changes;
	int tracing;		/* instances in tracefs */
	bool raw;		/* the terminal, and so no longer as it was */
	bool forked, lost;	/* lost: some of the output, on a full disk */
	enum ending ending;
	int code;
	const char *program;	/* that replaced the tool */
	char *const *argv;
};
extern struct machine machine;

struct text {
	char bytes[1 << 16];
	size_t len;		/* what does not fit is forgotten */
};
extern struct text written, complained;

void machine_open(void);		/* once */
void machine_begin(const uint8_t *tail, size_t size, const char *batch, size_t batch_size);
/* Runs one process of the tool; its exit code, or how else it ended, is in machine. */
void machine_run(int (*run)(int argc, char **argv), int argc, char **argv);
void machine_end(void);		/* what the process left behind goes, or is a bug */

bool machine_fault(enum fault f);
int machine_fail(int err);	/* sets errno; -1 */
uint8_t machine_byte(void);	/* of the tail; 0 when it is used up */
uint32_t machine_number(void);
void machine_stop(enum ending ending, int code) __attribute__((noreturn));
void machine_show(const char *what);
void machine_bug(const char *what) __attribute__((noreturn));	/* and shows */

int machine_new_fd(const char *path);
const char *machine_fd(int fd);	/* its path; not open: a bug */
int fake_close(int fd);

void machine_netlink_begin(void);
void machine_netlink_end(bool returned);
void machine_bpf_begin(void);

#endif
