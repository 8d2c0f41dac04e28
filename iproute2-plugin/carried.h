/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/*
 * What makes an interface what it is for its namespace: name, alias, MAC address, MTU, flags,
 * VRF, settings, addresses, nexthops, routes and lasting neighbours. Saved from one
 * interface, to be given to another or back (given.h).
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

#endif
