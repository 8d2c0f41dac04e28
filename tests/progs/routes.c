// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * A full table (fulltable.h) for the kernel of this network namespace.
 *
 *   routes [-4 N] [-6 N] [-s SEED] print  [GATEWAY]...    lines for ip -batch
 *   routes [-4 N] [-6 N] [-s SEED] load   [GATEWAY]...    add them all
 *   routes [-4 N] [-6 N] [-s SEED] [-r RATE] change COUNT GATEWAY...
 *
 * N: 1000000 routes of IPv4, and 200000 of IPv6. A route is by one of the gateways of its
 * family, at random but always the same; of a family without one there are no routes.
 * change: COUNT changes in all, RATE a second (0: as quickly as it goes), each of a route
 * at random: half of them give it another gateway, a quarter remove it, and a quarter bring
 * back one that is gone. At the end all routes are there. Prints how long it took.
 */
#include <arpa/inet.h>
#include <endian.h>
#include <err.h>
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "fulltable.h"

#define GATEWAYS	64
#define BATCH		64	/* messages a system call */
#define GONE		4096	/* routes that may be gone at a time */

struct gateway {
	uint8_t addr[16];
	const char *text;
};

static struct full_table table;
static struct gateway gateway[2][GATEWAYS];	/* by family */
static uint32_t gateways[2];
static uint64_t dice;

/* ---- netlink ----------------------------------------------------------- */

static int fd;
static uint8_t out[BATCH * 128];
static size_t filled;
static uint32_t messages, seq;

static void *put(struct nlmsghdr *h, size_t size)
{
	void *p = (uint8_t *)h + NLMSG_ALIGN(h->nlmsg_len);

	memset(p, 0, NLMSG_ALIGN(size));
	h->nlmsg_len = NLMSG_ALIGN(h->nlmsg_len) + size;
	return p;
}

static void put_attr(struct nlmsghdr *h, uint16_t type, const void *data, size_t size)
{
	struct rtattr *a = put(h, RTA_LENGTH(size));

	a->rta_type = type;
	a->rta_len = RTA_LENGTH(size);
	memcpy(RTA_DATA(a), data, size);
}

static void open_netlink(void)
{
	struct sockaddr_nl to = { .nl_family = AF_NETLINK };
	int size = 1 << 20;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd < 0 || connect(fd, (void *)&to, sizeof(to)))
		err(1, "netlink");
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
}

/* Until the answer to the last message, which alone asked for one; others are errors. */
static void answers(void)
{
	uint8_t in[8192];
	ssize_t n;

	for (;;) {
		const struct nlmsghdr *h = (const void *)in;

		n = recv(fd, in, sizeof(in), 0);
		if (n < 0)
			err(1, "netlink");
		for (; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n)) {
			const struct nlmsgerr *e = NLMSG_DATA(h);

			if (h->nlmsg_type != NLMSG_ERROR)
				continue;
			if (e->error)
				errx(1, "the kernel refused a route: %s", strerror(-e->error));
			if (h->nlmsg_seq == seq)
				return;
		}
	}
}

static void flush(void)
{
	if (!messages)
		return;
	if (send(fd, out, filled, 0) < 0)
		err(1, "netlink");
	answers();
	filled = messages = 0;
}

static uint32_t choose(const struct full_route *r, uint32_t i)
{
	return (i * 2654435761u >> 8) % gateways[r->six];
}

static void tell(uint16_t type, uint16_t flags, const struct full_route *r, uint32_t way)
{
	struct nlmsghdr *h = (void *)(out + filled);
	size_t size = r->six ? 16 : 4;
	uint64_t dst[2] = { htobe64(r->bits), 0 };
	struct rtmsg *m;

	memset(h, 0, sizeof(*h));
	h->nlmsg_len = NLMSG_HDRLEN;
	h->nlmsg_type = type;
	h->nlmsg_flags = NLM_F_REQUEST | flags;
	h->nlmsg_seq = ++seq;
	m = put(h, sizeof(*m));
	m->rtm_family = r->six ? AF_INET6 : AF_INET;
	m->rtm_dst_len = r->len;
	m->rtm_table = RT_TABLE_MAIN;
	m->rtm_protocol = RTPROT_BGP;
	m->rtm_scope = type == RTM_DELROUTE ? RT_SCOPE_NOWHERE : RT_SCOPE_UNIVERSE;
	m->rtm_type = type == RTM_DELROUTE ? RTN_UNSPEC : RTN_UNICAST;
	put_attr(h, RTA_DST, dst, size);
	if (type == RTM_NEWROUTE)
		put_attr(h, RTA_GATEWAY, gateway[r->six][way].addr, size);
	filled += NLMSG_ALIGN(h->nlmsg_len);
	if (++messages == BATCH) {
		h->nlmsg_flags |= NLM_F_ACK;
		flush();
	}
}

