/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* Who takes a queue's packets, burst by burst, and when it polls, kicks and sleeps. */
#ifndef ROUTER_WORKER_H
#define ROUTER_WORKER_H

#include "inquiry.h"
#include "router.h"

struct worker {
	struct router *r;
	struct lane *lane;
	struct inquiry *inquiry; /* who is told of packets; NULL: nobody */
	const bool *stop;	/* others read the tables, too, and all are to end; NULL: none */
	unsigned int spin_max;	/* polls of an empty rx ring before sleeping */
	unsigned int spin_now;	/* what seems to pay at the moment */
	unsigned int spin_left;	/* of them, before it sleeps */
	unsigned int held;	/* polls of rx since the oldest packet on tx was written */
	unsigned int sleeps;	/* times it slept without polling rx before */
	bool left;		/* another data plane takes over */
};

void worker_init(struct worker *w, struct router *r, struct lane *lane, unsigned int spin);

/*
 * A burst, or a while of looking for one. Returns packets taken, or 1 if there are
 * some, 0 if it is time to sleep, or the queue is another's (w->left), or it is not
 * done with looking (worker_spins()), or why it has to end: -ENODEV the VR is gone,
 * -ENOTCONN not that.
 */
int worker_step(struct worker *w);

/* Has a worker that is alone only stopped to look for packets so that others get a turn? */
bool worker_spins(const struct worker *w);

enum { WORKER_AWAKE, WORKER_SLEPT, WORKER_CALLED };

/*
 * Sleep until there is a packet, or fd, which may be -1, has something: then
 * WORKER_CALLED. timeout: ms, -1 for ever. awake: each packet wakes it. WORKER_AWAKE:
 * it did not sleep, as there is a packet. The same errors.
 */
int worker_sleep(struct worker *w, int fd, int timeout, bool awake);

/*
 * After the last step, err being its error, or 0: what was received before STOP goes
 * its way, nothing is lost. Returns 0, or an error, but none if another took over.
 */
int worker_end(struct worker *w, int err);

#endif
