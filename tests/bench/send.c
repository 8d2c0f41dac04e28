// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * The benchmark's generator: UDP packets, of 64 bytes if not told otherwise, in bursts
 * of up to 64, one system call per burst (the kernel cuts one datagram into the
 * burst, or where the device is to do that, all of it is one super-packet), a
 * window of bursts at a time. Between windows it sleeps until a counter says that all
 * have arrived, so that it never runs while a router could. With several addresses
 * a window has as many bursts for each, in turn. It prints packets, busy nanoseconds
 * of the processor, how often it slept more than once, and how many arrived.
 *
 * Packets may be lost where that is asked about: with -L it sleeps once per window.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <netinet/udp.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "busy.h"
#include "check.h"

#define BURST_MAX	64
#define HEADERS		46	/* Ethernet, IP, UDP and FCS */
#define FRAME_MIN	64
#define FRAME_MAX	1518
#define DATAGRAM_MAX	65507
#define PORT		9
#define SLEEP		5	/* ms; an idle moment costs nothing */
#define PATIENCE	20000	/* sleeps before packets are lost */
#define ADDRESSES	64

struct sender {
	char **addresses;
	unsigned int count;
	const char *counter;	/* file: packets that have arrived */
	const char *check;	/* device: check one burst there */
	const char *source;	/* MACs the checked packets must have */
	const char *destination;
	unsigned long packets;
	unsigned long burst;
	unsigned long window;	/* packets */
	unsigned long size;	/* of a packet, bytes, with headers and FCS */
	bool super;		/* a burst arrives as one packet */
	struct timespec pause;	/* between windows */
	bool lossy;
	unsigned long greed;	/* times as much to the first address */
	int fds[ADDRESSES];
	int counter_fd;
	unsigned long sent;
	unsigned long again;	/* sleeps beyond one per window */
};

static int fail(const char *what)
{
	fprintf(stderr, "send: %s: %s.\n", what, strerror(errno));
	return -1;
}

/* What a counter's file says now. */
static int64_t count(int fd)
{
	char text[32];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	if (n <= 0)
		return fail("cannot read the counter");
	text[n] = 0;
	return strtoll(text, NULL, 10);
}

static int open_socket(const struct sender *s, const char *address)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons(PORT),
	};
	int bytes = 1 << 24, size = s->size - HEADERS, fd;

	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (fd < 0 || inet_pton(AF_INET, address, &to.sin_addr) != 1 ||
	    connect(fd, (struct sockaddr *)&to, sizeof(to)) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)) ||
	    setsockopt(fd, SOL_UDP, UDP_SEGMENT, &size, sizeof(size)))
		return fail("cannot send");
	return fd;
}

static int open_sockets(struct sender *s)
{
	unsigned int i;

	for (i = 0; i < s->count; i++) {
		s->fds[i] = open_socket(s, s->addresses[i]);
		if (s->fds[i] < 0)
			return -1;
	}
	s->counter_fd = open(s->counter, O_RDONLY);
	return s->counter_fd < 0 ? fail(s->counter) : 0;
}

static int burst(struct sender *s, int fd)
{
	static const char payload[DATAGRAM_MAX];
	ssize_t size = s->burst * (s->size - HEADERS);

	if (send(fd, payload, size, 0) != size)
		return fail("cannot send a burst");
	s->sent += s->super ? 1 : s->burst;
	return 0;
}

/* One burst to each, and more to the greedy one. */
static int bursts(struct sender *s)
{
	unsigned int i, j;

	for (i = 0; i < s->count; i++)
		for (j = 0; j < (i ? 1 : s->greed); j++)
			if (burst(s, s->fds[i]))
				return -1;
	return 0;
}

static int window(struct sender *s)
{
	unsigned long i, step = s->super ? 1 : s->burst;

	for (i = 0; i < s->window; i += step)
		if (bursts(s))
			return -1;
	return 0;
}

/* Sleeps at least once, so that every window costs the sender the same. */
static int wait_for(struct sender *s, int64_t all)
{
	int64_t arrived;
	unsigned int i;

	for (i = 0; i < PATIENCE; i++) {
		clock_nanosleep(CLOCK_MONOTONIC, 0, &s->pause, NULL);
		arrived = count(s->counter_fd);
		if (arrived == all) {
			s->again += i;
			return 0;
		}
	}
	fprintf(stderr, "send: %" PRId64 " of %lu packets did not arrive.\n",
		all - arrived, s->sent);
	return -1;
}

