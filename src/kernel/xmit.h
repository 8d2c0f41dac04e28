/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* Hand-over to a device. Inline: every packet that is sent goes by here. */
#ifndef _EUROPA_XMIT_H
#define _EUROPA_XMIT_H

#include <linux/netdevice.h>
#include <net/busy_poll.h>
#include "port.h"

/*
 * Takes the skb, which is at its Ethernet header. dev: the port's lower device,
 * or its own. Returns 0, or what dev_queue_xmit() answered: the device's qdisc,
 * or an error.
 */
static inline int europa_xmit(struct europa_port *port, struct net_device *dev,
			      struct sk_buff *skb)
{
	u32 prio = READ_ONCE(port->vr->prio);
	int err;

	if (prio)
		skb->priority = prio;
	europa_port_tap_tx(port, skb);
	skb->dev = dev; /* a tap saw it as the port's */
	skb_reset_redirect(skb);
	err = dev_queue_xmit(skb);
	return net_xmit_eval(err);
}

/*
 * Packets that go out together by one port's lower device, linked by skb->next,
 * and what became of them. Lives no longer than the RCU section, with BH off, in
 * which europa_xmit_direct() was asked.
 */
struct europa_train {
	struct sk_buff *head;
	struct sk_buff **tail;
	u32 sent, sent_bytes;
};

static inline void europa_train_init(struct europa_train *train)
{
	train->head = NULL;
	train->tail = &train->head;
}

/* As dev_queue_xmit() leaves a packet, on a device with one queue. */
static __always_inline void europa_xmit_mark(struct sk_buff *skb)
{
	europa_compat_leave_ingress(skb);
#ifdef CONFIG_XPS
	/* It may be the number of the NAPI that received it. */
	if (!skb->sender_cpu || skb->sender_cpu >= MIN_NAPI_ID)
		skb->sender_cpu = raw_smp_processor_id() + 1;
#endif
}

/*
 * What dev_queue_xmit() would do for a packet of which EUROPA_RECORD_PLAIN is
 * still true, on a device with one queue, which rx has set. Neither the mark of
 * tc ingress nor of a redirect may stay: they would mean something to who gets
 * it next.
 */
static __always_inline void europa_train_add(struct europa_train *train,
					     struct net_device *dev,
					     struct sk_buff *skb)
{
	skb->dev = dev;
	skb_reset_redirect(skb);
	europa_xmit_mark(skb);
	*train->tail = skb;
	train->tail = &skb->next;
}

bool europa_xmit_direct(const struct europa_port *port);
int europa_xmit_lower(struct europa_port *port, struct sk_buff *skb);
void europa_xmit_train(struct europa_port *port, struct europa_train *train);

#endif /* _EUROPA_XMIT_H */
