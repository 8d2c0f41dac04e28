/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* How long the processor of a guest has worked. */
#ifndef BENCH_BUSY_H
#define BENCH_BUSY_H

#include <stdint.h>

/*
 * Nanoseconds tasks have run on the first processor, interrupts among them included, but for the
 * current one's since it last woke; -1: that cannot be read.
 */
int64_t busy_ns(void);

#endif /* BENCH_BUSY_H */
