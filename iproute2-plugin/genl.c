// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* Generic netlink family "europa": structs to attributes and back. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>
#include <linux/genetlink.h>

#include "genl.h"
#include "memory.h"
#include "module.h"
#include "netns.h"

static struct nlmsghdr *put_header(char *buf, uint16_t type, uint8_t cmd, uint8_t version)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct genlmsghdr *gh;

	nlh->nlmsg_type = type;
	gh = mnl_nlmsg_put_extra_header(nlh, sizeof(*gh));
	gh->cmd = cmd;
	gh->version = version;
	return nlh;
}

static struct nlmsghdr *put(const struct genl *g, char *buf, uint8_t cmd)
{
	return put_header(buf, g->family, cmd, EUROPA_GENL_VERSION);
}

/* ---- the family -------------------------------------------------------- */

static void read_group(const struct nlattr *nest, struct genl *g)
{
	const struct nlattr *attr;
	uint32_t id = 0;
	char name[GENL_NAMSIZ] = "";

	mnl_attr_for_each_nested(attr, nest) {
		if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GRP_ID)
			id = nl_uint(attr);
		else if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GRP_NAME)
			nl_string(name, sizeof(name), attr);
	}
	if (!strcmp(name, EUROPA_GENL_EVENTS))
		g->events = id;
}

static int read_family(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *attr, *group;
	struct genl *g = data;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID)
			g->family = nl_uint(attr);
		else if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GROUPS)
			mnl_attr_for_each_nested(group, attr)
				read_group(group, g);
	}
	return MNL_CB_OK;
}

static int resolve(struct genl *g)
{
	char buf[NL_BUF];
	struct nlmsghdr *nlh = put_header(buf, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1);

	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, EUROPA_GENL_NAME);
	return nl_talk(&g->nl, nlh, read_family, g);
}

int genl_open(struct genl *g, int netns)
{
	int err;

	memset(g, 0, sizeof(*g));
	err = nl_open(&g->nl, NETLINK_GENERIC, netns);
	if (err) {
		fprintf(stderr, "Cannot open generic netlink: %s\n", strerror(-err));
		return EXIT_KERNEL;
	}
	err = resolve(g);
	if (err == -ENOENT && !module_load())
		err = resolve(g);
	if (!err)
		return 0;
	if (err == -ENOENT)
		module_explain();
	else
		nl_fail(&g->nl, "Europa");
	genl_close(g);
	return EXIT_KERNEL;
}

int genl_open_all(struct genl *g)
{
	int netns = netns_open_init(), here, ret;

	here = netns < 0 ? netns : netns_enter(netns);
	if (here >= 0)
		netns_return(here);
	ret = genl_open(g, here >= 0 ? netns : -1);
	if (netns >= 0)
		close(netns);
	return ret;
}

void genl_close(struct genl *g)
{
	nl_close(&g->nl);
}

int genl_fail(const struct genl *g)
{
	return nl_fail(&g->nl, "Europa");
}

/* Beyond what everybody may have where this process may; else as much as that. */
void genl_buffer(struct genl *g, int bytes)
{
	int fd = nl_fd(&g->nl);

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
}

int genl_subscribe(struct genl *g)
{
	if (mnl_socket_setsockopt(g->nl.socket, NETLINK_ADD_MEMBERSHIP,
				  &g->events, sizeof(g->events)) == 0)
		return 0;
	g->nl.error = errno;
	return -errno;
}

/* ---- attributes to structs --------------------------------------------- */

static void *grow(void *array, size_t *count, size_t size)
{
	char *more = need(reallocarray(array, *count + 1, size));

	memset(more + *count * size, 0, size);
	++*count;
	return more;
}

