/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* What the kernel's stack at a port would apply to a packet it forwards. */
#ifndef _EUROPA_FILTER_H
#define _EUROPA_FILTER_H

#include "port.h"

void europa_filter_module_init(void);
u32 europa_filter_find(struct net_device *dev);
u32 europa_filter_look(struct europa_port *port);
bool europa_filter_stops(u32 filters, const struct sk_buff *skb);

#endif /* _EUROPA_FILTER_H */
