// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include "port.h"

int port_find(const struct ports *t, uint32_t ifindex)
{
	unsigned int i;

	for (i = 0; i < t->count; i++)
		if (t->port[t->used[i]].ifindex == ifindex)
			return t->used[i];
	return -1;
}

/* Not one that was another's just now, to which routes may still lead. */
int port_vlan(const struct ports *t, uint32_t ifindex)
{
	int number = port_find(t, ifindex);
	unsigned int i;

	if (number >= 0)
		return number > EUROPA_PORT_MAX ? number : -1;
	for (i = 0; i < PORT_VLANS; i++) {
		number = EUROPA_PORT_MAX + 1 + (t->turn + i) % PORT_VLANS;
		if (!t->port[number].ifindex)
			return number;
	}
	return -1;
}

static unsigned int bucket_of(unsigned int port, unsigned int vlan)
{
	return (port * 31 + vlan) % PORT_BUCKETS;
}

unsigned int port_tagged(const struct ports *t, unsigned int port, unsigned int vlan)
{
	unsigned int i = grace_read(t->bucket[bucket_of(port, vlan)]);

	while (i && (shared_load(t->port[i].port) != port || shared_load(t->port[i].vlan) != vlan))
		i = grace_read(t->port[i].next);
	return i;
}

/* On a port of this VR, and not on a VLAN interface. */
static uint16_t stands_on(const struct ports *t, const struct port *p)
{
	int number = port_find(t, p->link);

	return number >= 0 && number <= EUROPA_PORT_MAX ? number : PORT_NONE;
}

/*
 * The buckets are filled anew. Who looks meanwhile may miss one, whose packet the
 * kernel gets; it comes to an end, as an entry that was put in leads only to such
 * that were put in before, and the others go on as they did.
 */
void port_stack(struct ports *t, void (*changed)(void *arg, unsigned int number), void *arg)
{
	unsigned int i, number;

	if (!t->moved)
		return;
	t->moved = false;
	for (i = 0; i < PORT_BUCKETS; i++)
		shared_store(t->bucket[i], 0);
	for (i = 0; i < t->count; i++) {
		struct port *p = &t->port[number = t->used[i]];
		uint16_t old = p->port, *bucket;

		if (!p->vlan)
			continue;
		shared_store(p->port, stands_on(t, p));
		if (p->port != old)
			changed(arg, number);
		if (p->port == PORT_NONE)
			continue;
		bucket = &t->bucket[bucket_of(p->port, p->vlan)];
		shared_publish(p->next, *bucket);
		shared_publish(*bucket, number);
	}
}

/*
 * RP_FILTER in effect is the greater of the device's and all's. Without an address
 * there is nothing loose about it: the kernel takes only what is routed there.
 */
static uint8_t special(const struct ports *t, const struct port *p)
{
	uint8_t rpf = p->rp_filter > t->rp_filter_all ? p->rp_filter :
							t->rp_filter_all;

	if (t->punt_all || !p->forwarding || !p->up || p->enslaved)
		return PORT_PUNT;
	if (rpf == 1 || (rpf && !p->on4))
		return PORT_RPF_STRICT;
	return rpf || t->local_routes ? PORT_RPF_LOOSE : 0;
}

/*
 * Where IPv6 is switched off (disable_ipv6, an MTU below 1280) the kernel takes
 * no packets; what it tells of that is that the addresses go.
 */
static uint8_t special6(const struct ports *t, const struct port *p)
{
	if (t->punt_all6 || !t->forwarding6 || !p->on6 || !p->up || p->enslaved)
		return PORT_PUNT;
	return 0;
}

void port_refresh(struct ports *t)
{
	unsigned int i;

	for (i = 0; i < t->count; i++) {
		struct port *p = &t->port[t->used[i]];

		shared_store(p->special, special(t, p));
		shared_store(p->special6, special6(t, p));
	}
}

static uint64_t address_word(const uint8_t *address)
{
	uint8_t frame[8] = { 0 };

	memcpy(frame, address, 6);
	return port_mac(frame);
}

/* Packets to another address are punted until all is in its place. */
static void overwrite(struct port *p, const struct port *to)
{
	if (p->mac != to->mac || p->ifindex != to->ifindex) {
		shared_publish(p->special, PORT_PUNT);
		shared_publish(p->special6, PORT_PUNT);
	}
	memcpy(p->address, to->address, sizeof(p->address));
	p->enslaved = to->enslaved;
	p->forwarding = to->forwarding;
	p->rp_filter = to->rp_filter;
	p->generation = to->generation;
	p->on4 = to->on4;
	p->on6 = to->on6;
	p->mtu = to->mtu;
	p->mtu6 = to->mtu6;
	p->ifindex = to->ifindex;
	p->link = to->link;
	shared_store(p->quiet, to->quiet);
	shared_store(p->asked, to->asked);
	shared_store(p->up, to->up);
	shared_store(p->vlan, to->vlan);
	shared_store(p->port, to->port);
	shared_publish(p->mac, to->mac);
	shared_publish(p->special, to->special);
	shared_publish(p->special6, to->special6);
}

bool port_set(struct ports *t, unsigned int number, const struct port *p)
{
	struct port *old = &t->port[number], new = *p;
	bool fresh = old->ifindex != p->ifindex;

	if (!old->ifindex) {
		t->used[t->count++] = number;
		t->vlans += p->vlan != 0;
		if (p->vlan)
			t->turn = number - EUROPA_PORT_MAX;
	}
	if (!fresh) {
		new.forwarding = old->forwarding;
		new.rp_filter = old->rp_filter;
		new.on4 = old->on4;
		new.on6 = old->on6;
		new.quiet = old->quiet;
		new.asked = shared_load(old->asked);
	}
	new.port = p->vlan ? PORT_NONE : number;
	if (!fresh && p->vlan)
		new.port = old->port;
	t->moved = true;
	new.mac = address_word(p->address);
	new.generation = t->generation;
	new.special = special(t, &new);
	new.special6 = special6(t, &new);
	overwrite(old, &new);
	return fresh;
}

void port_unset(struct ports *t, unsigned int number)
{
	static const struct port none = { .special = PORT_PUNT, .special6 = PORT_PUNT };
	unsigned int i;

	for (i = 0; i < t->count; i++) {
		if (t->used[i] != number)
			continue;
		t->used[i] = t->used[--t->count];
		t->vlans -= t->port[number].vlan != 0;
		t->moved = true;
		overwrite(&t->port[number], &none);
		return;
	}
}
