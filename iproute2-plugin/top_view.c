// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* How ip vr top looks as text. */
#include <stdio.h>
#include <string.h>

#include "counters.h"
#include "lines.h"
#include "plane.h"
#include "top_view.h"
#include "vr_show.h"

#define FIGURE	12	/* bytes of a figure as text */
#define REASONS	160

#define HEAD_FORMAT	"%5s %-15s %-5s %5s %5s %5s %5s %5s %5s %5s %4s %5s %s"

/* Three digits and a unit of 1000. */
static const char *figure(char text[FIGURE], bool known, double v)
{
	static const char units[] = " kMGTPE";
	int unit = 0;

	if (!known)
		return "-";
	for (; v >= 999.5 && unit < 6; unit++)
		v /= 1000;
	if (!unit && v >= 9.95)
		snprintf(text, FIGURE, "%.0f", v);
	else if (!unit)
		snprintf(text, FIGURE, v > 0 ? "%.1f" : "0", v);
	else
		snprintf(text, FIGURE, "%.*f%c", v < 9.995 ? 2 : v < 99.95 ? 1 : 0, v, units[unit]);
	return text;
}

/* "rx_full 1.20k, spoof 3": as many as fit. */
static const char *reasons(char text[REASONS], const double c[EUROPA_C_COUNT])
{
	enum europa_counter why[EUROPA_C_COUNT];
	int i, n = rates_reasons(c, why);
	char value[FIGURE];
	size_t len = 0;

	*text = '\0';
	for (i = 0; i < n && len < REASONS; i++)
		len += snprintf(text + len, REASONS - len, "%s%s %s", i ? ", " : "",
				counter_names[why[i]], figure(value, true, c[why[i]]));
	return text;
}

static double to_stack(const double c[EUROPA_C_COUNT])
{
	return c[EUROPA_C_PUNT] + c[EUROPA_C_FALLBACK] + c[EUROPA_C_FILTERED] + c[EUROPA_C_IDLE];
}

/* ---- rows -------------------------------------------------------------- */

static const char *state_of(const struct vr *vr)
{
	size_t i;

	if (vr->state != EUROPA_RUNNING)
		return vr->state == EUROPA_IDLE ? "idle" : "stop";
	for (i = 0; i < vr->nqueues; i++)
		if (plane_state(vr, &vr->queues[i]) == EUROPA_RUNNING && !vr->queues[i].asleep)
			return "run";
	return vr->nqueues ? "sleep" : "run";
}

static void add_vr(struct lines *l, const struct rates *r, bool marked)
{
	const struct vr *vr = &r->now->vr;
	char in[FIGURE], out[FIGURE], stack[FIGURE], rx[FIGURE], tx[FIGURE], burst[FIGURE];
	char calls[FIGURE], cpu[FIGURE], lost[FIGURE], why[REASONS], number[FIGURE];
	double in_bursts = rates_burst(r);

	snprintf(number, sizeof(number), "%u", vr->conf.id);
	lines_add(l, marked, HEAD_FORMAT, number, vr->conf.name, state_of(vr),
		  figure(in, r->known, r->c[EUROPA_C_RX]),
		  figure(out, r->known, r->c[EUROPA_C_SEND]),
		  figure(stack, r->known, to_stack(r->c)),
		  figure(rx, r->known, r->rx_bits), figure(tx, r->known, r->tx_bits),
		  figure(burst, in_bursts > 0, in_bursts),
		  figure(calls, r->c[EUROPA_C_RX] > 0, rates_calls(r)),
		  figure(cpu, r->has_cpu, 100 * r->cpu), figure(lost, r->known, rates_lost(r->c)),
		  reasons(why, r->c));
}

