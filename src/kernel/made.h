/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* Packets that a VR made, and what they cost until they have left. */
#ifndef _EUROPA_MADE_H
#define _EUROPA_MADE_H

#include <linux/skbuff.h>

struct europa_vr;

struct sock *europa_made_alloc(void);
void europa_made_free(struct sock *sk);
bool europa_made_charge(struct europa_vr *vr, struct sk_buff *skb);

#endif /* _EUROPA_MADE_H */
