/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* Figures of VRs as text that a monitoring system reads. */
#ifndef METRICS_H
#define METRICS_H

#include "sample.h"

enum metrics_format {
	METRICS_OPENMETRICS,	/* 1.0.0 */
	METRICS_PROMETHEUS,	/* its own text format, 0.0.4 */
};

void metrics_print(const struct sample *s, enum metrics_format format);

#endif
