/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* All VRs at one time, with what they, their ports and data planes have used. */
#ifndef SAMPLE_H
#define SAMPLE_H

#include "genl.h"
#include "vr.h"

/* Of the processes that are the data plane, where they are seen. */
struct process_time {
	bool known;
	uint64_t started;	/* a sum: others of the same numbers have another */
	double seconds;		/* of processor time, user and system */
};

struct vr_sample {
	struct vr vr;
	struct port_counts *ports;	/* of vr.ports, in their order */
	struct process_time cpu;
};

struct sample {
	double time;		/* seconds, CLOCK_MONOTONIC */
	struct vr_sample *vrs;	/* as the kernel tells them */
	size_t count;
};

struct sampler {
	struct genl g;
	struct nl route;
	const struct vr_ref *refs;	/* the VRs that are wanted; none: all */
	size_t nrefs;
};

/* In this namespace, as show. 0, or the exit code after saying why not. */
int sampler_open(struct sampler *s);
int sample_take(struct sampler *s, struct sample *to);	/* 0 or -errno */
int sample_fail(const struct sampler *s);	/* print the error; the exit code */
void sample_free(struct sample *s);
void sampler_close(struct sampler *s);

bool ref_is(const struct vr_ref *ref, const struct vr *vr);
/* Says which of the VRs that are wanted is not there; 0 or the exit code. */
int sample_complete(const struct sampler *s, const struct sample *taken);

#endif
