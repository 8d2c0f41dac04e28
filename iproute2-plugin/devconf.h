/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/*
 * The settings of one interface below /proc/sys/net, of the current namespace: in conf and in
 * neigh, of either family.
 */
#ifndef DEVCONF_H
#define DEVCONF_H

#include <stddef.h>

struct devconf_entry {
	char name[48];		/* "ipv4/conf", the interface, this */
	char value[64];
	unsigned char where;
};

struct devconf {
	struct devconf_entry *entries;
	size_t count;
};

void devconf_read(const char *dev, struct devconf *c);
void devconf_free(struct devconf *c);

/*
 * Of dev, what is another there, but for accept_dad of IPv6. How many are refused, and then the
 * first of them in *refused, and why, -errno, in *err.
 */
unsigned int devconf_write(const char *dev, const struct devconf *c,
			   const struct devconf_entry **refused, int *err);

/* One of IPv6's; nothing where there is no IPv6. 0 or -errno. */
int devconf_set6(const char *dev, const char *name, const char *value);
const char *devconf_get6(const struct devconf *c, const char *name);	/* NULL: none */
/* What interfaces begin with. */
int devconf_default6(const char *dev, const char *name);

const char *devconf_place(const struct devconf_entry *e);

#endif
