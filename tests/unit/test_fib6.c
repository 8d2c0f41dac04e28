// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* The FIB against a list of routes searched from end to end. */
#include <limits.h>

#include "ip6/fib6.h"
#include "unit.h"

#define ROUTES_MAX	4000
#define ADJ_MAX		0xfffe

struct oracle {
	struct fib6_route route[ROUTES_MAX];
	unsigned int count;
};

static int refs[ADJ_MAX + 1];

static void release(void *arg, uint16_t adj)
{
	(void)arg;
	refs[adj]--;
}

static bool covers(const struct fib6_route *r, struct ipv6_addr addr)
{
	return ipv6_same(r->dst, ipv6_prefix(addr, r->len));
}

/* What the kernel's main table says: longest prefix, then lowest metric. */
static uint16_t oracle_main(const struct oracle *o, struct ipv6_addr addr)
{
	int len = -1, same = 0, odd = 0;
	uint32_t metric = 0, i;
	uint16_t adj = 0;

	for (i = 0; i < o->count; i++) {
		const struct fib6_route *r = &o->route[i];

		if (r->kind != FIB6_MAIN || !covers(r, addr) || r->len < len)
			continue;
		if (r->len > len) {
			len = r->len;
			odd = same = 0;
			metric = UINT_MAX;
		}
		odd |= r->odd;
		if (r->metric == metric && same)
			same++;
		if (r->metric < metric || !same) {
			metric = r->metric;
			adj = r->adj;
			same = 1;
		}
	}
	return odd || same > 1 ? 0 : adj;
}

static uint16_t oracle_lookup(const struct oracle *o, struct ipv6_addr addr)
{
	uint16_t adj = oracle_main(o, addr), main = adj;
	uint32_t i;

	for (i = 0; i < o->count; i++) {
		const struct fib6_route *r = &o->route[i];

		if (r->kind == FIB6_LOCAL && covers(r, addr))
			return 0;
		if (r->kind == FIB6_HOST && ipv6_same(r->dst, addr) && main &&
		    r->glean == main)
			adj = r->adj;
	}
	return adj;
}

static bool same_key(const struct fib6_route *a, const struct fib6_route *b)
{
	return ipv6_same(a->dst, b->dst) && a->len == b->len && a->kind == b->kind &&
	       a->odd == b->odd && a->metric == b->metric &&
	       (a->kind != FIB6_HOST || a->glean == b->glean);
}

static int oracle_find(const struct oracle *o, const struct fib6_route *r)
{
	unsigned int i;

	for (i = 0; i < o->count; i++)
		if (same_key(&o->route[i], r) && o->route[i].adj == r->adj)
			return i;
	return -1;
}

/*
 * What r has beside its prefix. What is local hides all below: it is rarely large.
 * Gleans are as frequent as other answers.
 */
static void random_rest(struct fib6_route *r, uint64_t *seed)
{
	bool local = !below(seed, r->len < 64 ? 2000 : 16);

	r->metric = below(seed, 3);
	r->kind = local ? FIB6_LOCAL : FIB6_MAIN;
	r->odd = !below(seed, 50);
	r->adj = local ? 0 : below(seed, below(seed, 2) ? 5 : 40);
	if (r->len == 128 && below(seed, 2)) {
		r->kind = FIB6_HOST;
		r->odd = false;
		r->metric = 0;
		r->glean = 1 + below(seed, 4);
		r->adj = 40 + below(seed, 40);
	}
}

/* Few bits vary, so that prefixes overlap, on both sides of the middle. */
static struct fib6_route random_route(uint64_t *seed, const struct oracle *o)
{
	static const uint8_t lens[] = { 0, 1, 3, 16, 28, 31, 32, 33, 47, 48, 48, 48, 56,
					63, 64, 64, 65, 96, 112, 126, 127, 128, 128 };
	struct fib6_route r = { .len = lens[below(seed, sizeof(lens))] };
	uint32_t x = random32(seed);

