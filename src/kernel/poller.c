// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * `tx poll`: a data plane publishes what it sends, and a thread of the kernel's
 * takes it from the ring. While that is awake the data plane need not call, and
 * EUROPA_CTL_NEED_KICK in its map is clear.
 *
 * One thread for each queue: queues share nothing, and so nobody's packets wait
 * behind another queue's; several processors can drain one VR.
 *
 * The thread looks at the ring as long as there is something, and for
 * EUROPA_POLLER_SPIN after that, unless somebody else wants its processor. Then
 * it says that it wants to be kicked, looks once more, and sleeps. It is woken
 *  - by packets for the data plane: who answers finds it awake;
 *  - by a kick, which drains itself, too: so what follows needs none;
 *  - by itself, soon at first, then ever later, after EUROPA_POLLER_NAP in the
 *    end: what a data plane sends that never kicks waits no longer than that.
 *
 *	the data plane				the thread
 *	publishes				NEED_KICK = 1
 *	a full fence				a full fence
 *	reads NEED_KICK				reads the ring
 *
 * One of the two sees what the other one wrote. Whoever clears NEED_KICK does
 * so on the way to wake the thread, which looks at the ring after that.
 *
 * To the scheduler it is a thread like any other; it gives way after each
 * burst. It belongs to no data plane's cgroup: what it takes is the machine's,
 * a processor for each queue at most, which the operator allows by the setting.
 *
 * It is there while a data plane is attached: the pool that it says so in is not
 * taken away before it has ended. Detach and the VR's settings may be at it at
 * once; who comes second waits until the first has ended it. It takes none of
 * the locks that these hold meanwhile, vr->lock or the poller's, and drains a
 * ring's worth at most before it looks whether it is to end. That may be long
 * if the data plane likes: so nobody waits for it under rtnl.
 */
#include <linux/cpumask.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/clock.h>
#include <linux/sched/stat.h>
#include "poller.h"
#include "tx.h"
#include "vr.h"
#include "wake.h"

#define EUROPA_POLLER_SPIN	(50 * NSEC_PER_USEC)
#define EUROPA_POLLER_NAP	(HZ / 10)

static void europa_poller_be(struct europa_queue *queue,
			     enum europa_poller_state state)
{
	spin_lock_bh(&queue->lock);
	WRITE_ONCE(queue->poller_state, state);
	europa_wake_flags(queue);
	spin_unlock_bh(&queue->lock);
}

/* Was there anything? Not if somebody else drains, who looks again then. */
static bool europa_poller_look(struct europa_queue *queue)
{
	if (!europa_tx_pending(queue) || !europa_tx_pass(queue))
		return false;
	europa_stats_inc(queue->vr->stats, EUROPA_C_TX_POLLS);
	return true;
}

/* A data plane that never lets it rest must not keep RCU waiting for it. */
static void europa_poller_spin(struct europa_queue *queue)
{
	u64 end = local_clock() + EUROPA_POLLER_SPIN;

	while (!kthread_should_stop()) {
		if (europa_poller_look(queue)) {
			end = local_clock() + EUROPA_POLLER_SPIN;
			cond_resched_tasks_rcu_qs();
		} else if (!single_task_running() ||
			   (s64)(local_clock() - end) > 0) {
			break;
		}
		cpu_relax();
	}
}

static bool europa_poller_called(const struct europa_queue *queue)
{
	return kthread_should_stop() ||
	       READ_ONCE(queue->poller_state) != EUROPA_POLLER_ASLEEP;
}

static void europa_poller_sleep(struct europa_queue *queue)
{
	unsigned long nap = 1;

	europa_poller_be(queue, EUROPA_POLLER_ASLEEP);
	smp_mb(); /* NEED_KICK before the ring: see above */
	europa_stats_inc(queue->vr->stats, EUROPA_C_TX_SLEEPS);
	while (!europa_poller_called(queue) && !europa_poller_look(queue)) {
		wait_event_idle_timeout(queue->poller.wait,
					europa_poller_called(queue), nap);
		nap = min_t(unsigned long, 2 * nap, EUROPA_POLLER_NAP);
	}
	europa_poller_be(queue, EUROPA_POLLER_AWAKE);
}

