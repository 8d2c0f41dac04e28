// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>
#include <linux/wait_bit.h>
#include "compat.h"
#include "age.h"
#include "note.h"
#include "port.h"
#include "queue.h"
#include "rx.h"
#include "stall.h"
#include "trace.h"
#include "tx.h"
#include "wake.h"

static struct workqueue_struct *europa_queue_wq;

/* Its works wait for RCU, and free many pages. */
int europa_queue_module_init(void)
{
	europa_queue_wq = alloc_workqueue("europa_queue", WQ_UNBOUND, 0);
	return europa_queue_wq ? 0 : -ENOMEM;
}

void europa_queue_module_exit(void)
{
	destroy_workqueue(europa_queue_wq);
}

/*
 * Publish the pool. The data plane's process is noted with it, and its poller
 * begins; false: the VR wants another one by now, and nothing happened.
 */
static bool europa_queue_set_pool(struct europa_queue *queue,
				  struct europa_pool *pool,
				  struct europa_poller_new *poller,
				  u64 features)
{
	bool wanted;

	wait_on_bit_lock(&queue->bits, EUROPA_QUEUE_DRAINING,
			 TASK_UNINTERRUPTIBLE);
	spin_lock_bh(&queue->lock);
	wanted = READ_ONCE(queue->vr->tx) == poller->tx;
	if (likely(wanted)) {
		WRITE_ONCE(queue->sleeping, false);
		queue->woken = 0;
		queue->idle = (struct europa_idle) { };
		/* the pool's contents; pairs with readable() */
		smp_store_release(&queue->pool, pool);
		queue->features = features;
		queue->pid = get_task_pid(current, PIDTYPE_TGID);
		queue->generation++;
		europa_stall_begin(queue);
		clear_bit(EUROPA_QUEUE_PARTED, &queue->bits);
		europa_poller_begin(queue, poller);
	}
	spin_unlock_bh(&queue->lock);
	clear_and_wake_up_bit(EUROPA_QUEUE_DRAINING, &queue->bits);
	return wanted;
}

void europa_queue_note(struct europa_queue *queue, enum europa_event event)
{
	struct europa_note note = { .event = event };

	europa_queue_look(queue, &note);
	europa_note_state(queue->vr, &note);
}

/*
 * Takes over the caller's reference on the pool, which was made outside the
 * lock: that can take long, in the data plane's own cgroup; and the poller.
 * EAGAIN: the VR's settings changed meanwhile. Packets still go to the
 * fallback: see run.
 */
int europa_queue_attach(struct europa_queue *queue, struct europa_file *file,
			struct europa_pool *pool,
			struct europa_poller_new *poller,
			const struct europa_attach *a)
{
	lockdep_assert_held(&queue->vr->lock);
	if (queue->vr->dead)
		return -ENODEV;
	if (queue->pool)
		return -EBUSY;
	if (!europa_vr_claim(queue->vr, queue->index, pool, a->snap))
		return -EAGAIN;
	pool->ctl->generation = queue->generation + 1;
	queue->uid = current_euid(); /* may be looked at as soon as the pool is */
	if (!europa_queue_set_pool(queue, pool, poller,
				   a->features & ~EUROPA_FEATURE_TAKEOVER)) {
		europa_vr_unclaim(queue->vr);
		return -EAGAIN;
	}
	WRITE_ONCE(queue->file, file);
	europa_age_start(queue);
	europa_queue_note(queue, EUROPA_EVENT_ATTACH);
	return 0;
}

/*
 * Stopped, the fallback gets what arrives; the VR can finish. Not while packets
 * are held for the next data plane: this one has got its last, unless it stays.
 */
void europa_queue_run(struct europa_queue *queue, bool run)
{
	lockdep_assert_held(&queue->vr->lock);
	queue->stopped = !run;
	if (queue->running == run || queue->running == EUROPA_RUN_HOLD)
		return;
	spin_lock_bh(&queue->lock);
	WRITE_ONCE(queue->running, run);
	spin_unlock_bh(&queue->lock);
	europa_queue_note(queue, run ? EUROPA_EVENT_START : EUROPA_EVENT_STOP);
}

/*
 * Another data plane waits for this one's place. Packets are held for that one,
 * as many as it has places, if this one runs. Who sleeps wakes up: it is on the
 * wait queue, or sees that it is to leave, see europa_queue_readable().
 */
void europa_queue_tell_leave(struct europa_queue *queue, u32 places)
{
	lockdep_assert_held(&queue->vr->lock);
	queue->stopped = false;
	spin_lock_bh(&queue->lock);
	europa_hold_begin(queue, places);
	if (queue->running == EUROPA_RUN_ON)
		WRITE_ONCE(queue->running, EUROPA_RUN_HOLD);
	WRITE_ONCE(queue->leaving, true);
	WRITE_ONCE(queue->sleeping, false);
	europa_wake_flags(queue);
	spin_unlock_bh(&queue->lock);
	wake_up_interruptible_poll(&queue->wait, EPOLLIN | EPOLLRDNORM);
}

