// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* VLAN interfaces on the router's ports: what the kernel tells, and frames by them. */
#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_vlan.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include "datapath_bed.h"
#include "mirror.h"

#define PORT0	10	/* ifindex; port 1 has 11 */
#define UP	(IFF_UP | IFF_RUNNING)

static const uint8_t vlan_address[6] = { 2, 0, 0, 0, 0, 0x77 };

/* What a VLAN interface's message may say. */
struct told {
	uint32_t ifindex, link, flags, mtu;
	uint16_t id, type, protocol, reorder;
	bool elsewhere;		/* what it stands on is in another namespace */
	uint16_t qos;		/* IFLA_VLAN_*_QOS */
	bool enslaved;
};

static void tell_link(struct bed *b, const struct told *v)
{
	const struct ifla_vlan_flags reorder = { v->reorder, ~0u };
	char buffer[1024];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
	struct ifinfomsg *m = mnl_nlmsg_put_extra_header(nlh, sizeof(*m));
	struct nlattr *info, *data;
	struct message read;

	nlh->nlmsg_type = v->type ? v->type : RTM_NEWLINK;
	m->ifi_index = v->ifindex;
	m->ifi_flags = v->flags;
	mnl_attr_put_u32(nlh, IFLA_MTU, v->mtu);
	mnl_attr_put(nlh, IFLA_ADDRESS, 6, vlan_address);
	mnl_attr_put_u32(nlh, IFLA_LINK, v->link);
	if (v->elsewhere)
		mnl_attr_put_u32(nlh, IFLA_LINK_NETNSID, 0);
	if (v->enslaved)
		mnl_attr_put_u32(nlh, IFLA_MASTER, 99);
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, "vlan");
	data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	mnl_attr_put_u16(nlh, IFLA_VLAN_ID, v->id);
	mnl_attr_put_u16(nlh, IFLA_VLAN_PROTOCOL, htons(v->protocol));
	mnl_attr_put(nlh, IFLA_VLAN_FLAGS, sizeof(reorder), &reorder);
	if (v->qos)
		mnl_attr_nest_end(nlh, mnl_attr_nest_start(nlh, v->qos));
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
	assert_true(message_read(nlh, &read));
	mirror_apply(&b->r, &read);
	rules_begin(&b->r.ip4.rules);
	b->r.ip4.rules.now = b->r.ip6.rules.now = (struct rules_count){ .defaults = 3 };
	mirror_refresh(&b->r);
}

/* On a port, its number, right but for what is set in it after. */
static struct told vlan(uint32_t ifindex, uint32_t link, uint16_t id)
{
	return (struct told){
		.ifindex = ifindex, .link = link, .id = id, .flags = UP, .mtu = 1500,
		.protocol = ETH_P_8021Q, .reorder = VLAN_FLAG_REORDER_HDR,
	};
}

/* It is there, with forwarding on. */
static unsigned int add(struct bed *b, uint32_t ifindex, uint32_t link, uint16_t id)
{
	const struct told v = vlan(ifindex, link, id);
	int number;

	tell_link(b, &v);
	number = port_find(&b->r.ports, ifindex);
	assert_in_range(number, EUROPA_PORT_MAX + 1, PORT_MAX);
	b->r.ports.port[number].forwarding = 1;
	port_refresh(&b->r.ports);
	return number;
}

/* A route by a neighbour behind an interface. */
static uint16_t behind(struct bed *b, unsigned int number, uint32_t dst, uint32_t gateway)
{
	struct fib4_route route = { .dst = dst, .len = 8, .kind = FIB4_MAIN };

	route.adj = neigh_get(&b->r.neigh, number, gateway);
	neigh_set(&b->r.neigh, route.adj, NUD_REACHABLE, peer_address);
	fib4_add(&b->r.ip4.fib, &route);
	router_work(&b->r, 100000);
	return route.adj;
}

static void tag(struct bed *b, uint16_t tci)
{
	b->meta.flags = EUROPA_SLOT_VLAN;
	b->meta.vlan_proto = htons(ETH_P_8021Q);
	b->meta.vlan_tci = tci;
}

