// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * echo server [ADDRESS PORT]: send every datagram back.
 * echo client ADDRESS PORT WINDOW [COUNT]: a closed loop of numbered datagrams, at most
 * WINDOW of them under way, COUNT in all or until SIGTERM. One that is not back after
 * ECHO_PATIENCE ms (20000) without any news is lost. Between two looks it rests ECHO_REST
 * us (0 with COUNT, else 5000: load, but others are to get on). Prints, and succeeds if
 * all came back:
 *
 *   sent N back N lost N twice N late N
 *
 * late: came back after one that was sent later.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WINDOW_MAX	(1 << 16)
#define SIZE		100	/* bytes of a datagram */

static volatile sig_atomic_t enough;
static int patience = 20000;	/* ms */
static int rest = -1;		/* us */

static struct {
	unsigned long sent, back, lost, twice, late;
} count;
static unsigned long under_way[WINDOW_MAX];	/* number + 1 by number % WINDOW_MAX */
static unsigned long last;

static void on_signal(int signal)
{
	(void)signal;
	enough = 1;
}

static void server(int fd)
{
	char buffer[2048];
	struct sockaddr_in from;

	puts("serving");
	for (;;) {
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(fd, buffer, sizeof(buffer), 0, (void *)&from, &len);

		if (n >= 0)
			sendto(fd, buffer, n, 0, (void *)&from, len);
	}
}

static void send_one(int fd)
{
	unsigned long buffer[SIZE / sizeof(long)] = { count.sent };

	/* ICMP errors and full queues count as lost, by not coming back. */
	if (send(fd, buffer, sizeof(buffer), 0) < 0 && errno != ECONNREFUSED &&
	    errno != EHOSTUNREACH && errno != ENETUNREACH && errno != ENOBUFS)
		err(2, "send");
	under_way[count.sent % WINDOW_MAX] = count.sent + 1;
	count.sent++;
}

static void take_one(unsigned long number)
{
	unsigned long *at = &under_way[number % WINDOW_MAX];

	if (*at != number + 1) {
		count.twice++;
		return;
	}
	*at = 0;
	count.back++;
	if (number < last)
		count.late++;
	else
		last = number;
}

static bool receive(int fd, int timeout)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	unsigned long buffer[SIZE / sizeof(long)];
	int ret = poll(&p, 1, timeout);

	if (ret < 0)
		return true;
	if (!ret)
		return false;
	while (recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT) >= (ssize_t)sizeof(long))
		take_one(buffer[0]);
	return true;
}

static int client(int fd, unsigned long window, unsigned long most)
{
	unsigned long under = 0;

	if (rest < 0)
		rest = most == -1UL ? 5000 : 0;
	while (under || (!enough && count.sent < most)) {
		while (!enough && under < window && count.sent < most) {
			send_one(fd);
			under++;
		}
		if (!receive(fd, patience)) {
			count.lost += under;
			memset(under_way, 0, sizeof(under_way));
		}
		under = count.sent - count.back - count.lost;
		if (rest && !enough)
			usleep(rest);
	}
	receive(fd, 200);
	printf("sent %lu back %lu lost %lu twice %lu late %lu\n", count.sent, count.back,
	       count.lost, count.twice, count.late);
	return count.lost || count.twice || !count.sent;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct sockaddr_in at = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_DGRAM, 0), big = 8 << 20;

	if (getenv("ECHO_PATIENCE"))
		patience = atoi(getenv("ECHO_PATIENCE"));
	if (getenv("ECHO_REST"))
		rest = atoi(getenv("ECHO_REST"));
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 4)
		errx(2, "echo server|client ADDRESS PORT [WINDOW [COUNT]]");
	inet_pton(AF_INET, argv[2], &at.sin_addr);
	at.sin_port = htons(atoi(argv[3]));
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &big, sizeof(big)) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &big, sizeof(big)))
		err(2, "buffers");
	if (!strcmp(argv[1], "server")) {
		if (bind(fd, (void *)&at, sizeof(at)))
			err(2, "bind");
		server(fd);
	}
	if (argc < 5 || atoi(argv[4]) < 1 || atoi(argv[4]) > WINDOW_MAX)
		errx(2, "a window is 1 to %d", WINDOW_MAX);
	if (connect(fd, (void *)&at, sizeof(at)))
		err(2, "connect");
	sigaction(SIGTERM, &action, NULL);
	return client(fd, atoi(argv[4]), argc > 5 ? strtoul(argv[5], NULL, 0) : -1UL);
}
