// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/europa.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_vlan.h>
#include <linux/ipv6.h>
#include <linux/lwtunnel.h>
#include <linux/neighbour.h>
#include <linux/netconf.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stddef.h>
#include <string.h>

#include "message.h"

#define ATTRS	128	/* types above are ignored */
#define USER_HZ	100	/* clock ticks a second */

/* Attributes by type; missing ones are NULL. */
struct attrs {
	const struct nlattr *at[ATTRS];
};

/* To the exact end; libmnl's own loop goes on to the next multiple of four. */
static void put_all(struct attrs *t, const char *at, const char *end)
{
	memset(t, 0, sizeof(*t));
	while (mnl_attr_ok((const struct nlattr *)at, end - at)) {
		const struct nlattr *a = (const struct nlattr *)at;

		if (mnl_attr_get_type(a) < ATTRS)
			t->at[mnl_attr_get_type(a)] = a;
		if (MNL_ALIGN(a->nla_len) >= end - at)
			return;
		at += MNL_ALIGN(a->nla_len);
	}
}

/* The fixed part of a message, or NULL; its attributes go to t. */
static const void *parse(const struct nlmsghdr *nlh, size_t size, struct attrs *t)
{
	const char *message = (const char *)nlh;

	if (nlh->nlmsg_len < mnl_nlmsg_size(size))
		return NULL;
	size = mnl_nlmsg_size(MNL_ALIGN(size));
	if (size > nlh->nlmsg_len)
		size = nlh->nlmsg_len;
	put_all(t, message + size, message + nlh->nlmsg_len);
	return message + NLMSG_HDRLEN;
}

static void parse_nest(const struct nlattr *nest, struct attrs *t)
{
	const char *at = nest ? mnl_attr_get_payload(nest) : NULL;

	put_all(t, at, nest ? at + mnl_attr_get_payload_len(nest) : NULL);
}

static bool has(const struct attrs *t, unsigned int type, size_t size)
{
	return t->at[type] && mnl_attr_get_payload_len(t->at[type]) >= size;
}

static uint32_t get32(const struct attrs *t, unsigned int type, uint32_t otherwise)
{
	return has(t, type, 4) ? mnl_attr_get_u32(t->at[type]) : otherwise;
}

/* Bytes of an address; 0: not a family of routes. */
static unsigned int addr_size(uint8_t family)
{
	switch (family) {
	case AF_INET:
		return 4;
	case AF_INET6:
		return 16;
	default:
		return 0;
	}
}

static void get_addr(const struct attrs *t, unsigned int type, uint8_t family,
		     struct message_addr *addr)
{
	unsigned int size = addr_size(family);

	memset(addr, 0, sizeof(*addr));
	if (has(t, type, size))
		memcpy(addr->bytes, mnl_attr_get_payload(t->at[type]), size);
}

/* Returns whether there is one. */
static bool get_mac(const struct attrs *t, unsigned int type, uint8_t *mac)
{
	if (!has(t, type, 6))
		return false;
	memcpy(mac, mnl_attr_get_payload(t->at[type]), 6);
	return true;
}

/* ---- links ------------------------------------------------------------- */

static bool is_kind(const struct nlattr *kind, const char *name)
{
	return kind && mnl_attr_validate(kind, MNL_TYPE_NUL_STRING) >= 0 &&
	       !strcmp(mnl_attr_get_str(kind), name);
}

static void read_port(const struct attrs *data, struct message_link *l)
{
	l->europa = true;
	l->vr = get32(data, IFLA_EUROPA_VR, 0);
	l->port = get32(data, IFLA_EUROPA_PORT, EUROPA_PORT_MAX + 1);
}

/* All that a VLAN interface can do but to put the tag on and off is the kernel's. */
static bool vlan_plain(const struct attrs *data)
{
	const struct nlattr *protocol = data->at[IFLA_VLAN_PROTOCOL];
	struct ifla_vlan_flags flags;

	if (data->at[IFLA_VLAN_INGRESS_QOS] || data->at[IFLA_VLAN_EGRESS_QOS] ||
	    !has(data, IFLA_VLAN_PROTOCOL, 2) || !has(data, IFLA_VLAN_ID, 2) ||
	    !has(data, IFLA_VLAN_FLAGS, sizeof(flags)))
		return false;
	memcpy(&flags, mnl_attr_get_payload(data->at[IFLA_VLAN_FLAGS]), sizeof(flags));
	return mnl_attr_get_u16(protocol) == htons(ETH_P_8021Q) &&
	       flags.flags & VLAN_FLAG_REORDER_HDR;
}

