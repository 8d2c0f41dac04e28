// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * ip vr attach ... confirm SECONDS: an attachment that undoes itself. Each that
 * waits has a file in RUN_DIR; "ip vr confirm" removes the files, and a process
 * whose file is gone when its time is over does nothing.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/stat.h>

#include "cmd.h"
#include "confirm.h"
#include "out.h"
#include "rundir.h"
#include "signals.h"

#define PREFIX	"confirm."

/* The file's name in path; 0 or an exit code. */
static int make_file(char *path, size_t size)
{
	int fd;

	mkdir(RUN_DIR, 0700);
	snprintf(path, size, RUN_DIR "/" PREFIX "XXXXXX");
	fd = mkstemp(path);
	if (fd < 0) {
		perror(RUN_DIR);
		return EXIT_KERNEL;
	}
	close(fd);
	return 0;
}

/* Real time that goes on while the machine sleeps. */
static void sleep_for(int milliseconds)
{
	struct timespec t = { milliseconds / 1000, milliseconds % 1000 * 1000000L };

	while (clock_nanosleep(CLOCK_BOOTTIME, 0, &t, &t) == EINTR)
		;
}

/* Out of the session, so that it outlives the terminal it is there to save. */
static void leave_session(void)
{
	static const int of_terminal[] = { SIGHUP, SIGINT, SIGQUIT, SIGTSTP };
	int null = open("/dev/null", O_RDWR);
	size_t i;

	setsid();
	/* Also what came before that and is held. */
	for (i = 0; i < sizeof(of_terminal) / sizeof(of_terminal[0]); i++)
		signal(of_terminal[i], SIG_IGN);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	if (null > STDERR_FILENO)
		close(null);
	if (chdir("/"))
		_exit(1);
}

int confirm_or_detach(int milliseconds, const sigset_t *signals, int (*detach)(void *data),
		      void *data)
{
	char path[64];
	pid_t pid;

	fflush(NULL);
	if (make_file(path, sizeof(path)))
		goto undo;
	pid = fork();
	if (pid < 0) {
		perror("fork");
		unlink(path);
		goto undo;
	}
	if (pid > 0) {
		fprintf(stderr, "Detached in %g seconds unless you say: ip vr confirm\n",
			milliseconds / 1000.0);
		return 0;
	}
	leave_session();
	signals_release(signals);
	sleep_for(milliseconds);
	_exit(unlink(path) ? 0 : detach(data));
undo:
	detach(data);
	return EXIT_KERNEL;
}

int cmd_confirm(struct args *a)
{
	const struct dirent *entry;
	DIR *dir;
	int count = 0;

	if (no_more(a))
		return EXIT_USAGE;
	dir = opendir(RUN_DIR);
	while (dir && (entry = readdir(dir)))
		if (!strncmp(entry->d_name, PREFIX, strlen(PREFIX)) &&
		    !unlinkat(dirfd(dir), entry->d_name, 0))
			count++;
	if (dir)
		closedir(dir);
	if (count)
		return 0;
	fprintf(stderr, "Nothing waits to be confirmed.\n");
	return EXIT_USAGE;
}
