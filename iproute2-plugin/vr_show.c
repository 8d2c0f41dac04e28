// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* ip vr show: a VR as text or JSON. */
#include <ctype.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <net/if.h>

#include "cmd.h"
#include "counters.h"
#include "genl.h"
#include "options.h"
#include "out.h"
#include "plane.h"
#include "router.h"
#include "vr_show.h"

#define INDENT		4
#define WRAP		88	/* columns a line of counters may take */

static const char *const state_names[] = {
	[EUROPA_IDLE] = "idle",
	[EUROPA_ATTACHED] = "attached",
	[EUROPA_RUNNING] = "running",
};

static const char *const ended_names[] = {
	[EUROPA_ENDED_LEFT] = "left",
	[EUROPA_ENDED_STALLED] = "stalled",
	[EUROPA_ENDED_REPLACED] = "replaced",
};

const char *name_of(const char *const *names, size_t count, unsigned int i)
{
	return i < count ? names[i] : "unknown";
}

const char *state_name(uint8_t state)
{
	return name_of(state_names, sizeof(state_names) / sizeof(state_names[0]), state);
}

/* ended is not 0. */
const char *ended_name(uint8_t ended)
{
	return name_of(ended_names, sizeof(ended_names) / sizeof(ended_names[0]), ended);
}

static void show_state(const struct vr *vr)
{
	enum out_color color = vr->state == EUROPA_RUNNING ? C_UP :
			       vr->state == EUROPA_IDLE ? C_DOWN : C_NONE;
	char upper[16];
	size_t i;

	snprintf(upper, sizeof(upper), "%s", state_name(vr->state));
	for (i = 0; upper[i]; i++)
		upper[i] = toupper((unsigned char)upper[i]);
	out_string(OUT_JSON, C_NONE, "state", NULL, state_name(vr->state));
	out_text("<");
	out_string(OUT_TEXT, color, NULL, "%s", upper);
	out_text(">");
}

/* 64M rather than 67108864 where nothing is lost. */
static void show_limit(uint64_t limit)
{
	static const char units[] = "kMGT";
	char text[32];
	int unit = -1;
	uint64_t v = limit;

	while (v && v % 1024 == 0 && unit < 3) {
		v /= 1024;
		unit++;
	}
	if (unit < 0)
		snprintf(text, sizeof(text), "%llu", (unsigned long long)v);
	else
		snprintf(text, sizeof(text), "%llu%c", (unsigned long long)v, units[unit]);
	out_string(OUT_TEXT, C_NONE, NULL, " limit %s", text);
	out_u64(OUT_JSON, "limit", NULL, limit);
}

/* Names of the last ids looked up: of thousands of VRs most have the same. */
struct id_name {
	uint32_t id;
	char name[64];		/* "" before the first */
};

static const char *user_name(uint32_t uid)
{
	static struct id_name last;
	const struct passwd *pw;

	if (*last.name && last.id == uid)
		return last.name;
	pw = getpwuid(uid);
	last.id = uid;
	if (pw)
		snprintf(last.name, sizeof(last.name), "%s", pw->pw_name);
	else
		snprintf(last.name, sizeof(last.name), "%u", uid);
	return last.name;
}

static const char *group_name(uint32_t gid)
{
	static struct id_name last;
	const struct group *gr;

	if (*last.name && last.id == gid)
		return last.name;
	gr = getgrgid(gid);
	last.id = gid;
	if (gr)
		snprintf(last.name, sizeof(last.name), "%s", gr->gr_name);
	else
		snprintf(last.name, sizeof(last.name), "%u", gid);
	return last.name;
}

static void show_owner(const struct vr_conf *c)
{
	char mode[16];

	out_string(OUT_ANY, C_NONE, "owner", "owner %s", user_name(c->uid));
	out_string(OUT_ANY, C_NONE, "group", " group %s", group_name(c->gid));
	out_u64(OUT_JSON, "uid", NULL, c->uid);
	out_u64(OUT_JSON, "gid", NULL, c->gid);
	snprintf(mode, sizeof(mode), "%04o", c->mode);
	out_string(OUT_ANY, C_NONE, "mode", " mode %s", mode);
}

