// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * IPv6 lookups: the router's trie, and two other ways to find the same answers.
 *   bench-fib6 [ROUTES [LOOKUPS]]
 * hash: a table of all prefixes, asked for each length there is, longest first.
 * ranges: the borders of all prefixes, sorted, searched by halves (as DXR does,
 * without its first 16 bits).
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "ip6/fib6.h"

#define ROUNDS	9	/* the quickest counts */

static struct fib6 fib;
static struct fib6_prefix *prefix;
static uint32_t count;

static uint32_t random32(uint64_t *s)
{
	*s ^= *s >> 12;
	*s ^= *s << 25;
	*s ^= *s >> 27;
	return (*s * 0x2545f4914f6cdd1dull) >> 32;
}

static void release(void *arg, uint16_t adj)
{
	(void)arg;
	(void)adj;
}

/* As in test_fib6.c: mostly /48, in some thousand /32 and /29. */
static void fill(uint32_t routes)
{
	static const uint16_t first[] = { 0x2001, 0x2400, 0x2604, 0x2620, 0x2804, 0x2a00,
					  0x2a02, 0x2a06, 0x2c0f };
	static const uint8_t lens[] = { 29, 32, 32, 32, 36, 40, 44, 44, 46, 47, 48, 48,
					48, 48, 48, 48, 48, 48, 56, 64 };
	uint64_t seed = 3;

	while (fib.routes < routes) {
		struct fib6_route r = { .kind = FIB6_MAIN, .len = lens[random32(&seed) % 20] };

		r.dst.hi = (uint64_t)first[random32(&seed) % 9] << 48 |
			   (uint64_t)(random32(&seed) % 2000) << 32 | random32(&seed);
		r.dst = ipv6_prefix(r.dst, r.len);
		r.adj = 1 + random32(&seed) % 1000;
		if (!fib6_only(&fib, &r))
			fib6_add(&fib, &r);
	}
	prefix = malloc(routes * sizeof(*prefix));
	count = fib6_prefixes(&fib, prefix);
}

/* ---- a hash table for all lengths -------------------------------------- */

static struct { struct ipv6_addr key; uint16_t adj; uint8_t len; } *slot;
static uint32_t slots;
static uint8_t length[129];
static unsigned int lengths;

static uint32_t slot_of(struct ipv6_addr a, unsigned int len)
{
	return ((a.hi ^ a.lo * 0x9e3779b97f4a7c15ull ^ len) * 0xff51afd7ed558ccdull) >> 32;
}

static void hash_make(void)
{
	bool has[129] = { false };
	uint32_t i, at;

	for (slots = 1; slots < 2 * count; slots *= 2)
		;
	slot = calloc(slots, sizeof(*slot));
	for (i = 0; i < count; i++) {
		at = slot_of(prefix[i].dst, prefix[i].len) & (slots - 1);
		while (slot[at].adj)
			at = (at + 1) & (slots - 1);
		slot[at].key = prefix[i].dst;
		slot[at].len = prefix[i].len;
		slot[at].adj = fib6_only(&fib, &(struct fib6_route){
			.dst = prefix[i].dst, .len = prefix[i].len, .kind = FIB6_MAIN });
		has[prefix[i].len] = true;
	}
	for (i = 129; i--;)
		if (has[i])
			length[lengths++] = i;
}

static uint16_t hash_lookup(struct ipv6_addr addr)
{
	unsigned int i;

	for (i = 0; i < lengths; i++) {
		struct ipv6_addr a = ipv6_prefix(addr, length[i]);
		uint32_t at = slot_of(a, length[i]) & (slots - 1);

		for (; slot[at].adj; at = (at + 1) & (slots - 1))
			if (slot[at].len == length[i] && ipv6_same(slot[at].key, a))
				return slot[at].adj;
	}
	return 0;
}

/* ---- sorted borders ---------------------------------------------------- */

/* No prefix here is longer than 64 bits. */
static uint64_t *border;
static uint16_t *answer;
static uint32_t borders;

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void ranges_make(void)
{
	uint32_t i, n = 0;

	border = malloc((2 * count + 1) * sizeof(*border));
	answer = malloc((2 * count + 1) * sizeof(*answer));
	border[n++] = 0;
	for (i = 0; i < count; i++) {
		border[n++] = prefix[i].dst.hi;
		border[n++] = (prefix[i].dst.hi | ~ipv6_mask(prefix[i].len).hi) + 1;
	}
	qsort(border, n, sizeof(*border), by_value);
	for (i = 0; i < n; i++) {
		uint16_t adj = fib6_lookup(&fib, (struct ipv6_addr){ border[i], 0 });

		if (borders && answer[borders - 1] == adj)
			continue;
		border[borders] = border[i];
		answer[borders++] = adj;
	}
}

static uint16_t ranges_lookup(struct ipv6_addr addr)
{
	const uint64_t *p = border;
	uint32_t n = borders, half;

	for (; n > 1; n -= half) {
		half = n / 2;
		p += p[half] <= addr.hi ? half : 0;
	}
	return answer[p - border];
}

/* ---- all of them ------------------------------------------------------- */

static uint16_t trie_lookup(struct ipv6_addr addr)
{
	return fib6_lookup(&fib, addr);
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static void measure(const char *name, uint16_t (*lookup)(struct ipv6_addr), size_t bytes,
		    const struct ipv6_addr *addr, uint32_t n)
{
	uint64_t best = ~0ull, start, spent, sum = 0;
	uint32_t round, i;

	for (round = 0; round < ROUNDS; round++) {
		start = now();
		for (i = 0; i < n; i++)
			sum += lookup(addr[i]);
		spent = now() - start;
		best = spent < best ? spent : best;
	}
	printf("%-8s %7.1f ns a lookup, %9zu bytes, sum %llu\n", name, (double)best / n,
	       bytes, (unsigned long long)sum);
}

int main(int argc, char **argv)
{
	uint32_t routes = argc > 1 ? strtoul(argv[1], NULL, 0) : 200000;
	uint32_t n = argc > 2 ? strtoul(argv[2], NULL, 0) : 200000, i;
	struct ipv6_addr *addr = malloc(n * sizeof(*addr));
	uint64_t seed = 7, start;

	fib6_init(&fib, release, NULL);
	start = now();
	fill(routes);
	printf("%u routes in %.1f ms\n", count, (now() - start) / 1e6);
	hash_make();
	ranges_make();
	for (i = 0; i < n; i++) {
		const struct fib6_prefix *p = &prefix[random32(&seed) % count];

		addr[i].hi = p->dst.hi | (random32(&seed) & ~ipv6_mask(p->len).hi);
		addr[i].lo = random32(&seed);
	}
	measure("trie", trie_lookup, fib6_bytes(&fib), addr, n);
	measure("hash", hash_lookup, slots * sizeof(*slot), addr, n);
	measure("ranges", ranges_lookup, borders * (sizeof(*border) + sizeof(*answer)), addr, n);
	return 0;
}
