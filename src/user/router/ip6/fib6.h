/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/*
 * IPv6 forwarding table: a path-compressed binary trie, after D. R. Morrison's
 * PATRICIA (J. ACM 15(4), 1968), with the whole prefix in each node as in K.
 * Sklower, "A Tree-Based Packet Routing Table for Berkeley Unix" (USENIX, Winter
 * 1991), of all that the kernel told, each node with the answer that its own routes
 * give; and ranges of addresses made from it, in which packets are looked up
 * (ranges6.h).
 *
 * Changes of the trie say which pieces of the ranges are due; fib6_work() makes
 * them anew, a bounded amount at a time, between bursts. Until then lookups give
 * the old answer. docs/performance.md has figures, also of what was not chosen.
 *
 * Answers are numbers of adjacencies (neigh.h); 0 is: punt.
 */
#ifndef ROUTER_FIB6_H
#define ROUTER_FIB6_H

#include <stddef.h>

#include "ip6/ipv6.h"
#include "ip6/ranges6.h"

/* What covers an address, by precedence: see walk_enter() in fib6.c. */
enum fib6_kind {
	FIB6_LOCAL,	/* of the local table, or never forwarded: punt */
	FIB6_MAIN,	/* of the main table */
	FIB6_HOST,	/* a neighbour, if the route there is its glean */
};

struct fib6_route {
	struct ipv6_addr dst;	/* bits beyond len are 0 */
	uint32_t metric;	/* lowest wins */
	uint16_t adj;
	uint16_t glean;		/* HOST: what adj takes the place of */
	uint8_t len;		/* 0 ... 128 */
	uint8_t kind;		/* enum fib6_kind */
	bool odd;		/* looks at more than dst: the kernel decides, punt */
};

struct fib6_prefix {
	struct ipv6_addr dst;
	uint8_t len;
};

#define FIB6_HAS_LOCAL	0x01
#define FIB6_HAS_MAIN	0x02
#define FIB6_HAS_HOST	0x04

/* Half a cache line. Indices into nodes and items; 0 is none. */
struct fib6_node {
	struct ipv6_addr key;
	uint32_t child[2];	/* free: child[0] links */
	uint32_t items;
	uint16_t adj;		/* the main table's answer here, 0: punt */
	uint8_t len;
	uint8_t has;		/* FIB6_HAS_* */
};

struct fib6_item {
	uint32_t next;		/* of the node, or of the free list */
	uint32_t metric;
	uint16_t adj;
	uint16_t glean;
	uint8_t kind;
	uint8_t generation;
	bool odd;
	bool shared;		/* the kernel may have several such routes */
};

struct fib6 {
	struct ranges6 ranges;
	struct fib6_node *nodes;
	uint32_t node_size, node_used, node_free;
	struct fib6_item *items;
	uint32_t item_size, item_used, item_free;
	uint32_t root;
	uint32_t routes;	/* items in use */
	uint32_t sweep_at;	/* node; none left: UINT32_MAX */
	uint8_t generation;	/* of items added or confirmed now */

	/* An item is gone and its adjacencies with it. */
	void (*release)(void *arg, uint16_t adj);
	void *arg;
};

/* Returns false if there is no memory. */
bool fib6_init(struct fib6 *f, void (*release)(void *, uint16_t), void *arg);
void fib6_exit(struct fib6 *f);

enum fib6_result { FIB6_ADDED, FIB6_CONFIRMED, FIB6_NOMEM };

/*
 * An item with the same dst, len, kind, oddness, metric and adj is confirmed; if
 * that happens twice between fib6_mark() and the next, it stands for several
 * routes that look the same from here, and fib6_del() refuses it.
 */
enum fib6_result fib6_add(struct fib6 *f, const struct fib6_route *r);
/* Returns false, and removes nothing, if there is not exactly one such route. */
bool fib6_del(struct fib6 *f, const struct fib6_route *r);
/*
 * Remove what r replaces: the one of the same dst, len, kind, oddness and metric.
 * Returns how many there were; if not 1, nothing is removed.
 */
unsigned int fib6_unset(struct fib6 *f, const struct fib6_route *r);

/*
 * Confirm the route, if it is there and r replaces nothing but itself: then
 * nothing changes. Returns whether that is so.
 */
bool fib6_confirm(struct fib6 *f, const struct fib6_route *r);

/*
 * The adjacency of the one item of the same dst, len, kind, oddness and metric, 0
 * if there are others, or none.
 */
uint16_t fib6_only(const struct fib6 *f, const struct fib6_route *r);

/* Mark and sweep: what is not added again between the two goes. */
void fib6_mark(struct fib6 *f);
void fib6_sweep(struct fib6 *f);

/* Sweep, and make ranges of, about `budget` nodes; returns true when all is done. */
bool fib6_work(struct fib6 *f, unsigned int budget);

static inline uint16_t fib6_lookup(const struct fib6 *f, struct ipv6_addr addr)
{
	return ranges6_lookup(&f->ranges, addr);
}

/* All prefixes that have a route, to room for f->routes. Returns how many. */
uint32_t fib6_prefixes(const struct fib6 *f, struct fib6_prefix *prefix);

/*
 * The items of node n, from 1 on, of which there may be none. Returns false if there is no
 * such node, nor any after it. While an item is there it stays at its node.
 */
bool fib6_at(const struct fib6 *f, uint32_t n,
	     void (*item)(void *arg, const struct fib6_route *r), void *arg);

/* The longest prefix of an address that has an item of that kind; false: none. */
bool fib6_covering(const struct fib6 *f, struct ipv6_addr addr, enum fib6_kind kind,
		   struct fib6_prefix *prefix);

/* Bytes in use. */
size_t fib6_bytes(const struct fib6 *f);

#endif