/* The other one has died. Whoever began to go may do so. */
void europa_queue_tell_stay(struct europa_queue *queue)
{
	lockdep_assert_held(&queue->vr->lock);
	spin_lock_bh(&queue->lock);
	WRITE_ONCE(queue->leaving, false);
	europa_wake_flags(queue);
	spin_unlock_bh(&queue->lock);
}

/*
 * What the VR never gave back goes where it would have gone without it. Each
 * packet is taken when its turn comes: until then its port can take it back.
 */
static void europa_queue_reclaim(struct europa_queue *queue)
{
	struct europa_pool *pool = queue->pool;
	u32 i, n = europa_pool_list_kept(pool);
	struct europa_record record;

	for (i = 0; i < n; i++) {
		spin_lock_bh(&queue->lock);
		rcu_read_lock();
		record = europa_pool_withdraw(pool, pool->free[i]);
		spin_unlock(&queue->lock); /* BH stays off */
		if (record.skb)
			europa_rx_reclaim(queue->vr, &record);
		rcu_read_unlock();
		local_bh_enable();
		cond_resched();
	}
}

/*
 * The data plane has the queue no more. Drains the tx ring a last time: what the
 * VR had published is complete, even if it died. Sleeping readers get EPOLLHUP.
 * Returns its pool, or NULL, if there was none. Who was told to leave and does so
 * is replaced, however soon.
 */
static struct europa_pool *europa_queue_let_go(struct europa_queue *queue,
					       enum europa_ended ended)
{
	struct europa_pool *pool = queue->pool;
	struct pid *pid = NULL;

	lockdep_assert_held(&queue->vr->lock);
	if (!pool)
		return NULL;
	if (queue->leaving && ended == EUROPA_ENDED_LEFT)
		ended = EUROPA_ENDED_REPLACED;
	europa_queue_run(queue, false);
	europa_age_stop(queue);
	set_bit(EUROPA_QUEUE_CLOSING, &queue->bits);
	europa_poller_end(queue);
	wait_on_bit_lock(&queue->bits, EUROPA_QUEUE_DRAINING,
			 TASK_UNINTERRUPTIBLE);
	europa_tx_ring(queue);
	europa_queue_reclaim(queue);
	spin_lock_bh(&queue->lock);
	WRITE_ONCE(queue->pool, NULL);
	queue->features = 0;
	queue->ended = ended;
	WRITE_ONCE(queue->leaving, false);
	swap(queue->pid, pid);
	spin_unlock_bh(&queue->lock);
	clear_bit(EUROPA_QUEUE_CLOSING, &queue->bits);
	clear_and_wake_up_bit(EUROPA_QUEUE_DRAINING, &queue->bits);
	europa_vr_unclaim(queue->vr);
	WRITE_ONCE(queue->file, NULL);
	put_pid(pid);
	europa_queue_note(queue, EUROPA_EVENT_DETACH);
	wake_up_interruptible_poll(&queue->wait, EPOLLHUP | EPOLLERR);
	return pool;
}

/* Who found it in queue->pool under RCU is done with it after that. */
static void europa_queue_free_pool(struct europa_pool *pool)
{
	synchronize_net();
	europa_pool_empty(pool);
	europa_pool_put(pool);
}

static void europa_queue_free_detached(struct work_struct *work)
{
	struct europa_queue *queue = container_of(work, struct europa_queue,
						  free_detached);

	europa_queue_free_pool(queue->detached);
}

/*
 * Idempotent. A work waits for RCU and frees the pool: not who holds vr->lock, for
 * whom other queues wait, and packets that are held. The one before has been
 * freed, but for right after a handover; its work takes no lock.
 */
void europa_queue_detach(struct europa_queue *queue, enum europa_ended ended)
{
	struct europa_pool *pool = europa_queue_let_go(queue, ended);

	if (!pool)
		return;
	flush_work(&queue->free_detached);
	queue->detached = pool;
	queue_work(europa_queue_wq, &queue->free_detached);
}

/* So who attaches again and again has two pools at most, and a third that is being
 * made. Without vr->lock.
 */
void europa_queue_await_freed(struct europa_queue *queue)
{
	flush_work(&queue->free_detached);
}

/* The VR's cursor against the kernel's. */
static bool europa_queue_unread(const struct europa_pool *pool)
{
	u32 seen = READ_ONCE(pool->ctl->rx_wait);

	return READ_ONCE(pool->rx.cursor) != seen;
}

