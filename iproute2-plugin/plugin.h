/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* What both plugins need; they share no code at run time. */
#ifndef PLUGIN_H
#define PLUGIN_H

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <linux/europa.h>

#include "iproute2.h"

/* Something the plugin calls in the program that loads it. */
struct plugin_need {
	const char *name;
	const void *where;
};

#define PLUGIN_NEED(symbol) { #symbol, (const void *)&(symbol) }

/* Whether the program has all of it; if not, says what is missing. */
static inline bool plugin_fits(const char *file, const struct plugin_need *needs, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (!needs[i].where) {
			fprintf(stderr,
				"%s is made for another iproute2 than this one, which has no %s: build and install it anew, or another version of Europa\n",
				file, needs[i].name);
			return false;
		}
	return true;
}

static inline const char *next_arg(int *argc, char ***argv, const char *key)
{
	if (--*argc <= 0)
		missarg(key);
	return *++*argv;
}

static inline uint32_t plugin_number(const char *word, uint32_t min, uint32_t max,
				     const char *complaint)
{
	uint32_t value;

	if (!isdigit((unsigned char)*word) || get_u32(&value, word, 0) ||
	    value < min || value > max)
		invarg(complaint, word);
	return value;
}

/* A VR: all digits a number, else a name. */
static inline bool plugin_is_number(const char *word)
{
	return *word && strspn(word, "0123456789") == strlen(word);
}

static inline uint32_t plugin_vr_number(const char *word)
{
	return plugin_number(word, 1, EUROPA_VR_MAX, "a VR's number is 1 to 65535");
}

static inline const char *plugin_vr_name(const char *word)
{
	size_t len = strlen(word), i;

	for (i = 0; i < len; i++)
		if (!isalnum((unsigned char)word[i]) && !strchr("_.-", word[i]))
			break;
	if (!len || i < len || len >= EUROPA_NAME_SIZE)
		invarg("a VR's name is 1 to 15 of A-Z a-z 0-9 _ . -", word);
	return word;
}

static inline uint32_t rta_u32(const struct rtattr *rta)
{
	uint32_t v = 0;

	if (RTA_PAYLOAD(rta) >= sizeof(v))
		memcpy(&v, RTA_DATA(rta), sizeof(v));
	return v;
}

static inline uint64_t rta_u64(const struct rtattr *rta)
{
	uint64_t v = 0;

	if (RTA_PAYLOAD(rta) >= sizeof(v))
		memcpy(&v, RTA_DATA(rta), sizeof(v));
	return v;
}

static inline uint8_t rta_u8(const struct rtattr *rta)
{
	return RTA_PAYLOAD(rta) >= 1 ? *(const uint8_t *)RTA_DATA(rta) : 0;
}

static inline void rta_string(char *to, size_t size, const struct rtattr *rta)
{
	size_t len = RTA_PAYLOAD(rta);

	if (len >= size)
		len = size - 1;
	memcpy(to, RTA_DATA(rta), len);
	to[len] = '\0';
}

#endif
