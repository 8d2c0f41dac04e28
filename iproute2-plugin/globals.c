// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* ip(8)'s options before the object, read as it reads them, abbreviations and all. */
#include <string.h>

#include "globals.h"

/* In ip's order: the first that an abbreviation fits is meant. */
static const struct {
	const char *name;
	enum global what;
	bool whole;
} table[] = {
	{ "-loops", GLOBAL_IGNORED_VALUE, false },
	{ "-family", GLOBAL_IGNORED_VALUE, false },
	{ "-4", GLOBAL_IGNORED, true },
	{ "-6", GLOBAL_IGNORED, true },
	{ "-0", GLOBAL_IGNORED, true },
	{ "-M", GLOBAL_IGNORED, true },
	{ "-B", GLOBAL_IGNORED, true },
	{ "-human-readable", GLOBAL_HUMAN, false },
	{ "-iec", GLOBAL_IGNORED, false },
	{ "-stats", GLOBAL_STATS, false },
	{ "-statistics", GLOBAL_STATS, false },
	{ "-details", GLOBAL_DETAILS, false },
	{ "-resolve", GLOBAL_IGNORED, false },
	{ "-oneline", GLOBAL_ONELINE, false },
	{ "-timestamp", GLOBAL_TIMESTAMP, false },
	{ "-tshort", GLOBAL_TSHORT, false },
	{ "-Version", GLOBAL_VERSION, false },
	{ "-force", GLOBAL_FORCE, false },
	{ "-batch", GLOBAL_BATCH, false },
	{ "-brief", GLOBAL_BRIEF, false },
	{ "-json", GLOBAL_JSON, false },
	{ "-pretty", GLOBAL_PRETTY, false },
	{ "-rcvbuf", GLOBAL_IGNORED_VALUE, false },
	{ "-color", GLOBAL_COLOR, false },
	{ "-help", GLOBAL_HELP, false },
	{ "-netns", GLOBAL_NETNS, false },
	{ "-Numeric", GLOBAL_IGNORED, false },
	{ "-all", GLOBAL_IGNORED, false },
	{ "-echo", GLOBAL_IGNORED, true },
};

static bool fits_color(const char *word)
{
	size_t len = strcspn(word, "=");

	if (strncmp(word, "-color", len))
		return false;
	return !word[len] || !strcmp(word + len, "=always") || !strcmp(word + len, "=auto") ||
	       !strcmp(word + len, "=never");
}

static bool fits(const char *word, const char *name, bool whole)
{
	return whole ? !strcmp(word, name) : !strncmp(word, name, strlen(word));
}

static enum global find(const char *word)
{
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].what == GLOBAL_COLOR ? fits_color(word) :
		    fits(word, table[i].name, table[i].whole))
			return table[i].what;
	return GLOBAL_UNKNOWN;
}

bool globals_has_value(enum global what)
{
	return what == GLOBAL_IGNORED_VALUE || what == GLOBAL_BATCH || what == GLOBAL_NETNS;
}

bool globals_next(int *argc, char ***argv, struct global_option *o)
{
	const char *word = *argc > 0 ? **argv : NULL;

	if (!word || word[0] != '-')
		return false;
	--*argc;
	++*argv;
	if (!strcmp(word, "--"))
		return false;
	o->word = word;
	o->what = find(word[1] == '-' ? word + 1 : word);
	o->value = NULL;
	if (globals_has_value(o->what) && *argc > 0) {
		o->value = **argv;
		--*argc;
		++*argv;
	}
	return true;
}
