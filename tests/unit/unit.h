/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
#ifndef UNIT_H
#define UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The same numbers in every run: xorshift64*, seeded by the caller. */
static inline uint32_t random32(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return (*state * 0x2545f4914f6cdd1dull) >> 32;
}

static inline uint32_t below(uint64_t *state, uint32_t n)
{
	return random32(state) % n;
}

#endif
