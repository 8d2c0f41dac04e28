// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* ip vr classifier: load a BPF program, bind it to a device. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpfmap.h"
#include "cmd.h"
#include "genl.h"
#include "out.h"
#include "vr_show.h"

#define LOG_SIZE	(1 << 24)	/* a longer one would end with its beginning */
#define LOG_LINES	12	/* of the verifier's, on failure, where there is no report */
#define LOG_REPORT	"\nVerification failed:"	/* begins one, in newer kernels */

struct source {
	const char *object, *section, *program, *pinned;
	bool verbose;
};

static const char *const verdict_names[] = { EUROPA_VERDICT_NAMES };

/* ---- loading ----------------------------------------------------------- */

static bool verbose;

static char complaint[512];	/* libbpf's first: the others follow from it */

static int quiet(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	if (verbose && level != LIBBPF_DEBUG)
		return vfprintf(stderr, fmt, ap);
	if (level == LIBBPF_WARN && !*complaint)
		vsnprintf(complaint, sizeof(complaint), fmt, ap);
	return 0;
}

/* errno, or one of libbpf's own, of either sign. */
static const char *reason(int err)
{
	static char text[128];

	libbpf_strerror(err, text, sizeof(text));
	return text;
}

static const char *last_lines(const char *log, int lines)
{
	const char *p = log + strlen(log);

	while (p > log && p[-1] == '\n')
		p--;
	while (p > log)
		if (*--p == '\n' && !--lines)
			return p + 1;
	return log;
}

/* What says why the program is refused. */
static const char *why_refused(const char *log)
{
	const char *report = strstr(log, LOG_REPORT);

	return report ? report + 1 : last_lines(log, LOG_LINES);
}

static void print_log(const char *log)
{
	const char *from = verbose ? log : why_refused(log);

	if (*log)
		fprintf(stderr, "%s%s", from, log[strlen(log) - 1] == '\n' ? "" : "\n");
}

static bool wanted(const struct bpf_program *p, const struct source *s)
{
	if (s->program)
		return !strcmp(bpf_program__name(p), s->program);
	if (s->section)
		return !strcmp(bpf_program__section_name(p), s->section);
	return true;
}

static void list_programs(struct bpf_object *o)
{
	struct bpf_program *p;

	bpf_object__for_each_program(p, o)
		fprintf(stderr, "  program %s section %s\n", bpf_program__name(p),
			bpf_program__section_name(p));
}

/* The one program asked for; the others are not loaded. */
static struct bpf_program *choose(struct bpf_object *o, const struct source *s)
{
	struct bpf_program *p, *chosen = NULL;
	int count = 0;

	bpf_object__for_each_program(p, o) {
		bool is = wanted(p, s);

		bpf_program__set_autoload(p, is);
		if (is) {
			chosen = p;
			count++;
		}
	}
	if (count == 1)
		return chosen;
	fprintf(stderr, "Error: %s has %s. Choose with program or section:\n", s->object,
		count ? "several such programs" : "no such program");
	list_programs(o);
	return NULL;
}

static int load(struct bpf_object *o, const struct source *s, uint32_t ifindex)
{
	struct bpf_program *p = choose(o, s);
	char *log;
	int err;

	if (!p)
		return -EXIT_USAGE;
	log = calloc(1, LOG_SIZE);
	bpf_program__set_type(p, BPF_PROG_TYPE_SCHED_CLS);
	if (log)
		bpf_program__set_log_buf(p, log, LOG_SIZE);
	err = bpfmap_prepare(o, ifindex);
	if (err) {
		fprintf(stderr, "Error: cannot take over the rules of the classifier there is: %s\n",
			strerror(-err));
		free(log);
		return -EXIT_KERNEL;
	}
	err = bpf_object__load(o);
	if (err) {
		if (log && *log)
			print_log(log);
		else
			fputs(complaint, stderr);
		fprintf(stderr, "Error: the kernel does not load program \"%s\" of %s: %s\n",
			bpf_program__name(p), s->object, reason(err));
	} else if (verbose && log) {
		print_log(log);
	}
	free(log);
	return err ? -EXIT_KERNEL : bpf_program__fd(p);
}

static struct bpf_object *open_object(const char *file)
{
	struct bpf_object *o;
	int err;

	libbpf_set_print(quiet);
	*complaint = '\0';
	o = bpf_object__open_file(file, NULL);
	err = o ? 0 : errno;
	if (err == EINVAL || err == LIBBPF_ERRNO__FORMAT)
		fprintf(stderr, "Error: cannot read a BPF object from \"%s\": not one, or not compiled with clang -g -target bpf\n",
			file);
	else if (err)
		fprintf(stderr, "%sError: cannot read a BPF object from \"%s\": %s\n",
			err == ENOENT ? "" : complaint, file, reason(err));
	return o;
}

static int bind_fd(uint32_t ifindex, int fd)
{
	struct genl g;
	int ret = genl_open(&g, -1);

	if (ret)
		return ret;
	if (genl_classifier_set(&g, ifindex, fd)) {
		genl_fail(&g);
		ret = EXIT_KERNEL;
	}
	genl_close(&g);
	return ret;
}

