/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* How long a VR may keep a packet. */
#ifndef _EUROPA_AGE_H
#define _EUROPA_AGE_H

struct europa_queue;

void europa_age_init(struct europa_queue *queue);
void europa_age_start(struct europa_queue *queue);
void europa_age_stop(struct europa_queue *queue);

#endif /* _EUROPA_AGE_H */
