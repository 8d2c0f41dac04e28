// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* ip vr rule: write the maps of the classifier bound to a device. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>

#include "bpfmap.h"
#include "cmd.h"
#include "genl.h"
#include "out.h"
#include "rule_key.h"

static int bound_program(const char *dev, uint32_t *prog_id)
{
	struct classifier c;
	uint32_t ifindex;
	struct genl g;
	int ret, err;

	if (need_dev(dev, &ifindex))
		return EXIT_USAGE;
	ret = genl_open(&g, -1);
	if (ret)
		return ret;
	err = genl_classifier_get(&g, ifindex, &c);
	if (err == -ENOENT) {
		fprintf(stderr, "No classifier is bound to \"%s\".\n", dev);
		ret = EXIT_USAGE;
	} else if (err) {
		ret = genl_fail(&g);
	}
	genl_close(&g);
	*prog_id = c.prog_id;
	return ret;
}

static int fail(const char *what, int err)
{
	fprintf(stderr, "Error: cannot %s: %s\n", what, strerror(err));
	return EXIT_KERNEL;
}

/* fd of the map for the rule's kind, or -exit code. */
static int open_map(uint32_t prog_id, const struct rule_map *map, const char *dev)
{
	int fd = bpfmap_open(prog_id, map);

	if (fd >= 0)
		return fd;
	if (fd == -EPROTOTYPE) {
		fprintf(stderr, "Error: the classifier of \"%s\" has a map %s, but not of the type and sizes of \"%s\" rules.\n",
			dev, map->name, map->word);
		return -EXIT_USAGE;
	}
	if (fd != -ENOENT)
		return -fail("reach the classifier's maps", -fd);
	fprintf(stderr, "Error: the classifier of \"%s\" takes no \"%s\" rules (it has no map %s).\n",
		dev, map->word, map->name);
	return -EXIT_USAGE;
}

/* ---- the command line -------------------------------------------------- */

struct rule_args {
	const char *dev;
	struct rule rule;
	bool has_verdict;
};

static int resolve_vr(const char *word, uint32_t *id)
{
	struct vr_ref ref;
	struct vr vr;
	int ret;

	if (parse_ref(word, &ref))
		return EXIT_USAGE;
	*id = ref.id;
	if (ref.id)
		return 0;
	ret = genl_vr_lookup(&ref, &vr);
	if (ret)
		return ret;
	*id = vr.conf.id;
	vr_free(&vr);
	return 0;
}

static int parse_verdict(struct args *a, struct rule_args *w)
{
	const char *value;
	uint32_t id;
	int ret;

	if (args_take(a, "host")) {
		w->rule.value.rule.verdict = EUROPA_VERDICT_HOST;
	} else if (args_take(a, "drop")) {
		w->rule.value.rule.verdict = EUROPA_VERDICT_DROP;
	} else if (args_take(a, "vr")) {
		value = args_value(a, "vr");
		ret = value ? resolve_vr(value, &id) : EXIT_USAGE;
		if (ret)
			return ret;
		w->rule.value.rule.verdict = EUROPA_VERDICT_VR(id);
	} else {
		return -1;
	}
	w->has_verdict = true;
	return 0;
}

static int parse_pref(struct args *a, uint32_t *pref)
{
	const char *value = args_value(a, "pref");
	uint64_t number;

	if (!value || parse_number("pref", value, 0, EUROPA_FLOWS - 1, &number))
		return EXIT_USAGE;
	*pref = number;
	return 0;
}

static int apply_pref(struct rule_args *w, uint32_t pref)
{
	if (pref == RULE_PREF_ANY)
		return 0;
	if (w->rule.map->shape != SHAPE_FLOW) {
		fprintf(stderr, "Error: only flow rules have a pref; elsewhere the longest prefix, or the only match, wins.\n");
		return EXIT_USAGE;
	}
	w->rule.key.number = pref;
	return 0;
}

