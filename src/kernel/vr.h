/* SPDX-License-Identifier: GPL-2.0 */
/* Virtual routers: registry, lifetime, names, and their queues. */
#ifndef _EUROPA_VR_H
#define _EUROPA_VR_H

#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/wait.h>
#include <linux/xarray.h>
#include "pool.h"
#include "stats.h"

struct europa_file;
struct europa_vr;
struct europa_port;

enum europa_queue_bits {
	EUROPA_QUEUE_KICKED,	/* somebody asked for a drain */
	EUROPA_QUEUE_DRAINING,	/* bit lock of the tx side */
	EUROPA_QUEUE_CLOSING,	/* no new drains: detach waits for the bit */
};

/*
 * lock: pool pointer, the state above napi, and the pool's owner table, free
 * stack, rx and spare rings. Taken from softirq. Never held across a
 * transmit or a receive. The pool pointer changes only with vr->lock, lock and
 * the DRAINING bit all held, so any one of them is enough to read it.
 */
struct europa_queue {
	spinlock_t lock;	/* see above */
	bool running;
	bool wake_scheduled;	/* the NAPI below will look at the sleeper */
	bool sleeping;		/* poll() found nothing, nobody woken since */
	u64 woken;		/* rx_wait at the last wake-up */
	struct europa_pool *pool;
	struct europa_vr *vr;
	unsigned long bits;	/* enum europa_queue_bits */
	struct napi_struct napi;
	wait_queue_head_t wait;
	struct pid *pid;		/* of the data plane; under lock */
	struct europa_file *file;	/* of the data plane; under vr->lock */
	u32 generation;			/* under vr->lock */
};

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
};

/*
 * References: the registry until del, each port, each open file. Settings,
 * ports and the registry change under rtnl; attach and detach under lock.
 * Order: rtnl, mmap_lock, then lock, then a queue's lock.
 */
struct europa_vr {
	struct kref refs;
	u32 id;
	u32 nr_queues;
	bool dead;		/* under lock */
	u8 fallback;
	u32 prio;		/* tc classid of what is sent, or 0 */
	u64 limit;
	u32 slots;		/* slots, snap: also under each queue's lock */
	u32 snap;
	u32 uid;
	u32 gid;
	u32 mode;
	u32 minor;
	char name[EUROPA_NAME_SIZE];
	char *netns;		/* a name for the tools; no namespace is held */
	struct mutex lock;
	struct europa_stats __percpu *stats; /* what no port counts */
	struct xarray ports;	/* number to port; readers under RCU */
	struct device *node;
	struct hlist_node by_name;
	struct rcu_head rcu;
	struct europa_queue queues[];
};

struct europa_vr *europa_vr_by_id(u32 id);
struct europa_vr *europa_vr_by_name(const char *name);
struct europa_vr *europa_vr_hold_id(u32 id);
struct europa_vr *europa_vr_hold_name(const char *name);
struct europa_vr *europa_vr_next(u32 *id);
bool europa_vr_name_valid(const char *name);
void europa_vr_config_default(struct europa_config *config);
void europa_vr_config_get(const struct europa_vr *vr,
			  struct europa_config *config);
struct europa_vr *europa_vr_new(u32 id, const struct europa_config *config,
				struct netlink_ext_ack *extack);
int europa_vr_set(struct europa_vr *vr, const struct europa_config *config,
		  struct netlink_ext_ack *extack);
void europa_vr_del(struct europa_vr *vr);
void europa_vr_finish(struct europa_vr *vr);
void europa_vr_put(struct europa_vr *vr);
enum europa_state europa_vr_state(struct europa_vr *vr);
void europa_vr_stats(struct europa_vr *vr, struct europa_stats *sum);

#endif /* _EUROPA_VR_H */
