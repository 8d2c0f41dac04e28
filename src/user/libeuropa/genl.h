/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) the Europa authors */
#ifndef LIBEUROPA_GENL_H
#define LIBEUROPA_GENL_H

/* Number of the VR called name, or a negative errno value. */
int europa_genl_number(const char *name);

#endif
