// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* IPv4 frames through the router's datapath and a kernel made of plain memory. */
#include <errno.h>
#include <unistd.h>

#include "datapath_bed.h"
#include "ip4/redirect4.h"

static void test_forward(void **state)
{
	struct bed *b = *state;

	sends(b, 98, 0, NULL, 98);
	assert_int_equal(b->r.lane[0].stats.sent, 1);
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

/* Nobody can cut a piece of a packet into segments: the module takes no edit of it. */
static void test_gso_fragment(void **state)
{
	static const uint16_t pieces[] = { 0x2000, 0x0001, 0x3fff };
	struct bed *b = *state;
	unsigned int i;

	b->meta.flags = EUROPA_SLOT_GSO | EUROPA_SLOT_CSUM;
	b->meta.gso_type = EUROPA_GSO_TCPV4;
	b->meta.gso_hdr_len = 54;
	b->meta.gso_size = 1000;
	for (i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		build(b->frame, SRC, DST, 4014);
		b->frame[IPV4_FRAGMENT_AT] = pieces[i] >> 8;
		b->frame[IPV4_FRAGMENT_AT + 1] = pieces[i];
		set_sum(b->frame);
		punts_meta(b, 4014, 0, &b->meta, PUNT_GSO);
	}
	b->frame[IPV4_FRAGMENT_AT] = 0x40;
	b->frame[IPV4_FRAGMENT_AT + 1] = 0;
	set_sum(b->frame);
	sends(b, 4014, 0, &b->meta, 4014);
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

static bool setting_is(char value, const char *name)
{
	char path[64];
	FILE *f;
	int c;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv4/conf/%s/send_redirects", name);
	f = fopen(path, "r");
	if (!f)
		return false;
	c = fgetc(f);
	fclose(f);
	return c == value;
}

/* Out of port 0 again, on which it came. */
static void returns(struct bed *b)
{
	struct europa_entry e = pass(b, 98, 0, NULL);
	const uint8_t *p = fake_data(&b->k, &e);

	assert_int_equal(e.op, EUROPA_OP_SEND);
	assert_int_equal(e.port, 0);
	assert_memory_equal(p, peer_address, 6);
	assert_memory_equal(p + 6, port_address[0], 6);
	assert_int_equal(p[IPV4_TTL_AT], b->frame[IPV4_TTL_AT] - 1);
}

/* A route by a gateway on port 0, which is known. */
static uint16_t back(struct bed *b, uint32_t dst, uint8_t len, uint32_t gateway)
{
	struct fib4_route route = { .dst = dst, .len = len, .kind = FIB4_MAIN };

	route.adj = neigh_get(&b->r.neigh, 0, gateway);
	neigh_set(&b->r.neigh, route.adj, NUD_REACHABLE, peer_address);
	fib4_add(&b->r.ip4.fib, &route);
	router_work(&b->r, 100000);
	return route.adj;
}

/* While the kernel may send redirects, and never to who sends by a router. */
static void test_same_port(void **state)
{
	struct bed *b = *state;
	struct port *p = &b->r.ports.port[0];
	uint16_t id = back(b, DST, 32, 0x0a000007);

	assert_false(b->r.ports.asked);
	punts(b, PUNT_SAME);
	assert_true(b->r.ports.asked && p->asked);
	p->quiet = true;
	returns(b);
	/* The neighbour is looked after as any other. */
	neigh_tick(&b->r.neigh, 100);
	neigh_set(&b->r.neigh, id, NUD_STALE, NULL);
	punts(b, PUNT_PROBE);
	returns(b);
	neigh_set(&b->r.neigh, id, NUD_FAILED, NULL);
	punts(b, PUNT_NEIGH);
	neigh_set(&b->r.neigh, id, NUD_REACHABLE, peer_address);
	p->quiet = false;
	punts(b, PUNT_SAME);
	back(b, 0x15000000, 8, 0x0a000008);
	build(b->frame, 0x15000001, DST, 98);
	returns(b);
	/* A source on the link, by a route of its own or none. */
	back(b, 0x16000001, 32, 0x16000001);
	build(b->frame, 0x16000001, DST, 98);
	punts(b, PUNT_SAME);
	build(b->frame, 0x17000001, DST, 98);
	punts(b, PUNT_SAME);
	build(b->frame, 0xc0a80201, DST, 98);
	punts(b, PUNT_SAME);
}

/* The setting of this machine's loopback, both ways. */
static void test_redirect_setting(void **state)
{
	struct bed *b = *state;
	struct port *p = &b->r.ports.port[0];

	p->ifindex = 1;
	redirect4_refresh(&b->r.ports);
	assert_false(p->quiet);
	p->asked = b->r.ports.asked = true;
	redirect4_refresh(&b->r.ports);
	assert_int_equal(p->quiet, access("/proc/sys/net/ipv4/conf/lo", R_OK) == 0 &&
			 setting_is('0', "all") && setting_is('0', "lo"));
	p->ifindex = 0x7ffffff0;
	redirect4_refresh(&b->r.ports);
	assert_false(p->quiet);
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
	/* A port without an address takes only what is routed there. */
	b->r.ports.port[0].on4 = false;
	port_refresh(&b->r.ports);
	punts(b, PUNT_RPF);
	build(b->frame, SRC, DST, 98);
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
		datapath_burst(&b->r, &b->r.lane[0], e, EUROPA_BURST);
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
		addr4_add(&t, 0x0a000000 + i * 7, i % 5, 32);
	addr4_add(&t, 0x0a000000, 99, 32);
	addr4_build(&t);
	for (i = 0; i < 3500; i++)
		assert_int_equal(addr4_has(&t, 0x0a000000 + i), i % 7 == 0);
	addr4_del(&t, 0x0a000000, 0, 32);
	addr4_build(&t);
	assert_true(addr4_has(&t, 0x0a000000));
	addr4_mark(&t);
	addr4_add(&t, 0x0a000007, 1, 32);
	addr4_sweep(&t);
	addr4_build(&t);
	assert_int_equal(t.count, 1);
	assert_false(addr4_has(&t, 0x0a000000));
	/* All hosts of its network, where it has one. */
	addr4_add(&t, 0x0a000105, 1, 24);
	addr4_add(&t, 0x0a000205, 1, 31);
	addr4_build(&t);
	for (i = 0; i < 256; i++) {
		assert_int_equal(addr4_has(&t, 0x0a000100 + i), i == 0 || i == 5 || i == 255);
		assert_int_equal(addr4_has(&t, 0x0a000200 + i), i == 5);
	}
	t.routed = true;
	addr4_build(&t);
	assert_false(addr4_has(&t, 0x0a000105));
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
	b->q.features = EUROPA_FEATURE_IDLE;
	assert_int_equal(europa_arm(&b->q), 0);
	assert_true(ctl->rx_wait == (EUROPA_RX_ARMED | EUROPA_RX_IDLE));
	assert_int_equal(europa_arm_awake(&b->q), 0);
	assert_true(ctl->rx_wait == EUROPA_RX_ARMED);
	b->q.features = 0;
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

/* IPv4 in IPv4 with inner addresses of a flow; returns as flow() does. */
static int inner_flow(struct bed *b, uint32_t src, uint32_t dst, uint8_t outer)
{
	struct europa_entry e;

	build(b->frame, SRC, 0x14000000 | outer, 98);
	b->frame[23] = 4;
	b->frame[34] = 0x45;
	b->frame[43] = 17;
	put32(b->frame + 46, src);
	put32(b->frame + 50, dst);
	set_sum(b->frame);
	e = pass(b, 98, 0, NULL);
	return e.op == EUROPA_OP_SEND ? fake_data(&b->k, &e)[5] : -1;
}

/* By what is inside, or by what was chosen; what cannot be told the kernel tells. */
static void test_group_tunnel(void **state)
{
	struct bed *b = *state;
	unsigned int i, n = 0, m = 0;

	two_ways(b, 3);
	b->r.ip4.flow.policy = FLOW_INNER;
	for (i = 0; i < 4000; i++) {
		int way = inner_flow(b, 77, i, 1);

		assert_true(way == 2 || way == 0x99);
		assert_int_equal(inner_flow(b, 77, i, 2), way);
		n += way == 2;
	}
	assert_in_range(n, 2850, 3150);
	n = second_of(b, 'p');
	assert_true(n == 0 || n == 4000);
	/* By protocol and destination port, whatever else is in the packet. */
	b->r.ip4.flow.policy = FLOW_FIELDS;
	b->r.ip4.flow.fields = FLOW_FIELD_PROTOCOL | FLOW_FIELD_DPORT;
	n = second_of(b, 'p');
	m = second_of(b, 'd');
	assert_in_range(n, 2850, 3150);
	assert_true(m == 0 || m == 4000);
	/* PPTP. */
	b->r.ip4.flow.policy = FLOW_INNER;
	build(b->frame, SRC, 0x14000001, 98);
	b->frame[23] = 47;
	put32(b->frame + 34, 0x2001880b);
	punts(b, PUNT_MULTIPATH);
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
	assert_int_equal(b->r.lane[0].stats.punt[PUNT_NEIGH], 200 - sent);
	/* One of no port of ours, one out of the port it came from, all dead. */
	id = neigh_get(&b->r.neigh, 0, 0x0a000007);
	neigh_set(&b->r.neigh, id, NUD_REACHABLE, peer_address);
	m[0].adj = id;
	by_group(b, group_get(&b->r.groups, m, 2), 0);
	for (i = 0; i < 200; i++)
		assert_int_equal(flow(b, SRC, 0x14000001 + i, 0), -1);
	assert_int_equal(b->r.lane[0].stats.punt[PUNT_SAME] + b->r.lane[0].stats.punt[PUNT_ROUTE], 200);
	m[0].dead = m[1].dead = true;
	by_group(b, group_get(&b->r.groups, m, 2), 0);
	build(b->frame, SRC, 0x14000001, 98);
	punts(b, PUNT_ROUTE);
	neigh_put(&b->r.neigh, id);
}

/* Of 200 flows, so many go to the one way that answers; the others are punted. */
static unsigned int by_the_other(struct bed *b, int way)
{
	unsigned int i, sent = 0;

	for (i = 0; i < 200; i++) {
		int went = flow(b, SRC, 0x14000001 + i, 0);

		assert_true(went == way || went == -1);
		sent += went == way;
	}
	return sent;
}

/* A way whose neighbour does not answer: whether another is taken is said elsewhere. */
static void test_group_neighbours(void **state)
{
	struct bed *b = *state;
	uint16_t second = two_ways(b, 1);

	b->r.ip4.flow.use_neigh = true;
	neigh_set(&b->r.neigh, second, NUD_FAILED, NULL);
	assert_int_equal(by_the_other(b, 0x99), 200);
	neigh_set(&b->r.neigh, second, NUD_REACHABLE, NULL);
	neigh_set(&b->r.neigh, b->gateway, NUD_INCOMPLETE, NULL);
	assert_int_equal(by_the_other(b, 2), 200);
	/* That the kernel does not know one it will change. */
	neigh_set(&b->r.neigh, b->gateway, 0, NULL);
	assert_in_range(by_the_other(b, 2), 60, 140);
	neigh_set(&b->r.neigh, b->gateway, NUD_FAILED, NULL);
	neigh_set(&b->r.neigh, second, NUD_FAILED, NULL);
	assert_int_equal(by_the_other(b, 2), 0);
	neigh_set(&b->r.neigh, second, NUD_REACHABLE, NULL);
	b->r.ip4.flow.use_neigh = false;
	assert_in_range(by_the_other(b, 2), 60, 140);
}

/* Those of nexthop objects need no setting; but the last has none that comes after it. */
static void test_group_neighbours_object(void **state)
{
	struct bed *b = *state;
	uint16_t second = other_gateway(b, 2);
	struct group_member m[2] = { { .weight = 1 }, { .weight = 1 } };
	const struct buckets_want buckets = { .count = 32 };

	nexthop_set(&b->r.nexthops, 1, b->gateway);
	nexthop_set(&b->r.nexthops, 2, second);
	m[0].adj = nexthop_find(&b->r.nexthops, 1);
	m[1].adj = nexthop_find(&b->r.nexthops, 2);
	assert_true(nexthop_set_group(&b->r.nexthops, 3, m, 2, NULL));
	neigh_hold(&b->r.neigh, nexthop_find(&b->r.nexthops, 3));
	by_group(b, nexthop_find(&b->r.nexthops, 3), 0);
	neigh_set(&b->r.neigh, b->gateway, NUD_FAILED, NULL);
	assert_int_equal(by_the_other(b, 2), 200);
	neigh_set(&b->r.neigh, b->gateway, NUD_REACHABLE, NULL);
	neigh_set(&b->r.neigh, second, NUD_FAILED, NULL);
	assert_in_range(by_the_other(b, 0x99), 60, 140);
	/* A resilient one does not look. */
	assert_true(nexthop_set_group(&b->r.nexthops, 3, m, 2, &buckets));
	neigh_set(&b->r.neigh, second, NUD_REACHABLE, NULL);
	neigh_set(&b->r.neigh, b->gateway, NUD_FAILED, NULL);
	assert_in_range(by_the_other(b, 2), 60, 140);
	nexthop_del(&b->r.nexthops, 3);
	nexthop_del(&b->r.nexthops, 2);
	nexthop_del(&b->r.nexthops, 1);
	neigh_put(&b->r.neigh, second);
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
	b->r.ip4.flow.policy = FLOW_INNER;
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
	assert_int_equal(b->r.lane[0].stats.punt[PUNT_PROBE], 1);
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
	/* Loose, each of the ways will do, but there has to be one. */
	m[0].adj = m[1].adj = b->gateway;
	by_group(b, group_get(&b->r.groups, m, 2), 0);
	build(b->frame, 0x14000001, DST, 98);
	sends(b, 98, 0, NULL, 98);
	m[0].adj = m[1].adj = 0;
	by_group(b, group_get(&b->r.groups, m, 2), 0);
	punts(b, PUNT_RPF);
}

/* Addresses that are this host's by a route: none is a source, nor where one goes. */
static void test_local_routes(void **state)
{
	const struct fib4_route local = { .dst = 0xc6120000, .len = 16, .kind = FIB4_LOCAL };
	struct bed *b = *state;

	assert_int_equal(fib4_add(&b->r.ip4.fib, &local), FIB4_ADDED);
	router_work(&b->r, 1000000);
	b->r.ports.local_routes = true;
	port_refresh(&b->r.ports);
	sends(b, 98, 0, NULL, 98);
	build(b->frame, 0xc6120001, DST, 98);
	punts(b, PUNT_RPF);
	build(b->frame, SRC, 0xc6120001, 98);
	punts(b, PUNT_ROUTE);
}

/* The setting of this machine, which need not be any that is known. */
static void test_flow_setting(void **state)
{
	struct flow f = { .setting = FLOW4_SETTING, .setting_fields = FLOW4_FIELDS };

	(void)state;
	flow_refresh(&f);
	assert_in_range(f.policy, FLOW_L3, FLOW_OTHER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_forward), T(test_padding), T(test_addressed), T(test_header),
		T(test_bits), T(test_short), T(test_broadcast), T(test_vlan),
		T(test_checksum_meta), T(test_gso), T(test_gso_fragment), T(test_mtu), T(test_port_state),
		T(test_same_port), T(test_redirect_setting), T(test_connected), T(test_stale),
		T(test_reverse_path), T(test_burst), T(test_library),
		T(test_group_flows), T(test_group_fragments), T(test_group_icmp), T(test_group_tunnel),
		T(test_group_member), T(test_group_neighbours),
		T(test_group_neighbours_object), T(test_route_mtu), T(test_nexthop_changes),
		T(test_link_route), T(test_reverse_path_group), T(test_local_routes),
		cmocka_unit_test(test_flow_setting),
		cmocka_unit_test(test_increment),
		cmocka_unit_test(test_own_addresses),
	};

	return cmocka_run_group_tests_name("datapath", tests, NULL, NULL);
}
