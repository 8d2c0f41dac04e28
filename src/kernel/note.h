/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* What a VR's owner did, noted until event.c tells it. */
#ifndef _EUROPA_NOTE_H
#define _EUROPA_NOTE_H

#include <linux/europa.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

struct europa_port;
struct europa_vr;

/* An owner's events: so many at once, then so many a second; of each kind. */
#define EUROPA_EVENT_BURST	20
#define EUROPA_EVENT_RATE	10

/* A token bucket, as the one moment (jiffies) at which it is full again. */
struct europa_bucket {
	u64 full;
};

struct europa_note {
	u8 event;		/* enum europa_event */
	u8 state;		/* enum europa_state: of the VR ... */
	u8 queue_state;		/* ... and of the queue */
	u8 queue;		/* index */
	u8 ended;		/* enum europa_ended, of DETACH */
	u32 pid;		/* in the initial namespace */
	u32 generation;
};

/*
 * What a VR's owner can make happen as often as he likes, and so is bounded per
 * VR: attach, start, stop, detach, and changes of his ports' filters. It is
 * noted here and told by the works, each of which holds a reference on the VR
 * while it is queued or runs. lock: all but the works and the bits of filters;
 * also taken in softirq, nothing is taken inside.
 */
struct europa_events {
	spinlock_t lock;	/* see above */
	bool closed;		/* the VR goes: nothing is noted any more */
	u64 owed;		/* of these queues too many to note: tell what they
				 * led to
				 */
	u8 turn;		/* the queue that is looked at first */
	u32 first;		/* notes[]: a ring of those not told yet */
	u32 count;
	struct europa_note notes[EUROPA_EVENT_BURST];
	struct europa_bucket states;
	struct europa_bucket filters_told;
	struct delayed_work state_work;
	struct delayed_work filters_work;	/* takes rtnl */
	struct delayed_work mtu_work;		/* the same */
	DECLARE_BITMAP(filters, EUROPA_PORT_MAX + 1);
};

int europa_note_module_init(void);
void europa_note_module_exit(void);

/* What the owner does: told soon, bounded; the end of it always. */
void europa_note_state(struct europa_vr *vr, const struct europa_note *note);
void europa_note_filters(struct europa_port *port);

/* The VR's ports shall take their lower devices' MTUs soon, by a work: the
 * caller is told of one under a lock that changing a port may want. Under rtnl.
 */
void europa_note_mtu(struct europa_vr *vr);

bool europa_note_next(struct europa_vr *vr, struct europa_note *note);
bool europa_note_may_tell_filters(struct europa_vr *vr);

#endif /* _EUROPA_NOTE_H */
