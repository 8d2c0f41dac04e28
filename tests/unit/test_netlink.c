// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* The router's netlink socket against a kernel at the other end of a socket pair. */
#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include "unit.h"

#include "netlink.h"

#define MESSAGES	4
#define NEVER		4	/* routes that are there without being told */

struct bed {
	struct router r;
	struct netlink nl;
	int kernel;		/* its end */
	uint64_t now;		/* ms */
};

/* What the dump of a type of one family ends with; and what it tells. */
struct answer {
	uint16_t type;
	uint8_t family;
	int err;
	bool refused;		/* at once, by NLMSG_ERROR */
	uint32_t dst;		/* an IPv4 route */
	bool upset;		/* an IPv6 route goes meanwhile */
};

static unsigned int overruns;	/* to be told */

ssize_t __wrap_recvmsg(int fd, struct msghdr *msg, int flags);
ssize_t __real_recvmsg(int fd, struct msghdr *msg, int flags);

ssize_t __wrap_recvmsg(int fd, struct msghdr *msg, int flags)
{
	if (!overruns)
		return __real_recvmsg(fd, msg, flags);
	overruns--;
	errno = ENOBUFS;
	return -1;
}

static void tell(struct bed *b, const void *message, size_t size)
{
	assert_int_equal(send(b->kernel, message, size, 0), size);
}

static void tell_route(struct bed *b, uint16_t type, uint32_t dst, unsigned int flags,
		       uint32_t seq)
{
	char buffer[256];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
	struct rtmsg *m = mnl_nlmsg_put_extra_header(nlh, sizeof(*m));

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = flags;
	nlh->nlmsg_seq = seq;
	m->rtm_family = AF_INET;
	m->rtm_dst_len = 24;
	m->rtm_table = RT_TABLE_MAIN;
	m->rtm_type = RTN_UNREACHABLE;
	mnl_attr_put_u32(nlh, RTA_DST, htonl(dst));
	tell(b, nlh, nlh->nlmsg_len);
}

/* 2001:db8:N::/48 */
static void tell_route6(struct bed *b, uint16_t type, uint8_t n)
{
	const uint8_t dst[16] = { 0x20, 0x01, 0x0d, 0xb8, 0, n };
	char buffer[256];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
	struct rtmsg *m = mnl_nlmsg_put_extra_header(nlh, sizeof(*m));

	nlh->nlmsg_type = type;
	m->rtm_family = AF_INET6;
	m->rtm_dst_len = 48;
	m->rtm_table = RT_TABLE_MAIN;
	m->rtm_type = RTN_UNREACHABLE;
	mnl_attr_put(nlh, RTA_DST, sizeof(dst), dst);
	tell(b, nlh, nlh->nlmsg_len);
}

static void tell_end(struct bed *b, uint16_t type, int err, uint32_t seq)
{
	char buffer[256];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_MULTI;
	nlh->nlmsg_seq = seq;
	*(int *)mnl_nlmsg_put_extra_header(nlh, sizeof(err)) = err;
	tell(b, nlh, nlh->nlmsg_len);
}

/* Answer one request, if there is any; odd as a says, if it is the one. */
static bool answer(struct bed *b, const struct answer *a)
{
	static const struct answer none;
	char buffer[256] = "";
	const struct nlmsghdr *nlh = (void *)buffer;
	const uint8_t *family = mnl_nlmsg_get_payload(nlh);

	if (recv(b->kernel, buffer, sizeof(buffer), MSG_DONTWAIT) < 0)
		return false;
	if (!a || nlh->nlmsg_type != a->type || *family != a->family)
		a = &none;
	if (a->dst)
		tell_route(b, RTM_NEWROUTE, a->dst, NLM_F_MULTI, nlh->nlmsg_seq);
	if (a->upset)
		tell_route6(b, RTM_DELROUTE, 1);
	tell_end(b, a->refused ? NLMSG_ERROR : NLMSG_DONE, a->err, nlh->nlmsg_seq);
	return true;
}

/* Work, and answer, until neither has anything to do. */
static void follow(struct bed *b, const struct answer *a)
{
	do {
		while (netlink_work(&b->nl, &b->r, MESSAGES, b->now))
			;
	} while (answer(b, a) || !netlink_timeout(&b->nl, &b->r, b->now));
	while (!router_work(&b->r, 100000))
		;
}

static int setup(void **state)
{
	struct bed *b = calloc(1, sizeof(*b));
	int end[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, end), 0);
	assert_true(router_init(&b->r));
	b->nl.socket = mnl_socket_fdopen(end[0]);
	b->nl.fd = end[0];
	b->nl.buffer = malloc(65536);
	b->kernel = end[1];
	b->now = 1000000;
	b->r.resync = true;
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bed *b = *state;

	netlink_close(&b->nl);
	router_exit(&b->r);
	close(b->kernel);
	free(b);
	return 0;
}

static void test_sync(void **state)
{
	const struct answer a = { .type = RTM_GETROUTE, .family = AF_INET, .dst = 0x14000000 };
	struct bed *b = *state;

	follow(b, &a);
	assert_true(b->nl.synced);
	assert_false(b->r.resync);
	assert_int_equal(b->r.ip4.fib.routes, NEVER + 1);
	assert_int_equal(b->r.stats.syncs, 1);
	/* Not told again. Soon after a sync there is no other. */
	b->r.resync = true;
	follow(b, NULL);
	assert_int_equal(b->r.stats.syncs, 1);
	b->now += 1000;
	follow(b, NULL);
	assert_int_equal(b->r.stats.syncs, 2);
	assert_int_equal(b->r.ip4.fib.routes, NEVER);
}

