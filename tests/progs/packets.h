/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/*
 * Packets for a router with the ports, addresses and routes of differ.bash: good ones, wrong
 * ones, and all that a router answers. Each is made by its seed and number alone. What it
 * was meant to be is said in words, and its number is in it as often as there is room.
 */
#ifndef TESTS_PACKETS_H
#define TESTS_PACKETS_H

#include <arpa/inet.h>
#include <linux/virtio_net.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dice.h"

#define PACKET_PORTS	3
#define PACKET_MAX	65536
#define PACKET_MAGIC	0x44694666	/* "DiFf", before the number */

#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4	5
#endif

struct packet {
	uint32_t id;
	bool v6;
	bool late;		/* for hosts that do not answer */
	unsigned int port;	/* by which it comes */
	unsigned int len;
	unsigned int l3, l4;	/* where these headers are */
	unsigned int ext;	/* v6: where the last "next header" is */
	unsigned int room;	/* payload, bytes */
	uint16_t frag;		/* v4: the field; v6: of a fragment header */
	uint8_t ttl, tos, proto;
	bool bad_l4;		/* checksum */
	unsigned int segment;	/* payload of each segment of a super-packet; 0: is none */
	uint8_t src[16], dst[16];
	struct virtio_net_hdr vnet;
	char kind[128];
	uint8_t b[PACKET_MAX];
};

/* A place in the picture: addresses there are random behind the prefix. */
struct place {
	const char *name, *prefix;
	unsigned int len, weight;
};

static const struct place to4[] = {
	{ "host", "10.1.0.2", 32, 16 }, { "host", "10.2.0.3", 32, 9 },
	{ "host", "10.0.0.4", 32, 3 },
	{ "second net", "10.1.5.2", 32, 2 }, { "gateway", "10.10.0.0", 17, 16 },
	{ "longer", "10.10.128.0", 17, 10 }, { "mtu", "10.20.0.0", 16, 5 },
	{ "mtu lock", "10.21.0.0", 16, 4 }, { "blackhole", "10.30.0.0", 16, 2 },
	{ "unreachable", "10.31.0.0", 16, 2 }, { "prohibit", "10.32.0.0", 16, 2 },
	{ "throw", "10.33.0.0", 16, 2 }, { "onlink", "10.40.0.0", 16, 3 },
	{ "by IPv6", "10.41.0.0", 16, 3 }, { "on the link", "10.42.0.2", 32, 3 },
	{ "object", "10.50.0.0", 16, 4 }, { "local", "10.60.0.0", 24, 2 },
	{ "back", "10.70.0.0", 16, 3 }, { "by tos", "10.80.0.0", 16, 5 },
	{ "by metric", "10.90.0.0", 16, 3 }, { "not by a port", "10.95.0.0", 16, 2 },
	{ "default", "172.20.0.0", 16, 3 },
	{ "us", "10.0.0.1", 32, 3 }, { "us", "10.1.0.1", 32, 2 }, { "us", "10.1.5.1", 32, 1 },
	{ "broadcast", "10.1.0.255", 32, 2 }, { "broadcast", "10.0.0.255", 32, 1 },
	{ "net", "10.1.0.0", 32, 1 }, { "all", "255.255.255.255", 32, 1 },
	{ "multicast", "224.0.0.0", 24, 1 }, { "multicast", "232.0.0.0", 8, 2 },
	{ "loopback", "127.0.0.0", 8, 1 }, { "zero", "0.0.0.0", 32, 1 },
	{ "net zero", "0.0.0.0", 8, 1 }, { "class E", "240.0.0.0", 4, 2 },
	{ "link-local", "169.254.0.0", 16, 1 }, { "anywhere", "0.0.0.0", 0, 1 },
};

