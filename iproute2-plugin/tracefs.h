/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* An instance of the kernel's tracing that is ours alone, with the module's drops in it. */
#ifndef TRACEFS_H
#define TRACEFS_H

#include <stdint.h>

struct tracing {
	char path[128];		/* of the instance; "" before there is one */
	int pipe;		/* its lines, not blocking; -1: not open */
};

/* vr 0: of all VRs. 0, or the exit code after saying why not; then there is nothing to close. */
int tracing_open(struct tracing *t, uint32_t vr);
void tracing_close(struct tracing *t);

#endif
