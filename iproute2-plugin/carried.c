// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>

#include "carried.h"

#define PROTO_KERNEL_LL	3		/* IFAPROT_KERNEL_LL of newer headers */
#define SAVES		10		/* until nothing changes meanwhile */

struct saver {
	struct carried *c;
	uint32_t ifindex;
	bool groups;		/* of nexthops, the second time */
	struct messages failed;	/* addresses that another machine has */
};

/* Those that the kernel makes of itself it makes for the other interface, too. */
static bool address_is_made(const struct nlmsghdr *nlh, const struct ifaddrmsg *ifa)
{
	return messages_find_u32(nlh, sizeof(*ifa), IFA_PROTO) == PROTO_KERNEL_LL ||
	       (ifa->ifa_family == AF_INET6 && messages_address_flags(nlh) & IFA_F_TEMPORARY);
}

/* One that another machine has: the kernel does not use it, and would if it were set again. */
static bool address_has_failed(const struct nlmsghdr *nlh, struct saver *s)
{
	if (!(messages_address_flags(nlh) & IFA_F_DADFAILED))
		return false;
	messages_keep(&s->failed, nlh);
	return true;
}

static void tell_failed(const struct saver *s)
{
	const struct nlattr *attr;
	char text[INET6_ADDRSTRLEN];
	size_t i;

	for (i = 0; i < s->failed.count; i++) {
		attr = messages_find(s->failed.all[i], sizeof(struct ifaddrmsg), IFA_ADDRESS);
		if (!attr || mnl_attr_get_payload_len(attr) != sizeof(struct in6_addr))
			continue;
		inet_ntop(AF_INET6, mnl_attr_get_payload(attr), text, sizeof(text));
		fprintf(stderr, "Note: \"%s\" of \"%s\" is not carried over: another machine has it (dadfailed).\n",
			text, s->c->link.name);
	}
}

static int save_address(const struct nlmsghdr *nlh, void *data)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
	struct saver *s = data;

	if (ifa->ifa_index == s->ifindex && !address_is_made(nlh, ifa) &&
	    (ifa->ifa_family == AF_INET ||
	     (ifa->ifa_family == AF_INET6 && !address_has_failed(nlh, s))))
		messages_keep(&s->c->addresses, nlh);
	return MNL_CB_OK;
}

static int save_neighbour(const struct nlmsghdr *nlh, void *data)
{
	const struct ndmsg *nd = mnl_nlmsg_get_payload(nlh);
	struct saver *s = data;

	if (nd->ndm_ifindex == (int)s->ifindex && nd->ndm_state & NUD_PERMANENT &&
	    (nd->ndm_family == AF_INET || nd->ndm_family == AF_INET6))
		messages_keep(&s->c->neighbours, nlh);
	return MNL_CB_OK;
}

static bool nexthop_is_saved(const struct carried *c, uint32_t id)
{
	size_t i;

	for (i = 0; i < c->nexthops.count; i++)
		if (messages_find_u32(c->nexthops.all[i], sizeof(struct nhmsg), NHA_ID) == id)
			return true;
	return false;
}

static bool group_is_ours(const struct carried *c, const struct nlattr *attr)
{
	const struct nexthop_grp *member = mnl_attr_get_payload(attr);
	size_t n = mnl_attr_get_payload_len(attr) / sizeof(*member);

	for (; n; n--, member++)
		if (nexthop_is_saved(c, member->id))
			return true;
	return false;
}

static int save_nexthop(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *group = messages_find(nlh, sizeof(struct nhmsg), NHA_GROUP);
	struct saver *s = data;

	if (s->groups ? group && group_is_ours(s->c, group) :
	    messages_find_u32(nlh, sizeof(struct nhmsg), NHA_OIF) == s->ifindex)
		messages_keep(&s->c->nexthops, nlh);
	return MNL_CB_OK;
}

static bool multipath_is_ours(const struct nlattr *attr, uint32_t ifindex)
{
	struct rtnexthop *nh = mnl_attr_get_payload(attr);
	int len = mnl_attr_get_payload_len(attr);

	for (; RTNH_OK(nh, len); len -= NLMSG_ALIGN(nh->rtnh_len), nh = RTNH_NEXT(nh))
		if (nh->rtnh_ifindex == (int)ifindex)
			return true;
	return false;
}

static bool source_is_ours(const struct nlattr *source, const struct carried *c)
{
	const struct nlattr *local;
	size_t i, len = mnl_attr_get_payload_len(source);

	for (i = 0; i < c->addresses.count; i++) {
		local = messages_find(c->addresses.all[i], sizeof(struct ifaddrmsg), IFA_LOCAL);
		if (!local)
			local = messages_find(c->addresses.all[i], sizeof(struct ifaddrmsg), IFA_ADDRESS);
		if (local && mnl_attr_get_payload_len(local) == len &&
		    !memcmp(mnl_attr_get_payload(local), mnl_attr_get_payload(source), len))
			return true;
	}
	return false;
}

/* Also one of another interface goes with the address that is its source. */
static bool route_is_ours(const struct nlmsghdr *nlh, const struct saver *s)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct rtmsg)) {
		switch (mnl_attr_get_type(attr)) {
		case RTA_OIF:
			if (nl_uint(attr) == s->ifindex)
				return true;
			break;
		case RTA_MULTIPATH:
			if (multipath_is_ours(attr, s->ifindex))
				return true;
			break;
		case RTA_NH_ID:
			if (nexthop_is_saved(s->c, nl_uint(attr)))
				return true;
			break;
		case RTA_PREFSRC:
			if (source_is_ours(attr, s->c))
				return true;
			break;
		}
	}
	return false;
}

