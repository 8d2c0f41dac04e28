// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* Netlink: open, talk, tell errors. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/socket.h>
#include <linux/netlink.h>

#include "netns.h"
#include "nl.h"
#include "vr.h"

#define NL_RECEIVE_BUF	(256 << 10)	/* a VR of 1024 ports in one answer */
#define ERRNO_MAX	4095	/* as the kernel */

int nl_open(struct nl *nl, int protocol, int netns)
{
	int one = 1, here = -1, err = 0;

	memset(nl, 0, sizeof(*nl));
	if (netns >= 0) {
		here = netns_enter(netns);
		if (here < 0)
			return here;
	}
	nl->socket = mnl_socket_open2(protocol, SOCK_CLOEXEC);
	if (!nl->socket)
		err = -errno;
	if (here >= 0)
		netns_return(here);
	if (err)
		return err;
	if (mnl_socket_bind(nl->socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		err = -errno;
		nl_close(nl);
		return err;
	}
	nl->seq = time(NULL);
	mnl_socket_setsockopt(nl->socket, NETLINK_EXT_ACK, &one, sizeof(one));
	mnl_socket_setsockopt(nl->socket, NETLINK_CAP_ACK, &one, sizeof(one));
	return 0;
}

void nl_close(struct nl *nl)
{
	if (nl->socket)
		mnl_socket_close(nl->socket);
	nl->socket = NULL;
}

int nl_fd(const struct nl *nl)
{
	return mnl_socket_get_fd(nl->socket);
}

static void read_extack(struct nl *nl, const struct nlmsghdr *nlh, size_t offset)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, offset)
		if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG)
			nl_string(nl->message, sizeof(nl->message), attr);
}

static int error_of(int code)
{
	return code > 0 || code < -ERRNO_MAX ? EBADMSG : -code;
}

static int on_error(const struct nlmsghdr *nlh, void *data)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(nlh);
	struct nl *nl = data;
	size_t offset = sizeof(*e), len = mnl_nlmsg_get_payload_len(nlh);

	if (len < sizeof(*e)) {
		nl->error = EBADMSG;
		return MNL_CB_STOP;
	}
	nl->error = error_of(e->error);
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
		offset += e->msg.nlmsg_len - sizeof(e->msg);
	if (nlh->nlmsg_flags & NLM_F_ACK_TLVS && offset <= len)
		read_extack(nl, nlh, offset);
	return MNL_CB_STOP;
}

static int on_done(const struct nlmsghdr *nlh, void *data)
{
	struct nl *nl = data;

	if (mnl_nlmsg_get_payload_len(nlh) >= sizeof(int)) {
		nl->error = error_of(*(const int *)mnl_nlmsg_get_payload(nlh));
		if (nlh->nlmsg_flags & NLM_F_ACK_TLVS)
			read_extack(nl, nlh, sizeof(int));
	}
	return MNL_CB_STOP;
}

struct dispatch {
	struct nl *nl;
	mnl_cb_t cb;
	void *data;
};

/* libmnl hands control and data callbacks the same pointer. */
static int dispatch_data(const struct nlmsghdr *nlh, void *data)
{
	struct dispatch *d = data;

	return d->cb ? d->cb(nlh, d->data) : MNL_CB_OK;
}

static int dispatch_error(const struct nlmsghdr *nlh, void *data)
{
	return on_error(nlh, ((struct dispatch *)data)->nl);
}

static int dispatch_done(const struct nlmsghdr *nlh, void *data)
{
	return on_done(nlh, ((struct dispatch *)data)->nl);
}

/* An interrupted dump is shown as far as it is consistent per VR, not refused. */
static bool clear_interruption(char *buf, int len)
{
	struct nlmsghdr *nlh = (struct nlmsghdr *)buf;
	bool any = false;

	for (; mnl_nlmsg_ok(nlh, len); nlh = mnl_nlmsg_next(nlh, &len)) {
		any = any || nlh->nlmsg_flags & NLM_F_DUMP_INTR;
		nlh->nlmsg_flags &= ~NLM_F_DUMP_INTR;
	}
	return any;
}

static int run(struct nl *nl, uint32_t seq, mnl_cb_t cb, void *data)
{
	static char buf[NL_RECEIVE_BUF] __attribute__((aligned(NLMSG_ALIGNTO)));
	static mnl_cb_t control[] = {
		[NLMSG_ERROR] = dispatch_error,
		[NLMSG_DONE] = dispatch_done,
	};
	struct dispatch d = { nl, cb, data };
	ssize_t len;
	int ret;

	len = mnl_socket_recvfrom(nl->socket, buf, sizeof(buf));
	if (len < 0)
		return -errno;
	if (clear_interruption(buf, len))
		nl->interrupted = true;
	ret = mnl_cb_run2(buf, len, seq, seq ? mnl_socket_get_portid(nl->socket) : 0,
			  dispatch_data, &d, control, NLMSG_DONE + 1);
	return ret < 0 ? -errno : ret;
}

int nl_talk(struct nl *nl, struct nlmsghdr *nlh, mnl_cb_t cb, void *data)
{
	int ret;

	nl->error = 0;
	nl->interrupted = false;
	nl->message[0] = '\0';
	nlh->nlmsg_seq = ++nl->seq;
	nlh->nlmsg_flags |= NLM_F_REQUEST;
	if ((nlh->nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP)
		nlh->nlmsg_flags |= NLM_F_ACK;
	if (mnl_socket_sendto(nl->socket, nlh, nlh->nlmsg_len) < 0) {
		nl->error = errno;
		return -errno;
	}
	do {
		ret = run(nl, nl->seq, cb, data);
		if (ret == -EINTR)
			ret = MNL_CB_OK;	/* a signal */
	} while (ret > 0);
	if (ret < 0 && !nl->error)
		nl->error = -ret;
	return -nl->error;
}

int nl_receive(struct nl *nl, mnl_cb_t cb, void *data)
{
	int ret = run(nl, 0, cb, data);

	return ret < 0 ? ret : 0;
}

int nl_fail(const struct nl *nl, const char *who)
{
	size_t len = strlen(nl->message);

	if (len)
		fprintf(stderr, "Error: %s%s\n", nl->message,
			nl->message[len - 1] == '.' ? "" : ".");
	else
		fprintf(stderr, "%s answers: %s\n", who, strerror(nl->error));
	return nl->error == ENOENT || nl->error == ENODEV ? EXIT_USAGE : EXIT_KERNEL;
}

uint64_t nl_uint(const struct nlattr *attr)
{
	switch (mnl_attr_get_payload_len(attr)) {
	case 1: return mnl_attr_get_u8(attr);
	case 2: return mnl_attr_get_u16(attr);
	case 4: return mnl_attr_get_u32(attr);
	case 8: return mnl_attr_get_u64(attr);
	default: return 0;
	}
}

void nl_string(char *to, size_t size, const struct nlattr *attr)
{
	size_t len = mnl_attr_get_payload_len(attr);

	if (len >= size)
		len = size - 1;
	memcpy(to, mnl_attr_get_payload(attr), len);
	to[len] = '\0';
}
