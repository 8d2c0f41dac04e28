// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <linux/if_ether.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>

#include "datapath.h"
#include "ip4/ipv4.h"
#include "ip6/ipv6.h"

#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)

#define VLAN_MASK	0xfff	/* of a tag's 16 bits: its number */

/* A packet between the passes over a burst. */
struct work {
	uint8_t *frame;
	uint32_t dst;		/* host order */
	uint32_t top;		/* fib4_top(); of IPv6 the answer, as a leaf of it */
	uint32_t length;	/* bytes to send: without padding; 0: punt */
	union {
		uint32_t fit;	/* bytes that must fit: length, or a segment's */
		enum punt why;
	};
};

/*
 * A packet with a tag comes by the VLAN interface, which the entry names from now on:
 * what reads its port after that is the router alone, as to PUNT the kernel knows
 * better. The tag is off, as SEND shall see it.
 */
static bool take_tag(const struct router *r, struct europa_entry *e, struct europa_slot *s)
{
	unsigned int number;

	if (s->vlan_proto != htobe16(ETH_P_8021Q))
		return false;
	number = port_tagged(&r->ports, e->port, s->vlan_tci & VLAN_MASK);
	if (!number)
		return false;
	e->port = number;
	s->flags &= ~EUROPA_SLOT_VLAN;
	return true;
}

/* The way out puts one on. Returns the port. */
static __attribute__((noinline)) uint16_t put_tag(const struct europa_entry *e,
						  const uint8_t *frame, const struct adj *a)
{
	struct europa_slot *s = (struct europa_slot *)(frame - e->offset);

	s->vlan_proto = htobe16(ETH_P_8021Q);
	s->vlan_tci = a->vlan;
	s->flags = EUROPA_SLOT_VLAN;
	return a->out;
}

/* Metadata: which packets can be edited, and how long their segments are. */
static __attribute__((noinline)) enum punt
check_meta(const struct router *r, const struct europa_queue *q, struct europa_entry *e,
	   struct work *w)
{
	struct europa_slot *s = europa_slot(q, e->slot);

	if (ipv6_plain(w->frame))
		w->length = w->fit = ipv6_length(w->frame);
	if (e->flags & EUROPA_RX_MULTICAST)
		return PUNT_MAC;
	if (s->flags & EUROPA_SLOT_VLAN && !take_tag(r, e, s))
		return PUNT_VLAN;
	if (!(s->flags & EUROPA_SLOT_GSO))
		return PUNT_NONE;
	if (s->gso_type & (EUROPA_GSO_FRAGLIST | EUROPA_GSO_OTHER) ||
	    e->len != w->length || ipv4_fragment(w->frame))
		return PUNT_GSO;
	w->fit = s->gso_size + s->gso_hdr_len;
	return PUNT_NONE;
}

static __attribute__((noinline)) enum punt
check_special(const struct router *r, const uint32_t *table, uint8_t special,
	      const struct europa_entry *e, uint32_t src)
{
	bool strict = special & PORT_RPF_STRICT, ok;
	const struct adj *a;
	uint16_t group, port;

	if (special & PORT_PUNT)
		return PUNT_OFF;
	a = &r->neigh.adj[fib4_rest(table, fib4_top(table, src), src)];
	group = shared_acquire(a->group);
	port = shared_load(a->port);
	if (group)
		ok = group_uses_port(&r->groups, group, strict ? e->port : NEIGH_NO_PORT);
	else if (strict)
		ok = port == e->port;
	else
		ok = port != NEIGH_NO_PORT;
	return ok ? PUNT_NONE : PUNT_RPF;
}

/* What a router on the way has to look into: options, and a list of routers. */
static bool for_routers(const uint8_t *frame)
{
	return frame[IPV6_NEXT_AT] == IPPROTO_HOPOPTS ||
	       frame[IPV6_NEXT_AT] == IPPROTO_ROUTING;
}

/*
 * Neighbour discovery for an address that is not ours: as the kernel may be its
 * proxy ("ip neigh add proxy"), and then answers instead.
 */
static bool for_proxy(const uint8_t *frame, unsigned int bytes)
{
	return frame[IPV6_NEXT_AT] == IPPROTO_ICMPV6 && bytes > IPV6_HEADERS &&
	       frame[IPV6_HEADERS] >= ND_ROUTER_SOLICIT && frame[IPV6_HEADERS] <= ND_REDIRECT;
}

