// SPDX-License-Identifier: GPL-2.0
#include <linux/ctype.h>
#include <linux/hashtable.h>
#include <linux/module.h>
#include <linux/rtnetlink.h>
#include <linux/stringhash.h>
#include "chardev.h"
#include "link.h"
#include "port.h"
#include "queue.h"
#include "vr.h"

static DEFINE_XARRAY_ALLOC1(europa_vrs);	/* writers under rtnl */
static DEFINE_HASHTABLE(europa_names, 10);	/* writers under rtnl */

static u32 europa_vr_hash(const char *name)
{
	return full_name_hash(NULL, name, strlen(name));
}

struct europa_vr *europa_vr_by_id(u32 id)
{
	ASSERT_RTNL();
	return xa_load(&europa_vrs, id);
}

static struct europa_vr *europa_vr_lookup(const char *name)
{
	struct europa_vr *vr;

	hash_for_each_possible_rcu(europa_names, vr, by_name,
				   europa_vr_hash(name), lockdep_rtnl_is_held())
		if (!strcmp(vr->name, name))
			return vr;
	return NULL;
}

struct europa_vr *europa_vr_by_name(const char *name)
{
	ASSERT_RTNL();
	return europa_vr_lookup(name);
}

static struct europa_vr *europa_vr_hold(struct europa_vr *vr)
{
	return vr && kref_get_unless_zero(&vr->refs) ? vr : NULL;
}

/* For those without rtnl: with a reference, or NULL. */
struct europa_vr *europa_vr_hold_id(u32 id)
{
	struct europa_vr *vr;

	rcu_read_lock();
	vr = europa_vr_hold(xa_load(&europa_vrs, id));
	rcu_read_unlock();
	return vr;
}

struct europa_vr *europa_vr_hold_name(const char *name)
{
	struct europa_vr *vr;

	rcu_read_lock();
	vr = europa_vr_hold(europa_vr_lookup(name));
	rcu_read_unlock();
	return vr;
}

/* The first VR numbered *id or more, and its number. */
struct europa_vr *europa_vr_next(u32 *id)
{
	unsigned long index = *id;
	struct europa_vr *vr;

	ASSERT_RTNL();
	vr = xa_find(&europa_vrs, &index, EUROPA_VR_MAX, XA_PRESENT);
	*id = index;
	return vr;
}

/* [A-Za-z0-9_.-], not all digits: a name is never taken for a number. */
bool europa_vr_name_valid(const char *name)
{
	bool digits = true;
	const char *c;

	for (c = name; *c; c++) {
		if (!isascii(*c) || (!isalnum(*c) && !strchr("_.-", *c)))
			return false;
		digits = digits && isdigit(*c);
	}
	return c != name && !digits;
}

void europa_vr_config_default(struct europa_config *config)
{
	*config = (struct europa_config) {
		.slots = EUROPA_SLOTS_DEFAULT,
		.snap = EUROPA_SNAP_DEFAULT,
		.queues = 1,
		.limit = EUROPA_LIMIT_DEFAULT,
		.mode = 0660,
		.fallback = EUROPA_FALLBACK_KERNEL,
	};
}

void europa_vr_config_get(const struct europa_vr *vr,
			  struct europa_config *config)
{
	*config = (struct europa_config) {
		.slots = vr->slots,
		.snap = vr->snap,
		.queues = vr->nr_queues,
		.limit = vr->limit,
		.uid = vr->uid,
		.gid = vr->gid,
		.mode = vr->mode,
		.fallback = vr->fallback,
		.prio = vr->prio,
	};
	strscpy(config->name, vr->name, sizeof(config->name));
	strscpy(config->netns, vr->netns ?: "", sizeof(config->netns));
}

static int europa_vr_check(const struct europa_vr *self,
			   const struct europa_config *config,
			   struct netlink_ext_ack *extack)
{
	struct europa_vr *other = europa_vr_by_name(config->name);

