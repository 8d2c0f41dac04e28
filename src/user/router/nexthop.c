// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <stdlib.h>

#include "nexthop.h"

void nexthops_init(struct nexthops *t, struct groups *groups)
{
	memset(t, 0, sizeof(*t));
	t->groups = groups;
	t->neigh = groups->neigh;
}

void nexthops_exit(struct nexthops *t)
{
	struct nexthop *n;
	unsigned int i;

	for (i = 0; i < NEXTHOP_BUCKETS; i++) {
		while ((n = t->bucket[i])) {
			t->bucket[i] = n->next;
			free(n);
		}
	}
	memset(t, 0, sizeof(*t));
}

/* Daemons count ids up. */
static unsigned int hash(uint32_t id)
{
	return id % NEXTHOP_BUCKETS;
}

static struct nexthop *find(const struct nexthops *t, uint32_t id)
{
	struct nexthop *n = t->bucket[hash(id)];

	while (n && n->id != id)
		n = n->next;
	return n;
}

uint16_t nexthop_find(const struct nexthops *t, uint32_t id)
{
	const struct nexthop *n = find(t, id);

	return n ? n->adj : 0;
}

/* As if it were told before the last mark: unless it is now, it is swept. */
static struct nexthop *get(struct nexthops *t, uint32_t id)
{
	struct nexthop *n = find(t, id), **bucket = &t->bucket[hash(id)];

	if (n)
		return n;
	n = malloc(sizeof(*n));
	if (!n)
		return NULL;
	*n = (struct nexthop){
		.next = *bucket, .id = id, .adj = neigh_alias(t->neigh),
		.generation = t->generation - 1,
	};
	if (!n->adj) {
		free(n);
		return NULL;
	}
	*bucket = n;
	t->count++;
	return n;
}

uint16_t nexthop_expect(struct nexthops *t, uint32_t id)
{
	const struct nexthop *n = get(t, id);

	return n ? n->adj : 0;
}

bool nexthop_set(struct nexthops *t, uint32_t id, uint16_t target)
{
	struct nexthop *n = get(t, id);

	if (!n)
		return false;
	n->generation = t->generation;
	group_unset(t->groups, n->adj);
	neigh_point(t->neigh, n->adj, target);
	return true;
}

bool nexthop_set_group(struct nexthops *t, uint32_t id,
		       const struct group_member *member, uint32_t n,
		       const struct buckets_want *want)
{
	struct nexthop *nh = get(t, id);

	if (!nh)
		return false;
	nh->generation = t->generation;
	if (group_set(t->groups, nh->adj, member, n, want))
		return true;
	group_unset(t->groups, nh->adj);
	neigh_point(t->neigh, nh->adj, 0);
	return false;
}

/* Groups that had it as a member are told anew by the kernel. */
static bool named_by_routes(const struct nexthops *t, uint16_t adj)
{
	const struct neigh *n = &t->neigh->neigh[adj];

	return n->refs > n->members + 1;
}

static bool drop(struct nexthops *t, struct nexthop **link)
{
	struct nexthop *n = *link;
	bool named = named_by_routes(t, n->adj);

	group_unset(t->groups, n->adj);
	neigh_point(t->neigh, n->adj, 0);
	neigh_put(t->neigh, n->adj);
	*link = n->next;
	free(n);
	t->count--;
	return named;
}

bool nexthop_del(struct nexthops *t, uint32_t id)
{
	struct nexthop **link = &t->bucket[hash(id)];

	while (*link && (*link)->id != id)
		link = &(*link)->next;
	return *link && drop(t, link);
}

void nexthops_mark(struct nexthops *t)
{
	t->generation++;
}

void nexthops_sweep(struct nexthops *t)
{
	struct nexthop **link;
	unsigned int i;

	for (i = 0; i < NEXTHOP_BUCKETS; i++) {
		link = &t->bucket[i];
		while (*link) {
			if ((*link)->generation == t->generation)
				link = &(*link)->next;
			else
				drop(t, link);
		}
	}
}
