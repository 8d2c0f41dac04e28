/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/*
 * A made-up full table: as many different prefixes as wanted, always the same for a seed.
 *
 * Their lengths are distributed as in the Internet's tables: of IPv4 nearly two thirds
 * are /24, then come /22 and /23; of IPv6 nearly half are /48, then come /32, /44 and /40,
 * and the mean is near 43. After G. Huston, "BGP in 2024" (labs.apnic.net), and the tables
 * that AS131072 sees (bgp.potaroo.net, /as2.0 and /v6/as2.0, of 2024), rounded. As there,
 * more than half of the prefixes lie in others, and places in use are crowded.
 */
#ifndef PROGS_FULLTABLE_H
#define PROGS_FULLTABLE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

struct full_route {
	uint64_t bits;		/* the prefix, from the top down */
	uint8_t len;
	bool six;
};

struct full_table {
	struct full_route *route;	/* those of IPv4 first */
	uint32_t count, count4;
};

struct full_share {
	uint8_t len;
	uint16_t share;		/* of 10000 */
};

static const struct full_share full_shares4[] = {
	{ 24, 6268 }, { 22, 1110 }, { 23, 1010 }, { 21, 515 }, { 20, 440 }, { 19, 255 },
	{ 18, 140 }, { 16, 135 }, { 17, 85 }, { 15, 20 }, { 14, 12 }, { 13, 6 }, { 12, 3 },
	{ 11, 1 }, { 0 },
};

static const struct full_share full_shares6[] = {
	{ 48, 4740 }, { 32, 1200 }, { 44, 850 }, { 40, 850 }, { 36, 450 }, { 29, 350 },
	{ 47, 280 }, { 46, 250 }, { 33, 200 }, { 34, 150 }, { 45, 120 }, { 35, 100 },
	{ 38, 100 }, { 42, 100 }, { 30, 60 }, { 37, 50 }, { 41, 50 }, { 43, 50 },
	{ 39, 30 }, { 28, 20 }, { 0 },
};

static inline uint32_t full_random(uint64_t *s)
{
	*s ^= *s >> 12;
	*s ^= *s << 25;
	*s ^= *s >> 27;
	return (*s * 0x2545f4914f6cdd1dull) >> 32;
}

static inline uint8_t full_len(const struct full_share *s, uint64_t *seed)
{
	uint32_t at = full_random(seed) % 10000;

	for (; s->len; s++) {
		if (at < s->share)
			return s->len;
		at -= s->share;
	}
	return 24;
}

/* Not what hosts and tests have of their own: 0, 10, 127, from 224 on. */
static inline uint64_t full_bits4(uint64_t *seed)
{
	uint32_t x = full_random(seed), top = x % 223 + 1;

	/* Every second is in a quarter of the places. */
	if (x >> 31)
		top = top / 4 * 4 + 1;
	if (top == 10 || top == 127)
		top++;
	return (uint64_t)(top << 24 | full_random(seed) >> 8) << 32;
}

static inline uint64_t full_bits6(uint64_t *seed)
{
	static const uint16_t first[] = {
		0x2001, 0x2400, 0x2406, 0x2600, 0x2604, 0x2620, 0x2804, 0x2a00, 0x2a02,
		0x2a06, 0x2a0e, 0x2c0f,
	};
	uint64_t top = first[full_random(seed) % 12];

	return top << 48 | (uint64_t)(full_random(seed) % 3500) << 32 | full_random(seed);
}

/* Prefixes so far: a hash table of their places in the list, from 1. */
static inline bool full_known(uint32_t *slot, uint32_t slots, const struct full_route *list,
			      uint32_t at)
{
	const struct full_route *r = &list[at];
	uint32_t i = ((r->bits ^ r->len ^ (uint64_t)r->six << 9) * 0x9e3779b97f4a7c15ull) >> 32;

	for (i %= slots; slot[i]; i = (i + 1) % slots) {
		const struct full_route *o = &list[slot[i] - 1];

		if (o->bits == r->bits && o->len == r->len && o->six == r->six)
			return true;
	}
	slot[i] = at + 1;
	return false;
}

/* false: no memory. */
static inline bool full_make(struct full_table *t, uint32_t four, uint32_t six, uint64_t seed)
{
	uint32_t slots = 2 * (four + six) + 1, *slot = calloc(slots, sizeof(*slot)), i;

	t->count4 = four;
	t->count = four + six;
	t->route = calloc(t->count + 1, sizeof(*t->route));
	if (!slot || !t->route)
		return false;
	seed = seed * 2 + 1;
	for (i = 0; i < t->count; i++) {
		struct full_route *r = &t->route[i];

		r->six = i >= four;
		do {
			r->len = full_len(r->six ? full_shares6 : full_shares4, &seed);
			r->bits = r->six ? full_bits6(&seed) : full_bits4(&seed);
			r->bits &= ~0ull << (64 - r->len);
		} while (full_known(slot, slots, t->route, i));
	}
	free(slot);
	return true;
}

#endif
