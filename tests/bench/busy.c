// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "busy.h"

/* The seventh number of the processor's line. */
int64_t busy_ns(void)
{
	char text[1024], *at;
	int fd = open("/proc/schedstat", O_RDONLY), i;
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return -1;
	text[n] = 0;
	at = strstr(text, "\ncpu0 ");
	if (!at)
		return -1;
	for (at += 6, i = 0; i < 6; i++)
		strtoll(at, &at, 10);
	return strtoll(at, NULL, 10);
}
