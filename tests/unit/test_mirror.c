// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* rtnetlink messages as the kernel sends them, cut short, and at random. */
#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>

#include "mirror_bed.h"

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
	route_message(b, RTM_DELROUTE, 0, &r);
	assert_false(forwards(b, 0x15000001));
	/* But for the type: a blackhole is one whatever object it names. */
	r.type = RTN_BLACKHOLE;
	route_message(b, RTM_NEWROUTE, 0, &r);
	assert_false(forwards(b, 0x15000001));
	route_message(b, RTM_DELROUTE, 0, &r);
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

/* Flows stay in their buckets when the kernel tells that a member has gone. */
static void test_nexthop_resilient(void **state)
{
	static const struct resilient_told res = { 7, 12050, 1 };
	const struct nexthop_told three = { .id = 30, .gateway = 0x0a010055, .oif = 11 };
	static const uint32_t all[3] = { 1, 2, 30 };
	struct bed *b = *state;
	const struct buckets *t;
	unsigned int i, stay[7];

	neigh_message(b, RTM_NEWNEIGH, 1, 0x0a010055, NUD_REACHABLE);
	nexthop_message(b, RTM_NEWNEXTHOP, 0, &three);
	resilient_message(b, 0, 4, all, 3, &res);
	route_message(b, RTM_NEWROUTE, 0,
		      &(struct route){ .dst = 0x14040000, .len = 16, .nexthop = 4 });
	t = b->r.groups.at[group_to(b, 0x14040001)]->buckets;
	assert_int_equal(t->want.count, 7);
	assert_int_equal(t->want.idle, 121);
	assert_int_equal(t->want.unbalanced, 1);
	for (i = 0; i < 7; i++)
		stay[i] = t->at[i].adj;
	nexthop_message(b, RTM_DELNEXTHOP, 0, &one);
	/* Until the group is told, its packets are the kernel's. */
	for (i = 0; i < 7; i++)
		assert_true(b->r.neigh.adj[t->at[i].adj].limit == (i < 5 ? 1514 : 0));
	resilient_message(b, 0, 4, all + 1, 2, &res);
	t = b->r.groups.at[group_to(b, 0x14040001)]->buckets;
	for (i = 0; i < 7; i++) {
		assert_int_equal(b->r.neigh.adj[t->at[i].adj].limit, 1514);
		if (i < 5)
			assert_int_equal(t->at[i].adj, stay[i]);
	}
	/* So they do when a member changes, and when all is dumped again. */
	neigh_message(b, RTM_NEWNEIGH, 1, 0x0a010055, NUD_FAILED);
	resilient_message(b, NLM_F_MULTI, 4, all + 1, 2, &res);
	t = b->r.groups.at[group_to(b, 0x14040001)]->buckets;
	for (i = 0; i < 5; i++)
		assert_int_equal(t->at[i].adj, stay[i]);
	/* Of no buckets: nothing that is known here. */
	resilient_message(b, NLM_F_REPLACE, 4, all + 1, 2, &(struct resilient_told){ 0 });
	assert_int_equal(group_to(b, 0x14040001), 0);
	assert_false(forwards(b, 0x14040001));
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
	router_sweep(&b->r, true);
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

/* The same of a route's only way. */
static void test_dead(void **state)
{
	struct bed *b = *state;
	struct route r = { .dst = 0xc0a80000, .len = 16, .gateway = 0x0a010001, .oif = 11,
			   .flags = { RTNH_F_DEAD | RTNH_F_LINKDOWN } };

	link_message(b, RTM_NEWLINK, 1, VR, IFF_UP);
	route_message(b, RTM_NEWROUTE, NLM_F_REPLACE, &r);
	b->r.resync = false;
	link_message(b, RTM_NEWLINK, 1, VR, UP);
	assert_false(forwards(b, 0xc0a80505));
	assert_true(b->r.resync);
	/* In the dump that follows it is no more. */
	router_mark(&b->r);
	r.flags[0] = 0;
	route_message(b, RTM_NEWROUTE, NLM_F_MULTI | NLM_F_REPLACE, &r);
	assert_true(forwards(b, 0xc0a80505));
	b->r.resync = false;
	addr_message(b, RTM_NEWADDR, 0x0a000001);
	netconf_message(b, 10, 1, 0);
	assert_false(b->r.resync);
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

/* A VRF gets a port: its routes go without a message, and its neighbours come again. */
static void test_enslaved(void **state)
{
	struct bed *b = *state;

	assert_true(forwards(b, 0xc0a80001));
	b->master = 99;
	link_message(b, RTM_NEWLINK, 1, VR, 0);
	assert_true(b->r.resync);
	link_message(b, RTM_NEWLINK, 1, VR, UP);
	neigh_message(b, RTM_NEWNEIGH, 1, 0x0a010001, NUD_REACHABLE);
	neigh_message(b, RTM_NEWNEIGH, 1, 0x0a010009, NUD_REACHABLE);
	assert_false(forwards(b, 0xc0a80001));
	assert_false(forwards(b, 0x0a010001));
	assert_false(forwards(b, 0x14010001));
	assert_int_equal(way(b, 0x14030001, 0, 1), 0);
	b->master = 0;
	link_message(b, RTM_NEWLINK, 1, VR, UP);
	assert_true(forwards(b, 0xc0a80001));
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
	/* Port 1 has no address. What else is not 0 is loose, or more. */
	netconf_message(b, 11, 1, 2);
	assert_int_equal(b->r.ports.port[1].special, PORT_RPF_STRICT);
	netconf_message(b, 10, 1, 256);
	assert_int_equal(b->r.ports.port[0].special, PORT_RPF_LOOSE);
	netconf_message(b, 10, 1, -1);
	assert_int_equal(b->r.ports.port[0].special, PORT_RPF_STRICT);
	netconf_message(b, 10, 1, 0);
	rule_message(b, RTM_NEWRULE, 0, 100, RT_TABLE_MAIN, 0x01020304);
	assert_int_equal(b->r.ports.port[0].special, PORT_PUNT);
	rule_message(b, RTM_DELRULE, 0, 100, RT_TABLE_MAIN, 0x01020304);
	assert_true(b->r.resync);
	memset(&b->r.ip4.rules.dump, 0, sizeof(b->r.ip4.rules.dump));
	rules(b);
	/* From now on the kernel looks sources up. */
	assert_int_equal(b->r.ports.port[0].special, PORT_RPF_LOOSE);
	memset(&b->r.ip4.rules.dump, 0, sizeof(b->r.ip4.rules.dump));
	mirror_rules(&b->r, AF_INET);
	mirror_refresh(&b->r);
	assert_int_equal(b->r.ports.port[0].special, PORT_PUNT);
}

/* One of the defaults goes, and comes back; one that is none takes its place. */
static void test_default_rules(void **state)
{
	struct bed *b = *state;
	const struct port *p = &b->r.ports.port[0];
	unsigned int odd;

	main_rule_message(b, RTM_DELRULE, 0);
	assert_int_equal(p->special, PORT_PUNT);
	assert_true(b->r.resync);
	main_rule_message(b, RTM_NEWRULE, 0);
	assert_int_equal(p->special, PORT_RPF_LOOSE);
	/* Whatever it selects by, now or in kernels to come. */
	for (odd = 1; odd < 100; odd++) {
		if (odd == FRA_TABLE || odd == FRA_PRIORITY || odd == FRA_PROTOCOL ||
		    odd == FRA_SUPPRESS_PREFIXLEN || odd == FRA_SUPPRESS_IFGROUP ||
		    odd == FRA_PAD)
			continue;
		memset(&b->r.ip4.rules.now, 0, sizeof(b->r.ip4.rules.now));
		rules(b);
		assert_int_equal(p->special, PORT_RPF_LOOSE);
		main_rule_message(b, RTM_NEWRULE, odd);
		assert_int_equal(p->special, PORT_PUNT);
		memset(&b->r.ip4.rules.dump, 0, sizeof(b->r.ip4.rules.dump));
	}
}

/* What VRFs bring along: a rule of their own, and the local table's behind it. */
static void test_vrf_rules(void **state)
{
	struct bed *b = *state;
	const struct port *p = &b->r.ports.port[0];

	assert_int_equal(p->special, 0);
	assert_true(addr4_has(&b->r.ip4.own, 0x0a000001));
	vrf_rule_message(b, RTM_NEWRULE, RT_TABLE_UNSPEC);
	assert_int_equal(p->special, PORT_RPF_LOOSE);
	rule_message(b, RTM_NEWRULE, 0, 32765, RT_TABLE_LOCAL, 0);
	assert_int_equal(p->special, PORT_RPF_LOOSE);
	/* Until there is another dump it may have been the only one. */
	rule_message(b, RTM_DELRULE, 0, 0, RT_TABLE_LOCAL, 0);
	assert_int_equal(p->special, PORT_PUNT);
	memset(&b->r.ip4.rules.dump, 0, sizeof(b->r.ip4.rules.dump));
	rule_message(b, RTM_NEWRULE, NLM_F_MULTI, 32765, RT_TABLE_LOCAL, 0);
	rule_message(b, RTM_NEWRULE, NLM_F_MULTI, 32766, RT_TABLE_MAIN, 0);
	mirror_rules(&b->r, AF_INET);
	mirror_refresh(&b->r);
	assert_int_equal(p->special, PORT_RPF_LOOSE);
	/* An address may be of an interface in a VRF, and others' here. */
	assert_false(addr4_has(&b->r.ip4.own, 0x0a000001));
	assert_false(forwards(b, 0x0a000001));
	vrf_rule_message(b, RTM_NEWRULE, RT_TABLE_MAIN);
	assert_int_equal(p->special, PORT_PUNT);
}

/* Sources are looked up from the first route on that makes addresses ours. */
static void test_local_routes(void **state)
{
	const struct route r = {
		.dst = 0xc6120000, .len = 16, .table = RT_TABLE_LOCAL, .type = RTN_LOCAL,
		.protocol = RTPROT_BOOT,
	};
	struct bed *b = *state;

	assert_int_equal(b->r.ports.port[0].special, 0);
	route_message(b, RTM_NEWROUTE, 0, &r);
	assert_int_equal(b->r.ports.port[0].special, PORT_RPF_LOOSE);
	assert_false(forwards(b, 0xc6120001));
	route_message(b, RTM_DELROUTE, 0, &r);
	assert_int_equal(b->r.ports.port[0].special, PORT_RPF_LOOSE);
	netconf_message(b, 10, 1, 1);
	assert_int_equal(b->r.ports.port[0].special, PORT_RPF_STRICT);
}

/* What is not told again after router_mark() is gone. */
/* "ip addr add 10.0.0.1/24 brd 10.0.0.127": nobody sends from there. */
static void test_broadcast(void **state)
{
	struct route all = { .dst = 0x0a00007f, .len = 32, .oif = 10, .type = RTN_BROADCAST,
			     .protocol = RTPROT_KERNEL };
	struct bed *b = *state;

	route_message(b, RTM_NEWROUTE, 0, &all);
	assert_false(addr4_bad_source(&b->r.ip4.own, 0x0a00007f));
	all.table = RT_TABLE_LOCAL;
	route_message(b, RTM_NEWROUTE, 0, &all);
	assert_true(addr4_bad_source(&b->r.ip4.own, 0x0a00007f));
	assert_false(addr4_bad_source(&b->r.ip4.own, 0x0a00007e));
	assert_false(b->r.resync);
	route_message(b, RTM_DELROUTE, 0, &all);
	assert_true(b->r.resync);
	router_mark(&b->r);
	router_sweep(&b->r, true);
	while (!router_work(&b->r, 100000))
		;
	assert_false(addr4_bad_source(&b->r.ip4.own, 0x0a00007f));
}

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
	router_sweep(&b->r, true);
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
			router_sweep(&b->r, true);
		}
	}
	while (!router_work(&b->r, 100000))
		;
	router_mark(&b->r);
	router_sweep(&b->r, true);
	while (!router_work(&b->r, 100000))
		;
	assert_int_equal(b->r.ip4.fib.routes, 4);
	assert_int_equal(b->r.nexthops.count, 0);
	assert_int_equal(b->r.groups.count, 0);
	assert_int_equal(b->r.groups.dead, 0);
	for (i = 1; i < b->r.neigh.used; i++)
		assert_int_equal(b->r.neigh.neigh[i].refs, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_state), T(test_neighbours), T(test_routes), T(test_other_family), T(test_links),
		T(test_nexthop), T(test_nexthop_alone_decides), T(test_nexthop_gone),
		T(test_nexthop_unknown), T(test_nexthop_odd), T(test_nexthop_group),
		T(test_nexthop_resilient),
		T(test_nexthop_link), T(test_nexthop_sync), T(test_multipath),
		T(test_multipath_dead), T(test_dead), T(test_multipath_broken), T(test_metrics),
		T(test_enslaved),
		T(test_who_forwards), T(test_default_rules), T(test_vrf_rules), T(test_local_routes), T(test_resync),
		T(test_truncated), T(test_broadcast),
		T(test_random),
	};

	return cmocka_run_group_tests_name("mirror", tests, NULL, NULL);
}
