// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* rtnetlink messages as the kernel sends them, cut short, and at random. */
#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/netconf.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include "unit.h"

#include "mirror.h"

#define VR	3
#define MESSAGES	40

struct bed {
	struct router r;
	struct nlmsghdr *kept[MESSAGES];
	unsigned int count;
};

static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 0x55 };
static const uint8_t six[16] = { 0xfe, 0x80, [15] = 0x77 };
#define SIX ((struct ipv6_addr){ 0xfe80000000000000, 0x77 })

/* In memory of just its size, so that reading past the end is seen. */
static void deliver(struct router *r, const void *message, size_t size)
{
	void *exact = malloc(size);
	struct message m;

	memcpy(exact, message, size);
	if (mnl_nlmsg_ok(exact, size) && message_read(exact, &m))
		mirror_apply(r, &m);
	free(exact);
}

static void tell(struct bed *b, const struct nlmsghdr *nlh)
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

static void *begin(char *buffer, uint16_t type, size_t size)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);

	nlh->nlmsg_type = type;
	return mnl_nlmsg_put_extra_header(nlh, size);
}

static void link_message(struct bed *b, uint16_t type, unsigned int number,
			 unsigned int vr, unsigned int flags)
{
	char buffer[4096];
	struct nlmsghdr *nlh = (void *)buffer;
	struct ifinfomsg *m = begin(buffer, type, sizeof(*m));
	struct nlattr *info, *data;

	m->ifi_index = 10 + number;
	m->ifi_flags = flags;
	mnl_attr_put_strz(nlh, IFLA_IFNAME, "vr3p0");
	mnl_attr_put_u32(nlh, IFLA_MTU, 1500);
	mnl_attr_put(nlh, IFLA_ADDRESS, 6, mac);
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, "europa");
	data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	mnl_attr_put_u32(nlh, IFLA_EUROPA_VR, vr);
	mnl_attr_put_u32(nlh, IFLA_EUROPA_PORT, number);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
	tell(b, nlh);
}

static void netconf_message(struct bed *b, int ifindex, int forwarding, int rpf)
{
	char buffer[512];
	struct netconfmsg *m = begin(buffer, RTM_NEWNETCONF, sizeof(*m));

	m->ncm_family = AF_INET;
	mnl_attr_put_u32((void *)buffer, NETCONFA_IFINDEX, ifindex);
	mnl_attr_put_u32((void *)buffer, NETCONFA_FORWARDING, forwarding);
	mnl_attr_put_u32((void *)buffer, NETCONFA_RP_FILTER, rpf);
	tell(b, (void *)buffer);
}

static void addr_message(struct bed *b, uint16_t type, uint32_t addr)
{
	char buffer[512];
	struct ifaddrmsg *m = begin(buffer, type, sizeof(*m));

	m->ifa_family = AF_INET;
	m->ifa_index = 10;
	m->ifa_prefixlen = 24;
	mnl_attr_put_u32((void *)buffer, IFA_LOCAL, htonl(addr));
	tell(b, (void *)buffer);
}

