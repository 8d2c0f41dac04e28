// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* Network namespaces by name. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include "netns.h"

#define NETNS_DIR	"/run/netns"

static int open_path(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int netns_open(const char *name)
{
	char path[PATH_MAX];

	if (!name || !*name)
		return -ENOENT;
	if (strchr(name, '/'))
		return open_path(name);
	snprintf(path, sizeof(path), NETNS_DIR "/%s", name);
	return open_path(path);
}

int netns_open_loud(const char *name)
{
	int fd = netns_open(name);

	if (fd < 0)
		fprintf(stderr, "Cannot open network namespace \"%s\": %s\n",
			name ? name : "", strerror(-fd));
	return fd;
}

int netns_open_init(void)
{
	return open_path("/proc/1/ns/net");
}

int netns_enter(int fd)
{
	int here = open_path("/proc/self/ns/net");

	if (here < 0)
		return here;
	if (setns(fd, CLONE_NEWNET) < 0) {
		int err = -errno;

		close(here);
		return err;
	}
	return here;
}

void netns_return(int fd)
{
	if (setns(fd, CLONE_NEWNET) < 0) {
		perror("Cannot return to the network namespace");
		exit(255);
	}
	close(fd);
}

bool netns_same(int a, int b)
{
	struct stat x, y;

	return !fstat(a, &x) && !fstat(b, &y) &&
	       x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}
