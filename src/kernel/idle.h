/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* Packets that find the data plane asleep: not worth waking it, or are they? */
#ifndef _EUROPA_IDLE_H
#define _EUROPA_IDLE_H

#include <linux/types.h>

struct europa_queue;

bool europa_idle_takes(struct europa_queue *queue);
void europa_idle_done(struct europa_queue *queue);

#endif /* _EUROPA_IDLE_H */
