// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "args.h"
#include "memory.h"
#include "rundir.h"
#include "stored.h"

#define PREFIX	"takeover."
#define MAGIC	0x65757231u
#define FILE_MAX	(256u << 20)

/* At the beginning of the file. */
struct head {
	uint32_t magic, sizes;	/* of structures: another version of this program may have others */
	uint64_t bytes;		/* all; fewer are there if nothing was done yet */
	uint64_t entries, messages[4];
	struct rtnl_link link;
};

static uint32_t sizes(void)
{
	return sizeof(struct head) << 16 | sizeof(struct devconf_entry);
}

static const size_t lists[] = {
	offsetof(struct carried, addresses), offsetof(struct carried, nexthops),
	offsetof(struct carried, routes), offsetof(struct carried, neighbours),
};
#define LISTS	(sizeof(lists) / sizeof(lists[0]))

static struct messages *list_of(struct carried *c, size_t i)
{
	return (struct messages *)((char *)c + lists[i]);
}

static const struct messages *const_list_of(const struct carried *c, size_t i)
{
	return (const struct messages *)((const char *)c + lists[i]);
}

/* ---- its name ---------------------------------------------------------- */

/* Numbers of interfaces repeat in other namespaces. */
static uint64_t this_namespace(void)
{
	struct stat st;

	return stat("/proc/self/ns/net", &st) ? 0 : st.st_ino;
}

static void name_file(char path[64], uint32_t lower)
{
	snprintf(path, 64, RUN_DIR "/" PREFIX "%" PRIu64 ".%" PRIu32, this_namespace(), lower);
}

/* ---- written ----------------------------------------------------------- */

struct text {
	char *bytes;
	size_t len;
};

static void put(struct text *t, const void *from, size_t len)
{
	if (!len)
		return;
	t->bytes = need(realloc(t->bytes, t->len + len));
	memcpy(t->bytes + t->len, from, len);
	t->len += len;
}

static void put_all(struct text *t, const struct carried *c)
{
	struct head head = { .magic = MAGIC, .sizes = sizes(), .entries = c->conf.count,
			     .link = c->link };
	const struct messages *m;
	size_t i, k;

	for (i = 0; i < LISTS; i++)
		head.messages[i] = const_list_of(c, i)->count;
	put(t, &head, sizeof(head));
	put(t, c->conf.entries, c->conf.count * sizeof(*c->conf.entries));
	for (i = 0; i < LISTS; i++) {
		m = const_list_of(c, i);
		for (k = 0; k < m->count; k++)
			put(t, m->all[k], NLMSG_ALIGN(m->all[k]->nlmsg_len));
	}
	((struct head *)t->bytes)->bytes = t->len;
}

static bool write_all(int fd, const struct carried *c)
{
	struct text t = { 0 };
	bool ok;

	put_all(&t, c);
	ok = write(fd, t.bytes, t.len) == (ssize_t)t.len;
	free(t.bytes);
	return ok;
}

void stored_begin(struct stored *s, uint32_t lower, const struct carried *c)
{
	mkdir(RUN_DIR, 0755);
	name_file(s->path, lower);
	s->fd = open(s->path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (s->fd < 0)
		return;
	if (flock(s->fd, LOCK_EX | LOCK_NB))
		stored_leave(s);
	else if (ftruncate(s->fd, 0) || !write_all(s->fd, c))
		stored_end(s);
}

void stored_end(struct stored *s)
{
	if (s->fd >= 0)
		unlink(s->path);
	stored_leave(s);
}

void stored_leave(struct stored *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

/* ---- read -------------------------------------------------------------- */

/* What is left of the file. */
struct rest {
	const char *at;
	size_t len;
};

static const void *take(struct rest *r, size_t len)
{
	const void *at = r->at;

	if (len > r->len)
		return NULL;
	r->at += len;
	r->len -= len;
	return at;
}

static bool take_messages(struct rest *r, struct messages *m, uint64_t count)
{
	const struct nlmsghdr *nlh;

	for (; count; count--) {
		nlh = (const struct nlmsghdr *)r->at;
		if (r->len < sizeof(*nlh) || nlh->nlmsg_len < sizeof(*nlh) ||
		    !take(r, NLMSG_ALIGN((size_t)nlh->nlmsg_len)))
			return false;
		messages_keep(m, nlh);
	}
	return true;
}

static bool take_conf(struct rest *r, struct devconf *c, uint64_t count)
{
	const void *from = count > r->len ? NULL : take(r, count * sizeof(*c->entries));

	if (!from)
		return false;
	c->entries = need(calloc(count + 1, sizeof(*c->entries)));
	memcpy(c->entries, from, count * sizeof(*c->entries));
	c->count = count;
	return true;
}

static bool take_all(struct rest *r, struct carried *c)
{
	const struct head *head = take(r, sizeof(*head));
	size_t i;

	if (!head || head->magic != MAGIC || head->sizes != sizes() ||
	    head->bytes != sizeof(*head) + r->len)
		return false;
	c->link = head->link;
	if (!take_conf(r, &c->conf, head->entries))
		return false;
	for (i = 0; i < LISTS; i++)
		if (!take_messages(r, list_of(c, i), head->messages[i]))
			return false;
	return true;
}

static bool read_all(int fd, struct carried *c)
{
	struct rest r;
	struct stat st;
	char *text;
	bool ok;

	if (fstat(fd, &st) || st.st_size <= 0 || st.st_size > FILE_MAX)
		return false;
	memset(c, 0, sizeof(*c));
	text = need(calloc(1, st.st_size));
	r = (struct rest){ .at = text, .len = st.st_size };
	ok = read(fd, text, st.st_size) == st.st_size && take_all(&r, c);
	free(text);
	if (!ok)
		carried_free(c);
	return ok;
}

/* ---- found ------------------------------------------------------------- */

static bool is_of(const char *dev, uint32_t lower, const struct carried *c)
{
	return !strcmp(c->link.name, dev) || if_nametoindex(dev) == lower;
}

/* 0, -1, or the exit code. */
static int lock(const struct stored *s, const char *dev)
{
	struct stat st;

	if (flock(s->fd, LOCK_EX | LOCK_NB)) {
		fprintf(stderr, "Error: \"%s\" is just being taken over, or given back: wait for that.\n",
			dev);
		return EXIT_KERNEL;
	}
	/* Who had it locked was done with it. */
	return fstat(s->fd, &st) || !st.st_nlink ? -1 : 0;
}

static int look_at(struct stored *s, const char *dev, uint32_t lower, struct carried *c)
{
	int ret = -1;

	s->fd = open(s->path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (s->fd < 0)
		return -1;
	if (!read_all(s->fd, c))
		goto leave;
	if (is_of(dev, lower, c))
		ret = lock(s, dev);
	if (!ret)
		return 0;
	carried_free(c);
leave:
	stored_leave(s);
	return ret;
}

int stored_find(struct stored *s, const char *dev, uint32_t *lower, struct carried *c)
{
	const uint64_t here = this_namespace();
	const struct dirent *entry;
	uint64_t netns;
	DIR *dir = opendir(RUN_DIR);
	int ret = -1;

	s->fd = -1;
	while (dir && ret < 0 && (entry = readdir(dir))) {
		if (sscanf(entry->d_name, PREFIX "%" SCNu64 ".%" SCNu32, &netns, lower) != 2 ||
		    netns != here)
			continue;
		name_file(s->path, *lower);
		ret = look_at(s, dev, *lower, c);
	}
	if (dir)
		closedir(dir);
	return ret;
}