static void show_device(const struct vr_conf *c)
{
	char path[64];

	snprintf(path, sizeof(path), "/dev/europa/vr%u", c->id);
	out_string(OUT_JSON, C_NONE, "device", NULL, path);
	if (options.details)
		out_text(" device %s", path);
}

size_t show_pids(const struct vr *vr, uint32_t pids[EUROPA_QUEUES_MAX])
{
	size_t i, n = plane_pids(vr, pids);

	if (n)
		out_u64(OUT_ANY, "pid", " pid %llu", pids[0]);
	for (i = 1; i < n; i++)
		out_text(",%u", pids[i]);
	return n;
}

/* The first, as there was when there could be one; and all. */
static void show_all_pids(const struct vr *vr)
{
	uint32_t pids[EUROPA_QUEUES_MAX];
	size_t i, n = show_pids(vr, pids);

	if (!n)
		out_null("pid");
	out_open_array("pids");
	for (i = 0; i < n; i++)
		out_u64(OUT_JSON, NULL, NULL, pids[i]);
	out_close_array();
}

static void show_data_plane(const struct vr *vr)
{
	show_all_pids(vr);
	out_u64(OUT_JSON, "generation", NULL, vr->generation);
	if (options.details)
		out_text(" generation %u", vr->generation);
}

static void show_prio(uint32_t prio)
{
	char text[16];

	if (!prio)
		return;
	snprintf(text, sizeof(text), "%x:%x", prio >> 16, prio & 0xffff);
	out_string(OUT_ANY, C_NONE, "prio", " prio %s", text);
}

/* Where there is something to spread. */
static void show_spread(const struct vr_conf *c)
{
	const char *name = name_of(spread_names, 2, c->spread);

	out_string(OUT_JSON, C_NONE, "spread", NULL, name);
	if (c->queues > 1)
		out_text(" spread %s", name);
}

static void show_tx(const struct vr_conf *c)
{
	const char *name = name_of(tx_names, 2, c->tx);

	out_string(OUT_JSON, C_NONE, "tx", NULL, name);
	if (c->tx != EUROPA_TX_KICK)
		out_text(" tx %s", name);
	if (c->bound)
		out_u64(OUT_ANY, "tx_cpu", " cpu %llu", c->cpu);
}

static void show_stall(uint32_t ms)
{
	out_u64(OUT_JSON, "stall", NULL, ms);
	if (ms)
		out_text(" stall %u", ms);
}

static void show_ended_text(uint8_t ended)
{
	out_text(" ended ");
	out_string(OUT_TEXT, ended == EUROPA_ENDED_STALLED ? C_DOWN : C_NONE, NULL, "%s",
		   ended_name(ended));
}

/* How the last data plane ended that is no more: to be seen if it did not want to. */
static void show_ended(const struct vr *vr)
{
	uint8_t ended = plane_ended(vr);

	if (!ended) {
		out_null("ended");
		return;
	}
	out_string(OUT_JSON, C_NONE, "ended", NULL, ended_name(ended));
	if (options.details || (vr->state == EUROPA_IDLE && ended == EUROPA_ENDED_STALLED))
		show_ended_text(ended);
}

/* ---- rules that forwarded packets meet, or do not ----------------------- */

static const struct {
	uint32_t bit;
	const char *name;
} filters[] = { EUROPA_FILTER_NAMES };

#define FILTERS	(sizeof(filters) / sizeof(filters[0]))

/* The name of the lowest filter, which is taken away; all that have none at once. */
static const char *next_filter(uint32_t *left, char number[16])
{
	size_t i;

	for (i = 0; i < FILTERS; i++)
		if (*left & filters[i].bit) {
			*left &= ~filters[i].bit;
			return filters[i].name;
		}
	snprintf(number, 16, "0x%x", *left);
	*left = 0;
	return number;
}

