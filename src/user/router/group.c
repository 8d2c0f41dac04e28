// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <stdlib.h>

#include "group.h"

#define TICK	16384	/* buckets, or groups without, of one groups_tick() */

/* ---- one group --------------------------------------------------------- */

/* Ranges by weight; rounded as the kernel's. */
static void balance(struct group *g)
{
	uint64_t total = 0, sum = 0;
	uint32_t i;

	for (i = 0; i < g->count; i++)
		total += g->member[i].dead ? 0 : g->member[i].weight;
	for (i = 0; i < g->count; i++) {
		struct group_member *m = &g->member[i];

		m->bound = -1;
		if (m->dead)
			continue;
		sum += m->weight;
		m->bound = (int64_t)(((sum << 31) + total / 2) / total) - 1;
	}
}

static uint32_t hash_members(const struct group_member *m, uint32_t n)
{
	uint32_t hash = n, i;

	for (i = 0; i < n; i++)
		hash = (hash ^ m[i].adj ^ m[i].weight << 16 ^ m[i].dead) *
		       0x9e3779b1u + (hash >> 15);
	return hash;
}

static bool same_members(const struct group *g, const struct group_member *m)
{
	uint32_t i;

	for (i = 0; i < g->count; i++)
		if (g->member[i].adj != m[i].adj || g->member[i].dead != m[i].dead ||
		    g->member[i].weight != m[i].weight)
			return false;
	return true;
}

/* A reference to each member; members of members would be a circle. */
static void hold(struct groups *t, struct group *g)
{
	struct neigh_table *neigh = t->neigh;
	uint32_t i;

	for (i = 0; i < g->count; i++) {
		struct group_member *m = &g->member[i];

		if (neigh_group_of(neigh, m->adj))
			m->adj = 0;
		neigh_hold(neigh, m->adj);
		neigh->neigh[m->adj].members++;
		t->dead += m->dead;
	}
}

static void put(struct groups *t, struct group *g)
{
	uint32_t i;

	for (i = 0; i < g->count; i++) {
		t->neigh->neigh[g->member[i].adj].members--;
		neigh_put(t->neigh, g->member[i].adj);
		t->dead -= g->member[i].dead;
	}
	t->resilient -= !!g->buckets;
	buckets_free(g->buckets);
	grace_free(g);
}

/* old: the group that g comes after, or NULL. */
static bool make_resilient(struct groups *t, struct group *g,
			   const struct buckets_want *want, const struct group *old)
{
	struct buckets *b = buckets_new(want, g->count);
	uint32_t i;

	if (!b)
		return false;
	for (i = 0; i < g->count; i++) {
		b->member[i].weight = g->member[i].weight;
		b->member[i].adj = g->member[i].adj;
	}
	buckets_fill(b, old ? old->buckets : NULL, t->now);
	g->buckets = b;
	t->resilient++;
	return true;
}

static struct group *make(struct groups *t, uint16_t id,
			  const struct group_member *member, uint32_t n)
{
	struct group *g = malloc(sizeof(*g) + n * sizeof(*member));

	if (!g)
		return NULL;
	*g = (struct group){
		.count = n, .id = id, .hash = hash_members(member, n),
	};
	memcpy(g->member, member, n * sizeof(*member));
	balance(g);
	hold(t, g);
	return g;
}

/* ---- all --------------------------------------------------------------- */

void groups_exit(struct groups *t)
{
	uint32_t i;

	for (i = 1; i < t->used; i++) {
		if (t->at[i])
			buckets_free(t->at[i]->buckets);
		free(t->at[i]);
	}
	free(t->at);
	free(t->free);
	memset(t, 0, sizeof(*t));
}

static bool grow(struct groups *t)
{
	uint32_t size = t->size ? 2 * t->size : 64;
	struct group **at = malloc(size * sizeof(*at)), **old = t->at;
	uint16_t *numbers = realloc(t->free, size * sizeof(*numbers));

	if (numbers)
		t->free = numbers;
	if (!at || !numbers) {
		free(at);
		return false;
	}
	if (old)
		memcpy(at, old, t->size * sizeof(*at));
	shared_publish(t->at, at);
	t->size = size;
	grace_free(old);
	return true;
}

/* There are no more than adjacencies, so it fits. 0 if there is no memory. */
static uint16_t number_new(struct groups *t)
{
	if (t->free_count)
		return t->free[--t->free_count];
	if (t->used >= t->size && !grow(t))
		return 0;
	return t->used++;
}

static uint16_t *bucket_of(struct groups *t, uint32_t hash)
{
	return &t->bucket[hash % GROUP_BUCKETS];
}

static void unhash(struct groups *t, uint16_t number)
{
	uint16_t *link = bucket_of(t, t->at[number]->hash);

	while (*link != number)
		link = &t->at[*link]->next;
	*link = t->at[number]->next;
}

/* Who has the adjacency as it was finds the group there up to now. */
static void number_free(void *groups, uint32_t number)
{
	struct groups *t = groups;

	t->at[number] = NULL;
	t->free[t->free_count++] = number;
}

