// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * The benchmark's generator: 64-byte UDP packets in bursts of up to 64, one system
 * call per burst (the kernel cuts one datagram into the burst), a window of
 * bursts at a time. Between windows it sleeps until a counter says that all
 * have arrived, so that it never runs while a router could. It prints packets,
 * busy nanoseconds of the processor, and how often it slept more than once.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <netinet/udp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

#define BURST_MAX	64
#define PAYLOAD		18	/* 64 bytes with Ethernet, IP, UDP and FCS */
#define PORT		9
#define SLEEP		5000000	/* ns; an idle moment costs nothing */
#define PATIENCE	20000	/* sleeps before packets are lost */

struct sender {
	const char *address;
	const char *counter;	/* file: packets that have arrived */
	const char *check;	/* device: check one burst there */
	const char *source;	/* MACs the checked packets must have */
	const char *destination;
	unsigned long packets;
	unsigned long burst;
	unsigned long window;	/* packets */
	int fd;
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

/*
 * Nanoseconds tasks have run on the processor, interrupts among them included:
 * the seventh number of its line. Not the current one's since it last woke.
 */
static int64_t busy(void)
{
	char text[1024], *at;
	int fd = open("/proc/schedstat", O_RDONLY), i;
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n <= 0)
		return fail("cannot read /proc/schedstat");
	close(fd);
	text[n] = 0;
	at = strstr(text, "\ncpu0 ");
	if (!at)
		return -1;
	for (at += 6, i = 0; i < 6; i++)
		strtoll(at, &at, 10);
	return strtoll(at, NULL, 10);
}

static int open_socket(struct sender *s)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons(PORT),
	};
	int bytes = 1 << 24, size = PAYLOAD;

	s->fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (s->fd < 0 || inet_pton(AF_INET, s->address, &to.sin_addr) != 1 ||
	    connect(s->fd, (struct sockaddr *)&to, sizeof(to)) ||
	    setsockopt(s->fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)) ||
	    setsockopt(s->fd, SOL_UDP, UDP_SEGMENT, &size, sizeof(size)))
		return fail("cannot send");
	s->counter_fd = open(s->counter, O_RDONLY);
	return s->counter_fd < 0 ? fail(s->counter) : 0;
}

static int burst(struct sender *s)
{
	static const char payload[BURST_MAX * PAYLOAD];
	ssize_t size = s->burst * PAYLOAD;

	if (send(s->fd, payload, size, 0) != size)
		return fail("cannot send a burst");
	s->sent += s->burst;
	return 0;
}

/* Sleeps at least once, so that every window costs the sender the same. */
static int wait_for(struct sender *s, int64_t all)
{
	struct timespec pause = { .tv_nsec = SLEEP };
	int64_t arrived;
	unsigned int i;

	for (i = 0; i < PATIENCE; i++) {
		clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
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

static int windows(struct sender *s)
{
	int64_t start = count(s->counter_fd);
	unsigned long i;

	while (s->sent < s->packets) {
		for (i = 0; i < s->window; i += s->burst)
			if (burst(s))
				return -1;
		if (wait_for(s, start + s->sent))
			return -1;
	}
	return 0;
}

static int measure(struct sender *s)
{
	struct timespec pause = { .tv_nsec = SLEEP };
	int64_t start;

	clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
	start = busy();
	if (start < 0 || windows(s))
		return -1;
	printf("%lu %" PRId64 " %lu\n", s->sent, busy() - start, s->again);
	return 0;
}

static int check(struct sender *s)
{
	int fd = check_open(s->check);

	s->packets = BURST_MAX;
	s->burst = BURST_MAX;
	s->window = BURST_MAX;
	if (fd < 0 || windows(s))
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

static int usage(void)
{
	fputs("Usage: send [-n PACKETS] [-b BURST] [-w WINDOW] COUNTER ADDRESS\n"
	      "       send -c DEVICE COUNTER ADDRESS SOURCE-MAC DESTINATION-MAC\n",
	      stderr);
	return 2;
}

int main(int argc, char **argv)
{
	struct sender s = { .packets = 50000, .burst = BURST_MAX, .window = BURST_MAX };
	int c;

	while ((c = getopt(argc, argv, "n:b:w:c:")) != -1) {
		if (c == 'n')
			s.packets = strtoul(optarg, NULL, 10);
		else if (c == 'b')
			s.burst = strtoul(optarg, NULL, 10);
		else if (c == 'w')
			s.window = strtoul(optarg, NULL, 10);
		else if (c == 'c')
			s.check = optarg;
		else
			return usage();
	}
	if (argc - optind != (s.check ? 4 : 2) || !s.burst || s.burst > BURST_MAX ||
	    s.window % s.burst || !s.window)
		return usage();
	s.counter = argv[optind];
	s.address = argv[optind + 1];
	if (s.check) {
		s.source = argv[optind + 2];
		s.destination = argv[optind + 3];
	}
	if (open_socket(&s) || go_first())
		return 1;
	return (s.check ? check(&s) : measure(&s)) ? 1 : 0;
}
