// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * europa-router's tables, as it keeps them, by the routes of this network namespace, of
 * any kernel; without packets, so without Europa's module:
 *   bench-mirror DEVICE [SECONDS [BYTES]]
 * DEVICE takes the part of a port; BYTES are what the netlink socket may hold. Reads everything, tells what that took and what lookups
 * take; follows changes for so long (0); then compares with the kernel at the borders of
 * all routes. tests/bench/mirror makes the namespace, and the routes. Times are this
 * process's, of a processor.
 */
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>

#include "check.h"
#include "mirror.h"

#define MESSAGES	128	/* as in loop.c */
#define WORK		2000
#define LOOKUPS		1000000
#define ROUNDS		9	/* the quickest counts */

void __wrap_mirror_apply(struct router *r, const struct message *m);
void __real_mirror_apply(struct router *r, const struct message *m);

static uint32_t device;

void __wrap_mirror_apply(struct router *r, const struct message *m)
{
	struct message port = *m;

	if (m->type == MESSAGE_LINK && m->link.ifindex == device)
		port.link.europa = true;
	__real_mirror_apply(r, &port);
}

static uint64_t ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static uint64_t spent(void)
{
	return ns(CLOCK_PROCESS_CPUTIME_ID);
}

static uint64_t ms(void)
{
	return ns(CLOCK_MONOTONIC) / 1000000;
}

static void print_memory(const struct router *r)
{
	char line[128];
	FILE *f = fopen("/proc/self/status", "r");

	printf("tables: IPv4 %zu KB, IPv6 %zu KB\n", fib4_bytes(&r->ip4.fib) / 1024,
	       fib6_bytes(&r->ip6.fib) / 1024);
	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, "VmRSS", 5))
			fputs(line, stdout);
	if (f)
		fclose(f);
}

/* ---- lookups ----------------------------------------------------------- */

struct prefixes {
	struct fib4_prefix *four;
	struct fib6_prefix *six;
	uint32_t count4, count6;
};

static uint32_t random32(uint64_t *s)
{
	*s ^= *s >> 12;
	*s ^= *s << 25;
	*s ^= *s >> 27;
	return (*s * 0x2545f4914f6cdd1dull) >> 32;
}

/* In prefixes at random. */
static void lookups(const struct router *r, const struct prefixes *p)
{
	uint32_t *four = calloc(LOOKUPS, sizeof(*four)), i, round;
	struct ipv6_addr *six = calloc(LOOKUPS, sizeof(*six));
	uint64_t seed = 5, start, best4 = ~0ull, best6 = ~0ull, took, sum = 0;

	for (i = 0; i < LOOKUPS && p->count4 && p->count6; i++) {
		const struct fib4_prefix *a = &p->four[random32(&seed) % p->count4];
		const struct fib6_prefix *b = &p->six[random32(&seed) % p->count6];

		four[i] = a->dst | (random32(&seed) & (uint32_t)(0xffffffffull >> a->len));
		six[i].hi = b->dst.hi | (random32(&seed) & ~ipv6_mask(b->len).hi);
		six[i].lo = b->dst.lo | (random32(&seed) & ~ipv6_mask(b->len).lo);
	}
	for (round = 0; round < ROUNDS; round++) {
		start = spent();
		for (i = 0; i < LOOKUPS; i++)
			sum += fib4_lookup(&r->ip4.fib, four[i]);
		took = spent() - start;
		best4 = took < best4 ? took : best4;
		start = spent();
		for (i = 0; i < LOOKUPS; i++)
			sum += fib6_lookup(&r->ip6.fib, six[i]);
		took = spent() - start;
		best6 = took < best6 ? took : best6;
	}
	printf("lookups, one after the other: IPv4 %.1f ns, IPv6 %.1f ns (%llu)\n",
	       (double)best4 / LOOKUPS, (double)best6 / LOOKUPS, (unsigned long long)sum);
	free(four);
	free(six);
}

static void all_lookups(const struct router *r)
{
	struct prefixes p = {
		.four = calloc(r->ip4.fib.routes + 1, sizeof(*p.four)),
		.six = calloc(r->ip6.fib.routes + 1, sizeof(*p.six)),
	};

	p.count4 = fib4_prefixes(&r->ip4.fib, p.four);
	p.count6 = fib6_prefixes(&r->ip6.fib, p.six);
	lookups(r, &p);
	free(p.four);
	free(p.six);
}

/* ---- changes ----------------------------------------------------------- */

/* One round of what the loop does between two bursts. Returns whether there is more. */
static bool portion(struct loop *l, uint64_t *longest)
{
	uint64_t start = spent(), took;
	bool busy = netlink_work(&l->nl, l->r, MESSAGES, ms());

	busy |= !router_work(l->r, WORK);
	took = spent() - start;
	*longest = took > *longest ? took : *longest;
	return busy;
}

static void follow(struct loop *l, unsigned int seconds)
{
	const struct mirror_stats before = l->r->stats;
	uint64_t end = ms() + seconds * 1000ull, start = spent(), longest = 0, messages;
	struct pollfd p = { .fd = l->nl.fd, .events = POLLIN };

	while (ms() < end)
		if (!portion(l, &longest))
			poll(&p, 1, 100);
	start = spent() - start;
	messages = l->r->stats.messages - before.messages;
	printf("changes: %llu messages, %.2f us each, the longest portion of work %.0f us\n",
	       (unsigned long long)messages, messages ? start / 1e3 / messages : 0,
	       longest / 1e3);
	printf("messages lost %llu times, everything read %llu times\n",
	       (unsigned long long)(l->r->stats.overruns - before.overruns),
	       (unsigned long long)(l->r->stats.syncs - before.syncs));
}

static int bench(struct loop *l, unsigned int seconds)
{
	uint64_t start = spent(), wall = ns(CLOCK_MONOTONIC);
	struct router *r = l->r;

	if (loop_sync(l, 60000))
		return 1;
	start = spent() - start;
	wall = ns(CLOCK_MONOTONIC) - wall;
	printf("%u routes of IPv4, %u of IPv6: read in %.2f s, %.2f s of this process, %.0f ns a route\n",
	       r->ip4.fib.routes, r->ip6.fib.routes, wall / 1e9, start / 1e9,
	       (double)start / (r->ip4.fib.routes + r->ip6.fib.routes));
	print_memory(r);
	all_lookups(r);
	if (seconds) {
		printf("following\n");
		follow(l, seconds);
		print_memory(r);
	}
	loop_follow(l, 60000);
	return check_all(l, 1000000, -1) != 0;
}

static bool set_buffer(const struct netlink *nl, const char *bytes)
{
	int size = bytes ? atoi(bytes) : 0;

	return !size || !setsockopt(nl->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
}

int main(int argc, char **argv)
{
	static struct router r;
	struct loop l = { .r = &r };
	int status = 1;

	device = argc > 1 ? if_nametoindex(argv[1]) : 0;
	if (!device || !router_init(&r)) {
		fprintf(stderr, "bench-mirror DEVICE [SECONDS [BYTES]]\n");
		return 77;	/* to those who run all units: skipped */
	}
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	setlinebuf(stdout);
	l.signals = loop_signals();
	if (!netlink_open(&l.nl) && set_buffer(&l.nl, argc > 3 ? argv[3] : NULL))
		status = bench(&l, argc > 2 ? strtoul(argv[2], NULL, 10) : 0);
	router_exit(&r);
	return status;
}