void filters_text(char text[FILTERS_TEXT], uint32_t left)
{
	const char *separator = "";
	char number[16];
	size_t len = 0;

	*text = '\0';
	for (; left && len < FILTERS_TEXT; separator = ",")
		len += snprintf(text + len, FILTERS_TEXT - len, "%s%s", separator,
				next_filter(&left, number));
}

bool vr_bypasses(const struct vr *vr)
{
	return vr->state != EUROPA_IDLE && !(plane_features(vr) & EUROPA_FEATURE_AGREE);
}

static bool has_filters(const struct vr *vr)
{
	size_t i;

	for (i = 0; i < vr->nports; i++)
		if (vr->ports[i].filters)
			return true;
	return false;
}

static void show_honour(const struct vr *vr)
{
	bool bypass = vr_bypasses(vr);
	const char *what = bypass ? "bypass" : "honour";

	if (vr->state == EUROPA_IDLE) {
		out_null("filters");
		return;
	}
	out_text(" filters ");
	out_string(OUT_ANY, bypass && has_filters(vr) ? C_DOWN : C_NONE, "filters", "%s", what);
}

/* Who gets a packet that finds the data plane asleep. */
static void show_idle(const struct vr *vr)
{
	bool kernel = plane_features(vr) & EUROPA_FEATURE_IDLE;

	if (vr->state == EUROPA_IDLE) {
		out_null("idle");
		return;
	}
	out_string(OUT_JSON, C_NONE, "idle", NULL, kernel ? "kernel" : "wake");
	if (kernel)
		out_text(" idle kernel");
}

static void show_filters(const struct vr_port *p, bool bypass)
{
	uint32_t left = p->filters;
	char text[FILTERS_TEXT], number[16];

	out_open_array("filtered");
	while (left)
		out_string(OUT_JSON, C_NONE, NULL, NULL, next_filter(&left, number));
	out_close_array();
	if (!p->filters)
		return;
	filters_text(text, p->filters);
	out_text(bypass ? " bypasses " : " filtered by ");
	out_string(OUT_TEXT, bypass ? C_DOWN : C_NONE, NULL, "%s", text);
}

/* ------------------------------------------------------------------------ */

static void show_header(const struct vr *vr)
{
	const struct vr_conf *c = &vr->conf;

	out_u64(OUT_ANY, "id", "%llu: ", c->id);
	out_string(OUT_JSON, C_NONE, "name", NULL, c->name);
	out_string(OUT_TEXT, C_NAME, NULL, "%s", *c->name ? c->name : "-");
	out_text(": ");
	show_state(vr);
	out_string(OUT_JSON, C_NONE, "netns", NULL, c->netns);
	if (*c->netns)
		out_text(" netns %s", c->netns);
	out_u64(OUT_ANY, "slots", " slots %llu", c->slots);
	out_u64(OUT_ANY, "snap", " snap %llu", c->snap);
	out_u64(OUT_ANY, "queues", " queues %llu", c->queues);
	show_spread(c);
	show_limit(c->limit);
	out_string(OUT_ANY, C_NONE, "fallback", " fallback %s",
		   name_of(fallback_names, 2, c->fallback));
	show_prio(c->prio);
	show_stall(c->stall);
	show_tx(c);
	show_honour(vr);
	show_idle(vr);
	show_data_plane(vr);
	show_ended(vr);
	out_line(INDENT);
	show_owner(c);
	show_device(c);
}

void show_mac(const uint8_t mac[6])
{
	char text[18];

	snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x",
		 mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
	out_text(" address ");
	out_string(OUT_ANY, C_MAC, "address", "%s", text);
}

static void show_nsid(const char *key, int nsid)
{
	if (nsid >= 0)
		out_u64(OUT_JSON, key, NULL, nsid);
	else if (nsid != NSID_HERE)
		out_null(key);
}