/* Sent by a port, with a tag or (0) none. */
static void leaves(struct bed *b, const struct europa_slot *meta, unsigned int port, uint16_t id)
{
	struct europa_entry e = pass(b, 98, 0, meta);
	const struct europa_slot *s = fake_slot(&b->k, e.slot);

	assert_int_equal(e.op, EUROPA_OP_SEND);
	assert_int_equal(e.port, port);
	assert_memory_equal(fake_data(&b->k, &e), peer_address, 6);
	assert_memory_equal(fake_data(&b->k, &e) + 6, id ? vlan_address : port_address[port], 6);
	assert_int_equal(s->flags & EUROPA_SLOT_VLAN, id ? EUROPA_SLOT_VLAN : 0);
	if (!id)
		return;
	assert_int_equal(s->vlan_proto, htons(ETH_P_8021Q));
	assert_int_equal(s->vlan_tci, id);
}

static void test_out(void **state)
{
	struct bed *b = *state;
	unsigned int number = add(b, 30, PORT0 + 1, 10);
	uint16_t id = behind(b, number, 0x15000000, 0x1e000001), clamped;

	build(b->frame, SRC, 0x15000001, 98);
	leaves(b, NULL, 1, 10);
	/* The tag does not count for the MTU. */
	build(b->frame, SRC, 0x15000001, 1514);
	assert_int_equal(pass(b, 1514, 0, NULL).op, EUROPA_OP_SEND);
	build(b->frame, SRC, 0x15000001, 1515);
	punts_meta(b, 1515, 0, NULL, PUNT_MTU);
	clamped = neigh_clamp(&b->r.neigh, id, 1400);
	assert_int_equal(adj_limit(&b->r.neigh.adj[clamped]), 1414);
	neigh_put(&b->r.neigh, clamped);
	build(b->frame, SRC, 0x15000001, 98);
	neigh_set(&b->r.neigh, id, NUD_FAILED, NULL);
	punts(b, PUNT_NEIGH);
	neigh_set(&b->r.neigh, id, NUD_REACHABLE, peer_address);
	leaves(b, NULL, 1, 10);
	/* As one of several ways. */
	{
		struct group_member m[2] = { { .adj = id, .weight = 1 }, { .adj = id, .weight = 1 } };

		by_group(b, group_get(&b->r.groups, m, 2), 0);
		build(b->frame, SRC, 0x14000001, 98);
		leaves(b, NULL, 1, 10);
	}
}

static void test_in(void **state)
{
	struct bed *b = *state;
	unsigned int number = add(b, 30, PORT0, 10);
	struct port *p = &b->r.ports.port[number];

	memcpy(b->frame, vlan_address, 6);
	tag(b, 10);
	leaves(b, &b->meta, 1, 0);
	/* Any priority; another number, another kind. */
	tag(b, 0xf00a);
	leaves(b, &b->meta, 1, 0);
	tag(b, 11);
	punts_meta(b, 98, 0, &b->meta, PUNT_VLAN);
	tag(b, 0);
	punts_meta(b, 98, 0, &b->meta, PUNT_VLAN);
	tag(b, 10);
	b->meta.vlan_proto = htons(ETH_P_8021AD);
	punts_meta(b, 98, 0, &b->meta, PUNT_VLAN);
	/* It is the interface's address and settings that count. */
	tag(b, 10);
	memcpy(b->frame, port_address[0], 6);
	punts_meta(b, 98, 0, &b->meta, PUNT_MAC);
	memcpy(b->frame, vlan_address, 6);
	p->rp_filter = 1;
	port_refresh(&b->r.ports);
	punts_meta(b, 98, 0, &b->meta, PUNT_RPF);
	behind(b, number, 0x1f000000, 0x1e000001);
	build(b->frame, 0x1f000001, DST, 98);
	memcpy(b->frame, vlan_address, 6);
	leaves(b, &b->meta, 1, 0);
	p->forwarding = 0;
	port_refresh(&b->r.ports);
	punts_meta(b, 98, 0, &b->meta, PUNT_OFF);
	/* The port has none of it. */
	build(b->frame, SRC, DST, 98);
	sends(b, 98, 0, NULL, 98);
}

/* From one VLAN to the other, on one port; and back into the same. */
static void test_between(void **state)
{
	struct bed *b = *state;
	unsigned int ten = add(b, 30, PORT0, 10), eleven = add(b, 31, PORT0, 11);

	behind(b, ten, 0x15000000, 0x1e000001);
	behind(b, eleven, 0x16000000, 0x1e000002);
	build(b->frame, SRC, 0x16000001, 98);
	memcpy(b->frame, vlan_address, 6);
	tag(b, 10);
	leaves(b, &b->meta, 0, 11);
	build(b->frame, SRC, 0x15000001, 98);
	memcpy(b->frame, vlan_address, 6);
	punts_meta(b, 98, 0, &b->meta, PUNT_SAME);
	b->r.ports.port[ten].quiet = true;
	leaves(b, &b->meta, 0, 10);
	/* From the port itself into its VLAN. */
	memcpy(b->frame, port_address[0], 6);
	leaves(b, NULL, 0, 10);
}

