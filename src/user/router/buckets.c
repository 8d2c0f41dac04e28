// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <stdlib.h>

#include "buckets.h"

struct buckets *buckets_new(const struct buckets_want *want, uint32_t members)
{
	struct buckets *b = malloc(sizeof(*b) + want->count * sizeof(b->at[0]));
	uint32_t i;

	if (!b)
		return NULL;
	*b = (struct buckets){ .want = *want, .members = members };
	b->member = calloc(members, sizeof(*b->member));
	if (!b->member) {
		free(b);
		return NULL;
	}
	for (i = 0; i < want->count; i++)
		b->at[i] = (struct bucket){ .member = BUCKETS_NOBODY };
	return b;
}

void buckets_free(struct buckets *b)
{
	if (!b)
		return;
	free(b->member);
	b->member = NULL;
	/* Until readers have passed it is still found: nothing more changes hands there. */
	b->balanced = true;
	grace_free(b);
}

/* The member of b that is the same as one of old. */
static uint16_t heir_of(const struct buckets *b, const struct buckets_member *m)
{
	uint32_t i;

	for (i = 0; i < b->members; i++)
		if (b->member[i].adj == m->adj)
			return i;
	return BUCKETS_NOBODY;
}

static void give(struct buckets *b, struct bucket *bucket, uint16_t member)
{
	if (bucket->member != BUCKETS_NOBODY)
		b->member[bucket->member].has--;
	b->member[member].has++;
	bucket->member = member;
	shared_store(bucket->adj, b->member[member].adj);
}

static void inherit(struct buckets *b, struct buckets *old)
{
	uint16_t heir;
	uint32_t i;

	for (i = 0; i < old->members; i++)
		old->member[i].heir = heir_of(b, &old->member[i]);
	for (i = 0; i < b->want.count; i++) {
		if (old->at[i].member == BUCKETS_NOBODY)
			continue;
		heir = old->member[old->at[i].member].heir;
		if (heir == BUCKETS_NOBODY)
			continue;
		give(b, &b->at[i], heir);
		b->at[i].used = shared_load(old->at[i].used);
	}
}

/* By weight; rounded as the kernel's. */
static void share(struct buckets *b)
{
	uint64_t total = 0, sum = 0;
	uint32_t i, bound, before = 0;

	for (i = 0; i < b->members; i++)
		total += b->member[i].weight;
	for (i = 0; i < b->members; i++) {
		sum += b->member[i].weight;
		bound = (b->want.count * sum + total / 2) / total;
		b->member[i].wants = bound - before;
		before = bound;
	}
}

static bool poor(const struct buckets_member *m)
{
	return m->has < m->wants;
}

/* How many members there are up to the last that has too few: 0 if none has. */
static uint32_t up_to_poor(const struct buckets *b, uint32_t members)
{
	while (members && !poor(&b->member[members - 1]))
		members--;
	return members;
}

void buckets_fill(struct buckets *b, struct buckets *old, uint32_t now)
{
	if (old && old->want.count == b->want.count)
		inherit(b, old);
	share(b);
	b->since = old && !old->balanced ? old->since : now;
	buckets_upkeep(b, now);
}

/* Times are whole seconds, in which less may have passed than the difference says. */
static bool over(uint32_t since, uint32_t timer, uint32_t now)
{
	return now - since > timer;
}

static bool idle(const struct buckets *b, const struct bucket *bucket, uint32_t now)
{
	uint32_t used = shared_load(bucket->used);

	return !used || !b->want.idle || over(used, b->want.idle, now);
}

static bool due(const struct buckets *b, const struct bucket *bucket, uint32_t now)
{
	const struct buckets_member *m;

	if (bucket->member == BUCKETS_NOBODY)
		return true;
	m = &b->member[bucket->member];
	if (m->has <= m->wants)
		return false;
	return idle(b, bucket, now) ||
	       (b->want.unbalanced && over(b->since, b->want.unbalanced, now));
}

/* What a member has too many another has too few; the last of these comes first. */
void buckets_upkeep(struct buckets *b, uint32_t now)
{
	uint32_t i, to = up_to_poor(b, b->members);

	for (i = 0; to && i < b->want.count; i++) {
		if (!due(b, &b->at[i], now))
			continue;
		give(b, &b->at[i], to - 1);
		shared_store(b->at[i].used, 0);
		to = up_to_poor(b, to);
	}
	b->balanced = !to;
}
