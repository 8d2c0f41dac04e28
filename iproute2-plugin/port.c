// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* ip vr attach, detach. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "confirm.h"
#include "genl.h"
#include "netns.h"
#include "rtnl.h"
#include "signals.h"
#include "takeover.h"

struct port_args {
	const char *dev, *vr;
	const char *positional[2];	/* words without a keyword before them */
	int npositional;
	unsigned int given;	/* a bit per settings[] */
	struct port_request request;
	int confirm;		/* milliseconds, 0: not asked for */
	bool takeover;
	const char *aside;	/* what the lower device is called then */
};

static int set_port(const char *value, struct port_request *r)
{
	uint64_t port;

	if (parse_number("a port's number", value, 0, EUROPA_PORT_MAX, &port))
		return EXIT_USAGE;
	r->port = port;
	return 0;
}

static int check_name(const char *value)
{
	if (!*value || strlen(value) >= IFNAMSIZ || strpbrk(value, "/: \t\n"))
		return args_invalid("not a valid interface name", value);
	return 0;
}

static int set_name(const char *value, struct port_request *r)
{
	r->name = value;
	return check_name(value);
}

static int set_address(const char *value, struct port_request *r)
{
	r->has_address = true;
	return parse_mac(value, r->address);
}

static int set_mode(const char *value, struct port_request *r)
{
	r->mode = parse_one_of("mode", value, port_mode_names, 3);
	return r->mode < 0 ? EXIT_USAGE : 0;
}

static int set_spoofchk(const char *value, struct port_request *r)
{
	return parse_on_off("spoofchk", value, &r->spoofchk);
}

static int set_vlan(const char *value, struct port_request *r)
{
	return vlans_parse(value, &r->vlan) ? 0 : args_invalid(VLANS_COMPLAINT, value);
}

static const struct {
	const char *name;
	int (*parse)(const char *value, struct port_request *r);
} settings[] = {
	{ "port", set_port },
	{ "name", set_name },
	{ "address", set_address },
	{ "mode", set_mode },
	{ "spoofchk", set_spoofchk },
	{ "vlan", set_vlan },
};

/* -1: the word is no setting. */
static int parse_setting(struct args *a, struct port_args *w)
{
	const char *value;
	size_t i;

	for (i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		if (!args_take(a, settings[i].name))
			continue;
		if (w->given & 1u << i)
			return args_twice(settings[i].name);
		w->given |= 1u << i;
		value = args_value(a, settings[i].name);
		return value && !settings[i].parse(value, &w->request) ? 0 : EXIT_USAGE;
	}
	return -1;
}

static int parse_positional(struct args *a, struct port_args *w)
{
	if (w->npositional == 2)
		return args_unknown(args_peek(a));
	w->positional[w->npositional++] = args_next(a);
	return 0;
}

/* Neither dev nor vr need be said: the device comes first. What is detached need not have a VR. */
static int place_positional(struct port_args *w, bool need_vr)
{
	int i = 0;

	if (!w->dev && i < w->npositional)
		w->dev = w->positional[i++];
	if (!w->vr && i < w->npositional)
		w->vr = w->positional[i++];
	if (i < w->npositional)
		return args_unknown(w->positional[i]);
	if (!w->dev || (need_vr && !w->vr)) {
		fprintf(stderr, "Error: give dev DEVICE and vr VR.\n");
		return EXIT_USAGE;
	}
	return 0;
}

static int parse_confirm(struct args *a, struct port_args *w)
{
	const char *value;

	if (w->confirm)
		return args_twice("confirm");
	value = args_value(a, "confirm");
	if (!value || parse_seconds(value, &w->confirm))
		return EXIT_USAGE;
	return w->confirm ? 0 : args_invalid("confirm gives at least a moment", value);
}

