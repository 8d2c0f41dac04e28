// SPDX-License-Identifier: GPL-2.0
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

static uint32_t hash(unsigned int port, uint32_t addr)
{
	return ((addr ^ port << 22) * 0x9e3779b1u) >> 18;
}

bool neigh_usable(unsigned int state)
{
	return state & (NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE |
			NUD_PERMANENT | NUD_NOARP);
}

/* Make the datapath's entry out of the neighbour, its port and its timer. */
static void refresh(struct neigh_table *t, uint16_t id)
{
	struct neigh *n = &t->neigh[id];
	const struct port *p = &t->ports->port[n->port];
	struct adj *a = &t->adj[id];

	memcpy(a->mac, n->mac, 6);
	memcpy(a->mac + 6, p->address, 6);
	a->port = n->port;
	a->limit = 0;
	if (p->ifindex && p->up && n->addr && neigh_usable(n->state) && !n->due)
		a->limit = p->mtu + ETH_HEADER;
}

uint16_t neigh_find(const struct neigh_table *t, unsigned int port, uint32_t addr)
{
	uint16_t id = t->bucket[hash(port, addr)];

	while (id && (t->neigh[id].addr != addr || t->neigh[id].port != port))
		id = t->neigh[id].next;
	return id;
}

static uint16_t create(struct neigh_table *t, unsigned int port, uint32_t addr)
{
	uint16_t id = t->free, *bucket = &t->bucket[hash(port, addr)];

	if (id)
		t->free = t->neigh[id].next;
	else if (t->used < NEIGH_MAX)
		id = t->used++;
	else
		return 0;
	t->neigh[id] = (struct neigh){
		.addr = addr, .port = port, .next = *bucket,
		.punted_at = t->now - NEIGH_PROBE, .generation = t->generation,
	};
	*bucket = id;
	refresh(t, id);
	return id;
}

uint16_t neigh_get(struct neigh_table *t, unsigned int port, uint32_t addr)
{
	uint16_t id = neigh_find(t, port, addr);

	if (!id)
		id = create(t, port, addr);
	if (id)
		t->neigh[id].refs++;
	return id;
}

void neigh_put(struct neigh_table *t, uint16_t id)
{
	struct neigh *n = &t->neigh[id];

	if (!id || --n->refs || n->limbo)
		return;
	n->limbo = true;
	t->limbo[t->limbo_count++] = id;
}

static void destroy(struct neigh_table *t, uint16_t id)
{
	struct neigh *n = &t->neigh[id];
	uint16_t *link = &t->bucket[hash(n->port, n->addr)];

	while (*link != id)
		link = &t->neigh[*link].next;
	*link = n->next;
	n->next = t->free;
	n->addr = 0;
	n->state = 0;
	n->port = 0;
	t->adj[id].limit = 0;
	t->free = id;
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
		n->due = t->now - n->punted_at >= NEIGH_PROBE;
	else if (state != NUD_STALE)
		n->due = false;
	n->state = state;
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

void neigh_tick(struct neigh_table *t, uint32_t now)
{
	uint32_t id;

	if (t->now == now)
		return;
	t->now = now;
	for (id = 1; id < t->used; id++) {
		struct neigh *n = &t->neigh[id];

		if (n->state != NUD_STALE || n->due ||
		    now - n->punted_at < NEIGH_PROBE)
			continue;
		n->due = true;
		refresh(t, id);
	}
}

bool neigh_probe(struct neigh_table *t, uint16_t id)
{
	struct neigh *n = &t->neigh[id];

	if (!n->due)
		return false;
	n->due = false;
	n->punted_at = t->now;
	refresh(t, id);
	return true;
}
