/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* A lower device's packets as they come in: whose are they? */
#ifndef _EUROPA_INGRESS_H
#define _EUROPA_INGRESS_H

#include "lower.h"

int europa_ingress_hook_on(struct europa_lower *lower);
void europa_ingress_hook_off(struct europa_lower *lower);
void europa_ingress_groups_init(struct europa_lower *lower);
void europa_ingress_groups_stop(struct europa_lower *lower);
bool europa_ingress_redirect(struct europa_lower *lower, struct europa_vr *vr,
			     struct sk_buff *skb);

#endif /* _EUROPA_INGRESS_H */
