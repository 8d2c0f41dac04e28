/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/*
 * IPv4 forwarding table: a path-compressed binary trie of everything the
 * kernel has told us, and a lookup table made from it, DXR (M. Zec, L. Rizzo,
 * M. Mikuc, "DXR: Towards a Billion Routing Lookups per Second in Software",
 * ACM CCR 42(5), 2012): 2^16 direct entries, each an answer or a sorted array
 * of ranges over the lower 16 bits. Chosen over DIR-24-8 and poptrie because
 * its size is bounded by the routes (8 bytes of ranges per route at worst,
 * doubled by rounding, whatever the prefixes), it needs no popcount
 * instruction, and a change rebuilds one chunk.
 *
 * Answers are numbers of adjacencies (neigh.h); 0 is: punt.
 *
 * Changes mark chunks dirty; fib4_work() rebuilds them, a bounded amount at a
 * time, between bursts. Until then lookups give the old answer. Others may look up
 * meanwhile (grace.h).
 */
#ifndef ROUTER_FIB4_H
#define ROUTER_FIB4_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "grace.h"

#define FIB4_CHUNKS	65536
#define FIB4_LEAF	0x80000000u	/* the low 16 bits are the answer */
#define FIB4_OFFSET	0x3ffffffu	/* else: words */
#define FIB4_ADJ_MAX	0xfffeu

/* What covers an address, by precedence: see visit() in fib4.c. */
enum fib4_kind {
	FIB4_LOCAL,	/* of the local table, or never forwarded: punt */
	FIB4_MAIN,	/* of the main table */
	FIB4_HOST,	/* a neighbour, if the route there is its glean */
};

struct fib4_route {
	uint32_t dst;		/* host order, bits beyond len are 0 */
	uint32_t metric;	/* lowest wins */
	uint16_t adj;
	uint16_t glean;		/* HOST: what adj takes the place of */
	uint8_t len;		/* 0 ... 32 */
	uint8_t tos;		/* not 0: the kernel decides, punt */
	uint8_t kind;		/* enum fib4_kind */
};

struct fib4_prefix {
	uint32_t dst;		/* host order */
	uint8_t len;
};

struct fib4_node;
struct fib4_item;

struct fib4 {
	/*
	 * FIB4_CHUNKS words, each a leaf, or log2 of a size and an offset, in words from
	 * the table's start, where ranges are: start << 16 | answer. All that is read for
	 * a packet, and by others meanwhile: ranges that a word leads to do not change.
	 */
	uint32_t *table;
	uint32_t pool_size;	/* words of the table */
	uint32_t pool_used;	/* words handed out, free lists included */
	uint32_t pool_live;	/* words in use */
	uint32_t pool_free[17];	/* by log2 size, offset, linked; 0: none */
	uint32_t retiring;	/* ranges that become free when no reader is at them */

	struct fib4_node *nodes;
	uint32_t node_size, node_used, node_free;
	struct fib4_item *items;
	uint32_t item_size, item_used, item_free;
	uint32_t root;
	uint32_t routes;	/* items in use */
	uint8_t generation;	/* of items added or confirmed now */

	uint64_t *dirty;	/* a bit per chunk */
	uint32_t dirty_count;
	uint32_t dirty_at;	/* word where the search goes on */
	uint32_t sweep_at;	/* chunk; FIB4_CHUNKS: done */

	uint32_t *build;	/* ranges of the chunk being made */
	uint32_t built;

	/* An item is gone and its adjacencies with it. */
	void (*release)(void *arg, uint16_t adj);
	void *arg;
};

/* Returns false if there is no memory. */
bool fib4_init(struct fib4 *f, void (*release)(void *, uint16_t), void *arg);
void fib4_exit(struct fib4 *f);

enum fib4_result { FIB4_ADDED, FIB4_CONFIRMED, FIB4_NOMEM };

/*
 * An item with the same dst, len, kind, tos, metric and adj is confirmed; if
 * that happens twice between fib4_mark() and the next, it stands for several
 * routes that look the same from here, and fib4_del() refuses it.
 */
enum fib4_result fib4_add(struct fib4 *f, const struct fib4_route *r);
/* Returns false, and removes nothing, if there is not exactly one such route. */
bool fib4_del(struct fib4 *f, const struct fib4_route *r);
/*
 * Remove what r replaces: the one of the same dst, len, kind, tos and metric.
 * Returns how many there were; if not 1, nothing is removed.
 */
unsigned int fib4_unset(struct fib4 *f, const struct fib4_route *r);

/*
 * Confirm the route, if it is there and r replaces nothing but itself: then
 * nothing changes. Returns whether that is so.
 */
bool fib4_confirm(struct fib4 *f, const struct fib4_route *r);

/* Mark and sweep: what is not added again between the two goes. */
void fib4_mark(struct fib4 *f);
void fib4_sweep(struct fib4 *f);

/* Rebuild and sweep about `budget` nodes' worth; returns true when all is done. */
bool fib4_work(struct fib4 *f, unsigned int budget);

/* For a burst: both steps of a lookup take the same one. */
static inline const uint32_t *fib4_table(const struct fib4 *f)
{
	return grace_read(f->table);
}

/* First step of a lookup: prefetch for the second. addr in host order. */
static inline uint32_t fib4_top(const uint32_t *table, uint32_t addr)
{
	uint32_t top = grace_read(table[addr >> 16]);

	if (!(top & FIB4_LEAF))
		__builtin_prefetch(table + (top & FIB4_OFFSET));
	return top;
}

static inline uint16_t fib4_rest(const uint32_t *table, uint32_t top,
				 uint32_t addr)
{
	uint32_t key = addr << 16 | FIB4_ADJ_MAX, half;
	const uint32_t *p;

	if (top & FIB4_LEAF)
		return top;
	p = table + (top & FIB4_OFFSET);
	for (half = 1u << (top >> 26) >> 1; half; half >>= 1)
		p += p[half] <= key ? half : 0;
	return *p;
}

static inline uint16_t fib4_lookup(const struct fib4 *f, uint32_t addr)
{
	const uint32_t *table = fib4_table(f);

	return fib4_rest(table, fib4_top(table, addr), addr);
}

/* All prefixes that have a route, to room for f->routes. Returns how many. */
uint32_t fib4_prefixes(const struct fib4 *f, struct fib4_prefix *prefix);

/*
 * The items of node n, from 1 on, of which there may be none. Returns false if there is no
 * such node, nor any after it. While an item is there it stays at its node.
 */
bool fib4_at(const struct fib4 *f, uint32_t n,
	     void (*item)(void *arg, const struct fib4_route *r), void *arg);

/* The longest prefix of an address that has an item of that kind; false: none. */
bool fib4_covering(const struct fib4 *f, uint32_t addr, enum fib4_kind kind,
		   struct fib4_prefix *prefix);

/* Bytes in use and bytes reserved by growth. */
size_t fib4_bytes(const struct fib4 *f);

#endif
