/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* The maps of a bound classifier, found by the program's id: nothing is pinned. */
#ifndef BPFMAP_H
#define BPFMAP_H

#include <stdint.h>
#include <bpf/libbpf.h>

#include "rule_key.h"

/* Before loading: no pins, and take over the maps of what is bound to ifindex now. 0 or -errno. */
int bpfmap_prepare(struct bpf_object *o, uint32_t ifindex);

/* fd of the program's map of that name, or -errno; EPROTOTYPE: not of that shape. */
int bpfmap_open(uint32_t prog_id, const struct rule_map *map);

/* Add or replace an element. 0 or -errno. */
int bpfmap_write(int fd, const void *key, const void *value);

#endif
