// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/ipv6.h>

#include "mirror_bed.h"

/* In memory of just its size, so that reading past the end is seen. */
void deliver(struct router *r, const void *message, size_t size)
{
	void *exact = malloc(size);
	struct message m;

	memcpy(exact, message, size);
	if (mnl_nlmsg_ok(exact, size) && message_read(exact, &m))
		mirror_apply(r, &m);
	free(exact);
}

void tell(struct bed *b, const struct nlmsghdr *nlh)
{
	deliver(&b->r, nlh, nlh->nlmsg_len);
	if (b->count < MESSAGES) {
		b->kept[b->count] = malloc(nlh->nlmsg_len);
		memcpy(b->kept[b->count++], nlh, nlh->nlmsg_len);
	}
	mirror_refresh(&b->r);
	while (!router_work(&b->r, 100000))
		;
}

void *begin(char *buffer, uint16_t type, size_t size)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);

	nlh->nlmsg_type = type;
	return mnl_nlmsg_put_extra_header(nlh, size);
}

static void put_conf6(struct nlmsghdr *nlh, uint16_t type, uint32_t mtu6)
{
	const uint32_t conf[] = { [DEVCONF_HOPLIMIT] = 64, [DEVCONF_MTU6] = mtu6, 1, 1 };
	struct nlattr *nest = mnl_attr_nest_start(nlh, type);

	mnl_attr_put_u32(nlh, IFLA_INET6_FLAGS, 0);
	mnl_attr_put(nlh, IFLA_INET6_CONF, sizeof(conf), conf);
	mnl_attr_nest_end(nlh, nest);
}

void link_message(struct bed *b, uint16_t type, unsigned int number,
		  unsigned int vr, unsigned int flags)
{
	char buffer[4096];
	struct nlmsghdr *nlh = (void *)buffer;
	struct ifinfomsg *m = begin(buffer, type, sizeof(*m));
	struct nlattr *info, *data, *families;

	m->ifi_index = 10 + number;
	m->ifi_flags = flags;
	mnl_attr_put_strz(nlh, IFLA_IFNAME, "vr3p0");
	mnl_attr_put_u32(nlh, IFLA_MTU, 1500);
	mnl_attr_put(nlh, IFLA_ADDRESS, 6, mac);
	if (b->master)
		mnl_attr_put_u32(nlh, IFLA_MASTER, b->master);
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, "europa");
	data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	mnl_attr_put_u32(nlh, IFLA_EUROPA_VR, vr);
	mnl_attr_put_u32(nlh, IFLA_EUROPA_PORT, number);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
	families = mnl_attr_nest_start(nlh, IFLA_AF_SPEC);
	put_conf6(nlh, AF_INET6, b->mtu6);
	mnl_attr_nest_end(nlh, families);
	tell(b, nlh);
}

void netconf_message(struct bed *b, int ifindex, int forwarding, int rpf)
{
	char buffer[512];
	struct netconfmsg *m = begin(buffer, RTM_NEWNETCONF, sizeof(*m));

	m->ncm_family = AF_INET;
	mnl_attr_put_u32((void *)buffer, NETCONFA_IFINDEX, ifindex);
	mnl_attr_put_u32((void *)buffer, NETCONFA_FORWARDING, forwarding);
	mnl_attr_put_u32((void *)buffer, NETCONFA_RP_FILTER, rpf);
	tell(b, (void *)buffer);
}

void addr_message(struct bed *b, uint16_t type, uint32_t addr)
{
	char buffer[512];
	struct ifaddrmsg *m = begin(buffer, type, sizeof(*m));

	m->ifa_family = AF_INET;
	m->ifa_index = 10;
	m->ifa_prefixlen = 24;
	mnl_attr_put_u32((void *)buffer, IFA_LOCAL, htonl(addr));
	tell(b, (void *)buffer);
}

