// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * An end point of VXLAN (RFC 7348) with one other end, for example Linux's own: frames of port 0
 * go to it through port 1. The kernel, which has address LOCAL at port 1, answers ARP there.
 *
 *	europa-vxlan VNI LOCAL REMOTE MAC	# IPv4 addresses; MAC: of the way to REMOTE
 *
 * What label.c says of frames for others, of 18 bytes and of segmentation offload holds here, with
 * 50 bytes.
 */
#include "example.h"
#include <arpa/inet.h>
#include <stdlib.h>

#define EXTRA 50	/* bytes: Ethernet 14, IPv4 20, UDP 8, VXLAN 8 */
#define PORT 4789

static __u8 headers[EXTRA];	/* as they are sent, but for lengths, source port and checksum */

/* The source port is made of the inner addresses, so that a flow keeps its way (RFC 7348, 5). */
static unsigned int source_port(const __u8 *frame)
{
	return 0xc000 | ((get32(frame + 2) ^ get32(frame + 8)) * 2654435761u) >> 18;
}

/* UDP's checksum is 0: none, as RFC 7348 wants it. */
static void encapsulate(struct europa_queue *q, struct europa_entry *e)
{
	unsigned int port = source_port(europa_data(q, e));
	__u8 *p;

	e->offset -= EXTRA;
	e->len += EXTRA;
	p = europa_data(q, e);
	memcpy(p, headers, EXTRA);
	memcpy(p + 6, example_mac[1], 6);
	put16(p + 16, e->len - 14);
	put16(p + 24, checksum(p + 14, 20));
	put16(p + 34, port);
	put16(p + 38, e->len - 34);
	europa_send(q, e, 1, EXTRA);
}

/* From the other end, to this one, with this VNI; without options or fragments. */
static int is_ours(const __u8 *p, const struct europa_entry *e)
{
	return e->bytes >= EXTRA + 14 && !memcmp(p + 12, headers + 12, 3) &&
	       !(get16(p + 20) & 0x3fff) && p[23] == 17 && !memcmp(p + 26, headers + 30, 4) &&
	       !memcmp(p + 30, headers + 26, 4) && get16(p + 36) == PORT && p[42] & 8 &&
	       !memcmp(p + 46, headers + 46, 3);
}

static void packet(struct europa_queue *q, struct europa_entry *e)
{
	if (!e->port) {
		encapsulate(q, e);
	} else if (is_ours(europa_data(q, e), e)) {
		e->offset += EXTRA;
		e->len -= EXTRA;
		europa_send(q, e, 0, 0);
	} else {
		europa_punt(q, e);
	}
}

int main(int argc, char **argv)
{
	if (argc != 5 || inet_pton(AF_INET, argv[2], headers + 26) != 1 ||
	    inet_pton(AF_INET, argv[3], headers + 30) != 1 || parse_mac(argv[4], headers)) {
		fprintf(stderr, "usage: europa-vxlan VNI LOCAL REMOTE MAC\n");
		return 1;
	}
	memcpy(headers + 12, "\x08\x00\x45", 3);
	put16(headers + 20, 0x4000);		/* not to be fragmented */
	headers[22] = 64;
	headers[23] = 17;
	put16(headers + 36, PORT);
	headers[42] = 8;			/* there is a VNI */
	put32(headers + 46, (__u32)atoi(argv[1]) << 8);
	return example_run(packet, NULL);
}
