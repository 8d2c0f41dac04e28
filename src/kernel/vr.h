/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* Virtual routers: registry, lifetime, names, and their queues. */
#ifndef _EUROPA_VR_H
#define _EUROPA_VR_H

#include <linux/cache.h>
#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/uidgid.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include "hold.h"
#include "note.h"
#include "poller.h"
#include "pool.h"
#include "stall.h"
#include "stats.h"

struct europa_file;
struct europa_vr;
struct europa_port;
struct sock;

/*
 * A VR's name, in the table of names; never changed in it: readers may be on
 * their way through. A new name is a new one of these.
 */
struct europa_name {
	struct hlist_node node;
	struct europa_vr *vr;
	struct rcu_head rcu;
	char text[EUROPA_NAME_SIZE];
};

/* Who gets a packet. Not 0: it is the data plane's. */
enum europa_run {
	EUROPA_RUN_OFF,		/* the fallback */
	EUROPA_RUN_ON,		/* the data plane */
	EUROPA_RUN_HOLD,	/* the next data plane, see handover.c */
};

enum europa_queue_bits {
	EUROPA_QUEUE_KICKED,	/* somebody asked for a drain */
	EUROPA_QUEUE_DRAINING,	/* bit lock of the tx side */
	EUROPA_QUEUE_CLOSING,	/* no new drains: detach waits for the bit */
	EUROPA_QUEUE_ATTACHING,	/* bit lock: a pool is being made */
	EUROPA_QUEUE_PARTED,	/* a poller drains for the last time, or has:
				 * it does not look at KICKED again
				 */
};

/*
 * Whether waking the data plane pays, see idle.c. run and cursor under the
 * queue's lock; the times are an estimate, which each processor that is done
 * with a packet notes.
 */
struct europa_idle {
	u64 start;	/* ns, local_clock(): the stack got the last packet */
	u64 end;	/* and was done with it */
	u64 took;	/* ns in between */
	u32 run;	/* packets that the stack got, back to back */
	u32 cursor;	/* rx, when last woken, less the run that led to it */
};

/*
 * lock: pool pointer, the state above bits, and the pool's records, free stack
 * and rx ring. Also taken in softirq, where waiting for it delays packets of
 * others: what can do without it does. Never held across a transmit or a
 * receive. DRAINING: the pool's tx and spare rings and its claims. The pool
 * pointer changes only with vr->lock, lock and the DRAINING bit all held, so
 * any one of them is enough to read it; and under RCU it may be read to look at
 * the control block, which detach frees a grace period later. Queues share no
 * line of the cache: each may be another processor's.
 */
struct europa_queue {
	spinlock_t lock;	/* see above */
	u8 running;		/* enum europa_run */
	bool sleeping;		/* poll() found nothing, nobody woken since; set
				 * without the lock, see europa_queue_readable()
				 */
	u8 poller_state;	/* enum europa_poller_state */
	u64 woken;		/* rx_wait at the last wake-up */
	struct europa_idle idle;
	struct europa_pool *pool;
	struct europa_vr *vr;
	u32 index;		/* in the VR */
	unsigned long bits;	/* enum europa_queue_bits */
	wait_queue_head_t wait;
	struct delayed_work age;	/* while a data plane is attached */
	u32 age_marks[2];		/* rx cursor one and two rounds ago */
	struct europa_stall stall;
	struct pid *pid;		/* of the data plane; under lock */
	u64 features;			/* granted to it; under lock */
	struct europa_file *file;	/* of the data plane; under vr->lock */
	u32 generation;			/* under vr->lock and lock */
	u8 ended;		/* enum europa_ended: the last one; the same */
	bool leaving;			/* it was told to; the same */
	bool stopped;	/* it said STOP while packets are held; under vr->lock */
	kuid_t uid;			/* whose it is; under vr->lock */
	struct europa_hold hold;
	struct europa_poller poller;
	struct work_struct free_detached;
	struct europa_pool *detached;	/* that it frees, one at a time */
	u32 told;		/* generation of the last event; the events' work's */
} ____cacheline_aligned_in_smp;

static inline enum europa_state
europa_queue_state(const struct europa_queue *queue)
{
	if (!READ_ONCE(queue->pool))
		return EUROPA_IDLE;
	return READ_ONCE(queue->running) ? EUROPA_RUNNING : EUROPA_ATTACHED;
}

/* Settings; the strings end in NUL. */
struct europa_config {
	char name[EUROPA_NAME_SIZE];
	char netns[EUROPA_NETNS_SIZE];
	u32 slots;
	u32 snap;
	u32 queues;
	u64 limit;
	u32 uid;
	u32 gid;
	u32 mode;
	u8 fallback;
	u32 prio;
	u32 stall;
	u8 spread;
	int tx;			/* as in struct europa_vr */
};

