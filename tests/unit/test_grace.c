// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * Workers forward while the tables change under them: every packet that is sent goes
 * to one neighbour, known on the port that it leaves by, and nothing that a worker
 * reads is freed meanwhile. The address sanitizer sees the latter, the thread sanitizer
 * whatever is read as it changes, in a build of its own.
 */
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include "unit.h"

#include "packet.h"

#define CHANGES	100000u
#define READERS	2
#define ROUTES	300
#define HOSTS	24
#define OBJECTS	12
#define SLOTS	256

static struct router r;
static bool over;

/* ---- workers ----------------------------------------------------------- */

struct reader {
	pthread_t thread;
	struct lane *lane;
	struct europa_queue q;
	struct fake k;
	uint64_t seed;
	unsigned long sent, torn;
};

static bool alike(const uint8_t *mac, unsigned int port)
{
	unsigned int i;

	for (i = 2; i < 6; i++)
		if (mac[i] != mac[1])
			return false;
	return mac[0] == 2 && mac[1] % 4 == port;
}

/* Both addresses say of which port they are. */
static void look_at(struct reader *m, const struct europa_entry *e)
{
	const uint8_t *frame = fake_data(&m->k, e);

	if (e->op != EUROPA_OP_SEND)
		return;
	m->sent++;
	m->torn += !alike(frame, e->port) || !alike(frame + 6, e->port);
}

static uint32_t some_addr(uint64_t *seed)
{
	return 0x14000000 | below(seed, 8) << 16 | below(seed, 4096);
}

static struct ipv6_addr some_addr6(uint64_t *seed)
{
	return (struct ipv6_addr){
		0x20010db8ull << 32 | below(seed, 4096), below(seed, 3),
	};
}

static void burst(struct reader *m)
{
	struct europa_entry e[EUROPA_BURST], out;
	uint8_t frame[98];
	unsigned int i;

	for (i = 0; i < 16; i++) {
		if (i & 1)
			build6(frame, (struct ipv6_addr){ 0xfd00ull << 48, 5 },
			       some_addr6(&m->seed), sizeof(frame));
		else
			build(frame, 0x0a000000 | below(&m->seed, 256), some_addr(&m->seed),
			      sizeof(frame));
		frame[0] = 2;
		memset(frame + 1, 0x40, 5);
		fake_receive(&m->k, 0, frame, sizeof(frame), 0, NULL);
	}
	europa_ring_submit(&m->k.rx);
	datapath_burst(&r, m->lane, e, europa_rx_peek(&m->q, e, EUROPA_BURST));
	europa_tx_submit(&m->q);
	while (fake_drain(&m->k, &out))
		look_at(m, &out);
}

static void *forward(void *arg)
{
	struct reader *m = arg;
	unsigned int n = 0;

	grace_enter();
	while (!shared_load(over)) {
		burst(m);
		grace_pass();
		if (++n % 64)
			continue;
		grace_sleep();
		sched_yield();
		grace_wake();
	}
	grace_leave();
	return NULL;
}

/* ---- who changes the tables -------------------------------------------- */

static uint64_t seed = 11;
static uint16_t hosts[HOSTS];

static struct {
	struct fib4_route four;
	struct fib6_route six;
	bool any, any6;
} routes[ROUTES];

static void set_port(unsigned int number, uint8_t octet)
{
	struct port p = {
		.ifindex = 10 + number, .up = true, .mtu = 1500, .forwarding = 1,
		.on4 = true, .on6 = true,
	};

	p.address[0] = 2;
	memset(p.address + 1, octet, 5);
	port_set(&r.ports, number, &p);
	neigh_port(&r.neigh, number);
}

/* Port 0 keeps the address that packets come to. */
static void change_port(void)
{
	unsigned int number = 1 + below(&seed, 2);

	set_port(number, 4 * below(&seed, 60) + number);
}

/* Hosts of odd numbers are on port 1, the others on port 2. */
static unsigned int port_of(unsigned int host)
{
	return 1 + !(host & 1);
}

static void change_host(unsigned int i)
{
	uint8_t mac[6] = { 2 };

	memset(mac + 1, 4 * below(&seed, 60) + port_of(i), 5);
	neigh_set(&r.neigh, hosts[i], below(&seed, 3) ? NUD_REACHABLE : NUD_STALE, mac);
}

static void change_object(void)
{
	const struct buckets_want want = { .count = 32, .idle = 1 };
	struct group_member member[3];
	uint32_t id = 1 + below(&seed, OBJECTS), what = below(&seed, 8), i;

	for (i = 0; i < 3; i++)
		member[i] = (struct group_member){
			.adj = hosts[below(&seed, HOSTS)], .weight = 1 + below(&seed, 3),
		};
	if (!what)
		nexthop_del(&r.nexthops, id);
	else if (what < 4)
		nexthop_set(&r.nexthops, id, member[0].adj);
	else
		nexthop_set_group(&r.nexthops, id, member, 3, what & 1 ? &want : NULL);
}

