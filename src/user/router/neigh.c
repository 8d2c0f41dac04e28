// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <linux/neighbour.h>
#include <stdlib.h>

#include "neigh.h"

#define ETH_HEADER	14	/* bytes */

bool neigh_init(struct neigh_table *t, const struct ports *ports)
{
	memset(t, 0, sizeof(*t));
	t->ports = ports;
	t->used = 1;
	t->adj = aligned_alloc(64, (NEIGH_MAX + 1) * sizeof(*t->adj));
	t->neigh = calloc(NEIGH_MAX + 1, sizeof(*t->neigh));
	t->limbo = malloc((NEIGH_MAX + 1) * sizeof(*t->limbo));
	if (!t->adj || !t->neigh || !t->limbo) {
		neigh_exit(t);
		return false;
	}
	t->adj[0] = (struct adj){ .port = NEIGH_NO_PORT };
	return true;
}

void neigh_exit(struct neigh_table *t)
{
	free(t->adj);
	free(t->neigh);
	free(t->limbo);
	memset(t, 0, sizeof(*t));
}

/* What makes a neighbour: a port and an address of one of the two families. */
struct key {
	struct ipv6_addr addr6;
	uint32_t addr;
	uint16_t port;
	bool six;
};

static struct key key4(unsigned int port, uint32_t addr)
{
	return (struct key){ .addr = addr, .port = port };
}

static struct key key6(unsigned int port, struct ipv6_addr addr)
{
	return (struct key){ .addr6 = addr, .port = port, .six = true };
}

static uint32_t hash(const struct key *k)
{
	uint64_t six = (k->addr6.hi ^ k->addr6.lo * 0x9e3779b97f4a7c15ull) *
		       0xff51afd7ed558ccdull;

	return ((k->addr ^ (uint32_t)(six >> 32) ^ (uint32_t)k->port << 22) *
		0x9e3779b1u) >> 18;
}

bool neigh_usable(unsigned int state)
{
	return state & (NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE |
			NUD_PERMANENT | NUD_NOARP);
}

/* ---- what the datapath reads ------------------------------------------- */

/* Of an IPv4 route by an IPv6 gateway, too: what may be too long is the kernel's. */
static uint32_t mtu_to(const struct neigh *n, const struct port *p)
{
	return n->six && p->mtu6 && p->mtu6 < p->mtu ? p->mtu6 : p->mtu;
}

/*
 * A port that a bridge, or a VRF, has taken is nobody's way on but the kernel's: routes
 * that the kernel dropped when it went there, without a message, may still be here.
 */
static bool leads_on(const struct port *p)
{
	return p->ifindex && p->up && !p->enslaved && p->port != PORT_NONE;
}

/* Out of the neighbour, its port and its timer. */
static struct adj make_neighbour(const struct neigh_table *t, const struct neigh *n)
{
	const struct port *p = &t->ports->port[n->port];
	struct adj a = { .port = n->port, .vlan = p->vlan, .out = p->port };

	memcpy(a.mac, n->mac, 6);
	memcpy(a.mac + 6, p->address, 6);
	if (leads_on(p) && !n->glean && neigh_usable(n->state))
		a.full = mtu_to(n, p) + ETH_HEADER;
	return a;
}

/* The limit is still to be set. behind: the neighbour, or 0. */
static struct adj make_unlimited(const struct neigh_table *t, uint16_t id, uint16_t *behind)
{
	const struct neigh *n = &t->neigh[id];
	struct adj a = { .port = NEIGH_NO_PORT };

	*behind = 0;
	if (n->target) {
		a = make_unlimited(t, n->target, behind);
		if (n->mtu && a.full > n->mtu + ETH_HEADER)
			a.full = n->mtu + ETH_HEADER;
	} else if (n->alias) {
		a.group = n->group;
	} else {
		a = make_neighbour(t, n);
		*behind = id;
	}
	return a;
}

