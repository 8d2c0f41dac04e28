// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * reattach DEVICE MILLISECONDS: attach and detach as often as that time allows; say how
 * often it was. Needs no privilege.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "dataplane.h"

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int main(int argc, char **argv)
{
	unsigned long loops = 0;
	long end;
	int fd;

	if (argc != 3)
		errx(2, "reattach DEVICE MILLISECONDS");
	fd = open(argv[1], O_RDWR);
	if (fd < 0)
		err(1, "%s", argv[1]);
	for (end = now_ms() + atol(argv[2]); now_ms() < end; loops++) {
		struct dataplane dp = { .fd = fd };

		errno = -dp_attach(&dp);
		if (errno)
			err(1, "attach, loop %lu", loops);
		if (ioctl(fd, EUROPA_IOC_DETACH))
			err(1, "detach, loop %lu", loops);
	}
	printf("loops %lu\n", loops);
	return 0;
}
