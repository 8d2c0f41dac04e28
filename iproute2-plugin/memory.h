/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
#ifndef MEMORY_H
#define MEMORY_H

/* What an allocation returned; without memory nothing goes on. */
void *need(void *memory);

#endif
