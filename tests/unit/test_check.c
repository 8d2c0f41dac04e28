// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* europa-router --check: what it takes for the same as the kernel's answer. */
#include "unit.h"

#include "check.h"
#include "packet.h"

#define FAR	0xc0a80101	/* by 10.1.0.1 on port 1, ifindex 11 */

static struct router r;
static uint16_t near;

static int setup(void **state)
{
	(void)state;
	assert_true(router_init(&r));
	two_ports(&r);
	near = gateway(&r, 0xc0a80000, 16, 0x0a010001);
	while (!router_work(&r, 100000))
		;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	router_exit(&r);
	return 0;
}

static void route(uint32_t dst, uint8_t len, uint16_t adj)
{
	struct fib4_route route = { .dst = dst, .len = len, .kind = FIB4_MAIN, .adj = adj };

	assert_int_equal(fib4_add(&r.ip4.fib, &route), FIB4_ADDED);
	while (!router_work(&r, 100000))
		;
}

static enum check_result ask(uint32_t addr, const struct check_answer *a)
{
	return check_compare(&r, &(struct check_addr){ .addr = addr }, a);
}

static enum check_result compare(uint32_t addr, uint32_t oif, uint32_t gateway)
{
	const struct check_answer a = {
		.unicast = true, .oif = oif, .direct = !gateway, .gateway.addr = gateway,
	};

	return ask(addr, &a);
}

static void test_plain(void **state)
{
	struct check_answer a = { .oif = 11, .gateway.addr = 0x0a010001 };

	(void)state;
	assert_int_equal(compare(FAR, 11, 0x0a010001), CHECK_SAME);
	assert_int_equal(compare(FAR, 11, 0x0a010002), CHECK_DIFFERS);
	assert_int_equal(compare(FAR, 10, 0x0a010001), CHECK_DIFFERS);
	assert_int_equal(compare(FAR, 11, 0), CHECK_DIFFERS);
	/* The kernel has no such route, or one to itself. */
	assert_int_equal(ask(FAR, &a), CHECK_DIFFERS);
	/* Or has one that the router leaves to it. */
	assert_int_equal(compare(0x08080808, 11, 0x0a010001), CHECK_KERNEL);
	r.ports.punt_all = true;
	assert_int_equal(compare(FAR, 10, 0x0a010001), CHECK_KERNEL);
}

static void test_link(void **state)
{
	(void)state;
	assert_int_equal(compare(0x0a010005, 11, 0), CHECK_SAME);
	assert_int_equal(compare(0x0a010005, 11, 0x0a010001), CHECK_DIFFERS);
	route(0x0a010005, 32, neigh_get(&r.neigh, 1, 0x0a010005));
	assert_int_equal(compare(0x0a010005, 11, 0), CHECK_SAME);
	assert_int_equal(compare(0x0a010005, 10, 0), CHECK_DIFFERS);
}

static void test_mtu(void **state)
{
	struct check_answer a = {
		.unicast = true, .oif = 11, .gateway.addr = 0x0a010001, .mtu = 1400,
	};

	(void)state;
	route(0x15000000, 8, neigh_clamp(&r.neigh, near, 1400));
	assert_int_equal(ask(0x15000001, &a), CHECK_SAME);
	assert_int_equal(ask(FAR, &a), CHECK_DIFFERS);
	a.mtu = 1300;
	assert_int_equal(ask(0x15000001, &a), CHECK_DIFFERS);
	a.learned = true;
	assert_int_equal(ask(0x15000001, &a), CHECK_SAME);
}

static void test_group(void **state)
{
	struct group_member m[2] = {
		{ .adj = near, .weight = 1 },
		{ .adj = neigh_get(&r.neigh, 1, 0x0a010002), .weight = 1 },
	};

	(void)state;
	route(0x15000000, 8, group_get(&r.groups, m, 2));
	assert_int_equal(compare(0x15000001, 11, 0x0a010001), CHECK_SAME);
	assert_int_equal(compare(0x15000001, 11, 0x0a010002), CHECK_SAME);
	assert_int_equal(compare(0x15000001, 11, 0x0a010003), CHECK_DIFFERS);
	m[1].adj = 0;
	route(0x16000000, 8, group_get(&r.groups, m, 2));
	assert_int_equal(compare(0x16000001, 11, 0x0a010001), CHECK_SAME);
	assert_int_equal(compare(0x16000001, 99, 0x0a010003), CHECK_KERNEL);
	nexthop_set(&r.nexthops, 5, near);
	m[0].adj = nexthop_find(&r.nexthops, 5);
	route(0x17000000, 8, group_get(&r.groups, m, 1));
	assert_int_equal(compare(0x17000001, 11, 0x0a010001), CHECK_SAME);
	nexthop_del(&r.nexthops, 5);
	assert_int_equal(compare(0x17000001, 11, 0x0a010001), CHECK_KERNEL);
}

static void test_prefixes(void **state)
{
	struct fib4_prefix p[32];
	uint32_t n, i, seen = 0;

	(void)state;
	route(0x15000000, 8, 0);
	route(0x15800000, 9, 0);
	assert_true(r.ip4.fib.routes <= 32);
	n = fib4_prefixes(&r.ip4.fib, p);
	/* Two connected, one by the gateway, these, and four that are never forwarded. */
	assert_int_equal(n, 9);
	for (i = 0; i < n; i++)
		seen += (p[i].dst == 0x15000000 && p[i].len == 8) ||
			(p[i].dst == 0x15800000 && p[i].len == 9);
	assert_int_equal(seen, 2);
}

/* IPv6, and IPv4 by an IPv6 gateway. */
static void test_six(void **state)
{
	const struct ipv6_addr gate = { 0xfe80ull << 48, 1 };
	const struct check_addr far = { .six = true, .addr6 = { 0x20010db8ull << 32, 1 } };
	const struct check_addr near6 = { .six = true, .addr6 = { 0xfd000001ull << 32, 7 } };
	struct check_answer a = {
		.unicast = true, .oif = 11, .gateway = { .six = true, .addr6 = gate },
	};
	uint16_t id = gateway6(&r, (struct ipv6_addr){ 0x20010db8ull << 32, 0 }, 32, gate);

	(void)state;
	neigh_hold(&r.neigh, id);
	route(0x15000000, 8, id);
	assert_int_equal(check_compare(&r, &far, &a), CHECK_SAME);
	assert_int_equal(ask(0x15000001, &a), CHECK_SAME);
	assert_int_equal(ask(FAR, &a), CHECK_DIFFERS);
	assert_int_equal(check_compare(&r, &near6, &a), CHECK_DIFFERS);
	a.gateway.addr6.lo++;
	assert_int_equal(check_compare(&r, &far, &a), CHECK_DIFFERS);
	assert_int_equal(ask(0x15000001, &a), CHECK_DIFFERS);
	a.direct = true;
	assert_int_equal(check_compare(&r, &near6, &a), CHECK_SAME);
	assert_int_equal(check_compare(&r, &far, &a), CHECK_DIFFERS);
	r.ports.forwarding6 = false;
	assert_int_equal(check_compare(&r, &far, &a), CHECK_KERNEL);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_plain), T(test_link), T(test_mtu), T(test_group),
		T(test_prefixes), T(test_six),
	};

	return cmocka_run_group_tests_name("check", tests, NULL, NULL);
}