/*
 * For poll(), level-triggered, after poll_wait(). No lock: a VR that polls
 * without end must not keep packets of others waiting.
 *
 * No wake-up is lost:
 *
 *	poll					publisher, see wake.c
 *	joins the wait queue			rx.cursor = n + 1
 *	sleeping = true				smp_mb()
 *	smp_mb()				reads rx_wait and sleeping
 *	reads rx.cursor				sleeping = false
 *						wakes the wait queue
 *
 * Of the two fences either this one comes first, and the publisher sees the
 * sleeper and, as the VR stored it earlier, rx_wait; or the other, and the new
 * cursor is seen here. If he clears the mark of a sleeper he did not see, he
 * does so on the way to wake an earlier one: he has the wait queue's lock after
 * that, and found the new sleeper there, for had it been first, its clearing
 * would have come before the new mark. Nobody clears it when there is
 * something to read: the VR disarms before it looks.
 *
 * A pool that is read here stays for the RCU section: detach takes it out of
 * the queue, wakes the wait queue, and empties it after another wait for RCU. Who
 * saw it before that is on the wait queue.
 */
__poll_t europa_queue_readable(struct europa_queue *queue)
{
	__poll_t mask = EPOLLIN | EPOLLRDNORM;
	struct europa_pool *pool;

	rcu_read_lock();
	pool = READ_ONCE(queue->pool);
	if (!pool) {
		mask = EPOLLHUP | EPOLLERR;
	} else if (!europa_queue_unread(pool) && !READ_ONCE(queue->leaving)) {
		WRITE_ONCE(queue->sleeping, true);
		smp_mb(); /* sleeping before the cursor: see above */
		if (!europa_queue_unread(pool))
			mask = 0;
	}
	rcu_read_unlock();
	return mask;
}

/* There is a pool. With epoll somebody is on the wait queue all the time. */
bool europa_queue_asleep(struct europa_queue *queue)
{
	lockdep_assert_held(&queue->lock);
	if (!READ_ONCE(queue->sleeping) || europa_queue_unread(queue->pool))
		return false;
	/* A moment ago or in a moment is as good: only to be shown. */
	return waitqueue_active(&queue->wait);
}

/*
 * The data plane's process as ns numbers it; 0: none, or none there. Who
 * attached may be gone while others, who share his files, go on: his number is
 * free then, and may be anybody's. They did not attach, so no number is told;
 * who has the node open, /proc knows.
 */
pid_t europa_queue_pid(const struct europa_queue *queue,
		       struct pid_namespace *ns)
{
	pid_t number = 0;

	lockdep_assert(lockdep_is_held(&queue->lock) ||
		       lockdep_is_held(&queue->vr->lock));
	rcu_read_lock();
	if (queue->pid && pid_task(queue->pid, PIDTYPE_TGID))
		number = pid_nr_ns(queue->pid, ns);
	rcu_read_unlock();
	return number;
}

/* How things stand. Not vr->lock: a data plane may hold that for long. */
void europa_queue_look(struct europa_queue *queue,
		       struct europa_note *note)
{
	spin_lock_bh(&queue->lock);
	note->state = europa_vr_state(queue->vr);
	note->queue = queue->index;
	note->queue_state = europa_queue_state(queue);
	note->pid = europa_queue_pid(queue, &init_pid_ns);
	note->generation = queue->generation;
	note->ended = queue->ended;
	spin_unlock_bh(&queue->lock);
}

/* ---- who stalls, and the beginning and end of all ---- */

/* vr->lock may be another queue's: then the next round tries again. */
static void europa_queue_stall_work(struct work_struct *work)
{
	struct europa_queue *queue = container_of(to_delayed_work(work),
						  struct europa_queue,
						  stall.work);
	struct europa_vr *vr = queue->vr;

	if (europa_stall_look(queue) && mutex_trylock(&vr->lock)) {
		if (europa_stall_due(queue))
			europa_queue_detach(queue, EUROPA_ENDED_STALLED);
		mutex_unlock(&vr->lock);
	}
	europa_stall_again(queue);
}

void europa_queue_init(struct europa_queue *queue, struct europa_vr *vr,
		       u32 index)
{
	spin_lock_init(&queue->lock);
	init_waitqueue_head(&queue->wait);
	europa_poller_init(queue);
	europa_hold_init(queue);
	europa_age_init(queue);
	europa_stall_init(queue, europa_queue_stall_work);
	INIT_WORK(&queue->free_detached, europa_queue_free_detached);
	queue->vr = vr;
	queue->index = index;
}

/* The VR's time is another. */
void europa_queue_set_stall(struct europa_queue *queue)
{
	spin_lock_bh(&queue->lock);
	europa_stall_begin(queue);
	if (queue->stall.wanted)
		europa_stall_watch(queue);
	spin_unlock_bh(&queue->lock);
}

/* The VR is dead, and nobody is attached. */
void europa_queue_exit(struct europa_queue *queue)
{
	europa_stall_end(queue);
	europa_queue_await_freed(queue);
}
