// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include "utf8.h"

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
