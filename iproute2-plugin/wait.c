// SPDX-License-Identifier: GPL-2.0
/* ip vr wait: sleep until a VR's data plane, or the VR, is as wished. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cmd.h"
#include "genl.h"

enum { WAIT_UP, WAIT_DOWN, WAIT_GONE };
static const char *const wish_names[] = { "up", "down", "gone" };

struct wish {
	struct vr_ref ref;
	int what;
	int timeout;		/* milliseconds, -1: none */
};

static long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000L + t.tv_nsec / 1000000;
}

/* Come true: 0. Not yet: -1. Never will: the exit code. */
static int check(struct genl *g, struct wish *w, bool first)
{
	struct vr vr;
	int err = genl_vr_get(g, &w->ref, &vr), state;

	if (err == -ENOENT || err == -ENODEV) {
		if (w->what == WAIT_GONE)
			return 0;
		fprintf(stderr, first ? "VR does not exist.\n" : "VR was deleted.\n");
		return EXIT_WORDS;
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

static int timed_out(const struct wish *w)
{
	fprintf(stderr, "VR is not %s after %g seconds.\n", wish_names[w->what],
		w->timeout / 1000.0);
	return EXIT_WORDS;
}

/* A lost event (ENOBUFS) counts as one. */
static int wait_event(struct genl *events, const struct wish *w, long until)
{
	struct pollfd p = { .fd = nl_fd(&events->nl), .events = POLLIN };
	long left = w->timeout < 0 ? -1 : until - now();
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

static int wait_wish(struct genl *events, struct genl *g, struct wish *w)
{
	long until = now() + w->timeout;
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

static int parse_wish(struct args *a, struct wish *w)
{
	const char *value;

	w->timeout = -1;
	if (take_ref(a, &w->ref))
		return EXIT_WORDS;
	value = args_value(a, "wait");
	if (!value)
		return EXIT_WORDS;
	w->what = parse_one_of("what to wait for", value, wish_names, 3);
	if (w->what < 0)
		return EXIT_WORDS;
	if (args_take(a, "timeout")) {
		value = args_value(a, "timeout");
		if (!value || parse_seconds(value, &w->timeout))
			return EXIT_WORDS;
	}
	return no_more(a);
}

int cmd_wait(struct args *a)
{
	struct genl events, g;
	struct wish w;
	int ret;

	if (parse_wish(a, &w))
		return EXIT_WORDS;
	ret = genl_open_all(&events);
	if (ret)
		return ret;
	ret = genl_open_all(&g);
	if (!ret) {
		ret = wait_wish(&events, &g, &w);
		genl_close(&g);
	}
	genl_close(&events);
	return ret;
}