/* #: the port by which it comes. */
static const struct place from4[] = {
	{ "", "10.#.0.2", 32, 80 }, { "", "10.#.0.5", 32, 40 },
	{ " from behind", "10.10#.0.0", 16, 30 },
	{ " from elsewhere", "10.100.0.0", 14, 6 }, { " from a host elsewhere", "10.1.0.2", 32, 4 },
	{ " from nowhere", "172.21.0.0", 16, 3 },
	{ " from us", "10.#.0.1", 32, 2 }, { " from us", "10.1.5.1", 32, 2 },
	{ " from broadcast", "10.#.0.255", 32, 1 }, { " from broadcast", "10.2.0.255", 32, 1 },
	{ " from all", "255.255.255.255", 32, 1 }, { " from multicast", "224.0.0.0", 4, 1 },
	{ " from loopback", "127.0.0.0", 8, 1 }, { " from zero", "0.0.0.0", 32, 1 },
	{ " from net zero", "0.0.0.0", 8, 1 }, { " from class E", "240.0.0.0", 4, 1 },
	{ " from local", "10.60.0.0", 24, 1 }, { " from blackhole", "10.30.0.0", 16, 1 },
	{ " from unreachable", "10.31.0.0", 16, 1 }, { " from net", "10.#.0.0", 32, 1 },
	{ " from link-local", "169.254.0.0", 16, 1 }, { " from anywhere", "0.0.0.0", 0, 1 },
};

static const struct place to6[] = {
	{ "host", "fd00:1::2", 128, 16 }, { "host", "fd00:2::3", 128, 9 },
	{ "host", "fd00::4", 128, 3 },
	{ "gateway", "fd10::", 17, 16 }, { "longer", "fd10:8000::", 17, 10 },
	{ "mtu", "fd20::", 16, 5 }, { "mtu lock", "fd21::", 16, 4 },
	{ "blackhole", "fd30::", 16, 2 }, { "unreachable", "fd31::", 16, 2 },
	{ "prohibit", "fd32::", 16, 2 }, { "throw", "fd33::", 16, 2 },
	{ "onlink", "fd40::", 16, 3 }, { "by link-local", "fd41::", 16, 4 },
	{ "on the link", "fd42::2", 128, 3 }, { "object", "fd50::", 16, 4 },
	{ "local", "fd60::", 64, 2 }, { "back", "fd70::", 16, 3 }, { "by source", "fd80::", 16, 4 },
	{ "by metric", "fd90::", 16, 3 }, { "not by a port", "fd95::", 16, 2 },
	{ "default", "2001:db8::", 32, 3 }, { "us", "fd00::1", 128, 3 },
	{ "us", "fd00:1::1", 128, 2 },
	{ "us, link-local", "fe80::1", 128, 2 }, { "anycast", "fd00:1::", 128, 2 },
	{ "anycast", "fd00::", 128, 1 }, { "link-local", "fe80::12", 128, 2 },
	{ "link-local", "fe80::", 10, 1 }, { "multicast", "ff00::", 8, 1 },
	{ "multicast", "ff02::1", 128, 2 }, { "multicast", "ff05::1:3", 128, 1 },
	{ "multicast", "ff0e::101", 128, 2 }, { "multicast", "ff01::1", 128, 1 },
	{ "loopback", "::1", 128, 1 }, { "unspecified", "::", 128, 1 },
	{ "mapped", "::ffff:10.1.0.2", 128, 1 }, { "compatible", "::10.1.0.2", 128, 1 },
	{ "site-local", "fec0::", 10, 1 }, { "6to4", "2002:a01::", 32, 1 },
	{ "NAT64", "64:ff9b::", 96, 1 },
	{ "anywhere", "::", 0, 1 },
};

static const struct place from6[] = {
	{ "", "fd00:#::2", 128, 80 }, { "", "fd00:#::5", 128, 40 },
	{ " from behind", "fda#::", 16, 30 },
	{ " from elsewhere", "fda0::", 14, 6 }, { " from a host elsewhere", "fd00:1::2", 128, 4 },
	{ " from nowhere", "2001:db9::", 32, 3 }, { " from us", "fd00:#::1", 128, 2 },
	{ " from us", "fd00:2::1", 128, 1 }, { " from us, link-local", "fe80::1", 128, 1 },
	{ " from anycast", "fd00:#::", 128, 1 }, { " from link-local", "fe80::12", 128, 3 },
	{ " from link-local", "fe80::", 10, 1 }, { " from multicast", "ff00::", 8, 1 },
	{ " from loopback", "::1", 128, 1 }, { " from unspecified", "::", 128, 2 },
	{ " from mapped", "::ffff:10.1.0.2", 128, 1 }, { " from compatible", "::10.1.0.2", 128, 1 },
	{ " from site-local", "fec0::", 10, 1 }, { " from local", "fd60::", 64, 1 },
	{ " from blackhole", "fd30::", 16, 1 }, { " from unreachable", "fd31::", 16, 1 },
	{ " from anywhere", "::", 0, 1 },
};

