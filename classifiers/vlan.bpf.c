// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* By VLAN: the outermost tag, whether the device took it off or not. 0: untagged. */
#include "europa_bpf.h"

RULE_HASH(europa_vlan);

static __always_inline __u32 vlan_of(struct __sk_buff *skb)
{
	struct cursor c = packet(skb);
	struct ethhdr *eth = take(&c, sizeof(*eth));
	struct vlan_tag *tag;

	if (skb->vlan_present)
		return skb->vlan_tci & 0x0fff;
	if (!eth || (eth->h_proto != bpf_htons(ETH_P_8021Q) &&
		     eth->h_proto != bpf_htons(ETH_P_8021AD)))
		return 0;
	tag = take(&c, sizeof(*tag));
	return tag ? bpf_ntohs(tag->tci) & 0x0fff : 0;
}

SEC("classifier")
int europa_vlan_id(struct __sk_buff *skb)
{
	__u32 vlan = vlan_of(skb);

	return use(bpf_map_lookup_elem(&europa_vlan, &vlan));
}

char _license[] SEC("license") = "GPL";
