/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/*
 * Several workers, each a thread and a queue of its own. They read the tables, which
 * whoever started them changes (grace.h), and nothing else of each other's.
 */
#ifndef ROUTER_CREW_H
#define ROUTER_CREW_H

#include <pthread.h>

#include "worker.h"

/* A cache line, or some, of its own. */
struct crew_worker {
	struct worker w;
	struct crew *crew;
	pthread_t thread;
	int call;		/* eventfd: wake up, and look again */
	int err;		/* why it ended; 0 */
	bool ended;
} __attribute__((aligned(64)));

struct crew {
	struct crew_worker worker[EUROPA_QUEUES_MAX];
	unsigned int count;	/* started */
	int ended;		/* eventfd: some worker has */
	bool stop;
	bool groups;		/* what the workers were told of that */
};

/* Returns 0, or a negative errno value. */
int crew_open(struct crew *c);
/* After crew_stop(). */
void crew_close(struct crew *c);

/* One more worker, on r->lane[] of its number; its queue has been started. */
int crew_add(struct crew *c, struct router *r, struct inquiry *inquiry, unsigned int spin);

/*
 * Now and then, at least when c->ended is readable. Returns 1 if all have left, for
 * another data plane; why one of them had to end; else 0.
 */
int crew_look(struct crew *c, const struct router *r);

/* Has any left? Before crew_stop(). */
bool crew_left(const struct crew *c);

/* All take what is left, and end. Returns 0, or why one could not. */
int crew_stop(struct crew *c);

#endif
