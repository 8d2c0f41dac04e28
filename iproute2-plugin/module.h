/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
#ifndef MODULE_H
#define MODULE_H

int module_load(void);		/* modprobe europa; 0 when it says so */
void module_explain(void);	/* one sentence on why there is no module */

#endif