static void test_told(void **state)
{
	struct bed *b = *state;
	struct told odd[] = {
		vlan(30, PORT0, 10), vlan(30, PORT0, 10), vlan(30, PORT0, 10),
		vlan(30, PORT0, 10), vlan(30, PORT0, 10), vlan(30, 0, 10),
	};
	unsigned int i, number;

	odd[0].protocol = ETH_P_8021AD;
	odd[1].reorder = 0;
	odd[2].qos = IFLA_VLAN_EGRESS_QOS;
	odd[3].qos = IFLA_VLAN_INGRESS_QOS;
	odd[4].elsewhere = true;
	for (i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		tell_link(b, &odd[i]);
		assert_int_equal(port_find(&b->r.ports, 30), -1);
		/* One that becomes so is none any more. */
		add(b, 30, PORT0, 10);
		b->r.resync = false;
		tell_link(b, &odd[i]);
		assert_int_equal(port_find(&b->r.ports, 30), -1);
		assert_int_equal(port_tagged(&b->r.ports, 0, 10), 0);
		assert_true(b->r.resync);
	}
	/* In a bridge or VRF its packets are not routed so. */
	number = add(b, 30, PORT0, 10);
	assert_int_equal(b->r.ports.port[number].special, 0);
	odd[0] = vlan(30, PORT0, 10);
	odd[0].enslaved = true;
	tell_link(b, &odd[0]);
	assert_int_equal(b->r.ports.port[number].special, PORT_PUNT);
	assert_int_equal(b->r.ports.vlans, 1);
	assert_int_equal(b->r.ports.count, 3);
	odd[0].type = RTM_DELLINK;
	tell_link(b, &odd[0]);
	assert_int_equal(b->r.ports.vlans, 0);
	assert_int_equal(b->r.ports.count, 2);
	assert_int_not_equal(add(b, 31, PORT0, 11), number);
}

/* It may be told before what it stands on, which may go, or be no port at all. */
static void test_stack(void **state)
{
	struct bed *b = *state;
	unsigned int number = add(b, 30, 77, 10);
	struct port p = b->r.ports.port[1];

	behind(b, number, 0x15000000, 0x1e000001);
	build(b->frame, SRC, 0x15000001, 98);
	punts(b, PUNT_VLAN);
	assert_int_equal(port_tagged(&b->r.ports, 1, 10), 0);
	p.ifindex = 77;
	port_set(&b->r.ports, 1, &p);
	mirror_refresh(&b->r);
	assert_int_equal(port_tagged(&b->r.ports, 1, 10), number);
	leaves(b, NULL, 1, 10);
	port_unset(&b->r.ports, 1);
	mirror_refresh(&b->r);
	punts(b, PUNT_VLAN);
	assert_int_equal(port_tagged(&b->r.ports, 1, 10), 0);
	/* One on a VLAN interface. */
	number = add(b, 31, 30, 11);
	assert_int_equal(b->r.ports.port[number].port, PORT_NONE);
}

static void test_many(void **state)
{
	struct bed *b = *state;
	struct told v;
	uint32_t i;

	for (i = 0; i < PORT_VLANS; i++)
		add(b, 100 + i, PORT0 + i % 2, 1 + i);
	for (i = 0; i < PORT_VLANS; i++)
		assert_int_equal(port_tagged(&b->r.ports, i % 2, 1 + i),
				 port_find(&b->r.ports, 100 + i));
	assert_int_equal(port_tagged(&b->r.ports, 1, 1), 0);
	v = vlan(5000, PORT0, 4000);
	tell_link(b, &v);
	assert_int_equal(port_find(&b->r.ports, 5000), -1);
	/* There is room again. */
	v = vlan(100, PORT0, 1);
	v.type = RTM_DELLINK;
	tell_link(b, &v);
	add(b, 5000, PORT0, 4000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_out), T(test_in), T(test_between), T(test_told), T(test_stack),
		T(test_many),
	};

	return cmocka_run_group_tests_name("vlan", tests, NULL, NULL);
}
