// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* Aliases of adjacencies, groups, and nexthop objects, which are one or the other. */
#include <linux/neighbour.h>

#include "unit.h"

#include "nexthop.h"

struct bed {
	struct ports ports;
	struct neigh_table neigh;
	struct groups groups;
	struct nexthops nexthops;
	uint16_t host[4];	/* neighbours, known, on port 1; with a reference */
};

static int setup(void **state)
{
	struct bed *b = calloc(1, sizeof(*b));
	struct port p = { .ifindex = 11, .up = true, .mtu = 1500 };
	uint8_t mac[6] = { 2 };
	unsigned int i;

	port_set(&b->ports, 1, &p);
	assert_true(neigh_init(&b->neigh, &b->ports));
	groups_init(&b->groups, &b->neigh);
	nexthops_init(&b->nexthops, &b->groups);
	for (i = 0; i < 4; i++) {
		mac[5] = i;
		b->host[i] = neigh_get(&b->neigh, 1, 0x0a010001 + i);
		neigh_set(&b->neigh, b->host[i], NUD_REACHABLE, mac);
	}
	*state = b;
	return 0;
}

/* What the test has put, and the objects that are left: no reference leaks. */
static int teardown(void **state)
{
	struct bed *b = *state;
	unsigned int i;

	nexthops_mark(&b->nexthops);
	nexthops_sweep(&b->nexthops);
	assert_int_equal(b->nexthops.count, 0);
	for (i = 0; i < 4; i++)
		neigh_put(&b->neigh, b->host[i]);
	neigh_reap(&b->neigh);
	for (i = 1; i < b->neigh.used; i++) {
		assert_int_equal(b->neigh.neigh[i].refs, 0);
		assert_int_equal(b->neigh.neigh[i].members, 0);
		assert_int_equal(b->neigh.neigh[i].aliases, 0);
	}
	assert_int_equal(b->groups.count, 0);
	assert_int_equal(b->groups.dead, 0);
	assert_int_equal(b->groups.resilient, 0);
	nexthops_exit(&b->nexthops);
	groups_exit(&b->groups);
	neigh_exit(&b->neigh);
	free(b);
	return 0;
}

static const struct adj *adj(const struct bed *b, uint16_t id)
{
	return &b->neigh.adj[id];
}

/* Packets that take id go to that neighbour. */
static void leads_to(const struct bed *b, uint16_t id, unsigned int host)
{
	assert_memory_equal(adj(b, id)->mac, adj(b, b->host[host])->mac, 12);
	assert_int_equal(adj(b, id)->port, 1);
	assert_int_equal(adj(b, id)->limit, 1514);
}

static void leads_nowhere(const struct bed *b, uint16_t id)
{
	assert_int_equal(adj(b, id)->limit, 0);
	assert_int_equal(adj(b, id)->group, 0);
	assert_int_equal(adj(b, id)->port, NEIGH_NO_PORT);
	assert_int_equal(neigh_behind(&b->neigh, id), 0);
}

/* ---- aliases ----------------------------------------------------------- */

static void test_alias(void **state)
{
	struct bed *b = *state;
	uint16_t id = neigh_alias(&b->neigh);

	leads_nowhere(b, id);
	neigh_point(&b->neigh, id, b->host[0]);
	leads_to(b, id, 0);
	neigh_set(&b->neigh, b->host[0], NUD_FAILED, NULL);
	assert_int_equal(adj(b, id)->limit, 0);
	neigh_set(&b->neigh, b->host[0], NUD_REACHABLE, NULL);
	b->ports.port[1].up = false;
	neigh_port(&b->neigh, 1);
	assert_int_equal(adj(b, id)->limit, 0);
	b->ports.port[1].up = true;
	neigh_port(&b->neigh, 1);
	leads_to(b, id, 0);
	neigh_point(&b->neigh, id, b->host[1]);
	leads_to(b, id, 1);
	neigh_set(&b->neigh, b->host[0], NUD_FAILED, NULL);
	leads_to(b, id, 1);
	assert_int_equal(neigh_behind(&b->neigh, id), b->host[1]);
	neigh_point(&b->neigh, id, 0);
	leads_nowhere(b, id);
	neigh_put(&b->neigh, id);
}

