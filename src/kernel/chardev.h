/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* /dev/europa/vrN */
#ifndef _EUROPA_CHARDEV_H
#define _EUROPA_CHARDEV_H

#include "vr.h"

int europa_chardev_module_init(void);
void europa_chardev_module_exit(void);

int europa_chardev_add(struct europa_vr *vr, struct netlink_ext_ack *extack);
int europa_chardev_replace(struct europa_vr *vr,
			   struct netlink_ext_ack *extack);
void europa_chardev_del(struct europa_vr *vr);

#endif /* _EUROPA_CHARDEV_H */
