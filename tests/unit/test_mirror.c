// SPDX-License-Identifier: GPL-2.0
/* rtnetlink messages as the kernel sends them, cut short, and at random. */
#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/netconf.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include "unit.h"

#include "mirror.h"

#define VR	3
#define MESSAGES	16

struct bed {
	struct router r;
	struct nlmsghdr *kept[MESSAGES];
	unsigned int count;
};

static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 0x55 };

/* In memory of just its size, so that reading past the end is seen. */
static void deliver(struct router *r, const void *message, size_t size)
{
	void *exact = malloc(size);

	memcpy(exact, message, size);
	if (mnl_nlmsg_ok(exact, size))
		mirror_message(r, exact);
	free(exact);
}

static void tell(struct bed *b, const struct nlmsghdr *nlh)
{
	deliver(&b->r, nlh, nlh->nlmsg_len);
	if (b->count < MESSAGES) {
		b->kept[b->count] = malloc(nlh->nlmsg_len);
		memcpy(b->kept[b->count++], nlh, nlh->nlmsg_len);
	}
	mirror_refresh(&b->r);
	while (!router_work(&b->r, 100000))
		;
}

static void *begin(char *buffer, uint16_t type, size_t size)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);

	nlh->nlmsg_type = type;
	return mnl_nlmsg_put_extra_header(nlh, size);
}

static void link_message(struct bed *b, uint16_t type, unsigned int number,
			 unsigned int vr, unsigned int flags)
{
	char buffer[4096];
	struct nlmsghdr *nlh = (void *)buffer;
	struct ifinfomsg *m = begin(buffer, type, sizeof(*m));
	struct nlattr *info, *data;

	m->ifi_index = 10 + number;
	m->ifi_flags = flags;
	mnl_attr_put_strz(nlh, IFLA_IFNAME, "vr3p0");
	mnl_attr_put_u32(nlh, IFLA_MTU, 1500);
	mnl_attr_put(nlh, IFLA_ADDRESS, 6, mac);
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, "europa");
	data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	mnl_attr_put_u32(nlh, IFLA_EUROPA_VR, vr);
	mnl_attr_put_u32(nlh, IFLA_EUROPA_PORT, number);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
	tell(b, nlh);
}

static void netconf_message(struct bed *b, int ifindex, int forwarding, int rpf)
{
	char buffer[512];
	struct netconfmsg *m = begin(buffer, RTM_NEWNETCONF, sizeof(*m));

	m->ncm_family = AF_INET;
	mnl_attr_put_u32((void *)buffer, NETCONFA_IFINDEX, ifindex);
	mnl_attr_put_u32((void *)buffer, NETCONFA_FORWARDING, forwarding);
	mnl_attr_put_u32((void *)buffer, NETCONFA_RP_FILTER, rpf);
	tell(b, (void *)buffer);
}

static void addr_message(struct bed *b, uint16_t type, uint32_t addr)
{
	char buffer[512];
	struct ifaddrmsg *m = begin(buffer, type, sizeof(*m));

	m->ifa_family = AF_INET;
	m->ifa_index = 10;
	m->ifa_prefixlen = 24;
	mnl_attr_put_u32((void *)buffer, IFA_LOCAL, htonl(addr));
	tell(b, (void *)buffer);
}

static void neigh_message(struct bed *b, uint16_t type, unsigned int number,
			  uint32_t addr, unsigned int state)
{
	char buffer[512];
	struct ndmsg *m = begin(buffer, type, sizeof(*m));

	m->ndm_family = AF_INET;
	m->ndm_ifindex = 10 + number;
	m->ndm_state = state;
	mnl_attr_put_u32((void *)buffer, NDA_DST, htonl(addr));
	if (neigh_usable(state))
		mnl_attr_put((void *)buffer, NDA_LLADDR, 6, mac);
	tell(b, (void *)buffer);
}

struct route {
	uint32_t dst, gateway, metric, oif;
	uint8_t len, type, table, odd;	/* odd: an attribute that forbids */
};