static void read_port(const struct nlattr *nest, struct vr *vr)
{
	const struct nlattr *attr;
	struct vr_port *p;

	vr->ports = grow(vr->ports, &vr->nports, sizeof(*p));
	p = &vr->ports[vr->nports - 1];
	p->nsid = p->lower_nsid = NSID_HERE;
	mnl_attr_for_each_nested(attr, nest) {
		switch (mnl_attr_get_type(attr)) {
		case EUROPA_PORT_A_NUMBER: p->number = nl_uint(attr); break;
		case EUROPA_PORT_A_IFINDEX: p->ifindex = nl_uint(attr); break;
		case EUROPA_PORT_A_LOWER_IFINDEX: p->lower_ifindex = nl_uint(attr); break;
		case EUROPA_PORT_A_NETNSID: p->nsid = (int)nl_uint(attr); break;
		case EUROPA_PORT_A_LOWER_NETNSID: p->lower_nsid = (int)nl_uint(attr); break;
		case EUROPA_PORT_A_MODE: p->mode = nl_uint(attr); break;
		case EUROPA_PORT_A_SPOOFCHK: p->spoofchk = nl_uint(attr); break;
		case EUROPA_PORT_A_UP: p->up = nl_uint(attr); break;
		case EUROPA_PORT_A_FILTERS: p->filters = nl_uint(attr); break;
		case EUROPA_PORT_A_VLANS:
			vlans_text(mnl_attr_get_payload(attr), mnl_attr_get_payload_len(attr), p->vlan);
			break;
		case EUROPA_PORT_A_IFNAME:
			nl_string(p->ifname, sizeof(p->ifname), attr);
			break;
		case EUROPA_PORT_A_LOWER_IFNAME:
			nl_string(p->lower, sizeof(p->lower), attr);
			break;
		case EUROPA_PORT_A_ADDRESS:
			if (mnl_attr_get_payload_len(attr) == sizeof(p->address))
				memcpy(p->address, mnl_attr_get_payload(attr), sizeof(p->address));
			break;
		}
	}
}

static void read_queue(const struct nlattr *nest, struct vr *vr)
{
	const struct nlattr *attr;
	struct vr_queue *q;

	vr->queues = grow(vr->queues, &vr->nqueues, sizeof(*q));
	q = &vr->queues[vr->nqueues - 1];
	mnl_attr_for_each_nested(attr, nest) {
		switch (mnl_attr_get_type(attr)) {
		case EUROPA_QUEUE_A_INDEX: q->index = nl_uint(attr); break;
		case EUROPA_QUEUE_A_FREE: q->free = nl_uint(attr); break;
		case EUROPA_QUEUE_A_RX: q->rx = nl_uint(attr); break;
		case EUROPA_QUEUE_A_VR: q->vr = nl_uint(attr); break;
		case EUROPA_QUEUE_A_SPARE: q->spare = nl_uint(attr); break;
		case EUROPA_QUEUE_A_TX: q->tx = nl_uint(attr); break;
		case EUROPA_QUEUE_A_HELD: q->held = nl_uint(attr); break;
		case EUROPA_QUEUE_A_ASLEEP: q->asleep = nl_uint(attr); break;
		case EUROPA_QUEUE_A_STATE:
			q->state = nl_uint(attr);
			q->told = true;
			break;
		case EUROPA_QUEUE_A_PID: q->pid = nl_uint(attr); break;
		case EUROPA_QUEUE_A_GENERATION: q->generation = nl_uint(attr); break;
		case EUROPA_QUEUE_A_FEATURES:
			q->features = nl_uint(attr);
			vr->has_features = true;
			break;
		case EUROPA_QUEUE_A_ENDED: q->ended = nl_uint(attr); break;
		case EUROPA_QUEUE_A_GIVEN: q->given = nl_uint(attr); break;
		case EUROPA_QUEUE_A_SNAP: q->snap = nl_uint(attr); break;
		}
	}
}

/* A nest of u64 counters, type = index + 1. */
static void read_counters(const struct nlattr *nest, uint64_t *to, unsigned int count)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest) {
		unsigned int type = mnl_attr_get_type(attr);

		if (type >= 1 && type <= count)
			to[type - 1] = nl_uint(attr);
	}
}

static void read_conf(const struct nlattr *attr, struct vr_conf *c)
{
	switch (mnl_attr_get_type(attr)) {
	case EUROPA_A_VR: c->id = nl_uint(attr); break;
	case EUROPA_A_NAME: nl_string(c->name, sizeof(c->name), attr); break;
	case EUROPA_A_NETNS: nl_string(c->netns, sizeof(c->netns), attr); break;
	case EUROPA_A_SLOTS: c->slots = nl_uint(attr); break;
	case EUROPA_A_SNAP: c->snap = nl_uint(attr); break;
	case EUROPA_A_QUEUES: c->queues = nl_uint(attr); break;
	case EUROPA_A_LIMIT: c->limit = nl_uint(attr); break;
	case EUROPA_A_UID: c->uid = nl_uint(attr); break;
	case EUROPA_A_GID: c->gid = nl_uint(attr); break;
	case EUROPA_A_MODE: c->mode = nl_uint(attr); break;
	case EUROPA_A_FALLBACK: c->fallback = nl_uint(attr); break;
	case EUROPA_A_PRIO: c->prio = nl_uint(attr); break;
	case EUROPA_A_STALL: c->stall = nl_uint(attr); break;
	case EUROPA_A_SPREAD: c->spread = nl_uint(attr); break;
	case EUROPA_A_TX: c->tx = nl_uint(attr); break;
	case EUROPA_A_TX_CPU:
		c->cpu = nl_uint(attr);
		c->bound = true;
		break;
	}
}

