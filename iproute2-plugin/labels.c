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

/* Bytes that the first one announces; 0: it can be no first byte. */
static size_t announced(unsigned char first)
{
	return first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 :
	       first < 0xf5 ? 4 : 0;
}

/* Neither longer than need be, nor a surrogate, nor beyond the last character. */
static int second_fits(unsigned char first, unsigned char second)
{
	return second >= (first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80) &&
	       second <= (first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf);
}

/* Bytes of the UTF-8 character that p begins with; 0: it is none. */
size_t utf8_character(const char *p)
{
	size_t i, n = announced(*p);

	if (n > 1 && !second_fits(p[0], p[1]))
		return 0;
	for (i = 2; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return n;
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
