// SPDX-License-Identifier: GPL-2.0
#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/lwtunnel.h>
#include <linux/neighbour.h>
#include <linux/netconf.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include "mirror.h"

#define ATTRS	128	/* types above are ignored */

/* Attributes by type; missing ones are NULL. */
struct attrs {
	const struct nlattr *at[ATTRS];
};

/* To the exact end; libmnl's own loop goes on to the next multiple of four. */
static void put_all(struct attrs *t, const char *at, const char *end)
{
	memset(t, 0, sizeof(*t));
	while (mnl_attr_ok((const struct nlattr *)at, end - at)) {
		const struct nlattr *a = (const struct nlattr *)at;

		if (mnl_attr_get_type(a) < ATTRS)
			t->at[mnl_attr_get_type(a)] = a;
		if (MNL_ALIGN(a->nla_len) >= end - at)
			return;
		at += MNL_ALIGN(a->nla_len);
	}
}

/* The fixed part of a message, or NULL; its attributes go to t. */
static const void *parse(const struct nlmsghdr *nlh, size_t size, struct attrs *t)
{
	const char *message = (const char *)nlh;

	if (nlh->nlmsg_len < mnl_nlmsg_size(size))
		return NULL;
	size = mnl_nlmsg_size(MNL_ALIGN(size));
	if (size > nlh->nlmsg_len)
		size = nlh->nlmsg_len;
	put_all(t, message + size, message + nlh->nlmsg_len);
	return message + NLMSG_HDRLEN;
}

static void parse_nest(const struct nlattr *nest, struct attrs *t)
{
	const char *at = nest ? mnl_attr_get_payload(nest) : NULL;

	put_all(t, at, nest ? at + mnl_attr_get_payload_len(nest) : NULL);
}

static bool has(const struct attrs *t, unsigned int type, size_t size)
{
	return t->at[type] && mnl_attr_get_payload_len(t->at[type]) >= size;
}

static uint32_t get32(const struct attrs *t, unsigned int type, uint32_t otherwise)
{
	return has(t, type, 4) ? mnl_attr_get_u32(t->at[type]) : otherwise;
}

static uint32_t get_addr(const struct attrs *t, unsigned int type)
{
	return ntohl(get32(t, type, 0));
}

/* ---- links ------------------------------------------------------------- */

/* Number of this VR's port that a link is, or -1. */
static int port_number(const struct router *r, const struct attrs *t)
{
	struct attrs info, data;
	uint32_t number;

	parse_nest(t->at[IFLA_LINKINFO], &info);
	if (!info.at[IFLA_INFO_KIND] ||
	    mnl_attr_validate(info.at[IFLA_INFO_KIND], MNL_TYPE_NUL_STRING) < 0 ||
	    strcmp(mnl_attr_get_str(info.at[IFLA_INFO_KIND]), "europa"))
		return -1;
	parse_nest(info.at[IFLA_INFO_DATA], &data);
	if (get32(&data, IFLA_EUROPA_VR, 0) != r->vr)
		return -1;
	number = get32(&data, IFLA_EUROPA_PORT, EUROPA_PORT_MAX + 1);
	return number <= EUROPA_PORT_MAX ? (int)number : -1;
}

/*
 * The kernel flushes the routes of a link that goes down, and of an address
 * that goes away, without a word: what else goes must be asked.
 */
static void link_gone(struct router *r, unsigned int number)
{
	port_unset(&r->ports, number);
	neigh_port(&r->neigh, number);
	r->resync = true;
}

/* Returns true if more has changed than we are told. */
static bool link_set(struct router *r, int number, const struct ifinfomsg *m,
		     const struct attrs *t)
{
	struct port *old = &r->ports.port[number];
	bool was_up = old->up, fresh;
	struct port p = {
		.ifindex = m->ifi_index,
		.up = (m->ifi_flags & (IFF_UP | IFF_RUNNING)) ==
		      (IFF_UP | IFF_RUNNING),
		.mtu = get32(t, IFLA_MTU, 0),
		.enslaved = t->at[IFLA_MASTER] != NULL,
	};

	if (!has(t, IFLA_ADDRESS, 6))
		return false;
	memcpy(p.address, mnl_attr_get_payload(t->at[IFLA_ADDRESS]), 6);
	fresh = port_set(&r->ports, number, &p);
	neigh_port(&r->neigh, number);
	return fresh || (was_up && !p.up);
}

static void read_link(struct router *r, const struct nlmsghdr *nlh)
{
	struct attrs t;
	const struct ifinfomsg *m = parse(nlh, sizeof(*m), &t);
	bool dump = nlh->nlmsg_flags & NLM_F_MULTI, more = false;
	int number, old;

	if (!m || m->ifi_family != AF_UNSPEC || m->ifi_index <= 0)
		return;
	old = port_find(&r->ports, m->ifi_index);
	number = nlh->nlmsg_type == RTM_NEWLINK ? port_number(r, &t) : -1;
	if (old >= 0 && old != number)
		link_gone(r, old);
	if (number >= 0)
		more = link_set(r, number, m, &t);
	else if (old < 0)
		more = !(m->ifi_flags & IFF_UP);
	r->resync |= more && !dump;
}

