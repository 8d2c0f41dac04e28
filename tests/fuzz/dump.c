// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * dump ROUNDS FIRST LAST STEP: dump all VRs, slowly and in small parts, ROUNDS times. Each
 * time VRs FIRST, FIRST + STEP ... LAST have to be there, and no VR twice. Prints how many
 * parts there were, and how often other VRs were seen.
 */
#include <err.h>
#include <libmnl/libmnl.h>
#include <linux/europa.h>
#include <linux/genetlink.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#define PART	4096	/* bytes: a handful of VRs */
#define PAUSE	2000	/* us between two parts */

static char buffer[1 << 16];
static struct mnl_socket *nl;
static uint16_t family;
static unsigned int seen[EUROPA_VR_MAX + 1];

static struct nlmsghdr *request(uint16_t type, uint8_t cmd, uint16_t flags)
{
	struct nlmsghdr *msg = mnl_nlmsg_put_header(buffer);
	struct genlmsghdr *genl = mnl_nlmsg_put_extra_header(msg, sizeof(*genl));

	msg->nlmsg_type = type;
	msg->nlmsg_flags = NLM_F_REQUEST | flags;
	genl->cmd = cmd;
	genl->version = 1;
	return msg;
}

static int take_family(const struct nlmsghdr *msg, void *data)
{
	const struct nlattr *a;

	(void)data;
	mnl_attr_for_each(a, msg, sizeof(struct genlmsghdr))
		if (mnl_attr_get_type(a) == CTRL_ATTR_FAMILY_ID)
			family = mnl_attr_get_u16(a);
	return MNL_CB_OK;
}

static int take_vr(const struct nlmsghdr *msg, void *data)
{
	const struct nlattr *a;

	(void)data;
	mnl_attr_for_each(a, msg, sizeof(struct genlmsghdr))
		if (mnl_attr_get_type(a) == EUROPA_A_VR)
			seen[mnl_attr_get_u32(a)]++;
	return MNL_CB_OK;
}

/* Send, and read all answers. How many parts they had. */
static unsigned int talk(const struct nlmsghdr *msg, size_t part, mnl_cb_t fn)
{
	unsigned int parts = 0;
	ssize_t len;
	int ret;

	if (mnl_socket_sendto(nl, msg, msg->nlmsg_len) < 0)
		err(2, "send");
	do {
		usleep(parts ? PAUSE : 0);
		len = mnl_socket_recvfrom(nl, buffer, part);
		if (len < 0)
			err(1, "part %u does not come", parts + 1);
		ret = mnl_cb_run(buffer, len, 0, 0, fn, NULL);
		if (ret < 0)
			err(1, "part %u", parts + 1);
		parts++;
	} while (ret > MNL_CB_STOP && fn == take_vr);
	return parts;
}

int main(int argc, char **argv)
{
	unsigned int i, first, last, step, parts = 0, others = 0;
	struct timeval patience = { .tv_sec = 60 };
	struct nlmsghdr *msg;
	long rounds;

	if (argc != 5)
		errx(2, "dump ROUNDS FIRST LAST STEP");
	rounds = atol(argv[1]);
	first = atoi(argv[2]);
	last = atoi(argv[3]);
	step = atoi(argv[4]);
	nl = mnl_socket_open(NETLINK_GENERIC);
	if (!nl || mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0)
		err(2, "socket");
	setsockopt(mnl_socket_get_fd(nl), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	msg = request(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 0);
	mnl_attr_put_strz(msg, CTRL_ATTR_FAMILY_NAME, EUROPA_GENL_NAME);
	talk(msg, PART, take_family);
	while (rounds--) {
		memset(seen, 0, sizeof(seen));
		parts += talk(request(family, EUROPA_CMD_VR_GET, NLM_F_DUMP), PART, take_vr);
		for (i = 1; i <= EUROPA_VR_MAX; i++) {
			bool wanted = i >= first && i <= last && (i - first) % step == 0;

			if (seen[i] > 1 || (wanted && !seen[i]))
				errx(1, "VR %u is shown %u times", i, seen[i]);
			others += !wanted && seen[i];
		}
	}
	printf("parts %u others %u\n", parts, others);
	return 0;
}
