// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/socket.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>

#include "given.h"
#include "memory.h"
#include "signals.h"

#define MESSAGE_MAX	(64 << 10)	/* a route by hundreds of nexthops */
#define CARRIER_MS	20000		/* copper takes some seconds */
#define SETTLE_MS	3000		/* for duplicate address detection */
#define SETTLE_STEP_MS	20
#define IP6_HZ		100		/* of the kernel's clock_t */
#define FLAGS		(IFF_NOARP | IFF_MULTICAST | IFF_ALLMULTI | IFF_PROMISC)

static char message[MESSAGE_MAX] __attribute__((aligned(NLMSG_ALIGNTO)));

/* Forth, the first that is refused ends it; back, it is counted, and the rest goes on. */
struct giving {
	struct nl *nl;
	const struct carried *c;
	uint32_t ifindex;	/* of whom it is given to */
	bool back;
	bool may_end;		/* a signal ends it, too */
	bool settled;
	unsigned int refused;
};

static int complain(const struct nl *nl, const struct carried *c, const char *what)
{
	fprintf(stderr, "Error: %s of \"%s\" cannot be carried over: %s\n", what, c->link.name,
		*nl->message ? nl->message : strerror(nl->error));
	return EXIT_KERNEL;
}

static int complain_conf(const struct carried *c, const char *place, const char *name, int err)
{
	fprintf(stderr, "Error: the setting net/%s/%s/%s cannot be written: %s\n", place,
		c->link.name, name, strerror(-err));
	return EXIT_KERNEL;
}

/* 0: go on. */
static int is_refused(struct giving *g, const char *what)
{
	g->refused++;
	return g->back ? 0 : complain(g->nl, g->c, what);
}

/* What is the same already is not asked for: not every driver takes it. */
static void find_change(const struct rtnl_link *now, const struct rtnl_link *to,
			struct link_change *change)
{
	change->name = strcmp(now->name, to->name) ? to->name : NULL;
	change->alias = strcmp(now->alias, to->alias) ? to->alias : NULL;
	change->address = memcmp(now->address, to->address, 6) ? to->address : NULL;
	change->has = (now->mtu != to->mtu ? LINK_HAS_MTU : 0) |
		      (now->txqlen != to->txqlen ? LINK_HAS_TXQLEN : 0) |
		      (now->group != to->group ? LINK_HAS_GROUP : 0) |
		      (now->master != to->master ? LINK_HAS_MASTER : 0);
	change->mtu = to->mtu;
	change->txqlen = to->txqlen;
	change->group = to->group;
	change->master = to->master;
	change->mask = (now->flags ^ to->flags) & FLAGS;
	change->flags = to->flags & change->mask;
}

/* Each by itself: of one message the kernel leaves out all after what it refuses. */
static void change_apart(struct giving *g, const struct link_change *c)
{
	const struct link_change apart[] = {
		{ .name = c->name },
		{ .alias = c->alias },
		{ .address = c->address },
		{ .has = c->has & LINK_HAS_MTU, .mtu = c->mtu },
		{ .has = c->has & LINK_HAS_TXQLEN, .txqlen = c->txqlen },
		{ .has = c->has & LINK_HAS_GROUP, .group = c->group },
		{ .has = c->has & LINK_HAS_MASTER, .master = c->master },
		{ .flags = c->flags, .mask = c->mask },
	};
	size_t i;

	for (i = 0; i < sizeof(apart) / sizeof(apart[0]); i++)
		if (rtnl_link_set(g->nl, g->ifindex, &apart[i]))
			g->refused++;
}

static int give_link(struct giving *g)
{
	struct link_change change = { 0 };
	struct rtnl_link now;

	if (rtnl_link_up(g->nl, g->ifindex, false) || rtnl_link_get(g->nl, g->ifindex, &now))
		return is_refused(g, "the state");
	find_change(&now, &g->c->link, &change);
	if (g->back)
		change_apart(g, &change);
	else if (rtnl_link_set(g->nl, g->ifindex, &change))
		return is_refused(g, "the name or a property");
	return 0;
}

static struct nlmsghdr *begin(const struct nlmsghdr *saved, size_t header, int flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(message);

	nlh->nlmsg_type = saved->nlmsg_type;
	nlh->nlmsg_flags = flags;
	memcpy(mnl_nlmsg_put_extra_header(nlh, header), mnl_nlmsg_get_payload(saved), header);
	return nlh;
}

