// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <string.h>

#include "ip6.h"

static void release(void *neigh, uint16_t adj)
{
	neigh_put(neigh, adj);
}

/* Addresses that are never forwarded: see ipv6_never(). */
static bool add_never(struct ip6 *t)
{
	static const struct fib6_prefix never[] = {
		{ { 0, 0 }, 80 },
		{ { 0xfe80ull << 48, 0 }, 10 },
		{ { 0xff00ull << 48, 0 }, 8 },
	};
	struct fib6_route route = { .kind = FIB6_LOCAL, .metric = 0xffffffff };
	unsigned int i;

	for (i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
		route.dst = never[i].dst;
		route.len = never[i].len;
		if (fib6_add(&t->fib, &route) == FIB6_NOMEM)
			return false;
	}
	return true;
}

bool ip6_init(struct ip6 *t, struct neigh_table *neigh)
{
	memset(t, 0, sizeof(*t));
	flow_init(&t->flow, FLOW6_SETTING, FLOW6_FIELDS, NULL);
	if (addr6_init(&t->own) && fib6_init(&t->fib, release, neigh) && add_never(t))
		return true;
	ip6_exit(t);
	return false;
}

void ip6_exit(struct ip6 *t)
{
	fib6_exit(&t->fib);
	addr6_exit(&t->own);
}

void ip6_mark(struct ip6 *t)
{
	rules_begin(&t->rules);
	addr6_mark(&t->own);
	fib6_mark(&t->fib);
	add_never(t);
}

void ip6_sweep(struct ip6 *t, bool routes)
{
	addr6_sweep(&t->own);
	t->own_changed = true;
	if (routes)
		fib6_sweep(&t->fib);
}

bool ip6_work(struct ip6 *t, unsigned int budget)
{
	if (t->own_changed)
		t->own_changed = !addr6_build(&t->own);
	return fib6_work(&t->fib, budget);
}
