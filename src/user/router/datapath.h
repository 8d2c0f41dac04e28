/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
#ifndef ROUTER_DATAPATH_H
#define ROUTER_DATAPATH_H

#include "router.h"

/*
 * Decide n packets, at most EUROPA_BURST, and write them to tx. Nothing is
 * visible to the kernel before europa_tx_submit(). Entries may change.
 */
void datapath_burst(struct router *r, struct lane *lane, struct europa_entry *e,
		    unsigned int n);

#endif
