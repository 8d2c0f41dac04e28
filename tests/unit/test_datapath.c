// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* Frames through the router's datapath and a kernel made of plain memory. */
#include <errno.h>

#include "unit.h"

#include "packet.h"

#define SRC	0x0a000005	/* 10.0.0.5, on port 0 */
#define DST	0xc0a80101	/* 192.168.1.1, by 10.1.0.1 on port 1 */

/* fd00::5 on port 0, fd00::1 there is ours; 2001:db8::1 by fe80::1 on port 1. */
#define SRC6	((struct ipv6_addr){ 0xfd00ull << 48, 5 })
#define OWN6	((struct ipv6_addr){ 0xfd00ull << 48, 1 })
#define DST6	((struct ipv6_addr){ 0x20010db8ull << 32, 1 })

struct bed {
	struct router r;
	struct europa_queue q;
	struct fake k;
	uint8_t frame[4096];
	struct europa_slot meta;
	uint16_t gateway, gateway6;
};

static int setup(void **state)
{
	struct bed *b = calloc(1, sizeof(*b));

	fake_open(&b->k, &b->q, 256, -1);
	assert_true(router_init(&b->r));
	b->r.q = &b->q;
	two_ports(&b->r);
	b->gateway = gateway(&b->r, 0xc0a80000, 16, 0x0a010001);
	addr4_add(&b->r.ip4.own, 0x0a000001, 10, 24);
	b->r.ip4.own_changed = true;
	b->gateway6 = gateway6(&b->r, (struct ipv6_addr){ 0x20010db8ull << 32, 0 }, 32,
			       (struct ipv6_addr){ 0xfe80ull << 48, 1 });
	addr6_add(&b->r.ip6.own, OWN6, 10, 64);
	b->r.ip6.own_changed = true;
	assert_true(router_work(&b->r, 1000000));
	build(b->frame, SRC, DST, 98);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bed *b = *state;

	router_exit(&b->r);
	fake_close(&b->k);
	free(b);
	return 0;
}

/* One frame in, one entry out. */
static struct europa_entry pass(struct bed *b, uint32_t len, unsigned int flags,
				const struct europa_slot *meta)
{
	struct europa_entry e[EUROPA_BURST], out, none;
	unsigned int n;

	assert_true(fake_receive(&b->k, 0, b->frame, len, flags, meta) >= 0);
	europa_ring_submit(&b->k.rx);
	n = europa_rx_peek(&b->q, e, EUROPA_BURST);
	assert_int_equal(n, 1);
	datapath_burst(&b->r, e, n);
	assert_int_equal(fake_drain(&b->k, &out), 0);
	assert_int_equal(europa_tx_submit(&b->q), 1);
	assert_int_equal(fake_drain(&b->k, &out), 1);
	assert_int_equal(fake_drain(&b->k, &none), 0);
	assert_int_equal(b->k.free_count, 256);
	return out;
}

static void sends(struct bed *b, uint32_t len, unsigned int flags,
		  const struct europa_slot *meta, uint32_t out_len)
{
	struct europa_entry e = pass(b, len, flags, meta);
	const uint8_t *p = fake_data(&b->k, &e);

	assert_int_equal(e.op, EUROPA_OP_SEND);
	assert_int_equal(e.port, 1);
	assert_int_equal(e.len, out_len);
	assert_int_equal(e.bytes, IPV4_HEADERS);
	assert_int_equal(e.offset, 64 + EUROPA_HEADROOM);
	assert_int_equal(e.flags, 0);
	assert_memory_equal(p, peer_address, 6);
	assert_memory_equal(p + 6, port_address[1], 6);
	assert_int_equal(p[IPV4_TTL_AT], b->frame[IPV4_TTL_AT] - 1);
	assert_int_equal(header_sum(p + IPV4_AT, 20), 0xffff);
	assert_memory_equal(p + 12, b->frame + 12, 10);
	assert_memory_equal(p + 26, b->frame + 26, 8);
}

