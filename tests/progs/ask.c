// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * ask REQUEST [WORD=VALUE]...: one netlink request, with attributes that no tool would let
 * one type; say the error, and the kernel's sentence. VALUE is a number or a string, as the
 * attribute is. `echo` wants what was made told. REQUEST is vr-new, vr-set, vr-get, vr-del,
 * classifier-set, classifier-del, or port-new.
 */
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include "message.h"

struct word {
	const char *name;
	unsigned int type;
	unsigned int size;	/* 0: a string */
};

static const struct word vr_words[] = {
	{ "id", EUROPA_A_VR, 4 }, { "name", EUROPA_A_NAME, 0 }, { "netns", EUROPA_A_NETNS, 0 },
	{ "slots", EUROPA_A_SLOTS, 4 }, { "snap", EUROPA_A_SNAP, 4 },
	{ "queues", EUROPA_A_QUEUES, 4 }, { "limit", EUROPA_A_LIMIT, 8 },
	{ "uid", EUROPA_A_UID, 4 }, { "gid", EUROPA_A_GID, 4 }, { "mode", EUROPA_A_MODE, 4 },
	{ "fallback", EUROPA_A_FALLBACK, 1 }, { "stall", EUROPA_A_STALL, 4 },
	{ "spread", EUROPA_A_SPREAD, 1 }, { "tx", EUROPA_A_TX, 1 }, { "cpu", EUROPA_A_TX_CPU, 4 },
	{ "unknown", EUROPA_A_MAX + 1, 4 },
	{ "ifindex", EUROPA_A_IFINDEX, 4 }, { "fd", EUROPA_A_PROG_FD, 4 },
	{ }
};

static const struct word port_words[] = {
	{ "id", IFLA_EUROPA_VR, 4 }, { "name", IFLA_EUROPA_VR_NAME, 0 },
	{ "port", IFLA_EUROPA_PORT, 4 }, { "mode", IFLA_EUROPA_MODE, 1 },
	{ "spoofchk", IFLA_EUROPA_SPOOFCHK, 1 },
	{ }
};

static const struct word requests[] = {
	{ "vr-new", EUROPA_CMD_VR_NEW, 0 }, { "vr-set", EUROPA_CMD_VR_SET, 0 },
	{ "vr-get", EUROPA_CMD_VR_GET, 0 }, { "vr-del", EUROPA_CMD_VR_DEL, 0 },
	{ "classifier-set", EUROPA_CMD_CLASSIFIER_SET, 0 },
	{ "classifier-del", EUROPA_CMD_CLASSIFIER_DEL, 0 },
	{ }
};

static const struct word *find(const struct word *w, const char *name, size_t len)
{
	while (w->name && (strlen(w->name) != len || strncmp(w->name, name, len)))
		w++;
	return w->name ? w : NULL;
}

/* Numbers are little-endian, as the machines are that run this. */
static void put_word(struct message *m, const struct word *words, const char *text)
{
	size_t len = strcspn(text, "=");
	const struct word *w = find(words, text, len);
	unsigned long long number;

	if (!w || !text[len])
		errx(2, "what is '%s'?", text);
	text += len + 1;
	number = strtoull(text, NULL, 0);
	if (w->size)
		put(m, w->type, &number, w->size);
	else
		put(m, w->type, text, strlen(text) + 1);
}

static void put_words(struct message *m, const struct word *words, char **argv)
{
	for (; *argv; argv++) {
		if (!strcmp(*argv, "echo"))
			m->h.nlmsg_flags |= NLM_F_ECHO;
		else if (strncmp(*argv, "link=", 5))
			put_word(m, words, *argv);
	}
}

static int say(int protocol, struct message *m)
{
	const char *said = NULL;
	int error = ask_and_say(protocol, m, &said);

	printf("%s%s%s\n", error ? strerrorname_np(error) :
	       m->h.nlmsg_type == NLMSG_ERROR ? "ok" : "told", said ? ": " : "", said ?: "");
	return 0;
}

static int ask_port(char **argv)
{
	struct message m = link_message(NLM_F_CREATE | NLM_F_EXCL, 0);
	char *info, *data, **word;

	for (word = argv; *word; word++)
		if (!strncmp(*word, "link=", 5))
			put_u32(&m, IFLA_LINK, if_nametoindex(*word + 5));
	info = nest(&m, IFLA_LINKINFO);
	put(&m, IFLA_INFO_KIND, EUROPA_GENL_NAME, strlen(EUROPA_GENL_NAME));
	data = nest(&m, IFLA_INFO_DATA);
	put_words(&m, port_words, argv);
	nest_end(&m, data);
	nest_end(&m, info);
	return say(NETLINK_ROUTE, &m);
}

int main(int argc, char **argv)
{
	const struct word *request;
	struct message m;

	if (argc < 2)
		errx(2, "ask REQUEST [WORD=VALUE]...");
	if (!strcmp(argv[1], "port-new"))
		return ask_port(argv + 2);
	request = find(requests, argv[1], strlen(argv[1]));
	if (!request)
		errx(2, "what is '%s'?", argv[1]);
	m = genl(find_family(), request->type);
	put_words(&m, vr_words, argv + 2);
	return say(NETLINK_GENERIC, &m);
}
