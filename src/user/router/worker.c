// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <errno.h>
#include <poll.h>

#include "datapath.h"
#include "trace.h"
#include "worker.h"

#define RETRY_SPIN	64	/* sleeps before spinning is tried again */
#define HOLD_SPIN	64	/* polls that a packet on tx waits for others at most */
#define LOOK_SPIN	64	/* polls between two looks at who tells it to end */
#define SPIN_ROUND	65536	/* polls, some ms, in which who is alone does nothing else */

void worker_init(struct worker *w, struct router *r, struct lane *lane, unsigned int spin)
{
	*w = (struct worker){ .r = r, .lane = lane, .spin_max = spin, .spin_now = spin };
}

/* Why it was detached: -ENODEV the VR is gone, -ENOTCONN not that. */
static int detached(struct worker *w)
{
	int err = europa_drain(w->lane->q);

	return err < 0 ? err : -ENODEV;
}

static int kick(struct worker *w)
{
	int n;

	if (!w->lane->q->pending)
		return 0;
	w->lane->stats.kicks += europa_need_kick(w->lane->q);
	w->held = 0;
	n = europa_kick(w->lane->q);
	return n < 0 && n != -EINTR ? n : 0;
}

/*
 * While it does what has nothing to do with the tables nobody waits for it who changes
 * them. Alone in its thread it has nobody to say so to.
 */
static void tables_off(const struct worker *w)
{
	if (w->stop)
		grace_sleep();
}

static void tables_on(const struct worker *w)
{
	if (w->stop)
		grace_wake();
}

static bool told_to_end(const struct worker *w)
{
	return europa_leaving(w->lane->q) || (w->stop && shared_load(*w->stop));
}

/* Rx is empty: how often is it polled? */
static void spin_begin(struct worker *w)
{
	if (!w->spin_now && w->spin_max && ++w->sleeps % RETRY_SPIN == 0)
		w->spin_now = w->spin_max;
	w->spin_left = w->spin_now;
}

static int spin_pays(struct worker *w)
{
	w->spin_left = 0;
	w->spin_now = w->spin_now < w->spin_max / 2 ? 2 * w->spin_now : w->spin_max;
	return 1;
}

/*
 * Poll rx up to spin_now times before sleeping. The number halves each time no
 * packet came, down to not polling at all, and doubles each time one did; after
 * RETRY_SPIN sleeps polling is tried again. Packets on tx wait meanwhile, so
 * that small bursts share a kick, but not for long. Returns 1 if there is a
 * packet, 0 if it was no use, or the caller has other things to do
 * meanwhile: then worker_spins().
 */
static int spin(struct worker *w)
{
	unsigned int round = SPIN_ROUND;
	int err;

	if (!w->spin_left)
		spin_begin(w);
	for (; w->spin_left; w->spin_left--) {
		if (!w->stop && !round--)
			return 0;
		if (w->spin_left % LOOK_SPIN == 0 && told_to_end(w))
			return 0;
		w->lane->stats.spins++;
		if (europa_rx_ready(w->lane->q))
			return spin_pays(w);
		if (w->lane->q->pending && ++w->held >= HOLD_SPIN) {
			err = kick(w);
			if (err)
				return err;
		}
		europa_pause();
	}
	w->spin_now /= 2;
	return 0;
}

bool worker_spins(const struct worker *w)
{
	return w->spin_left;
}

static int look_for_more(struct worker *w)
{
	int n;

	tables_off(w);
	n = spin(w);
	tables_on(w);
	return n;
}

/* One burst. Returns packets taken. */
static int burst(struct worker *w)
{
	struct europa_queue *q = w->lane->q;
	struct europa_entry e[EUROPA_BURST];
	unsigned int n = europa_rx_peek(q, e, EUROPA_BURST);
	int err = 0;

	if (!n)
		return 0;
	if (w->inquiry && shared_load(w->inquiry->tracing))
		trace_burst(w->r, w->lane, w->inquiry, e, n);
	else
		datapath_burst(w->r, w->lane, e, n);
	europa_tx_submit(q);
	/* With nothing left to do, poll() drains it: a call less. */
	if (q->pending >= EUROPA_BURST && europa_rx_ready(q))
		err = kick(w);
	return err ? err : (int)n;
}

int worker_step(struct worker *w)
{
	int n = burst(w);

	if (europa_leaving(w->lane->q)) {
		w->left = true;
		return n < 0 ? n : 0;
	}
	return n ? n : look_for_more(w);
}

/* poll() drains tx first, so a burst that empties rx costs this one system call. */
int worker_sleep(struct worker *w, int fd, int timeout, bool awake)
{
	struct europa_queue *q = w->lane->q;
	struct pollfd p[] = {
		{ .fd = q->fd, .events = POLLIN },
		{ .fd = fd, .events = POLLIN },
	};
	int n;

	if (awake ? europa_arm_awake(q) : europa_arm(q)) {
		europa_disarm(q, 0);
		return WORKER_AWAKE;
	}
	w->lane->stats.waits++;
	w->held = 0;
	n = poll(p, 2, timeout);
	europa_disarm(q, n >= 0);
	if (n >= 0 && p[0].revents & (POLLERR | POLLHUP | POLLNVAL))
		return detached(w);
	return n > 0 && p[1].revents ? WORKER_CALLED : WORKER_SLEPT;
}

/* That waits for whoever has the VR's lock in the kernel. */
static int stop(struct worker *w)
{
	int n;

	tables_off(w);
	n = europa_stop(w->lane->q);
	tables_on(w);
	return n;
}

static int drain(struct worker *w)
{
	int n = stop(w);

	if (n < 0)
		return n;
	while ((n = burst(w)) > 0)
		;
	return n < 0 ? n : kick(w);
}

/* Who has nothing to return is detached when he is told to leave. */
int worker_end(struct worker *w, int err)
{
	if (!err)
		err = drain(w);
	if (err != -ENOTCONN || !europa_leaving(w->lane->q))
		return err;
	w->left = true;
	return 0;
}
