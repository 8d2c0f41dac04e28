// SPDX-License-Identifier: GPL-2.0
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/wait_bit.h>
#include "compat.h"
#include "event.h"
#include "port.h"
#include "queue.h"
#include "rx.h"
#include "trace.h"
#include "tx.h"

/* Home of the NAPI contexts; no interface anybody can see. All VRs share it,
 * and adding to and taking from its list is for the caller to serialise.
 */
static struct net_device *europa_queue_dummy;
static DEFINE_MUTEX(europa_queue_napis);

int europa_queue_module_init(void)
{
	europa_queue_dummy = europa_compat_alloc_dummy();
	return europa_queue_dummy ? 0 : -ENOMEM;
}

void europa_queue_module_exit(void)
{
	europa_compat_free_dummy(europa_queue_dummy);
}

void europa_queue_init(struct europa_queue *queue, struct europa_vr *vr)
{
	spin_lock_init(&queue->lock);
	init_waitqueue_head(&queue->wait);
	queue->vr = vr;
}

/*
 * Does the sleeper need waking? Once per sleep: the VR stays armed until it
 * runs again, which may be many batches later. What it says, {cursor, armed},
 * changes with each sleep, even where poll() is not called anew (edge-triggered
 * epoll). Under the lock.
 */
static bool europa_queue_to_wake(struct europa_queue *queue)
{
	u64 wait;

	if (!queue->pool)
		return false;
	wait = READ_ONCE(queue->pool->ctl->rx_wait);
	if (!(wait & EUROPA_RX_ARMED) ||
	    (!queue->sleeping && wait == queue->woken))
		return false;
	queue->sleeping = false;
	queue->woken = wait;
	return true;
}

/*
 * Runs after the driver's batch. Clearing wake_scheduled under the lock orders
 * it against every publication: one whose publisher saw the flag set is
 * visible here, before rx_wait is read. The VR stores rx_wait, fences and
 * looks at the ring again, so either it sees the packet or this sees it armed.
 */
static int europa_queue_wake(struct napi_struct *napi, int budget)
{
	struct europa_queue *queue = container_of(napi, struct europa_queue,
						  napi);
	bool wake;

	spin_lock(&queue->lock);
	queue->wake_scheduled = false;
	smp_mb(); /* publications before rx_wait */
	wake = europa_queue_to_wake(queue);
	spin_unlock(&queue->lock);
	if (wake) {
		europa_stats_inc(queue->vr->stats, EUROPA_C_WAKES);
		trace_europa_wake(queue->vr->id);
		wake_up_interruptible_poll(&queue->wait, EPOLLIN | EPOLLRDNORM);
	}
	napi_complete_done(napi, 0);
	return 0;
}

static void europa_queue_napi_add(struct europa_queue *queue)
{
	mutex_lock(&europa_queue_napis);
	netif_napi_add_tx(europa_queue_dummy, &queue->napi, europa_queue_wake);
	mutex_unlock(&europa_queue_napis);
	napi_enable(&queue->napi);
}

/* A hook that runs now may still schedule it: wait for RCU before reuse. */
static void europa_queue_napi_del(struct europa_queue *queue)
{
	napi_disable(&queue->napi);
	mutex_lock(&europa_queue_napis);
	__netif_napi_del(&queue->napi);
	mutex_unlock(&europa_queue_napis);
	synchronize_net();
}

/*
 * Publish the pool, unless the settings changed since it was made. The data
 * plane's process is noted with it.
 */
static int europa_queue_set_pool(struct europa_queue *queue,
				 struct europa_pool *pool)
{
	struct europa_vr *vr = queue->vr;
	int err = -EAGAIN;

	wait_on_bit_lock(&queue->bits, EUROPA_QUEUE_DRAINING,
			 TASK_UNINTERRUPTIBLE);
	spin_lock_bh(&queue->lock);
	if (vr->slots == pool->slots && vr->snap == pool->snap) {
		queue->wake_scheduled = false;
		queue->sleeping = false;
		queue->woken = 0;
		queue->pool = pool;
		queue->pid = get_task_pid(current, PIDTYPE_TGID);
		err = 0;
	}
	spin_unlock_bh(&queue->lock);
	clear_and_wake_up_bit(EUROPA_QUEUE_DRAINING, &queue->bits);
	return err;
}

