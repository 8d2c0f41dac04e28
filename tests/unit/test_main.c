// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* europa-router's start: what it asks of the kernel module, and when it refuses. */
#include <errno.h>
#include <getopt.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fake.h"
#include "unit.h"

int router_main(int argc, char **argv);

static struct fake_device *const k = &fake_device;
static char said[4096];		/* on stderr */

/* Its status. Neither VR 3 nor a port of it is on this machine, so it ends. */
static int start(uint64_t knows, const char *option)
{
	char *argv[] = { "europa-router", (char *)option, NULL };
	int err = memfd_create("stderr", MFD_CLOEXEC), before = dup(STDERR_FILENO);
	char number[16];
	int status;

	k->knows = knows;
	if (fake_device_open(64))
		abort();
	snprintf(number, sizeof(number), "%d", k->fd);
	setenv("EUROPA_FD", number, 1);
	optind = 0;
	dup2(err, STDERR_FILENO);
	status = router_main(option ? 2 : 1, argv);
	dup2(before, STDERR_FILENO);
	close(before);
	memset(said, 0, sizeof(said));
	if (pread(err, said, sizeof(said) - 1, 0) < 0)
		abort();
	close(err);
	fake_close(&k->fake);	/* the router has closed its descriptor */
	return status;
}

static bool goes_on(void)
{
	return strstr(said, "no port in this network namespace");
}

static int begin(void **state)
{
	(void)state;
	memset(k, 0, sizeof(*k));
	return 0;
}

static void test_granted(void **state)
{
	(void)state;
	assert_int_equal(start(EUROPA_FEATURE_AGREE | EUROPA_FEATURE_IDLE, NULL), 1);
	assert_true(k->asked[0].features == (EUROPA_FEATURE_AGREE | EUROPA_FEATURE_IDLE));
	assert_true(goes_on());
	assert_false(k->attached);
}

/* Cheaper, but not needed. */
static void test_no_idle(void **state)
{
	(void)state;
	assert_int_equal(start(EUROPA_FEATURE_AGREE, NULL), 1);
	assert_true(goes_on());
	memset(k, 0, sizeof(*k));
	assert_int_equal(start(EUROPA_FEATURE_AGREE | EUROPA_FEATURE_IDLE, "--no-idle"), 1);
	assert_true(k->asked[0].features == EUROPA_FEATURE_AGREE);
	assert_true(goes_on());
}

static void assert_refusal(void)
{
	assert_non_null(strstr(said, "would be bypassed"));
	assert_non_null(strstr(said, "--bypass-filters"));
	assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
	assert_false(goes_on());
	assert_false(k->attached);
}

static void test_not_granted(void **state)
{
	(void)state;
	assert_int_equal(start(0, NULL), 1);
	assert_refusal();
	assert_int_equal(start(~EUROPA_FEATURE_AGREE, "--verbose"), 1);
	assert_refusal();
}

static void test_first_module(void **state)
{
	(void)state;
	k->first = true;
	assert_int_equal(start(0, NULL), 1);
	assert_refusal();
}

static void test_bypass(void **state)
{
	(void)state;
	assert_int_equal(start(EUROPA_FEATURE_AGREE, "--bypass-filters"), 1);
	assert_true(k->asked[0].features == 0);
	assert_true(goes_on());
	k->first = true;
	assert_int_equal(start(0, "--bypass-filters"), 1);
	assert_true(goes_on());
	assert_false(k->attached);
}

static void test_workers(void **state)
{
	(void)state;
	assert_int_equal(start(EUROPA_FEATURE_AGREE, "--workers=0"), 1);
	assert_non_null(strstr(said, "\"0\" is not a number from 1 to 64"));
	assert_int_equal(start(EUROPA_FEATURE_AGREE, "--workers=65"), 1);
	assert_non_null(strstr(said, "\"65\" is not a number from 1 to 64"));
	assert_int_equal(k->attaches, 0);
	assert_int_equal(start(EUROPA_FEATURE_AGREE, "--workers=1"), 1);
	assert_true(goes_on());
	/* Who named a queue wants that one, however many there are. */
	k->queues = 2;
	assert_int_equal(start(EUROPA_FEATURE_AGREE, "--queue=0"), 1);
	assert_true(goes_on());
	assert_false(k->attached);
}

/* It takes no queue: what a VR's device would be asked for is not asked. */
static void test_check(void **state)
{
	(void)state;
	assert_int_equal(start(EUROPA_FEATURE_AGREE, "--check=many"), 1);
	assert_non_null(strstr(said, "\"many\" is not a number"));
	assert_int_equal(start(EUROPA_FEATURE_AGREE, "--check=5"), 1);
	assert_non_null(strstr(said, "is not a VR's"));
	assert_int_equal(k->attaches, 0);
}

/* Routes first: only then is the one before told to leave. */
static void test_takeover(void **state)
{
	(void)state;
	assert_int_equal(start(~0ULL, "--takeover"), 1);
	assert_non_null(strstr(said, "is not a VR's"));
	assert_int_equal(k->attaches, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_granted, begin),
		cmocka_unit_test_setup(test_no_idle, begin),
		cmocka_unit_test_setup(test_not_granted, begin),
		cmocka_unit_test_setup(test_first_module, begin),
		cmocka_unit_test_setup(test_bypass, begin),
		cmocka_unit_test_setup(test_workers, begin),
		cmocka_unit_test_setup(test_check, begin),
		cmocka_unit_test_setup(test_takeover, begin),
	};

	return cmocka_run_group_tests_name("main", tests, NULL, NULL);
}
