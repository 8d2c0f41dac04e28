// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * vrhold: a stuck data plane. Takes nothing until SIGUSR1, then drops all it has and
 * all that comes. Prints "running", and "released" once it has dropped the first lot.
 */
#include <errno.h>
#include <libeuropa.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int failed(const char *what, int err)
{
	fprintf(stderr, "vrhold: cannot %s: %s\n", what, strerror(-err));
	return 1;
}

static int drop_all(struct europa_queue *q)
{
	struct europa_entry e[EUROPA_BURST];
	int i, n, err = 0;

	while (!err && (n = europa_rx_peek(q, e, EUROPA_BURST))) {
		for (i = 0; i < n; i++)
			europa_drop(q, &e[i]);
		europa_tx_submit(q);
		err = europa_kick(q);
		err = err < 0 ? err : 0;
	}
	return err;
}

int main(void)
{
	struct europa_queue q;
	sigset_t set;
	int fd, sig, err;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = europa_open(NULL);
	if (fd < 0)
		return failed("open the VR", fd);
	err = europa_attach(&q, fd, 0, 0);
	if (err || (err = europa_start(&q)))
		return failed("attach", err);
	puts("running");
	fflush(stdout);
	sigwait(&set, &sig);
	err = drop_all(&q);
	puts("released");
	fflush(stdout);
	while (!err && (err = europa_wait(&q, -1)) >= 0)
		err = drop_all(&q);
	return failed("go on", err);
}