static void show_port_as(const struct vr_port *p, bool bypass)
{
	out_u64(OUT_ANY, "port", "port %llu: ", p->number);
	out_string(OUT_ANY, C_NAME, "ifname", "%s", p->ifname);
	out_u64(OUT_JSON, "ifindex", NULL, p->ifindex);
	show_nsid("netnsid", p->nsid);
	out_string(OUT_JSON, C_NONE, "link", NULL, p->lower);
	out_text("@");
	out_string(OUT_TEXT, C_NAME, NULL, "%s", p->lower);
	out_u64(OUT_JSON, "link_index", NULL, p->lower_ifindex);
	show_nsid("link_netnsid", p->lower_nsid);
	show_mac(p->address);
	out_string(OUT_ANY, C_NONE, "mode", " mode %s", name_of(port_mode_names, 3, p->mode));
	out_on_off("spoofchk", " spoofchk %s", p->spoofchk);
	if (*p->vlan)
		out_string(OUT_ANY, C_NONE, "vlan", " vlan %s", p->vlan);
	out_bool(OUT_JSON, "up", NULL, p->up);
	out_text(" state ");
	out_string(OUT_TEXT, p->up ? C_UP : C_DOWN, NULL, "%s", p->up ? "UP" : "DOWN");
	show_filters(p, bypass);
}

void show_port(const struct vr_port *p)
{
	show_port_as(p, false);
}

static void show_ports(const struct vr *vr)
{
	size_t i;

	out_open_array("ports");
	for (i = 0; i < vr->nports; i++) {
		out_line(INDENT);
		out_open_object(NULL);
		show_port_as(&vr->ports[i], vr_bypasses(vr));
		out_close_object();
	}
	out_close_array();
}

/* Counters that are shown together: neighbours, and those that came later. */
struct counter_group {
	const char *title;
	enum europa_counter first, last, later[2];
};

#define NO_LATER	EUROPA_C_COUNT

static const struct counter_group counter_groups[] = {
	{ "packets", EUROPA_C_RX, EUROPA_C_RECLAIMED, { EUROPA_C_FILTERED, EUROPA_C_IDLE } },
	{ "calls", EUROPA_C_KICKS, EUROPA_C_WAKES, { EUROPA_C_TX_POLLS, EUROPA_C_TX_SLEEPS } },
	{ "not received", EUROPA_C_RX_FULL, EUROPA_C_RX_FALLBACK, { NO_LATER, NO_LATER } },
	{ "not sent", EUROPA_C_BAD_SLOT, EUROPA_C_GONE, { EUROPA_C_TX_LIMIT, NO_LATER } },
};

_Static_assert(EUROPA_C_COUNT == EUROPA_C_TX_SLEEPS + 1, "each counter is in a group");

/* Name and value, wrapped at the end of a line; returns the column after it. */
static int show_counter(const struct vr *vr, enum europa_counter i, int indent, int column)
{
	char text[64];
	int len = snprintf(text, sizeof(text), " %s %llu", counter_names[i],
			   (unsigned long long)vr->stats[i]);

	if (column + len > WRAP) {
		out_line(indent);
		column = indent;
	}
	out_string(OUT_TEXT, C_NONE, NULL, "%s", text);
	out_u64(OUT_JSON, counter_names[i], NULL, vr->stats[i]);
	return column + len;
}

static void show_counters(const struct vr *vr, const struct counter_group *g)
{
	int indent = INDENT + strlen(g->title), column = indent;
	unsigned int i;

	out_line(INDENT);
	out_text("%s", g->title);
	for (i = g->first; i <= g->last; i++)
		column = show_counter(vr, i, indent, column);
	for (i = 0; i < 2 && g->later[i] != NO_LATER; i++)
		column = show_counter(vr, g->later[i], indent, column);
}

static void show_calls(const struct vr *vr)
{
	uint64_t packets = vr->stats[EUROPA_C_RX];
	uint64_t calls = vr->stats[EUROPA_C_KICKS] + vr->stats[EUROPA_C_WAITS];

	if (!packets)
		return;
	out_line(INDENT);
	out_text("kicks and waits per 1000 packets: %.1f", 1000.0 * calls / packets);
}

static void show_stats(const struct vr *vr)
{
	size_t i;

	out_open_object("stats");
	for (i = 0; i < sizeof(counter_groups) / sizeof(counter_groups[0]); i++)
		show_counters(vr, &counter_groups[i]);
	show_calls(vr);
	out_close_object();
}