static void put_again(struct nlmsghdr *nlh, const struct nlattr *attr)
{
	mnl_attr_put(nlh, attr->nla_type, mnl_attr_get_payload_len(attr),
		     mnl_attr_get_payload(attr));
}

/* -errno; what is there already is as good. */
static int say(struct nl *nl, struct nlmsghdr *nlh)
{
	int err = nl_talk(nl, nlh, NULL, NULL);

	return err == -EEXIST ? 0 : err;
}

/* Without what the kernel finds out for itself. */
static uint32_t given_flags(const struct nlmsghdr *saved)
{
	return messages_address_flags(saved) &
	       (IFA_F_NODAD | IFA_F_HOMEADDRESS | IFA_F_MANAGETEMPADDR | IFA_F_NOPREFIXROUTE |
		IFA_F_MCAUTOJOIN);
}

static int give_address(struct nl *nl, const struct nlmsghdr *saved, uint32_t ifindex)
{
	struct nlmsghdr *nlh = begin(saved, sizeof(struct ifaddrmsg), NLM_F_CREATE | NLM_F_EXCL);
	struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;

	ifa->ifa_index = ifindex;
	ifa->ifa_flags = given_flags(saved);
	mnl_attr_for_each(attr, saved, sizeof(*ifa))
		if (mnl_attr_get_type(attr) != IFA_FLAGS)
			put_again(nlh, attr);
	mnl_attr_put_u32(nlh, IFA_FLAGS, given_flags(saved));
	return say(nl, nlh);
}

static bool is_inet6(const struct nlmsghdr *nlh)
{
	return *(const uint8_t *)mnl_nlmsg_get_payload(nlh) == AF_INET6;
}

static int give_addresses_of(struct giving *g, bool inet6)
{
	const struct messages *m = &g->c->addresses;
	const struct nlmsghdr *saved;
	size_t i;
	int ret = 0;

	for (i = 0; i < m->count && !ret; i++) {
		saved = m->all[inet6 ? m->count - 1 - i : i];
		if (is_inet6(saved) == inet6 && give_address(g->nl, saved, g->ifindex))
			ret = is_refused(g, "an address");
	}
	return ret;
}

/* The kernel shows IPv4's in the order in which they came, IPv6's the other way round. */
static int give_addresses(struct giving *g)
{
	int ret = give_addresses_of(g, false);

	return ret ? ret : give_addresses_of(g, true);
}

static int give_neighbour(struct nl *nl, const struct nlmsghdr *saved, uint32_t ifindex)
{
	struct nlmsghdr *nlh = begin(saved, sizeof(struct ndmsg), NLM_F_CREATE | NLM_F_REPLACE);
	const struct nlattr *attr;

	((struct ndmsg *)mnl_nlmsg_get_payload(nlh))->ndm_ifindex = ifindex;
	mnl_attr_for_each(attr, saved, sizeof(struct ndmsg))
		if (mnl_attr_get_type(attr) == NDA_DST || mnl_attr_get_type(attr) == NDA_LLADDR ||
		    mnl_attr_get_type(attr) == NDA_PROTOCOL)
			put_again(nlh, attr);
	return say(nl, nlh);
}

static int give_neighbours(struct giving *g)
{
	size_t i;
	int ret = 0;

	for (i = 0; i < g->c->neighbours.count && !ret; i++)
		if (give_neighbour(g->nl, g->c->neighbours.all[i], g->ifindex))
			ret = is_refused(g, "a neighbour");
	return ret;
}

/* ---- waiting ----------------------------------------------------------- */

struct unsettled {
	uint32_t ifindex;
	bool any;
};

static int see_unsettled(const struct nlmsghdr *nlh, void *data)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
	struct unsettled *u = data;

	if (ifa->ifa_index == u->ifindex && ifa->ifa_family == AF_INET6 &&
	    (messages_address_flags(nlh) & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) == IFA_F_TENTATIVE)
		u->any = true;
	return MNL_CB_OK;
}

static bool has_no_carrier(struct nl *nl, uint32_t ifindex)
{
	struct rtnl_link link;

	return !rtnl_link_get(nl, ifindex, &link) && !(link.flags & IFF_RUNNING);
}

