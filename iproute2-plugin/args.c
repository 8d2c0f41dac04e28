// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* The words of a command line, and what single words mean. */
#include <ctype.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <net/if.h>

#include "args.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

const char *const fallback_names[2] = {
	[EUROPA_FALLBACK_KERNEL] = "kernel",
	[EUROPA_FALLBACK_DROP] = "drop",
};

const char *const spread_names[2] = {
	[EUROPA_SPREAD_FLOW] = "flow",
	[EUROPA_SPREAD_CPU] = "cpu",
};

const char *const tx_names[2] = {
	[EUROPA_TX_KICK] = "kick",
	[EUROPA_TX_POLL] = "poll",
};

const char *const port_mode_names[3] = {
	[EUROPA_MODE_MAC] = "mac",
	[EUROPA_MODE_PASSTHRU] = "passthru",
	[EUROPA_MODE_CLASSIFIER] = "classifier",
};

/* Words that mean something where a VR's name can stand. */
static const char *const keywords[] = {
	"add", "address", "attach", "check", "classifier", "confirm", "count", "cpu",
	"del", "delete", "detach", "dev", "exec", "fallback", "force", "format", "group",
	"help", "http", "id", "identify", "limit", "list", "ls", "lst", "metrics",
	"mode", "monitor", "name", "netns", "object", "owner", "pids", "pinned",
	"port", "pref", "prio", "program", "queues", "replace", "rule", "section",
	"set", "show", "slots", "snap", "spoofchk", "spread", "stall", "timeout", "top",
	"trace", "tx", "user",
	"verbose", "vlan", "vr", "wait",
};

const char *args_next(struct args *a)
{
	a->count--;
	return *a->words++;
}

bool args_take(struct args *a, const char *word)
{
	if (!args_left(a) || strcmp(args_peek(a), word))
		return false;
	args_next(a);
	return true;
}

const char *args_value(struct args *a, const char *key)
{
	if (args_left(a))
		return args_next(a);
	fprintf(stderr, "Error: \"%s\" wants a value. Try \"ip vr help\".\n", key);
	return NULL;
}

int args_unknown(const char *word)
{
	fprintf(stderr, "Error: unknown word \"%s\". Try \"ip vr help\".\n", word);
	return EXIT_USAGE;
}

int args_invalid(const char *what, const char *value)
{
	fprintf(stderr, "Error: argument \"%s\" is wrong: %s\n", value, what);
	return EXIT_USAGE;
}

int args_twice(const char *key)
{
	fprintf(stderr, "Error: \"%s\" is given twice.\n", key);
	return EXIT_USAGE;
}

int args_string(struct args *a, const char *key, const char **to)
{
	if (*to)
		return args_twice(key);
	*to = args_value(a, key);
	return *to ? 0 : EXIT_USAGE;
}

int no_more(const struct args *a)
{
	return args_left(a) ? args_unknown(args_peek(a)) : 0;
}

bool is_help(const char *word)
{
	return !strcmp(word, "help") || !strcmp(word, "-help") || !strcmp(word, "--help") ||
	       !strcmp(word, "-h");
}

bool is_number(const char *word)
{
	return *word && strspn(word, "0123456789") == strlen(word);
}

int parse_number(const char *what, const char *word, uint64_t min, uint64_t max, uint64_t *out)
{
	char why[96], *end;

	errno = 0;
	if (isdigit((unsigned char)*word)) {
		*out = strtoull(word, &end, 0);
		if (!*end && !errno && *out >= min && *out <= max)
			return 0;
	}
	snprintf(why, sizeof(why), "%s is from %llu to %llu", what,
		 (unsigned long long)min, (unsigned long long)max);
	return args_invalid(why, word);
}

static int suffix_shift(const char *suffix)
{
	static const char units[] = "kmgt";
	const char *unit;

	if (!*suffix)
		return 0;
	unit = strchr(units, tolower((unsigned char)*suffix));
	if (!unit || (suffix[1] && strcasecmp(suffix + 1, "b") && strcasecmp(suffix + 1, "ib")))
		return -1;
	return 10 * (unit - units + 1);
}

int parse_size(const char *what, const char *word, uint64_t min, uint64_t max, uint64_t *out)
{
	char why[96], *end;
	uint64_t value;
	int shift;

	errno = 0;
	if (isdigit((unsigned char)*word)) {
		value = strtoull(word, &end, 10);
		shift = suffix_shift(end);
		if (shift >= 0 && !errno && value <= (UINT64_MAX >> shift) &&
		    value << shift >= min && value << shift <= max) {
			*out = value << shift;
			return 0;
		}
	}
	snprintf(why, sizeof(why), "%s is a size from %llu to %llu, with k, M or G if you like",
		 what, (unsigned long long)min, (unsigned long long)max);
	return args_invalid(why, word);
}

int parse_id(const char *word, uint32_t *id)
{
	uint64_t value;

	if (parse_number("a VR's number", word, 1, EUROPA_VR_MAX, &value))
		return EXIT_USAGE;
	*id = value;
	return 0;
}

