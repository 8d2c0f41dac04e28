/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* tc action "europa": give the packet to a VR. */
#ifndef _EUROPA_ACT_H
#define _EUROPA_ACT_H

int europa_act_module_init(void);
void europa_act_module_exit(void);

#endif /* _EUROPA_ACT_H */
