// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * Fuzzes the command line of ip-vr, and the ip shim's choice. An input is a letter, words,
 * and after two bytes 0xff what the machine does (machine.h):
 *
 *   a  the words, each but the last ends in NUL
 *   b  a line of options, then a batch
 *   s  the shim's words, as with a; what it gives to ip-vr is run
 *
 * Beyond the sanitizers' findings these are bugs: an exit code that no manual page knows; a
 * failure without a line on standard error; output lost without a failure; wrong words (1)
 * that changed something; JSON that is none; memory, files or sockets left behind; a message
 * the kernel cannot read.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "out.h"
#include "machine.h"

#define WORDS 200

int main_main(int argc, char **argv);
int ip_main(int argc, char **argv);

/* ---- input ------------------------------------------------------------- */

struct input {
	int argc;
	char *argv[WORDS + 1];
	const char *batch;
	size_t batch_size;
};

static void add_word(struct input *in, const char *word, size_t len)
{
	if (in->argc < WORDS)
		in->argv[in->argc++] = strndup(word, len);
}

/* Words between separators; empty ones count where the separator is NUL. */
static void split(struct input *in, const char *p, size_t size, char separator)
{
	const char *end = p + size, *next;

	for (; p < end; p = next + 1) {
		next = memchr(p, separator, end - p);
		next = next ? next : end;
		if (next > p || !separator)
			add_word(in, p, next - p);
	}
}

static void read_batch(struct input *in, const char *p, size_t size)
{
	const char *line = memchr(p, '\n', size);
	size_t len = line ? (size_t)(line - p) : size;

	split(in, p, len, ' ');
	add_word(in, "-b", 2);
	add_word(in, "-", 1);
	in->batch = line ? line + 1 : "";
	in->batch_size = line ? size - len - 1 : 0;
}

static void read_input(struct input *in, char kind, const char *p, size_t size)
{
	memset(in, 0, sizeof(*in));
	in->batch = "";
	add_word(in, "ip-vr", 5);
	if (kind == 'b')
		read_batch(in, p, size);
	else
		split(in, p, size, '\0');
}

static void free_input(struct input *in)
{
	while (in->argc)
		free(in->argv[--in->argc]);
}

/* ---- JSON -------------------------------------------------------------- */

static const char *json_value(const char *p);

static const char *blank(const char *p)
{
	return p + strspn(p, " \n");
}

static const char *json_text(const char *p)
{
	for (p++; *p && *p != '"'; p++) {
		if ((unsigned char)*p < ' ')
			return NULL;
		if (*p == '\\' && !*++p)
			return NULL;
	}
	return *p ? p + 1 : NULL;
}

static const char *json_member(const char *p)
{
	p = *p == '"' ? json_text(p) : NULL;
	if (!p || *p != ':')
		return NULL;
	return json_value(p + 1);
}

static const char *json_list(const char *p, char close)
{
	p = blank(p + 1);
	if (*p == close)
		return p + 1;
	for (;;) {
		p = close == '}' ? json_member(blank(p)) : json_value(p);
		if (!p)
			return NULL;
		p = blank(p);
		if (*p == close)
			return p + 1;
		if (*p++ != ',')
			return NULL;
	}
}

static const char *json_value(const char *p)
{
	size_t len;

	p = blank(p);
	if (*p == '{' || *p == '[')
		return json_list(p, *p == '{' ? '}' : ']');
	if (*p == '"')
		return json_text(p);
	len = strspn(p, "0123456789.abcdefghijklmnopqrstuvwxyz");
	return len ? p + len : NULL;
}

static bool is_json(const char *p)
{
	for (p = blank(p); p && *p; p = blank(p)) {
		p = json_value(p);
		if (!p)
			return false;
	}
	return true;
}

/* ---- what must hold ---------------------------------------------------- */

static bool has_word(const struct input *in, const char *word)
{
	int i;

	for (i = 1; i < in->argc; i++)
		if (!strcmp(in->argv[i], word))
			return true;
	return false;
}

static bool is_documented(int code)
{
	switch (code) {
	case 0: case 1: case 2:
		return true;
	case 126:
		return machine_fault(NO_EXEC);
	case 127:
		return machine_fault(NO_COMMAND) || machine.forked;
	case 255:
		return machine_fault(NO_MEMORY);
	}
	return false;
}

/* check tells problems on standard output, where they belong. */
static bool said_why(void)
{
	if (complained.len)
		return complained.bytes[complained.len - 1] == '\n' ||
		       complained.len == sizeof(complained.bytes);
	return memmem(written.bytes, written.len, "problem", 7);
}

static bool changed_words(const struct input *in)
{
	if (in->batch_size || machine.forked || machine_fault(NO_SPACE))
		return false;
	if (has_word(in, "bucket") || has_word(in, "flush"))	/* many at once */
		return machine.changes;
	return machine.changes || machine.map_changes;
}

static void check_json(void)
{
	bool shows = written.len && strchr("[{", written.bytes[0]);

	if (!out_options.json || !shows || written.len == sizeof(written.bytes) ||
	    machine_fault(NO_SPACE) || memchr(written.bytes, '\0', written.len))
		return;
	written.bytes[written.len] = '\0';
	if (!strstr(written.bytes, "Usage") && !is_json(written.bytes))
		machine_bug("prints JSON that is none");
}

static void check(const struct input *in)
{
	if (machine.ending == REPLACED || machine.ending == KILLED)
		return;
	if (!is_documented(machine.code))
		machine_bug("ends with an exit code that nobody knows");
	if (machine.code && !machine.forked && !said_why())
		machine_bug("does not say what is wrong");
	if (!machine.code && machine.lost && machine.ending == RETURNED)
		machine_bug("does not say that its output is lost");
	if (machine.code == 1 && changed_words(in))
		machine_bug("calls the words wrong and obeys them");
	if (!machine.code || machine.ending == RETURNED)
		check_json();
}

static bool show;

static void run_vr(struct input *in)
{
	machine_run(main_main, in->argc, in->argv);
	if (show)
		machine_show("this is how it ended");
	check(in);
	machine_end();
}

/* All words go on as they came, and ip-vr knows every option the shim takes for its own. */
static void run_shim(struct input *in)
{
	bool ours;

	machine_run(ip_main, in->argc, in->argv);
	ours = machine.ending == REPLACED && strstr(machine.program, "ip-vr");
	if (machine.ending == REPLACED ? machine.argv != in->argv : machine.code != 127)
		machine_bug("is a shim that runs nothing");
	if (ours && !has_word(in, "vr"))
		machine_bug("is a shim that takes what is ip's");
	machine_end();
	if (!ours)
		return;
	machine_begin(NULL, 0, "", 0);
	machine_run(main_main, in->argc, in->argv);
	if (memmem(complained.bytes, complained.len, "Error: option", 13))
		machine_bug("does not know an option that the shim knows");
	machine_end();
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	show = getenv("SHOW");
	machine_open();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *tail = size ? memmem(data + 1, size - 1, "\xff\xff", 2) : NULL;
	size_t words = tail ? (size_t)(tail - data) : size;
	struct input in;

	if (!size)
		return 0;
	read_input(&in, *data, (const char *)data + 1, words - 1);
	machine_begin(tail ? tail + 2 : NULL, tail ? size - words - 2 : 0, in.batch, in.batch_size);
	if (*data == 's')
		run_shim(&in);
	else
		run_vr(&in);
	free_input(&in);
	return 0;
}