/* An alias has what its target has, but for a smaller MTU. */
static struct adj make(const struct neigh_table *t, uint16_t id)
{
	uint16_t behind;
	struct adj a = make_unlimited(t, id, &behind);
	bool due = a.full && behind && shared_load(t->neigh[behind].due);

	*(a.vlan ? &a.tagged : &a.limit) = due ? ADJ_DUE : a.full;
	return a;
}

static bool same_but_limits(const struct adj *a, const struct adj *b)
{
	return !memcmp(a->mac, b->mac, sizeof(a->mac)) && a->port == b->port &&
	       a->group == b->group && a->vlan == b->vlan && a->out == b->out;
}

static void set_limits(struct adj *a, const struct adj *to)
{
	shared_store(a->full, to->full);
	shared_publish(a->tagged, to->tagged);
	shared_publish(a->limit, to->limit);
}

/* Nobody has seen it open, or has what he saw. What lets packets through comes last. */
static void overwrite(struct adj *a, const struct adj *to)
{
	memcpy(a->mac, to->mac, sizeof(a->mac));
	shared_store(a->port, to->port);
	shared_store(a->vlan, to->vlan);
	shared_store(a->out, to->out);
	shared_publish(a->group, to->group);
	set_limits(a, to);
}

static bool is_open(const struct adj *a)
{
	return a->group || shared_load(a->limit) || shared_load(a->tagged);
}

static void reopen(void *table, uint32_t id);

static void shut(struct neigh_table *t, uint16_t id)
{
	struct adj *a = &t->adj[id];

	shared_store(a->limit, 0);
	shared_store(a->tagged, 0);
	shared_store(a->group, 0);
	if (t->neigh[id].shut)
		return;
	t->neigh[id].shut = true;
	grace_call(reopen, t, id);
}

/* quiet: nobody reads it, or everybody who does found it shut. */
static void refresh_one(struct neigh_table *t, uint16_t id, bool quiet)
{
	struct adj *a = &t->adj[id], to = make(t, id);

	if (same_but_limits(a, &to))
		set_limits(a, &to);
	else if (quiet || !grace_shared)
		overwrite(a, &to);
	else
		shut(t, id);
}

/* What was shut and is not any more was changed back meanwhile. */
static void reopen(void *table, uint32_t id)
{
	struct neigh_table *t = table;

	t->neigh[id].shut = false;
	refresh_one(t, id, !is_open(&t->adj[id]));
}

/* No deeper than a route's MTU, a nexthop object, its neighbour. */
static void refresh(struct neigh_table *t, uint16_t id)
{
	uint16_t alias;

	refresh_one(t, id, false);
	for (alias = t->neigh[id].aliases; alias; alias = t->neigh[alias].sibling)
		refresh(t, alias);
}

/* ---- numbers ----------------------------------------------------------- */

static uint16_t find(const struct neigh_table *t, const struct key *k)
{
	uint16_t id;

	for (id = grace_read(t->bucket[hash(k)]); id; id = grace_read(t->neigh[id].next)) {
		const struct neigh *n = &t->neigh[id];

		if (n->addr == k->addr && n->port == k->port && n->six == k->six &&
		    ipv6_same(n->addr6, k->addr6))
			break;
	}
	return id;
}

uint16_t neigh_find(const struct neigh_table *t, unsigned int port, uint32_t addr)
{
	const struct key k = key4(port, addr);

	return find(t, &k);
}

uint16_t neigh_find6(const struct neigh_table *t, unsigned int port,
		     struct ipv6_addr addr)
{
	const struct key k = key6(port, addr);

	return find(t, &k);
}

/* An unused number, or 0. */
static uint16_t number_new(struct neigh_table *t)
{
	uint16_t id = t->free;

	if (id)
		t->free = t->neigh[id].next;
	else if (t->used < NEIGH_MAX)
		id = t->used++;
	return id;
}

