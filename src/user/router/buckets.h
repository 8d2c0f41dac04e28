/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/*
 * The buckets of a resilient group ("ip nexthop add ... type resilient"). A hash
 * belongs to a bucket, and a bucket to a member of the group. When members come,
 * go or get other weights, no more buckets change hands than have to: those of a
 * member that went, at once; those that a member has too many when they had no
 * packet for the idle time, or, if that is set, after the unbalanced time.
 *
 * The kernel does so with a table of its own ("ip nexthop bucket"), which is not
 * copied: it is by the kernel's hash, which has a secret, and knows of no packets
 * but those that the kernel forwards. A bucket would be idle there whose flows
 * are busy here.
 */
#ifndef ROUTER_BUCKETS_H
#define ROUTER_BUCKETS_H

#include <stdbool.h>
#include <stdint.h>

#include "grace.h"

#define BUCKETS_NOBODY	0xffff	/* no member has it */

struct bucket {
	uint32_t used;		/* s: the last packet; 0: none since it changed hands */
	uint16_t adj;		/* of the member */
	uint16_t member;
};

/* What the kernel tells of a group. */
struct buckets_want {
	uint32_t count;		/* 1 to 65535 */
	uint32_t idle;		/* s */
	uint32_t unbalanced;	/* s; 0: never */
};

struct buckets_member {
	uint32_t weight;	/* 1 and up */
	uint32_t wants;		/* buckets, by its weight */
	uint32_t has;		/* buckets */
	uint16_t adj;
	uint16_t heir;		/* its number in the next table, or BUCKETS_NOBODY */
};

struct buckets {
	struct buckets_want want;
	uint32_t since;		/* s: some member has too few */
	bool balanced;		/* none has */
	uint32_t members;
	struct buckets_member *member;
	struct bucket at[];
};

/* Nobody's. The caller sets weight and adj of each member. NULL: no memory. */
struct buckets *buckets_new(const struct buckets_want *want, uint32_t members);
void buckets_free(struct buckets *b);

/*
 * Each bucket to a member: to the one that had it in old, which may be NULL, if that
 * is one still. now: s, from 1 up.
 */
void buckets_fill(struct buckets *b, struct buckets *old, uint32_t now);
/* Change hands, as far as is due. */
void buckets_upkeep(struct buckets *b, uint32_t now);

/* The adjacency for a packet's hash. By many at a time, while others change hands. */
static inline uint16_t buckets_choose(struct buckets *b, uint32_t hash, uint32_t now)
{
	struct bucket *bucket = &b->at[hash % b->want.count];

	/* Of several workers each would take the cache line from the other. */
	if (shared_load(bucket->used) != now)
		shared_store(bucket->used, now);
	return shared_load(bucket->adj);
}

#endif
