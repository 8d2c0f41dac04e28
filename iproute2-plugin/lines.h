/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* Lines of text, of which a terminal shows those that fit. */
#ifndef LINES_H
#define LINES_H

#include <stdbool.h>
#include <stddef.h>

#define LINE_TEXT	320

struct line {
	char text[LINE_TEXT];
	bool marked;
};

struct lines {
	struct line *line;
	size_t count, marked;	/* marked: the last that is; count if none */
};

/* What no terminal should get, for it comes from others' names, becomes '?'. */
void lines_add(struct lines *l, bool marked, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void lines_print(const struct lines *l);
/* The first `head` lines stay, the others scroll so that the marked one is seen. */
void lines_screen(const struct lines *l, size_t head, int rows, int columns);
void lines_free(struct lines *l);

#endif
