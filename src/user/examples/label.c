// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * A protocol of one's own between two VRs: frames of port 0 cross port 1's network inside frames
 * of EtherType 0x88b5, which IEEE 802 leaves for local use, and come out at port 0 of the other VR.
 *
 *	europa-label LABEL MAC	# LABEL: 0 ... 65535; MAC: of the other VR's port 1
 *
 *	| MAC | own MAC | 88b5 | label | 0 | the frame, from its Ethernet header on
 *
 * Port 0 gets frames for others as policer.c does. The network at port 1 carries 18 bytes more
 * than the hosts send, whose segmentation offload is off: what a super-packet's segments would
 * start with cannot be changed.
 */
#include "example.h"
#include <stdlib.h>

#define EXTRA 18	/* bytes before the frame */
#define LOCAL_EXPERIMENTAL 0x88b5

static unsigned int label;
static __u8 other[6];

/* The slot has free room before the frame. */
static void wrap(struct europa_queue *q, struct europa_entry *e)
{
	__u8 *p;

	e->offset -= EXTRA;
	e->len += EXTRA;
	p = europa_data(q, e);
	memcpy(p, other, 6);
	memcpy(p + 6, example_mac[1], 6);
	put16(p + 12, LOCAL_EXPERIMENTAL);
	put16(p + 14, label);
	put16(p + 16, 0);
	europa_send(q, e, 1, EXTRA);
}

static void unwrap(struct europa_queue *q, struct europa_entry *e)
{
	e->offset += EXTRA;
	e->len -= EXTRA;
	europa_send(q, e, 0, 0);
}

static int is_ours(const __u8 *p, const struct europa_entry *e)
{
	return e->bytes >= EXTRA + 14 && get16(p + 12) == LOCAL_EXPERIMENTAL &&
	       get16(p + 14) == label && !memcmp(p + 6, other, 6);
}

static void packet(struct europa_queue *q, struct europa_entry *e)
{
	if (!e->port)
		wrap(q, e);
	else if (is_ours(europa_data(q, e), e))
		unwrap(q, e);
	else
		europa_punt(q, e);
}

int main(int argc, char **argv)
{
	if (argc != 3 || parse_mac(argv[2], other)) {
		fprintf(stderr, "usage: europa-label LABEL MAC\n");
		return 1;
	}
	label = atoi(argv[1]);
	return example_run(packet, NULL);
}