/* The neighbour is used by nobody but the alias. */
static void test_alias_alone(void **state)
{
	struct bed *b = *state;
	uint16_t id = neigh_alias(&b->neigh);
	uint16_t other = neigh_get(&b->neigh, 1, 0x0a010099);

	neigh_point(&b->neigh, id, other);
	neigh_put(&b->neigh, other);
	neigh_reap(&b->neigh);
	assert_int_equal(neigh_find(&b->neigh, 1, 0x0a010099), other);
	neigh_point(&b->neigh, id, other);
	neigh_reap(&b->neigh);
	assert_int_equal(neigh_find(&b->neigh, 1, 0x0a010099), other);
	neigh_put(&b->neigh, id);
	neigh_reap(&b->neigh);
	assert_int_equal(neigh_find(&b->neigh, 1, 0x0a010099), 0);
}

/* A used stale neighbour is kept alive through its aliases, too. */
static void test_alias_probe(void **state)
{
	struct bed *b = *state;
	uint16_t id = neigh_alias(&b->neigh);

	neigh_point(&b->neigh, id, b->host[0]);
	neigh_tick(&b->neigh, 100);
	neigh_set(&b->neigh, b->host[0], NUD_STALE, NULL);
	assert_int_equal(adj(b, id)->limit, ADJ_DUE);
	neigh_reopen(&b->neigh, id);
	assert_int_equal(adj(b, id)->limit, ADJ_DUE);
	assert_true(neigh_probe(&b->neigh, neigh_behind(&b->neigh, id)));
	assert_false(neigh_probe(&b->neigh, neigh_behind(&b->neigh, id)));
	neigh_reopen(&b->neigh, id);
	leads_to(b, id, 0);
	neigh_put(&b->neigh, id);
}

static void test_clamp(void **state)
{
	struct bed *b = *state;
	uint16_t id, large, again;

	assert_int_equal(neigh_clamp(&b->neigh, 0, 1400), 0);
	assert_int_equal(neigh_clamp(&b->neigh, b->host[0], 0), b->host[0]);
	neigh_put(&b->neigh, b->host[0]);
	id = neigh_clamp(&b->neigh, b->host[0], 1400);
	assert_int_equal(adj(b, id)->limit, 1414);
	large = neigh_clamp(&b->neigh, b->host[0], 9000);
	assert_int_equal(adj(b, large)->limit, 1514);
	again = neigh_clamp(&b->neigh, b->host[0], 1400);
	assert_int_equal(again, id);
	neigh_put(&b->neigh, id);
	neigh_reap(&b->neigh);
	assert_int_equal(adj(b, id)->limit, 1414);
	b->ports.port[1].mtu = 1300;
	neigh_port(&b->neigh, 1);
	assert_int_equal(adj(b, id)->limit, 1314);
	assert_int_equal(adj(b, large)->limit, 1314);
	neigh_put(&b->neigh, again);
	neigh_put(&b->neigh, large);
}

/* ---- groups ------------------------------------------------------------ */

#define TOP	0x7fffffffu	/* the highest hash */

static uint16_t choose(const struct bed *b, uint16_t id, uint32_t hash)
{
	assert_int_not_equal(adj(b, id)->group, 0);
	return group_choose(&b->groups, adj(b, id)->group, hash);
}

/* Parts of 4096 of all hashes that go to a member. */
static unsigned int part(const struct bed *b, uint16_t id, uint16_t member)
{
	unsigned int i, n = 0;

	for (i = 0; i < 4096; i++)
		n += choose(b, id, i << 19) == member;
	return n;
}

static void test_weights(void **state)
{
	struct bed *b = *state;
	struct group_member m[3] = {
		{ .adj = b->host[0], .weight = 1 }, { .adj = b->host[1], .weight = 2 },
		{ .adj = b->host[2], .weight = 1 },
	};
	uint16_t id = group_get(&b->groups, m, 3);

	assert_int_equal(part(b, id, b->host[0]), 1024);
	assert_int_equal(part(b, id, b->host[1]), 2048);
	assert_int_equal(part(b, id, b->host[2]), 1024);
	/* In order, and each hash to one. */
	assert_int_equal(choose(b, id, 0), b->host[0]);
	assert_int_equal(choose(b, id, (1u << 29) - 1), b->host[0]);
	assert_int_equal(choose(b, id, 1u << 29), b->host[1]);
	assert_int_equal(choose(b, id, 3 * (1u << 29) - 1), b->host[1]);
	assert_int_equal(choose(b, id, 3 * (1u << 29)), b->host[2]);
	assert_int_equal(choose(b, id, TOP), b->host[2]);
	neigh_put(&b->neigh, id);
}