/* The same as check() does, and the route, which needs no prefetching. */
static __attribute__((noinline)) enum punt
check6(const struct router *r, const struct port *in, const struct europa_entry *e,
       struct work *w)
{
	const uint8_t *frame = w->frame;

	if (!ipv6_plain(frame))
		return PUNT_PROTO;
	if (e->bytes < IPV6_HEADERS)
		return PUNT_LENGTH;
	if (!(e->flags & EUROPA_RX_META))
		w->length = w->fit = ipv6_length(frame);
	if (w->length > e->len)
		return PUNT_LENGTH;
	if (for_routers(frame) || for_proxy(frame, e->bytes))
		return PUNT_PROTO;
	if (frame[IPV6_HOPS_AT] <= 1)
		return PUNT_TTL;
	if (addr6_bad_source(&r->ip6.own, ipv6_load(frame + IPV6_SRC_AT)))
		return PUNT_SOURCE;
	if (shared_load(in->special6))
		return PUNT_OFF;
	w->top = FIB4_LEAF | fib6_lookup(&r->ip6.fib, ipv6_load(frame + IPV6_DST_AT));
	return PUNT_NONE;
}

/* All that can be said without a route. */
static inline enum punt check(const struct router *r, const uint32_t *table,
			      const struct europa_queue *q,
			      struct europa_entry *e, struct work *w)
{
	const struct port *in;
	const uint8_t *frame = w->frame;
	uint32_t length, src;
	uint8_t special;
	enum punt why;

	if (unlikely(e->bytes < IPV4_HEADERS))
		return PUNT_LENGTH;
	length = be16toh(load16(frame + IPV4_TOTAL_AT)) + IPV4_AT;
	w->length = length;
	w->fit = length;
	if (e->flags & (EUROPA_RX_META | EUROPA_RX_MULTICAST)) {
		why = check_meta(r, q, e, w);
		if (unlikely(why))
			return why;
	}
	in = &r->ports.port[e->port];
	if (unlikely(port_mac(frame) != shared_acquire(in->mac)) &&
	    !(e->flags & EUROPA_RX_ADDRESSED))
		return PUNT_MAC;
	if (unlikely(!ipv4_plain(frame)))
		return check6(r, in, e, w);
	if (unlikely(length < IPV4_HEADERS || length > e->len))
		return PUNT_LENGTH;
	if (unlikely(!ipv4_sum_ok(frame)))
		return PUNT_CHECKSUM;
	if (unlikely(frame[IPV4_TTL_AT] <= 1))
		return PUNT_TTL;
	src = be32toh(load32(frame + IPV4_SRC_AT));
	if (unlikely(addr4_bad_source(&r->ip4.own, src)))
		return PUNT_SOURCE;
	special = shared_load(in->special);
	if (unlikely(special)) {
		why = check_special(r, table, special, e, src);
		if (why)
			return why;
	}
	w->dst = be32toh(load32(frame + IPV4_DST_AT));
	w->top = fib4_top(table, w->dst);
	return PUNT_NONE;
}

static const struct flow *flow_of(const struct router *r, const struct work *w)
{
	return ipv6_plain(w->frame) ? &r->ip6.flow : &r->ip4.flow;
}

/* Too long for the route, whose MTU the alias has? */
static bool clamped(const struct neigh *n, const struct work *w)
{
	return n->mtu && w->fit > n->mtu + IPV4_AT;
}

/* Why an adjacency does not take a packet. */
static __attribute__((noinline)) enum punt
punt_reason(struct router *r, uint16_t id, const struct europa_entry *e,
	    const struct work *w)
{
	const struct adj *a = &r->neigh.adj[id];
	const struct neigh *n = &r->neigh.neigh[id];

	if (shared_load(a->group))
		return clamped(n, w) ? PUNT_MTU : PUNT_MULTIPATH;
	id = neigh_behind(&r->neigh, id);
	n = &r->neigh.neigh[id];
	if (!id)
		return PUNT_ROUTE;
	/* It became a group just now. */
	if (n->alias)
		return PUNT_MULTIPATH;
	if (!shared_load(r->ports.port[n->port].up))
		return PUNT_DOWN;
	if (shared_load(r->ports.port[n->port].port) == PORT_NONE)
		return PUNT_VLAN;
	if (n->glean || !neigh_usable(shared_load(n->state)))
		return PUNT_NEIGH;
	if (neigh_probe(&r->neigh, id))
		return PUNT_PROBE;
	if (w->fit > adj_limit(a))
		return PUNT_MTU;
	return n->port == e->port ? PUNT_SAME : PUNT_NEIGH;
}

