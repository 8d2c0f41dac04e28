/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
#ifndef NL_H
#define NL_H

#include <stdbool.h>
#include <stdint.h>
#include <libmnl/libmnl.h>

#define NL_BUF	8192

/* A netlink socket and the last answer's error. */
struct nl {
	struct mnl_socket *socket;
	uint32_t seq;
	int error;		/* errno, 0 for none */
	bool interrupted;	/* what was dumped changed meanwhile, and some of it may lack */
	char message[256];	/* extack, "" for none */
};

int nl_open(struct nl *nl, int protocol, int netns);
void nl_close(struct nl *nl);
int nl_fd(const struct nl *nl);

/* Send, hand every answer to cb, remember the error. 0 or -errno. */
int nl_talk(struct nl *nl, struct nlmsghdr *nlh, mnl_cb_t cb, void *data);

/* Read what has come on a multicast socket. 0 or -errno. */
int nl_receive(struct nl *nl, mnl_cb_t cb, void *data);

/* Print the error as iproute2 does; the exit code. */
int nl_fail(const struct nl *nl, const char *who);

uint64_t nl_uint(const struct nlattr *attr);
void nl_string(char *to, size_t size, const struct nlattr *attr);

#endif
