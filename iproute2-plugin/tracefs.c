// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * An instance of the kernel's tracing. It has its own buffer, filter and switches, so that nobody
 * else's tracing is touched. The kernel does not remove it when the process ends that made it.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include "tracefs.h"
#include "vr.h"

#define EVENT		"events/europa/europa_drop"
#define PREFIX		"europa-trace-"		/* and the process */
#define BUFFER_KB	"512"			/* of each processor; some thousand drops */

static const char *const places[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };

static int fail(const char *what, int err)
{
	fprintf(stderr, "Cannot trace: %s: %s\n", what, strerror(err));
	return EXIT_KERNEL;
}

static bool exists(const char *place, const char *what)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", place, what);
	return !access(path, F_OK);
}

/* Only root may look into it. */
static const char *find_place(void)
{
	size_t i;

	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (exists(places[i], "instances"))
			return places[i];
	if (geteuid())
		fprintf(stderr, "Only root may trace.\n");
	else
		fprintf(stderr, "No tracefs is mounted: mount -t tracefs tracefs %s\n", places[0]);
	return NULL;
}

/* Left behind by one that was killed. One that is in use the kernel does not remove. */
static void tidy(const char *place)
{
	const struct dirent *entry;
	char path[128];
	DIR *dir;
	int pid;

	snprintf(path, sizeof(path), "%s/instances", place);
	dir = opendir(path);
	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		if (strncmp(entry->d_name, PREFIX, strlen(PREFIX)))
			continue;
		pid = strtol(entry->d_name + strlen(PREFIX), NULL, 10);
		if (pid <= 0 || !kill(pid, 0) || errno != ESRCH)
			continue;
		snprintf(path, sizeof(path), "%s/instances/" PREFIX "%d", place, pid);
		rmdir(path);
	}
	closedir(dir);
}

static int open_file(const struct tracing *t, const char *name, int flags)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", t->path, name);
	fd = open(path, flags | O_CLOEXEC);
	if (fd < 0)
		fail(path, errno);
	return fd;
}

static int put(const struct tracing *t, const char *name, const char *text)
{
	int fd = open_file(t, name, O_WRONLY), ret = 0;

	if (fd < 0)
		return EXIT_KERNEL;
	if (write(fd, text, strlen(text)) < 0)
		ret = fail(name, errno);
	close(fd);
	return ret;
}

/* The lines are opened first: then no drop after the switch is missed. */
static int set_up(struct tracing *t, uint32_t vr)
{
	char filter[32];
	int ret;

	snprintf(filter, sizeof(filter), "vr == %u", vr);
	ret = put(t, "buffer_size_kb", BUFFER_KB);
	if (!ret && vr)
		ret = put(t, EVENT "/filter", filter);
	if (ret)
		return ret;
	t->pipe = open_file(t, "trace_pipe", O_RDONLY | O_NONBLOCK);
	return t->pipe < 0 ? EXIT_KERNEL : put(t, EVENT "/enable", "1");
}

int tracing_open(struct tracing *t, uint32_t vr)
{
	const char *place = find_place();
	int ret;

	*t = (struct tracing){ .pipe = -1 };
	if (!place)
		return EXIT_KERNEL;
	if (!exists(place, EVENT)) {
		fprintf(stderr, "This kernel, or the module as it was built, has no tracepoints.\n");
		return EXIT_KERNEL;
	}
	tidy(place);
	snprintf(t->path, sizeof(t->path), "%s/instances/" PREFIX "%d", place, getpid());
	if (mkdir(t->path, 0700))
		return fail(t->path, errno);
	ret = set_up(t, vr);
	if (ret)
		tracing_close(t);
	return ret;
}

void tracing_close(struct tracing *t)
{
	if (t->pipe >= 0)
		close(t->pipe);
	rmdir(t->path);
}