/*
 * Routes came, and went; that they went was lost. All that is left is read before
 * the kernel is asked, so that none is confirmed by what was said before.
 */
static void test_overrun(void **state)
{
	struct bed *b = *state;
	unsigned int i;

	follow(b, NULL);
	b->now += 1000;
	for (i = 0; i < 20; i++)
		tell_route(b, RTM_NEWROUTE, 0x14000000 + (i << 8), 0, 0);
	overruns = 1;
	for (i = 0; i < 5; i++) {
		assert_true(netlink_work(&b->nl, &b->r, MESSAGES, b->now));
		assert_false(answer(b, NULL));
	}
	follow(b, NULL);
	assert_int_equal(b->r.stats.overruns, 1);
	assert_int_equal(b->r.stats.syncs, 2);
	assert_int_equal(b->r.ip4.fib.routes, NEVER);
	assert_false(b->r.resync);
}

/* A dump that could not be completed: what was known stays, and all is asked anew. */
static void test_incomplete(void **state)
{
	struct answer a = { .type = RTM_GETROUTE, .family = AF_INET, .dst = 0x14000000 };
	struct bed *b = *state;
	unsigned int i;

	follow(b, &a);
	a.dst = 0x15000000;
	a.err = -EMSGSIZE;
	for (i = 0; i < 2; i++) {
		a.refused = i;
		b->now += 1000;
		b->r.resync = true;
		follow(b, &a);
		assert_true(b->r.resync);
		assert_int_equal(b->r.stats.syncs, 1);
		assert_int_equal(b->r.ip4.fib.routes, NEVER + 2);
	}
	a.err = a.refused = 0;
	b->now += 1000;
	follow(b, &a);
	assert_false(b->r.resync);
	assert_int_equal(b->r.ip4.fib.routes, NEVER + 1);
}

/* A kernel without IPv6 refuses, or tells of the family it has. */
static void test_without_ipv6(void **state)
{
	struct answer a[] = {
		{ .type = RTM_GETNETCONF, .family = AF_INET6, .err = -EOPNOTSUPP, .refused = true },
		{ .type = RTM_GETRULE, .family = AF_INET6, .err = -EAFNOSUPPORT },
		{ .type = RTM_GETROUTE, .family = AF_INET6, .dst = 0x14000000 },
	};
	struct bed *b = *state;
	unsigned int i;

	for (i = 0; i < sizeof(a) / sizeof(a[0]); i++) {
		b->now += 1000;
		b->r.resync = true;
		follow(b, &a[i]);
		assert_false(b->r.resync);
		assert_int_equal(b->r.stats.syncs, i + 1);
		assert_int_equal(b->r.ip4.fib.routes, NEVER);
	}
}

/*
 * Where an IPv6 route goes while these are dumped, the kernel may have left out others:
 * none of them goes before a dump was undisturbed. IPv4 is not concerned.
 */
static void test_upset(void **state)
{
	struct answer a = { .type = RTM_GETROUTE, .family = AF_INET6, .upset = true };
	struct bed *b = *state;
	uint32_t never6;

	follow(b, NULL);
	never6 = b->r.ip6.fib.routes;
	tell_route6(b, RTM_NEWROUTE, 1);
	tell_route6(b, RTM_NEWROUTE, 2);
	tell_route(b, RTM_NEWROUTE, 0x14000000, 0, 0);
	follow(b, NULL);
	b->now += 1000;
	b->r.resync = true;
	follow(b, &a);
	assert_int_equal(b->r.ip6.fib.routes, never6 + 1);
	assert_int_equal(b->r.ip4.fib.routes, NEVER);
	assert_true(b->r.resync);
	assert_int_equal(b->r.stats.syncs, 2);
	b->now += 1000;
	follow(b, NULL);
	assert_int_equal(b->r.ip6.fib.routes, never6);
	assert_false(b->r.resync);
	/* One of IPv4, or while others are dumped. */
	a.family = AF_INET;
	tell_route6(b, RTM_NEWROUTE, 1);
	follow(b, NULL);
	b->now += 1000;
	b->r.resync = true;
	follow(b, &a);
	assert_false(b->r.resync);
}

/* The longer one took, the later the next. */
static void test_pace(void **state)
{
	struct bed *b = *state;

	follow(b, NULL);
	b->now += 1000;
	b->r.resync = true;
	assert_false(netlink_work(&b->nl, &b->r, MESSAGES, b->now));
	b->now += 5000;
	follow(b, NULL);
	assert_int_equal(b->r.stats.syncs, 2);
	b->r.resync = true;
	assert_int_equal(netlink_timeout(&b->nl, &b->r, b->now), 5000);
	b->now += 4999;
	follow(b, NULL);
	assert_int_equal(b->r.stats.syncs, 2);
	b->now++;
	follow(b, NULL);
	assert_int_equal(b->r.stats.syncs, 3);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_sync), T(test_overrun), T(test_incomplete), T(test_without_ipv6),
		T(test_upset), T(test_pace),
	};

	return cmocka_run_group_tests_name("netlink", tests, NULL, NULL);
}
