// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* ip link ... type europa */
#include "plugin.h"
#include "vlans.h"

#define MSG_MAX 1024

static const char *const modes[] = {
	[EUROPA_MODE_MAC] = "mac",
	[EUROPA_MODE_PASSTHRU] = "passthru",
	[EUROPA_MODE_CLASSIFIER] = "classifier",
};
#define MODES (sizeof(modes) / sizeof(modes[0]))

static bool fits(void)
{
	const struct plugin_need needs[] = {
		PLUGIN_NEED(addattr_l), PLUGIN_NEED(parse_rtattr), PLUGIN_NEED(invarg),
		PLUGIN_NEED(missarg), PLUGIN_NEED(get_u32), PLUGIN_NEED(print_color_string),
		PLUGIN_NEED(print_color_uint), PLUGIN_NEED(print_color_u64),
		PLUGIN_NEED(print_color_on_off), PLUGIN_NEED(print_nl),
	};

	return plugin_fits("link_europa.so", needs, sizeof(needs) / sizeof(needs[0]));
}

static void print_usage(FILE *f)
{
	fprintf(f,
		"Usage: ... europa vr VR [ port N ] [ mode MODE ] [ spoofchk { on | off } ]\n"
		"                  [ vlan LIST ] [ force ]\n"
		"\n"
		"VR   := { NUMBER | NAME }\n"
		"MODE := { mac | passthru | classifier }\n"
		"LIST := { none | N[-M][,...] }\n"
		"\n"
		"vr, port and mode are given when the link is added. It needs a lower device:\n"
		"ip link add link DEVICE [ NAME ] type europa vr VR\n");
}

static void europa_print_help(struct link_util *lu, int argc, char **argv, FILE *f)
{
	(void)lu;
	(void)argc;
	(void)argv;
	print_usage(f);
}

static void parse_vr(const char *word, struct nlmsghdr *n)
{
	uint32_t id;

	if (!plugin_is_number(word)) {
		plugin_vr_name(word);
		addattr_l(n, MSG_MAX, IFLA_EUROPA_VR_NAME, word, strlen(word) + 1);
		return;
	}
	id = plugin_vr_number(word);
	addattr_l(n, MSG_MAX, IFLA_EUROPA_VR, &id, sizeof(id));
}

static void parse_port(const char *word, struct nlmsghdr *n)
{
	uint32_t port = plugin_number(word, 0, EUROPA_PORT_MAX, "a port's number is 0 to 1023");

	addattr_l(n, MSG_MAX, IFLA_EUROPA_PORT, &port, sizeof(port));
}

static void parse_mode(const char *word, struct nlmsghdr *n)
{
	uint8_t mode;

	for (mode = 0; mode < MODES; mode++)
		if (!strcmp(word, modes[mode]))
			break;
	if (mode == MODES)
		invarg("mode is mac, passthru or classifier", word);
	addattr_l(n, MSG_MAX, IFLA_EUROPA_MODE, &mode, sizeof(mode));
}

static void parse_spoofchk(const char *word, struct nlmsghdr *n)
{
	uint8_t on = !strcmp(word, "on");

	if (!on && strcmp(word, "off"))
		invarg("spoofchk is on or off", word);
	addattr_l(n, MSG_MAX, IFLA_EUROPA_SPOOFCHK, &on, sizeof(on));
}

static void parse_vlan(const char *word, struct nlmsghdr *n)
{
	struct vlans list;

	if (!vlans_parse(word, &list))
		invarg(VLANS_COMPLAINT, word);
	addattr_l(n, MSG_MAX, IFLA_EUROPA_VLANS, list.range, list.count * sizeof(list.range[0]));
}

static const struct {
	const char *name;
	void (*parse)(const char *word, struct nlmsghdr *n);
} settings[] = {
	{ "vr", parse_vr },
	{ "port", parse_port },
	{ "mode", parse_mode },
	{ "spoofchk", parse_spoofchk },
	{ "vlan", parse_vlan },
};

