// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* The same as test_mirror.c, of IPv6. */
#include "mirror_bed.h"

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

/* IPv6's MTU of a port, told with the port or alone, is no business of IPv4's. */
static void test_six_mtu(void **state)
{
	struct bed *b = *state;
	const struct adj *six = &b->r.neigh.adj[to6(b, FAR6)];
	const struct adj *four = &b->r.neigh.adj[fib4_lookup(&b->r.ip4.fib, 0xc0a80505)];

	mtu6_message(b, RTM_NEWLINK, 1, 1400);
	assert_int_equal(six->limit, 1414);
	assert_int_equal(four->limit, 1514);
	mtu6_message(b, RTM_NEWLINK, 1, 1600);
	assert_int_equal(six->limit, 1514);
	b->mtu6 = 1280;
	link_message(b, RTM_NEWLINK, 1, VR, UP);
	assert_int_equal(six->limit, 1294);
	assert_int_equal(four->limit, 1514);
	/* That IPv6 leaves an interface does not mean that it goes. */
	mtu6_message(b, RTM_DELLINK, 1, 1280);
	mtu6_message(b, RTM_NEWLINK, 7, 1280);
	assert_int_equal(b->r.ports.count, 2);
	assert_false(b->r.resync);
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
	/* A blackhole is one whatever object it names. */
	r.type = RTN_BLACKHOLE;
	route6_message(b, RTM_NEWROUTE, NLM_F_REPLACE, &r);
	assert_int_equal(to6(b, TWO6), 0);
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
	router_sweep(&b->r, true);
	while (!router_work(&b->r, 10))
		;
	/* Three that are never forwarded. */
	assert_int_equal(b->r.ip6.fib.routes, 4);
	assert_int_equal(b->r.ip6.own.count, 0);
	assert_int_equal(to6(b, FAR6), 0);
	assert_int_not_equal(to6(b, TWO6), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_six), T(test_six_who_forwards), T(test_six_mtu), T(test_six_multipath),
		T(test_six_routes), T(test_six_resync),
	};

	return cmocka_run_group_tests_name("mirror6", tests, NULL, NULL);
}
