// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * By a hash of the 5-tuple over the buckets: a flow stays with its VR. Not the packet's own
 * hash: a sender's socket may have set that, or an IPv6 flow label, and TCP changes both
 * when it has to retransmit. Of fragments only addresses and protocol count, as only the
 * first has ports.
 */
#include "europa_bpf.h"

RULE_MAP(europa_bucket, BPF_MAP_TYPE_ARRAY, __u32, EUROPA_BUCKETS, 0);

static __always_inline __u32 mix(__u32 hash, __u32 word)
{
	hash = (hash ^ word) * 0x9e3779b1;
	return hash ^ hash >> 15;
}

static __always_inline __u32 hash_of(const struct tuple *t)
{
	__u32 hash = t->protocol;
	int i;

#pragma unroll
	for (i = 0; i < 4; i++)
		hash = mix(mix(hash, t->from[i]), t->to[i]);
	if (!t->fragment)
		hash = mix(hash, (__u32)t->sport << 16 | t->dport);
	return mix(hash, 0);
}

SEC("classifier")
int europa_balance(struct __sk_buff *skb)
{
	struct cursor c = packet(skb);
	struct tuple t = { 0 };
	__u32 bucket;

	take_tuple(&c, &t);
	if (!t.family)
		return EUROPA_VERDICT_NONE;	/* ARP and the like belong to nobody's flow */
	bucket = hash_of(&t) % EUROPA_BUCKETS;
	return use(bpf_map_lookup_elem(&europa_bucket, &bucket));
}

char _license[] SEC("license") = "GPL";
