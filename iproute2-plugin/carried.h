/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/*
 * What makes an interface what it is for its namespace: name, alias, MAC address, MTU, flags,
 * VRF, settings, addresses, nexthops, routes and lasting neighbours. Saved from one
 * interface, and given to another or back.
 */
#ifndef CARRIED_H
#define CARRIED_H

#include "devconf.h"
#include "messages.h"
#include "rtnl.h"

struct carried {
	struct rtnl_link link;	/* as it was */
	struct devconf conf;
	struct messages addresses, nexthops, routes, neighbours;
};

/* 0, or the exit code after saying why not, all of them. nl: of rtnetlink, here. */
int carried_save(struct nl *nl, uint32_t ifindex, struct carried *c);
void carried_free(struct carried *c);

/* To an interface that nothing uses. Done twice, the second time changes nothing. */
int carried_give(struct nl *nl, const struct carried *c, uint32_t ifindex);

/* When that was refused: all that is taken, also after what is not. How much is not. */
unsigned int carried_give_back(struct nl *nl, const struct carried *c, uint32_t ifindex);

/*
 * From the interface it was saved from, which is called name from then on, has IPv6 off
 * and an alias, and is down.
 */
int carried_take_off(struct nl *nl, const struct carried *c, const char *name, const char *alias);

#endif