/* Of a place by which nobody answers. */
static const struct place silent4[] = {
	{ "silent", "10.1.0.77", 32, 1 }, { "silent", "10.2.0.78", 32, 1 },
	{ "silent gateway", "10.43.0.0", 16, 1 },
};

static const struct place silent6[] = {
	{ "silent", "fd00:1::77", 128, 1 }, { "silent", "fd00:2::78", 128, 1 },
	{ "silent gateway", "fd43::", 16, 1 },
};

static inline void packet_is(struct packet *p, const char *what)
{
	strncat(p->kind, what, sizeof(p->kind) - strlen(p->kind) - 1);
}

static const struct place *some_place(const struct place *list, unsigned int n)
{
	unsigned int i, sum = 0, at;

	for (i = 0; i < n; i++)
		sum += list[i].weight;
	for (at = below(sum), i = 0; at >= list[i].weight; i++)
		at -= list[i].weight;
	return &list[i];
}

static void some_address(struct packet *p, const struct place *list, unsigned int n, uint8_t *into)
{
	const struct place *at = some_place(list, n);
	unsigned int bits = p->v6 ? 128 : 32, i;
	char text[64], *port;

	snprintf(text, sizeof(text), "%s", at->prefix);
	port = strchr(text, '#');
	if (port)
		*port = '0' + p->port;
	if (inet_pton(p->v6 ? AF_INET6 : AF_INET, text, into) != 1)
		abort();
	for (i = at->len; i < bits; i++)
		into[i / 8] ^= one_in(2) << (7 - i % 8);
	packet_is(p, at->name);
}

#define some(p, list, into) some_address(p, list, sizeof(list) / sizeof((list)[0]), into)

/* ---- bytes ------------------------------------------------------------- */

static void put(struct packet *p, const void *data, unsigned int len)
{
	if (p->len + len > sizeof(p->b))
		abort();
	memcpy(p->b + p->len, data, len);
	p->len += len;
}

static void put8(struct packet *p, uint8_t v)
{
	put(p, &v, 1);
}

static void put16(struct packet *p, uint16_t v)
{
	v = htons(v);
	put(p, &v, 2);
}

static void put32(struct packet *p, uint32_t v)
{
	v = htonl(v);
	put(p, &v, 4);
}

static void set16(struct packet *p, unsigned int at, uint16_t v)
{
	p->b[at] = v >> 8;
	p->b[at + 1] = v;
}

