// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * A whole terminal for one program. It uses the terminal's other screen, so that what was there
 * is there again afterwards. Signals that end or stop the process put all back first.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>
#include <sys/ioctl.h>

#include "terminal.h"

#define ENTER	"\033[?1049h\033[?25l"	/* other screen, no cursor */
#define LEAVE	"\033[?25h\033[?1049l"

static struct termios before;
static volatile sig_atomic_t ours;

bool terminal_there(void)
{
	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

/* By system calls alone: signal handlers call these. */
static void say(const char *text)
{
	size_t left = strlen(text);
	ssize_t n;

	while (left && (n = write(STDOUT_FILENO, text, left)) > 0) {
		text += n;
		left -= n;
	}
}

static void give_back(void)
{
	if (!ours)
		return;
	ours = 0;
	say(LEAVE);
	tcsetattr(STDIN_FILENO, TCSANOW, &before);
}

/* Keys come one by one and are not shown; ^C and ^Z remain signals, newlines newlines. */
static bool take(void)
{
	struct termios raw = before;

	raw.c_lflag &= ~(ICANON | ECHO);
	raw.c_iflag &= ~(ICRNL | INLCR);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	ours = 1;	/* first: a signal may come in between */
	if (tcsetattr(STDIN_FILENO, TCSANOW, &raw)) {
		ours = 0;
		return false;
	}
	say(ENTER);
	return true;
}

/* ---- signals ----------------------------------------------------------- */

static const int deadly[] = {
	SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT,
};

static void handle(int number, void (*handler)(int number), int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };

	sigemptyset(&action.sa_mask);
	sigaction(number, &action, NULL);
}

/* The handler is gone by then (SA_RESETHAND): the signal does what it does to others. */
static void on_end(int number)
{
	give_back();
	raise(number);
}

/* raise() stops us; SIGCONT lets us go on, here. */
static void on_stop(int number)
{
	int err = errno;

	give_back();
	raise(number);
	handle(number, on_stop, SA_RESETHAND | SA_NODEFER);
	take();
	errno = err;
}

/* It is enough that poll() ends. */
static void on_size(int number)
{
	(void)number;
}

static void catch_signals(void)
{
	size_t i;

	for (i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++)
		handle(deadly[i], on_end, SA_RESETHAND | SA_NODEFER);
	handle(SIGTSTP, on_stop, SA_RESETHAND | SA_NODEFER);
	handle(SIGWINCH, on_size, 0);
}

/* ------------------------------------------------------------------------ */

bool terminal_open(void)
{
	if (tcgetattr(STDIN_FILENO, &before))
		return false;
	catch_signals();
	atexit(give_back);
	return take();
}

void terminal_close(void)
{
	fflush(stdout);
	give_back();
}

void terminal_size(int *rows, int *columns)
{
	struct winsize size = { 0 };

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_row || !size.ws_col)
		size = (struct winsize){ .ws_row = 24, .ws_col = 80 };
	*rows = size.ws_row;
	*columns = size.ws_col;
}

/* What a terminal sends for a key that has no character comes at once; we know the arrows. */
static int escape_sequence(void)
{
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
	char typed[16];
	ssize_t n;

	if (poll(&p, 1, 0) <= 0)
		return KEY_ESCAPE;
	n = read(STDIN_FILENO, typed, sizeof(typed));
	if (n == 2 && (*typed == '[' || *typed == 'O'))
		return typed[1] == 'A' ? KEY_UP : typed[1] == 'B' ? KEY_DOWN : KEY_OTHER;
	return KEY_OTHER;
}

int terminal_key(int milliseconds)
{
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
	int n = poll(&p, 1, milliseconds);
	unsigned char typed;
	ssize_t got;

	if (n <= 0)
		return n < 0 && errno != EINTR ? KEY_END : KEY_NONE;
	got = read(STDIN_FILENO, &typed, 1);
	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return KEY_NONE;
	if (got <= 0)
		return KEY_END;
	if (typed == KEY_ESCAPE)
		return escape_sequence();
	return typed == '\n' ? KEY_ENTER : typed;
}