static void punts_meta(struct bed *b, uint32_t len, unsigned int flags,
		       const struct europa_slot *meta, enum punt why)
{
	uint64_t before = b->r.stats.punt[why];
	struct europa_entry e = pass(b, len, flags, meta);

	assert_int_equal(e.op, EUROPA_OP_PUNT);
	assert_int_equal(e.len, len);
	assert_memory_equal(fake_data(&b->k, &e), b->frame,
			    len < FAKE_SNAP ? len : FAKE_SNAP);
	assert_int_equal(b->r.stats.punt[why], before + 1);
}

static void punts(struct bed *b, enum punt why)
{
	set_sum(b->frame);
	punts_meta(b, 98, 0, NULL, why);
}

static void test_forward(void **state)
{
	struct bed *b = *state;

	sends(b, 98, 0, NULL, 98);
	assert_int_equal(b->r.stats.sent, 1);
}

/* Padding to the shortest frame is not forwarded. */
static void test_padding(void **state)
{
	struct bed *b = *state;

	build(b->frame, SRC, DST, 40);
	sends(b, 60, 0, NULL, 40);
}

static void test_addressed(void **state)
{
	struct bed *b = *state;

	b->frame[5]++;
	punts(b, PUNT_MAC);
	sends(b, 98, EUROPA_RX_ADDRESSED, NULL, 98);
	punts_meta(b, 98, EUROPA_RX_ADDRESSED | EUROPA_RX_MULTICAST, NULL, PUNT_MAC);
}

static void test_header(void **state)
{
	struct bed *b = *state;
	static const struct { uint8_t at, value; enum punt why; } odd[] = {
		{ 12, 0x86, PUNT_PROTO }, { 13, 6, PUNT_PROTO },
		{ 14, 0x46, PUNT_PROTO }, { 14, 0x44, PUNT_PROTO },
		{ 14, 0x65, PUNT_PROTO },
		{ 16, 1, PUNT_LENGTH }, { 17, 85, PUNT_LENGTH }, { 17, 19, PUNT_LENGTH },
		{ 22, 1, PUNT_TTL }, { 22, 0, PUNT_TTL },
		{ 26, 0, PUNT_SOURCE }, { 26, 127, PUNT_SOURCE },
		{ 26, 224, PUNT_SOURCE }, { 26, 255, PUNT_SOURCE },
		{ 29, 1, PUNT_SOURCE },
		{ 30, 0, PUNT_ROUTE }, { 30, 127, PUNT_ROUTE },
		{ 30, 224, PUNT_ROUTE }, { 30, 239, PUNT_ROUTE },
		{ 30, 8, PUNT_ROUTE },
	};
	unsigned int i;

	for (i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		build(b->frame, SRC, DST, 98);
		b->frame[odd[i].at] = odd[i].value;
		punts(b, odd[i].why);
	}
}

static void test_bits(void **state)
{
	struct bed *b = *state;
	unsigned int i;

	for (i = 14 * 8; i < 34 * 8; i++) {
		struct europa_entry e;

		build(b->frame, SRC, DST, 98);
		b->frame[i / 8] ^= 1 << i % 8;
		e = pass(b, 98, 0, NULL);
		assert_int_equal(e.op, EUROPA_OP_PUNT);
	}
	build(b->frame, SRC, DST, 98);
	b->frame[1] ^= 1;
	punts(b, PUNT_MAC);
}

static void test_short(void **state)
{
	struct bed *b = *state;

	punts_meta(b, 33, 0, NULL, PUNT_LENGTH);
	punts_meta(b, 14, 0, NULL, PUNT_LENGTH);
}

static void test_broadcast(void **state)
{
	struct bed *b = *state;

	build(b->frame, SRC, 0xffffffff, 98);
	punts(b, PUNT_ROUTE);
}

static void test_vlan(void **state)
{
	struct bed *b = *state;

	b->meta.flags = EUROPA_SLOT_VLAN;
	punts_meta(b, 98, 0, &b->meta, PUNT_VLAN);
}

static void test_checksum_meta(void **state)
{
	struct bed *b = *state;

	b->meta.flags = EUROPA_SLOT_CSUM;
	sends(b, 98, 0, &b->meta, 98);
	b->meta.flags = EUROPA_SLOT_CSUM_OK;
	sends(b, 98, 0, &b->meta, 98);
}