void neigh_message(struct bed *b, uint16_t type, unsigned int number,
		   uint32_t addr, unsigned int state)
{
	char buffer[512];
	struct ndmsg *m = begin(buffer, type, sizeof(*m));

	m->ndm_family = AF_INET;
	m->ndm_ifindex = 10 + number;
	m->ndm_state = state;
	mnl_attr_put_u32((void *)buffer, NDA_DST, htonl(addr));
	if (neigh_usable(state))
		mnl_attr_put((void *)buffer, NDA_LLADDR, 6, mac);
	tell(b, (void *)buffer);
}
void nexthop_message(struct bed *b, uint16_t type, unsigned int flags,
		     const struct nexthop_told *n)
{
	char buffer[512];
	struct nlmsghdr *nlh = (void *)buffer;
	struct nhmsg *m = begin(buffer, type, sizeof(*m));

	nlh->nlmsg_flags = flags;
	m->nh_family = n->six ? AF_INET6 : AF_INET;
	mnl_attr_put_u32(nlh, NHA_ID, n->id);
	if (n->oif)
		mnl_attr_put_u32(nlh, NHA_OIF, n->oif);
	if (n->six)
		mnl_attr_put(nlh, NHA_GATEWAY, 16, six);
	else if (n->gateway)
		mnl_attr_put_u32(nlh, NHA_GATEWAY, htonl(n->gateway));
	if (n->odd)
		mnl_attr_put_u32(nlh, n->odd, 1);
	tell(b, nlh);
}

static void put_resilient(struct nlmsghdr *nlh, const struct resilient_told *res)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, NHA_RES_GROUP);

	mnl_attr_put_u16(nlh, NHA_RES_GROUP_BUCKETS, res->buckets);
	mnl_attr_put_u32(nlh, NHA_RES_GROUP_IDLE_TIMER, res->idle);
	mnl_attr_put_u32(nlh, NHA_RES_GROUP_UNBALANCED_TIMER, res->unbalanced);
	mnl_attr_put_u64(nlh, NHA_RES_GROUP_UNBALANCED_TIME, 0);
	mnl_attr_nest_end(nlh, nest);
}

static void any_group(struct bed *b, unsigned int flags, uint32_t id, uint16_t kind,
		      const uint32_t *member, unsigned int n,
		      const struct resilient_told *res)
{
	struct nexthop_grp entry[4] = { 0 };
	char buffer[512];
	struct nlmsghdr *nlh = (void *)buffer;
	unsigned int i;

	begin(buffer, RTM_NEWNEXTHOP, sizeof(struct nhmsg));
	nlh->nlmsg_flags = flags;
	for (i = 0; i < n; i++)
		entry[i].id = member[i];
	mnl_attr_put_u32(nlh, NHA_ID, id);
	mnl_attr_put_u16(nlh, NHA_GROUP_TYPE, kind);
	mnl_attr_put(nlh, NHA_GROUP, n * sizeof(entry[0]), entry);
	if (res)
		put_resilient(nlh, res);
	tell(b, nlh);
}

void group_message(struct bed *b, unsigned int flags, uint32_t id,
		   uint16_t kind, const uint32_t *member, unsigned int n)
{
	any_group(b, flags, id, kind, member, n, NULL);
}

void resilient_message(struct bed *b, unsigned int flags, uint32_t id,
		       const uint32_t *member, unsigned int n,
		       const struct resilient_told *res)
{
	any_group(b, flags, id, NEXTHOP_GRP_TYPE_RES, member, n, res);
}

static void put_via(struct nlmsghdr *nlh)
{
	uint8_t via[18];

	memcpy(via, &(uint16_t){ AF_INET6 }, 2);
	memcpy(via + 2, six, 16);
	mnl_attr_put(nlh, RTA_VIA, sizeof(via), via);
}

static void put_ways(struct nlmsghdr *nlh, const struct route *r)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, RTA_MULTIPATH);
	unsigned int i;

	for (i = 0; i < 3 && r->way[i]; i++) {
		struct rtnexthop *nh = mnl_nlmsg_get_payload_tail(nlh);

		*nh = (struct rtnexthop){
			.rtnh_len = sizeof(*nh) + 8, .rtnh_ifindex = 11,
			.rtnh_hops = r->weight[i], .rtnh_flags = r->flags[i],
		};
		nlh->nlmsg_len += sizeof(*nh);
		mnl_attr_put_u32(nlh, RTA_GATEWAY, htonl(r->way[i]));
	}
	mnl_attr_nest_end(nlh, nest);
}

