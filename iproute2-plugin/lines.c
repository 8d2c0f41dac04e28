// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* Lines of text, of which a terminal shows those that fit. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lines.h"
#include "memory.h"

#define MARK	"\033[7m"	/* reverse video */
#define PLAIN	"\033[0m"
#define HOME	"\033[H"
#define REST	"\033[K"	/* clears to the end of the line */
#define BELOW	"\033[J"	/* ... of the screen */

static struct line *more(struct lines *l)
{
	l->line = need(reallocarray(l->line, l->count + 1, sizeof(*l->line)));
	return &l->line[l->count++];
}

static void make_harmless(char *p)
{
	for (; *p; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
}

void lines_add(struct lines *l, bool marked, const char *fmt, ...)
{
	struct line *line = more(l);
	va_list ap;
	size_t len;

	va_start(ap, fmt);
	vsnprintf(line->text, sizeof(line->text), fmt, ap);
	va_end(ap);
	make_harmless(line->text);
	for (len = strlen(line->text); len && line->text[len - 1] == ' '; len--)
		line->text[len - 1] = '\0';
	line->marked = marked;
	if (marked)
		l->marked = l->count - 1;
}

void lines_print(const struct lines *l)
{
	size_t i;

	for (i = 0; i < l->count; i++)
		printf("%s\n", l->line[i].text);
}

static void show(const struct line *line, int columns, bool last)
{
	printf("%s%.*s%s" REST "%s", line->marked ? MARK : "", columns, line->text,
	       line->marked ? PLAIN : "", last ? "" : "\n");
}

/* Which line follows the head, of those that scroll. */
static size_t first_below(const struct lines *l, size_t head, size_t room)
{
	size_t first = head;

	if (l->marked < l->count && l->marked >= head + room)
		first = l->marked - room + 1;
	return first;
}

void lines_screen(const struct lines *l, size_t head, int rows, int columns)
{
	size_t room, i, row = 0, first;

	head = head < (size_t)rows ? head : (size_t)rows;
	head = head < l->count ? head : l->count;
	room = rows - head;
	first = first_below(l, head, room ? room : 1);
	fputs(HOME, stdout);
	for (i = 0; i < head; i++, row++)
		show(&l->line[i], columns, row + 1 == (size_t)rows);
	for (i = first; i < l->count && row < (size_t)rows; i++, row++)
		show(&l->line[i], columns, row + 1 == (size_t)rows);
	if (row < (size_t)rows)
		fputs(BELOW, stdout);
	fflush(stdout);
}

void lines_free(struct lines *l)
{
	free(l->line);
	memset(l, 0, sizeof(*l));
}
