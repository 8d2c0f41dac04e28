// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* The same as test_datapath.c, of IPv6. */
#include "datapath_bed.h"

static void sends6(struct bed *b, uint32_t len, unsigned int flags,
		   const struct europa_slot *meta, uint32_t out_len)
{
	struct europa_entry e = pass(b, len, flags, meta);
	const uint8_t *p = fake_data(&b->k, &e);

	assert_int_equal(e.op, EUROPA_OP_SEND);
	assert_int_equal(e.port, 1);
	assert_int_equal(e.len, out_len);
	assert_memory_equal(p, peer_address, 6);
	assert_memory_equal(p + 6, port_address[1], 6);
	assert_int_equal(p[IPV6_HOPS_AT], b->frame[IPV6_HOPS_AT] - 1);
	assert_memory_equal(p + 12, b->frame + 12, 9);
	assert_memory_equal(p + 22, b->frame + 22, 32);
}

static void test_forward6(void **state)
{
	struct bed *b = *state;

	build6(b->frame, SRC6, DST6, 98);
	sends6(b, 98, 0, NULL, 98);
	/* Nothing behind the header; padding behind that. */
	build6(b->frame, SRC6, DST6, 54);
	sends6(b, 60, 0, NULL, 54);
	assert_int_equal(b->r.lane[0].stats.sent, 2);
}

static void test_header6(void **state)
{
	struct bed *b = *state;
	static const struct { uint8_t at, value; enum punt why; } odd[] = {
		{ 5, 0x77, PUNT_MAC }, { 13, 0xde, PUNT_PROTO }, { 14, 0x40, PUNT_PROTO },
		{ 18, 1, PUNT_LENGTH }, { 19, 45, PUNT_LENGTH },
		{ 20, 0, PUNT_PROTO }, { 20, 43, PUNT_PROTO },
		{ 21, 1, PUNT_TTL }, { 21, 0, PUNT_TTL },
		{ 22, 0xff, PUNT_SOURCE },
		{ 37, 1, PUNT_SOURCE },
		{ 38, 0xff, PUNT_ROUTE }, { 38, 0x30, PUNT_ROUTE },
	};
	unsigned int i;

	for (i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		build6(b->frame, SRC6, DST6, 98);
		b->frame[odd[i].at] = odd[i].value;
		punts_meta(b, 98, 0, NULL, odd[i].why);
	}
	build6(b->frame, SRC6, DST6, 98);
	punts_meta(b, 53, 0, NULL, PUNT_LENGTH);
	/* Other extension headers are the destination's business. */
	b->frame[20] = 44;
	sends6(b, 98, 0, NULL, 98);
	b->frame[20] = 60;
	sends6(b, 98, 0, NULL, 98);
}

/* Neighbour discovery to one that the kernel may be the proxy of. */
static void test_discovery6(void **state)
{
	struct bed *b = *state;
	unsigned int type;

	for (type = 0; type < 256; type++) {
		build6(b->frame, SRC6, DST6, 98);
		b->frame[20] = 58;
		b->frame[54] = type;
		if (type >= 133 && type <= 137)
			punts_meta(b, 98, 0, NULL, PUNT_PROTO);
		else
			sends6(b, 98, 0, NULL, 98);
	}
	/* Nothing to see what it is by. */
	build6(b->frame, SRC6, DST6, 54);
	b->frame[20] = 58;
	sends6(b, 54, 0, NULL, 54);
}

/* Unspecified, loopback, mapped, link-local, multicast: from and to. */
static void test_never6(void **state)
{
	static const struct ipv6_addr never[] = {
		{ 0, 0 }, { 0, 1 }, { 0, 0xffff01020304 }, { 0xfe80ull << 48, 5 },
		{ 0xfebfull << 48, 5 }, { 0xff02ull << 48, 1 }, { ~0ull, ~0ull },
	};
	struct bed *b = *state;
	unsigned int i;

	gateway6(&b->r, (struct ipv6_addr){ 0, 0 }, 0,
		 (struct ipv6_addr){ 0xfe80ull << 48, 1 });
	router_work(&b->r, 100000);
	for (i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
		build6(b->frame, never[i], DST6, 98);
		punts_meta(b, 98, 0, NULL, PUNT_SOURCE);
		build6(b->frame, SRC6, never[i], 98);
		punts_meta(b, 98, 0, NULL, PUNT_ROUTE);
	}
	/* 64:ff9b::/96, of NAT64, and the rest of the world. */
	build6(b->frame, SRC6, (struct ipv6_addr){ 0x64ff9bull << 32, 7 }, 98);
	sends6(b, 98, 0, NULL, 98);
	build6(b->frame, (struct ipv6_addr){ 0xfec0ull << 48, 7 }, SRC6, 98);
	punts_meta(b, 98, 0, NULL, PUNT_NEIGH);
}