/* Weights of any size leave no hash without a way. */
static void test_rounding(void **state)
{
	struct bed *b = *state;
	struct group_member m[256];
	uint64_t seed = 3;
	unsigned int round, i, n;
	uint16_t id;

	for (round = 0; round < 200; round++) {
		n = 1 + below(&seed, 256);
		for (i = 0; i < n; i++)
			m[i] = (struct group_member){
				.adj = b->host[i % 3],
				.weight = 1 + below(&seed, round % 2 ? 65536 : 4),
			};
		m[n - 1].adj = b->host[3];
		id = group_get(&b->groups, m, n);
		assert_int_equal(choose(b, id, TOP), b->host[3]);
		for (i = 0; i < 20; i++)
			assert_int_not_equal(choose(b, id, random32(&seed) >> 1), 0);
		neigh_put(&b->neigh, id);
		neigh_reap(&b->neigh);
	}
}

static void test_dead(void **state)
{
	struct bed *b = *state;
	struct group_member m[3] = {
		{ .adj = 0, .weight = 3, .dead = true }, { .adj = b->host[1], .weight = 1 },
		{ .adj = 0, .weight = 5, .dead = true },
	};
	uint16_t id = group_get(&b->groups, m, 3), all;

	assert_int_equal(b->groups.dead, 2);
	assert_int_equal(part(b, id, b->host[1]), 4096);
	assert_int_equal(choose(b, id, TOP), b->host[1]);
	m[1].dead = true;
	all = group_get(&b->groups, m, 3);
	assert_int_not_equal(all, id);
	assert_int_equal(choose(b, all, 0), 0);
	assert_int_equal(choose(b, all, TOP), 0);
	neigh_put(&b->neigh, id);
	neigh_put(&b->neigh, all);
	neigh_reap(&b->neigh);
	assert_int_equal(b->groups.dead, 0);
}

/* The same members are the same group, and only they. */
static void test_shared(void **state)
{
	struct bed *b = *state;
	struct group_member m[2] = {
		{ .adj = b->host[0], .weight = 1 }, { .adj = b->host[1], .weight = 1 },
	}, turned[2] = { m[1], m[0] };
	uint16_t id = group_get(&b->groups, m, 2), other;

	m[0].bound = 77;
	assert_int_equal(group_get(&b->groups, m, 2), id);
	assert_int_equal(b->groups.count, 1);
	other = group_get(&b->groups, turned, 2);
	assert_int_not_equal(other, id);
	neigh_put(&b->neigh, other);
	m[0].weight = 2;
	other = group_get(&b->groups, m, 2);
	assert_int_not_equal(other, id);
	neigh_put(&b->neigh, other);
	other = group_get(&b->groups, m, 1);
	assert_int_not_equal(other, id);
	neigh_put(&b->neigh, other);
	neigh_put(&b->neigh, id);
	neigh_put(&b->neigh, id);
	/* Unused, not reaped yet: it is found, and lives on. */
	m[0].weight = 1;
	assert_int_equal(group_get(&b->groups, m, 2), id);
	neigh_reap(&b->neigh);
	assert_int_equal(b->groups.count, 1);
	assert_int_equal(choose(b, id, 0), b->host[0]);
	neigh_put(&b->neigh, id);
	neigh_reap(&b->neigh);
	assert_int_equal(b->groups.count, 0);
	/* More than the tables begin with. */
	for (other = 0; other < 500; other++) {
		m[0].weight = 1 + other;
		assert_int_not_equal(group_get(&b->groups, m, 2), 0);
	}
	assert_int_equal(b->groups.count, 500);
	for (other = 0; other < 500; other++) {
		m[0].weight = 1 + other;
		id = group_get(&b->groups, m, 2);
		neigh_put(&b->neigh, id);
		neigh_put(&b->neigh, id);
	}
}

