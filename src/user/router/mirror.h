/* SPDX-License-Identifier: GPL-2.0 */
/* rtnetlink messages, read into the router's tables. */
#ifndef ROUTER_MIRROR_H
#define ROUTER_MIRROR_H

#include <linux/netlink.h>

#include "router.h"

/*
 * One message, of nlh->nlmsg_len bytes that are there. What is malformed or
 * unknown is ignored. What cannot be told for sure sets r->resync.
 */
void mirror_message(struct router *r, const struct nlmsghdr *nlh);

/* All rules have been dumped. */
void mirror_rules(struct router *r);

/* After the first complete dump, and after any message: who may forward. */
void mirror_refresh(struct router *r);

#endif