/*
 * vr->lock held. Takes over the caller's reference on the pool, which was made
 * outside the lock: that can take long, in the data plane's own cgroup. Packets
 * still go to the fallback: see run.
 */
int europa_queue_attach(struct europa_queue *queue, struct europa_file *file,
			struct europa_pool *pool)
{
	int err;

	lockdep_assert_held(&queue->vr->lock);
	if (queue->vr->dead)
		return -ENODEV;
	if (queue->pool)
		return -EBUSY;
	europa_queue_napi_add(queue);
	pool->ctl->generation = queue->generation + 1;
	err = europa_queue_set_pool(queue, pool);
	if (err) {
		europa_queue_napi_del(queue);
		return err;
	}
	queue->generation++;
	queue->file = file;
	europa_event_queue(queue, EUROPA_EVENT_ATTACH);
	return 0;
}

/* vr->lock held. Stopped, the fallback gets what arrives; the VR can finish. */
void europa_queue_run(struct europa_queue *queue, bool run)
{
	lockdep_assert_held(&queue->vr->lock);
	if (queue->running == run)
		return;
	spin_lock_bh(&queue->lock);
	WRITE_ONCE(queue->running, run);
	spin_unlock_bh(&queue->lock);
	europa_event_queue(queue, run ? EUROPA_EVENT_START :
					     EUROPA_EVENT_STOP);
}

/*
 * What the VR never gave back goes where it would have gone without it. Each
 * packet is taken when its turn comes: until then its port can take it back.
 */
static void europa_queue_reclaim(struct europa_queue *queue)
{
	struct europa_pool *pool = queue->pool;
	u32 i, n = europa_pool_list_kept(pool);
	struct europa_held held;

	for (i = 0; i < n; i++) {
		spin_lock_bh(&queue->lock);
		rcu_read_lock();
		held = europa_pool_take(pool, pool->free[i]);
		spin_unlock(&queue->lock); /* BH stays off */
		if (held.skb)
			europa_rx_reclaim(queue->vr, &held);
		rcu_read_unlock();
		local_bh_enable();
		cond_resched();
	}
}

/*
 * vr->lock held. Idempotent. Drains the tx ring a last time: what the VR had
 * published is complete, even if it died. Sleeping readers get EPOLLHUP.
 */
void europa_queue_detach(struct europa_queue *queue)
{
	struct europa_pool *pool = queue->pool;
	struct pid *pid = NULL;

	lockdep_assert_held(&queue->vr->lock);
	if (!pool)
		return;
	europa_queue_run(queue, false);
	set_bit(EUROPA_QUEUE_CLOSING, &queue->bits);
	wait_on_bit_lock(&queue->bits, EUROPA_QUEUE_DRAINING,
			 TASK_UNINTERRUPTIBLE);
	europa_tx_ring(queue);
	europa_queue_reclaim(queue);
	spin_lock_bh(&queue->lock);
	queue->pool = NULL;
	swap(queue->pid, pid);
	spin_unlock_bh(&queue->lock);
	clear_bit(EUROPA_QUEUE_CLOSING, &queue->bits);
	clear_and_wake_up_bit(EUROPA_QUEUE_DRAINING, &queue->bits);
	europa_queue_napi_del(queue);
	queue->file = NULL;
	put_pid(pid);
	europa_pool_put(pool);
	europa_event_queue(queue, EUROPA_EVENT_DETACH);
	wake_up_interruptible_poll(&queue->wait, EPOLLHUP | EPOLLERR);
}

/* Level-triggered: the VR's cursor against the kernel's. The lock orders this
 * look after the VR's store of rx_wait and against publications.
 */
__poll_t europa_queue_readable(struct europa_queue *queue)
{
	__poll_t mask = EPOLLHUP | EPOLLERR;

	spin_lock_bh(&queue->lock);
	if (queue->pool) {
		u32 seen = READ_ONCE(queue->pool->ctl->rx_wait);

		mask = queue->pool->rx.cursor == seen ? 0 :
						EPOLLIN | EPOLLRDNORM;
		queue->sleeping = !mask;
	}
	spin_unlock_bh(&queue->lock);
	return mask;
}
