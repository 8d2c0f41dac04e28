/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/*
 * All IPv6 addresses, cut into ranges with an answer each: what packets are looked
 * up in. As in DXR (M. Zec, L. Rizzo, M. Mikuc, "DXR: Towards a Billion Routing
 * Lookups per Second in Software", ACM CCR 42(5), 2012) the starts of ranges are
 * sorted and searched by halves. As in a B+-tree (R. Bayer, E. McCreight,
 * "Organization and Maintenance of Large Ordered Indexes", Acta Informatica 1,
 * 1972; D. Comer, "The Ubiquitous B-Tree", ACM Computing Surveys 11(2), 1979) they
 * lie in pieces of bounded size, which are split and joined, under an index of
 * where each piece starts. There are two levels and no more: the index of 200,000
 * routes has some 9,000 pieces.
 *
 * Who has the routes (fib6.h) says which addresses a change concerns, takes the
 * pieces that are due for it, one by one, and makes each anew. Until then a piece
 * gives the old answers. What one step does is bounded by the size of a piece, and
 * by the index, of which a part moves when a piece is split or joined.
 *
 * Routes to more than 64 bits are few and in few places: only pieces that have
 * borders inside of a /64 keep the lower halves of their addresses.
 */
#ifndef ROUTER_RANGES6_H
#define ROUTER_RANGES6_H

#include <stddef.h>

#include "grace.h"
#include "ip6/ipv6.h"

#define RANGES6_PIECE	64	/* ranges of a piece; a power of 2 */
#define RANGES6_WEIGHT	128	/* trie nodes that begin in it */

/*
 * Those beyond count begin at the last address there is and answer like the last
 * range, so that a search takes the same steps in every piece. The first begins
 * where the index says; hi[0] and lo[0] are not looked at.
 */
struct ranges6_piece {
	bool wide;		/* it has lo; else those are 0 */
	uint8_t count;
	uint16_t weight;	/* as the one who made it said */
	uint16_t adj[RANGES6_PIECE];
	uint64_t hi[RANGES6_PIECE];
	uint64_t lo[];
};

/* Of each piece, in the order of addresses. The first starts at ::. */
struct ranges6_index {
	uint32_t count, size;
	uint64_t *lo;		/* both behind hi, in the same memory */
	struct ranges6_piece **piece;
	uint64_t hi[];
};

/*
 * Where others look up meanwhile (grace.h) a piece is not changed but another takes
 * its place, and where pieces are split or joined the index is copied.
 */
struct ranges6 {
	struct ranges6_index *index;
	uint8_t *due;		/* bool, of each piece: to be made anew */
	uint32_t due_size;
	uint32_t due_at;	/* where the search for one that is due goes on */
	bool any_due;		/* perhaps */
	size_t bytes;		/* of the pieces */
};

/* A piece in the making. */
struct ranges6_list {
	unsigned int count, weight;
	struct ipv6_addr start[RANGES6_PIECE];
	uint16_t adj[RANGES6_PIECE];
	/* Not all of the piece: the rest starts there. */
	bool cut;
	struct ipv6_addr rest;
	/* Where to cut if the whole does not fit; count 0: not reached. */
	struct { unsigned int count, weight; struct ipv6_addr at; } mark;
};

/* All addresses are answered 0. Returns false if there is no memory. */
bool ranges6_init(struct ranges6 *r);
void ranges6_exit(struct ranges6 *r);

/* Answers from first to last, both included, may be others now. */
void ranges6_change(struct ranges6 *r, struct ipv6_addr first, struct ipv6_addr last);

/* Returns whether one is due, and which. */
bool ranges6_due(struct ranges6 *r, uint32_t *piece);

/* First and last address of a piece. */
struct ipv6_addr ranges6_first(const struct ranges6 *r, uint32_t piece);
struct ipv6_addr ranges6_last(const struct ranges6 *r, uint32_t piece);

/*
 * From start on it is adj, up to the next that is added, in ascending order; weight
 * is that of all so far. Returns false, and the list is cut, if it is full.
 */
bool ranges6_add(struct ranges6_list *l, struct ipv6_addr start, uint16_t adj,
		 unsigned int weight);

/*
 * The piece is as listed, and what was cut off becomes another one, which is due.
 * Without memory the piece answers 0: slow, not wrong. Returns entries moved.
 */
unsigned int ranges6_set(struct ranges6 *r, uint32_t piece, const struct ranges6_list *l);

/* Bytes in use. */
size_t ranges6_bytes(const struct ranges6 *r);

/* The piece that has an address whose /64 lies in several. */
uint32_t ranges6_find_wide(const struct ranges6_index *x, uint64_t hi, uint64_t lo);

/* Whether a border is at or before an address; in words for the sake of registers. */
static inline bool ranges6_reached(uint64_t hi, uint64_t lo, uint64_t at_hi, uint64_t at_lo)
{
	return (hi < at_hi) | ((hi == at_hi) & (lo <= at_lo));
}

static inline uint32_t ranges6_find(const struct ranges6_index *x, struct ipv6_addr a)
{
	const uint64_t *p = x->hi;
	uint32_t n = x->count, half;

	for (; n > 1; n -= half) {
		half = n / 2;
		p += p[half] <= a.hi ? half : 0;
	}
	if (*p == a.hi && x->lo[p - x->hi] > a.lo)
		return ranges6_find_wide(x, a.hi, a.lo);
	return p - x->hi;
}

static inline uint16_t ranges6_inside(const struct ranges6_piece *p, struct ipv6_addr a)
{
	uint32_t at = 0, half;

	if (!p->wide) {
#pragma GCC unroll 8
		for (half = RANGES6_PIECE / 2; half; half /= 2)
			at += p->hi[at + half] <= a.hi ? half : 0;
		return p->adj[at];
	}
	/* No branch here that packets would have to guess. */
	for (half = RANGES6_PIECE / 2; half; half /= 2)
		at += half & -(uint32_t)ranges6_reached(p->hi[at + half], p->lo[at + half],
							 a.hi, a.lo);
	return p->adj[at];
}

static inline uint16_t ranges6_lookup(const struct ranges6 *r, struct ipv6_addr a)
{
	const struct ranges6_index *x = grace_read(r->index);
	const struct ranges6_piece *p = grace_read(x->piece[ranges6_find(x, a)]);
	unsigned int k;

	/* All cache lines on their way at once, rather than one after the other. */
#pragma GCC unroll 8
	for (k = 0; k < RANGES6_PIECE; k += 64 / sizeof(p->hi[0]))
		__builtin_prefetch(&p->hi[k]);
	return ranges6_inside(p, a);
}

#endif
