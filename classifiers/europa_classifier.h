/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/*
 * What the classifiers here, "ip vr rule" and the tests share: the maps a
 * classifier may have, by name. A program of yours that has a map of one of
 * these names and shapes is served by "ip vr rule" in the same way.
 *
 *   map            type      key                      value
 *   europa_to4     LPM_TRIE  struct europa_prefix4    struct europa_rule
 *   europa_from4   LPM_TRIE  struct europa_prefix4    struct europa_rule
 *   europa_to6     LPM_TRIE  struct europa_prefix6    struct europa_rule
 *   europa_from6   LPM_TRIE  struct europa_prefix6    struct europa_rule
 *   europa_vlan    HASH      __u32 VLAN ID            struct europa_rule
 *   europa_vni     HASH      __u32 VNI                struct europa_rule
 *   europa_flow    ARRAY     __u32 pref, lowest wins  struct europa_flow
 *   europa_bucket  ARRAY     __u32 hash % entries     struct europa_rule
 */
#ifndef EUROPA_CLASSIFIER_H
#define EUROPA_CLASSIFIER_H

#include <linux/types.h>

#define EUROPA_RULES_MAX	65536	/* in a trie or hash */
#define EUROPA_FLOWS		64
#define EUROPA_BUCKETS		64

struct europa_prefix4 {
	__u32 len;		/* bits */
	__u8 address[4];
};

struct europa_prefix6 {
	__u32 len;
	__u8 address[16];
};

struct europa_rule {
	__s32 verdict;		/* EUROPA_VERDICT_* */
	/* 0: an empty element, of which nothing else counts; read it first. Else 1 +
	 * length of the prefix, if any.
	 */
	__u32 used;
	__u64 packets;		/* that took it; the program counts */
};

/* Fields of 0 match all. IPv4 addresses are in the first 4 bytes. */
struct europa_flow {
	struct europa_rule rule;
	__u8 family;		/* 0, 4 or 6; an address needs one */
	__u8 protocol;
	__u8 from_len, to_len;	/* bits */
	__be16 sport, dport;
	__u8 from[16], to[16];
};

#endif
