// SPDX-License-Identifier: GPL-2.0
/* ip vr monitor: events as they come. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <sys/time.h>

#include "cmd.h"
#include "genl.h"
#include "out.h"
#include "show.h"

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
};

static const char *event_name(uint8_t event)
{
	return event && event < sizeof(event_names) / sizeof(event_names[0]) ?
	       event_names[event] : "unknown";
}

static void show_time(void)
{
	struct timeval tv;
	struct tm tm;
	char text[64];

	gettimeofday(&tv, NULL);
	localtime_r(&tv.tv_sec, &tm);
	if (options.timestamp_short || out_is_json()) {
		size_t n = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);

		snprintf(text + n, sizeof(text) - n, ".%06ld", (long)tv.tv_usec);
		out_string(OUT_ANY, C_NONE, "timestamp", "[%s] ", text);
	} else {
		strftime(text, sizeof(text), "%a %b %e %H:%M:%S %Y", &tm);
		out_text("Timestamp: %s %06ld usec\n", text, (long)tv.tv_usec);
	}
}

static bool is_about_classifier(const struct vr_event *e)
{
	return e->event == EUROPA_EVENT_CLASSIFIER_SET || e->event == EUROPA_EVENT_CLASSIFIER_DEL;
}

static void show_vr(const struct vr_event *e)
{
	const struct vr *vr = &e->vr;

	out_u64(OUT_ANY, "id", " vr %llu", vr->conf.id);
	if (*vr->conf.name) {
		out_text(" ");
		out_string(OUT_ANY, C_NAME, "name", "%s", vr->conf.name);
	}
	if (vr->pid)
		out_u64(OUT_ANY, "pid", " pid %llu", vr->pid);
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
static int show_event(const struct vr_event *e, void *data)
{
	(void)data;
	out_open_object(NULL);
	if (options.timestamp || options.timestamp_short)
		show_time();
	out_string(OUT_ANY, C_NONE, "event", "%s", event_name(e->event));
	if (is_about_classifier(e))
		show_classifier(&e->classifier);
	else
		show_vr(e);
	out_close_object();
	out_last_line();
	out_end();
	return 0;
}

static int listen_events(struct genl *g)
{
	int err;

	if (genl_subscribe(g))
		return genl_fail(g);
	for (;;) {
		err = genl_receive(g, show_event, NULL);
		if (err == -ENOBUFS)
			fprintf(stderr, "Some events were lost.\n");
		else if (err && err != -EINTR)
			break;
		if (ferror(stdout)) {
			perror("write");
			return EXIT_WORDS;
		}
	}
	fprintf(stderr, "Cannot read events: %s\n", strerror(-err));
	return EXIT_KERNEL;
}

int cmd_monitor(struct args *a)
{
	struct genl g;
	int ret;

	args_take(a, "all");
	if (no_more(a))
		return EXIT_WORDS;
	ret = genl_open_all(&g);	/* only there are events */
	if (ret)
		return ret;
	ret = listen_events(&g);
	genl_close(&g);
	return ret;
}