static int parse_arg(struct args *a, struct port_args *w, bool with_settings)
{
	int ret = -1;

	if (args_take(a, "dev"))
		return args_string(a, "dev", &w->dev);
	if (args_take(a, "vr"))
		return args_string(a, "vr", &w->vr);
	if (with_settings && args_take(a, "force")) {
		w->request.force = true;
		return 0;
	}
	if (with_settings && args_take(a, "confirm"))
		return parse_confirm(a, w);
	if (with_settings && args_take(a, "takeover")) {
		w->takeover = true;
		return 0;
	}
	if (with_settings && args_take(a, "lower"))
		return args_string(a, "lower", &w->aside) || check_name(w->aside);
	if (with_settings)
		ret = parse_setting(a, w);
	return ret < 0 ? parse_positional(a, w) : ret;
}

static int parse_args(struct args *a, struct port_args *w, bool with_settings)
{
	w->request.port = UINT32_MAX;
	w->request.mode = w->request.spoofchk = w->request.netns = -1;
	while (args_left(a))
		if (parse_arg(a, w, with_settings))
			return EXIT_USAGE;
	return place_positional(w, with_settings);
}

static int open_rtnl(struct nl *nl, int netns)
{
	int err = nl_open(nl, NETLINK_ROUTE, netns);

	if (!err)
		return 0;
	fprintf(stderr, "Cannot open rtnetlink: %s\n", strerror(-err));
	return EXIT_KERNEL;
}

/* ---- detach ------------------------------------------------------------ */

struct detach {
	uint32_t vr, lower_ifindex;
	int here;		/* the lower device's namespace */
};

/* The port's lower device is the one meant: interface numbers repeat in other namespaces. */
static bool is_ours(struct nl *nl, int netns, const struct detach *d, const struct rtnl_link *port)
{
	if (strcmp(port->kind, EUROPA_GENL_NAME) || port->vr != d->vr ||
	    port->lower_ifindex != d->lower_ifindex)
		return false;
	if (port->lower_nsid < 0)
		return netns_same(netns, d->here);
	return port->lower_nsid == rtnl_nsid(nl, d->here);
}

/* The port in namespace netns: 0 deleted, -1 not there, else the exit code. */
static int detach_in(int netns, const struct vr_port *p, const struct detach *d)
{
	struct rtnl_link port;
	struct nl nl;
	int ret = open_rtnl(&nl, netns);

	if (ret)
		return ret;
	ret = -1;
	if (!rtnl_link_get(&nl, p->ifindex, &port) && is_ours(&nl, netns, d, &port))
		ret = rtnl_port_del(&nl, p->ifindex) ? nl_fail(&nl, "RTNETLINK"), EXIT_KERNEL : 0;
	nl_close(&nl);
	return ret;
}

/* A port is at home, or somebody moved it to the lower device's namespace. */
static int detach_port(const struct vr *vr, const struct vr_port *p, const struct detach *d)
{
	int home = netns_open(vr->conf.netns), ret = -1;

	if (home >= 0) {
		ret = detach_in(home, p, d);
		close(home);
	}
	return ret < 0 ? detach_in(d->here, p, d) : ret;
}

static int detach(const struct vr *vr, const char *dev, const struct detach *d)
{
	const struct vr_port *found = NULL;
	size_t i;
	int ret;

	for (i = 0; i < vr->nports; i++) {
		if (vr->ports[i].lower_ifindex != d->lower_ifindex)
			continue;
		found = &vr->ports[i];
		ret = detach_port(vr, found, d);
		if (ret >= 0)
			return ret;
	}
	if (found)
		fprintf(stderr, "Port \"%s\" is not in the VR's home namespace \"%s\": delete it where it is, with \"ip link del %s\".\n",
			found->ifname, vr->conf.netns, found->ifname);
	else
		fprintf(stderr, "VR \"%s\" has no port on \"%s\".\n", vr->conf.name, dev);
	return EXIT_USAGE;
}

/* dev: in this namespace */
static int port_detach(uint32_t id, const char *dev)
{
	struct vr_ref ref = { .id = id };
	struct detach d = { .vr = id };
	struct vr vr;
	int ret = genl_vr_lookup(&ref, &vr);

	if (ret)
		return ret;
	d.here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	ret = parse_dev(dev, &d.lower_ifindex);
	if (!ret)
		ret = detach(&vr, dev, &d);
	if (d.here >= 0)
		close(d.here);
	vr_free(&vr);
	return ret;
}

