/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* Dice for programs that do harm: the same throws for the same seed, per thread. */
#ifndef TESTS_DICE_H
#define TESTS_DICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static __thread uint64_t dice_state;

/* Any number but 0. */
static inline void dice_seed(uint64_t seed)
{
	dice_state = seed;
}

static inline uint64_t dice(void)
{
	dice_state ^= dice_state >> 12;
	dice_state ^= dice_state << 25;
	dice_state ^= dice_state >> 27;
	return dice_state * 0x2545f4914f6cdd1dULL;
}

static inline uint32_t below(uint32_t n)
{
	return (dice() >> 32) * n >> 32;
}

static inline bool one_in(uint32_t n)
{
	return !below(n);
}

#define any_of(list) ((list)[below(sizeof(list) / sizeof((list)[0]))])

/* len: a multiple of 8 */
static inline void noise(void *to, size_t len)
{
	uint64_t *p = to;

	for (; len >= 8; len -= 8)
		*p++ = dice();
}

#endif
