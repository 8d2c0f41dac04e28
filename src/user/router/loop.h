/* SPDX-License-Identifier: GPL-2.0 */
/* The router's life between START and STOP. */
#ifndef ROUTER_LOOP_H
#define ROUTER_LOOP_H

#include "netlink.h"
#include "router.h"

struct loop {
	struct router *r;
	struct netlink nl;
	int signals;		/* signalfd */
	unsigned int spin_max;	/* looks at an empty rx ring before sleeping */
	unsigned int spin_now;	/* what seems to pay at the moment */
	unsigned int held;	/* looks since the oldest packet waits on tx */
	unsigned int sleeps;
	unsigned int stats_every; /* s; 0: never */
	uint64_t stats_at;	/* ms */
	unsigned int packets;	/* since the last look at anything but packets */
	bool busy;		/* tables have work left */
	bool stop;
};

/* Descriptor for the signals the loop takes, now blocked; or -errno. */
int loop_signals(void);

/* First sync, at most timeout_ms. 0; -ETIMEDOUT, -EINTR told to stop. */
int loop_sync(struct loop *l, int timeout_ms);

/* Until told to stop, then drains. Returns 0, or why it had to end. */
int loop_run(struct loop *l);

#endif