/* poll: what the data plane does, as far as the kernel knows. */
static const char *poll_state(const struct vr *vr, const struct vr_queue *q)
{
	if (plane_state(vr, q) == EUROPA_IDLE)
		return "none";
	return q->asleep ? "asleep" : "busy";
}

static void show_queue_json(const struct vr_queue *q)
{
	out_string(OUT_JSON, C_NONE, "state", NULL, state_name(q->state));
	out_u64(OUT_JSON, "given", NULL, q->given);
	out_u64(OUT_JSON, "generation", NULL, q->generation);
	if (q->pid)
		out_u64(OUT_JSON, "pid", NULL, q->pid);
	else
		out_null("pid");
	if (q->ended)
		out_string(OUT_JSON, C_NONE, "ended", NULL, ended_name(q->ended));
	else
		out_null("ended");
}

/* As the VR's, whose line tells all where there is one queue. */
static void show_queue_plane(const struct vr *vr, const struct vr_queue *q)
{
	show_queue_json(q);
	if (vr->conf.queues < 2)
		return;
	out_text(" given %u %s", q->given, state_name(q->state));
	if (q->pid)
		out_text(" pid %u", q->pid);
	if (q->ended && (options.details || q->ended == EUROPA_ENDED_STALLED))
		show_ended_text(q->ended);
}

static void show_queue(const struct vr *vr, const struct vr_queue *q)
{
	out_u64(OUT_ANY, "index", "queue %llu:", q->index);
	out_u64(OUT_ANY, "free", " free %llu", q->free);
	out_u64(OUT_ANY, "rx", " rx %llu", q->rx);
	out_u64(OUT_ANY, "vr", " vr %llu", q->vr);
	out_u64(OUT_ANY, "spare", " spare %llu", q->spare);
	out_u64(OUT_ANY, "tx", " tx %llu", q->tx);
	out_u64(OUT_JSON, "held", NULL, q->held);
	out_text(" held %llu bytes", (unsigned long long)q->held);
	out_string(OUT_ANY, C_NONE, "poll", " poll %s", poll_state(vr, q));
	if (q->snap)
		out_u64(OUT_ANY, "snap", " snap %llu", q->snap);
	if (q->told)
		show_queue_plane(vr, q);
}

static void show_queues(const struct vr *vr)
{
	size_t i;

	out_open_array("queue");
	for (i = 0; i < vr->nqueues; i++) {
		out_line(INDENT);
		out_open_object(NULL);
		show_queue(vr, &vr->queues[i]);
		out_close_object();
	}
	out_close_array();
}

static void show_pool(const struct vr *vr)
{
	uint64_t bytes = 0;
	size_t i;

	for (i = 0; i < vr->nqueues; i++)
		if (plane_state(vr, &vr->queues[i]) != EUROPA_IDLE)
			bytes += (uint64_t)vr->conf.slots * EUROPA_STRIDE;
	out_line(INDENT);
	out_open_object("pool");
	out_text("pool");
	out_u64(OUT_ANY, "stride", " stride %llu", EUROPA_STRIDE);
	out_u64(OUT_ANY, "headroom", " headroom %llu", EUROPA_HEADROOM);
	out_u64(OUT_JSON, "slot_bytes", NULL, bytes);
	out_text(" slots in memory %llu bytes", (unsigned long long)bytes);
	out_close_object();
}

/* Nothing where it is another data plane. */
static void show_router(const struct vr *vr)
{
	struct router_summary s;

	if (!router_ask(vr, &s))
		return;
	out_line(INDENT);
	out_open_object("router");
	out_text("router");
	out_u64(OUT_ANY, "routes", " routes %llu", s.routes);
	out_u64(OUT_ANY, "routes6", " routes6 %llu", s.routes6);
	out_u64(OUT_ANY, "neighbours", " neighbours %llu", s.neighbours);
	out_u64(OUT_ANY, "sent", " sent %llu", s.sent);
	out_u64(OUT_ANY, "punted", " punted %llu", s.punted);
	if (s.workers)
		out_u64(s.workers > 1 ? OUT_ANY : OUT_JSON, "workers", " workers %llu", s.workers);
	out_close_object();
}