/* What it stands on may be in another namespace, where numbers are others. */
static void read_vlan(const struct attrs *t, const struct attrs *data, struct message_link *l)
{
	l->link = get32(t, IFLA_LINK, 0);
	if (l->link && !t->at[IFLA_LINK_NETNSID] && vlan_plain(data))
		l->vlan = mnl_attr_get_u16(data->at[IFLA_VLAN_ID]);
}

static void read_kind(const struct attrs *t, struct message_link *l)
{
	struct attrs info, data;

	parse_nest(t->at[IFLA_LINKINFO], &info);
	parse_nest(info.at[IFLA_INFO_DATA], &data);
	if (is_kind(info.at[IFLA_INFO_KIND], "europa"))
		read_port(&data, l);
	else if (is_kind(info.at[IFLA_INFO_KIND], "vlan"))
		read_vlan(t, &data, l);
}

/* What IPv6 has to say of a link: settings, by number. */
static uint32_t read_mtu6(const struct nlattr *inet6)
{
	const size_t at = DEVCONF_MTU6 * sizeof(uint32_t);
	uint32_t mtu = 0;
	struct attrs t;

	parse_nest(inet6, &t);
	if (has(&t, IFLA_INET6_CONF, at + sizeof(mtu)))
		memcpy(&mtu, (const char *)mnl_attr_get_payload(t.at[IFLA_INET6_CONF]) + at,
		       sizeof(mtu));
	return mtu;
}

static bool read_link(const struct nlmsghdr *nlh, struct message *m)
{
	struct attrs t, families;
	const struct ifinfomsg *fixed = parse(nlh, sizeof(*fixed), &t);
	struct message_link *l = &m->link;

	if (!fixed || fixed->ifi_index <= 0 ||
	    (fixed->ifi_family != AF_UNSPEC && fixed->ifi_family != AF_INET6))
		return false;
	m->type = MESSAGE_LINK;
	m->family = fixed->ifi_family;
	parse_nest(t.at[IFLA_AF_SPEC], &families);
	l->mtu6 = read_mtu6(m->family == AF_INET6 ? t.at[IFLA_PROTINFO] :
						    families.at[AF_INET6]);
	l->ifindex = fixed->ifi_index;
	l->up = fixed->ifi_flags & IFF_UP;
	l->running = fixed->ifi_flags & IFF_RUNNING;
	l->mtu = get32(&t, IFLA_MTU, 0);
	l->enslaved = t.at[IFLA_MASTER];
	l->has_mac = get_mac(&t, IFLA_ADDRESS, l->mac);
	read_kind(&t, l);
	return true;
}

/* ---- addresses and neighbours ------------------------------------------ */

static bool read_address(const struct nlmsghdr *nlh, struct message *m)
{
	struct attrs t;
	const struct ifaddrmsg *fixed = parse(nlh, sizeof(*fixed), &t);
	struct message_address *a = &m->address;

	if (!fixed || !addr_size(fixed->ifa_family))
		return false;
	m->type = MESSAGE_ADDRESS;
	m->family = fixed->ifa_family;
	a->ifindex = fixed->ifa_index;
	a->len = fixed->ifa_prefixlen;
	get_addr(&t, t.at[IFA_LOCAL] ? IFA_LOCAL : IFA_ADDRESS, m->family,
		 &a->addr);
	return true;
}

static bool read_neigh(const struct nlmsghdr *nlh, struct message *m)
{
	struct attrs t;
	const struct ndmsg *fixed = parse(nlh, sizeof(*fixed), &t);
	struct message_neigh *n = &m->neigh;

	if (!fixed || !addr_size(fixed->ndm_family) ||
	    fixed->ndm_flags & NTF_PROXY)
		return false;
	m->type = MESSAGE_NEIGH;
	m->family = fixed->ndm_family;
	n->ifindex = fixed->ndm_ifindex;
	n->state = fixed->ndm_state;
	n->has_mac = get_mac(&t, NDA_LLADDR, n->mac);
	get_addr(&t, NDA_DST, m->family, &n->addr);
	return true;
}

/* ---- nexthops ---------------------------------------------------------- */

/* The next hop to fill in; a spare one if there are too many. */
static struct message_hop *hop_new(struct message *m)
{
	struct message_hop *hop = &m->hop[m->hops < MESSAGE_HOPS ? m->hops : 0];