static void test_gso(void **state)
{
	struct bed *b = *state;

	build(b->frame, SRC, DST, 4014);
	b->meta.flags = EUROPA_SLOT_GSO | EUROPA_SLOT_CSUM;
	b->meta.gso_type = EUROPA_GSO_TCPV4 | EUROPA_GSO_ECN;
	b->meta.gso_hdr_len = 54;
	b->meta.gso_size = 1460;
	sends(b, 4014, 0, &b->meta, 4014);
	b->meta.gso_size = 1461;
	punts_meta(b, 4014, 0, &b->meta, PUNT_MTU);
	b->meta.gso_size = 1000;
	punts_meta(b, 4015, 0, &b->meta, PUNT_GSO);
	b->meta.gso_type = EUROPA_GSO_UDP | EUROPA_GSO_FRAGLIST;
	punts_meta(b, 4014, 0, &b->meta, PUNT_GSO);
	b->meta.gso_type = EUROPA_GSO_OTHER;
	punts_meta(b, 4014, 0, &b->meta, PUNT_GSO);
}

static void test_mtu(void **state)
{
	struct bed *b = *state;

	build(b->frame, SRC, DST, 1514);
	sends(b, 1514, 0, NULL, 1514);
	build(b->frame, SRC, DST, 1515);
	punts_meta(b, 1515, 0, NULL, PUNT_MTU);
}

static void test_port_state(void **state)
{
	struct bed *b = *state;

	b->r.ports.port[1].up = false;
	neigh_port(&b->r.neigh, 1);
	punts(b, PUNT_DOWN);
	b->r.ports.port[1].up = true;
	neigh_port(&b->r.neigh, 1);
	sends(b, 98, 0, NULL, 98);
	b->r.ports.port[0].forwarding = 0;
	port_refresh(&b->r.ports);
	punts(b, PUNT_OFF);
	b->r.ports.port[0].forwarding = 1;
	b->r.ports.punt_all = true;
	port_refresh(&b->r.ports);
	punts(b, PUNT_OFF);
}

static void test_same_port(void **state)
{
	struct bed *b = *state;
	struct fib4_route route = { .dst = DST, .len = 32, .kind = FIB4_MAIN };

	route.adj = neigh_get(&b->r.neigh, 0, 0x0a000007);
	neigh_set(&b->r.neigh, route.adj, NUD_REACHABLE, peer_address);
	fib4_add(&b->r.ip4.fib, &route);
	router_work(&b->r, 100000);
	punts(b, PUNT_SAME);
}

/* A host of a connected network: unknown, known, lost. */
static void test_connected(void **state)
{
	struct bed *b = *state;
	struct fib4_route host = { .dst = 0x0a010009, .len = 32, .kind = FIB4_HOST };

	build(b->frame, SRC, 0x0a010009, 98);
	punts(b, PUNT_NEIGH);
	host.adj = neigh_get(&b->r.neigh, 1, host.dst);
	host.glean = neigh_get(&b->r.neigh, 1, 0);
	neigh_set(&b->r.neigh, host.adj, NUD_REACHABLE, peer_address);
	fib4_add(&b->r.ip4.fib, &host);
	router_work(&b->r, 100000);
	sends(b, 98, 0, NULL, 98);
	neigh_set(&b->r.neigh, host.adj, NUD_FAILED, NULL);
	punts(b, PUNT_NEIGH);
	assert_true(fib4_del(&b->r.ip4.fib, &host));
	router_work(&b->r, 100000);
	punts(b, PUNT_NEIGH);
}

/* STALE: one packet each NEIGH_PROBE seconds goes to the kernel. */
static void test_stale(void **state)
{
	struct bed *b = *state;

	neigh_tick(&b->r.neigh, 100);
	neigh_set(&b->r.neigh, b->gateway, NUD_STALE, peer_address);
	punts(b, PUNT_PROBE);
	sends(b, 98, 0, NULL, 98);
	neigh_tick(&b->r.neigh, 101);
	sends(b, 98, 0, NULL, 98);
	neigh_tick(&b->r.neigh, 100 + NEIGH_PROBE);
	punts(b, PUNT_PROBE);
	sends(b, 98, 0, NULL, 98);
	neigh_set(&b->r.neigh, b->gateway, NUD_PROBE, peer_address);
	neigh_tick(&b->r.neigh, 200);
	sends(b, 98, 0, NULL, 98);
	neigh_set(&b->r.neigh, b->gateway, NUD_FAILED, NULL);
	punts(b, PUNT_NEIGH);
	neigh_set(&b->r.neigh, b->gateway, NUD_REACHABLE, peer_address);
	sends(b, 98, 0, NULL, 98);
}

