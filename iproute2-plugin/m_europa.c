// SPDX-License-Identifier: GPL-2.0
/* tc ... action europa */
#include "plugin.h"

#define MSG_MAX 65536

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

struct wish {
	struct tc_europa parms;
	const char *name;
	bool has_vr, has_control;
};

static void parse_vr(const char *word, struct wish *w)
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
	static const char *const words[] = {
		"continue", "drop", "shot", "pass", "ok", "reclassify", "pipe", "goto", "jump",
		"trap",
	};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(word, words[i]))
			return true;
	return false;
}

/* A control word, which may be of several words: whether there was one. */
static bool take_control(int *argc, char ***argv, struct wish *w)
{
	int before = *argc;

	if (w->has_control || (!w->has_vr && !w->parms.index && !is_control(**argv)))
		return false;
	parse_action_control_dflt(argc, argv, &w->parms.action, false, TC_ACT_PIPE);
	w->has_control = *argc != before;
	return w->has_control;
}

/* One setting; false: the word is not ours. The word vr may be left out. */
static bool take_setting(int *argc, char ***argv, struct wish *w)
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
static int parse_words(int *argc, char ***argv, struct wish *w)
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
	struct wish w = { .name = NULL };
	struct rtattr *nest;

	(void)a;
	--*argc;
	++*argv;
	if (parse_words(argc, argv, &w))
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
	print_action_control(f, " ", p.action, "");
	print_references(&p);
	if (show_stats && tb[TCA_EUROPA_TM])
		print_tm(f, RTA_DATA(tb[TCA_EUROPA_TM]));
	print_nl();
	return 0;
}

__attribute__((visibility("default")))
struct action_util europa_action_util = {
	.id = "europa",
	.parse_aopt = europa_parse_aopt,
	.print_aopt = europa_print_aopt,
};
