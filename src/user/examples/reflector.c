// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* Sends every IPv4 packet back to where it came from; punts all else. */
#include <libeuropa.h>
#include <stdio.h>
#include <string.h>

#define HEADERS 34	/* bytes: Ethernet and IPv4 */

static __u8 mac[EUROPA_PORT_MAX + 1][6];

/* Swapped addresses leave the checksums as they were. */
static void reflect(struct europa_queue *q, const struct europa_entry *e)
{
	__u8 *p = europa_data(q, e), src[4];

	if (e->bytes < HEADERS || e->flags & EUROPA_RX_MULTICAST ||
	    memcmp(p + 12, "\x08\x00\x45", 3)) {
		europa_punt(q, e);
		return;
	}
	memcpy(p, p + 6, 6);
	memcpy(p + 6, mac[e->port], 6);
	memcpy(src, p + 26, 4);
	memcpy(p + 26, p + 30, 4);
	memcpy(p + 30, src, 4);
	europa_send(q, e, e->port, HEADERS);
}

static int failed(const char *what, int err)
{
	fprintf(stderr, "europa-reflector: cannot %s: %s\n", what, strerror(-err));
	return 1;
}

int main(int argc, char **argv)
{
	struct europa_port_info info;
	struct europa_entry e[EUROPA_BURST];
	struct europa_queue q;
	int fd, i, n, err;

	fd = europa_open(argc > 1 ? argv[1] : NULL);
	if (fd < 0)
		return failed("open the VR", fd);
	for (i = 0; i <= EUROPA_PORT_MAX; i++)
		if (!europa_port(fd, i, &info))
			memcpy(mac[i], info.address, 6);
	err = europa_attach(&q, fd, 0, 0);
	if (err || (err = europa_start(&q)))
		return failed("attach", err);
	while ((n = europa_rx_wait(&q, e, EUROPA_BURST, 0, -1)) >= 0) {
		for (i = 0; i < n; i++)
			reflect(&q, &e[i]);
		europa_tx_submit(&q);
	}
	return failed("go on", n);
}