static void test_group_port(void **state)
{
	struct bed *b = *state;
	uint16_t other = neigh_get(&b->neigh, 2, 0x0a020001), id;
	struct group_member m[2] = {
		{ .adj = b->host[0], .weight = 1 }, { .adj = other, .weight = 1 },
	};

	id = group_get(&b->groups, m, 2);
	assert_true(group_uses_port(&b->groups, adj(b, id)->group, 1));
	assert_true(group_uses_port(&b->groups, adj(b, id)->group, 2));
	assert_false(group_uses_port(&b->groups, adj(b, id)->group, 3));
	neigh_put(&b->neigh, id);
	neigh_put(&b->neigh, other);
}

/* ---- nexthop objects --------------------------------------------------- */

static void test_object(void **state)
{
	struct bed *b = *state;
	uint16_t id, next;

	assert_int_equal(nexthop_find(&b->nexthops, 7), 0);
	assert_false(nexthop_del(&b->nexthops, 7));
	assert_true(nexthop_set(&b->nexthops, 7, b->host[0]));
	id = nexthop_find(&b->nexthops, 7);
	leads_to(b, id, 0);
	assert_true(nexthop_set(&b->nexthops, 7, b->host[1]));
	assert_int_equal(nexthop_find(&b->nexthops, 7), id);
	leads_to(b, id, 1);
	assert_true(nexthop_set(&b->nexthops, 7, 0));
	leads_nowhere(b, id);
	assert_true(nexthop_set(&b->nexthops, 7, b->host[1]));
	assert_true(nexthop_set(&b->nexthops, 7 + NEXTHOP_BUCKETS, b->host[2]));
	/* A route names it: what it is told of is not the new object. */
	neigh_hold(&b->neigh, id);
	assert_true(nexthop_del(&b->nexthops, 7));
	assert_int_equal(nexthop_find(&b->nexthops, 7), 0);
	leads_nowhere(b, id);
	assert_true(nexthop_set(&b->nexthops, 7, b->host[2]));
	next = nexthop_find(&b->nexthops, 7);
	assert_int_not_equal(next, id);
	leads_nowhere(b, id);
	leads_to(b, next, 2);
	neigh_put(&b->neigh, id);
	/* None does: nothing was lost. */
	assert_false(nexthop_del(&b->nexthops, 7));
	leads_to(b, nexthop_find(&b->nexthops, 7 + NEXTHOP_BUCKETS), 2);
}

/* Objects 1 and 2, and 3, a group of both. */
static uint16_t group_of_two(struct bed *b)
{
	struct group_member m[2] = { { .weight = 1 }, { .weight = 1 } };

	assert_true(nexthop_set(&b->nexthops, 1, b->host[0]));
	assert_true(nexthop_set(&b->nexthops, 2, b->host[1]));
	m[0].adj = nexthop_find(&b->nexthops, 1);
	m[1].adj = nexthop_find(&b->nexthops, 2);
	assert_true(nexthop_set_group(&b->nexthops, 3, m, 2, NULL));
	return nexthop_find(&b->nexthops, 3);
}

static void test_object_group(void **state)
{
	struct bed *b = *state;
	struct group_member m = { .weight = 1 };
	uint16_t id = group_of_two(b), clamp;

	leads_to(b, choose(b, id, 0), 0);
	leads_to(b, choose(b, id, TOP), 1);
	/* A member changes, and the group follows. */
	assert_true(nexthop_set(&b->nexthops, 2, b->host[3]));
	leads_to(b, choose(b, id, TOP), 3);
	/* A member goes: its packets are the kernel's until the group is told. */
	clamp = neigh_clamp(&b->neigh, id, 1400);
	assert_false(nexthop_del(&b->nexthops, 2));
	leads_to(b, choose(b, id, 0), 0);
	leads_nowhere(b, choose(b, id, TOP));
	m.adj = nexthop_find(&b->nexthops, 1);
	assert_true(nexthop_set_group(&b->nexthops, 3, &m, 1, NULL));
	assert_int_equal(nexthop_find(&b->nexthops, 3), id);
	leads_to(b, choose(b, id, 0), 0);
	leads_to(b, choose(b, id, TOP), 0);
	/* What routes have of it follows. */
	assert_int_equal(choose(b, clamp, TOP), choose(b, id, TOP));
	assert_true(nexthop_del(&b->nexthops, 3));
	leads_nowhere(b, id);
	leads_nowhere(b, clamp);
	neigh_put(&b->neigh, clamp);
}