static void route_message(struct bed *b, uint16_t type, unsigned int flags,
			  const struct route *r)
{
	char buffer[512];
	struct nlmsghdr *nlh = (void *)buffer;
	struct rtmsg *m = begin(buffer, type, sizeof(*m));

	nlh->nlmsg_flags = flags;
	m->rtm_family = AF_INET;
	m->rtm_dst_len = r->len;
	m->rtm_table = r->table ? r->table : RT_TABLE_MAIN;
	m->rtm_type = r->type ? r->type : RTN_UNICAST;
	if (r->len)
		mnl_attr_put_u32(nlh, RTA_DST, htonl(r->dst));
	if (r->gateway)
		mnl_attr_put_u32(nlh, RTA_GATEWAY, htonl(r->gateway));
	if (r->oif)
		mnl_attr_put_u32(nlh, RTA_OIF, r->oif);
	if (r->metric)
		mnl_attr_put_u32(nlh, RTA_PRIORITY, r->metric);
	if (r->odd)
		mnl_attr_put_u32(nlh, r->odd, 1);
	tell(b, nlh);
}

static void rule_message(struct bed *b, uint16_t type, unsigned int flags,
			 uint32_t priority, uint8_t table, uint32_t from)
{
	char buffer[512];
	struct nlmsghdr *nlh = (void *)buffer;
	struct fib_rule_hdr *m = begin(buffer, type, sizeof(*m));

	nlh->nlmsg_flags = flags;
	m->family = AF_INET;
	m->action = FR_ACT_TO_TBL;
	m->table = table;
	m->src_len = from ? 32 : 0;
	if (from)
		mnl_attr_put_u32(nlh, FRA_SRC, htonl(from));
	if (priority)
		mnl_attr_put_u32(nlh, FRA_PRIORITY, priority);
	mnl_attr_put_u32(nlh, FRA_TABLE, table);
	mnl_attr_put_u32(nlh, FRA_SUPPRESS_PREFIXLEN, ~0u);
	tell(b, nlh);
}

static void rules(struct bed *b)
{
	rule_message(b, RTM_NEWRULE, NLM_F_MULTI, 0, RT_TABLE_LOCAL, 0);
	rule_message(b, RTM_NEWRULE, NLM_F_MULTI, 32766, RT_TABLE_MAIN, 0);
	rule_message(b, RTM_NEWRULE, NLM_F_MULTI, 32767, RT_TABLE_DEFAULT, 0);
	mirror_rules(&b->r);
	mirror_refresh(&b->r);
}

#define UP (IFF_UP | IFF_RUNNING)

/* Two ports, an address and a connected network each, a neighbour, a route. */
static int setup(void **state)
{
	struct bed *b = calloc(1, sizeof(*b));
	const struct route connected = { .dst = 0x0a010000, .len = 24, .oif = 11 };
	const struct route far = {
		.dst = 0xc0a80000, .len = 16, .gateway = 0x0a010001, .oif = 11,
	};
	const struct route local = {
		.dst = 0x0a000001, .len = 32, .table = RT_TABLE_LOCAL,
		.type = RTN_LOCAL, .oif = 10,
	};

	assert_true(router_init(&b->r));
	b->r.vr = VR;
	link_message(b, RTM_NEWLINK, 0, VR, UP);
	link_message(b, RTM_NEWLINK, 1, VR, UP);
	netconf_message(b, 10, 1, 0);
	netconf_message(b, 11, 1, 0);
	addr_message(b, RTM_NEWADDR, 0x0a000001);
	route_message(b, RTM_NEWROUTE, 0, &connected);
	route_message(b, RTM_NEWROUTE, 0, &far);
	route_message(b, RTM_NEWROUTE, 0, &local);
	neigh_message(b, RTM_NEWNEIGH, 1, 0x0a010001, NUD_REACHABLE);
	neigh_message(b, RTM_NEWNEIGH, 1, 0x0a010009, NUD_STALE);
	rules(b);
	b->r.resync = false;
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bed *b = *state;

	router_exit(&b->r);
	while (b->count)
		free(b->kept[--b->count]);
	free(b);
	return 0;
}

static uint32_t limit(const struct bed *b, uint32_t addr)
{
	return b->r.neigh.adj[fib4_lookup(&b->r.fib, addr)].limit;
}

static bool forwards(const struct bed *b, uint32_t addr)
{
	return limit(b, addr) == 1514;
}

static void test_state(void **state)
{
	struct bed *b = *state;

	assert_int_equal(b->r.ports.count, 2);
	assert_int_equal(b->r.ports.port[0].special, 0);
	assert_int_equal(b->r.ports.port[1].ifindex, 11);
	assert_true(addr4_has(&b->r.own, 0x0a000001));
	assert_true(forwards(b, 0xc0a80505));
	assert_true(forwards(b, 0x0a010001));
	assert_false(forwards(b, 0x0a010002));
	assert_false(forwards(b, 0x0a000001));
	assert_false(forwards(b, 0x08080808));
}

