// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* Ranges where there is no memory; with memory, test_fib6.c tries them. */
#include "unit.h"

static unsigned int allowed = UINT32_MAX;	/* allocations */

static void *scarce_malloc(size_t n)
{
	return allowed && allowed-- ? malloc(n) : NULL;
}

static void *scarce_realloc(void *p, size_t n)
{
	return allowed && allowed-- ? realloc(p, n) : NULL;
}

#define malloc	scarce_malloc
#define realloc	scarce_realloc
#include "ip6/ranges6.c"
#undef malloc
#undef realloc

#define RANGES	200

/* The answer for the k-th /64, or the k-th address of one. */
static uint16_t answer(unsigned int k)
{
	return 1 + k;
}

static struct ipv6_addr address(unsigned int k, bool wide)
{
	return wide ? (struct ipv6_addr){ 1, k } : (struct ipv6_addr){ k, 0 };
}

/* A piece that begins at first and reaches to last. */
static void list(struct ranges6_list *l, struct ipv6_addr first, struct ipv6_addr last,
		 bool wide, bool many)
{
	unsigned int k;

	if (!many || !first.hi)
		ranges6_add(l, first, 7, 0);
	for (k = 1; many && k < RANGES; k++) {
		struct ipv6_addr start = address(k, wide);

		if (!ipv6_less(start, first) && !ipv6_less(last, start) &&
		    !ranges6_add(l, start, answer(k), k))
			return;
	}
}

/* Whatever is due; of many ranges, or of a single one. */
static void make(struct ranges6 *r, bool wide, bool many)
{
	uint32_t piece;

	while (ranges6_due(r, &piece)) {
		struct ranges6_list l = { 0 };

		list(&l, ranges6_first(r, piece), ranges6_last(r, piece), wide, many);
		ranges6_set(r, piece, &l);
	}
}

static void change_all(struct ranges6 *r, bool wide, bool many)
{
	ranges6_change(r, (struct ipv6_addr){ 0, 0 }, LAST);
	make(r, wide, many);
}

/* Returns how many are punted. */
static unsigned int compare(const struct ranges6 *r, bool wide)
{
	unsigned int k, punted = 0;

	for (k = 1; k < RANGES; k++) {
		uint16_t got = ranges6_lookup(r, address(k, wide));

		if (got)
			assert_int_equal(got, answer(k));
		punted += !got;
	}
	return punted;
}

/* Whichever allocation fails: answers are right, or the kernel's; later all are right. */
static void fail_at(unsigned int n, bool wide)
{
	struct ranges6 r;

	assert_true(ranges6_init(&r));
	change_all(&r, wide, false);
	allowed = n;
	change_all(&r, wide, true);
	allowed = UINT32_MAX;
	if (!n)
		assert_int_equal(compare(&r, wide), RANGES - 1);
	compare(&r, wide);
	change_all(&r, wide, true);
	assert_int_equal(compare(&r, wide), 0);
	assert_in_range(r.index->count, RANGES / RANGES6_PIECE, RANGES);
	/* All are joined, or stay as they are. */
	allowed = n;
	change_all(&r, wide, false);
	allowed = UINT32_MAX;
	change_all(&r, wide, false);
	assert_int_equal(r.index->count, 1);
	assert_int_equal(ranges6_lookup(&r, address(RANGES / 2, wide)), 7);
	ranges6_exit(&r);
}

static void test_memory(void **state)
{
	unsigned int n;

	(void)state;
	for (n = 0; n < 60; n++) {
		fail_at(n, false);
		fail_at(n, true);
	}
}

/* The first allocations, too. */
static void test_init(void **state)
{
	unsigned int n;
	struct ranges6 r;

	(void)state;
	for (n = 0; n < 3; n++) {
		allowed = n;
		assert_false(ranges6_init(&r));
		ranges6_exit(&r);
	}
	allowed = n;
	assert_true(ranges6_init(&r));
	ranges6_exit(&r);
	allowed = UINT32_MAX;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_init),
		cmocka_unit_test(test_memory),
	};

	return cmocka_run_group_tests_name("ranges6", tests, NULL, NULL);
}
