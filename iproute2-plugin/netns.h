/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
#ifndef NETNS_H
#define NETNS_H

#include <stdbool.h>

int netns_open(const char *name);	/* fd or -errno; "" and NULL: -ENOENT */
int netns_open_loud(const char *name);	/* says why not; fd or -errno */
int netns_open_init(void);		/* process 1's; fd or -errno */
int netns_enter(int fd);		/* fd of the one left, or -errno */
void netns_return(int fd);		/* to what netns_enter gave; closes it */
bool netns_same(int a, int b);

#endif
