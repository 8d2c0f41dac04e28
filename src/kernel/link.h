/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* The rtnetlink side of ports. */
#ifndef _EUROPA_LINK_H
#define _EUROPA_LINK_H

#include <linux/list.h>

struct europa_vr;
struct net_device;

int europa_link_module_init(void);
void europa_link_module_exit(void);

void europa_link_del(struct net_device *dev, struct list_head *head);
void europa_link_del_all(struct europa_vr *vr);

#endif /* _EUROPA_LINK_H */
