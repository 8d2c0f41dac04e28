/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* A whole terminal for one program: keys as they are typed, and all as it was when that ends. */
#ifndef TERMINAL_H
#define TERMINAL_H

#include <stdbool.h>

enum key {
	KEY_NONE,		/* the time is over, or it has another size, or is ours again */
	KEY_END = -1,		/* nobody types any more */
	KEY_UP = 256, KEY_DOWN,
	KEY_OTHER,		/* an escape sequence that means nothing here */
};

#define KEY_ENTER	'\r'
#define KEY_ESCAPE	'\033'

/* Both standard input and output are one. */
bool terminal_there(void);
/* false: it cannot be had. From now on until the end, however that comes, it is ours. */
bool terminal_open(void);
void terminal_close(void);
void terminal_size(int *rows, int *columns);
/* A key as its character, or enum key. */
int terminal_key(int milliseconds);

#endif
