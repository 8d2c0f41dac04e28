// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <stdlib.h>
#include <string.h>

#include "fib6.h"

#define NODE_FREE	255	/* as its len */
/* Work is counted in nodes visited. In the time of one: */
#define MOVED_PER_NODE	32	/* entries of the ranges' index are moved */
/* A piece takes, beside its nodes, the time of: */
#define PIECE_NODES	32

/* at < 128 */
static unsigned int bit(struct ipv6_addr key, unsigned int at)
{
	return (at < 64 ? key.hi >> (63 - at) : key.lo >> (127 - at)) & 1;
}

static bool begins(struct ipv6_addr a, struct ipv6_addr b, unsigned int len)
{
	struct ipv6_addr mask = ipv6_mask(len);

	return !(((a.hi ^ b.hi) & mask.hi) | ((a.lo ^ b.lo) & mask.lo));
}

/* What the node answers may be another thing now. */
static void changed(struct fib6 *f, uint32_t n)
{
	const struct fib6_node *node = &f->nodes[n];

	ranges6_change(&f->ranges, node->key, ipv6_last(node->key, node->len));
}

/* ---- memory ------------------------------------------------------------ */

static bool grow(void **array, uint32_t *size, uint32_t need, size_t each)
{
	uint32_t wanted = *size ? *size : 256;
	void *p;

	while (wanted < need)
		wanted += wanted / 2;
	if (wanted == *size)
		return true;
	p = realloc(*array, wanted * each);
	if (!p)
		return false;
	*array = p;
	*size = wanted;
	return true;
}

/* Room for one more route: a node for it, and one to join it. */
static bool reserve(struct fib6 *f)
{
	return grow((void **)&f->nodes, &f->node_size, f->node_used + 2,
		    sizeof(*f->nodes)) &&
	       grow((void **)&f->items, &f->item_size, f->item_used + 1,
		    sizeof(*f->items));
}

static uint32_t node_new(struct fib6 *f, struct ipv6_addr key, unsigned int len)
{
	uint32_t n = f->node_free;

	if (n)
		f->node_free = f->nodes[n].child[0];
	else
		n = f->node_used++;
	f->nodes[n] = (struct fib6_node){ .key = ipv6_prefix(key, len), .len = len };
	return n;
}

static void node_free(struct fib6 *f, uint32_t n)
{
	f->nodes[n] = (struct fib6_node){
		.child = { f->node_free }, .len = NODE_FREE,
	};
	f->node_free = n;
}

static uint32_t item_new(struct fib6 *f)
{
	uint32_t i = f->item_free;

	if (i)
		f->item_free = f->items[i].next;
	else
		i = f->item_used++;
	f->routes++;
	return i;
}

/* Unlink the item that *link names. */
static void item_drop(struct fib6 *f, uint32_t *link)
{
	uint32_t i = *link;
	struct fib6_item gone = f->items[i];

	*link = gone.next;
	f->items[i].next = f->item_free;
	f->item_free = i;
	f->routes--;
	f->release(f->arg, gone.adj);
	if (gone.kind == FIB6_HOST)
		f->release(f->arg, gone.glean);
}

/* ---- what a node answers ----------------------------------------------- */

/* Of routes of equal rank, and where one is odd, the kernel chooses. */
static void decide(struct fib6 *f, uint32_t n)
{
	struct fib6_node *node = &f->nodes[n], old = *node;
	const struct fib6_item *best = NULL;
	unsigned int same = 0;
	bool odd = false;
	uint32_t i;

	node->has = 0;
	for (i = node->items; i; i = f->items[i].next) {
		const struct fib6_item *it = &f->items[i];

		node->has |= 1 << it->kind;
		if (it->kind != FIB6_MAIN)
			continue;
		odd |= it->odd;
		if (!best || it->metric < best->metric) {
			best = it;
			same = 0;
		}
		same += it->metric == best->metric;
	}
	node->adj = best && !odd && same == 1 ? best->adj : 0;
	/* Of neighbours the node does not say which there are. */
	if (node->adj != old.adj || node->has != old.has || node->has & FIB6_HAS_HOST)
		changed(f, n);
}

/* The neighbour at a node whose address is routed by that glean, or glean. */
static uint16_t host(const struct fib6 *f, const struct fib6_node *n, uint16_t glean)
{
	uint32_t i;

	if (!glean)
		return 0;
	for (i = n->items; i; i = f->items[i].next)
		if (f->items[i].kind == FIB6_HOST && f->items[i].glean == glean)
			return f->items[i].adj;
	return glean;
}

/* ---- the trie ---------------------------------------------------------- */