	r.dst.hi = 0x2001ull << 48 | (uint64_t)(x & 3) << 31 |
		   (uint64_t)(x >> 2 & 7) << 15 | (x >> 5 & 3);
	r.dst.lo = (uint64_t)(x >> 7 & 3) << 62 | (x >> 9 & 3) << 15 | (x >> 11 & 7);
	if (x >> 28 == 15)
		r.dst.hi = r.dst.lo = below(seed, 2) ? ~0ull : 0;
	r.dst = ipv6_prefix(r.dst, r.len);
	(void)o;
	random_rest(&r, seed);
	return r;
}

static struct ipv6_addr random_address(uint64_t *seed)
{
	struct ipv6_addr a;

	a.hi = (uint64_t)random32(seed) << 32 | random32(seed);
	a.lo = (uint64_t)random32(seed) << 32 | random32(seed);
	return a;
}

/* Any length, anywhere: mostly inside of another, around it, or beside it. */
static struct fib6_route nested_route(uint64_t *seed, const struct oracle *o)
{
	struct fib6_route r = { .len = below(seed, 4) ? below(seed, 129) : 128 };
	unsigned int at = below(seed, 128);

	if (o->count && below(seed, 8)) {
		r.dst = o->route[below(seed, o->count)].dst;
		r.dst.hi ^= at < 64 ? 1ull << (63 - at) : 0;
		r.dst.lo ^= at < 64 ? 0 : 1ull << (127 - at);
	} else {
		r.dst = random_address(seed);
	}
	r.dst = ipv6_prefix(r.dst, r.len);
	random_rest(&r, seed);
	return r;
}

typedef struct fib6_route (*next_route)(uint64_t *seed, const struct oracle *o);

static void take(const struct fib6_route *r)
{
	refs[r->adj]++;
	if (r->kind == FIB6_HOST)
		refs[r->glean]++;
}

/* Two neighbours never stand for one address on one port: keys are unique. */
static bool oracle_has_host(const struct oracle *o, const struct fib6_route *r)
{
	unsigned int i;

	for (i = 0; i < o->count; i++)
		if (r->kind == FIB6_HOST && same_key(&o->route[i], r))
			return true;
	return false;
}

static void add(struct fib6 *f, struct oracle *o, const struct fib6_route *r)
{
	if (oracle_find(o, r) >= 0 || oracle_has_host(o, r) ||
	    o->count == ROUTES_MAX)
		return;
	take(r);
	assert_int_equal(fib6_add(f, r), FIB6_ADDED);
	o->route[o->count++] = *r;
}

static void del(struct fib6 *f, struct oracle *o, uint32_t i)
{
	struct fib6_route r = o->route[i];

	assert_true(fib6_del(f, &r));
	assert_false(fib6_del(f, &r));
	o->route[i] = o->route[--o->count];
}

static void replace(struct fib6 *f, struct oracle *o, const struct fib6_route *r)
{
	unsigned int i, n = 0, at = 0;

	for (i = 0; i < o->count; i++) {
		if (same_key(&o->route[i], r)) {
			n++;
			at = i;
		}
	}
	assert_int_equal(fib6_unset(f, r), n);
	if (n == 1)
		o->route[at] = o->route[--o->count];
	add(f, o, r);
}

/* What was compared so far: numbers of answers. */
enum { SEEN_PUNT, SEEN_MAIN, SEEN_HOST, SEEN };
static unsigned int seen[SEEN];

static void compare_at(const struct fib6 *f, const struct oracle *o,
		       struct ipv6_addr addr)
{
	uint16_t want = oracle_lookup(o, addr), got = fib6_lookup(f, addr);

	seen[want ? want < 40 ? SEEN_MAIN : SEEN_HOST : SEEN_PUNT]++;
	if (want != got)
		fail_msg("%016lx:%016lx: want %u, got %u", addr.hi, addr.lo, want, got);
}

static struct ipv6_addr plus(struct ipv6_addr a, int64_t one)
{
	struct ipv6_addr sum = { a.hi, a.lo + one };

	sum.hi += one > 0 ? !sum.lo : -(uint64_t)!a.lo;
	return sum;
}

