/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* A data plane that has packets and does not move. */
#ifndef _EUROPA_STALL_H
#define _EUROPA_STALL_H

#include <linux/workqueue.h>

struct europa_queue;

/* Under the queue's lock, but for the work. */
struct europa_stall {
	struct delayed_work work;	/* looks, while there is something to see */
	bool wanted;		/* the next packets queue the work */
	u8 still;		/* looks in a row at which it had not moved */
	u32 sent;		/* tx cursor and ... */
	u64 seen;		/* ... rx_wait at the last look */
};

int europa_stall_module_init(void);
void europa_stall_module_exit(void);

void europa_stall_init(struct europa_queue *queue, work_func_t work);
void europa_stall_begin(struct europa_queue *queue);
void europa_stall_watch(struct europa_queue *queue);
bool europa_stall_look(struct europa_queue *queue);
bool europa_stall_due(struct europa_queue *queue);
void europa_stall_again(struct europa_queue *queue);
void europa_stall_end(struct europa_queue *queue);

#endif /* _EUROPA_STALL_H */