static bool is_unsettled(struct nl *nl, uint32_t ifindex)
{
	struct unsettled u = { .ifindex = ifindex };
	int err = messages_dump(nl, RTM_GETADDR, AF_INET6, sizeof(struct ifaddrmsg), see_unsettled,
				&u);

	return err == -EINTR || (!err && u.any);
}

static bool is_ended(const struct giving *g)
{
	return g->may_end && signals_end_us();
}

static void wait_while(struct giving *g, bool (*is)(struct nl *nl, uint32_t ifindex), int ms)
{
	struct timespec step = { .tv_nsec = SETTLE_STEP_MS * 1000000L };

	for (; ms > 0 && is(g->nl, g->ifindex) && !is_ended(g); ms -= SETTLE_STEP_MS)
		clock_nanosleep(CLOCK_MONOTONIC, 0, &step, NULL);
}

/*
 * A route's source is an address that is not tentative, which it is until the link is up, as
 * the kernel finds some time later; then it makes the link-local address. Without a carrier it
 * stays so.
 */
static void settle(struct giving *g)
{
	g->settled = true;
	if (!(g->c->link.flags & IFF_RUNNING))
		return;
	wait_while(g, has_no_carrier, CARRIER_MS);
	wait_while(g, is_unsettled, SETTLE_MS);
}

/* ---- routes ------------------------------------------------------------ */

static void put_resilient(struct nlmsghdr *nlh, const struct nlattr *nest)
{
	struct nlattr *to = mnl_attr_nest_start(nlh, NHA_RES_GROUP);
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest)
		if (mnl_attr_get_type(attr) != NHA_RES_GROUP_UNBALANCED_TIME)
			put_again(nlh, attr);
	mnl_attr_nest_end(nlh, to);
}

static int give_nexthop(struct nl *nl, const struct nlmsghdr *saved, uint32_t ifindex, bool onlink)
{
	struct nlmsghdr *nlh = begin(saved, sizeof(struct nhmsg), NLM_F_CREATE | NLM_F_REPLACE);
	struct nhmsg *nh = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;

	nh->nh_scope = 0;
	nh->nh_flags &= RTNH_F_ONLINK;
	if (onlink && messages_find(saved, sizeof(*nh), NHA_GATEWAY))
		nh->nh_flags |= RTNH_F_ONLINK;
	mnl_attr_for_each(attr, saved, sizeof(*nh)) {
		switch (mnl_attr_get_type(attr)) {
		case NHA_OIF: mnl_attr_put_u32(nlh, NHA_OIF, ifindex); break;
		case NHA_RES_GROUP: put_resilient(nlh, attr); break;
		case NHA_ID: case NHA_GATEWAY: case NHA_ENCAP: case NHA_ENCAP_TYPE:
		case NHA_GROUP: case NHA_GROUP_TYPE:
			put_again(nlh, attr);
			break;
		}
	}
	return say(nl, nlh);
}

static void put_multipath(struct nlmsghdr *nlh, const struct nlattr *attr, uint32_t from,
			  uint32_t to)
{
	struct nlattr *at = mnl_nlmsg_get_payload_tail(nlh);
	struct rtnexthop *nh;
	int len = mnl_attr_get_payload_len(attr);

	put_again(nlh, attr);
	nh = mnl_attr_get_payload(at);
	for (; RTNH_OK(nh, len); len -= NLMSG_ALIGN(nh->rtnh_len), nh = RTNH_NEXT(nh)) {
		if (nh->rtnh_ifindex == (int)from)
			nh->rtnh_ifindex = to;
		nh->rtnh_flags &= RTNH_F_ONLINK | RTNH_F_PERVASIVE;
	}
}

static void put_expiry(struct nlmsghdr *nlh, const struct nlattr *attr)
{
	struct rta_cacheinfo info = { 0 };
	size_t len = mnl_attr_get_payload_len(attr);

	memcpy(&info, mnl_attr_get_payload(attr), len < sizeof(info) ? len : sizeof(info));
	if (is_inet6(nlh) && info.rta_expires > 0)
		mnl_attr_put_u32(nlh, RTA_EXPIRES, (info.rta_expires + IP6_HZ - 1) / IP6_HZ);
}

