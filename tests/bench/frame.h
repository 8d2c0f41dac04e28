/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* An Ethernet frame with an IPv4 header without options. */
#ifndef BENCH_FRAME_H
#define BENCH_FRAME_H

#include <net/ethernet.h>
#include <netinet/ip.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct frame {
	struct ether_header eth;
	struct iphdr ip;
} __attribute__((packed));

/* The one's complement sum of bytes, folded; of a right header, 0xffff. */
static inline uint16_t frame_sum(const void *data, size_t bytes, uint32_t sum)
{
	const uint8_t *at = data;
	uint16_t word;

	for (; bytes > 1; bytes -= 2, at += 2) {
		memcpy(&word, at, 2);
		sum += word;
	}
	if (bytes)
		sum += htons(*at << 8);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static inline int frame_mac(const char *text, uint8_t mac[ETH_ALEN])
{
	return sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx", &mac[0],
		      &mac[1], &mac[2], &mac[3], &mac[4], &mac[5]) == ETH_ALEN;
}

#endif
