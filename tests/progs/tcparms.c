// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * tcparms VR INDEX BYTES: add an action europa whose TCA_EUROPA_PARMS has BYTES bytes, as of
 * a tc older or newer than the kernel; those past struct tc_europa are 0xff. Prints "ok" or
 * the kernel's error.
 */
#include <err.h>
#include <linux/netlink.h>
#include <linux/pkt_cls.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/europa.h>

struct message {
	struct nlmsghdr h;
	struct tcamsg t;
	char rest[512];
};

static struct nlattr *put(struct message *m, unsigned int type, const void *data, size_t len)
{
	struct nlattr *a = (void *)((char *)m + NLMSG_ALIGN(m->h.nlmsg_len));

	a->nla_type = type;
	a->nla_len = NLA_HDRLEN + len;
	if (len)
		memcpy((char *)a + NLA_HDRLEN, data, len);
	m->h.nlmsg_len = NLMSG_ALIGN(m->h.nlmsg_len) + NLA_ALIGN(a->nla_len);
	return a;
}

static void end(struct message *m, struct nlattr *nest)
{
	nest->nla_len = (char *)m + m->h.nlmsg_len - (char *)nest;
}

int main(int argc, char **argv)
{
	struct message m = {
		.h = {
			.nlmsg_len = NLMSG_LENGTH(sizeof(struct tcamsg)),
			.nlmsg_type = RTM_NEWACTION,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL,
		},
	};
	struct tc_europa parms = { .action = TC_ACT_PIPE };
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	struct nlattr *tab, *one, *options;
	const struct nlmsgerr *answer;
	char bytes[256];
	size_t len;

	if (argc != 4)
		errx(2, "usage: tcparms VR INDEX BYTES");
	parms.vr = strtoul(argv[1], NULL, 0);
	parms.index = strtoul(argv[2], NULL, 0);
	len = strtoul(argv[3], NULL, 0);
	if (len > sizeof(bytes))
		errx(2, "more than %zu bytes", sizeof(bytes));
	memset(bytes, 0xff, sizeof(bytes));
	memcpy(bytes, &parms, sizeof(parms));
	tab = put(&m, TCA_ACT_TAB | NLA_F_NESTED, NULL, 0);
	one = put(&m, 1 | NLA_F_NESTED, NULL, 0);
	put(&m, TCA_ACT_KIND, "europa", sizeof("europa"));
	options = put(&m, TCA_ACT_OPTIONS | NLA_F_NESTED, NULL, 0);
	put(&m, TCA_EUROPA_PARMS, bytes, len);
	end(&m, options);
	end(&m, one);
	end(&m, tab);
	if (fd < 0 || send(fd, &m, m.h.nlmsg_len, 0) < 0 ||
	    recv(fd, &m, sizeof(m), 0) < (ssize_t)NLMSG_LENGTH(sizeof(*answer)))
		err(2, "netlink");
	close(fd);
	answer = NLMSG_DATA(&m.h);
	printf("%s\n", answer->error ? strerror(-answer->error) : "ok");
	return 0;
}
