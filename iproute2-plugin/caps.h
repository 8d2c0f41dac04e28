/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
#ifndef CAPS_H
#define CAPS_H

int caps_drop(void);	/* all that this process has, ambient ones, too; 0 or -errno */

#endif
