// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * IPv6 lookups and changes: the router's table, and other ways to find the same.
 *   bench-fib6 [ROUTES [LOOKUPS [CHANGES]]]
 * pieces: ranges6.h, made from the trie: what the router does.
 * trie: the walk from the root, in the same trie; the sum of all follows changes.
 * multibit: six bits a step, each node with bitmaps of what is below (W. Eatherton,
 * G. Varghese, Z. Dittia, "Tree Bitmap: Hardware/Software IP Lookups with
 * Incremental Updates", ACM CCR 34(2), 2004). It would need no other trie to find
 * answers, but one to keep alternatives.
 * ranges: the borders of all prefixes, whole (as in DXR, without its first 16 bits).
 * hash: a table of all prefixes, asked for each length there is, longest first.
 * halves: the same with markers, and lengths searched by halves (M. Waldvogel, G.
 * Varghese, J. Turner, B. Plattner, "Scalable High Speed IP Routing Lookups",
 * SIGCOMM 1997).
 * No prefix here is longer than 64 bits.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ip6/fib6.h"

#define ROUNDS	9	/* the quickest counts */
#define BATCH	64	/* changes */
#define PORTION	2000	/* nodes: WORK of loop.c */

/* Whether or not all machines have the instruction: this one is asked how it would be. */
#ifdef __x86_64__
#define POPCOUNT	__attribute__((target("popcnt")))
#else
#define POPCOUNT
#endif

static struct fib6 fib;
static struct fib6_prefix *prefix;
static uint16_t *prefix_adj;
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

static struct fib6_route route(uint32_t i)
{
	return (struct fib6_route){
		.dst = prefix[i].dst, .len = prefix[i].len, .kind = FIB6_MAIN,
		.adj = prefix_adj[i],
	};
}

/* ns of this process */
static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static uint64_t longest;	/* ns of a portion of work */
static unsigned int portions;

/* Work that is due, as the router does it between bursts. Returns whether all is done. */
static bool portion(void)
{
	uint64_t start = now(), spent;
	bool done = fib6_work(&fib, PORTION);

	spent = now() - start;
	longest = spent > longest ? spent : longest;
	portions++;
	return done;
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
		if (!fib6_only(&fib, &r) && fib6_add(&fib, &r) == FIB6_ADDED &&
		    fib.routes % BATCH == 0)
			portion();
	}
	while (!portion())
		;
}

static void list(void)
{
	uint32_t i;

	prefix = malloc(fib.routes * sizeof(*prefix));
	count = fib6_prefixes(&fib, prefix);
	prefix_adj = calloc(count, sizeof(*prefix_adj));
	for (i = 0; i < count; i++) {
		struct fib6_route r = route(i);

		prefix_adj[i] = fib6_only(&fib, &r);
	}
}

/* ---- the trie ---------------------------------------------------------- */

static uint16_t trie_lookup(struct ipv6_addr addr)
{
	uint32_t at = fib.root;
	uint16_t answer = 0;

	while (at) {
		const struct fib6_node *n = &fib.nodes[at];
		struct ipv6_addr mask = ipv6_mask(n->len);

		if (((addr.hi ^ n->key.hi) & mask.hi) | ((addr.lo ^ n->key.lo) & mask.lo))
			break;
		if (n->has & FIB6_HAS_MAIN)
			answer = n->adj;
		at = n->len < 64 ? n->child[addr.hi >> (63 - n->len) & 1] : 0;
	}
	return answer;
}

/* ---- a multibit trie --------------------------------------------------- */

#define STRIDE	6

/* A prefix that ends here is bit 1 << its bits here | these; a child, these. */
struct multi {
	uint64_t inner, outer;
	struct multi *child;
	uint16_t *adj;
};

static struct multi multi;
static uint64_t multi_path[1 << STRIDE];	/* inner bits of what covers these */
static size_t multi_bytes;

static unsigned int digit(uint64_t hi, unsigned int level)
{
	return hi << (STRIDE * level) >> (64 - STRIDE);
}

static uint64_t below(unsigned int bit)
{
	return (1ull << bit) - 1;
}

POPCOUNT static uint16_t multi_lookup(struct ipv6_addr addr)
{
	const struct multi *n = &multi, *best = NULL;
	unsigned int level, v;
	uint64_t m, found = 0;

	for (level = 0;; level++) {
		v = digit(addr.hi, level);
		m = n->inner & multi_path[v];
		if (m) {
			best = n;
			found = m;
		}
		if (!(n->outer >> v & 1))
			break;
		n = n->child + __builtin_popcountll(n->outer & below(v));
	}
	if (!best)
		return 0;
	return best->adj[__builtin_popcountll(best->inner & below(63 - __builtin_clzll(found)))];
}

/* Room for, or removal of, element `at` of n. */
static void multi_resize(void *array, unsigned int n, unsigned int at, size_t each, bool grow)
{
	char **p = array;

	if (grow)
		*p = realloc(*p, (n + 1) * each);
	memmove(*p + (at + grow) * each, *p + (at + !grow) * each, (n - at - !grow) * each);
	if (!grow)
		*p = realloc(*p, n > 1 ? (n - 1) * each : 1);
	multi_bytes += grow ? each : -each;
}

