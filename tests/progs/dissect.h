/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/*
 * What a packet in a slot says about itself: of what kinds it is, and where the lengths,
 * protocols and offsets stand that whoever reads it goes by.
 */
#ifndef TESTS_DISSECT_H
#define TESTS_DISSECT_H

#include <libeuropa.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#define FIELDS		96	/* of a packet that are looked at, at most */
#define DEPTH		3	/* of tunnels in tunnels */
#define CHUNKS		4	/* of SCTP, at most */
#define VXLAN_PORT	4789
#define TYPE_IPV4	0x0800
#define TYPE_IPV6	0x86dd
#define TYPE_TAG	0x8100
#define TYPE_STAG	0x88a8
#define TYPE_ETHERNET	0x6558

/* Super-packets, from TCP4 to OTHER, by their metadata. ALL, BENIGN, MADE are storm's. */
enum kind {
	ALL, BENIGN, MADE, TCP4, TCP6, UDP, FRAGLIST, OTHER, VLAN, SCTP, GRE, VXLAN, KINDS
};

/* Those bits of mask, in the big-endian word of `size` bytes at `at`. */
struct field {
	unsigned int at, size, mask;
	enum { NUMBER, PROTOCOL, ETHERTYPE } what;
};

struct packet {
	struct europa_entry e;		/* as it goes back */
	struct europa_slot *slot;
	uint8_t *data;
	unsigned int bytes;		/* that are in the slot */
	unsigned int changed;		/* leading ones that were */
	unsigned int kinds;		/* bits: 1 << enum kind */
	unsigned int ip4, ip6;		/* where the outer header is, 0: none */
	unsigned int nr_fields;
	struct field fields[FIELDS];
};

/* 0 behind the end. */
static inline unsigned int byte_at(const struct packet *p, unsigned int at)
{
	return at < p->bytes ? p->data[at] : 0;
}

static inline unsigned int word_at(const struct packet *p, unsigned int at)
{
	return byte_at(p, at) << 8 | byte_at(p, at + 1);
}

static inline void put_byte(struct packet *p, unsigned int at, unsigned int value)
{
	if (at >= p->bytes)
		return;
	p->data[at] = value;
	if (p->changed <= at)
		p->changed = at + 1;
}

static inline void put_word(struct packet *p, unsigned int at, unsigned int value)
{
	put_byte(p, at, value >> 8);
	put_byte(p, at + 1, value);
}

static inline void tell(struct packet *p, unsigned int at, unsigned int size, unsigned int mask, int what)
{
	if (p->nr_fields < FIELDS && at + size <= p->bytes)
		p->fields[p->nr_fields++] = (struct field){ at, size, mask, what };
}

static inline void number(struct packet *p, unsigned int at, unsigned int size)
{
	tell(p, at, size, size == 1 ? 0xff : 0xffff, NUMBER);
}

static inline void walk_ethernet(struct packet *p, unsigned int at, unsigned int depth);
static inline void walk_network(struct packet *p, unsigned int type, unsigned int at, unsigned int depth);

static inline void walk_tcp(struct packet *p, unsigned int at)
{
	tell(p, at + 12, 1, 0xf0, NUMBER);	/* data offset */
	number(p, at + 13, 1);			/* flags */
	number(p, at + 16, 2);			/* checksum */
	number(p, at + 20, 1);			/* the first option and its length */
	number(p, at + 21, 1);
}

static inline void walk_udp(struct packet *p, unsigned int at, unsigned int depth)
{
	number(p, at + 4, 2);			/* length */
	number(p, at + 6, 2);			/* checksum */
	if (word_at(p, at + 2) != VXLAN_PORT)
		return;
	p->kinds |= 1 << VXLAN;
	number(p, at + 8, 1);			/* flags */
	number(p, at + 12, 2);			/* network */
	walk_ethernet(p, at + 16, depth + 1);
}

static inline void walk_gre(struct packet *p, unsigned int at, unsigned int depth)
{
	unsigned int flags = word_at(p, at), len = 4, bit;

	p->kinds |= 1 << GRE;
	tell(p, at, 1, 0xff, NUMBER);		/* checksum, key, sequence number */
	tell(p, at + 1, 1, 0x07, NUMBER);	/* version */
	tell(p, at + 2, 2, 0xffff, ETHERTYPE);
	for (bit = 0x8000; bit >= 0x1000; bit >>= 1)
		len += flags & bit ? 4 : 0;
	walk_network(p, word_at(p, at + 2), at + len, depth + 1);
}

