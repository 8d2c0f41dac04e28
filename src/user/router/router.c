// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include "ip4/redirect4.h"
#include "router.h"

bool router_init(struct router *r)
{
	unsigned int i;

	memset(r, 0, sizeof(*r));
	pthread_mutex_init(&r->lock, NULL);
	r->lanes = 1;
	r->ports.punt_all = r->ports.punt_all6 = true;
	for (i = 0; i <= PORT_MAX; i++)
		r->ports.port[i].special = r->ports.port[i].special6 = PORT_PUNT;
	if (!neigh_init(&r->neigh, &r->ports))
		return false;
	groups_init(&r->groups, &r->neigh);
	nexthops_init(&r->nexthops, &r->groups);
	if (ip4_init(&r->ip4, &r->neigh)) {
		if (ip6_init(&r->ip6, &r->neigh))
			return true;
		ip4_exit(&r->ip4);
	}
	neigh_exit(&r->neigh);
	return false;
}

/* What waits to be freed knows the tables it is from. */
void router_exit(struct router *r)
{
	grace_settle();
	ip6_exit(&r->ip6);
	ip4_exit(&r->ip4);
	nexthops_exit(&r->nexthops);
	groups_exit(&r->groups);
	neigh_exit(&r->neigh);
}

void router_mark(struct router *r)
{
	r->dead = false;
	r->ports.generation++;
	neigh_mark(&r->neigh);
	nexthops_mark(&r->nexthops);
	ip4_mark(&r->ip4);
	ip6_mark(&r->ip6);
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

void router_sweep(struct router *r, bool routes6)
{
	sweep_ports(r);
	neigh_sweep(&r->neigh);
	nexthops_sweep(&r->nexthops);
	ip4_sweep(&r->ip4);
	ip6_sweep(&r->ip6, routes6);
}

/* Said once, when there is something it concerns. */
static void refresh_flow(const struct router *r, struct flow *f, const char *family,
			 bool *told)
{
	bool odd;

	flow_refresh(f);
	odd = r->groups.count && f->policy == FLOW_OTHER;
	if (odd && !*told)
		fprintf(stderr, "europa-router: net.%s.fib_multipath_hash_policy, or fib_multipath_hash_fields, is not known here: the kernel forwards the packets of multipath routes\n",
			family);
	*told = odd;
}

void router_settings(struct router *r)
{
	refresh_flow(r, &r->ip4.flow, "ipv4", &r->policy_told);
	refresh_flow(r, &r->ip6.flow, "ipv6", &r->policy6_told);
	redirect4_refresh(&r->ports);
}

bool router_work(struct router *r, unsigned int budget)
{
	bool done = ip4_work(&r->ip4, budget) && ip6_work(&r->ip6, budget);

	if (done)
		neigh_reap(&r->neigh);
	grace_settle();
	return done;
}
