/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* IPv6 over Ethernet, as bytes of a frame. Offsets count from its start. */
#ifndef ROUTER_IPV6_H
#define ROUTER_IPV6_H

#include <stdbool.h>

#include "bytes.h"

#define IPV6_AT		14	/* bytes: the Ethernet header */
#define IPV6_HEADERS	54	/* bytes: both headers */
#define IPV6_PAYLOAD_AT	18
#define IPV6_NEXT_AT	20
#define IPV6_HOPS_AT	21
#define IPV6_SRC_AT	22
#define IPV6_DST_AT	38

/* Host order. */
struct ipv6_addr {
	uint64_t hi, lo;
};

static inline struct ipv6_addr ipv6_load(const uint8_t *p)
{
	return (struct ipv6_addr){ be64toh(load64(p)), be64toh(load64(p + 8)) };
}

static inline bool ipv6_same(struct ipv6_addr a, struct ipv6_addr b)
{
	return !((a.hi ^ b.hi) | (a.lo ^ b.lo));
}

static inline bool ipv6_unspecified(struct ipv6_addr a)
{
	return !(a.hi | a.lo);
}

/* The first len bits. */
static inline struct ipv6_addr ipv6_mask(unsigned int len)
{
	if (len > 64)
		return (struct ipv6_addr){ ~0ull, ~0ull << (128 - len) };
	return (struct ipv6_addr){ len ? ~0ull << (64 - len) : 0, 0 };
}

static inline struct ipv6_addr ipv6_prefix(struct ipv6_addr a, unsigned int len)
{
	struct ipv6_addr mask = ipv6_mask(len);

	return (struct ipv6_addr){ a.hi & mask.hi, a.lo & mask.lo };
}

/* The address before a, which is not the first, and the one after, not the last. */
static inline struct ipv6_addr ipv6_before(struct ipv6_addr a)
{
	return (struct ipv6_addr){ a.hi - !a.lo, a.lo - 1 };
}

static inline struct ipv6_addr ipv6_after(struct ipv6_addr a)
{
	return (struct ipv6_addr){ a.hi + !(a.lo + 1), a.lo + 1 };
}

static inline bool ipv6_less(struct ipv6_addr a, struct ipv6_addr b)
{
	return a.hi < b.hi || (a.hi == b.hi && a.lo < b.lo);
}

/* The last address that begins with the first len bits of a. */
static inline struct ipv6_addr ipv6_last(struct ipv6_addr a, unsigned int len)
{
	struct ipv6_addr mask = ipv6_mask(len);

	return (struct ipv6_addr){ a.hi | ~mask.hi, a.lo | ~mask.lo };
}

/* EtherType IPv6, version 6. */
static inline bool ipv6_plain(const uint8_t *frame)
{
	return (load32(frame + 12) & htobe32(0xfffff000)) == htobe32(0x86dd6000);
}

/* Of the frame, by its header; what is jumbo says less than it has. */
static inline uint32_t ipv6_length(const uint8_t *frame)
{
	return be16toh(load16(frame + IPV6_PAYLOAD_AT)) + IPV6_HEADERS;
}

static inline bool ipv6_link_local(struct ipv6_addr a)
{
	return a.hi >> 54 == 0xfe80 >> 6;
}

/*
 * Addresses that no router forwards to or from: multicast, link-local, and
 * ::/80, which has the unspecified one, loopback, and IPv4's mapped ones.
 */
static inline bool ipv6_never(struct ipv6_addr a)
{
	return a.hi >= 0xff00000000000000ull ||
	       ipv6_link_local(a) || (!a.hi && !(a.lo >> 48));
}

#endif
