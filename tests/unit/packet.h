/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* Frames and a router to put them through. */
#ifndef PACKET_H
#define PACKET_H

#include <linux/neighbour.h>

#include "datapath.h"
#include "fake.h"
#include "ip4/ipv4.h"
#include "ip6/ipv6.h"

static const uint8_t port_address[2][6] = {
	{ 2, 0, 0, 0, 0, 0x10 }, { 2, 0, 0, 0, 0, 0x11 },
};
static const uint8_t peer_address[6] = { 2, 0, 0, 0, 0, 0x99 };

/* One's complement sum of a header, the long way. */
static inline uint16_t header_sum(const uint8_t *ip, unsigned int bytes)
{
	uint32_t sum = 0;
	unsigned int i;

	for (i = 0; i < bytes; i += 2)
		sum += ip[i] << 8 | ip[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static inline void set_sum(uint8_t *frame)
{
	uint16_t sum;

	frame[IPV4_SUM_AT] = frame[IPV4_SUM_AT + 1] = 0;
	sum = ~header_sum(frame + IPV4_AT, 20);
	frame[IPV4_SUM_AT] = sum >> 8;
	frame[IPV4_SUM_AT + 1] = sum;
}

static inline void put32(uint8_t *p, uint32_t v)
{
	v = htobe32(v);
	memcpy(p, &v, 4);
}

/* A UDP packet to port 0's MAC; len: bytes with the Ethernet header. */
static inline void build(uint8_t *frame, uint32_t src, uint32_t dst, uint32_t len)
{
	memset(frame, 0, len);
	memcpy(frame, port_address[0], 6);
	memcpy(frame + 6, peer_address, 6);
	frame[12] = 8;
	frame[14] = 0x45;
	frame[16] = (len - 14) >> 8;
	frame[17] = len - 14;
	frame[22] = 64;
	frame[23] = 17;
	put32(frame + 26, src);
	put32(frame + 30, dst);
	set_sum(frame);
}

static inline void put_addr6(uint8_t *p, struct ipv6_addr a)
{
	a.hi = htobe64(a.hi);
	a.lo = htobe64(a.lo);
	memcpy(p, &a, 16);
}

/* The same of IPv6. */
static inline void build6(uint8_t *frame, struct ipv6_addr src, struct ipv6_addr dst,
			  uint32_t len)
{
	memset(frame, 0, len);
	memcpy(frame, port_address[0], 6);
	memcpy(frame + 6, peer_address, 6);
	frame[12] = 0x86;
	frame[13] = 0xdd;
	frame[14] = 0x60;
	frame[18] = (len - IPV6_HEADERS) >> 8;
	frame[19] = len - IPV6_HEADERS;
	frame[20] = 17;
	frame[21] = 64;
	put_addr6(frame + IPV6_SRC_AT, src);
	put_addr6(frame + IPV6_DST_AT, dst);
}

/*
 * Ports 0 and 1, MTU 1500, forwarding; connected 10.0.0/24 and 10.1.0/24, and
 * fd00:0::/64 and fd00:1::/64.
 */
static inline void two_ports(struct router *r)
{
	unsigned int i;

	r->ports.punt_all = r->ports.punt_all6 = false;
	r->ports.forwarding6 = true;
	for (i = 0; i < 2; i++) {
		struct port p = {
			.ifindex = 10 + i, .up = true, .mtu = 1500, .forwarding = 1,
			.on4 = true, .on6 = true,
		};
		struct fib4_route route = {
			.dst = 0x0a000000 | i << 16, .len = 24, .kind = FIB4_MAIN,
		};
		struct fib6_route route6 = {
			.dst = { 0xfd00ull << 48 | (uint64_t)i << 32, 0 }, .len = 64,
			.kind = FIB6_MAIN,
		};

		memcpy(p.address, port_address[i], 6);
		port_set(&r->ports, i, &p);
		route.adj = neigh_get(&r->neigh, i, 0);
		fib4_add(&r->ip4.fib, &route);
		route6.adj = neigh_get6(&r->neigh, i, (struct ipv6_addr){ 0, 0 });
		fib6_add(&r->ip6.fib, &route6);
	}
}

/* A route by a gateway on port 1, which is known. */
static inline uint16_t gateway(struct router *r, uint32_t dst, uint8_t len,
			       uint32_t addr)
{
	struct fib4_route route = { .dst = dst, .len = len, .kind = FIB4_MAIN };

	route.adj = neigh_get(&r->neigh, 1, addr);
	neigh_set(&r->neigh, route.adj, NUD_REACHABLE, peer_address);
	if (fib4_add(&r->ip4.fib, &route) != FIB4_ADDED)
		neigh_put(&r->neigh, route.adj);
	return route.adj;
}

/* The same of IPv6. */
static inline uint16_t gateway6(struct router *r, struct ipv6_addr dst, uint8_t len,
				struct ipv6_addr addr)
{
	struct fib6_route route = { .dst = dst, .len = len, .kind = FIB6_MAIN };

	route.adj = neigh_get6(&r->neigh, 1, addr);
	neigh_set(&r->neigh, route.adj, NUD_REACHABLE, peer_address);
	if (fib6_add(&r->ip6.fib, &route) != FIB6_ADDED)
		neigh_put(&r->neigh, route.adj);
	return route.adj;
}

#endif