static int parse_args(struct args *a, struct rule_args *w, bool with_verdict)
{
	uint32_t pref = RULE_PREF_ANY;
	int ret = 0;

	while (args_left(a) && !ret) {
		if (args_take(a, "pref")) {
			ret = parse_pref(a, &pref);
			continue;
		}
		ret = w->rule.map ? -1 : rule_parse_key(a, &w->rule);
		if (ret < 0)
			ret = w->has_verdict ? -1 : parse_verdict(a, w);
		if (ret < 0)
			ret = take_dev(a, &w->dev);
	}
	if (ret)
		return ret;
	if (!w->rule.map || (with_verdict && !w->has_verdict)) {
		fprintf(stderr, "Error: a rule wants dev DEVICE, a KEY%s. Try \"ip vr help\".\n",
			with_verdict ? " and vr VR, host or drop" : "");
		return EXIT_USAGE;
	}
	return apply_pref(w, pref);
}

/* ---- one element ------------------------------------------------------- */

/* The rule of exactly this key; false: none. */
static bool lookup(int fd, const struct rule *r, struct europa_flow *old)
{
	memset(old, 0, sizeof(*old));
	if (bpf_map_lookup_elem(fd, &r->key, old) || !old->rule.used)
		return false;
	return rule_is_array(r->map) || old->rule.used == r->value.rule.used;
}

/* A flow's place: where the same one is, else pref, else the first free. -1: full. */
static int place_flow(int fd, struct rule *r)
{
	struct europa_flow f;
	int free = -1;
	uint32_t i;

	for (i = 0; i < EUROPA_FLOWS; i++) {
		if (bpf_map_lookup_elem(fd, &i, &f))
			continue;
		if (!f.rule.used)
			free = free < 0 ? (int)i : free;
		else if (r->key.number == RULE_PREF_ANY && rule_same_flow(&f, &r->value))
			r->key.number = i;
	}
	if (r->key.number != RULE_PREF_ANY)
		return 0;
	r->key.number = free;
	return free < 0 ? -1 : 0;
}

static int no_such_rule(void)
{
	fprintf(stderr, "No such rule.\n");
	return EXIT_USAGE;
}

static int write_one(int fd, const struct rule *r, const struct europa_flow *value)
{
	int err = bpfmap_write(fd, &r->key, value);

	return err ? fail("write the rule", -err) : 0;
}

/*
 * The element of an array is not replaced, as a hash's is, but written over byte by byte
 * while packets are compared with it. So only used, or the verdict, changes in one that is
 * in use; what it matches is written while it is not.
 */
static int fill_element(int fd, const struct rule *r)
{
	struct europa_flow value = r->value;
	int ret;

	value.rule.used = 0;
	ret = write_one(fd, r, &value);
	return ret ? ret : write_one(fd, r, &r->value);
}

/* Until no packet is being compared with a flow that was deleted. */
static void wait_for_packets(void)
{
	/* It waits for RCU, under which classifiers run; it cannot with nohz_full. */
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0))
		usleep(100000);
}

static int may_put(int fd, const struct rule *r, bool replace)
{
	struct europa_flow old;

	if (!lookup(fd, r, &old))
		return 0;
	if (!replace) {
		fprintf(stderr, "Error: there is such a rule; replace or delete it.\n");
		return EXIT_KERNEL;
	}
	if (r->map->shape == SHAPE_FLOW && !rule_same_flow(&old, &r->value)) {
		fprintf(stderr, "Error: pref %u has another flow; delete that first.\n", r->key.number);
		return EXIT_KERNEL;
	}
	return 0;
}

static int put_one(int fd, const struct rule *r)
{
	struct europa_flow old;
	bool there = lookup(fd, r, &old);

	if (there && old.rule.verdict == r->value.rule.verdict)
		return 0;	/* and its counter goes on */
	if (there || !rule_is_array(r->map))
		return write_one(fd, r, &r->value);
	if (r->map->shape == SHAPE_FLOW)
		wait_for_packets();
	return fill_element(fd, r);
}

static int may_clear(int fd, const struct rule *r)
{
	struct europa_flow old;

	return lookup(fd, r, &old) ? 0 : no_such_rule();
}

