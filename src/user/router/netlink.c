// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/netconf.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "mirror.h"
#include "netlink.h"

#define BUFFER		65536		/* bytes; dumps come in 32 KB */
#define RECEIVE		(4 << 20)	/* bytes wanted, the kernel may give less */
#define SYNC_EVERY	200		/* ms between the end of one and the next, or more */
/* What the call to receive a datagram costs, in messages; and while there is a dump,
 * which the kernel then goes on with, for milliseconds where many IPv6 routes change.
 */
#define DATAGRAM	4
#define DATAGRAM_DUMP	32

/* In an order in which each knows what the next refers to. */
static const struct {
	uint16_t type;
	uint8_t family;
	uint8_t size;		/* of the fixed part; the kernel logs any excess */
} dumps[] = {
	{ RTM_GETLINK, AF_UNSPEC, sizeof(struct ifinfomsg) },
	{ RTM_GETNETCONF, AF_INET, sizeof(struct netconfmsg) },
	{ RTM_GETNETCONF, AF_INET6, sizeof(struct netconfmsg) },
	{ RTM_GETADDR, AF_INET, sizeof(struct ifaddrmsg) },
	{ RTM_GETADDR, AF_INET6, sizeof(struct ifaddrmsg) },
	{ RTM_GETRULE, AF_INET, sizeof(struct fib_rule_hdr) },
	{ RTM_GETRULE, AF_INET6, sizeof(struct fib_rule_hdr) },
	{ RTM_GETNEXTHOP, AF_UNSPEC, sizeof(struct nhmsg) },
	{ RTM_GETROUTE, AF_INET, sizeof(struct rtmsg) },
	{ RTM_GETROUTE, AF_INET6, sizeof(struct rtmsg) },
	{ RTM_GETNEIGH, AF_INET, sizeof(struct ndmsg) },
	{ RTM_GETNEIGH, AF_INET6, sizeof(struct ndmsg) },
};

#define DUMPS	(sizeof(dumps) / sizeof(dumps[0]))

static const uint8_t groups[] = {
	RTNLGRP_LINK, RTNLGRP_IPV4_NETCONF, RTNLGRP_IPV4_IFADDR,
	RTNLGRP_IPV4_RULE, RTNLGRP_IPV4_ROUTE, RTNLGRP_NEIGH, RTNLGRP_NEXTHOP,
	RTNLGRP_IPV6_NETCONF, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV6_RULE,
	RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV6_IFINFO,
};

static int join(struct mnl_socket *socket)
{
	unsigned int i;
	int group;

	for (i = 0; i < sizeof(groups); i++) {
		group = groups[i];
		if (mnl_socket_setsockopt(socket, NETLINK_ADD_MEMBERSHIP, &group,
					  sizeof(group)) < 0)
			return -errno;
	}
	return 0;
}

