// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * A packet is decided as always, alone; what was decided is read from what it did: the
 * counters say why, the entry on tx where to. So it is true, whatever the datapath does.
 */
#include <netinet/in.h>
#include <stdio.h>

#include "datapath.h"
#include "ip4/ipv4.h"
#include "ip6/ipv6.h"
#include "trace.h"
#include "words.h"

#define LINE	1024

static char *proto(uint8_t number, char *text)
{
	switch (number) {
	case IPPROTO_ICMP: return "icmp";
	case IPPROTO_TCP: return "tcp";
	case IPPROTO_UDP: return "udp";
	case IPPROTO_ICMPV6: return "icmp6";
	case 89: return "ospf";
	default:
		sprintf(text, "protocol %u", number);
		return text;
	}
}

static char *port(const struct router *r, unsigned int number, char *text)
{
	if (number <= PORT_MAX && r->ports.port[number].ifindex)
		words_device(r->ports.port[number].ifindex, text);
	else
		sprintf(text, "port %u", number);
	return text;
}

/* Where an adjacency leads and what is known of who is there. Returns the end. */
static char *way(const struct router *r, uint16_t id, char *at)
{
	uint16_t leaf = neigh_behind(&r->neigh, id);
	const struct neigh *n = &r->neigh.neigh[leaf];
	char text[WORDS_ADDR], dev[WORDS_DEVICE];

	if (r->neigh.adj[id].group)
		return at + sprintf(at, ", %u ways",
				    r->groups.at[r->neigh.adj[id].group]->count);
	if (!leaf)
		return at + sprintf(at, ", the kernel's");
	if (n->glean)
		return at + sprintf(at, ", on the link %s, neighbour not known",
				    port(r, n->port, dev));
	return at + sprintf(at, " via %s dev %s, neighbour %s",
			    n->six ? words_addr6(n->addr6, text) : words_addr4(n->addr, text),
			    port(r, n->port, dev), words_state(n->state));
}

static char *route4(const struct router *r, uint32_t dst, char *at)
{
	const struct fib4 *f = &r->ip4.fib;
	struct fib4_prefix p;
	char text[WORDS_ADDR];

	if (fib4_covering(f, dst, FIB4_LOCAL, &p))
		return at + sprintf(at, "local %s/%u", words_addr4(p.dst, text), p.len);
	if (!fib4_covering(f, dst, FIB4_MAIN, &p))
		return at + sprintf(at, "no route");
	at += sprintf(at, "route %s/%u", words_addr4(p.dst, text), p.len);
	return way(r, fib4_lookup(f, dst), at);
}

static char *route6(const struct router *r, struct ipv6_addr dst, char *at)
{
	const struct fib6 *f = &r->ip6.fib;
	struct fib6_prefix p;
	char text[WORDS_ADDR];

	if (fib6_covering(f, dst, FIB6_LOCAL, &p))
		return at + sprintf(at, "local %s/%u", words_addr6(p.dst, text), p.len);
	if (!fib6_covering(f, dst, FIB6_MAIN, &p))
		return at + sprintf(at, "no route");
	at += sprintf(at, "route %s/%u", words_addr6(p.dst, text), p.len);
	return way(r, fib6_lookup(f, dst), at);
}

/* The packet, and its way through the tables as they are. Returns the end. */
static char *packet(const struct router *r, const struct europa_entry *e,
		    const uint8_t *frame, char *at)
{
	char a[WORDS_ADDR], b[WORDS_ADDR], dev[WORDS_DEVICE], text[16];

	at += sprintf(at, "%s: ", port(r, e->port, dev));
	if (e->bytes >= IPV4_HEADERS && ipv4_plain(frame)) {
		at += sprintf(at, "%s > %s %s ttl %u, %u bytes: ",
			      words_addr4(be32toh(load32(frame + IPV4_SRC_AT)), a),
			      words_addr4(be32toh(load32(frame + IPV4_DST_AT)), b),
			      proto(frame[IPV4_TTL_AT + 1], text), frame[IPV4_TTL_AT], e->len);
		return route4(r, be32toh(load32(frame + IPV4_DST_AT)), at);
	}
	if (e->bytes >= IPV6_HEADERS && ipv6_plain(frame)) {
		at += sprintf(at, "%s > %s %s hops %u, %u bytes: ",
			      words_addr6(ipv6_load(frame + IPV6_SRC_AT), a),
			      words_addr6(ipv6_load(frame + IPV6_DST_AT), b),
			      proto(frame[IPV6_NEXT_AT], text), frame[IPV6_HOPS_AT], e->len);
		return route6(r, ipv6_load(frame + IPV6_DST_AT), at);
	}
	if (e->bytes < 14)
		return at + sprintf(at, "%u bytes", e->len);
	return at + sprintf(at, "type 0x%04x, %u bytes", be16toh(load16(frame + 12)), e->len);
}

/* The counter of reasons that has grown since then. */
static enum punt reason(const struct stats *before, const struct stats *now)
{
	unsigned int i;

	for (i = 1; i < PUNT_COUNT; i++)
		if (now->punt[i] != before->punt[i])
			return i;
	return PUNT_NONE;
}

/* Of the entry that was written there. The first of a burst is not in its place yet. */
static unsigned int port_of(const struct europa_ring *tx, __u32 cursor)
{
	struct europa_entry e = *europa_ring_at(tx, cursor);

	if (cursor == tx->published)
		e.word[1] = tx->first;
	return e.port;
}

static void trace_one(struct router *r, struct lane *lane, struct inquiry *q,
		      struct europa_entry *e)
{
	struct stats before = lane->stats;
	uint8_t *frame = europa_data(lane->q, e);
	char line[LINE], dev[WORDS_DEVICE], mac[18], *at;
	__u32 cursor = lane->q->tx.cursor;
	enum punt why;

	router_look(r);
	at = packet(r, e, frame, line);
	router_looked(r);
	datapath_burst(r, lane, e, 1);
	why = reason(&before, &lane->stats);
	router_look(r);
	if (why)
		sprintf(at, "; left to the kernel: %s", stats_why(why));
	else
		sprintf(at, "; sent by %s to %s",
			port(r, port_of(&lane->q->tx, cursor), dev), words_mac(frame, mac));
	inquiry_tell(q, line);
	router_looked(r);
	lane->stats.bursts = before.bursts;
}

void trace_burst(struct router *r, struct lane *lane, struct inquiry *q,
		 struct europa_entry *e, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		trace_one(r, lane, q, &e[i]);
	lane->stats.bursts++;
}
