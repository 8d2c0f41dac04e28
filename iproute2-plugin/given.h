/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* What one interface had is given to another, or back, or is taken off. */
#ifndef GIVEN_H
#define GIVEN_H

#include "carried.h"

/*
 * To an interface that nothing uses. Done twice, the second time changes nothing. may_end: a
 * signal (signals_end_us()) that comes meanwhile is as if all were refused.
 */
int carried_give(struct nl *nl, const struct carried *c, uint32_t ifindex, bool may_end);

/* When that was refused: all that is taken, also after what is not. How much is not. */
unsigned int carried_give_back(struct nl *nl, const struct carried *c, uint32_t ifindex);

/*
 * From the interface it was saved from, which is called name from then on, has IPv6 off
 * and an alias, and is down.
 */
int carried_take_off(struct nl *nl, const struct carried *c, const char *name, const char *alias);

#endif
