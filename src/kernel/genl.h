/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* Generic netlink family "europa": management. */
#ifndef _EUROPA_GENL_H
#define _EUROPA_GENL_H

#include <net/genetlink.h>

extern struct genl_family europa_genl_family;

int europa_genl_module_init(void);
void europa_genl_module_exit(void);

#endif /* _EUROPA_GENL_H */
