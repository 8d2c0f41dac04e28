/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* IPv4 over Ethernet, as bytes of a frame. Offsets count from its start. */
#ifndef ROUTER_IPV4_H
#define ROUTER_IPV4_H

#include <stdbool.h>

#include "bytes.h"

#define IPV4_AT		14	/* bytes: the Ethernet header */
#define IPV4_HEADERS	34	/* bytes: both headers, no options */
#define IPV4_TYPE_AT	12	/* EtherType 0x0800 */
#define IPV4_TOTAL_AT	16
#define IPV4_FRAGMENT_AT 20
#define IPV4_TTL_AT	22
#define IPV4_SUM_AT	24
#define IPV4_SRC_AT	26
#define IPV4_DST_AT	30

/* EtherType IPv4, version 4, header of 20 bytes. */
static inline bool ipv4_plain(const uint8_t *frame)
{
	return (load32(frame + 12) & htobe32(0xffffff00)) == htobe32(0x08004500);
}

/* Is it a piece of an IPv4 packet? */
static inline bool ipv4_fragment(const uint8_t *frame)
{
	return ipv4_plain(frame) && load16(frame + IPV4_FRAGMENT_AT) & htobe16(0x3fff);
}

/*
 * Checksum of a header without options. By RFC 1071 it is right if the one's
 * complement sum of the header's 16-bit words is 0xffff: if their plain sum is a
 * multiple of 0xffff, and not 0, which it cannot be as the version is 4. 32-bit
 * words may be summed instead, because 65536 modulo 0xffff is 1.
 */
static inline bool ipv4_sum_ok(const uint8_t *frame)
{
	uint64_t sum = load32(frame + IPV4_AT);

	sum += load32(frame + IPV4_AT + 4);
	sum += load32(frame + IPV4_AT + 8);
	sum += load32(frame + IPV4_AT + 12);
	sum += load32(frame + IPV4_AT + 16);
	return sum % 0xffff == 0;
}

/*
 * Decrement the TTL, which is at least 1, and update the checksum by RFC 1624,
 * equation 3: HC' = ~(~HC + ~m + m'). The 16-bit word m with the TTL gets less
 * by 0x0100, so HC gets more by 0x0100, with the carry added at the low end. The
 * result is never 0xffff.
 */
static inline void ipv4_hop(uint8_t *frame)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	/* TTL, protocol and checksum in one word, the checksum on top. */
	uint64_t word = (uint64_t)load32(frame + IPV4_TTL_AT) + 0x10000 - 1;
	uint32_t folded;

	if (__builtin_expect(word >= 0xffff0000, 0))
		word += 0x10000;
	folded = word;
	memcpy(frame + IPV4_TTL_AT, &folded, sizeof(folded));
#else
	uint32_t sum = load16(frame + IPV4_SUM_AT) + 0x0100u;
	uint16_t folded = sum + (sum >= 0xffff);

	frame[IPV4_TTL_AT]--;
	memcpy(frame + IPV4_SUM_AT, &folded, sizeof(folded));
#endif
}

#endif
