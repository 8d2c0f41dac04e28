/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/*
 * What makes packets one flow, where a route has several ways: as
 * net.ipv4.fib_multipath_hash_policy of the namespace says, or that of ipv6. No
 * message tells of these settings: they are read again from time to time. A flow's
 * packets in either direction have the same hash, as in the kernel: so where the ways
 * are the same for both, say through one of several firewalls, they take the same.
 */
#ifndef ROUTER_FLOW_H
#define ROUTER_FLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "grace.h"

#define FLOW_L3		0	/* addresses */
#define FLOW_L4		1	/* addresses, protocol, ports */
#define FLOW_INNER	2	/* addresses inside tunnels */
#define FLOW_FIELDS	3	/* what fib_multipath_hash_fields says */
#define FLOW_OTHER	4	/* not known here, or not to be read: punt */

#define FLOW_UNKNOWN	(1u << 31) /* no hash: punt */

/* Workers may see a new policy with the old fields, for a moment: some hash, too. */
struct flow {
	const char *setting;	/* a file */
	const char *setting_fields; /* that of FLOW_FIELDS */
	const char *setting_neigh; /* of use_neigh; NULL: IPv6 has none */
	uint64_t key[2];	/* secret, of this process */
	uint32_t fields;	/* FLOW_FIELD_*, shifted for those inside a tunnel */
	uint8_t policy;		/* FLOW_* */
	bool use_neigh;		/* a way whose neighbour does not answer is not taken */
};

#define FLOW_FIELD_SRC		0x01
#define FLOW_FIELD_DST		0x02
#define FLOW_FIELD_PROTOCOL	0x04
#define FLOW_FIELD_LABEL	0x08
#define FLOW_FIELD_SPORT	0x10
#define FLOW_FIELD_DPORT	0x20
#define FLOW_FIELD_ALL		0x3f
#define FLOW_FIELD_BITS		6

void flow_init(struct flow *f, const char *setting, const char *setting_fields,
	       const char *setting_neigh);
/* Read the settings. What cannot be read is FLOW_OTHER. */
void flow_refresh(struct flow *f);

/*
 * For FLOW_L4: the protocol, and the ports if it has such; at is the header behind
 * IP's, of bytes that are there.
 */
uint64_t flow_transport(uint8_t protocol, const uint8_t *at, unsigned int bytes);

/*
 * For all from FLOW_INNER on, and both families: 31 bits, or FLOW_UNKNOWN, of a frame
 * of length bytes without padding, of which bytes are there. Its header is right.
 */
uint32_t flow_hash(const struct flow *f, const uint8_t *frame, uint32_t bytes,
		   uint32_t length);

/* Every bit of the input changes about half of the output's (MurmurHash3's end). */
static inline uint64_t flow_mix(uint64_t x)
{
	x = (x ^ x >> 33) * 0xff51afd7ed558ccdull;
	x = (x ^ x >> 33) * 0xc4ceb9fe1a85ec53ull;
	return x ^ x >> 33;
}

#endif
