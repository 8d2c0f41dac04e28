// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * badsum DEVICE MAC: a data plane that wants the kernel to put a checksum into the Ethernet
 * header, behind the back of spoofchk. From spare slots it sends frames to MAC, out of port
 * 0: one for each checksum that would start in the Ethernet header and end up in or right
 * behind it, then one that starts where a transport header does, which is good (newer kernels
 * want room for an IP header before it). Says how many there were of both. Needs no privilege.
 */
#include <arpa/inet.h>
#include <err.h>
#include <net/ethernet.h>
#include <stdio.h>
#include "dataplane.h"

#define LEN		64	/* bytes of a frame */
#define TYPE		0x88b5	/* for experiments */
#define FIELD_LAST	(ETH_HLEN + 2)
#define TRANSPORT	(ETH_HLEN + 20)

static struct dataplane dp;
static struct ether_header eth;

static void check(int ret, const char *what)
{
	if (ret < 0) {
		errno = -ret;
		err(1, "%s", what);
	}
}

static void send_one(unsigned int start, unsigned int offset)
{
	struct europa_slot *slot;
	struct europa_entry e;
	char *frame;

	if (!dp_take_spare(&dp, &e))
		errx(1, "no spare slot");
	slot = dp_slot(&dp, e.slot);
	frame = (char *)slot + e.offset;
	memset(frame, 0x5a, LEN);
	memcpy(frame, &eth, sizeof(eth));
	slot->flags = EUROPA_SLOT_CSUM;
	slot->csum_start = start;
	slot->csum_offset = offset;
	e.op = EUROPA_OP_SEND;
	e.flags = 0;
	e.port = 0;
	e.len = e.bytes = LEN;
	dp_return(&dp, e);
	check(dp_kick(&dp), "kick");
}

int main(int argc, char **argv)
{
	struct europa_port_info port = { .port = 0 };
	unsigned int start, field, bad = 0;
	uint8_t *mac = eth.ether_dhost;

	if (argc != 3 || sscanf(argv[2], "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", mac, mac + 1, mac + 2,
				mac + 3, mac + 4, mac + 5) != ETH_ALEN)
		errx(2, "badsum DEVICE MAC");
	dp.fd = open(argv[1], O_RDWR);
	check(dp_error(dp.fd), argv[1]);
	check(dp_attach(&dp), "attach");
	check(dp_map(&dp), "map");
	check(dp_error(ioctl(dp.fd, EUROPA_IOC_START)), "start");
	check(dp_error(ioctl(dp.fd, EUROPA_IOC_PORT, &port)), "port");
	memcpy(eth.ether_shost, port.address, ETH_ALEN);
	eth.ether_type = htons(TYPE);
	for (start = 0; start < ETH_HLEN; start++)
		for (field = start; field <= FIELD_LAST; field++, bad++)
			send_one(start, field - start);
	send_one(TRANSPORT, 2);
	printf("bad %u good 1\n", bad);
	return 0;
}