static int clear_one(int fd, const struct rule *r)
{
	struct europa_flow old;

	if (!rule_is_array(r->map))
		return bpf_map_delete_elem(fd, &r->key) ? fail("delete the rule", errno) : 0;
	if (!lookup(fd, r, &old))
		return 0;
	old.rule.used = 0;
	return write_one(fd, r, &old);
}

/* A range is changed whole or not at all. */
static int put_rule(int fd, struct rule *r, bool replace)
{
	uint32_t first;
	int ret = 0;

	if (r->map->shape == SHAPE_FLOW && place_flow(fd, r))
		return fail("add the rule", ENOSPC);
	if (r->map->shape != SHAPE_BUCKET) {
		ret = may_put(fd, r, replace);
		return ret ? ret : put_one(fd, r);
	}
	first = r->key.number;
	for (; !ret && r->key.number <= r->last; r->key.number++)
		ret = may_put(fd, r, replace);
	for (r->key.number = first; !ret && r->key.number <= r->last; r->key.number++)
		ret = put_one(fd, r);
	return ret;
}

static bool has_fields(const struct europa_flow *f)
{
	static const struct europa_flow none;

	return !rule_same_flow(f, &none);
}

/* By its pref alone, or by its fields, or by both. */
static int find_flow(int fd, struct rule *r)
{
	bool by_pref = r->key.number != RULE_PREF_ANY;
	struct europa_flow old;

	place_flow(fd, r);
	if (!lookup(fd, r, &old))
		return no_such_rule();
	if ((!by_pref || has_fields(&r->value)) && !rule_same_flow(&old, &r->value))
		return no_such_rule();
	return 0;
}

static int del_rule(int fd, struct rule *r)
{
	uint32_t first;
	int ret = 0;

	if (r->map->shape == SHAPE_FLOW)
		ret = find_flow(fd, r);
	else if (r->map->shape != SHAPE_BUCKET)
		ret = may_clear(fd, r);
	if (ret || r->map->shape != SHAPE_BUCKET)
		return ret ? ret : clear_one(fd, r);
	first = r->key.number;
	for (; !ret && r->key.number <= r->last; r->key.number++)
		ret = may_clear(fd, r);
	for (r->key.number = first; !ret && r->key.number <= r->last; r->key.number++)
		ret = clear_one(fd, r);
	return ret;
}

enum change { RULE_ADD, RULE_REPLACE, RULE_DEL };

static int change_rule(struct args *a, enum change change)
{
	struct rule_args w = { 0 };
	uint32_t prog_id;
	int ret, fd;

	ret = parse_args(a, &w, change != RULE_DEL);
	if (!ret)
		ret = bound_program(w.dev, &prog_id);
	if (ret)
		return ret;
	fd = open_map(prog_id, w.rule.map, w.dev);
	if (fd < 0)
		return -fd;
	ret = change == RULE_DEL ? del_rule(fd, &w.rule) :
	      put_rule(fd, &w.rule, change == RULE_REPLACE);
	close(fd);
	return ret;
}

/* ---- all of them ------------------------------------------------------- */

typedef int (*rule_fn)(int fd, const struct rule *r, void *data);

/* fn may delete the rule it is given. */
static int for_each_in(int fd, const struct rule_map *map, rule_fn fn, void *data)
{
	struct rule r = { .map = map }, next = { .map = map };
	int more = bpf_map_get_next_key(fd, NULL, &r.key), ret = 0;

	while (!more && !ret) {
		more = bpf_map_get_next_key(fd, &r.key, &next.key);
		if (!bpf_map_lookup_elem(fd, &r.key, &r.value) && r.value.rule.used)
			ret = fn(fd, &r, data);
		r.key = next.key;
	}
	return ret;
}

static int for_each_rule(uint32_t prog_id, rule_fn fn, void *data)
{
	int i, fd, ret = 0, found = 0;

	for (i = 0; i < rule_map_count && !ret; i++) {
		fd = bpfmap_open(prog_id, &rule_maps[i]);
		if (fd == -ENOENT || fd == -EPROTOTYPE)
			continue;
		if (fd < 0)
			return fail("reach the classifier's maps", -fd);
		found++;
		ret = for_each_in(fd, &rule_maps[i], fn, data);
		close(fd);
	}
	if (!found)
		fprintf(stderr, "The classifier takes no rules.\n");
	return ret;
}

