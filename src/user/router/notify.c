// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "notify.h"

void notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t len;
	int fd;

	if (!path || (*path != '/' && *path != '@'))
		return;
	len = strlen(path);
	if (len >= sizeof(to.sun_path))
		return;
	memcpy(to.sun_path, path, len);
	if (*path == '@')
		to.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&to,
	       offsetof(struct sockaddr_un, sun_path) + len);
	close(fd);
}

static void notify_pid(int pid)
{
	char state[32];

	snprintf(state, sizeof(state), "MAINPID=%d", pid);
	notify(state);
}

void notify_main(void)
{
	notify_pid(getpid());
}

/* One that has ended the service manager refuses. */
void notify_former(void)
{
	const char *pid = getenv("MAINPID");

	if (pid && atoi(pid) > 0)
		notify_pid(atoi(pid));
}