int cmd_port_detach(struct args *a)
{
	struct port_args w = { 0 };
	struct vr_ref ref;
	struct vr vr;
	int ret;

	if (parse_args(a, &w, false) || (w.vr && parse_ref(w.vr, &ref)))
		return EXIT_USAGE;
	ret = takeover_detach(w.dev, w.vr ? &ref : NULL);
	if (ret >= 0)
		return ret;
	if (!w.vr) {
		fprintf(stderr, "Error: \"%s\" was not taken over: give vr VR, too.\n", w.dev);
		return EXIT_USAGE;
	}
	ret = genl_vr_lookup(&ref, &vr);
	if (ret)
		return ret;
	ret = port_detach(vr.conf.id, w.dev);
	vr_free(&vr);
	return ret;
}

/* ---- attach ------------------------------------------------------------ */

static int attach(struct port_request *r)
{
	struct nl nl;
	int ret = open_rtnl(&nl, -1);

	if (ret)
		return ret;
	if (rtnl_port_new(&nl, r)) {
		nl_fail(&nl, "RTNETLINK");
		ret = EXIT_KERNEL;
	}
	nl_close(&nl);
	return ret;
}

static int attach_at_home(const struct vr *vr, struct port_request *r)
{
	int ret;

	if (!*vr->conf.netns)
		return attach(r);
	r->netns = netns_open_loud(vr->conf.netns);
	if (r->netns < 0)
		return EXIT_USAGE;
	ret = attach(r);
	close(r->netns);
	return ret;
}

struct attached {
	uint32_t vr;
	const char *dev;
	bool takeover;
};

static int detach_again(void *data)
{
	const struct attached *port = data;

	return port->takeover ? takeover_detach(port->dev, NULL) :
	       port_detach(port->vr, port->dev);
}

/* A takeover is in the interface's place, so it has its name and address, and all it got. */
static int check_takeover(const struct port_args *w)
{
	const struct port_request *r = &w->request;

	if (w->aside && !w->takeover)
		fprintf(stderr, "Error: lower is a word of a takeover.\n");
	else if (w->takeover && (r->name || r->has_address || r->mode >= 0))
		fprintf(stderr, "Error: with takeover the name, the address and the mode are not to be chosen.\n");
	else
		return 0;
	return EXIT_USAGE;
}

/* Of one that is not seen from here the kernel knows whether it is there. */
static int take_over(const struct vr_ref *ref, struct port_args *w)
{
	struct port_request *r = &w->request;
	struct vr vr;
	int ret = genl_vr_peek(ref, &vr);

	if (ret > 0)
		return ret;
	if (ret < 0) {
		r->vr = ref->id;
		r->vr_name = ref->name;
		return takeover_attach(NULL, r, w->dev, w->aside);
	}
	r->vr = vr.conf.id;
	ret = takeover_attach(&vr, r, w->dev, w->aside);
	vr_free(&vr);
	return ret;
}

static int attach_plainly(const struct vr_ref *ref, struct port_args *w)
{
	struct vr vr;
	int ret = genl_vr_lookup(ref, &vr);

	if (ret)
		return ret;
	w->request.vr = vr.conf.id;
	ret = parse_dev(w->dev, &w->request.lower_ifindex);
	if (!ret)
		ret = attach_at_home(&vr, &w->request);
	vr_free(&vr);
	return ret;
}

int cmd_port_attach(struct args *a)
{
	struct port_args w = { 0 };
	struct vr_ref ref;
	struct attached port;
	sigset_t before;
	int ret;

	if (parse_args(a, &w, true) || check_takeover(&w) || parse_ref(w.vr, &ref))
		return EXIT_USAGE;
	/* Until somebody waits for it to be confirmed. */
	signals_hold(&before);
	if (w.takeover)
		ret = parse_dev(w.dev, &w.request.lower_ifindex) ? EXIT_USAGE : take_over(&ref, &w);
	else
		ret = attach_plainly(&ref, &w);
	port = (struct attached){ w.request.vr, w.dev, w.takeover };
	if (!ret && w.confirm)
		ret = confirm_or_detach(w.confirm, &before, detach_again, &port);
	signals_release(&before);
	return ret;
}
