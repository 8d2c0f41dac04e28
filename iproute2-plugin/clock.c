// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <time.h>

#include "clock.h"

long long clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}
