/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* An IPv6 packet's flow, by FLOW_L3 and FLOW_L4. */
#ifndef ROUTER_FLOW6_H
#define ROUTER_FLOW6_H

#include "flow.h"

#define FLOW6_SETTING	"/proc/sys/net/ipv6/fib_multipath_hash_policy"
#define FLOW6_FIELDS	"/proc/sys/net/ipv6/fib_multipath_hash_fields"

/*
 * 31 bits of a frame with an IPv6 header, of which bytes are there. FLOW_L3 has
 * the flow label and the next header, too, as in the kernel. Behind an extension
 * header no ports are looked for: so all fragments go one way.
 */
uint32_t flow6_hash(const struct flow *f, const uint8_t *frame, unsigned int bytes);

#endif
