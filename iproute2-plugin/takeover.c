// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "given.h"
#include "genl.h"
#include "netns.h"
#include "signals.h"
#include "stored.h"
#include "takeover.h"

#define ASIDE	".lower"
#define MARK	"europa takeover of "

/* ---- the interface and its names --------------------------------------- */

static int open_here(struct nl *nl)
{
	int err = nl_open(nl, NETLINK_ROUTE, -1);

	if (!err)
		return 0;
	fprintf(stderr, "Cannot open rtnetlink: %s\n", strerror(-err));
	return EXIT_KERNEL;
}

/* NULL: it stands aside for nobody. */
static const char *name_of_old(const struct rtnl_link *link)
{
	const char *name = link->alias + strlen(MARK);

	return strncmp(link->alias, MARK, strlen(MARK)) || !*name || strlen(name) >= IFNAMSIZ ?
	       NULL : name;
}

/* Of the port while it is none but the kernel's, or gives its place back. */
static void name_of_port(uint32_t lower, char name[IFNAMSIZ])
{
	snprintf(name, IFNAMSIZ, "eur-%u", lower);
}

static int choose_aside(const char *dev, const char *aside, char name[IFNAMSIZ])
{
	if (!aside && strlen(dev) + strlen(ASIDE) >= IFNAMSIZ) {
		fprintf(stderr, "Error: \"%s" ASIDE "\" is too long for a name: say with lower NAME what \"%s\" is to be called.\n",
			dev, dev);
		return EXIT_USAGE;
	}
	if (aside)
		snprintf(name, IFNAMSIZ, "%s", aside);
	else
		snprintf(name, IFNAMSIZ, "%.*s" ASIDE, (int)(IFNAMSIZ - sizeof(ASIDE)), dev);
	if (!if_nametoindex(name))
		return 0;
	fprintf(stderr, "Error: \"%s\" is to be called \"%s\", which is there already: choose another name with lower NAME.\n",
		dev, name);
	return EXIT_USAGE;
}

struct upper {
	uint32_t lower;
	char name[IFNAMSIZ];
};

/* Each end of a veth names the other one; ports of other VRs stay what they are. */
static void see_upper(const struct rtnl_link *link, void *data)
{
	struct upper *u = data;

	if (link->lower_ifindex == u->lower && link->lower_nsid < 0 &&
	    strcmp(link->kind, "veth") && strcmp(link->kind, EUROPA_GENL_NAME))
		memcpy(u->name, link->name, sizeof(u->name));
}

/* What would not follow from one interface to the other. */
static int check_company(struct nl *nl, const struct rtnl_link *link)
{
	struct upper upper = { .lower = link->ifindex };

	if (link->master && strcmp(link->master_kind, "vrf")) {
		fprintf(stderr, "Error: \"%s\" is a member of a %s: take it out first.\n", link->name,
			*link->master_kind ? link->master_kind : "master");
		return EXIT_KERNEL;
	}
	if (rtnl_link_dump(nl, see_upper, &upper))
		return nl_fail(nl, "RTNETLINK");
	if (!*upper.name)
		return 0;
	fprintf(stderr, "Error: \"%s\" is on top of \"%s\", and would be cut off: remove it first.\n",
		upper.name, link->name);
	return EXIT_KERNEL;
}

static int set_aside(struct nl *nl, const struct carried *c, const char *aside, bool up)
{
	char mark[sizeof(MARK) + IFNAMSIZ];
	int ret;

	snprintf(mark, sizeof(mark), MARK "%s", c->link.name);
	ret = carried_take_off(nl, c, aside, mark);
	if (rtnl_link_up(nl, c->link.ifindex, up) && !ret)
		ret = nl_fail(nl, "RTNETLINK");
	return ret;
}

static void say_lost(const char *dev, unsigned int count)
{
	if (count)
		fprintf(stderr, "Error: %u of what \"%s\" had is lost: look at \"ip addr\" and \"ip route\".\n",
			count, dev);
}

/* Back again, but for what is lost. */
static void end_stored(struct stored *s, const char *dev, unsigned int lost)
{
	say_lost(dev, lost);
	if (lost)
		stored_set_aside(s);
	stored_end(s);
}

/* ---- attach ------------------------------------------------------------ */

