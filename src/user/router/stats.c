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
		sum += s->punt[i];
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
static void tell_figures(const struct router *r, FILE *out, tell_fn tell)
{
	const struct stats *s = &r->stats;

	tell(out, "bursts", s->bursts);
	tell(out, "kicks", s->kicks);
	tell(out, "waits", s->waits);
	tell(out, "spins", s->spins);
	tell(out, "messages", s->messages);
	tell(out, "overruns", s->overruns);
	tell(out, "syncs", s->syncs);
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

void stats_print(const struct router *r, FILE *out)
{
	const struct stats *s = &r->stats;
	unsigned int i;

	fprintf(out, "europa-router: vr %u\n", r->vr);
	line(out, "sent", s->sent);
	line(out, "punted", punted(s));
	for (i = 1; i < PUNT_COUNT; i++)
		if (s->punt[i])
			fprintf(out, "    %-10s %" PRIu64 "\n", names[i], s->punt[i]);
	tell_figures(r, out, line);
	fflush(out);
}

static void member(FILE *out, const char *name, uint64_t value)
{
	fprintf(out, ",\"%s\":%" PRIu64, name, value);
}

void stats_json(const struct router *r, FILE *out)
{
	const struct stats *s = &r->stats;
	unsigned int i;

	fprintf(out, "{\"vr\":%u", r->vr);
	member(out, "sent", s->sent);
	member(out, "punted", punted(s));
	fprintf(out, ",\"punt\":{");
	for (i = 1; i < PUNT_COUNT; i++)
		fprintf(out, "%s\"%s\":%" PRIu64, i > 1 ? "," : "", names[i], s->punt[i]);
	fputc('}', out);
	tell_figures(r, out, member);
	fprintf(out, ",\"resync\":%s}", r->resync ? "true" : "false");
}
