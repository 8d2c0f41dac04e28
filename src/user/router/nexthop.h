/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/*
 * The kernel's nexthop objects ("ip nexthop", RTA_NH_ID of routes), by id. Each
 * has the number of an adjacency, which routes name: an alias of its neighbour,
 * or a group of the objects in it. When the object changes the number stays, so
 * no route is touched. When it goes its number becomes nothing's, to which the
 * routes lead that the kernel has removed with it, without saying so; a new
 * object of that id gets another number.
 */
#ifndef ROUTER_NEXTHOP_H
#define ROUTER_NEXTHOP_H

#include "group.h"

#define NEXTHOP_BUCKETS	1024

struct nexthop {
	struct nexthop *next;	/* in the bucket */
	uint32_t id;
	uint16_t adj;		/* with a reference */
	uint8_t generation;
};

struct nexthops {
	struct nexthop *bucket[NEXTHOP_BUCKETS];
	uint32_t count;
	uint8_t generation;
	struct groups *groups;
	struct neigh_table *neigh;
};

void nexthops_init(struct nexthops *t, struct groups *groups);
void nexthops_exit(struct nexthops *t);

/* An object's adjacency, without a reference; 0: not known. */
uint16_t nexthop_find(const struct nexthops *t, uint32_t id);
/*
 * The same for one that may not have been told yet, as a group may be dumped
 * before its members: leads nowhere until it is. 0 if there are too many.
 */
uint16_t nexthop_expect(struct nexthops *t, uint32_t id);

/* An object is told: as another adjacency (0: punt). false: no memory. */
bool nexthop_set(struct nexthops *t, uint32_t id, uint16_t target);
/* The same of a group of objects; with want a resilient one. */
bool nexthop_set_group(struct nexthops *t, uint32_t id,
		       const struct group_member *member, uint32_t n,
		       const struct buckets_want *want);
/* It is gone. Returns true if routes named it: the kernel has removed them. */
bool nexthop_del(struct nexthops *t, uint32_t id);

/* What is not told again between the two is gone. */
void nexthops_mark(struct nexthops *t);
void nexthops_sweep(struct nexthops *t);

#endif
