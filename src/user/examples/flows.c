// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * europa-flows: a wire between ports 0 and 1 that counts flows of IPv4. SIGUSR1 prints them, and
 * SIGTERM. Frames come and leave as those of policer.c do.
 */
#include "example.h"
#include <arpa/inet.h>
#include <signal.h>

#define FLOWS 4096	/* a power of two */
#define PROBES 16

struct flow {
	__u8 key[13];	/* addresses, ports and protocol, as in the packet */
	unsigned long packets, bytes;
};

static struct flow flows[FLOWS], others;	/* others: no IPv4, or no room */
static volatile sig_atomic_t asked, ended;

static void on_signal(int number)
{
	asked = 1;
	ended |= number == SIGTERM;
}

/* FNV-1a; PROBES places, then there is no room. */
static struct flow *flow_of(const __u8 *key)
{
	__u32 hash = 2166136261u, i;

	for (i = 0; i < sizeof(flows->key); i++)
		hash = (hash ^ key[i]) * 16777619u;
	for (i = 0; i < PROBES; i++) {
		struct flow *f = &flows[(hash + i) & (FLOWS - 1)];

		if (!f->packets)
			memcpy(f->key, key, sizeof(f->key));
		if (!memcmp(f->key, key, sizeof(f->key)))
			return f;
	}
	return &others;
}

/* Fragments have no ports, nor have protocols other than TCP and UDP. */
static struct flow *classify(const __u8 *p, unsigned int bytes)
{
	const unsigned int header = bytes < 34 ? 0 : (p[14] & 15) * 4;
	__u8 key[13] = { 0 };

	if (header < 20 || get16(p + 12) != 0x0800)
		return &others;
	memcpy(key, p + 26, 8);
	key[12] = p[23];
	if ((p[23] == 6 || p[23] == 17) && !(get16(p + 20) & 0x3fff) && bytes >= 14 + header + 4)
		memcpy(key + 8, p + 14 + header, 4);
	return flow_of(key);
}

static void count(struct europa_queue *q, struct europa_entry *e)
{
	struct flow *f = classify(europa_data(q, e), e->bytes);

	f->packets++;
	f->bytes += e->len;
	europa_send(q, e, !e->port, 0);
}

static void print(const struct flow *f)
{
	char from[16], to[16];

	if (f->packets)
		printf("%s:%u > %s:%u proto %u packets %lu bytes %lu\n",
		       inet_ntop(AF_INET, f->key, from, 16), get16(f->key + 8),
		       inet_ntop(AF_INET, f->key + 4, to, 16), get16(f->key + 10),
		       f->key[12], f->packets, f->bytes);
}

static int look_up(void)
{
	if (!asked)
		return 0;
	for (int i = 0; i < FLOWS; i++)
		print(&flows[i]);
	printf("others packets %lu bytes %lu\n", others.packets, others.bytes);
	fflush(stdout);
	asked = 0;
	return ended;
}

int main(void)
{
	signal(SIGUSR1, on_signal);
	signal(SIGTERM, on_signal);
	return example_run(count, look_up);
}
