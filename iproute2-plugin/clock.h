/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* A clock that nobody sets. */
#ifndef CLOCK_H
#define CLOCK_H

/* Milliseconds since some time in the past. */
long long clock_ms(void);

#endif
