/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* Messages of rtnetlink: what a dump tells, looked into, and kept to be said again. */
#ifndef MESSAGES_H
#define MESSAGES_H

#include <stddef.h>

#include "nl.h"

struct messages {
	struct nlmsghdr **all;
	size_t count;
};

void messages_keep(struct messages *m, const struct nlmsghdr *nlh);
void messages_free(struct messages *m);

/*
 * All of one family, AF_UNSPEC for each; header: bytes of that of this type. 0 or -errno; -EINTR:
 * some changed meanwhile, and others may not have been told.
 */
int messages_dump(struct nl *nl, int type, int family, size_t header, mnl_cb_t cb, void *data);

/* Of one with such a header. NULL, and 0: it has none. */
const struct nlattr *messages_find(const struct nlmsghdr *nlh, size_t header, int type);
uint32_t messages_find_u32(const struct nlmsghdr *nlh, size_t header, int type);
/* IFA_F_*: older ones have them in the header. */
uint32_t messages_address_flags(const struct nlmsghdr *nlh);

#endif