/* Adds to what vr holds: one of many ports comes in several messages. */
static void read_vr(const struct nlmsghdr *nlh, struct vr *vr)
{
	const struct nlattr *attr, *port;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		switch (mnl_attr_get_type(attr)) {
		case EUROPA_A_STATE: vr->state = nl_uint(attr); break;
		case EUROPA_A_PID: vr->pid = nl_uint(attr); break;
		case EUROPA_A_GENERATION: vr->generation = nl_uint(attr); break;
		case EUROPA_A_ENDED: vr->ended = nl_uint(attr); break;
		case EUROPA_A_FEATURES:
			vr->features = nl_uint(attr);
			vr->has_features = true;
			break;
		case EUROPA_A_PORT: read_port(attr, vr); break;
		case EUROPA_A_PORTS:
			mnl_attr_for_each_nested(port, attr)
				read_port(port, vr);
			break;
		case EUROPA_A_QUEUE: read_queue(attr, vr); break;
		case EUROPA_A_STATS:
			read_counters(attr, vr->stats, EUROPA_C_COUNT);
			break;
		default: read_conf(attr, &vr->conf);
		}
	}
}

void vr_free(struct vr *vr)
{
	free(vr->ports);
	free(vr->queues);
	memset(vr, 0, sizeof(*vr));
}

static void read_classifier(const struct nlmsghdr *nlh, struct classifier *c)
{
	const struct nlattr *attr;

	memset(c, 0, sizeof(*c));
	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		switch (mnl_attr_get_type(attr)) {
		case EUROPA_A_IFINDEX: c->ifindex = nl_uint(attr); break;
		case EUROPA_A_PROG_ID: c->prog_id = nl_uint(attr); break;
		case EUROPA_A_IFNAME:
			nl_string(c->ifname, sizeof(c->ifname), attr);
			break;
		case EUROPA_A_PROG_NAME:
			nl_string(c->prog_name, sizeof(c->prog_name), attr);
			break;
		case EUROPA_A_PROG_TAG:
			if (mnl_attr_get_payload_len(attr) == sizeof(c->tag))
				memcpy(c->tag, mnl_attr_get_payload(attr), sizeof(c->tag));
			break;
		case EUROPA_A_VERDICTS:
			read_counters(attr, c->verdicts, EUROPA_V_COUNT);
			break;
		}
	}
}

/* ---- VRs --------------------------------------------------------------- */

static void put_ref(struct nlmsghdr *nlh, const struct vr_ref *ref)
{
	if (ref->id)
		mnl_attr_put_u32(nlh, EUROPA_A_VR, ref->id);
	else
		mnl_attr_put_strz(nlh, EUROPA_A_NAME, ref->name);
}

