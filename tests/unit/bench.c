// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * The router's user-space half, fed by the fake kernel: ns per packet, and a
 * place to count instructions:
 *   valgrind --tool=callgrind --toggle-collect=route_burst bench PACKETS [ROUTES [WAYS]]
 * ROUTES: as of the Internet (tests/progs/fulltable.h), and packets to addresses in them;
 * without, most packets take the default route. WAYS: of that, each a nexthop object; 2 and
 * more: a group of them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "../progs/fulltable.h"
#include "packet.h"

#define SLOTS	1024

static struct full_table table;

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static uint32_t random32(uint64_t *s)
{
	*s ^= *s >> 12;
	*s ^= *s << 25;
	*s ^= *s >> 27;
	return (*s * 0x2545f4914f6cdd1dull) >> 32;
}

/* What one burst costs from rx to tx. */
__attribute__((noinline)) void route_burst(struct router *r);
void route_burst(struct router *r)
{
	struct europa_entry e[EUROPA_BURST];
	unsigned int n = europa_rx_peek(r->lane[0].q, e, EUROPA_BURST);

	datapath_burst(r, &r->lane[0], e, n);
	europa_tx_submit(r->lane[0].q);
}

static void fill(struct router *r, unsigned long routes)
{
	uint32_t i;

	if (!full_make(&table, routes, 0, 1))
		abort();
	gateway(r, 0, 0, 0x0a010001);
	for (i = 0; i < table.count; i++)
		gateway(r, table.route[i].bits >> 32, table.route[i].len,
			0x0a010001 + i % 200);
	while (!router_work(r, 100000))
		;
}

/* One that, with few routes, mostly takes the default route. */
static uint32_t random_address(uint64_t *seed)
{
	return 0x01000000 + random32(seed) % 0x70000000;
}

/* In a prefix at random. */
static uint32_t destination(uint64_t *seed)
{
	const struct full_route *p = &table.route[random32(seed) % table.count];

	return p->bits >> 32 | (random32(seed) & (uint32_t)(0xffffffffull >> p->len));
}

/* Instead of the default route, which most packets take. */
static void default_ways(struct router *r, unsigned long ways)
{
	struct fib4_route route = { .kind = FIB4_MAIN };
	struct group_member m[256];
	unsigned long i;

	ways = ways < 256 ? ways : 256;
	for (i = 0; i < ways; i++) {
		uint16_t id = neigh_get(&r->neigh, 1, 0x0a010001 + i);

		neigh_set(&r->neigh, id, NUD_REACHABLE, peer_address);
		nexthop_set(&r->nexthops, 1 + i, id);
		m[i] = (struct group_member){
			.adj = nexthop_find(&r->nexthops, 1 + i), .weight = 1,
		};
	}
	if (ways > 1)
		nexthop_set_group(&r->nexthops, 1000, m, ways, NULL);
	route.adj = nexthop_find(&r->nexthops, ways > 1 ? 1000 : 1);
	neigh_hold(&r->neigh, route.adj);
	fib4_unset(&r->ip4.fib, &route);
	fib4_add(&r->ip4.fib, &route);
	while (!router_work(r, 100000))
		;
}

int main(int argc, char **argv)
{
	unsigned long packets = argc > 1 ? strtoul(argv[1], NULL, 0) : 1000000;
	unsigned long routes = argc > 2 ? strtoul(argv[2], NULL, 0) : 10;
	unsigned long ways = argc > 3 ? strtoul(argv[3], NULL, 0) : 0;
	bool inside = argc == 3;
	uint64_t spent = 0, start, seed = 9;
	struct europa_queue q;
	struct europa_entry e;
	struct router r;
	struct fake k;
	unsigned long i, done;
	uint8_t frame[60];

	fake_open(&k, &q, SLOTS, -1);
	if (!router_init(&r))
		return 1;
	r.lane[0].q = &q;
	two_ports(&r);
	fill(&r, routes);
	if (ways)
		default_ways(&r, ways);
	for (done = 0; done < packets; done += EUROPA_BURST) {
		for (i = 0; i < EUROPA_BURST; i++) {
			build(frame, 0x0a000005, inside ? destination(&seed) :
							  random_address(&seed), 60);
			fake_receive(&k, 0, frame, 60, 0, NULL);
		}
		europa_ring_submit(&k.rx);
		start = now();
		route_burst(&r);
		spent += now() - start;
		while (fake_drain(&k, &e))
			;
	}
	printf("%lu packets, %lu sent, %u routes, %zu bytes: %.1f ns per packet\n",
	       done, (unsigned long)r.lane[0].stats.sent, r.ip4.fib.routes,
	       fib4_bytes(&r.ip4.fib), (double)spent / done);
	return r.lane[0].stats.sent == 0;
}
