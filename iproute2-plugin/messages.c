// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "messages.h"

static void *need(void *memory)
{
	if (memory)
		return memory;
	perror("ip-vr");
	exit(255);
}

void messages_keep(struct messages *m, const struct nlmsghdr *nlh)
{
	struct nlmsghdr *copy = need(calloc(1, nlh->nlmsg_len));

	memcpy(copy, nlh, nlh->nlmsg_len);
	m->all = need(reallocarray(m->all, m->count + 1, sizeof(*m->all)));
	m->all[m->count++] = copy;
}

void messages_free(struct messages *m)
{
	size_t i;

	for (i = 0; i < m->count; i++)
		free(m->all[i]);
	free(m->all);
	memset(m, 0, sizeof(*m));
}
