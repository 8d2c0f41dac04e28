// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * NAT for IPv4 (RFC 4787): hosts at port 0 reach what is behind port 1 from one address, by TCP,
 * UDP and ping. The kernel has addresses INSIDE at port 0 and PUBLIC at port 1 and gets the rest:
 * ARP, fragments, ICMP errors, what is for the VR itself or at the end of its life.
 *
 *	europa-nat44 INSIDE PUBLIC MAC	# MAC: of the way out
 */
#include "example.h"
#include <arpa/inet.h>
#include <time.h>

#define FIRST 16384	/* the first port outside */
#define BINDINGS 32768
#define PROBES 32
#define TIMEOUT 7440	/* seconds, for all: RFC 5382's for TCP */

static struct binding {
	__u8 key[7], mac[6];	/* of the host inside: address, port or ping's id, protocol */
	time_t used;
} bindings[BINDINGS];		/* bindings[i] is port FIRST + i outside */

static __u8 inside[4], public[4], gateway[6];

/* The host's binding, else one of PROBES that nobody uses, else NULL. */
static struct binding *bind_host(const __u8 *key)
{
	__u32 hash = (get32(key) * 31 + get16(key + 4)) * 2654435761u >> 8, i;
	struct binding *b, *unused = NULL;

	for (i = 0; i < PROBES; i++) {
		b = &bindings[(hash + i) % BINDINGS];
		if (time(NULL) - b->used > TIMEOUT)
			unused = unused ? unused : b;
		else if (!memcmp(b->key, key, 7))
			return b;
	}
	if (unused)
		memcpy(unused->key, key, 7);
	return unused;
}

/* Is it TCP, UDP or ping, from a host inside to the world, or from there to a binding? */
static struct binding *binding_of(const struct europa_entry *e, const __u8 *p, const __u8 *id)
{
	const unsigned int i = get16(id) - FIRST;
	__u8 key[7] = { p[26], p[27], p[28], p[29], id[0], id[1], p[23] };

	if (memcmp(p + 12, "\x08\0\x45", 3) || get16(p + 20) & 0x3fff || p[22] < 2 ||
	    e->flags & EUROPA_RX_MULTICAST || e->bytes < (p[23] == 6 ? 52 : 42) ||
	    (p[23] != 6 && p[23] != 17 && (p[23] != 1 || p[34] != (e->port ? 0 : 8))))
		return NULL;
	if (!e->port)
		return memcmp(p + 30, inside, 4) && memcmp(p + 30, public, 4) ? bind_host(key) : NULL;
	return i < BINDINGS && time(NULL) - bindings[i].used <= TIMEOUT &&
	       bindings[i].key[6] == p[23] && !memcmp(p + 30, public, 4) ? &bindings[i] : NULL;
}

static void packet(struct europa_queue *q, struct europa_entry *e)
{
	const struct europa_slot *meta = europa_meta(q, e);
	const int todo = meta && meta->flags & EUROPA_SLOT_CSUM;
	__u8 port[2], *p = europa_data(q, e), *id = p + (p[23] == 1 ? 38 : e->port ? 36 : 34);
	struct binding *b = binding_of(e, p, id);

	if (!b) {
		europa_punt(q, e);
		return;
	}
	put16(port, FIRST + (b - bindings));
	if (e->port) {
		rewrite(p, p + 30, b->key, id, b->key + 4, todo);
	} else {
		b->used = time(NULL);
		memcpy(b->mac, p + 6, 6);
		rewrite(p, p + 26, public, id, port, todo);
	}
	memcpy(p, e->port ? b->mac : gateway, 6);
	memcpy(p + 6, example_mac[!e->port], 6);
	europa_send(q, e, !e->port, p[23] == 6 ? 52 : 42);
}

int main(int argc, char **argv)
{
	if (argc != 4 || inet_pton(AF_INET, argv[1], inside) != 1 ||
	    inet_pton(AF_INET, argv[2], public) != 1 || parse_mac(argv[3], gateway)) {
		fprintf(stderr, "usage: europa-nat44 INSIDE PUBLIC MAC\n");
		return 1;
	}
	return example_run(packet, NULL);
}