POPCOUNT static void multi_child(struct multi *n, unsigned int v, bool grow)
{
	unsigned int at = __builtin_popcountll(n->outer & below(v));

	multi_resize(&n->child, __builtin_popcountll(n->outer), at, sizeof(multi), grow);
	if (grow)
		memset(&n->child[at], 0, sizeof(multi));
	n->outer ^= 1ull << v;
}

POPCOUNT static void multi_set(struct multi *n, unsigned int bit, uint16_t adj)
{
	unsigned int at = __builtin_popcountll(n->inner & below(bit));
	bool has = n->inner >> bit & 1;

	if (has == !adj) {
		multi_resize(&n->adj, __builtin_popcountll(n->inner), at, sizeof(adj), adj);
		n->inner ^= 1ull << bit;
	}
	if (adj)
		n->adj[at] = adj;
}

/* adj 0: remove it. */
POPCOUNT static void multi_change(struct multi *n, const struct fib6_prefix *p,
				  unsigned int level, uint16_t adj)
{
	unsigned int v = digit(p->dst.hi, level), rest = p->len - STRIDE * level;
	struct multi *c;

	if (rest < STRIDE) {
		multi_set(n, 1u << rest | v >> (STRIDE - rest), adj);
		return;
	}
	if (!(n->outer >> v & 1))
		multi_child(n, v, true);
	c = n->child + __builtin_popcountll(n->outer & below(v));
	multi_change(c, p, level + 1, adj);
	if (!c->inner && !c->outer) {
		free(c->adj);
		free(c->child);
		multi_child(n, v, false);
	}
}

static void multi_make(void)
{
	unsigned int v, k;
	uint32_t i;

	for (v = 0; v < 1 << STRIDE; v++)
		for (k = 0; k < STRIDE; k++)
			multi_path[v] |= 1ull << (1u << k | v >> (STRIDE - k));
	for (i = 0; i < count; i++)
		multi_change(&multi, &prefix[i], 0, prefix_adj[i]);
}

/* ---- a hash table for all lengths -------------------------------------- */

struct slot {
	struct ipv6_addr key;
	uint16_t adj;
	uint8_t len;
	bool used;
};

struct table {
	struct slot *slot;
	uint32_t slots;
};

static struct table hash, halves;
static uint8_t length[129];	/* ascending */
static int lengths;

static uint32_t slot_of(const struct table *t, struct ipv6_addr a, unsigned int len)
{
	return (((a.hi ^ a.lo * 0x9e3779b97f4a7c15ull ^ len) * 0xff51afd7ed558ccdull) >> 32) &
	       (t->slots - 1);
}

static void table_new(struct table *t, uint32_t n)
{
	for (t->slots = 1; t->slots < 2 * n; t->slots *= 2)
		;
	t->slot = calloc(t->slots, sizeof(*t->slot));
}

/* The slot that has the prefix, or would have it. */
static struct slot *slot_get(const struct table *t, struct ipv6_addr addr, unsigned int len)
{
	struct ipv6_addr a = ipv6_prefix(addr, len);
	uint32_t at = slot_of(t, a, len);

	while (t->slot[at].used && (t->slot[at].len != len || !ipv6_same(t->slot[at].key, a)))
		at = (at + 1) & (t->slots - 1);
	return &t->slot[at];
}

static void slot_set(const struct table *t, const struct fib6_prefix *p, uint16_t adj)
{
	*slot_get(t, p->dst, p->len) = (struct slot){
		.key = ipv6_prefix(p->dst, p->len), .len = p->len, .adj = adj, .used = true,
	};
}

static void hash_make(void)
{
	bool has[129] = { false };
	uint32_t i;

	table_new(&hash, count);
	for (i = 0; i < count; i++) {
		slot_set(&hash, &prefix[i], prefix_adj[i]);
		has[prefix[i].len] = true;
	}
	for (i = 0; i < 129; i++)
		if (has[i])
			length[lengths++] = i;
}

static uint16_t hash_from(struct ipv6_addr addr, int longest)
{
	int i;

	for (i = longest; i >= 0; i--) {
		const struct slot *s = slot_get(&hash, addr, length[i]);

		if (s->used)
			return s->adj;
	}
	return 0;
}

static uint16_t hash_lookup(struct ipv6_addr addr)
{
	return hash_from(addr, lengths - 1);
}

/* The prefix, and markers at the lengths where a search for it turns to longer ones. */
static void halves_add(uint32_t i)
{
	int low = 0, high = lengths - 1, mid;

	while (low <= high) {
		struct fib6_prefix p = prefix[i];

		mid = (low + high) / 2;
		if (length[mid] > p.len) {
			high = mid - 1;
			continue;
		}
		p.len = length[mid];
		slot_set(&halves, &p, hash_from(p.dst, mid));
		low = mid + 1;
	}
}

