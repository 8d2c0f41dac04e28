// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <inttypes.h>

#include "router.h"

#define PUNT_NAME(id, name) name,
static const char *const names[] = { PUNT_REASONS(PUNT_NAME) };

static uint64_t punted(const struct stats *s)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 1; i < PUNT_COUNT; i++)
		sum += shared_load(s->punt[i]);
	return sum;
}

static struct stats sum_of(const struct router *r)
{
	struct stats sum = { 0 };
	unsigned int i, k;

	for (i = 0; i < r->lanes; i++) {
		const struct stats *s = &r->lane[i].stats;

		sum.sent += shared_load(s->sent);
		for (k = 1; k < PUNT_COUNT; k++)
			sum.punt[k] += shared_load(s->punt[k]);
		sum.bursts += shared_load(s->bursts);
		sum.kicks += shared_load(s->kicks);
		sum.waits += shared_load(s->waits);
		sum.spins += shared_load(s->spins);
	}
	return sum;
}

const char *stats_why(enum punt why)
{
	return names[why];
}

/* Entries of the kernel's, not those that only stand for a nexthop object. */
static unsigned int neighbours(const struct router *r)
{
	unsigned int i, n = 0;

	for (i = 1; i < r->neigh.used; i++)
		n += r->neigh.neigh[i].refs && !r->neigh.neigh[i].alias &&
		     !r->neigh.neigh[i].glean;
	return n;
}

typedef void (*tell_fn)(FILE *out, const char *name, uint64_t value);

/* What follows the reasons, for people and programs alike. */
static void tell_figures(const struct router *r, const struct stats *s, FILE *out,
			 tell_fn tell)
{
	tell(out, "bursts", s->bursts);
	tell(out, "kicks", s->kicks);
	tell(out, "waits", s->waits);
	tell(out, "spins", s->spins);
	tell(out, "messages", r->stats.messages);
	tell(out, "overruns", r->stats.overruns);
	tell(out, "syncs", r->stats.syncs);
	tell(out, "ports", r->ports.count - r->ports.vlans);
	tell(out, "vlans", r->ports.vlans);
	tell(out, "neighbours", neighbours(r));
	tell(out, "routes", r->ip4.fib.routes);
	tell(out, "bytes", fib4_bytes(&r->ip4.fib));
	tell(out, "routes6", r->ip6.fib.routes);
	tell(out, "bytes6", fib6_bytes(&r->ip6.fib));
}

static void line(FILE *out, const char *name, uint64_t value)
{
	fprintf(out, "  %-10s %" PRIu64 "\n", name, value);
}

/* Where there are several, what each has done. */
static void print_workers(const struct router *r, FILE *out)
{
	unsigned int i;

	for (i = 0; r->lanes > 1 && i < r->lanes; i++)
		fprintf(out, "  queue %-4u sent %" PRIu64 " punted %" PRIu64 " bursts %" PRIu64 "\n",
			r->lane[i].q->queue, shared_load(r->lane[i].stats.sent),
			punted(&r->lane[i].stats), shared_load(r->lane[i].stats.bursts));
}

void stats_print(const struct router *r, FILE *out)
{
	const struct stats s = sum_of(r);
	unsigned int i;

	fprintf(out, "europa-router: vr %u\n", r->vr);
	line(out, "sent", s.sent);
	line(out, "punted", punted(&s));
	for (i = 1; i < PUNT_COUNT; i++)
		if (s.punt[i])
			fprintf(out, "    %-10s %" PRIu64 "\n", names[i], s.punt[i]);
	tell_figures(r, &s, out, line);
	print_workers(r, out);
	fflush(out);
}

static void member(FILE *out, const char *name, uint64_t value)
{
	fprintf(out, ",\"%s\":%" PRIu64, name, value);
}

static void worker_json(const struct lane *lane, FILE *out)
{
	const struct stats *s = &lane->stats;

	fprintf(out, "{\"queue\":%u", lane->q->queue);
	member(out, "sent", shared_load(s->sent));
	member(out, "punted", punted(s));
	member(out, "bursts", shared_load(s->bursts));
	member(out, "kicks", shared_load(s->kicks));
	member(out, "waits", shared_load(s->waits));
	member(out, "spins", shared_load(s->spins));
	fputc('}', out);
}

void stats_json(const struct router *r, FILE *out)
{
	const struct stats s = sum_of(r);
	unsigned int i;

	fprintf(out, "{\"vr\":%u", r->vr);
	member(out, "sent", s.sent);
	member(out, "punted", punted(&s));
	fprintf(out, ",\"punt\":{");
	for (i = 1; i < PUNT_COUNT; i++)
		fprintf(out, "%s\"%s\":%" PRIu64, i > 1 ? "," : "", names[i], s.punt[i]);
	fputc('}', out);
	tell_figures(r, &s, out, member);
	fprintf(out, ",\"workers\":[");
	for (i = 0; i < r->lanes; i++) {
		fputs(i ? "," : "", out);
		worker_json(&r->lane[i], out);
	}
	fprintf(out, "],\"resync\":%s}", r->resync ? "true" : "false");
}