/* Inside and outside of both ends. */
static void compare_borders(const struct fib6 *f, const struct oracle *o,
			    const struct fib6_route *r)
{
	struct ipv6_addr mask = ipv6_mask(r->len), last;

	last = (struct ipv6_addr){ r->dst.hi | ~mask.hi, r->dst.lo | ~mask.lo };
	compare_at(f, o, r->dst);
	compare_at(f, o, plus(r->dst, -1));
	compare_at(f, o, last);
	compare_at(f, o, plus(last, 1));
}

static void work(struct fib6 *f, uint64_t *seed)
{
	while (!fib6_work(f, 1 + below(seed, 500)))
		;
}

static void compare(struct fib6 *f, const struct oracle *o, next_route next, uint64_t *seed)
{
	unsigned int i;

	work(f, seed);
	assert_int_equal(f->routes, o->count);
	for (i = 0; i < 60; i++) {
		struct fib6_route r = next(seed, o);

		if (o->count && i & 1)
			r = o->route[below(seed, o->count)];
		compare_borders(f, o, &r);
		r.dst.hi ^= (uint64_t)random32(seed) << 32;
		compare_at(f, o, r.dst);
		compare_at(f, o, random_address(seed));
	}
}

static struct ipv6_addr range_start(const struct ranges6 *r, uint32_t piece, unsigned int k)
{
	const struct ranges6_piece *p = r->index->piece[piece];

	if (!k)
		return ranges6_first(r, piece);
	return (struct ipv6_addr){ p->hi[k], p->wide ? p->lo[k] : 0 };
}

/* What a search relies on, and what bounds the work for a change. */
static void assert_ranges(const struct ranges6 *r)
{
	struct ipv6_addr before = { 0, 0 }, start;
	size_t bytes = 0;
	unsigned int k;
	uint32_t i;

	assert_int_equal(r->index->hi[0] | r->index->lo[0], 0);
	for (i = 0; i < r->index->count; i++) {
		assert_in_range(r->index->piece[i]->count, 1, RANGES6_PIECE);
		/* The nodes that begin at one address come together. */
		assert_true(r->index->piece[i]->weight <= RANGES6_WEIGHT + 129);
		for (k = 0; k < r->index->piece[i]->count; k++) {
			start = range_start(r, i, k);
			assert_true(!(i | k) || ipv6_less(before, start));
			before = start;
		}
		bytes += sizeof(*r->index->piece[i]) + (r->index->piece[i]->wide ? 8 * RANGES6_PIECE : 0);
	}
	assert_int_equal(r->bytes, bytes);
}

/* Both sides of every border of ranges. */
static void compare_ranges(const struct fib6 *f, const struct oracle *o)
{
	unsigned int k;
	uint32_t i;

	assert_ranges(&f->ranges);
	for (i = 0; i < f->ranges.index->count; i++) {
		for (k = 0; k < f->ranges.index->piece[i]->count; k++) {
			struct ipv6_addr start = range_start(&f->ranges, i, k);

			compare_at(f, o, start);
			compare_at(f, o, plus(start, -1));
		}
	}
}

/* Nothing is left, and next to no memory. */
static void empty(struct fib6 *f, struct oracle *o)
{
	unsigned int i;

	while (o->count)
		del(f, o, o->count - 1);
	assert_true(fib6_work(f, UINT_MAX));
	assert_int_equal(f->routes, 0);
	assert_int_equal(f->root, 0);
	for (i = 0; i <= ADJ_MAX; i++)
		assert_int_equal(refs[i], 0);
	assert_ranges(&f->ranges);
	assert_int_equal(f->ranges.index->count, 1);
	assert_false(f->ranges.index->piece[0]->wide);
}

static void change(struct fib6 *f, struct oracle *o, next_route next, bool grow, uint64_t *seed)
{
	struct fib6_route r = next(seed, o);
	unsigned int what = below(seed, 100);

	if (what < (grow ? 70 : 40))
		add(f, o, &r);
	else if (what < (grow ? 80 : 50))
		replace(f, o, &r);
	else if (o->count)
		del(f, o, below(seed, o->count));
}

