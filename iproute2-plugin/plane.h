/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* What the data planes of a VR's queues, which may be several processes, are together. */
#ifndef PLANE_H
#define PLANE_H

#include "vr.h"

/* Their processes, each once, in the order of the queues; returns how many. */
size_t plane_pids(const struct vr *vr, uint32_t pids[EUROPA_QUEUES_MAX]);
bool plane_has_pid(const struct vr *vr, uint32_t pid);

/* The features that all of them have. */
uint64_t plane_features(const struct vr *vr);

/* How often one has attached, to any queue. */
uint64_t plane_attaches(const struct vr *vr);

/* How the last one that is no more ended, the worst of all queues; 0: there was none. */
uint8_t plane_ended(const struct vr *vr);

/* Of one queue; where the kernel does not tell, as the VR is. */
uint8_t plane_state(const struct vr *vr, const struct vr_queue *q);

#endif
