// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * A data plane takes over from the one there is, and no packet is lost.
 *
 *	newcomer			queue			the one before
 *	ATTACH: its pool is made	runs
 *	ATTACH: begin			holds what comes	told to leave
 *	   waits			holds			returns what it has
 *	   waits no more		holds			let go
 *	   its pool is the queue's	holds
 *	ATTACH: end			gets what was held, and runs
 *					the pool before is freed, by a work
 *
 * What the one before does not return in time goes to the fallback, as at any
 * detach, before the newcomer sees a packet: so order is kept whatever it does.
 * It is not waited for when it is gone, has nothing any more, has had its time,
 * or when so much is held that half of the room is taken. The time is all that it
 * can cost the newcomer, and what a drain takes that it is in the middle of.
 *
 * Only one at a time takes over: the caller has ATTACHING.
 */
#include <linux/cred.h>
#include <linux/delay.h>
#include <linux/sched/signal.h>
#include <linux/uidgid.h>
#include "handover.h"
#include "queue.h"
#include "rx.h"

#define EUROPA_HANDOVER_TIME	HZ	/* for who is told to leave */
#define EUROPA_HANDOVER_LOOK	200	/* us between two looks, or up to twice that */
#define EUROPA_HANDOVER_LOOKS	100	/* at least, however long they took */

/*
 * By whom may it be replaced? Who may open the node may be several: a group, or
 * everybody. So it is whoever it belongs to itself, the node's owner, or who
 * administers the network of the machine.
 */
bool europa_handover_allowed(const struct europa_queue *queue)
{
	kuid_t owner = make_kuid(&init_user_ns, READ_ONCE(queue->vr->uid));

	return uid_eq(current_euid(), queue->uid) ||
	       uid_eq(current_euid(), owner) || capable(CAP_NET_ADMIN);
}

/* Is it worth waiting for? */
static bool europa_handover_waits(struct europa_queue *queue)
{
	bool waits;

	spin_lock_bh(&queue->lock);
	waits = queue->pool && europa_pool_busy(queue->pool) &&
		!europa_hold_half(queue);
	spin_unlock_bh(&queue->lock);
	return waits;
}

/* A machine that was held up itself has had no time to give. */
static bool europa_handover_has_time(unsigned long end, u32 looks)
{
	return looks < EUROPA_HANDOVER_LOOKS || time_before(jiffies, end);
}

/* Without vr->lock meanwhile, so that it can detach, be deleted, or die. */
static int europa_handover_wait(struct europa_queue *queue)
{
	unsigned long end = jiffies + EUROPA_HANDOVER_TIME;
	u32 looks = 0;

	while (europa_handover_waits(queue) &&
	       europa_handover_has_time(end, looks++)) {
		mutex_unlock(&queue->vr->lock);
		usleep_range(EUROPA_HANDOVER_LOOK, 2 * EUROPA_HANDOVER_LOOK);
		mutex_lock(&queue->vr->lock);
		if (fatal_signal_pending(current))
			return -EINTR;
	}
	return 0;
}

/*
 * For whom `pool` was made. Lets go of vr->lock while it waits. Returns 1 when
 * there was somebody, 0 when the queue was free, or an error. In each case
 * europa_handover_end() follows, under the same lock, after the newcomer is
 * attached or is not.
 */
int europa_handover_begin(struct europa_queue *queue,
			  const struct europa_pool *pool)
{
	int err;

	lockdep_assert_held(&queue->vr->lock);
	if (!queue->pool)
		return 0;
	if (!europa_handover_allowed(queue))
		return -EPERM;
	europa_queue_tell_leave(queue, pool->nfree);
	err = europa_handover_wait(queue);
	if (err)
		return err;
	europa_queue_detach(queue, EUROPA_ENDED_REPLACED);
	return 1;
}

/* The newcomer has the queue, or nobody has. */
static void europa_handover_done(struct europa_queue *queue)
{
	if (queue->running != EUROPA_RUN_HOLD)
		return;
	if (!queue->pool) {
		europa_rx_give_up_held(queue);
		return;
	}
	europa_rx_give_held(queue);
	europa_queue_note(queue, EUROPA_EVENT_START);
}

/* The one before has not gone, and may stay. */
static void europa_handover_undone(struct europa_queue *queue)
{
	bool held = queue->running == EUROPA_RUN_HOLD;

	if (held && !queue->stopped)
		europa_rx_give_held(queue);
	else if (held)
		europa_rx_give_up_held(queue);
	europa_queue_tell_stay(queue);
	if (held && queue->stopped)
		europa_queue_note(queue, EUROPA_EVENT_STOP);
}

/*
 * What was held is the newcomer's. When there is none, for it was killed or the
 * VR's settings or end were quicker, it is that of the one before, if that is
 * still there and has not stopped meanwhile; else the fallback's.
 */
void europa_handover_end(struct europa_queue *queue)
{
	lockdep_assert_held(&queue->vr->lock);
	if (queue->leaving)
		europa_handover_undone(queue);
	else
		europa_handover_done(queue);
}
