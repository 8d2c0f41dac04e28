/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* What the module counts, in words: for show, metrics, top and trace. europa(7) says more. */
#ifndef COUNTERS_H
#define COUNTERS_H

#include <stdbool.h>
#include <linux/europa.h>

struct counter {
	const char *unit;	/* what is counted; NULL: times */
	const char *text;	/* one sentence, or two */
};

extern const char *const counter_names[EUROPA_C_COUNT];
extern const struct counter counters[EUROPA_C_COUNT];

/* Packets that neither went out nor to a stack. */
bool counter_is_loss(enum europa_counter c);
/* The one of that name, or EUROPA_C_COUNT. */
enum europa_counter counter_find(const char *name);

#endif