static void test_reverse_path(void **state)
{
	struct bed *b = *state;

	b->r.ports.port[0].rp_filter = 1;
	port_refresh(&b->r.ports);
	sends(b, 98, 0, NULL, 98);
	build(b->frame, 0x0a010005, DST, 98);
	punts(b, PUNT_RPF);
	build(b->frame, 0x08080808, DST, 98);
	punts(b, PUNT_RPF);
	b->r.ports.port[0].rp_filter = 0;
	b->r.ports.rp_filter_all = 2;
	port_refresh(&b->r.ports);
	punts(b, PUNT_RPF);
	build(b->frame, 0x0a010005, DST, 98);
	sends(b, 98, 0, NULL, 98);
}

/* A full burst, mixed; order and slots are kept. */
static void test_burst(void **state)
{
	struct bed *b = *state;
	struct europa_entry e[EUROPA_BURST], out;
	unsigned int i, round;

	for (round = 0; round < 50; round++) {
		for (i = 0; i < EUROPA_BURST; i++) {
			build(b->frame, SRC, i % 3 ? DST : 0x01010101, 98);
			fake_receive(&b->k, 0, b->frame, 98, 0, NULL);
		}
		europa_ring_submit(&b->k.rx);
		assert_int_equal(europa_rx_peek(&b->q, e, EUROPA_BURST),
				 EUROPA_BURST);
		datapath_burst(&b->r, e, EUROPA_BURST);
		europa_tx_submit(&b->q);
		for (i = 0; i < EUROPA_BURST; i++) {
			assert_int_equal(fake_drain(&b->k, &out), 1);
			assert_int_equal(out.op, i % 3 ? EUROPA_OP_SEND : EUROPA_OP_PUNT);
		}
	}
	assert_int_equal(b->k.free_count, 256);
}

/* TTL and checksum by increment against the whole sum, all checksums. */
static void test_increment(void **state)
{
	uint64_t seed = 5;
	uint8_t frame[34];
	uint32_t i, j;

	(void)state;
	for (i = 0; i < 1000000; i++) {
		for (j = 14; j < 34; j++)
			frame[j] = random32(&seed);
		if (i < 65536)
			put32(frame + 18, i);
		frame[14] = 0x45;
		frame[22] |= 2;
		set_sum(frame);
		if (!ipv4_sum_ok(frame))
			fail_msg("a right checksum is refused");
		ipv4_hop(frame);
		if (!ipv4_sum_ok(frame) || header_sum(frame + 14, 20) != 0xffff)
			fail_msg("a wrong checksum after the hop");
		frame[14 + i % 20] ^= 1 << i % 8;
		if (ipv4_sum_ok(frame) != (header_sum(frame + 14, 20) == 0xffff))
			fail_msg("the two sums differ");
	}
}

static void test_own_addresses(void **state)
{
	struct addr4 t;
	uint32_t i;

	(void)state;
	assert_true(addr4_init(&t));
	assert_false(addr4_has(&t, 1));
	for (i = 0; i < 500; i++)
		addr4_add(&t, 0x0a000000 + i * 7, i % 5, 24);
	addr4_add(&t, 0x0a000000, 99, 24);
	addr4_build(&t);
	for (i = 0; i < 3500; i++)
		assert_int_equal(addr4_has(&t, 0x0a000000 + i), i % 7 == 0);
	addr4_del(&t, 0x0a000000, 0, 24);
	addr4_build(&t);
	assert_true(addr4_has(&t, 0x0a000000));
	addr4_mark(&t);
	addr4_add(&t, 0x0a000007, 1, 24);
	addr4_sweep(&t);
	addr4_build(&t);
	assert_int_equal(t.count, 1);
	assert_false(addr4_has(&t, 0x0a000000));
	addr4_exit(&t);
}