/* Out of port 0 again, on which it came. */
static void returns6(struct bed *b)
{
	struct europa_entry e = pass(b, 98, 0, NULL);
	const uint8_t *p = fake_data(&b->k, &e);

	assert_int_equal(e.op, EUROPA_OP_SEND);
	assert_int_equal(e.port, 0);
	assert_memory_equal(p + 6, port_address[0], 6);
	assert_int_equal(p[IPV6_HOPS_AT], b->frame[IPV6_HOPS_AT] - 1);
}

/* A route by a gateway on port 0, which is known. */
static void back6(struct bed *b, struct ipv6_addr dst, uint8_t len, struct ipv6_addr gateway)
{
	struct fib6_route route = { .dst = dst, .len = len, .kind = FIB6_MAIN };

	route.adj = neigh_get6(&b->r.neigh, 0, gateway);
	neigh_set(&b->r.neigh, route.adj, NUD_REACHABLE, peer_address);
	fib6_add(&b->r.ip6.fib, &route);
	router_work(&b->r, 100000);
}

/* Redirects name link-local gateways, and neighbours; to who sends by no router. */
static void test_same_port6(void **state)
{
	const struct ipv6_addr far = { 0x20020000ull << 32, 1 }, by = { 0xfe80ull << 48, 7 };
	struct bed *b = *state;

	back6(b, DST6, 128, by);
	build6(b->frame, SRC6, DST6, 98);
	punts_meta(b, 98, 0, NULL, PUNT_SAME);
	/* It is not about IPv4's setting. */
	b->r.ports.port[0].quiet = true;
	punts_meta(b, 98, 0, NULL, PUNT_SAME);
	back6(b, far, 64, (struct ipv6_addr){ 0xfd00ull << 48, 8 });
	build6(b->frame, SRC6, far, 98);
	returns6(b);
	build6(b->frame, far, DST6, 98);
	returns6(b);
	back6(b, (struct ipv6_addr){ 0xfd00ull << 48, 9 }, 128,
	      (struct ipv6_addr){ 0xfd00ull << 48, 9 });
	build6(b->frame, SRC6, (struct ipv6_addr){ 0xfd00ull << 48, 9 }, 98);
	punts_meta(b, 98, 0, NULL, PUNT_SAME);
	build6(b->frame, far, (struct ipv6_addr){ 0xfd00ull << 48, 9 }, 98);
	returns6(b);
}

static void test_meta6(void **state)
{
	struct bed *b = *state;

	build6(b->frame, SRC6, DST6, 1514);
	sends6(b, 1514, 0, NULL, 1514);
	build6(b->frame, SRC6, DST6, 1515);
	punts_meta(b, 1515, 0, NULL, PUNT_MTU);
	build6(b->frame, SRC6, DST6, 4000);
	b->meta.flags = EUROPA_SLOT_GSO | EUROPA_SLOT_CSUM;
	b->meta.gso_type = EUROPA_GSO_TCPV6;
	b->meta.gso_size = 1440;
	b->meta.gso_hdr_len = 74;
	sends6(b, 4000, 0, &b->meta, 4000);
	b->meta.gso_size = 1441;
	punts_meta(b, 4000, 0, &b->meta, PUNT_MTU);
	b->meta.gso_size = 1440;
	b->frame[19]--;
	punts_meta(b, 4000, 0, &b->meta, PUNT_GSO);
	build6(b->frame, SRC6, DST6, 98);
	b->meta.flags = EUROPA_SLOT_VLAN;
	punts_meta(b, 98, 0, &b->meta, PUNT_VLAN);
	b->meta.flags = EUROPA_SLOT_CSUM;
	sends6(b, 98, 0, &b->meta, 98);
}

/* Where IPv6 is not forwarded, IPv4 is, and the other way round. */
static void test_port_state6(void **state)
{
	struct bed *b = *state;

	b->r.ports.forwarding6 = false;
	port_refresh(&b->r.ports);
	sends(b, 98, 0, NULL, 98);
	build6(b->frame, SRC6, DST6, 98);
	punts_meta(b, 98, 0, NULL, PUNT_OFF);
	b->r.ports.forwarding6 = true;
	b->r.ports.punt_all = true;
	b->r.ports.port[0].forwarding = false;
	port_refresh(&b->r.ports);
	sends6(b, 98, 0, NULL, 98);
	b->r.ports.port[0].on6 = false;
	port_refresh(&b->r.ports);
	punts_meta(b, 98, 0, NULL, PUNT_OFF);
}

