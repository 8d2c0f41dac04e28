// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ask.h"
#include "check.h"
#include "words.h"

#define AGAIN	5	/* times that a difference is looked at again */
#define FOLLOW	10000	/* ms */
#define PAUSE	200000	/* us, for the running one to follow, too */

struct check {
	struct loop *l;
	struct mnl_socket *socket;
	int running;		/* as of check_all() */
	uint32_t seq;
	uint64_t random;	/* xorshift64 */
	unsigned long count[CHECK_DIFFERS + 1];	/* by result */
};

/* ---- the router's answer ----------------------------------------------- */

static uint16_t lookup(const struct router *r, const struct check_addr *addr)
{
	return addr->six ? fib6_lookup(&r->ip6.fib, addr->addr6) :
			   fib4_lookup(&r->ip4.fib, addr->addr);
}

/* Does an adjacency without ways of its own lead where the kernel says? */
static enum check_result compare_one(const struct router *r, uint16_t id,
				     const struct check_addr *addr,
				     const struct check_answer *a)
{
	uint16_t leaf = neigh_behind(&r->neigh, id);
	const struct neigh *n = &r->neigh.neigh[leaf];
	const struct check_addr *next = a->direct ? addr : &a->gateway;

	if (!leaf || r->neigh.adj[leaf].group)
		return CHECK_KERNEL;
	if (r->ports.port[n->port].ifindex != a->oif || n->six != next->six)
		return CHECK_DIFFERS;
	if (n->glean)
		return a->direct ? CHECK_SAME : CHECK_DIFFERS;
	return n->addr == next->addr && ipv6_same(n->addr6, next->addr6) ?
	       CHECK_SAME : CHECK_DIFFERS;
}

/* The kernel told one of several ways: the router has to have that one, too. */
static enum check_result compare_group(const struct router *r, const struct group *g,
				       const struct check_addr *addr,
				       const struct check_answer *a)
{
	enum check_result best = g->count ? CHECK_DIFFERS : CHECK_KERNEL, one;
	uint32_t i;

	for (i = 0; i < g->count; i++) {
		one = compare_one(r, g->member[i].adj, addr, a);
		if (one < best)
			best = one;
	}
	return best;
}

static bool punts_all(const struct ports *t, bool six)
{
	return six ? t->punt_all6 || !t->forwarding6 : t->punt_all;
}

enum check_result check_compare(const struct router *r, const struct check_addr *addr,
				const struct check_answer *a)
{
	uint16_t id = lookup(r, addr);
	const struct adj *adj = &r->neigh.adj[id];

	if (punts_all(&r->ports, addr->six) ||
	    (!adj->group && !neigh_behind(&r->neigh, id)))
		return CHECK_KERNEL;
	if (!a->unicast || (!a->learned && r->neigh.neigh[id].mtu != a->mtu))
		return CHECK_DIFFERS;
	if (adj->group)
		return compare_group(r, r->groups.at[adj->group], addr, a);
	return compare_one(r, id, addr, a);
}

/* ---- the kernel's ------------------------------------------------------ */

static uint32_t read_mtu(const struct nlattr *metrics)
{
	const struct nlattr *a;

	mnl_attr_for_each_nested(a, metrics)
		if (mnl_attr_get_type(a) == RTAX_MTU)
			return mnl_attr_get_u32(a);
	return 0;
}

/* Only what was learned from ICMP ends by itself. */
static bool read_expires(const struct nlattr *a)
{
	struct rta_cacheinfo info;

	if (mnl_attr_get_payload_len(a) < sizeof(info))
		return false;
	memcpy(&info, mnl_attr_get_payload(a), sizeof(info));
	return info.rta_expires;
}

/* Its length tells its family. */
static void read_gateway(const uint8_t *bytes, size_t size, struct check_answer *answer)
{
	answer->direct = false;
	answer->gateway.six = size == 16;
	if (size == 16)
		answer->gateway.addr6 = ipv6_load(bytes);
	else if (size == 4)
		answer->gateway.addr = ntohl(load32(bytes));
}

static void read_answer(const struct nlmsghdr *nlh, struct check_answer *answer)
{
	const struct rtmsg *m = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *a;

	answer->unicast = m->rtm_type == RTN_UNICAST;
	mnl_attr_for_each(a, nlh, sizeof(*m)) {
		switch (mnl_attr_get_type(a)) {
		case RTA_OIF:
			answer->oif = mnl_attr_get_u32(a);
			break;
		case RTA_GATEWAY:
			read_gateway(mnl_attr_get_payload(a), mnl_attr_get_payload_len(a),
				     answer);
			break;
		case RTA_VIA:
			read_gateway(mnl_attr_get_payload(a) + sizeof(struct rtvia),
				     mnl_attr_get_payload_len(a) - sizeof(struct rtvia),
				     answer);
			break;
		case RTA_METRICS:
			answer->mtu = read_mtu(a);
			break;
		case RTA_CACHEINFO:
			answer->learned = read_expires(a);
			break;
		}
	}
}

