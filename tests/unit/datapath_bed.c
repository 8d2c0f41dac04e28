// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include "datapath_bed.h"

int setup(void **state)
{
	struct bed *b = calloc(1, sizeof(*b));

	fake_open(&b->k, &b->q, 256, -1);
	assert_true(router_init(&b->r));
	b->r.lane[0].q = &b->q;
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

int teardown(void **state)
{
	struct bed *b = *state;

	router_exit(&b->r);
	fake_close(&b->k);
	free(b);
	return 0;
}

struct europa_entry pass(struct bed *b, uint32_t len, unsigned int flags,
			 const struct europa_slot *meta)
{
	struct europa_entry e[EUROPA_BURST], out, none;
	unsigned int n;

	assert_true(fake_receive(&b->k, 0, b->frame, len, flags, meta) >= 0);
	europa_ring_submit(&b->k.rx);
	n = europa_rx_peek(&b->q, e, EUROPA_BURST);
	assert_int_equal(n, 1);
	datapath_burst(&b->r, &b->r.lane[0], e, n);
	assert_int_equal(fake_drain(&b->k, &out), 0);
	assert_int_equal(europa_tx_submit(&b->q), 1);
	assert_int_equal(fake_drain(&b->k, &out), 1);
	assert_int_equal(fake_drain(&b->k, &none), 0);
	assert_int_equal(b->k.free_count, 256);
	return out;
}

void sends(struct bed *b, uint32_t len, unsigned int flags,
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

void punts_meta(struct bed *b, uint32_t len, unsigned int flags,
		const struct europa_slot *meta, enum punt why)
{
	uint64_t before = b->r.lane[0].stats.punt[why];
	struct europa_entry e = pass(b, len, flags, meta);

	assert_int_equal(e.op, EUROPA_OP_PUNT);
	assert_int_equal(e.len, len);
	assert_memory_equal(fake_data(&b->k, &e), b->frame,
			    len < FAKE_SNAP ? len : FAKE_SNAP);
	assert_int_equal(b->r.lane[0].stats.punt[why], before + 1);
}

void punts(struct bed *b, enum punt why)
{
	set_sum(b->frame);
	punts_meta(b, 98, 0, NULL, why);
}

uint16_t other_gateway(struct bed *b, uint8_t last)
{
	uint8_t mac[6] = { 2, 0, 0, 0, 0, last };
	uint16_t id = neigh_get(&b->r.neigh, 1, 0x0a010000 | last);

	neigh_set(&b->r.neigh, id, NUD_REACHABLE, mac);
	return id;
}

void by_group(struct bed *b, uint16_t id, uint32_t mtu)
{
	struct fib4_route route = { .dst = 0x14000000, .len = 8, .kind = FIB4_MAIN };

	route.adj = neigh_clamp(&b->r.neigh, id, mtu);
	neigh_put(&b->r.neigh, id);
	fib4_unset(&b->r.ip4.fib, &route);
	assert_int_equal(fib4_add(&b->r.ip4.fib, &route), FIB4_ADDED);
	router_work(&b->r, 1000000);
}