/* The library's own ends: blank slots, metadata, armed sleep. */
static void test_library(void **state)
{
	struct bed *b = *state;
	struct europa_ctl *ctl = b->k.map;
	struct europa_entry e, blank = { .slot = 200 };

	assert_int_equal(europa_spare_get(&b->q, &e), 0);
	europa_ring_write(&b->k.spare, blank);
	europa_ring_submit(&b->k.spare);
	assert_int_equal(europa_spare_get(&b->q, &e), 1);
	assert_int_equal(e.slot, 200);
	assert_int_equal(e.len, EUROPA_STRIDE - 64 - EUROPA_HEADROOM);
	assert_ptr_equal(europa_data(&b->q, &e), fake_data(&b->k, &e));
	assert_null(europa_meta(&b->q, &e));
	assert_int_equal(europa_arm(&b->q), 0);
	assert_true(ctl->rx_wait == EUROPA_RX_ARMED);
	fake_receive(&b->k, 0, b->frame, 98, 0, NULL);
	europa_ring_submit(&b->k.rx);
	assert_int_equal(europa_arm(&b->q), 1);
	assert_int_equal(europa_rx_peek(&b->q, &e, 1), 1);
	europa_disarm(&b->q, 0);
	assert_true(ctl->rx_wait == 1);
	assert_false(europa_need_kick(&b->q));
	europa_drop(&b->q, &e);
	europa_tx_submit(&b->q);
	assert_true(europa_need_kick(&b->q));
	ctl->flags = 0;
	assert_false(europa_need_kick(&b->q));
	assert_int_equal(europa_open("99999"), -EINVAL);
	unsetenv("EUROPA_FD");
	assert_int_equal(europa_open(NULL), -EINVAL);
}

/* ---- several ways ------------------------------------------------------ */

/* Two more neighbours on port 1, which end in 2 and 3; the gateway ends in 0x99. */
static uint16_t other_gateway(struct bed *b, uint8_t last)
{
	uint8_t mac[6] = { 2, 0, 0, 0, 0, last };
	uint16_t id = neigh_get(&b->r.neigh, 1, 0x0a010000 | last);

	neigh_set(&b->r.neigh, id, NUD_REACHABLE, mac);
	return id;
}

/* 20/8 by these; takes the reference to the group. */
static void by_group(struct bed *b, uint16_t id, uint32_t mtu)
{
	struct fib4_route route = { .dst = 0x14000000, .len = 8, .kind = FIB4_MAIN };

	route.adj = neigh_clamp(&b->r.neigh, id, mtu);
	neigh_put(&b->r.neigh, id);
	fib4_unset(&b->r.ip4.fib, &route);
	assert_int_equal(fib4_add(&b->r.ip4.fib, &route), FIB4_ADDED);
	router_work(&b->r, 1000000);
}

static uint16_t two_ways(struct bed *b, uint32_t weight)
{
	struct group_member m[2] = {
		{ .adj = b->gateway, .weight = 1 },
		{ .adj = other_gateway(b, 2), .weight = weight },
	};

	by_group(b, group_get(&b->r.groups, m, 2), 0);
	neigh_put(&b->r.neigh, m[1].adj);
	return m[1].adj;
}

/* A flow's packet; returns the last byte of whom it is sent to, -1: punted. */
static int flow(struct bed *b, uint32_t src, uint32_t dst, uint32_t ports)
{
	struct europa_entry e;

	build(b->frame, src, dst, 98);
	put32(b->frame + 34, ports);
	e = pass(b, 98, 0, NULL);
	return e.op == EUROPA_OP_SEND ? fake_data(&b->k, &e)[5] : -1;
}

/* Of 4000 flows that differ in what `vary` says, those that go by way 2. */
static unsigned int second_of(struct bed *b, char vary)
{
	unsigned int i, n = 0;
	int way;

	for (i = 0; i < 4000; i++) {
		uint32_t src = SRC + (vary == 's' ? i << 8 : 0);
		uint32_t dst = 0x14000001 + (vary == 'd' ? i : 0);
		uint32_t ports = vary == 'p' ? i : 7;

		way = flow(b, src, dst, ports);
		assert_true(way == 2 || way == 0x99);
		assert_int_equal(flow(b, src, dst, ports), way);
		n += way == 2;
	}
	return n;
}

