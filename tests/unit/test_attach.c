// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* What europa_attach_with() asks of the kernel, and what it makes of the answer. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "fake.h"
#include "unit.h"

#define SLOTS	64
#define TOMORROW	(1ULL << 63)	/* a feature that no kernel knows yet */

static struct fake_device *const k = &fake_device;

static int begin(void **state)
{
	(void)state;
	memset(k, 0, sizeof(*k));
	k->knows = EUROPA_FEATURE_AGREE;
	return fake_device_open(SLOTS);
}

static int end(void **state)
{
	(void)state;
	return fake_device_close();
}

static void assert_zero(const void *p, size_t size)
{
	const uint8_t *bytes = p;

	while (size--)
		assert_int_equal(bytes[size], 0);
}

static void test_plain(void **state)
{
	struct europa_queue q;

	(void)state;
	assert_int_equal(europa_attach(&q, k->fd, 3, 5), 0);
	assert_int_equal(k->asked[0].version, EUROPA_ABI_VERSION);
	assert_int_equal(k->asked[0].queue, 3);
	assert_int_equal(k->asked[0].spares, 5);
	assert_int_equal(k->asked[0].features, 0);
	assert_zero(k->asked[0].reserved, sizeof(k->asked[0].reserved));
	assert_int_equal(q.queue, 3);
	assert_int_equal(q.spares, 5);
	assert_int_equal(q.features, 0);
	assert_int_equal(q.slot_count, SLOTS);
	assert_zero(q.reserved, sizeof(q.reserved));
	assert_int_equal(europa_detach(&q), 0);
	assert_int_equal(k->detaches, 1);
}

/* Not a copy of the descriptor: what is done to one is not seen in the other. */
static void test_again(void **state)
{
	char path[] = "/tmp/europa-again.XXXXXX";
	int fd = mkstemp(path), again;

	(void)state;
	assert_true(fd >= 0);
	again = europa_open_again(fd);
	assert_true(again >= 0);
	assert_true(fcntl(again, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(fcntl(again, F_GETFL) & O_ACCMODE, O_RDWR);
	assert_int_equal(write(fd, "abc", 3), 3);
	assert_int_equal(lseek(again, 0, SEEK_CUR), 0);
	assert_int_equal(lseek(again, 0, SEEK_END), 3);
	close(fd);
	assert_int_equal(europa_open_again(fd), -ENOENT);
	assert_int_equal(europa_open_again(-1), -ENOENT);
	close(again);
	unlink(path);
}

static void test_defaults(void **state)
{
	struct europa_queue q;

	(void)state;
	assert_int_equal(europa_attach_with(&q, k->fd, NULL), 0);
	assert_int_equal(k->asked[0].queue, 0);
	assert_int_equal(k->asked[0].spares, 0);
	assert_int_equal(k->asked[0].features, 0);
	assert_int_equal(q.spares, 8);
	assert_int_equal(europa_detach(&q), 0);
}

static void test_granted(void **state)
{
	const struct europa_attach_options o = {
		.queue = 2, .spares = 7,
		.features = EUROPA_FEATURE_AGREE | TOMORROW,
	};
	struct europa_queue q;

	(void)state;
	assert_int_equal(europa_attach_with(&q, k->fd, &o), 0);
	assert_int_equal(k->attaches, 1);
	assert_int_equal(k->asked[0].queue, 2);
	assert_int_equal(k->asked[0].spares, 7);
	assert_true(k->asked[0].features == o.features);
	assert_true(q.features == EUROPA_FEATURE_AGREE);
	assert_int_equal(europa_detach(&q), 0);
	assert_int_equal(q.features, 0);
}

static void test_not_granted(void **state)
{
	const struct europa_attach_options o = { .features = EUROPA_FEATURE_AGREE };
	struct europa_queue q;

	(void)state;
	k->knows = 0;
	assert_int_equal(europa_attach_with(&q, k->fd, &o), 0);
	assert_int_equal(q.features, 0);
	assert_int_equal(europa_detach(&q), 0);
}

/* It says EINVAL to any feature: attached without, as if it had not granted it. */
static void test_first_module(void **state)
{
	const struct europa_attach_options o = {
		.queue = 1, .spares = 6, .features = EUROPA_FEATURE_AGREE,
	};
	struct europa_queue q;

	(void)state;
	k->first = true;
	assert_int_equal(europa_attach_with(&q, k->fd, &o), 0);
	assert_int_equal(k->attaches, 2);
	assert_true(k->asked[1].features == EUROPA_FEATURE_AGREE);
	assert_int_equal(k->asked[0].features, 0);
	assert_int_equal(k->asked[0].queue, 1);
	assert_int_equal(k->asked[0].spares, 6);
	assert_zero(k->asked[0].reserved, sizeof(k->asked[0].reserved));
	assert_int_equal(q.features, 0);
	assert_int_equal(europa_detach(&q), 0);
}

static void test_errors(void **state)
{
	static const struct {
		int err;
		unsigned int attaches;	/* EINVAL may be about the features */
	} cases[] = { { EBUSY, 1 }, { EPROTO, 1 }, { ENODEV, 1 }, { EINVAL, 2 } };
	const struct europa_attach_options o = { .features = EUROPA_FEATURE_AGREE };
	struct europa_queue q;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		k->attaches = 0;
		k->err = cases[i].err;
		assert_int_equal(europa_attach_with(&q, k->fd, &o), -cases[i].err);
		assert_int_equal(k->attaches, cases[i].attaches);
	}
	k->attaches = 0;
	assert_int_equal(europa_attach(&q, k->fd, 0, 0), -EINVAL);
	assert_int_equal(k->attaches, 1);
}

/* What a later header may have there, this library does not do: so it says no. */
static void test_reserved(void **state)
{
	struct europa_attach_options o = { 0 };
	struct europa_queue q;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(o.reserved) / sizeof(o.reserved[0]); i++) {
		o.reserved[i] = 1;
		assert_int_equal(europa_attach_with(&q, k->fd, &o), -EINVAL);
		o.reserved[i] = 0;
	}
	assert_int_equal(k->attaches, 0);
}

/* Attached but not mapped: nobody stays attached. */
static void test_no_map(void **state)
{
	struct europa_queue q;

	(void)state;
	k->fake.geometry.map_size = 0;
	assert_int_equal(europa_attach_with(&q, k->fd, NULL), -EINVAL);
	assert_int_equal(k->attaches, 1);
	assert_int_equal(k->detaches, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_plain, begin, end),
		cmocka_unit_test_setup_teardown(test_again, begin, end),
		cmocka_unit_test_setup_teardown(test_defaults, begin, end),
		cmocka_unit_test_setup_teardown(test_granted, begin, end),
		cmocka_unit_test_setup_teardown(test_not_granted, begin, end),
		cmocka_unit_test_setup_teardown(test_first_module, begin, end),
		cmocka_unit_test_setup_teardown(test_errors, begin, end),
		cmocka_unit_test_setup_teardown(test_reserved, begin, end),
		cmocka_unit_test_setup_teardown(test_no_map, begin, end),
	};

	return cmocka_run_group_tests_name("attach", tests, NULL, NULL);
}