static void test_neighbours(void **state)
{
	struct bed *b = *state;

	neigh_message(b, RTM_NEWNEIGH, 1, 0x0a010002, NUD_REACHABLE);
	assert_true(forwards(b, 0x0a010002));
	neigh_message(b, RTM_NEWNEIGH, 1, 0x0a010002, NUD_FAILED);
	assert_false(forwards(b, 0x0a010002));
	neigh_message(b, RTM_NEWNEIGH, 1, 0x0a010001, NUD_INCOMPLETE);
	assert_false(forwards(b, 0xc0a80505));
	neigh_message(b, RTM_NEWNEIGH, 1, 0x0a010001, NUD_PERMANENT);
	assert_true(forwards(b, 0xc0a80505));
	neigh_message(b, RTM_DELNEIGH, 1, 0x0a010001, NUD_REACHABLE);
	assert_false(forwards(b, 0xc0a80505));
	assert_false(forwards(b, 0x0a010001));
	/* On the other port it is no neighbour of this network's. */
	neigh_message(b, RTM_NEWNEIGH, 0, 0x0a010003, NUD_REACHABLE);
	assert_false(forwards(b, 0x0a010003));
}

static void test_routes(void **state)
{
	static const uint8_t odd[] = {
		RTA_MULTIPATH, RTA_NH_ID, RTA_VIA, RTA_ENCAP, RTA_ENCAP_TYPE,
	};
	struct bed *b = *state;
	struct route r = { .dst = 0xc0a80500, .len = 24, .gateway = 0x0a010001,
			   .oif = 11 };
	unsigned int i;

	r.type = RTN_BLACKHOLE;
	route_message(b, RTM_NEWROUTE, 0, &r);
	assert_false(forwards(b, 0xc0a80505));
	route_message(b, RTM_DELROUTE, 0, &r);
	assert_true(forwards(b, 0xc0a80505));
	r.type = RTN_UNICAST;
	for (i = 0; i < sizeof(odd); i++) {
		r.odd = odd[i];
		route_message(b, RTM_NEWROUTE, 0, &r);
		assert_false(forwards(b, 0xc0a80505));
		route_message(b, RTM_DELROUTE, 0, &r);
		assert_true(forwards(b, 0xc0a80505));
	}
	assert_false(b->r.resync);
	r.odd = 0;
	r.oif = 77;
	route_message(b, RTM_NEWROUTE, 0, &r);
	assert_false(forwards(b, 0xc0a80505));
	r.oif = 11;
	route_message(b, RTM_NEWROUTE, NLM_F_REPLACE, &r);
	assert_true(forwards(b, 0xc0a80505));
	r.table = 100;
	r.type = RTN_BLACKHOLE;
	route_message(b, RTM_NEWROUTE, 0, &r);
	assert_true(forwards(b, 0xc0a80505));
	r.table = RT_TABLE_MAIN;
	r.metric = 5;
	route_message(b, RTM_NEWROUTE, 0, &r);
	assert_true(forwards(b, 0xc0a80505));
	route_message(b, RTM_DELROUTE, 0, &r);
	assert_false(b->r.resync);
	route_message(b, RTM_DELROUTE, 0, &r);
	assert_true(b->r.resync);
}

static void test_links(void **state)
{
	struct bed *b = *state;

	link_message(b, RTM_NEWLINK, 1, VR, IFF_UP);
	assert_false(forwards(b, 0xc0a80505));
	assert_true(b->r.resync);
	link_message(b, RTM_NEWLINK, 1, VR, UP);
	assert_true(forwards(b, 0xc0a80505));
	link_message(b, RTM_DELLINK, 1, VR, 0);
	assert_int_equal(b->r.ports.count, 1);
	assert_false(forwards(b, 0xc0a80505));
	link_message(b, RTM_NEWLINK, 5, VR + 1, UP);
	assert_int_equal(b->r.ports.count, 1);
}

