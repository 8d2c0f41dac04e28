// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* ip vr pids, identify: who has which VR's device open. */
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "cmd.h"
#include "genl.h"
#include "out.h"
#include "plane.h"

/* Device number of VR id; 0: it has no node here. */
static dev_t device_of(uint32_t id)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/dev/europa/vr%u", id);
	return !stat(path, &st) && S_ISCHR(st.st_mode) ? st.st_rdev : 0;
}

static bool has_open(const char *pid, dev_t device)
{
	char path[64];
	const struct dirent *entry;
	struct stat st;
	bool found = false;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%.20s/fd", pid);
	dir = opendir(path);
	if (!dir)
		return false;
	while (!found && (entry = readdir(dir)))
		found = isdigit((unsigned char)*entry->d_name) &&
			!fstatat(dirfd(dir), entry->d_name, &st, AT_NO_AUTOMOUNT) &&
			S_ISCHR(st.st_mode) && st.st_rdev == device;
	closedir(dir);
	return found;
}

static int for_each_process(int (*fn)(const char *pid, void *data), void *data)
{
	const struct dirent *entry;
	DIR *proc = opendir("/proc");

	if (!proc) {
		perror("/proc");
		return EXIT_KERNEL;
	}
	while ((entry = readdir(proc)))
		if (isdigit((unsigned char)*entry->d_name))
			fn(entry->d_name, data);
	closedir(proc);
	return 0;
}

struct search {
	const struct vr *vr;
	dev_t device;
};

static int print_pid(const char *pid, void *data)
{
	const struct search *s = data;
	uint32_t number = strtoul(pid, NULL, 10);

	if (plane_has_pid(s->vr, number) || (s->device && has_open(pid, s->device)))
		out_u64(OUT_ANY, NULL, "%llu\n", number);
	return 0;
}

int cmd_pids(struct args *a)
{
	struct vr_ref ref;
	struct search s;
	struct vr vr;
	int ret;

	if (take_ref(a, &ref) || no_more(a))
		return EXIT_USAGE;
	ret = genl_vr_lookup(&ref, &vr);
	if (ret)
		return ret;
	s = (struct search){ &vr, device_of(vr.conf.id) };
	out_open_array(NULL);
	ret = for_each_process(print_pid, &s);
	out_close_array();
	out_end();
	vr_free(&vr);
	return ret;
}

static int print_if_open(const struct vr *vr, void *data)
{
	const char *pid = data;
	dev_t device = device_of(vr->conf.id);
	char number[16];

	if (!plane_has_pid(vr, strtoul(pid, NULL, 10)) && !(device && has_open(pid, device)))
		return 0;
	snprintf(number, sizeof(number), "%u", vr->conf.id);
	out_open_object(NULL);
	out_u64(OUT_JSON, "id", NULL, vr->conf.id);
	out_string(OUT_JSON, C_NONE, "name", NULL, vr->conf.name);
	out_text("%s\n", *vr->conf.name ? vr->conf.name : number);
	out_close_object();
	return 0;
}

int cmd_identify(struct args *a)
{
	char pid[16];
	uint64_t number = getpid();
	struct genl g;
	int ret;

	if (args_left(a) && parse_number("a process", args_next(a), 1, INT32_MAX, &number))
		return EXIT_USAGE;
	if (no_more(a))
		return EXIT_USAGE;
	snprintf(pid, sizeof(pid), "%u", (unsigned int)number);
	ret = genl_open_all(&g);
	if (ret)
		return ret;
	out_open_array(NULL);
	ret = genl_vr_dump(&g, print_if_open, pid) ? genl_fail(&g) : 0;
	out_close_array();
	out_end();
	genl_close(&g);
	return ret;
}
