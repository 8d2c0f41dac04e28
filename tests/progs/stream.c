// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * stream [-4 N] [-6 N] [-s SEED] [-n COUNT] [-w WINDOW] FROM TO: numbered datagrams from one
 * network namespace (a path) to another, which takes whatever address they are for: each to
 * an address at random in a prefix at random of a full table (fulltable.h). At most WINDOW
 * are on their way (128). COUNT of them, or until SIGTERM. When all are there, or none came
 * for a minute, it prints how many were sent, are missing and came again, and fails if any.
 */
#include <arpa/inet.h>
#include <endian.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "fulltable.h"

#define PORT	7009
#define PATIENCE	60	/* s */

static struct full_table table;
static uint64_t dice = 77;
static uint32_t sent, came, again;
static uint8_t *seen;		/* a bit per number */
static size_t seen_size;	/* bytes */
static volatile sig_atomic_t stop;

static void on_term(int sig)
{
	(void)sig;
	stop = 1;
}

/* A socket of that namespace; the process stays there. */
static int socket_in(const char *path, int family, int port)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	int ns = open(path, O_RDONLY | O_CLOEXEC), fd, off = 0, size = 4 << 20;

	if (ns < 0 || setns(ns, CLONE_NEWNET))
		err(1, "%s", path);
	close(ns);
	fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		err(1, "socket");
	if (!port)
		return fd;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, (void *)&a, sizeof(a)))
		err(1, "bind");
	return fd;
}

static void mark_seen(uint32_t n)
{
	if (n >= sent)
		errx(1, "number %u was not sent", n);
	if (seen[n / 8] & 1 << n % 8)
		again++;
	else
		came++;
	seen[n / 8] |= 1 << n % 8;
}

/* All that is there. */
static bool take(int fd)
{
	uint32_t number[16];
	bool any = false;

	while (recv(fd, number, sizeof(number), MSG_DONTWAIT) >= (ssize_t)sizeof(number[0])) {
		mark_seen(number[0]);
		any = true;
	}
	return any;
}

static void send_one(int fd4, int fd6)
{
	const struct full_route *r = &table.route[full_random(&dice) % table.count];
	uint64_t bits = (uint64_t)full_random(&dice) << 32 | full_random(&dice);
	uint64_t addr[2] = { htobe64(r->bits | (bits & ~0ull >> r->len)), htobe64(bits | 1) };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(PORT) };
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	const uint32_t number[16] = { sent };
	ssize_t n;

	memcpy(&six.sin6_addr, addr, 16);
	memcpy(&four.sin_addr, addr, 4);
	if (sent / 8 >= seen_size) {
		seen = realloc(seen, seen_size + (1 << 16));
		if (!seen)
			errx(1, "no memory");
		memset(seen + seen_size, 0, 1 << 16);
		seen_size += 1 << 16;
	}
	if (r->six)
		n = sendto(fd6, number, sizeof(number), 0, (void *)&six, sizeof(six));
	else
		n = sendto(fd4, number, sizeof(number), 0, (void *)&four, sizeof(four));
	if (n > 0)
		sent++;
	else if (errno != ENOBUFS && errno != EAGAIN)
		err(1, "sendto");
}

int main(int argc, char **argv)
{
	uint32_t four = 1000000, six = 200000, count = 0, window = 128, missing;
	struct pollfd p = { .events = POLLIN };
	uint64_t seed = 1;
	time_t last;
	int c, fd4, fd6;

	while ((c = getopt(argc, argv, "4:6:s:n:w:")) != -1) {
		switch (c) {
		case '4': four = strtoul(optarg, NULL, 10); break;
		case '6': six = strtoul(optarg, NULL, 10); break;
		case 's': seed = strtoull(optarg, NULL, 10); break;
		case 'n': count = strtoul(optarg, NULL, 10); break;
		case 'w': window = strtoul(optarg, NULL, 10); break;
		default: return 1;
		}
	}
	if (argc - optind != 2)
		errx(1, "which two namespaces?");
	if (!full_make(&table, four, six, seed))
		errx(1, "no memory");
	fd4 = socket_in(argv[optind], AF_INET, 0);
	fd6 = socket_in(argv[optind], AF_INET6, 0);
	p.fd = socket_in(argv[optind + 1], AF_INET6, PORT);
	signal(SIGTERM, on_term);
	setlinebuf(stdout);
	printf("on its way\n");
	last = time(NULL);
	while (time(NULL) - last < PATIENCE) {
		bool done = stop || (count && sent >= count);

		if (done && came == sent)
			break;
		while (!done && sent - came < window && !(count && sent >= count))
			send_one(fd4, fd6);
		poll(&p, 1, 100);
		if (take(p.fd))
			last = time(NULL);
	}
	missing = sent - came;
	printf("sent %u missing %u again %u\n", sent, missing, again);
	return missing || again || !sent;
}