int netlink_open(struct netlink *nl)
{
	int size = RECEIVE, err;

	memset(nl, 0, sizeof(*nl));
	nl->buffer = malloc(BUFFER);
	if (!nl->buffer)
		return -ENOMEM;
	nl->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (!nl->socket) {
		err = -errno;
		goto err_buffer;
	}
	nl->fd = mnl_socket_get_fd(nl->socket);
	/* A privileged one is not bound to net.core.rmem_max. */
	if (setsockopt(nl->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(nl->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	err = mnl_socket_bind(nl->socket, 0, MNL_SOCKET_AUTOPID) < 0 ? -errno :
								     join(nl->socket);
	if (!err)
		return 0;
	mnl_socket_close(nl->socket);
err_buffer:
	free(nl->buffer);
	return err;
}

void netlink_close(struct netlink *nl)
{
	mnl_socket_close(nl->socket);
	free(nl->buffer);
	memset(nl, 0, sizeof(*nl));
}

/* ---- one sync: all dumps, one after the other -------------------------- */

/* The family comes first in each fixed part, the rest is 0. */
static bool ask(struct netlink *nl)
{
	char buffer[NLMSG_HDRLEN + 32];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
	uint8_t *fixed = mnl_nlmsg_put_extra_header(nlh, dumps[nl->step].size);

	fixed[0] = dumps[nl->step].family;
	nlh->nlmsg_type = dumps[nl->step].type;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	nlh->nlmsg_seq = ++nl->seq;
	return mnl_socket_sendto(nl->socket, nlh, nlh->nlmsg_len) >= 0;
}

/* A big table is not read all the time, however often it has to be read again. */
static void sync_end(struct netlink *nl, struct router *r, uint64_t now)
{
	nl->syncing = false;
	nl->due_at = now + SYNC_EVERY;
	if (now - nl->began_at > SYNC_EVERY)
		nl->due_at = now + (now - nl->began_at);
	if (nl->broken) {
		r->resync = true;
		return;
	}
	router_sweep(r, !nl->upset);
	r->resync |= nl->upset;
	nl->synced = true;
	r->stats.syncs++;
	if (r->verbose)
		fprintf(stderr, "europa-router: in sync: %u ports, %u routes, %u of IPv6\n",
			r->ports.count - r->ports.vlans, r->ip4.fib.routes, r->ip6.fib.routes);
}

static void sync_begin(struct netlink *nl, struct router *r, uint64_t now)
{
	r->resync = false;
	nl->began_at = now;
	router_settings(r);
	router_mark(r);
	nl->syncing = true;
	nl->broken = nl->upset = false;
	nl->step = 0;
	if (!ask(nl)) {
		nl->broken = true;
		sync_end(nl, r, now);
	}
}

static void dump_done(struct netlink *nl, struct router *r, uint64_t now)
{
	if (dumps[nl->step].type == RTM_GETRULE && !nl->broken)
		mirror_rules(r, dumps[nl->step].family);
	if (!nl->broken && ++nl->step < DUMPS && ask(nl))
		return;
	nl->broken |= nl->step < DUMPS;
	sync_end(nl, r, now);
}

/* ---- receiving --------------------------------------------------------- */

/* Of NLMSG_ERROR and of NLMSG_DONE: both begin with it. */
static int error_of(const struct nlmsghdr *nlh)
{
	int err;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(err))
		return -EBADMSG;
	memcpy(&err, mnl_nlmsg_get_payload(nlh), sizeof(err));
	return err;
}

/*
 * A dump that ends with an error has not told all, and what it left out would be
 * swept. But a kernel may have been told to do without IPv6.
 */
static bool incomplete(const struct netlink *nl, int err)
{
	bool absent = err == -EOPNOTSUPP || err == -EAFNOSUPPORT;

	return err && !(absent && dumps[nl->step].family == AF_INET6);
}

/* A kernel without IPv6 that is asked for its routes tells those of all families. */
static bool asked_for(const struct netlink *nl, const struct message *m)
{
	uint8_t family = dumps[nl->step].family;

	return family == AF_UNSPEC || family == m->family;
}

/*
 * The kernel goes on with a dump of IPv6 routes, after a change of any, by their
 * count: where some were removed it leaves out as many that are there.
 */
static bool upsets(const struct netlink *nl, const struct message *m)
{
	return nl->syncing && m->gone && m->type == MESSAGE_ROUTE &&
	       m->family == AF_INET6 && dumps[nl->step].type == RTM_GETROUTE &&
	       dumps[nl->step].family == AF_INET6;
}

static void apply(struct netlink *nl, struct router *r, const struct message *m)
{
	if (upsets(nl, m))
		nl->upset = true;
	mirror_apply(r, m);
}

static void receive_one(struct netlink *nl, struct router *r,
			const struct nlmsghdr *nlh, uint64_t now)
{
	bool ours = nl->syncing && nlh->nlmsg_seq == nl->seq;
	struct message m;

	if (ours && nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		nl->broken = true;
	switch (nlh->nlmsg_type) {
	case NLMSG_ERROR:
	case NLMSG_DONE:
		if (!ours)
			return;
		nl->broken |= incomplete(nl, error_of(nlh));
		dump_done(nl, r, now);
		return;
	default:
		if (message_read(nlh, &m) && (!ours || asked_for(nl, &m)))
			apply(nl, r, &m);
		r->stats.messages++;
	}
}

/* Returns how many messages there were. */
static unsigned int receive_all(struct netlink *nl, struct router *r, int size,
				uint64_t now)
{
	const struct nlmsghdr *nlh = (const void *)nl->buffer;
	unsigned int n = 0;

	for (; mnl_nlmsg_ok(nlh, size); n++) {
		receive_one(nl, r, nlh, now);
		nlh = mnl_nlmsg_next(nlh, &size);
	}
	return n;
}

/*
 * Messages were lost. A dump going on has lost some too, perhaps its end. Until
 * all that is left is read the kernel drops every other change, without saying so
 * again; and what is left may be what the lost ones took back. So a sync that
 * began now would confirm what is gone, and miss what comes.
 */
static void overrun(struct netlink *nl, struct router *r)
{
	r->stats.overruns++;
	r->resync = true;
	nl->syncing = false;
	nl->draining = true;
}

/* Returns what it was worth in messages, 0 when there is nothing to read. */
static unsigned int receive(struct netlink *nl, struct router *r, uint64_t now)
{
	struct iovec iov = { nl->buffer, BUFFER };
	struct sockaddr_nl from = { 0 };
	struct msghdr msg = {
		.msg_name = &from, .msg_namelen = sizeof(from),
		.msg_iov = &iov, .msg_iovlen = 1,
	};
	unsigned int worth = nl->syncing || nl->draining ? DATAGRAM_DUMP : DATAGRAM;
	ssize_t n = recvmsg(nl->fd, &msg, MSG_DONTWAIT);

	if (n < 0 && errno == ENOBUFS) {
		overrun(nl, r);
		return worth;
	}
	if (n < 0 && errno == EINTR)
		return worth;
	if (n < 0) {
		nl->draining = false;
		return 0;
	}
	if (from.nl_pid)
		return worth;
	if (msg.msg_flags & MSG_TRUNC)
		overrun(nl, r);
	return worth + receive_all(nl, r, n, now);
}

int netlink_timeout(const struct netlink *nl, const struct router *r,
		    uint64_t now)
{
	if (!r->resync || nl->syncing || nl->draining)
		return -1;
	return !nl->synced || now >= nl->due_at ? 0 : (int)(nl->due_at - now);
}

bool netlink_work(struct netlink *nl, struct router *r, unsigned int messages,
		  uint64_t now)
{
	unsigned int done = 0, n;

	if (!netlink_timeout(nl, r, now))
		sync_begin(nl, r, now);
	do {
		n = receive(nl, r, now);
		done += n;
	} while (n && done < messages);
	if (done && nl->synced)
		mirror_refresh(r);
	return n;
}