/* Not what a kernel does, but no harm: one turns into the other. */
static void test_object_turns(void **state)
{
	struct bed *b = *state;
	uint16_t id = group_of_two(b);
	struct group_member self = { .weight = 1, .adj = id };

	assert_true(nexthop_set(&b->nexthops, 3, b->host[2]));
	assert_int_equal(b->groups.count, 0);
	leads_to(b, id, 2);
	assert_int_equal(group_of_two(b), id);
	leads_to(b, choose(b, id, 0), 0);
	/* A group in a group, or in itself, is nothing. */
	assert_true(nexthop_set_group(&b->nexthops, 4, &self, 1, NULL));
	assert_int_equal(choose(b, nexthop_find(&b->nexthops, 4), 0), 0);
	assert_true(nexthop_set_group(&b->nexthops, 3, &self, 1, NULL));
	assert_int_equal(choose(b, id, 0), 0);
}

/* A group is told before its members. */
static void test_expected(void **state)
{
	struct bed *b = *state;
	struct group_member m = { .weight = 1 };
	uint16_t id;

	m.adj = nexthop_expect(&b->nexthops, 9);
	assert_true(nexthop_set_group(&b->nexthops, 5, &m, 1, NULL));
	id = nexthop_find(&b->nexthops, 5);
	leads_nowhere(b, choose(b, id, 0));
	assert_true(nexthop_set(&b->nexthops, 9, b->host[0]));
	leads_to(b, choose(b, id, 0), 0);
	/* What was expected and never told goes with what is not told again. */
	nexthop_expect(&b->nexthops, 10);
	assert_int_equal(b->nexthops.count, 3);
	nexthops_sweep(&b->nexthops);
	assert_int_equal(b->nexthops.count, 2);
	nexthops_mark(&b->nexthops);
	assert_true(nexthop_set(&b->nexthops, 9, b->host[1]));
	nexthops_sweep(&b->nexthops);
	assert_int_equal(b->nexthops.count, 1);
	assert_int_equal(nexthop_find(&b->nexthops, 5), 0);
	leads_to(b, nexthop_find(&b->nexthops, 9), 1);
}

/* ---- resilient groups -------------------------------------------------- */

#define BUCKETS	40

static const struct buckets_want want40 = { .count = BUCKETS, .idle = 10 };

/* Group 5, of objects 1 to 4 with these weights; 0: not in it. */
static void resilient(struct bed *b, const struct buckets_want *want, const uint32_t *weight)
{
	struct group_member m[4];
	unsigned int i, n = 0;

	for (i = 0; i < 4; i++) {
		if (!weight[i])
			continue;
		assert_true(nexthop_set(&b->nexthops, 1 + i, b->host[i]));
		m[n++] = (struct group_member){
			.weight = weight[i], .adj = nexthop_find(&b->nexthops, 1 + i),
		};
	}
	assert_true(nexthop_set_group(&b->nexthops, 5, m, n, want));
}

static struct buckets *buckets_of(const struct bed *b)
{
	return b->groups.at[adj(b, nexthop_find(&b->nexthops, 5))->group]->buckets;
}

/* The object that has a bucket; a look is no packet. */
static unsigned int owner(const struct bed *b, unsigned int bucket)
{
	unsigned int i;

	for (i = 1; i < 5; i++)
		if (buckets_of(b)->at[bucket].adj == nexthop_find(&b->nexthops, i))
			return i;
	return 0;
}

static unsigned int owns(const struct bed *b, unsigned int object)
{
	unsigned int i, n = 0;

	for (i = 0; i < BUCKETS; i++)
		n += owner(b, i) == object;
	return n;
}

/* A packet in each bucket from one on. */
static void use(struct bed *b, unsigned int from)
{
	for (; from < BUCKETS; from++)
		choose(b, nexthop_find(&b->nexthops, 5), 1000 * BUCKETS + from);
}

static void owners(const struct bed *b, unsigned int *now)
{
	unsigned int i;

	for (i = 0; i < BUCKETS; i++)
		now[i] = owner(b, i);
}

static unsigned int moved(const struct bed *b, const unsigned int *before)
{
	unsigned int i, n = 0;

	for (i = 0; i < BUCKETS; i++)
		n += owner(b, i) != before[i];
	return n;
}

