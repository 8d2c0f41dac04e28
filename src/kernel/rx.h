/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* Packets for a port: into the pool, or to the fallback. */
#ifndef _EUROPA_RX_H
#define _EUROPA_RX_H

#include "port.h"

/* Where a packet is to go, in its control block until it is there. */
struct europa_rx_address {
	struct europa_port *port;
	u8 flags;		/* EUROPA_RX_* */
	u8 why;			/* enum europa_counter, of one that is refused */
};

static inline struct europa_rx_address *europa_rx_to(struct sk_buff *skb)
{
	return (struct europa_rx_address *)skb->cb;
}

static inline void europa_rx_address(struct sk_buff *skb,
				     struct europa_port *port, u8 flags)
{
	europa_rx_to(skb)->port = port;
	europa_rx_to(skb)->flags = flags;
}

bool europa_rx_now(struct europa_port *port, struct sk_buff *skb, u8 flags);
struct sk_buff *europa_rx_run(struct sk_buff *skb);
void europa_rx_give_held(struct europa_queue *queue);
void europa_rx_give_up_held(struct europa_queue *queue);
void europa_rx_reclaim(struct europa_vr *vr,
		       const struct europa_record *record);
void europa_rx_nomem(struct europa_port *port, u32 len);
void europa_rx_stack(struct europa_port *port, struct sk_buff *skb, u8 flags);

#endif /* _EUROPA_RX_H */