/* With a reference: a host, an object, or a group that others have, too; with an MTU. */
static uint16_t some_way(void)
{
	struct group_member member[2];
	uint32_t what = below(&seed, 8), i;
	uint16_t way, clamped;

	if (what < 4)
		return neigh_hold(&r.neigh, hosts[what]), hosts[what];
	if (what < 6) {
		way = nexthop_expect(&r.nexthops, 1 + below(&seed, OBJECTS));
		neigh_hold(&r.neigh, way);
		return way;
	}
	for (i = 0; i < 2; i++)
		member[i] = (struct group_member){
			.adj = hosts[below(&seed, 6)], .weight = 1,
		};
	way = group_get(&r.groups, member, 2);
	clamped = neigh_clamp(&r.neigh, way, what & 1 ? 1400 : 0);
	neigh_put(&r.neigh, way);
	return clamped;
}

static void change_route(void)
{
	unsigned int i = below(&seed, ROUTES), len = 16 + below(&seed, 17);

	if (routes[i].any) {
		fib4_unset(&r.ip4.fib, &routes[i].four);
		routes[i].any = false;
		return;
	}
	routes[i].four = (struct fib4_route){
		.dst = some_addr(&seed) & ~0u << (32 - len), .len = len, .kind = FIB4_MAIN,
		.metric = i, .adj = some_way(),
	};
	routes[i].any = fib4_add(&r.ip4.fib, &routes[i].four) == FIB4_ADDED;
	if (!routes[i].any)
		neigh_put(&r.neigh, routes[i].four.adj);
}

static void change_route6(void)
{
	unsigned int i = below(&seed, ROUTES), len = 48 + below(&seed, 81);

	if (routes[i].any6) {
		fib6_unset(&r.ip6.fib, &routes[i].six);
		routes[i].any6 = false;
		return;
	}
	routes[i].six = (struct fib6_route){
		.dst = ipv6_prefix(some_addr6(&seed), len), .len = len, .kind = FIB6_MAIN,
		.metric = i, .adj = some_way(),
	};
	routes[i].any6 = fib6_add(&r.ip6.fib, &routes[i].six) == FIB6_ADDED;
	if (!routes[i].any6)
		neigh_put(&r.neigh, routes[i].six.adj);
}

static void change_own(void)
{
	uint32_t last = below(&seed, 64);

	if (below(&seed, 2)) {
		addr4_add(&r.ip4.own, 0x0a000000 | last, 10, 24);
		addr6_add(&r.ip6.own, (struct ipv6_addr){ 0xfd00ull << 48, 100 + last }, 10, 64);
	} else {
		addr4_del(&r.ip4.own, 0x0a000000 | last, 10, 24);
		addr6_del(&r.ip6.own, (struct ipv6_addr){ 0xfd00ull << 48, 100 + last }, 10, 64);
	}
	r.ip4.own_changed = r.ip6.own_changed = true;
}

static void change(uint32_t n)
{
	static uint32_t now = 100;
	uint32_t what = below(&seed, 100);

	if (what < 40)
		change_route();
	else if (what < 65)
		change_route6();
	else if (what < 80)
		change_host(below(&seed, HOSTS));
	else if (what < 90)
		change_object();
	else if (what < 92)
		change_port();
	else if (what < 96)
		change_own();
	else
		now++;
	neigh_tick(&r.neigh, now);
	groups_tick(&r.groups, now);
	if (n % 8 == 0)
		while (!router_work(&r, 100000))
			;
}

/* All of one chunk's ranges, in ever larger pieces of the pool; then none: it is compacted. */
static void fill_chunk(uint32_t chunk)
{
	struct fib4_route route = { .len = 31, .kind = FIB4_MAIN };
	uint32_t i;

	for (i = 0; i < 32768; i++) {
		route.dst = chunk << 16 | i << 1;
		route.adj = hosts[i & 1];
		neigh_hold(&r.neigh, route.adj);
		assert_int_equal(fib4_add(&r.ip4.fib, &route), FIB4_ADDED);
		if ((i & (i - 1)) == 0)
			router_work(&r, UINT32_MAX);
	}
	for (i = 0; i < 32768; i++) {
		route.dst = chunk << 16 | i << 1;
		route.adj = hosts[i & 1];
		assert_true(fib4_del(&r.ip4.fib, &route));
		if ((i & (i - 1)) == 0)
			router_work(&r, UINT32_MAX);
	}
}

static void begin(void)
{
	unsigned int i;

	grace_shared = false;
	assert_true(router_init(&r));
	two_ports(&r);
	set_port(0, 0x40);
	set_port(1, 1);
	set_port(2, 2);
	for (i = 0; i < HOSTS; i++) {
		hosts[i] = neigh_get(&r.neigh, port_of(i), 0x0a010001 + i);
		change_host(i);
	}
	assert_true(router_work(&r, UINT32_MAX));
	over = false;
}