static void test_who_forwards(void **state)
{
	struct bed *b = *state;

	netconf_message(b, 10, 0, 0);
	assert_int_equal(b->r.ports.port[0].special, PORT_PUNT);
	netconf_message(b, 10, 1, 0);
	netconf_message(b, NETCONFA_IFINDEX_ALL, 0, 1);
	assert_int_equal(b->r.ports.port[0].special, PORT_RPF_STRICT);
	netconf_message(b, 10, 1, 2);
	assert_int_equal(b->r.ports.port[0].special, PORT_RPF_LOOSE);
	netconf_message(b, 10, 1, 0);
	netconf_message(b, NETCONFA_IFINDEX_ALL, 0, 0);
	assert_int_equal(b->r.ports.port[0].special, 0);
	rule_message(b, RTM_NEWRULE, 0, 100, RT_TABLE_MAIN, 0x01020304);
	assert_int_equal(b->r.ports.port[0].special, PORT_PUNT);
	rule_message(b, RTM_DELRULE, 0, 100, RT_TABLE_MAIN, 0x01020304);
	assert_true(b->r.resync);
	memset(&b->r.rules_dump, 0, sizeof(b->r.rules_dump));
	rules(b);
	assert_int_equal(b->r.ports.port[0].special, 0);
	memset(&b->r.rules_dump, 0, sizeof(b->r.rules_dump));
	mirror_rules(&b->r);
	mirror_refresh(&b->r);
	assert_int_equal(b->r.ports.port[0].special, PORT_PUNT);
}

/* What is not told again after router_mark() is gone. */
static void test_resync(void **state)
{
	struct bed *b = *state;
	const struct route far = {
		.dst = 0xc0a80000, .len = 16, .gateway = 0x0a010001, .oif = 11,
	};

	router_mark(&b->r);
	assert_true(forwards(b, 0xc0a80505));
	link_message(b, RTM_NEWLINK, 1, VR, UP);
	route_message(b, RTM_NEWROUTE, NLM_F_MULTI, &far);
	neigh_message(b, RTM_NEWNEIGH, 1, 0x0a010001, NUD_REACHABLE);
	assert_true(forwards(b, 0xc0a80505));
	router_sweep(&b->r);
	while (!router_work(&b->r, 100))
		;
	assert_true(forwards(b, 0xc0a80505));
	assert_int_equal(b->r.ports.count, 1);
	assert_false(addr4_has(&b->r.own, 0x0a000001));
	assert_false(forwards(b, 0x0a010009));
	assert_false(forwards(b, 0xe0000001));
	assert_int_equal(b->r.fib.routes, 6);
}

/* Every message, every length, the lengths inside it unchanged. */
static void test_truncated(void **state)
{
	struct bed *b = *state;
	unsigned int i;
	uint32_t len;

	for (i = 0; i < b->count; i++) {
		for (len = NLMSG_HDRLEN; len < b->kept[i]->nlmsg_len; len++) {
			struct nlmsghdr *m = malloc(len);

			memcpy(m, b->kept[i], len);
			m->nlmsg_len = len;
			deliver(&b->r, m, len);
			free(m);
		}
	}
	while (!router_work(&b->r, 100000))
		;
}

static void test_random(void **state)
{
	struct bed *b = *state;
	uint64_t seed = 99;
	unsigned int i, n;

	for (i = 0; i < 300000; i++) {
		const struct nlmsghdr *from = b->kept[below(&seed, b->count)];
		uint8_t *m = malloc(from->nlmsg_len);

		memcpy(m, from, from->nlmsg_len);
		for (n = 1 + below(&seed, 6); n; n--)
			m[4 + below(&seed, from->nlmsg_len - 4)] = random32(&seed);
		if (below(&seed, 8) == 0)
			((struct nlmsghdr *)m)->nlmsg_type = from->nlmsg_type ^ 1;
		deliver(&b->r, m, from->nlmsg_len);
		free(m);
		if (i % 16 == 0)
			router_work(&b->r, 50);
		if (i % 5000 == 0) {
			router_mark(&b->r);
			router_sweep(&b->r);
		}
	}
	while (!router_work(&b->r, 100000))
		;
	router_mark(&b->r);
	router_sweep(&b->r);
	while (!router_work(&b->r, 100000))
		;
	assert_int_equal(b->r.fib.routes, 4);
	for (i = 1; i < b->r.neigh.used; i++)
		assert_int_equal(b->r.neigh.neigh[i].refs, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_state), T(test_neighbours), T(test_routes), T(test_links),
		T(test_who_forwards), T(test_resync), T(test_truncated),
		T(test_random),
	};

	return cmocka_run_group_tests_name("mirror", tests, NULL, NULL);
}
