// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "hop.h"
#include "mirror6.h"

/* ---- addresses --------------------------------------------------------- */

/* Whether a port has any decides whether IPv6 is on there: see port.h. */
static void apply_address(struct router *r, const struct message *m)
{
	const struct message_address *a = &m->address;
	struct ipv6_addr addr = hop_addr6(&a->addr);

	if (ipv6_unspecified(addr))
		return;
	r->ip6.own_changed = true;
	if (!m->gone) {
		r->resync |= router_dead(r) && !m->dump;
		r->resync |= !addr6_add(&r->ip6.own, addr, a->ifindex, a->len);
		return;
	}
	addr6_del(&r->ip6.own, addr, a->ifindex, a->len);
	r->resync = true;
}

/* ---- neighbours -------------------------------------------------------- */

/* The host item that puts a neighbour in its port's connected networks. */
static bool host_route(struct router *r, unsigned int port, struct ipv6_addr addr,
		       struct fib6_route *route)
{
	*route = (struct fib6_route){
		.dst = addr, .len = 128, .kind = FIB6_HOST,
		.adj = neigh_get6(&r->neigh, port, addr),
		.glean = neigh_get6(&r->neigh, port, (struct ipv6_addr){ 0, 0 }),
	};
	return route->adj && route->glean;
}

static void host_put(struct router *r, const struct fib6_route *route)
{
	neigh_put(&r->neigh, route->adj);
	neigh_put(&r->neigh, route->glean);
}

static void neigh_add(struct router *r, unsigned int port, struct ipv6_addr addr,
		      const struct message_neigh *n)
{
	struct fib6_route route;

	if (!host_route(r, port, addr, &route)) {
		host_put(r, &route);
		return;
	}
	neigh_set(&r->neigh, route.adj, n->state, n->mac);
	if (fib6_add(&r->ip6.fib, &route) != FIB6_ADDED)
		host_put(r, &route);
}

/* Unusable entries are remembered only where somebody refers to them. */
static void neigh_lose(struct router *r, unsigned int port, struct ipv6_addr addr,
		       unsigned int state)
{
	uint16_t id = neigh_find6(&r->neigh, port, addr);
	struct fib6_route route;

	if (!id)
		return;
	neigh_set(&r->neigh, id, state, NULL);
	host_route(r, port, addr, &route);
	fib6_del(&r->ip6.fib, &route);
	host_put(r, &route);
}

/* Link-local ones are gateways. The kernel has entries for multicast groups, too. */
static void apply_neigh(struct router *r, const struct message *m)
{
	const struct message_neigh *n = &m->neigh;
	int port = port_find(&r->ports, n->ifindex);
	struct ipv6_addr addr = hop_addr6(&n->addr);

	if (port < 0 || ipv6_unspecified(addr) || addr.hi >> 56 == 0xff)
		return;
	if (m->gone)
		neigh_lose(r, port, addr, 0);
	else if (neigh_usable(n->state) && n->has_mac)
		neigh_add(r, port, addr, n);
	else
		neigh_lose(r, port, addr, n->state);
}

/* ---- routes ------------------------------------------------------------ */

/* Returns false for a table that decides nothing here. */
static bool route_make(struct router *r, const struct message *msg,
		       struct fib6_route *route)
{
	const struct message_route *m = &msg->route;

	if (m->table != RT_TABLE_MAIN && m->table != RT_TABLE_LOCAL)
		return false;
	*route = (struct fib6_route){
		.dst = ipv6_prefix(hop_addr6(&m->dst), m->len),
		.len = m->len,
		.odd = m->tos || m->from_source,
		.metric = m->metric,
		.kind = m->table == RT_TABLE_MAIN ? FIB6_MAIN : FIB6_LOCAL,
	};
	if (route->kind == FIB6_MAIN)
		route->adj = hop_route(r, msg);
	return true;
}

static bool has_gateways(const struct message *m)
{
	return m->hops && m->hop[0].family != AF_UNSPEC;
}

/*
 * Routes by gateways, of one prefix and metric, are one multipath route, and each
 * message has all of it: what was there before is a part of that. A route on a
 * link stays beside it. So does one that is the kernel's, of which it is not known
 * what it was: then the kernel gets the packets.
 */
static void route_grows(struct router *r, const struct message *m,
			const struct fib6_route *route)
{
	uint16_t old = neigh_behind(&r->neigh, fib6_only(&r->ip6.fib, route));

	if (!m->dump && m->hops > 1 && has_gateways(m) && old &&
	    !r->neigh.neigh[old].glean)
		fib6_unset(&r->ip6.fib, route);
}

static void route_add(struct router *r, const struct message *m,
		      const struct fib6_route *route)
{
	enum fib6_result result;

	if ((m->replace || m->hops > 1) && !m->dump &&
	    fib6_confirm(&r->ip6.fib, route)) {
		neigh_put(&r->neigh, route->adj);
		return;
	}
	if (m->replace)
		r->resync |= fib6_unset(&r->ip6.fib, route) > 1;
	else
		route_grows(r, m, route);
	result = fib6_add(&r->ip6.fib, route);
	if (result != FIB6_ADDED)
		neigh_put(&r->neigh, route->adj);
	r->resync |= result == FIB6_NOMEM;
}

/*
 * Of a multipath route the kernel deletes single ways, and tells these; what is
 * left of it is told by a dump. Until then its item stays, which may lead to one
 * way too many: the kernel gets all of the route's packets meanwhile.
 */
static void route_del(struct router *r, const struct fib6_route *route)
{
	struct fib6_route punt = *route;

	if (fib6_del(&r->ip6.fib, route))
		return;
	r->resync = true;
	if (fib6_unset(&r->ip6.fib, route) != 1)
		return;
	punt.adj = 0;
	fib6_add(&r->ip6.fib, &punt);
}

static void apply_route(struct router *r, const struct message *m)
{
	struct fib6_route route;

	if (!route_make(r, m, &route))
		return;
	if (!m->gone) {
		route_add(r, m, &route);
		return;
	}
	route_del(r, &route);
	neigh_put(&r->neigh, route.adj);
}

/* ---- rules, and what sysctl says --------------------------------------- */

static void apply_rule(struct router *r, const struct message *m)
{
	if (!m->gone) {
		rules_add(&r->ip6.rules, m);
		return;
	}
	rules_del(&r->ip6.rules, m);
	r->resync = true;
}

/* The kernel forwards IPv6 by conf.all alone; that of an interface is about RAs. */
static void apply_netconf(struct router *r, const struct message *m)
{
	const struct message_netconf *c = &m->netconf;

	r->resync |= router_dead(r) && !m->dump;
	if (c->all && c->has_forwarding)
		r->ports.forwarding6 = c->forwarding != 0;
}

/* ---- all --------------------------------------------------------------- */

void mirror6_apply(struct router *r, const struct message *m)
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
