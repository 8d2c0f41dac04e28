/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* Hand-over to a device. Inline: every packet that is sent goes by here. */
#ifndef _EUROPA_XMIT_H
#define _EUROPA_XMIT_H

#include <linux/netdevice.h>
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

#endif /* _EUROPA_XMIT_H */