static void random_changes(next_route next, unsigned int changes, uint64_t seed)
{
	struct fib6 f;
	struct oracle *o = calloc(1, sizeof(*o));
	unsigned int i;

	memset(seen, 0, sizeof(seen));
	assert_true(fib6_init(&f, release, NULL));
	for (i = 0; i < changes; i++) {
		change(&f, o, next, i / 2500 % 2, &seed);
		if (i % 60 == 0)
			compare(&f, o, next, &seed);
		if (i % 2000 == 1999) {
			work(&f, &seed);
			compare_ranges(&f, o);
		}
	}
	compare(&f, o, next, &seed);
	empty(&f, o);
	fib6_exit(&f);
	free(o);
	/* Nothing is proved by comparing nothing with nothing. */
	print_message("%u punted, %u routed, %u to neighbours\n", seen[SEEN_PUNT],
		      seen[SEEN_MAIN], seen[SEEN_HOST]);
	assert_true(seen[SEEN_MAIN] > seen[SEEN_PUNT] / 4);
	assert_true(seen[SEEN_HOST] > 50);
}

static void test_random(void **state)
{
	(void)state;
	random_changes(random_route, 15000, 1);
}

static void test_nested(void **state)
{
	(void)state;
	random_changes(nested_route, 15000, 5);
}

/* Confirm some, and tell some that are new. */
static void tell_again(struct fib6 *f, struct oracle *o, next_route next, uint64_t *seed)
{
	unsigned int i = 0;

	while (i < o->count) {
		if (below(seed, 3)) {
			assert_int_equal(fib6_add(f, &o->route[i]), FIB6_CONFIRMED);
			i++;
		} else {
			o->route[i] = o->route[--o->count];
		}
	}
	for (i = 0; i < 200; i++) {
		struct fib6_route r = next(seed, o);

		/* Dropped from the list, but not swept: not addable. */
		if (oracle_find(o, &r) < 0 && !oracle_has_host(o, &r)) {
			if (fib6_add(f, &r) == FIB6_ADDED)
				take(&r);
			o->route[o->count++] = r;
		}
	}
}

/* Mark, confirm some, add some, sweep: what is left is what was told. */
static void sweeps(next_route next, uint64_t seed)
{
	struct fib6 f;
	struct oracle *o = calloc(1, sizeof(*o));
	unsigned int round;

	assert_true(fib6_init(&f, release, NULL));
	for (round = 0; round < 40; round++) {
		fib6_mark(&f);
		tell_again(&f, o, next, &seed);
		fib6_sweep(&f);
		compare(&f, o, next, &seed);
		compare_ranges(&f, o);
	}
	empty(&f, o);
	fib6_exit(&f);
	free(o);
}

static void test_sweep(void **state)
{
	(void)state;
	sweeps(random_route, 2);
	sweeps(nested_route, 6);
}

/* Two routes that look the same are not one to be deleted. */
static void test_shared(void **state)
{
	struct fib6_route r = { .dst = { 0xfdull << 56, 0 }, .len = 8, .kind = FIB6_LOCAL };
	struct fib6 f;

	(void)state;
	memset(refs, 0, sizeof(refs));
	assert_true(fib6_init(&f, release, NULL));
	take(&r);
	assert_int_equal(fib6_add(&f, &r), FIB6_ADDED);
	assert_int_equal(fib6_add(&f, &r), FIB6_CONFIRMED);
	assert_false(fib6_del(&f, &r));
	fib6_mark(&f);
	assert_int_equal(fib6_add(&f, &r), FIB6_CONFIRMED);
	assert_true(fib6_del(&f, &r));
	fib6_exit(&f);
}

/* Where the default-free zone has them: mostly /48, in some thousand /32 and /29. */
static struct fib6_route internet_route(uint64_t *seed)
{
	static const uint16_t first[] = { 0x2001, 0x2400, 0x2604, 0x2620, 0x2804, 0x2a00,
					  0x2a02, 0x2a06, 0x2c0f };
	static const uint8_t lens[] = { 29, 32, 32, 32, 36, 40, 44, 44, 46, 47, 48, 48,
					48, 48, 48, 48, 48, 48, 56, 64 };
	struct fib6_route r = { .kind = FIB6_MAIN, .len = lens[below(seed, sizeof(lens))] };

