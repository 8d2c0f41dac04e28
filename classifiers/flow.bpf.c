// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* By 5-tuple with wildcards: the first of the flows, by pref, that fits. */
#include "europa_bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, struct europa_flow);
	__uint(max_entries, EUROPA_FLOWS);
} europa_flow SEC(".maps");

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
	if (!in_use(&f->rule) || (f->family && f->family != t->family) ||
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

	take_tuple(&c, &t);
	for (i = 0; i < EUROPA_FLOWS; i++) {
		key = i;
		f = bpf_map_lookup_elem(&europa_flow, &key);
		if (f && fits(f, &t))
			return use(&f->rule);
	}
	return EUROPA_VERDICT_NONE;
}

char _license[] SEC("license") = "GPL";
