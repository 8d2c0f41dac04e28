/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/*
 * What an interface has while it is carried to another, or back, in a file: who is killed
 * meanwhile leaves it, and ip vr detach finds it there. Who carries has the file locked.
 */
#ifndef STORED_H
#define STORED_H

#include "carried.h"

struct stored {
	int fd;			/* -1: there is no file */
	char path[64];
};

/*
 * lower, of this namespace, is to have c again. Where there can be no file there is none, and
 * nothing is said: what is carried does not need it.
 */
void stored_begin(struct stored *s, uint32_t lower, const struct carried *c);

/*
 * Of an interface that is called dev, or is to be: 0, with its number and what it is to have; -1:
 * there is none; or the exit code, as somebody is at it.
 */
int stored_find(struct stored *s, const char *dev, uint32_t *lower, struct carried *c);

/* All is carried: the file is removed. */
void stored_end(struct stored *s);
/* It stays. */
void stored_leave(struct stored *s);

#endif
