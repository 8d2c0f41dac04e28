// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <stddef.h>

#include "signals.h"

void signals_hold(sigset_t *before)
{
	static const int some[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGTSTP, SIGTTOU };
	sigset_t set;
	size_t i;

	sigemptyset(&set);
	for (i = 0; i < sizeof(some) / sizeof(some[0]); i++)
		sigaddset(&set, some[i]);
	sigprocmask(SIG_BLOCK, &set, before);
}

void signals_release(const sigset_t *before)
{
	sigprocmask(SIG_SETMASK, before, NULL);
}

bool signals_end_us(void)
{
	static const int some[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	struct sigaction action = { .sa_handler = SIG_DFL };
	sigset_t set;
	size_t i;

	sigpending(&set);
	for (i = 0; i < sizeof(some) / sizeof(some[0]); i++)
		if (sigismember(&set, some[i]) == 1 && !sigaction(some[i], NULL, &action) &&
		    action.sa_handler != SIG_IGN)
			return true;
	return false;
}
