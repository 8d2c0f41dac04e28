// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* The FIB against a list of routes searched from end to end. */
#include <limits.h>

#include "ip4/fib4.h"
#include "unit.h"

#define ROUTES_MAX	4000

struct oracle {
	struct fib4_route route[ROUTES_MAX];
	unsigned int count;
};

static int refs[FIB4_ADJ_MAX + 1];

static void release(void *arg, uint16_t adj)
{
	(void)arg;
	refs[adj]--;
}

static uint32_t mask(unsigned int len)
{
	return len ? ~0u << (32 - len) : 0;
}

static bool covers(const struct fib4_route *r, uint32_t addr)
{
	return !((addr ^ r->dst) & mask(r->len));
}

/* What the kernel's main table says: longest prefix, then lowest metric. */
static uint16_t oracle_main(const struct oracle *o, uint32_t addr)
{
	int len = -1, same = 0, tos = 0;
	uint32_t metric = 0, i;
	uint16_t adj = 0;

	for (i = 0; i < o->count; i++) {
		const struct fib4_route *r = &o->route[i];

		if (r->kind != FIB4_MAIN || !covers(r, addr) || r->len < len)
			continue;
		if (r->len > len) {
			len = r->len;
			tos = same = 0;
			metric = UINT_MAX;
		}
		tos |= r->tos;
		if (r->metric == metric && same)
			same++;
		if (r->metric < metric || !same) {
			metric = r->metric;
			adj = r->adj;
			same = 1;
		}
	}
	return tos || same > 1 ? 0 : adj;
}

static uint16_t oracle_lookup(const struct oracle *o, uint32_t addr)
{
	uint16_t adj = oracle_main(o, addr), main = adj;
	uint32_t i;

	for (i = 0; i < o->count; i++) {
		const struct fib4_route *r = &o->route[i];

		if (r->kind == FIB4_LOCAL && covers(r, addr))
			return 0;
		if (r->kind == FIB4_HOST && r->dst == addr && main &&
		    r->glean == main)
			adj = r->adj;
	}
	return adj;
}

static bool same_key(const struct fib4_route *a, const struct fib4_route *b)
{
	return a->dst == b->dst && a->len == b->len && a->kind == b->kind &&
	       a->tos == b->tos && a->metric == b->metric &&
	       (a->kind != FIB4_HOST || a->glean == b->glean);
}

static int oracle_find(const struct oracle *o, const struct fib4_route *r)
{
	unsigned int i;

	for (i = 0; i < o->count; i++)
		if (same_key(&o->route[i], r) && o->route[i].adj == r->adj)
			return i;
	return -1;
}

/* Few bits vary, so that prefixes overlap, share chunks and cross them. */
static struct fib4_route random_route(uint64_t *seed)
{
	static const uint8_t lens[] = { 0, 1, 4, 8, 12, 15, 16, 17, 18, 20, 24, 24,
					28, 30, 31, 32, 32 };
	struct fib4_route r = { 0 };
	uint32_t x = random32(seed);

	r.len = lens[below(seed, sizeof(lens))];
	r.dst = (10u << 24 | (x & 3) << 16 | (x & 0xff00) | (x >> 16 & 7) << 5 |
		 (x >> 24 & 3)) & mask(r.len);
	if (x >> 28 == 15)
		r.dst = (below(seed, 2) ? 0xffffffff : 0) & mask(r.len);
	r.metric = below(seed, 3);
	r.kind = below(seed, 16) ? FIB4_MAIN : FIB4_LOCAL;
	r.tos = below(seed, 50) ? 0 : 16;
	r.adj = r.kind == FIB4_LOCAL ? 0 : below(seed, 40);
	if (r.len == 32 && below(seed, 2)) {
		r.kind = FIB4_HOST;
		r.tos = 0;
		r.metric = 0;
		r.glean = 1 + below(seed, 4);
		r.adj = 40 + below(seed, 40);
	}
	return r;
}

static void take(const struct fib4_route *r)
{
	refs[r->adj]++;
	if (r->kind == FIB4_HOST)
		refs[r->glean]++;
}

/* Two neighbours never stand for one address on one port: keys are unique. */
static bool oracle_has_host(const struct oracle *o, const struct fib4_route *r)
{
	unsigned int i;

	for (i = 0; i < o->count; i++)
		if (r->kind == FIB4_HOST && same_key(&o->route[i], r))
			return true;
	return false;
}

static void add(struct fib4 *f, struct oracle *o, const struct fib4_route *r)
{
	if (oracle_find(o, r) >= 0 || oracle_has_host(o, r) ||
	    o->count == ROUTES_MAX)
		return;
	take(r);
	assert_int_equal(fib4_add(f, r), FIB4_ADDED);
	o->route[o->count++] = *r;
}

static void del(struct fib4 *f, struct oracle *o, uint32_t i)
{
	struct fib4_route r = o->route[i];

	assert_true(fib4_del(f, &r));
	assert_false(fib4_del(f, &r));
	o->route[i] = o->route[--o->count];
}

static void replace(struct fib4 *f, struct oracle *o, const struct fib4_route *r)
{
	unsigned int i, n = 0, at = 0;

	for (i = 0; i < o->count; i++) {
		if (same_key(&o->route[i], r)) {
			n++;
			at = i;
		}
	}
	assert_int_equal(fib4_unset(f, r), n);
	if (n == 1)
		o->route[at] = o->route[--o->count];
	add(f, o, r);
}

