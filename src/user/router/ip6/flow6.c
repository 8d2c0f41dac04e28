// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <netinet/in.h>

#include "flow6.h"
#include "ipv6.h"

#define ICMP6_ERRORS	128	/* types below are errors */
#define ICMP6_INNER	(IPV6_HEADERS + 8 - IPV6_AT) /* bytes to the header in an error */

/* An error goes the way of the packet it is about. */
static bool icmp6_error(const uint8_t *frame, unsigned int bytes)
{
	return frame[IPV6_NEXT_AT] == IPPROTO_ICMPV6 &&
	       bytes >= ICMP6_INNER + IPV6_HEADERS &&
	       frame[IPV6_HEADERS] < ICMP6_ERRORS;
}

static uint64_t label(const uint8_t *frame)
{
	return (uint64_t)frame[IPV6_NEXT_AT] << 32 |
	       (load32(frame + IPV6_AT) & htobe32(0xfffff));
}

uint32_t flow6_hash(const struct flow *f, const uint8_t *frame, unsigned int bytes)
{
	const uint8_t *low, *high;
	uint64_t hash, rest;

	if (shared_load(f->policy) == FLOW_L4) {
		rest = flow_transport(frame[IPV6_NEXT_AT], frame + IPV6_HEADERS,
				      bytes - IPV6_HEADERS);
	} else {
		if (icmp6_error(frame, bytes))
			frame += ICMP6_INNER;
		rest = label(frame);
	}
	low = high = frame + IPV6_SRC_AT;
	if (memcmp(low, frame + IPV6_DST_AT, 16) > 0)
		low = frame + IPV6_DST_AT;
	else
		high = frame + IPV6_DST_AT;
	hash = flow_mix(f->key[0] ^ load64(low));
	hash = flow_mix(hash ^ load64(low + 8));
	hash = flow_mix(hash ^ load64(high));
	hash = flow_mix(hash ^ load64(high + 8));
	return flow_mix(hash + (rest ^ f->key[1])) >> 33;
}
