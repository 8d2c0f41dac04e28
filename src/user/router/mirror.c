// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <string.h>
#include <sys/socket.h>

#include "hop.h"
#include "ip4/mirror4.h"
#include "ip6/mirror6.h"
#include "mirror.h"

/* ---- links ------------------------------------------------------------- */

/* Number of this VR's port that a link is, or of the VLAN interface, or -1. */
static int port_number(const struct router *r, const struct message_link *l)
{
	if (l->vlan)
		return port_vlan(&r->ports, l->ifindex);
	return l->europa && l->vr == r->vr && l->port <= EUROPA_PORT_MAX ?
	       (int)l->port : -1;
}

/*
 * When a link goes down or an address goes away, the kernel flushes routes and
 * sends no message for them: dump again.
 */
static void link_gone(struct router *r, unsigned int number)
{
	port_unset(&r->ports, number);
	neigh_port(&r->neigh, number);
	r->resync = true;
}

/*
 * Returns true if the kernel may have changed routes without a message; as when
 * a way that was dead is back.
 */
static bool link_set(struct router *r, int number, const struct message_link *l)
{
	struct port *old = &r->ports.port[number];
	bool was_up = old->up, fresh;
	struct port p = {
		.ifindex = l->ifindex,
		.up = l->up && l->running,
		.mtu = l->mtu,
		.mtu6 = l->mtu6,
		.enslaved = l->enslaved,
		.vlan = l->vlan,
		.link = l->link,
	};

	if (!l->has_mac)
		return false;
	memcpy(p.address, l->mac, 6);
	fresh = port_set(&r->ports, number, &p);
	neigh_port(&r->neigh, number);
	return fresh || (was_up && !p.up) || (!was_up && p.up && router_dead(r));
}

/* A router advertisement, or an operator, may have set it. */
static void apply_link6(struct router *r, const struct message *m)
{
	int port = port_find(&r->ports, m->link.ifindex);

	if (port < 0 || m->gone)
		return;
	r->ports.port[port].mtu6 = m->link.mtu6;
	neigh_port(&r->neigh, port);
}

static void apply_link(struct router *r, const struct message *m)
{
	const struct message_link *l = &m->link;
	int old = port_find(&r->ports, l->ifindex);
	int number = m->gone ? -1 : port_number(r, l);
	bool more = false;

	if (old >= 0 && old != number)
		link_gone(r, old);
	if (number >= 0)
		more = link_set(r, number, l);
	else if (old < 0)
		more = !l->up;
	r->resync |= more && !m->dump;
}

/* ---- nexthops ---------------------------------------------------------- */

/* Objects of a group. One that is not known is told later in the same dump. */
static bool set_group(struct router *r, const struct message *m)
{
	const struct message_nexthop *n = &m->nexthop;
	const struct buckets_want want = {
		.count = n->buckets, .idle = n->idle, .unbalanced = n->unbalanced,
	};
	struct group_member member[MESSAGE_HOPS];
	uint32_t i;

	for (i = 0; i < m->hops; i++) {
		r->resync |= !m->dump && !nexthop_find(&r->nexthops, m->hop[i].id);
		member[i] = (struct group_member){
			.weight = m->hop[i].weight,
			.adj = nexthop_expect(&r->nexthops, m->hop[i].id),
		};
	}
	return nexthop_set_group(&r->nexthops, n->id, member, m->hops,
				 n->buckets ? &want : NULL);
}

static bool set_single(struct router *r, const struct message *m)
{
	uint16_t adj = m->nexthop.plain && !m->nexthop.group ?
		       hop_get(r, &m->hop[0], AF_INET) : 0;
	bool done = nexthop_set(&r->nexthops, m->nexthop.id, adj);

	neigh_put(&r->neigh, adj);
	return done;
}

/*
 * Routes that name an object which goes are removed without a message: dump
 * again. They lead to the kernel until then.
 */
static void apply_nexthop(struct router *r, const struct message *m)
{
	const struct message_nexthop *n = &m->nexthop;
	bool done;

	if (m->gone) {
		r->resync |= nexthop_del(&r->nexthops, n->id);
		return;
	}
	if (n->plain && n->group && m->hops <= MESSAGE_HOPS)
		done = set_group(r, m);
	else
		done = set_single(r, m);
	r->resync |= !done && !m->dump;
}

/* ---- all --------------------------------------------------------------- */

void mirror_rules(struct router *r, uint8_t family)
{
	rules_end(family == AF_INET ? &r->ip4.rules : &r->ip6.rules);
}

static void tell_rules(bool odd, const char *which, bool *told)
{
	if (odd && !*told)
		fprintf(stderr, "europa-router: policy rules are in use: the kernel forwards all %spackets\n",
			which);
	*told = odd;
}

static void stands_elsewhere(void *neigh, unsigned int number)
{
	neigh_port(neigh, number);
}

void mirror_refresh(struct router *r)
{
	struct ports *t = &r->ports;
	struct port *p;
	unsigned int i;

	t->punt_all = rules_odd(&r->ip4.rules);
	t->punt_all6 = rules_odd(&r->ip6.rules);
	if (t->local_routes && !r->ip4.own.routed) {
		r->ip4.own.routed = true;
		r->ip4.own_changed = true;
	}
	port_stack(t, stands_elsewhere, &r->neigh);
	tell_rules(t->punt_all, "", &r->rules_told);
	tell_rules(t->punt_all6 && t->forwarding6, "IPv6 ", &r->rules6_told);
	for (i = 0; i < t->count; i++) {
		p = &t->port[t->used[i]];
		p->on4 = addr4_on(&r->ip4.own, p->ifindex);
		p->on6 = addr6_on(&r->ip6.own, p->ifindex);
	}
	port_refresh(t);
}

void mirror_apply(struct router *r, const struct message *m)
{
	if (m->type == MESSAGE_LINK && m->family == AF_INET6)
		apply_link6(r, m);
	else if (m->type == MESSAGE_LINK)
		apply_link(r, m);
	else if (m->type == MESSAGE_NEXTHOP)
		apply_nexthop(r, m);
	else if (m->family == AF_INET)
		mirror4_apply(r, m);
	else if (m->family == AF_INET6)
		mirror6_apply(r, m);
}