/* Leading bits, at most max, that two keys share. */
static unsigned int common(struct ipv6_addr a, struct ipv6_addr b, unsigned int max)
{
	uint64_t hi = a.hi ^ b.hi, lo = a.lo ^ b.lo;
	unsigned int n = 128;

	if (hi)
		n = __builtin_clzll(hi);
	else if (lo)
		n = 64 + __builtin_clzll(lo);
	return n < max ? n : max;
}

/* The node for a prefix, made if need be. reserve() was called. */
static uint32_t node_get(struct fib6 *f, struct ipv6_addr key, unsigned int len)
{
	uint32_t *link = &f->root, n, glue;
	unsigned int same = 0;

	while ((n = *link)) {
		struct fib6_node *node = &f->nodes[n];

		same = common(key, node->key, node->len < len ? node->len : len);
		if (same < node->len)
			break;
		if (node->len == len)
			return n;
		link = &node->child[bit(key, node->len)];
	}
	if (!n)
		return *link = node_new(f, key, len);
	glue = *link = node_new(f, key, same);
	f->nodes[glue].child[bit(f->nodes[n].key, same)] = n;
	if (same == len)
		return glue;
	n = node_new(f, key, len);
	f->nodes[glue].child[bit(key, same)] = n;
	return n;
}

/* Links on the way to a node: at most one per length, and the root's. */
struct path {
	uint32_t *link[130];
	unsigned int n;
};

/* path may be NULL. */
static uint32_t node_find(struct fib6 *f, struct ipv6_addr key, unsigned int len,
			  struct path *path)
{
	uint32_t *link = &f->root, n;

	if (path)
		path->n = 0;
	while ((n = *link)) {
		struct fib6_node *node = &f->nodes[n];

		if (path)
			path->link[path->n++] = link;
		if (node->len > len || !begins(key, node->key, node->len))
			return 0;
		if (node->len == len)
			return n;
		link = &node->child[bit(key, node->len)];
	}
	return 0;
}

/* Remove the node *link names if it holds nothing and joins nothing. */
static bool node_prune(struct fib6 *f, uint32_t *link)
{
	uint32_t n = *link;
	struct fib6_node *node = &f->nodes[n];

	if (node->items || (node->child[0] && node->child[1]))
		return false;
	*link = node->child[0] ? node->child[0] : node->child[1];
	node_free(f, n);
	return true;
}

/* One that a child took the place of is still joined to the node above. */
static void path_prune(struct fib6 *f, struct path *path)
{
	while (path->n && node_prune(f, path->link[path->n - 1])) {
		path->n--;
		if (*path->link[path->n])
			return;
	}
}

/* ---- routes ------------------------------------------------------------ */

static bool peers(const struct fib6_item *i, const struct fib6_route *r)
{
	return i->kind == r->kind && i->odd == r->odd && i->metric == r->metric &&
	       (r->kind != FIB6_HOST || i->glean == r->glean);
}

enum fib6_result fib6_add(struct fib6 *f, const struct fib6_route *r)
{
	uint32_t n, i;

	if (!reserve(f))
		return FIB6_NOMEM;
	n = node_get(f, r->dst, r->len);
	for (i = f->nodes[n].items; i; i = f->items[i].next) {
		struct fib6_item *it = &f->items[i];

		if (peers(it, r) && it->adj == r->adj) {
			it->shared = it->generation == f->generation;
			it->generation = f->generation;
			return FIB6_CONFIRMED;
		}
	}
	i = item_new(f);
	f->items[i] = (struct fib6_item){
		.next = f->nodes[n].items, .metric = r->metric, .adj = r->adj,
		.glean = r->glean, .kind = r->kind, .odd = r->odd,
		.generation = f->generation,
	};
	f->nodes[n].items = i;
	decide(f, n);
	return FIB6_ADDED;
}

static void route_drop(struct fib6 *f, uint32_t n, uint32_t *link, struct path *path)
{
	item_drop(f, link);
	decide(f, n);
	path_prune(f, path);
}

bool fib6_del(struct fib6 *f, const struct fib6_route *r)
{
	uint32_t n, *link;
	struct path path;

	n = node_find(f, r->dst, r->len, &path);
	if (!n)
		return false;
	for (link = &f->nodes[n].items; *link; link = &f->items[*link].next) {
		const struct fib6_item *i = &f->items[*link];

		if (peers(i, r) && i->adj == r->adj) {
			if (i->shared && i->kind != FIB6_HOST)
				return false;
			route_drop(f, n, link, &path);
			return true;
		}
	}
	return false;
}

