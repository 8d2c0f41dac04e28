// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <linux/completion.h>
#include <linux/module.h>
#include <linux/rtnetlink.h>
#include <linux/workqueue.h>
#include "chardev.h"
#include "event.h"
#include "link.h"
#include "made.h"
#include "queue.h"
#include "vr_admin.h"

#define EUROPA_VR_PATIENCE	(5 * HZ)	/* that a set or del waits for its end */

static struct workqueue_struct *europa_vr_wq;

int europa_vr_module_init(void)
{
	europa_vr_wq = alloc_workqueue("europa_vr", WQ_UNBOUND, 0);
	return europa_vr_wq ? 0 : -ENOMEM;
}

/* The module's references are gone, but a work may still be on its last lines. */
void europa_vr_module_exit(void)
{
	destroy_workqueue(europa_vr_wq);
}

/* Open files keep the memory and get ENODEV. */
static void europa_vr_end(struct work_struct *work)
{
	struct europa_vr *vr = container_of(work, struct europa_vr, end);
	u32 i;

	mutex_lock(&vr->lock);
	vr->dead = true;
	for (i = 0; i < europa_vr_queues(vr); i++)
		europa_queue_detach(europa_vr_queue(vr, i), EUROPA_ENDED_LEFT);
	/* Nothing is sent any more; and this may keep the module. */
	europa_made_free(vr->made);
	vr->made = NULL;
	mutex_unlock(&vr->lock);
	for (i = 0; i < europa_vr_queues_made(vr); i++) {
		struct europa_queue *queue = europa_vr_queue(vr, i);

		wake_up_interruptible_poll(&queue->wait, EPOLLHUP | EPOLLERR);
		europa_queue_exit(queue);
	}
	europa_event_drain(vr);
	complete_all(&vr->ended);
	europa_vr_put(vr);
	module_put(THIS_MODULE);
}

/* That there are as many at least; most VRs have one. */
static int europa_vr_make_queues(struct europa_vr *vr, u32 queues)
{
	struct europa_queue *more;
	u32 i;

	if (queues <= europa_vr_queues_made(vr))
		return 0;
	more = kvcalloc(EUROPA_QUEUES_MAX - 1, sizeof(*more), GFP_KERNEL);
	if (!more)
		return -ENOMEM;
	for (i = 0; i < EUROPA_QUEUES_MAX - 1; i++)
		europa_queue_init(&more[i], vr, i + 1);
	vr->more = more;
	return 0;
}

static struct europa_vr *europa_vr_alloc(const struct europa_config *config)
{
	struct europa_vr *vr = kzalloc(sizeof(*vr), GFP_KERNEL);

	if (!vr)
		return NULL;
	vr->stats = alloc_percpu(struct europa_stats);
	vr->made = europa_made_alloc();
	if (!vr->stats || !vr->made ||
	    europa_vr_make_queues(vr, config->queues)) {
		europa_made_free(vr->made);
		free_percpu(vr->stats);
		kfree(vr);
		return NULL;
	}
	vr->slots = config->slots;
	vr->snap = config->snap;
	vr->nr_queues = config->queues;
	spin_lock_init(&vr->plan);
	europa_queue_init(&vr->first, vr, 0);
	kref_init(&vr->refs);
	mutex_init(&vr->lock);
	INIT_WORK(&vr->end, europa_vr_end);
	init_completion(&vr->ended);
	xa_init_flags(&vr->ports, XA_FLAGS_ALLOC);
	europa_event_init(vr);
	return vr;
}

struct europa_vr *europa_vr_new(u32 id, const struct europa_config *config,
				struct netlink_ext_ack *extack)
{
	struct europa_vr *vr;
	int err;

