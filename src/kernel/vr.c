// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <linux/ctype.h>
#include <linux/hashtable.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/rtnetlink.h>
#include <linux/stringhash.h>
#include "made.h"
#include "port.h"
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
	struct europa_name *entry;

	hash_for_each_possible_rcu(europa_names, entry, node,
				   europa_vr_hash(name), lockdep_rtnl_is_held())
		if (!strcmp(entry->text, name))
			return entry->vr;
	return NULL;
}

/* Under rtnl, or as long as RCU is held. */
const char *europa_vr_name(const struct europa_vr *vr)
{
	return rcu_dereference_rtnl(vr->name)->text;
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
		.tx = EUROPA_POLLER_NOBODY,
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
		.stall = vr->stall,
		.spread = vr->spread,
		.tx = vr->tx,
	};
	strscpy(config->name, europa_vr_name(vr), sizeof(config->name));
	strscpy(config->netns, vr->netns ?: "", sizeof(config->netns));
}

int europa_vr_check(const struct europa_vr *self,
		    const struct europa_config *config,
		    struct netlink_ext_ack *extack)
{
	struct europa_vr *other = europa_vr_by_name(config->name);

	if (other && other != self) {
		NL_SET_ERR_MSG(extack, "a VR of this name exists");
		return -EEXIST;
	}
	return 0;
}

void europa_vr_change_free(struct europa_vr_change *change)
{
	kfree(change->name);
	kfree(change->netns);
}

static struct europa_name *europa_name_alloc(struct europa_vr *vr,
					     const char *text)
{
	struct europa_name *name = kzalloc(sizeof(*name), GFP_KERNEL);

	if (!name)
		return NULL;
	name->vr = vr;
	strscpy(name->text, text, sizeof(name->text));
	return name;
}

int europa_vr_change_alloc(struct europa_vr_change *change,
			   struct europa_vr *vr, const char *name,
			   const char *netns)
{
	bool stays = rcu_access_pointer(vr->name) &&
		     !strcmp(europa_vr_name(vr), name);

	change->name = stays ? NULL : europa_name_alloc(vr, name);
	change->netns = netns[0] ? kstrdup(netns, GFP_KERNEL) : NULL;
	if ((stays || change->name) && (!netns[0] || change->netns))
		return 0;
	europa_vr_change_free(change);
	return -ENOMEM;
}

/* For a moment both names lead to the VR, but never none. */
static void europa_vr_rename(struct europa_vr *vr, struct europa_name *name)
{
	struct europa_name *old = rtnl_dereference(vr->name);

	hash_add_rcu(europa_names, &name->node, europa_vr_hash(name->text));
	rcu_assign_pointer(vr->name, name);
	if (old) {
		hash_del_rcu(&old->node);
		kfree_rcu(old, rcu);
	}
}

/* All but the pool's geometry and the node's owner. Cannot fail. */
void europa_vr_apply(struct europa_vr *vr,
		     const struct europa_config *config,
		     struct europa_vr_change *change)
{
	if (change->name)
		europa_vr_rename(vr, change->name);
	kfree(vr->netns);
	vr->netns = change->netns;
	WRITE_ONCE(vr->limit, config->limit);
	WRITE_ONCE(vr->share, div_u64(config->limit, config->queues));
	WRITE_ONCE(vr->spread, config->spread);
	WRITE_ONCE(vr->fallback, config->fallback);
	WRITE_ONCE(vr->prio, config->prio);
	WRITE_ONCE(vr->stall, config->stall);
	WRITE_ONCE(vr->tx, config->tx);
}

void europa_vr_apply_owner(struct europa_vr *vr,
			   const struct europa_config *config)
{
	vr->uid = config->uid;
	vr->gid = config->gid;
	vr->mode = config->mode;
}

static void europa_vr_free_rcu(struct rcu_head *rcu)
{
	struct europa_vr *vr = container_of(rcu, struct europa_vr, rcu);

	kfree(rcu_dereference_protected(vr->name, true));
	free_percpu(vr->stats);
	kfree(vr->netns);
	kvfree(vr->more);
	kfree(vr);
}