static void test_group_flows(void **state)
{
	struct bed *b = *state;
	unsigned int n;

	two_ways(b, 3);
	n = second_of(b, 'd');
	assert_in_range(n, 2850, 3150);
	n = second_of(b, 's');
	assert_in_range(n, 2850, 3150);
	/* By addresses alone, ports make no flow. */
	n = second_of(b, 'p');
	assert_true(n == 0 || n == 4000);
	b->r.ip4.flow.policy = FLOW_L4;
	n = second_of(b, 'p');
	assert_in_range(n, 2850, 3150);
	n = second_of(b, 'd');
	assert_in_range(n, 2850, 3150);
	b->r.ip4.flow.policy = FLOW_OTHER;
	build(b->frame, SRC, 0x14000001, 98);
	punts(b, PUNT_MULTIPATH);
}

/* All fragments go one way, the first, too; so do protocols without ports. */
static void test_group_fragments(void **state)
{
	static const struct { uint8_t at, value; } alike[] = {
		{ 20, 0x20 }, { 20, 0x1f }, { 21, 1 }, { 23, 1 }, { 23, 47 },
	};
	struct bed *b = *state;
	struct europa_entry e;
	unsigned int i, j, first = 0;

	two_ways(b, 1);
	b->r.ip4.flow.policy = FLOW_L4;
	for (i = 0; i < sizeof(alike) / sizeof(alike[0]); i++) {
		for (j = 0; j < 40; j++) {
			build(b->frame, SRC, 0x14000001, 98);
			put32(b->frame + 34, j * 0x10001);
			b->frame[alike[i].at] = alike[i].value;
			set_sum(b->frame);
			e = pass(b, 98, 0, NULL);
			assert_int_equal(e.op, EUROPA_OP_SEND);
			if (!j)
				first = fake_data(&b->k, &e)[5];
			assert_int_equal(fake_data(&b->k, &e)[5], first);
		}
	}
}

/* An ICMP error goes the way of what it is about: here from 20.0.0.1 on. */
static void test_group_icmp(void **state)
{
	struct bed *b = *state;
	struct europa_entry e;
	unsigned int i;
	int way;

	two_ways(b, 1);
	for (i = 0; i < 200; i++) {
		way = flow(b, SRC, 0x14000001 + i, 0);
		build(b->frame, SRC + 9, 0x14000777, 98);
		b->frame[23] = 1;
		b->frame[34] = 3;
		put32(b->frame + 54, SRC);
		put32(b->frame + 58, 0x14000001 + i);
		set_sum(b->frame);
		e = pass(b, 98, 0, NULL);
		assert_int_equal(fake_data(&b->k, &e)[5], way);
		/* With less of it than that, it is a packet like others. */
		build(b->frame, SRC + 9, 0x14000777, 61);
		b->frame[23] = 1;
		b->frame[34] = 3;
		set_sum(b->frame);
		e = pass(b, 61, 0, NULL);
		assert_int_equal(e.op, EUROPA_OP_SEND);
	}
}

/* What is wrong with one way concerns only its packets. */
static void test_group_member(void **state)
{
	struct bed *b = *state;
	struct group_member m[2] = { { .weight = 1 }, { .weight = 1 } };
	unsigned int i, sent = 0;
	uint16_t second = two_ways(b, 1), id;

	neigh_set(&b->r.neigh, second, NUD_FAILED, NULL);
	for (i = 0; i < 200; i++) {
		int way = flow(b, SRC, 0x14000001 + i, 0);

		assert_true(way == 0x99 || way == -1);
		sent += way == 0x99;
	}
	assert_in_range(sent, 60, 140);
	assert_int_equal(b->r.stats.punt[PUNT_NEIGH], 200 - sent);
	/* One of no port of ours, one out of the port it came from, all dead. */
	id = neigh_get(&b->r.neigh, 0, 0x0a000007);
	neigh_set(&b->r.neigh, id, NUD_REACHABLE, peer_address);
	m[0].adj = id;
	by_group(b, group_get(&b->r.groups, m, 2), 0);
	for (i = 0; i < 200; i++)
		assert_int_equal(flow(b, SRC, 0x14000001 + i, 0), -1);
	assert_int_equal(b->r.stats.punt[PUNT_SAME] + b->r.stats.punt[PUNT_ROUTE], 200);
	m[0].dead = m[1].dead = true;
	by_group(b, group_get(&b->r.groups, m, 2), 0);
	build(b->frame, SRC, 0x14000001, 98);
	punts(b, PUNT_ROUTE);
	neigh_put(&b->r.neigh, id);
}

