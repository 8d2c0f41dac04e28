/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/*
 * IPv4 addresses packets cannot be from: our own, those of all hosts beside them, and those
 * no host has.
 */
#ifndef ROUTER_ADDR4_H
#define ROUTER_ADDR4_H

#include <stdbool.h>
#include <stdint.h>

#include "grace.h"

struct addr4_item {
	uint32_t addr;		/* host order */
	uint32_t ifindex;
	uint8_t len;
	uint8_t generation;
};

struct addr4_table {
	uint32_t mask;
	uint32_t shift;
	uint32_t at[];		/* open addressing, linear; 0: empty */
};

/* Workers read the table, never[] and maybe[]. */
struct addr4 {
	struct addr4_table *table;
	struct addr4_item *item;
	uint32_t count, size;
	uint8_t generation;
	bool routed;		/* all sources are looked up: the routes say which are ours */
	bool never[256];	/* by first octet: 0, 127, 224 and up */
	bool maybe[256];	/* by last octet: one of ours ends so */
};

bool addr4_init(struct addr4 *t);
void addr4_exit(struct addr4 *t);
/* Each takes effect at the next addr4_build(). false: no memory. */
bool addr4_add(struct addr4 *t, uint32_t addr, uint32_t ifindex, uint8_t len);
void addr4_del(struct addr4 *t, uint32_t addr, uint32_t ifindex, uint8_t len);
void addr4_mark(struct addr4 *t);
void addr4_sweep(struct addr4 *t);
bool addr4_build(struct addr4 *t);

/* Has the interface any? At once, without addr4_build(). */
bool addr4_on(const struct addr4 *t, uint32_t ifindex);

/* Is it one of ours? */
static inline bool addr4_has(const struct addr4 *t, uint32_t addr)
{
	const struct addr4_table *table = grace_read(t->table);
	uint32_t at = (addr * 0x9e3779b1u) >> table->shift;

	while (table->at[at]) {
		if (table->at[at] == addr)
			return true;
		at = (at + 1) & table->mask;
	}
	return false;
}

/* The two tables of 256 decide for nearly all addresses. */
static inline bool addr4_bad_source(const struct addr4 *t, uint32_t addr)
{
	if (__builtin_expect(t->never[addr >> 24], 0))
		return true;
	return __builtin_expect(shared_load(t->maybe[addr & 0xff]), 0) && addr4_has(t, addr);
}

#endif
