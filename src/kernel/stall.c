// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * A data plane that was stopped, hangs or waits for what never comes is not
 * dead: it keeps the queue, and packets wait for it until there is no slot left.
 * Where the VR has a time for that, it is detached after it, and the fallback
 * takes over.
 *
 * What is seen of a data plane is what it does for packets: entries of tx that
 * were drained, and rx_wait. If there are packets that it has not returned, and
 * rx_wait says that it has not taken all of them, and neither changed for that
 * time, it has stalled. So who has nothing to do is never detached; nor is who
 * took all there was, said so and keeps some, which is age.c's business. Who
 * only pretends to move harms himself.
 *
 * A packet pays nothing: a work looks a few times in that time. When it finds
 * the data plane asleep with nothing in its hands, it stops, until packets wake
 * somebody again.
 */
#include "stall.h"
#include "vr.h"

#define EUROPA_STALL_LOOKS	4	/* in a VR's time */

static struct workqueue_struct *europa_stall_wq;

/* Its works detach, which can take long. */
int europa_stall_module_init(void)
{
	europa_stall_wq = alloc_workqueue("europa_stall", WQ_UNBOUND, 0);
	return europa_stall_wq ? 0 : -ENOMEM;
}

void europa_stall_module_exit(void)
{
	destroy_workqueue(europa_stall_wq);
}

void europa_stall_init(struct europa_queue *queue, work_func_t work)
{
	INIT_DELAYED_WORK(&queue->stall.work, work);
}

/* With a fresh pool, or another time. The work may still be queued, for the
 * pool before this one.
 */
void europa_stall_begin(struct europa_queue *queue)
{
	struct europa_stall *stall = &queue->stall;

	lockdep_assert_held(&queue->lock);
	stall->still = 0;
	stall->wanted = READ_ONCE(queue->vr->stall);
}

static unsigned long europa_stall_round(u32 ms)
{
	return DIV_ROUND_UP(msecs_to_jiffies(ms), EUROPA_STALL_LOOKS);
}

static void europa_stall_queue(struct europa_queue *queue, u32 ms)
{
	mod_delayed_work(europa_stall_wq, &queue->stall.work,
			 europa_stall_round(ms));
}

/* It is wanted, and there is something to look at. */
void europa_stall_watch(struct europa_queue *queue)
{
	u32 ms = READ_ONCE(queue->vr->stall);

	lockdep_assert_held(&queue->lock);
	queue->stall.wanted = false;
	queue->stall.still = 0;
	if (queue->pool && ms)
		europa_stall_queue(queue, ms);
}

static bool europa_stall_moved(struct europa_queue *queue)
{
	const struct europa_pool *pool = queue->pool;
	struct europa_stall *stall = &queue->stall;
	u32 sent = READ_ONCE(pool->tx.cursor);
	u64 seen = READ_ONCE(pool->ctl->rx_wait);
	bool moved = sent != stall->sent || seen != stall->seen;

	stall->sent = sent;
	stall->seen = seen;
	return moved || queue->running != EUROPA_RUN_ON ||
	       !pool->count[EUROPA_OWNER_RX] || pool->rx.cursor == (u32)seen;
}

/*
 * Has it stalled for the VR's time? Looks count, not the clock: a machine that was
 * held up itself looks late, and a packet may just have come then. It may have
 * begun a round after it was last seen moving, hence one look more.
 */
bool europa_stall_look(struct europa_queue *queue)
{
	u32 ms = READ_ONCE(queue->vr->stall);
	bool due;

	spin_lock_bh(&queue->lock);
	if (queue->pool && europa_stall_moved(queue))
		queue->stall.still = 0;
	else if (queue->pool && ms)
		queue->stall.still += queue->stall.still <= EUROPA_STALL_LOOKS;
	due = queue->stall.still > EUROPA_STALL_LOOKS;
	spin_unlock_bh(&queue->lock);
	return due;
}

/* With vr->lock: is it still so, and of the same pool? */
bool europa_stall_due(struct europa_queue *queue)
{
	bool due;

	spin_lock_bh(&queue->lock);
	due = queue->pool && READ_ONCE(queue->vr->stall) &&
	      queue->running == EUROPA_RUN_ON &&
	      queue->stall.still > EUROPA_STALL_LOOKS;
	spin_unlock_bh(&queue->lock);
	return due;
}

/*
 * The work's end: when to look next. A packet that comes after it was found that
 * there is nothing to see finds the work wanted: both under the lock.
 */
void europa_stall_again(struct europa_queue *queue)
{
	u32 ms = READ_ONCE(queue->vr->stall);

	spin_lock_bh(&queue->lock);
	if (queue->pool && ms) {
		queue->stall.wanted = READ_ONCE(queue->sleeping) &&
				      !queue->pool->count[EUROPA_OWNER_RX];
		if (!queue->stall.wanted)
			europa_stall_queue(queue, ms);
	}
	spin_unlock_bh(&queue->lock);
}

/* For good: there is no pool any more, and will be none. Without vr->lock, which
 * the work takes.
 */
void europa_stall_end(struct europa_queue *queue)
{
	cancel_delayed_work_sync(&queue->stall.work);
}
