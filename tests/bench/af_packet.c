// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * A router in the old way, for comparison: packet sockets, one recvfrom() and
 * one sendto() per packet.
 */
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <sys/socket.h>

#include "plain.h"

#define BUFFER	2048

static struct sockaddr_ll to[PLAIN_PORTS];
static int fds[PLAIN_PORTS];

static int open_port(unsigned int i)
{
	const struct plain_port *p = &plain_ports[i];
	int bytes = 1 << 24, yes = 1;

	to[i].sll_family = AF_PACKET;
	to[i].sll_protocol = htons(ETH_P_IP);
	to[i].sll_ifindex = if_nametoindex(p->device);
	fds[i] = socket(AF_PACKET, SOCK_RAW, 0);
	if (fds[i] < 0 || !to[i].sll_ifindex ||
	    setsockopt(fds[i], SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) ||
	    setsockopt(fds[i], SOL_PACKET, PACKET_IGNORE_OUTGOING, &yes, sizeof(yes)) ||
	    bind(fds[i], (struct sockaddr *)&to[i], sizeof(to[i])))
		return plain_fail(p->device);
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
		n = recvfrom(fds[in], buffer, sizeof(buffer), MSG_DONTWAIT,
			     NULL, NULL);
		if (n < 0)
			break;
		out = plain_route(in, buffer, n, &length);
		if (out >= 0)
			sendto(fds[out], buffer, length, 0,
			       (const struct sockaddr *)&to[out], sizeof(to[out]));
	}
	return false;
}

int main(int argc, char **argv)
{
	return plain_parse(argc, argv) ?: plain_serve(open_port, burst);
}
