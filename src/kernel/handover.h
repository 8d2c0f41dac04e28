/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* One data plane takes over from another. */
#ifndef _EUROPA_HANDOVER_H
#define _EUROPA_HANDOVER_H

struct europa_pool;
struct europa_queue;

bool europa_handover_allowed(const struct europa_queue *queue);
int europa_handover_begin(struct europa_queue *queue,
			  const struct europa_pool *pool);
void europa_handover_end(struct europa_queue *queue);

#endif /* _EUROPA_HANDOVER_H */
