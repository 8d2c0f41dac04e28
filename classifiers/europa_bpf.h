/* SPDX-License-Identifier: GPL-2.0 */
/* For programs: bounded steps through a packet's headers, and taking a rule. */
#ifndef EUROPA_BPF_H
#define EUROPA_BPF_H

#include <stdbool.h>
#include <linux/bpf.h>
#include <linux/europa.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "europa_classifier.h"

#define RULE_MAP(name, map_type, key_type, entries, flags)	\
	struct {						\
		__uint(type, map_type);				\
		__type(key, key_type);				\
		__type(value, struct europa_rule);		\
		__uint(max_entries, entries);			\
		__uint(map_flags, flags);			\
	} name SEC(".maps")

#define RULE_TRIE(name, key_type) \
	RULE_MAP(name, BPF_MAP_TYPE_LPM_TRIE, key_type, EUROPA_RULES_MAX, BPF_F_NO_PREALLOC)
#define RULE_HASH(name) \
	RULE_MAP(name, BPF_MAP_TYPE_HASH, __u32, EUROPA_RULES_MAX, BPF_F_NO_PREALLOC)

struct cursor {
	void *at, *end;
};

static __always_inline struct cursor packet(const struct __sk_buff *skb)
{
	return (struct cursor){ (void *)(long)skb->data, (void *)(long)skb->data_end };
}

/* The header at the cursor, and past it; NULL: the packet ends before. */
static __always_inline void *take(struct cursor *c, __u32 size)
{
	void *p = c->at;

	/* One register for the check and the accesses, or the verifier loses track. */
	asm volatile("" : "+r"(p));
	if (p + size > c->end)
		return NULL;
	c->at = p + size;
	return p;
}

struct vlan_tag {
	__be16 tci, proto;
};

/* Past Ethernet and up to two VLAN tags. The protocol, 0: too short. */
static __always_inline __be16 take_ethernet(struct cursor *c)
{
	struct ethhdr *eth = take(c, sizeof(*eth));
	struct vlan_tag *tag;
	__be16 proto;
	int i;

	if (!eth)
		return 0;
	proto = eth->h_proto;
#pragma unroll
	for (i = 0; i < 2; i++) {
		if (proto != bpf_htons(ETH_P_8021Q) && proto != bpf_htons(ETH_P_8021AD))
			break;
		tag = take(c, sizeof(*tag));
		if (!tag)
			return 0;
		proto = tag->proto;
	}
	return proto;
}

/* An IPv4 header, options and all. */
static __always_inline struct iphdr *take_ip4(struct cursor *c)
{
	struct iphdr *ip = take(c, sizeof(*ip));
	__u64 options;

	if (!ip || ip->ihl < 5)
		return NULL;
	options = (ip->ihl - 5) * 4;
	/* The verifier wants to see the bound that the compiler knows of. */
	asm volatile("" : "+r"(options));
	return options <= 40 && take(c, options) ? ip : NULL;
}

static __always_inline int use(struct europa_rule *rule)
{
	if (!rule || !rule->used)
		return EUROPA_VERDICT_NONE;
	__sync_fetch_and_add(&rule->packets, 1);
	return rule->verdict;
}

#endif