static void put_addr(struct nlmsghdr *nlh, struct rtmsg *m,
		     const struct check_addr *addr)
{
	const uint64_t six[2] = { htobe64(addr->addr6.hi), htobe64(addr->addr6.lo) };

	m->rtm_family = addr->six ? AF_INET6 : AF_INET;
	m->rtm_dst_len = addr->six ? 128 : 32;
	if (addr->six)
		mnl_attr_put(nlh, RTA_DST, sizeof(six), six);
	else
		mnl_attr_put_u32(nlh, RTA_DST, htonl(addr->addr));
}

/* An error is an answer, too: no route. Returns 0 or a negative errno value. */
static int ask(struct check *c, const struct check_addr *addr,
	       struct check_answer *answer)
{
	char buffer[8192];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
	struct rtmsg *m = mnl_nlmsg_put_extra_header(nlh, sizeof(*m));
	ssize_t n;

	*answer = (struct check_answer){ .direct = true };
	nlh->nlmsg_type = RTM_GETROUTE;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	nlh->nlmsg_seq = ++c->seq;
	put_addr(nlh, m, addr);
	if (mnl_socket_sendto(c->socket, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	n = mnl_socket_recvfrom(c->socket, buffer, sizeof(buffer));
	if (n < 0)
		return -errno;
	if (!mnl_nlmsg_ok(nlh, n) || nlh->nlmsg_seq != c->seq)
		return -EBADMSG;
	if (nlh->nlmsg_type == RTM_NEWROUTE && nlh->nlmsg_len >= mnl_nlmsg_size(sizeof(*m)))
		read_answer(nlh, answer);
	return 0;
}

/* ---- both -------------------------------------------------------------- */

static const char *text(const struct check_addr *addr, char *buffer)
{
	const uint64_t six[2] = { htobe64(addr->addr6.hi), htobe64(addr->addr6.lo) };
	const uint32_t four = htonl(addr->addr);

	if (addr->six)
		return inet_ntop(AF_INET6, six, buffer, INET6_ADDRSTRLEN);
	return inet_ntop(AF_INET, &four, buffer, INET6_ADDRSTRLEN);
}

/* gateway: NULL if there is none. */
static void print_way(uint32_t ifindex, const struct check_addr *gateway, uint32_t mtu)
{
	char name[IF_NAMESIZE], buffer[INET6_ADDRSTRLEN];

	if (gateway)
		printf(" via %s", text(gateway, buffer));
	if (if_indextoname(ifindex, name))
		printf(" dev %s", name);
	if (mtu)
		printf(" mtu %u", mtu);
}

static void print_ours(const struct router *r, uint16_t id)
{
	uint16_t leaf = neigh_behind(&r->neigh, id), group = r->neigh.adj[id].group;
	const struct neigh *n = &r->neigh.neigh[leaf];
	const struct check_addr next = { n->six, n->addr, n->addr6 };

	if (group)
		printf(" %u ways", r->groups.at[group]->count);
	else
		print_way(r->ports.port[n->port].ifindex, n->glean ? NULL : &next,
			  r->neigh.neigh[id].mtu);
}

/* The running one says the same. Returns 1 if not, 0, or a negative errno value. */
static int ask_running(struct check *c, const struct check_addr *addr, char *said)
{
	char question[16 + INET6_ADDRSTRLEN], buffer[INET6_ADDRSTRLEN], way[WORDS_WAY];
	char ours[WORDS_WAY + 4];
	int err;

	*said = '\0';
	if (c->running < 0)
		return 0;
	snprintf(question, sizeof(question), "lookup %s", text(addr, buffer));
	err = ask_line(c->running, question, said, WORDS_WAY + 4);
	if (err)
		return -ECONNRESET;
	snprintf(ours, sizeof(ours), "{%s}", words_way(c->l->r, lookup(c->l->r, addr), way));
	if (strcmp(ours, said))
		return 1;
	*said = '\0';
	return 0;
}

static void print_difference(const struct router *r, const struct check_addr *addr,
			     const struct check_answer *a, const char *running)
{
	char buffer[INET6_ADDRSTRLEN];

	printf("%s: europa-router", text(addr, buffer));
	print_ours(r, lookup(r, addr));
	printf(", kernel");
	if (a->unicast)
		print_way(a->oif, a->direct ? NULL : &a->gateway, a->mtu);
	else
		printf(" does not forward");
	if (*running)
		printf(", the running one %s", running);
	printf("\n");
}

/*
 * A route may have changed between the two answers: so a difference counts only
 * if it is still there when all that the kernel has told is in the tables.
 */
static int check(struct check *c, const struct check_addr *addr)
{
	struct check_answer answer;
	enum check_result result;
	unsigned int again = AGAIN;
	char said[WORDS_WAY + 4];
	int err, other;

	for (;;) {
		err = ask(c, addr, &answer);
		if (err)
			return err;
		result = check_compare(c->l->r, addr, &answer);
		other = ask_running(c, addr, said);
		if (other < 0)
			return other;
		if (other)
			result = CHECK_DIFFERS;
		if (result != CHECK_DIFFERS || !again--)
			break;
		err = loop_follow(c->l, FOLLOW);
		if (err && err != -ETIMEDOUT)
			return err;
		if (other)
			usleep(PAUSE);
	}
	c->count[result]++;
	if (result == CHECK_DIFFERS)
		print_difference(c->l->r, addr, &answer, said);
	return 0;
}

static int check4(struct check *c, uint32_t addr)
{
	return check(c, &(struct check_addr){ .addr = addr });
}

static int check6(struct check *c, uint64_t hi, uint64_t lo)
{
	return check(c, &(struct check_addr){ .six = true, .addr6 = { hi, lo } });
}

static int check_borders(struct check *c)
{
	struct fib4 *f = &c->l->r->ip4.fib;
	struct fib4_prefix *prefix = malloc((f->routes + 1) * sizeof(*prefix));
	uint32_t count, i, last;
	int err = 0;

	if (!prefix)
		return -ENOMEM;
	count = fib4_prefixes(f, prefix);
	for (i = 0; i < count && !err; i++) {
		last = prefix[i].dst | (uint32_t)(0xffffffffull >> prefix[i].len);
		err = check4(c, prefix[i].dst);
		err = err ? err : check4(c, last);
		err = err ? err : check4(c, prefix[i].dst - 1);
		err = err ? err : check4(c, last + 1);
	}
	free(prefix);
	return err;
}

/* The same each time, so that a difference can be looked for again. */
static uint64_t random64(struct check *c)
{
	c->random ^= c->random << 13;
	c->random ^= c->random >> 7;
	c->random ^= c->random << 17;
	return c->random;
}

static int check_random(struct check *c, unsigned long n)
{
	int err = 0;

	while (n-- && !err)
		err = check4(c, random64(c) >> 32);
	return err;
}

/* Both ends of an IPv6 prefix, inside and outside. */
static int check_prefix6(struct check *c, const struct fib6_prefix *p)
{
	struct ipv6_addr mask = ipv6_mask(p->len), a = p->dst;
	struct ipv6_addr b = { a.hi | ~mask.hi, a.lo | ~mask.lo };
	int err = check6(c, a.hi, a.lo);

	err = err ? err : check6(c, b.hi, b.lo);
	err = err ? err : check6(c, a.hi - !a.lo, a.lo - 1);
	return err ? err : check6(c, b.hi + !(b.lo + 1), b.lo + 1);
}

/*
 * At random in one of the prefixes: of all the addresses there are hardly one
 * would have a route.
 */
static int check_inside6(struct check *c, const struct fib6_prefix *p)
{
	struct ipv6_addr mask = ipv6_mask(p->len);
	uint64_t hi = random64(c) & ~mask.hi;

	return check6(c, p->dst.hi | hi, p->dst.lo | (random64(c) & ~mask.lo));
}

static int check_all6(struct check *c, unsigned long random)
{
	struct fib6 *f = &c->l->r->ip6.fib;
	struct fib6_prefix *prefix = malloc((f->routes + 1) * sizeof(*prefix));
	uint32_t count, i;
	int err = 0;

	if (!prefix)
		return -ENOMEM;
	count = fib6_prefixes(f, prefix);
	for (i = 0; i < count && !err; i++)
		err = check_prefix6(c, &prefix[i]);
	while (count && random-- && !err)
		err = check_inside6(c, &prefix[random64(c) % count]);
	free(prefix);
	return err;
}

int check_all(struct loop *l, unsigned long random, int running)
{
	struct check c = { .l = l, .running = running, .random = 88172645463325252ull };
	int err;

	c.socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (!c.socket)
		return -errno;
	err = mnl_socket_bind(c.socket, 0, MNL_SOCKET_AUTOPID) < 0 ? -errno : 0;
	if (!err)
		err = check_borders(&c);
	if (!err)
		err = check_random(&c, random);
	if (!err)
		err = check_all6(&c, random);
	mnl_socket_close(c.socket);
	if (err)
		return err;
	printf("%lu the same, %lu left to the kernel, %lu differ\n", c.count[CHECK_SAME],
	       c.count[CHECK_KERNEL], c.count[CHECK_DIFFERS]);
	if (running < 0)
		printf("No europa-router runs here that could be asked, too.\n");
	return c.count[CHECK_DIFFERS] > 255 ? 255 : (int)c.count[CHECK_DIFFERS];
}