static void put_metrics(struct nlmsghdr *nlh, const struct route *r)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, RTA_METRICS);

	if (r->mtu)
		mnl_attr_put_u32(nlh, RTAX_MTU, r->mtu);
	if (r->lock)
		mnl_attr_put_u32(nlh, RTAX_LOCK, r->lock);
	mnl_attr_put_u32(nlh, RTAX_WINDOW, 1000);
	mnl_attr_nest_end(nlh, nest);
}

void route_message(struct bed *b, uint16_t type, unsigned int flags,
		   const struct route *r)
{
	char buffer[512];
	struct nlmsghdr *nlh = (void *)buffer;
	struct rtmsg *m = begin(buffer, type, sizeof(*m));

	nlh->nlmsg_flags = flags;
	m->rtm_family = AF_INET;
	m->rtm_dst_len = r->len;
	m->rtm_table = r->table ? r->table : RT_TABLE_MAIN;
	m->rtm_type = r->type ? r->type : RTN_UNICAST;
	m->rtm_protocol = r->protocol;
	m->rtm_flags = r->way[0] ? 0 : r->flags[0];
	if (r->len)
		mnl_attr_put_u32(nlh, RTA_DST, htonl(r->dst));
	if (r->gateway)
		mnl_attr_put_u32(nlh, RTA_GATEWAY, htonl(r->gateway));
	if (r->six)
		put_via(nlh);
	if (r->oif)
		mnl_attr_put_u32(nlh, RTA_OIF, r->oif);
	if (r->metric)
		mnl_attr_put_u32(nlh, RTA_PRIORITY, r->metric);
	if (r->nexthop)
		mnl_attr_put_u32(nlh, RTA_NH_ID, r->nexthop);
	if (r->way[0])
		put_ways(nlh, r);
	if (r->mtu || r->lock)
		put_metrics(nlh, r);
	if (r->odd)
		mnl_attr_put_u32(nlh, r->odd, 1);
	tell(b, nlh);
}

void rule_message(struct bed *b, uint16_t type, unsigned int flags,
		  uint32_t priority, uint8_t table, uint32_t from)
{
	char buffer[512];
	struct nlmsghdr *nlh = (void *)buffer;
	struct fib_rule_hdr *m = begin(buffer, type, sizeof(*m));

	nlh->nlmsg_flags = flags;
	m->family = AF_INET;
	m->action = FR_ACT_TO_TBL;
	m->table = table;
	m->src_len = from ? 32 : 0;
	if (from)
		mnl_attr_put_u32(nlh, FRA_SRC, htonl(from));
	if (priority)
		mnl_attr_put_u32(nlh, FRA_PRIORITY, priority);
	mnl_attr_put_u32(nlh, FRA_TABLE, table);
	mnl_attr_put_u32(nlh, FRA_SUPPRESS_PREFIXLEN, ~0u);
	tell(b, nlh);
}

void main_rule_message(struct bed *b, uint16_t type, uint16_t odd)
{
	char buffer[512];
	struct fib_rule_hdr *m = begin(buffer, type, sizeof(*m));

	m->family = AF_INET;
	m->action = FR_ACT_TO_TBL;
	m->table = RT_TABLE_MAIN;
	mnl_attr_put_u32((void *)buffer, FRA_PRIORITY, 32766);
	mnl_attr_put_u32((void *)buffer, FRA_TABLE, RT_TABLE_MAIN);
	mnl_attr_put_u8((void *)buffer, FRA_PROTOCOL, RTPROT_KERNEL);
	if (odd)
		mnl_attr_put_u8((void *)buffer, odd, 1);
	tell(b, (void *)buffer);
}

void vrf_rule_message(struct bed *b, uint16_t type, uint8_t table)
{
	char buffer[512];
	struct fib_rule_hdr *m = begin(buffer, type, sizeof(*m));

	m->family = AF_INET;
	m->action = FR_ACT_TO_TBL;
	m->table = table;
	mnl_attr_put_u32((void *)buffer, FRA_PRIORITY, 1000);
	mnl_attr_put_u32((void *)buffer, FRA_TABLE, table);
	mnl_attr_put_u8((void *)buffer, FRA_L3MDEV, 1);
	mnl_attr_put_u32((void *)buffer, FRA_SUPPRESS_PREFIXLEN, ~0u);
	tell(b, (void *)buffer);
}