/* 31 bits of what makes the packet's flow, or FLOW_UNKNOWN. */
static uint32_t hash_of(const struct router *r, const struct europa_entry *e,
			const struct work *w)
{
	const struct flow *f = flow_of(r, w);

	if (shared_load(f->policy) > FLOW_L4)
		return flow_hash(f, w->frame, e->bytes, w->length);
	return ipv6_plain(w->frame) ? flow6_hash(f, w->frame, e->bytes) :
				      flow4_hash(f, w->frame, e->bytes);
}

/* The packet's destination as a neighbour behind a port; 0: not known. */
static uint16_t find_host(const struct router *r, unsigned int port,
			  const struct work *w)
{
	if (ipv6_plain(w->frame))
		return neigh_find6(&r->neigh, port, ipv6_load(w->frame + IPV6_DST_AT));
	return neigh_find(&r->neigh, port, w->dst);
}

/* The destination itself, as the neighbour of a nexthop without a gateway; or the same. */
static __attribute__((noinline)) uint16_t host_of(struct router *r, uint16_t id,
						  const struct work *w)
{
	struct neigh_table *t = &r->neigh;
	uint16_t found;

	neigh_reopen(t, id);
	found = neigh_behind(t, id);
	if (!found || shared_load(t->neigh[found].group) || !t->neigh[found].glean)
		return id;
	found = find_host(r, t->neigh[found].port, w);
	neigh_reopen(t, found);
	return found ? found : id;
}

/*
 * The adjacency that a packet takes in the end, where the FIB's does not say all:
 * a group's member, or the destination itself as the neighbour of a nexthop that
 * has no gateway. Else it is the same again.
 */
static __attribute__((noinline)) uint16_t
detour(struct router *r, uint16_t id, const struct europa_entry *e,
       const struct work *w)
{
	struct neigh_table *t = &r->neigh;
	uint16_t group = shared_acquire(t->adj[id].group);
	uint32_t hash;

	if (clamped(&t->neigh[id], w))
		return id;
	if (group) {
		hash = hash_of(r, e, w);
		if (hash == FLOW_UNKNOWN)
			return id;
		id = group_choose(&r->groups, group, hash);
		if (w->fit <= shared_acquire(t->adj[id].limit))
			return id;
		id = group_instead(&r->groups, group, hash, id,
				   shared_load(flow_of(r, w)->use_neigh));
	}
	return host_of(r, id, w);
}

/*
 * Does a packet's sender, to whom the adjacency leads, send by a router on the port
 * it came in on? If not it may be a neighbour there.
 */
static bool from_router(const struct router *r, uint16_t id, const struct europa_entry *e,
			const struct work *w)
{
	uint16_t leaf = neigh_behind(&r->neigh, id);
	const struct neigh *n = &r->neigh.neigh[leaf];

	if (!leaf || shared_load(r->neigh.neigh[leaf].group) || n->glean || n->port != e->port)
		return false;
	if (ipv6_plain(w->frame))
		return !ipv6_same(n->addr6, ipv6_load(w->frame + IPV6_SRC_AT));
	return n->six || n->addr != be32toh(load32(w->frame + IPV4_SRC_AT));
}

/*
 * The same of IPv6, which has no setting for it. A redirect names the next hop: only
 * the destination itself, or a link-local address.
 */
static bool same_port6(const struct router *r, uint16_t id, const struct europa_entry *e,
		       const struct work *w)
{
	const struct neigh *n = &r->neigh.neigh[neigh_behind(&r->neigh, id)];

	if (!ipv6_link_local(n->addr6) &&
	    !ipv6_same(n->addr6, ipv6_load(w->frame + IPV6_DST_AT)))
		return true;
	id = fib6_lookup(&r->ip6.fib, ipv6_load(w->frame + IPV6_SRC_AT));
	return from_router(r, id, e, w);
}

