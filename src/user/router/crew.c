// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "crew.h"

int crew_open(struct crew *c)
{
	memset(c, 0, sizeof(*c));
	c->ended = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return c->ended < 0 ? -errno : 0;
}

void crew_close(struct crew *c)
{
	close(c->ended);
}

/* ---- a worker ---------------------------------------------------------- */

/*
 * Lone packets may be the kernel's only where it chooses the same way: by its own hash
 * a flow would go another way than by ours.
 */
static int sleep_a_while(struct crew_worker *m)
{
	eventfd_t count;
	int what;

	grace_sleep();
	what = worker_sleep(&m->w, m->call, -1, shared_load(m->crew->groups));
	grace_wake();
	if (what == WORKER_CALLED)
		eventfd_read(m->call, &count);
	return what;
}

static int work(struct crew_worker *m)
{
	int n = 0;

	while (n >= 0 && !m->w.left && !shared_load(m->crew->stop)) {
		n = worker_step(&m->w);
		grace_pass();
		if (!n && !m->w.left)
			n = sleep_a_while(m);
	}
	return worker_end(&m->w, n < 0 ? n : 0);
}

static void *run(void *arg)
{
	struct crew_worker *m = arg;

	grace_enter();
	m->err = work(m);
	grace_leave();
	shared_publish(m->ended, true);
	eventfd_write(m->crew->ended, 1);
	return NULL;
}

/* ---- who started them -------------------------------------------------- */

int crew_add(struct crew *c, struct router *r, struct inquiry *inquiry, unsigned int spin)
{
	struct crew_worker *m = &c->worker[c->count];
	int err;

	m->crew = c;
	m->call = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (m->call < 0)
		return -errno;
	worker_init(&m->w, r, &r->lane[c->count], spin);
	m->w.inquiry = inquiry;
	m->w.stop = &c->stop;
	shared_store(c->groups, r->groups.count != 0);
	if (!grace_shared)
		grace_shared = true;
	err = pthread_create(&m->thread, NULL, run, m);
	if (!err) {
		c->count++;
		return 0;
	}
	close(m->call);
	if (!c->count)
		grace_shared = false;
	return -err;
}

static void call_all(struct crew *c)
{
	unsigned int i;

	for (i = 0; i < c->count; i++)
		eventfd_write(c->worker[i].call, 1);
}

/* Who sleeps so that lone packets are the kernel's has to hear when they are not. */
static void tell_of_groups(struct crew *c, const struct router *r)
{
	bool groups = r->groups.count;

	if (groups == c->groups)
		return;
	shared_store(c->groups, groups);
	call_all(c);
}

int crew_look(struct crew *c, const struct router *r)
{
	unsigned int i, left = 0;
	eventfd_t count;

	tell_of_groups(c, r);
	eventfd_read(c->ended, &count);
	for (i = 0; i < c->count; i++) {
		const struct crew_worker *m = &c->worker[i];

		if (!shared_acquire(m->ended))
			continue;
		if (m->err)
			return m->err;
		left++;
	}
	return left == c->count;
}

bool crew_left(const struct crew *c)
{
	unsigned int i;

	for (i = 0; i < c->count; i++)
		if (shared_acquire(c->worker[i].ended) && c->worker[i].w.left)
			return true;
	return false;
}

int crew_stop(struct crew *c)
{
	unsigned int i;
	int err = 0;

	shared_store(c->stop, true);
	call_all(c);
	for (i = 0; i < c->count; i++) {
		struct crew_worker *m = &c->worker[i];

		pthread_join(m->thread, NULL);
		close(m->call);
		err = err ? err : m->err;
	}
	c->count = 0;
	grace_shared = false;
	grace_settle();
	return err;
}
