// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * A router on packet sockets at their best, for comparison: packets are received in
 * shared memory (TPACKET_V3), in blocks, without a copy by a system call, and sent
 * together, by one sendmmsg() for those of a block.
 */
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "../plain.h"

#define BLOCK_BYTES	(1 << 16)
#define BLOCKS		64
#define FRAME_BYTES	2048
#define RETIRE_MS	1	/* a block that is not full waits no longer */

struct socket {
	int rx, tx;
	uint8_t *blocks;
	unsigned int block;	/* the next one to come */
};

struct batch {
	struct mmsghdr messages[PLAIN_BURST];
	struct iovec frames[PLAIN_BURST];
	unsigned int count;
};

static struct socket sockets[PLAIN_PORTS];
static struct batch batches[PLAIN_PORTS];

/* Protocol 0: it hears nothing. */
static int open_one(const char *device, uint16_t protocol)
{
	struct sockaddr_ll sll = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(protocol),
		.sll_ifindex = if_nametoindex(device),
	};
	int fd = socket(AF_PACKET, SOCK_RAW, 0), yes = 1;

	if (fd < 0 || !sll.sll_ifindex ||
	    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &yes, sizeof(yes)) ||
	    bind(fd, (struct sockaddr *)&sll, sizeof(sll)))
		return plain_fail(device);
	return fd;
}

static int open_port(unsigned int i)
{
	struct socket *s = &sockets[i];
	const char *device = plain_ports[i].device;
	struct tpacket_req3 r = {
		.tp_block_size = BLOCK_BYTES,
		.tp_block_nr = BLOCKS,
		.tp_frame_size = FRAME_BYTES,
		.tp_frame_nr = BLOCKS * (BLOCK_BYTES / FRAME_BYTES),
		.tp_retire_blk_tov = RETIRE_MS,
	};
	int version = TPACKET_V3;

	s->rx = open_one(device, ETH_P_IP);
	s->tx = open_one(device, 0);
	if (s->rx < 0 || s->tx < 0)
		return -1;
	if (setsockopt(s->rx, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) ||
	    setsockopt(s->rx, SOL_PACKET, PACKET_RX_RING, &r, sizeof(r)))
		return plain_fail(device);
	s->blocks = mmap(NULL, BLOCK_BYTES * BLOCKS, PROT_READ | PROT_WRITE,
			 MAP_SHARED, s->rx, 0);
	return s->blocks == MAP_FAILED ? plain_fail(device) : s->rx;
}

static void flush(unsigned int out)
{
	struct batch *b = &batches[out];

	if (b->count)
		sendmmsg(sockets[out].tx, b->messages, b->count, 0);
	b->count = 0;
}

static void route(unsigned int in, struct tpacket3_hdr *h)
{
	uint8_t *frame = (uint8_t *)h + h->tp_mac;
	struct batch *b;
	size_t length;
	int out = plain_route(in, frame, h->tp_snaplen, &length);

	if (out < 0)
		return;
	b = &batches[out];
	b->frames[b->count] = (struct iovec){ frame, length };
	b->messages[b->count].msg_hdr.msg_iov = &b->frames[b->count];
	b->messages[b->count].msg_hdr.msg_iovlen = 1;
	if (++b->count == PLAIN_BURST)
		flush(out);
}

/* Sent before the block, which they are in, is given back. */
static void route_block(unsigned int in, struct tpacket_block_desc *d)
{
	struct tpacket3_hdr *h = (void *)((uint8_t *)d + d->hdr.bh1.offset_to_first_pkt);
	unsigned int i;

	for (i = 0; i < d->hdr.bh1.num_pkts; i++) {
		route(in, h);
		h = (void *)((uint8_t *)h + h->tp_next_offset);
	}
	for (i = 0; i < PLAIN_PORTS; i++)
		flush(i);
}

/* A block. It tells itself that it is ready. */
static bool burst(unsigned int in, bool ready)
{
	struct socket *s = &sockets[in];
	struct tpacket_block_desc *d = (void *)(s->blocks + s->block * BLOCK_BYTES);

	(void)ready;
	if (!(__atomic_load_n(&d->hdr.bh1.block_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER))
		return false;
	route_block(in, d);
	__atomic_store_n(&d->hdr.bh1.block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
	s->block = (s->block + 1) % BLOCKS;
	return true;
}

int main(int argc, char **argv)
{
	return plain_parse(argc, argv) ?: plain_serve(open_port, burst);
}
