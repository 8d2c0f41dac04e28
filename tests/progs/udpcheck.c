// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * UDP datagrams whose every byte is known to the receiver.
 *
 *   udpcheck send ADDRESS PORT COUNT MIN MAX [SEGMENT [PAUSE]]
 *	COUNT datagrams of MIN to MAX bytes, or with COUNT 0 as many as go out until SIGTERM;
 *	prints "sent N". With SEGMENT they are of that many bytes, sent as super-packets of
 *	MIN to MAX bytes (UDP_SEGMENT). PAUSE: us after each one sent.
 *   udpcheck recv PORT COUNT SECONDS [ordered]
 *	until COUNT good ones have come, or none for SECONDS. Prints "listening", then
 *	"good G bad B again A missing M". Succeeds if COUNT came, each once and whole; with
 *	"ordered" none after one that was sent later, and how many did so is printed, too.
 */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT	103
#endif

#define MAGIC		0x45555250
#define LARGEST		65507
#define BUFFER		(32 << 20)
#define PAUSE_EVERY	32	/* sends */
#define PAUSE		1000	/* us */

struct head {
	uint32_t magic;
	uint32_t seq;
	uint32_t len;
};

static int fail(const char *what)
{
	fprintf(stderr, "udpcheck: %s: %s\n", what, strerror(errno));
	return 1;
}

static volatile sig_atomic_t enough;

static void stop(int signal)
{
	enough = signal;
}

/* len >= sizeof(struct head) */
static void fill(uint8_t *p, uint32_t seq, uint32_t len)
{
	struct head head = { MAGIC, seq, len };
	uint32_t i, x = seq * 2654435761u + 1;

	memcpy(p, &head, sizeof(head));
	for (i = sizeof(head); i < len; i++) {
		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
		p[i] = x >> 11;
	}
}

/* Sequence number of a good datagram, -1 of a bad one. */
static long judge(const uint8_t *p, size_t len)
{
	static uint8_t wanted[LARGEST];
	struct head head;

	if (len < sizeof(head))
		return -1;
	memcpy(&head, p, sizeof(head));
	if (head.magic != MAGIC || head.len != len)
		return -1;
	fill(wanted, head.seq, len);
	return memcmp(p, wanted, len) ? -1 : (long)head.seq;
}

static int connected(const char *address, const char *port)
{
	struct addrinfo hints = { .ai_socktype = SOCK_DGRAM }, *a;
	int fd, size = BUFFER;

	if (getaddrinfo(address, port, &hints, &a))
		return -1;
	fd = socket(a->ai_family, SOCK_DGRAM, 0);
	if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen))
		fd = -1;
	freeaddrinfo(a);
	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	return fd;
}

/* pause: us after each send; 0: some after some. */
static int send_all(int fd, uint32_t count, uint32_t min, uint32_t max, uint32_t segment,
		    unsigned int pause)
{
	static uint8_t buffer[LARGEST];
	uint32_t seq = 0, turn = 0;

	while (seq < count && !enough) {
		uint32_t size = min + turn * 37 % (max - min + 1), at, each;

		for (at = 0; seq < count && at < size; at += each) {
			each = segment ? segment : size;
			if (at + each > size && at)
				break;
			fill(buffer + at, seq++, each);
		}
		/* An ICMP error about an earlier one is told once, and no failure here. */
		if (send(fd, buffer, at, 0) != (ssize_t)at &&
		    (errno != ECONNREFUSED || send(fd, buffer, at, 0) != (ssize_t)at))
			return fail("send");
		if (++turn % PAUSE_EVERY == 0 || pause)
			usleep(pause ? pause : PAUSE);
	}
	printf("sent %u\n", seq);
	return 0;
}

static int run_send(int argc, char **argv)
{
	uint32_t count, min, max;
	int fd, segment;

	if (argc < 7)
		return 2;
	count = atoi(argv[4]);
	if (!count) {
		count = UINT32_MAX;
		signal(SIGTERM, stop);
	}
	min = atoi(argv[5]);
	max = atoi(argv[6]);
	segment = argc > 7 ? atoi(argv[7]) : 0;
	if (min < sizeof(struct head) || max < min || max > LARGEST)
		return 2;
	fd = connected(argv[2], argv[3]);
	if (fd < 0)
		return fail("connect");
	if (segment && setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof(segment)))
		return fail("UDP_SEGMENT");
	return send_all(fd, count, min, max, segment, argc > 8 ? atoi(argv[8]) : 0);
}

static int bound(int port, int seconds)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	struct timeval patience = { .tv_sec = seconds };
	int fd = socket(AF_INET6, SOCK_DGRAM, 0), size = BUFFER;

	if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof(any)))
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

static int run_recv(int argc, char **argv)
{
	static uint8_t buffer[LARGEST + 1];
	unsigned int good = 0, bad = 0, again = 0, late = 0, count;
	bool ordered = argc > 5;
	long seq, last = -1;
	uint8_t *seen;
	ssize_t len;
	int fd;

	if (argc < 5)
		return 2;
	count = atoi(argv[3]);
	seen = calloc(count + 1, 1);
	fd = bound(atoi(argv[2]), atoi(argv[4]));
	if (fd < 0 || !seen)
		return fail("bind");
	puts("listening");
	fflush(stdout);
	while (good < count && (len = recv(fd, buffer, sizeof(buffer), 0)) >= 0) {
		seq = judge(buffer, len);
		if (seq < 0 || seq >= (long)count)
			bad++;
		else if (seen[seq]++)
			again++;
		else
			good++;
		late += seq < last;
		last = seq;
	}
	printf("good %u bad %u again %u missing %u", good, bad, again, count - good);
	if (ordered)
		printf(" late %u", late);
	puts("");
	return good != count || bad || again || (ordered && late);
}

int main(int argc, char **argv)
{
	int status = 2;

	if (argc > 1 && !strcmp(argv[1], "send"))
		status = run_send(argc, argv);
	else if (argc > 1 && !strcmp(argv[1], "recv"))
		status = run_recv(argc, argv);
	if (status == 2)
		fprintf(stderr, "Usage: udpcheck send ADDRESS PORT COUNT MIN MAX [SEGMENT [PAUSE]]\n"
				"       udpcheck recv PORT COUNT SECONDS\n");
	return status;
}