static void test_resilient(void **state)
{
	struct bed *b = *state;
	uint16_t id;
	uint32_t i;

	resilient(b, &want40, (uint32_t []){ 1, 2, 1, 0 });
	assert_int_equal(owns(b, 1), 10);
	assert_int_equal(owns(b, 2), 20);
	assert_int_equal(owns(b, 3), 10);
	assert_true(buckets_of(b)->balanced);
	id = nexthop_find(&b->nexthops, 5);
	for (i = 0; i < BUCKETS; i++) {
		uint16_t first = choose(b, id, i);

		assert_int_equal(first, nexthop_find(&b->nexthops, owner(b, i)));
		assert_int_equal(choose(b, id, 17 * BUCKETS + i), first);
	}
	/* What becomes of a member is no matter of buckets. */
	nexthop_set(&b->nexthops, 2, b->host[3]);
	assert_int_equal(owns(b, 2), 20);
	leads_to(b, nexthop_find(&b->nexthops, 2), 3);
	/* From one kind to the other and back. */
	assert_true(nexthop_set_group(&b->nexthops, 5, &(struct group_member){
					.weight = 1, .adj = nexthop_find(&b->nexthops, 1),
				      }, 1, NULL));
	assert_int_equal(part(b, id, nexthop_find(&b->nexthops, 1)), 4096);
	assert_int_equal(b->groups.resilient, 0);
	resilient(b, &want40, (uint32_t []){ 0, 1, 0, 0 });
	assert_int_equal(part(b, id, nexthop_find(&b->nexthops, 2)), 4096);
}

/* Buckets of those that stay stay, busy or not; those of who went are shared out. */
static void test_resilient_goes(void **state)
{
	struct bed *b = *state;
	unsigned int before[BUCKETS], i;

	resilient(b, &want40, (uint32_t []){ 1, 1, 1, 1 });
	owners(b, before);
	use(b, 20);
	nexthop_del(&b->nexthops, 3);
	resilient(b, &want40, (uint32_t []){ 1, 1, 0, 1 });
	for (i = 0; i < BUCKETS; i++)
		if (before[i] != 3)
			assert_int_equal(owner(b, i), before[i]);
	assert_int_equal(owns(b, 1) + owns(b, 2) + owns(b, 4), BUCKETS);
	assert_in_range(owns(b, 1), 13, 14);
	assert_in_range(owns(b, 2), 13, 14);
	/* Told again, as in a dump: nothing moves. */
	owners(b, before);
	resilient(b, &want40, (uint32_t []){ 1, 1, 0, 1 });
	assert_int_equal(moved(b, before), 0);
	/* An object of the same id is another one. */
	nexthop_del(&b->nexthops, 1);
	resilient(b, &want40, (uint32_t []){ 0, 1, 0, 1 });
	assert_int_equal(owns(b, 2), 20);
	/* Other buckets than before: from the start. */
	resilient(b, &(struct buckets_want){ .count = 7 }, (uint32_t []){ 0, 1, 0, 1 });
	assert_int_equal(buckets_of(b)->want.count, 7);
	assert_in_range(part(b, nexthop_find(&b->nexthops, 5), nexthop_find(&b->nexthops, 2)),
			4096 * 3 / 7 - 60, 4096 * 4 / 7 + 60);
}

/* A member that comes gets idle buckets at once, others when they are idle. */
static void test_resilient_comes(void **state)
{
	struct bed *b = *state;
	unsigned int before[BUCKETS];

	groups_tick(&b->groups, 100);
	resilient(b, &want40, (uint32_t []){ 1, 1, 0, 0 });
	owners(b, before);
	/* 38 of 40 have packets, so that 2 are idle. */
	use(b, 2);
	resilient(b, &want40, (uint32_t []){ 1, 1, 0, 2 });
	assert_int_equal(owns(b, 4), 2);
	assert_int_equal(moved(b, before), 2);
	groups_tick(&b->groups, 105);
	use(b, 10);
	assert_int_equal(owns(b, 4), 2);
	groups_tick(&b->groups, 110);
	assert_int_equal(owns(b, 4), 2);
	/* 8 have had none since, for more than 10 s. */
	groups_tick(&b->groups, 111);
	assert_int_equal(owns(b, 4), 10);
	groups_tick(&b->groups, 112);
	use(b, 0);
	groups_tick(&b->groups, 122);
	assert_int_equal(owns(b, 4), 10);
	assert_false(buckets_of(b)->balanced);
	groups_tick(&b->groups, 123);
	assert_int_equal(owns(b, 4), 20);
	assert_int_equal(owns(b, 1), 10);
	assert_true(buckets_of(b)->balanced);
	owners(b, before);
	groups_tick(&b->groups, 1000);
	assert_int_equal(moved(b, before), 0);
}

