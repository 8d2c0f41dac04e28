// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <linux/europa.h>

static const char *const europa_trace_names[EUROPA_C_COUNT] = {
	EUROPA_COUNTER_NAMES
};

#define CREATE_TRACE_POINTS
#include "trace.h"
