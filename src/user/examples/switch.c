// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * A learning switch between all ports of the VR, as IEEE 802.1D has it, without spanning tree.
 * Frames come and leave as those of policer.c do. What has no known place goes to every port but
 * the one it came from; a super-packet is too long for that and is dropped.
 *
 *	europa-switch
 */
#include "example.h"
#include <time.h>

#define PLACES 4096	/* a power of two */
#define AGE 300		/* seconds without a frame until a place is forgotten: 802.1D's default */

static struct place {
	__u8 mac[6];
	__u16 port;
	time_t seen;
} places[PLACES];

/* Addresses that meet in one place take it from each other: more is flooded, nothing is lost. */
static struct place *place_of(const __u8 *mac)
{
	return &places[(get32(mac + 2) * 2654435761u) >> 20 & (PLACES - 1)];
}

static void learn(const __u8 *mac, unsigned int port)
{
	struct place *p = place_of(mac);

	memcpy(p->mac, mac, 6);
	p->port = port;
	p->seen = time(NULL);
}

static int is_known(const struct place *p, const __u8 *mac)
{
	return time(NULL) - p->seen < AGE && !memcmp(p->mac, mac, 6);
}

/* What is still to be done to the packet, a checksum or a tag, is to be done to the copy, too. */
static void send_copy(struct europa_queue *q, const struct europa_entry *e, unsigned int port)
{
	const struct europa_slot *meta = europa_meta(q, e);
	struct europa_entry copy;
	struct europa_slot *slot;

	if (!europa_spare_get(q, &copy))
		return;
	slot = europa_slot(q, copy.slot);
	memcpy(europa_data(q, &copy), europa_data(q, e), e->bytes);
	if (meta) {
		slot->flags = meta->flags & (EUROPA_SLOT_VLAN | EUROPA_SLOT_CSUM);
		slot->vlan_proto = meta->vlan_proto;
		slot->vlan_tci = meta->vlan_tci;
		slot->csum_start = meta->csum_start;
		slot->csum_offset = meta->csum_offset;
	}
	copy.len = e->bytes;
	europa_send(q, &copy, port, e->bytes);
}

static void flood(struct europa_queue *q, const struct europa_entry *e)
{
	static const __u8 none[6];
	unsigned int i;

	for (i = 0; e->bytes == e->len && i <= EUROPA_PORT_MAX; i++)
		if (i != e->port && memcmp(example_mac[i], none, 6))
			send_copy(q, e, i);
	europa_drop(q, e);
}

/* 01:80:c2:00:00:0x is for this end of the wire only. */
static void forward(struct europa_queue *q, struct europa_entry *e)
{
	const __u8 *frame = europa_data(q, e);
	const struct place *to = place_of(frame);

	learn(frame + 6, e->port);
	if (!memcmp(frame, "\x01\x80\xc2\0\0", 5) && frame[5] < 16)
		europa_drop(q, e);
	else if (frame[0] & 1 || !is_known(to, frame))
		flood(q, e);
	else if (to->port == e->port)
		europa_drop(q, e);
	else
		europa_send(q, e, to->port, 0);
}

int main(void)
{
	return example_run(forward, NULL);
}
