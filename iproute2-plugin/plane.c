// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include "plane.h"

static size_t add_pid(uint32_t pids[EUROPA_QUEUES_MAX], size_t n, uint32_t pid)
{
	size_t i;

	if (!pid || n == EUROPA_QUEUES_MAX)
		return n;
	for (i = 0; i < n; i++)
		if (pids[i] == pid)
			return n;
	pids[n] = pid;
	return n + 1;
}

size_t plane_pids(const struct vr *vr, uint32_t pids[EUROPA_QUEUES_MAX])
{
	size_t i, n = add_pid(pids, 0, vr->pid);

	for (i = 0; i < vr->nqueues; i++)
		n = add_pid(pids, n, vr->queues[i].pid);
	return n;
}

bool plane_has_pid(const struct vr *vr, uint32_t pid)
{
	bool has = vr->pid == pid;
	size_t i;

	for (i = 0; i < vr->nqueues; i++)
		has = has || vr->queues[i].pid == pid;
	return pid && has;
}

uint64_t plane_features(const struct vr *vr)
{
	uint64_t all = vr->features;
	bool first = true;
	size_t i;

	for (i = 0; i < vr->nqueues; i++) {
		const struct vr_queue *q = &vr->queues[i];

		if (!q->told || q->state == EUROPA_IDLE)
			continue;
		all = first ? q->features : all & q->features;
		first = false;
	}
	return all;
}

uint64_t plane_attaches(const struct vr *vr)
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < vr->nqueues; i++) {
		if (!vr->queues[i].told)
			return vr->generation;
		n += vr->queues[i].generation;
	}
	return vr->nqueues ? n : vr->generation;
}

uint8_t plane_ended(const struct vr *vr)
{
	uint8_t ended = vr->ended;
	size_t i;

	for (i = 0; i < vr->nqueues; i++)
		if (vr->queues[i].ended > ended)
			ended = vr->queues[i].ended;
	return ended;
}

uint8_t plane_state(const struct vr *vr, const struct vr_queue *q)
{
	return q->told ? q->state : vr->state;
}
