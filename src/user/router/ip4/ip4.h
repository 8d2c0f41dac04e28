/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* All that the router knows of IPv4, but for neighbours and ports (neigh.h, port.h). */
#ifndef ROUTER_IP4_H
#define ROUTER_IP4_H

#include "ip4/addr4.h"
#include "ip4/fib4.h"
#include "ip4/flow4.h"
#include "neigh.h"
#include "rules.h"

struct ip4 {
	struct fib4 fib;
	struct flow flow;
	struct addr4 own;
	bool own_changed;	/* addr4_build() is due */
	struct rules rules;
};

/* Routes name adjacencies of neigh. Returns false if there is no memory. */
bool ip4_init(struct ip4 *t, struct neigh_table *neigh);
void ip4_exit(struct ip4 *t);

/* What the kernel does not tell again between the two is gone. */
void ip4_mark(struct ip4 *t);
void ip4_sweep(struct ip4 *t);

/* A bounded amount of work that is due. Returns true when none is left. */
bool ip4_work(struct ip4 *t, unsigned int budget);

#endif
