/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* Netlink messages straight to the kernel, for programs that say what no tool would. */
#ifndef TESTS_MESSAGE_H
#define TESTS_MESSAGE_H

#include <err.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/europa.h>

struct message {
	struct nlmsghdr h;
	char rest[8192];
};

static inline void *end_of(struct message *m)
{
	return (char *)m + NLMSG_ALIGN(m->h.nlmsg_len);
}

static inline void put(struct message *m, unsigned int type, const void *data, size_t len)
{
	struct nlattr a = { .nla_type = type, .nla_len = NLA_HDRLEN + len };
	char *at = end_of(m);

	memcpy(at, &a, sizeof(a));
	if (len)
		memcpy(at + NLA_HDRLEN, data, len);
	m->h.nlmsg_len = NLMSG_ALIGN(m->h.nlmsg_len) + NLA_ALIGN(a.nla_len);
}

static inline void put_u32(struct message *m, unsigned int type, uint32_t value)
{
	put(m, type, &value, sizeof(value));
}

static inline void put_u8(struct message *m, unsigned int type, uint8_t value)
{
	put(m, type, &value, sizeof(value));
}

static inline char *nest(struct message *m, unsigned int type)
{
	char *at = end_of(m);

	put(m, type, NULL, 0);
	return at;
}

static inline void nest_end(struct message *m, char *at)
{
	uint16_t len = (char *)end_of(m) - at;

	memcpy(at + offsetof(struct nlattr, nla_len), &len, sizeof(len));
}

/* Sends it and returns the answer's error, 0 for none; an answer replaces the message. What
 * the kernel says with it goes to `said`, if there is that.
 */
static inline int ask_and_say(int protocol, struct message *m, const char **said)
{
	int fd = socket(AF_NETLINK, SOCK_RAW, protocol), on = 1;
	const struct nlmsgerr *e = NLMSG_DATA(&m->h);
	const struct nlattr *a = (const void *)(e + 1);
	ssize_t n;

	if (fd < 0 || setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on)) ||
	    setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on)) ||
	    send(fd, m, m->h.nlmsg_len, 0) < 0)
		err(2, "netlink");
	n = recv(fd, m, sizeof(*m), 0);
	close(fd);
	if (n < (ssize_t)sizeof(m->h))
		err(2, "netlink");
	if (m->h.nlmsg_type != NLMSG_ERROR)
		return 0;
	if (said && m->h.nlmsg_flags & NLM_F_ACK_TLVS && a->nla_type == NLMSGERR_ATTR_MSG)
		*said = (const char *)a + NLA_HDRLEN;
	return -e->error;
}

static inline int ask(int protocol, struct message *m)
{
	return ask_and_say(protocol, m, NULL);
}

static inline struct message genl(unsigned int family, unsigned int command)
{
	struct message m = {
		.h = {
			.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN),
			.nlmsg_type = family,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
		},
	};
	struct genlmsghdr *g = NLMSG_DATA(&m.h);

	g->cmd = command;
	g->version = 1;
	return m;
}

/* What a generic netlink answer says of something, or NULL. */
static inline const void *get(const struct message *m, unsigned int type)
{
	const char *at = (const char *)NLMSG_DATA(&m->h) + GENL_HDRLEN;
	const char *end = (const char *)m + m->h.nlmsg_len;

	for (; at < end; at += NLA_ALIGN(((const struct nlattr *)at)->nla_len))
		if ((((const struct nlattr *)at)->nla_type & NLA_TYPE_MASK) == type)
			return at + NLA_HDRLEN;
	return NULL;
}

static inline unsigned int find_family(void)
{
	struct message m = genl(GENL_ID_CTRL, CTRL_CMD_GETFAMILY);
	const uint16_t *id;
	int error;

	put(&m, CTRL_ATTR_FAMILY_NAME, EUROPA_GENL_NAME, sizeof(EUROPA_GENL_NAME));
	error = ask(NETLINK_GENERIC, &m);
	if (error)
		errx(2, "no family %s: %s", EUROPA_GENL_NAME, strerror(error));
	id = get(&m, CTRL_ATTR_FAMILY_ID);
	if (!id)
		errx(2, "no family number");
	return *id;
}

static inline struct message link_message(unsigned int flags, int index)
{
	struct message m = {
		.h = {
			.nlmsg_len = NLMSG_LENGTH(sizeof(struct ifinfomsg)),
			.nlmsg_type = RTM_NEWLINK,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags,
		},
	};
	struct ifinfomsg *i = NLMSG_DATA(&m.h);

	i->ifi_index = index;
	return m;
}

#endif