static int bind_pinned(uint32_t ifindex, const char *path)
{
	int fd = bpf_obj_get(path), ret;

	if (fd < 0) {
		fprintf(stderr, "Error: cannot open pinned program \"%s\": %s\n", path, strerror(errno));
		return EXIT_USAGE;
	}
	ret = bind_fd(ifindex, fd);
	close(fd);
	return ret;
}

static int bind_object(uint32_t ifindex, const struct source *s)
{
	struct bpf_object *o = open_object(s->object);
	int fd, ret;

	if (!o)
		return EXIT_USAGE;
	fd = load(o, s, ifindex);
	ret = fd < 0 ? -fd : bind_fd(ifindex, fd);
	bpf_object__close(o);
	return ret;
}

/* ---- set, del, show ---------------------------------------------------- */

static int parse_source(struct args *a, const char **dev, struct source *s)
{
	int ret = 0;

	while (args_left(a) && !ret) {
		if (args_take(a, "object") || args_take(a, "obj"))
			ret = args_string(a, "object", &s->object);
		else if (args_take(a, "section") || args_take(a, "sec"))
			ret = args_string(a, "section", &s->section);
		else if (args_take(a, "program"))
			ret = args_string(a, "program", &s->program);
		else if (args_take(a, "pinned"))
			ret = args_string(a, "pinned", &s->pinned);
		else if (args_take(a, "verbose"))
			s->verbose = true;
		else
			ret = take_dev(a, dev);
	}
	if (!ret && !s->object == !s->pinned) {
		fprintf(stderr, "Error: give either object FILE or pinned FILE.\n");
		return EXIT_USAGE;
	}
	return ret;
}

static int classifier_set(struct args *a)
{
	struct source s = { 0 };
	const char *dev = NULL;
	uint32_t ifindex;

	if (parse_source(a, &dev, &s) || need_dev(dev, &ifindex))
		return EXIT_USAGE;
	verbose = s.verbose;
	return s.pinned ? bind_pinned(ifindex, s.pinned) : bind_object(ifindex, &s);
}

static int classifier_del(struct args *a)
{
	const char *dev = NULL;
	uint32_t ifindex;
	struct genl g;
	int ret;

	while (args_left(a))
		if (take_dev(a, &dev))
			return EXIT_USAGE;
	if (need_dev(dev, &ifindex))
		return EXIT_USAGE;
	ret = genl_open(&g, -1);
	if (ret)
		return ret;
	if (genl_classifier_del(&g, ifindex))
		ret = genl_fail(&g);
	genl_close(&g);
	return ret;
}

static int show_classifier(const struct classifier *c, void *data)
{
	char tag[17];
	size_t i;

	(void)data;
	for (i = 0; i < sizeof(c->tag); i++)
		snprintf(tag + 2 * i, 3, "%02x", c->tag[i]);
	out_open_object(NULL);
	out_string(OUT_ANY, C_NAME, "ifname", "%s", c->ifname);
	out_u64(OUT_JSON, "ifindex", NULL, c->ifindex);
	out_string(OUT_ANY, C_NONE, "program", ": program %s", c->prog_name);
	out_u64(OUT_ANY, "id", " id %llu", c->prog_id);
	out_string(OUT_ANY, C_NONE, "tag", " tag %s", tag);
	out_line(4);
	out_text("verdicts");
	out_open_object("verdicts");
	for (i = 0; i < EUROPA_V_COUNT; i++) {
		out_text(" %s %llu", verdict_names[i], (unsigned long long)c->verdicts[i]);
		out_u64(OUT_JSON, verdict_names[i], NULL, c->verdicts[i]);
	}
	out_close_object();
	out_close_object();
	out_last_line();
	return 0;
}

static int show_some(struct genl *g, uint32_t ifindex)
{
	struct classifier c;
	int err;

	out_open_array(NULL);
	if (ifindex) {
		err = genl_classifier_get(g, ifindex, &c);
		if (!err)
			show_classifier(&c, NULL);
	} else {
		err = genl_classifier_dump(g, show_classifier, NULL);
	}
	out_close_array();
	out_end();
	return err && !(ifindex && err == -ENOENT) ? genl_fail(g) : 0;
}

static int classifier_show(struct args *a)
{
	const char *dev = NULL;
	uint32_t ifindex = 0;
	struct genl g;
	int ret;

	while (args_left(a))
		if (take_dev(a, &dev))
			return EXIT_USAGE;
	if (dev && parse_dev(dev, &ifindex))
		return EXIT_USAGE;
	ret = genl_open(&g, -1);
	if (ret)
		return ret;
	ret = show_some(&g, ifindex);
	genl_close(&g);
	return ret;
}

int cmd_classifier(struct args *a)
{
	if (!args_left(a) || args_take(a, "show") || args_take(a, "list") ||
	    args_take(a, "ls") || args_take(a, "lst"))
		return classifier_show(a);
	if (args_take(a, "set") || args_take(a, "replace"))
		return classifier_set(a);
	if (args_take(a, "del") || args_take(a, "delete"))
		return classifier_del(a);
	return args_unknown(args_peek(a));
}