	m->hops += m->hops <= MESSAGE_HOPS;
	memset(hop, 0, sizeof(*hop));
	hop->weight = 1;
	hop->plain = true;
	return hop;
}

static void read_members(const struct nlattr *group, struct message *m)
{
	const uint8_t *at = mnl_attr_get_payload(group);
	size_t left = mnl_attr_get_payload_len(group);
	const size_t size = sizeof(struct nexthop_grp);
	struct message_hop *hop;

	for (; left >= size; left -= size, at += size) {
		hop = hop_new(m);
		memcpy(&hop->id, at, sizeof(hop->id));
		/* Its upper half is 0 up to Linux 6.11, and has no name there. */
		hop->weight = (at[5] << 8 | at[4]) + 1;
	}
}

/* A gateway's length tells its family; an IPv4 route may have one of IPv6. */
static void read_hop(const struct attrs *t, struct message *m)
{
	struct message_hop *hop = hop_new(m);
	const struct nlattr *gateway = t->at[NHA_GATEWAY];

	hop->oif = get32(t, NHA_OIF, 0);
	hop->plain = !t->at[NHA_ENCAP] && !t->at[NHA_ENCAP_TYPE];
	if (!gateway)
		return;
	hop->family = mnl_attr_get_payload_len(gateway) == 4 ? AF_INET : AF_INET6;
	get_addr(t, NHA_GATEWAY, hop->family, &hop->gateway);
}

/* Clock ticks, of which the kernel tells 100 a second on all machines but Alpha's. */
static uint32_t get_seconds(const struct attrs *t, unsigned int type)
{
	uint32_t ticks = get32(t, type, 0);

	return ticks / USER_HZ + !!(ticks % USER_HZ);
}

/* Returns false if it is not a group that is known here. */
static bool read_resilient(const struct attrs *t, struct message_nexthop *n)
{
	struct attrs res;

	parse_nest(t->at[NHA_RES_GROUP], &res);
	if (!n->group || !has(&res, NHA_RES_GROUP_BUCKETS, 2))
		return false;
	n->buckets = mnl_attr_get_u16(res.at[NHA_RES_GROUP_BUCKETS]);
	n->idle = get_seconds(&res, NHA_RES_GROUP_IDLE_TIMER);
	n->unbalanced = get_seconds(&res, NHA_RES_GROUP_UNBALANCED_TIMER);
	return n->buckets;
}

/* A group's type comes with each; as does what a resilient one has beside. */
static bool nexthop_plain(const struct attrs *t, struct message_nexthop *n)
{
	uint16_t type = NEXTHOP_GRP_TYPE_MPATH;

	if (t->at[NHA_BLACKHOLE] || t->at[NHA_FDB])
		return false;
	if (t->at[NHA_GROUP_TYPE])
		type = has(t, NHA_GROUP_TYPE, 2) ? mnl_attr_get_u16(t->at[NHA_GROUP_TYPE]) :
						   NEXTHOP_GRP_TYPE_MAX + 1;
	if (type == NEXTHOP_GRP_TYPE_RES)
		return read_resilient(t, n);
	return type == NEXTHOP_GRP_TYPE_MPATH && !t->at[NHA_RES_GROUP];
}

static bool read_nexthop(const struct nlmsghdr *nlh, struct message *m)
{
	struct attrs t;
	const struct nhmsg *fixed = parse(nlh, sizeof(*fixed), &t);
	struct message_nexthop *n = &m->nexthop;

	if (!fixed)
		return false;
	n->id = get32(&t, NHA_ID, 0);
	if (!n->id)
		return false;
	m->type = MESSAGE_NEXTHOP;
	m->family = AF_UNSPEC;
	n->group = t.at[NHA_GROUP];
	n->plain = nexthop_plain(&t, n);
	if (n->group)
		read_members(t.at[NHA_GROUP], m);
	else
		read_hop(&t, m);
	/* Without a gateway the neighbours are those of the object's family. */
	if (!n->group && fixed->nh_family == AF_INET6)
		m->hop[0].family = AF_INET6;
	return true;
}

/* ---- routes ------------------------------------------------------------ */

/* A gateway of another family than the route's: IPv6 for IPv4. */
static void get_via(const struct nlattr *a, struct message_hop *hop)
{
	const struct rtvia *via = mnl_attr_get_payload(a);
	size_t size = sizeof(hop->gateway.bytes);

	hop->family = AF_INET6;
	if (mnl_attr_get_payload_len(a) != sizeof(*via) + size ||
	    via->rtvia_family != AF_INET6)
		hop->plain = false;
	else
		memcpy(hop->gateway.bytes, via->rtvia_addr, size);
}

