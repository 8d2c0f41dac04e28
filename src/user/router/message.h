/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/*
 * What the kernel tells of links, addresses, neighbours, nexthops, routes and
 * rules, in structs that are the same for every address family. message_read()
 * makes them of rtnetlink messages, mirror.c applies them to the tables.
 */
#ifndef ROUTER_MESSAGE_H
#define ROUTER_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

struct nlmsghdr;

/* In network order, as long as the family's are; what is left, or missing, is 0. */
struct message_addr {
	uint8_t bytes[16];
};

struct message_link {
	uint32_t ifindex;
	uint32_t mtu;		/* bytes; 0: not told */
	uint32_t mtu6;		/* of IPv6, which may be less; 0: not told */
	bool up;		/* switched on */
	bool running;		/* carrier on */
	bool enslaved;		/* to a bridge, a VRF, ... */
	bool europa;		/* of kind "europa": a VR's port */
	uint32_t vr;		/* number of that VR; 0: not told */
	uint32_t port;		/* its number in the VR */
	uint16_t vlan;		/* a plain 802.1Q interface's number; 0: none */
	uint32_t link;		/* ifindex of what that stands on */
	bool has_mac;
	uint8_t mac[6];
};

struct message_address {
	struct message_addr addr;
	uint32_t ifindex;
	uint8_t len;		/* of the network's prefix, bits */
};

struct message_neigh {
	struct message_addr addr;
	uint32_t ifindex;
	uint16_t state;		/* NUD_* */
	bool has_mac;
	uint8_t mac[6];
};

#define MESSAGE_HOPS	256	/* more are told by count only */

/*
 * One way on: of a route, of a nexthop object; or, by its id alone, one nexthop
 * object of a group.
 */
struct message_hop {
	struct message_addr gateway;
	uint32_t oif;		/* ifindex; 0: none */
	uint32_t id;		/* of a nexthop object; 0: none */
	uint32_t weight;	/* 1 and up */
	uint8_t family;		/* of the gateway, AF_*; AF_UNSPEC: none */
	bool plain;		/* nothing wrapped around */
	bool dead;		/* the kernel does not use it at present */
};

/* Its hop, or its members, are message.hop. */
struct message_nexthop {
	uint32_t id;
	bool group;
	bool plain;		/* forwards; a group by hash threshold, or resilient */
	uint32_t buckets;	/* of a resilient group; 0: it is none */
	uint32_t idle;		/* its timers, s, rounded up */
	uint32_t unbalanced;	/* 0: none */
};

/* Its hops are message.hop: none if it names a nexthop object. */
struct message_route {
	struct message_addr dst;
	uint32_t table;		/* RT_TABLE_* or a number */
	uint32_t metric;
	uint32_t nexthop;	/* id of a nexthop object, which decides; 0: none */
	uint32_t mtu;		/* of the route, bytes; 0: the port's counts */
	uint8_t len;		/* of dst, bits; no more than an address has */
	uint8_t tos;
	bool from_source;	/* only packets of some sources take it */
	bool local;		/* to this host, by somebody's choice, not by an address */
	bool broadcast;		/* dst is all hosts of a network */
	bool plain;		/* forwards */
};

struct message_rule {
	uint32_t table;		/* RT_TABLE_* or a number */
	uint32_t priority;
	bool plain;		/* all packets look into the table, or those of VRFs */
	bool vrf;		/* packets of a VRF's interfaces, into its table */
};

/* Settings of an interface, conf.<dev> in sysctl. */
struct message_netconf {
	uint32_t ifindex;	/* 0: not of one interface */
	bool all;		/* conf.all */
	bool has_forwarding;
	bool has_rp_filter;
	uint32_t forwarding;
	uint32_t rp_filter;
};

enum message_type {
	MESSAGE_LINK, MESSAGE_ADDRESS, MESSAGE_NEIGH, MESSAGE_NEXTHOP,
	MESSAGE_ROUTE, MESSAGE_RULE, MESSAGE_NETCONF,
};

struct message {
	enum message_type type;
	uint8_t family;		/* AF_*; of a nexthop AF_UNSPEC; of a link, too, or
				 * AF_INET6: only ifindex and mtu6 are told
				 */
	bool gone;		/* deleted: RTM_DEL* */
	bool dump;		/* part of a dump, not a change */
	bool replace;		/* a route, instead of another */
	union {
		struct message_link link;
		struct message_address address;
		struct message_neigh neigh;
		struct message_nexthop nexthop;
		struct message_route route;
		struct message_rule rule;
		struct message_netconf netconf;
	};
	uint32_t hops;		/* MESSAGE_HOPS + 1: too many */
	struct message_hop hop[MESSAGE_HOPS]; /* those beyond hops are not set */
};

/*
 * nlh->nlmsg_len bytes are there. Returns false if the message is malformed, or
 * says nothing that a router wants to know.
 */
bool message_read(const struct nlmsghdr *nlh, struct message *m);

#endif
