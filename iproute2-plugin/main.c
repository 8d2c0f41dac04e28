// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* ip vr: global options, the table of commands, batches. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "globals.h"
#include "memory.h"
#include "netns.h"
#include "options.h"
#include "out.h"

#define BATCH_WORDS 256

static int cmd_help(struct args *a);

static const struct command commands[] = {
	{ "show", cmd_vr_show, "[ VR ] [ dev DEVICE ]" },
	{ "list", cmd_vr_show, NULL },
	{ "ls", cmd_vr_show, NULL },
	{ "lst", cmd_vr_show, NULL },
	{ "add", cmd_vr_add, "[ VR ] [ SETTINGS ]" },
	{ "set", cmd_vr_set, "VR SETTINGS" },
	{ "replace", cmd_vr_replace, "VR [ SETTINGS ]" },
	{ "del", cmd_vr_del, "VR" },
	{ "delete", cmd_vr_del, NULL },
	{ "attach", cmd_port_attach,
	  "dev DEVICE vr VR [ port N ] [ name IFNAME ] [ address MAC ]\n"
	  "                    [ mode { mac | passthru | classifier } ] [ spoofchk { on | off } ]\n"
	  "                    [ vlan LIST ] [ force ] [ takeover [ lower NAME ] ] [ confirm SECONDS ]" },
	{ "confirm", cmd_confirm, "" },
	{ "check", cmd_check, "dev DEVICE [ vr VR ]" },
	{ "detach", cmd_port_detach, "dev DEVICE [ vr VR ]" },
	{ "classifier", cmd_classifier,
	  "set dev DEVICE { object FILE [ section NAME | program NAME ] [ verbose ] |\n"
	  "                                    pinned FILE }\n"
	  "       ip vr classifier { show [ dev DEVICE ] | del dev DEVICE }" },
	{ "rule", cmd_rule,
	  "{ add | replace | del } dev DEVICE KEY [ pref N ] { vr VR | host | drop }\n"
	  "       ip vr rule { show | flush } dev DEVICE" },
	{ "exec", cmd_exec, "[ user USER ] VR COMMAND ..." },
	{ "wait", cmd_wait, "VR { up | down | gone } [ timeout SECONDS ]" },
	{ "pids", cmd_pids, "VR" },
	{ "identify", cmd_identify, "[ PID ]" },
	{ "monitor", cmd_monitor, "" },
	{ "top", cmd_top,
	  "[ -b ] [ -n COUNT ] [ -d SECONDS ]\n"
	  "                 [ -o { number | name | packets | bits | lost | cpu } ] [ VR ... ]" },
	{ "trace", cmd_trace, "[ VR ] [ count N ]" },
	{ "metrics", cmd_metrics,
	  "[ format { openmetrics | prometheus } ] [ VR ... ]\n"
	  "       ip vr metrics http" },
	{ "help", cmd_help, NULL },
};

static void print_help(FILE *f)
{
	size_t i;

	fprintf(f, "Usage: ip [ OPTIONS ] vr [ COMMAND ]\n");
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (commands[i].help)
			fprintf(f, "       ip vr %s%s%s\n", commands[i].name,
				*commands[i].help ? " " : "", commands[i].help);
	fprintf(f,
		"VR := [ vr ] { NUMBER | NAME }\n"
		"SETTINGS := [ name NAME ] [ id N ] [ netns NAME ] [ slots N ] [ snap BYTES ]\n"
		"            [ queues N ] [ spread { flow | cpu } ] [ limit BYTES ] [ owner USER ] [ group GROUP ] [ mode OCTAL ]\n"
		"            [ fallback { kernel | drop } ] [ prio { CLASSID | none } ]\n"
		"            [ stall { MILLISECONDS | off } ] [ tx { kick | poll [ cpu N ] } ]\n"
		"KEY := { from PREFIX | to PREFIX | vlan ID | vni ID | flow FIELDS | bucket N }\n"
		"FIELDS := [ from PREFIX ] [ to PREFIX ] [ proto PROTOCOL ] [ sport PORT ] [ dport PORT ]\n"
		"OPTIONS := { -s[tatistics] | -d[etails] | -j[son] | -p[retty] | -br[ief] | -o[neline] |\n"
		"             -c[olor][=always|auto|never] | -n[etns] NAME | -t[imestamp] | -ts[hort] |\n"
		"             -b[atch] FILE | -force | -V[ersion] }\n");
}

static int cmd_help(struct args *a)
{
	(void)a;
	print_help(stdout);
	return 0;
}

static int print_command_help(const struct command *c)
{
	printf("Usage: ip vr %s%s%s\n", c->name, *c->help ? " " : "", c->help);
	return 0;
}

static bool asks_help(const struct command *c, const struct args *a)
{
	return c->help && a->count == 1 && is_help(args_peek(a));
}

static int run_command(struct args *a)
{
	const struct command *c;
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		c = &commands[i];
		if (!args_take(a, c->name))
			continue;
		return asks_help(c, a) ? print_command_help(c) : c->run(a);
	}
	if (is_help(args_peek(a)))
		return cmd_help(a);
	fprintf(stderr, "Error: command \"%s\" is unknown. Try \"ip vr help\".\n", args_peek(a));
	return EXIT_USAGE;
}

/* One line of a batch, or what follows the options: the word vr may come first. */
static int run_line(int argc, char **argv)
{
	struct args a = { argc, argv };

	args_take(&a, "vr");
	return args_left(&a) ? run_command(&a) : cmd_vr_show(&a);
}

