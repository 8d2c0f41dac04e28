// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "check.h"
#include "frame.h"

#define TTL_LEFT	63

int check_open(const char *device)
{
	struct sockaddr_ll sll = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = if_nametoindex(device),
	};
	struct timeval second = { .tv_sec = 1 };
	int bytes = 1 << 22;	/* XDP makes packets of a page each */
	int fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));

	if (fd < 0 || !sll.sll_ifindex ||
	    bind(fd, (struct sockaddr *)&sll, sizeof(sll)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof(second))) {
		fprintf(stderr, "send: cannot watch %s: %s.\n", device,
			strerror(errno));
		return -1;
	}
	return fd;
}

static uint16_t udp_sum(const struct frame *f)
{
	size_t bytes = ntohs(f->ip.tot_len) - sizeof(f->ip);
	uint32_t pseudo = frame_sum(&f->ip.saddr, 8, 0);

	return frame_sum(f + 1, bytes, pseudo + htons(IPPROTO_UDP) +
				       htons(bytes));
}

/* What is wrong with the frame; NULL: nothing. */
static const char *wrong(const struct frame *f, size_t bytes,
			 const uint8_t *source, const uint8_t *destination)
{
	if (bytes != ETH_ZLEN || ntohs(f->ip.tot_len) != bytes - ETH_HLEN)
		return "its length is not that of a 64-byte packet";
	if (f->eth.ether_type != htons(ETHERTYPE_IP) || f->ip.ihl != 5 ||
	    f->ip.protocol != IPPROTO_UDP)
		return "it is not IPv4 with UDP";
	if (memcmp(f->eth.ether_shost, source, ETH_ALEN))
		return "its source MAC is not the router's";
	if (memcmp(f->eth.ether_dhost, destination, ETH_ALEN))
		return "its destination MAC is not the neighbour's";
	if (f->ip.ttl != TTL_LEFT)
		return "its TTL is not one less than sent";
	if (frame_sum(&f->ip, sizeof(f->ip), 0) != 0xffff)
		return "its IP checksum is wrong";
	if (udp_sum(f) != 0xffff)
		return "its UDP checksum is wrong";
	return NULL;
}

int check_frames(int fd, unsigned int count, const char *source,
		 const char *destination)
{
	uint8_t from[ETH_ALEN], to[ETH_ALEN];
	uint8_t buffer[2048] __attribute__((aligned(8)));
	const char *why;
	unsigned int i;
	ssize_t n;

	if (!frame_mac(source, from) || !frame_mac(destination, to)) {
		fprintf(stderr, "send: \"%s\" or \"%s\" is not a MAC.\n",
			source, destination);
		return -1;
	}
	for (i = 0; i < count; i++) {
		n = recv(fd, buffer, sizeof(buffer), 0);
		why = n < 0 ? "it did not arrive" :
			      wrong((struct frame *)buffer, n, from, to);
		if (!why)
			continue;
		fprintf(stderr, "send: packet %u of %u: %s.\n", i + 1, count,
			why);
		return -1;
	}
	return 0;
}
