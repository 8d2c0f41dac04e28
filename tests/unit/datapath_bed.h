/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* A router, with a route of each family, and what becomes of a frame given to it. */
#ifndef DATAPATH_BED_H
#define DATAPATH_BED_H

#include "unit.h"

#include "packet.h"

#define SRC	0x0a000005	/* 10.0.0.5, on port 0 */
#define DST	0xc0a80101	/* 192.168.1.1, by 10.1.0.1 on port 1 */

/* fd00::5 on port 0, fd00::1 there is ours; 2001:db8::1 by fe80::1 on port 1. */
#define SRC6	((struct ipv6_addr){ 0xfd00ull << 48, 5 })
#define OWN6	((struct ipv6_addr){ 0xfd00ull << 48, 1 })
#define DST6	((struct ipv6_addr){ 0x20010db8ull << 32, 1 })

struct bed {
	struct router r;
	struct europa_queue q;
	struct fake k;
	uint8_t frame[4096];
	struct europa_slot meta;
	uint16_t gateway, gateway6;
};

int setup(void **state);
int teardown(void **state);

/* One frame in, one entry out. */
struct europa_entry pass(struct bed *b, uint32_t len, unsigned int flags,
			 const struct europa_slot *meta);
/* The IPv4 packet in b->frame is forwarded to port 1, out_len bytes of it. */
void sends(struct bed *b, uint32_t len, unsigned int flags,
	   const struct europa_slot *meta, uint32_t out_len);
/* The frame is punted as it came, for that reason. */
void punts_meta(struct bed *b, uint32_t len, unsigned int flags,
		const struct europa_slot *meta, enum punt why);
/* The same of 98 bytes of IPv4, whose header gets its checksum. */
void punts(struct bed *b, enum punt why);

/* Two more neighbours on port 1, which end in 2 and 3; the gateway ends in 0x99. */
uint16_t other_gateway(struct bed *b, uint8_t last);
/* 20/8 by these; takes the reference to the group. */
void by_group(struct bed *b, uint16_t id, uint32_t mtu);

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
