// SPDX-License-Identifier: GPL-2.0
/* By 5-tuple with wildcards: the first of the flows, by pref, that fits. */
#include "europa_bpf.h"

#define FRAGMENT_OFFSET	0x1fff

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, struct europa_flow);
	__uint(max_entries, EUROPA_FLOWS);
} europa_flow SEC(".maps");

struct tuple {
	__u8 family, protocol;
	__be16 sport, dport;
	__u32 from[4], to[4];
};

static __always_inline void read_ports(struct cursor *c, struct tuple *t)
{
	__be16 *ports;

	if (t->protocol != IPPROTO_TCP && t->protocol != IPPROTO_UDP &&
	    t->protocol != IPPROTO_SCTP)
		return;
	ports = take(c, 2 * sizeof(*ports));
	if (!ports)
		return;
	t->sport = ports[0];
	t->dport = ports[1];
}

static __always_inline void read4(struct cursor *c, struct tuple *t)
{
	struct iphdr *ip = take_ip4(c);

	if (!ip)
		return;
	t->family = 4;
	t->protocol = ip->protocol;
	t->from[0] = ip->saddr;
	t->to[0] = ip->daddr;
	if (!(ip->frag_off & bpf_htons(FRAGMENT_OFFSET)))
		read_ports(c, t);
}

static __always_inline void read6(struct cursor *c, struct tuple *t)
{
	struct ipv6hdr *ip = take(c, sizeof(*ip));

	if (!ip)
		return;
	t->family = 6;
	t->protocol = ip->nexthdr;
	__builtin_memcpy(t->from, &ip->saddr, sizeof(t->from));
	__builtin_memcpy(t->to, &ip->daddr, sizeof(t->to));
	read_ports(c, t);
}

static __always_inline bool in_prefix(const __u32 *address, const __u8 *prefix, __u8 len)
{
	const __u32 *p = (const __u32 *)prefix;
	__u32 mask;
	int i, left;

#pragma unroll
	for (i = 0; i < 4; i++) {
		left = len - 32 * i;
		if (left <= 0)
			return true;
		mask = left >= 32 ? ~0U : bpf_htonl(~0U << (32 - left));
		if ((address[i] ^ p[i]) & mask)
			return false;
	}
	return true;
}

static __always_inline bool fits(const struct europa_flow *f, const struct tuple *t)
{
	if (!f->rule.used || (f->family && f->family != t->family) ||
	    (f->protocol && f->protocol != t->protocol))
		return false;
	if ((f->sport && f->sport != t->sport) || (f->dport && f->dport != t->dport))
		return false;
	return in_prefix(t->from, f->from, f->from_len) && in_prefix(t->to, f->to, f->to_len);
}

SEC("classifier")
int europa_flows(struct __sk_buff *skb)
{
	struct cursor c = packet(skb);
	struct tuple t = { 0 };
	struct europa_flow *f;
	__u32 i, key;

	switch (take_ethernet(&c)) {
	case bpf_htons(ETH_P_IP):
		read4(&c, &t);
		break;
	case bpf_htons(ETH_P_IPV6):
		read6(&c, &t);
		break;
	}
	for (i = 0; i < EUROPA_FLOWS; i++) {
		key = i;
		f = bpf_map_lookup_elem(&europa_flow, &key);
		if (f && fits(f, &t))
			return use(&f->rule);
	}
	return EUROPA_VERDICT_NONE;
}

char _license[] SEC("license") = "GPL";
