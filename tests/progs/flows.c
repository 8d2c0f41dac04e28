// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * UDP datagrams of many flows, each numbered.
 *
 *   flows send ADDRESS PORT FLOWS ROUNDS
 *	ROUNDS times one datagram of each of FLOWS flows, from ports of their own, 20000 and
 *	up; those of flow F have F bytes more than those of flow 0.
 *   flows recv PORT COUNT SECONDS
 *	until COUNT have come, or none for SECONDS. Prints "listening", then "got N late L":
 *	late are those that came after a later one of their flow. Succeeds if COUNT came,
 *	and none was late.
 */
#include <arpa/inet.h>
#include <err.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define FLOWS_MAX	256
#define FIRST_PORT	20000
#define BUFFER		(32 << 20)

struct head {
	uint32_t flow, round;
};

/* At a port, which is the same each time. */
static int open_socket(unsigned int port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0 || bind(fd, (void *)&at, sizeof(at)))
		err(1, "port %u", port);
	return fd;
}

static unsigned int number(const char *text, unsigned int most)
{
	unsigned long n = strtoul(text, NULL, 0);

	if (!n || n > most)
		errx(2, "%s: 1 to %u", text, most);
	return n;
}

static int send_all(const char *address, unsigned int port, unsigned int flows, unsigned int rounds)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
	uint8_t data[sizeof(struct head) + FLOWS_MAX] = { 0 };
	int fd[FLOWS_MAX];
	struct head h;

	if (inet_pton(AF_INET, address, &to.sin_addr) != 1)
		errx(2, "%s is no address", address);
	/* Not connected, for such a socket's packets have a hash of its own, each time another. */
	for (h.flow = 0; h.flow < flows; h.flow++)
		fd[h.flow] = open_socket(FIRST_PORT + h.flow);
	for (h.round = 0; h.round < rounds; h.round++) {
		for (h.flow = 0; h.flow < flows; h.flow++) {
			memcpy(data, &h, sizeof(h));
			if (sendto(fd[h.flow], data, sizeof(h) + h.flow, 0, (void *)&to,
				   sizeof(to)) < 0)
				err(1, "send");
		}
	}
	return 0;
}

static int receive_all(unsigned int port, unsigned int count, unsigned int seconds)
{
	const struct timeval patience = { .tv_sec = seconds };
	int fd = open_socket(port), size = BUFFER;
	unsigned int got = 0, late = 0;
	int64_t last[FLOWS_MAX];
	struct head h;

	memset(last, -1, sizeof(last));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	printf("listening\n");
	while (got < count && recv(fd, &h, sizeof(h), 0) == sizeof(h)) {
		if (h.flow >= FLOWS_MAX)
			errx(1, "what is that?");
		late += h.round < last[h.flow];
		last[h.flow] = h.round;
		got++;
	}
	printf("got %u late %u\n", got, late);
	return got < count || late;
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 6 && !strcmp(argv[1], "send"))
		return send_all(argv[2], number(argv[3], 65535), number(argv[4], FLOWS_MAX),
				number(argv[5], 1000000));
	if (argc == 5 && !strcmp(argv[1], "recv"))
		return receive_all(number(argv[2], 65535), number(argv[3], 100000000),
				   number(argv[4], 3600));
	errx(2, "flows send ADDRESS PORT FLOWS ROUNDS | flows recv PORT COUNT SECONDS");
}
