/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* What a VR's europa-router says of itself. */
#ifndef ROUTER_H
#define ROUTER_H

#include "vr.h"

struct router_summary {
	uint64_t routes, routes6, neighbours, sent, punted;
	uint64_t workers;	/* 0: it does not say */
};

/*
 * False: none runs, it is another data plane, it does not answer in time, or not in
 * that form. The data plane is its owner's: what it says of itself may be wrong.
 */
bool router_ask(const struct vr *vr, struct router_summary *s);

#endif