static uint32_t add_up(uint32_t sum, const uint8_t *p, unsigned int len)
{
	unsigned int i;

	for (i = 0; i < len; i++)
		sum += i & 1 ? p[i] : p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* ---- what is in it ----------------------------------------------------- */

/* The pseudo-header of both families, folded. */
static uint32_t pseudo(const struct packet *p)
{
	unsigned int size = p->v6 ? 16 : 4;
	uint32_t sum = p->proto + p->len - p->l4;

	return add_up(add_up(sum, p->src, size), p->dst, size);
}

static void checksum(struct packet *p, unsigned int at, bool with_addresses)
{
	uint32_t sum = with_addresses ? pseudo(p) : 0;

	if (p->segment) {
		set16(p, p->l4 + at, sum);
		return;
	}
	sum = ~add_up(sum, p->b + p->l4, p->len - p->l4);
	set16(p, p->l4 + at, sum ^ p->bad_l4);
}

static void put_payload(struct packet *p)
{
	unsigned int i;

	for (i = 0; i < p->room; i++)
		if (i % 512 == 0 && i + 8 <= p->room) {
			put32(p, PACKET_MAGIC);
			put32(p, p->id);
			i += 7;
		} else {
			put8(p, i);
		}
}

static void put_udp(struct packet *p)
{
	put16(p, 1024 + below(60000));
	put16(p, 1 + below(60000));
	put16(p, 8 + p->room);
	put16(p, 0);
	put_payload(p);
	checksum(p, 6, true);
}

static void put_tcp(struct packet *p)
{
	put16(p, 1024 + below(60000));
	put16(p, 1 + below(60000));
	put32(p, dice());
	put32(p, dice());
	/* Mostly data; a SYN, or anything. */
	put16(p, 0x5000 | (one_in(4) ? 0x02 : one_in(4) ? below(256) : 0x10));
	put16(p, 8192);
	put32(p, 0);
	put_payload(p);
	checksum(p, 16, true);
}

static void put_icmp(struct packet *p)
{
	bool ask = !one_in(4);

	put8(p, ask ? (p->v6 ? 128 : 8) : below(p->v6 ? 200 : 20));
	/* Not what asks for groups: the answer comes some time. */
	if (p->v6 && p->b[p->l4] >= 130 && p->b[p->l4] <= 132)
		p->b[p->l4] = 129;
	put8(p, ask ? 0 : below(16));
	put16(p, 0);
	put32(p, ask ? p->id : 1500);
	put_payload(p);
	checksum(p, 2, p->v6);
}

static void put_l4(struct packet *p)
{
	p->l4 = p->len;
	switch (p->proto) {
	case IPPROTO_UDP:
		put_udp(p);
		break;
	case IPPROTO_TCP:
		put_tcp(p);
		break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		put_icmp(p);
		break;
	default:
		put_payload(p);
	}
}

/* ---- headers ----------------------------------------------------------- */

static void finish4(struct packet *p)
{
	unsigned int header = (p->b[p->l3] & 15) * 4;

	set16(p, p->l3 + 10, 0);
	set16(p, p->l3 + 10, ~add_up(0, p->b + p->l3, header));
}

static const struct option4 {
	const char *name;
	unsigned int len;
	uint8_t b[16];
} options4[] = {
	{ ", nop", 4, { 1, 1, 1, 0 } }, { ", end", 4, { 0, 0, 0, 0 } },
	{ ", record route", 12, { 1, 7, 11, 4 } },
	{ ", record route, full", 8, { 1, 7, 7, 8, 9, 9, 9, 9 } },
	{ ", record route, half a place", 8, { 7, 6, 4, 0, 0, 0, 0, 0 } },
	{ ", timestamp, full", 12, { 68, 8, 9, 0, 1, 2, 3, 4 } },
	{ ", timestamp, overflows", 8, { 68, 8, 9, 0xf0, 1, 2, 3, 4 } },
	{ ", loose route", 8, { 1, 131, 7, 4, 10, 2, 0, 2 } },
	{ ", loose route, used", 8, { 1, 131, 7, 8, 10, 2, 0, 2 } },
	{ ", strict route", 8, { 1, 137, 7, 4, 10, 2, 0, 2 } },
	{ ", strict route, not next", 8, { 1, 137, 7, 4, 10, 10, 0, 2 } },
	{ ", alert", 4, { 148, 4, 0, 0 } }, { ", alert, wrong", 4, { 148, 4, 0, 1 } },
	{ ", security", 12, { 130, 11, 0 } }, { ", CIPSO", 8, { 134, 6, 0, 0, 0, 1 } },
	{ ", option unknown", 4, { 31, 4, 7, 7 } }, { ", option of no length", 4, { 7, 0, 0, 0 } },
	{ ", option too long", 4, { 7, 40, 4, 0 } }, { ", option cut off", 4, { 1, 1, 1, 7 } },
	{ ", options of noise", 0, { 0 } },
};

static void put_option4(struct packet *p)
{
	const struct option4 *o = &any_of(options4);
	uint8_t random[40];

	packet_is(p, o->name);
	if (o->len) {
		put(p, o->b, o->len);
		return;
	}
	noise(random, sizeof(random));
	put(p, random, 4 * (1 + below(10)));
}

static void put_header4(struct packet *p, bool options)
{
	p->l3 = p->len;
	put8(p, 0x45);
	put8(p, p->tos);
	put16(p, 0);
	put16(p, p->id);
	put16(p, p->frag);
	put8(p, p->ttl);
	put8(p, p->proto);
	put16(p, 0);
	put(p, p->src, 4);
	put(p, p->dst, 4);
	if (options)
		put_option4(p);
	p->b[p->l3] = 0x40 | (p->len - p->l3) / 4;
}

static void put_header6(struct packet *p)
{
	p->l3 = p->len;
	put32(p, 0x60000000 | p->tos << 20 | (p->id & 0xfffff));
	put16(p, 0);
	p->ext = p->len;
	put8(p, p->proto);
	put8(p, p->ttl);
	put(p, p->src, 16);
	put(p, p->dst, 16);
}

static const struct option6 {
	const char *name;
	uint8_t next;
	unsigned int len;
	uint8_t b[24];
} options6[] = {
	{ ", hops: pad", IPPROTO_HOPOPTS, 8, { 0, 0, 1, 4 } },
	{ ", hops: alert", IPPROTO_HOPOPTS, 8, { 0, 0, 5, 2, 0, 0, 1, 0 } },
	{ ", hops: jumbo", IPPROTO_HOPOPTS, 8, { 0, 0, 0xc2, 4, 0, 1, 0, 0 } },
	{ ", hops: IOAM", IPPROTO_HOPOPTS, 8, { 0, 0, 0x31, 4, 0, 0, 0, 0 } },
	{ ", hops: skip", IPPROTO_HOPOPTS, 8, { 0, 0, 0x1e, 4 } },
	{ ", hops: discard", IPPROTO_HOPOPTS, 8, { 0, 0, 0x5e, 4 } },
	{ ", hops: complain", IPPROTO_HOPOPTS, 8, { 0, 0, 0x9e, 4 } },
	{ ", hops: complain to one", IPPROTO_HOPOPTS, 8, { 0, 0, 0xde, 4 } },
	{ ", hops: too long", IPPROTO_HOPOPTS, 8, { 0, 0, 1, 40 } },
	{ ", hops: too many", IPPROTO_HOPOPTS, 8, { 0, 200, 1, 4 } },
	{ ", destination: pad", IPPROTO_DSTOPTS, 8, { 0, 0, 1, 4 } },
	{ ", destination: complain", IPPROTO_DSTOPTS, 8, { 0, 0, 0x9e, 4 } },
	{ ", destination: home", IPPROTO_DSTOPTS, 24, { 0, 2, 1, 2, 0, 0, 201, 16 } },
	{ ", routing 0", IPPROTO_ROUTING, 24, { 0, 2, 0, 1, 0, 0, 0, 0, 0xfd, 0x10 } },
	{ ", routing 0, used", IPPROTO_ROUTING, 24, { 0, 2, 0, 0, 0, 0, 0, 0, 0xfd, 0x10 } },
	{ ", routing 2", IPPROTO_ROUTING, 24, { 0, 2, 2, 1, 0, 0, 0, 0, 0xfd, 0x10 } },
	{ ", routing 3", IPPROTO_ROUTING, 24, { 0, 2, 3, 1, 0, 0, 0, 0, 0xfd, 0x10 } },
	{ ", routing 4", IPPROTO_ROUTING, 24, { 0, 2, 4, 1, 0, 0, 0, 0, 0xfd, 0x10 } },
	{ ", routing 99", IPPROTO_ROUTING, 8, { 0, 0, 99, 1 } },
	{ ", AH", IPPROTO_AH, 16, { 0, 2, 0, 0, 0, 0, 1, 0 } },
	{ ", fragment, only", IPPROTO_FRAGMENT, 8, { 0, 0, 0, 0, 0, 0, 0, 1 } },
	{ ", fragment, first", IPPROTO_FRAGMENT, 8, { 0, 0, 0, 1, 0, 0, 0, 1 } },
	{ ", fragment, middle", IPPROTO_FRAGMENT, 8, { 0, 0, 1, 1, 0, 0, 0, 1 } },
	{ ", fragment, last", IPPROTO_FRAGMENT, 8, { 0, 0, 1, 0, 0, 0, 0, 1 } },
	{ ", mobility", IPPROTO_MH, 8, { 59, 0, 0, 0 } },
	{ ", header unknown", 253, 8, { 0 } },
};

static void put_option6(struct packet *p)
{
	const struct option6 *o = &any_of(options6);
	uint8_t next = p->b[p->ext];

	packet_is(p, o->name);
	p->b[p->ext] = o->next;
	p->ext = p->len;
	put(p, o->b, o->len);
	p->b[p->ext] = next;
	if (o->next == IPPROTO_FRAGMENT)
		memcpy(p->b + p->ext + 4, &p->id, sizeof(p->id));
}

static void put_ethernet(struct packet *p)
{
	uint8_t mac[6] = { 2, 0, 0, 0, 15, p->port };
	unsigned int i;

	if (p->v6 && p->dst[0] == 0xff) {
		mac[0] = mac[1] = 0x33;
		memcpy(mac + 2, p->dst + 12, 4);
	} else if (!p->v6 && p->dst[0] >> 4 == 14) {
		memcpy(mac, (uint8_t []){ 1, 0, 0x5e, p->dst[1] & 127, p->dst[2], p->dst[3] }, 6);
	} else if (!p->v6 && (p->dst[0] == 255 || (p->dst[0] == 10 && p->dst[3] == 255))) {
		for (i = 0; i < 6; i++)
			mac[i] = 255;
	}
	put(p, mac, 6);
	put(p, (uint8_t []){ 2, 0, 0, 0, 10 + p->port, 2 }, 6);
	put16(p, p->v6 ? 0x86dd : 0x0800);
}

/* ---- what is wrong with it --------------------------------------------- */

static void early_ttl(struct packet *p)
{
	static const uint8_t values[] = { 0, 1, 1, 2, 255 };
	char text[16];

	p->ttl = any_of(values);
	snprintf(text, sizeof(text), " %u", p->ttl);
	packet_is(p, text);
}

static void early_fragment(struct packet *p)
{
	static const uint16_t values[] = {
		0x2000, 0x2001, 0x2100, 0x0100, 0x1fff, 0x3fff, 0x8000, 0xe000, 0x6000,
	};

	p->frag = any_of(values);
}

/* Around every limit there is in the picture. */
static void early_size(struct packet *p)
{
	static const uint16_t limits[] = { 576, 1200, 1280, 1300, 1400, 1500, 4000, 9000 };
	unsigned int headers = p->v6 ? 48 : 28, size = any_of(limits) + below(5) - 2;

	if (p->port && size > 1500)
		size = 1500;
	p->room = size > 9000 ? 9000 - headers : size - headers;
	p->proto = IPPROTO_UDP;
	p->frag = one_in(2) ? 0x4000 : 0;
}

static void early_proto(struct packet *p)
{
	p->proto = below(256);
	if (p->proto == IPPROTO_IGMP || p->proto == IPPROTO_HOPOPTS)
		p->proto = 250;
}

static void early_same(struct packet *p)
{
	memcpy(p->src, p->dst, sizeof(p->src));
}

static void early_l4(struct packet *p)
{
	p->bad_l4 = true;
}

static void early_gso(struct packet *p)
{
	static const uint16_t sizes[] = { 500, 1140, 1220, 1340, 1440, 1460 };

	p->segment = any_of(sizes) + below(3);
	p->room = p->segment * (2 + below(20)) + below(p->segment);
	p->proto = one_in(4) ? IPPROTO_UDP : IPPROTO_TCP;
	p->frag = one_in(4) ? 0 : 0x4000;
}

/* Not super, but its checksum is left to the device. */
static void early_partial(struct packet *p)
{
	p->segment = 1;
	p->room = 100 + below(1200);
	p->proto = one_in(2) ? IPPROTO_UDP : IPPROTO_TCP;
}

static void set_segments(struct packet *p)
{
	bool tcp = p->proto == IPPROTO_TCP;

	p->vnet.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	p->vnet.csum_start = p->l4;
	p->vnet.csum_offset = tcp ? 16 : 6;
	p->vnet.hdr_len = p->l4 + (tcp ? 20 : 8);
	if (p->segment == 1)
		return;
	p->vnet.gso_size = p->segment;
	p->vnet.gso_type = !tcp ? VIRTIO_NET_HDR_GSO_UDP_L4 :
			   p->v6 ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4;
	if (tcp) {
		p->b[p->l4 + 13] = 0x10 | (one_in(4) ? 0x80 : 0);
		if (p->b[p->l4 + 13] & 0x80)
			p->vnet.gso_type |= VIRTIO_NET_HDR_GSO_ECN;
	}
}

static void late_sum(struct packet *p)
{
	static const uint8_t bits[] = { 1, 128, 255 };

	p->b[p->l3 + 10 + below(2)] ^= any_of(bits);
}

static void late_version(struct packet *p)
{
	p->b[p->l3] = below(16) << 4 | (p->b[p->l3] & 15);
	if (!p->v6)
		finish4(p);
}

static void late_header(struct packet *p)
{
	p->b[p->l3] = 0x40 | below(16);
	if ((p->b[p->l3] & 15) * 4 + p->l3 <= p->len)
		finish4(p);
}

/* Wrong by a little, or by anything. */
static void late_length(struct packet *p)
{
	unsigned int at = p->l3 + (p->v6 ? 4 : 2), v = p->b[at] << 8 | p->b[at + 1];

	v = one_in(3) ? below(65536) : one_in(3) ? below(64) : v + below(9) - 4;
	set16(p, at, v);
	if (!p->v6)
		finish4(p);
}

static void late_cut(struct packet *p)
{
	unsigned int least = 14;

	p->len = least + below(one_in(2) ? p->len - least : 60);
}

static void late_padding(struct packet *p)
{
	unsigned int more = 1 + below(60);

	while (more-- && p->len < 1514)
		put8(p, 0xee);
}

static void late_mac(struct packet *p)
{
	switch (below(6)) {
	case 0:
		packet_is(p, " broadcast");
		memset(p->b, 255, 6);
		break;
	case 1:
		packet_is(p, " multicast");
		memcpy(p->b, (uint8_t []){ 1, 0, 0x5e, 0, 0, 1 }, 6);
		break;
	case 2:
		packet_is(p, " multicast of IPv6");
		memcpy(p->b, (uint8_t []){ 0x33, 0x33, 0, 0, 0, 1 }, 6);
		break;
	case 3:
		packet_is(p, " foreign");
		p->b[5] ^= 0x40;
		break;
	case 4:
		packet_is(p, " of its source is the port's");
		memcpy(p->b + 6, p->b, 6);
		break;
	default:
		packet_is(p, " of its source is a group's");
		p->b[6] |= 1;
	}
}

static void late_type(struct packet *p)
{
	static const uint16_t types[] = {
		0x0800, 0x86dd, 0x0806, 0x0064, 0x05ff, 0x0600, 0x88cc, 0x8847, 0x8864, 0x0000,
		0xffff, 0x0801, 0x86dc,
	};

	set16(p, 12, any_of(types));
}

static void late_tag(struct packet *p)
{
	static const uint16_t types[] = { 0x8100, 0x8100, 0x8100, 0x88a8, 0x9100 };
	static const uint16_t tags[] = { 0, 0, 5, 0xe000, 0x1000, 4095 };
	uint8_t tag[4];
	uint16_t type = any_of(types), tci = any_of(tags);
	char text[32];

	snprintf(text, sizeof(text), " %04x %04x", type, tci);
	packet_is(p, text);
	memcpy(tag, (uint8_t []){ type >> 8, type, tci >> 8, tci }, 4);
	if (p->len + 4 > 1514)
		p->len = 1500;
	memmove(p->b + 16, p->b + 12, p->len - 12);
	memcpy(p->b + 12, tag, 4);
	p->len += 4;
}

/* ARP instead, from who it was to be from, for where it was to go, or for us. */
static void late_arp(struct packet *p)
{
	static const uint8_t ask[] = { 0, 1, 8, 0, 6, 4, 0, 1 };

	set16(p, 12, 0x0806);
	p->len = 14;
	memset(p->b, 255, one_in(4) ? 0 : 6);
	put(p, ask, sizeof(ask));
	p->b[21] = one_in(4) ? 2 : 1;
	put(p, p->b + 6, 6);
	put(p, p->src, 4);
	put(p, (uint8_t [6]){ 0 }, 6);
	put(p, p->dst, 4);
}

/* Neighbour discovery of any kind, with the port of who sent it. */
static void early_discovery(struct packet *p)
{
	p->proto = IPPROTO_ICMPV6;
	p->room = 24;
	p->ttl = one_in(4) ? 64 : 255;
}

static void late_discovery(struct packet *p)
{
	static const uint8_t types[] = { 135, 135, 135, 136, 137, 133, 134 };

	/* It may have been cut before. */
	if (p->len < p->l4 + 32)
		return;
	p->b[p->l4] = any_of(types);
	p->b[p->l4 + 1] = 0;
	memset(p->b + p->l4 + 2, 0, 6);
	memcpy(p->b + p->l4 + 8, p->dst, 16);
	memcpy(p->b + p->l4 + 24, (uint8_t []){ 1, 1 }, 2);
	memcpy(p->b + p->l4 + 26, p->b + 6, 6);
	checksum(p, 2, true);
}

enum { V4 = 1, V6 = 2, BOTH = 3, HEADER = 4 /* says more itself */ };

static const struct twist {
	const char *name;
	int what;
	unsigned int weight;
	void (*early)(struct packet *p);
	void (*late)(struct packet *p);
} twists[] = {
	{ "", BOTH, 90, NULL, NULL },
	{ ", TTL", BOTH, 8, early_ttl, NULL },
	{ ", size", BOTH, 14, early_size, NULL },
	{ ", GSO", BOTH, 8, early_gso, NULL },
	{ ", partial", BOTH, 4, early_partial, NULL },
	{ ", fragment", V4, 8, early_fragment, NULL },
	{ "", V4 | HEADER, 14, NULL, NULL },
	{ "", V6 | HEADER, 22, NULL, NULL },
	{ ", protocol", BOTH, 4, early_proto, NULL },
	{ ", to itself", BOTH, 1, early_same, NULL },
	{ ", sum of L4", BOTH, 2, early_l4, NULL },
	{ ", sum", V4, 4, NULL, late_sum },
	{ ", version", BOTH, 3, NULL, late_version },
	{ ", header length", V4, 4, NULL, late_header },
	{ ", length", BOTH, 6, NULL, late_length },
	{ ", cut", BOTH, 6, NULL, late_cut },
	{ ", padding", BOTH, 6, NULL, late_padding },
	{ ", MAC", BOTH, 5, NULL, late_mac },
	{ ", type", BOTH, 3, NULL, late_type },
	{ ", tag", BOTH, 4, NULL, late_tag },
	{ ", ARP", V4, 2, NULL, late_arp },
	{ ", discovery", V6, 4, early_discovery, late_discovery },
};

static const struct twist *some_twist(const struct packet *p)
{
	const struct twist *t;
	unsigned int sum = 0, i, family = p->v6 ? V6 : V4;

	if (p->late)
		return &twists[0];
	for (i = 0; i < sizeof(twists) / sizeof(twists[0]); i++)
		sum += twists[i].what & family ? twists[i].weight : 0;
	sum = below(sum);
	for (t = twists;; t++) {
		if (!(t->what & family))
			continue;
		if (sum < t->weight)
			return t;
		sum -= t->weight;
	}
}

/* ---- all of it --------------------------------------------------------- */

static void choose(struct packet *p)
{
	static const uint8_t protos[] = {
		IPPROTO_UDP, IPPROTO_UDP, IPPROTO_TCP, IPPROTO_TCP, IPPROTO_ICMP, IPPROTO_SCTP,
	};
	static const uint8_t services[] = { 0, 0, 0x10, 0x08, 0x04, 0x1c, 0xb8, 0x11, 3 };

	p->port = below(8) < 5 ? 0 : 1 + below(2);
	p->v6 = one_in(2);
	packet_is(p, p->v6 ? "IPv6 to " : "IPv4 to ");
	if (p->late)
		p->v6 ? some(p, silent6, p->dst) : some(p, silent4, p->dst);
	else
		p->v6 ? some(p, to6, p->dst) : some(p, to4, p->dst);
	p->v6 ? some(p, from6, p->src) : some(p, from4, p->src);
	p->ttl = 64;
	p->tos = any_of(services);
	p->proto = any_of(protos);
	if (p->v6 && p->proto == IPPROTO_ICMP)
		p->proto = IPPROTO_ICMPV6;
	p->room = one_in(3) ? below(1300) : below(64);
	p->frag = one_in(3) ? 0 : 0x4000;
}

static void build(struct packet *p, bool options)
{
	unsigned int more = p->v6 && options ? 1 + below(3) : 0;

	put_ethernet(p);
	if (p->v6)
		put_header6(p);
	else
		put_header4(p, options);
	while (more--)
		put_option6(p);
	put_l4(p);
	if (p->v6) {
		set16(p, p->l3 + 4, p->len - p->l3 - 40);
	} else {
		set16(p, p->l3 + 2, p->len - p->l3);
		finish4(p);
	}
	if (p->segment)
		set_segments(p);
}

static void packet_make(struct packet *p, uint64_t seed, uint32_t id, bool late)
{
	const struct twist *twist[2];
	unsigned int i;

	memset(p, 0, offsetof(struct packet, b));
	p->id = id;
	p->late = late;
	dice_seed((seed + 1) * 0x9e3779b97f4a7c15ULL ^ (id + 1) * 0xbf58476d1ce4e5b9ULL);
	dice();
	dice();
	choose(p);
	twist[0] = some_twist(p);
	twist[1] = one_in(5) ? some_twist(p) : &twists[0];
	for (i = 0; i < 2; i++) {
		packet_is(p, twist[i]->name);
		if (twist[i]->early)
			twist[i]->early(p);
	}
	build(p, (twist[0]->what | twist[1]->what) & HEADER);
	for (i = 0; i < 2; i++)
		if (twist[i]->late)
			twist[i]->late(p);
}

#endif