/* Of this mode a port begins with the lower device's MAC address. */
static int make_port(struct nl *nl, struct port_request *r, uint32_t *ifindex)
{
	char name[IFNAMSIZ];
	int err;

	name_of_port(r->lower_ifindex, name);
	r->name = name;
	r->mode = EUROPA_MODE_PASSTHRU;
	r->force = true;	/* the addresses come with it */
	err = rtnl_port_new(nl, r);
	r->name = NULL;
	if (err)
		return nl_fail(nl, "RTNETLINK");
	*ifindex = if_nametoindex(name);
	return 0;
}

/* In the lower device's namespace, which must be where the VR is at home, if that is known. */
static int check_home(const struct vr *vr, const char *dev)
{
	int home, here, ret = 0;

	if (!vr || !*vr->conf.netns)
		return 0;
	home = netns_open_loud(vr->conf.netns);
	if (home < 0)
		return EXIT_USAGE;
	here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (!netns_same(home, here)) {
		fprintf(stderr, "Error: VR \"%s\" is at home in the namespace \"%s\" and \"%s\" is not, whose place its port would take.\n",
			vr->conf.name, vr->conf.netns, dev);
		ret = EXIT_USAGE;
	}
	close(home);
	if (here >= 0)
		close(here);
	return ret;
}

static int take(struct nl *nl, struct port_request *r, const struct carried *c, const char *aside,
		struct stored *s)
{
	uint32_t port = 0;
	unsigned int lost;
	int ret;

	stored_reach(s, STORED_BEGUN);
	ret = make_port(nl, r, &port);
	if (ret)
		return ret;
	/* Also one that was down: the port has no carrier otherwise when it is set up. */
	ret = set_aside(nl, c, aside, true);
	if (!ret)
		ret = carried_give(nl, c, port, true);
	if (!ret) {
		stored_reach(s, STORED_GIVEN);
		return 0;
	}
	lost = rtnl_port_del(nl, port) && nl->error != ENODEV;
	lost += carried_give_back(nl, c, c->link.ifindex);
	end_stored(s, c->link.name, lost);
	return ret;
}

static int take_from(struct nl *nl, struct port_request *r, const char *aside)
{
	struct stored s;
	struct carried c;
	int ret = carried_save(nl, r->lower_ifindex, &c);

	if (ret)
		return ret;
	ret = check_company(nl, &c.link);
	if (!ret)
		ret = stored_begin(&s, nl, &c.link, &c);
	if (!ret) {
		ret = take(nl, r, &c, aside, &s);
		stored_end(&s);
	}
	carried_free(&c);
	return ret;
}

/* ---- detach ------------------------------------------------------------ */

/* What was taken over, and the port in its place; ifindex 0: there is none. */
struct taken {
	const char *dev;
	struct rtnl_link lower, port;
};

static void see_lower(const struct rtnl_link *link, void *data)
{
	const char *old = name_of_old(link);
	struct taken *t = data;

	if (old && !strcmp(old, t->dev))
		t->lower = *link;
}

static bool is_taker(const struct rtnl_link *link)
{
	return !strcmp(link->kind, EUROPA_GENL_NAME) && link->passthru && link->lower_nsid < 0;
}

static void see_port(const struct rtnl_link *link, void *data)
{
	struct taken *t = data;

	if (is_taker(link) && link->lower_ifindex == t->lower.ifindex)
		t->port = *link;
}

/* dev is there: the port, or the one that stands aside. */
static int find_by_index(struct nl *nl, uint32_t ifindex, struct taken *t)
{
	int err = rtnl_link_get(nl, ifindex, &t->lower);

	if (!err && is_taker(&t->lower)) {
		t->port = t->lower;
		err = rtnl_link_get(nl, t->port.lower_ifindex, &t->lower);
	} else if (!err && name_of_old(&t->lower)) {
		err = rtnl_link_dump(nl, see_port, t);
	}
	if (err)
		return nl_fail(nl, "RTNETLINK");
	return name_of_old(&t->lower) ? 0 : -1;
}

static int find_taken(struct nl *nl, const char *dev, struct taken *t)
{
	uint32_t ifindex = if_nametoindex(dev);

	memset(t, 0, sizeof(*t));
	t->dev = dev;
	if (ifindex)
		return find_by_index(nl, ifindex, t);
	if (rtnl_link_dump(nl, see_lower, t))
		return nl_fail(nl, "RTNETLINK");
	if (!t->lower.ifindex)
		return -1;
	return rtnl_link_dump(nl, see_port, t) ? nl_fail(nl, "RTNETLINK") : 0;
}