static uint16_t create(struct neigh_table *t, const struct key *k)
{
	uint16_t id = number_new(t), *bucket = &t->bucket[hash(k)];

	if (!id)
		return 0;
	t->neigh[id] = (struct neigh){
		.addr6 = k->addr6, .addr = k->addr, .port = k->port, .six = k->six,
		.glean = !k->addr && !k->addr6.hi && !k->addr6.lo, .next = *bucket,
		.punted_at = t->now - NEIGH_PROBE, .generation = t->generation,
	};
	refresh_one(t, id, true);
	shared_publish(*bucket, id);
	return id;
}

static uint16_t get(struct neigh_table *t, const struct key *k)
{
	uint16_t id = find(t, k);

	if (!id)
		id = create(t, k);
	if (id)
		t->neigh[id].refs++;
	return id;
}

uint16_t neigh_get(struct neigh_table *t, unsigned int port, uint32_t addr)
{
	const struct key k = key4(port, addr);

	return get(t, &k);
}

uint16_t neigh_get6(struct neigh_table *t, unsigned int port, struct ipv6_addr addr)
{
	const struct key k = key6(port, addr);

	return get(t, &k);
}

void neigh_hold(struct neigh_table *t, uint16_t id)
{
	if (id)
		t->neigh[id].refs++;
}

void neigh_put(struct neigh_table *t, uint16_t id)
{
	struct neigh *n = &t->neigh[id];

	if (!id || --n->refs || n->limbo)
		return;
	n->limbo = true;
	t->limbo[t->limbo_count++] = id;
}

/* ---- aliases ----------------------------------------------------------- */

uint16_t neigh_alias(struct neigh_table *t)
{
	uint16_t id = number_new(t);

	if (!id)
		return 0;
	t->neigh[id] = (struct neigh){
		.alias = true, .refs = 1, .port = NEIGH_NO_PORT,
	};
	t->adj[id] = t->adj[0];
	return id;
}

static void unpoint(struct neigh_table *t, uint16_t id)
{
	struct neigh *n = &t->neigh[id];
	uint16_t *link = &t->neigh[n->target].aliases, old = n->target;

	if (!old)
		return;
	while (*link != id)
		link = &t->neigh[*link].sibling;
	*link = n->sibling;
	shared_store(n->target, 0);
	neigh_put(t, old);
}

/* The new target is held first: the old one may be the only one to hold it. */
void neigh_point(struct neigh_table *t, uint16_t id, uint16_t target)
{
	struct neigh *n = &t->neigh[id];

	neigh_hold(t, target);
	unpoint(t, id);
	if (target) {
		shared_publish(n->target, target);
		n->sibling = t->neigh[target].aliases;
		t->neigh[target].aliases = id;
	}
	refresh(t, id);
}

void neigh_group(struct neigh_table *t, uint16_t id, uint16_t group)
{
	unpoint(t, id);
	shared_store(t->neigh[id].group, group);
	refresh(t, id);
}

uint16_t neigh_clamp(struct neigh_table *t, uint16_t target, uint32_t mtu)
{
	uint16_t id;

	if (!mtu || !target) {
		neigh_hold(t, target);
		return target;
	}
	for (id = t->neigh[target].aliases; id; id = t->neigh[id].sibling) {
		if (t->neigh[id].mtu == mtu) {
			neigh_hold(t, id);
			return id;
		}
	}
	id = neigh_alias(t);
	if (!id)
		return 0;
	t->neigh[id].mtu = mtu;
	neigh_point(t, id, target);
	return id;
}

uint16_t neigh_group_of(const struct neigh_table *t, uint16_t id)
{
	while (t->neigh[id].target)
		id = t->neigh[id].target;
	return t->neigh[id].group;
}

uint16_t neigh_behind(const struct neigh_table *t, uint16_t id)
{
	uint16_t target;

	while ((target = grace_read(t->neigh[id].target)))
		id = target;
	return t->neigh[id].alias && !shared_load(t->neigh[id].group) ? 0 : id;
}

/* ---- the end of a number ----------------------------------------------- */

