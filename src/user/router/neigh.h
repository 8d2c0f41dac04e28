/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/*
 * Adjacencies: a port and the neighbour behind it, each with the two MAC
 * addresses a packet to it begins with. Routes name them by number.
 *   0             punt: the kernel decides
 *   glean         a connected network of a port: the neighbour is the packet's
 *                 destination, known as a host item of the FIB, or the packet
 *                 is punted and the kernel resolves it. One for each family
 *   neighbour     a gateway or such a host, of either family: an IPv4 route may
 *                 have an IPv6 gateway (RFC 8950, once 5549)
 *   alias         as another adjacency, which may change (what a nexthop
 *                 object stands for), or with a smaller limit (a route's MTU).
 *                 It has a copy of what the datapath reads of the other
 *   group         one of several, by the packet's hash (group.h)
 *
 * Keeping the kernel's neighbour entry alive. It sees none of what is forwarded
 * here, so after its reachable time (about 30 s) it turns STALE, and with many
 * neighbours would be collected. STALE is used on, but one packet each
 * NEIGH_PROBE seconds is punted while it lasts. The kernel forwards that one,
 * its entry goes DELAY (which is not announced), PROBE (announced; used on), and
 * REACHABLE or FAILED. FAILED punts everything: the kernel resolves anew or
 * sends its ICMP error. So a dead neighbour is noticed as soon as by the kernel
 * alone, a living one costs one slow packet in half a minute, and an entry
 * nobody sends to is left to the kernel.
 */
#ifndef ROUTER_NEIGH_H
#define ROUTER_NEIGH_H

#include <stdbool.h>
#include <stdint.h>

#include "grace.h"
#include "ip6/ipv6.h"
#include "port.h"

#define NEIGH_MAX	65535	/* numbers 0 ... 65534; more: punt */
#define NEIGH_BUCKETS	16384
#define NEIGH_PROBE	3	/* seconds */
#define NEIGH_NO_PORT	0xffff

/*
 * What the datapath reads; two in a cache line. Others read it while it changes: limit
 * and tagged first, and what the rest says belongs to a limit that is not 0. So where
 * more changes than a limit, all three that let a packet through become 0, and the rest
 * is written when nobody can have seen them before. Meanwhile the kernel forwards.
 */
struct adj {
	uint8_t mac[12];	/* destination, source */
	uint32_t limit;		/* longest frame, bytes; 0: punt, or see group, tagged */
	uint16_t port;		/* or VLAN interface, by number */
	uint16_t group;		/* not 0: a group, or an alias of one */
	uint32_t tagged;	/* the limit instead, if frames get a tag */
	uint16_t vlan;		/* number in the tag; 0: none */
	uint16_t out;		/* the port to send by, with the tag */
	uint32_t full;		/* the limit, when the packet that is due was punted */
};

#define ADJ_DUE	1	/* as a limit, which no frame keeps: perhaps one packet is due */

/* Bytes of the longest frame, with or without a tag, which does not count. */
static inline uint32_t adj_limit(const struct adj *a)
{
	return shared_acquire(a->limit) | shared_acquire(a->tagged);
}

/* What makes it, and next, target, state and due, is read by workers, too. */
struct neigh {
	struct ipv6_addr addr6;	/* of the other family: 0 */
	uint32_t addr;		/* IPv4, host order */
	uint32_t refs;
	uint32_t members;	/* references of groups to it as their member */
	uint32_t punted_at;	/* s, clock of neigh_tick() */
	uint32_t mtu;		/* of an alias, bytes; 0: only the target's */
	uint16_t target;	/* of an alias, with a reference; 0: none, punt */
	uint16_t aliases;	/* of this: the first; 0: none */
	uint16_t sibling;	/* the next alias of the same target */
	uint16_t port;
	uint16_t next;		/* in bucket or free list */
	uint16_t state;		/* NUD_*; 0: the kernel has no entry */
	uint16_t group;		/* of what is one; 0: none */
	uint8_t mac[6];
	uint8_t generation;
	bool six;		/* IPv6 */
	bool glean;		/* no address: the packet's destination */
	bool alias;		/* or a group: no neighbour, not in a bucket */
	bool due;		/* punt the next packet */
	bool limbo;		/* unused, but the FIB may still name it */
	bool shut;		/* its adj is to be written when readers are done */
};

struct neigh_table {
	struct adj *adj;
	struct neigh *neigh;
	uint16_t bucket[NEIGH_BUCKETS];
	uint16_t *limbo;
	uint32_t limbo_count;
	uint32_t used;		/* numbers ever handed out */
	uint16_t free;
	uint8_t generation;
	uint32_t now;		/* s */
	const struct ports *ports;

	/* A group's number is unused. */
	void (*release)(void *arg, uint16_t id);
	void *arg;
};

bool neigh_init(struct neigh_table *t, const struct ports *ports);
void neigh_exit(struct neigh_table *t);

/*
 * Number for a port and address (0: glean), with a reference; 0 if there are too
 * many.
 */
uint16_t neigh_get(struct neigh_table *t, unsigned int port, uint32_t addr);
uint16_t neigh_get6(struct neigh_table *t, unsigned int port, struct ipv6_addr addr);
/* Another reference to it. */
void neigh_hold(struct neigh_table *t, uint16_t id);
void neigh_put(struct neigh_table *t, uint16_t id);
/* The same without a reference; 0 if there is none. */
uint16_t neigh_find(const struct neigh_table *t, unsigned int port, uint32_t addr);
uint16_t neigh_find6(const struct neigh_table *t, unsigned int port,
		     struct ipv6_addr addr);
/* Free what is unused; only while no FIB chunk is dirty. */
void neigh_reap(struct neigh_table *t);

/* An alias of nothing, with a reference; 0 if there are too many numbers. */
uint16_t neigh_alias(struct neigh_table *t);
/* From now on it is one of the target, to which it takes a reference. */
void neigh_point(struct neigh_table *t, uint16_t id, uint16_t target);
/* It is a group (group.h), or with 0 none any more. */
void neigh_group(struct neigh_table *t, uint16_t id, uint16_t group);
/*
 * The alias of a target for routes with that MTU, with a reference: the same one
 * each time. It is the target itself if mtu is 0.
 */
uint16_t neigh_clamp(struct neigh_table *t, uint16_t target, uint32_t mtu);
/* The group it is, or that is behind it; 0: none. */
uint16_t neigh_group_of(const struct neigh_table *t, uint16_t id);
/* The neighbour, glean or group behind aliases; 0: none. */
uint16_t neigh_behind(const struct neigh_table *t, uint16_t id);

void neigh_set(struct neigh_table *t, uint16_t id, unsigned int state,
	       const uint8_t *mac);
bool neigh_usable(unsigned int state);
/* A port's address, MTU or state has changed. */
void neigh_port(struct neigh_table *t, unsigned int port);

void neigh_mark(struct neigh_table *t);
void neigh_sweep(struct neigh_table *t);

/* Once a second or less often. */
void neigh_tick(struct neigh_table *t, uint32_t now);

/* The rest is for whoever has a packet, and for one at a time, or many. */

/* A packet for an adjacency that takes none: is it one to keep it alive? */
bool neigh_probe(struct neigh_table *t, uint16_t id);
/* It takes packets again if the one that was due is on its way. */
void neigh_reopen(struct neigh_table *t, uint16_t id);

#endif
