// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* ip vr trace: each packet that is dropped, and why, in words. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/signalfd.h>

#include "clock.h"
#include "cmd.h"
#include "counters.h"
#include "genl.h"
#include "lines.h"
#include "out.h"
#include "stamp.h"
#include "tracefs.h"

#define NAMES_AGE	1	/* seconds that a VR's names are believed */

struct drop {
	uint32_t vr, port, len;
	char why[16];		/* a counter's name; of a newer module perhaps none that we know */
};

struct tracer {
	struct tracing tracing;
	struct genl g;
	struct vr vr;		/* the last one's names; id 0: none */
	time_t told;		/* when the kernel told them */
	uint64_t left;		/* drops to show; 0: without end */
	bool counted;
	int signals;		/* tells of one that ends us */
	char text[8192];	/* lines, the last of which may lack its end */
	size_t len;
};

/* ---- names ------------------------------------------------------------- */

/* Of a VR that has gone there are none. */
static void learn(struct tracer *t, uint32_t id)
{
	struct vr_ref ref = { .id = id };

	if (t->vr.conf.id == id && clock_ms() / 1000 - t->told < NAMES_AGE)
		return;
	vr_free(&t->vr);
	if (genl_vr_get(&t->g, &ref, &t->vr))
		memset(&t->vr, 0, sizeof(t->vr));
	t->vr.conf.id = id;
	t->told = clock_ms() / 1000;
}

static const char *ifname_of(const struct vr *vr, uint32_t port)
{
	size_t i;

	for (i = 0; i < vr->nports; i++)
		if (vr->ports[i].number == port)
			return vr->ports[i].ifname;
	return "";
}

/* ---- a drop ------------------------------------------------------------ */

static const char *text_of(const char *why)
{
	enum europa_counter c = counter_find(why);

	return c < EUROPA_C_COUNT ? counters[c].text : "";
}

static void show_text(const struct tracer *t, const struct drop *d)
{
	const char *name = t->vr.conf.name, *ifname = ifname_of(&t->vr, d->port);
	const char *text = text_of(d->why);
	struct lines l = { 0 };

	lines_add(&l, false, "vr %u%s%s port %u%s%s length %u %s%s%s",
		  d->vr, *name ? " " : "", name, d->port, *ifname ? " " : "", ifname, d->len, d->why, *text ? ": " : "", text);
	lines_print(&l);
	lines_free(&l);
}

static void show_json(const struct tracer *t, const struct drop *d)
{
	const char *ifname = ifname_of(&t->vr, d->port);

	out_u64(OUT_JSON, "vr", NULL, d->vr);
	if (*t->vr.conf.name)
		out_string(OUT_JSON, C_NONE, "name", NULL, t->vr.conf.name);
	out_u64(OUT_JSON, "port", NULL, d->port);
	if (*ifname)
		out_string(OUT_JSON, C_NONE, "ifname", NULL, ifname);
	out_u64(OUT_JSON, "length", NULL, d->len);
	out_string(OUT_JSON, C_NONE, "reason", NULL, d->why);
	out_string(OUT_JSON, C_NONE, "text", NULL, text_of(d->why));
}

static void show(struct tracer *t, const struct drop *d)
{
	learn(t, d->vr);
	out_open_object(NULL);
	stamp_show();
	if (out_is_json())
		show_json(t, d);
	else
		show_text(t, d);
	out_close_object();
	out_end();
}

/* A process's name, which comes before, is too short to look like this. */
static bool parse(const char *line, struct drop *d)
{
	const char *p = strstr(line, "europa_drop: vr=");

	return p && sscanf(p, "europa_drop: vr=%u port=%u len=%u why=%15[a-z0-9_]",
			   &d->vr, &d->port, &d->len, d->why) == 4;
}

/* "CPU:0 [LOST 123 EVENTS]": they came faster than they were read. */
static void tell_lost(const char *line)
{
	const char *p = strstr(line, "[LOST ");

	if (p)
		fprintf(stderr, "%lu drops were lost.\n", strtoul(p + 6, NULL, 10));
}

