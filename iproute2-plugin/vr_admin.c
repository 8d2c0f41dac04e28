// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* ip vr add, set, replace, del: words to struct vr_conf. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "genl.h"

static int set_id(const char *value, struct vr_conf *c)
{
	return parse_id(value, &c->id);
}

static int set_name(const char *value, struct vr_conf *c)
{
	return parse_name(value, c->name);
}

static int set_netns(const char *value, struct vr_conf *c)
{
	if (strlen(value) >= sizeof(c->netns))
		return args_invalid("too long for a namespace's name", value);
	strcpy(c->netns, value);
	return 0;
}

static int u32_size(const char *what, const char *value, uint32_t min, uint32_t max, uint32_t *out)
{
	uint64_t size;

	if (parse_size(what, value, min, max, &size))
		return EXIT_USAGE;
	*out = size;
	return 0;
}

static int set_slots(const char *value, struct vr_conf *c)
{
	return u32_size("slots", value, EUROPA_SLOTS_MIN, EUROPA_SLOTS_MAX, &c->slots);
}

static int set_snap(const char *value, struct vr_conf *c)
{
	return u32_size("snap", value, EUROPA_SNAP_MIN, EUROPA_SNAP_MAX, &c->snap);
}

static int set_queues(const char *value, struct vr_conf *c)
{
	return u32_size("queues", value, 1, EUROPA_QUEUES_MAX, &c->queues);
}

static int set_limit(const char *value, struct vr_conf *c)
{
	return parse_size("limit", value, EUROPA_LIMIT_MIN, EUROPA_LIMIT_MAX, &c->limit);
}

static int set_owner(const char *value, struct vr_conf *c)
{
	return parse_uid(value, &c->uid);
}

static int set_group(const char *value, struct vr_conf *c)
{
	return parse_gid(value, &c->gid);
}

static int set_mode(const char *value, struct vr_conf *c)
{
	return parse_mode(value, &c->mode);
}

static int set_fallback(const char *value, struct vr_conf *c)
{
	int i = parse_one_of("fallback", value, fallback_names, 2);

	c->fallback = i;
	return i < 0 ? EXIT_USAGE : 0;
}

static int set_spread(const char *value, struct vr_conf *c)
{
	int i = parse_one_of("spread", value, spread_names, 2);

	c->spread = i;
	return i < 0 ? EXIT_USAGE : 0;
}

static int set_tx(const char *value, struct vr_conf *c)
{
	int i = parse_one_of("tx", value, tx_names, 2);

	c->tx = i;
	return i < 0 ? EXIT_USAGE : 0;
}

static int set_cpu(const char *value, struct vr_conf *c)
{
	uint64_t cpu;

	if (parse_number("cpu", value, 0, UINT32_MAX, &cpu))
		return EXIT_USAGE;
	c->cpu = cpu;
	c->bound = true;
	return 0;
}

/* As tc writes a class: MAJOR:MINOR in hexadecimal, "none" or 0 for none. */
static int set_prio(const char *value, struct vr_conf *c)
{
	unsigned int major, minor;
	int end = 0;

	if (!strcmp(value, "none") || !strcmp(value, "0")) {
		c->prio = 0;
		return 0;
	}
	if (sscanf(value, "%4x:%4x%n", &major, &minor, &end) < 2 || value[end] ||
	    value[strspn(value, "0123456789abcdefABCDEF:")]) {
		fprintf(stderr, "Error: argument \"%s\" is wrong: prio is a tc class, MAJOR:MINOR, or none\n",
			value);
		return EXIT_USAGE;
	}
	c->prio = major << 16 | minor;
	return 0;
}

static int set_stall(const char *value, struct vr_conf *c)
{
	uint64_t ms;

	if (!strcmp(value, "off") || !strcmp(value, "0")) {
		c->stall = 0;
		return 0;
	}
	if (parse_number("stall, but for off,", value, EUROPA_STALL_MIN, EUROPA_STALL_MAX, &ms))
		return EXIT_USAGE;
	c->stall = ms;
	return 0;
}

