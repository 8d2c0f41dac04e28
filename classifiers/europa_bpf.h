/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
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

/* A driver may have left all but the Ethernet header in fragments: bring in what any
 * program here reads. The longest: two tags, IPv4 with options, UDP, VXLAN.
 */
#define REACH	(14 + 8 + 60 + 8 + 8)

static __always_inline struct cursor packet(struct __sk_buff *skb)
{
	__u64 reach = skb->len < REACH ? skb->len : REACH;

	if ((void *)(long)skb->data + reach > (void *)(long)skb->data_end)
		bpf_skb_pull_data(skb, reach);
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

#define FRAGMENT_OFFSET	0x1fff
#define FRAGMENT	0x3fff	/* more fragments, or not the first */

/* family 0: no IP. Ports 0: a protocol without, or a fragment without. */
struct tuple {
	__u8 family, protocol;
	bool fragment;
	__be16 sport, dport;
	__u32 from[4], to[4];
};

static __always_inline void take_ports(struct cursor *c, struct tuple *t)
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

static __always_inline void take_tuple4(struct cursor *c, struct tuple *t)
{
	struct iphdr *ip = take_ip4(c);

	if (!ip)
		return;
	t->family = 4;
	t->protocol = ip->protocol;
	t->fragment = ip->frag_off & bpf_htons(FRAGMENT);
	t->from[0] = ip->saddr;
	t->to[0] = ip->daddr;
	if (!(ip->frag_off & bpf_htons(FRAGMENT_OFFSET)))
		take_ports(c, t);
}

static __always_inline void take_tuple6(struct cursor *c, struct tuple *t)
{
	struct ipv6hdr *ip = take(c, sizeof(*ip));

	if (!ip)
		return;
	t->family = 6;
	t->protocol = ip->nexthdr;
	__builtin_memcpy(t->from, &ip->saddr, sizeof(t->from));
	__builtin_memcpy(t->to, &ip->daddr, sizeof(t->to));
	take_ports(c, t);
}

/* From the Ethernet header on; *t is all 0. */
static __always_inline void take_tuple(struct cursor *c, struct tuple *t)
{
	switch (take_ethernet(c)) {
	case bpf_htons(ETH_P_IP):
		take_tuple4(c, t);
		break;
	case bpf_htons(ETH_P_IPV6):
		take_tuple6(c, t);
		break;
	}
}

/* Before anything else of the rule: what is not in use may be half written. */
static __always_inline bool in_use(const struct europa_rule *rule)
{
	return *(const volatile __u32 *)&rule->used;
}

static __always_inline int use(struct europa_rule *rule)
{
	__s32 verdict;

	if (!rule || !in_use(rule))
		return EUROPA_VERDICT_NONE;
	verdict = rule->verdict;
	__sync_fetch_and_add(&rule->packets, 1);
	return verdict;
}

#endif
