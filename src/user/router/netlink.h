/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* The socket that keeps the mirror: changes and dumps, in one stream. */
#ifndef ROUTER_NETLINK_H
#define ROUTER_NETLINK_H

#include <stdbool.h>
#include <stdint.h>

#include "router.h"

struct mnl_socket;

struct netlink {
	struct mnl_socket *socket;
	int fd;
	uint32_t seq;		/* of the dump going on */
	unsigned int step;	/* of the dumps of one sync */
	bool syncing;
	bool broken;		/* this sync must be done again */
	bool upset;		/* it may have missed IPv6 routes, which are not to go */
	bool draining;		/* lost some: read what is left before the next sync */
	bool synced;		/* once, completely */
	uint64_t began_at;	/* ms, the last sync */
	uint64_t due_at;	/* ms, the next one, at the soonest */
	uint8_t *buffer;
};

/* Returns 0, or a negative errno value. */
int netlink_open(struct netlink *nl);
void netlink_close(struct netlink *nl);

/*
 * Read, without waiting, datagrams of together about `messages` messages, a single
 * one that counts for more, or has more, included; start a sync if one is due.
 * now: ms, any monotonic clock. Returns true if there may be more to read.
 */
bool netlink_work(struct netlink *nl, struct router *r, unsigned int messages,
		  uint64_t now);

/* ms until netlink_work() has something to do by itself; -1: never. */
int netlink_timeout(const struct netlink *nl, const struct router *r,
		    uint64_t now);

#endif
