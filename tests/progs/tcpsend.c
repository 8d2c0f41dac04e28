// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * tcpsend sendfile|zerocopy ADDRESS PORT FILE: the file's own pages go out: by
 * sendfile(2), or mapped, by send(2) with MSG_ZEROCOPY. Succeeds once all is sent.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail(const char *what)
{
	fprintf(stderr, "tcpsend: %s: %s\n", what, strerror(errno));
	return 1;
}

static int connected(const char *address, const char *port)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *a;
	int fd;

	if (getaddrinfo(address, port, &hints, &a))
		return -1;
	fd = socket(a->ai_family, SOCK_STREAM, 0);
	if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen))
		fd = -1;
	freeaddrinfo(a);
	return fd;
}

static int by_sendfile(int fd, int file, size_t left)
{
	while (left) {
		ssize_t n = sendfile(fd, file, NULL, left);

		if (n <= 0)
			return fail("sendfile");
		left -= n;
	}
	return 0;
}

static int by_zerocopy(int fd, int file, size_t size)
{
	char *map = mmap(NULL, size, PROT_READ, MAP_SHARED, file, 0);
	size_t at = 0;
	ssize_t n;
	int one = 1;

	if (map == MAP_FAILED)
		return fail("mmap");
	if (setsockopt(fd, SOL_SOCKET, SO_ZEROCOPY, &one, sizeof(one)))
		return fail("SO_ZEROCOPY");
	while (at < size) {
		n = send(fd, map + at, size - at > 65536 ? 65536 : size - at, MSG_ZEROCOPY);
		if (n < 0 && errno == ENOBUFS) {
			usleep(10000);
			continue;
		}
		if (n <= 0)
			return fail("send");
		at += n;
	}
	return 0;
}

/* Until the peer has closed, so everything has arrived. */
static int finish(int fd)
{
	char byte;

	shutdown(fd, SHUT_WR);
	return read(fd, &byte, 1) ? fail("the peer did not close") : 0;
}

int main(int argc, char **argv)
{
	struct stat st;
	int fd, file, err;

	if (argc != 5) {
		fprintf(stderr, "Usage: tcpsend sendfile|zerocopy ADDRESS PORT FILE\n");
		return 2;
	}
	file = open(argv[4], O_RDONLY);
	if (file < 0 || fstat(file, &st))
		return fail(argv[4]);
	fd = connected(argv[2], argv[3]);
	if (fd < 0)
		return fail("connect");
	err = strcmp(argv[1], "zerocopy") ? by_sendfile(fd, file, st.st_size) :
					    by_zerocopy(fd, file, st.st_size);
	return err ? err : finish(fd);
}