/* Names of VRs by number, as far as they have one. */
static char (*names)[EUROPA_NAME_SIZE];

static int remember_name(const struct vr *vr, void *data)
{
	(void)data;
	if (vr->conf.id <= EUROPA_VR_MAX)
		memcpy(names[vr->conf.id], vr->conf.name, EUROPA_NAME_SIZE);
	return 0;
}

static void forget_names(void)
{
	free(names);
	names = NULL;
}

static int read_names(void)
{
	struct genl g;
	int ret = genl_open_all(&g);

	if (ret)
		return ret;
	names = calloc(EUROPA_VR_MAX + 1, sizeof(*names));
	ret = names && genl_vr_dump(&g, remember_name, NULL) ? genl_fail(&g) : 0;
	genl_close(&g);
	if (ret)
		forget_names();
	return ret;
}

static void show_verdict(int32_t verdict)
{
	uint32_t id = verdict & 0xffff;

	if (verdict == EUROPA_VERDICT_HOST || verdict == EUROPA_VERDICT_DROP) {
		out_string(OUT_ANY, C_NONE, "verdict", " %s",
			   verdict == EUROPA_VERDICT_HOST ? "host" : "drop");
		return;
	}
	out_string(OUT_JSON, C_NONE, "verdict", NULL, "vr");
	out_u64(OUT_JSON, "vr", NULL, id);
	if (names && *names[id]) {
		out_text(" vr ");
		out_string(OUT_TEXT, C_NAME, NULL, "%s", names[id]);
		out_string(OUT_JSON, C_NONE, "vr_name", NULL, names[id]);
	} else {
		out_text(" vr %u", id);
	}
}

static int show_rule(int fd, const struct rule *r, void *data)
{
	(void)fd;
	(void)data;
	out_open_object(NULL);
	rule_show_key(r);
	show_verdict(r->value.rule.verdict);
	out_u64(OUT_JSON, "packets", NULL, r->value.rule.packets);
	out_text(" packets %llu", (unsigned long long)r->value.rule.packets);
	out_close_object();
	out_last_line();
	return 0;
}

static int flush_rule(int fd, const struct rule *r, void *data)
{
	(void)data;
	return clear_one(fd, r);
}

static int find_program(struct args *a, uint32_t *prog_id)
{
	const char *dev = NULL;

	while (args_left(a))
		if (take_dev(a, &dev))
			return EXIT_USAGE;
	return bound_program(dev, prog_id);
}

static int flush_rules(struct args *a)
{
	uint32_t prog_id;
	int ret = find_program(a, &prog_id);

	return ret ? ret : for_each_rule(prog_id, flush_rule, NULL);
}

static int show_rules(struct args *a)
{
	uint32_t prog_id;
	int ret = find_program(a, &prog_id);

	if (!ret)
		ret = read_names();
	if (ret)
		return ret;
	out_open_array(NULL);
	ret = for_each_rule(prog_id, show_rule, NULL);
	out_close_array();
	out_end();
	forget_names();
	return ret;
}

int cmd_rule(struct args *a)
{
	if (!args_left(a)) {
		fprintf(stderr, "Error: rule add, replace, del, show or flush?\n");
		return EXIT_USAGE;
	}
	if (args_take(a, "add"))
		return change_rule(a, RULE_ADD);
	if (args_take(a, "replace"))
		return change_rule(a, RULE_REPLACE);
	if (args_take(a, "del") || args_take(a, "delete"))
		return change_rule(a, RULE_DEL);
	if (args_take(a, "show") || args_take(a, "list") || args_take(a, "ls") || args_take(a, "lst"))
		return show_rules(a);
	if (args_take(a, "flush"))
		return flush_rules(a);
	return args_unknown(args_peek(a));
}
