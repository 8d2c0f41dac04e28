// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/if_addr.h>

#include "memory.h"
#include "messages.h"

void messages_keep(struct messages *m, const struct nlmsghdr *nlh)
{
	struct nlmsghdr *copy = need(calloc(1, NLMSG_ALIGN(nlh->nlmsg_len)));

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

int messages_dump(struct nl *nl, int type, int family, size_t header, mnl_cb_t cb, void *data)
{
	char buf[NL_BUF];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	int err;

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_DUMP;
	/* Each of these headers begins with the family. */
	*(uint8_t *)mnl_nlmsg_put_extra_header(nlh, header) = family;
	err = nl_talk(nl, nlh, cb, data);
	return !err && nl->interrupted ? -EINTR : err;
}

const struct nlattr *messages_find(const struct nlmsghdr *nlh, size_t header, int type)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, header)
		if (mnl_attr_get_type(attr) == type)
			return attr;
	return NULL;
}

uint32_t messages_find_u32(const struct nlmsghdr *nlh, size_t header, int type)
{
	const struct nlattr *attr = messages_find(nlh, header, type);

	return attr ? nl_uint(attr) : 0;
}

uint32_t messages_address_flags(const struct nlmsghdr *nlh)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr = messages_find(nlh, sizeof(*ifa), IFA_FLAGS);

	return attr ? nl_uint(attr) : ifa->ifa_flags;
}
