/* SPDX-License-Identifier: GPL-2.0 */
/* Per-CPU packet counters by reason. */
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

static inline u64 europa_stats_sum(struct europa_stats __percpu *stats,
				   enum europa_counter counter)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(stats, cpu)->c[counter]);
	return sum;
}

#endif /* _EUROPA_STATS_H */
