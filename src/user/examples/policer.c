// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * A wire between ports 0 and 1 that lets through what a token bucket allows, in each direction:
 * the single rate of RFC 2697 with one bucket, and red is dropped.
 *
 *	europa-policer BITS-PER-SECOND BURST-BYTES
 *
 * Frames for others come to the VR by `tc filter add … matchall action europa vr N` at both lower
 * devices, and may leave again with `spoofchk off`.
 */
#include "example.h"
#include <stdlib.h>
#include <time.h>

static double rate;		/* bytes per nanosecond */
static double depth;		/* bytes */
static double tokens[2];	/* bytes that may go on now, by the port they come from */

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

/* Once for a burst: what has come into the buckets since the last. */
static int fill(void)
{
	static double last;
	double time = now(), more = last ? (time - last) * rate : depth;
	int i;

	last = time;
	for (i = 0; i < 2; i++)
		tokens[i] = tokens[i] + more < depth ? tokens[i] + more : depth;
	return 0;
}

/* A super-packet counts with all it holds, but for the headers its segments will repeat. */
static void police(struct europa_queue *q, struct europa_entry *e)
{
	if (e->port > 1 || e->len > tokens[e->port]) {
		europa_drop(q, e);
		return;
	}
	tokens[e->port] -= e->len;
	europa_send(q, e, !e->port, 0);
}

int main(int argc, char **argv)
{
	if (argc != 3 || atof(argv[1]) <= 0 || atof(argv[2]) <= 0) {
		fprintf(stderr, "usage: europa-policer BITS-PER-SECOND BURST-BYTES\n");
		return 1;
	}
	rate = atof(argv[1]) / 8e9;
	depth = atof(argv[2]);
	return example_run(police, fill);
}
