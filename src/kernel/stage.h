/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/*
 * Packets for ports wait here, on the processor that received them, for the end
 * of the driver's batch: then all for one port are taken in one go, under one
 * lock, published at once, and their sleeper is woken once.
 *
 * One list for each processor, in the order they came, so no two packets of it
 * overtake each other; those of a flow that changes processors may. While it is
 * not empty its NAPI is scheduled, which runs when the driver's is done. BH is
 * off, for who adds and for who takes.
 */
#ifndef _EUROPA_STAGE_H
#define _EUROPA_STAGE_H

#include <linux/local_lock.h>
#include "compat.h"
#include "rx.h"

struct europa_stage {
	local_lock_t lock;	/* with PREEMPT_RT; else BH that is off */
	struct sk_buff *first, *last;	/* last: NULL if there are none */
	u32 opened;		/* lists that had a first packet */
	u32 closed;		/* of those, gone all the way */
	struct napi_struct napi;
};

DECLARE_PER_CPU(struct europa_stage, europa_stages);

int europa_stage_module_init(void);
void europa_stage_module_exit(void);

void europa_stage_first(struct europa_port *port, struct sk_buff *skb, u8 flags);
void europa_stage_await(void);

/* Takes the skb, which is not shared and starts at its Ethernet header. BH is
 * off, under RCU.
 */
static __always_inline void europa_stage(struct europa_port *port,
					 struct sk_buff *skb, u8 flags)
{
	struct sk_buff *last;

	/* A stuck VR must hold no sender. And it may wait past RCU, by which alone
	 * a BPF program holds a socket.
	 */
	skb_orphan(skb);
	europa_rx_address(skb, port, flags);
	local_lock_nested_bh(&europa_stages.lock);
	last = this_cpu_read(europa_stages.last);
	if (likely(last)) {
		last->next = skb;
		this_cpu_write(europa_stages.last, skb);
	}
	local_unlock_nested_bh(&europa_stages.lock);
	if (unlikely(!last))
		europa_stage_first(port, skb, flags);
}

#endif /* _EUROPA_STAGE_H */
