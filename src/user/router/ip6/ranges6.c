// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <stdlib.h>
#include <string.h>

#include "ranges6.h"

/*
 * A piece that does not fit is cut here, and no two are joined to more than that:
 * there is room for some changes before the index has to move again.
 */
#define FILL_PIECE	(RANGES6_PIECE * 3 / 4)
#define FILL_WEIGHT	(RANGES6_WEIGHT * 3 / 4)

#define LAST	((struct ipv6_addr){ ~0ull, ~0ull })

/* ---- the list ---------------------------------------------------------- */

static void cut(struct ranges6_list *l)
{
	l->cut = true;
	l->count = l->mark.count;
	l->weight = l->mark.weight;
	l->rest = l->mark.at;
}

bool ranges6_add(struct ranges6_list *l, struct ipv6_addr start, uint16_t adj,
		 unsigned int weight)
{
	bool same = l->count && l->adj[l->count - 1] == adj;

	if (!l->mark.count && (l->count >= FILL_PIECE || l->weight >= FILL_WEIGHT)) {
		l->mark.count = l->count;
		l->mark.weight = l->weight;
		l->mark.at = start;
	}
	if (l->mark.count && (l->count + !same > RANGES6_PIECE || weight > RANGES6_WEIGHT)) {
		cut(l);
		return false;
	}
	l->weight = weight;
	if (same)
		return true;
	l->start[l->count] = start;
	l->adj[l->count++] = adj;
	return true;
}

/* What a piece has from that address on. */
static void copy(const struct ranges6 *r, uint32_t i, struct ipv6_addr from,
		 struct ranges6_list *l)
{
	const struct ranges6_piece *p = r->piece[i];
	unsigned int k;

	ranges6_add(l, from, ranges6_inside(p, from), l->weight);
	for (k = 1; k < p->count; k++) {
		struct ipv6_addr start = { p->hi[k], p->wide ? p->lo[k] : 0 };

		if (ipv6_less(from, start))
			ranges6_add(l, start, p->adj[k], l->weight);
	}
}

/* ---- pieces ------------------------------------------------------------ */

static size_t piece_bytes(bool wide)
{
	return sizeof(struct ranges6_piece) + (wide ? RANGES6_PIECE * sizeof(uint64_t) : 0);
}

static struct ranges6_piece *piece_new(struct ranges6 *r, bool wide)
{
	struct ranges6_piece *p = malloc(piece_bytes(wide));

	if (!p)
		return NULL;
	p->wide = wide;
	r->bytes += piece_bytes(wide);
	return p;
}

static void piece_free(struct ranges6 *r, struct ranges6_piece *p)
{
	if (!p)
		return;
	r->bytes -= piece_bytes(p->wide);
	free(p);
}

/* The list is not empty; if a start but the first has a lower half, p is wide. */
static void piece_fill(struct ranges6_piece *p, const struct ranges6_list *l)
{
	unsigned int k;

	p->count = l->count;
	p->weight = l->weight;
	for (k = 0; k < RANGES6_PIECE; k++) {
		struct ipv6_addr start = k < l->count ? l->start[k] : LAST;

		p->hi[k] = start.hi;
		if (p->wide)
			p->lo[k] = start.lo;
		p->adj[k] = l->adj[k < l->count ? k : l->count - 1];
	}
}

static bool needs_wide(const struct ranges6_list *l)
{
	uint64_t lo = 0;
	unsigned int k;

	for (k = 1; k < l->count; k++)
		lo |= l->start[k].lo;
	return lo;
}

/* Piece i is as listed, in memory of the form that it needs now. */
static bool piece_set(struct ranges6 *r, uint32_t i, const struct ranges6_list *l)
{
	struct ranges6_piece *old = r->piece[i], *p = old;
	bool wide = needs_wide(l);

	if (!p || p->wide != wide) {
		p = piece_new(r, wide);
		if (!p)
			return false;
		piece_free(r, old);
		r->piece[i] = p;
	}
	piece_fill(p, l);
	return true;
}

/* A single range fits into memory of either form. */
static void piece_punt(struct ranges6 *r, uint32_t i)
{
	struct ranges6_list l = { .count = 1 };

	l.start[0] = ranges6_first(r, i);
	piece_fill(r->piece[i], &l);
}

/* ---- the index --------------------------------------------------------- */

static bool resize(void *array, uint32_t size, size_t each)
{
	void *p = realloc(*(void **)array, size * each);

	if (p)
		*(void **)array = p;
	return p;
}

static bool reserve(struct ranges6 *r)
{
	uint32_t size = r->size ? r->size + r->size / 2 : 16;

	if (r->count < r->size)
		return true;
	if (!resize(&r->hi, size, sizeof(*r->hi)) || !resize(&r->lo, size, sizeof(*r->lo)) ||
	    !resize(&r->piece, size, sizeof(*r->piece)) ||
	    !resize(&r->due, size, sizeof(*r->due)))
		return false;
	r->size = size;
	return true;
}