	ASSERT_RTNL();
	err = europa_vr_check(NULL, config, extack);
	if (err)
		return ERR_PTR(err);
	vr = europa_vr_alloc(config);
	if (!vr)
		return ERR_PTR(-ENOMEM);
	err = europa_vr_register(vr, id, config, extack);
	if (err)
		goto err_put;
	err = europa_chardev_add(vr, extack);
	if (err)
		goto err_register;
	/* No unloading while there is a VR, and no VR once that began. */
	if (!try_module_get(THIS_MODULE)) {
		err = -ENODEV;
		goto err_chardev;
	}
	return vr;

err_chardev:
	europa_chardev_del(vr);
err_register:
	europa_vr_unregister(vr);
err_put:
	europa_vr_put(vr);
	return ERR_PTR(err);
}

/* The pools cannot change while a data plane is attached; one that is about to
 * attach looks again. Without apply: only says whether they may.
 */
static int europa_vr_set_plan(struct europa_vr *vr,
			      const struct europa_config *config, bool apply,
			      struct netlink_ext_ack *extack)
{
	int err = 0;

	if (vr->slots == config->slots && vr->snap == config->snap &&
	    vr->nr_queues == config->queues)
		return 0;
	spin_lock(&vr->plan);
	if (vr->attached) {
		NL_SET_ERR_MSG(extack, "slots, snap and queues cannot change while a data plane is attached");
		err = -EBUSY;
	} else if (apply) {
		WRITE_ONCE(vr->slots, config->slots);
		WRITE_ONCE(vr->snap, config->snap);
		/* they are made; pairs with europa_vr_queues() */
		smp_store_release(&vr->nr_queues, config->queues);
	}
	spin_unlock(&vr->plan);
	return err;
}

static bool europa_vr_node_differs(const struct europa_vr *vr,
				   const struct europa_config *config)
{
	return !vr->node || vr->uid != config->uid || vr->gid != config->gid ||
	       vr->mode != config->mode;
}

/*
 * A node gets its owner and mode when it is made, so it is made again. If that
 * fails, it is made as it was; if that fails, too, there is no node until the
 * next change, and the settings shown are those it will then have.
 */
static int europa_vr_set_node(struct europa_vr *vr,
			      const struct europa_config *config,
			      const struct europa_config *former,
			      struct netlink_ext_ack *extack)
{
	int err;

	if (!europa_vr_node_differs(vr, config))
		return 0;
	europa_vr_apply_owner(vr, config);
	err = europa_chardev_replace(vr, extack);
	if (err) {
		europa_vr_apply_owner(vr, former);
		europa_chardev_replace(vr, NULL);
	}
	return err;
}

static void europa_vr_set_stall(struct europa_vr *vr)
{
	u32 i;

	for (i = 0; i < europa_vr_queues(vr); i++)
		europa_queue_set_stall(europa_vr_queue(vr, i));
}

/* A change of tx: a new poller for each queue, as a data plane may attach. */
struct europa_vr_pollers {
	struct work_struct work;
	struct europa_vr *vr;	/* with a reference while work is queued */
	u32 n;
	struct europa_poller_new new[];
};

static void europa_vr_pollers_free(struct europa_vr_pollers *pollers)
{
	u32 i;

	for (i = 0; pollers && i < pollers->n; i++)
		europa_poller_forget(&pollers->new[i]);
	kfree(pollers);
}

/* They take their queues, where there is a data plane. */
static void europa_vr_set_pollers(struct work_struct *work)
{
	struct europa_vr_pollers *pollers =
		container_of(work, struct europa_vr_pollers, work);
	struct europa_vr *vr = pollers->vr;
	u32 i;

	for (i = 0; i < pollers->n; i++)
		europa_poller_replace(europa_vr_queue(vr, i),
				      &pollers->new[i]);
	kfree(pollers);
	if (atomic_dec_and_test(&vr->changing))
		wake_up_var(&vr->changing);
	europa_vr_put(vr);
}

static int europa_vr_make_each_poller(struct europa_vr_pollers *pollers, int tx)
{
	u32 i;
	int err;

	for (i = 0; i < pollers->n; i++) {
		err = europa_poller_make(europa_vr_queue(pollers->vr, i), tx,
					 &pollers->new[i]);
		if (err)
			return err;
	}
	return 0;
}

