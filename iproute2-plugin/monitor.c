// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* ip vr monitor: events as they come; after a loss, how things stand. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "genl.h"
#include "out.h"
#include "stamp.h"
#include "vr_show.h"

#define RECEIVE_BUF	(4 << 20)	/* some thousand events */

static const char *const event_names[] = {
	[EUROPA_EVENT_VR_NEW] = "new",
	[EUROPA_EVENT_VR_SET] = "set",
	[EUROPA_EVENT_VR_DEL] = "del",
	[EUROPA_EVENT_ATTACH] = "attach",
	[EUROPA_EVENT_START] = "start",
	[EUROPA_EVENT_STOP] = "stop",
	[EUROPA_EVENT_DETACH] = "detach",
	[EUROPA_EVENT_PORT_NEW] = "port-new",
	[EUROPA_EVENT_PORT_DEL] = "port-del",
	[EUROPA_EVENT_CLASSIFIER_SET] = "classifier-set",
	[EUROPA_EVENT_CLASSIFIER_DEL] = "classifier-del",
	[EUROPA_EVENT_FILTERS] = "filters",
};

static const char *event_name(uint8_t event)
{
	return event && event < sizeof(event_names) / sizeof(event_names[0]) ?
	       event_names[event] : "unknown";
}

static bool is_about_classifier(const struct vr_event *e)
{
	return e->event == EUROPA_EVENT_CLASSIFIER_SET || e->event == EUROPA_EVENT_CLASSIFIER_DEL;
}

/* Of a data plane. */
static bool is_about_state(const struct vr_event *e)
{
	return e->event >= EUROPA_EVENT_ATTACH && e->event <= EUROPA_EVENT_DETACH;
}

static void show_id(const struct vr *vr)
{
	out_u64(OUT_ANY, "id", " vr %llu", vr->conf.id);
	if (*vr->conf.name) {
		out_text(" ");
		out_string(OUT_ANY, C_NAME, "name", "%s", vr->conf.name);
	}
}

static void show_vr(const struct vr_event *e)
{
	const struct vr *vr = &e->vr;

	show_id(vr);
	if (is_about_state(e)) {
		out_string(OUT_JSON, C_NONE, "state", NULL, state_name(vr->state));
		out_u64(OUT_JSON, "generation", NULL, vr->generation);
	}
	if (vr->pid)
		out_u64(OUT_ANY, "pid", " pid %llu", vr->pid);
	if (is_about_state(e) && vr->nqueues)
		out_u64(OUT_ANY, "queue", " queue %llu", vr->queues[0].index);
	if (vr->ended)
		out_string(OUT_ANY, C_NONE, "ended", " ended %s", ended_name(vr->ended));
	if (vr->nports) {
		out_text(" ");
		out_open_object("port");
		show_port(&vr->ports[0]);
		out_close_object();
	}
}

static void show_classifier(const struct classifier *c)
{
	out_text(" dev ");
	out_string(OUT_ANY, C_NAME, "ifname", "%s", c->ifname);
	out_u64(OUT_JSON, "ifindex", NULL, c->ifindex);
	if (!c->prog_id)
		return;
	out_string(OUT_ANY, C_NONE, "program", " program %s", c->prog_name);
	out_u64(OUT_ANY, "program_id", " id %llu", c->prog_id);
}

/* JSON: one object per line. */
static void begin(const char *event)
{
	out_open_object(NULL);
	stamp_show();
	out_string(OUT_ANY, C_NONE, "event", "%s", event);
}

static void end(void)
{
	out_close_object();
	out_last_line();
	out_end();
}

static int show_event(const struct vr_event *e, void *data)
{
	(void)data;
	begin(event_name(e->event));
	if (is_about_classifier(e))
		show_classifier(&e->classifier);
	else
		show_vr(e);
	end();
	return 0;
}

/* ---- after a loss ------------------------------------------------------ */

struct census {
	uint64_t vrs, classifiers;
};

static int resync_vr(const struct vr *vr, void *data)
{
	uint32_t pids[EUROPA_QUEUES_MAX];
	struct census *census = data;
	size_t i;

	census->vrs++;
	begin("resync");
	out_text(":");
	show_id(vr);
	out_string(OUT_ANY, C_NONE, "state", " %s", state_name(vr->state));
	out_u64(OUT_ANY, "generation", " generation %llu", vr->generation);
	show_pids(vr, pids);
	out_open_array("ports");
	for (i = 0; i < vr->nports; i++) {
		out_text(" ");
		out_open_object(NULL);
		show_port(&vr->ports[i]);
		out_close_object();
	}
	out_close_array();
	end();
	return 0;
}

static int resync_classifier(const struct classifier *c, void *data)
{
	struct census *census = data;

	census->classifiers++;
	begin("resync");
	out_text(":");
	show_classifier(c);
	end();
	return 0;
}

/*
 * All there is, and that this was all: what else was there has gone. Events are
 * read first, to the last one: those still waiting are older than the loss, and
 * until then the kernel lets no new ones in.
 */
static int resync(struct genl *g)
{
	struct census census = { 0 };

	if (genl_vr_dump(g, resync_vr, &census) ||
	    genl_classifier_dump(g, resync_classifier, &census))
		return genl_fail(g);
	begin("resync-end");
	out_u64(OUT_ANY, "vrs", ": vrs %llu", census.vrs);
	out_u64(OUT_ANY, "classifiers", " classifiers %llu", census.classifiers);
	end();
	return 0;
}

static bool more_to_read(const struct genl *events)
{
	struct pollfd p = { .fd = nl_fd(&events->nl), .events = POLLIN };

	return poll(&p, 1, 0) > 0;
}

/* g is asked, so that its answers and the events keep apart. */
static int listen_events(struct genl *events, struct genl *g)
{
	bool lost = false;
	int err, ret;

	genl_buffer(events, RECEIVE_BUF);
	if (genl_subscribe(events))
		return genl_fail(events);
	for (;;) {
		err = genl_receive(events, show_event, NULL);
		if (err == -ENOBUFS && !lost)
			fprintf(stderr, "Some events were lost.\n");
		else if (err && err != -EINTR && err != -ENOBUFS)
			break;
		lost = lost || err == -ENOBUFS;
		if (lost && !more_to_read(events)) {
			ret = resync(g);
			if (ret)
				return ret;
			lost = false;
		}
		if (ferror(stdout)) {
			perror("write");
			return EXIT_USAGE;
		}
	}
	fprintf(stderr, "Cannot read events: %s\n", strerror(-err));
	return EXIT_KERNEL;
}

int cmd_monitor(struct args *a)
{
	struct genl events, g;
	int ret;

	args_take(a, "all");
	if (no_more(a))
		return EXIT_USAGE;
	ret = genl_open_all(&events);	/* only there are events */
	if (ret)
		return ret;
	ret = genl_open_all(&g);
	if (!ret) {
		ret = listen_events(&events, &g);
		genl_close(&g);
	}
	genl_close(&events);
	return ret;
}
