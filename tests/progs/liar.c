// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * liar NAME ANSWER: attach to the VR in EUROPA_FD, and at the abstract Unix socket NAME say
 * ANSWER to whoever asks; "" for nothing, for as long as he waits. Prints "lying".
 */
#include <err.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <linux/europa.h>

int main(int argc, char **argv)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	struct europa_attach at = { .version = EUROPA_ABI_VERSION };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), one;
	char question[64];
	size_t n;

	if (argc != 3 || !getenv("EUROPA_FD"))
		errx(2, "liar NAME ANSWER, by ip vr exec");
	if (ioctl(atoi(getenv("EUROPA_FD")), EUROPA_IOC_ATTACH, &at))
		err(2, "attach");
	n = snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1, "%s", argv[1]);
	if (bind(fd, (void *)&name, offsetof(struct sockaddr_un, sun_path) + 1 + n) ||
	    listen(fd, 4))
		err(2, "%s", argv[1]);
	signal(SIGPIPE, SIG_IGN);
	puts("lying");
	fflush(stdout);
	for (;;) {
		one = accept(fd, NULL, NULL);
		if (one < 0 || !*argv[2])
			continue;
		if (read(one, question, sizeof(question)) > 0)
			dprintf(one, "%s\n", argv[2]);
		close(one);
	}
}
