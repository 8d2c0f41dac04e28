/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
#ifndef CONFIRM_H
#define CONFIRM_H

#include <signal.h>

/*
 * Call detach(data) after so many milliseconds, in a process of its own, unless
 * "ip vr confirm" comes before. Where that cannot be arranged, call it at once. 0 or EXIT_KERNEL.
 * signals: are to be blocked while it waits, the caller may hold more.
 */
int confirm_or_detach(int milliseconds, const sigset_t *signals, int (*detach)(void *data),
		      void *data);

#endif