/* The last of a batch that is not full. */
static void finish_batch(void)
{
	struct nlmsghdr *h = (void *)out;
	uint32_t i;

	for (i = 1; i < messages; i++)
		h = (void *)((uint8_t *)h + NLMSG_ALIGN(h->nlmsg_len));
	h->nlmsg_flags |= NLM_F_ACK;
	flush();
}

/* ---- commands ---------------------------------------------------------- */

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void print(void)
{
	char text[INET6_ADDRSTRLEN];
	uint32_t i;

	for (i = 0; i < table.count; i++) {
		const struct full_route *r = &table.route[i];
		uint64_t dst[2] = { htobe64(r->bits), 0 };

		inet_ntop(r->six ? AF_INET6 : AF_INET, dst, text, sizeof(text));
		printf("route add %s/%u via %s proto bgp\n", text, r->len,
		       gateway[r->six][choose(r, i)].text);
	}
}

static void load(void)
{
	double start = now();
	uint32_t i;

	open_netlink();
	for (i = 0; i < table.count; i++)
		tell(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, &table.route[i],
		     choose(&table.route[i], i));
	if (messages)
		finish_batch();
	printf("%u routes in %.2f s\n", table.count, now() - start);
}

static uint32_t gone[GONE];
static uint32_t gone_count;
static uint8_t *is_gone;

static void bring_back(uint32_t which)
{
	uint32_t i = gone[which];
	const struct full_route *r = &table.route[i];

	tell(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, r, choose(r, i));
	is_gone[i] = 0;
	gone[which] = gone[--gone_count];
}

static void change_one(void)
{
	uint32_t i = full_random(&dice) % table.count, what = full_random(&dice) % 4;
	const struct full_route *r = &table.route[i];

	if (gone_count && (what == 0 || gone_count == GONE)) {
		bring_back(full_random(&dice) % gone_count);
	} else if (!is_gone[i] && what == 1) {
		tell(RTM_DELROUTE, 0, r, 0);
		is_gone[i] = 1;
		gone[gone_count++] = i;
	} else if (!is_gone[i]) {
		tell(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, r,
		     full_random(&dice) % gateways[r->six]);
	}
}

static void change(uint32_t count, double rate)
{
	double start = now(), late;
	uint32_t before, i;

	open_netlink();
	is_gone = calloc(table.count, 1);
	for (i = 0; i < count; i++) {
		before = seq;
		while (seq == before)
			change_one();
		late = rate ? now() - start - i / rate : 0;
		if (late < -0.001) {
			if (messages)
				finish_batch();
			usleep(-late * 1e6);
		}
	}
	while (gone_count)
		bring_back(gone_count - 1);
	if (messages)
		finish_batch();
	printf("%u changes in %.2f s\n", seq, now() - start);
}

static void add_gateway(const char *text)
{
	bool six = strchr(text, ':');
	struct gateway *g = &gateway[six][gateways[six]];

	if (gateways[six] == GATEWAYS || inet_pton(six ? AF_INET6 : AF_INET, text, g->addr) != 1)
		errx(1, "%s is no gateway, or one too many", text);
	g->text = text;
	gateways[six]++;
}

int main(int argc, char **argv)
{
	uint32_t four = 1000000, six = 200000, count = 0;
	uint64_t seed = 1;
	double rate = 0;
	const char *what;
	int c;

	while ((c = getopt(argc, argv, "4:6:s:r:")) != -1) {
		switch (c) {
		case '4': four = strtoul(optarg, NULL, 10); break;
		case '6': six = strtoul(optarg, NULL, 10); break;
		case 's': seed = strtoull(optarg, NULL, 10); break;
		case 'r': rate = strtod(optarg, NULL); break;
		default: return 1;
		}
	}
	what = optind < argc ? argv[optind++] : "";
	if (!strcmp(what, "change") && optind < argc)
		count = strtoul(argv[optind++], NULL, 10);
	while (optind < argc)
		add_gateway(argv[optind++]);
	dice = seed * 2 + 3;
	if (!full_make(&table, gateways[0] ? four : 0, gateways[1] ? six : 0, seed))
		errx(1, "no memory");
	if (!strcmp(what, "print"))
		print();
	else if (!strcmp(what, "load"))
		load();
	else if (!strcmp(what, "change") && table.count)
		change(count, rate);
	else
		errx(1, "print, load or change COUNT, and gateways");
	return 0;
}
