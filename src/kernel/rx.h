/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* A packet for a port: into the pool, or to the fallback. */
#ifndef _EUROPA_RX_H
#define _EUROPA_RX_H

#include "port.h"

void europa_rx(struct europa_port *port, struct sk_buff *skb, u8 flags);
void europa_rx_reclaim(struct europa_vr *vr,
		       const struct europa_record *record);
void europa_rx_nomem(struct europa_port *port, u32 len);
void europa_rx_stack(struct europa_port *port, struct sk_buff *skb, u8 flags);

#endif /* _EUROPA_RX_H */
