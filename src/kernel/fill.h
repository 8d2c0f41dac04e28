/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* Objects as attributes of a generic netlink message: all or -EMSGSIZE. */
#ifndef _EUROPA_FILL_H
#define _EUROPA_FILL_H

#include <linux/skbuff.h>
#include <net/net_namespace.h>

struct europa_lower;
struct europa_port;
struct europa_vr;

int europa_fill_name(struct sk_buff *skb, int type, const struct europa_vr *vr);
int europa_fill_id(struct sk_buff *skb, const struct europa_vr *vr);
int europa_fill_config(struct sk_buff *skb, const struct europa_vr *vr);
int europa_fill_state(struct sk_buff *skb, struct europa_vr *vr);
int europa_fill_queues(struct sk_buff *skb, struct europa_vr *vr, u32 *index);
int europa_fill_port(struct sk_buff *skb, const struct europa_port *port,
		     struct net *net);
int europa_fill_ports(struct sk_buff *skb, struct europa_vr *vr,
		      struct net *net, unsigned long *number);
int europa_fill_program(struct sk_buff *skb, const struct europa_lower *lower);

#endif /* _EUROPA_FILL_H */
