/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* A thread that drains a queue's tx, so that the data plane need not call. */
#ifndef _EUROPA_POLLER_H
#define _EUROPA_POLLER_H

#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/wait.h>

struct europa_queue;
struct task_struct;

/* Who drains a VR's tx: its data plane, a thread anywhere, or, from 0 on, one
 * that is bound to the processor of this number.
 */
enum {
	EUROPA_POLLER_NOBODY	= -2,
	EUROPA_POLLER_ANYWHERE	= -1,
};

/* Changes under the queue's lock. */
enum europa_poller_state {
	EUROPA_POLLER_NONE,	/* it has not begun, or is about to end */
	EUROPA_POLLER_ASLEEP,	/* the data plane is to kick */
	EUROPA_POLLER_AWAKE,	/* it looks at tx before it sleeps */
};

/* task: under the queue's lock. */
struct europa_poller {
	/* of who ends the thread, until it has; inside vr->lock, or nothing */
	struct mutex lock;
	struct task_struct *task;	/* NULL: there is none */
	wait_queue_head_t wait;
};

/* One that has been made and has not begun. */
struct europa_poller_new {
	int tx;				/* vr->tx that it was made for */
	struct task_struct *task;	/* NULL: that wants none */
};

void europa_poller_init(struct europa_queue *queue);
int europa_poller_make(struct europa_queue *queue, int tx,
		       struct europa_poller_new *new);
void europa_poller_forget(struct europa_poller_new *new);
void europa_poller_begin(struct europa_queue *queue,
			 struct europa_poller_new *new);
void europa_poller_end(struct europa_queue *queue);
void europa_poller_replace(struct europa_queue *queue,
			   struct europa_poller_new *new);

#endif /* _EUROPA_POLLER_H */
