/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* What became of packets, told one by one. */
#ifndef ROUTER_TRACE_H
#define ROUTER_TRACE_H

#include "inquiry.h"

/* As datapath_burst(), and whoever asked is told. */
void trace_burst(struct router *r, struct lane *lane, struct inquiry *q,
		 struct europa_entry *e, unsigned int n);

#endif