	if (other && other != self) {
		NL_SET_ERR_MSG(extack, "a VR of this name exists");
		return -EEXIST;
	}
	if (config->queues > 1) {
		NL_SET_ERR_MSG(extack, "more than one queue is not supported yet");
		return -EOPNOTSUPP;
	}
	return 0;
}

/* Everything but the name, which decides the place in the hash table. */
static int europa_vr_apply(struct europa_vr *vr,
			   const struct europa_config *config)
{
	char *netns = NULL;

	if (config->netns[0]) {
		netns = kstrdup(config->netns, GFP_KERNEL);
		if (!netns)
			return -ENOMEM;
	}
	kfree(vr->netns);
	vr->netns = netns;
	vr->uid = config->uid;
	vr->gid = config->gid;
	vr->mode = config->mode;
	WRITE_ONCE(vr->limit, config->limit);
	WRITE_ONCE(vr->fallback, config->fallback);
	WRITE_ONCE(vr->prio, config->prio);
	return 0;
}

static void europa_vr_free_rcu(struct rcu_head *rcu)
{
	struct europa_vr *vr = container_of(rcu, struct europa_vr, rcu);

	free_percpu(vr->stats);
	kfree(vr->netns);
	kfree(vr);
}

/* Readers of a port's vr pointer may be in a softirq still. */
static void europa_vr_release(struct kref *refs)
{
	struct europa_vr *vr = container_of(refs, struct europa_vr, refs);

	call_rcu(&vr->rcu, europa_vr_free_rcu);
}

void europa_vr_put(struct europa_vr *vr)
{
	kref_put(&vr->refs, europa_vr_release);
}

static struct europa_vr *europa_vr_alloc(const struct europa_config *config)
{
	struct europa_vr *vr;
	u32 i;

	vr = kzalloc(struct_size(vr, queues, config->queues), GFP_KERNEL);
	if (!vr)
		return NULL;
	vr->stats = alloc_percpu(struct europa_stats);
	if (!vr->stats || europa_vr_apply(vr, config)) {
		free_percpu(vr->stats);
		kfree(vr);
		return NULL;
	}
	vr->slots = config->slots;
	vr->snap = config->snap;
	kref_init(&vr->refs);
	mutex_init(&vr->lock);
	xa_init_flags(&vr->ports, XA_FLAGS_ALLOC);
	vr->nr_queues = config->queues;
	for (i = 0; i < vr->nr_queues; i++)
		europa_queue_init(&vr->queues[i], vr);
	return vr;
}

/* id 0: the lowest free number. */
static int europa_vr_number(struct europa_vr *vr, u32 id,
			    struct netlink_ext_ack *extack)
{
	struct xa_limit limit = XA_LIMIT(id ?: 1, id ?: EUROPA_VR_MAX);
	int err = xa_alloc(&europa_vrs, &vr->id, vr, limit, GFP_KERNEL);

	if (err != -EBUSY)
		return err;
	if (id) {
		NL_SET_ERR_MSG(extack, "a VR of this number exists");
		return -EEXIST;
	}
	NL_SET_ERR_MSG(extack, "all VR numbers are in use");
	return -ENOSPC;
}

static void europa_vr_rename(struct europa_vr *vr, const char *name)
{
	if (!hlist_unhashed(&vr->by_name))
		hash_del_rcu(&vr->by_name);
	strscpy(vr->name, name, sizeof(vr->name));
	hash_add_rcu(europa_names, &vr->by_name, europa_vr_hash(vr->name));
}

/* An unnamed VR is called vr<number>, if nobody else is. */
static int europa_vr_name(struct europa_vr *vr, const char *name,
			  struct netlink_ext_ack *extack)
{
	char numbered[EUROPA_NAME_SIZE];

