/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/*
 * Policy rules of one address family. More than the defaults, and what VRFs need: the
 * kernel forwards.
 */
#ifndef ROUTER_RULES_H
#define ROUTER_RULES_H

#include "message.h"

struct rules_count {
	unsigned int defaults;	/* RULE_*: those that are there */
	unsigned int others;	/* count */
};

struct rules {
	struct rules_count now;
	struct rules_count dump; /* of the dump going on */
	bool changed;		/* there were ever others than there are at first */
};

/*
 * Rules of a dump are counted apart until it is complete, so that those known
 * before stay in force meanwhile. A change during a dump is counted in both. It
 * may be counted twice, then, which makes no difference. A rule that goes needs a
 * new dump, which tells whether there is another like it; until then a default is
 * missing, and others stay.
 */
void rules_add(struct rules *r, const struct message *m);
void rules_del(struct rules *r, const struct message *m);
/* A dump begins; is complete. */
void rules_begin(struct rules *r);
void rules_end(struct rules *r);

/* More than the defaults, or less? */
bool rules_odd(const struct rules *r);

#endif
