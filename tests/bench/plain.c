// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>

#include "frame.h"
#include "plain.h"

#define ROUTES	16

struct route {
	uint32_t prefix, mask;	/* host order */
	uint8_t mac[ETH_ALEN];
	unsigned int port;
};

struct plain_port plain_ports[PLAIN_PORTS];
static struct route routes[ROUTES];	/* longest prefix first */
static unsigned int route_count;

int plain_fail(const char *what)
{
	fprintf(stderr, "%s: %s: %s.\n", program_invocation_short_name, what,
		errno ? strerror(errno) : "wrong");
	return -1;
}

/* DEVICE=MAC */
static int add_port(struct plain_port *p, const char *text)
{
	const char *mac = strchr(text, '=');

	if (!mac || mac - text >= IFNAMSIZ || !frame_mac(mac + 1, p->mac))
		return plain_fail(text);
	memcpy(p->device, text, mac - text);
	return 0;
}

/* PREFIX/LENGTH=PORT,MAC */
static int add_route(struct route *r, const char *text)
{
	char prefix[INET_ADDRSTRLEN], mac[18];
	unsigned int length;
	struct in_addr a;

	if (sscanf(text, "%15[0-9.]/%2u=%u,%17s", prefix, &length, &r->port,
		   mac) != 4 || inet_pton(AF_INET, prefix, &a) != 1 ||
	    length > 32 || r->port >= PLAIN_PORTS || !frame_mac(mac, r->mac))
		return plain_fail(text);
	r->mask = length ? ~0u << (32 - length) : 0;
	r->prefix = ntohl(a.s_addr) & r->mask;
	return 0;
}

int plain_parse(int argc, char **argv)
{
	int i;

	if (argc < 4 || argc - 3 > ROUTES) {
		fprintf(stderr, "Usage: %s DEVICE=MAC DEVICE=MAC PREFIX/LENGTH=PORT,MAC...\n",
			program_invocation_short_name);
		return 2;
	}
	errno = 0;
	for (i = 0; i < PLAIN_PORTS; i++)
		if (add_port(&plain_ports[i], argv[i + 1]))
			return 1;
	for (i = 3; i < argc; i++)
		if (add_route(&routes[route_count++], argv[i]))
			return 1;
	return 0;
}

static const struct route *lookup(uint32_t address)
{
	unsigned int i;

	for (i = 0; i < route_count; i++)
		if ((address & routes[i].mask) == routes[i].prefix)
			return &routes[i];
	return NULL;
}

/* RFC 1624: the TTL is the upper byte of its word. */
static void hop(struct frame *f)
{
	uint32_t sum = f->ip.check + (uint32_t)htons(0x0100);

	f->ip.check = sum + (sum >= 0xffff);
	f->ip.ttl--;
}

static bool plain(const struct plain_port *in, const struct frame *f, size_t bytes)
{
	size_t length = bytes >= sizeof(*f) ? ntohs(f->ip.tot_len) : 0;

	return length >= sizeof(f->ip) && length + ETH_HLEN <= bytes &&
	       f->eth.ether_type == htons(ETHERTYPE_IP) &&
	       !memcmp(f->eth.ether_dhost, in->mac, ETH_ALEN) &&
	       f->ip.version == 4 && f->ip.ihl == 5 && f->ip.ttl > 1 &&
	       frame_sum(&f->ip, sizeof(f->ip), 0) == 0xffff;
}

int plain_route(unsigned int in, void *frame, size_t bytes, size_t *length)
{
	struct frame *f = frame;
	const struct route *r = plain(&plain_ports[in], f, bytes) ?
				lookup(ntohl(f->ip.daddr)) : NULL;

	if (!r || r->port == in)
		return -1;
	memcpy(f->eth.ether_shost, plain_ports[r->port].mac, ETH_ALEN);
	memcpy(f->eth.ether_dhost, r->mac, ETH_ALEN);
	hop(f);
	*length = ntohs(f->ip.tot_len) + ETH_HLEN;
	return r->port;
}

int plain_serve(int (*open_port)(unsigned int i), bool (*burst)(unsigned int in, bool ready))
{
	struct pollfd p[PLAIN_PORTS];
	unsigned int i;

	for (i = 0; i < PLAIN_PORTS; i++) {
		p[i] = (struct pollfd){ .fd = open_port(i), .events = POLLIN };
		if (p[i].fd < 0)
			return 1;
	}
	while (poll(p, PLAIN_PORTS, -1) >= 0)
		for (i = 0; i < PLAIN_PORTS; i++)
			while (burst(i, p[i].revents))
				;
	plain_fail("poll");
	return 1;
}
