// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <stdlib.h>
#include <string.h>

#include "addr6.h"

bool addr6_init(struct addr6 *t)
{
	memset(t, 0, sizeof(*t));
	return addr6_build(t);
}

void addr6_exit(struct addr6 *t)
{
	free(t->table);
	free(t->item);
	memset(t, 0, sizeof(*t));
}

static struct addr6_item *find(struct addr6 *t, struct ipv6_addr addr,
			       uint32_t ifindex, uint8_t len)
{
	uint32_t i;

	for (i = 0; i < t->count; i++) {
		struct addr6_item *it = &t->item[i];

		if (ipv6_same(it->addr, addr) && it->ifindex == ifindex && it->len == len)
			return it;
	}
	return NULL;
}

bool addr6_add(struct addr6 *t, struct ipv6_addr addr, uint32_t ifindex, uint8_t len)
{
	struct addr6_item *it = find(t, addr, ifindex, len);
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
	*it = (struct addr6_item){ addr, ifindex, len, t->generation };
	return true;
}

void addr6_del(struct addr6 *t, struct ipv6_addr addr, uint32_t ifindex, uint8_t len)
{
	struct addr6_item *it = find(t, addr, ifindex, len);

	if (it)
		*it = t->item[--t->count];
}

void addr6_mark(struct addr6 *t)
{
	t->generation++;
}

void addr6_sweep(struct addr6 *t)
{
	uint32_t i = 0;

	while (i < t->count) {
		if (t->item[i].generation == t->generation)
			i++;
		else
			t->item[i] = t->item[--t->count];
	}
}

bool addr6_on(const struct addr6 *t, uint32_t ifindex)
{
	uint32_t i;

	for (i = 0; i < t->count; i++)
		if (t->item[i].ifindex == ifindex)
			return true;
	return false;
}

static uint32_t hash(struct ipv6_addr a)
{
	return ((a.hi ^ a.lo * 0x9e3779b97f4a7c15ull) * 0xff51afd7ed558ccdull) >> 32;
}

bool addr6_has(const struct addr6 *t, struct ipv6_addr addr)
{
	const struct addr6_table *table = grace_read(t->table);
	uint32_t at = hash(addr) & table->mask;

	for (; !ipv6_unspecified(table->at[at]); at = (at + 1) & table->mask)
		if (ipv6_same(table->at[at], addr))
			return true;
	return false;
}

static struct addr6_table *table_make(const struct addr6 *t)
{
	uint32_t bits = 6, i, at;
	struct addr6_table *table;

	while (1u << bits < 4 * t->count)
		bits++;
	table = calloc(1, sizeof(*table) + (sizeof(table->at[0]) << bits));
	if (!table)
		return NULL;
	table->mask = (1u << bits) - 1;
	for (i = 0; i < t->count; i++) {
		at = hash(t->item[i].addr) & table->mask;
		while (!ipv6_unspecified(table->at[at]))
			at = (at + 1) & table->mask;
		table->at[at] = t->item[i].addr;
	}
	return table;
}

/* maybe[] is never less than what is in the table that a reader finds. */
bool addr6_build(struct addr6 *t)
{
	struct addr6_table *table = table_make(t), *old = t->table;
	bool maybe[256] = { false };
	uint32_t i;

	if (!table)
		return false;
	for (i = 0; i < t->count; i++) {
		maybe[t->item[i].addr.lo & 0xff] = true;
		shared_store(t->maybe[t->item[i].addr.lo & 0xff], true);
	}
	shared_publish(t->table, table);
	for (i = 0; i < 256; i++)
		shared_store(t->maybe[i], maybe[i]);
	grace_free(old);
	return true;
}
