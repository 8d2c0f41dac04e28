/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Adjacencies: a port and the neighbour behind it, each with the two MAC
 * addresses a packet to it begins with. Routes name them by number.
 *   0             punt: the kernel decides
 *   glean (addr 0) a connected network of a port: the neighbour is the
 *                 packet's destination, known as a host item of the FIB, or
 *                 the packet is punted and the kernel resolves it
 *   neighbour     a gateway or such a host
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

#include "port.h"

#define NEIGH_MAX	65535	/* numbers 0 ... 65534; more: punt */
#define NEIGH_BUCKETS	16384
#define NEIGH_PROBE	3	/* seconds */
#define NEIGH_NO_PORT	0xffff

/* What the datapath reads; two in a cache line. */
struct adj {
	uint8_t mac[12];	/* destination, source */
	uint32_t limit;		/* longest frame, bytes; 0: punt */
	uint16_t port;
	uint16_t pad[7];
};

struct neigh {
	uint32_t addr;		/* host order; 0: glean */
	uint32_t refs;
	uint32_t punted_at;	/* s, clock of neigh_tick() */
	uint16_t port;
	uint16_t next;		/* in bucket or free list */
	uint16_t state;		/* NUD_*; 0: the kernel has no entry */
	uint8_t mac[6];
	uint8_t generation;
	bool due;		/* punt the next packet */
	bool limbo;		/* unused, but the FIB may still name it */
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
};

bool neigh_init(struct neigh_table *t, const struct ports *ports);
void neigh_exit(struct neigh_table *t);

/* Number for a port and address, with a reference; 0 if there are too many. */
uint16_t neigh_get(struct neigh_table *t, unsigned int port, uint32_t addr);
void neigh_put(struct neigh_table *t, uint16_t id);
/* The same without a reference; 0 if there is none. */
uint16_t neigh_find(const struct neigh_table *t, unsigned int port, uint32_t addr);
/* Free what is unused; only while no FIB chunk is dirty. */
void neigh_reap(struct neigh_table *t);

void neigh_set(struct neigh_table *t, uint16_t id, unsigned int state,
	       const uint8_t *mac);
bool neigh_usable(unsigned int state);
/* A port's address, MTU or state has changed. */
void neigh_port(struct neigh_table *t, unsigned int port);

void neigh_mark(struct neigh_table *t);
void neigh_sweep(struct neigh_table *t);

/* Once a second or less often. */
void neigh_tick(struct neigh_table *t, uint32_t now);
/* A packet for an adjacency with limit 0: is it one to keep it alive? */
bool neigh_probe(struct neigh_table *t, uint16_t id);

#endif
