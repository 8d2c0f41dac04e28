// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* Counts what arrives by the last byte of its source MAC, and drops it (tests/bench/many-guest). */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_helpers.h>

#define SOURCES	65

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SOURCES);
	__type(key, __u32);
	__type(value, __u64);
} sink_counts SEC(".maps");

SEC("tc")
int sink(struct __sk_buff *skb)
{
	struct ethhdr *eth = (void *)(long)skb->data;
	__u64 *count;
	__u32 key;

	if ((void *)(eth + 1) > (void *)(long)skb->data_end)
		return TC_ACT_SHOT;
	key = eth->h_source[ETH_ALEN - 1];
	count = bpf_map_lookup_elem(&sink_counts, &key);
	if (count)
		++*count;
	return TC_ACT_SHOT;
}

char _license[] SEC("license") = "GPL";