	r.dst.hi = (uint64_t)first[below(seed, 9)] << 48 |
		   (uint64_t)below(seed, 2000) << 32 | random32(seed);
	r.dst = ipv6_prefix(r.dst, r.len);
	r.adj = 1 + below(seed, 1000);
	return r;
}

static void fill_internet(struct fib6 *f)
{
	uint64_t seed = 3;

	assert_true(fib6_init(f, release, NULL));
	while (f->routes < 200000) {
		struct fib6_route r = internet_route(&seed);

		if (fib6_add(f, &r) == FIB6_ADDED)
			assert_int_not_equal(fib6_only(f, &r) | (f->routes > 1), 0);
		if (f->routes % 64 == 0)
			fib6_work(f, 2000);
	}
	assert_true(fib6_work(f, UINT_MAX));
	assert_ranges(&f->ranges);
}

static void test_internet(void **state)
{
	struct fib6 f;

	(void)state;
	fill_internet(&f);
	print_message("%u routes: %zu bytes\n", f.routes, fib6_bytes(&f));
	assert_true(fib6_bytes(&f) <= 32u << 20);
	/* Swept in bounded steps: nothing is told again. */
	fib6_mark(&f);
	fib6_sweep(&f);
	assert_false(fib6_work(&f, 1000));
	assert_true(f.routes >= 200000 - 1000);
	while (!fib6_work(&f, 1000))
		;
	assert_int_equal(f.routes, 0);
	assert_int_equal(f.root, 0);
	assert_int_equal(f.ranges.index->count, 1);
	fib6_exit(&f);
}

/* Each node begins in one piece, and weighs there. All pieces were just made. */
static void assert_weight(const struct fib6 *f)
{
	uint32_t i, nodes = 0, weight = 0;

	for (i = f->node_free; i; i = f->nodes[i].child[0])
		nodes--;
	nodes += f->node_used - 1;
	for (i = 0; i < f->ranges.index->count; i++)
		weight += f->ranges.index->piece[i]->weight;
	assert_int_equal(weight, nodes);
}

static unsigned int count_due(const struct fib6 *f)
{
	unsigned int n = 0;
	uint32_t i;

	for (i = 0; i < f->ranges.index->count; i++)
		n += f->ranges.due[i];
	return n;
}

/*
 * A default route concerns all there is: piece by piece, and each piece has the old
 * answers until then. A route inside of a piece concerns that one.
 */
static void test_portions(void **state)
{
	struct ipv6_addr gap = { 0x3fffull << 48, 0 };
	struct fib6_route all = { .kind = FIB6_MAIN, .adj = 2000 }, one;
	unsigned int due, steps;
	uint64_t seed = 4;
	struct fib6 f;

	(void)state;
	fill_internet(&f);
	assert_int_equal(fib6_add(&f, &all), FIB6_ADDED);
	assert_int_equal(fib6_lookup(&f, gap), 0);
	due = count_due(&f);
	assert_int_equal(due, f.ranges.index->count);
	for (steps = 1; !fib6_work(&f, 1); steps++) {
		assert_in_range(count_due(&f), due - 1, due);
		due = count_due(&f);
	}
	assert_true(steps >= f.ranges.index->count);
	assert_int_equal(fib6_lookup(&f, gap), 2000);
	assert_weight(&f);
	do
		one = internet_route(&seed);
	while (one.len < 48);
	one.metric = 1;
	assert_int_equal(fib6_add(&f, &one), FIB6_ADDED);
	assert_in_range(count_due(&f), 0, 2);
	fib6_exit(&f);
}

/* Of a quarter of the routes, pieces are joined: not to more than can be made at once. */
static void test_joins(void **state)
{
	struct ipv6_addr first = { 0, 0 }, last = { ~0ull, ~0ull };
	uint64_t seed = 3;
	struct fib6 f;
	uint32_t i, count;

	(void)state;
	fill_internet(&f);
	count = f.ranges.index->count;
	fib6_mark(&f);
	for (i = 0; i < 200000; i++) {
		struct fib6_route r = internet_route(&seed);

		if (i % 4 == 0)
			fib6_add(&f, &r);
	}
	fib6_sweep(&f);
	ranges6_change(&f.ranges, first, last);
	assert_true(fib6_work(&f, UINT_MAX));
	assert_true(f.ranges.index->count < count / 2);
	assert_ranges(&f.ranges);
	assert_weight(&f);
	fib6_exit(&f);
}