static void add_port(struct lines *l, const struct vr_port *p, const struct port_rates *r)
{
	char in[FIGURE], out[FIGURE], stack[FIGURE], rx[FIGURE], tx[FIGURE], lost[FIGURE];
	char why[REASONS], name[2 * IFNAMSIZ + 16];

	snprintf(name, sizeof(name), " %u %s", p->number, p->ifname);
	lines_add(l, false, HEAD_FORMAT, "", name, p->up ? "up" : "down",
		  figure(in, r->known, r->rx_packets), figure(out, r->known, r->tx_packets),
		  figure(stack, r->known, to_stack(r->c)),
		  figure(rx, r->known, r->rx_bits), figure(tx, r->known, r->tx_bits),
		  "", "", "", figure(lost, r->known, rates_lost(r->c)), reasons(why, r->c));
}

static void add_ports(struct lines *l, const struct rates *r)
{
	const struct vr *vr = &r->now->vr;
	size_t i;

	for (i = 0; i < vr->nports; i++)
		add_port(l, &vr->ports[i], &r->ports[i]);
}

/* What it counts, with the texts. */
static void add_counters(struct lines *l, const struct rates *r)
{
	char per_second[FIGURE];
	int i;

	lines_add(l, false, "%s", "");
	lines_add(l, false, "%-11s %5s %12s  ", "COUNTER", "/s", "IN ALL");
	for (i = 0; i < EUROPA_C_COUNT; i++)
		if (r->now->vr.stats[i])
			lines_add(l, false, "%-11s %5s %12llu  %s", counter_names[i],
				  figure(per_second, r->known, r->c[i]),
				  (unsigned long long)r->now->vr.stats[i], counters[i].text);
}

/* ---- all together ------------------------------------------------------ */

static size_t running(const struct frame *f)
{
	size_t i, n = 0;

	for (i = 0; i < f->count; i++)
		n += f->vrs[i].now->vr.state == EUROPA_RUNNING;
	return n;
}

static void add_help(struct lines *l)
{
	static const char *const text[] = {
		"", "Sort by   p packets  b bits  l lost  c CPU  n number  a name  r turned round",
		"Choose    up, down or k, j; Enter: its counters; Escape: all VRs",
		"          o ports or none   Space now   h help   q quit", "",
		"Per second: IN given to the data plane  OUT sent by it  STACK left to the kernel",
		"      of a port: all that came in by its interface, all that went out",
		"RXb/s, TXb/s bits of all ports",
		"BURST packets given back in a call   CALLS per 1000 packets   CPU percent",
		"LOST  packets that went nowhere, per second, and why", "",
	};
	size_t i;

	for (i = 0; i < sizeof(text) / sizeof(text[0]); i++)
		lines_add(l, false, "%s", text[i]);
}

static void add_head(struct lines *l, const struct frame *f)
{
	lines_add(l, false, "VRs %zu, running %zu; in %.1f s", f->count, running(f), f->seconds);
	lines_add(l, false, HEAD_FORMAT, "NR", "NAME", "STATE", "IN", "OUT", "STACK", "RXb/s",
		  "TXb/s", "BURST", "CALLS", "CPU", "LOST", "WHY");
}

static void add_all(struct lines *l, const struct frame *f, const struct view *v)
{
	const struct rates *r;
	size_t i;

	for (i = 0; i < f->count; i++) {
		r = &f->vrs[i];
		if (v->detail && r->now->vr.conf.id != v->selected)
			continue;
		add_vr(l, r, r->now->vr.conf.id == v->selected);
		if (v->detail || !v->no_ports)
			add_ports(l, r);
		if (v->detail)
			add_counters(l, r);
	}
}

void view_print(const struct frame *f, const struct view *v)
{
	struct lines l = { 0 };

	add_head(&l, f);
	add_all(&l, f, v);
	lines_add(&l, false, "%s", "");
	lines_print(&l);
	lines_free(&l);
	fflush(stdout);
}

void view_screen(const struct frame *f, const struct view *v, int rows, int columns)
{
	struct lines l = { 0 };
	size_t head;

	l.marked = SIZE_MAX;
	if (v->help)
		add_help(&l);
	add_head(&l, f);
	head = l.count;
	add_all(&l, f, v);
	lines_screen(&l, head, rows, columns);
	lines_free(&l);
}