/* Always busy: not before the time is over, counted from the first change. */
static void test_resilient_unbalanced(void **state)
{
	const struct buckets_want w = { .count = BUCKETS, .idle = 10, .unbalanced = 60 };
	struct bed *b = *state;
	unsigned int i;

	groups_tick(&b->groups, 1000);
	resilient(b, &w, (uint32_t []){ 1, 1, 0, 0 });
	use(b, 0);
	resilient(b, &w, (uint32_t []){ 1, 1, 1, 0 });
	for (i = 1001; i <= 1060; i++) {
		groups_tick(&b->groups, i);
		use(b, 0);
		if (i == 1030)
			resilient(b, &w, (uint32_t []){ 1, 1, 1, 1 });
	}
	assert_int_equal(owns(b, 3) + owns(b, 4), 0);
	groups_tick(&b->groups, 1061);
	for (i = 1; i < 5; i++)
		assert_int_equal(owns(b, i), 10);
}

/* No member has more or fewer buckets than it should, when none is busy. */
static void test_resilient_rounding(void **state)
{
	struct bed *b = *state;
	uint64_t seed = 5;
	unsigned int round, i;

	for (round = 0; round < 2000; round++) {
		struct buckets_want w = { .count = 1 + below(&seed, round % 20 ? 100 : 65535) };
		uint32_t weight[4], sum = 0;
		const struct buckets *t;

		for (i = 0; i < 4; i++)
			weight[i] = below(&seed, 3) * (1 + below(&seed, 65536));
		weight[below(&seed, 4)] = 1;
		if (below(&seed, 2) && nexthop_find(&b->nexthops, 5))
			w.count = buckets_of(b)->want.count;
		resilient(b, &w, weight);
		t = buckets_of(b);
		assert_true(t->balanced);
		for (i = 0; i < t->members; i++) {
			assert_int_equal(t->member[i].has, t->member[i].wants);
			sum += t->member[i].has;
		}
		assert_int_equal(sum, w.count);
	}
}

/* A round over many takes several steps, and each group has its turn. */
static void test_resilient_many(void **state)
{
	const struct buckets_want w = { .count = 1000, .idle = 10 };
	struct bed *b = *state;
	struct group_member m[2] = { { .weight = 1 }, { .weight = 1 } };
	unsigned int id, i, balanced = 0;

	for (i = 0; i < 2; i++) {
		nexthop_set(&b->nexthops, 1 + i, b->host[i]);
		m[i].adj = nexthop_find(&b->nexthops, 1 + i);
	}
	for (id = 100; id < 200; id++) {
		assert_true(nexthop_set_group(&b->nexthops, id, m, 1, &w));
		for (i = 0; i < 1000; i++)
			choose(b, nexthop_find(&b->nexthops, id), i);
		assert_true(nexthop_set_group(&b->nexthops, id, m, 2, &w));
	}
	for (i = 0; balanced < 100; i++) {
		assert_true(i < 10);
		groups_tick(&b->groups, 50);
		for (balanced = 0, id = 1; id < b->groups.used; id++)
			balanced += b->groups.at[id]->buckets->balanced;
		assert_int_equal(balanced, i < 5 ? 17 * (i + 1) : 100);
	}
}