/* How a route, or one of several ways of one, goes on. */
static struct message_hop *route_hop(const struct attrs *t, struct message *m)
{
	struct message_hop *hop = hop_new(m);

	hop->plain = !t->at[RTA_ENCAP] && !t->at[RTA_ENCAP_TYPE];
	if (t->at[RTA_VIA])
		get_via(t->at[RTA_VIA], hop);
	else if (t->at[RTA_GATEWAY])
		hop->family = m->family;
	if (!t->at[RTA_VIA])
		get_addr(t, RTA_GATEWAY, m->family, &hop->gateway);
	return hop;
}

/* Returns false if they do not fit into the attribute. */
static bool read_multipath(const struct nlattr *a, struct message *m)
{
	const char *at = mnl_attr_get_payload(a);
	size_t left = mnl_attr_get_payload_len(a), step;

	while (left >= sizeof(struct rtnexthop)) {
		const struct rtnexthop *nh = (const void *)at;
		struct message_hop *hop;
		struct attrs t;

		if (nh->rtnh_len < sizeof(*nh) || nh->rtnh_len > left)
			return false;
		put_all(&t, at + sizeof(*nh), at + nh->rtnh_len);
		hop = route_hop(&t, m);
		hop->oif = nh->rtnh_ifindex;
		hop->weight = nh->rtnh_hops + 1;
		hop->dead = nh->rtnh_flags & RTNH_F_DEAD;
		step = RTNH_ALIGN(nh->rtnh_len);
		if (step >= left)
			break;
		at += step;
		left -= step;
	}
	return m->hops;
}

/*
 * Returns false for metrics that are the kernel's to look after: a lock without
 * an MTU limits the packets in a way of its own.
 */
static bool read_metrics(const struct nlattr *metrics, struct message_route *r)
{
	struct attrs t;

	parse_nest(metrics, &t);
	r->mtu = get32(&t, RTAX_MTU, 0);
	return r->mtu || (!t.at[RTAX_MTU] && !t.at[RTAX_LOCK]);
}

/*
 * A nexthop object alone decides, whatever else the route says: the kernel adds
 * the object's ways for programs that know none, as they were just then. But for
 * the type: a blackhole is the route, which may name an object for no purpose, or
 * the object. If that becomes another the kernel repeats the route, unless
 * nexthop_compat_mode is 0: then the route is the kernel's until the next dump.
 */
static bool read_ways(const struct rtmsg *fixed, const struct attrs *t,
		      struct message *m)
{
	struct message_route *r = &m->route;
	struct message_hop *hop;

	r->nexthop = get32(t, RTA_NH_ID, 0);
	if (fixed->rtm_type != RTN_UNICAST)
		return false;
	if (r->nexthop)
		return true;
	if (t->at[RTA_NH_ID])
		return false;
	if (t->at[RTA_MULTIPATH])
		return read_multipath(t->at[RTA_MULTIPATH], m);
	hop = route_hop(t, m);
	hop->oif = get32(t, RTA_OIF, 0);
	hop->dead = fixed->rtm_flags & RTNH_F_DEAD;
	return true;
}

static bool read_route(const struct nlmsghdr *nlh, struct message *m)
{
	struct attrs t;
	const struct rtmsg *fixed = parse(nlh, sizeof(*fixed), &t);
	struct message_route *r = &m->route;
	unsigned int size;

	if (!fixed)
		return false;
	size = addr_size(fixed->rtm_family);
	if (!size || fixed->rtm_dst_len > 8 * size ||
	    fixed->rtm_flags & RTM_F_CLONED ||
	    (fixed->rtm_dst_len && !has(&t, RTA_DST, size)))
		return false;
	m->type = MESSAGE_ROUTE;
	m->family = fixed->rtm_family;
	r->table = get32(&t, RTA_TABLE, fixed->rtm_table);
	r->metric = get32(&t, RTA_PRIORITY, 0);
	r->len = fixed->rtm_dst_len;
	r->tos = fixed->rtm_tos;
	r->from_source = fixed->rtm_src_len;
	r->local = fixed->rtm_type == RTN_LOCAL && fixed->rtm_protocol != RTPROT_KERNEL;
	r->broadcast = fixed->rtm_type == RTN_BROADCAST;
	r->plain = read_metrics(t.at[RTA_METRICS], r);
	r->plain &= read_ways(fixed, &t, m);
	get_addr(&t, RTA_DST, m->family, &r->dst);
	return true;
}

