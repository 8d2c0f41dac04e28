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
};

/* 0 or -errno, all of them. */
int rtnl_port_new(struct nl *nl, const struct port_request *r);
int rtnl_link_get(struct nl *nl, uint32_t ifindex, struct rtnl_link *link);
/* Of port number p->number of a VR, at home in the namespace that p tells. In another than the
 * socket's this takes CAP_NET_ADMIN there. to->known: it is that port.
 */
int rtnl_port_counts(struct nl *nl, uint32_t vr, const struct vr_port *p, struct port_counts *to);
int rtnl_port_del(struct nl *nl, uint32_t ifindex);
/* The id nl's namespace has for the one of fd; -1: none. */
int rtnl_nsid(struct nl *nl, int fd);

#endif
