// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * A router on TAP devices, for comparison: one read() and one write() per packet. The
 * devices are there already; tc brings packets to and from them.
 */
#include <fcntl.h>
#include <linux/if_tun.h>
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
	return fds[i];
}

static bool burst(unsigned int in, bool ready)
{
	uint8_t buffer[BUFFER] __attribute__((aligned(8)));
	unsigned int i;
	size_t length;
	ssize_t n;
	int out;

	for (i = 0; ready && i < PLAIN_BURST; i++) {
		n = read(fds[in], buffer, sizeof(buffer));
		if (n < 0)
			break;
		out = plain_route(in, buffer, n, &length);
		if (out >= 0 && write(fds[out], buffer, length) < 0)
			plain_fail("write");
	}
	return false;
}

int main(int argc, char **argv)
{
	return plain_parse(argc, argv) ?: plain_serve(open_port, burst);
}