static void begin_readers(struct reader *reader)
{
	unsigned int i;

	grace_shared = true;
	r.lanes = READERS;
	for (i = 0; i < READERS; i++) {
		struct reader *m = &reader[i];

		*m = (struct reader){ .lane = &r.lane[i], .seed = 3 + i };
		fake_open(&m->k, &m->q, SLOTS, -1);
		m->lane->q = &m->q;
		assert_int_equal(pthread_create(&m->thread, NULL, forward, m), 0);
	}
}

static void end_readers(struct reader *reader)
{
	unsigned int i;

	shared_store(over, true);
	for (i = 0; i < READERS; i++) {
		pthread_join(reader[i].thread, NULL);
		fake_close(&reader[i].k);
		print_message("reader %u: %lu sent\n", i, reader[i].sent);
		assert_true(reader[i].sent > 0);
		assert_int_equal(reader[i].torn, 0);
	}
	grace_shared = false;
}

static void test_changes(void **state)
{
	struct reader reader[READERS];
	uint32_t n;

	(void)state;
	begin();
	begin_readers(reader);
	for (n = 0; n < CHANGES; n++) {
		change(n);
		if (n == CHANGES / 2)
			fill_chunk(0x1403);
	}
	end_readers(reader);
	router_exit(&r);
}

/* ---- one step of it ---------------------------------------------------- */

static unsigned int at;		/* step that was reached */
static uint16_t first, then;	/* what the table that the reader has answered */
static bool early;		/* it was not waited for */
static uint8_t kept[6];		/* MAC address of the adjacency */

static void reached(unsigned int step)
{
	__atomic_store_n(&at, step, __ATOMIC_SEQ_CST);
}

static bool is_at(unsigned int step)
{
	return __atomic_load_n(&at, __ATOMIC_SEQ_CST) >= step;
}

/* It keeps a table, and an adjacency, while they go. */
static void *keep(void *arg)
{
	const uint32_t *table;
	unsigned int i;

	(void)arg;
	grace_enter();
	table = fib4_table(&r.ip4.fib);
	first = fib4_rest(table, fib4_top(table, 0x14030007), 0x14030007);
	reached(1);
	for (i = 0; i < 1000 && !is_at(2); i++)
		usleep(100);
	/* Whoever waits for this one cannot be further. */
	early = is_at(2);
	if (!early) {
		then = fib4_rest(table, fib4_top(table, 0x14030007), 0x14030007);
		memcpy(kept, r.neigh.adj[first].mac, sizeof(kept));
	}
	grace_leave();
	return NULL;
}

/* What a reader has stays as it is until it says that it has it no more. */
static void test_wait(void **state)
{
	struct fib4_route route = { .dst = 0x14030006, .len = 31, .kind = FIB4_MAIN };
	const uint8_t one[] = { 2, 1, 1, 1, 1, 1 }, other[] = { 2, 5, 5, 5, 5, 5 };
	pthread_t thread;

	(void)state;
	begin();
	neigh_set(&r.neigh, hosts[1], NUD_REACHABLE, one);
	route.adj = hosts[1];
	neigh_hold(&r.neigh, hosts[1]);
	fib4_add(&r.ip4.fib, &route);
	assert_true(router_work(&r, UINT32_MAX));
	grace_shared = true;
	at = 0;
	assert_int_equal(pthread_create(&thread, NULL, keep, NULL), 0);
	while (!is_at(1))
		usleep(100);
	neigh_set(&r.neigh, hosts[1], NUD_REACHABLE, other);
	fill_chunk(0x1405);
	reached(2);
	pthread_join(thread, NULL);
	assert_false(early);
	assert_memory_equal(kept, one, sizeof(kept));
	assert_int_equal(first, hosts[1]);
	assert_int_equal(then, hosts[1]);
	assert_memory_equal(r.neigh.adj[hosts[1]].mac, other, 6);
	assert_int_equal(r.neigh.adj[hosts[1]].limit, 1514);
	grace_shared = false;
	router_exit(&r);
}

/* A group that is deleted is found until readers have passed; buckets were about to move. */
static void test_dead_group(void **state)
{
	const struct buckets_want want = { .count = 32, .idle = 1 };
	struct group_member member[2] = { { .weight = 1 }, { .weight = 1 } };
	uint32_t i;

	(void)state;
	begin();
	for (i = 0; i < 2; i++)
		member[i].adj = hosts[i];
	assert_true(nexthop_set_group(&r.nexthops, 1, member, 2, &want));
	for (i = 1; i < r.groups.used && !(r.groups.at[i] && r.groups.at[i]->buckets); i++)
		;
	assert_true(i < r.groups.used);
	r.groups.at[i]->buckets->balanced = false;
	member[0].adj = hosts[2];
	assert_true(nexthop_set_group(&r.nexthops, 2, member, 2, &want));
	grace_shared = true;
	nexthop_del(&r.nexthops, 1);
	groups_tick(&r.groups, 200);
	grace_settle();
	assert_null(r.groups.at[i]);
	grace_shared = false;
	router_exit(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wait),
		cmocka_unit_test(test_dead_group),
		cmocka_unit_test(test_changes),
	};

	return cmocka_run_group_tests_name("grace", tests, NULL, NULL);
}
