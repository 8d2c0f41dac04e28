/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* Where files are that tell of what is under way, until the next boot. */
#ifndef RUNDIR_H
#define RUNDIR_H

#define RUN_DIR	"/run/europa"

#endif
