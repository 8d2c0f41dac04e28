/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* A metric's labels as text, "vr=\"blue\",number=\"7\"". */
#ifndef LABELS_H
#define LABELS_H

#include <stddef.h>
#include <stdint.h>

#define LABELS_TEXT	2048	/* more than all that a metric has can need */

struct labels {
	char text[LABELS_TEXT];
	size_t len;
};

/* Values may hold any bytes: some are names that a VR's owner chooses. */
void labels_add(struct labels *l, const char *key, const char *value);
void labels_add_u64(struct labels *l, const char *key, uint64_t value);

#endif
