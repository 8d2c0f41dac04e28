// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * toggle DEVICE MILLISECONDS|LOOPS LAST: attach, then START and STOP for that time, or, with
 * an x after the number, that often; then do LAST, which is start, stop or detach, say how
 * many changes there were, and stay. Ends early, saying so, when the VR goes. Needs no
 * privilege.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "dataplane.h"

static struct dataplane dp;
static unsigned long changes;

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void change(unsigned long request)
{
	if (!ioctl(dp.fd, request)) {
		changes++;
	} else if (errno == ENODEV) {
		printf("gone after %lu changes\n", changes);
		exit(0);
	} else {
		err(1, "change %lu", changes);
	}
}

static void change_last(const char *last)
{
	if (!strcmp(last, "start"))
		change(EUROPA_IOC_START);
	else if (!strcmp(last, "detach"))
		change(EUROPA_IOC_DETACH);
	else if (strcmp(last, "stop"))
		errx(2, "what is '%s'?", last);
}

int main(int argc, char **argv)
{
	unsigned long loops = 0;
	char *unit;
	long most, from;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc != 4)
		errx(2, "toggle DEVICE MILLISECONDS|LOOPSx LAST");
	most = strtol(argv[2], &unit, 10);
	dp.fd = open(argv[1], O_RDWR);
	if (dp.fd < 0)
		err(1, "%s", argv[1]);
	errno = -dp_attach(&dp);
	if (errno)
		err(1, "attach");
	for (from = now_ms(); *unit ? loops < (unsigned long)most : now_ms() < from + most; loops++) {
		change(EUROPA_IOC_START);
		change(EUROPA_IOC_STOP);
	}
	change_last(argv[3]);
	printf("changes %lu\n", changes);
	for (;;)
		pause();
}