/* Neighbours of both families, apart; gateways by their state. */
static void test_neighbours6(void **state)
{
	struct bed *b = *state;
	struct fib6_route host = {
		.dst = { 0xfd000001ull << 32, 9 }, .len = 128, .kind = FIB6_HOST,
	};

	build6(b->frame, SRC6, host.dst, 98);
	punts_meta(b, 98, 0, NULL, PUNT_NEIGH);
	host.adj = neigh_get6(&b->r.neigh, 1, host.dst);
	host.glean = neigh_get6(&b->r.neigh, 1, (struct ipv6_addr){ 0, 0 });
	assert_int_not_equal(host.glean, neigh_find(&b->r.neigh, 1, 0));
	neigh_set(&b->r.neigh, host.adj, NUD_REACHABLE, peer_address);
	fib6_add(&b->r.ip6.fib, &host);
	router_work(&b->r, 100000);
	sends6(b, 98, 0, NULL, 98);
	neigh_set(&b->r.neigh, host.adj, NUD_FAILED, NULL);
	punts_meta(b, 98, 0, NULL, PUNT_NEIGH);
	build6(b->frame, SRC6, DST6, 98);
	neigh_tick(&b->r.neigh, 100);
	neigh_set(&b->r.neigh, b->gateway6, NUD_STALE, peer_address);
	punts_meta(b, 98, 0, NULL, PUNT_PROBE);
	sends6(b, 98, 0, NULL, 98);
	/* An IPv4 route by the IPv6 gateway. */
	neigh_hold(&b->r.neigh, b->gateway6);
	by_group(b, b->gateway6, 0);
	build(b->frame, SRC, 0x14000001, 98);
	sends(b, 98, 0, NULL, 98);
}

/* A flow's packet; returns the last byte of whom it is sent to, -1: punted. */
static int flow6(struct bed *b, uint32_t dst, uint32_t ports, uint16_t label)
{
	struct europa_entry e;

	build6(b->frame, SRC6, (struct ipv6_addr){ 0x20010db9ull << 32, dst }, 98);
	put32(b->frame + 54, ports);
	memcpy(b->frame + 16, &label, 2);
	e = pass(b, 98, 0, NULL);
	if (e.op != EUROPA_OP_SEND)
		return -1;
	assert_int_equal(fake_data(&b->k, &e)[21], 63);
	return fake_data(&b->k, &e)[5];
}

static unsigned int second_of6(struct bed *b, char vary)
{
	unsigned int i, n = 0;

	for (i = 0; i < 2000; i++) {
		uint32_t dst = vary == 'd' ? i : 0, ports = vary == 'p' ? i : 0;
		int way = flow6(b, dst, ports, vary == 'l' ? i : 0);

		assert_true(way >= 0);
		assert_int_equal(flow6(b, dst, ports, vary == 'l' ? i : 0), way);
		n += way == 2;
	}
	return n;
}

/* A route by two gateways, m. */
static struct fib6_route by_two(struct bed *b, struct group_member m[2])
{
	m[0] = (struct group_member){ .adj = b->gateway6, .weight = 1 };
	m[1] = (struct group_member){ .adj = other_gateway(b, 2), .weight = 1 };
	return (struct fib6_route){
		.dst = { 0x20010db9ull << 32, 0 }, .len = 32, .kind = FIB6_MAIN,
		.adj = group_get(&b->r.groups, m, 2),
	};
}

static void test_group6(void **state)
{
	struct bed *b = *state;
	struct group_member m[2];
	struct fib6_route route = by_two(b, m);
	unsigned int n;

	neigh_put(&b->r.neigh, m[1].adj);
	fib6_add(&b->r.ip6.fib, &route);
	router_work(&b->r, 100000);
	assert_in_range(second_of6(b, 'd'), 900, 1100);
	assert_in_range(second_of6(b, 'l'), 900, 1100);
	n = second_of6(b, 'p');
	assert_true(n == 0 || n == 2000);
	b->r.ip6.flow.policy = FLOW_L4;
	assert_in_range(second_of6(b, 'p'), 900, 1100);
	n = second_of6(b, 'l');
	assert_true(n == 0 || n == 2000);
	b->r.ip6.flow.policy = FLOW_INNER;
	assert_in_range(second_of6(b, 'd'), 900, 1100);
	assert_in_range(second_of6(b, 'l'), 900, 1100);
	n = second_of6(b, 'p');
	assert_true(n == 0 || n == 2000);
	b->r.ip6.flow.policy = FLOW_FIELDS;
	b->r.ip6.flow.fields = FLOW_FIELD_DST | FLOW_FIELD_DPORT;
	assert_in_range(second_of6(b, 'd'), 900, 1100);
	assert_in_range(second_of6(b, 'p'), 900, 1100);
	n = second_of6(b, 'l');
	assert_true(n == 0 || n == 2000);
	b->r.ip6.flow.policy = FLOW_OTHER;
	punts_meta(b, 98, 0, NULL, PUNT_MULTIPATH);
}