/* How many items r would replace, and a link to one of them. */
static unsigned int count_peers(const struct fib6 *f, uint32_t n,
				const struct fib6_route *r, uint32_t **found)
{
	unsigned int count = 0;
	uint32_t *link;

	if (!n)
		return 0;
	for (link = &f->nodes[n].items; *link; link = &f->items[*link].next) {
		if (peers(&f->items[*link], r)) {
			*found = link;
			count += 1 + f->items[*link].shared;
		}
	}
	return count;
}

unsigned int fib6_unset(struct fib6 *f, const struct fib6_route *r)
{
	struct path path;
	uint32_t n = node_find(f, r->dst, r->len, &path), *found;
	unsigned int count = count_peers(f, n, r, &found);

	if (count == 1)
		route_drop(f, n, found, &path);
	return count;
}

bool fib6_confirm(struct fib6 *f, const struct fib6_route *r)
{
	uint32_t n = node_find(f, r->dst, r->len, NULL), *found;

	if (count_peers(f, n, r, &found) != 1 || f->items[*found].adj != r->adj)
		return false;
	f->items[*found].generation = f->generation;
	return true;
}

uint16_t fib6_only(const struct fib6 *f, const struct fib6_route *r)
{
	uint32_t n = node_find((struct fib6 *)f, r->dst, r->len, NULL), *found;

	return count_peers(f, n, r, &found) == 1 ? f->items[*found].adj : 0;
}

/* ---- from the trie to ranges ------------------------------------------- */

/* The nodes that cover an address, and what they say of it so far. */
struct walk {
	struct {
		uint32_t node;
		uint16_t main;		/* answer of the main table */
		bool local;		/* the local table has something: punt */
	} on[129];
	unsigned int n;
	unsigned int entered;
	unsigned int begun;		/* of these, the ones that begin at start or later */
	struct ipv6_addr start;
};

/*
 * What the local table covers is the kernel's to decide, even if the main table
 * knows more: which of the two wins depends on whether policy rules were ever
 * added.
 */
static void walk_enter(const struct fib6 *f, struct walk *w, uint32_t n)
{
	const struct fib6_node *node = &f->nodes[n];
	uint16_t main = w->n ? w->on[w->n - 1].main : 0;
	bool local = w->n && w->on[w->n - 1].local;

	if (node->has & FIB6_HAS_MAIN)
		main = node->adj;
	if (node->has & FIB6_HAS_HOST)
		main = host(f, node, main);
	w->on[w->n].node = n;
	w->on[w->n].main = main;
	w->on[w->n].local = local || node->has & FIB6_HAS_LOCAL;
	w->n++;
	w->entered++;
	/* What comes next, and what comes after that is far from here. */
	__builtin_prefetch(&f->nodes[node->child[0]]);
	__builtin_prefetch(&f->nodes[node->child[1]]);
	w->begun += !ipv6_less(node->key, w->start);
}

/* The child towards an address, of the node that the walk is on. */
static uint32_t walk_next(const struct fib6 *f, const struct walk *w, struct ipv6_addr at)
{
	const struct fib6_node *node;

	if (!w->n)
		return f->root;
	node = &f->nodes[w->on[w->n - 1].node];
	return node->len < 128 ? node->child[bit(at, node->len)] : 0;
}

static bool covers(const struct fib6 *f, uint32_t n, struct ipv6_addr at)
{
	return n && begins(at, f->nodes[n].key, f->nodes[n].len);
}

/* To all the nodes that cover the address. Returns the last one up to which they do. */
static struct ipv6_addr walk_to(const struct fib6 *f, struct walk *w, struct ipv6_addr at)
{
	const struct fib6_node *node;
	uint32_t n;

	while (w->n && !covers(f, w->on[w->n - 1].node, at))
		w->n--;
	while (covers(f, n = walk_next(f, w, at), at))
		walk_enter(f, w, n);
	if (n && ipv6_less(at, f->nodes[n].key))
		return ipv6_before(f->nodes[n].key);
	if (!w->n)
		return (struct ipv6_addr){ ~0ull, ~0ull };
	node = &f->nodes[w->on[w->n - 1].node];
	if (node->len < 128 && !bit(at, node->len) && node->child[1])
		return ipv6_before(f->nodes[node->child[1]].key);
	return ipv6_last(node->key, node->len);
}

static uint16_t walk_answer(const struct walk *w)
{
	return w->n && !w->on[w->n - 1].local ? w->on[w->n - 1].main : 0;
}

