// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <stdlib.h>
#include <string.h>

#include "addr4.h"

bool addr4_init(struct addr4 *t)
{
	memset(t, 0, sizeof(*t));
	t->never[0] = t->never[127] = true;
	memset(t->never + 224, true, 32);
	return addr4_build(t);
}

void addr4_exit(struct addr4 *t)
{
	free(t->table);
	free(t->item);
	memset(t, 0, sizeof(*t));
}

static struct addr4_item *find(struct addr4 *t, uint32_t addr, uint32_t ifindex,
			       uint8_t len)
{
	uint32_t i;

	for (i = 0; i < t->count; i++) {
		struct addr4_item *it = &t->item[i];

		if (it->addr == addr && it->ifindex == ifindex && it->len == len)
			return it;
	}
	return NULL;
}

bool addr4_add(struct addr4 *t, uint32_t addr, uint32_t ifindex, uint8_t len)
{
	struct addr4_item *it = find(t, addr, ifindex, len);
	uint32_t size = t->size ? 2 * t->size : 16;

	if (!it && t->count == t->size) {
		it = realloc(t->item, size * sizeof(*it));
		if (!it)
			return false;
		t->item = it;
		t->size = size;
		it = NULL;
	}
	if (!it)
		it = &t->item[t->count++];
	*it = (struct addr4_item){ addr, ifindex, len, t->generation };
	return true;
}

void addr4_del(struct addr4 *t, uint32_t addr, uint32_t ifindex, uint8_t len)
{
	struct addr4_item *it = find(t, addr, ifindex, len);

	if (it)
		*it = t->item[--t->count];
}

void addr4_mark(struct addr4 *t)
{
	t->generation++;
}

void addr4_sweep(struct addr4 *t)
{
	uint32_t i = 0;

	while (i < t->count) {
		if (t->item[i].generation == t->generation)
			i++;
		else
			t->item[i] = t->item[--t->count];
	}
}

bool addr4_on(const struct addr4 *t, uint32_t ifindex)
{
	uint32_t i;

	for (i = 0; i < t->count; i++)
		if (t->item[i].ifindex == ifindex)
			return true;
	return false;
}

/*
 * The address itself, and its network's first and last: packets from there the kernel
 * takes, or does not, depending on whether sources were ever to be looked up, which it
 * tells nobody. Returns how many.
 */
static unsigned int sources(const struct addr4_item *it, uint32_t addr[3])
{
	uint32_t hosts;

	addr[0] = it->addr;
	if (!it->len || it->len > 30)
		return 1;
	hosts = ~0u >> it->len;
	addr[1] = it->addr & ~hosts;
	addr[2] = it->addr | hosts;
	return 3;
}

static void put(struct addr4_table *table, uint32_t addr)
{
	uint32_t at = (addr * 0x9e3779b1u) >> table->shift;

	while (table->at[at] && table->at[at] != addr)
		at = (at + 1) & table->mask;
	table->at[at] = addr;
}

static void put_all(struct addr4_table *table, bool maybe[256], const struct addr4_item *it)
{
	uint32_t addr[3];
	unsigned int n = sources(it, addr);

	while (n--) {
		put(table, addr[n]);
		maybe[addr[n] & 0xff] = true;
	}
}

/* At most a quarter full, so that most addresses need one probe. */
static struct addr4_table *table_make(const struct addr4 *t, bool maybe[256])
{
	struct addr4_table *table;
	uint32_t bits = 6, i;

	while (1u << bits < 12 * t->count)
		bits++;
	table = calloc(1, sizeof(*table) + (sizeof(table->at[0]) << bits));
	if (!table)
		return NULL;
	table->mask = (1u << bits) - 1;
	table->shift = 32 - bits;
	for (i = 0; i < t->count && !t->routed; i++)
		put_all(table, maybe, &t->item[i]);
	return table;
}

/* maybe[] is never less than what is in the table that a reader finds. */
bool addr4_build(struct addr4 *t)
{
	bool maybe[256] = { false };
	struct addr4_table *table = table_make(t, maybe), *old = t->table;
	uint32_t i;

	if (!table)
		return false;
	for (i = 0; i < 256; i++)
		if (maybe[i])
			shared_store(t->maybe[i], true);
	shared_publish(t->table, table);
	for (i = 0; i < 256; i++)
		shared_store(t->maybe[i], maybe[i]);
	grace_free(old);
	return true;
}
