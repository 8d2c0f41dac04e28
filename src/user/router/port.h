/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/*
 * The interfaces that packets come by and leave by, as the kernel's links describe
 * them: the VR's ports, by number, and behind these VLAN interfaces, each by a number
 * of its own. A tag and the port it comes by name the VLAN interface, if it stands on
 * a port of this VR.
 */
#ifndef ROUTER_PORT_H
#define ROUTER_PORT_H

#include <linux/europa.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "grace.h"

#define PORT_VLANS	1024	/* VLAN interfaces; more are the kernel's */
#define PORT_MAX	(EUROPA_PORT_MAX + PORT_VLANS)	/* numbers: 0 ... */
#define PORT_NONE	0xffff
#define PORT_BUCKETS	1024

/* What keeps a packet received on a port from the short way. */
#define PORT_PUNT	0x01	/* all to the kernel */
#define PORT_RPF_STRICT	0x02	/* source must be routed to this port */
#define PORT_RPF_LOOSE	0x04	/* source must be routed */

/* Workers read mac, special, special6, up, vlan, port, next and quiet, and write asked. */
struct port {
	uint64_t mac;		/* as port_mac() loads it; 0: none such */
	uint8_t special;	/* PORT_* in effect, IPv4 */
	uint8_t special6;	/* the same, IPv6: PORT_PUNT or 0 */
	uint8_t address[6];
	bool up;		/* interface up, carrier on */
	bool enslaved;		/* to a bridge, a VRF, ... */
	uint8_t forwarding;	/* conf.<dev>.forwarding */
	uint8_t rp_filter;	/* conf.<dev>.rp_filter: 0, 1, 2 */
	uint8_t generation;
	bool on4;		/* has an IPv4 address */
	bool on6;		/* IPv6 is on: the port has an address */
	bool quiet;		/* known not to send redirects: see ip4/redirect4.h */
	bool asked;		/* that is of interest */
	uint32_t mtu;		/* bytes */
	uint32_t mtu6;		/* conf.<dev>.mtu of IPv6, if that is less; 0: not known */
	uint32_t ifindex;	/* 0: none such */
	uint32_t link;		/* of a VLAN interface: ifindex of what it stands on */
	uint16_t vlan;		/* its number; 0: a port */
	uint16_t port;		/* that packets leave by: itself, or what link is; PORT_NONE */
	uint16_t next;		/* VLAN interface in the bucket; 0: none */
};

struct ports {
	struct port port[PORT_MAX + 1];
	uint16_t used[PORT_MAX + 1];		/* numbers */
	unsigned int count;
	unsigned int vlans;	/* of these, VLAN interfaces */
	unsigned int turn;	/* where to look for a number for the next one */
	uint16_t bucket[PORT_BUCKETS];		/* VLAN interfaces by port and tag */
	bool moved;		/* port_stack() is due */
	uint8_t rp_filter_all;	/* conf.all.rp_filter */
	bool local_routes;	/* IPv4 sources are to be looked up: see mirror4.c */
	bool punt_all;
	bool punt_all6;
	bool forwarding6;	/* IPv6's conf.all.forwarding */
	bool asked;		/* as some port is */
	uint8_t generation;
};

/* First six bytes of a frame, as a number to compare. Reads eight. */
static inline uint64_t port_mac(const void *frame)
{
	uint64_t word;

	memcpy(&word, frame, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return word << 16;
#else
	return word >> 16;
#endif
}

/* Number of the port, or VLAN interface, with an ifindex, or -1. */
int port_find(const struct ports *t, uint32_t ifindex);
/* The same; for a VLAN interface that is new a number that is free. */
int port_vlan(const struct ports *t, uint32_t ifindex);
/* The VLAN interface for a tag on a port; 0: none. */
unsigned int port_tagged(const struct ports *t, unsigned int port, unsigned int vlan);
/*
 * Look again what VLAN interfaces stand on. Calls changed() for those that now stand
 * on something else.
 */
void port_stack(struct ports *t, void (*changed)(void *arg, unsigned int number), void *arg);
/* Returns true if it is new, or now is another interface. */
bool port_set(struct ports *t, unsigned int number, const struct port *p);
void port_unset(struct ports *t, unsigned int number);
/* Recompute `special` and `special6` of all ports. */
void port_refresh(struct ports *t);

#endif
