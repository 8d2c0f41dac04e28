/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* Packets that wait while one data plane takes over from another. */
#ifndef _EUROPA_HOLD_H
#define _EUROPA_HOLD_H

#include <linux/skbuff.h>
#include "stats.h"

#define EUROPA_HOLD_MAX		8192	/* packets: a port that goes looks at each */

struct europa_queue;

/* Under the queue's lock. */
struct europa_hold {
	struct sk_buff_head list;	/* oldest first; its own lock is not used */
	u64 bytes;			/* truesize */
	u32 places;			/* that who waits has left, one a packet */
};

/* Where a held packet came in, in its control block: by number, as a record's. */
struct europa_held {
	u16 port;
	u8 flags;	/* EUROPA_RX_* */
};

static inline struct europa_held *europa_held(struct sk_buff *skb)
{
	BUILD_BUG_ON(sizeof(struct europa_held) > sizeof(skb->cb));
	return (struct europa_held *)skb->cb;
}

void europa_hold_init(struct europa_queue *queue);
void europa_hold_begin(struct europa_queue *queue, u32 places);
enum europa_counter europa_hold_add(struct europa_queue *queue,
				    struct sk_buff *skb, u16 port, u8 flags);
bool europa_hold_half(const struct europa_queue *queue);
struct sk_buff *europa_hold_take(struct europa_queue *queue);
void europa_hold_withdraw_port(struct europa_queue *queue, u16 port,
			       struct sk_buff_head *withdrawn);

#endif /* _EUROPA_HOLD_H */
