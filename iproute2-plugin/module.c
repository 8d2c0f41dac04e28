// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* The kernel module: load it, or say why that cannot be. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/wait.h>

#include "module.h"

static char complaint[512];

static void modprobe(int err)
{
	setenv("LC_ALL", "C", 1);
	dup2(err, STDERR_FILENO);
	dup2(err, STDOUT_FILENO);
	execl("/sbin/modprobe", "modprobe", "europa", (char *)NULL);
	_exit(127);
}

static void read_complaint(int fd)
{
	char drain[256];
	size_t used = 0;
	ssize_t n;

	while (used < sizeof(complaint) - 1) {
		n = read(fd, complaint + used, sizeof(complaint) - 1 - used);
		if (n <= 0)
			break;
		used += n;
	}
	complaint[used] = '\0';
	while (read(fd, drain, sizeof(drain)) > 0)
		;
}

int module_load(void)
{
	static bool tried;	/* once is enough for a batch */
	int fds[2], status = -1;
	pid_t pid;

	if (tried || geteuid() || pipe2(fds, O_CLOEXEC))
		return -1;
	tried = true;
	pid = fork();
	if (pid == 0)
		modprobe(fds[1]);
	close(fds[1]);
	if (pid > 0) {
		read_complaint(fds[0]);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	close(fds[0]);
	return status == 0 ? 0 : -1;
}

void module_explain(void)
{
	if (strstr(complaint, "Key was rejected"))
		fprintf(stderr, "europa: Secure Boot is on and the kernel rejects the module's signature: "
			"sign europa.ko with an enrolled key (mokutil --import) or turn Secure Boot off\n");
	else if (strstr(complaint, "not permitted"))
		fprintf(stderr, "europa: kernel module not loaded, and loading it is not permitted here\n");
	else if (strstr(complaint, "Exec format error") || strstr(complaint, "Invalid module format"))
		fprintf(stderr, "europa: kernel module not loaded: europa.ko was built for another kernel\n");
	else
		fprintf(stderr, "europa: kernel module not loaded; modprobe europa\n");
}