void rules(struct bed *b)
{
	rule_message(b, RTM_NEWRULE, NLM_F_MULTI, 0, RT_TABLE_LOCAL, 0);
	rule_message(b, RTM_NEWRULE, NLM_F_MULTI, 32766, RT_TABLE_MAIN, 0);
	rule_message(b, RTM_NEWRULE, NLM_F_MULTI, 32767, RT_TABLE_DEFAULT, 0);
	mirror_rules(&b->r, AF_INET);
	mirror_refresh(&b->r);
}

/* ---- the same of IPv6 -------------------------------------------------- */

static void put_addr6(struct nlmsghdr *nlh, uint16_t type, struct ipv6_addr a)
{
	a.hi = htobe64(a.hi);
	a.lo = htobe64(a.lo);
	mnl_attr_put(nlh, type, 16, &a);
}

void mtu6_message(struct bed *b, uint16_t type, unsigned int number, uint32_t mtu6)
{
	char buffer[512];
	struct ifinfomsg *m = begin(buffer, type, sizeof(*m));

	m->ifi_family = AF_INET6;
	m->ifi_index = 10 + number;
	put_conf6((void *)buffer, IFLA_PROTINFO, mtu6);
	tell(b, (void *)buffer);
}

void netconf6_message(struct bed *b, int ifindex, int forwarding)
{
	char buffer[512];
	struct netconfmsg *m = begin(buffer, RTM_NEWNETCONF, sizeof(*m));

	m->ncm_family = AF_INET6;
	mnl_attr_put_u32((void *)buffer, NETCONFA_IFINDEX, ifindex);
	mnl_attr_put_u32((void *)buffer, NETCONFA_FORWARDING, forwarding);
	tell(b, (void *)buffer);
}

void addr6_message(struct bed *b, uint16_t type, unsigned int number,
		   struct ipv6_addr addr)
{
	char buffer[512];
	struct ifaddrmsg *m = begin(buffer, type, sizeof(*m));

	m->ifa_family = AF_INET6;
	m->ifa_index = 10 + number;
	m->ifa_prefixlen = 64;
	put_addr6((void *)buffer, IFA_ADDRESS, addr);
	tell(b, (void *)buffer);
}

void neigh6_message(struct bed *b, uint16_t type, unsigned int number,
		    struct ipv6_addr addr, unsigned int state)
{
	char buffer[512];
	struct ndmsg *m = begin(buffer, type, sizeof(*m));

	m->ndm_family = AF_INET6;
	m->ndm_ifindex = 10 + number;
	m->ndm_state = state;
	put_addr6((void *)buffer, NDA_DST, addr);
	if (neigh_usable(state))
		mnl_attr_put((void *)buffer, NDA_LLADDR, 6, mac);
	tell(b, (void *)buffer);
}

static void put_ways6(struct nlmsghdr *nlh, const struct route6 *r)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, RTA_MULTIPATH);
	unsigned int i;

	for (i = 0; i < 3 && r->way[i].hi; i++) {
		struct rtnexthop *nh = mnl_nlmsg_get_payload_tail(nlh);

		*nh = (struct rtnexthop){ .rtnh_len = sizeof(*nh) + 20, .rtnh_ifindex = 11 };
		nlh->nlmsg_len += sizeof(*nh);
		put_addr6(nlh, RTA_GATEWAY, r->way[i]);
	}
	mnl_attr_nest_end(nlh, nest);
}

void route6_message(struct bed *b, uint16_t type, unsigned int flags,
		    const struct route6 *r)
{
	char buffer[512];
	struct nlmsghdr *nlh = (void *)buffer;
	struct rtmsg *m = begin(buffer, type, sizeof(*m));

	nlh->nlmsg_flags = flags;
	m->rtm_family = AF_INET6;
	m->rtm_dst_len = r->len;
	m->rtm_src_len = r->from;
	m->rtm_table = r->table ? r->table : RT_TABLE_MAIN;
	m->rtm_type = r->type ? r->type : RTN_UNICAST;
	put_addr6(nlh, RTA_DST, r->dst);
	mnl_attr_put_u32(nlh, RTA_PRIORITY, r->metric ? r->metric : 1024);
	if (r->nexthop)
		mnl_attr_put_u32(nlh, RTA_NH_ID, r->nexthop);
	if (r->way[1].hi)
		put_ways6(nlh, r);
	else
		mnl_attr_put_u32(nlh, RTA_OIF, 11);
	if (r->way[0].hi && !r->way[1].hi)
		put_addr6(nlh, RTA_GATEWAY, r->way[0]);
	tell(b, nlh);
}

