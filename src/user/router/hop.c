// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <endian.h>
#include <sys/socket.h>

#include "hop.h"

uint16_t hop_get(struct router *r, const struct message_hop *hop, uint8_t family)
{
	int port = port_find(&r->ports, hop->oif);

	if (port < 0 || !hop->plain || hop->dead)
		return 0;
	if (hop->family != AF_UNSPEC)
		family = hop->family;
	if (family == AF_INET6)
		return neigh_get6(&r->neigh, port, hop_addr6(&hop->gateway));
	return neigh_get(&r->neigh, port, be32toh(load32(hop->gateway.bytes)));
}

/* A group, with a reference, of all ways of a multipath route. */
static uint16_t group(struct router *r, const struct message *m)
{
	struct group_member member[MESSAGE_HOPS];
	uint16_t group;
	uint32_t i;

	for (i = 0; i < m->hops; i++)
		member[i] = (struct group_member){
			.weight = m->hop[i].weight, .dead = m->hop[i].dead,
			.adj = hop_get(r, &m->hop[i], m->family),
		};
	group = group_get(&r->groups, member, m->hops);
	for (i = 0; i < m->hops; i++)
		neigh_put(&r->neigh, member[i].adj);
	return group;
}

/* A nexthop object always is told before a route that names it. */
static uint16_t object(struct router *r, const struct message *m)
{
	uint16_t adj = nexthop_find(&r->nexthops, m->route.nexthop);

	r->resync |= !adj && !m->dump;
	neigh_hold(&r->neigh, adj);
	return adj;
}

static uint16_t single(struct router *r, const struct message *m)
{
	r->dead |= m->hop[0].dead;
	return hop_get(r, &m->hop[0], m->family);
}

uint16_t hop_route(struct router *r, const struct message *m)
{
	uint16_t adj, clamped;

	if (!m->route.plain || m->hops > MESSAGE_HOPS)
		return 0;
	if (m->route.nexthop)
		adj = object(r, m);
	else if (m->hops == 1)
		adj = single(r, m);
	else
		adj = group(r, m);
	clamped = neigh_clamp(&r->neigh, adj, m->route.mtu);
	neigh_put(&r->neigh, adj);
	return clamped;
}
