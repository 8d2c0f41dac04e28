// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <stdlib.h>
#include <string.h>

#include "fib4.h"

/* Indices into f->nodes and f->items; 0 is none, so element 0 is unused. */
struct fib4_node {
	uint32_t key;		/* host order */
	uint32_t child[2];	/* free: child[0] links */
	uint32_t items;
	uint8_t len;
};

struct fib4_item {
	uint32_t next;		/* of the node, or of the free list */
	uint32_t metric;
	uint16_t adj;
	uint16_t glean;
	uint8_t kind;
	uint8_t tos;
	uint8_t generation;
	bool shared;		/* the kernel may have several such routes */
};

#define POOL_EMPTY	0xffffffffu	/* above every key: see FIB4_ADJ_MAX */
#define POOL_SLACK	(1u << 16)	/* words of waste not worth compacting */

static uint32_t mask(unsigned int len)
{
	return len ? ~0u << (32 - len) : 0;
}

static unsigned int bit(uint32_t key, unsigned int at)
{
	return key >> (31 - at) & 1;
}

/* ---- memory ------------------------------------------------------------ */

static bool grow(void **array, uint32_t *size, uint32_t need, size_t each)
{
	uint32_t wanted = *size ? *size : 1024;
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

/* Room for two nodes and an item, so that an addition cannot stop half way. */
static bool reserve(struct fib4 *f)
{
	return grow((void **)&f->nodes, &f->node_size, f->node_used + 2,
		    sizeof(*f->nodes)) &&
	       grow((void **)&f->items, &f->item_size, f->item_used + 1,
		    sizeof(*f->items));
}

static uint32_t node_new(struct fib4 *f, uint32_t key, unsigned int len)
{
	uint32_t n = f->node_free;

	if (n)
		f->node_free = f->nodes[n].child[0];
	else
		n = f->node_used++;
	f->nodes[n] = (struct fib4_node){ .key = key & mask(len), .len = len };
	return n;
}

static void node_free(struct fib4 *f, uint32_t n)
{
	f->nodes[n].child[0] = f->node_free;
	f->node_free = n;
}

static uint32_t item_new(struct fib4 *f)
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
static void item_drop(struct fib4 *f, uint32_t *link)
{
	uint32_t i = *link;
	struct fib4_item gone = f->items[i];

	*link = gone.next;
	f->items[i].next = f->item_free;
	f->item_free = i;
	f->routes--;
	f->release(f->arg, gone.adj);
	if (gone.kind == FIB4_HOST)
		f->release(f->arg, gone.glean);
}

/* ---- dirty chunks ------------------------------------------------------ */

static void dirty_set(struct fib4 *f, uint32_t chunk)
{
	uint64_t b = 1ull << (chunk & 63), *word = &f->dirty[chunk >> 6];

	f->dirty_count += !(*word & b);
	*word |= b;
}

static void dirty_prefix(struct fib4 *f, uint32_t key, unsigned int len)
{
	uint32_t chunk = key >> 16, n = len < 16 ? 1u << (16 - len) : 1;

	while (n--)
		dirty_set(f, chunk++);
}

static uint32_t dirty_take(struct fib4 *f)
{
	uint64_t *word;
	uint32_t b;

	while (!f->dirty[f->dirty_at])
		f->dirty_at = (f->dirty_at + 1) % (FIB4_CHUNKS / 64);
	word = &f->dirty[f->dirty_at];
	b = __builtin_ctzll(*word);
	*word &= *word - 1;
	f->dirty_count--;
	return f->dirty_at * 64 + b;
}

/* ---- the trie ---------------------------------------------------------- */

/* Leading bits, at most max, that two keys share. */
static unsigned int common(uint32_t a, uint32_t b, unsigned int max)
{
	uint32_t x = a ^ b;
	unsigned int n = x ? (unsigned int)__builtin_clz(x) : 32;

	return n < max ? n : max;
}

/* The node for a prefix, made if need be. reserve() was called. */
static uint32_t node_get(struct fib4 *f, uint32_t key, unsigned int len)
{
	uint32_t *link = &f->root, n, glue;
	unsigned int same;

	while ((n = *link)) {
		struct fib4_node *node = &f->nodes[n];

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
	uint32_t *link[34];
	unsigned int n;
};

static uint32_t node_find(struct fib4 *f, uint32_t key, unsigned int len,
			  struct path *path)
{
	uint32_t *link = &f->root, n;

	path->n = 0;
	while ((n = *link)) {
		struct fib4_node *node = &f->nodes[n];

		path->link[path->n++] = link;
		if (node->len > len || (key ^ node->key) & mask(node->len))
			return 0;
		if (node->len == len)
			return n;
		link = &node->child[bit(key, node->len)];
	}
	return 0;
}

/* Remove the node *link names if it holds nothing and joins nothing. */
static bool node_prune(struct fib4 *f, uint32_t *link)
{
	uint32_t n = *link;
	struct fib4_node *node = &f->nodes[n];

	if (node->items || (node->child[0] && node->child[1]))
		return false;
	*link = node->child[0] ? node->child[0] : node->child[1];
	node_free(f, n);
	return true;
}

static void path_prune(struct fib4 *f, struct path *path)
{
	while (path->n && node_prune(f, path->link[path->n - 1]))
		path->n--;
	/* A glue node above may have lost one of its two children. */
	if (path->n)
		node_prune(f, path->link[path->n - 1]);
}

static bool peers(const struct fib4_item *i, const struct fib4_route *r)
{
	return i->kind == r->kind && i->tos == r->tos && i->metric == r->metric &&
	       (r->kind != FIB4_HOST || i->glean == r->glean);
}

enum fib4_result fib4_add(struct fib4 *f, const struct fib4_route *r)
{
	uint32_t n, i;

	if (!reserve(f))
		return FIB4_NOMEM;
	n = node_get(f, r->dst, r->len);
	for (i = f->nodes[n].items; i; i = f->items[i].next) {
		struct fib4_item *it = &f->items[i];

		if (peers(it, r) && it->adj == r->adj) {
			it->shared = it->generation == f->generation;
			it->generation = f->generation;
			return FIB4_CONFIRMED;
		}
	}
	i = item_new(f);
	f->items[i] = (struct fib4_item){
		.next = f->nodes[n].items, .metric = r->metric, .adj = r->adj,
		.glean = r->glean, .kind = r->kind, .tos = r->tos,
		.generation = f->generation,
	};
	f->nodes[n].items = i;
	dirty_prefix(f, r->dst, r->len);
	return FIB4_ADDED;
}

static void route_drop(struct fib4 *f, const struct fib4_route *r,
		       uint32_t *link, struct path *path)
{
	item_drop(f, link);
	path_prune(f, path);
	dirty_prefix(f, r->dst, r->len);
}

bool fib4_del(struct fib4 *f, const struct fib4_route *r)
{
	uint32_t n, *link;
	struct path path;

	n = node_find(f, r->dst, r->len, &path);
	if (!n)
		return false;
	for (link = &f->nodes[n].items; *link; link = &f->items[*link].next) {
		const struct fib4_item *i = &f->items[*link];

		if (peers(i, r) && i->adj == r->adj) {
			if (i->shared && i->kind != FIB4_HOST)
				return false;
			route_drop(f, r, link, &path);
			return true;
		}
	}
	return false;
}

unsigned int fib4_unset(struct fib4 *f, const struct fib4_route *r)
{
	uint32_t n, *link, *found = NULL;
	unsigned int count = 0;
	struct path path;

	n = node_find(f, r->dst, r->len, &path);
	if (!n)
		return 0;
	for (link = &f->nodes[n].items; *link; link = &f->items[*link].next) {
		if (peers(&f->items[*link], r)) {
			found = link;
			count += 1 + f->items[*link].shared;
		}
	}
	if (count == 1)
		route_drop(f, r, found, &path);
	return count;
}

bool fib4_confirm(struct fib4 *f, const struct fib4_route *r)
{
	struct path path;
	uint32_t n = node_find(f, r->dst, r->len, &path), i, found = 0;
	unsigned int count = 0;

	for (i = n ? f->nodes[n].items : 0; i; i = f->items[i].next) {
		if (!peers(&f->items[i], r))
			continue;
		count += 1 + f->items[i].shared;
		found = i;
	}
	if (count != 1 || f->items[found].adj != r->adj)
		return false;
	f->items[found].generation = f->generation;
	return true;
}

/* ---- from the trie to ranges ------------------------------------------- */

/* What the nodes so far say of the addresses below. */
struct state {
	uint16_t main;		/* answer of the main table */
	bool local;		/* the local table has something: punt */
};

/*
 * Two routes of equal rank, or one that looks at TOS, are the kernel's to
 * decide. So is an address the local table covers, even if the main table
 * knows more: which of the two wins depends on whether policy rules were ever
 * added.
 */
static void apply_routes(const struct fib4 *f, uint32_t i, struct state *s)
{
	const struct fib4_item *best = NULL;
	bool any_tos = false;
	unsigned int same = 0;

	for (; i; i = f->items[i].next) {
		const struct fib4_item *it = &f->items[i];

		s->local |= it->kind == FIB4_LOCAL;
		if (it->kind != FIB4_MAIN)
			continue;
		any_tos |= it->tos != 0;
		if (!best || it->metric < best->metric) {
			best = it;
			same = 0;
		}
		same += it->metric == best->metric;
	}
	if (best)
		s->main = any_tos || same > 1 ? 0 : best->adj;
}

static void apply_hosts(const struct fib4 *f, uint32_t i, struct state *s)
{
	for (; i; i = f->items[i].next) {
		const struct fib4_item *it = &f->items[i];

		if (it->kind == FIB4_HOST && s->main && it->glean == s->main) {
			s->main = it->adj;
			return;
		}
	}
}

static void apply(const struct fib4 *f, uint32_t n, struct state *s)
{
	uint32_t i = f->nodes[n].items;

	if (!i)
		return;
	apply_routes(f, i, s);
	apply_hosts(f, i, s);
}

static uint16_t answer(const struct state *s)
{
	return s->local ? 0 : s->main;
}

/* From `start` of the chunk on, the answer is adj. Starts never go back. */
static void emit(struct fib4 *f, uint32_t start, uint16_t adj)
{
	uint32_t n = f->built;

	if (n && f->build[n - 1] >> 16 == start)
		n--;
	if (!n || (uint16_t)f->build[n - 1] != adj)
		f->build[n++] = start << 16 | adj;
	f->built = n;
}

/* Ranges of a node of 16 bits or more; the last ends where the node does. */
static unsigned int visit(struct fib4 *f, uint32_t n, struct state s)
{
	const struct fib4_node *node = &f->nodes[n];
	unsigned int i, work = 1;
	uint32_t end;

	apply(f, n, &s);
	emit(f, node->key & 0xffff, answer(&s));
	for (i = 0; i < 2; i++) {
		const struct fib4_node *c = &f->nodes[node->child[i]];

		if (!node->child[i])
			continue;
		work += visit(f, node->child[i], s);
		end = (c->key | ~mask(c->len)) & 0xffff;
		if (end != 0xffff)
			emit(f, end + 1, answer(&s));
	}
	return work;
}

/* The topmost node inside the chunk, 0 if none; s: what covers the chunk. */
static uint32_t chunk_root(const struct fib4 *f, uint32_t chunk, struct state *s)
{
	uint32_t key = chunk << 16, n = f->root;

	while (n) {
		const struct fib4_node *node = &f->nodes[n];
		unsigned int len = node->len < 16 ? node->len : 16;

		if ((key ^ node->key) & mask(len))
			return 0;
		if (node->len >= 16)
			return n;
		apply(f, n, s);
		n = node->child[bit(key, node->len)];
	}
	return 0;
}

/* ---- the pool of ranges ------------------------------------------------ */

static void pool_put(struct fib4 *f, uint32_t top)
{
	uint32_t at = top & FIB4_OFFSET, log = top >> 26;

	f->table[at] = f->pool_free[log];
	f->pool_free[log] = at;
	f->pool_live -= 1u << log;
}

static void retired(void *fib, uint32_t top)
{
	struct fib4 *f = fib;

	f->retiring--;
	pool_put(f, top);
}

/* Ranges that nothing leads to any more. */
static void pool_retire(struct fib4 *f, uint32_t top)
{
	if (top & FIB4_LEAF)
		return;
	f->retiring++;
	grace_call(retired, f, top);
}

/* Room for more. Who reads has the table that was, as it was, until it is done. */
static bool pool_grow(struct fib4 *f, uint32_t need)
{
	uint32_t size = f->pool_size, *table, *old = f->table;

	if (need <= size)
		return true;
	if (!grace_shared)
		return grow((void **)&f->table, &f->pool_size, need, sizeof(*f->table));
	while (size < need)
		size += size / 2;
	table = malloc(size * sizeof(*table));
	if (!table)
		return false;
	memcpy(table, f->table, f->pool_used * sizeof(*table));
	shared_publish(f->table, table);
	grace_free(old);
	f->pool_size = size;
	return true;
}

/* Returns FIB4_LEAF, an impossible offset, if there is no memory. */
static uint32_t pool_get(struct fib4 *f, uint32_t log)
{
	uint32_t at = f->pool_free[log], size = 1u << log;

	if (at) {
		f->pool_free[log] = f->table[at];
	} else {
		at = f->pool_used;
		if (at + size > FIB4_OFFSET || !pool_grow(f, at + size))
			return FIB4_LEAF;
		f->pool_used += size;
	}
	f->pool_live += size;
	return at;
}

/* Where the ranges of all chunks lie one behind the other. Returns its end. */
static uint32_t compact(const struct fib4 *f, uint32_t *table)
{
	uint32_t chunk, at = FIB4_CHUNKS;

	for (chunk = 0; chunk < FIB4_CHUNKS; chunk++) {
		uint32_t top = f->table[chunk], n = 1u << (top >> 26 & 31);

		table[chunk] = top;
		if (top & FIB4_LEAF)
			continue;
		memcpy(table + at, f->table + (top & FIB4_OFFSET), n * sizeof(*table));
		table[chunk] = (top & ~FIB4_OFFSET) | at;
		at += n;
	}
	return at;
}

/* Chunks change size, so free lists of the wrong sizes pile up: start afresh. */
static void pool_compact(struct fib4 *f)
{
	uint32_t *table, *old = f->table, size;

	if (f->pool_used - FIB4_CHUNKS <= 2 * f->pool_live + POOL_SLACK)
		return;
	/* Those would not know where they went. */
	if (f->retiring)
		grace_settle();
	size = FIB4_CHUNKS + f->pool_live + POOL_SLACK;
	table = malloc(size * sizeof(*table));
	if (!table)
		return;
	f->pool_used = compact(f, table);
	f->pool_size = size;
	shared_publish(f->table, table);
	grace_free(old);
	memset(f->pool_free, 0, sizeof(f->pool_free));
}

static uint32_t log2_up(uint32_t n)
{
	return n > 1 ? 32 - __builtin_clz(n - 1) : 0;
}

/* Without memory the chunk is punted: slow, not wrong. */
static uint32_t lay_out(struct fib4 *f)
{
	uint32_t log = log2_up(f->built), at, i;

	if (f->built == 1)
		return FIB4_LEAF | (uint16_t)f->build[0];
	at = pool_get(f, log);
	if (at == FIB4_LEAF)
		return FIB4_LEAF;
	memcpy(f->table + at, f->build, f->built * sizeof(*f->build));
	for (i = f->built; i < 1u << log; i++)
		f->table[at + i] = POOL_EMPTY;
	return log << 26 | at;
}

/* The ranges that were may be laid out anew only after nobody reads them. */
static void chunk_publish(struct fib4 *f, uint32_t chunk)
{
	uint32_t old = f->table[chunk], top = lay_out(f);

	shared_publish(f->table[chunk], top);
	pool_retire(f, old);
}

static unsigned int chunk_build(struct fib4 *f, uint32_t chunk)
{
	struct state s = { 0 };
	unsigned int work = 4;
	uint32_t n = chunk_root(f, chunk, &s);

	f->built = 0;
	emit(f, 0, answer(&s));
	if (n) {
		const struct fib4_node *c = &f->nodes[n];
		uint32_t end = (c->key | ~mask(c->len)) & 0xffff;

		work += visit(f, n, s);
		if (end != 0xffff)
			emit(f, end + 1, answer(&s));
	}
	chunk_publish(f, chunk);
	return work;
}

/* ---- mark and sweep ---------------------------------------------------- */

void fib4_mark(struct fib4 *f)
{
	f->generation++;
	f->sweep_at = FIB4_CHUNKS;
}

void fib4_sweep(struct fib4 *f)
{
	f->sweep_at = 0;
}

static void sweep_items(struct fib4 *f, uint32_t n)
{
	uint32_t *link = &f->nodes[n].items;

	while (*link) {
		if (f->items[*link].generation == f->generation) {
			link = &f->items[*link].next;
			continue;
		}
		item_drop(f, link);
		dirty_prefix(f, f->nodes[n].key, f->nodes[n].len);
	}
}

/* All nodes below *link that begin in the chunk. */
static unsigned int sweep_visit(struct fib4 *f, uint32_t *link, uint32_t chunk)
{
	struct fib4_node *node = &f->nodes[*link];
	unsigned int work = 1, len = node->len < 16 ? node->len : 16;

	if (!*link || (node->key ^ chunk << 16) & mask(len))
		return work;
	if (node->len >= 16 || node->key >> 16 == chunk)
		sweep_items(f, *link);
	if (node->len >= 16) {
		work += sweep_visit(f, &node->child[0], chunk);
		work += sweep_visit(f, &node->child[1], chunk);
	} else {
		work += sweep_visit(f, &node->child[bit(chunk << 16, node->len)],
				    chunk);
	}
	node_prune(f, link);
	return work;
}

bool fib4_work(struct fib4 *f, unsigned int budget)
{
	unsigned int work = 0;

	while (work < budget && f->sweep_at < FIB4_CHUNKS)
		work += sweep_visit(f, &f->root, f->sweep_at++);
	while (work < budget && f->dirty_count)
		work += chunk_build(f, dirty_take(f));
	if (f->sweep_at < FIB4_CHUNKS || f->dirty_count)
		return false;
	pool_compact(f);
	return true;
}

/* ---- all prefixes ------------------------------------------------------ */

static uint32_t list(const struct fib4 *f, uint32_t n, struct fib4_prefix *prefix)
{
	const struct fib4_node *node = &f->nodes[n];
	uint32_t count = 0;

	if (!n)
		return 0;
	if (node->items)
		prefix[count++] = (struct fib4_prefix){ node->key, node->len };
	count += list(f, node->child[0], prefix + count);
	return count + list(f, node->child[1], prefix + count);
}

uint32_t fib4_prefixes(const struct fib4 *f, struct fib4_prefix *prefix)
{
	return list(f, f->root, prefix);
}

static struct fib4_route route_of(const struct fib4_node *n, const struct fib4_item *i)
{
	return (struct fib4_route){
		.dst = n->key, .len = n->len, .metric = i->metric, .adj = i->adj,
		.glean = i->glean, .tos = i->tos, .kind = i->kind,
	};
}

bool fib4_at(const struct fib4 *f, uint32_t n,
	     void (*item)(void *arg, const struct fib4_route *r), void *arg)
{
	uint32_t i;

	if (n >= f->node_used)
		return false;
	for (i = f->nodes[n].items; i; i = f->items[i].next) {
		struct fib4_route r = route_of(&f->nodes[n], &f->items[i]);

		item(arg, &r);
	}
	return true;
}

static bool has_kind(const struct fib4 *f, uint32_t i, enum fib4_kind kind)
{
	while (i && f->items[i].kind != kind)
		i = f->items[i].next;
	return i;
}

bool fib4_covering(const struct fib4 *f, uint32_t addr, enum fib4_kind kind,
		   struct fib4_prefix *prefix)
{
	uint32_t n = f->root;
	bool found = false;

	while (n) {
		const struct fib4_node *node = &f->nodes[n];

		if ((addr ^ node->key) & mask(node->len))
			break;
		if (has_kind(f, node->items, kind)) {
			*prefix = (struct fib4_prefix){ node->key, node->len };
			found = true;
		}
		n = node->len < 32 ? node->child[bit(addr, node->len)] : 0;
	}
	return found;
}

/* ---- life -------------------------------------------------------------- */

bool fib4_init(struct fib4 *f, void (*release)(void *, uint16_t), void *arg)
{
	uint32_t i;

	memset(f, 0, sizeof(*f));
	f->release = release;
	f->arg = arg;
	f->sweep_at = FIB4_CHUNKS;
	f->node_used = f->item_used = 1;
	f->pool_size = f->pool_used = FIB4_CHUNKS;
	f->table = malloc(FIB4_CHUNKS * sizeof(*f->table));
	f->build = malloc((FIB4_CHUNKS + 1) * sizeof(*f->build));
	f->dirty = calloc(FIB4_CHUNKS / 64, sizeof(*f->dirty));
	if (!f->table || !f->build || !f->dirty || !reserve(f)) {
		fib4_exit(f);
		return false;
	}
	memset(&f->nodes[0], 0, sizeof(f->nodes[0]));
	for (i = 0; i < FIB4_CHUNKS; i++)
		f->table[i] = FIB4_LEAF;
	return true;
}

void fib4_exit(struct fib4 *f)
{
	free(f->table);
	free(f->nodes);
	free(f->items);
	free(f->dirty);
	free(f->build);
	memset(f, 0, sizeof(*f));
}

size_t fib4_bytes(const struct fib4 *f)
{
	return f->pool_used * sizeof(*f->table) + f->node_used * sizeof(*f->nodes) +
	       f->item_used * sizeof(*f->items);
}
