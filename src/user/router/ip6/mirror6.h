/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* What the kernel tells of IPv6, applied to the router's tables. */
#ifndef ROUTER_MIRROR6_H
#define ROUTER_MIRROR6_H

#include "message.h"
#include "router.h"

/* A message of family AF_INET6. */
void mirror6_apply(struct router *r, const struct message *m);

#endif