static const struct setting {
	const char *name;
	unsigned int has;
	int (*parse)(const char *value, struct vr_conf *c);
} settings[] = {
	{ "id", VR_HAS_ID, set_id },
	{ "name", VR_HAS_NAME, set_name },
	{ "netns", VR_HAS_NETNS, set_netns },
	{ "slots", VR_HAS_SLOTS, set_slots },
	{ "snap", VR_HAS_SNAP, set_snap },
	{ "queues", VR_HAS_QUEUES, set_queues },
	{ "limit", VR_HAS_LIMIT, set_limit },
	{ "owner", VR_HAS_UID, set_owner },
	{ "group", VR_HAS_GID, set_group },
	{ "mode", VR_HAS_MODE, set_mode },
	{ "fallback", VR_HAS_FALLBACK, set_fallback },
	{ "prio", VR_HAS_PRIO, set_prio },
	{ "stall", VR_HAS_STALL, set_stall },
	{ "spread", VR_HAS_SPREAD, set_spread },
	{ "tx", VR_HAS_TX, set_tx },
	{ "cpu", VR_HAS_CPU, set_cpu },
};

static const struct setting *find_setting(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		if (!strcmp(name, settings[i].name))
			return &settings[i];
	return NULL;
}

static int parse_settings(struct args *a, struct vr_conf *c)
{
	const struct setting *setting;
	const char *value;

	while (args_left(a)) {
		setting = find_setting(args_peek(a));
		if (!setting)
			return args_unknown(args_peek(a));
		args_next(a);
		if (c->has & setting->has)
			return args_twice(setting->name);
		value = args_value(a, setting->name);
		if (!value || setting->parse(value, c))
			return EXIT_USAGE;
		c->has |= setting->has;
	}
	if (c->has & VR_HAS_CPU && (!(c->has & VR_HAS_TX) || c->tx != EUROPA_TX_POLL)) {
		fprintf(stderr, "Error: \"cpu\" goes with \"tx poll\".\n");
		return EXIT_USAGE;
	}
	return 0;
}

/* The VR a new one is to be, if it is named in front. */
static int parse_new(struct args *a, struct vr_conf *c)
{
	struct vr_ref ref;

	if (!args_left(a) || find_setting(args_peek(a)))
		return parse_settings(a, c);
	if (take_ref(a, &ref))
		return EXIT_USAGE;
	c->id = ref.id;
	memcpy(c->name, ref.name, sizeof(c->name));
	c->has |= ref.id ? VR_HAS_ID : VR_HAS_NAME;
	return parse_settings(a, c);
}

static int with_genl(int (*fn)(struct genl *, void *), void *data)
{
	struct genl g;
	int ret = genl_open(&g, -1);

	if (ret)
		return ret;
	ret = fn(&g, data);
	genl_close(&g);
	return ret;
}

/* The first modules did not know who drains tx. */
static int refused(const struct genl *g, const struct vr_conf *c)
{
	if (!(c->has & VR_HAS_TX) || strcmp(g->nl.message, "Unknown attribute type"))
		return genl_fail(g);
	fprintf(stderr, "Error: the module is older than ip-vr and does not know tx %s.\n",
		tx_names[c->tx]);
	return EXIT_KERNEL;
}

static int do_add(struct genl *g, void *data)
{
	return genl_vr_new(g, data) ? refused(g, data) : 0;
}

int cmd_vr_add(struct args *a)
{
	struct vr_conf c = { 0 };

	return parse_new(a, &c) ? EXIT_USAGE : with_genl(do_add, &c);
}

static int do_set(struct genl *g, void *data)
{
	return genl_vr_set(g, data) ? refused(g, data) : 0;
}

struct change {
	struct vr_ref ref;
	struct vr_conf conf;
};

/* A new name needs the number to name the VR by. */
static int do_rename(struct genl *g, void *data)
{
	struct change *change = data;
	struct vr vr;
	int ret = genl_vr_find(g, &change->ref, &vr);

	if (ret)
		return ret;
	change->conf.id = vr.conf.id;
	change->conf.has |= VR_HAS_ID;
	vr_free(&vr);
	return do_set(g, &change->conf);
}

