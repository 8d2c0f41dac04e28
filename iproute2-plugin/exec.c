// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* ip vr exec: into the home namespace, with the VR's device and nothing else. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <linux/capability.h>

#include "caps.h"
#include "cmd.h"
#include "genl.h"
#include "netns.h"

#define NETNS_ETC	"/etc/netns"
#define NOBODY		65534

struct who {
	uint32_t uid, gid;
};

static int fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	return EXIT_KERNEL;
}

/* ---- the namespace, as ip netns exec ----------------------------------- */

static int bind_etc(const char *netns)
{
	char from[PATH_MAX], to[PATH_MAX];
	const struct dirent *entry;
	DIR *dir;

	snprintf(from, sizeof(from), NETNS_ETC "/%s", netns);
	dir = opendir(from);
	if (!dir)
		return 0;
	while ((entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (snprintf(from, sizeof(from), NETNS_ETC "/%s/%s", netns, entry->d_name) >= PATH_MAX)
			continue;
		snprintf(to, sizeof(to), "/etc/%s", entry->d_name);
		if (mount(from, to, "none", MS_BIND, NULL))
			fprintf(stderr, "Bind %s -> %s failed: %s\n", from, to, strerror(errno));
	}
	closedir(dir);
	return 0;
}

static int remount_sys(const char *name)
{
	struct statvfs old;
	unsigned long flags = 0;

	if (umount2("/sys", MNT_DETACH)) {
		if (!statvfs("/sys", &old) && old.f_flag & ST_RDONLY)
			flags = MS_RDONLY;
	}
	return mount(name, "/sys", "sysfs", flags, NULL) ? fail("Cannot mount /sys") : 0;
}

static int enter_home(const char *netns)
{
	int fd = netns_open_loud(netns), here;

	if (fd < 0)
		return EXIT_USAGE;
	here = netns_enter(fd);
	close(fd);
	if (here < 0) {
		errno = -here;
		return fail("Cannot enter the network namespace");
	}
	close(here);
	if (unshare(CLONE_NEWNS))
		return fail("Cannot make a mount namespace");
	if (mount("", "/", "none", MS_SLAVE | MS_REC, NULL))
		return fail("Cannot keep mounts private");
	if (remount_sys(netns))
		return EXIT_KERNEL;
	return strchr(netns, '/') ? 0 : bind_etc(netns);
}

/* ---- the device -------------------------------------------------------- */

static int open_device(uint32_t id)
{
	char path[64], number[16];
	int fd;

	snprintf(path, sizeof(path), "/dev/europa/vr%u", id);
	fd = open(path, O_RDWR);
	if (fd < 0)
		return fail(path);
	snprintf(number, sizeof(number), "%d", fd);
	return setenv("EUROPA_FD", number, 1) ? fail("EUROPA_FD") : 0;
}

/* ---- privileges -------------------------------------------------------- */

static int drop_bounding_set(void)
{
	int cap;

	for (cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0))
			return fail("Cannot drop the capability bounding set");
	return 0;
}

static int drop_privileges(const struct who *who)
{
	if (drop_bounding_set())
		return EXIT_KERNEL;
	if (setgroups(0, NULL) || setresgid(who->gid, who->gid, who->gid) ||
	    setresuid(who->uid, who->uid, who->uid))
		return fail("Cannot change user");
	if (caps_drop())
		return fail("Cannot drop capabilities");
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ? fail("Cannot set no_new_privs") : 0;
}

/* The VR's owner, nobody if that is root. */
static void default_who(const struct vr_conf *c, struct who *who)
{
	const struct passwd *pw = getpwnam("nobody");

	if (c->uid) {
		pw = getpwuid(c->uid);
		who->uid = c->uid;
		who->gid = c->gid ? c->gid : pw ? pw->pw_gid : NOBODY;
	} else {
		who->uid = pw ? pw->pw_uid : NOBODY;
		who->gid = pw ? pw->pw_gid : NOBODY;
	}
}

static int parse_who(const char *word, struct who *who)
{
	const struct passwd *pw;

	if (parse_uid(word, &who->uid))
		return EXIT_USAGE;
	pw = getpwuid(who->uid);
	who->gid = pw ? pw->pw_gid : who->uid ? NOBODY : 0;
	return 0;
}

/* ------------------------------------------------------------------------ */

static int find_vr(const struct vr_ref *ref, struct vr_conf *conf)
{
	struct vr vr;
	int ret = genl_vr_lookup(ref, &vr);

	if (ret)
		return ret;
	*conf = vr.conf;
	vr_free(&vr);
	return 0;
}

static int run(char **argv)
{
	fflush(NULL);
	execvp(argv[0], argv);
	fprintf(stderr, "exec of \"%s\" failed: %s\n", argv[0], strerror(errno));
	return errno == ENOENT ? 127 : 126;
}

static int become(const struct vr_conf *conf, const struct who *who, char **argv)
{
	int ret = open_device(conf->id);

	if (!ret && *conf->netns)
		ret = enter_home(conf->netns);
	if (!ret)
		ret = drop_privileges(who);
	return ret ? ret : run(argv);
}

/* Ends the process in any case: what it has become is not for a batch's next line. */
int cmd_exec(struct args *a)
{
	const char *user = NULL;
	struct vr_conf conf;
	struct vr_ref ref;
	struct who who;
	int ret;

	if (args_take(a, "user")) {
		user = args_value(a, "user");
		if (!user || parse_who(user, &who))
			return EXIT_USAGE;
	}
	if (take_ref(a, &ref))
		return EXIT_USAGE;
	if (!args_left(a)) {
		fprintf(stderr, "Error: exec what? Give a command.\n");
		return EXIT_USAGE;
	}
	ret = find_vr(&ref, &conf);
	if (ret)
		return ret;
	if (!user)
		default_who(&conf, &who);
	exit(become(&conf, &who, a->words));
}