/* ---- addresses --------------------------------------------------------- */

static void read_addr(struct router *r, const struct nlmsghdr *nlh)
{
	struct attrs t;
	const struct ifaddrmsg *m = parse(nlh, sizeof(*m), &t);
	uint32_t addr;

	if (!m || m->ifa_family != AF_INET)
		return;
	addr = get_addr(&t, t.at[IFA_LOCAL] ? IFA_LOCAL : IFA_ADDRESS);
	if (!addr)
		return;
	r->own_changed = true;
	if (nlh->nlmsg_type == RTM_NEWADDR) {
		r->resync |= !addr4_add(&r->own, addr, m->ifa_index, m->ifa_prefixlen);
		return;
	}
	addr4_del(&r->own, addr, m->ifa_index, m->ifa_prefixlen);
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
	if (fib4_add(&r->fib, &route) != FIB4_ADDED)
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
	fib4_del(&r->fib, &route);
	host_put(r, &route);
}

static void read_neigh(struct router *r, const struct nlmsghdr *nlh)
{
	struct attrs t;
	const struct ndmsg *m = parse(nlh, sizeof(*m), &t);
	uint32_t addr;
	int port;

	if (!m || m->ndm_family != AF_INET || m->ndm_flags & NTF_PROXY)
		return;
	port = port_find(&r->ports, m->ndm_ifindex);
	addr = get_addr(&t, NDA_DST);
	if (port < 0 || !addr)
		return;
	if (nlh->nlmsg_type == RTM_DELNEIGH)
		neigh_lose(r, port, addr, 0);
	else if (neigh_usable(m->ndm_state) && has(&t, NDA_LLADDR, 6))
		neigh_add(r, port, addr, m->ndm_state,
			  mnl_attr_get_payload(t.at[NDA_LLADDR]));
	else
		neigh_lose(r, port, addr, m->ndm_state);
}

/* ---- routes ------------------------------------------------------------ */

/* A route MTU, or a lock, is the kernel's to look after. */
static bool has_mtu(const struct nlattr *metrics)
{
	struct attrs t;

	parse_nest(metrics, &t);
	return t.at[RTAX_MTU] || t.at[RTAX_LOCK];
}

/* Is it the plain kind: unicast, one next hop, IPv4, nothing wrapped around? */
static bool route_plain(const struct rtmsg *m, const struct attrs *t)
{
	return m->rtm_type == RTN_UNICAST && !(m->rtm_flags & RTNH_F_DEAD) &&
	       !t->at[RTA_MULTIPATH] && !t->at[RTA_NH_ID] && !t->at[RTA_VIA] &&
	       !t->at[RTA_ENCAP] && !t->at[RTA_ENCAP_TYPE] &&
	       !has_mtu(t->at[RTA_METRICS]);
}

/* The adjacency of a route, with a reference; 0: punt. */
static uint16_t route_adj(struct router *r, const struct rtmsg *m,
			  const struct attrs *t)
{
	int port = port_find(&r->ports, get32(t, RTA_OIF, 0));

	if (port < 0 || !route_plain(m, t))
		return 0;
	return neigh_get(&r->neigh, port, get_addr(t, RTA_GATEWAY));
}

static bool route_read(struct router *r, const struct rtmsg *m,
		       const struct attrs *t, struct fib4_route *route)
{
	uint32_t table = get32(t, RTA_TABLE, m->rtm_table);

	if (m->rtm_family != AF_INET || m->rtm_dst_len > 32 ||
	    m->rtm_flags & RTM_F_CLONED ||
	    (table != RT_TABLE_MAIN && table != RT_TABLE_LOCAL) ||
	    (m->rtm_dst_len && !has(t, RTA_DST, 4)))
		return false;
	*route = (struct fib4_route){
		.len = m->rtm_dst_len,
		.tos = m->rtm_tos,
		.metric = get32(t, RTA_PRIORITY, 0),
		.kind = table == RT_TABLE_MAIN ? FIB4_MAIN : FIB4_LOCAL,
	};
	if (route->len)
		route->dst = get_addr(t, RTA_DST) & ~0u << (32 - route->len);
	if (route->kind == FIB4_MAIN)
		route->adj = route_adj(r, m, t);
	return true;
}

static void route_add(struct router *r, const struct fib4_route *route, bool replace)
{
	enum fib4_result result;

	if (replace && fib4_unset(&r->fib, route) > 1)
		r->resync = true;
	result = fib4_add(&r->fib, route);
	if (result != FIB4_ADDED)
		neigh_put(&r->neigh, route->adj);
	if (result == FIB4_NOMEM)
		r->resync = true;
}

static void read_route(struct router *r, const struct nlmsghdr *nlh)
{
	struct attrs t;
	const struct rtmsg *m = parse(nlh, sizeof(*m), &t);
	struct fib4_route route;

	if (!m || !route_read(r, m, &t, &route))
		return;
	if (nlh->nlmsg_type == RTM_NEWROUTE) {
		route_add(r, &route, nlh->nlmsg_flags & NLM_F_REPLACE);
		return;
	}
	if (!fib4_del(&r->fib, &route))
		r->resync = true;
	neigh_put(&r->neigh, route.adj);
}

