/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* All that the router knows of IPv6, but for neighbours and ports (neigh.h, port.h). */
#ifndef ROUTER_IP6_H
#define ROUTER_IP6_H

#include "ip6/addr6.h"
#include "ip6/fib6.h"
#include "ip6/flow6.h"
#include "neigh.h"
#include "rules.h"

struct ip6 {
	struct fib6 fib;
	struct flow flow;
	struct addr6 own;
	bool own_changed;	/* addr6_build() is due */
	struct rules rules;
};

/* Routes name adjacencies of neigh. Returns false if there is no memory. */
bool ip6_init(struct ip6 *t, struct neigh_table *neigh);
void ip6_exit(struct ip6 *t);

/* What the kernel does not tell again between the two is gone. */
void ip6_mark(struct ip6 *t);
void ip6_sweep(struct ip6 *t, bool routes);

/* A bounded amount of work that is due. Returns true when none is left. */
bool ip6_work(struct ip6 *t, unsigned int budget);

#endif
