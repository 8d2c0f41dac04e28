// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * flood DEV MAC [COUNT [far]]: send frames of many kinds to a MAC address: plain, with the
 * checksum still to do, TCP super-packets, tagged, short, with odd headers. COUNT in all,
 * or until a signal. far: only large datagrams, all but their Ethernet header in fragments
 * of the skb. Needs CAP_NET_RAW.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SIZE_MAX_FRAME	16000
#define GSO_SIZE	1400
#define FAR_SIZE	5000	/* more than a page, or the kernel makes it linear */
#define BURST		16	/* frames between two short sleeps */

struct frame {
	struct virtio_net_hdr vnet;
	struct ether_header eth;
	union {
		struct {
			struct iphdr ip;
			union {
				struct udphdr udp;
				struct tcphdr tcp;
			};
		};
		uint8_t bytes[SIZE_MAX_FRAME];
	};
};

/* As it goes to the socket. */
_Static_assert(offsetof(struct frame, bytes) == 24, "no holes");

static struct frame frame;

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static uint32_t sum_words(const void *data, size_t len)
{
	const uint8_t *p = data;
	uint32_t sum = 0;

	for (; len > 1; len -= 2, p += 2)
		sum += p[0] | p[1] << 8;
	return sum;
}

/* An IPv4 header over so many bytes of payload. */
static void put_ip(unsigned int payload, unsigned int protocol)
{
	struct iphdr *ip = &frame.ip;

	frame.eth.ether_type = htons(ETHERTYPE_IP);
	*ip = (struct iphdr) {
		.version = 4, .ihl = 5, .ttl = 64, .protocol = protocol,
		.tot_len = htons(sizeof(*ip) + payload),
		.saddr = htonl(0x0afe0001), .daddr = htonl(0x0afe0102),
	};
	ip->check = ~fold(sum_words(ip, sizeof(*ip)));
}

static uint16_t pseudo_sum(unsigned int payload)
{
	return fold(sum_words(&frame.ip.saddr, 8) + htons(frame.ip.protocol) + htons(payload));
}

static size_t make_udp(unsigned int data, int partial)
{
	unsigned int len = sizeof(frame.udp) + data;

	put_ip(len, IPPROTO_UDP);
	frame.udp = (struct udphdr) { .source = htons(9), .dest = htons(9), .len = htons(len) };
	if (partial) {
		frame.udp.check = pseudo_sum(len);
		frame.vnet.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		frame.vnet.csum_start = sizeof(frame.eth) + sizeof(frame.ip);
		frame.vnet.csum_offset = 6;
	}
	return sizeof(frame.ip) + len;
}

static size_t make_tcp(unsigned int data)
{
	unsigned int len = sizeof(frame.tcp) + data;

	put_ip(len, IPPROTO_TCP);
	memset(&frame.tcp, 0, sizeof(frame.tcp));
	frame.tcp.doff = 5;
	frame.tcp.ack = 1;
	frame.tcp.check = pseudo_sum(len);
	frame.vnet.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	frame.vnet.csum_start = sizeof(frame.eth) + sizeof(frame.ip);
	frame.vnet.csum_offset = 16;
	frame.vnet.gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
	frame.vnet.gso_size = GSO_SIZE;
	frame.vnet.hdr_len = frame.vnet.csum_start + sizeof(frame.tcp);
	return sizeof(frame.ip) + len;
}

static size_t make_odd(unsigned int n)
{
	static const uint16_t types[] = { ETHERTYPE_ARP, ETHERTYPE_IPV6, ETHERTYPE_VLAN, 0x8847,
					  0x88a8, 60, 0x88cc };
	size_t i, len = 46 + n % 1400;

	for (i = 0; i < 64; i++)
		frame.bytes[i] = n * 31 + i * 7;
	frame.eth.ether_type = htons(types[n % (sizeof(types) / sizeof(types[0]))]);
	return len;
}

static size_t make_far(void)
{
	frame.vnet.hdr_len = sizeof(frame.eth);
	return make_udp(FAR_SIZE, 0);
}

static int far;

/* Bytes behind the Ethernet header. */
static size_t make(unsigned int n)
{
	memset(&frame.vnet, 0, sizeof(frame.vnet));
	if (far)
		return make_far();
	switch (n % 8) {
	case 0: return make_udp(n % 1400, 1);
	case 1: return make_tcp(GSO_SIZE * (2 + n % 8) + 5);
	case 2: return make_odd(n / 8);
	case 3: return make_udp(0, 0);
	default: return make_udp(18 + n % 64, 0);
	}
}

static int open_device(const char *name, uint8_t mac[ETH_ALEN])
{
	int fd = socket(AF_PACKET, SOCK_RAW, 0), on = 1;
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_ifindex = if_nametoindex(name) };
	struct ifreq request = {};

	if (fd < 0 || !at.sll_ifindex || bind(fd, (void *)&at, sizeof(at)))
		err(2, "%s", name);
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (ioctl(fd, SIOCGIFHWADDR, &request))
		err(2, "%s", name);
	memcpy(mac, request.ifr_hwaddr.sa_data, ETH_ALEN);
	if (setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)))
		err(2, "PACKET_VNET_HDR");
	return fd;
}

static volatile sig_atomic_t enough;

static void on_signal(int signal)
{
	(void)signal;
	enough = 1;
}

int main(int argc, char **argv)
{
	unsigned long n, count = argc > 3 ? strtoul(argv[3], NULL, 0) : -1UL;
	uint8_t *to = frame.eth.ether_dhost;
	static const struct timespec moment = { .tv_nsec = 1000000 };
	unsigned long sent = 0;
	int fd;

	if (argc < 3 || sscanf(argv[2], "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", to, to + 1, to + 2,
			       to + 3, to + 4, to + 5) != 6)
		errx(2, "flood DEV MAC [COUNT [far]]");
	far = argc > 4 && !strcmp(argv[4], "far");
	signal(SIGTERM, on_signal);
	fd = open_device(argv[1], frame.eth.ether_shost);
	for (n = 0; n < count && !enough; n++) {
		size_t len = sizeof(frame.vnet) + sizeof(frame.eth) + make(n);

		if (send(fd, &frame, len, 0) == (ssize_t)len)
			sent++;
		else if (errno == ENETDOWN || errno == ENXIO || errno == ENODEV)
			break;
		if (n % BURST == BURST - 1)
			nanosleep(&moment, NULL);
	}
	printf("sent %lu\n", sent);
	return !sent;
}