static void rule6_message(struct bed *b, uint32_t priority, uint8_t table)
{
	char buffer[512];
	struct nlmsghdr *nlh = (void *)buffer;
	struct fib_rule_hdr *m = begin(buffer, RTM_NEWRULE, sizeof(*m));

	nlh->nlmsg_flags = NLM_F_MULTI;
	m->family = AF_INET6;
	m->action = FR_ACT_TO_TBL;
	m->table = table;
	if (priority)
		mnl_attr_put_u32(nlh, FRA_PRIORITY, priority);
	tell(b, nlh);
}

static void rules6(struct bed *b)
{
	rule6_message(b, 0, RT_TABLE_LOCAL);
	rule6_message(b, 32766, RT_TABLE_MAIN);
	mirror_rules(&b->r, AF_INET6);
	mirror_refresh(&b->r);
}

static void setup6(struct bed *b)
{
	mtu6_message(b, RTM_NEWLINK, 1, 1500);
	netconf6_message(b, NETCONFA_IFINDEX_ALL, 1);
	addr6_message(b, RTM_NEWADDR, 0, ADDR6(0xfd000000, 1));
	addr6_message(b, RTM_NEWADDR, 1, ADDR6(0xfd000001, 1));
	route6_message(b, RTM_NEWROUTE, 0, &connected6);
	route6_message(b, RTM_NEWROUTE, 0, &far6);
	route6_message(b, RTM_NEWROUTE, 0, &two6);
	route6_message(b, RTM_NEWROUTE, 0, &local6);
	neigh6_message(b, RTM_NEWNEIGH, 1, GATE6, NUD_REACHABLE);
	rules6(b);
}

static void setup_nexthops(struct bed *b)
{
	neigh_message(b, RTM_NEWNEIGH, 1, 0x0a010009, NUD_REACHABLE);
	nexthop_message(b, RTM_NEWNEXTHOP, 0, &one);
	nexthop_message(b, RTM_NEWNEXTHOP, 0, &two);
	group_message(b, 0, 3, NEXTHOP_GRP_TYPE_MPATH, both, 2);
	route_message(b, RTM_NEWROUTE, 0, &by_one);
	route_message(b, RTM_NEWROUTE, 0, &by_group);
	route_message(b, RTM_NEWROUTE, 0, &by_two);
}

/* Two ports, an address and a connected network each, a neighbour, a route. */
int setup(void **state)
{
	struct bed *b = calloc(1, sizeof(*b));
	const struct route connected = { .dst = 0x0a010000, .len = 24, .oif = 11 };
	const struct route far = {
		.dst = 0xc0a80000, .len = 16, .gateway = 0x0a010001, .oif = 11,
	};
	const struct route local = {
		.dst = 0x0a000001, .len = 32, .table = RT_TABLE_LOCAL,
		.type = RTN_LOCAL, .oif = 10, .protocol = RTPROT_KERNEL,
	};

	assert_true(router_init(&b->r));
	b->r.vr = VR;
	b->mtu6 = 1500;
	link_message(b, RTM_NEWLINK, 0, VR, UP);
	link_message(b, RTM_NEWLINK, 1, VR, UP);
	netconf_message(b, 10, 1, 0);
	netconf_message(b, 11, 1, 0);
	addr_message(b, RTM_NEWADDR, 0x0a000001);
	route_message(b, RTM_NEWROUTE, 0, &connected);
	route_message(b, RTM_NEWROUTE, 0, &far);
	route_message(b, RTM_NEWROUTE, 0, &local);
	neigh_message(b, RTM_NEWNEIGH, 1, 0x0a010001, NUD_REACHABLE);
	neigh_message(b, RTM_NEWNEIGH, 1, 0x0a010009, NUD_STALE);
	setup_nexthops(b);
	rules(b);
	setup6(b);
	assert_true(b->count < MESSAGES);
	b->r.resync = false;
	*state = b;
	return 0;
}

int teardown(void **state)
{
	struct bed *b = *state;

	router_exit(&b->r);
	while (b->count)
		free(b->kept[--b->count]);
	free(b);
	return 0;
}
