/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* What was done with packets, and why. */
#ifndef ROUTER_STATS_H
#define ROUTER_STATS_H

#include <stdint.h>
#include <stdio.h>

/* Reasons to punt: P(enumerator, name). */
#define PUNT_REASONS(P) \
	P(NONE, "none")			/* not punted */ \
	P(OFF, "off")			/* forwarding off, policy rules, port down */ \
	P(MAC, "mac")			/* not addressed to the port */ \
	P(PROTO, "proto")		/* not IP, with options, discovery */ \
	P(VLAN, "vlan")			/* a VLAN tag, or interface, that is no port's */ \
	P(GSO, "gso")			/* super-packet that cannot be edited */ \
	P(LENGTH, "length")		/* lengths do not agree */ \
	P(CHECKSUM, "checksum")		/* header checksum wrong */ \
	P(TTL, "ttl")			/* TTL or hop limit 0 or 1 */ \
	P(SOURCE, "source")		/* source address cannot be */ \
	P(RPF, "rpf")			/* source not routed this way */ \
	P(ROUTE, "route")		/* no route, or one for the kernel */ \
	P(MULTIPATH, "multipath")	/* the kernel chooses the way */ \
	P(NEIGH, "neigh")		/* neighbour not known */ \
	P(PROBE, "probe")		/* to keep the neighbour entry alive */ \
	P(DOWN, "down")			/* port to send on is down */ \
	P(MTU, "mtu")			/* too long for the port */ \
	P(SAME, "same")			/* back out of the port it came from */

#define PUNT_ENUM(id, name) PUNT_##id,
enum punt { PUNT_REASONS(PUNT_ENUM) PUNT_COUNT };

/* Of one worker, which alone counts. Others read a word that is old, or new. */
struct stats {
	uint64_t sent;		/* packets */
	uint64_t punt[PUNT_COUNT]; /* packets */
	uint64_t bursts;
	uint64_t kicks;		/* system calls to drain tx */
	uint64_t waits;		/* poll() calls that could sleep */
	uint64_t spins;		/* polls of an empty rx ring */
};

/* Of the tables, which are there once. */
struct mirror_stats {
	uint64_t syncs;		/* full netlink dumps */
	uint64_t messages;	/* netlink */
	uint64_t overruns;	/* netlink messages lost: ENOBUFS */
};

struct router;
void stats_print(const struct router *r, FILE *out);
/* As a JSON object, in one line without its end. */
void stats_json(const struct router *r, FILE *out);
/* A reason's name. */
const char *stats_why(enum punt why);

#endif
