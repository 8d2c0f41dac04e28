// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* What is promised to programs: the layout of what is shared with them. */
#include <linux/build_bug.h>
#include <linux/stddef.h>
#include <linux/europa.h>

static_assert(sizeof(struct europa_entry) == 16);
static_assert(offsetof(struct europa_entry, len) == 0);
static_assert(offsetof(struct europa_entry, slot) == 4);
static_assert(offsetof(struct europa_entry, bytes) == 6);
static_assert(offsetof(struct europa_entry, offset) == 8);
static_assert(offsetof(struct europa_entry, port) == 10);
static_assert(offsetof(struct europa_entry, op) == 12);
static_assert(offsetof(struct europa_entry, flags) == 13);
static_assert(offsetof(struct europa_entry, phase) == 14);
static_assert(sizeof(struct europa_slot) == 64);
static_assert(offsetof(struct europa_slot, flags) == 4);
static_assert(offsetof(struct europa_slot, vlan_proto) == 8);
static_assert(offsetof(struct europa_slot, vlan_tci) == 10);
static_assert(offsetof(struct europa_slot, csum_start) == 12);
static_assert(offsetof(struct europa_slot, csum_offset) == 14);
static_assert(offsetof(struct europa_slot, gso_type) == 16);
static_assert(offsetof(struct europa_slot, gso_size) == 18);
static_assert(offsetof(struct europa_slot, gso_segs) == 20);
static_assert(offsetof(struct europa_slot, gso_hdr_len) == 22);
static_assert(offsetof(struct europa_slot, hash) == 24);
static_assert(offsetof(struct europa_slot, reserved) == 28);
static_assert(sizeof(struct europa_ctl) == 128);
static_assert(offsetof(struct europa_ctl, generation) == 4);
static_assert(offsetof(struct europa_ctl, rx_wait) == 64);
static_assert(sizeof(struct europa_attach) == 128);
static_assert(offsetof(struct europa_attach, queue) == 4);
static_assert(offsetof(struct europa_attach, features) == 8);
static_assert(offsetof(struct europa_attach, spares) == 16);
static_assert(offsetof(struct europa_attach, vr) == 20);
static_assert(offsetof(struct europa_attach, generation) == 24);
static_assert(offsetof(struct europa_attach, slots) == 28);
static_assert(offsetof(struct europa_attach, stride) == 32);
static_assert(offsetof(struct europa_attach, headroom) == 36);
static_assert(offsetof(struct europa_attach, snap) == 40);
static_assert(offsetof(struct europa_attach, rx_size) == 44);
static_assert(offsetof(struct europa_attach, tx_size) == 48);
static_assert(offsetof(struct europa_attach, spare_size) == 52);
static_assert(offsetof(struct europa_attach, map_size) == 56);
static_assert(offsetof(struct europa_attach, rx_offset) == 64);
static_assert(offsetof(struct europa_attach, tx_offset) == 72);
static_assert(offsetof(struct europa_attach, spare_offset) == 80);
static_assert(offsetof(struct europa_attach, slots_offset) == 88);
static_assert(offsetof(struct europa_attach, reserved) == 96);
static_assert(sizeof(struct europa_vlans) == 4);
static_assert(sizeof(struct europa_port_info) == 32);
static_assert(offsetof(struct europa_port_info, address) == 16);