/* Returns the work it was, in nodes. */
static unsigned int piece_make(struct fib6 *f, uint32_t piece)
{
	struct ipv6_addr at = ranges6_first(&f->ranges, piece), until;
	struct ipv6_addr last = ranges6_last(&f->ranges, piece);
	struct ranges6_list list;
	struct walk w;

	list.count = list.weight = list.mark.count = list.cut = 0;
	w.n = w.entered = w.begun = 0;
	w.start = at;
	for (;;) {
		until = walk_to(f, &w, at);
		if (!ranges6_add(&list, at, walk_answer(&w), w.begun))
			break;
		if (!ipv6_less(until, last))
			break;
		at = ipv6_after(until);
	}
	return PIECE_NODES + w.entered +
	       ranges6_set(&f->ranges, piece, &list) / MOVED_PER_NODE;
}

/* ---- mark and sweep ---------------------------------------------------- */

void fib6_mark(struct fib6 *f)
{
	f->sweep_at = UINT32_MAX;
	f->generation++;
}

void fib6_sweep(struct fib6 *f)
{
	f->sweep_at = 1;
}

/* Returns the nodes it visits. */
static unsigned int sweep_node(struct fib6 *f, uint32_t n)
{
	struct fib6_node *node = &f->nodes[n];
	uint32_t *link = &node->items;
	struct path path;
	bool any = false;

	while (*link) {
		if (f->items[*link].generation == f->generation) {
			link = &f->items[*link].next;
			continue;
		}
		item_drop(f, link);
		any = true;
	}
	if (!any)
		return 1;
	decide(f, n);
	node_find(f, node->key, node->len, &path);
	n = path.n;
	path_prune(f, &path);
	return n;
}

/* Returns the work it was. */
static unsigned int sweep(struct fib6 *f)
{
	uint32_t n = f->sweep_at++;

	if (f->sweep_at >= f->node_used)
		f->sweep_at = UINT32_MAX;
	return n < f->node_used && f->nodes[n].len != NODE_FREE ? sweep_node(f, n) : 1;
}

bool fib6_work(struct fib6 *f, unsigned int budget)
{
	unsigned int work = 0;
	uint32_t piece;

	while (f->sweep_at != UINT32_MAX) {
		if (work >= budget)
			return false;
		work += sweep(f);
	}
	while (ranges6_due(&f->ranges, &piece)) {
		if (work >= budget)
			return false;
		work += piece_make(f, piece);
	}
	return true;
}

/* ---- all prefixes ------------------------------------------------------ */

uint32_t fib6_prefixes(const struct fib6 *f, struct fib6_prefix *prefix)
{
	uint32_t n, count = 0;

	for (n = 1; n < f->node_used; n++) {
		const struct fib6_node *node = &f->nodes[n];

		if (node->len != NODE_FREE && node->items)
			prefix[count++] = (struct fib6_prefix){ node->key, node->len };
	}
	return count;
}

static struct fib6_route route_of(const struct fib6_node *n, const struct fib6_item *i)
{
	return (struct fib6_route){
		.dst = n->key, .len = n->len, .metric = i->metric, .adj = i->adj,
		.glean = i->glean, .odd = i->odd, .kind = i->kind,
	};
}

bool fib6_at(const struct fib6 *f, uint32_t n,
	     void (*item)(void *arg, const struct fib6_route *r), void *arg)
{
	uint32_t i;

	if (n >= f->node_used)
		return false;
	for (i = f->nodes[n].items; i; i = f->items[i].next) {
		struct fib6_route r = route_of(&f->nodes[n], &f->items[i]);

		item(arg, &r);
	}
	return true;
}

bool fib6_covering(const struct fib6 *f, struct ipv6_addr addr, enum fib6_kind kind,
		   struct fib6_prefix *prefix)
{
	uint32_t n = f->root;
	bool found = false;

	while (covers(f, n, addr)) {
		const struct fib6_node *node = &f->nodes[n];

		if (node->has & 1 << kind) {
			*prefix = (struct fib6_prefix){ node->key, node->len };
			found = true;
		}
		n = node->len < 128 ? node->child[bit(addr, node->len)] : 0;
	}
	return found;
}

/* ---- life -------------------------------------------------------------- */

bool fib6_init(struct fib6 *f, void (*release)(void *, uint16_t), void *arg)
{
	memset(f, 0, sizeof(*f));
	f->release = release;
	f->arg = arg;
	f->sweep_at = UINT32_MAX;
	f->node_used = f->item_used = 1;
	return ranges6_init(&f->ranges) && reserve(f);
}

void fib6_exit(struct fib6 *f)
{
	ranges6_exit(&f->ranges);
	free(f->nodes);
	free(f->items);
	memset(f, 0, sizeof(*f));
}

size_t fib6_bytes(const struct fib6 *f)
{
	return f->node_used * sizeof(*f->nodes) + f->item_used * sizeof(*f->items) +
	       ranges6_bytes(&f->ranges);
}