static int windows(struct sender *s, int64_t start)
{
	while (s->sent < s->packets) {
		if (window(s))
			return -1;
		if (s->lossy)
			clock_nanosleep(CLOCK_MONOTONIC, 0, &s->pause, NULL);
		else if (wait_for(s, start + s->sent))
			return -1;
	}
	return 0;
}

static int measure(struct sender *s)
{
	int64_t start = count(s->counter_fd), from, to;

	clock_nanosleep(CLOCK_MONOTONIC, 0, &s->pause, NULL);
	from = busy_ns();
	if (from < 0)
		return fail("cannot read /proc/schedstat");
	if (windows(s, start))
		return -1;
	to = busy_ns();
	printf("%lu %" PRId64 " %lu %" PRId64 "\n", s->sent, to - from, s->again,
	       count(s->counter_fd) - start);
	return 0;
}

static int check(struct sender *s)
{
	int fd = check_open(s->check);

	s->packets = BURST_MAX;
	s->burst = BURST_MAX;
	s->window = BURST_MAX;
	if (fd < 0 || windows(s, count(s->counter_fd)))
		return -1;
	return check_frames(fd, BURST_MAX, s->source, s->destination);
}

/* First in line, so that no router takes the processor within a window. */
static int go_first(void)
{
	struct sched_param p = { .sched_priority = 1 };

	if (sched_setscheduler(0, SCHED_FIFO, &p) ||
	    mlockall(MCL_CURRENT | MCL_FUTURE))
		return fail("cannot go first");
	return 0;
}

static bool wrong(const struct sender *s)
{
	return !s->burst || s->burst > BURST_MAX || !s->window ||
	       (!s->super && s->window % s->burst) || s->size < FRAME_MIN ||
	       s->size > FRAME_MAX || !s->greed || s->burst * (s->size - HEADERS) > DATAGRAM_MAX;
}

static int usage(void)
{
	fputs("Usage: send [OPTION]... COUNTER ADDRESS...\n"
	      "       send [-p MS] -c DEVICE COUNTER ADDRESS SOURCE-MAC DESTINATION-MAC\n"
	      "-n PACKETS  -b BURST  -w WINDOW  -l BYTES  -S (super-packets)  -p MS (between windows)\n"
	      "-L (may be lost)  -g TIMES (as much to the first address)\n",
	      stderr);
	return 2;
}

static int option(struct sender *s, int c)
{
	unsigned long n = optarg ? strtoul(optarg, NULL, 10) : 0;

	switch (c) {
	case 'n': s->packets = n; return 0;
	case 'b': s->burst = n; return 0;
	case 'w': s->window = n; return 0;
	case 'l': s->size = n; return 0;
	case 'p': s->pause.tv_nsec = n * 1000000; return 0;
	case 'g': s->greed = n; return 0;
	case 'S': s->super = true; return 0;
	case 'L': s->lossy = true; return 0;
	case 'c': s->check = optarg; return 0;
	default: return -1;
	}
}

/* Sets what is not an option. */
static int arguments(struct sender *s, int argc, char **argv)
{
	if (argc < 2 || (s->check && argc != 4) || argc - 1 > ADDRESSES)
		return -1;
	s->counter = argv[0];
	s->addresses = argv + 1;
	s->count = s->check ? 1 : argc - 1;
	if (s->check) {
		s->source = argv[2];
		s->destination = argv[3];
	}
	return wrong(s) ? -1 : 0;
}

int main(int argc, char **argv)
{
	struct sender s = {
		.packets = 50000,
		.burst = BURST_MAX,
		.window = BURST_MAX,
		.size = FRAME_MIN,
		.pause = { .tv_nsec = SLEEP * 1000000 },
		.greed = 1,
	};
	int c;

	while ((c = getopt(argc, argv, "n:b:w:l:p:g:SLc:")) != -1)
		if (option(&s, c))
			return usage();
	if (arguments(&s, argc - optind, argv + optind))
		return usage();
	if (open_sockets(&s) || go_first())
		return 1;
	return (s.check ? check(&s) : measure(&s)) ? 1 : 0;
}