int parse_name(const char *word, char name[EUROPA_NAME_SIZE])
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(keywords); i++)
		if (!strcmp(word, keywords[i]))
			return args_invalid("a VR cannot have a keyword as its name", word);
	if (is_number(word))
		return args_invalid("a VR's name is not all digits", word);
	for (i = 0; word[i]; i++)
		if (!isalnum((unsigned char)word[i]) && !strchr("_.-", word[i]))
			break;
	if (!i || word[i] || i >= EUROPA_NAME_SIZE)
		return args_invalid("a VR's name is 1 to 15 of A-Z a-z 0-9 _ . -", word);
	strcpy(name, word);
	return 0;
}

int parse_ref(const char *word, struct vr_ref *ref)
{
	memset(ref, 0, sizeof(*ref));
	return is_number(word) ? parse_id(word, &ref->id) : parse_name(word, ref->name);
}

int parse_mode(const char *word, uint32_t *mode)
{
	char *end;
	unsigned long value = strtoul(word, &end, 8);

	if (!isdigit((unsigned char)*word) || *end || value > 0777)
		return args_invalid("a mode is octal, 0 to 0777", word);
	*mode = value;
	return 0;
}

static bool parse_raw_id(const char *word, uint32_t *id)
{
	char *end;
	unsigned long long value;

	if (!is_number(word))
		return false;
	errno = 0;
	value = strtoull(word, &end, 10);
	if (errno || value >= UINT32_MAX)	/* -1 is nobody's */
		return false;
	*id = value;
	return true;
}

int parse_uid(const char *word, uint32_t *uid)
{
	struct passwd *pw = getpwnam(word);

	if (pw) {
		*uid = pw->pw_uid;
		return 0;
	}
	return parse_raw_id(word, uid) ? 0 : args_invalid("no such user", word);
}

int parse_gid(const char *word, uint32_t *gid)
{
	struct group *gr = getgrnam(word);

	if (gr) {
		*gid = gr->gr_gid;
		return 0;
	}
	return parse_raw_id(word, gid) ? 0 : args_invalid("no such group", word);
}

int parse_on_off(const char *what, const char *word, int *on)
{
	char why[64];

	*on = !strcmp(word, "on");
	if (*on || !strcmp(word, "off"))
		return 0;
	snprintf(why, sizeof(why), "%s is on or off", what);
	return args_invalid(why, word);
}

int parse_mac(const char *word, uint8_t mac[6])
{
	unsigned int b[6];
	int i, end = 0;

	if (sscanf(word, "%2x:%2x:%2x:%2x:%2x:%2x%n", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5],
		   &end) != 6 || word[end] || strspn(word, "0123456789abcdefABCDEF:") != strlen(word))
		return args_invalid("an address looks like 02:00:00:00:00:01", word);
	if (b[0] & 1)
		return args_invalid("a port's address is not a multicast address", word);
	for (i = 0; i < 6; i++)
		mac[i] = b[i];
	return 0;
}

int parse_seconds(const char *word, int *milliseconds)
{
	char *end;
	double value = strtod(word, &end);

	if (!isdigit((unsigned char)*word) || *end || !(value <= 1e6))
		return args_invalid("a time is in seconds, 0 to 1000000", word);
	*milliseconds = value * 1000;
	return 0;
}

int parse_one_of(const char *what, const char *word, const char *const *list, int count)
{
	int i;

	for (i = 0; i < count; i++)
		if (!strcmp(word, list[i]))
			return i;
	fprintf(stderr, "Error: argument \"%s\" is wrong: %s is", word, what);
	for (i = 0; i < count; i++)
		fprintf(stderr, "%s %s", i ? i == count - 1 ? " or" : "," : "", list[i]);
	fprintf(stderr, "\n");
	return -1;
}

int parse_dev(const char *word, uint32_t *ifindex)
{
	*ifindex = if_nametoindex(word);
	if (*ifindex)
		return 0;
	fprintf(stderr, "Cannot find device \"%s\"\n", word);
	return EXIT_USAGE;
}

int take_ref(struct args *a, struct vr_ref *ref)
{
	args_take(a, "vr");
	if (!args_left(a)) {
		fprintf(stderr, "Error: which VR? Give its name or number.\n");
		return EXIT_USAGE;
	}
	return parse_ref(args_next(a), ref);
}

int take_refs(struct args *a, struct vr_ref *refs, size_t *count, size_t max)
{
	for (*count = 0; args_left(a); ++*count) {
		if (*count == max) {
			fprintf(stderr, "Error: these are more than %zu VRs; without any it is all.\n", max);
			return EXIT_USAGE;
		}
		if (take_ref(a, &refs[*count]))
			return EXIT_USAGE;
	}
	return 0;
}

int take_dev(struct args *a, const char **dev)
{
	if (args_take(a, "dev") || (args_left(a) && !*dev))
		return args_string(a, "dev", dev);
	return args_unknown(args_peek(a));
}

int need_dev(const char *dev, uint32_t *ifindex)
{
	if (dev)
		return parse_dev(dev, ifindex);
	fprintf(stderr, "Error: give dev DEVICE.\n");
	return EXIT_USAGE;
}
