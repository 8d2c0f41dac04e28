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
	const struct ranges6_piece *p = r->index->piece[i];
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

/* Answers 0 whatever the address. There is always memory for it, and nobody changes it. */
static struct ranges6_piece punted = { .count = 1 };

static void piece_free(struct ranges6 *r, struct ranges6_piece *p)
{
	if (!p || p == &punted)
		return;
	r->bytes -= piece_bytes(p->wide);
	grace_free(p);
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

static struct ranges6_piece *piece_make(struct ranges6 *r, const struct ranges6_list *l)
{
	struct ranges6_piece *p = piece_new(r, needs_wide(l));

	if (p)
		piece_fill(p, l);
	return p;
}

static void piece_replace(struct ranges6 *r, uint32_t i, struct ranges6_piece *p)
{
	struct ranges6_piece *old = r->index->piece[i];

	shared_publish(r->index->piece[i], p);
	piece_free(r, old);
}

/* Piece i is as listed, in memory of the form that it needs now. */
static bool piece_set(struct ranges6 *r, uint32_t i, const struct ranges6_list *l)
{
	struct ranges6_piece *old = r->index->piece[i], *p;

	if (!grace_shared && old != &punted && old->wide == needs_wide(l)) {
		piece_fill(old, l);
		return true;
	}
	p = piece_make(r, l);
	if (p)
		piece_replace(r, i, p);
	return p;
}

/* ---- the index --------------------------------------------------------- */

static struct ranges6_index *index_new(uint32_t size)
{
	struct ranges6_index *x = malloc(sizeof(*x) + size * (2 * sizeof(uint64_t) +
							      sizeof(x->piece[0])));

	if (!x)
		return NULL;
	x->count = 0;
	x->size = size;
	x->lo = x->hi + size;
	x->piece = (void *)(x->lo + size);
	return x;
}

static struct ranges6_index *index_copy(const struct ranges6_index *old, uint32_t size)
{
	struct ranges6_index *x = index_new(size);

	if (!x)
		return NULL;
	x->count = old->count;
	memcpy(x->hi, old->hi, old->count * sizeof(*x->hi));
	memcpy(x->lo, old->lo, old->count * sizeof(*x->lo));
	memcpy(x->piece, old->piece, old->count * sizeof(*x->piece));
	return x;
}

static bool room_for_due(struct ranges6 *r, uint32_t size)
{
	uint8_t *due;

	if (size <= r->due_size)
		return true;
	due = realloc(r->due, size);
	if (!due)
		return false;
	r->due = due;
	r->due_size = size;
	return true;
}

/* The index, with room for so many, for who calls alone: itself, if nobody reads it. */
static struct ranges6_index *edit(struct ranges6 *r, uint32_t count)
{
	struct ranges6_index *x = r->index;
	uint32_t size = x->size;

	if (count > size)
		size += size / 2;
	else if (!grace_shared)
		return x;
	return room_for_due(r, size) ? index_copy(x, size) : NULL;
}

static void edit_undo(const struct ranges6 *r, struct ranges6_index *x)
{
	if (x != r->index)
		free(x);
}

static void edit_done(struct ranges6 *r, struct ranges6_index *x)
{
	struct ranges6_index *old = r->index;

	if (x == old)
		return;
	shared_publish(r->index, x);
	grace_free(old);
}

/* Entries from `from` on go to `to`. Returns how many. */
static unsigned int move(struct ranges6 *r, struct ranges6_index *x, uint32_t to,
			 uint32_t from)
{
	uint32_t n = x->count - from;

	memmove(x->hi + to, x->hi + from, n * sizeof(*x->hi));
	memmove(x->lo + to, x->lo + from, n * sizeof(*x->lo));
	memmove(x->piece + to, x->piece + from, n * sizeof(*x->piece));
	memmove(r->due + to, r->due + from, n * sizeof(*r->due));
	x->count = x->count - from + to;
	return n;
}

static unsigned int insert(struct ranges6 *r, struct ranges6_index *x, uint32_t i,
			   struct ipv6_addr first, struct ranges6_piece *p)
{
	unsigned int moved = move(r, x, i + 1, i);

	x->hi[i] = first.hi;
	x->lo[i] = first.lo;
	x->piece[i] = p;
	r->due[i] = false;
	return moved;
}

/* Returns false, and nothing is changed, if there is no memory. */
static bool split(struct ranges6 *r, uint32_t i, struct ipv6_addr at, unsigned int *moved)
{
	struct ranges6_index *x = edit(r, r->index->count + 1);
	struct ranges6_list rest = { 0 };
	struct ranges6_piece *p;

	if (!x)
		return false;
	copy(r, i, at, &rest);
	p = piece_make(r, &rest);
	if (!p) {
		edit_undo(r, x);
		return false;
	}
	*moved += insert(r, x, i + 1, at, p);
	edit_done(r, x);
	r->due[i + 1] = true;
	r->any_due = true;
	return true;
}

static bool may_join(const struct ranges6 *r, uint32_t i)
{
	const struct ranges6_piece *a, *b;

	if (i + 1 >= r->index->count || r->due[i] || r->due[i + 1])
		return false;
	a = r->index->piece[i];
	b = r->index->piece[i + 1];
	return a->count + b->count <= FILL_PIECE && a->weight + b->weight <= FILL_WEIGHT;
}

/* Piece i and the next become one, if both are small and up to date. */
static unsigned int join(struct ranges6 *r, uint32_t i)
{
	struct ranges6_list both = { 0 };
	struct ranges6_piece *gone;
	struct ranges6_index *x;
	unsigned int moved;

	if (!may_join(r, i))
		return 0;
	x = edit(r, r->index->count);
	if (!x)
		return 0;
	gone = x->piece[i + 1];
	copy(r, i, ranges6_first(r, i), &both);
	copy(r, i + 1, ranges6_first(r, i + 1), &both);
	both.weight = x->piece[i]->weight + gone->weight;
	if (!piece_set(r, i, &both)) {
		edit_undo(r, x);
		return 0;
	}
	x->piece[i] = r->index->piece[i];
	moved = move(r, x, i + 1, i + 2);
	edit_done(r, x);
	piece_free(r, gone);
	return moved;
}

unsigned int ranges6_set(struct ranges6 *r, uint32_t i, const struct ranges6_list *l)
{
	unsigned int moved = 0;

	r->due[i] = false;
	if ((l->cut && !split(r, i, l->rest, &moved)) || !piece_set(r, i, l))
		piece_replace(r, i, &punted);
	moved += join(r, i);
	return i ? moved + join(r, i - 1) : moved;
}

/* ---- what is due ------------------------------------------------------- */

void ranges6_change(struct ranges6 *r, struct ipv6_addr first, struct ipv6_addr last)
{
	uint32_t i = ranges6_find(r->index, first), n = ranges6_find(r->index, last) - i + 1;

	memset(r->due + i, true, n);
	r->any_due = true;
}

bool ranges6_due(struct ranges6 *r, uint32_t *piece)
{
	uint8_t *found;

	if (!r->any_due)
		return false;
	if (r->due_at >= r->index->count)
		r->due_at = 0;
	found = memchr(r->due + r->due_at, true, r->index->count - r->due_at);
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
	return (struct ipv6_addr){ r->index->hi[piece], r->index->lo[piece] };
}

struct ipv6_addr ranges6_last(const struct ranges6 *r, uint32_t piece)
{
	return piece + 1 < r->index->count ? ipv6_before(ranges6_first(r, piece + 1)) : LAST;
}

uint32_t ranges6_find_wide(const struct ranges6_index *x, uint64_t hi, uint64_t lo)
{
	uint32_t at = 0, n = x->count, half;

	for (; n > 1; n -= half) {
		half = n / 2;
		at += ranges6_reached(x->hi[at + half], x->lo[at + half], hi, lo) ? half : 0;
	}
	return at;
}

/* ---- life -------------------------------------------------------------- */

bool ranges6_init(struct ranges6 *r)
{
	struct ranges6_list all = { .count = 1 };
	struct ranges6_piece *p;

	memset(r, 0, sizeof(*r));
	r->index = index_new(16);
	if (!r->index || !room_for_due(r, 16))
		return false;
	p = piece_make(r, &all);
	if (p)
		insert(r, r->index, 0, (struct ipv6_addr){ 0, 0 }, p);
	return p;
}

void ranges6_exit(struct ranges6 *r)
{
	uint32_t i;

	for (i = 0; r->index && i < r->index->count; i++)
		if (r->index->piece[i] != &punted)
			free(r->index->piece[i]);
	free(r->index);
	free(r->due);
	memset(r, 0, sizeof(*r));
}

size_t ranges6_bytes(const struct ranges6 *r)
{
	return r->bytes + r->index->count * (2 * sizeof(uint64_t) + sizeof(r->index->piece[0]) +
					     sizeof(*r->due));
}
