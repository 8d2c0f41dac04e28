/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* The commands of ip vr. Each returns the exit code. */
#ifndef CMD_H
#define CMD_H

#include "args.h"

struct command {
	const char *name;
	int (*run)(struct args *a);
	const char *help;	/* what follows the name */
};

int cmd_vr_add(struct args *a);
int cmd_vr_set(struct args *a);
int cmd_vr_replace(struct args *a);
int cmd_vr_del(struct args *a);
int cmd_vr_show(struct args *a);
int cmd_port_attach(struct args *a);
int cmd_port_detach(struct args *a);
int cmd_confirm(struct args *a);
int cmd_check(struct args *a);
int cmd_classifier(struct args *a);
int cmd_rule(struct args *a);
int cmd_exec(struct args *a);
int cmd_wait(struct args *a);
int cmd_pids(struct args *a);
int cmd_identify(struct args *a);
int cmd_monitor(struct args *a);
int cmd_metrics(struct args *a);
int cmd_top(struct args *a);
int cmd_trace(struct args *a);

#endif