static bool conf6_is(const struct carried *c, const char *name, const char *value)
{
	const char *is = devconf_get6(&c->conf, name);

	return is && !strcmp(is, value);
}

static bool accepts_ra(const struct carried *c)
{
	return conf6_is(c, "accept_ra", "2") ||
	       (conf6_is(c, "accept_ra", "1") && conf6_is(c, "forwarding", "0"));
}

/* Set again it would have no end. */
static bool route_has_expired(const struct nlmsghdr *nlh)
{
	const struct nlattr *attr = messages_find(nlh, sizeof(struct rtmsg), RTA_CACHEINFO);
	struct rta_cacheinfo info = { 0 };
	size_t len = attr ? mnl_attr_get_payload_len(attr) : 0;

	if (attr)
		memcpy(&info, mnl_attr_get_payload(attr), len < sizeof(info) ? len : sizeof(info));
	return info.rta_expires < 0;
}

/*
 * Some set those of prefixes themselves and say that they are the kernel's; where it made one
 * it does so again, and the second is refused for being the same. One of a router's
 * advertisements the kernel learns again, which it would not if there were one that it did not
 * make.
 */
static bool route_is_made(const struct nlmsghdr *nlh, const struct rtmsg *rt,
			  const struct saver *s)
{
	if (rt->rtm_protocol == RTPROT_RA)
		return rt->rtm_family == AF_INET6 && accepts_ra(s->c) &&
		       messages_find_u32(nlh, sizeof(*rt), RTA_OIF) == s->ifindex;
	return rt->rtm_protocol == RTPROT_KERNEL &&
	       (rt->rtm_type != RTN_UNICAST ||
		messages_find_u32(nlh, sizeof(*rt), RTA_TABLE) == RT_TABLE_LOCAL ||
		messages_find_u32(nlh, sizeof(*rt), RTA_OIF) != s->ifindex);
}

static int save_route(const struct nlmsghdr *nlh, void *data)
{
	const struct rtmsg *rt = mnl_nlmsg_get_payload(nlh);
	struct saver *s = data;

	if ((rt->rtm_family == AF_INET || rt->rtm_family == AF_INET6) &&
	    !(rt->rtm_flags & RTM_F_CLONED) && !route_is_made(nlh, rt, s) &&
	    !route_has_expired(nlh) && route_is_ours(nlh, s))
		messages_keep(&s->c->routes, nlh);
	return MNL_CB_OK;
}

static int save_all(struct nl *nl, struct saver *s)
{
	int err = messages_dump(nl, RTM_GETADDR, AF_UNSPEC, sizeof(struct ifaddrmsg), save_address, s);

	if (!err)
		err = messages_dump(nl, RTM_GETNEIGH, AF_UNSPEC, sizeof(struct ndmsg), save_neighbour, s);
	if (!err)
		err = messages_dump(nl, RTM_GETNEXTHOP, AF_UNSPEC, sizeof(struct nhmsg), save_nexthop, s);
	s->groups = true;
	if (!err)
		err = messages_dump(nl, RTM_GETNEXTHOP, AF_UNSPEC, sizeof(struct nhmsg), save_nexthop, s);
	if (!err)
		err = messages_dump(nl, RTM_GETROUTE, AF_INET, sizeof(struct rtmsg), save_route, s);
	if (!err)
		err = messages_dump(nl, RTM_GETROUTE, AF_INET6, sizeof(struct rtmsg), save_route, s);
	return err;
}

static void free_messages(struct carried *c)
{
	messages_free(&c->addresses);
	messages_free(&c->nexthops);
	messages_free(&c->routes);
	messages_free(&c->neighbours);
}

static void forget(struct saver *s)
{
	free_messages(s->c);
	messages_free(&s->failed);
	s->groups = false;
}

/* What changes meanwhile may hide something else. */
static int save_whole(struct nl *nl, struct saver *s)
{
	int err = save_all(nl, s), i;

	for (i = 1; i < SAVES && err == -EINTR; i++) {
		forget(s);
		err = save_all(nl, s);
	}
	return err;
}

int carried_save(struct nl *nl, uint32_t ifindex, struct carried *c)
{
	struct saver s = { .c = c, .ifindex = ifindex };
	int err;

	memset(c, 0, sizeof(*c));
	if (rtnl_link_get(nl, ifindex, &c->link))
		return nl_fail(nl, "RTNETLINK");
	devconf_read(c->link.name, &c->conf);
	err = save_whole(nl, &s);
	if (!err)
		tell_failed(&s);
	messages_free(&s.failed);
	if (!err)
		return 0;
	if (err == -EINTR)
		fprintf(stderr, "Error: addresses or nexthops change all the time, and what \"%s\" has cannot be told: try again later.\n",
			c->link.name);
	carried_free(c);
	return err == -EINTR ? EXIT_KERNEL : nl_fail(nl, "RTNETLINK");
}

void carried_free(struct carried *c)
{
	free_messages(c);
	devconf_free(&c->conf);
}