static void test_route_mtu(void **state)
{
	struct bed *b = *state;
	struct group_member m = { .adj = b->gateway, .weight = 1 };

	neigh_hold(&b->r.neigh, b->gateway);
	by_group(b, b->gateway, 1400);
	build(b->frame, SRC, 0x14000001, 1414);
	sends(b, 1414, 0, NULL, 1414);
	build(b->frame, SRC, 0x14000001, 1415);
	punts_meta(b, 1415, 0, NULL, PUNT_MTU);
	by_group(b, group_get(&b->r.groups, &m, 1), 1300);
	build(b->frame, SRC, 0x14000001, 1314);
	sends(b, 1314, 0, NULL, 1314);
	build(b->frame, SRC, 0x14000001, 1315);
	punts_meta(b, 1315, 0, NULL, PUNT_MTU);
}

/* Replaced and removed between two packets, the route untouched. */
static void test_nexthop_changes(void **state)
{
	struct bed *b = *state;
	uint16_t second = other_gateway(b, 2);

	nexthop_set(&b->r.nexthops, 5, b->gateway);
	neigh_hold(&b->r.neigh, nexthop_find(&b->r.nexthops, 5));
	by_group(b, nexthop_find(&b->r.nexthops, 5), 0);
	assert_int_equal(flow(b, SRC, 0x14000001, 0), 0x99);
	nexthop_set(&b->r.nexthops, 5, second);
	assert_int_equal(flow(b, SRC, 0x14000001, 0), 2);
	neigh_tick(&b->r.neigh, 100);
	neigh_set(&b->r.neigh, second, NUD_STALE, NULL);
	assert_int_equal(flow(b, SRC, 0x14000001, 0), -1);
	assert_int_equal(b->r.stats.punt[PUNT_PROBE], 1);
	assert_int_equal(flow(b, SRC, 0x14000001, 0), 2);
	assert_true(nexthop_del(&b->r.nexthops, 5));
	build(b->frame, SRC, 0x14000001, 98);
	punts(b, PUNT_ROUTE);
	neigh_put(&b->r.neigh, second);
}

/* A route on a link, by an object or with an MTU: hosts are looked up. */
static void test_link_route(void **state)
{
	struct bed *b = *state;
	uint16_t link = neigh_get(&b->r.neigh, 1, 0), id, host;

	nexthop_set(&b->r.nexthops, 5, link);
	id = nexthop_find(&b->r.nexthops, 5);
	neigh_hold(&b->r.neigh, id);
	by_group(b, id, 1400);
	build(b->frame, SRC, 0x14000001, 98);
	punts(b, PUNT_NEIGH);
	host = neigh_get(&b->r.neigh, 1, 0x14000001);
	punts(b, PUNT_NEIGH);
	neigh_set(&b->r.neigh, host, NUD_REACHABLE, peer_address);
	sends(b, 98, 0, NULL, 98);
	build(b->frame, SRC, 0x14000001, 1415);
	punts_meta(b, 1415, 0, NULL, PUNT_NEIGH);
	build(b->frame, SRC, 0x14000002, 98);
	punts(b, PUNT_NEIGH);
	neigh_put(&b->r.neigh, link);
	neigh_put(&b->r.neigh, host);
}

