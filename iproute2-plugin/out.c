// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* Text or JSON, from the same calls. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "out.h"
#include "utf8.h"

#define DEPTH_MAX 16

struct out_options out_options;
static bool empty[DEPTH_MAX];	/* the array or object open at this depth */
static int depth;

static const char *const light[] = {
	[C_NONE] = "", [C_NAME] = "\033[36m", [C_MAC] = "\033[33m", [C_UP] = "\033[32m",
	[C_DOWN] = "\033[31m", [C_INET] = "\033[35m", [C_INET6] = "\033[34m",
};

static const char *const dark[] = {
	[C_NONE] = "", [C_NAME] = "\033[1;36m", [C_MAC] = "\033[1;33m", [C_UP] = "\033[1;32m",
	[C_DOWN] = "\033[1;31m", [C_INET] = "\033[1;35m", [C_INET6] = "\033[1;34m",
};

bool out_is_json(void)
{
	return out_options.json;
}

void out_color_auto(void)
{
	const char *term = getenv("TERM");

	out_options.color = isatty(STDOUT_FILENO) && term && strcmp(term, "dumb");
}

/* As iproute2: NO_COLOR counts if it is not empty, and an option counts more. */
void out_color_default(void)
{
	const char *no = getenv("NO_COLOR");

	if (!no || !*no)
		out_color_auto();
}

/* As iproute2: the second field of COLORFGBG, 0-6 or 8, is a dark background. */
static const char *const *palette(void)
{
	const char *p = getenv("COLORFGBG");

	p = p ? strrchr(p, ';') : NULL;
	if (p && ((p[1] >= '0' && p[1] <= '6') || p[1] == '8') && !p[2])
		return dark;
	return light;
}

static bool colored(enum out_color color)
{
	return out_options.color && !out_options.json && color != C_NONE;
}

static void json_string(const char *s)
{
	size_t n;

	putchar('"');
	for (; *s; s += n ? n : 1) {
		unsigned char c = *s;

		n = utf8_character(s);
		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			printf("\\u%04x", c);
		else if (!n)
			printf("\\ufffd");
		else
			fwrite(s, 1, n, stdout);
	}
	putchar('"');
}

static void json_indent(void)
{
	if (out_options.pretty)
		printf("\n%*s", 4 * depth, "");
}

static void json_key(const char *key)
{
	if (depth) {
		if (!empty[depth])
			putchar(',');
		empty[depth] = false;
		json_indent();
	}
	if (!key)
		return;
	json_string(key);
	fputs(out_options.pretty ? ": " : ":", stdout);
}

static void open_scope(const char *key, char c)
{
	if (!out_options.json)
		return;
	json_key(key);
	putchar(c);
	if (depth < DEPTH_MAX - 1)
		depth++;
	empty[depth] = true;
}

static void close_scope(char c)
{
	if (!out_options.json)
		return;
	depth--;
	if (!empty[depth + 1])
		json_indent();
	putchar(c);
}

void out_open_array(const char *key)
{
	open_scope(key, '[');
}

void out_close_array(void)
{
	close_scope(']');
}

void out_open_object(const char *key)
{
	open_scope(key, '{');
}

void out_close_object(void)
{
	close_scope('}');
}

void out_end(void)
{
	if (out_options.json)
		putchar('\n');
	fflush(stdout);
}

static bool in_json(enum out_kind kind)
{
	return out_options.json && (kind & OUT_JSON);
}

static bool in_text(enum out_kind kind, const char *fmt)
{
	return !out_options.json && (kind & OUT_TEXT) && fmt;
}

/* Names that others choose may hold what a terminal obeys. */
static char *harmless(const char *value)
{
	char *safe = strdup(value), *p;

	for (p = safe; p && *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	return safe;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
void out_string(enum out_kind kind, enum out_color color, const char *key, const char *fmt,
		const char *value)
{
	char *safe;

	if (in_json(kind)) {
		json_key(key);
		json_string(value);
	} else if (in_text(kind, fmt)) {
		if (colored(color))
			fputs(palette()[color], stdout);
		safe = harmless(value);
		printf(fmt, safe ? safe : "");
		free(safe);
		if (colored(color))
			fputs("\033[0m", stdout);
	}
}

void out_u64(enum out_kind kind, const char *key, const char *fmt, uint64_t value)
{
	if (in_json(kind)) {
		json_key(key);
		printf("%" PRIu64, value);
	} else if (in_text(kind, fmt)) {
		printf(fmt, (unsigned long long)value);
	}
}

void out_double(const char *key, double value)
{
	if (!out_options.json)
		return;
	json_key(key);
	printf("%.3f", value);
}

void out_text(const char *fmt, ...)
{
	va_list ap;

	if (out_options.json)
		return;
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
}
#pragma GCC diagnostic pop

void out_bool(enum out_kind kind, const char *key, const char *fmt, bool value)
{
	if (in_json(kind)) {
		json_key(key);
		fputs(value ? "true" : "false", stdout);
	} else if (in_text(kind, fmt) && value) {
		fputs(fmt, stdout);
	}
}

void out_on_off(const char *key, const char *fmt, bool value)
{
	if (out_options.json)
		out_bool(OUT_JSON, key, NULL, value);
	else
		out_string(OUT_TEXT, C_NONE, key, fmt, value ? "on" : "off");
}

void out_null(const char *key)
{
	if (!out_options.json)
		return;
	json_key(key);
	fputs("null", stdout);
}

void out_line(int indent)
{
	if (out_options.json)
		return;
	printf("%s%*s", out_options.oneline ? "\\" : "\n", indent, "");
}

void out_last_line(void)
{
	if (!out_options.json)
		putchar('\n');
}