/* ---- rules, and what sysctl says --------------------------------------- */

static bool rule_plain(const struct fib_rule_hdr *m, const struct attrs *t)
{
	static const uint8_t selectors[] = {
		FRA_SRC, FRA_DST, FRA_IIFNAME, FRA_OIFNAME, FRA_FWMARK, FRA_FWMASK,
		FRA_FLOW, FRA_TUN_ID, FRA_L3MDEV, FRA_UID_RANGE, FRA_IP_PROTO,
		FRA_SPORT_RANGE, FRA_DPORT_RANGE, FRA_GOTO,
	};
	unsigned int i;

	for (i = 0; i < sizeof(selectors); i++)
		if (t->at[selectors[i]])
			return false;
	return m->action == FR_ACT_TO_TBL && !m->tos && !m->src_len &&
	       !m->dst_len && !(m->flags & FIB_RULE_INVERT) &&
	       get32(t, FRA_SUPPRESS_PREFIXLEN, ~0u) == ~0u &&
	       get32(t, FRA_SUPPRESS_IFGROUP, ~0u) == ~0u;
}

/* RULE_*, 0 for one that changes nothing here, -1 for one that may. */
static int rule_kind(const struct fib_rule_hdr *m, const struct attrs *t)
{
	uint32_t table = get32(t, FRA_TABLE, m->table);
	uint32_t priority = get32(t, FRA_PRIORITY, 0);

	if (!rule_plain(m, t))
		return -1;
	if (priority == 0 && table == RT_TABLE_LOCAL)
		return RULE_LOCAL;
	if (priority == 32766 && table == RT_TABLE_MAIN)
		return RULE_MAIN;
	return priority == 32767 && table == RT_TABLE_DEFAULT ? 0 : -1;
}

/*
 * Dumps are counted apart, until mirror_rules(), so that the rules in force stay
 * in force meanwhile. A new rule counts at once, for both; too many is no harm.
 */
static void read_rule(struct router *r, const struct nlmsghdr *nlh)
{
	struct attrs t;
	const struct fib_rule_hdr *m = parse(nlh, sizeof(*m), &t);
	int kind;

	if (!m || m->family != AF_INET)
		return;
	if (nlh->nlmsg_type == RTM_DELRULE) {
		r->resync = true;
		return;
	}
	kind = rule_kind(m, &t);
	if (kind >= 0)
		r->rules_dump.defaults |= kind;
	else
		r->rules_dump.others++;
	if (!(nlh->nlmsg_flags & NLM_F_MULTI) && kind < 0)
		r->rules.others++;
}

void mirror_rules(struct router *r)
{
	r->rules = r->rules_dump;
	r->rules_dump = (struct rules){ 0 };
}

static void read_netconf(struct router *r, const struct nlmsghdr *nlh)
{
	struct attrs t;
	const struct netconfmsg *m = parse(nlh, sizeof(*m), &t);
	struct port *p;
	int32_t ifindex, port;

	if (!m || m->ncm_family != AF_INET || !has(&t, NETCONFA_IFINDEX, 4))
		return;
	ifindex = get32(&t, NETCONFA_IFINDEX, 0);
	if (ifindex == NETCONFA_IFINDEX_ALL)
		r->ports.rp_filter_all = get32(&t, NETCONFA_RP_FILTER,
					       r->ports.rp_filter_all);
	port = ifindex > 0 ? port_find(&r->ports, ifindex) : -1;
	if (port < 0)
		return;
	p = &r->ports.port[port];
	p->forwarding = get32(&t, NETCONFA_FORWARDING, p->forwarding) != 0;
	p->rp_filter = get32(&t, NETCONFA_RP_FILTER, p->rp_filter);
}

/* ---- all --------------------------------------------------------------- */

void mirror_refresh(struct router *r)
{
	bool odd = r->rules.others ||
		   r->rules.defaults != (RULE_LOCAL | RULE_MAIN);

	if (odd && !r->rules_told)
		fprintf(stderr, "europa-router: policy rules are in use: the kernel forwards all packets\n");
	r->rules_told = odd;
	r->ports.punt_all = odd;
	port_refresh(&r->ports);
}

void mirror_message(struct router *r, const struct nlmsghdr *nlh)
{
	switch (nlh->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		read_link(r, nlh);
		break;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		read_addr(r, nlh);
		break;
	case RTM_NEWNEIGH:
	case RTM_DELNEIGH:
		read_neigh(r, nlh);
		break;
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		read_route(r, nlh);
		break;
	case RTM_NEWRULE:
	case RTM_DELRULE:
		read_rule(r, nlh);
		break;
	case RTM_NEWNETCONF:
	case RTM_DELNETCONF:
		read_netconf(r, nlh);
		break;
	}
	r->stats.messages++;
}
