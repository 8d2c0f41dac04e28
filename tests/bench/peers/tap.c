// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * A router on TAP devices, for comparison: one read() and one write() per packet. The
 * devices are there already; tc brings packets to and from them.
 */
#include <fcntl.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../plain.h"

#define BUFFER	2048

static int fds[PLAIN_PORTS];

static int open_port(unsigned int i)
{
	struct ifreq r = { .ifr_flags = IFF_TAP | IFF_NO_PI };

	strcpy(r.ifr_name, plain_ports[i].device);
	fds[i] = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
	if (fds[i] < 0 || ioctl(fds[i], TUNSETIFF, &r))
		return plain_fail(plain_ports[i].device);
	return 0;
}

static void burst(unsigned int in)
{
	uint8_t buffer[BUFFER] __attribute__((aligned(8)));
	unsigned int i;
	size_t length;
	ssize_t n;
	int out;

	for (i = 0; i < PLAIN_BURST; i++) {
		n = read(fds[in], buffer, sizeof(buffer));
		if (n < 0)
			return;
		out = plain_route(in, buffer, n, &length);
		if (out >= 0 && write(fds[out], buffer, length) < 0)
			plain_fail("write");
	}
}

int main(int argc, char **argv)
{
	struct pollfd p[PLAIN_PORTS];
	unsigned int i;
	int err;

	err = plain_parse(argc, argv);
	if (err)
		return err;
	for (i = 0; i < PLAIN_PORTS; i++) {
		if (open_port(i))
			return 1;
		p[i] = (struct pollfd){ .fd = fds[i], .events = POLLIN };
	}
	while (poll(p, PLAIN_PORTS, -1) >= 0)
		for (i = 0; i < PLAIN_PORTS; i++)
			if (p[i].revents)
				burst(i);
	plain_fail("poll");
	return 1;
}
