/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* What the VR hands back: out of a port, to the kernel's stack, or nowhere. */
#ifndef _EUROPA_TX_H
#define _EUROPA_TX_H

#include "vr.h"

bool europa_tx_pending(const struct europa_queue *queue);
u32 europa_tx_drain(struct europa_queue *queue);
u32 europa_tx_pass(struct europa_queue *queue);
u32 europa_tx_ring(struct europa_queue *queue);

#endif /* _EUROPA_TX_H */