/* Of 200 flows, so many go by the second of two ways; the others are punted. */
static unsigned int by_second(struct bed *b)
{
	unsigned int i, sent = 0;

	for (i = 0; i < 200; i++) {
		int way = flow6(b, i, 7, 0);

		assert_true(way == 2 || way == -1);
		sent += way == 2;
	}
	return sent;
}

/* The first does not answer: the kernel looks at that for nexthop objects alone. */
static void test_group_neighbours6(void **state)
{
	struct bed *b = *state;
	struct group_member m[2];
	struct fib6_route route = by_two(b, m);

	b->r.ip4.flow.use_neigh = true;
	neigh_set(&b->r.neigh, b->gateway6, NUD_FAILED, NULL);
	fib6_add(&b->r.ip6.fib, &route);
	router_work(&b->r, 100000);
	assert_in_range(by_second(b), 60, 140);
	fib6_unset(&b->r.ip6.fib, &route);
	assert_true(nexthop_set_group(&b->r.nexthops, 3, m, 2, NULL));
	route.adj = nexthop_find(&b->r.nexthops, 3);
	neigh_hold(&b->r.neigh, route.adj);
	fib6_add(&b->r.ip6.fib, &route);
	router_work(&b->r, 100000);
	assert_int_equal(by_second(b), 200);
	nexthop_del(&b->r.nexthops, 3);
	neigh_put(&b->r.neigh, m[1].adj);
}

/* An ICMPv6 error goes the way of what it is about. */
static void test_flow6_icmp(void **state)
{
	struct flow f = { .key = { 1, 2 } };
	uint8_t frame[200], inner[200];
	uint32_t i, same = 0;

	(void)state;
	for (i = 0; i < 100; i++) {
		build6(inner, SRC6, (struct ipv6_addr){ 0x20010db9ull << 32, i }, 98);
		build6(frame, OWN6, DST6, 150);
		frame[20] = 58;
		frame[54] = 3;
		memcpy(frame + 62, inner + 14, 84);
		assert_int_equal(flow6_hash(&f, frame, 150), flow6_hash(&f, inner, 98));
		frame[54] = 128;
		same += flow6_hash(&f, frame, 150) == flow6_hash(&f, inner, 98);
	}
	assert_int_equal(same, 0);
}

static void test_own_addresses6(void **state)
{
	struct addr6 t;
	uint32_t i;

	(void)state;
	assert_true(addr6_init(&t));
	for (i = 0; i < 300; i++)
		assert_true(addr6_add(&t, (struct ipv6_addr){ 7, 3 * i + 1 }, i % 5, 64));
	addr6_add(&t, (struct ipv6_addr){ 7, 1 }, 99, 64);
	addr6_build(&t);
	for (i = 0; i < 900; i++)
		assert_int_equal(addr6_has(&t, (struct ipv6_addr){ 7, i }), i % 3 == 1);
	assert_true(addr6_on(&t, 99));
	addr6_del(&t, (struct ipv6_addr){ 7, 1 }, 99, 64);
	addr6_build(&t);
	assert_false(addr6_on(&t, 99));
	assert_true(addr6_has(&t, (struct ipv6_addr){ 7, 1 }));
	addr6_mark(&t);
	addr6_add(&t, (struct ipv6_addr){ 7, 4 }, 1, 64);
	addr6_sweep(&t);
	addr6_build(&t);
	assert_int_equal(t.count, 1);
	assert_false(addr6_has(&t, (struct ipv6_addr){ 7, 1 }));
	addr6_exit(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_forward6), T(test_header6), T(test_discovery6), T(test_never6),
		T(test_same_port6), T(test_meta6),
		T(test_port_state6), T(test_neighbours6), T(test_group6), T(test_group_neighbours6),
		cmocka_unit_test(test_flow6_icmp), cmocka_unit_test(test_own_addresses6),
	};

	return cmocka_run_group_tests_name("datapath6", tests, NULL, NULL);
}