/* false: that was the last one that is wanted. */
static bool take_line(struct tracer *t, const char *line)
{
	struct drop d;

	if (!parse(line, &d)) {
		tell_lost(line);
		return true;
	}
	show(t, &d);
	return !t->counted || --t->left;
}

/* ---- lines ------------------------------------------------------------- */

enum { GO_ON = -1 };		/* instead of an exit code */

/* Each whole line of t->text; the rest is moved to its start. */
static int use_lines(struct tracer *t)
{
	char *line = t->text, *end;

	while ((end = memchr(line, '\n', t->text + t->len - line))) {
		*end = '\0';
		if (!take_line(t, line))
			return 0;
		line = end + 1;
	}
	t->len = t->text + t->len - line;
	memmove(t->text, line, t->len);
	if (t->len == sizeof(t->text))	/* no line is as long */
		t->len = 0;
	if (ferror(stdout)) {
		perror("write");
		return EXIT_USAGE;
	}
	return GO_ON;
}

static int take_lines(struct tracer *t)
{
	ssize_t n = read(t->tracing.pipe, t->text + t->len, sizeof(t->text) - t->len);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return GO_ON;
	if (n <= 0) {
		fprintf(stderr, "The trace has ended%s%s\n", n ? ": " : ".", n ? strerror(errno) : "");
		return EXIT_KERNEL;
	}
	t->len += n;
	return use_lines(t);
}

static int follow(struct tracer *t)
{
	struct pollfd p[] = {
		{ .fd = t->tracing.pipe, .events = POLLIN }, { .fd = t->signals, .events = POLLIN },
	};
	int ret = GO_ON;

	while (ret == GO_ON) {
		if (poll(p, 2, -1) < 0 && errno != EINTR) {
			perror("poll");
			return EXIT_KERNEL;
		}
		if (p[1].revents)
			return 0;
		ret = take_lines(t);
	}
	return ret;
}

/* Those that would end us wait until the instance is removed. */
static int hold_signals(sigset_t *before)
{
	static const int numbers[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };
	sigset_t set;
	size_t i;

	sigemptyset(&set);
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sigaddset(&set, numbers[i]);
	sigprocmask(SIG_BLOCK, &set, before);
	signal(SIGPIPE, SIG_IGN);	/* a write that fails is seen */
	return signalfd(-1, &set, SFD_CLOEXEC);
}

static int trace(struct tracer *t, uint32_t id)
{
	sigset_t before;
	int ret;

	t->signals = hold_signals(&before);
	if (t->signals < 0) {
		perror("signalfd");
		return EXIT_KERNEL;
	}
	ret = tracing_open(&t->tracing, id);
	if (!ret) {
		ret = follow(t);
		tracing_close(&t->tracing);
	}
	close(t->signals);
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, &before, NULL);	/* one that waited ends us here */
	return ret;
}

/* The VR's number, 0 for all. */
static int find(struct tracer *t, const struct vr_ref *ref, uint32_t *id)
{
	struct vr vr;
	int ret;

	*id = 0;
	if (!ref->id && !*ref->name)
		return 0;
	ret = genl_vr_find(&t->g, ref, &vr);
	if (ret)
		return ret;
	*id = vr.conf.id;
	vr_free(&vr);
	return 0;
}

static int parse_trace(struct args *a, struct vr_ref *ref, struct tracer *t)
{
	const char *value;

	if (args_left(a) && strcmp(args_peek(a), "count") && take_ref(a, ref))
		return EXIT_USAGE;
	if (args_take(a, "count")) {
		value = args_value(a, "count");
		t->counted = true;
		if (!value || parse_number("a number of drops", value, 1, UINT32_MAX, &t->left))
			return EXIT_USAGE;
	}
	return no_more(a);
}

int cmd_trace(struct args *a)
{
	struct tracer t = { 0 };
	struct vr_ref ref = { 0 };
	uint32_t id;
	int ret;

	if (parse_trace(a, &ref, &t))
		return EXIT_USAGE;
	ret = genl_open_all(&t.g);
	if (ret)
		return ret;
	ret = find(&t, &ref, &id);
	if (!ret)
		ret = trace(&t, id);
	vr_free(&t.vr);
	genl_close(&t.g);
	return ret;
}