/*
 * References: the registry until del, each port, each open file, each tc action
 * that names it, each work that is queued. Settings, ports and the
 * registry change under rtnl; attach and detach under lock. Order: mmap_lock,
 * then lock, then a queue's lock, plan or that of events; nobody who has rtnl
 * takes lock.
 *
 * plan: that slots, snap and nr_queues do not change while there is a data
 * plane. Queues but the first are made when they are first asked for, all that
 * there can ever be, and stay as long as the VR: who has looked one up may keep
 * it, while nr_queues falls.
 */
struct europa_vr {
	struct kref refs;
	u32 id;
	u32 nr_queues;		/* changes under rtnl and plan */
	bool dead;		/* under lock */
	u8 fallback;
	u8 spread;		/* enum europa_spread */
	u32 prio;		/* tc classid of what is sent, or 0 */
	u32 stall;		/* ms that a data plane may stall, or 0 */
	int tx;			/* a processor, or EUROPA_POLLER_* */
	atomic_t changing;	/* changes of tx that are not done yet */
	u64 limit;
	u64 share;		/* of limit: each queue's, of packets kept */
	u32 slots;		/* slots, snap: under rtnl and plan */
	u32 snap;
	u32 attached;		/* queues with a data plane; under plan */
	spinlock_t plan;	/* see above */
	u32 uid;
	u32 gid;
	u32 mode;
	u32 minor;
	struct europa_name __rcu *name;
	char *netns;		/* a name for the tools; no namespace is held */
	struct mutex lock;
	struct europa_stats __percpu *stats; /* what no port counts */
	struct sock *made;	/* charged with packets it made; until dead */
	struct xarray ports;	/* number to port; readers under RCU */
	struct device *node;
	struct europa_events events;
	struct work_struct end;		/* lets the data plane go, once deleted */
	struct completion ended;
	struct rcu_head rcu;
	struct europa_queue *more;	/* those behind the first, or NULL */
	struct europa_queue first;
};

/* How many there are: each of these can be looked up. */
static inline u32 europa_vr_queues(const struct europa_vr *vr)
{
	/* before more is read; pairs with europa_vr_set_plan() */
	return smp_load_acquire(&vr->nr_queues);
}

static inline struct europa_queue *europa_vr_queue(struct europa_vr *vr,
						   u32 index)
{
	return index ? &vr->more[index - 1] : &vr->first;
}

/* Those that there ever were: at the end of all. */
static inline u32 europa_vr_queues_made(const struct europa_vr *vr)
{
	return vr->more ? EUROPA_QUEUES_MAX : 1;
}

/* Memory that a change needs, allocated before anything is changed. */
struct europa_vr_change {
	struct europa_name *name;	/* NULL: it stays */
	char *netns;
};

struct europa_vr *europa_vr_by_id(u32 id);
struct europa_vr *europa_vr_by_name(const char *name);
struct europa_vr *europa_vr_hold_id(u32 id);
struct europa_vr *europa_vr_hold_name(const char *name);
struct europa_vr *europa_vr_next(u32 *id);
const char *europa_vr_name(const struct europa_vr *vr);
bool europa_vr_name_valid(const char *name);
void europa_vr_config_default(struct europa_config *config);
void europa_vr_config_get(const struct europa_vr *vr,
			  struct europa_config *config);
void europa_vr_put(struct europa_vr *vr);
enum europa_state europa_vr_state(struct europa_vr *vr);
void europa_vr_stats(struct europa_vr *vr, struct europa_stats *sum);
u32 europa_vr_snap(const struct europa_vr *vr, u32 wanted);
bool europa_vr_claim(struct europa_vr *vr, u32 index,
		     const struct europa_pool *pool, u32 snap);
void europa_vr_unclaim(struct europa_vr *vr);

/* For vr_admin.c. */
int europa_vr_check(const struct europa_vr *self,
		    const struct europa_config *config,
		    struct netlink_ext_ack *extack);
int europa_vr_change_alloc(struct europa_vr_change *change,
			   struct europa_vr *vr, const char *name,
			   const char *netns);
void europa_vr_change_free(struct europa_vr_change *change);
void europa_vr_apply(struct europa_vr *vr, const struct europa_config *config,
		     struct europa_vr_change *change);
void europa_vr_apply_owner(struct europa_vr *vr,
			   const struct europa_config *config);
int europa_vr_register(struct europa_vr *vr, u32 id,
		       const struct europa_config *config,
		       struct netlink_ext_ack *extack);
void europa_vr_unregister(struct europa_vr *vr);

#endif /* _EUROPA_VR_H */
