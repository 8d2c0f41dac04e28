/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
#ifndef CONFIRM_H
#define CONFIRM_H

/*
 * Call detach(data) after so many milliseconds, in a process of its own, unless
 * "ip vr confirm" comes before. Where that cannot be arranged, call it at once. 0 or EXIT_KERNEL.
 */
int confirm_or_detach(int milliseconds, int (*detach)(void *data), void *data);

#endif
