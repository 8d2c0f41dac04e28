// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * frames [-b] DEV COUNT HEX: send a frame from DEV, COUNT times, whatever is in it: HEX, in
 * which colons do not count, and 0 up to 60 bytes. -b: past DEV's qdisc, straight to its
 * driver. For whom the kernel lets.
 */
#include <err.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static unsigned int parse(const char *hex, unsigned char *frame, unsigned int size)
{
	unsigned int byte, len = 0;
	int used;

	while (*hex) {
		if (*hex == ':') {
			hex++;
			continue;
		}
		if (len == size || sscanf(hex, "%2x%n", &byte, &used) != 1 || used != 2)
			errx(2, "not bytes: %s", hex);
		frame[len++] = byte;
		hex += used;
	}
	return len < 60 ? 60 : len;
}

int main(int argc, char **argv)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_halen = 6 };
	unsigned char frame[1514] = { 0 };
	int fd, on = 1, bypass = argc > 1 && !strcmp(argv[1], "-b");
	unsigned int len, count;

	argc -= bypass;
	argv += bypass;
	if (argc != 4)
		errx(2, "usage: frames [-b] DEV COUNT HEX");
	to.sll_ifindex = if_nametoindex(argv[1]);
	count = strtoul(argv[2], NULL, 0);
	len = parse(argv[3], frame, sizeof(frame));
	fd = socket(AF_PACKET, SOCK_RAW, 0);
	if (fd < 0 || !to.sll_ifindex)
		err(1, "%s", argv[1]);
	if (bypass && setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on)))
		err(1, "PACKET_QDISC_BYPASS");
	while (count--)
		if (sendto(fd, frame, len, 0, (void *)&to, sizeof(to)) < 0)
			err(1, "sendto");
	return 0;
}
