// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* ip vr top: what VRs do by the second, again and again, on a terminal or for scripts. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "args.h"
#include "clock.h"
#include "cmd.h"
#include "out.h"
#include "terminal.h"
#include "top_view.h"

#define TOP_VRS		64		/* that can be named in a command */
#define DELAY		1000		/* milliseconds */
#define DELAY_MIN	100		/* less, and it measures itself */

struct top {
	struct sampler sampler;
	struct vr_ref refs[TOP_VRS];
	struct view view;
	bool batch;
	uint64_t looks;		/* 0: without end */
	int delay;		/* milliseconds */
};

/* ---- keys -------------------------------------------------------------- */

static void toggle(bool *b)
{
	*b = !*b;
}

static size_t place_of(const struct frame *f, uint32_t id)
{
	size_t i;

	for (i = 0; i < f->count && f->vrs[i].now->vr.conf.id != id; i++)
		;
	return i;
}

/* To the next one in the order that is shown. */
static void move(struct view *v, const struct frame *f, int by)
{
	size_t at = place_of(f, v->selected);

	if (!f->count)
		return;
	if (at == f->count)
		at = by > 0 ? 0 : f->count - 1;
	else if (by > 0 ? at + 1 < f->count : at > 0)
		at += by;
	v->selected = f->vrs[at].now->vr.conf.id;
}

static void sort_by(struct view *v, enum rates_order order)
{
	v->reverse = false;
	v->order = order;
}

/* false: that was all. */
static bool obey(struct view *v, const struct frame *f, int key)
{
	switch (key) {
	case 'q': case KEY_END: return false;
	case 'p': sort_by(v, BY_PACKETS); break;
	case 'b': sort_by(v, BY_BITS); break;
	case 'l': sort_by(v, BY_LOST); break;
	case 'c': sort_by(v, BY_CPU); break;
	case 'n': sort_by(v, BY_NUMBER); break;
	case 'a': sort_by(v, BY_NAME); break;
	case 'r': toggle(&v->reverse); break;
	case 'o': toggle(&v->no_ports); break;
	case 'h': case '?': toggle(&v->help); break;
	case 'k': case KEY_UP: move(v, f, -1); break;
	case 'j': case KEY_DOWN: move(v, f, 1); break;
	case KEY_ENTER: v->detail = v->selected; break;
	case KEY_ESCAPE: v->detail = v->help = false; break;
	}
	return true;
}

static void draw(const struct top *t, struct frame *f)
{
	int rows, columns;

	frame_sort(f, t->view.order, t->view.reverse);
	terminal_size(&rows, &columns);
	view_screen(f, &t->view, rows, columns);
}

/* Until the next look is due, or a key asks for it. false: that was all. */
static bool use_keys(struct top *t, struct frame *f)
{
	long long due = clock_ms() + t->delay, left;
	int key = KEY_NONE;

	while (key != ' ' && (left = due - clock_ms()) > 0) {
		key = terminal_key(left);
		if (!obey(&t->view, f, key))
			return false;
		draw(t, f);
	}
	return true;
}

/* ---- looks ------------------------------------------------------------- */

static void pause_for(int milliseconds)
{
	struct timespec t = { milliseconds / 1000, milliseconds % 1000 * 1000000L };

	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &t, &t) == EINTR)
		;
}

static void print(const struct top *t, struct frame *f)
{
	frame_sort(f, t->view.order, t->view.reverse);
	if (out_is_json())
		view_json(f);
	else
		view_print(f, &t->view);
}

enum { GO_ON = -1, NO_SAMPLE = -2 };	/* instead of an exit code */

/* Shows what there was since `before`, which becomes what is now. */
static int look(struct top *t, struct sample *before, bool last)
{
	struct sample now;
	struct frame f;
	bool more = !last;

	if (sample_take(&t->sampler, &now))
		return NO_SAMPLE;
	frame_make(&f, before, &now);
	if (t->batch) {
		print(t, &f);
	} else {
		draw(t, &f);
		more = use_keys(t, &f) && more;
	}
	frame_free(&f);
	sample_free(before);
	*before = now;
	if (ferror(stdout)) {
		perror("write");
		return EXIT_USAGE;
	}
	return more ? GO_ON : 0;
}

/* The first rates are of a short time on a terminal, where nobody wants to wait for them. */
static int look_again_and_again(struct top *t, struct sample *before)
{
	uint64_t n;
	int ret = GO_ON;

	if (!t->batch)
		pause_for(DELAY_MIN);
	for (n = 1; ret == GO_ON; n++) {
		if (t->batch)
			pause_for(t->delay);
		ret = look(t, before, n == t->looks);
	}
	return ret;
}

static int show_rates(struct top *t)
{
	struct sample first;
	int ret;

	if (sample_take(&t->sampler, &first))
		return sample_fail(&t->sampler);
	ret = sample_complete(&t->sampler, &first);
	if (!ret && !t->batch && !terminal_open())
		t->batch = true;
	if (!ret)
		ret = look_again_and_again(t, &first);
	if (!t->batch)
		terminal_close();
	sample_free(&first);
	return ret == NO_SAMPLE ? sample_fail(&t->sampler) : ret;
}

/* ---- words ------------------------------------------------------------- */

static int parse_order(struct args *a, enum rates_order *order)
{
	static const char *const names[] = {
		[BY_NUMBER] = "number", [BY_NAME] = "name", [BY_PACKETS] = "packets",
		[BY_BITS] = "bits", [BY_LOST] = "lost", [BY_CPU] = "cpu",
	};
	const char *word = args_value(a, "-o");
	int n = word ? parse_one_of("the order", word, names, 6) : -1;

	if (n < 0)
		return EXIT_USAGE;
	*order = n;
	return 0;
}

static int parse_delay(struct args *a, int *delay)
{
	const char *word = args_value(a, "-d");

	if (!word || parse_seconds(word, delay))
		return EXIT_USAGE;
	if (*delay < DELAY_MIN)
		return args_invalid("a delay is at least 0.1 seconds", word);
	return 0;
}

static int parse_looks(struct args *a, uint64_t *looks)
{
	const char *word = args_value(a, "-n");

	return word ? parse_number("a number of looks", word, 1, UINT32_MAX, looks) : EXIT_USAGE;
}

/* Options as top(1) has them, then VRs. */
static int parse_top(struct args *a, struct top *t)
{
	int ret = 0;

	while (!ret && args_left(a)) {
		if (args_take(a, "-b"))
			t->batch = true;
		else if (args_take(a, "-n"))
			ret = parse_looks(a, &t->looks);
		else if (args_take(a, "-d"))
			ret = parse_delay(a, &t->delay);
		else if (args_take(a, "-o"))
			ret = parse_order(a, &t->view.order);
		else
			return take_refs(a, t->refs, &t->sampler.nrefs, TOP_VRS);
	}
	return ret;
}

int cmd_top(struct args *a)
{
	struct top t = { .view.order = BY_PACKETS, .delay = DELAY };
	int ret;

	t.sampler.refs = t.refs;
	if (parse_top(a, &t))
		return EXIT_USAGE;
	t.batch = t.batch || out_is_json() || !terminal_there();
	ret = sampler_open(&t.sampler);
	if (ret)
		return ret;
	ret = show_rates(&t);
	sampler_close(&t.sampler);
	return ret;
}
