// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* bpf(), and as much of libbpf as the tool uses: one bound program with every kind of map. */
#include "machine.h"

#include <errno.h>
#include <string.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "europa_classifier.h"
#include "rule_key.h"

#define MAPS		8	/* as rule_maps[] */
#define ELEMENTS	64	/* of an array; others hold fewer */

struct element {
	bool used;
	uint8_t key[sizeof(struct europa_prefix6)];
	struct europa_flow value;
};

static struct element maps[MAPS][ELEMENTS];

static const struct rule_map *shape(int map)
{
	return &rule_maps[map];
}

static bool is_array(int map)
{
	return shape(map)->key_size == 4 && shape(map)->max < ELEMENTS;
}

static void fill(int map, struct element *e, uint32_t key)
{
	uint8_t *value = (uint8_t *)&e->value;
	size_t i;

	e->used = true;
	memcpy(e->key, &key, sizeof(key));
	if (!machine_fault(MAPS_FROM_TAIL)) {
		e->value.rule.used = !is_array(map) || key == 3 ? 1 : 0;
		e->value.rule.verdict = key & 1 ? -1 : 0x10001;
		return;
	}
	for (i = 0; i < shape(map)->value_size && machine.left; i++)
		value[i] = machine_byte();
}

void machine_bpf_begin(void)
{
	int map, i;

	memset(maps, 0, sizeof(maps));
	for (map = 0; map < MAPS; map++)
		for (i = 0; i < (is_array(map) ? ELEMENTS : 2); i++)
			fill(map, &maps[map][i], i);
}

int fake_bpf_prog_get_fd_by_id(uint32_t id)
{
	(void)id;
	return machine_fault(NO_BPF) ? machine_fail(EPERM) : machine_new_fd("program");
}

int fake_bpf_map_get_fd_by_id(uint32_t id)
{
	char name[16] = "map";

	if (id >= MAPS)
		return machine_fail(ENOENT);
	name[3] = '0' + id;
	return machine_new_fd(name);
}

/* Which map a descriptor is of. */
static int map_of(int fd)
{
	const char *name = machine_fd(fd);

	if (strncmp(name, "map", 3))
		machine_bug("uses as a map what is none");
	return name[3] - '0';
}

static void describe_program(struct bpf_prog_info *info)
{
	uint32_t i, room = info->nr_map_ids;

	info->nr_map_ids = machine_fault(NO_MAPS) ? 0 : MAPS;
	for (i = 0; i < info->nr_map_ids && i < room; i++)
		((uint32_t *)(uintptr_t)info->map_ids)[i] = i;
}

int fake_libbpf_strerror(int err, char *to, size_t size)
{
	return snprintf(to, size, "error %d", err) < 0 ? -1 : 0;
}

static uint32_t map_type(enum rule_shape s)
{
	if (s == SHAPE_PREFIX4 || s == SHAPE_PREFIX6)
		return BPF_MAP_TYPE_LPM_TRIE;
	return s == SHAPE_ID ? BPF_MAP_TYPE_HASH : BPF_MAP_TYPE_ARRAY;
}

int fake_bpf_obj_get_info_by_fd(int fd, void *to, uint32_t *len)
{
	struct bpf_map_info *info = to;
	int map;

	(void)len;
	if (!strcmp(machine_fd(fd), "program")) {
		describe_program(to);
		return 0;
	}
	map = map_of(fd);
	info->type = map_type(shape(map)->shape);
	info->key_size = shape(map)->key_size;
	info->value_size = shape(map)->value_size;
	strncpy(info->name, shape(map)->name, sizeof(info->name) - 1);
	return 0;
}

static struct element *find(int map, const void *key)
{
	int i;

	for (i = 0; i < ELEMENTS; i++)
		if (maps[map][i].used && !memcmp(maps[map][i].key, key, shape(map)->key_size))
			return &maps[map][i];
	return NULL;
}

int fake_bpf_map_lookup_elem(int fd, const void *key, void *value)
{
	const struct element *e = find(map_of(fd), key);

	if (!e)
		return machine_fail(ENOENT);
	memcpy(value, &e->value, shape(map_of(fd))->value_size);
	return 0;
}

int fake_bpf_map_update_elem(int fd, const void *key, const void *value, uint64_t flags)
{
	int map = map_of(fd), i;
	struct element *e = find(map, key);

	(void)flags;
	for (i = 0; i < ELEMENTS && !e && !is_array(map); i++)
		if (!maps[map][i].used)
			e = &maps[map][i];
	if (!e)
		return machine_fail(E2BIG);
	e->used = true;
	memcpy(e->key, key, shape(map)->key_size);
	memcpy(&e->value, value, shape(map)->value_size);
	machine.map_changes++;
	return 0;
}

