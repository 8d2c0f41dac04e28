/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/*
 * What an interface has while it is carried to another, or back, in a file: who is killed
 * meanwhile leaves it, and ip vr detach finds it there. Who carries has the file locked.
 */
#ifndef STORED_H
#define STORED_H

#include <dirent.h>

#include "carried.h"

/* How far it came: neither a port nor a name tells. */
enum stored_state {
	STORED_NOTHING,		/* nothing is changed yet */
	STORED_BEGUN,		/* the interface is to have it again */
	STORED_GIVEN,		/* the port has all, and what it has counts from now on */
	STORED_BACK,		/* the interface has all again; the port may be left */
};

struct stored {
	int fd;			/* -1: there is no file */
	char path[64];
	enum stored_state state;
	bool this_boot;
	uint8_t address[6];	/* of the interface, then */
};

/*
 * lower, of this namespace, is to have c again. 0, or the exit code: there is such a file already.
 * Where there can be none there is none, and nothing is said: what is carried does not need it.
 */
int stored_begin(struct stored *s, const struct nl *nl, const struct rtnl_link *lower,
		 const struct carried *c);

/* To be said before what it says is begun, and after it is done. */
void stored_reach(struct stored *s, enum stored_state state);

/* All files of this namespace, that of nl. */
struct stored_list {
	DIR *dir;
	uint64_t netns;
};

void stored_open(struct stored_list *list, const struct nl *nl);
/*
 * The next of an interface that is called dev, or is to be: 0, with its number and what it is to
 * have; -1: there is none; or the exit code, as somebody is at it.
 */
int stored_next(struct stored_list *list, struct stored *s, const char *dev, uint32_t *lower,
		struct carried *c);
void stored_close(struct stored_list *list);

/* It is about this interface, not about one that had its number before. */
bool stored_is_of(const struct stored *s, const struct rtnl_link *lower, const struct carried *c);

/* All is carried: the file is removed. */
void stored_end(struct stored *s);
/* It stays. */
void stored_leave(struct stored *s);
/* It stays for the operator, by another name, which is told. */
void stored_set_aside(struct stored *s);

#endif