/* Readers of a port's vr pointer may be in a softirq still. */
static void europa_vr_release(struct kref *refs)
{
	struct europa_vr *vr = container_of(refs, struct europa_vr, refs);

	europa_made_free(vr->made);
	call_rcu(&vr->rcu, europa_vr_free_rcu);
}

void europa_vr_put(struct europa_vr *vr)
{
	kref_put(&vr->refs, europa_vr_release);
}

/* Reserves it; nobody sees the VR yet. id 0: the lowest free number. */
static int europa_vr_number(struct europa_vr *vr, u32 id,
			    struct netlink_ext_ack *extack)
{
	struct xa_limit limit = XA_LIMIT(id ?: 1, id ?: EUROPA_VR_MAX);
	int err = xa_alloc(&europa_vrs, &vr->id, NULL, limit, GFP_KERNEL);

	if (err != -EBUSY)
		return err;
	if (id) {
		NL_SET_ERR_MSG(extack, "a VR of this number exists");
		return -EEXIST;
	}
	NL_SET_ERR_MSG(extack, "all VR numbers are in use");
	return -ENOSPC;
}

/* An unnamed VR is called vr<number>, if nobody else is. The name comes first:
 * who finds a VR by its number can ask it.
 */
static int europa_vr_publish(struct europa_vr *vr,
			     const struct europa_config *config,
			     struct netlink_ext_ack *extack)
{
	struct europa_vr_change change;
	char name[EUROPA_NAME_SIZE];
	int err;

	snprintf(name, sizeof(name), "vr%u", vr->id);
	if (config->name[0])
		strscpy(name, config->name, sizeof(name));
	if (europa_vr_by_name(name)) {
		NL_SET_ERR_MSG(extack, "the default name is taken, give one");
		return -EEXIST;
	}
	err = europa_vr_change_alloc(&change, vr, name, config->netns);
	if (err)
		return err;
	europa_vr_apply_owner(vr, config);
	europa_vr_apply(vr, config, &change);
	xa_store(&europa_vrs, vr->id, vr, GFP_KERNEL); /* reserved */
	return 0;
}

/* rtnl is held until it is complete. */
int europa_vr_register(struct europa_vr *vr, u32 id,
		       const struct europa_config *config,
		       struct netlink_ext_ack *extack)
{
	int err;

	ASSERT_RTNL();
	err = europa_vr_number(vr, id, extack);
	if (err)
		return err;
	err = europa_vr_publish(vr, config, extack);
	if (err)
		xa_erase(&europa_vrs, vr->id);
	return err;
}

/* It keeps its name, for those who have a reference. */
void europa_vr_unregister(struct europa_vr *vr)
{
	ASSERT_RTNL();
	hash_del_rcu(&rtnl_dereference(vr->name)->node);
	xa_erase(&europa_vrs, vr->id);
}

/* The highest of its queues'. */
enum europa_state europa_vr_state(struct europa_vr *vr)
{
	enum europa_state state = EUROPA_IDLE;
	u32 i;

	for (i = 0; i < europa_vr_queues(vr); i++)
		state = max(state, europa_queue_state(europa_vr_queue(vr, i)));
	return state;
}

/* Bytes of a packet for a data plane that wants so many; 0: as many as there are. */
u32 europa_vr_snap(const struct europa_vr *vr, u32 wanted)
{
	return min(READ_ONCE(vr->snap), wanted ?: EUROPA_SNAP_MAX);
}

/* A data plane comes, with a pool of that geometry, who wants so many bytes of a
 * packet: not if the VR has another by now. What it had when this was true it keeps
 * until unclaim.
 */
bool europa_vr_claim(struct europa_vr *vr, u32 index,
		     const struct europa_pool *pool, u32 snap)
{
	bool fits;

	lockdep_assert_held(&vr->lock);
	spin_lock(&vr->plan);
	fits = index < vr->nr_queues && pool->slots == vr->slots &&
	       pool->snap == europa_vr_snap(vr, snap);
	if (fits)
		vr->attached++;
	spin_unlock(&vr->plan);
	return fits;
}

void europa_vr_unclaim(struct europa_vr *vr)
{
	lockdep_assert_held(&vr->lock);
	spin_lock(&vr->plan);
	vr->attached--;
	spin_unlock(&vr->plan);
}

/* All its counters. rtnl, for a port that goes leaves its own to the VR. */
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
