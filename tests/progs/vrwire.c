// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * A data plane that joins ports 0 and 1: what is addressed to a port goes out of the
 * other, to the MAC address given for it; the rest is punted.
 *
 *   vrwire [-aAt] [-x KEY] [-e AT:AND:OR]... MAC0 MAC1
 *	-a	write back all bytes that are in the slot, not the Ethernet header alone
 *	-x KEY	and flip the bits of KEY in each of the slot's bytes from the 97th on
 *	-A	attach with feature AGREE
 *	-e ...	of super-packets from port 0, make the byte at offset AT from the start of the
 *		frame (byte & AND) | OR, and write back up to there
 *	-t	of those, lower the TTL, or the hop limit, by one
 *
 * Prints "running"; at SIGTERM what it saw: packets of each kind of metadata.
 */
#include <errno.h>
#include <libeuropa.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EDIT_FROM	96	/* past the longest headers of TCP in IPv4 */
#define EDITS		4	/* at most */
#define TTL_AT		22
#define SUM_AT		24
#define HOP_LIMIT_AT	21

static __u8 peer[2][6], own[2][6];
static int all_bytes, key, lower_ttl, nr_edits;
static __u64 features;
static struct {
	unsigned int at, and, or;
} edits[EDITS];
static volatile sig_atomic_t stop;

static struct {
	unsigned long packets, punted, edited, longer, vlan, csum, csum_ok, tcp4, tcp6, udp,
		      fraglist, other;
} seen;

static void on_signal(int sig)
{
	(void)sig;
	stop = 1;
}

static void note(const struct europa_queue *q, const struct europa_entry *e)
{
	const struct europa_slot *s = europa_slot(q, e->slot);

	seen.packets++;
	seen.longer += e->len > e->bytes;
	seen.csum_ok += !!(s->flags & EUROPA_SLOT_CSUM_OK);
	if (!(e->flags & EUROPA_RX_META))
		return;
	seen.vlan += !!(s->flags & EUROPA_SLOT_VLAN);
	seen.csum += !!(s->flags & EUROPA_SLOT_CSUM);
	if (!(s->flags & EUROPA_SLOT_GSO))
		return;
	seen.tcp4 += !!(s->gso_type & EUROPA_GSO_TCPV4);
	seen.tcp6 += !!(s->gso_type & EUROPA_GSO_TCPV6);
	seen.udp += !!(s->gso_type & EUROPA_GSO_UDP);
	seen.fraglist += !!(s->gso_type & EUROPA_GSO_FRAGLIST);
	seen.other += !!(s->gso_type & EUROPA_GSO_OTHER);
}

static void print_seen(void)
{
	printf("packets %lu\npunted %lu\nedited %lu\nlonger %lu\nvlan %lu\ncsum %lu\ncsum_ok %lu\n"
	       "tcp4 %lu\ntcp6 %lu\nudp %lu\nfraglist %lu\nother %lu\n",
	       seen.packets, seen.punted, seen.edited, seen.longer, seen.vlan, seen.csum, seen.csum_ok,
	       seen.tcp4, seen.tcp6, seen.udp, seen.fraglist, seen.other);
	fflush(stdout);
}

/* As a router does, the checksum by RFC 1624. */
static unsigned int one_hop_less(__u8 *p)
{
	unsigned int sum;

	if (p[12] == 0x86) {
		p[HOP_LIMIT_AT]--;
		return HOP_LIMIT_AT + 1;
	}
	p[TTL_AT]--;
	sum = (p[SUM_AT] << 8 | p[SUM_AT + 1]) + 0x100;
	sum = (sum & 0xffff) + (sum >> 16);
	p[SUM_AT] = sum >> 8;
	p[SUM_AT + 1] = sum;
	return SUM_AT + 2;
}

