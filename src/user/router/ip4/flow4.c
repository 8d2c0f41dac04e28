// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <netinet/in.h>
#include <netinet/ip_icmp.h>

#include "flow4.h"
#include "ipv4.h"

#define IPV4_FRAGMENT_AT	20
#define IPV4_PROTOCOL_AT	23
#define ICMP_INNER		(IPV4_HEADERS + 8 - IPV4_AT) /* bytes to the header in an error */

static bool fragment(const uint8_t *frame)
{
	return load16(frame + IPV4_FRAGMENT_AT) & htobe16(0x3fff);
}

/* An error goes the way of the packet it is about. */
static bool icmp_error(const uint8_t *frame, unsigned int bytes)
{
	if (frame[IPV4_PROTOCOL_AT] != IPPROTO_ICMP || fragment(frame) ||
	    bytes < ICMP_INNER + IPV4_HEADERS)
		return false;
	switch (frame[IPV4_HEADERS]) {
	case ICMP_DEST_UNREACH:
	case ICMP_REDIRECT:
	case ICMP_TIME_EXCEEDED:
	case ICMP_PARAMETERPROB:
		return true;
	default:
		return false;
	}
}

/* Fragments have no ports, not even the first. */
static uint64_t transport(const uint8_t *frame, unsigned int bytes)
{
	uint8_t protocol = frame[IPV4_PROTOCOL_AT];

	if (fragment(frame))
		return protocol;
	return flow_transport(protocol, frame + IPV4_HEADERS, bytes - IPV4_HEADERS);
}

static uint64_t addresses(const uint8_t *frame)
{
	uint32_t a = load32(frame + IPV4_SRC_AT), b = load32(frame + IPV4_DST_AT);

	return a < b ? (uint64_t)a << 32 | b : (uint64_t)b << 32 | a;
}

uint32_t flow4_hash(const struct flow *f, const uint8_t *frame, unsigned int bytes)
{
	uint64_t rest = 0;

	if (shared_load(f->policy) == FLOW_L4)
		rest = transport(frame, bytes);
	else if (icmp_error(frame, bytes))
		frame += ICMP_INNER;
	return flow_mix(flow_mix(addresses(frame) ^ f->key[0]) + (rest ^ f->key[1])) >> 33;
}
