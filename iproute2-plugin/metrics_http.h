/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* The figures for one client, over HTTP. */
#ifndef METRICS_HTTP_H
#define METRICS_HTTP_H

#include "sample.h"

/* s NULL: they could not be had. The exit code. */
int metrics_http(const struct sample *s);

#endif
