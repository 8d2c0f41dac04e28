// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ask.h"
#include "inquiry.h"

#define PATIENCE	30	/* s, for an answer of one line */

int ask_open(uint32_t vr, unsigned int queue)
{
	const struct timeval patience = { .tv_sec = PATIENCE };
	struct sockaddr_un name;
	socklen_t size = inquiry_name(&name, vr, queue);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), err;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (!connect(fd, (struct sockaddr *)&name, size))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

/* Whoever has the socket's name may say what a terminal would obey. */
static void tame(char *text, size_t n)
{
	for (; n--; text++)
		if (*text != '\n' && (*text < ' ' || *text >= 0x7f))
			*text = '?';
}

static int put(int fd, const char *question)
{
	char line[128];
	int n = snprintf(line, sizeof(line), "%s\n", question);

	if (n >= (int)sizeof(line))
		return -EMSGSIZE;
	return send(fd, line, n, MSG_NOSIGNAL) == n ? 0 : -errno;
}

int ask_line(int fd, const char *question, char *line, size_t size)
{
	int err = put(fd, question);
	size_t n = 0;
	ssize_t got;

	while (!err) {
		got = recv(fd, line + n, size - n, 0);
		if (got <= 0)
			return got ? -errno : -ECONNRESET;
		n += got;
		if (line[n - 1] == '\n') {
			line[n - 1] = '\0';
			tame(line, n - 1);
			return 0;
		}
		if (n == size)
			err = -EMSGSIZE;
	}
	return err;
}

int ask_print(int fd, const char *question)
{
	const struct timeval forever = { 0 };
	char buffer[16384];
	ssize_t n;
	int err = put(fd, question);

	if (err)
		return err;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &forever, sizeof(forever));
	shutdown(fd, SHUT_WR);
	while ((n = recv(fd, buffer, sizeof(buffer), 0)) > 0) {
		tame(buffer, n);
		fwrite(buffer, 1, n, stdout);
		fflush(stdout);
	}
	return n ? -errno : 0;
}