static void compare_at(const struct fib4 *f, const struct oracle *o, uint32_t addr)
{
	uint16_t want = oracle_lookup(o, addr), got = fib4_lookup(f, addr);

	if (want != got)
		fail_msg("%08x: want %u, got %u", addr, want, got);
}

static void compare(struct fib4 *f, const struct oracle *o, uint64_t *seed)
{
	unsigned int i;

	while (!fib4_work(f, 1 + below(seed, 5000)))
		;
	assert_int_equal(f->routes, o->count);
	for (i = 0; i < 60; i++) {
		struct fib4_route r = random_route(seed);

		if (o->count && i & 1)
			r = o->route[below(seed, o->count)];
		compare_at(f, o, r.dst);
		compare_at(f, o, r.dst - 1);
		compare_at(f, o, r.dst | ~mask(r.len));
		compare_at(f, o, (r.dst | ~mask(r.len)) + 1);
		compare_at(f, o, random32(seed));
	}
}

static void empty(struct fib4 *f, struct oracle *o)
{
	unsigned int i;

	while (o->count)
		del(f, o, o->count - 1);
	assert_true(fib4_work(f, UINT_MAX));
	assert_int_equal(f->routes, 0);
	assert_int_equal(f->root, 0);
	assert_int_equal(f->pool_live, 0);
	for (i = 0; i <= FIB4_ADJ_MAX; i++)
		assert_int_equal(refs[i], 0);
}

static void test_random(void **state)
{
	struct fib4 f;
	struct oracle *o = calloc(1, sizeof(*o));
	uint64_t seed = 1;
	unsigned int i;

	(void)state;
	assert_true(fib4_init(&f, release, NULL));
	for (i = 0; i < 15000; i++) {
		struct fib4_route r = random_route(&seed);
		unsigned int what = below(&seed, 100), grow = i / 2500 % 2;

		if (what < (grow ? 70 : 40))
			add(&f, o, &r);
		else if (what < (grow ? 80 : 50))
			replace(&f, o, &r);
		else if (o->count)
			del(&f, o, below(&seed, o->count));
		if (i % 60 == 0)
			compare(&f, o, &seed);
	}
	compare(&f, o, &seed);
	empty(&f, o);
	fib4_exit(&f);
	free(o);
}

/* Mark, confirm some, add some, sweep: what is left is what was told. */
static void test_sweep(void **state)
{
	struct fib4 f;
	struct oracle *o = calloc(1, sizeof(*o));
	uint64_t seed = 2;
	unsigned int round, i;

	(void)state;
	assert_true(fib4_init(&f, release, NULL));
	for (round = 0; round < 40; round++) {
		fib4_mark(&f);
		i = 0;
		while (i < o->count) {
			if (below(&seed, 3)) {
				assert_int_equal(fib4_add(&f, &o->route[i]),
						 FIB4_CONFIRMED);
				i++;
			} else {
				o->route[i] = o->route[--o->count];
			}
		}
		for (i = 0; i < 200; i++) {
			struct fib4_route r = random_route(&seed);

			/* Dropped from the list, but not swept: not addable. */
			if (oracle_find(o, &r) < 0 && !oracle_has_host(o, &r)) {
				if (fib4_add(&f, &r) == FIB4_ADDED)
					take(&r);
				o->route[o->count++] = r;
			}
		}
		fib4_sweep(&f);
		compare(&f, o, &seed);
	}
	empty(&f, o);
	fib4_exit(&f);
	free(o);
}

/* Two routes that look the same are not one to be deleted. */
static void test_shared(void **state)
{
	struct fib4_route r = { .dst = 10u << 24, .len = 8, .kind = FIB4_LOCAL };
	struct fib4 f;

	(void)state;
	memset(refs, 0, sizeof(refs));
	assert_true(fib4_init(&f, release, NULL));
	take(&r);
	assert_int_equal(fib4_add(&f, &r), FIB4_ADDED);
	assert_int_equal(fib4_add(&f, &r), FIB4_CONFIRMED);
	assert_false(fib4_del(&f, &r));
	fib4_mark(&f);
	assert_int_equal(fib4_add(&f, &r), FIB4_CONFIRMED);
	assert_true(fib4_del(&f, &r));
	fib4_exit(&f);
}

/* A million routes: the bound on memory, and the default route's change. */
static void test_million(void **state)
{
	struct fib4_route r = { .kind = FIB4_MAIN }, all = { .kind = FIB4_MAIN };
	struct fib4 f;
	uint64_t seed = 3;
	unsigned int i;

	(void)state;
	assert_true(fib4_init(&f, release, NULL));
	for (i = 0; i < 1000000; i++) {
		r.len = 17 + below(&seed, 16);
		r.dst = random32(&seed) & mask(r.len);
		r.adj = 1 + below(&seed, 1000);
		fib4_add(&f, &r);
	}
	assert_true(fib4_work(&f, UINT_MAX));
	all.adj = 7;
	assert_int_equal(fib4_add(&f, &all), FIB4_ADDED);
	assert_true(fib4_work(&f, UINT_MAX));
	print_message("%u routes: %zu bytes, %u of ranges\n", f.routes,
		      fib4_bytes(&f), f.pool_live * 4);
	assert_true(fib4_bytes(&f) < 96u << 20);
	fib4_exit(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_sweep),
		cmocka_unit_test(test_shared),
		cmocka_unit_test(test_million),
	};

	return cmocka_run_group_tests_name("fib4", tests, NULL, NULL);
}
