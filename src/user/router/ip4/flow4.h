/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* An IPv4 packet's flow, by FLOW_L3 and FLOW_L4. */
#ifndef ROUTER_FLOW4_H
#define ROUTER_FLOW4_H

#include "flow.h"

#define FLOW4_SETTING	"/proc/sys/net/ipv4/fib_multipath_hash_policy"
#define FLOW4_FIELDS	"/proc/sys/net/ipv4/fib_multipath_hash_fields"
#define FLOW4_NEIGH	"/proc/sys/net/ipv4/fib_multipath_use_neigh"

/*
 * 31 bits of a frame whose IPv4 header is right and without options; bytes of it
 * are there.
 */
uint32_t flow4_hash(const struct flow *f, const uint8_t *frame, unsigned int bytes);

#endif
