// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * A router in the old way, for comparison: packet sockets, one recvfrom() and
 * one sendto() per packet, a static table. It does what europa-router does to a
 * plain packet and drops the others.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "frame.h"

#define PORTS	2
#define ROUTES	16
#define BURST	64
#define BUFFER	2048

struct port {
	uint8_t mac[ETH_ALEN];
	struct sockaddr_ll to;
	int fd;
};

struct route {
	uint32_t prefix, mask;	/* host order */
	uint8_t mac[ETH_ALEN];
	struct port *port;
};

static struct port ports[PORTS];
static struct route routes[ROUTES];	/* longest prefix first */
static unsigned int route_count;

static int fail(const char *what)
{
	fprintf(stderr, "af_packet: %s: %s.\n", what,
		errno ? strerror(errno) : "wrong");
	return 1;
}

/* DEVICE=MAC */
static int add_port(struct port *p, char *text)
{
	char *mac = strchr(text, '=');
	int bytes = 1 << 24, yes = 1;

	if (!mac || !frame_mac(mac + 1, p->mac))
		return fail(text);
	*mac = 0;
	p->to.sll_family = AF_PACKET;
	p->to.sll_protocol = htons(ETH_P_IP);
	p->to.sll_ifindex = if_nametoindex(text);
	p->fd = socket(AF_PACKET, SOCK_RAW, 0);
	if (p->fd < 0 || !p->to.sll_ifindex ||
	    setsockopt(p->fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) ||
	    setsockopt(p->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &yes, sizeof(yes)) ||
	    bind(p->fd, (struct sockaddr *)&p->to, sizeof(p->to)))
		return fail(text);
	return 0;
}

/* PREFIX/LENGTH=PORT,MAC */
static int add_route(struct route *r, const char *text)
{
	char prefix[INET_ADDRSTRLEN], mac[18];
	unsigned int length, port;
	struct in_addr a;

	if (sscanf(text, "%15[0-9.]/%2u=%u,%17s", prefix, &length, &port,
		   mac) != 4 || inet_pton(AF_INET, prefix, &a) != 1 ||
	    length > 32 || port >= PORTS || !frame_mac(mac, r->mac))
		return fail(text);
	r->mask = length ? ~0u << (32 - length) : 0;
	r->prefix = ntohl(a.s_addr) & r->mask;
	r->port = &ports[port];
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

static bool plain(const struct port *in, const struct frame *f, size_t bytes)
{
	size_t length = bytes >= sizeof(*f) ? ntohs(f->ip.tot_len) : 0;

	return length >= sizeof(f->ip) && length + ETH_HLEN <= bytes &&
	       !memcmp(f->eth.ether_dhost, in->mac, ETH_ALEN) &&
	       f->ip.version == 4 && f->ip.ihl == 5 && f->ip.ttl > 1 &&
	       frame_sum(&f->ip, sizeof(f->ip), 0) == 0xffff;
}

static void forward(const struct port *in, struct frame *f, size_t bytes)
{
	const struct route *r = plain(in, f, bytes) ?
				lookup(ntohl(f->ip.daddr)) : NULL;

	if (!r || r->port == in)
		return;
	memcpy(f->eth.ether_shost, r->port->mac, ETH_ALEN);
	memcpy(f->eth.ether_dhost, r->mac, ETH_ALEN);
	hop(f);
	sendto(r->port->fd, f, ntohs(f->ip.tot_len) + ETH_HLEN, 0,
	       (const struct sockaddr *)&r->port->to, sizeof(r->port->to));
}

static void burst(const struct port *in)
{
	uint8_t buffer[BUFFER] __attribute__((aligned(8)));
	unsigned int i;
	ssize_t n;

	for (i = 0; i < BURST; i++) {
		n = recvfrom(in->fd, buffer, sizeof(buffer), MSG_DONTWAIT,
			     NULL, NULL);
		if (n < 0)
			return;
		forward(in, (struct frame *)buffer, n);
	}
}

static int run(void)
{
	struct pollfd p[PORTS];
	unsigned int i;

	for (i = 0; i < PORTS; i++)
		p[i] = (struct pollfd){ .fd = ports[i].fd, .events = POLLIN };
	while (poll(p, PORTS, -1) >= 0)
		for (i = 0; i < PORTS; i++)
			if (p[i].revents)
				burst(&ports[i]);
	return fail("poll");
}

int main(int argc, char **argv)
{
	int i;

	if (argc < 4 || argc - 3 > ROUTES) {
		fputs("Usage: af_packet DEVICE=MAC DEVICE=MAC PREFIX/LENGTH=PORT,MAC...\n",
		      stderr);
		return 2;
	}
	for (i = 0; i < PORTS; i++)
		if (add_port(&ports[i], argv[i + 1]))
			return 1;
	for (i = 3; i < argc; i++)
		if (add_route(&routes[route_count++], argv[i]))
			return 1;
	return run();
}