/* NULL if tx stays as it is. */
static struct europa_vr_pollers *
europa_vr_make_pollers(struct europa_vr *vr, const struct europa_config *config)
{
	struct europa_vr_pollers *pollers;
	int err;

	if (config->tx == vr->tx)
		return NULL;
	pollers = kzalloc(struct_size(pollers, new, config->queues),
			  GFP_KERNEL);
	if (!pollers)
		return ERR_PTR(-ENOMEM);
	INIT_WORK(&pollers->work, europa_vr_set_pollers);
	pollers->vr = vr;
	pollers->n = config->queues;
	err = europa_vr_make_each_poller(pollers, config->tx);
	if (!err)
		return pollers;
	europa_vr_pollers_free(pollers);
	return ERR_PTR(err);
}

/* A worker waits for those there are: how long is up to the data plane. */
static void europa_vr_queue_pollers(struct europa_vr *vr,
				    struct europa_vr_pollers *pollers)
{
	if (!pollers)
		return;
	kref_get(&vr->refs);
	atomic_inc(&vr->changing);
	queue_work(europa_vr_wq, &pollers->work);
}

/*
 * After set() has succeeded, without rtnl: what was set is so now, or soon if a
 * data plane takes its time.
 */
void europa_vr_settle(struct europa_vr *vr)
{
	wait_var_event_timeout(&vr->changing, !atomic_read(&vr->changing),
			       EUROPA_VR_PATIENCE);
	europa_vr_put(vr);
}

/* All or nothing. What can fail comes first; what a data plane may be quicker
 * than, last. After success settle() must follow.
 */
int europa_vr_set(struct europa_vr *vr, const struct europa_config *config,
		  struct netlink_ext_ack *extack)
{
	struct europa_vr_pollers *pollers;
	struct europa_vr_change change;
	struct europa_config former;
	int err;

	ASSERT_RTNL();
	err = europa_vr_check(vr, config, extack);
	if (!err)
		err = europa_vr_set_plan(vr, config, false, extack);
	if (!err)
		err = europa_vr_make_queues(vr, config->queues);
	if (!err)
		err = europa_vr_change_alloc(&change, vr, config->name,
					     config->netns);
	if (err)
		return err;
	pollers = europa_vr_make_pollers(vr, config);
	err = PTR_ERR_OR_ZERO(pollers);
	if (err)
		goto err_change;
	europa_vr_config_get(vr, &former);
	err = europa_vr_set_node(vr, config, &former, extack);
	if (err)
		goto err_pollers;
	err = europa_vr_set_plan(vr, config, true, extack);
	if (err)
		goto err_node;
	europa_vr_apply(vr, config, &change);
	if (config->stall != former.stall)
		europa_vr_set_stall(vr);
	europa_vr_queue_pollers(vr, pollers);
	kref_get(&vr->refs); /* settle()'s */
	return 0;

err_node:
	europa_vr_set_node(vr, &former, &former, NULL);
err_pollers:
	europa_vr_pollers_free(pollers);
err_change:
	europa_vr_change_free(&change);
	return err;
}

/* Ports first: after that no packet can arrive. The event that tells it, and
 * finish(), must follow.
 */
void europa_vr_del(struct europa_vr *vr)
{
	ASSERT_RTNL();
	europa_link_del_all(vr);
	europa_chardev_del(vr);
	europa_vr_unregister(vr);
}

/*
 * The other half, without rtnl. A data plane lets go when it is given the time
 * to, which may be long if it asked for little; whoever waits in a netlink
 * operation keeps all of generic netlink waiting. So a worker does it, and the
 * caller, whose operation keeps the module, waits for a moment only.
 */
void europa_vr_finish(struct europa_vr *vr)
{
	kref_get(&vr->refs);
	queue_work(europa_vr_wq, &vr->end);
	wait_for_completion_killable_timeout(&vr->ended, EUROPA_VR_PATIENCE);
	europa_vr_put(vr);
}
