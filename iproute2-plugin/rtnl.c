// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* rtnetlink: ports as links of kind "europa". */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <linux/if_link.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>

#include "rtnl.h"

static struct nlmsghdr *put_link(char *buf, uint16_t type, uint32_t ifindex)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *ifi;

	nlh->nlmsg_type = type;
	ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
	ifi->ifi_index = ifindex;
	return nlh;
}

static void put_info(struct nlmsghdr *nlh, const struct port_request *r)
{
	struct nlattr *info = mnl_attr_nest_start(nlh, IFLA_LINKINFO), *data;

	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, EUROPA_GENL_NAME);
	data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	if (r->vr || !r->vr_name)
		mnl_attr_put_u32(nlh, IFLA_EUROPA_VR, r->vr);
	else
		mnl_attr_put_strz(nlh, IFLA_EUROPA_VR_NAME, r->vr_name);
	if (r->port != UINT32_MAX)
		mnl_attr_put_u32(nlh, IFLA_EUROPA_PORT, r->port);
	if (r->mode >= 0)
		mnl_attr_put_u8(nlh, IFLA_EUROPA_MODE, r->mode);
	if (r->spoofchk >= 0)
		mnl_attr_put_u8(nlh, IFLA_EUROPA_SPOOFCHK, r->spoofchk);
	if (r->vlan.count)
		mnl_attr_put(nlh, IFLA_EUROPA_VLANS, r->vlan.count * sizeof(r->vlan.range[0]),
			     r->vlan.range);
	if (r->force)
		mnl_attr_put(nlh, IFLA_EUROPA_FORCE, 0, NULL);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
}

int rtnl_port_new(struct nl *nl, const struct port_request *r)
{
	char buf[NL_BUF];
	struct nlmsghdr *nlh = put_link(buf, RTM_NEWLINK, 0);

	nlh->nlmsg_flags |= NLM_F_CREATE | NLM_F_EXCL;
	mnl_attr_put_u32(nlh, IFLA_LINK, r->lower_ifindex);
	if (r->netns >= 0)
		mnl_attr_put_u32(nlh, IFLA_NET_NS_FD, r->netns);
	if (r->name)
		mnl_attr_put_strz(nlh, IFLA_IFNAME, r->name);
	if (r->has_address)
		mnl_attr_put(nlh, IFLA_ADDRESS, sizeof(r->address), r->address);
	put_info(nlh, r);
	return nl_talk(nl, nlh, NULL, NULL);
}

static void read_info(const struct nlattr *info, struct rtnl_link *link)
{
	const struct nlattr *attr, *data;

	mnl_attr_for_each_nested(attr, info) {
		switch (mnl_attr_get_type(attr)) {
		case IFLA_INFO_KIND:
			nl_string(link->kind, sizeof(link->kind), attr);
			break;
		case IFLA_INFO_SLAVE_KIND:
			nl_string(link->master_kind, sizeof(link->master_kind), attr);
			break;
		case IFLA_INFO_DATA:
			if (strcmp(link->kind, EUROPA_GENL_NAME))
				break;
			mnl_attr_for_each_nested(data, attr) {
				if (mnl_attr_get_type(data) == IFLA_EUROPA_VR)
					link->vr = nl_uint(data);
				else if (mnl_attr_get_type(data) == IFLA_EUROPA_MODE)
					link->passthru = nl_uint(data) == EUROPA_MODE_PASSTHRU;
			}
			break;
		}
	}
}

static bool read_xdp(const struct nlattr *xdp)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, xdp)
		if (mnl_attr_get_type(attr) == IFLA_XDP_ATTACHED)
			return nl_uint(attr) != XDP_ATTACHED_NONE;
	return false;
}

