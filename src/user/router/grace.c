// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <stdlib.h>

#include "grace.h"

/*
 * The thread sanitizer does not see liburcu wait, if that was compiled without it, and
 * takes for races what is in its headers.
 */
#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#include <urcu-qsbr.h>

static char seen_by_sanitizer;

#define readers_done()	__tsan_acquire(&seen_by_sanitizer)
#define reader_done()	__tsan_release(&seen_by_sanitizer)
#else
#define _LGPL_SOURCE	/* grace_pass() is inline */
#include <urcu-qsbr.h>

#define readers_done()	do { } while (0)
#define reader_done()	do { } while (0)
#endif

bool grace_shared;

static struct call {
	grace_fn fn;
	void *arg;
	uint32_t value;
} *calls;

static uint32_t call_count, call_size;

static bool room(void)
{
	uint32_t size = call_size ? 2 * call_size : 256;
	struct call *p;

	if (call_count < call_size)
		return true;
	p = realloc(calls, size * sizeof(*p));
	if (!p)
		return false;
	calls = p;
	call_size = size;
	return true;
}

static void wait_for_readers(void)
{
	synchronize_rcu();
	readers_done();
}

void grace_call(grace_fn fn, void *arg, uint32_t value)
{
	if (grace_shared && room()) {
		calls[call_count++] = (struct call){ fn, arg, value };
		return;
	}
	if (grace_shared)
		wait_for_readers();
	fn(arg, value);
}

static void free_it(void *p, uint32_t value)
{
	(void)value;
	free(p);
}

void grace_free(void *p)
{
	if (p)
		grace_call(free_it, p, 0);
}

static void call_all(void)
{
	struct call *now = calls;
	uint32_t count = call_count, i;

	calls = NULL;
	call_count = call_size = 0;
	if (grace_shared)
		wait_for_readers();
	for (i = 0; i < count; i++)
		now[i].fn(now[i].arg, now[i].value);
	free(now);
}

/* What is called may ask for calls, which have to wait again. */
void grace_settle(void)
{
	while (call_count)
		call_all();
}

void grace_enter(void)
{
	rcu_register_thread();
}

void grace_leave(void)
{
	reader_done();
	rcu_unregister_thread();
}

void grace_pass(void)
{
	reader_done();
	rcu_quiescent_state();
}

void grace_sleep(void)
{
	reader_done();
	rcu_thread_offline();
}

void grace_wake(void)
{
	rcu_thread_online();
}
