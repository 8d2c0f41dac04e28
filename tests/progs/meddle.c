// SPDX-License-Identifier: GPL-2.0
/*
 * meddle VR DEV [PORT-IFINDEX]: try each netlink request that changes something, straight to the
 * kernel, and say what came of it. DEV is where a port would go and a classifier be bound.
 */
#include <err.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/europa.h>

#define NEW_VR	77

struct message {
	struct nlmsghdr h;
	char rest[1024];
};

static unsigned int vr, ifindex, port_ifindex;

static void *end_of(struct message *m)
{
	return (char *)m + NLMSG_ALIGN(m->h.nlmsg_len);
}

static void put(struct message *m, unsigned int type, const void *data, size_t len)
{
	struct nlattr a = { .nla_type = type, .nla_len = NLA_HDRLEN + len };
	char *at = end_of(m);

	memcpy(at, &a, sizeof(a));
	if (len)
		memcpy(at + NLA_HDRLEN, data, len);
	m->h.nlmsg_len = NLMSG_ALIGN(m->h.nlmsg_len) + NLA_ALIGN(a.nla_len);
}

static void put_u32(struct message *m, unsigned int type, uint32_t value)
{
	put(m, type, &value, sizeof(value));
}

static void put_u8(struct message *m, unsigned int type, uint8_t value)
{
	put(m, type, &value, sizeof(value));
}

static char *nest(struct message *m, unsigned int type)
{
	char *at = end_of(m);

	put(m, type, NULL, 0);
	return at;
}

static void nest_end(struct message *m, char *at)
{
	uint16_t len = (char *)end_of(m) - at;

	memcpy(at + offsetof(struct nlattr, nla_len), &len, sizeof(len));
}

/* Sends it and returns the answer's error, 0 for none; an answer replaces the message. */
static int ask(int protocol, struct message *m)
{
	int fd = socket(AF_NETLINK, SOCK_RAW, protocol);
	const struct nlmsgerr *e;
	ssize_t n;

	if (fd < 0 || send(fd, m, m->h.nlmsg_len, 0) < 0)
		err(2, "netlink");
	n = recv(fd, m, sizeof(*m), 0);
	close(fd);
	if (n < (ssize_t)sizeof(m->h))
		err(2, "netlink");
	if (m->h.nlmsg_type != NLMSG_ERROR)
		return 0;
	e = NLMSG_DATA(&m->h);
	return -e->error;
}

static struct message genl(unsigned int family, unsigned int command)
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

static unsigned int find_family(void)
{
	struct message m = genl(GENL_ID_CTRL, CTRL_CMD_GETFAMILY);
	const struct nlattr *a;
	int error;

	put(&m, CTRL_ATTR_FAMILY_NAME, EUROPA_GENL_NAME, sizeof(EUROPA_GENL_NAME));
	error = ask(NETLINK_GENERIC, &m);
	if (error)
		errx(2, "no family %s: %s", EUROPA_GENL_NAME, strerror(error));
	a = (void *)((char *)NLMSG_DATA(&m.h) + GENL_HDRLEN);
	for (; (char *)a < (char *)&m + m.h.nlmsg_len; a = (void *)((char *)a + NLA_ALIGN(a->nla_len)))
		if (a->nla_type == CTRL_ATTR_FAMILY_ID)
			return *(const uint16_t *)((const char *)a + NLA_HDRLEN);
	errx(2, "no family number");
}

static struct message link_message(unsigned int flags, int index)
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

static struct message new_port(void)
{
	struct message m = link_message(NLM_F_CREATE | NLM_F_EXCL, 0);
	char *info, *data;

	put_u32(&m, IFLA_LINK, ifindex);
	info = nest(&m, IFLA_LINKINFO);
	put(&m, IFLA_INFO_KIND, EUROPA_GENL_NAME, strlen(EUROPA_GENL_NAME));
	data = nest(&m, IFLA_INFO_DATA);
	put_u32(&m, IFLA_EUROPA_VR, vr);
	nest_end(&m, data);
	nest_end(&m, info);
	return m;
}

static struct message change_port(void)
{
	struct message m = link_message(0, port_ifindex);
	char *info, *data;

	info = nest(&m, IFLA_LINKINFO);
	put(&m, IFLA_INFO_KIND, EUROPA_GENL_NAME, strlen(EUROPA_GENL_NAME));
	data = nest(&m, IFLA_INFO_DATA);
	put_u8(&m, IFLA_EUROPA_SPOOFCHK, 0);
	nest_end(&m, data);
	nest_end(&m, info);
	return m;
}

static void say(const char *what, int error)
{
	printf("%s: %s\n", what, error ? strerrorname_np(error) : "ok");
}

static void say_genl(const char *what, struct message m)
{
	say(what, ask(NETLINK_GENERIC, &m));
}

static void say_link(const char *what, struct message m)
{
	say(what, ask(NETLINK_ROUTE, &m));
}

static struct message of_vr(unsigned int family, unsigned int command, unsigned int number)
{
	struct message m = genl(family, command);

	put_u32(&m, EUROPA_A_VR, number);
	return m;
}

static struct message of_device(unsigned int family, unsigned int command)
{
	struct message m = genl(family, command);

	put_u32(&m, EUROPA_A_IFINDEX, ifindex);
	return m;
}

int main(int argc, char **argv)
{
	struct message m;
	unsigned int family;

	if (argc < 3)
		errx(2, "meddle VR DEV [PORT-IFINDEX]");
	vr = strtoul(argv[1], NULL, 0);
	ifindex = if_nametoindex(argv[2]);
	port_ifindex = argc > 3 ? strtoul(argv[3], NULL, 0) : 0;
	family = find_family();

	say_genl("get", of_vr(family, EUROPA_CMD_VR_GET, vr));
	say_genl("new", of_vr(family, EUROPA_CMD_VR_NEW, NEW_VR));
	m = of_vr(family, EUROPA_CMD_VR_SET, vr);
	put_u8(&m, EUROPA_A_FALLBACK, EUROPA_FALLBACK_DROP);
	say_genl("set", m);
	m = of_device(family, EUROPA_CMD_CLASSIFIER_SET);
	put_u32(&m, EUROPA_A_PROG_FD, 1000);
	say_genl("classifier set", m);
	say_genl("classifier del", of_device(family, EUROPA_CMD_CLASSIFIER_DEL));
	if (port_ifindex)
		say_link("port change", change_port());
	say_link("port new", new_port());
	say_genl("del", of_vr(family, EUROPA_CMD_VR_DEL, vr));
	return 0;
}
