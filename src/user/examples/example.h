/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* What all of these examples need: a VR that is attached, and a function called for each packet. */
#ifndef EXAMPLE_H
#define EXAMPLE_H

#include <errno.h>
#include <libeuropa.h>
#include <stdio.h>
#include <string.h>

/* Each packet has to go back once: by europa_send(), europa_punt() or europa_drop(). */
typedef void example_packet(struct europa_queue *q, struct europa_entry *e);

/* MAC address of a port; all 0 if there is no such port. Read at the start. */
static __u8 example_mac[EUROPA_PORT_MAX + 1][6];

static inline int example_failed(const char *what, int err)
{
	fprintf(stderr, "cannot %s: %s\n", what, strerror(-err));
	return 1;
}

/*
 * The VR is the one that `ip vr exec` names. before, if it is not NULL, is called before each burst
 * and once a second; if it does not return 0, the loop ends and returns 0. Else it ends when
 * something failed, and returns 1.
 */
static inline int example_run(example_packet *packet, int (*before)(void))
{
	struct europa_entry e[EUROPA_BURST];
	struct europa_port_info info;
	struct europa_queue q;
	int fd, i, n, err;

	fd = europa_open(NULL);
	if (fd < 0)
		return example_failed("open the VR", fd);
	for (i = 0; i <= EUROPA_PORT_MAX; i++)
		if (!europa_port(fd, i, &info))
			memcpy(example_mac[i], info.address, 6);
	err = europa_attach(&q, fd, 0, 0);
	if (err || (err = europa_start(&q)))
		return example_failed("attach", err);
	while ((n = europa_rx_wait(&q, e, EUROPA_BURST, 0, before ? 1000 : -1)) >= 0 ||
	       n == -EINTR) {
		if (before && before())
			return 0;
		for (i = 0; i < n; i++)
			packet(&q, &e[i]);
		europa_tx_submit(&q);
	}
	return example_failed("go on", n);
}

/* The packet's bytes as numbers; none of them need be aligned. */
static inline unsigned int get16(const __u8 *p) { return p[0] << 8 | p[1]; }
static inline __u32 get32(const __u8 *p) { return (__u32)get16(p) << 16 | get16(p + 2); }

static inline void put16(__u8 *p, unsigned int value)
{
	p[0] = value >> 8;
	p[1] = value;
}

static inline void put32(__u8 *p, __u32 value)
{
	put16(p, value >> 16);
	put16(p + 2, value);
}

/* RFC 1071: the checksum of an even number of bytes. */
static inline unsigned int checksum(const __u8 *p, unsigned int bytes)
{
	__u32 sum = 0;

	for (; bytes; bytes -= 2, p += 2)
		sum += get16(p);
	sum = (sum >> 16) + (sum & 0xffff);
	return ~(sum + (sum >> 16)) & 0xffff;
}

/*
 * RFC 1624, equation 3: size bytes that sum covers change. not is 0xffff, but 0 for a sum that the
 * kernel has still to finish (EUROPA_SLOT_CSUM), which is not complemented.
 */
static inline void adjust(__u8 *sum, const __u8 *old, const __u8 *new, int size, unsigned int not)
{
	for (; size; size -= 2, old += 2, new += 2) {
		__u32 s = (get16(sum) ^ not) + (get16(old) ^ 0xffff) + get16(new);

		s = (s >> 16) + (s & 0xffff);
		put16(sum, (s + (s >> 16)) ^ not);
	}
}

/*
 * p: an Ethernet frame with IPv4 without options and TCP, UDP or ping, which goes one hop further. The
 * address at `was` becomes another, and the port, or ping's id, at `id`. todo: its sum is one that
 * the kernel has still to finish, which has no ports in it; ping's has no addresses, and a sum of 0
 * is none.
 */
static inline void rewrite(__u8 *p, __u8 *was, const __u8 *address, __u8 *id, const __u8 *new,
			   int todo)
{
	__u8 *sum = p + (p[23] == 6 ? 50 : p[23] == 17 ? 40 : 36), left[2] = { p[22] - 1, p[23] };
	const int none = p[23] == 17 && !get16(sum);

	adjust(p + 24, p + 22, left, 2, 0xffff);
	adjust(p + 24, was, address, 4, 0xffff);
	if (p[23] != 1 && !none)
		adjust(sum, was, address, 4, todo ? 0 : 0xffff);
	if (!todo && !none)
		adjust(sum, id, new, 2, 0xffff);
	if (p[23] == 17 && !none && !get16(sum))
		put16(sum, 0xffff);
	p[22]--;
	memcpy(was, address, 4);
	memcpy(id, new, 2);
}

/* "02:00:00:00:00:01"; 0 if it is one. */
static inline int parse_mac(const char *text, __u8 mac[6])
{
	char more;

	return sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx%c", &mac[0], &mac[1], &mac[2], &mac[3],
		      &mac[4], &mac[5], &more) == 6 ? 0 : -1;
}

#endif /* EXAMPLE_H */
