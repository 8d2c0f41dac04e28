/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* What the kernel tells, applied to the router's tables. */
#ifndef ROUTER_MIRROR_H
#define ROUTER_MIRROR_H

#include "message.h"
#include "router.h"

/* What cannot be told for sure by one message sets r->resync. */
void mirror_apply(struct router *r, const struct message *m);

/* All rules of a family have been dumped. */
void mirror_rules(struct router *r, uint8_t family);

/* After the first complete dump, and after any message: who may forward. */
void mirror_refresh(struct router *r);

#endif
