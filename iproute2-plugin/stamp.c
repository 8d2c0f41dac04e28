// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* What time it is, as ip monitor says it. */
#include <stdio.h>
#include <time.h>
#include <sys/time.h>

#include "options.h"
#include "out.h"
#include "stamp.h"

void stamp_show(void)
{
	struct timeval tv;
	struct tm tm;
	char text[64];

	if (!options.timestamp && !options.timestamp_short)
		return;
	gettimeofday(&tv, NULL);
	localtime_r(&tv.tv_sec, &tm);
	if (options.timestamp_short || out_is_json()) {
		size_t n = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);

		snprintf(text + n, sizeof(text) - n, ".%06ld", (long)tv.tv_usec);
		out_string(OUT_ANY, C_NONE, "timestamp", "[%s] ", text);
	} else {
		strftime(text, sizeof(text), "%a %b %e %H:%M:%S %Y", &tm);
		out_text("Timestamp: %s %06ld usec\n", text, (long)tv.tv_usec);
	}
}
