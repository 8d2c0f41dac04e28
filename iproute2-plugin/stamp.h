/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* What time it is, where -timestamp or -tshort asks for it. */
#ifndef STAMP_H
#define STAMP_H

void stamp_show(void);

#endif
