/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* A queue's life: attach, start, stop, detach. */
#ifndef _EUROPA_QUEUE_H
#define _EUROPA_QUEUE_H

#include <linux/poll.h>
#include "vr.h"

struct pid_namespace;

int europa_queue_module_init(void);
void europa_queue_module_exit(void);
void europa_queue_init(struct europa_queue *queue, struct europa_vr *vr,
		       u32 index);
void europa_queue_set_stall(struct europa_queue *queue);
void europa_queue_exit(struct europa_queue *queue);
int europa_queue_attach(struct europa_queue *queue, struct europa_file *file,
			struct europa_pool *pool,
			struct europa_poller_new *poller,
			const struct europa_attach *a);
void europa_queue_run(struct europa_queue *queue, bool run);
void europa_queue_tell_leave(struct europa_queue *queue, u32 places);
void europa_queue_tell_stay(struct europa_queue *queue);
void europa_queue_note(struct europa_queue *queue, enum europa_event event);
void europa_queue_detach(struct europa_queue *queue, enum europa_ended ended);
void europa_queue_await_freed(struct europa_queue *queue);
__poll_t europa_queue_readable(struct europa_queue *queue);
bool europa_queue_asleep(struct europa_queue *queue);
void europa_queue_look(struct europa_queue *queue,
		       struct europa_note *note);
pid_t europa_queue_pid(const struct europa_queue *queue,
		       struct pid_namespace *ns);

#endif /* _EUROPA_QUEUE_H */