/* Objects, groups and routes come, change and go in any order; see teardown(). */
static void random_step(struct bed *b, uint64_t *seed, uint16_t *route)
{
	uint32_t id = 1 + below(seed, 12), at = below(seed, 50), i, n;
	const struct buckets_want w = { .count = 30 + below(seed, 2), .idle = below(seed, 3) };
	struct group_member m[4];

	switch (below(seed, 6)) {
	case 0:
		nexthop_set(&b->nexthops, id, b->host[below(seed, 4)]);
		break;
	case 1:
		n = 1 + below(seed, 4);
		for (i = 0; i < n; i++)
			m[i] = (struct group_member){
				.weight = 1 + below(seed, 3), .dead = !below(seed, 8),
				.adj = nexthop_expect(&b->nexthops, 1 + below(seed, 12)),
			};
		if (below(seed, 2)) {
			nexthop_set_group(&b->nexthops, id, m, n, id % 2 ? &w : NULL);
			break;
		}
		neigh_put(&b->neigh, route[at]);
		route[at] = group_get(&b->groups, m, n);
		break;
	case 2:
		nexthop_del(&b->nexthops, id);
		break;
	case 3:
		neigh_put(&b->neigh, route[at]);
		route[at] = neigh_clamp(&b->neigh, nexthop_find(&b->nexthops, id),
					below(seed, 2) * 1400);
		break;
	case 4:
		neigh_put(&b->neigh, route[at]);
		route[at] = 0;
		break;
	default:
		neigh_reap(&b->neigh);
		groups_tick(&b->groups, b->groups.now + below(seed, 2));
		id = adj(b, nexthop_find(&b->nexthops, id))->group;
		if (id)
			group_choose(&b->groups, id, random32(seed) >> 1);
	}
}

static void test_any_order(void **state)
{
	struct bed *b = *state;
	uint16_t route[50] = { 0 };
	uint64_t seed = 17;
	unsigned int i;

	for (i = 0; i < 200000; i++)
		random_step(b, &seed, route);
	for (i = 0; i < 50; i++)
		neigh_put(&b->neigh, route[i]);
	assert_true(b->neigh.used < 200);
}

/* When there are no more numbers, it is the kernel's packets. */
static void test_full(void **state)
{
	struct bed *b = *state;
	struct group_member m = { .adj = b->host[0], .weight = 1 };
	uint32_t i, n;

	for (n = 0; nexthop_set(&b->nexthops, 1 + n, b->host[n % 4]); n++)
		;
	assert_true(n > 65000);
	assert_int_equal(nexthop_find(&b->nexthops, 1 + n), 0);
	assert_int_equal(group_get(&b->groups, &m, 1), 0);
	assert_int_equal(neigh_clamp(&b->neigh, b->host[0], 1400), 0);
	assert_true(nexthop_set_group(&b->nexthops, 1, &m, 1, NULL));
	for (i = 0; i < n; i++)
		assert_false(nexthop_del(&b->nexthops, 1 + i));
	neigh_reap(&b->neigh);
	assert_true(nexthop_set(&b->nexthops, 1 + n, b->host[0]));
}

/* An adjacency that leads to no group when there is no memory; NULL: there is. */
static const struct adj *watched;

void *__wrap_realloc(void *p, size_t size);
void *__real_realloc(void *p, size_t size);

void *__wrap_realloc(void *p, size_t size)
{
	if (!watched)
		return __real_realloc(p, size);
	assert_int_equal(watched->group, 0);
	return NULL;
}

/* What cannot be put off is done at once, when workers can no longer come to the group. */
static void test_group_no_memory(void **state)
{
	struct bed *b = *state;
	struct group_member m = { .adj = b->host[0], .weight = 1 };
	uint16_t id = neigh_alias(&b->neigh);

	assert_true(group_set(&b->groups, id, &m, 1, NULL));
	assert_int_not_equal(adj(b, id)->group, 0);
	grace_shared = true;
	watched = adj(b, id);
	group_unset(&b->groups, id);
	watched = NULL;
	grace_shared = false;
	assert_int_equal(b->groups.count, 0);
	neigh_put(&b->neigh, id);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_alias), T(test_alias_alone), T(test_alias_probe),
		T(test_clamp), T(test_weights), T(test_rounding), T(test_dead),
		T(test_shared), T(test_group_port), T(test_object),
		T(test_object_group), T(test_object_turns), T(test_expected),
		T(test_any_order), T(test_full), T(test_group_no_memory), T(test_resilient),
		T(test_resilient_goes), T(test_resilient_comes),
		T(test_resilient_unbalanced), T(test_resilient_rounding),
		T(test_resilient_many),
	};

	return cmocka_run_group_tests_name("nexthop", tests, NULL, NULL);
}
