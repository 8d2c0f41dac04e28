/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* Our own IPv6 addresses. */
#ifndef ROUTER_ADDR6_H
#define ROUTER_ADDR6_H

#include "grace.h"
#include "ip6/ipv6.h"

struct addr6_item {
	struct ipv6_addr addr;
	uint32_t ifindex;
	uint8_t len;
	uint8_t generation;
};

struct addr6_table {
	uint32_t mask;
	struct ipv6_addr at[];	/* open addressing, linear; ::, never ours: empty */
};

/* Workers read the table and maybe[]. */
struct addr6 {
	struct addr6_item *item;
	struct addr6_table *table;
	uint32_t count, size;
	uint8_t generation;
	bool maybe[256];	/* by last octet: one of ours ends so */
};

bool addr6_init(struct addr6 *t);
void addr6_exit(struct addr6 *t);
/* Each takes effect at the next addr6_build(). false: no memory. */
bool addr6_add(struct addr6 *t, struct ipv6_addr addr, uint32_t ifindex, uint8_t len);
void addr6_del(struct addr6 *t, struct ipv6_addr addr, uint32_t ifindex, uint8_t len);
void addr6_mark(struct addr6 *t);
void addr6_sweep(struct addr6 *t);
bool addr6_build(struct addr6 *t);

/* Has the interface any? At once, without addr6_build(). */
bool addr6_on(const struct addr6 *t, uint32_t ifindex);

/* Is it one of ours? */
bool addr6_has(const struct addr6 *t, struct ipv6_addr addr);

/* No packet that is forwarded comes from there. */
static inline bool addr6_bad_source(const struct addr6 *t, struct ipv6_addr addr)
{
	return ipv6_never(addr) || (shared_load(t->maybe[addr.lo & 0xff]) && addr6_has(t, addr));
}

#endif
