// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* By the longest prefix of the destination; if none fits, of the source. */
#include "europa_bpf.h"

RULE_TRIE(europa_to4, struct europa_prefix4);
RULE_TRIE(europa_from4, struct europa_prefix4);
RULE_TRIE(europa_to6, struct europa_prefix6);
RULE_TRIE(europa_from6, struct europa_prefix6);

static __always_inline struct europa_rule *find4(void *map, const __be32 *address)
{
	struct europa_prefix4 key = { .len = 32 };

	__builtin_memcpy(key.address, address, sizeof(key.address));
	return bpf_map_lookup_elem(map, &key);
}

static __always_inline struct europa_rule *find6(void *map, const struct in6_addr *address)
{
	struct europa_prefix6 key = { .len = 128 };

	__builtin_memcpy(key.address, address, sizeof(key.address));
	return bpf_map_lookup_elem(map, &key);
}

static __always_inline int classify4(struct cursor *c)
{
	struct iphdr *ip = take(c, sizeof(*ip));
	struct europa_rule *rule;

	if (!ip)
		return EUROPA_VERDICT_NONE;
	rule = find4(&europa_to4, &ip->daddr);
	return use(rule ? rule : find4(&europa_from4, &ip->saddr));
}

static __always_inline int classify6(struct cursor *c)
{
	struct ipv6hdr *ip = take(c, sizeof(*ip));
	struct europa_rule *rule;

	if (!ip)
		return EUROPA_VERDICT_NONE;
	rule = find6(&europa_to6, &ip->daddr);
	return use(rule ? rule : find6(&europa_from6, &ip->saddr));
}

SEC("classifier")
int europa_prefix(struct __sk_buff *skb)
{
	struct cursor c = packet(skb);

	switch (take_ethernet(&c)) {
	case bpf_htons(ETH_P_IP):
		return classify4(&c);
	case bpf_htons(ETH_P_IPV6):
		return classify6(&c);
	}
	return EUROPA_VERDICT_NONE;
}

char _license[] SEC("license") = "GPL";
