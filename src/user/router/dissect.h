/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/*
 * What Linux's flow dissector finds in a packet, as far as it is used to choose one
 * of several ways: __skb_flow_dissect() by the keys that it has for that. It goes
 * through extension headers and, if told so, into IP in IP and GRE with any of IPv4
 * and IPv6. What it finds further inside takes the place of what was outside, but
 * only if it is there: so a packet that ends early has what came before.
 */
#ifndef ROUTER_DISSECT_H
#define ROUTER_DISSECT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

/* All in network order, and 0 if it is not in the packet. */
struct dissect_keys {
	uint64_t src[2], dst[2];	/* of IPv4 the first four bytes */
	uint16_t port[2];		/* source, destination; an SPI, too */
	uint32_t label;			/* IPv6's flow label */
	uint8_t protocol;
	bool six;			/* the addresses are IPv6's */
	bool tunnel;			/* there is one; only if told so it was looked into */
};

/* Those whose first four bytes tell flows apart: ports, or an SPI. */
static inline bool dissect_has_ports(uint8_t protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_DCCP:
	case IPPROTO_SCTP:
	case IPPROTO_ESP:
		return true;
	default:
		return false;
	}
}

/*
 * Of a frame, IPv4 or IPv6: length bytes without padding, of which bytes are there.
 * outer: not into tunnels. Returns false if what is there does not say: more of the
 * packet is needed, or it has what the kernel looks into and this does not.
 */
bool dissect(const uint8_t *frame, uint32_t bytes, uint32_t length, bool outer,
	     struct dissect_keys *keys);

#endif