/* One line: name, state, ports. */
static void show_brief(const struct vr *vr)
{
	char id[16];
	size_t i;

	snprintf(id, sizeof(id), "%u", vr->conf.id);
	out_string(OUT_TEXT, C_NAME, NULL, "%-16s ", *vr->conf.name ? vr->conf.name : id);
	out_string(OUT_TEXT, vr->state == EUROPA_RUNNING ? C_UP : C_DOWN, NULL, "%-10s",
		   state_name(vr->state));
	for (i = 0; i < vr->nports; i++) {
		out_string(OUT_TEXT, C_NAME, NULL, " %s", vr->ports[i].ifname);
		out_string(OUT_TEXT, C_NAME, NULL, "@%s", vr->ports[i].lower);
	}
	out_text(" \n");
}

static void show_full(const struct vr *vr)
{
	out_open_object(NULL);
	show_header(vr);
	show_ports(vr);
	if (options.details) {
		show_pool(vr);
		show_router(vr);
	}
	if (options.stats)
		show_stats(vr);
	if (options.stats || options.details)
		show_queues(vr);
	out_close_object();
	out_last_line();
}

struct filter {
	const char *dev;
	uint32_t ifindex;	/* of the device called so here, or 0 */
	int count;
};

/* A device of this namespace, port or lower; else a port elsewhere that is called so. */
static bool is_port(const struct vr_port *p, const struct filter *f)
{
	if (!f->ifindex)
		return !strcmp(p->ifname, f->dev);
	return (p->nsid == NSID_HERE && p->ifindex == f->ifindex) ||
	       (p->lower_nsid == NSID_HERE && p->lower_ifindex == f->ifindex);
}

static bool has_dev(const struct vr *vr, const struct filter *f)
{
	size_t i;

	for (i = 0; i < vr->nports; i++)
		if (is_port(&vr->ports[i], f))
			return true;
	return false;
}

static int show_vr(const struct vr *vr, void *data)
{
	struct filter *f = data;

	if (f->dev && !has_dev(vr, f))
		return 0;
	f->count++;
	if (options.brief && !out_is_json())
		show_brief(vr);
	else
		show_full(vr);
	return 0;
}

static int show_all(struct genl *g, struct filter *f)
{
	int err;

	out_open_array(NULL);
	err = genl_vr_dump(g, show_vr, f);
	out_close_array();
	out_end();
	if (err)
		return genl_fail(g);
	if (f->dev && !f->count) {
		fprintf(stderr, "No VR has a port on or called \"%s\".\n", f->dev);
		return EXIT_USAGE;
	}
	return 0;
}

static int show_one(struct genl *g, const struct vr_ref *ref, struct filter *f)
{
	struct vr vr;
	int ret = genl_vr_find(g, ref, &vr);

	if (ret)
		return ret;
	if (f->dev && !has_dev(&vr, f)) {
		fprintf(stderr, "VR \"%s\" has no port on or called \"%s\".\n", vr.conf.name, f->dev);
		vr_free(&vr);
		return EXIT_USAGE;
	}
	out_open_array(NULL);
	show_vr(&vr, f);
	out_close_array();
	out_end();
	vr_free(&vr);
	return 0;
}

int cmd_vr_show(struct args *a)
{
	struct vr_ref ref = { 0 };
	struct filter f = { 0 };
	bool one = false;
	struct genl g;
	int ret;

	while (args_left(a)) {
		if (args_take(a, "dev")) {
			f.dev = args_value(a, "dev");
			if (!f.dev)
				return EXIT_USAGE;
			f.ifindex = if_nametoindex(f.dev);
		} else if (one) {
			return args_unknown(args_peek(a));
		} else if (take_ref(a, &ref)) {
			return EXIT_USAGE;
		} else {
			one = true;
		}
	}
	ret = genl_open(&g, -1);
	if (ret)
		return ret;
	ret = one ? show_one(&g, &ref, &f) : show_all(&g, &f);
	genl_close(&g);
	return ret;
}
