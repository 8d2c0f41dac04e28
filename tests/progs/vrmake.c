// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * A data plane that makes packets in spare slots.
 *
 *   vrmake KIND COUNT PORT DSTMAC TEXT
 *
 * COUNT IPv4 UDP frames from 192.0.2.1 to 192.0.2.2 port 9 that carry TEXT go out of
 * PORT. KIND says what is wrong with them:
 *	good	nothing
 *	mac	a foreign source address
 *	tag	a VLAN tag in the bytes
 *	vlan	a VLAN tag in the slot's header
 *	group	to 01:80:c2:00:00:03
 *	short	13 bytes
 *	long	longer than the device takes
 *	port	out of a port the VR does not have
 * Prints how many entries the kernel drained, stays attached until SIGTERM.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <libeuropa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LONG	1900	/* bytes */
#define NO_PORT	1000

static int failed(const char *what, int err)
{
	fprintf(stderr, "vrmake: cannot %s: %s\n", what, strerror(-err));
	return 1;
}

static void put16(__u8 *p, unsigned int v)
{
	p[0] = v >> 8;
	p[1] = v;
}

static void ip_checksum(__u8 *ip)
{
	unsigned int i, sum = 0;

	put16(ip + 10, 0);
	for (i = 0; i < 20; i += 2)
		sum += ip[i] << 8 | ip[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	put16(ip + 10, ~(sum + (sum >> 16)));
}

/* IPv4 and UDP headers and the text; returns the bytes. UDP has no checksum. */
static unsigned int put_ip(__u8 *p, const char *text)
{
	static const __u8 head[28] = {
		0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2,
		0, 9, 0, 9,
	};
	unsigned int len = sizeof(head) + strlen(text);

	memcpy(p, head, sizeof(head));
	put16(p + 2, len);
	put16(p + 24, len - 20);
	ip_checksum(p);
	memcpy(p + sizeof(head), text, strlen(text));
	return len;
}

static unsigned int make(struct europa_queue *q, struct europa_entry *e, const char *kind,
			 const __u8 *dst, const __u8 *src, const char *text)
{
	struct europa_slot *slot = europa_slot(q, e->slot);
	__u8 *p = europa_data(q, e);
	unsigned int at = 12;

	memcpy(p, strcmp(kind, "group") ? dst : (const __u8 *)"\x01\x80\xc2\0\0\x03", 6);
	memcpy(p + 6, src, 6);
	p[11] ^= !strcmp(kind, "mac");
	if (!strcmp(kind, "tag")) {
		put16(p + at, 0x8100);
		put16(p + at + 2, 7);
		at += 4;
	}
	put16(p + at, 0x0800);
	e->len = at + 2 + put_ip(p + at + 2, text);
	if (!strcmp(kind, "vlan")) {
		slot->vlan_proto = htons(0x8100);
		slot->vlan_tci = 7;
		slot->flags = EUROPA_SLOT_VLAN;
	} else if (!strcmp(kind, "short")) {
		e->len = 13;
	} else if (!strcmp(kind, "long")) {
		memset(p + e->len, 0, LONG - e->len);
		e->len = LONG;
	}
	return e->len;
}

static int send_one(struct europa_queue *q, char **argv, const __u8 *dst, const __u8 *src)
{
	struct europa_entry e;
	unsigned int len;

	if (!europa_spare_get(q, &e))
		return failed("get a spare slot", -ENOBUFS);
	len = make(q, &e, argv[1], dst, src, argv[5]);
	europa_send(q, &e, strcmp(argv[1], "port") ? (unsigned int)atoi(argv[3]) : NO_PORT, len);
	europa_tx_submit(q);
	return 0;
}

static int send_all(struct europa_queue *q, char **argv, const __u8 *dst, const __u8 *src)
{
	int n = atoi(argv[2]), drained = 0, err = 0;

	while (n-- > 0 && !err) {
		err = send_one(q, argv, dst, src);
		if (!err)
			err = europa_kick(q);
		if (err < 0)
			return failed("kick", err);
		drained += err;
		err = 0;
	}
	printf("drained %d\n", drained);
	fflush(stdout);
	return err;
}

int main(int argc, char **argv)
{
	struct europa_port_info info;
	struct europa_queue q;
	__u8 dst[6];
	int fd, err;

	if (argc != 6 || sscanf(argv[4], "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", dst, dst + 1, dst + 2,
				dst + 3, dst + 4, dst + 5) != 6) {
		fprintf(stderr, "Usage: vrmake KIND COUNT PORT DSTMAC TEXT\n");
		return 2;
	}
	fd = europa_open(NULL);
	if (fd < 0)
		return failed("open the VR", fd);
	err = europa_port(fd, atoi(argv[3]), &info);
	if (err)
		return failed("find the port", err);
	err = europa_attach(&q, fd, 0, 0);
	if (err || (err = europa_start(&q)))
		return failed("attach", err);
	err = send_all(&q, argv, dst, info.address);
	while (!err)
		pause();
	return err;
}