static void put_conf(struct nlmsghdr *nlh, const struct vr_conf *c)
{
	if (c->has & VR_HAS_ID)
		mnl_attr_put_u32(nlh, EUROPA_A_VR, c->id);
	if (c->has & VR_HAS_NAME)
		mnl_attr_put_strz(nlh, EUROPA_A_NAME, c->name);
	if (c->has & VR_HAS_NETNS)
		mnl_attr_put_strz(nlh, EUROPA_A_NETNS, c->netns);
	if (c->has & VR_HAS_SLOTS)
		mnl_attr_put_u32(nlh, EUROPA_A_SLOTS, c->slots);
	if (c->has & VR_HAS_SNAP)
		mnl_attr_put_u32(nlh, EUROPA_A_SNAP, c->snap);
	if (c->has & VR_HAS_QUEUES)
		mnl_attr_put_u32(nlh, EUROPA_A_QUEUES, c->queues);
	if (c->has & VR_HAS_LIMIT)
		mnl_attr_put_u64(nlh, EUROPA_A_LIMIT, c->limit);
	if (c->has & VR_HAS_UID)
		mnl_attr_put_u32(nlh, EUROPA_A_UID, c->uid);
	if (c->has & VR_HAS_GID)
		mnl_attr_put_u32(nlh, EUROPA_A_GID, c->gid);
	if (c->has & VR_HAS_MODE)
		mnl_attr_put_u32(nlh, EUROPA_A_MODE, c->mode);
	if (c->has & VR_HAS_FALLBACK)
		mnl_attr_put_u8(nlh, EUROPA_A_FALLBACK, c->fallback);
	if (c->has & VR_HAS_PRIO)
		mnl_attr_put_u32(nlh, EUROPA_A_PRIO, c->prio);
	if (c->has & VR_HAS_STALL)
		mnl_attr_put_u32(nlh, EUROPA_A_STALL, c->stall);
	if (c->has & VR_HAS_SPREAD)
		mnl_attr_put_u8(nlh, EUROPA_A_SPREAD, c->spread);
	if (c->has & VR_HAS_TX)
		mnl_attr_put_u8(nlh, EUROPA_A_TX, c->tx);
	if (c->has & VR_HAS_CPU)
		mnl_attr_put_u32(nlh, EUROPA_A_TX_CPU, c->cpu);
}

static int send_conf(struct genl *g, uint8_t cmd, const struct vr_conf *conf)
{
	char buf[NL_BUF];
	struct nlmsghdr *nlh = put(g, buf, cmd);

	put_conf(nlh, conf);
	return nl_talk(&g->nl, nlh, NULL, NULL);
}

int genl_vr_new(struct genl *g, const struct vr_conf *conf)
{
	return send_conf(g, EUROPA_CMD_VR_NEW, conf);
}

int genl_vr_set(struct genl *g, const struct vr_conf *conf)
{
	return send_conf(g, EUROPA_CMD_VR_SET, conf);
}

int genl_vr_del(struct genl *g, const struct vr_ref *ref)
{
	char buf[NL_BUF];
	struct nlmsghdr *nlh = put(g, buf, EUROPA_CMD_VR_DEL);

	put_ref(nlh, ref);
	return nl_talk(&g->nl, nlh, NULL, NULL);
}

static int on_vr(const struct nlmsghdr *nlh, void *data)
{
	struct vr *vr = data;

	vr_free(vr);
	read_vr(nlh, vr);
	return MNL_CB_OK;
}

int genl_vr_get(struct genl *g, const struct vr_ref *ref, struct vr *vr)
{
	char buf[NL_BUF];
	struct nlmsghdr *nlh = put(g, buf, EUROPA_CMD_VR_GET);
	int err;

	memset(vr, 0, sizeof(*vr));
	put_ref(nlh, ref);
	err = nl_talk(&g->nl, nlh, on_vr, vr);
	if (err)
		vr_free(vr);
	return err;
}

void genl_say_none(const struct vr_ref *ref)
{
	if (ref->id)
		fprintf(stderr, "VR %u does not exist.\n", ref->id);
	else
		fprintf(stderr, "VR \"%s\" does not exist.\n", ref->name);
}

int genl_vr_find(struct genl *g, const struct vr_ref *ref, struct vr *vr)
{
	int err = genl_vr_get(g, ref, vr);

	if (!err)
		return 0;
	if (err != -ENOENT && err != -ENODEV)
		return genl_fail(g);
	genl_say_none(ref);
	return EXIT_USAGE;
}

int genl_vr_peek(const struct vr_ref *ref, struct vr *vr)
{
	struct genl g;
	int err, ret = genl_open_all(&g);

	if (ret)
		return ret;
	err = genl_vr_get(&g, ref, vr);
	if (err == -ENOENT || err == -ENODEV)
		ret = -1;
	else if (err)
		ret = genl_fail(&g);
	genl_close(&g);
	return ret;
}

int genl_vr_lookup(const struct vr_ref *ref, struct vr *vr)
{
	int ret = genl_vr_peek(ref, vr);

	if (ret >= 0)
		return ret;
	genl_say_none(ref);
	return EXIT_USAGE;
}

struct vr_dump {
	genl_vr_fn fn;
	void *data;
	struct vr vr;		/* not known to be complete yet */
};

/* Of a VR: it tells its state; those that go on with its ports do not. */
static bool is_first(const struct nlmsghdr *nlh, uint32_t before)
{
	const struct nlattr *attr;
	uint32_t vr = 0;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(attr) == EUROPA_A_STATE)
			return true;
		if (mnl_attr_get_type(attr) == EUROPA_A_VR)
			vr = nl_uint(attr);
	}
	return vr != before;
}

