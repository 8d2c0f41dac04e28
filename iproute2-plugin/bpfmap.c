// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* The maps of a bound classifier, found by the program's id: nothing is pinned. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "bpfmap.h"
#include "genl.h"

#define MAPS_MAX 64	/* BPF's own limit of maps per program */
#define REFILL	20000	/* us */
#define REFILLS	10

struct map_ids {
	uint32_t id[MAPS_MAX];
	uint32_t count;
};

static int read_ids(uint32_t prog_id, struct map_ids *ids)
{
	struct bpf_prog_info info = { 0 };
	uint32_t len = sizeof(info);
	int fd = bpf_prog_get_fd_by_id(prog_id), err;

	ids->count = 0;
	if (fd < 0)
		return -errno;
	info.nr_map_ids = MAPS_MAX;
	info.map_ids = (uintptr_t)ids->id;
	err = bpf_obj_get_info_by_fd(fd, &info, &len) ? -errno : 0;
	close(fd);
	if (!err)
		ids->count = info.nr_map_ids < MAPS_MAX ? info.nr_map_ids : MAPS_MAX;
	return err;
}

static int open_map(uint32_t id, struct bpf_map_info *info)
{
	uint32_t len = sizeof(*info);
	int fd = bpf_map_get_fd_by_id(id);

	if (fd < 0)
		return -errno;
	memset(info, 0, sizeof(*info));
	if (bpf_obj_get_info_by_fd(fd, info, &len)) {
		close(fd);
		return -EINVAL;
	}
	return fd;
}

static bool has_shape(const struct bpf_map_info *info, const struct rule_map *map)
{
	static const uint32_t types[] = {
		[SHAPE_PREFIX4] = BPF_MAP_TYPE_LPM_TRIE, [SHAPE_PREFIX6] = BPF_MAP_TYPE_LPM_TRIE,
		[SHAPE_ID] = BPF_MAP_TYPE_HASH, [SHAPE_BUCKET] = BPF_MAP_TYPE_ARRAY,
		[SHAPE_FLOW] = BPF_MAP_TYPE_ARRAY,
	};

	return info->type == types[map->shape] && info->key_size == map->key_size &&
	       info->value_size == map->value_size;
}

int bpfmap_open(uint32_t prog_id, const struct rule_map *map)
{
	struct bpf_map_info info;
	struct map_ids ids;
	uint32_t i;
	int err = read_ids(prog_id, &ids), fd;

	for (i = 0; !err && i < ids.count; i++) {
		fd = open_map(ids.id[i], &info);
		if (fd < 0)
			continue;
		if (!strcmp(info.name, map->name)) {
			if (has_shape(&info, map))
				return fd;
			err = -EPROTOTYPE;
		}
		close(fd);
	}
	return err ? err : -ENOENT;
}

static bool fits(const struct bpf_map *map, const struct bpf_map_info *info)
{
	return !strncmp(bpf_map__name(map), info->name, sizeof(info->name) - 1) &&
	       bpf_map__type(map) == info->type &&
	       bpf_map__key_size(map) == info->key_size &&
	       bpf_map__value_size(map) == info->value_size &&
	       bpf_map__max_entries(map) == info->max_entries &&
	       bpf_map__map_flags(map) == info->map_flags;
}

static int reuse(struct bpf_object *o, uint32_t map_id)
{
	struct bpf_map_info info;
	struct bpf_map *map;
	int fd = open_map(map_id, &info), err = 0;

	if (fd < 0)
		return fd;
	bpf_object__for_each_map(map, o)
		if (!err && !bpf_map__is_internal(map) && fits(map, &info))
			err = bpf_map__reuse_fd(map, fd);
	close(fd);
	return err;
}

static uint32_t bound_program(uint32_t ifindex)
{
	struct classifier c = { 0 };
	struct genl g;

	if (genl_open(&g, -1))
		return 0;
	if (genl_classifier_get(&g, ifindex, &c))
		c.prog_id = 0;
	genl_close(&g);
	return c.prog_id;
}

int bpfmap_prepare(struct bpf_object *o, uint32_t ifindex)
{
	struct map_ids ids;
	struct bpf_map *map;
	uint32_t id, i;
	int err;

	bpf_object__for_each_map(map, o)
		bpf_map__set_pin_path(map, NULL);
	id = bound_program(ifindex);
	if (!id)
		return 0;
	err = read_ids(id, &ids);
	for (i = 0; !err && i < ids.count; i++)
		err = reuse(o, ids.id[i]);
	return err == -ENOENT ? 0 : err;	/* replaced or unbound meanwhile */
}

/*
 * Elements come from a reserve of the processor's, which an interrupt of the kernel's fills
 * up again: who adds many in a row can be quicker, and is told ENOMEM.
 */
int bpfmap_write(int fd, const void *key, const void *value)
{
	int i;

	for (i = 0; bpf_map_update_elem(fd, key, value, BPF_ANY); i++) {
		if (errno != ENOMEM || i == REFILLS)
			return -errno;
		usleep(REFILL);
	}
	return 0;
}
