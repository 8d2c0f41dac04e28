// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * sctp server ADDRESS PORT: take one connection, say how many bytes came until its end, or
 * until there was nothing for some time.
 * sctp client ADDRESS PORT COUNT: send it COUNT messages, each longer than a packet; give up
 * when it does not go on. Says how many bytes went.
 */
#include <err.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define MESSAGE		1500	/* bytes */
#define PAUSE		10000	/* us between two messages */
#define PATIENCE	4	/* s */

static void server(int fd)
{
	struct timeval patience = { .tv_sec = PATIENCE };
	static char buffer[65536];
	unsigned long bytes = 0;
	ssize_t n;
	int peer;

	if (listen(fd, 1))
		err(1, "listen");
	puts("listening");
	peer = accept(fd, NULL, NULL);
	if (peer < 0)
		err(1, "accept");
	setsockopt(peer, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	while ((n = recv(peer, buffer, sizeof(buffer), 0)) > 0)
		bytes += n;
	printf("received %lu\n", bytes);
}

static void client(int fd, const struct addrinfo *to, unsigned int messages)
{
	struct linger linger = { .l_onoff = 1, .l_linger = PATIENCE };
	struct timeval patience = { .tv_sec = PATIENCE };
	static char buffer[MESSAGE];
	unsigned long bytes = 0;
	ssize_t n = 0;

	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	if (connect(fd, to->ai_addr, to->ai_addrlen))
		err(1, "connect");
	puts("connected");
	for (; messages && n >= 0; messages--) {
		n = send(fd, buffer, sizeof(buffer), MSG_NOSIGNAL);
		bytes += n > 0 ? n : 0;
		usleep(PAUSE);
	}
	close(fd);
	printf("sent %lu\n", bytes);
}

int main(int argc, char **argv)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST }, *a;
	int fd;

	if (argc < 4 || getaddrinfo(argv[2], argv[3], &hints, &a))
		errx(2, "sctp server ADDRESS PORT | client ADDRESS PORT COUNT");
	setvbuf(stdout, NULL, _IOLBF, 0);
	fd = socket(a->ai_family, SOCK_STREAM, IPPROTO_SCTP);
	if (fd < 0)
		err(1, "socket");
	if (!strcmp(argv[1], "client") && argc == 5) {
		client(fd, a, strtoul(argv[4], NULL, 0));
	} else {
		if (bind(fd, a->ai_addr, a->ai_addrlen))
			err(1, "bind");
		server(fd);
	}
	return 0;
}