/*
 * At its end the data plane is told to kick again, and what it has published
 * without goes out. Nobody may rely on another look of this thread's: PARTED.
 */
static int europa_poller_run(void *data)
{
	struct europa_queue *queue = data;

	clear_bit(EUROPA_QUEUE_PARTED, &queue->bits);
	europa_poller_be(queue, EUROPA_POLLER_AWAKE);
	while (!kthread_should_stop()) {
		europa_poller_spin(queue);
		europa_poller_sleep(queue);
	}
	europa_poller_be(queue, EUROPA_POLLER_NONE);
	set_bit(EUROPA_QUEUE_PARTED, &queue->bits);
	smp_mb__after_atomic(); /* both before DRAINING and the ring */
	europa_tx_pass(queue);
	return 0;
}

void europa_poller_init(struct europa_queue *queue)
{
	mutex_init(&queue->poller.lock);
	init_waitqueue_head(&queue->poller.wait);
}

/* For tx of its VR, as the caller has read it. A processor that has gone
 * offline since it was set binds nobody.
 */
int europa_poller_make(struct europa_queue *queue, int tx,
		       struct europa_poller_new *new)
{
	struct task_struct *task;

	*new = (struct europa_poller_new) { .tx = tx };
	if (tx == EUROPA_POLLER_NOBODY)
		return 0;
	task = kthread_create(europa_poller_run, queue, "eutx/%u.%u",
			      queue->vr->id, queue->index);
	if (IS_ERR(task)) /* EAGAIN means something else to who attaches */
		return PTR_ERR(task) == -EINTR ? -EINTR : -ENOMEM;
	if (tx >= 0 && cpu_online(tx))
		kthread_bind(task, tx);
	new->task = task;
	return 0;
}

/* It was not needed, or has begun. */
void europa_poller_forget(struct europa_poller_new *new)
{
	if (new->task)
		kthread_stop(new->task);
	new->task = NULL;
}

/* A pool is there, and no other thread. Only under the queue's lock may it be
 * woken: as soon as that is released somebody else may end it.
 */
void europa_poller_begin(struct europa_queue *queue,
			 struct europa_poller_new *new)
{
	lockdep_assert_held(&queue->lock);
	queue->poller.task = new->task;
	if (new->task)
		wake_up_process(new->task);
	new->task = NULL;
}

/* Its processor may be kept by somebody of higher rank: any will do to end on. */
static void europa_poller_stop(struct europa_queue *queue)
{
	struct task_struct *task = NULL;

	lockdep_assert_held(&queue->poller.lock);
	spin_lock_bh(&queue->lock);
	swap(queue->poller.task, task);
	spin_unlock_bh(&queue->lock);
	if (!task)
		return;
	set_cpus_allowed_ptr(task, cpu_possible_mask);
	kthread_stop(task);
}

/* Idempotent. Who detaches has set CLOSING: no other one begins after that. */
void europa_poller_end(struct europa_queue *queue)
{
	mutex_lock(&queue->poller.lock);
	europa_poller_stop(queue);
	mutex_unlock(&queue->poller.lock);
}

/* Who has attached since the VR's setting changed has a thread already. */
static void europa_poller_change(struct europa_queue *queue,
				 struct europa_poller_new *new)
{
	europa_poller_stop(queue);
	spin_lock_bh(&queue->lock);
	if (queue->pool && !queue->poller.task &&
	    !test_bit(EUROPA_QUEUE_CLOSING, &queue->bits))
		europa_poller_begin(queue, new);
	spin_unlock_bh(&queue->lock);
}

/*
 * The VR's setting is another since a moment ago; if it is another again by now,
 * who set that comes here, too.
 */
void europa_poller_replace(struct europa_queue *queue,
			   struct europa_poller_new *new)
{
	mutex_lock(&queue->poller.lock);
	if (new->tx == READ_ONCE(queue->vr->tx))
		europa_poller_change(queue, new);
	mutex_unlock(&queue->poller.lock);
	europa_poller_forget(new);
}
