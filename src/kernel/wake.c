// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <linux/poll.h>
#include "stall.h"
#include "trace.h"
#include "vr.h"
#include "wake.h"

/*
 * After a publication: does the sleeper need waking? Once per sleep: the VR stays
 * armed until it runs again, which may be many batches later. What it says,
 * {cursor, armed}, changes with each sleep, even where poll() is not called anew
 * (edge-triggered epoll).
 *
 * The VR stores rx_wait, fences and looks at the ring again, so either it sees
 * the packet or this sees it armed; and the same for sleeping, see
 * europa_queue_readable().
 */
bool europa_wake_wanted(struct europa_queue *queue)
{
	u64 wait;

	lockdep_assert_held(&queue->lock);
	/* publications before rx_wait; pairs with readable() and the VR's */
	smp_mb();
	if (unlikely(queue->stall.wanted))
		europa_stall_watch(queue);
	wait = READ_ONCE(queue->pool->ctl->rx_wait);
	if (!(wait & EUROPA_RX_ARMED) ||
	    (!READ_ONCE(queue->sleeping) && wait == queue->woken))
		return false;
	WRITE_ONCE(queue->sleeping, false);
	queue->woken = wait;
	return true;
}

/* Is the data plane to kick, and to leave? */
void europa_wake_flags(struct europa_queue *queue)
{
	u32 flags = 0;

	lockdep_assert_held(&queue->lock);
	if (queue->poller_state != EUROPA_POLLER_AWAKE)
		flags |= EUROPA_CTL_NEED_KICK;
	if (queue->leaving)
		flags |= EUROPA_CTL_LEAVE;
	WRITE_ONCE(queue->pool->ctl->flags, flags);
}

/*
 * The data plane has something to answer, or is about to have: is the thread
 * that drains tx to be woken? From now on the data plane need not kick.
 */
bool europa_wake_poller_wanted(struct europa_queue *queue)
{
	lockdep_assert_held(&queue->lock);
	if (likely(queue->poller_state != EUROPA_POLLER_ASLEEP))
		return false;
	WRITE_ONCE(queue->poller_state, EUROPA_POLLER_AWAKE);
	europa_wake_flags(queue);
	return true;
}

/* Without the lock, as below: the thread may have ended, the queue has not. */
void europa_wake_poller(struct europa_queue *queue)
{
	wake_up(&queue->poller.wait);
}

/* Without the lock: a detach in between wakes the sleeper, too. */
void europa_wake(struct europa_queue *queue)
{
	europa_stats_inc(queue->vr->stats, EUROPA_C_WAKES);
	trace_europa_wake(queue->vr->id);
	wake_up_interruptible_poll(&queue->wait, EPOLLIN | EPOLLRDNORM);
}