static int read_link(const struct nlmsghdr *nlh, void *data)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;
	struct rtnl_link *link = data;

	link->ifindex = ifi->ifi_index;
	link->type = ifi->ifi_type;
	link->flags = ifi->ifi_flags;
	mnl_attr_for_each(attr, nlh, sizeof(*ifi)) {
		switch (mnl_attr_get_type(attr)) {
		case IFLA_LINK: link->lower_ifindex = nl_uint(attr); break;
		case IFLA_LINK_NETNSID: link->lower_nsid = (int)nl_uint(attr); break;
		case IFLA_MTU: link->mtu = nl_uint(attr); break;
		case IFLA_MASTER: link->master = nl_uint(attr); break;
		case IFLA_XDP: link->xdp = read_xdp(attr); break;
		case IFLA_IFNAME: nl_string(link->name, sizeof(link->name), attr); break;
		case IFLA_IFALIAS: nl_string(link->alias, sizeof(link->alias), attr); break;
		case IFLA_TXQLEN: link->txqlen = nl_uint(attr); break;
		case IFLA_GROUP: link->group = nl_uint(attr); break;
		case IFLA_ADDRESS:
			if (mnl_attr_get_payload_len(attr) == sizeof(link->address))
				memcpy(link->address, mnl_attr_get_payload(attr), sizeof(link->address));
			break;
		case IFLA_LINKINFO: read_info(attr, link); break;
		}
	}
	return MNL_CB_OK;
}

static void clear_link(struct rtnl_link *link)
{
	memset(link, 0, sizeof(*link));
	link->lower_nsid = -1;
}

int rtnl_link_get(struct nl *nl, uint32_t ifindex, struct rtnl_link *link)
{
	char buf[NL_BUF];
	struct nlmsghdr *nlh = put_link(buf, RTM_GETLINK, ifindex);

	clear_link(link);
	return nl_talk(nl, nlh, read_link, link);
}

struct link_dump {
	rtnl_link_fn fn;
	void *data;
};

static int read_dumped(const struct nlmsghdr *nlh, void *data)
{
	const struct link_dump *dump = data;
	struct rtnl_link link;

	clear_link(&link);
	read_link(nlh, &link);
	dump->fn(&link, dump->data);
	return MNL_CB_OK;
}

int rtnl_link_dump(struct nl *nl, rtnl_link_fn fn, void *data)
{
	struct link_dump dump = { fn, data };
	char buf[NL_BUF];
	struct nlmsghdr *nlh = put_link(buf, RTM_GETLINK, 0);

	nlh->nlmsg_flags |= NLM_F_DUMP;
	return nl_talk(nl, nlh, read_dumped, &dump);
}

int rtnl_link_set(struct nl *nl, uint32_t ifindex, const struct link_change *c)
{
	char buf[NL_BUF];
	struct nlmsghdr *nlh = put_link(buf, RTM_NEWLINK, ifindex);
	struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);

	ifi->ifi_flags = c->flags;
	ifi->ifi_change = c->mask;
	if (c->name)
		mnl_attr_put_strz(nlh, IFLA_IFNAME, c->name);
	if (c->alias)		/* without its end: an empty one is none */
		mnl_attr_put(nlh, IFLA_IFALIAS, strlen(c->alias), c->alias);
	if (c->address)
		mnl_attr_put(nlh, IFLA_ADDRESS, 6, c->address);
	if (c->has & LINK_HAS_MTU)
		mnl_attr_put_u32(nlh, IFLA_MTU, c->mtu);
	if (c->has & LINK_HAS_TXQLEN)
		mnl_attr_put_u32(nlh, IFLA_TXQLEN, c->txqlen);
	if (c->has & LINK_HAS_GROUP)
		mnl_attr_put_u32(nlh, IFLA_GROUP, c->group);
	if (c->has & LINK_HAS_MASTER)
		mnl_attr_put_u32(nlh, IFLA_MASTER, c->master);
	return nl_talk(nl, nlh, NULL, NULL);
}

int rtnl_link_up(struct nl *nl, uint32_t ifindex, bool up)
{
	struct link_change change = { .flags = up ? IFF_UP : 0, .mask = IFF_UP };

	return rtnl_link_set(nl, ifindex, &change);
}

/* ---- what a port counts ------------------------------------------------ */

