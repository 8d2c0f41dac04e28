// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * epollwait DEVICE level|edge COUNT: a data plane that sleeps in epoll_wait(2), armed, until
 * COUNT packets came, and punts them one by one. Prints "running", then
 *
 *   packets N woken N found N lost N
 *
 * woken: sleeps that ended in time; found: packets seen while arming; lost: sleeps that
 * ended by their timeout though there was a packet. Succeeds if nothing was lost.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include "dataplane.h"

#define PATIENCE	3000	/* ms */

static struct dataplane dp;
static int epoll;

static struct {
	unsigned long packets, woken, found, lost;
} count;

static void check(int ret, const char *what)
{
	if (ret < 0) {
		errno = -ret;
		err(1, "%s", what);
	}
}

static void sleep_once(void)
{
	struct epoll_event event;
	int n = 0;

	dp_arm(&dp, true);
	if (dp_readable(&dp)) {
		count.found++;
	} else {
		n = epoll_wait(epoll, &event, 1, PATIENCE);
		check(dp_error(n), "epoll_wait");
		if (n && event.events & (EPOLLHUP | EPOLLERR))
			errx(1, "hung up");
		count.woken += n;
		count.lost += !n && dp_readable(&dp);
	}
	dp_arm(&dp, false);
}

static void punt_all(void)
{
	struct europa_entry e;
	unsigned int n = 0;

	for (; dp_receive(&dp, &e); n++) {
		e.op = EUROPA_OP_PUNT;
		dp_return(&dp, e);
	}
	count.packets += n;
	if (n)
		check(dp_kick(&dp), "kick");
}

int main(int argc, char **argv)
{
	struct epoll_event event = { .events = EPOLLIN };
	unsigned long wanted;

	if (argc != 4 || (strcmp(argv[2], "level") && strcmp(argv[2], "edge")))
		errx(2, "epollwait DEVICE level|edge COUNT");
	setvbuf(stdout, NULL, _IOLBF, 0);
	wanted = strtoul(argv[3], NULL, 0);
	if (*argv[2] == 'e')
		event.events |= EPOLLET;
	dp.fd = open(argv[1], O_RDWR);
	check(dp_error(dp.fd), argv[1]);
	check(dp_attach(&dp), "attach");
	check(dp_map(&dp), "map");
	epoll = epoll_create1(0);
	check(dp_error(epoll), "epoll_create1");
	check(dp_error(epoll_ctl(epoll, EPOLL_CTL_ADD, dp.fd, &event)), "epoll_ctl");
	check(dp_error(ioctl(dp.fd, EUROPA_IOC_START)), "start");
	puts("running");
	while (count.packets < wanted) {
		sleep_once();
		punt_all();
	}
	printf("packets %lu woken %lu found %lu lost %lu\n", count.packets, count.woken,
	       count.found, count.lost);
	return !!count.lost;
}
