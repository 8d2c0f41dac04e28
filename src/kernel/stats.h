/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/*
 * Per-CPU packet counters by reason. What concerns a port is counted there, and
 * only there; the VR's figures are its own plus those of its ports, the former
 * ones' included, see europa_vr_stats().
 */
#ifndef _EUROPA_STATS_H
#define _EUROPA_STATS_H

#include <linux/percpu.h>
#include <linux/europa.h>

struct europa_stats {
	u64 c[EUROPA_C_COUNT];
};

static inline void europa_stats_add(struct europa_stats __percpu *stats,
				    enum europa_counter counter, u64 n)
{
	this_cpu_add(stats->c[counter], n);
}

static inline void europa_stats_inc(struct europa_stats __percpu *stats,
				    enum europa_counter counter)
{
	this_cpu_inc(stats->c[counter]);
}

/* sum += what all CPUs counted. */
static inline void europa_stats_collect(struct europa_stats *sum,
					struct europa_stats __percpu *stats)
{
	int cpu, i;

	for_each_possible_cpu(cpu)
		for (i = 0; i < EUROPA_C_COUNT; i++)
			sum->c[i] += READ_ONCE(per_cpu_ptr(stats, cpu)->c[i]);
}

#endif /* _EUROPA_STATS_H */
