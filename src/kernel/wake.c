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

/* Without the lock: a detach in between wakes the sleeper, too. */
void europa_wake(struct europa_queue *queue)
{
	europa_stats_inc(queue->vr->stats, EUROPA_C_WAKES);
	trace_europa_wake(queue->vr->id);
	wake_up_interruptible_poll(&queue->wait, EPOLLIN | EPOLLRDNORM);
}
