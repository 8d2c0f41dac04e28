/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* What operators do with a VR: make it, change it, take it apart. */
#ifndef _EUROPA_VR_ADMIN_H
#define _EUROPA_VR_ADMIN_H

#include "vr.h"

struct europa_vr *europa_vr_new(u32 id, const struct europa_config *config,
				struct netlink_ext_ack *extack);
int europa_vr_set(struct europa_vr *vr, const struct europa_config *config,
		  struct netlink_ext_ack *extack);
void europa_vr_settle(struct europa_vr *vr);
void europa_vr_del(struct europa_vr *vr);
int europa_vr_module_init(void);
void europa_vr_module_exit(void);
void europa_vr_finish(struct europa_vr *vr);

#endif /* _EUROPA_VR_ADMIN_H */