static void neigh_message(struct bed *b, uint16_t type, unsigned int number,
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

/* Settings of one, which may be missing; plain if all are 0. */
struct nexthop_told {
	uint32_t id, gateway, oif;
	uint16_t odd;		/* an attribute that forbids */
	bool six;		/* the gateway is IPv6 */
};

static void nexthop_message(struct bed *b, uint16_t type, unsigned int flags,
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

/* A group of objects 1 ... 2, or of the first n ids. */
static void group_message(struct bed *b, unsigned int flags, uint32_t id,
			  uint16_t kind, const uint32_t *member, unsigned int n)
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
	tell(b, nlh);
}

struct route {
	uint32_t dst, gateway, metric, oif;
	uint8_t len, type, table, odd;	/* odd: an attribute that forbids */
	uint32_t nexthop;	/* id */
	uint32_t mtu, lock;
	uint32_t way[3];	/* multipath: gateways on port 1, or 0 */
	uint8_t weight[3], flags[3];
	bool six;		/* via fe80::77 */
};

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

static void route_message(struct bed *b, uint16_t type, unsigned int flags,
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

static void rule_message(struct bed *b, uint16_t type, unsigned int flags,
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

static void rules(struct bed *b)
{
	rule_message(b, RTM_NEWRULE, NLM_F_MULTI, 0, RT_TABLE_LOCAL, 0);
	rule_message(b, RTM_NEWRULE, NLM_F_MULTI, 32766, RT_TABLE_MAIN, 0);
	rule_message(b, RTM_NEWRULE, NLM_F_MULTI, 32767, RT_TABLE_DEFAULT, 0);
	mirror_rules(&b->r, AF_INET);
	mirror_refresh(&b->r);
}

/* ---- the same of IPv6 -------------------------------------------------- */

#define ADDR6(a, b) ((struct ipv6_addr){ (a##ull) << 32, b })

static void put_addr6(struct nlmsghdr *nlh, uint16_t type, struct ipv6_addr a)
{
	a.hi = htobe64(a.hi);
	a.lo = htobe64(a.lo);
	mnl_attr_put(nlh, type, 16, &a);
}

static void netconf6_message(struct bed *b, int ifindex, int forwarding)
{
	char buffer[512];
	struct netconfmsg *m = begin(buffer, RTM_NEWNETCONF, sizeof(*m));

	m->ncm_family = AF_INET6;
	mnl_attr_put_u32((void *)buffer, NETCONFA_IFINDEX, ifindex);
	mnl_attr_put_u32((void *)buffer, NETCONFA_FORWARDING, forwarding);
	tell(b, (void *)buffer);
}

static void addr6_message(struct bed *b, uint16_t type, unsigned int number,
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

static void neigh6_message(struct bed *b, uint16_t type, unsigned int number,
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

/* On port 1. */
struct route6 {
	struct ipv6_addr dst, way[3];
	uint32_t metric, nexthop;
	uint8_t len, type, table, from;
};

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

static void route6_message(struct bed *b, uint16_t type, unsigned int flags,
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

#define GATE6	ADDR6(0xfe800000, 1)
#define OTHER6	ADDR6(0xfe800000, 2)

/* fd00:1::/64 is on port 1, 2001:db8::/32 by fe80::1, 2001:db9::/32 by two ways. */
static const struct route6 connected6 = {
	.dst = ADDR6(0xfd000001, 0), .len = 64, .metric = 256,
};
static const struct route6 far6 = { .dst = ADDR6(0x20010db8, 0), .len = 32, .way = { GATE6 } };
static const struct route6 two6 = {
	.dst = ADDR6(0x20010db9, 0), .len = 32, .way = { GATE6, OTHER6 },
};
static const struct route6 local6 = {
	.dst = ADDR6(0xfd000001, 1), .len = 128, .table = RT_TABLE_LOCAL, .type = RTN_LOCAL,
};

static void setup6(struct bed *b)
{
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

#define UP (IFF_UP | IFF_RUNNING)

/* 20.1/16 by object 1, 20.3/16 by 3, a group of 1 and 2, 20.9/16 by two ways. */
static const struct nexthop_told one = { .id = 1, .gateway = 0x0a010001, .oif = 11 };
static const struct nexthop_told two = { .id = 2, .gateway = 0x0a010009, .oif = 11 };
static const uint32_t both[2] = { 1, 2 };
static const struct route by_one = { .dst = 0x14010000, .len = 16, .nexthop = 1 };
static const struct route by_group = { .dst = 0x14030000, .len = 16, .nexthop = 3 };
static const struct route by_two = {
	.dst = 0x14090000, .len = 16, .way = { 0x0a010001, 0x0a010009 },
	.weight = { 0, 2 },
};

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
static int setup(void **state)
{
	struct bed *b = calloc(1, sizeof(*b));
	const struct route connected = { .dst = 0x0a010000, .len = 24, .oif = 11 };
	const struct route far = {
		.dst = 0xc0a80000, .len = 16, .gateway = 0x0a010001, .oif = 11,
	};
	const struct route local = {
		.dst = 0x0a000001, .len = 32, .table = RT_TABLE_LOCAL,
		.type = RTN_LOCAL, .oif = 10,
	};

	assert_true(router_init(&b->r));
	b->r.vr = VR;
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

static int teardown(void **state)
{
	struct bed *b = *state;

	router_exit(&b->r);
	while (b->count)
		free(b->kept[--b->count]);
	free(b);
	return 0;
}

static uint32_t limit(const struct bed *b, uint32_t addr)
{
	return b->r.neigh.adj[fib4_lookup(&b->r.ip4.fib, addr)].limit;
}

static bool forwards(const struct bed *b, uint32_t addr)
{
	return limit(b, addr) == 1514;
}

static void test_state(void **state)
{
	struct bed *b = *state;

	assert_int_equal(b->r.ports.count, 2);
	assert_int_equal(b->r.ports.port[0].special, 0);
	assert_int_equal(b->r.ports.port[1].ifindex, 11);
	assert_true(addr4_has(&b->r.ip4.own, 0x0a000001));
	assert_true(forwards(b, 0xc0a80505));
	assert_true(forwards(b, 0x0a010001));
	assert_false(forwards(b, 0x0a010002));
	assert_false(forwards(b, 0x0a000001));
	assert_false(forwards(b, 0x08080808));
}

static void test_neighbours(void **state)
{
	struct bed *b = *state;

	neigh_message(b, RTM_NEWNEIGH, 1, 0x0a010002, NUD_REACHABLE);
	assert_true(forwards(b, 0x0a010002));
	neigh_message(b, RTM_NEWNEIGH, 1, 0x0a010002, NUD_FAILED);
	assert_false(forwards(b, 0x0a010002));
	neigh_message(b, RTM_NEWNEIGH, 1, 0x0a010001, NUD_INCOMPLETE);
	assert_false(forwards(b, 0xc0a80505));
	neigh_message(b, RTM_NEWNEIGH, 1, 0x0a010001, NUD_PERMANENT);
	assert_true(forwards(b, 0xc0a80505));
	neigh_message(b, RTM_DELNEIGH, 1, 0x0a010001, NUD_REACHABLE);
	assert_false(forwards(b, 0xc0a80505));
	assert_false(forwards(b, 0x0a010001));
	/* On the other port it is no neighbour of this network's. */
	neigh_message(b, RTM_NEWNEIGH, 0, 0x0a010003, NUD_REACHABLE);
	assert_false(forwards(b, 0x0a010003));
}

static void test_routes(void **state)
{
	static const uint8_t odd[] = {
		RTA_MULTIPATH, RTA_VIA, RTA_ENCAP, RTA_ENCAP_TYPE,
	};
	struct bed *b = *state;
	struct route r = { .dst = 0xc0a80500, .len = 24, .gateway = 0x0a010001,
			   .oif = 11 };
	unsigned int i;

	r.type = RTN_BLACKHOLE;
	route_message(b, RTM_NEWROUTE, 0, &r);
	assert_false(forwards(b, 0xc0a80505));
	route_message(b, RTM_DELROUTE, 0, &r);
	assert_true(forwards(b, 0xc0a80505));
	r.type = RTN_UNICAST;
	for (i = 0; i < sizeof(odd); i++) {
		r.odd = odd[i];
		route_message(b, RTM_NEWROUTE, 0, &r);
		assert_false(forwards(b, 0xc0a80505));
		route_message(b, RTM_DELROUTE, 0, &r);
		assert_true(forwards(b, 0xc0a80505));
	}
	assert_false(b->r.resync);
	r.odd = 0;
	r.oif = 77;
	route_message(b, RTM_NEWROUTE, 0, &r);
	assert_false(forwards(b, 0xc0a80505));
	r.oif = 11;
	route_message(b, RTM_NEWROUTE, NLM_F_REPLACE, &r);
	assert_true(forwards(b, 0xc0a80505));
	r.table = 100;
	r.type = RTN_BLACKHOLE;
	route_message(b, RTM_NEWROUTE, 0, &r);
	assert_true(forwards(b, 0xc0a80505));
	r.table = RT_TABLE_MAIN;
	r.metric = 5;
	route_message(b, RTM_NEWROUTE, 0, &r);
	assert_true(forwards(b, 0xc0a80505));
	route_message(b, RTM_DELROUTE, 0, &r);
	assert_false(b->r.resync);
	route_message(b, RTM_DELROUTE, 0, &r);
	assert_true(b->r.resync);
}

/* An IPv4 route may have an IPv6 gateway, which is no IPv4 neighbour. */
static void test_other_family(void **state)
{
	struct bed *b = *state;
	struct route r = { .dst = 0x15000000, .len = 8, .six = true, .oif = 11 };
	uint16_t id;

	route_message(b, RTM_NEWROUTE, 0, &r);
	assert_false(forwards(b, 0x15000001));
	id = neigh_find6(&b->r.neigh, 1, SIX);
	assert_int_not_equal(id, 0);
	assert_int_equal(fib4_lookup(&b->r.ip4.fib, 0x15000001), id);
	assert_int_equal(neigh_find6(&b->r.neigh, 0, SIX), 0);
	assert_int_equal(neigh_find(&b->r.neigh, 1, 1), 0);
	neigh_set(&b->r.neigh, id, NUD_REACHABLE, mac);
	assert_true(forwards(b, 0x15000001));
	route_message(b, RTM_DELROUTE, 0, &r);
	assert_false(forwards(b, 0x15000001));
	assert_int_equal(neigh_find6(&b->r.neigh, 1, SIX), 0);
	assert_false(b->r.resync);
}

/* ---- nexthop objects --------------------------------------------------- */

/* The group that packets to an address come to; 0: none. */
static uint16_t group_to(const struct bed *b, uint32_t addr)
{
	return b->r.neigh.adj[fib4_lookup(&b->r.ip4.fib, addr)].group;
}

/* Way by its gateway, 0: the kernel's; of the group there for the part of all hashes. */
static uint32_t way(const struct bed *b, uint32_t addr, uint32_t part, uint32_t of)
{
	uint16_t group = group_to(b, addr), id;

	assert_int_not_equal(group, 0);
	id = group_choose(&b->r.groups, group, (0x7fffffffull * part) / of);
	if (b->r.neigh.adj[id].limit != 1514)
		return 0;
	return b->r.neigh.neigh[neigh_behind(&b->r.neigh, id)].addr;
}

static void test_nexthop(void **state)
{
	struct bed *b = *state;
	struct nexthop_told n = two;
	struct route r = by_one;

	assert_true(forwards(b, 0x14010001));
	/* Whatever the object becomes, the route's number stays. */
	n.id = 1;
	nexthop_message(b, RTM_NEWNEXTHOP, NLM_F_REPLACE, &n);
	route_message(b, RTM_NEWROUTE, NLM_F_REPLACE, &r);
	assert_true(forwards(b, 0x14010001));
	neigh_message(b, RTM_NEWNEIGH, 1, 0x0a010001, NUD_FAILED);
	assert_true(forwards(b, 0x14010001));
	neigh_message(b, RTM_NEWNEIGH, 1, 0x0a010009, NUD_FAILED);
	assert_false(forwards(b, 0x14010001));
	neigh_message(b, RTM_NEWNEIGH, 1, 0x0a010009, NUD_REACHABLE);
	link_message(b, RTM_NEWLINK, 1, VR, IFF_UP);
	assert_false(forwards(b, 0x14010001));
	link_message(b, RTM_NEWLINK, 1, VR, UP);
	assert_true(forwards(b, 0x14010001));
	b->r.resync = false;
	/* The route goes first, as daemons do it: nothing to ask. */
	route_message(b, RTM_DELROUTE, 0, &r);
	nexthop_message(b, RTM_DELNEXTHOP, 0, &n);
	assert_false(b->r.resync);
	assert_false(forwards(b, 0x14010001));
}

/* What else an object's route says of ways counts for nothing. */
static void test_nexthop_alone_decides(void **state)
{
	struct bed *b = *state;
	struct route r = { .dst = 0x15000000, .len = 8, .nexthop = 1,
			   .gateway = 0x0a010077, .oif = 11, .odd = RTA_ENCAP };

	route_message(b, RTM_NEWROUTE, 0, &r);
	assert_true(forwards(b, 0x15000001));
	r.gateway = 0;
	r.odd = 0;
	r.type = RTN_BLACKHOLE;
	route_message(b, RTM_DELROUTE, 0, &r);
	assert_false(forwards(b, 0x15000001));
	assert_false(b->r.resync);
	r.type = RTN_UNREACHABLE;
	route_message(b, RTM_NEWROUTE, 0, &r);
	assert_false(forwards(b, 0x15000001));
}

/* With an object the kernel removes its routes, and does not say so. */
static void test_nexthop_gone(void **state)
{
	struct bed *b = *state;

	nexthop_message(b, RTM_DELNEXTHOP, 0, &one);
	assert_true(b->r.resync);
	assert_false(forwards(b, 0x14010001));
	b->r.resync = false;
	/* The id comes back, the routes do not. */
	nexthop_message(b, RTM_NEWNEXTHOP, 0, &one);
	assert_false(forwards(b, 0x14010001));
	assert_false(b->r.resync);
	route_message(b, RTM_DELROUTE, 0, &by_one);
	assert_true(b->r.resync);
	/* Objects of groups alone take no route with them. */
	b->r.resync = false;
	nexthop_message(b, RTM_DELNEXTHOP, 0, &two);
	assert_false(b->r.resync);
	nexthop_message(b, RTM_DELNEXTHOP, 0, &(struct nexthop_told){ .id = 3 });
	assert_true(b->r.resync);
	assert_int_equal(group_to(b, 0x14030001), 0);
}

static void test_nexthop_unknown(void **state)
{
	struct bed *b = *state;
	struct route r = { .dst = 0x15000000, .len = 8, .nexthop = 77 };

	route_message(b, RTM_NEWROUTE, NLM_F_MULTI, &r);
	assert_false(forwards(b, 0x15000001));
	assert_false(b->r.resync);
	r.len = 9;
	route_message(b, RTM_NEWROUTE, 0, &r);
	assert_false(forwards(b, 0x15000001));
	assert_true(b->r.resync);
	/* Without a gateway, without a port, with what is the kernel's. */
	b->r.resync = false;
	nexthop_message(b, RTM_DELNEXTHOP, 0, &(struct nexthop_told){ .id = 99 });
	assert_false(b->r.resync);
}

/* Each leads to the kernel while it is so, and no further. */
static void test_nexthop_odd(void **state)
{
	static const uint16_t odd[] = {
		NHA_BLACKHOLE, NHA_FDB, NHA_ENCAP, NHA_ENCAP_TYPE, NHA_RES_GROUP,
	};
	struct bed *b = *state;
	struct nexthop_told n = one;
	unsigned int i;

	for (i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		n.odd = odd[i];
		nexthop_message(b, RTM_NEWNEXTHOP, NLM_F_REPLACE, &n);
		assert_false(forwards(b, 0x14010001));
		nexthop_message(b, RTM_NEWNEXTHOP, NLM_F_REPLACE, &one);
		assert_true(forwards(b, 0x14010001));
	}
	n.odd = 0;
	n.six = true;
	nexthop_message(b, RTM_NEWNEXTHOP, NLM_F_REPLACE, &n);
	assert_false(forwards(b, 0x14010001));
	neigh_set(&b->r.neigh, neigh_find6(&b->r.neigh, 1, SIX), NUD_REACHABLE, mac);
	assert_true(forwards(b, 0x14010001));
	n = one;
	n.oif = 77;
	nexthop_message(b, RTM_NEWNEXTHOP, NLM_F_REPLACE, &n);
	assert_false(forwards(b, 0x14010001));
	group_message(b, NLM_F_REPLACE, 3, NEXTHOP_GRP_TYPE_RES, both, 2);
	assert_int_equal(group_to(b, 0x14030001), 0);
	assert_false(forwards(b, 0x14030001));
	assert_false(b->r.resync);
}

static void test_nexthop_group(void **state)
{
	static const uint32_t late[3] = { 2, 50, 1 };
	struct bed *b = *state;
	struct nexthop_told n = two;

	assert_int_equal(way(b, 0x14030001, 0, 1), 0x0a010001);
	assert_int_equal(way(b, 0x14030001, 49, 100), 0x0a010001);
	assert_int_equal(way(b, 0x14030001, 51, 100), 0x0a010009);
	n.gateway = 0x0a010001;
	nexthop_message(b, RTM_NEWNEXTHOP, NLM_F_REPLACE, &n);
	assert_int_equal(way(b, 0x14030001, 1, 1), 0x0a010001);
	/* One way of a port that is not ours, or not resolved: the kernel's. */
	n.oif = 77;
	nexthop_message(b, RTM_NEWNEXTHOP, NLM_F_REPLACE, &n);
	assert_int_equal(way(b, 0x14030001, 1, 1), 0);
	assert_int_equal(way(b, 0x14030001, 0, 1), 0x0a010001);
	/* The kernel takes a deleted object out of its groups, and tells these. */
	nexthop_message(b, RTM_DELNEXTHOP, 0, &n);
	group_message(b, 0, 3, NEXTHOP_GRP_TYPE_MPATH, both, 1);
	assert_int_equal(way(b, 0x14030001, 1, 1), 0x0a010001);
	assert_false(b->r.resync);
	/* In a dump a group may come before its objects, else not. */
	nexthop_message(b, RTM_NEWNEXTHOP, 0, &two);
	group_message(b, NLM_F_MULTI, 3, NEXTHOP_GRP_TYPE_MPATH, late, 3);
	assert_false(b->r.resync);
	assert_int_equal(way(b, 0x14030001, 1, 2), 0);
	assert_int_equal(way(b, 0x14030001, 0, 1), 0x0a010009);
	n = one;
	n.id = 50;
	nexthop_message(b, RTM_NEWNEXTHOP, NLM_F_MULTI, &n);
	assert_int_equal(way(b, 0x14030001, 1, 2), 0x0a010001);
	group_message(b, 0, 4, NEXTHOP_GRP_TYPE_MPATH, (const uint32_t[]){ 51 }, 1);
	assert_true(b->r.resync);
}

/* An object without a gateway: the neighbour is the packet's destination. */
static void test_nexthop_link(void **state)
{
	struct bed *b = *state;
	const struct nexthop_told n = { .id = 1, .oif = 11 };
	uint16_t id;

	nexthop_message(b, RTM_NEWNEXTHOP, NLM_F_REPLACE, &n);
	id = fib4_lookup(&b->r.ip4.fib, 0x14010001);
	assert_int_equal(b->r.neigh.adj[id].port, 1);
	assert_int_equal(limit(b, 0x14010001), 0);
	assert_int_equal(b->r.neigh.neigh[neigh_behind(&b->r.neigh, id)].addr, 0);
}

/* What a sync does not tell again goes, objects and routes alike. */
static void test_nexthop_sync(void **state)
{
	struct bed *b = *state;

	router_mark(&b->r);
	link_message(b, RTM_NEWLINK, 1, VR, UP);
	nexthop_message(b, RTM_NEWNEXTHOP, NLM_F_MULTI, &two);
	group_message(b, NLM_F_MULTI, 3, NEXTHOP_GRP_TYPE_MPATH, both + 1, 1);
	route_message(b, RTM_NEWROUTE, NLM_F_MULTI, &by_group);
	neigh_message(b, RTM_NEWNEIGH, 1, 0x0a010009, NUD_REACHABLE);
	assert_true(forwards(b, 0x14010001));
	router_sweep(&b->r);
	while (!router_work(&b->r, 100))
		;
	assert_int_equal(way(b, 0x14030001, 0, 1), 0x0a010009);
	assert_false(forwards(b, 0x14010001));
	assert_int_equal(b->r.nexthops.count, 2);
	assert_int_equal(b->r.groups.count, 1);
}

/* ---- multipath routes, metrics ----------------------------------------- */

static void test_multipath(void **state)
{
	struct bed *b = *state;
	struct route r = by_two;

	assert_int_equal(way(b, 0x14090001, 0, 4), 0x0a010001);
	assert_int_equal(way(b, 0x14090001, 24, 100), 0x0a010001);
	assert_int_equal(way(b, 0x14090001, 26, 100), 0x0a010009);
	assert_int_equal(way(b, 0x14090001, 4, 4), 0x0a010009);
	/* Another route by the same ways costs no other group. */
	r.dst = 0x14100000;
	route_message(b, RTM_NEWROUTE, 0, &r);
	assert_int_equal(group_to(b, 0x14100001), group_to(b, 0x14090001));
	assert_int_equal(b->r.groups.count, 3);
	r.weight[0] = 2;
	route_message(b, RTM_NEWROUTE, NLM_F_REPLACE, &r);
	assert_int_equal(way(b, 0x14100001, 49, 100), 0x0a010001);
	assert_int_equal(b->r.groups.count, 4);
	route_message(b, RTM_DELROUTE, 0, &r);
	assert_int_equal(b->r.groups.count, 3);
	assert_false(b->r.resync);
	/* The rest of it is the kernel's. */
	r.way[2] = 0x0a010055;
	route_message(b, RTM_NEWROUTE, 0, &r);
	assert_int_equal(way(b, 0x14100001, 1, 1), 0);
	assert_int_equal(way(b, 0x14100001, 0, 1), 0x0a010001);
	route_message(b, RTM_DELROUTE, 0, &r);
	assert_false(b->r.resync);
}

/* A dead way has no packets, and may come back without a word. */
static void test_multipath_dead(void **state)
{
	struct bed *b = *state;
	struct route r = by_two;

	r.flags[1] = RTNH_F_DEAD;
	route_message(b, RTM_NEWROUTE, NLM_F_REPLACE, &r);
	assert_int_equal(way(b, 0x14090001, 0, 1), 0x0a010001);
	assert_int_equal(way(b, 0x14090001, 1, 1), 0x0a010001);
	addr_message(b, RTM_NEWADDR, 0x0a000001);
	assert_true(b->r.resync);
	link_message(b, RTM_NEWLINK, 0, VR, IFF_UP);
	b->r.resync = false;
	link_message(b, RTM_NEWLINK, 0, VR, UP);
	assert_true(b->r.resync);
	b->r.resync = false;
	netconf_message(b, 10, 1, 0);
	assert_true(b->r.resync);
	route_message(b, RTM_NEWROUTE, NLM_F_REPLACE, &by_two);
	assert_int_equal(way(b, 0x14090001, 1, 1), 0x0a010009);
	b->r.resync = false;
	netconf_message(b, 10, 1, 0);
	addr_message(b, RTM_NEWADDR, 0x0a000001);
	assert_false(b->r.resync);
	/* Without carrier, but not dead: the kernel uses it. */
	r.flags[1] = RTNH_F_LINKDOWN;
	route_message(b, RTM_NEWROUTE, NLM_F_REPLACE, &r);
	assert_int_equal(way(b, 0x14090001, 1, 1), 0x0a010009);
}

static void test_multipath_broken(void **state)
{
	struct bed *b = *state;
	char buffer[8192];
	struct nlmsghdr *nlh = (void *)buffer;
	struct rtmsg *m = begin(buffer, RTM_NEWROUTE, sizeof(*m));
	struct nlattr *nest;
	unsigned int i;

	m->rtm_family = AF_INET;
	m->rtm_dst_len = 16;
	m->rtm_table = RT_TABLE_MAIN;
	m->rtm_type = RTN_UNICAST;
	mnl_attr_put_u32(nlh, RTA_DST, htonl(0x14110000));
	nest = mnl_attr_nest_start(nlh, RTA_MULTIPATH);
	/* More than are read. */
	for (i = 0; i < MESSAGE_HOPS + 1; i++) {
		struct rtnexthop *nh = mnl_nlmsg_get_payload_tail(nlh);

		*nh = (struct rtnexthop){ .rtnh_len = sizeof(*nh), .rtnh_ifindex = 11 };
		nlh->nlmsg_len += sizeof(*nh);
	}
	mnl_attr_nest_end(nlh, nest);
	tell(b, nlh);
	assert_int_equal(group_to(b, 0x14110001), 0);
	assert_false(forwards(b, 0x14110001));
	/* As many as are. */
	nlh->nlmsg_len -= sizeof(struct rtnexthop);
	mnl_attr_nest_end(nlh, nest);
	nlh->nlmsg_flags = NLM_F_REPLACE;
	tell(b, nlh);
	assert_int_not_equal(group_to(b, 0x14110001), 0);
	/* A way that ends beyond the attribute. */
	((struct rtnexthop *)mnl_attr_get_payload(nest))->rtnh_len = 8192;
	tell(b, nlh);
	assert_int_equal(group_to(b, 0x14110001), 0);
}

static void test_metrics(void **state)
{
	struct bed *b = *state;
	struct route r = { .dst = 0x15000000, .len = 8, .gateway = 0x0a010001,
			   .oif = 11, .mtu = 1400 }, other;

	route_message(b, RTM_NEWROUTE, 0, &r);
	assert_int_equal(limit(b, 0x15000001), 1414);
	assert_true(forwards(b, 0xc0a80505));
	other = r;
	other.dst = 0x16000000;
	other.lock = 1 << RTAX_MTU;
	route_message(b, RTM_NEWROUTE, 0, &other);
	assert_int_equal(fib4_lookup(&b->r.ip4.fib, 0x16000001),
			 fib4_lookup(&b->r.ip4.fib, 0x15000001));
	route_message(b, RTM_DELROUTE, 0, &other);
	route_message(b, RTM_DELROUTE, 0, &r);
	assert_false(b->r.resync);
	r.mtu = 9000;
	route_message(b, RTM_NEWROUTE, 0, &r);
	assert_int_equal(limit(b, 0x15000001), 1514);
	r.mtu = 0;
	r.lock = 1 << RTAX_MTU;
	route_message(b, RTM_NEWROUTE, NLM_F_REPLACE, &r);
	assert_int_equal(limit(b, 0x15000001), 0);
	/* Of an object's route, and of a multipath one. */
	r = by_one;
	r.mtu = 1300;
	route_message(b, RTM_NEWROUTE, NLM_F_REPLACE, &r);
	assert_int_equal(limit(b, 0x14010001), 1314);
	nexthop_message(b, RTM_NEWNEXTHOP, NLM_F_REPLACE,
			&(struct nexthop_told){ .id = 1, .gateway = 0x0a010009, .oif = 11 });
	assert_int_equal(limit(b, 0x14010001), 1314);
	r = by_two;
	r.mtu = 1300;
	route_message(b, RTM_NEWROUTE, NLM_F_REPLACE, &r);
	assert_int_equal(way(b, 0x14090001, 1, 1), 0x0a010009);
	assert_int_equal(b->r.neigh.neigh[fib4_lookup(&b->r.ip4.fib, 0x14090001)].mtu, 1300);
	assert_false(b->r.resync);
}

static void test_links(void **state)
{
	struct bed *b = *state;

	link_message(b, RTM_NEWLINK, 1, VR, IFF_UP);
	assert_false(forwards(b, 0xc0a80505));
	assert_true(b->r.resync);
	link_message(b, RTM_NEWLINK, 1, VR, UP);
	assert_true(forwards(b, 0xc0a80505));
	link_message(b, RTM_DELLINK, 1, VR, 0);
	assert_int_equal(b->r.ports.count, 1);
	assert_false(forwards(b, 0xc0a80505));
	link_message(b, RTM_NEWLINK, 5, VR + 1, UP);
	assert_int_equal(b->r.ports.count, 1);
}

static void test_who_forwards(void **state)
{
	struct bed *b = *state;

	netconf_message(b, 10, 0, 0);
	assert_int_equal(b->r.ports.port[0].special, PORT_PUNT);
	netconf_message(b, 10, 1, 0);
	netconf_message(b, NETCONFA_IFINDEX_ALL, 0, 1);
	assert_int_equal(b->r.ports.port[0].special, PORT_RPF_STRICT);
	netconf_message(b, 10, 1, 2);
	assert_int_equal(b->r.ports.port[0].special, PORT_RPF_LOOSE);
	netconf_message(b, 10, 1, 0);
	netconf_message(b, NETCONFA_IFINDEX_ALL, 0, 0);
	assert_int_equal(b->r.ports.port[0].special, 0);
	rule_message(b, RTM_NEWRULE, 0, 100, RT_TABLE_MAIN, 0x01020304);
	assert_int_equal(b->r.ports.port[0].special, PORT_PUNT);
	rule_message(b, RTM_DELRULE, 0, 100, RT_TABLE_MAIN, 0x01020304);
	assert_true(b->r.resync);
	memset(&b->r.ip4.rules.dump, 0, sizeof(b->r.ip4.rules.dump));
	rules(b);
	assert_int_equal(b->r.ports.port[0].special, 0);
	memset(&b->r.ip4.rules.dump, 0, sizeof(b->r.ip4.rules.dump));
	mirror_rules(&b->r, AF_INET);
	mirror_refresh(&b->r);
	assert_int_equal(b->r.ports.port[0].special, PORT_PUNT);
}

/* What is not told again after router_mark() is gone. */
static void test_resync(void **state)
{
	struct bed *b = *state;
	const struct route far = {
		.dst = 0xc0a80000, .len = 16, .gateway = 0x0a010001, .oif = 11,
	};

	router_mark(&b->r);
	assert_true(forwards(b, 0xc0a80505));
	link_message(b, RTM_NEWLINK, 1, VR, UP);
	route_message(b, RTM_NEWROUTE, NLM_F_MULTI, &far);
	neigh_message(b, RTM_NEWNEIGH, 1, 0x0a010001, NUD_REACHABLE);
	assert_true(forwards(b, 0xc0a80505));
	router_sweep(&b->r);
	while (!router_work(&b->r, 100))
		;
	assert_true(forwards(b, 0xc0a80505));
	assert_int_equal(b->r.ports.count, 1);
	assert_false(addr4_has(&b->r.ip4.own, 0x0a000001));
	assert_false(forwards(b, 0x0a010009));
	assert_false(forwards(b, 0xe0000001));
	assert_int_equal(b->r.ip4.fib.routes, 6);
}

/* Every message, every length, the lengths inside it unchanged. */
static void test_truncated(void **state)
{
	struct bed *b = *state;
	unsigned int i;
	uint32_t len;

	for (i = 0; i < b->count; i++) {
		for (len = NLMSG_HDRLEN; len < b->kept[i]->nlmsg_len; len++) {
			struct nlmsghdr *m = malloc(len);

			memcpy(m, b->kept[i], len);
			m->nlmsg_len = len;
			deliver(&b->r, m, len);
			free(m);
		}
	}
	while (!router_work(&b->r, 100000))
		;
}

static void test_random(void **state)
{
	struct bed *b = *state;
	uint64_t seed = 99;
	unsigned int i, n;

	for (i = 0; i < 300000; i++) {
		const struct nlmsghdr *from = b->kept[below(&seed, b->count)];
		uint8_t *m = malloc(from->nlmsg_len);

		memcpy(m, from, from->nlmsg_len);
		for (n = 1 + below(&seed, 6); n; n--)
			m[4 + below(&seed, from->nlmsg_len - 4)] = random32(&seed);
		if (below(&seed, 8) == 0)
			((struct nlmsghdr *)m)->nlmsg_type = from->nlmsg_type ^ 1;
		deliver(&b->r, m, from->nlmsg_len);
		free(m);
		if (i % 16 == 0)
			router_work(&b->r, 50);
		if (i % 5000 == 0) {
			router_mark(&b->r);
			router_sweep(&b->r);
		}
	}
	while (!router_work(&b->r, 100000))
		;
	router_mark(&b->r);
	router_sweep(&b->r);
	while (!router_work(&b->r, 100000))
		;
	assert_int_equal(b->r.ip4.fib.routes, 4);
	assert_int_equal(b->r.nexthops.count, 0);
	assert_int_equal(b->r.groups.count, 0);
	assert_int_equal(b->r.groups.dead, 0);
	for (i = 1; i < b->r.neigh.used; i++)
		assert_int_equal(b->r.neigh.neigh[i].refs, 0);
}

/* ---- IPv6 -------------------------------------------------------------- */

static uint16_t to6(const struct bed *b, struct ipv6_addr addr)
{
	return fib6_lookup(&b->r.ip6.fib, addr);
}

static bool forwards6(const struct bed *b, struct ipv6_addr addr)
{
	return b->r.neigh.adj[to6(b, addr)].limit == 1514;
}

#define FAR6	ADDR6(0x20010db8, 7)
#define TWO6	ADDR6(0x20010db9, 7)

static void test_six(void **state)
{
	struct bed *b = *state;
	uint16_t group = b->r.neigh.adj[to6(b, TWO6)].group;

	assert_int_equal(b->r.ports.port[0].special6, 0);
	assert_true(forwards6(b, FAR6));
	assert_false(forwards6(b, ADDR6(0xfd000001, 1)));
	assert_false(forwards6(b, ADDR6(0xfd000001, 2)));
	assert_false(forwards6(b, GATE6));
	assert_int_not_equal(group, 0);
	assert_int_equal(b->r.groups.at[group]->count, 2);
	neigh6_message(b, RTM_NEWNEIGH, 1, ADDR6(0xfd000001, 2), NUD_STALE);
	neigh6_message(b, RTM_NEWNEIGH, 1, ADDR6(0xfd000001, 2), NUD_PROBE);
	assert_true(forwards6(b, ADDR6(0xfd000001, 2)));
	neigh6_message(b, RTM_DELNEIGH, 1, ADDR6(0xfd000001, 2), 0);
	assert_false(forwards6(b, ADDR6(0xfd000001, 2)));
	/* The same address on the other port is another neighbour. */
	neigh6_message(b, RTM_NEWNEIGH, 0, GATE6, NUD_FAILED);
	neigh6_message(b, RTM_NEWNEIGH, 0, ADDR6(0xff020000, 1), NUD_NOARP);
	assert_true(forwards6(b, FAR6));
	neigh6_message(b, RTM_NEWNEIGH, 1, GATE6, NUD_FAILED);
	assert_false(forwards6(b, FAR6));
	assert_false(b->r.resync);
}

static void test_six_who_forwards(void **state)
{
	struct bed *b = *state;

	netconf6_message(b, 10, 0);
	assert_int_equal(b->r.ports.port[0].special6, 0);
	netconf6_message(b, NETCONFA_IFINDEX_ALL, 0);
	assert_int_equal(b->r.ports.port[0].special6, PORT_PUNT);
	netconf6_message(b, NETCONFA_IFINDEX_ALL, 1);
	assert_int_equal(b->r.ports.port[0].special6, 0);
	addr6_message(b, RTM_DELADDR, 0, ADDR6(0xfd000000, 1));
	assert_int_equal(b->r.ports.port[0].special6, PORT_PUNT);
	assert_int_equal(b->r.ports.port[1].special6, 0);
	assert_int_equal(b->r.ports.port[0].special, 0);
	mirror_rules(&b->r, AF_INET6);
	mirror_refresh(&b->r);
	assert_int_equal(b->r.ports.port[1].special6, PORT_PUNT);
	assert_int_equal(b->r.ports.port[1].special, 0);
}

/* Each message has the whole of a multipath route; its ways go one by one. */
static void test_six_multipath(void **state)
{
	struct bed *b = *state;
	struct route6 r = far6;
	uint16_t group;

	r.way[1] = OTHER6;
	route6_message(b, RTM_NEWROUTE, NLM_F_APPEND, &r);
	group = b->r.neigh.adj[to6(b, FAR6)].group;
	assert_int_not_equal(group, 0);
	r.way[2] = ADDR6(0xfe800000, 3);
	route6_message(b, RTM_NEWROUTE, NLM_F_APPEND, &r);
	group = b->r.neigh.adj[to6(b, FAR6)].group;
	assert_int_equal(b->r.groups.at[group]->count, 3);
	assert_false(b->r.resync);
	/* One goes: the kernel forwards until all is told anew. */
	route6_message(b, RTM_DELROUTE, 0, &far6);
	assert_true(b->r.resync);
	assert_int_equal(to6(b, FAR6), 0);
	b->r.resync = false;
	/* All of them at once; then by a nexthop object, and no more. */
	route6_message(b, RTM_DELROUTE, 0, &two6);
	assert_int_equal(to6(b, TWO6), 0);
	assert_false(b->r.resync);
	r = two6;
	r.way[0].hi = r.way[1].hi = 0;
	r.nexthop = 1;
	route6_message(b, RTM_NEWROUTE, 0, &r);
	assert_true(forwards6(b, TWO6));
}

static void test_six_routes(void **state)
{
	struct bed *b = *state;
	struct route6 r = far6;

	r.way[0] = OTHER6;
	route6_message(b, RTM_NEWROUTE, NLM_F_REPLACE, &r);
	assert_false(forwards6(b, FAR6));
	route6_message(b, RTM_NEWROUTE, NLM_F_REPLACE, &far6);
	assert_true(forwards6(b, FAR6));
	/* Beside it on a link: the kernel chooses. */
	r.way[0].hi = 0;
	route6_message(b, RTM_NEWROUTE, 0, &r);
	assert_int_equal(to6(b, FAR6), 0);
	route6_message(b, RTM_DELROUTE, 0, &r);
	assert_true(forwards6(b, FAR6));
	/* So it does where that was first, and several ways come. */
	r.metric = 77;
	route6_message(b, RTM_NEWROUTE, 0, &r);
	r.way[0] = GATE6;
	r.way[1] = OTHER6;
	route6_message(b, RTM_NEWROUTE, 0, &r);
	assert_int_equal(to6(b, FAR6), 0);
	route6_message(b, RTM_DELROUTE, 0, &r);
	r.way[0].hi = r.way[1].hi = 0;
	route6_message(b, RTM_DELROUTE, 0, &r);
	assert_true(forwards6(b, FAR6));
	r = far6;
	r.metric = 2000;
	r.type = RTN_UNREACHABLE;
	route6_message(b, RTM_NEWROUTE, 0, &r);
	assert_true(forwards6(b, FAR6));
	r.metric = 7;
	route6_message(b, RTM_NEWROUTE, 0, &r);
	assert_false(forwards6(b, FAR6));
	route6_message(b, RTM_DELROUTE, 0, &r);
	assert_true(forwards6(b, FAR6));
	r.type = 0;
	r.from = 64;
	route6_message(b, RTM_NEWROUTE, 0, &r);
	assert_false(forwards6(b, FAR6));
	assert_false(b->r.resync);
	route6_message(b, RTM_DELROUTE, 0, &two6);
	route6_message(b, RTM_DELROUTE, 0, &two6);
	assert_true(b->r.resync);
}

static void test_six_resync(void **state)
{
	struct bed *b = *state;

	router_mark(&b->r);
	route6_message(b, RTM_NEWROUTE, NLM_F_MULTI, &two6);
	router_sweep(&b->r);
	while (!router_work(&b->r, 10))
		;
	/* Three that are never forwarded. */
	assert_int_equal(b->r.ip6.fib.routes, 4);
	assert_int_equal(b->r.ip6.own.count, 0);
	assert_int_equal(to6(b, FAR6), 0);
	assert_int_not_equal(to6(b, TWO6), 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_state), T(test_neighbours), T(test_routes), T(test_other_family), T(test_links),
		T(test_nexthop), T(test_nexthop_alone_decides), T(test_nexthop_gone),
		T(test_nexthop_unknown), T(test_nexthop_odd), T(test_nexthop_group),
		T(test_nexthop_link), T(test_nexthop_sync), T(test_multipath),
		T(test_multipath_dead), T(test_multipath_broken), T(test_metrics),
		T(test_who_forwards), T(test_resync), T(test_truncated),
		T(test_six), T(test_six_who_forwards), T(test_six_multipath),
		T(test_six_routes), T(test_six_resync), T(test_random),
	};

	return cmocka_run_group_tests_name("mirror", tests, NULL, NULL);
}