/* ---- rules, and what sysctl says --------------------------------------- */

/* All others select packets, as far as is known. What FRA_L3MDEV selects is told apart. */
static bool selects_nothing(unsigned int type)
{
	switch (type) {
	case FRA_UNSPEC:
	case FRA_PAD:
	case FRA_TABLE:
	case FRA_PRIORITY:
	case FRA_PROTOCOL:
	case FRA_L3MDEV:
	case FRA_SUPPRESS_PREFIXLEN:
	case FRA_SUPPRESS_IFGROUP:
		return true;
	default:
		return false;
	}
}

static bool rule_plain(const struct fib_rule_hdr *m, const struct attrs *t)
{
	unsigned int i;

	for (i = 0; i < ATTRS; i++)
		if (t->at[i] && !selects_nothing(i))
			return false;
	return m->action == FR_ACT_TO_TBL && !m->tos && !m->src_len &&
	       !m->dst_len && !(m->flags & FIB_RULE_INVERT) &&
	       get32(t, FRA_SUPPRESS_PREFIXLEN, ~0u) == ~0u &&
	       get32(t, FRA_SUPPRESS_IFGROUP, ~0u) == ~0u;
}

static bool read_rule(const struct nlmsghdr *nlh, struct message *m)
{
	struct attrs t;
	const struct fib_rule_hdr *fixed = parse(nlh, sizeof(*fixed), &t);

	if (!fixed || !addr_size(fixed->family))
		return false;
	m->type = MESSAGE_RULE;
	m->family = fixed->family;
	m->rule.table = get32(&t, FRA_TABLE, fixed->table);
	m->rule.priority = get32(&t, FRA_PRIORITY, 0);
	m->rule.plain = rule_plain(fixed, &t);
	m->rule.vrf = t.at[FRA_L3MDEV];
	return true;
}

static bool read_netconf(const struct nlmsghdr *nlh, struct message *m)
{
	struct attrs t;
	const struct netconfmsg *fixed = parse(nlh, sizeof(*fixed), &t);
	struct message_netconf *c = &m->netconf;
	int32_t ifindex;

	if (!fixed || !addr_size(fixed->ncm_family) ||
	    !has(&t, NETCONFA_IFINDEX, 4))
		return false;
	m->type = MESSAGE_NETCONF;
	m->family = fixed->ncm_family;
	ifindex = get32(&t, NETCONFA_IFINDEX, 0);
	c->all = ifindex == NETCONFA_IFINDEX_ALL;
	c->ifindex = ifindex > 0 ? ifindex : 0;
	c->has_forwarding = has(&t, NETCONFA_FORWARDING, 4);
	c->has_rp_filter = has(&t, NETCONFA_RP_FILTER, 4);
	c->forwarding = get32(&t, NETCONFA_FORWARDING, 0);
	c->rp_filter = get32(&t, NETCONFA_RP_FILTER, 0);
	return true;
}

/* ---- all --------------------------------------------------------------- */

static const struct {
	uint16_t new, del;
	bool (*read)(const struct nlmsghdr *nlh, struct message *m);
} readers[] = {
	{ RTM_NEWLINK, RTM_DELLINK, read_link },
	{ RTM_NEWADDR, RTM_DELADDR, read_address },
	{ RTM_NEWNEIGH, RTM_DELNEIGH, read_neigh },
	{ RTM_NEWNEXTHOP, RTM_DELNEXTHOP, read_nexthop },
	{ RTM_NEWROUTE, RTM_DELROUTE, read_route },
	{ RTM_NEWRULE, RTM_DELRULE, read_rule },
	{ RTM_NEWNETCONF, RTM_DELNETCONF, read_netconf },
};

bool message_read(const struct nlmsghdr *nlh, struct message *m)
{
	unsigned int i;

	memset(m, 0, offsetof(struct message, hop));
	m->dump = nlh->nlmsg_flags & NLM_F_MULTI;
	m->replace = nlh->nlmsg_flags & NLM_F_REPLACE;
	for (i = 0; i < sizeof(readers) / sizeof(readers[0]); i++) {
		m->gone = nlh->nlmsg_type == readers[i].del;
		if (m->gone || nlh->nlmsg_type == readers[i].new)
			return readers[i].read(nlh, m);
	}
	return false;
}
