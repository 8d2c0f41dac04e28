/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* Waking the data plane that sleeps on a queue, and its poller. */
#ifndef _EUROPA_WAKE_H
#define _EUROPA_WAKE_H

#include <linux/types.h>

struct europa_queue;

void europa_wake_flags(struct europa_queue *queue);
bool europa_wake_poller_wanted(struct europa_queue *queue);
void europa_wake_poller(struct europa_queue *queue);
bool europa_wake_wanted(struct europa_queue *queue);
void europa_wake(struct europa_queue *queue);

#endif /* _EUROPA_WAKE_H */