/* A source behind several ways may come by each of their ports. */
static void test_reverse_path_group(void **state)
{
	struct bed *b = *state;
	struct group_member m[2] = { { .weight = 1 }, { .weight = 1 } };

	b->r.ports.port[0].rp_filter = 1;
	port_refresh(&b->r.ports);
	two_ways(b, 1);
	build(b->frame, 0x14000001, DST, 98);
	punts(b, PUNT_RPF);
	m[0].adj = b->gateway;
	m[1].adj = neigh_get(&b->r.neigh, 0, 0x0a000007);
	by_group(b, group_get(&b->r.groups, m, 2), 0);
	build(b->frame, 0x14000001, DST, 98);
	sends(b, 98, 0, NULL, 98);
	/* A nexthop that leads nowhere is no route, loose or strict. */
	neigh_put(&b->r.neigh, m[1].adj);
	by_group(b, neigh_alias(&b->r.neigh), 0);
	punts(b, PUNT_RPF);
	b->r.ports.port[0].rp_filter = 2;
	port_refresh(&b->r.ports);
	punts(b, PUNT_RPF);
}

/* The setting of this machine, which need not be any of the three. */
static void test_flow_setting(void **state)
{
	struct flow f = { .setting = FLOW4_SETTING, .policy = 77 };

	(void)state;
	flow_refresh(&f);
	assert_in_range(f.policy, FLOW_L3, FLOW_OTHER);
}

/* ---- IPv6 -------------------------------------------------------------- */

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
	assert_int_equal(b->r.stats.sent, 2);
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
	punts_meta(b, 98, 0, NULL, PUNT_SAME);
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

/* A flow's packet; returns the last byte of whom it is sent to. */
static int flow6(struct bed *b, uint32_t dst, uint32_t ports, uint16_t label)
{
	struct europa_entry e;

	build6(b->frame, SRC6, (struct ipv6_addr){ 0x20010db9ull << 32, dst }, 98);
	put32(b->frame + 54, ports);
	memcpy(b->frame + 16, &label, 2);
	e = pass(b, 98, 0, NULL);
	assert_int_equal(e.op, EUROPA_OP_SEND);
	assert_int_equal(fake_data(&b->k, &e)[21], 63);
	return fake_data(&b->k, &e)[5];
}

static unsigned int second_of6(struct bed *b, char vary)
{
	unsigned int i, n = 0;

	for (i = 0; i < 2000; i++) {
		uint32_t dst = vary == 'd' ? i : 0, ports = vary == 'p' ? i : 0;
		int way = flow6(b, dst, ports, vary == 'l' ? i : 0);

		assert_int_equal(flow6(b, dst, ports, vary == 'l' ? i : 0), way);
		n += way == 2;
	}
	return n;
}

static void test_group6(void **state)
{
	struct bed *b = *state;
	struct group_member m[2] = {
		{ .adj = b->gateway6, .weight = 1 },
		{ .adj = other_gateway(b, 2), .weight = 1 },
	};
	struct fib6_route route = {
		.dst = { 0x20010db9ull << 32, 0 }, .len = 32, .kind = FIB6_MAIN,
		.adj = group_get(&b->r.groups, m, 2),
	};
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
	b->r.ip6.flow.policy = FLOW_OTHER;
	punts_meta(b, 98, 0, NULL, PUNT_MULTIPATH);
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

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_forward), T(test_padding), T(test_addressed), T(test_header),
		T(test_bits), T(test_short), T(test_broadcast), T(test_vlan),
		T(test_checksum_meta), T(test_gso), T(test_mtu), T(test_port_state),
		T(test_same_port), T(test_connected), T(test_stale),
		T(test_reverse_path), T(test_burst), T(test_library),
		T(test_group_flows), T(test_group_fragments), T(test_group_icmp),
		T(test_group_member), T(test_route_mtu), T(test_nexthop_changes),
		T(test_link_route), T(test_reverse_path_group),
		T(test_forward6), T(test_header6), T(test_never6), T(test_meta6),
		T(test_port_state6), T(test_neighbours6), T(test_group6),
		cmocka_unit_test(test_flow6_icmp), cmocka_unit_test(test_own_addresses6),
		cmocka_unit_test(test_flow_setting),
		cmocka_unit_test(test_increment),
		cmocka_unit_test(test_own_addresses),
	};

	return cmocka_run_group_tests_name("datapath", tests, NULL, NULL);
}
