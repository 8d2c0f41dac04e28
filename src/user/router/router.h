/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ROUTER_ROUTER_H
#define ROUTER_ROUTER_H

#include <libeuropa.h>

#include "addr4.h"
#include "fib4.h"
#include "neigh.h"
#include "port.h"
#include "stats.h"

#define RULE_LOCAL	0x01
#define RULE_MAIN	0x02

/* Policy rules. More than the defaults: the kernel forwards. */
struct rules {
	unsigned int defaults;	/* RULE_*: those that are there */
	unsigned int others;	/* count */
};

struct router {
	struct europa_queue *q;
	struct fib4 fib;
	struct neigh_table neigh;
	struct ports ports;
	struct addr4 own;
	struct stats stats;

	uint32_t vr;		/* number */
	bool verbose;
	bool own_changed;	/* addr4_build() is due */
	bool resync;		/* the mirror may be wrong: dump again */
	struct rules rules;
	struct rules rules_dump; /* of the dump going on */
	bool rules_told;	/* said so on stderr */
};

bool router_init(struct router *r);
void router_exit(struct router *r);

/* What the kernel does not tell again between the two is gone. */
void router_mark(struct router *r);
void router_sweep(struct router *r);

/*
 * Tables' work that is due, a bounded amount, between bursts. Returns true
 * when none is left.
 */
bool router_work(struct router *r, unsigned int budget);

#endif
