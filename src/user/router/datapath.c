// SPDX-License-Identifier: GPL-2.0
#include "datapath.h"
#include "ipv4.h"

#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)

/* A packet between the passes over a burst. */
struct work {
	uint8_t *frame;
	uint32_t dst;		/* host order */
	uint32_t top;		/* fib4_top() */
	uint32_t length;	/* bytes to send: without padding; 0: punt */
	union {
		uint32_t fit;	/* bytes that must fit: length, or a segment's */
		enum punt why;
	};
};

/* Metadata: which packets can be edited, and how long their segments are. */
static __attribute__((noinline)) enum punt
check_meta(const struct europa_queue *q, const struct europa_entry *e,
	   struct work *w)
{
	const struct europa_slot *s = europa_slot(q, e->slot);

	if (e->flags & EUROPA_RX_MULTICAST)
		return PUNT_MAC;
	if (s->flags & EUROPA_SLOT_VLAN)
		return PUNT_VLAN;
	if (!(s->flags & EUROPA_SLOT_GSO))
		return PUNT_NONE;
	if (s->gso_type & (EUROPA_GSO_FRAGLIST | EUROPA_GSO_OTHER) ||
	    e->len != w->length)
		return PUNT_GSO;
	w->fit = s->gso_size + s->gso_hdr_len;
	return PUNT_NONE;
}

static __attribute__((noinline)) enum punt
check_special(const struct router *r, const struct port *in,
	      const struct europa_entry *e, uint32_t src)
{
	uint16_t id;

	if (in->special & PORT_PUNT)
		return PUNT_OFF;
	id = fib4_lookup(&r->fib, src);
	if (!id)
		return PUNT_RPF;
	if (in->special & PORT_RPF_STRICT && r->neigh.adj[id].port != e->port)
		return PUNT_RPF;
	return PUNT_NONE;
}

/* All that can be said without a route. */
static inline enum punt check(const struct router *r,
			      const struct europa_queue *q,
			      const struct europa_entry *e, struct work *w)
{
	const struct port *in = &r->ports.port[e->port];
	const uint8_t *frame = w->frame;
	uint32_t length, src;
	enum punt why;

	if (unlikely(e->bytes < IPV4_HEADERS))
		return PUNT_LENGTH;
	length = be16toh(load16(frame + IPV4_TOTAL_AT)) + IPV4_AT;
	w->length = length;
	w->fit = length;
	if (e->flags & (EUROPA_RX_META | EUROPA_RX_MULTICAST)) {
		why = check_meta(q, e, w);
		if (unlikely(why))
			return why;
	}
	if (unlikely(port_mac(frame) != in->mac) &&
	    !(e->flags & EUROPA_RX_ADDRESSED))
		return PUNT_MAC;
	if (unlikely(!ipv4_plain(frame)))
		return PUNT_PROTO;
	if (unlikely(length < IPV4_HEADERS || length > e->len))
		return PUNT_LENGTH;
	if (unlikely(!ipv4_sum_ok(frame)))
		return PUNT_CHECKSUM;
	if (unlikely(frame[IPV4_TTL_AT] <= 1))
		return PUNT_TTL;
	src = be32toh(load32(frame + IPV4_SRC_AT));
	if (unlikely(addr4_bad_source(&r->own, src)))
		return PUNT_SOURCE;
	if (unlikely(in->special)) {
		why = check_special(r, in, e, src);
		if (why)
			return why;
	}
	w->dst = be32toh(load32(frame + IPV4_DST_AT));
	w->top = fib4_top(&r->fib, w->dst);
	return PUNT_NONE;
}

/* Why an adjacency does not take a packet. */
static __attribute__((noinline)) enum punt
why_not(struct router *r, uint16_t id, const struct europa_entry *e,
	uint32_t fit)
{
	const struct neigh *n = &r->neigh.neigh[id];

	if (!id)
		return PUNT_ROUTE;
	if (!r->ports.port[n->port].up)
		return PUNT_DOWN;
	if (n->port == e->port)
		return PUNT_SAME;
	if (!n->addr || !neigh_usable(n->state))
		return PUNT_NEIGH;
	if (neigh_probe(&r->neigh, id))
		return PUNT_PROBE;
	return fit > r->neigh.adj[id].limit ? PUNT_MTU : PUNT_NEIGH;
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

static inline void punt(struct router *r, struct europa_ring *tx,
			const struct europa_entry *e, const uint8_t *frame,
			enum punt why)
{
	r->stats.punt[why]++;
	give(tx, e, frame, europa_entry(e->len, e->slot, e->bytes, e->offset,
					e->port, EUROPA_OP_PUNT));
}

/* Returns 1 if the packet is punted. */
static inline unsigned int forward(struct router *r, struct europa_ring *tx,
				   const struct europa_entry *e,
				   const struct work *w)
{
	uint16_t id = fib4_rest(&r->fib, w->top, w->dst);
	const struct adj *a = &r->neigh.adj[id];
	uint16_t port = a->port;

	if (unlikely(w->fit > a->limit || port == e->port)) {
		punt(r, tx, e, w->frame, why_not(r, id, e, w->fit));
		return 1;
	}
	memcpy(w->frame, a->mac, sizeof(a->mac));
	ipv4_hop(w->frame);
	give(tx, e, w->frame, europa_entry(w->length, e->slot, IPV4_HEADERS,
					   e->offset, port, EUROPA_OP_SEND));
	return 0;
}

/*
 * Passes, so that what one prefetches is there for the next: headers, then the
 * tables' far ends. Only the last writes entries: packets leave in the order
 * they came.
 */
void datapath_burst(struct router *r, const struct europa_entry *e, unsigned int n)
{
	struct europa_queue *q = r->q;
	struct europa_ring tx = q->tx;
	struct work work[EUROPA_BURST];
	unsigned int i, punted = 0;

	for (i = 0; i < n; i++) {
		work[i].frame = europa_data(q, &e[i]);
		__builtin_prefetch(work[i].frame, 1);
	}
	for (i = 0; i < n; i++) {
		enum punt why = check(r, q, &e[i], &work[i]);

		if (unlikely(why)) {
			work[i].length = 0;
			work[i].why = why;
		}
	}
	for (i = 0; i < n; i++) {
		if (likely(work[i].length)) {
			punted += forward(r, &tx, &e[i], &work[i]);
			continue;
		}
		punt(r, &tx, &e[i], work[i].frame, work[i].why);
		punted++;
	}
	q->tx = tx;
	r->stats.sent += n - punted;
	r->stats.bursts++;
}
