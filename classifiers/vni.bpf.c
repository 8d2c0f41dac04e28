// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* By the network number of VXLAN (UDP 4789) or Geneve (UDP 6081), over IPv4 or IPv6. */
#include <linux/udp.h>

#include "europa_bpf.h"

#define VXLAN_PORT	4789
#define GENEVE_PORT	6081

RULE_HASH(europa_vni);

/* Both put it in bytes 4 to 6 of an 8 byte header. */
struct overlay {
	__u8 flags[4];
	__u8 vni[3];
	__u8 reserved;
};

static __always_inline bool skip_ip4(struct cursor *c)
{
	struct iphdr *ip = take_ip4(c);

	return ip && ip->protocol == IPPROTO_UDP && !(ip->frag_off & bpf_htons(FRAGMENT));
}

static __always_inline bool skip_ip6(struct cursor *c)
{
	struct ipv6hdr *ip = take(c, sizeof(*ip));

	return ip && ip->nexthdr == IPPROTO_UDP;
}

static __always_inline bool skip_ip(struct cursor *c)
{
	switch (take_ethernet(c)) {
	case bpf_htons(ETH_P_IP):
		return skip_ip4(c);
	case bpf_htons(ETH_P_IPV6):
		return skip_ip6(c);
	}
	return false;
}

SEC("classifier")
int europa_overlay(struct __sk_buff *skb)
{
	struct cursor c = packet(skb);
	struct overlay *overlay;
	struct udphdr *udp;
	__u32 vni;

	if (!skip_ip(&c))
		return EUROPA_VERDICT_NONE;
	udp = take(&c, sizeof(*udp));
	overlay = take(&c, sizeof(*overlay));
	if (!udp || !overlay)
		return EUROPA_VERDICT_NONE;
	if (udp->dest != bpf_htons(VXLAN_PORT) && udp->dest != bpf_htons(GENEVE_PORT))
		return EUROPA_VERDICT_NONE;
	vni = overlay->vni[0] << 16 | overlay->vni[1] << 8 | overlay->vni[2];
	return use(bpf_map_lookup_elem(&europa_vni, &vni));
}

char _license[] SEC("license") = "GPL";