/* ---- batch ------------------------------------------------------------- */

/* Split in place; quotes hold a word together, # starts a comment. -1: too many. */
static int split(char *line, char **words)
{
	int n = 0;
	char *p = line;

	for (;;) {
		p += strspn(p, " \t\r\n");
		if (!*p || *p == '#')
			return n;
		if (n == BATCH_WORDS - 1)
			return -1;
		if (*p == '"' || *p == '\'') {
			char quote = *p++;

			words[n++] = p;
			p += strcspn(p, (char[]){ quote, 0 });
		} else {
			words[n++] = p;
			p += strcspn(p, " \t\r\n");
		}
		if (*p)
			*p++ = '\0';
	}
}

static int run_batch_line(char *line, const char *file, int number)
{
	char *words[BATCH_WORDS];
	int n = split(line, words), ret;

	if (!n)
		return 0;
	words[n > 0 ? n : 0] = NULL;
	if (n < 0) {
		fprintf(stderr, "Error: too many words.\n");
		ret = EXIT_USAGE;
	} else {
		ret = run_line(n, words);
	}
	fflush(stdout);
	if (ret)
		fprintf(stderr, "Command failed %s:%d\n", file, number);
	return ret;
}

/* Join lines that end in a backslash. false: no more. */
static bool read_line(FILE *f, char **line, size_t *size, int *number)
{
	char *more = NULL;
	size_t len, more_size = 0;

	if (getline(line, size, f) < 0)
		return false;
	++*number;
	while ((len = strlen(*line)) >= 2 && !strcmp(*line + len - 2, "\\\n")) {
		if (getline(&more, &more_size, f) < 0)
			break;
		++*number;
		(*line)[len - 2] = '\0';
		*size = len - 2 + strlen(more) + 1;
		*line = need(realloc(*line, *size));
		strcat(*line, more);
	}
	free(more);
	return true;
}

static int run_batch(const char *file)
{
	FILE *f = strcmp(file, "-") ? fopen(file, "re") : stdin;
	char *line = NULL;
	size_t size = 0;
	int number = 0, ret = 0;

	if (!f) {
		fprintf(stderr, "Cannot open file \"%s\" for reading: %s\n", file, strerror(errno));
		return EXIT_USAGE;
	}
	while (read_line(f, &line, &size, &number)) {
		if (!run_batch_line(line, file, number))
			continue;
		ret = EXIT_USAGE;
		if (!options.force)
			break;
	}
	free(line);
	if (f != stdin)
		fclose(f);
	return ret;
}

/* ---- options ----------------------------------------------------------- */

static void set_color(const char *opt)
{
	const char *when = strchr(opt, '=');

	if (when && !strcmp(when, "=auto"))
		out_color_auto();
	else
		out_options.color = !when || !strcmp(when, "=always");
}

static int set_netns(const char *name)
{
	int fd = netns_open_loud(name), here;

	if (fd < 0)
		return EXIT_USAGE;
	here = netns_enter(fd);
	close(fd);
	if (here >= 0) {
		close(here);
		return 0;
	}
	fprintf(stderr, "Cannot enter network namespace \"%s\": %s\n", name, strerror(-here));
	return EXIT_USAGE;
}

static const char *batch;

static int set_option(enum global g, const char *opt, const char *value)
{
	switch (g) {
	case GLOBAL_STATS: options.stats++; break;
	case GLOBAL_DETAILS: options.details++; break;
	case GLOBAL_JSON: out_options.json = true; break;
	case GLOBAL_PRETTY: out_options.pretty = true; break;
	case GLOBAL_ONELINE: out_options.oneline = true; break;
	case GLOBAL_BRIEF: options.brief = true; break;
	case GLOBAL_FORCE: options.force = true; break;
	case GLOBAL_TIMESTAMP: options.timestamp = true; break;
	case GLOBAL_TSHORT: options.timestamp_short = true; break;
	case GLOBAL_BATCH: batch = value; break;
	case GLOBAL_COLOR: set_color(opt); break;
	case GLOBAL_NETNS: return set_netns(value);
	default: break;		/* of ip(8), without a meaning here */
	}
	return 0;
}

static int parse_options(int *argc, char ***argv)
{
	struct global_option o;

	while (globals_next(argc, argv, &o)) {
		if (o.what == GLOBAL_VERSION) {
			printf("ip vr, europa %s\n", EUROPA_VERSION);
			exit(0);
		}
		if (o.what == GLOBAL_HELP || (o.what == GLOBAL_HUMAN && !*argc)) {
			print_help(stdout);
			exit(0);
		}
		if (o.what == GLOBAL_UNKNOWN) {
			fprintf(stderr, "Error: option \"%s\" is unknown, try \"ip vr help\".\n", o.word);
			return EXIT_USAGE;
		}
		if (globals_has_value(o.what) && !o.value) {
			fprintf(stderr, "Error: option \"%s\" wants a value.\n", o.word);
			return EXIT_USAGE;
		}
		if (set_option(o.what, o.word, o.value))
			return EXIT_USAGE;
	}
	return 0;
}

int main(int argc, char **argv)
{
	int ret;

	argc--;
	argv++;
	out_color_default();
	if (parse_options(&argc, &argv))
		return EXIT_USAGE;
	if (out_options.json)
		out_options.color = false;
	ret = batch ? run_batch(batch) : run_line(argc, argv);
	if ((fflush(stdout) || ferror(stdout)) && !ret) {
		perror("write");
		return EXIT_USAGE;
	}
	return ret;
}