static bool parse_setting(int *argc, char ***argv, struct nlmsghdr *n)
{
	const char *key = **argv;
	size_t i;

	for (i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		if (!strcmp(key, settings[i].name)) {
			settings[i].parse(next_arg(argc, argv, key), n);
			return true;
		}
	return false;
}

static int europa_parse_opt(struct link_util *lu, int argc, char **argv, struct nlmsghdr *n)
{
	(void)lu;
	if (!fits())
		return -1;
	for (; argc > 0; argc--, argv++) {
		if (parse_setting(&argc, &argv, n))
			continue;
		if (!strcmp(*argv, "force")) {
			addattr_l(n, MSG_MAX, IFLA_EUROPA_FORCE, NULL, 0);
			continue;
		}
		if (strcmp(*argv, "help"))
			fprintf(stderr, "europa: unknown option \"%s\"?\n", *argv);
		print_usage(stderr);
		return -1;
	}
	return 0;
}

static void print_vr(struct rtattr *tb[])
{
	char name[EUROPA_NAME_SIZE] = "";
	uint32_t id = 0;

	if (tb[IFLA_EUROPA_VR])
		id = rta_u32(tb[IFLA_EUROPA_VR]);
	if (tb[IFLA_EUROPA_VR_NAME])
		rta_string(name, sizeof(name), tb[IFLA_EUROPA_VR_NAME]);
	print_color_uint(PRINT_JSON, COLOR_NONE, "vr", NULL, id);
	print_color_string(PRINT_JSON, COLOR_NONE, "vr_name", NULL, name);
	if (*name)
		print_color_string(PRINT_FP, COLOR_NONE, NULL, "vr %s ", name);
	else
		print_color_uint(PRINT_FP, COLOR_NONE, NULL, "vr %u ", id);
}

static void print_vlan(const struct rtattr *rta)
{
	char text[VLANS_TEXT + 1];

	vlans_text(RTA_DATA(rta), RTA_PAYLOAD(rta), text);
	print_color_string(PRINT_ANY, COLOR_NONE, "vlan", "vlan %s ", text);
}

static void europa_print_opt(struct link_util *lu, FILE *f, struct rtattr *tb[])
{
	(void)lu;
	(void)f;
	if (!tb || !fits())
		return;
	print_vr(tb);
	if (tb[IFLA_EUROPA_PORT])
		print_color_uint(PRINT_ANY, COLOR_NONE, "port", "port %u ",
				 rta_u32(tb[IFLA_EUROPA_PORT]));
	if (tb[IFLA_EUROPA_MODE]) {
		uint8_t mode = rta_u8(tb[IFLA_EUROPA_MODE]);

		print_color_string(PRINT_ANY, COLOR_NONE, "mode", "mode %s ",
				   mode < MODES ? modes[mode] : "unknown");
	}
	if (tb[IFLA_EUROPA_SPOOFCHK])
		print_color_on_off(PRINT_ANY, COLOR_NONE, "spoofchk", "spoofchk %s ",
				   rta_u8(tb[IFLA_EUROPA_SPOOFCHK]));
	if (tb[IFLA_EUROPA_VLANS])
		print_vlan(tb[IFLA_EUROPA_VLANS]);
}

static const char *const counters[EUROPA_C_COUNT] = { EUROPA_COUNTER_NAMES };

/* ip -s -d: all as JSON, as text what is not 0. */
static void europa_print_counters(struct link_util *lu, FILE *f, struct rtattr *xstats)
{
	struct rtattr *tb[EUROPA_C_COUNT + 1];
	bool first = true;
	uint64_t value;
	int i;

	(void)lu;
	(void)f;
	if (!fits())
		return;
	parse_rtattr(tb, EUROPA_C_COUNT, RTA_DATA(xstats), RTA_PAYLOAD(xstats));
	for (i = 0; i < EUROPA_C_COUNT; i++) {
		if (!tb[i + 1])
			continue;
		value = rta_u64(tb[i + 1]);
		print_color_u64(PRINT_JSON, COLOR_NONE, counters[i], NULL, value);
		if (!value)
			continue;
		if (first)
			print_nl();
		print_color_string(PRINT_FP, COLOR_NONE, NULL, first ? "    %s" : "%s", counters[i]);
		print_color_u64(PRINT_FP, COLOR_NONE, NULL, " %llu ", value);
		first = false;
	}
}

/* ip link xstats, which is for kinds the kernel numbers, calls these unasked. */
static int europa_parse_xstats(struct link_util *lu, int argc, char **argv)
{
	(void)lu;
	(void)argc;
	(void)argv;
	return 0;
}

static int europa_print_xstats(struct nlmsghdr *n, void *arg)
{
	(void)n;
	(void)arg;
	return 0;
}

__attribute__((visibility("default")))
struct link_util europa_link_util = {
	.id = "europa",
	.maxattr = IFLA_EUROPA_MAX,
	.parse_opt = europa_parse_opt,
	.print_opt = europa_print_opt,
	.print_xstats = europa_print_counters,
	.print_help = europa_print_help,
	.parse_ifla_xstats = europa_parse_xstats,
	.print_ifla_xstats = europa_print_xstats,
};
