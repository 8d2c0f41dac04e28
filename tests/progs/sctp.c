// SPDX-License-Identifier: GPL-2.0
/*
 * sctp server ADDRESS PORT: take one connection, say how many bytes came until its end, or
 * until there was nothing for some time.
 * sctp client ADDRESS PORT COUNT: send it COUNT messages, each longer than a packet; give up
 * when it does not go on. Says how many bytes went.
 */
#include <arpa/inet.h>
#include <err.h>
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

static void client(int fd, const struct sockaddr_in *to, unsigned int messages)
{
	struct linger linger = { .l_onoff = 1, .l_linger = PATIENCE };
	struct timeval patience = { .tv_sec = PATIENCE };
	static char buffer[MESSAGE];
	unsigned long bytes = 0;
	ssize_t n = 0;

	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	if (connect(fd, (const void *)to, sizeof(*to)))
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
	struct sockaddr_in address = { .sin_family = AF_INET };
	int fd;

	if (argc < 4 || !inet_aton(argv[2], &address.sin_addr))
		errx(2, "sctp server ADDRESS PORT | client ADDRESS PORT COUNT");
	setvbuf(stdout, NULL, _IOLBF, 0);
	address.sin_port = htons(atoi(argv[3]));
	fd = socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP);
	if (fd < 0)
		err(1, "socket");
	if (!strcmp(argv[1], "client") && argc == 5) {
		client(fd, &address, strtoul(argv[4], NULL, 0));
	} else {
		if (bind(fd, (void *)&address, sizeof(address)))
			err(1, "bind");
		server(fd);
	}
	return 0;
}