/* Another VR may have a port on what stands aside: -1. */
static int check_vr(const struct taken *t, const struct vr_ref *ref)
{
	struct vr vr;
	int ret;

	if (!ref || !t->port.ifindex)
		return 0;
	ret = genl_vr_lookup(ref, &vr);
	if (ret)
		return ret;
	ret = vr.conf.id == t->port.vr ? 0 : -1;
	vr_free(&vr);
	return ret;
}

/* Nobody else has the name that it is to have again. */
static int check_free(const struct taken *t, const char *name)
{
	uint32_t index = if_nametoindex(name);

	if (!index || index == t->port.ifindex || index == t->lower.ifindex)
		return 0;
	fprintf(stderr, "Error: \"%s\" cannot have its name \"%s\" again, which is another interface's.\n",
		t->lower.name, name);
	return EXIT_KERNEL;
}

/* The port is gone, with its VR, and what it had as well. */
static int give_name_back(struct nl *nl, const struct taken *t)
{
	struct link_change change = { .name = name_of_old(&t->lower), .alias = "" };
	int ret = 0;

	if (rtnl_link_up(nl, t->lower.ifindex, false))
		return nl_fail(nl, "RTNETLINK");
	if (rtnl_link_set(nl, t->lower.ifindex, &change))
		ret = nl_fail(nl, "RTNETLINK");
	else
		say_lost(change.name, devconf_default6(change.name, "disable_ipv6") ? 1 : 0);
	if (rtnl_link_up(nl, t->lower.ifindex, t->lower.flags & IFF_UP) && !ret)
		ret = nl_fail(nl, "RTNETLINK");
	return ret;
}

static int give_back(struct nl *nl, const struct taken *t, struct carried *c, struct stored *s)
{
	char gone[IFNAMSIZ], was[IFNAMSIZ];
	unsigned int lost;
	int ret;

	name_of_port(t->lower.ifindex, gone);
	memcpy(was, c->link.name, sizeof(was));
	stored_reach(s, STORED_BEGUN);
	ret = carried_take_off(nl, c, gone, "");
	snprintf(c->link.name, sizeof(c->link.name), "%s", name_of_old(&t->lower));
	if (!ret)
		ret = carried_give(nl, c, t->lower.ifindex, false);
	if (!ret) {
		stored_reach(s, STORED_BACK);
		if (!rtnl_port_del(nl, t->port.ifindex))
			return 0;
		stored_leave(s);
		return nl_fail(nl, "RTNETLINK");
	}
	/* The lower device as it was: what is to be taken off it again is the same. */
	c->link.ifindex = t->lower.ifindex;
	lost = set_aside(nl, c, t->lower.name, t->lower.flags & IFF_UP) ? 1 : 0;
	c->link.ifindex = t->port.ifindex;
	memcpy(c->link.name, was, sizeof(was));
	lost += carried_give_back(nl, c, t->port.ifindex);
	end_stored(s, was, lost);
	return ret;
}

static int store_back(struct nl *nl, struct stored *s, const struct taken *t, struct carried c)
{
	snprintf(c.link.name, sizeof(c.link.name), "%s", name_of_old(&t->lower));
	return stored_begin(s, nl, &t->lower, &c);
}

static int give_all_back(struct nl *nl, const struct taken *t)
{
	struct stored s;
	struct carried c;
	int ret = carried_save(nl, t->port.ifindex, &c);

	if (ret)
		return ret;
	ret = check_company(nl, &c.link);
	if (!ret)
		ret = store_back(nl, &s, t, c);
	if (!ret) {
		ret = give_back(nl, t, &c, &s);
		stored_end(&s);
	}
	carried_free(&c);
	return ret;
}

static int give_either_back(struct nl *nl, const struct taken *t)
{
	sigset_t before;
	int ret;

	signals_hold(&before);
	ret = t->port.ifindex ? give_all_back(nl, t) : give_name_back(nl, t);
	signals_release(&before);
	return ret;
}

/* ---- who was killed ---------------------------------------------------- */

/* What somebody who was killed was at. */
struct half {
	struct carried c;
	struct taken t;
};

static bool is_half_way(const struct stored *s, const struct taken *t)
{
	char name[IFNAMSIZ];

	name_of_port(t->lower.ifindex, name);
	return s->state == STORED_BEGUN ||
	       (s->state == STORED_BACK && !strcmp(t->port.name, name));
}