	snprintf(numbered, sizeof(numbered), "vr%u", vr->id);
	if (!name[0] && europa_vr_by_name(numbered)) {
		NL_SET_ERR_MSG(extack, "the default name is taken, give one");
		return -EEXIST;
	}
	europa_vr_rename(vr, name[0] ? name : numbered);
	return 0;
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
	err = europa_vr_number(vr, id, extack);
	if (err)
		goto err_put;
	err = europa_vr_name(vr, config->name, extack);
	if (err)
		goto err_number;
	err = europa_chardev_add(vr, extack);
	if (err)
		goto err_name;
	/* No unloading while there is a VR, and no VR once that began. */
	if (!try_module_get(THIS_MODULE)) {
		err = -ENODEV;
		goto err_chardev;
	}
	return vr;

err_chardev:
	europa_chardev_del(vr);
err_name:
	hash_del_rcu(&vr->by_name);
err_number:
	xa_erase(&europa_vrs, vr->id);
err_put:
	europa_vr_put(vr);
	return ERR_PTR(err);
}

static bool europa_vr_node_differs(const struct europa_vr *vr,
				   const struct europa_config *config)
{
	return vr->uid != config->uid || vr->gid != config->gid ||
	       vr->mode != config->mode;
}

/* Not under a data plane; one that attaches meanwhile looks at them again. */
static int europa_vr_set_pool(struct europa_vr *vr,
			      const struct europa_config *config,
			      struct netlink_ext_ack *extack)
{
	struct europa_queue *queue = &vr->queues[0];
	int err = 0;

	if (vr->slots == config->slots && vr->snap == config->snap)
		return 0;
	spin_lock_bh(&queue->lock);
	if (queue->pool) {
		NL_SET_ERR_MSG(extack, "slots and snap cannot change while a data plane is attached");
		err = -EBUSY;
	} else {
		WRITE_ONCE(vr->slots, config->slots);
		WRITE_ONCE(vr->snap, config->snap);
	}
	spin_unlock_bh(&queue->lock);
	return err;
}

int europa_vr_set(struct europa_vr *vr, const struct europa_config *config,
		  struct netlink_ext_ack *extack)
{
	bool node = europa_vr_node_differs(vr, config);
	int err;

	ASSERT_RTNL();
	err = europa_vr_check(vr, config, extack);
	if (!err)
		err = europa_vr_set_pool(vr, config, extack);
	if (!err)
		err = europa_vr_apply(vr, config);
	if (err)
		return err;
	europa_vr_rename(vr, config->name);
	return node ? europa_chardev_replace(vr, extack) : 0;
}

/* Ports first: after that no packet can arrive. finish() must follow. */
void europa_vr_del(struct europa_vr *vr)
{
	ASSERT_RTNL();
	europa_link_del_all(vr);
	europa_chardev_del(vr);
	hash_del_rcu(&vr->by_name);
	xa_erase(&europa_vrs, vr->id);
}

/*
 * The other half, without rtnl: a data plane may take its time to let go. Open
 * files keep the memory and get ENODEV. The caller is a netlink operation,
 * which itself keeps the module.
 */
void europa_vr_finish(struct europa_vr *vr)
{
	u32 i;

	mutex_lock(&vr->lock);
	vr->dead = true;
	for (i = 0; i < vr->nr_queues; i++)
		europa_queue_detach(&vr->queues[i]);
	mutex_unlock(&vr->lock);
	for (i = 0; i < vr->nr_queues; i++)
		wake_up_interruptible_poll(&vr->queues[i].wait,
					   EPOLLHUP | EPOLLERR);
	europa_vr_put(vr);
	module_put(THIS_MODULE);
}

enum europa_state europa_vr_state(struct europa_vr *vr)
{
	enum europa_state state = EUROPA_IDLE;
	u32 i;

	for (i = 0; i < vr->nr_queues; i++) {
		if (READ_ONCE(vr->queues[i].running))
			return EUROPA_RUNNING;
		if (READ_ONCE(vr->queues[i].pool))
			state = EUROPA_ATTACHED;
	}
	return state;
}

/* All its counters. Under rtnl, where a port that goes leaves its own to vr. */
void europa_vr_stats(struct europa_vr *vr, struct europa_stats *sum)
{
	struct europa_port *port;
	unsigned long number;

	ASSERT_RTNL();
	memset(sum, 0, sizeof(*sum));
	europa_stats_collect(sum, vr->stats);
	xa_for_each(&vr->ports, number, port)
		europa_stats_collect(sum, port->stats);
}
