/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* Next hops that the kernel tells, of either family, as adjacencies. */
#ifndef ROUTER_HOP_H
#define ROUTER_HOP_H

#include "message.h"
#include "router.h"

static inline struct ipv6_addr hop_addr6(const struct message_addr *addr)
{
	return ipv6_load(addr->bytes);
}

/*
 * The adjacency of a next hop, with a reference; 0: punt. family: of the
 * neighbours if it has no gateway.
 */
uint16_t hop_get(struct router *r, const struct message_hop *hop, uint8_t family);

/* That of a route, by all that its message says. */
uint16_t hop_route(struct router *r, const struct message *m);

#endif
