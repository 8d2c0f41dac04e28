// SPDX-License-Identifier: GPL-2.0
/* By flow hash over the buckets: a flow stays with its VR. */
#include "europa_bpf.h"

RULE_MAP(europa_bucket, BPF_MAP_TYPE_ARRAY, __u32, EUROPA_BUCKETS, 0);

SEC("classifier")
int europa_balance(struct __sk_buff *skb)
{
	struct cursor c = packet(skb);
	__u32 bucket;

	switch (take_ethernet(&c)) {
	case bpf_htons(ETH_P_IP):
	case bpf_htons(ETH_P_IPV6):
		bucket = bpf_get_hash_recalc(skb) % EUROPA_BUCKETS;
		return use(bpf_map_lookup_elem(&europa_bucket, &bucket));
	}
	return EUROPA_VERDICT_NONE;	/* ARP and the like belong to nobody's flow */
}

char _license[] SEC("license") = "GPL";
