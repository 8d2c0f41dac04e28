/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* What the kernel tells of IPv4, applied to the router's tables. */
#ifndef ROUTER_MIRROR4_H
#define ROUTER_MIRROR4_H

#include "message.h"
#include "router.h"

/* A message of family AF_INET. */
void mirror4_apply(struct router *r, const struct message *m);

#endif
