/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/*
 * The main loop, from START to STOP: packets, signals, netlink, timers. With several
 * workers all but packets.
 */
#ifndef ROUTER_LOOP_H
#define ROUTER_LOOP_H

#include "crew.h"
#include "netlink.h"

#define LOOP_INQUIRY_TRIES	100	/* 100 ms apart */

struct loop {
	struct router *r;
	struct netlink nl;
	struct worker worker;	/* the only one */
	struct crew *crew;	/* or NULL; started, or not yet */
	struct inquiry *inquiry; /* NULL: nobody is answered */
	int signals;		/* signalfd */
	int control;		/* epoll, while it runs: all but packets */
	unsigned int spin;	/* polls of an empty rx ring before sleeping */
	unsigned int stats_every; /* s; 0: never */
	uint64_t stats_at;	/* ms */
	uint64_t settings_at;	/* ms */
	unsigned int packets;	/* since signals and netlink were polled last */
	bool busy;		/* tables have work left */
	bool stop;
	bool left;		/* another data plane took over, or some queue of several */
	unsigned int queue;
	unsigned int inquiry_tries; /* left, to get the socket's name */
	uint64_t inquiry_at;	/* ms */
};

/* Descriptor for the signals the loop takes, now blocked; or -errno. */
int loop_signals(void);

/*
 * First sync, however long, but at most timeout_ms without a message. 0; -ETIMEDOUT,
 * -EINTR told to stop.
 */
int loop_sync(struct loop *l, int timeout_ms);

/*
 * After that: until the tables have all that the kernel has told up to now. The
 * same errors.
 */
int loop_follow(struct loop *l, int timeout_ms);

/* For workers that are started before it runs: a round of all but packets. */
void loop_round(struct loop *l);

/* Until told to stop, then drains. Returns 0, or why it had to end. */
int loop_run(struct loop *l);

#endif
