// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * trychanges VR DEV [PORT-IFINDEX]: try each netlink request that changes something, straight to the
 * kernel, and say what came of it. DEV is where a port would go and a classifier be bound.
 * Of what GET answers, the features granted to the data plane are said, if there is one.
 */
#include <err.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include "message.h"

#define NEW_VR	77

static unsigned int vr, ifindex, port_ifindex;

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

static void say_get(struct message m)
{
	int error = ask(NETLINK_GENERIC, &m);
	const void *features = error ? NULL : get(&m, EUROPA_A_FEATURES);
	uint64_t value;

	say("get", error);
	if (!features)
		return;
	memcpy(&value, features, sizeof(value));
	printf("features: 0x%llx\n", (unsigned long long)value);
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
		errx(2, "trychanges VR DEV [PORT-IFINDEX]");
	vr = strtoul(argv[1], NULL, 0);
	ifindex = if_nametoindex(argv[2]);
	port_ifindex = argc > 3 ? strtoul(argv[3], NULL, 0) : 0;
	family = find_family();

	say_get(of_vr(family, EUROPA_CMD_VR_GET, vr));
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