static void unhash(struct neigh_table *t, uint16_t id)
{
	struct neigh *n = &t->neigh[id];
	const struct key k = {
		.addr6 = n->addr6, .addr = n->addr, .port = n->port, .six = n->six,
	};
	uint16_t *link = &t->bucket[hash(&k)];

	while (*link != id)
		link = &t->neigh[*link].next;
	shared_publish(*link, n->next);
}

/* Nobody who had it can have it any more. */
static void number_free(void *table, uint32_t id)
{
	struct neigh_table *t = table;

	t->neigh[id] = (struct neigh){ .next = t->free };
	t->adj[id] = t->adj[0];
	t->free = id;
}

/* What an alias or a group refers to may become unused by this. */
static void destroy(struct neigh_table *t, uint16_t id)
{
	struct neigh *n = &t->neigh[id];

	if (!n->alias)
		unhash(t, id);
	else if (n->target)
		unpoint(t, id);
	else if (n->group)
		t->release(t->arg, id);
	grace_call(number_free, t, id);
}

void neigh_reap(struct neigh_table *t)
{
	while (t->limbo_count) {
		uint16_t id = t->limbo[--t->limbo_count];

		t->neigh[id].limbo = false;
		if (!t->neigh[id].refs)
			destroy(t, id);
	}
}

void neigh_set(struct neigh_table *t, uint16_t id, unsigned int state,
	       const uint8_t *mac)
{
	struct neigh *n = &t->neigh[id];

	if (mac)
		memcpy(n->mac, mac, 6);
	if (n->state != NUD_STALE && state == NUD_STALE)
		shared_store(n->due, t->now - shared_load(n->punted_at) >= NEIGH_PROBE);
	else if (state != NUD_STALE)
		shared_store(n->due, false);
	shared_store(n->state, state);
	n->generation = t->generation;
	refresh(t, id);
}

void neigh_port(struct neigh_table *t, unsigned int port)
{
	uint32_t id;

	for (id = 1; id < t->used; id++)
		if (t->neigh[id].port == port)
			refresh(t, id);
}

void neigh_mark(struct neigh_table *t)
{
	t->generation++;
}

void neigh_sweep(struct neigh_table *t)
{
	uint32_t id;

	for (id = 1; id < t->used; id++)
		if (t->neigh[id].state &&
		    t->neigh[id].generation != t->generation)
			neigh_set(t, id, 0, NULL);
}

/*
 * Who reopens one just as another packet becomes due may undo that: with others at it,
 * it is looked at again.
 */
void neigh_tick(struct neigh_table *t, uint32_t now)
{
	uint32_t id;

	if (t->now == now)
		return;
	shared_store(t->now, now);
	for (id = 1; id < t->used; id++) {
		struct neigh *n = &t->neigh[id];

		if (n->state != NUD_STALE || now - shared_load(n->punted_at) < NEIGH_PROBE)
			continue;
		if (shared_load(n->due) && !grace_shared)
			continue;
		shared_store(n->due, true);
		refresh(t, id);
	}
}

static void open_limit(uint32_t *limit, uint32_t full)
{
	uint32_t due = ADJ_DUE;

	__atomic_compare_exchange_n(limit, &due, full, false, __ATOMIC_RELAXED,
				    __ATOMIC_RELAXED);
}

/* Not one that was shut meanwhile. What else the entry says does not change by this. */
static void open_adj(struct adj *a)
{
	uint32_t full = shared_load(a->full);

	open_limit(&a->limit, full);
	open_limit(&a->tagged, full);
}

void neigh_reopen(struct neigh_table *t, uint16_t id)
{
	struct adj *a = &t->adj[id];

	if (adj_limit(a) == ADJ_DUE && !shared_load(t->neigh[neigh_behind(t, id)].due))
		open_adj(a);
}

bool neigh_probe(struct neigh_table *t, uint16_t id)
{
	struct neigh *n = &t->neigh[id];

	if (!shared_load(n->due) || !__atomic_exchange_n(&n->due, false, __ATOMIC_RELAXED))
		return false;
	shared_store(n->punted_at, shared_load(t->now));
	open_adj(&t->adj[id]);
	return true;
}
