// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* ip vr wait: sleep until a VR is up, down or gone. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "cmd.h"
#include "genl.h"

enum { WAIT_UP, WAIT_DOWN, WAIT_GONE };
static const char *const condition_names[] = { "up", "down", "gone" };

struct condition {
	struct vr_ref ref;
	int what;
	int timeout;		/* milliseconds, -1: none */
};

/* 0: it holds. -1: not yet. Else it never will, and this is the exit code. */
static int check(struct genl *g, struct condition *w, bool first)
{
	struct vr vr;
	int err = genl_vr_get(g, &w->ref, &vr), state;

	if (err == -ENOENT || err == -ENODEV) {
		if (w->what == WAIT_GONE)
			return 0;
		fprintf(stderr, first ? "VR does not exist.\n" : "VR was deleted.\n");
		return EXIT_USAGE;
	}
	if (err)
		return genl_fail(g);
	w->ref.id = vr.conf.id;		/* the same one even if renamed */
	state = vr.state;
	vr_free(&vr);
	if (w->what == WAIT_GONE)
		return -1;
	return (state == EUROPA_RUNNING) == (w->what == WAIT_UP) ? 0 : -1;
}

static int ignore(const struct vr_event *event, void *data)
{
	(void)event;
	(void)data;
	return 0;
}

static int timed_out(const struct condition *w)
{
	fprintf(stderr, "VR is not %s after %g seconds.\n", condition_names[w->what],
		w->timeout / 1000.0);
	return EXIT_USAGE;
}

/* A lost event (ENOBUFS) counts as one. */
static int wait_event(struct genl *events, const struct condition *w, long until)
{
	struct pollfd p = { .fd = nl_fd(&events->nl), .events = POLLIN };
	long left = w->timeout < 0 ? -1 : until - clock_ms();
	int n;

	if (w->timeout >= 0 && left <= 0)
		return timed_out(w);
	n = poll(&p, 1, left);
	if (n == 0)
		return timed_out(w);
	if (n > 0)
		genl_receive(events, ignore, NULL);
	return 0;
}

static int wait_for(struct genl *events, struct genl *g, struct condition *w)
{
	long until = clock_ms() + w->timeout;
	bool first = true;
	int ret;

	if (genl_subscribe(events))
		return genl_fail(events);
	while ((ret = check(g, w, first)) < 0) {
		ret = wait_event(events, w, until);
		if (ret)
			return ret;
		first = false;
	}
	return ret;
}

static int parse_condition(struct args *a, struct condition *w)
{
	const char *value;

	w->timeout = -1;
	if (take_ref(a, &w->ref))
		return EXIT_USAGE;
	value = args_value(a, "wait");
	if (!value)
		return EXIT_USAGE;
	w->what = parse_one_of("what to wait for", value, condition_names, 3);
	if (w->what < 0)
		return EXIT_USAGE;
	if (args_take(a, "timeout")) {
		value = args_value(a, "timeout");
		if (!value || parse_seconds(value, &w->timeout))
			return EXIT_USAGE;
	}
	return no_more(a);
}

int cmd_wait(struct args *a)
{
	struct genl events, g;
	struct condition w;
	int ret;

	if (parse_condition(a, &w))
		return EXIT_USAGE;
	ret = genl_open_all(&events);
	if (ret)
		return ret;
	ret = genl_open_all(&g);
	if (!ret) {
		ret = wait_for(&events, &g, &w);
		genl_close(&g);
	}
	genl_close(&events);
	return ret;
}
