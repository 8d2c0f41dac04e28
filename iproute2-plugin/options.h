/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* ip(8)'s options that change what the commands do; those of the output are in out.h. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>

struct options {
	int stats, details;
	bool brief, force, timestamp, timestamp_short;
};
extern struct options options;

#endif
