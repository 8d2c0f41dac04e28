/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* ip(8)'s options before the object, read as it reads them, abbreviations and all. */
#ifndef GLOBALS_H
#define GLOBALS_H

#include <stdbool.h>

enum global {
	GLOBAL_UNKNOWN, GLOBAL_IGNORED, GLOBAL_IGNORED_VALUE, GLOBAL_HUMAN, GLOBAL_STATS,
	GLOBAL_DETAILS, GLOBAL_ONELINE, GLOBAL_TIMESTAMP, GLOBAL_TSHORT, GLOBAL_VERSION,
	GLOBAL_FORCE, GLOBAL_BATCH, GLOBAL_BRIEF, GLOBAL_JSON, GLOBAL_PRETTY, GLOBAL_COLOR,
	GLOBAL_HELP, GLOBAL_NETNS,
};

struct global_option {
	enum global what;
	const char *word;	/* as typed */
	const char *value;	/* NULL: none, or missing */
};

/* Take the next option off the words; false: what is left is no option. */
bool globals_next(int *argc, char ***argv, struct global_option *o);
bool globals_has_value(enum global what);

#endif
