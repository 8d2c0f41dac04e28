/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* Netlink messages that are kept: what a dump told, to be said again. */
#ifndef MESSAGES_H
#define MESSAGES_H

#include <libmnl/libmnl.h>
#include <stddef.h>

struct messages {
	struct nlmsghdr **all;
	size_t count;
};

void messages_keep(struct messages *m, const struct nlmsghdr *nlh);
void messages_free(struct messages *m);

#endif
