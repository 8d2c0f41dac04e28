// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * The ends of a benchmark's TCP connections: `tcp -l` takes what comes and forgets it; `tcp ADDRESS
 * FLOWS BYTES` sends so many bytes by so many connections, each its share, until the other end has
 * got all, and prints the bytes and how many nanoseconds the processor worked meanwhile.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "busy.h"

#define PORT		5001
#define FLOWS_MAX	64
#define CHUNK		(256 << 10)	/* bytes of one system call */

static char chunk[CHUNK];

static int fail(const char *what)
{
	fprintf(stderr, "tcp: %s: %s.\n", what, strerror(errno));
	return -1;
}

/* ---- the end that takes ---- */

static int listen_here(void)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    bind(fd, (struct sockaddr *)&any, sizeof(any)) || listen(fd, FLOWS_MAX))
		return fail("cannot listen");
	return fd;
}

/* Nothing is copied. False: the connection has ended. */
static bool forget(int fd)
{
	return recv(fd, chunk, CHUNK, MSG_TRUNC | MSG_DONTWAIT) > 0 || errno == EAGAIN;
}

static void take(struct pollfd *fds, unsigned int count)
{
	unsigned int i;

	for (i = 1; i < count; i++) {
		errno = 0;
		if (fds[i].revents && !forget(fds[i].fd)) {
			close(fds[i].fd);
			fds[i].fd = -1;
		}
	}
}

/* The first place that is free; poll() passes over what is -1. */
static unsigned int place(const struct pollfd *fds, unsigned int count)
{
	unsigned int i;

	for (i = 1; i < count && fds[i].fd >= 0; i++)
		;
	return i;
}

static int serve(void)
{
	struct pollfd fds[FLOWS_MAX + 1] = { { .fd = listen_here(), .events = POLLIN } };
	unsigned int count = 1, i;

	if (fds[0].fd < 0)
		return -1;
	while (poll(fds, count, -1) > 0) {
		take(fds, count);
		i = place(fds, count);
		if (!fds[0].revents || i > FLOWS_MAX)
			continue;
		fds[i] = (struct pollfd){ .fd = accept(fds[0].fd, NULL, NULL), .events = POLLIN };
		count = i == count ? count + 1 : count;
	}
	return fail("cannot wait");
}

/* ---- the end that sends ---- */

struct source {
	struct pollfd fds[FLOWS_MAX];
	uint64_t left[FLOWS_MAX];	/* bytes */
	unsigned int flows;
	unsigned int open;
};

static int connect_all(struct source *s, const char *address)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	unsigned int i;

	if (inet_pton(AF_INET, address, &to.sin_addr) != 1)
		return fail(address);
	for (i = 0; i < s->flows; i++) {
		s->fds[i].fd = socket(AF_INET, SOCK_STREAM, 0);
		s->fds[i].events = POLLOUT;
		if (s->fds[i].fd < 0 ||
		    connect(s->fds[i].fd, (struct sockaddr *)&to, sizeof(to)))
			return fail("cannot connect");
	}
	return 0;
}

/* All has been sent: what comes next is that the other end closes. */
static int finish(struct source *s, unsigned int i)
{
	if (s->fds[i].events == POLLOUT) {
		s->fds[i].events = POLLIN;
		return shutdown(s->fds[i].fd, SHUT_WR) ? fail("cannot end") : 0;
	}
	if (recv(s->fds[i].fd, chunk, 1, 0))
		return fail("not all has arrived");
	close(s->fds[i].fd);
	s->fds[i].fd = -1;
	s->open--;
	return 0;
}

static int push(struct source *s, unsigned int i)
{
	size_t bytes = s->left[i] < CHUNK ? s->left[i] : CHUNK;
	ssize_t sent;

	if (!bytes)
		return finish(s, i);
	sent = send(s->fds[i].fd, chunk, bytes, MSG_DONTWAIT);
	if (sent < 0 && errno != EAGAIN)
		return fail("cannot send");
	s->left[i] -= sent > 0 ? sent : 0;
	return 0;
}

static int push_all(struct source *s)
{
	unsigned int i;

	while (s->open) {
		if (poll(s->fds, s->flows, -1) < 0)
			return fail("cannot wait");
		for (i = 0; i < s->flows; i++)
			if (s->fds[i].revents && push(s, i))
				return -1;
	}
	return 0;
}

static int transfer(const char *address, unsigned int flows, uint64_t bytes)
{
	struct source s = { .flows = flows, .open = flows };
	int64_t from;
	unsigned int i;

	for (i = 0; i < flows; i++)
		s.left[i] = bytes / flows;
	if (connect_all(&s, address))
		return -1;
	from = busy_ns();
	if (from < 0)
		return fail("cannot read /proc/schedstat");
	if (push_all(&s))
		return -1;
	printf("%" PRIu64 " %" PRId64 "\n", bytes / flows * flows, busy_ns() - from);
	return 0;
}

int main(int argc, char **argv)
{
	unsigned long flows = argc == 4 ? strtoul(argv[2], NULL, 10) : 0;

	if (argc == 2 && !strcmp(argv[1], "-l"))
		return serve() ? 1 : 0;
	if (!flows || flows > FLOWS_MAX) {
		fputs("Usage: tcp -l | tcp ADDRESS FLOWS BYTES\n", stderr);
		return 2;
	}
	return transfer(argv[1], flows, strtoull(argv[3], NULL, 10)) ? 1 : 0;
}
