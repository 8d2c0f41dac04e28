/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* Would the router forward as the kernel does? It is asked address by address. */
#ifndef ROUTER_CHECK_H
#define ROUTER_CHECK_H

#include "loop.h"

/* An address of either family. */
struct check_addr {
	bool six;
	uint32_t addr;		/* IPv4, host order */
	struct ipv6_addr addr6;
};

/* What the kernel says of an address. */
struct check_answer {
	bool unicast;		/* it forwards there */
	uint32_t oif;		/* ifindex */
	bool direct;		/* the neighbour is the address itself */
	struct check_addr gateway;
	uint32_t mtu;		/* of the route, bytes; 0: none */
	bool learned;		/* the MTU is from ICMP, which counts for its own packets */
};

enum check_result {
	CHECK_SAME,
	CHECK_KERNEL,	/* the router leaves it, or some of its flows, to the kernel */
	CHECK_DIFFERS,
};

enum check_result check_compare(const struct router *r, const struct check_addr *addr,
				const struct check_answer *answer);

/*
 * Compare for `random` addresses and for both borders of each route, inside and
 * outside; print what differs, and a summary. l is in sync, and kept so. running: a
 * socket (ask.h) of one that forwards, which is asked the same; negative: none is.
 * Returns how many differ, or a negative errno value; -ECONNRESET: it is gone.
 */
int check_all(struct loop *l, unsigned long random, int running);

#endif
