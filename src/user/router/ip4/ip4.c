// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <string.h>

#include "ip4.h"

static void release(void *neigh, uint16_t adj)
{
	neigh_put(neigh, adj);
}

/* Addresses that are never forwarded; the kernel has its own way with each. */
static bool add_never(struct ip4 *t)
{
	static const struct fib4_route never[] = {
		{ .dst = 0x00000000, .len = 8, .kind = FIB4_LOCAL },
		{ .dst = 0x7f000000, .len = 8, .kind = FIB4_LOCAL },
		{ .dst = 0xe0000000, .len = 4, .kind = FIB4_LOCAL },
		{ .dst = 0xffffffff, .len = 32, .kind = FIB4_LOCAL },
	};
	struct fib4_route route;
	unsigned int i;

	for (i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
		route = never[i];
		route.metric = 0xffffffff;
		if (fib4_add(&t->fib, &route) == FIB4_NOMEM)
			return false;
	}
	return true;
}

bool ip4_init(struct ip4 *t, struct neigh_table *neigh)
{
	memset(t, 0, sizeof(*t));
	flow_init(&t->flow, FLOW4_SETTING, FLOW4_FIELDS, FLOW4_NEIGH);
	if (!addr4_init(&t->own))
		return false;
	if (!fib4_init(&t->fib, release, neigh))
		goto err_own;
	if (!add_never(t))
		goto err_fib;
	return true;
err_fib:
	fib4_exit(&t->fib);
err_own:
	addr4_exit(&t->own);
	return false;
}

void ip4_exit(struct ip4 *t)
{
	fib4_exit(&t->fib);
	addr4_exit(&t->own);
}

void ip4_mark(struct ip4 *t)
{
	rules_begin(&t->rules);
	addr4_mark(&t->own);
	fib4_mark(&t->fib);
	add_never(t);
}

void ip4_sweep(struct ip4 *t)
{
	addr4_sweep(&t->own);
	t->own_changed = true;
	fib4_sweep(&t->fib);
}

bool ip4_work(struct ip4 *t, unsigned int budget)
{
	if (t->own_changed)
		t->own_changed = !addr4_build(&t->own);
	return fib4_work(&t->fib, budget);
}
