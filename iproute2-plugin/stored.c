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
#include <sys/socket.h>
#include <sys/stat.h>

#include "args.h"
#include "memory.h"
#include "rundir.h"
#include "stored.h"

#define PREFIX	"takeover."
#define ASIDE	"lost."
#define MAGIC	0x65757232u
#define FILE_MAX	(256u << 20)
#define BOOT_ID	"/proc/sys/kernel/random/boot_id"

/* At the beginning of the file. */
struct head {
	uint32_t magic, sizes;	/* of structures: another version of this program may have others */
	uint8_t state;		/* enum stored_state */
	uint8_t address[6];
	char boot[40];
	uint64_t bytes;		/* all */
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

/*
 * Numbers of interfaces repeat in other namespaces, and those of namespaces' inodes are used again;
 * this is not, until the next boot. 0: the kernel does not tell.
 */
static uint64_t namespace_of(const struct nl *nl)
{
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);

	return getsockopt(nl_fd(nl), SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &len) ? 0 : cookie;
}

static void name_file(char path[64], uint64_t netns, uint32_t lower)
{
	snprintf(path, 64, RUN_DIR "/" PREFIX "%" PRIu64 ".%" PRIu32, netns, lower);
}

/* A folder that is not emptied at boot has files of another. */
static void read_boot(char boot[40])
{
	int fd = open(BOOT_ID, O_RDONLY | O_CLOEXEC);

	memset(boot, 0, 40);
	if (fd < 0)
		return;
	if (read(fd, boot, 39) < 0)
		memset(boot, 0, 40);
	close(fd);
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

static void put_all(struct text *t, const uint8_t address[6], const struct carried *c)
{
	struct head head = { .magic = MAGIC, .sizes = sizes(), .entries = c->conf.count,
			     .link = c->link };
	const struct messages *m;
	size_t i, k;

	memcpy(head.address, address, sizeof(head.address));
	read_boot(head.boot);
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

static bool write_all(int fd, const uint8_t address[6], const struct carried *c)
{
	struct text t = { 0 };
	bool ok;

	put_all(&t, address, c);
	ok = t.len <= FILE_MAX && write(fd, t.bytes, t.len) == (ssize_t)t.len;
	free(t.bytes);
	return ok;
}

static int say_there_is_one(const char *dev)
{
	fprintf(stderr, "Error: \"%s\" is just being taken over, or given back, or was by somebody who was killed: wait, or \"ip vr detach dev %s\".\n",
		dev, dev);
	return EXIT_KERNEL;
}

/* It is locked and whole when it gets its name; one that has none yet is read by nobody. */
int stored_begin(struct stored *s, const struct nl *nl, const struct rtnl_link *lower,
		 const struct carried *c)
{
	char new[] = RUN_DIR "/new.XXXXXX";
	uint64_t netns = namespace_of(nl);
	int ret = 0;

	*s = (struct stored){ .fd = -1 };
	if (!netns)
		return 0;
	mkdir(RUN_DIR, 0755);
	name_file(s->path, netns, lower->ifindex);
	s->fd = mkostemp(new, O_CLOEXEC);
	if (s->fd < 0)
		return 0;
	if (!flock(s->fd, LOCK_EX | LOCK_NB) && write_all(s->fd, lower->address, c) &&
	    !link(new, s->path))
		goto unlink;
	if (errno == EEXIST)
		ret = say_there_is_one(lower->name);
	stored_leave(s);
unlink:
	unlink(new);
	return ret;
}

/* One that says less than was done would be believed. */
void stored_reach(struct stored *s, enum stored_state state)
{
	uint8_t byte = state;

	if (s->fd >= 0 && pwrite(s->fd, &byte, 1, offsetof(struct head, state)) != 1)
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

void stored_set_aside(struct stored *s)
{
	char path[sizeof(s->path)];

	if (s->fd < 0)
		return;
	snprintf(path, sizeof(path), RUN_DIR "/" ASIDE "%.32s",
		 s->path + strlen(RUN_DIR "/" PREFIX));
	if (!rename(s->path, path))
		fprintf(stderr, "Note: what it was to have again is in \"%s\".\n", path);
	stored_leave(s);
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

static void take_head(const struct head *head, struct stored *s, struct carried *c)
{
	char boot[sizeof(head->boot)];

	read_boot(boot);
	s->state = head->state;
	s->this_boot = !memcmp(head->boot, boot, sizeof(boot));
	memcpy(s->address, head->address, sizeof(s->address));
	c->link = head->link;
}

static bool take_all(struct rest *r, struct stored *s, struct carried *c)
{
	const struct head *head = take(r, sizeof(*head));
	size_t i;

	if (!head || head->magic != MAGIC || head->sizes != sizes() ||
	    head->bytes != sizeof(*head) + r->len)
		return false;
	take_head(head, s, c);
	if (!take_conf(r, &c->conf, head->entries))
		return false;
	for (i = 0; i < LISTS; i++)
		if (!take_messages(r, list_of(c, i), head->messages[i]))
			return false;
	return true;
}

static bool read_all(struct stored *s, struct carried *c)
{
	struct rest r;
	struct stat st;
	char *text;
	bool ok;

	if (fstat(s->fd, &st) || st.st_size <= 0 || st.st_size > FILE_MAX)
		return false;
	memset(c, 0, sizeof(*c));
	text = need(calloc(1, st.st_size));
	r = (struct rest){ .at = text, .len = st.st_size };
	ok = pread(s->fd, text, st.st_size, 0) == st.st_size && take_all(&r, s, c);
	free(text);
	if (!ok)
		carried_free(c);
	return ok;
}

/* ---- found ------------------------------------------------------------- */

/* Without the lock. */
static bool is_of(const struct stored *s, const char *dev, uint32_t lower)
{
	struct head head;

	return if_nametoindex(dev) == lower ||
	       (pread(s->fd, &head, sizeof(head), 0) == sizeof(head) &&
		!strncmp(head.link.name, dev, sizeof(head.link.name)));
}

/* By who had it locked before, and was done with it. */
static bool is_removed(const struct stored *s)
{
	struct stat st;

	return fstat(s->fd, &st) || !st.st_nlink;
}

static int look_at(struct stored *s, const char *dev, uint32_t lower, struct carried *c)
{
	int ret = -1;

	s->fd = open(s->path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (s->fd < 0)
		return -1;
	if (!is_of(s, dev, lower))
		goto leave;
	if (flock(s->fd, LOCK_EX | LOCK_NB)) {
		fprintf(stderr, "Error: \"%s\" is just being taken over, or given back: wait for that.\n",
			dev);
		ret = EXIT_KERNEL;
		goto leave;
	}
	if (is_removed(s))
		goto leave;
	if (read_all(s, c))
		return 0;
	/* Another version's, or somebody changed it. */
	stored_set_aside(s);
leave:
	stored_leave(s);
	return ret;
}

void stored_open(struct stored_list *list, const struct nl *nl)
{
	list->netns = namespace_of(nl);
	list->dir = list->netns ? opendir(RUN_DIR) : NULL;
}

int stored_next(struct stored_list *list, struct stored *s, const char *dev, uint32_t *lower,
		struct carried *c)
{
	const struct dirent *entry;
	uint64_t netns;
	int ret = -1;

	*s = (struct stored){ .fd = -1 };
	while (list->dir && ret < 0 && (entry = readdir(list->dir))) {
		if (sscanf(entry->d_name, PREFIX "%" SCNu64 ".%" SCNu32, &netns, lower) != 2 ||
		    netns != list->netns)
			continue;
		name_file(s->path, netns, *lower);
		ret = look_at(s, dev, *lower, c);
	}
	return ret;
}

void stored_close(struct stored_list *list)
{
	if (list->dir)
		closedir(list->dir);
}

bool stored_is_of(const struct stored *s, const struct rtnl_link *lower, const struct carried *c)
{
	return s->this_boot && (!memcmp(lower->address, s->address, sizeof(s->address)) ||
				!memcmp(lower->address, c->link.address, sizeof(c->link.address)));
}