struct counts_reader {
	struct port_counts *to;
	uint32_t vr, port;
	bool is_vr, is_port;
};

static void read_xstats(const struct nlattr *xstats, struct port_counts *to)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, xstats) {
		unsigned int type = mnl_attr_get_type(attr);

		if (type >= 1 && type <= EUROPA_C_COUNT) {
			to->c[type - 1] = nl_uint(attr);
			to->has |= UINT64_C(1) << (type - 1);
		}
	}
}

static void read_whose(const struct nlattr *info, struct counts_reader *r)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, info) {
		if (mnl_attr_get_type(attr) == IFLA_EUROPA_VR)
			r->is_vr = nl_uint(attr) == r->vr;
		else if (mnl_attr_get_type(attr) == IFLA_EUROPA_PORT)
			r->is_port = nl_uint(attr) == r->port;
	}
}

static void read_port_info(const struct nlattr *info, struct counts_reader *r)
{
	const struct nlattr *attr;
	char kind[16] = "";

	mnl_attr_for_each_nested(attr, info) {
		if (mnl_attr_get_type(attr) == IFLA_INFO_KIND)
			nl_string(kind, sizeof(kind), attr);
		else if (strcmp(kind, EUROPA_GENL_NAME))
			continue;
		else if (mnl_attr_get_type(attr) == IFLA_INFO_DATA)
			read_whose(attr, r);
		else if (mnl_attr_get_type(attr) == IFLA_INFO_XSTATS)
			read_xstats(attr, r->to);
	}
}

static void read_stats64(const struct nlattr *attr, struct port_counts *to)
{
	struct rtnl_link_stats64 s = { 0 };
	size_t len = mnl_attr_get_payload_len(attr);

	memcpy(&s, mnl_attr_get_payload(attr), len < sizeof(s) ? len : sizeof(s));
	to->rx_packets = s.rx_packets;
	to->rx_bytes = s.rx_bytes;
	to->tx_packets = s.tx_packets;
	to->tx_bytes = s.tx_bytes;
}

static int read_counts(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *attr;
	struct counts_reader *r = data;

	mnl_attr_for_each(attr, nlh, sizeof(struct ifinfomsg)) {
		if (mnl_attr_get_type(attr) == IFLA_STATS64)
			read_stats64(attr, r->to);
		else if (mnl_attr_get_type(attr) == IFLA_LINKINFO)
			read_port_info(attr, r);
	}
	return MNL_CB_OK;
}

int rtnl_port_counts(struct nl *nl, uint32_t vr, const struct vr_port *p, struct port_counts *to)
{
	struct counts_reader r = { .to = to, .vr = vr, .port = p->number };
	char buf[NL_BUF];
	struct nlmsghdr *nlh = put_link(buf, RTM_GETLINK, p->ifindex);
	int err;

	memset(to, 0, sizeof(*to));
	if (p->nsid >= 0)
		mnl_attr_put_u32(nlh, IFLA_TARGET_NETNSID, p->nsid);
	else if (p->nsid != NSID_HERE)
		return -ENODEV;
	err = nl_talk(nl, nlh, read_counts, &r);
	to->known = !err && r.is_vr && r.is_port;
	return err;
}

/* ------------------------------------------------------------------------ */

int rtnl_port_del(struct nl *nl, uint32_t ifindex)
{
	char buf[NL_BUF];

	return nl_talk(nl, put_link(buf, RTM_DELLINK, ifindex), NULL, NULL);
}

static int read_nsid(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct rtgenmsg))
		if (mnl_attr_get_type(attr) == NETNSA_NSID)
			*(int *)data = (int)nl_uint(attr);
	return MNL_CB_OK;
}

int rtnl_nsid(struct nl *nl, int fd)
{
	char buf[NL_BUF];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	int nsid = -1;

	nlh->nlmsg_type = RTM_GETNSID;
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct rtgenmsg));
	mnl_attr_put_u32(nlh, NETNSA_FD, fd);
	nl_talk(nl, nlh, read_nsid, &nsid);
	return nsid;
}
