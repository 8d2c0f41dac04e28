// SPDX-License-Identifier: GPL-2.0
#include "router.h"

static void release(void *arg, uint16_t adj)
{
	struct router *r = arg;

	neigh_put(&r->neigh, adj);
}

/* Addresses that are never forwarded; the kernel has its own way with each. */
static bool add_never(struct router *r)
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
		if (fib4_add(&r->fib, &route) == FIB4_NOMEM)
			return false;
	}
	return true;
}

bool router_init(struct router *r)
{
	unsigned int i;

	memset(r, 0, sizeof(*r));
	r->ports.punt_all = true;
	for (i = 0; i <= EUROPA_PORT_MAX; i++)
		r->ports.port[i].special = PORT_PUNT;
	if (!neigh_init(&r->neigh, &r->ports))
		return false;
	if (!addr4_init(&r->own))
		goto err_neigh;
	if (!fib4_init(&r->fib, release, r))
		goto err_own;
	if (!add_never(r))
		goto err_fib;
	return true;
err_fib:
	fib4_exit(&r->fib);
err_own:
	addr4_exit(&r->own);
err_neigh:
	neigh_exit(&r->neigh);
	return false;
}

void router_exit(struct router *r)
{
	fib4_exit(&r->fib);
	addr4_exit(&r->own);
	neigh_exit(&r->neigh);
}

void router_mark(struct router *r)
{
	r->ports.generation++;
	addr4_mark(&r->own);
	neigh_mark(&r->neigh);
	fib4_mark(&r->fib);
	add_never(r);
}

static void sweep_ports(struct router *r)
{
	struct ports *t = &r->ports;
	unsigned int i = 0;

	while (i < t->count) {
		unsigned int number = t->used[i];

		if (t->port[number].generation == t->generation) {
			i++;
			continue;
		}
		port_unset(t, number);
		neigh_port(&r->neigh, number);
	}
}

void router_sweep(struct router *r)
{
	sweep_ports(r);
	addr4_sweep(&r->own);
	r->own_changed = true;
	neigh_sweep(&r->neigh);
	fib4_sweep(&r->fib);
}

bool router_work(struct router *r, unsigned int budget)
{
	if (r->own_changed)
		r->own_changed = !addr4_build(&r->own);
	if (!fib4_work(&r->fib, budget))
		return false;
	neigh_reap(&r->neigh);
	return true;
}
