/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/*
 * A router that has been told of two ports, and by each family's messages of
 * addresses, neighbours and routes; and these messages, as the kernel sends them.
 */
#ifndef MIRROR_BED_H
#define MIRROR_BED_H

#include <linux/netconf.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include "unit.h"

#include "mirror.h"

#define VR	3
#define MESSAGES	40

struct bed {
	struct router r;
	struct nlmsghdr *kept[MESSAGES];
	unsigned int count;
	uint32_t mtu6;		/* as links are told */
	uint32_t master;	/* the same; 0: none */
};

static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 0x55 };
static const uint8_t six[16] = { 0xfe, 0x80, [15] = 0x77 };
#define SIX ((struct ipv6_addr){ 0xfe80000000000000, 0x77 })

int setup(void **state);
int teardown(void **state);

/* A message to the router, in memory of just its size. */
void deliver(struct router *r, const void *message, size_t size);
/* The same; it is kept in the bed, and all that follows from it is done. */
void tell(struct bed *b, const struct nlmsghdr *nlh);
/* Begin a message with a fixed part of that size, which is returned. */
void *begin(char *buffer, uint16_t type, size_t size);

/* ---- what is told; interfaces are 10 + the number of their port ---------- */

void link_message(struct bed *b, uint16_t type, unsigned int number,
		  unsigned int vr, unsigned int flags);
void netconf_message(struct bed *b, int ifindex, int forwarding, int rpf);
/* On port 0. */
void addr_message(struct bed *b, uint16_t type, uint32_t addr);
void neigh_message(struct bed *b, uint16_t type, unsigned int number,
		   uint32_t addr, unsigned int state);

/* Settings of one, which may be missing; plain if all are 0. */
struct nexthop_told {
	uint32_t id, gateway, oif;
	uint16_t odd;		/* an attribute that forbids */
	bool six;		/* the gateway is IPv6 */
};

void nexthop_message(struct bed *b, uint16_t type, unsigned int flags,
		     const struct nexthop_told *n);
/* A group of the objects with the first n ids. */
void group_message(struct bed *b, unsigned int flags, uint32_t id,
		   uint16_t kind, const uint32_t *member, unsigned int n);

/* What a resilient one has beside; times in hundredths of a second. */
struct resilient_told {
	uint16_t buckets;
	uint32_t idle, unbalanced;
};

void resilient_message(struct bed *b, unsigned int flags, uint32_t id,
		       const uint32_t *member, unsigned int n,
		       const struct resilient_told *res);

struct route {
	uint32_t dst, gateway, metric, oif;
	uint8_t len, type, table, odd;	/* odd: an attribute that forbids */
	uint8_t protocol;	/* RTPROT_* */
	uint32_t nexthop;	/* id */
	uint32_t mtu, lock;
	uint32_t way[3];	/* multipath: gateways on port 1, or 0 */
	uint8_t weight[3], flags[3];	/* of a plain route: flags[0] */
	bool six;		/* via fe80::77 */
};

void route_message(struct bed *b, uint16_t type, unsigned int flags,
		   const struct route *r);
void rule_message(struct bed *b, uint16_t type, unsigned int flags,
		  uint32_t priority, uint8_t table, uint32_t from);
/* That of the main table, or what looks like it: with an attribute more, if not 0. */
void main_rule_message(struct bed *b, uint16_t type, uint16_t odd);
/* The one that the kernel makes with the first VRF; it has no table. */
void vrf_rule_message(struct bed *b, uint16_t type, uint8_t table);
/* A dump of the default rules. */
void rules(struct bed *b);

/* ---- the same of IPv6 -------------------------------------------------- */

#define ADDR6(a, b) ((struct ipv6_addr){ (a##ull) << 32, b })

/* On port 1. */
struct route6 {
	struct ipv6_addr dst, way[3];
	uint32_t metric, nexthop;
	uint8_t len, type, table, from;
};

/* In a message of its own. */
void mtu6_message(struct bed *b, uint16_t type, unsigned int number, uint32_t mtu6);
void netconf6_message(struct bed *b, int ifindex, int forwarding);
void addr6_message(struct bed *b, uint16_t type, unsigned int number,
		   struct ipv6_addr addr);
void neigh6_message(struct bed *b, uint16_t type, unsigned int number,
		    struct ipv6_addr addr, unsigned int state);
void route6_message(struct bed *b, uint16_t type, unsigned int flags,
		    const struct route6 *r);

/* ---- what setup() tells ------------------------------------------------ */

#define GATE6	ADDR6(0xfe800000, 1)
#define OTHER6	ADDR6(0xfe800000, 2)

/* fd00:1::/64 is on port 1, 2001:db8::/32 by fe80::1, 2001:db9::/32 by two ways. */
static const struct route6 connected6 = {
	.dst = ADDR6(0xfd000001, 0), .len = 64, .metric = 256,
};
static const struct route6 far6 = { .dst = ADDR6(0x20010db8, 0), .len = 32, .way = { GATE6 } };
static const struct route6 two6 = {
	.dst = ADDR6(0x20010db9, 0), .len = 32, .way = { GATE6, OTHER6 },
};
static const struct route6 local6 = {
	.dst = ADDR6(0xfd000001, 1), .len = 128, .table = RT_TABLE_LOCAL, .type = RTN_LOCAL,
};

#define UP (IFF_UP | IFF_RUNNING)

/* 20.1/16 by object 1, 20.3/16 by 3, a group of 1 and 2, 20.9/16 by two ways. */
static const struct nexthop_told one = { .id = 1, .gateway = 0x0a010001, .oif = 11 };
static const struct nexthop_told two = { .id = 2, .gateway = 0x0a010009, .oif = 11 };
static const uint32_t both[2] = { 1, 2 };
static const struct route by_one = { .dst = 0x14010000, .len = 16, .nexthop = 1 };
static const struct route by_group = { .dst = 0x14030000, .len = 16, .nexthop = 3 };
static const struct route by_two = {
	.dst = 0x14090000, .len = 16, .way = { 0x0a010001, 0x0a010009 },
	.weight = { 0, 2 },
};

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
