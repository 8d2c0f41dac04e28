// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <linux/if_ether.h>
#include <netinet/in.h>

#include "bytes.h"
#include "dissect.h"

#define AGAIN_MAX	15	/* as MAX_FLOW_DISSECT_HDRS */

#define GRE_SUM		0x8000	/* flags of GRE: it has a checksum, ... */
#define GRE_ROUTING	0x4000
#define GRE_KEY		0x2000
#define GRE_SEQUENCE	0x1000
#define GRE_VERSION	0x0007

/* What comes next at `at`. */
enum step { STEP_TYPE, STEP_PROTOCOL, STEP_END };

struct walk {
	const uint8_t *frame;
	uint32_t bytes, length;
	uint32_t at;		/* how far it has come */
	uint16_t type;		/* EtherType, of what is there or contains it */
	bool outer;
	bool fragment;		/* of IPv6: no ports */
	bool unknown;
	struct dissect_keys *keys;
};

/* NULL: the packet has no such bytes, or only the kernel does. */
static const uint8_t *header(struct walk *w, uint32_t offset, uint32_t size)
{
	uint32_t end = w->at + offset + size;

	if (end > w->length)
		return NULL;
	if (end > w->bytes) {
		w->unknown = true;
		return NULL;
	}
	return w->frame + w->at + offset;
}

static uint16_t get16(const uint8_t *p)
{
	return be16toh(load16(p));
}

/* ---- by EtherType ------------------------------------------------------ */

static enum step ipv4(struct walk *w)
{
	const uint8_t *p = header(w, 0, 20);
	struct dissect_keys *k = w->keys;

	if (!p || (p[0] & 15) < 5)
		return STEP_END;
	w->at += (p[0] & 15) * 4;
	k->protocol = p[9];
	k->src[0] = load32(p + 12);
	k->dst[0] = load32(p + 16);
	k->src[1] = k->dst[1] = 0;
	k->six = false;
	/* A fragment, the first, too, is not looked into, and has no ports. */
	return get16(p + 6) & 0x3fff ? STEP_END : STEP_PROTOCOL;
}

static enum step ipv6(struct walk *w)
{
	const uint8_t *p = header(w, 0, 40);
	struct dissect_keys *k = w->keys;
	uint32_t label;

	if (!p)
		return STEP_END;
	w->at += 40;
	k->protocol = p[6];
	memcpy(k->src, p + 8, 16);
	memcpy(k->dst, p + 24, 16);
	k->six = true;
	label = load32(p) & htobe32(0xfffff);
	if (label)
		k->label = label;
	return STEP_PROTOCOL;
}

static enum step vlan(struct walk *w)
{
	const uint8_t *p = header(w, 0, 4);

	if (!p)
		return STEP_END;
	w->at += 4;
	w->type = get16(p + 2);
	return STEP_TYPE;
}

/*
 * What is behind PPPoE, batman-adv, HSR and in TIPC decides in the kernel; with all
 * others, MPLS, too, it ends.
 */
static enum step by_type(struct walk *w)
{
	switch (w->type) {
	case ETH_P_IP:
		return ipv4(w);
	case ETH_P_IPV6:
		return ipv6(w);
	case ETH_P_8021Q:
	case ETH_P_8021AD:
		return vlan(w);
	case ETH_P_PPP_SES:
	case ETH_P_BATMAN:
	case ETH_P_PRP:
	case ETH_P_HSR:
	case ETH_P_TIPC:
		w->unknown = true;
		return STEP_END;
	default:
		return STEP_END;
	}
}

/* ---- by IP protocol ---------------------------------------------------- */

static enum step tunnel(struct walk *w, uint16_t type, uint32_t size)
{
	w->at += size;
	w->type = type;
	w->keys->tunnel = true;
	return w->outer ? STEP_END : STEP_TYPE;
}

/* Version 1 is PPTP. */
static enum step gre(struct walk *w)
{
	const uint8_t *p = header(w, 0, 4);
	uint16_t flags, type;
	uint32_t size = 4;

	if (!p)
		return STEP_END;
	flags = get16(p);
	type = get16(p + 2);
	if (flags & GRE_ROUTING || (flags & GRE_VERSION) > 1)
		return STEP_END;
	w->unknown |= flags & GRE_VERSION;
	size += flags & GRE_SUM ? 4 : 0;
	if (flags & GRE_KEY) {
		if (!header(w, size, 4))
			return STEP_END;
		size += 4;
	}
	size += flags & GRE_SEQUENCE ? 4 : 0;
	if (type == ETH_P_TEB) {
		p = header(w, size, ETH_HLEN);
		if (!p)
			return STEP_END;
		type = get16(p + 12);
		size += ETH_HLEN;
	}
	return tunnel(w, type, size);
}

/* In the chain of IPv6 only. */
static enum step extension(struct walk *w)
{
	const uint8_t *p = w->type == ETH_P_IPV6 ? header(w, 0, 2) : NULL;

	if (!p)
		return STEP_END;
	w->keys->protocol = p[0];
	w->at += (p[1] + 1) * 8;
	return STEP_PROTOCOL;
}

static enum step fragment(struct walk *w)
{
	const uint8_t *p = w->type == ETH_P_IPV6 ? header(w, 0, 8) : NULL;

	if (!p)
		return STEP_END;
	w->fragment = true;
	w->keys->protocol = p[0];
	w->at += 8;
	return STEP_END;
}

static enum step by_protocol(struct walk *w)
{
	switch (w->keys->protocol) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_DSTOPTS:
		return extension(w);
	case IPPROTO_FRAGMENT:
		return fragment(w);
	case IPPROTO_IPIP:
		return tunnel(w, ETH_P_IP, 0);
	case IPPROTO_IPV6:
		return tunnel(w, ETH_P_IPV6, 0);
	case IPPROTO_GRE:
		return gre(w);
	default:
		return STEP_END;
	}
}

/* Of the protocol that was found last; none if it has none, or they are cut off. */
static void ports(struct walk *w)
{
	const uint8_t *p = NULL;

	if (dissect_has_ports(w->keys->protocol))
		p = header(w, 0, 4);
	else if (w->keys->protocol == IPPROTO_AH)
		p = header(w, 4, 4);
	memset(w->keys->port, 0, 4);
	if (p)
		memcpy(w->keys->port, p, 4);
}

bool dissect(const uint8_t *frame, uint32_t bytes, uint32_t length, bool outer,
	     struct dissect_keys *keys)
{
	struct walk w = {
		.frame = frame, .bytes = bytes, .length = length, .outer = outer,
		.at = ETH_HLEN, .type = get16(frame + ETH_HLEN - 2), .keys = keys,
	};
	enum step step = STEP_TYPE;
	unsigned int again = 0;

	memset(keys, 0, sizeof(*keys));
	do {
		if (step == STEP_TYPE)
			step = by_type(&w);
		if (step == STEP_PROTOCOL) {
			step = by_protocol(&w);
			if (!w.fragment)
				ports(&w);
		}
	} while (step != STEP_END && again++ < AGAIN_MAX);
	return !w.unknown;
}
