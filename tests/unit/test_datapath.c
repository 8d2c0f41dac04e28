// SPDX-License-Identifier: GPL-2.0
/* Frames through the router's datapath and a kernel made of plain memory. */
#include <errno.h>

#include "unit.h"

#include "packet.h"

#define SRC	0x0a000005	/* 10.0.0.5, on port 0 */
#define DST	0xc0a80101	/* 192.168.1.1, by 10.1.0.1 on port 1 */

struct bed {
	struct router r;
	struct europa_queue q;
	struct fake k;
	uint8_t frame[4096];
	struct europa_slot meta;
	uint16_t gateway;
};

static int setup(void **state)
{
	struct bed *b = calloc(1, sizeof(*b));

	fake_open(&b->k, &b->q, 256, -1);
	assert_true(router_init(&b->r));
	b->r.q = &b->q;
	two_ports(&b->r);
	b->gateway = gateway(&b->r, 0xc0a80000, 16, 0x0a010001);
	addr4_add(&b->r.own, 0x0a000001, 10, 24);
	b->r.own_changed = true;
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
	fib4_add(&b->r.fib, &route);
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
	fib4_add(&b->r.fib, &host);
	router_work(&b->r, 100000);
	sends(b, 98, 0, NULL, 98);
	neigh_set(&b->r.neigh, host.adj, NUD_FAILED, NULL);
	punts(b, PUNT_NEIGH);
	assert_true(fib4_del(&b->r.fib, &host));
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

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_forward), T(test_padding), T(test_addressed), T(test_header),
		T(test_bits), T(test_short), T(test_broadcast), T(test_vlan),
		T(test_checksum_meta), T(test_gso), T(test_mtu), T(test_port_state),
		T(test_same_port), T(test_connected), T(test_stale),
		T(test_reverse_path), T(test_burst), T(test_library),
		cmocka_unit_test(test_increment),
		cmocka_unit_test(test_own_addresses),
	};

	return cmocka_run_group_tests_name("datapath", tests, NULL, NULL);
}
