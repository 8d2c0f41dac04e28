/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* Text that others choose, and that may be none. */
#ifndef UTF8_H
#define UTF8_H

#include <stddef.h>

/* Bytes of the UTF-8 character that p, which ends in NUL, begins with; 0: it is none. */
size_t utf8_character(const char *p);

#endif
