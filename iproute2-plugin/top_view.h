/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* How ip vr top looks: as lines of text, and as JSON. */
#ifndef TOP_VIEW_H
#define TOP_VIEW_H

#include "rates.h"

struct view {
	enum rates_order order;
	bool reverse, no_ports, help;
	uint32_t selected;	/* the VR that is marked; 0: none */
	bool detail;		/* of that one alone, counter by counter */
};

void view_print(const struct frame *f, const struct view *v);	/* all of it */
void view_screen(const struct frame *f, const struct view *v, int rows, int columns);

/* One object, on a line of its own. */
void view_json(const struct frame *f);

#endif