/* Entries from `from` on go to `to`. Returns how many. */
static unsigned int move(struct ranges6 *r, uint32_t to, uint32_t from)
{
	uint32_t n = r->count - from;

	memmove(r->hi + to, r->hi + from, n * sizeof(*r->hi));
	memmove(r->lo + to, r->lo + from, n * sizeof(*r->lo));
	memmove(r->piece + to, r->piece + from, n * sizeof(*r->piece));
	memmove(r->due + to, r->due + from, n * sizeof(*r->due));
	r->count = r->count - from + to;
	return n;
}

/* Room was reserved. The piece itself is to be set. */
static unsigned int insert(struct ranges6 *r, uint32_t i, struct ipv6_addr first)
{
	unsigned int moved = move(r, i + 1, i);

	r->hi[i] = first.hi;
	r->lo[i] = first.lo;
	r->piece[i] = NULL;
	r->due[i] = false;
	return moved;
}

/* Returns false, and nothing is changed, if there is no memory. */
static bool split(struct ranges6 *r, uint32_t i, struct ipv6_addr at, unsigned int *moved)
{
	struct ranges6_list rest = { 0 };

	if (!reserve(r))
		return false;
	copy(r, i, at, &rest);
	*moved += insert(r, i + 1, at);
	if (!piece_set(r, i + 1, &rest)) {
		move(r, i + 1, i + 2);
		return false;
	}
	r->due[i + 1] = true;
	r->any_due = true;
	return true;
}

/* Piece i and the next become one, if both are small and up to date. */
static unsigned int join(struct ranges6 *r, uint32_t i)
{
	struct ranges6_list both = { 0 };
	struct ranges6_piece *a, *b;

	if (i + 1 >= r->count || r->due[i] || r->due[i + 1])
		return 0;
	a = r->piece[i];
	b = r->piece[i + 1];
	if (a->count + b->count > FILL_PIECE || a->weight + b->weight > FILL_WEIGHT)
		return 0;
	copy(r, i, ranges6_first(r, i), &both);
	copy(r, i + 1, ranges6_first(r, i + 1), &both);
	both.weight = a->weight + b->weight;
	if (!piece_set(r, i, &both))
		return 0;
	piece_free(r, b);
	return move(r, i + 1, i + 2);
}

unsigned int ranges6_set(struct ranges6 *r, uint32_t i, const struct ranges6_list *l)
{
	unsigned int moved = 0;

	r->due[i] = false;
	if ((l->cut && !split(r, i, l->rest, &moved)) || !piece_set(r, i, l))
		piece_punt(r, i);
	moved += join(r, i);
	return i ? moved + join(r, i - 1) : moved;
}

/* ---- what is due ------------------------------------------------------- */

void ranges6_change(struct ranges6 *r, struct ipv6_addr first, struct ipv6_addr last)
{
	uint32_t i = ranges6_find(r, first), n = ranges6_find(r, last) - i + 1;

	memset(r->due + i, true, n);
	r->any_due = true;
}

bool ranges6_due(struct ranges6 *r, uint32_t *piece)
{
	uint8_t *found;

	if (!r->any_due)
		return false;
	if (r->due_at >= r->count)
		r->due_at = 0;
	found = memchr(r->due + r->due_at, true, r->count - r->due_at);
	if (!found)
		found = memchr(r->due, true, r->due_at);
	r->any_due = found;
	if (!found)
		return false;
	*piece = r->due_at = found - r->due;
	return true;
}

/* ---- where things are -------------------------------------------------- */

struct ipv6_addr ranges6_first(const struct ranges6 *r, uint32_t piece)
{
	return (struct ipv6_addr){ r->hi[piece], r->lo[piece] };
}

struct ipv6_addr ranges6_last(const struct ranges6 *r, uint32_t piece)
{
	return piece + 1 < r->count ? ipv6_before(ranges6_first(r, piece + 1)) : LAST;
}

uint32_t ranges6_find_wide(const struct ranges6 *r, uint64_t hi, uint64_t lo)
{
	uint32_t at = 0, n = r->count, half;

	for (; n > 1; n -= half) {
		half = n / 2;
		at += ranges6_reached(r->hi[at + half], r->lo[at + half], hi, lo) ? half : 0;
	}
	return at;
}

/* ---- life -------------------------------------------------------------- */

bool ranges6_init(struct ranges6 *r)
{
	struct ranges6_list all = { .count = 1 };

	memset(r, 0, sizeof(*r));
	if (!reserve(r))
		return false;
	insert(r, 0, (struct ipv6_addr){ 0, 0 });
	return piece_set(r, 0, &all);
}

void ranges6_exit(struct ranges6 *r)
{
	uint32_t i;

	for (i = 0; i < r->count; i++)
		free(r->piece[i]);
	free(r->hi);
	free(r->lo);
	free(r->piece);
	free(r->due);
	memset(r, 0, sizeof(*r));
}

size_t ranges6_bytes(const struct ranges6 *r)
{
	return r->bytes + r->count * (sizeof(*r->hi) + sizeof(*r->lo) + sizeof(*r->piece) +
				      sizeof(*r->due));
}
