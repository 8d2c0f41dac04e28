/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* What would end or stop the process waits while it does what must not be left half done. */
#ifndef SIGNALS_H
#define SIGNALS_H

#include <signal.h>
#include <stdbool.h>

/* before: for signals_release(). May be done again meanwhile. */
void signals_hold(sigset_t *before);
void signals_release(const sigset_t *before);
/* One that is held, and not ignored, would end the process. */
bool signals_end_us(void);

#endif