/* -1: there is nothing to be done any more, and no file. Or the exit code. */
static int look_at_half(struct nl *nl, struct stored *s, uint32_t lower, struct half *h)
{
	struct taken *t = &h->t;
	int err;

	memset(t, 0, sizeof(*t));
	err = rtnl_link_get(nl, lower, &t->lower);
	if (!err)
		err = rtnl_link_dump(nl, see_port, t);
	if (err && err != -ENODEV)
		return nl_fail(nl, "RTNETLINK");
	if (!err && is_half_way(s, t)) {
		if (stored_is_of(s, &t->lower, &h->c))
			return 0;
		fprintf(stderr, "Note: of another interface \"%s\", or of one with another MAC address, a takeover was not finished.\n",
			h->c.link.name);
		stored_set_aside(s);
	}
	stored_end(s);
	return -1;
}

typedef int (*half_fn)(struct nl *nl, struct stored *s, const struct half *h,
		       const struct vr_ref *ref);

/* Until what it tells is not -1; nobody was killed: -1. */
static int each_half(struct nl *nl, const char *dev, half_fn fn, const struct vr_ref *ref)
{
	struct stored_list list;
	struct stored s;
	struct half h;
	uint32_t lower;
	int ret = -1;

	stored_open(&list, nl);
	while (ret < 0) {
		ret = stored_next(&list, &s, dev, &lower, &h.c);
		if (ret)
			break;
		ret = look_at_half(nl, &s, lower, &h);
		if (!ret)
			ret = fn(nl, &s, &h, ref);
		stored_leave(&s);
		carried_free(&h.c);
	}
	stored_close(&list);
	return ret;
}

/* -1: it is another VR's. */
static int finish(struct nl *nl, struct stored *s, const struct half *h, const struct vr_ref *ref)
{
	const char *dev = h->c.link.name;
	unsigned int lost;
	int ret = check_vr(&h->t, ref);

	if (!ret && s->state == STORED_BEGUN)
		ret = check_free(&h->t, dev);
	if (ret)
		return ret;
	fprintf(stderr, "Note: \"%s\" was being taken over, or given back, by somebody who was killed, and gets all back that it had then.\n",
		dev);
	lost = h->t.port.ifindex && rtnl_port_del(nl, h->t.port.ifindex) && nl->error != ENODEV;
	if (s->state == STORED_BEGUN)
		lost += carried_give_back(nl, &h->c, h->t.lower.ifindex);
	end_stored(s, dev, lost);
	return lost ? EXIT_KERNEL : 0;
}

/* What is there now is not what it had, and would be kept instead of that. */
static int refuse(struct nl *nl, struct stored *s, const struct half *h, const struct vr_ref *ref)
{
	(void)nl;
	(void)s;
	(void)ref;
	fprintf(stderr, "Error: \"%s\" was being taken over, or given back, by somebody who was killed: \"ip vr detach dev %s\" first.\n",
		h->c.link.name, h->c.link.name);
	return EXIT_KERNEL;
}

static int detach_half(struct nl *nl, const char *dev, const struct vr_ref *ref)
{
	sigset_t before;
	int ret;

	signals_hold(&before);
	ret = each_half(nl, dev, finish, ref);
	signals_release(&before);
	return ret;
}

/* ------------------------------------------------------------------------ */

static int detach_taken(struct nl *nl, const char *dev, const struct vr_ref *ref)
{
	struct taken t;
	int ret = find_taken(nl, dev, &t);

	if (!ret)
		ret = check_vr(&t, ref);
	if (!ret)
		ret = check_free(&t, name_of_old(&t.lower));
	return ret ? ret : give_either_back(nl, &t);
}

int takeover_detach(const char *dev, const struct vr_ref *ref)
{
	struct nl nl;
	int ret = open_here(&nl);

	if (ret)
		return ret;
	ret = detach_half(&nl, dev, ref);
	if (ret < 0)
		ret = detach_taken(&nl, dev, ref);
	nl_close(&nl);
	return ret;
}

int takeover_attach(const struct vr *vr, struct port_request *r, const char *dev,
		    const char *aside)
{
	char name[IFNAMSIZ];
	struct nl nl;
	int ret = check_home(vr, dev);

	if (!ret)
		ret = open_here(&nl);
	if (ret)
		return ret;
	ret = each_half(&nl, dev, refuse, NULL);
	if (ret < 0)
		ret = choose_aside(dev, aside, name);
	if (!ret)
		ret = take_from(&nl, r, name);
	nl_close(&nl);
	return ret;
}
