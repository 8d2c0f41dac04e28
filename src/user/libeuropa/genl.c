// SPDX-License-Identifier: LGPL-2.1-or-later
// Copyright (C) the Europa authors
/* Just enough generic netlink to turn a VR's name into its number. */
#include <errno.h>
#include <linux/europa.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "genl.h"

struct message {
	struct nlmsghdr nlh;
	struct genlmsghdr genl;
	char attrs[16384];
};

static void put_string(struct message *m, __u16 type, const char *text)
{
	struct nlattr *a = (void *)((char *)m + NLMSG_ALIGN(m->nlh.nlmsg_len));
	size_t size = strlen(text) + 1;

	a->nla_type = type;
	a->nla_len = NLA_HDRLEN + size;
	memcpy((char *)a + NLA_HDRLEN, text, size);
	m->nlh.nlmsg_len = NLMSG_ALIGN(m->nlh.nlmsg_len) + NLA_ALIGN(a->nla_len);
}

/* Bytes of an attribute's payload copied to value, at most size; -ENOENT. */
static int get(const struct message *m, __u16 type, void *value, size_t size)
{
	size_t at = NLMSG_HDRLEN + GENL_HDRLEN;
	struct nlattr a;

	while (at + NLA_HDRLEN <= m->nlh.nlmsg_len) {
		memcpy(&a, (const char *)m + at, sizeof(a));
		if (a.nla_len < NLA_HDRLEN || a.nla_len > m->nlh.nlmsg_len - at)
			break;
		if ((a.nla_type & NLA_TYPE_MASK) == type &&
		    a.nla_len >= NLA_HDRLEN + size) {
			memcpy(value, (const char *)m + at + NLA_HDRLEN, size);
			return 0;
		}
		at += NLA_ALIGN(a.nla_len);
	}
	return -ENOENT;
}

static int ask(int fd, struct message *m)
{
	const struct nlmsgerr *err = (const void *)((const char *)m + NLMSG_HDRLEN);
	ssize_t n;

	if (send(fd, m, m->nlh.nlmsg_len, 0) < 0)
		return -errno;
	n = recv(fd, m, sizeof(*m), 0);
	if (n < 0)
		return -errno;
	if ((size_t)n < NLMSG_HDRLEN + sizeof(int) || m->nlh.nlmsg_len > (size_t)n)
		return -EBADMSG;
	if (m->nlh.nlmsg_type == NLMSG_ERROR)
		return err->error ? err->error : -ENOENT;
	return 0;
}

static void begin(struct message *m, __u16 family, __u8 cmd, __u8 version)
{
	memset(m, 0, sizeof(*m));
	m->nlh.nlmsg_len = NLMSG_HDRLEN + GENL_HDRLEN;
	m->nlh.nlmsg_type = family;
	m->nlh.nlmsg_flags = NLM_F_REQUEST;
	m->genl.cmd = cmd;
	m->genl.version = version;
}

static int find_family(int fd)
{
	struct message m;
	__u16 id;
	int err;

	begin(&m, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1);
	put_string(&m, CTRL_ATTR_FAMILY_NAME, EUROPA_GENL_NAME);
	err = ask(fd, &m);
	if (!err)
		err = get(&m, CTRL_ATTR_FAMILY_ID, &id, sizeof(id));
	return err ? err : id;
}

static int find_vr(int fd, __u16 family, const char *name)
{
	struct message m;
	__u32 vr;
	int err;

	begin(&m, family, EUROPA_CMD_VR_GET, EUROPA_GENL_VERSION);
	put_string(&m, EUROPA_A_NAME, name);
	err = ask(fd, &m);
	if (!err)
		err = get(&m, EUROPA_A_VR, &vr, sizeof(vr));
	if (!err && (!vr || vr > EUROPA_VR_MAX))
		err = -EBADMSG;
	return err ? err : (int)vr;
}

int europa_genl_number(const char *name)
{
	int fd, n;

	if (strlen(name) >= EUROPA_NAME_SIZE)
		return -EINVAL;
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	if (fd < 0)
		return -errno;
	n = find_family(fd);
	if (n >= 0)
		n = find_vr(fd, n, name);
	close(fd);
	return n;
}
