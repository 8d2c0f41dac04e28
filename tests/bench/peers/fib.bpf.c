// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * XDP programs, for comparison. "fib" forwards plain IPv4 packets by the kernel's own
 * table and neighbours, and leaves the others to the kernel; "pass" is for the far
 * end of a veth pair, which accepts redirected packets only if it has a program.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define AF_INET	2

struct headers {
	struct ethhdr eth;
	struct iphdr ip;
};

static __always_inline int plain(const struct headers *h)
{
	return h->eth.h_proto == bpf_htons(ETH_P_IP) && h->ip.version == 4 &&
	       h->ip.ihl == 5 && h->ip.ttl > 1 &&
	       !(h->ip.frag_off & bpf_htons(0x3fff));
}

static __always_inline void hop(struct iphdr *ip)
{
	__u32 sum = ip->check + (__u32)bpf_htons(0x0100);

	ip->check = sum + (sum >= 0xffff);
	ip->ttl--;
}

SEC("xdp/fib")
int forward(struct xdp_md *ctx)
{
	struct headers *h = (void *)(long)ctx->data;
	struct bpf_fib_lookup look = { .family = AF_INET };

	if ((void *)(h + 1) > (void *)(long)ctx->data_end || !plain(h))
		return XDP_PASS;
	look.tos = h->ip.tos;
	look.l4_protocol = h->ip.protocol;
	look.tot_len = bpf_ntohs(h->ip.tot_len);
	look.ipv4_src = h->ip.saddr;
	look.ipv4_dst = h->ip.daddr;
	look.ifindex = ctx->ingress_ifindex;
	if (bpf_fib_lookup(ctx, &look, sizeof(look), 0) != BPF_FIB_LKUP_RET_SUCCESS)
		return XDP_PASS;
	hop(&h->ip);
	__builtin_memcpy(h->eth.h_dest, look.dmac, ETH_ALEN);
	__builtin_memcpy(h->eth.h_source, look.smac, ETH_ALEN);
	return bpf_redirect(look.ifindex, 0);
}

SEC("xdp/pass")
int pass(struct xdp_md *ctx __attribute__((unused)))
{
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