int fake_bpf_map_delete_elem(int fd, const void *key)
{
	struct element *e = find(map_of(fd), key);

	if (!e)
		return machine_fail(ENOENT);
	e->used = false;
	machine.map_changes++;
	return 0;
}

int fake_bpf_map_get_next_key(int fd, const void *key, void *next)
{
	int map = map_of(fd);
	const struct element *e = key ? find(map, key) : NULL;
	int i;

	for (i = e ? e - maps[map] + 1 : 0; i < ELEMENTS; i++)
		if (maps[map][i].used) {
			memcpy(next, maps[map][i].key, shape(map)->key_size);
			return 0;
		}
	return machine_fail(ENOENT);
}

int fake_bpf_obj_get(const char *path)
{
	(void)path;
	return machine_fault(NO_OBJECT) ? machine_fail(ENOENT) : machine_new_fd("program");
}

/* ---- object files ------------------------------------------------------ */

struct bpf_program {
	const char *name, *section;
	bool autoload;
};

struct bpf_map {
	int number;
};

struct bpf_object {
	bool open;
};

static struct bpf_program programs[] = {
	{ "prefix", "tc", false }, { "vlan", "tc", false }, { "flow", "other", false },
};
static struct bpf_map object_maps[] = { { 0 }, { 7 } };
static struct bpf_object object;

struct bpf_object *fake_bpf_object__open_file(const char *path, const struct bpf_object_open_opts *o)
{
	(void)path;
	(void)o;
	object.open = !machine_fault(NO_OBJECT);
	errno = ENOENT;
	return object.open ? &object : NULL;
}

void fake_bpf_object__close(struct bpf_object *o)
{
	if (!o->open)
		machine_bug("closes an object twice");
	o->open = false;
}

int fake_bpf_object__load(struct bpf_object *o)
{
	(void)o;
	return machine_fault(NO_LOAD) ? -EACCES : 0;
}

/* The last one alone, or all. */
struct bpf_program *fake_bpf_object__next_program(const struct bpf_object *o, struct bpf_program *p)
{
	(void)o;
	if (!p)
		return machine_fault(NO_MAPS) ? &programs[2] : programs;
	return p == &programs[2] ? NULL : p + 1;
}

struct bpf_map *fake_bpf_object__next_map(const struct bpf_object *o, const struct bpf_map *m)
{
	(void)o;
	return !m ? object_maps : m == object_maps ? &object_maps[1] : NULL;
}

const char *fake_bpf_program__name(const struct bpf_program *p)
{
	return p->name;
}

const char *fake_bpf_program__section_name(const struct bpf_program *p)
{
	return p->section;
}

int fake_bpf_program__set_autoload(struct bpf_program *p, bool autoload)
{
	p->autoload = autoload;
	return 0;
}

int fake_bpf_program__set_type(struct bpf_program *p, enum bpf_prog_type type)
{
	(void)p;
	(void)type;
	return 0;
}

/* The verifier's words are the tail's. */
int fake_bpf_program__set_log_buf(struct bpf_program *p, char *log, size_t size)
{
	size_t i, n = machine_byte();

	(void)p;
	for (i = 0; i < n && i < size - 1; i++)
		log[i] = machine_byte();
	return 0;
}

int fake_bpf_program__fd(const struct bpf_program *p)
{
	return p->autoload ? 5 : -ENOENT;
}

const char *fake_bpf_map__name(const struct bpf_map *m)
{
	return shape(m->number)->name;
}

enum bpf_map_type fake_bpf_map__type(const struct bpf_map *m)
{
	(void)m;
	return 0;
}

uint32_t fake_bpf_map__key_size(const struct bpf_map *m)
{
	return shape(m->number)->key_size;
}

uint32_t fake_bpf_map__value_size(const struct bpf_map *m)
{
	return shape(m->number)->value_size;
}

uint32_t fake_bpf_map__max_entries(const struct bpf_map *m)
{
	(void)m;
	return 0;
}

uint32_t fake_bpf_map__map_flags(const struct bpf_map *m)
{
	(void)m;
	return 0;
}

bool fake_bpf_map__is_internal(const struct bpf_map *m)
{
	(void)m;
	return false;
}

int fake_bpf_map__reuse_fd(struct bpf_map *m, int fd)
{
	(void)m;
	return map_of(fd) == m->number ? 0 : -EINVAL;
}

int fake_bpf_map__set_pin_path(struct bpf_map *m, const char *path)
{
	(void)m;
	(void)path;
	return 0;
}

libbpf_print_fn_t fake_libbpf_set_print(libbpf_print_fn_t fn)
{
	return fn;
}
