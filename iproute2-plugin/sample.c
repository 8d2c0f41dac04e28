// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* All VRs at one time, with what they, their ports and data planes have used. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "memory.h"
#include "rtnl.h"
#include "plane.h"
#include "sample.h"

static void *copy_of(const void *array, size_t count, size_t size)
{
	void *copy = count ? need(calloc(count, size)) : NULL;

	if (count && array)
		memcpy(copy, array, count * size);
	return copy;
}

/* ---- the data plane's processor time ----------------------------------- */

/* Fields of /proc/PID/stat, counted from behind the name, which may hold anything. */
enum { STAT_UTIME = 11, STAT_STIME = 12, STAT_STARTTIME = 19 };

static void read_times(char *stat, struct process_time *t)
{
	double ticks = sysconf(_SC_CLK_TCK);
	uint64_t used = 0;
	char *p = strrchr(stat, ')'), *word, *next = NULL;
	int field = 0;

	p = p ? p + 1 : stat;
	for (word = strtok_r(p, " \n", &next); word; word = strtok_r(NULL, " \n", &next)) {
		if (field == STAT_UTIME || field == STAT_STIME)
			used += strtoull(word, NULL, 10);
		if (field++ == STAT_STARTTIME) {
			t->started = strtoull(word, NULL, 10);
			t->known = ticks > 0;
		}
	}
	t->seconds = t->known ? used / ticks : 0;
}

static void process_time(uint32_t pid, struct process_time *t)
{
	char path[64], stat[1024];
	ssize_t n;
	int fd;

	memset(t, 0, sizeof(*t));
	if (!pid)
		return;
	snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	n = read(fd, stat, sizeof(stat) - 1);
	close(fd);
	if (n <= 0)
		return;
	stat[n] = '\0';
	read_times(stat, t);
}

/* Of all its data planes, where each is seen. */
static void processes_time(const struct vr *vr, struct process_time *all)
{
	uint32_t pids[EUROPA_QUEUES_MAX];
	size_t i, n = plane_pids(vr, pids);
	struct process_time one;

	memset(all, 0, sizeof(*all));
	all->known = n > 0;
	for (i = 0; i < n; i++) {
		process_time(pids[i], &one);
		all->known = all->known && one.known;
		all->started += one.started;
		all->seconds += one.seconds;
	}
}

/* ------------------------------------------------------------------------ */

int sampler_open(struct sampler *s)
{
	int ret = genl_open(&s->g, -1), err;

	if (ret)
		return ret;
	err = nl_open(&s->route, NETLINK_ROUTE, -1);
	if (!err)
		return 0;
	fprintf(stderr, "Cannot open rtnetlink: %s\n", strerror(-err));
	genl_close(&s->g);
	return EXIT_KERNEL;
}

void sampler_close(struct sampler *s)
{
	nl_close(&s->route);
	genl_close(&s->g);
}

bool ref_is(const struct vr_ref *ref, const struct vr *vr)
{
	return ref->id ? ref->id == vr->conf.id : !strcmp(ref->name, vr->conf.name);
}

static bool is_wanted(const struct sampler *s, const struct vr *vr)
{
	size_t i;

	for (i = 0; i < s->nrefs; i++)
		if (ref_is(&s->refs[i], vr))
			return true;
	return !s->nrefs;
}

struct taking {
	struct sampler *sampler;
	struct sample *to;
};

static int add_vr(const struct vr *vr, void *data)
{
	struct taking *t = data;
	struct vr_sample *v;

	if (!is_wanted(t->sampler, vr))
		return 0;
	t->to->vrs = need(reallocarray(t->to->vrs, t->to->count + 1, sizeof(*v)));
	v = &t->to->vrs[t->to->count++];
	v->vr = *vr;
	v->vr.ports = copy_of(vr->ports, vr->nports, sizeof(*vr->ports));
	v->vr.queues = copy_of(vr->queues, vr->nqueues, sizeof(*vr->queues));
	v->ports = copy_of(NULL, vr->nports, sizeof(*v->ports));
	processes_time(vr, &v->cpu);
	return 0;
}

/* A port that has gone since, or is not ours to see, stays unknown. */
static void count_ports(struct sampler *s, struct vr_sample *v)
{
	size_t i;

	for (i = 0; i < v->vr.nports; i++)
		rtnl_port_counts(&s->route, v->vr.conf.id, &v->vr.ports[i], &v->ports[i]);
}

int sample_take(struct sampler *s, struct sample *to)
{
	struct taking t = { s, to };
	struct timespec now;
	size_t i;
	int err;

	memset(to, 0, sizeof(*to));
	clock_gettime(CLOCK_MONOTONIC, &now);
	to->time = now.tv_sec + now.tv_nsec / 1e9;
	err = genl_vr_dump(&s->g, add_vr, &t);
	if (err) {
		sample_free(to);
		return err;
	}
	for (i = 0; i < to->count; i++)
		count_ports(s, &to->vrs[i]);
	return 0;
}

int sample_fail(const struct sampler *s)
{
	return genl_fail(&s->g);
}

void sample_free(struct sample *s)
{
	size_t i;

	for (i = 0; i < s->count; i++) {
		free(s->vrs[i].ports);
		vr_free(&s->vrs[i].vr);
	}
	free(s->vrs);
	memset(s, 0, sizeof(*s));
}

static bool is_there(const struct vr_ref *ref, const struct sample *taken)
{
	size_t i;

	for (i = 0; i < taken->count; i++)
		if (ref_is(ref, &taken->vrs[i].vr))
			return true;
	return false;
}

int sample_complete(const struct sampler *s, const struct sample *taken)
{
	size_t i;

	for (i = 0; i < s->nrefs && is_there(&s->refs[i], taken); i++)
		;
	if (i == s->nrefs)
		return 0;
	genl_say_none(&s->refs[i]);
	return EXIT_USAGE;
}
