// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * Slots go round between two threads by two rings of exactly as many entries,
 * as they do between kernel and VR. What is in a slot is plain memory, so the
 * thread sanitizer sees whether the rings alone order it.
 */
#include <libeuropa_ring.h>
#include <pthread.h>
#include <sched.h>

#include "unit.h"

#define ENTRIES	1500000u

struct trial {
	struct europa_ring rx_in, rx_out, tx_in, tx_out;
	uint32_t size;
	uint32_t *content;	/* of each slot: packet number */
	uint32_t bad_there;	/* seen by the VR */
	uint32_t bad_here;
};

/* Both threads may share a core. */
static void relax(unsigned int *idle)
{
	if (++*idle % 64 == 0)
		sched_yield();
}

/* Gives every packet back, its content inverted, out of order. */
static void *virtual_router(void *arg)
{
	struct trial *t = arg;
	struct europa_entry e[64];
	uint64_t seed = 7;
	uint32_t seen = 0, i, n;
	unsigned int idle = 0;

	while (seen < ENTRIES) {
		n = europa_ring_read(&t->rx_out, e, 1 + below(&seed, 64));
		if (!n)
			relax(&idle);
		for (i = 0; i < n; i++, seen++) {
			t->bad_there += e[i].len != seen ||
					t->content[e[i].slot] != seen;
			t->content[e[i].slot] = ~seen;
		}
		for (i = 0; i < n; i++) {
			uint32_t j = i + below(&seed, n - i);
			struct europa_entry swap = e[j];

			e[j] = e[i];
			e[i] = swap;
			e[i].op = i & 1;
			e[i].phase = 0;
			europa_ring_write(&t->tx_in, e[i]);
		}
		europa_ring_submit(&t->tx_in);
	}
	return NULL;
}

static uint32_t take_back(struct trial *t, uint16_t *stack, uint32_t count,
			  uint32_t max)
{
	struct europa_entry e[64];
	uint32_t i, n = europa_ring_read(&t->tx_out, e, max);

	for (i = 0; i < n; i++) {
		t->bad_here += t->content[e[i].slot] != ~e[i].len;
		stack[count++] = e[i].slot;
	}
	return count;
}

static void kernel(struct trial *t, uint16_t *stack)
{
	uint32_t count = t->size, sent = 0, n;
	uint64_t seed = 11;
	unsigned int idle = 0;

	for (n = 0; n < t->size; n++)
		stack[n] = n;
	while (sent < ENTRIES || count < t->size) {
		n = below(&seed, 65);
		for (; n && count && sent < ENTRIES; n--, sent++) {
			struct europa_entry e = { .len = sent, .slot = stack[--count] };

			t->content[e.slot] = sent;
			europa_ring_write(&t->rx_in, e);
		}
		if (!europa_ring_submit(&t->rx_in))
			relax(&idle);
		count = take_back(t, stack, count, 1 + below(&seed, 64));
	}
}

static void go_round(uint32_t size)
{
	struct trial t = { .size = size };
	void *rx = aligned_alloc(64, size * 16), *tx = aligned_alloc(64, size * 16);
	uint16_t *stack = malloc(size * sizeof(*stack));
	pthread_t thread;

	memset(rx, 0, size * 16);
	memset(tx, 0, size * 16);
	europa_ring_init(&t.rx_in, rx, size);
	europa_ring_init(&t.rx_out, rx, size);
	europa_ring_init(&t.tx_in, tx, size);
	europa_ring_init(&t.tx_out, tx, size);
	t.content = calloc(size, sizeof(*t.content));
	assert_int_equal(pthread_create(&thread, NULL, virtual_router, &t), 0);
	kernel(&t, stack);
	pthread_join(thread, NULL);
	assert_int_equal(t.bad_there, 0);
	assert_int_equal(t.bad_here, 0);
	assert_int_equal(t.rx_out.cursor, ENTRIES);
	assert_int_equal(t.tx_out.cursor, ENTRIES);
	free(t.content);
	free(stack);
	free(rx);
	free(tx);
}

static void test_small(void **state)
{
	(void)state;
	go_round(64);
}

static void test_large(void **state)
{
	(void)state;
	go_round(4096);
}

/* One entry is all there is of the smallest ring's lap. */
static void test_tiny(void **state)
{
	struct europa_entry memory[1] = { 0 }, e = { .len = 5 }, out[2];
	struct europa_ring in, to;
	uint32_t i;

	(void)state;
	europa_ring_init(&in, memory, 1);
	europa_ring_init(&to, memory, 1);
	for (i = 0; i < 10; i++) {
		e.len = i;
		europa_ring_write(&in, e);
		assert_false(europa_ring_ready(&to));
		assert_int_equal(europa_ring_submit(&in), 1);
		assert_int_equal(europa_ring_read(&to, out, 2), 1);
		assert_int_equal(out[0].len, i);
		assert_false(europa_ring_ready(&to));
	}
}

/* Nothing of a burst is seen before it is submitted, all of it after. */
static void test_publish(void **state)
{
	struct europa_entry memory[64] = { 0 }, e = { 0 }, out[64];
	struct europa_ring in, to;
	uint32_t lap, i;

	(void)state;
	europa_ring_init(&in, memory, 64);
	europa_ring_init(&to, memory, 64);
	assert_int_equal(europa_ring_submit(&in), 0);
	for (lap = 0; lap < 20; lap++) {
		for (i = 0; i < 48; i++) {
			e.slot = i;
			europa_ring_write(&in, e);
			assert_int_equal(europa_ring_read(&to, out, 64), 0);
		}
		assert_int_equal(europa_ring_submit(&in), 48);
		assert_int_equal(europa_ring_read(&to, out, 20), 20);
		assert_int_equal(europa_ring_read(&to, out + 20, 64), 28);
		for (i = 0; i < 48; i++)
			assert_int_equal(out[i].slot, i);
	}
}

/* Cursors wrap at 2^32 without a seam. */
static void test_cursor_wrap(void **state)
{
	struct europa_entry memory[64] = { 0 }, e = { 0 }, out[2];
	struct europa_ring in, to;
	uint32_t i;

	(void)state;
	europa_ring_init(&in, memory, 64);
	europa_ring_init(&to, memory, 64);
	in.cursor = in.published = to.cursor = -128u;
	for (i = 0; i < 500; i++) {
		e.len = i;
		europa_ring_write(&in, e);
		assert_int_equal(europa_ring_submit(&in), 1);
		assert_int_equal(europa_ring_read(&to, out, 2), 1);
		assert_int_equal(out[0].len, i);
		assert_int_equal(europa_ring_read(&to, out, 2), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tiny),
		cmocka_unit_test(test_publish),
		cmocka_unit_test(test_cursor_wrap),
		cmocka_unit_test(test_small),
		cmocka_unit_test(test_large),
	};

	return cmocka_run_group_tests_name("ring", tests, NULL, NULL);
}
