// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <unistd.h>

#include "redirect4.h"

#define SETTING	"/proc/sys/net/ipv4/conf/%s/send_redirects"

/* What cannot be read may be on. */
static bool off(const char *name)
{
	char path[sizeof(SETTING) + IF_NAMESIZE], text[2] = "";
	bool zero;
	int fd;

	snprintf(path, sizeof(path), SETTING, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	zero = read(fd, text, sizeof(text)) == 2 && text[0] == '0' && text[1] == '\n';
	close(fd);
	return zero;
}

/* Names change; what the port is called now is asked each time. */
static bool port_off(const struct port *p)
{
	char name[IF_NAMESIZE];

	return if_indextoname(p->ifindex, name) && off(name);
}

void redirect4_refresh(struct ports *t)
{
	bool all_off;
	unsigned int i;

	if (!shared_load(t->asked))
		return;
	all_off = off("all");
	for (i = 0; i < t->count; i++) {
		struct port *p = &t->port[t->used[i]];

		shared_store(p->quiet, shared_load(p->asked) && all_off && port_off(p));
	}
}
