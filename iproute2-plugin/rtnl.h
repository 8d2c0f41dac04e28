/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
#ifndef RTNL_H
#define RTNL_H

#include "nl.h"
#include "vr.h"

/* What rtnetlink tells of an interface; vr and lower_* are of a port. */
struct rtnl_link {
	uint32_t ifindex, vr, lower_ifindex;
	int lower_nsid;		/* of the lower device's namespace; -1: the same */
	char kind[16];
	uint16_t type;		/* ARPHRD_* */
	uint32_t flags;		/* IFF_* */
	uint32_t mtu, master;
	char master_kind[16];	/* "bridge", "bond" ...: what it is a member of */
	bool xdp;		/* a program is attached */
	char name[IFNAMSIZ], alias[256];
	uint8_t address[6];
	uint32_t txqlen, group;
	bool passthru;		/* a port of that mode */
};

/* What is to be another with an interface; NULL and a bit not in has: stays. */
enum {
	LINK_HAS_MTU	= 1 << 0,
	LINK_HAS_TXQLEN	= 1 << 1,
	LINK_HAS_GROUP	= 1 << 2,
	LINK_HAS_MASTER	= 1 << 3,
};

struct link_change {
	const char *name, *alias;
	const uint8_t *address;
	unsigned int has;
	uint32_t mtu, txqlen, group, master;
	uint32_t flags, mask;	/* IFF_*, and which of them */
};

/* 0 or -errno, all of them. */
int rtnl_port_new(struct nl *nl, const struct port_request *r);
int rtnl_link_get(struct nl *nl, uint32_t ifindex, struct rtnl_link *link);
int rtnl_link_set(struct nl *nl, uint32_t ifindex, const struct link_change *change);
int rtnl_link_up(struct nl *nl, uint32_t ifindex, bool up);
typedef void (*rtnl_link_fn)(const struct rtnl_link *link, void *data);
int rtnl_link_dump(struct nl *nl, rtnl_link_fn fn, void *data);
/* Of port number p->number of a VR, at home in the namespace that p tells. In another than the
 * socket's this takes CAP_NET_ADMIN there. to->known: it is that port.
 */
int rtnl_port_counts(struct nl *nl, uint32_t vr, const struct vr_port *p, struct port_counts *to);
int rtnl_port_del(struct nl *nl, uint32_t ifindex);
/* The id nl's namespace has for the one of fd; -1: none. */
int rtnl_nsid(struct nl *nl, int fd);

#endif
