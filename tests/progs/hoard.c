// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * hoard DEVICE COUNT: attach, map, write to a page in the middle, unmap all but that page,
 * detach; COUNT times. Then say "hoarding", wait for SIGUSR1, and see that each page is as
 * it was left.
 */
#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include "dataplane.h"

#define COUNT_MAX	64

static unsigned long *left[COUNT_MAX];
static size_t page;

static void check(int ret, const char *what)
{
	if (ret < 0) {
		errno = -ret;
		err(1, "%s", what);
	}
}

static void keep_one(struct dataplane *dp, unsigned int number)
{
	size_t at;

	dp->at = (struct europa_attach){};
	check(dp_attach(dp), "attach");
	check(dp_map(dp), "map");
	at = dp->at.map_size / 2 / page * page;
	left[number] = (void *)(dp->map + at);
	*left[number] = number + 1;
	check(dp_error(munmap(dp->map, at)), "munmap");
	check(dp_error(munmap(dp->map + at + page, dp->at.map_size - at - page)), "munmap");
	check(dp_error(ioctl(dp->fd, EUROPA_IOC_DETACH)), "detach");
}

static void wait_for(int number)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, number);
	sigprocmask(SIG_BLOCK, &set, NULL);
	printf("hoarding\n");
	fflush(stdout);
	sigwait(&set, &number);
}

int main(int argc, char **argv)
{
	unsigned int i, count = argc == 3 ? strtoul(argv[2], NULL, 0) : 0;
	struct dataplane dp = {};

	if (!count || count > COUNT_MAX)
		errx(2, "hoard DEVICE COUNT");
	page = sysconf(_SC_PAGESIZE);
	dp.fd = open(argv[1], O_RDWR);
	check(dp_error(dp.fd), argv[1]);
	for (i = 0; i < count; i++)
		keep_one(&dp, i);
	wait_for(SIGUSR1);
	for (i = 0; i < count; i++) {
		if (*left[i] != i + 1)
			errx(1, "page %u changed", i);
		*left[i] = 0;
	}
	printf("kept %u\n", count);
	return 0;
}