static void halves_make(void)
{
	uint32_t i;

	table_new(&halves, count * 3 / 2);
	for (i = 0; i < count; i++)
		halves_add(i);
}

static uint16_t halves_lookup(struct ipv6_addr addr)
{
	int low = 0, high = lengths - 1, mid;
	uint16_t answer = 0;

	while (low <= high) {
		const struct slot *s;

		mid = (low + high) / 2;
		s = slot_get(&halves, addr, length[mid]);
		if (s->used) {
			answer = s->adj ? s->adj : answer;
			low = mid + 1;
		} else {
			high = mid - 1;
		}
	}
	return answer;
}

/* ---- sorted borders ---------------------------------------------------- */

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
		uint16_t adj = trie_lookup((struct ipv6_addr){ border[i], 0 });

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

/* ---- lookups ----------------------------------------------------------- */

static uint16_t pieces_lookup(struct ipv6_addr addr)
{
	return fib6_lookup(&fib, addr);
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

static void measure_lookups(uint32_t n)
{
	struct ipv6_addr *addr = malloc(n * sizeof(*addr));
	uint64_t seed = 7;
	uint32_t i;

	for (i = 0; i < n; i++) {
		const struct fib6_prefix *p = &prefix[random32(&seed) % count];

		addr[i].hi = p->dst.hi | (random32(&seed) & ~ipv6_mask(p->len).hi);
		addr[i].lo = random32(&seed);
	}
	measure("pieces", pieces_lookup, ranges6_bytes(&fib.ranges), addr, n);
	measure("trie", trie_lookup, fib6_bytes(&fib) - ranges6_bytes(&fib.ranges), addr, n);
	measure("multibit", multi_lookup, multi_bytes, addr, n);
	measure("ranges", ranges_lookup, borders * (sizeof(*border) + sizeof(*answer)), addr, n);
	measure("hash", hash_lookup, hash.slots * sizeof(*hash.slot), addr, n);
	measure("halves", halves_lookup, halves.slots * sizeof(*halves.slot), addr, n);
	free(addr);
}

/* ---- changes ----------------------------------------------------------- */

/* Remove one at random, or add the one that was removed. */
static void trie_change(uint32_t i, bool add)
{
	struct fib6_route r = route(i);

	if (add)
		fib6_add(&fib, &r);
	else
		fib6_del(&fib, &r);
}

static void trie_multi_change(uint32_t i, bool add)
{
	multi_change(&multi, &prefix[i], 0, add ? prefix_adj[i] : 0);
}

/* every: changes after which the ranges are made anew; 0: never. */
static void measure_changes(const char *name, void (*change)(uint32_t, bool), uint32_t n,
			    uint32_t every)
{
	uint64_t seed = 11, start, best = ~0ull, spent;
	uint32_t round, i, which = 0;

	for (round = 0; round < ROUNDS; round++) {
		start = now();
		for (i = 0; i < n; i++) {
			if (i % 2 == 0)
				which = random32(&seed) % count;
			change(which, i % 2);
			if (every && i % every == every - 1)
				fib6_work(&fib, -1);
		}
		spent = now() - start;
		best = spent < best ? spent : best;
	}
	fib6_work(&fib, -1);
	printf("%-24s %7.1f ns a change\n", name, (double)best / n);
}

static void print_portions(const char *what, uint64_t ns)
{
	printf("%s in %.2f ms with %u portions of work, the longest %.1f us\n", what, ns / 1e6,
	       portions, longest / 1e3);
	portions = longest = 0;
}

/* A change of the default route concerns every piece. */
static void measure_default(void)
{
	struct fib6_route r = { .kind = FIB6_MAIN, .adj = 1 };
	uint64_t start = now();

	fib6_add(&fib, &r);
	printf("::/0: %.1f us\n", (now() - start) / 1e3);
	while (!portion())
		;
	print_portions("::/0", now() - start);
	fib6_del(&fib, &r);
	fib6_work(&fib, -1);
}

int main(int argc, char **argv)
{
	uint32_t routes = argc > 1 ? strtoul(argv[1], NULL, 0) : 200000;
	uint32_t lookups = argc > 2 ? strtoul(argv[2], NULL, 0) : 200000;
	uint32_t changes = argc > 3 ? strtoul(argv[3], NULL, 0) : 100000;
	uint64_t start;

	fib6_init(&fib, release, NULL);
	start = now();
	fill(routes);
	print_portions("filled", now() - start);
	printf("%u routes, %u pieces, %zu bytes\n", fib.routes, fib.ranges.index->count,
	       fib6_bytes(&fib));
	list();
	multi_make();
	ranges_make();
	hash_make();
	halves_make();
	measure_lookups(lookups);
	measure_changes("trie", trie_change, changes, 0);
	measure_changes("trie, pieces", trie_change, changes, 1);
	measure_changes("trie, pieces, in batches", trie_change, changes, BATCH);
	measure_changes("multibit", trie_multi_change, changes, 0);
	measure_default();
	return 0;
}
