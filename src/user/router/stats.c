// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <inttypes.h>

#include "router.h"

#define PUNT_NAME(id, name) name,
static const char *const names[] = { PUNT_REASONS(PUNT_NAME) };

static void line(FILE *out, const char *name, uint64_t value)
{
	fprintf(out, "  %-10s %" PRIu64 "\n", name, value);
}

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
	line(out, "bursts", s->bursts);
	line(out, "kicks", s->kicks);
	line(out, "waits", s->waits);
	line(out, "spins", s->spins);
	line(out, "messages", s->messages);
	line(out, "overruns", s->overruns);
	line(out, "syncs", s->syncs);
	line(out, "ports", r->ports.count - r->ports.vlans);
	line(out, "vlans", r->ports.vlans);
	line(out, "routes", r->ip4.fib.routes);
	line(out, "bytes", fib4_bytes(&r->ip4.fib));
	line(out, "routes6", r->ip6.fib.routes);
	line(out, "bytes6", fib6_bytes(&r->ip6.fib));
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
	member(out, "bursts", s->bursts);
	member(out, "kicks", s->kicks);
	member(out, "waits", s->waits);
	member(out, "spins", s->spins);
	member(out, "messages", s->messages);
	member(out, "overruns", s->overruns);
	member(out, "syncs", s->syncs);
	member(out, "ports", r->ports.count);
	member(out, "routes", r->ip4.fib.routes);
	member(out, "bytes", fib4_bytes(&r->ip4.fib));
	member(out, "routes6", r->ip6.fib.routes);
	member(out, "bytes6", fib6_bytes(&r->ip6.fib));
	fprintf(out, ",\"resync\":%s}", r->resync ? "true" : "false");
}
