// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* tc ... action europa */
#include <unistd.h>

#include "plugin.h"

#define MSG_MAX 65536

static bool fits(void)
{
	const struct plugin_need needs[] = {
		PLUGIN_NEED(addattr_l), PLUGIN_NEED(addattr_nest), PLUGIN_NEED(addattr_nest_end),
		PLUGIN_NEED(parse_rtattr), PLUGIN_NEED(invarg), PLUGIN_NEED(missarg),
		PLUGIN_NEED(get_u32), PLUGIN_NEED(print_color_string),
		PLUGIN_NEED(print_color_uint), PLUGIN_NEED(print_color_int),
		PLUGIN_NEED(print_color_bool), PLUGIN_NEED(print_nl),
		PLUGIN_NEED(open_json_object), PLUGIN_NEED(close_json_object),
		PLUGIN_NEED(show_stats), PLUGIN_NEED(parse_action_control_dflt),
	};

	return plugin_fits("m_europa.so", needs, sizeof(needs) / sizeof(needs[0]));
}

static void print_usage(FILE *f)
{
	fprintf(f,
		"Usage: ... action europa [ vr ] VR [ CONTROL ] [ index INDEX ] [ cookie COOKIE ]\n"
		"       ... action europa [ CONTROL ] index INDEX\n"
		"\n"
		"VR      := { NUMBER | NAME }\n"
		"CONTROL := what happens where the VR has no port on the device; default pipe:\n"
		"           the device's classifier, then the MAC address, decide\n");
}

struct request {
	struct tc_europa parms;
	const char *name;
	bool has_vr, has_control;
};

static void parse_vr(const char *word, struct request *w)
{
	if (plugin_is_number(word))
		w->parms.vr = plugin_vr_number(word);
	else
		w->name = plugin_vr_name(word);
	w->has_vr = true;
}

/* Spelled in full: where a VR's name may stand, tc's abbreviations are names. */
static bool is_control(const char *word)
{
	static const char *const controls[] = {
		"continue", "drop", "shot", "pass", "ok", "reclassify", "pipe", "goto", "jump",
		"trap",
	};
	size_t i;

	for (i = 0; i < sizeof(controls) / sizeof(controls[0]); i++)
		if (!strcmp(word, controls[i]))
			return true;
	return false;
}

/* A control word, which may be of several words: whether there was one. */
static bool take_control(int *argc, char ***argv, struct request *w)
{
	int before = *argc;

	if (w->has_control || (!w->has_vr && !w->parms.index && !is_control(**argv)))
		return false;
	parse_action_control_dflt(argc, argv, &w->parms.action, false, TC_ACT_PIPE);
	w->has_control = *argc != before;
	return w->has_control;
}

/* One setting; false: the word is not ours. The word vr may be left out. */
static bool take_setting(int *argc, char ***argv, struct request *w)
{
	const char *word = **argv;

	if (!w->has_vr && !strcmp(word, "vr"))
		parse_vr(next_arg(argc, argv, "vr"), w);
	else if (!w->parms.index && !strcmp(word, "index"))
		w->parms.index = plugin_number(next_arg(argc, argv, "index"), 1, UINT32_MAX,
					       "an index is a number from 1");
	else if (take_control(argc, argv, w))
		return true;
	else if (!w->has_vr && !w->has_control && !w->parms.index)
		parse_vr(word, w);
	else
		return false;
	--*argc;
	++*argv;
	return true;
}

/*
 * Ends at the first word that is not ours: tc goes on from there. An index
 * alone names an action there is already.
 */
static int parse_args(int *argc, char ***argv, struct request *w)
{
	w->parms.action = TC_ACT_PIPE;
	while (*argc > 0 && strcmp(**argv, "help") && take_setting(argc, argv, w))
		;
	if (w->has_vr || w->parms.index)
		return 0;
	print_usage(stderr);
	return -1;
}

static int europa_parse_aopt(struct action_util *a, int *argc, char ***argv, int code,
			     struct nlmsghdr *n)
{
	struct request w = { .name = NULL };
	struct rtattr *nest;

	(void)a;
	if (!fits())
		return -1;
	--*argc;
	++*argv;
	if (parse_args(argc, argv, &w))
		return -1;
	nest = addattr_nest(n, MSG_MAX, code);
	addattr_l(n, MSG_MAX, TCA_EUROPA_PARMS, &w.parms, sizeof(w.parms));
	if (w.name)
		addattr_l(n, MSG_MAX, TCA_EUROPA_VR_NAME, w.name, strlen(w.name) + 1);
	addattr_nest_end(n, nest);
	return 0;
}

