/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/*
 * What makes packets one flow, where a route has several ways: as
 * net.ipv4.fib_multipath_hash_policy of the namespace says, or that of ipv6. No
 * message tells of these settings: they are read again from time to time.
 */
#ifndef ROUTER_FLOW_H
#define ROUTER_FLOW_H

#include <stdbool.h>
#include <stdint.h>

#define FLOW_L3		0	/* addresses */
#define FLOW_L4		1	/* addresses, protocol, ports */
#define FLOW_OTHER	2	/* what is inside tunnels, what the user chose: punt */

struct flow {
	const char *setting;	/* a file */
	uint64_t key[2];	/* secret, of this process */
	uint8_t policy;		/* FLOW_* */
};

void flow_init(struct flow *f, const char *setting);
/* Read the setting. One that cannot be read is FLOW_OTHER. */
void flow_refresh(struct flow *f);

/*
 * For FLOW_L4: the protocol, and the ports if it has such; at is the header behind
 * IP's, of bytes that are there.
 */
uint64_t flow_transport(uint8_t protocol, const uint8_t *at, unsigned int bytes);

/* Every bit of the input changes about half of the output's (MurmurHash3's end). */
static inline uint64_t flow_mix(uint64_t x)
{
	x = (x ^ x >> 33) * 0xff51afd7ed558ccdull;
	x = (x ^ x >> 33) * 0xc4ceb9fe1a85ec53ull;
	return x ^ x >> 33;
}

#endif
