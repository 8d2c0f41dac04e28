// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include "devconf.h"
#include "memory.h"

static const char *const places[] = { "ipv4/conf", "ipv4/neigh", "ipv6/conf", "ipv6/neigh" };
#define PLACES		(sizeof(places) / sizeof(places[0]))
#define IPV6_CONF	2

const char *devconf_place(const struct devconf_entry *e)
{
	return places[e->where];
}

static int open_file(int where, const char *dev, const char *name, int flags)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "/proc/sys/net/%s/%s/%s", places[where], dev, name);
	return open(path, flags | O_CLOEXEC);
}

/* Some cannot be read: flush, and a secret that was never set. */
static bool read_value(int where, const char *dev, const char *name, char *value, size_t size)
{
	int fd = open_file(where, dev, name, O_RDONLY);
	ssize_t len = fd < 0 ? -1 : read(fd, value, size - 1);

	if (fd >= 0)
		close(fd);
	if (len < 0)
		return false;
	value[len] = '\0';
	value[strcspn(value, "\n")] = '\0';
	return true;
}

static int write_value(int where, const char *dev, const char *name, const char *value)
{
	int fd = open_file(where, dev, name, O_WRONLY), err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, value, strlen(value)) < 0)
		err = -errno;
	close(fd);
	return err;
}

static void add(struct devconf *c, int where, const char *name, const char *value)
{
	struct devconf_entry *e;

	c->entries = need(reallocarray(c->entries, c->count + 1, sizeof(*e)));
	e = &c->entries[c->count++];
	e->where = where;
	snprintf(e->name, sizeof(e->name), "%.*s", (int)sizeof(e->name) - 1, name);
	snprintf(e->value, sizeof(e->value), "%s", value);
}

/* Of some the kernel only tells, as whether a routing daemon forwards multicast. */
static bool is_writable(DIR *dir, const char *name)
{
	struct stat s;

	return !fstatat(dirfd(dir), name, &s, 0) && s.st_mode & 0222;
}

static void read_place(int where, const char *dev, struct devconf *c)
{
	const struct dirent *entry;
	char path[PATH_MAX], value[sizeof(c->entries->value)];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/sys/net/%s/%s", places[where], dev);
	dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && strlen(entry->d_name) < sizeof(c->entries->name) &&
		    is_writable(dir, entry->d_name) &&
		    read_value(where, dev, entry->d_name, value, sizeof(value)))
			add(c, where, entry->d_name, value);
	if (dir)
		closedir(dir);
}

void devconf_read(const char *dev, struct devconf *c)
{
	unsigned int where;

	memset(c, 0, sizeof(*c));
	for (where = 0; where < PLACES; where++)
		read_place(where, dev, c);
}

void devconf_free(struct devconf *c)
{
	free(c->entries);
	memset(c, 0, sizeof(*c));
}

static bool is_accept_dad(const struct devconf_entry *e)
{
	return e->where == IPV6_CONF && !strcmp(e->name, "accept_dad");
}

static int write_entry(const char *dev, const struct devconf_entry *e)
{
	char now[sizeof(e->value)];

	if (is_accept_dad(e) || (read_value(e->where, dev, e->name, now, sizeof(now)) &&
				 !strcmp(now, e->value)))
		return 0;
	return write_value(e->where, dev, e->name, e->value);
}

/* Twice: some change others, as a secret does the way of making addresses. */
unsigned int devconf_write(const char *dev, const struct devconf *c,
			   const struct devconf_entry **refused, int *err)
{
	unsigned int count = 0;
	size_t i;
	int now;

	for (i = 0; i < c->count; i++)
		write_entry(dev, &c->entries[i]);
	for (i = 0; i < c->count; i++) {
		now = write_entry(dev, &c->entries[i]);
		if (!now || count++)
			continue;
		*refused = &c->entries[i];
		*err = now;
	}
	return count;
}

int devconf_set6(const char *dev, const char *name, const char *value)
{
	char now[sizeof(((struct devconf_entry *)0)->value)];

	if (!read_value(IPV6_CONF, dev, name, now, sizeof(now)) || !strcmp(now, value))
		return 0;
	return write_value(IPV6_CONF, dev, name, value);
}

const char *devconf_get6(const struct devconf *c, const char *name)
{
	size_t i;

	for (i = 0; i < c->count; i++)
		if (c->entries[i].where == IPV6_CONF && !strcmp(c->entries[i].name, name))
			return c->entries[i].value;
	return NULL;
}

int devconf_default6(const char *dev, const char *name)
{
	char value[sizeof(((struct devconf_entry *)0)->value)];

	if (!read_value(IPV6_CONF, "default", name, value, sizeof(value)))
		return 0;
	return devconf_set6(dev, name, value);
}