/* Without a name, the VR was deleted: the action finds no port anywhere. */
static void print_vr(uint32_t id, const struct rtattr *name)
{
	char text[EUROPA_NAME_SIZE];

	print_color_uint(PRINT_JSON, COLOR_NONE, "vr", NULL, id);
	if (name) {
		rta_string(text, sizeof(text), name);
		print_color_string(PRINT_ANY, COLOR_NONE, "vr_name", "vr %s", text);
	} else {
		print_color_uint(PRINT_FP, COLOR_NONE, NULL, "vr %u (deleted)", id);
		print_color_bool(PRINT_JSON, COLOR_NONE, "deleted", NULL, true);
	}
}

static const char *control_name(int action)
{
	if (TC_ACT_EXT_CMP(action, TC_ACT_GOTO_CHAIN))
		return "goto";
	if (TC_ACT_EXT_CMP(action, TC_ACT_JUMP))
		return "jump";
	switch (action) {
	case TC_ACT_UNSPEC:
		return "continue";
	case TC_ACT_OK:
		return "pass";
	case TC_ACT_SHOT:
		return "drop";
	case TC_ACT_RECLASSIFY:
		return "reclassify";
	case TC_ACT_PIPE:
		return "pipe";
	case TC_ACT_STOLEN:
		return "stolen";
	case TC_ACT_TRAP:
		return "trap";
	default:
		return NULL;
	}
}

/* As tc prints it for its own actions; its function for that has changed. */
static void print_control(int action)
{
	const char *name = control_name(action);
	unsigned int value = action & TC_ACT_EXT_VAL_MASK;
	char number[16];

	if (!name) {
		snprintf(number, sizeof(number), "%d", action);
		name = number;
	}
	open_json_object("control_action");
	print_color_string(PRINT_ANY, COLOR_NONE, "type", " %s", name);
	if (TC_ACT_EXT_CMP(action, TC_ACT_GOTO_CHAIN))
		print_color_uint(PRINT_ANY, COLOR_NONE, "chain", " chain %u", value);
	if (TC_ACT_EXT_CMP(action, TC_ACT_JUMP))
		print_color_uint(PRINT_ANY, COLOR_NONE, "jump", " %u", value);
	close_json_object();
}

static void print_time(const char *key, const char *fmt, uint64_t ticks)
{
	if (ticks)
		print_color_uint(PRINT_ANY, COLOR_NONE, key, fmt,
				 ticks / sysconf(_SC_CLK_TCK));
}

/* The same. */
static void print_times(const struct rtattr *times)
{
	struct tcf_t tm;

	if (RTA_PAYLOAD(times) < sizeof(tm))
		return;
	memcpy(&tm, RTA_DATA(times), sizeof(tm));
	print_time("installed", " installed %u sec", tm.install);
	print_time("last_used", " used %u sec", tm.lastuse);
	print_time("first_used", " firstused %u sec", tm.firstuse);
	print_time("expires", " expires %u sec", tm.expires);
}

static void print_references(const struct tc_europa *p)
{
	print_nl();
	print_color_uint(PRINT_ANY, COLOR_NONE, "index", "\t index %u", p->index);
	print_color_int(PRINT_ANY, COLOR_NONE, "ref", " ref %d", p->refcnt);
	print_color_int(PRINT_ANY, COLOR_NONE, "bind", " bind %d", p->bindcnt);
}

static int europa_print_aopt(struct action_util *a, FILE *f, struct rtattr *opt)
{
	struct rtattr *tb[TCA_EUROPA_MAX + 1];
	struct tc_europa p;

	(void)a;
	(void)f;
	if (!fits())
		return -1;
	print_color_string(PRINT_ANY, COLOR_NONE, "kind", "%s ", "europa");
	if (!opt)
		return 0;
	parse_rtattr(tb, TCA_EUROPA_MAX, RTA_DATA(opt), RTA_PAYLOAD(opt));
	if (!tb[TCA_EUROPA_PARMS] || RTA_PAYLOAD(tb[TCA_EUROPA_PARMS]) < sizeof(p)) {
		fprintf(stderr, "Missing europa parameters\n");
		return -1;
	}
	memcpy(&p, RTA_DATA(tb[TCA_EUROPA_PARMS]), sizeof(p));
	print_vr(p.vr, tb[TCA_EUROPA_VR_NAME]);
	print_control(p.action);
	print_references(&p);
	if (show_stats && tb[TCA_EUROPA_TM])
		print_times(tb[TCA_EUROPA_TM]);
	print_nl();
	return 0;
}

__attribute__((visibility("default")))
struct action_util europa_action_util = {
	.id = "europa",
	.parse_aopt = europa_parse_aopt,
	.print_aopt = europa_print_aopt,
};
