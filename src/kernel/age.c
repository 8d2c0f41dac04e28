// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include "age.h"
#include "trace.h"
#include "vr.h"

/*
 * A packet that a VR keeps pins memory that is not its own: the pages of a
 * driver's pool, which complains when they are out for a minute after its ring
 * was resized or went. So each queue is visited every round while a data plane
 * is attached, and what was there two rounds ago already is taken back: nothing
 * is kept for longer than three rounds. A packet is as old as its place on the
 * rx ring, so all that is noted is where that was at the last rounds.
 */
#define EUROPA_AGE_ROUND	(15 * HZ)
#define EUROPA_AGE_SLOTS	256	/* looked at, and packets taken, ... */
#define EUROPA_AGE_PACKETS	16	/* ... under the lock at a time */

static void europa_age_free(struct europa_vr *vr,
			    const struct europa_record *record)
{
	europa_stats_inc(vr->stats, EUROPA_C_GONE);
	trace_europa_drop(vr->id, record->port, record->skb->len, EUROPA_C_GONE);
	kfree_skb(record->skb);
}

/* Returns whether there are more slots to look at. */
static bool europa_age_some(struct europa_queue *queue, u32 *index, u32 before)
{
	struct europa_record old[EUROPA_AGE_PACKETS];
	struct europa_pool *pool;
	u32 i, n, end;
	bool more;

	spin_lock_bh(&queue->lock);
	pool = queue->pool;
	end = min(*index + EUROPA_AGE_SLOTS, pool->slots);
	n = europa_pool_withdraw_old(pool, index, end, before, old,
				     EUROPA_AGE_PACKETS);
	more = *index < pool->slots && pool->count[EUROPA_OWNER_RX];
	spin_unlock_bh(&queue->lock);
	for (i = 0; i < n; i++)
		europa_age_free(queue->vr, &old[i]);
	return more;
}

/* The pool is there: detach stops this before it takes the pool away. */
static void europa_age_work(struct work_struct *work)
{
	struct europa_queue *queue = container_of(to_delayed_work(work),
						  struct europa_queue, age);
	u32 before = queue->age_marks[1], index = 0;

	queue->age_marks[1] = queue->age_marks[0];
	queue->age_marks[0] = READ_ONCE(queue->pool->rx.cursor);
	while (europa_age_some(queue, &index, before))
		cond_resched();
	schedule_delayed_work(&queue->age, EUROPA_AGE_ROUND);
}

void europa_age_init(struct europa_queue *queue)
{
	INIT_DELAYED_WORK(&queue->age, europa_age_work);
}

/* With a fresh pool, whose cursor is 0. */
void europa_age_start(struct europa_queue *queue)
{
	lockdep_assert_held(&queue->vr->lock);
	queue->age_marks[0] = 0;
	queue->age_marks[1] = 0;
	schedule_delayed_work(&queue->age, EUROPA_AGE_ROUND);
}

/* The work takes no lock but the queue's, so waiting for it under vr->lock is
 * safe.
 */
void europa_age_stop(struct europa_queue *queue)
{
	lockdep_assert_held(&queue->vr->lock);
	cancel_delayed_work_sync(&queue->age);
}
