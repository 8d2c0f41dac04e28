// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * A metric's labels as text. An interface's name may hold what is no UTF-8, and its owner chooses
 * it: one such byte would make the whole of the metrics unreadable, everybody's.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "labels.h"
#include "utf8.h"

#define REPLACEMENT	"\xef\xbf\xbd"	/* U+FFFD */

/* What does not fit is left out: LABELS_TEXT is large enough for what there is. */
static void put(struct labels *l, const char *bytes, size_t len)
{
	if (len >= sizeof(l->text) - l->len)
		return;
	memcpy(l->text + l->len, bytes, len);
	l->len += len;
	l->text[l->len] = '\0';
}

static void put_text(struct labels *l, const char *text)
{
	put(l, text, strlen(text));
}

static void put_value(struct labels *l, const char *p)
{
	size_t n;

	for (; *p; p += n ? n : 1) {
		n = utf8_character(p);
		if (!n)
			put_text(l, REPLACEMENT);
		else if (*p == '\n')
			put_text(l, "\\n");
		else if (*p == '"' || *p == '\\')
			put(l, (char[]){ '\\', *p }, 2);
		else
			put(l, p, n);
	}
}

void labels_add(struct labels *l, const char *key, const char *value)
{
	if (l->len)
		put_text(l, ",");
	put_text(l, key);
	put_text(l, "=\"");
	put_value(l, value);
	put_text(l, "\"");
}

void labels_add_u64(struct labels *l, const char *key, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	labels_add(l, key, text);
}
