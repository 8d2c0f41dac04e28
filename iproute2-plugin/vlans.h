/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* Lists of VLANs, "10,20-29" or "none", in words and for the kernel. No more than libc. */
#ifndef VLANS_H
#define VLANS_H

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/europa.h>

#define VLANS_COMPLAINT	"vlan is none, or numbers from 1 to 4094 and ranges of them, at most 128, as 10,20-29"
#define VLANS_TEXT	(EUROPA_VLANS_MAX * 10)	/* bytes of the longest list */

struct vlans {
	struct europa_vlans range[EUROPA_VLANS_MAX];
	unsigned int count;
};

/* A number at *word, which then is behind it; 0: there is none. */
static inline unsigned int vlans_number(const char **word)
{
	unsigned long value;
	char *end;

	if (!isdigit((unsigned char)**word))
		return 0;
	value = strtoul(*word, &end, 10);
	*word = end;
	return value <= 4094 ? value : 0;
}

static inline bool vlans_range(const char **word, struct vlans *list)
{
	struct europa_vlans *range = &list->range[list->count];

	if (list->count == EUROPA_VLANS_MAX)
		return false;
	range->first = range->last = vlans_number(word);
	if (**word == '-') {
		++*word;
		range->last = vlans_number(word);
	}
	list->count++;
	return range->first && range->first <= range->last;
}

/* Returns false if the word is no list. */
static inline bool vlans_parse(const char *word, struct vlans *list)
{
	list->count = 0;
	if (!strcmp(word, "none"))
		return true;
	do
		if (!vlans_range(&word, list))
			return false;
	while (*word == ',' && *++word);
	return !*word && word[-1] != ',';
}

/* What the kernel told: size bytes. */
static inline void vlans_text(const void *data, size_t size, char text[VLANS_TEXT + 1])
{
	const char *at = data;
	struct europa_vlans range;
	unsigned int n;
	size_t len = 0;

	*text = '\0';
	for (n = 0; n < EUROPA_VLANS_MAX && size >= sizeof(range); n++) {
		memcpy(&range, at, sizeof(range));
		at += sizeof(range);
		size -= sizeof(range);
		if (!range.first || range.first > range.last || range.last > 4094)
			break;
		len += sprintf(text + len, "%s%u", n ? "," : "", range.first);
		if (range.first != range.last)
			len += sprintf(text + len, "-%u", range.last);
	}
}

#endif