/* Returns how many leading bytes were changed at most. */
static unsigned int edit(const struct europa_entry *e, const struct europa_slot *s, __u8 *p)
{
	unsigned int bytes = 12;
	int i;

	if (e->port || !(e->flags & EUROPA_RX_META) || !(s->flags & EUROPA_SLOT_GSO))
		return bytes;
	if (lower_ttl)
		bytes = one_hop_less(p);
	for (i = 0; i < nr_edits; i++) {
		p[edits[i].at] = (p[edits[i].at] & edits[i].and) | edits[i].or;
		if (bytes <= edits[i].at)
			bytes = edits[i].at + 1;
	}
	seen.edited += bytes > 12;
	return bytes;
}

static void forward(struct europa_queue *q, const struct europa_entry *e)
{
	const struct europa_slot *s = europa_slot(q, e->slot);
	__u8 *p = europa_data(q, e);
	unsigned int i, bytes, out = !e->port;

	note(q, e);
	if (e->bytes < 14 || e->port > 1 || memcmp(p, own[e->port], 6) ||
	    (s->flags & EUROPA_SLOT_GSO && s->gso_type & EUROPA_GSO_FRAGLIST)) {
		seen.punted++;
		europa_punt(q, e);
		return;
	}
	memcpy(p, peer[out], 6);
	memcpy(p + 6, own[out], 6);
	for (i = EDIT_FROM; key && i < e->bytes; i++)
		p[i] ^= key;
	bytes = edit(e, s, p);
	europa_send(q, e, out, all_bytes || key ? e->bytes : bytes);
}

static int failed(const char *what, int err)
{
	fprintf(stderr, "vrwire: cannot %s: %s\n", what, strerror(-err));
	return 1;
}

static int parse_mac(const char *text, __u8 *mac)
{
	return sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", mac, mac + 1, mac + 2, mac + 3,
		      mac + 4, mac + 5) != 6;
}

static int parse_edit(const char *text)
{
	if (nr_edits == EDITS || sscanf(text, "%u:%x:%x", &edits[nr_edits].at,
					&edits[nr_edits].and, &edits[nr_edits].or) != 3)
		return 1;
	nr_edits++;
	return 0;
}

static int options(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "aAtx:e:")) != -1) {
		if (c == 'a')
			all_bytes = 1;
		else if (c == 'A')
			features = EUROPA_FEATURE_AGREE;
		else if (c == 't')
			lower_ttl = 1;
		else if (c == 'e' && !parse_edit(optarg))
			continue;
		else if (c == 'x')
			key = strtol(optarg, NULL, 0);
		else
			return 1;
	}
	return argc - optind != 2 || parse_mac(argv[optind], peer[0]) ||
	       parse_mac(argv[optind + 1], peer[1]);
}

static int run(struct europa_queue *q)
{
	struct europa_entry e[EUROPA_BURST];
	int i, n = 0;

	while (!stop) {
		n = europa_rx_wait(q, e, EUROPA_BURST, 0, -1);
		if (n < 0 && n != -EINTR)
			return failed("go on", n);
		for (i = 0; i < n; i++)
			forward(q, &e[i]);
		europa_tx_submit(q);
	}
	print_seen();
	return 0;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct europa_attach_options o = { 0 };
	struct europa_port_info info;
	struct europa_queue q;
	int fd, i, err;

	if (options(argc, argv)) {
		fprintf(stderr, "Usage: vrwire [-aAt] [-x KEY] [-e AT:AND:OR]... MAC0 MAC1\n");
		return 2;
	}
	sigaction(SIGTERM, &action, NULL);
	fd = europa_open(NULL);
	if (fd < 0)
		return failed("open the VR", fd);
	for (i = 0; i < 2; i++) {
		err = europa_port(fd, i, &info);
		if (err)
			return failed("find the port", err);
		memcpy(own[i], info.address, 6);
	}
	o.features = features;
	err = europa_attach_with(&q, fd, &o);
	if (err || (err = europa_start(&q)))
		return failed("attach", err);
	puts("running");
	fflush(stdout);
	return run(&q);
}