static void vr_dump_flush(struct vr_dump *dump)
{
	if (dump->vr.conf.id)
		dump->fn(&dump->vr, dump->data);
	vr_free(&dump->vr);
}

static int on_vr_dump(const struct nlmsghdr *nlh, void *data)
{
	struct vr_dump *dump = data;

	if (is_first(nlh, dump->vr.conf.id))
		vr_dump_flush(dump);
	read_vr(nlh, &dump->vr);
	return MNL_CB_OK;
}

int genl_vr_dump(struct genl *g, genl_vr_fn fn, void *data)
{
	char buf[NL_BUF];
	struct nlmsghdr *nlh = put(g, buf, EUROPA_CMD_VR_GET);
	struct vr_dump dump = { .fn = fn, .data = data };
	int err;

	nlh->nlmsg_flags |= NLM_F_DUMP;
	err = nl_talk(&g->nl, nlh, on_vr_dump, &dump);
	vr_dump_flush(&dump);
	return err;
}

/* ---- classifiers ------------------------------------------------------- */

int genl_classifier_set(struct genl *g, uint32_t ifindex, int prog_fd)
{
	char buf[NL_BUF];
	struct nlmsghdr *nlh = put(g, buf, EUROPA_CMD_CLASSIFIER_SET);

	mnl_attr_put_u32(nlh, EUROPA_A_IFINDEX, ifindex);
	mnl_attr_put_u32(nlh, EUROPA_A_PROG_FD, prog_fd);
	return nl_talk(&g->nl, nlh, NULL, NULL);
}

int genl_classifier_del(struct genl *g, uint32_t ifindex)
{
	char buf[NL_BUF];
	struct nlmsghdr *nlh = put(g, buf, EUROPA_CMD_CLASSIFIER_DEL);

	mnl_attr_put_u32(nlh, EUROPA_A_IFINDEX, ifindex);
	return nl_talk(&g->nl, nlh, NULL, NULL);
}

static int on_classifier(const struct nlmsghdr *nlh, void *data)
{
	read_classifier(nlh, data);
	return MNL_CB_OK;
}

int genl_classifier_get(struct genl *g, uint32_t ifindex, struct classifier *c)
{
	char buf[NL_BUF];
	struct nlmsghdr *nlh = put(g, buf, EUROPA_CMD_CLASSIFIER_GET);

	memset(c, 0, sizeof(*c));
	mnl_attr_put_u32(nlh, EUROPA_A_IFINDEX, ifindex);
	return nl_talk(&g->nl, nlh, on_classifier, c);
}

struct classifier_dump {
	genl_classifier_fn fn;
	void *data;
};

static int on_classifier_dump(const struct nlmsghdr *nlh, void *data)
{
	struct classifier_dump *dump = data;
	struct classifier c;

	read_classifier(nlh, &c);
	dump->fn(&c, dump->data);
	return MNL_CB_OK;
}

int genl_classifier_dump(struct genl *g, genl_classifier_fn fn, void *data)
{
	char buf[NL_BUF];
	struct nlmsghdr *nlh = put(g, buf, EUROPA_CMD_CLASSIFIER_GET);
	struct classifier_dump dump = { fn, data };

	nlh->nlmsg_flags |= NLM_F_DUMP;
	return nl_talk(&g->nl, nlh, on_classifier_dump, &dump);
}

/* ---- events ------------------------------------------------------------ */

struct event_reader {
	const struct genl *g;
	genl_event_fn fn;
	void *data;
};

static int on_event(const struct nlmsghdr *nlh, void *data)
{
	struct event_reader *reader = data;
	const struct nlattr *attr;
	struct vr_event event;

	if (nlh->nlmsg_type != reader->g->family)
		return MNL_CB_OK;
	memset(&event, 0, sizeof(event));
	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr))
		if (mnl_attr_get_type(attr) == EUROPA_A_EVENT)
			event.event = nl_uint(attr);
	read_vr(nlh, &event.vr);
	read_classifier(nlh, &event.classifier);
	reader->fn(&event, reader->data);
	vr_free(&event.vr);
	return MNL_CB_OK;
}

int genl_receive(struct genl *g, genl_event_fn fn, void *data)
{
	struct event_reader reader = { g, fn, data };

	return nl_receive(&g->nl, on_event, &reader);
}