static inline void walk_sctp(struct packet *p, unsigned int at)
{
	unsigned int i, len;

	p->kinds |= 1 << SCTP;
	number(p, at + 8, 2);			/* checksum */
	at += 12;
	for (i = 0; i < CHUNKS && at < p->bytes; i++) {
		number(p, at, 1);		/* kind */
		number(p, at + 1, 1);		/* flags */
		number(p, at + 2, 2);		/* length */
		len = word_at(p, at + 2);
		at += len ? (len + 3) & ~3u : 4;
	}
}

static inline void walk_transport(struct packet *p, unsigned int proto, unsigned int at, unsigned int depth)
{
	switch (proto) {
	case IPPROTO_TCP: walk_tcp(p, at); break;
	case IPPROTO_UDP: walk_udp(p, at, depth); break;
	case IPPROTO_GRE: walk_gre(p, at, depth); break;
	case IPPROTO_SCTP: walk_sctp(p, at); break;
	case IPPROTO_IPIP: walk_network(p, TYPE_IPV4, at, depth + 1); break;
	case IPPROTO_IPV6: walk_network(p, TYPE_IPV6, at, depth + 1); break;
	}
}

static inline void walk_ipv4(struct packet *p, unsigned int at, unsigned int depth)
{
	if (!depth)
		p->ip4 = at;
	tell(p, at, 1, 0xf0, NUMBER);		/* version */
	tell(p, at, 1, 0x0f, NUMBER);		/* header length */
	number(p, at + 2, 2);			/* total length */
	tell(p, at + 6, 1, 0xe0, NUMBER);	/* flags */
	tell(p, at + 6, 2, 0x1fff, NUMBER);	/* fragment offset */
	tell(p, at + 9, 1, 0xff, PROTOCOL);
	number(p, at + 10, 2);			/* checksum */
	walk_transport(p, byte_at(p, at + 9), at + (byte_at(p, at) & 0xf) * 4, depth);
}

static inline bool is_extension(unsigned int proto)
{
	return proto == IPPROTO_HOPOPTS || proto == IPPROTO_ROUTING || proto == IPPROTO_DSTOPTS ||
	       proto == IPPROTO_FRAGMENT;
}

static inline void walk_ipv6(struct packet *p, unsigned int at, unsigned int depth)
{
	unsigned int proto = byte_at(p, at + 6), behind = at + 40;

	if (!depth)
		p->ip6 = at;
	tell(p, at, 1, 0xf0, NUMBER);		/* version */
	number(p, at + 4, 2);			/* payload length */
	tell(p, at + 6, 1, 0xff, PROTOCOL);
	while (is_extension(proto) && behind < p->bytes) {
		tell(p, behind, 1, 0xff, PROTOCOL);
		number(p, behind + 1, 1);	/* length */
		proto = byte_at(p, behind);
		behind += (byte_at(p, behind + 1) + 1) * 8;
	}
	walk_transport(p, proto, behind, depth);
}

static inline void walk_network(struct packet *p, unsigned int type, unsigned int at, unsigned int depth)
{
	if (depth > DEPTH || at >= p->bytes)
		return;
	if (type == TYPE_IPV4)
		walk_ipv4(p, at, depth);
	else if (type == TYPE_IPV6)
		walk_ipv6(p, at, depth);
	else if (type == TYPE_ETHERNET)
		walk_ethernet(p, at, depth);
}

static inline void walk_ethernet(struct packet *p, unsigned int at, unsigned int depth)
{
	unsigned int type = word_at(p, at + 12);

	tell(p, at + 12, 2, 0xffff, ETHERTYPE);
	while ((type == TYPE_TAG || type == TYPE_STAG) && at + 18 <= p->bytes) {
		p->kinds |= 1 << VLAN;
		at += 4;
		number(p, at + 10, 2);
		tell(p, at + 12, 2, 0xffff, ETHERTYPE);
		type = word_at(p, at + 12);
	}
	walk_network(p, type, at + 14, depth);
}

static inline unsigned int kinds_of_metadata(const struct europa_slot *s)
{
	unsigned int found = 0;

	if (s->flags & EUROPA_SLOT_VLAN)
		found |= 1 << VLAN;
	if (!(s->flags & EUROPA_SLOT_GSO))
		return found;
	if (s->gso_type & EUROPA_GSO_TCPV4)
		found |= 1 << TCP4;
	if (s->gso_type & EUROPA_GSO_TCPV6)
		found |= 1 << TCP6;
	if (s->gso_type & EUROPA_GSO_UDP)
		found |= 1 << UDP;
	if (s->gso_type & EUROPA_GSO_FRAGLIST)
		found |= 1 << FRAGLIST;
	if (s->gso_type & EUROPA_GSO_OTHER)
		found |= 1 << OTHER;
	return found;
}

#endif