/*
 * May a packet leave by the port it came in on? Not if the kernel would tell its
 * sender of the shorter way, by ICMP redirects, whose rate is the kernel's.
 */
static __attribute__((noinline)) bool same_port(struct router *r, uint16_t id,
						const struct europa_entry *e,
						const struct work *w)
{
	struct port *p = &r->ports.port[e->port];

	if (ipv6_plain(w->frame))
		return same_port6(r, id, e, w);
	if (shared_load(p->quiet))
		return true;
	if (!shared_load(p->asked)) {
		shared_store(p->asked, true);
		shared_store(r->ports.asked, true);
	}
	id = fib4_lookup(&r->ip4.fib, be32toh(load32(w->frame + IPV4_SRC_AT)));
	return from_router(r, id, e, w);
}

/*
 * tx while a burst is written: a copy, which stays in registers, because stores
 * to packets cannot alias it. The slot header is found from the frame.
 */
static inline void give(struct europa_ring *tx, const struct europa_entry *e,
			const uint8_t *frame, struct europa_entry out)
{
	struct europa_slot *slot = (struct europa_slot *)(frame - e->offset);

	slot->state = EUROPA_STATE_KERNEL;
	europa_ring_write(tx, out);
}

static inline void punt(struct lane *lane, struct europa_ring *tx,
			const struct europa_entry *e, const uint8_t *frame,
			enum punt why)
{
	lane->stats.punt[why]++;
	give(tx, e, frame, europa_entry(e->len, e->slot, e->bytes, e->offset,
					e->port, EUROPA_OP_PUNT));
}

/* Returns 1 if the packet is punted. */
static inline unsigned int forward(struct router *r, struct lane *lane,
				   const uint32_t *table, struct europa_ring *tx,
				   const struct europa_entry *e,
				   const struct work *w)
{
	uint16_t id = fib4_rest(table, w->top, w->dst);
	const struct adj *a = &r->neigh.adj[id];
	uint32_t limit = shared_acquire(a->limit);
	uint16_t port = shared_load(a->port);

	/* The rest of the entry belongs to the limit, if that is not 0: see neigh.h. */
	if (unlikely(w->fit > limit || port == e->port)) {
		id = detour(r, id, e, w);
		a = &r->neigh.adj[id];
		limit = adj_limit(a);
		port = shared_load(a->port);
		if (w->fit > limit ||
		    (port == e->port && !same_port(r, id, e, w))) {
			punt(lane, tx, e, w->frame, punt_reason(r, id, e, w));
			return 1;
		}
		if (a->vlan)
			port = put_tag(e, w->frame, a);
	}
	memcpy(w->frame, a->mac, sizeof(a->mac));
	if (likely(w->frame[IPV4_TYPE_AT] == 0x08))
		ipv4_hop(w->frame);
	else
		w->frame[IPV6_HOPS_AT]--;
	give(tx, e, w->frame, europa_entry(w->length, e->slot, IPV4_HEADERS,
					   e->offset, port, EUROPA_OP_SEND));
	return 0;
}

/*
 * Passes, so that what one prefetches is there for the next: headers, then the
 * tables' far ends. Only the last writes entries: packets leave in the order
 * they came.
 */
void datapath_burst(struct router *r, struct lane *lane, struct europa_entry *e,
		    unsigned int n)
{
	const uint32_t *table = fib4_table(&r->ip4.fib);
	struct europa_queue *q = lane->q;
	struct europa_ring tx = q->tx;
	struct work work[EUROPA_BURST];
	unsigned int i, punted = 0;

	for (i = 0; i < n; i++) {
		work[i].frame = europa_data(q, &e[i]);
		__builtin_prefetch(work[i].frame, 1);
	}
	for (i = 0; i < n; i++) {
		enum punt why = check(r, table, q, &e[i], &work[i]);

		if (unlikely(why)) {
			work[i].length = 0;
			work[i].why = why;
		}
	}
	for (i = 0; i < n; i++) {
		if (likely(work[i].length)) {
			punted += forward(r, lane, table, &tx, &e[i], &work[i]);
			continue;
		}
		punt(lane, &tx, &e[i], work[i].frame, work[i].why);
		punted++;
	}
	q->tx = tx;
	lane->stats.sent += n - punted;
	lane->stats.bursts++;
}
