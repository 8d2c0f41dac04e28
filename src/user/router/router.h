/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
#ifndef ROUTER_ROUTER_H
#define ROUTER_ROUTER_H

#include <libeuropa.h>
#include <pthread.h>

#include "ip4/ip4.h"
#include "ip6/ip6.h"
#include "group.h"
#include "neigh.h"
#include "nexthop.h"
#include "port.h"
#include "stats.h"

/* A worker's own, which no other touches: queue by queue, a cache line apart. */
struct lane {
	struct europa_queue *q;
	struct stats stats;
} __attribute__((aligned(64)));

/*
 * Tables, of which there is one set, are changed by one thread; several workers may
 * read them meanwhile, each on a lane of its own (grace.h).
 */
struct router {
	struct ip4 ip4;
	struct ip6 ip6;
	struct neigh_table neigh;
	struct groups groups;
	struct nexthops nexthops;
	struct ports ports;
	struct mirror_stats stats;
	struct lane lane[EUROPA_QUEUES_MAX];
	unsigned int lanes;	/* in use */

	/*
	 * Who changes tables has it, where others read them, and who looks at more of
	 * them than is published for readers.
	 */
	pthread_mutex_t lock;
	uint32_t vr;		/* number */
	bool verbose;
	bool resync;		/* the mirror may be wrong: dump again */
	bool dead;		/* a route's only way was: see router_dead() */
	bool rules_told;	/* said so on stderr */
	bool rules6_told;
	bool policy_told;	/* the same, of multipath */
	bool policy6_told;
};

/* groups and others point into it: it stays where it is. */
bool router_init(struct router *r);
void router_exit(struct router *r);

static inline void router_lock(struct router *r)
{
	if (grace_shared)
		pthread_mutex_lock(&r->lock);
}

static inline void router_unlock(struct router *r)
{
	if (grace_shared)
		pthread_mutex_unlock(&r->lock);
}

/*
 * The same for a worker, which is not waited for meanwhile: nothing that it read
 * before is good after it.
 */
static inline void router_look(struct router *r)
{
	if (!grace_shared)
		return;
	grace_sleep();
	pthread_mutex_lock(&r->lock);
}

static inline void router_looked(struct router *r)
{
	if (!grace_shared)
		return;
	pthread_mutex_unlock(&r->lock);
	grace_wake();
}

/*
 * What the kernel does not tell again between the two is gone; routes6: the routes
 * of IPv6, too.
 */
void router_mark(struct router *r);
void router_sweep(struct router *r, bool routes6);

/* Is a way of some route dead? It may come back to life without a message. */
static inline bool router_dead(const struct router *r)
{
	return r->dead || r->groups.dead;
}

/* Read the settings of the namespace that no message tells of. */
void router_settings(struct router *r);

/*
 * Tables' work that is due, a bounded amount, between bursts. Returns true
 * when none is left. What no reader has any more is free after it: it waits for that.
 */
bool router_work(struct router *r, unsigned int budget);

#endif