/* Where all routes lead the same way there is little to tell, but much to look at. */
static void test_one_way(void **state)
{
	struct fib6_route r;
	struct fib6 f;
	uint64_t seed = 3;

	(void)state;
	assert_true(fib6_init(&f, release, NULL));
	while (f.routes < 50000) {
		r = internet_route(&seed);
		r.adj = 1;
		fib6_add(&f, &r);
	}
	assert_true(fib6_work(&f, UINT_MAX));
	assert_ranges(&f.ranges);
	assert_true(f.ranges.index->count > f.routes / RANGES6_WEIGHT);
	assert_int_equal(fib6_lookup(&f, r.dst), 1);
	assert_int_equal(fib6_lookup(&f, (struct ipv6_addr){ 1, 1 }), 0);
	fib6_exit(&f);
}

/* 200,000 hosts of one network, in many pieces: the upper half says nothing there. */
static void test_hosts(void **state)
{
	struct fib6_route r = { .dst = { 0x20010db8ull << 32, 0 }, .len = 64,
				.kind = FIB6_MAIN, .adj = 1 };
	struct fib6 f;
	uint32_t i;

	(void)state;
	assert_true(fib6_init(&f, release, NULL));
	assert_int_equal(fib6_add(&f, &r), FIB6_ADDED);
	r.len = 128;
	for (i = 0; i < 200000; i++) {
		r.dst.lo = i * 7919ull % 200000 << 20;
		r.adj = 2 + r.dst.lo / 3 % 1000;
		assert_int_equal(fib6_add(&f, &r), FIB6_ADDED);
		if (i % 64 == 0)
			fib6_work(&f, 2000);
	}
	assert_true(fib6_work(&f, UINT_MAX));
	assert_ranges(&f.ranges);
	for (i = 0; i < 200000; i++) {
		r.dst.lo = (uint64_t)i << 20;
		assert_int_equal(fib6_lookup(&f, r.dst), 2 + r.dst.lo / 3 % 1000);
		assert_int_equal(fib6_lookup(&f, plus(r.dst, 1)), 1);
		assert_int_equal(fib6_lookup(&f, plus(r.dst, -1)), i ? 1 : 0);
	}
	print_message("%u hosts: %zu bytes\n", f.routes - 1, fib6_bytes(&f));
	assert_true(fib6_bytes(&f) <= 32u << 20);
	fib6_exit(&f);
}

/* A router that has none pays nothing. */
static void test_none(void **state)
{
	struct fib6 f;

	(void)state;
	assert_true(fib6_init(&f, release, NULL));
	assert_true(fib6_work(&f, 1));
	assert_true(fib6_bytes(&f) < 1024);
	fib6_exit(&f);
}

/* All that has a route, once each. */
static void test_prefixes(void **state)
{
	struct fib6_prefix p[64];
	struct fib6_route r = { .kind = FIB6_MAIN };
	struct fib6 f;
	unsigned int i;

	(void)state;
	assert_true(fib6_init(&f, release, NULL));
	for (i = 0; i <= 128; i += 4) {
		r.len = i;
		r.dst = ipv6_prefix((struct ipv6_addr){ 0x20010db812345678, 0x123456789abcdef }, i);
		assert_int_equal(fib6_add(&f, &r), FIB6_ADDED);
	}
	assert_int_equal(fib6_prefixes(&f, p), 33);
	for (i = 0; i < 33; i++)
		assert_int_equal(p[i].len, 4 * i);
	fib6_exit(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_nested),
		cmocka_unit_test(test_sweep),
		cmocka_unit_test(test_shared),
		cmocka_unit_test(test_internet),
		cmocka_unit_test(test_portions),
		cmocka_unit_test(test_joins),
		cmocka_unit_test(test_one_way),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_prefixes),
	};

	return cmocka_run_group_tests_name("fib6", tests, NULL, NULL);
}