/* The adjacency comes first: where a call cannot be put off it is made here. */
static void drop(struct groups *t, uint16_t id)
{
	uint16_t number = t->neigh->neigh[id].group;
	struct group *g = t->at[number];

	if (g->shared)
		unhash(t, number);
	neigh_group(t->neigh, id, 0);
	grace_call(number_free, t, number);
	shared_store(t->count, t->count - 1);
	put(t, g);
}

static void release(void *groups, uint16_t id)
{
	drop(groups, id);
}

void groups_init(struct groups *t, struct neigh_table *neigh)
{
	memset(t, 0, sizeof(*t));
	t->used = t->due = t->now = 1;
	t->neigh = neigh;
	neigh->release = release;
	neigh->arg = t;
}

static bool is_group(const struct groups *t, uint16_t id)
{
	return t->neigh->neigh[id].group;
}

static struct group *make_next(struct groups *t, uint16_t id,
			       const struct group_member *member, uint32_t n,
			       const struct buckets_want *want)
{
	struct group *old = is_group(t, id) ? t->at[t->neigh->neigh[id].group] : NULL;
	struct group *g = make(t, id, member, n);

	if (!g || !want || make_resilient(t, g, want, old))
		return g;
	put(t, g);
	return NULL;
}

bool group_set(struct groups *t, uint16_t id, const struct group_member *member,
	       uint32_t n, const struct buckets_want *want)
{
	struct group *g = make_next(t, id, member, n, want), *old;
	uint16_t number;

	if (!g)
		return false;
	if (is_group(t, id)) {
		number = t->neigh->neigh[id].group;
		old = t->at[number];
		shared_publish(t->at[number], g);
		put(t, old);
		return true;
	}
	number = number_new(t);
	if (!number) {
		put(t, g);
		return false;
	}
	shared_publish(t->at[number], g);
	shared_store(t->count, t->count + 1);
	neigh_group(t->neigh, id, number);
	return true;
}

void group_unset(struct groups *t, uint16_t id)
{
	if (is_group(t, id))
		drop(t, id);
}

static uint16_t find(struct groups *t, const struct group_member *member, uint32_t n)
{
	uint32_t hash = hash_members(member, n);
	uint16_t number = *bucket_of(t, hash);

	for (; number; number = t->at[number]->next) {
		const struct group *g = t->at[number];

		if (g->hash == hash && g->count == n && same_members(g, member))
			return g->id;
	}
	return 0;
}

uint16_t group_get(struct groups *t, const struct group_member *member, uint32_t n)
{
	uint16_t id = find(t, member, n), *bucket;
	struct group *g;

	if (id) {
		neigh_hold(t->neigh, id);
		return id;
	}
	id = neigh_alias(t->neigh);
	if (!id)
		return 0;
	if (!group_set(t, id, member, n, NULL)) {
		neigh_put(t->neigh, id);
		return 0;
	}
	g = t->at[t->neigh->neigh[id].group];
	bucket = bucket_of(t, g->hash);
	g->shared = true;
	g->next = *bucket;
	*bucket = t->neigh->neigh[id].group;
	return id;
}

/*
 * Each second a round over all groups. A packet may come before its group's turn, as
 * it may before the kernel's timer.
 */
void groups_tick(struct groups *t, uint32_t now)
{
	uint32_t budget = TICK;

	if (now > t->now) {
		shared_store(t->now, now);
		if (t->due >= t->used)
			t->due = 1;
	}
	for (; t->resilient && t->due < t->used && budget; t->due++) {
		struct group *g = t->at[t->due];
		uint32_t cost = 1;

		if (g && g->buckets && !g->buckets->balanced) {
			buckets_upkeep(g->buckets, t->now);
			cost = g->buckets->want.count;
		}
		budget -= cost < budget ? cost : budget;
	}
}

/* One that the kernel does not know, or not any more, may answer: it is asked then. */
static bool silent(const struct neigh_table *t, uint16_t adj)
{
	const struct neigh *n = &t->neigh[neigh_behind(t, adj)];
	uint16_t state = shared_load(n->state);

	return state && !neigh_usable(state);
}

uint16_t group_instead(const struct groups *t, uint16_t group, uint32_t hash,
		       uint16_t member, bool asked)
{
	struct group *const *at = grace_read(t->at);
	const struct group *g = grace_read(at[group]);
	const struct group_member *first = NULL;
	uint32_t i;

	if (g->buckets || (g->shared && !asked) || !silent(t->neigh, member))
		return member;
	for (i = 0; i < g->count; i++) {
		if (silent(t->neigh, g->member[i].adj))
			continue;
		if ((int32_t)hash <= g->member[i].bound)
			return g->member[i].adj;
		first = first ? first : &g->member[i];
	}
	/*
	 * The first, then. For nexthop objects newer kernels alone do so, and whether it
	 * may be one without carrier differs, too.
	 */
	return g->shared && first && !first->dead ? first->adj : member;
}

bool group_uses_port(const struct groups *t, uint16_t group, unsigned int port)
{
	struct group *const *at = grace_read(t->at);
	const struct group *g = grace_read(at[group]);
	uint32_t i;

	for (i = 0; i < g->count; i++) {
		uint16_t other = shared_load(t->neigh->adj[g->member[i].adj].port);

		if (port == NEIGH_NO_PORT ? other != port : other == port)
			return true;
	}
	return false;
}