/* A nexthop's number says all that the kernel tells besides. */
static void put_route_attr(struct nlmsghdr *nlh, const struct nlattr *attr, bool by_id,
			   uint32_t from, uint32_t to)
{
	switch (mnl_attr_get_type(attr)) {
	case RTA_OIF:
		if (!by_id)
			mnl_attr_put_u32(nlh, RTA_OIF, nl_uint(attr) == from ? to : nl_uint(attr));
		break;
	case RTA_MULTIPATH:
		if (!by_id)
			put_multipath(nlh, attr, from, to);
		break;
	case RTA_GATEWAY: case RTA_VIA: case RTA_ENCAP: case RTA_ENCAP_TYPE:
		if (!by_id)
			put_again(nlh, attr);
		break;
	case RTA_CACHEINFO:
		put_expiry(nlh, attr);
		break;
	default:
		put_again(nlh, attr);
	}
}

/* Of one that is not this interface's alone, a part may be there still. */
static int give_route(struct nl *nl, const struct nlmsghdr *saved, uint32_t from, uint32_t to,
		      bool onlink)
{
	bool by_id = messages_find(saved, sizeof(struct rtmsg), RTA_NH_ID);
	bool shared = messages_find(saved, sizeof(struct rtmsg), RTA_MULTIPATH) ||
		      messages_find_u32(saved, sizeof(struct rtmsg), RTA_OIF) != from;
	struct nlmsghdr *nlh = begin(saved, sizeof(struct rtmsg), NLM_F_CREATE |
				     (shared && !by_id ? NLM_F_REPLACE : NLM_F_APPEND));
	struct rtmsg *rt = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;

	rt->rtm_flags &= RTNH_F_ONLINK | RTNH_F_PERVASIVE;
	if (onlink)
		rt->rtm_flags |= RTNH_F_ONLINK;
	mnl_attr_for_each(attr, saved, sizeof(*rt))
		put_route_attr(nlh, attr, by_id, from, to);
	return say(nl, nlh);
}

static int give_way(const struct giving *g, const struct nlmsghdr *saved, bool onlink)
{
	return saved->nlmsg_type == RTM_NEWNEXTHOP ?
	       give_nexthop(g->nl, saved, g->ifindex, onlink) :
	       give_route(g->nl, saved, g->c->link.ifindex, g->ifindex, onlink);
}

/* Nexthops and routes, and which are still to be given. */
struct ways {
	const struct messages *nexthops, *routes;
	bool *given;
	size_t left;
	struct nl why;		/* the last that was refused, and what it is */
	const char *what;
};

static void give_ways_once(struct giving *g, struct ways *w, bool onlink)
{
	size_t i, n = w->nexthops->count, count = n + w->routes->count;
	const struct nlmsghdr *saved;

	for (i = 0; i < count; i++) {
		if (w->given[i])
			continue;
		saved = i < n ? w->nexthops->all[i] : w->routes->all[i - n];
		if (!give_way(g, saved, false) || (onlink && !give_way(g, saved, true))) {
			w->given[i] = true;
			w->left--;
			continue;
		}
		w->why = *g->nl;
		w->what = i < n ? "a nexthop" : "a route";
	}
}

/*
 * The gateway of one may be reached by another: while some are taken, those that the
 * kernel refused are tried again. What is left has gateways that cannot be reached any
 * more; the kernel kept them, and would not take them now, but for onlink.
 */
static int give_ways(struct giving *g)
{
	struct ways w = { .nexthops = &g->c->nexthops, .routes = &g->c->routes };
	bool onlink = false;
	size_t before;

	w.left = w.nexthops->count + w.routes->count;
	w.given = need(calloc(w.left + 1, sizeof(*w.given)));
	while (w.left) {
		before = w.left;
		give_ways_once(g, &w, onlink);
		if (w.left < before) {
			onlink = false;
		} else if (!g->settled) {
			settle(g);
		} else if (onlink) {
			break;
		} else {
			onlink = true;
		}
	}
	free(w.given);
	g->refused += w.left;
	return w.left && !g->back ? complain(&w.why, g->c, w.what) : 0;
}

/* ---- all of it --------------------------------------------------------- */

