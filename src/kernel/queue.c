// SPDX-License-Identifier: GPL-2.0
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/wait_bit.h>
#include "compat.h"
#include "genl.h"
#include "port.h"
#include "queue.h"
#include "rx.h"
#include "tx.h"

/* Home of the NAPI contexts; no interface anybody can see. */
static struct net_device *europa_queue_dummy;

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
		wake_up_interruptible_poll(&queue->wait, EPOLLIN | EPOLLRDNORM);
	}
	napi_complete_done(napi, 0);
	return 0;
}

/* vr->lock held. Packets still go to the fallback: see run. */
int europa_queue_attach(struct europa_queue *queue, struct europa_file *file,
			u32 spares)
{
	struct europa_vr *vr = queue->vr;
	struct europa_pool *pool;

	lockdep_assert_held(&vr->lock);
	if (vr->dead)
		return -ENODEV;
	if (queue->pool)
		return -EBUSY;
	pool = europa_pool_create(vr->slots, vr->snap, spares,
				  queue->generation + 1);
	if (!pool)
		return -ENOMEM;
	queue->generation++;
	queue->file = file;
	queue->pid = get_task_pid(current, PIDTYPE_TGID);
	netif_napi_add_tx(europa_queue_dummy, &queue->napi, europa_queue_wake);
	napi_enable(&queue->napi);
	wait_on_bit_lock(&queue->bits, EUROPA_QUEUE_DRAINING,
			 TASK_UNINTERRUPTIBLE);
	spin_lock_bh(&queue->lock);
	queue->wake_scheduled = false;
	queue->sleeping = false;
	queue->woken = 0;
	queue->pool = pool;
	spin_unlock_bh(&queue->lock);
	clear_and_wake_up_bit(EUROPA_QUEUE_DRAINING, &queue->bits);
	europa_genl_event_queue(queue, EUROPA_EVENT_ATTACH);
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
	europa_genl_event_queue(queue, run ? EUROPA_EVENT_START :
					     EUROPA_EVENT_STOP);
}

/* What the VR never gave back goes where it would have gone without it. */
static void europa_queue_reclaim(struct europa_queue *queue)
{
	struct europa_pool *pool = queue->pool;
	u32 i, n;

	spin_lock_bh(&queue->lock);
	n = europa_pool_take_all(pool);
	spin_unlock_bh(&queue->lock);
	for (i = 0; i < n; i++) {
		local_bh_disable();
		europa_rx_reclaim(queue->vr, &pool->held[pool->free[i]]);
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
	spin_unlock_bh(&queue->lock);
	clear_bit(EUROPA_QUEUE_CLOSING, &queue->bits);
	clear_and_wake_up_bit(EUROPA_QUEUE_DRAINING, &queue->bits);
	napi_disable(&queue->napi);
	netif_napi_del(&queue->napi);
	queue->file = NULL;
	put_pid(queue->pid);
	queue->pid = NULL;
	europa_pool_put(pool);
	europa_genl_event_queue(queue, EUROPA_EVENT_DETACH);
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
