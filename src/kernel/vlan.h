/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* VLAN tags that a port may send though its spoofchk is on. */
#ifndef _EUROPA_VLAN_H
#define _EUROPA_VLAN_H

#include "port.h"

int europa_vlan_validate(const struct nlattr *attr,
			 struct netlink_ext_ack *extack);

/* Those and no others; NULL: none. Under rtnl. */
int europa_vlan_set(struct europa_port *port, const struct nlattr *attr);
void europa_vlan_clear(struct europa_port *port);

/* Nothing is put if there are none. */
size_t europa_vlan_size(const struct europa_port *port);
int europa_vlan_fill(struct sk_buff *skb, int type,
		     const struct europa_port *port);

#endif /* _EUROPA_VLAN_H */
