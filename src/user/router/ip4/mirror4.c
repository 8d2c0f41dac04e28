// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <endian.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "hop.h"
#include "mirror4.h"

/* ---- addresses --------------------------------------------------------- */

static uint32_t addr4(const struct message_addr *addr)
{
	uint32_t value;

	memcpy(&value, addr->bytes, sizeof(value));
	return be32toh(value);
}

static void apply_address(struct router *r, const struct message *m)
{
	const struct message_address *a = &m->address;
	uint32_t addr = addr4(&a->addr);

	if (!addr)
		return;
	r->ip4.own_changed = true;
	if (!m->gone) {
		/* The first address of a port brings dead ways back to life. */
		r->resync |= router_dead(r) && !m->dump;
		r->resync |= !addr4_add(&r->ip4.own, addr, a->ifindex, a->len);
		return;
	}
	addr4_del(&r->ip4.own, addr, a->ifindex, a->len);
	r->resync = true;
}

/* ---- neighbours -------------------------------------------------------- */

/* The host item that puts a neighbour in its port's connected networks. */
static bool host_route(struct router *r, unsigned int port, uint32_t addr,
		       struct fib4_route *route)
{
	*route = (struct fib4_route){
		.dst = addr, .len = 32, .kind = FIB4_HOST,
		.adj = neigh_get(&r->neigh, port, addr),
		.glean = neigh_get(&r->neigh, port, 0),
	};
	return route->adj && route->glean;
}

static void host_put(struct router *r, const struct fib4_route *route)
{
	neigh_put(&r->neigh, route->adj);
	neigh_put(&r->neigh, route->glean);
}

static void neigh_add(struct router *r, unsigned int port, uint32_t addr,
		      unsigned int state, const uint8_t *mac)
{
	struct fib4_route route;

	if (!host_route(r, port, addr, &route)) {
		host_put(r, &route);
		return;
	}
	neigh_set(&r->neigh, route.adj, state, mac);
	if (fib4_add(&r->ip4.fib, &route) != FIB4_ADDED)
		host_put(r, &route);
}

/* Unusable entries are remembered only where somebody refers to them. */
static void neigh_lose(struct router *r, unsigned int port, uint32_t addr,
		       unsigned int state)
{
	uint16_t id = neigh_find(&r->neigh, port, addr);
	struct fib4_route route;

	if (!id)
		return;
	neigh_set(&r->neigh, id, state, NULL);
	host_route(r, port, addr, &route);
	fib4_del(&r->ip4.fib, &route);
	host_put(r, &route);
}

static void apply_neigh(struct router *r, const struct message *m)
{
	const struct message_neigh *n = &m->neigh;
	int port = port_find(&r->ports, n->ifindex);
	uint32_t addr = addr4(&n->addr);

	if (port < 0 || !addr)
		return;
	if (m->gone)
		neigh_lose(r, port, addr, 0);
	else if (neigh_usable(n->state) && n->has_mac)
		neigh_add(r, port, addr, n->state, n->mac);
	else
		neigh_lose(r, port, addr, n->state);
}

/* ---- routes ------------------------------------------------------------ */

/* Returns false for a table that decides nothing here. */
static bool route_make(struct router *r, const struct message *msg,
		       struct fib4_route *route)
{
	const struct message_route *m = &msg->route;

	if (m->table != RT_TABLE_MAIN && m->table != RT_TABLE_LOCAL)
		return false;
	*route = (struct fib4_route){
		.len = m->len,
		.tos = m->tos,
		.metric = m->metric,
		.kind = m->table == RT_TABLE_MAIN ? FIB4_MAIN : FIB4_LOCAL,
	};
	if (route->len)
		route->dst = addr4(&m->dst) & ~0u << (32 - route->len);
	if (route->kind == FIB4_MAIN)
		route->adj = hop_route(r, msg);
	return true;
}

static void route_add(struct router *r, const struct fib4_route *route, bool replace)
{
	enum fib4_result result;

	/* So the kernel tells each route of a nexthop object that was replaced. */
	if (replace && fib4_confirm(&r->ip4.fib, route)) {
		neigh_put(&r->neigh, route->adj);
		return;
	}
	if (replace && fib4_unset(&r->ip4.fib, route) > 1)
		r->resync = true;
	result = fib4_add(&r->ip4.fib, route);
	if (result != FIB4_ADDED)
		neigh_put(&r->neigh, route->adj);
	if (result == FIB4_NOMEM)
		r->resync = true;
}

/*
 * From where all hosts of a network are nobody sends. By an address alone it is not known:
 * it may be another than the network's last (brd), or of the network beyond a peer. Who else
 * has it is not told when it goes: the next dump says.
 */
static void apply_broadcast(struct router *r, const struct message *m)
{
	if (m->gone) {
		r->resync = true;
		return;
	}
	r->ip4.own_changed = true;
	r->resync |= !addr4_add(&r->ip4.own, addr4(&m->route.dst), 0, 32);
}

/*
 * "ip route add local 192.0.2.0/24 dev lo": from such addresses the kernel takes no
 * packets. After the first such route it looks each source up, and goes on with
 * that when the route is gone; here, too, so that none need be counted. What is
 * refused here is the kernel's to decide.
 */
static void apply_route(struct router *r, const struct message *m)
{
	struct fib4_route route;

	r->ports.local_routes |= m->route.local;
	if (m->route.broadcast && m->route.table == RT_TABLE_LOCAL && m->route.len == 32)
		apply_broadcast(r, m);
	if (!route_make(r, m, &route))
		return;
	if (!m->gone) {
		route_add(r, &route, m->replace);
		return;
	}
	if (!fib4_del(&r->ip4.fib, &route))
		r->resync = true;
	neigh_put(&r->neigh, route.adj);
}

/* ---- rules, and what sysctl says --------------------------------------- */

/* As after a route of that kind, see above: the kernel looks each source up, for ever. */
static void apply_rule(struct router *r, const struct message *m)
{
	if (m->gone)
		rules_del(&r->ip4.rules, m);
	else
		rules_add(&r->ip4.rules, m);
	r->resync |= m->gone;
	r->ports.local_routes |= r->ip4.rules.changed;
}

/* Any number but 0 and 1 is loose. Of those below 0 it may depend on others. */
static uint8_t rp_filter(int32_t told)
{
	if (told < 0)
		return 1;
	return told > 2 ? 2 : told;
}

static void apply_netconf(struct router *r, const struct message *m)
{
	const struct message_netconf *c = &m->netconf;
	struct port *p;
	int port;

	/* Whether a way without carrier counts as dead is such a setting, too. */
	r->resync |= router_dead(r) && !m->dump;
	if (c->all && c->has_rp_filter)
		r->ports.rp_filter_all = rp_filter(c->rp_filter);
	port = c->ifindex ? port_find(&r->ports, c->ifindex) : -1;
	if (port < 0)
		return;
	p = &r->ports.port[port];
	if (c->has_forwarding)
		p->forwarding = c->forwarding != 0;
	if (c->has_rp_filter)
		p->rp_filter = rp_filter(c->rp_filter);
}

/* ---- all --------------------------------------------------------------- */

void mirror4_apply(struct router *r, const struct message *m)
{
	switch (m->type) {
	case MESSAGE_ADDRESS:
		apply_address(r, m);
		break;
	case MESSAGE_NEIGH:
		apply_neigh(r, m);
		break;
	case MESSAGE_ROUTE:
		apply_route(r, m);
		break;
	case MESSAGE_RULE:
		apply_rule(r, m);
		break;
	case MESSAGE_NETCONF:
		apply_netconf(r, m);
		break;
	default:
		break;
	}
}
