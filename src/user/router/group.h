/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/*
 * Groups of adjacencies, of which the packet's hash chooses one, as the kernel
 * does by hash threshold: the hashes, 31 bits, are cut into one range for each
 * member in use, as wide as its weight, in the members' order. So packets of one
 * flow take one way, and a change moves few flows. In a resilient group the hash
 * chooses a bucket (buckets.h). Which flow has which hash is another matter: the
 * kernel's has a secret, this one has its own.
 *
 * A group is an adjacency's number: a nexthop object's, whose members may
 * change, or that of all multipath routes with the same members (group_get()).
 */
#ifndef ROUTER_GROUP_H
#define ROUTER_GROUP_H

#include "buckets.h"
#include "neigh.h"

#define GROUP_BUCKETS	1024

struct group_member {
	uint32_t weight;	/* 1 and up */
	int32_t bound;		/* highest hash that is its; less than the one before: none */
	uint16_t adj;		/* 0: punt */
	bool dead;		/* has no range */
};

/* The first two, shared and member[] are read by workers, and do not change. */
struct group {
	struct buckets *buckets; /* of a resilient group; else NULL */
	uint32_t count;
	uint32_t hash;		/* of the members */
	uint16_t id;		/* its adjacency */
	uint16_t next;		/* group in the bucket */
	bool shared;		/* in a bucket: group_get() finds it. Else of nexthop objects */
	struct group_member member[];
};

struct groups {
	struct group **at;	/* by adj.group; 0 is unused */
	uint16_t *free;		/* numbers, a stack */
	uint32_t size;		/* of both */
	uint32_t used;		/* numbers ever handed out */
	uint32_t free_count;
	uint32_t count;
	uint32_t dead;		/* members, of all groups */
	uint32_t resilient;	/* groups */
	uint32_t due;		/* groups_tick() is at this number */
	uint32_t now;		/* s, from 1 up */
	uint16_t bucket[GROUP_BUCKETS];
	struct neigh_table *neigh;
};

/* Numbers and references are those of neigh. */
void groups_init(struct groups *t, struct neigh_table *neigh);
void groups_exit(struct groups *t);

/*
 * An adjacency that is a group of n members, with a reference: the same one each
 * time. 0 if there is no memory. Members are copied, and referred to; bound is
 * not read.
 */
uint16_t group_get(struct groups *t, const struct group_member *member, uint32_t n);
/*
 * An alias, or a group, of nexthop objects becomes a group; with want a resilient
 * one, whose flows stay where they are as far as can be. false: no memory.
 */
bool group_set(struct groups *t, uint16_t id, const struct group_member *member,
	       uint32_t n, const struct buckets_want *want);
/* It becomes an alias of nothing, if it is a group. */
void group_unset(struct groups *t, uint16_t id);

/* The member for a hash, 0 to 2^31 - 1; 0: punt. */
static inline uint16_t group_choose(const struct groups *t, uint16_t group,
				    uint32_t hash)
{
	struct group *const *at = grace_read(t->at);
	const struct group *g = grace_read(at[group]);
	uint32_t i;

	if (g->buckets)
		return buckets_choose(g->buckets, hash, shared_load(t->now));
	for (i = 0; i < g->count; i++)
		if ((int32_t)hash <= g->member[i].bound)
			return g->member[i].adj;
	return 0;
}

/*
 * What the kernel takes instead of a member whose neighbour does not answer, where it
 * looks at that: the next that may, or the first. It always does in a group of nexthop
 * objects, in one of routes if asked is set, and never in a resilient one. Where it does
 * not, and where kernels differ, the answer is the same member again.
 */
uint16_t group_instead(const struct groups *t, uint16_t group, uint32_t hash,
		       uint16_t member, bool asked);

/* Often; now: s. Buckets that are due change hands, a bounded number at a time. */
void groups_tick(struct groups *t, uint32_t now);

/* Has it a member that leaves by that port, or with NEIGH_NO_PORT by any? */
bool group_uses_port(const struct groups *t, uint16_t group, unsigned int port);

#endif