static int give_conf(struct giving *g)
{
	const struct devconf_entry *refused;
	int err;
	unsigned int n = devconf_write(g->c->link.name, &g->c->conf, &refused, &err);

	g->refused += n;
	if (n && !g->back)
		return complain_conf(g->c, devconf_place(refused), refused->name, err);
	/* The addresses were asked for when they were set, and the same machine goes on with
	 * them; where this cannot be said they are asked for again.
	 */
	devconf_set6(g->c->link.name, "accept_dad", "0");
	return 0;
}

static int give_accept_dad(struct giving *g)
{
	const char *was = devconf_get6(&g->c->conf, "accept_dad");
	int err = was ? devconf_set6(g->c->link.name, "accept_dad", was) : 0;

	if (!err)
		return 0;
	g->refused++;
	return g->back ? 0 : complain_conf(g->c, "ipv6/conf", "accept_dad", err);
}

static int interrupted(const struct giving *g)
{
	if (!is_ended(g))
		return 0;
	fprintf(stderr, "Interrupted: \"%s\" gets all back.\n", g->c->link.name);
	return EXIT_KERNEL;
}

static int give(struct giving *g)
{
	int ret = give_link(g);

	if (!ret)
		ret = give_conf(g);
	if (!ret)
		ret = give_addresses(g);
	if (!ret && g->c->link.flags & IFF_UP && rtnl_link_up(g->nl, g->ifindex, true))
		ret = is_refused(g, "the state");
	if (ret)
		return ret;
	/* Back, who is to end waits only where something is refused without. */
	if (!g->back || !signals_end_us())
		settle(g);
	ret = interrupted(g);
	if (!ret)
		ret = give_ways(g);
	if (!ret)
		ret = give_neighbours(g);
	if (!ret)
		ret = give_accept_dad(g);
	/* It ends by that signal, which is not to be taken for a takeover that was not done. */
	return ret ? ret : interrupted(g);
}

int carried_give(struct nl *nl, const struct carried *c, uint32_t ifindex, bool may_end)
{
	struct giving g = { .nl = nl, .c = c, .ifindex = ifindex, .may_end = may_end };

	return give(&g);
}

unsigned int carried_give_back(struct nl *nl, const struct carried *c, uint32_t ifindex)
{
	struct giving g = { .nl = nl, .c = c, .ifindex = ifindex, .back = true };

	give(&g);
	return g.refused;
}

/* Those of IPv6 go with it; of IPv4 a first one takes others with it. */
static int take_addresses(struct nl *nl, const struct carried *c)
{
	struct nlmsghdr *nlh;
	const struct nlattr *attr;
	size_t i;
	int err, last = 0;

	for (i = 0; i < c->addresses.count; i++) {
		if (is_inet6(c->addresses.all[i]))
			continue;
		nlh = begin(c->addresses.all[i], sizeof(struct ifaddrmsg), 0);
		nlh->nlmsg_type = RTM_DELADDR;
		/* Another than they were saved from, when what was given is taken off again. */
		((struct ifaddrmsg *)mnl_nlmsg_get_payload(nlh))->ifa_index = c->link.ifindex;
		mnl_attr_for_each(attr, c->addresses.all[i], sizeof(struct ifaddrmsg))
			if (mnl_attr_get_type(attr) == IFA_LOCAL || mnl_attr_get_type(attr) == IFA_ADDRESS)
				put_again(nlh, attr);
		err = nl_talk(nl, nlh, NULL, NULL);
		if (err && err != -EADDRNOTAVAIL)
			last = err;
	}
	return last;
}

/* All of it is tried, also where nothing could be done about what fails. */
int carried_take_off(struct nl *nl, const struct carried *c, const char *name, const char *alias)
{
	struct link_change change = { .name = name, .alias = alias, .has = LINK_HAS_MASTER };
	int err, ret = 0;

	if (rtnl_link_up(nl, c->link.ifindex, false))
		ret = complain(nl, c, "the state");
	if (take_addresses(nl, c))
		ret = complain(nl, c, "an address");
	if (!c->link.master)
		change.has = 0;
	if (rtnl_link_set(nl, c->link.ifindex, &change)) {
		fprintf(stderr, "Error: \"%s\" cannot be renamed to \"%s\": %s\n", c->link.name, name,
			*nl->message ? nl->message : strerror(nl->error));
		return EXIT_KERNEL;
	}
	err = devconf_set6(name, "disable_ipv6", "1");
	return err ? complain_conf(c, "ipv6/conf", "disable_ipv6", err) : ret;
}