int cmd_vr_set(struct args *a)
{
	struct change change = { 0 };
	struct vr_conf *c = &change.conf;

	if (take_ref(a, &change.ref) || parse_settings(a, c))
		return EXIT_USAGE;
	if (c->has & VR_HAS_ID) {
		fprintf(stderr, "Error: a VR's number cannot be changed.\n");
		return EXIT_USAGE;
	}
	if (!c->has) {
		fprintf(stderr, "Error: set what? Try \"ip vr help\".\n");
		return EXIT_USAGE;
	}
	if (c->has & VR_HAS_NAME && !change.ref.id)
		return with_genl(do_rename, &change);
	c->id = change.ref.id;
	if (!c->id)
		memcpy(c->name, change.ref.name, sizeof(c->name));
	c->has |= c->id ? VR_HAS_ID : VR_HAS_NAME;
	return with_genl(do_set, c);
}

/* What differs from what is, so that a second replace changes nothing. */
static unsigned int differences(const struct vr_conf *want, const struct vr_conf *is)
{
	unsigned int same = VR_HAS_ID;

	same |= strcmp(want->name, is->name) ? 0 : VR_HAS_NAME;
	same |= strcmp(want->netns, is->netns) ? 0 : VR_HAS_NETNS;
	same |= want->slots == is->slots ? VR_HAS_SLOTS : 0;
	same |= want->snap == is->snap ? VR_HAS_SNAP : 0;
	same |= want->queues == is->queues ? VR_HAS_QUEUES : 0;
	same |= want->limit == is->limit ? VR_HAS_LIMIT : 0;
	same |= want->uid == is->uid ? VR_HAS_UID : 0;
	same |= want->gid == is->gid ? VR_HAS_GID : 0;
	same |= want->mode == is->mode ? VR_HAS_MODE : 0;
	same |= want->fallback == is->fallback ? VR_HAS_FALLBACK : 0;
	same |= want->prio == is->prio ? VR_HAS_PRIO : 0;
	same |= want->stall == is->stall ? VR_HAS_STALL : 0;
	same |= want->spread == is->spread ? VR_HAS_SPREAD : 0;
	/* a processor is told together with tx, and none is told by its absence */
	if (want->tx == is->tx && want->bound == is->bound && want->cpu == is->cpu)
		same |= VR_HAS_TX | VR_HAS_CPU;
	return want->has & ~same;
}

static int do_replace(struct genl *g, void *data)
{
	struct vr_conf *want = data;
	struct vr_ref ref = { .id = want->has & VR_HAS_ID ? want->id : 0 };
	struct vr vr;
	int err;

	memcpy(ref.name, want->name, sizeof(ref.name));
	err = genl_vr_get(g, &ref, &vr);
	if (err == -ENOENT || err == -ENODEV)
		return do_add(g, want);
	if (err)
		return genl_fail(g);
	want->has = differences(want, &vr.conf);
	want->id = vr.conf.id;
	vr_free(&vr);
	if (!want->has)
		return 0;
	want->has |= VR_HAS_ID;
	return do_set(g, want);
}

int cmd_vr_replace(struct args *a)
{
	struct vr_conf c = { 0 };

	if (parse_new(a, &c))
		return EXIT_USAGE;
	if (!(c.has & (VR_HAS_ID | VR_HAS_NAME))) {
		fprintf(stderr, "Error: replace which VR? Give its name or number.\n");
		return EXIT_USAGE;
	}
	return with_genl(do_replace, &c);
}

static int do_del(struct genl *g, void *data)
{
	return genl_vr_del(g, data) ? genl_fail(g) : 0;
}

int cmd_vr_del(struct args *a)
{
	struct vr_ref ref;

	return take_ref(a, &ref) || no_more(a) ? EXIT_USAGE : with_genl(do_del, &ref);
}
