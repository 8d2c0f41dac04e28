// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* ip vr to ip-vr, everything else to the real ip, all as it came. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include "globals.h"

#ifndef IP_VR
#define IP_VR "/usr/local/sbin/ip-vr"
#endif

/* A batch is of ip's own objects; help and version are about ip. */
static bool is_for_ip(enum global what)
{
	return what == GLOBAL_BATCH || what == GLOBAL_HELP || what == GLOBAL_VERSION ||
	       what == GLOBAL_UNKNOWN;
}

static bool is_vr(int argc, char **argv)
{
	struct global_option o;

	argc--;
	argv++;
	while (globals_next(&argc, &argv, &o))
		if (is_for_ip(o.what))
			return false;
	return argc > 0 && !strcmp(*argv, "vr");
}

static bool is_self(const char *path)
{
	struct stat self, other;

	return !stat("/proc/self/exe", &self) && !stat(path, &other) &&
	       self.st_dev == other.st_dev && self.st_ino == other.st_ino;
}

static int exec_real(char **argv)
{
	static const char *const places[] = {
		"/bin/ip", "/usr/bin/ip", "/sbin/ip", "/usr/sbin/ip",
	};
	size_t i;

	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (!is_self(places[i]))
			execv(places[i], argv);
	fprintf(stderr, "ip: cannot run the real ip: %s\n", strerror(errno));
	return 127;
}

int main(int argc, char **argv)
{
	if (!is_vr(argc, argv))
		return exec_real(argv);
	execv(IP_VR, argv);
	fprintf(stderr, "ip: cannot run %s: %s\n", IP_VR, strerror(errno));
	return 127;
}
