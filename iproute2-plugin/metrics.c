// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * Figures of VRs as OpenMetrics, or as Prometheus' older text. They differ in what
 * a counter's family is called: without _total in the one, with it in the other.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "counters.h"
#include "labels.h"
#include "metrics.h"
#include "plane.h"
#include "vr_show.h"

enum kind { COUNTER, GAUGE, INFO };

/* A name ends in its unit, if it has one. */
struct family {
	const char *name;
	enum kind kind;
	const char *unit, *help;
};

static enum metrics_format format;

/* What the samples' names have behind the family's, of OpenMetrics. */
static const char *suffix(const struct family *f)
{
	return f->kind == COUNTER ? "_total" : f->kind == INFO ? "_info" : "";
}

static void begin(const struct family *f)
{
	static const char *const types[] = { "counter", "gauge", "info" };
	bool open = format == METRICS_OPENMETRICS;
	const char *behind = open ? "" : suffix(f);
	enum kind kind = !open && f->kind == INFO ? GAUGE : f->kind;

	printf("# TYPE %s%s %s\n", f->name, behind, types[kind]);
	if (open && f->unit)
		printf("# UNIT %s %s\n", f->name, f->unit);
	printf("# HELP %s%s %s\n", f->name, behind, f->help);
}

static void print_u64(const struct family *f, const struct labels *l, uint64_t value)
{
	printf("%s%s{%s} %" PRIu64 "\n", f->name, suffix(f), l->text, value);
}

/* ---- of VRs ------------------------------------------------------------ */

static struct labels vr_labels(const struct vr *vr)
{
	struct labels l = { .len = 0 };

	labels_add(&l, "vr", vr->conf.name);
	labels_add_u64(&l, "number", vr->conf.id);
	return l;
}

static void print_vr_info(const struct sample *s)
{
	static const struct family f = { "europa_vr", INFO, NULL, "Settings of the VR." };
	size_t i;

	begin(&f);
	for (i = 0; i < s->count; i++) {
		const struct vr_conf *c = &s->vrs[i].vr.conf;
		struct labels l = vr_labels(&s->vrs[i].vr);

		labels_add(&l, "netns", c->netns);
		labels_add(&l, "fallback", name_of(fallback_names, 2, c->fallback));
		print_u64(&f, &l, 1);
	}
}

static void print_state(const struct sample *s)
{
	static const struct family f = { "europa_vr_state", GAUGE, NULL,
		"1 for what the data plane does: none is there (idle), it is attached, or running." };
	size_t i;
	int state;

	begin(&f);
	for (i = 0; i < s->count; i++)
		for (state = EUROPA_IDLE; state <= EUROPA_RUNNING; state++) {
			struct labels l = vr_labels(&s->vrs[i].vr);

			labels_add(&l, "state", state_name(state));
			print_u64(&f, &l, s->vrs[i].vr.state == state);
		}
}

static uint64_t limit_of(const struct vr *vr) { return vr->conf.limit; }
static uint64_t port_count_of(const struct vr *vr) { return vr->nports; }

static const struct {
	struct family f;
	uint64_t (*value)(const struct vr *vr);
} vr_figures[] = {
	{ { "europa_vr_limit_bytes", GAUGE, "bytes",
	    "Memory of the packets that the VR may hold." }, limit_of },
	{ { "europa_vr_ports", GAUGE, NULL, "Ports that the VR has." }, port_count_of },
	{ { "europa_vr_attaches", COUNTER, NULL,
	    "Times a data plane has attached." }, plane_attaches },
};

static void print_vr_figures(const struct sample *s)
{
	size_t figure, i;

	for (figure = 0; figure < sizeof(vr_figures) / sizeof(vr_figures[0]); figure++) {
		begin(&vr_figures[figure].f);
		for (i = 0; i < s->count; i++) {
			const struct vr *vr = &s->vrs[i].vr;
			struct labels l = vr_labels(vr);

			print_u64(&vr_figures[figure].f, &l, vr_figures[figure].value(vr));
		}
	}
}

static void print_cpu(const struct sample *s)
{
	static const struct family f = { "europa_vr_data_plane_cpu_seconds", COUNTER, "seconds",
		"Processor time of the process that is the data plane, where it is seen." };
	size_t i;

	begin(&f);
	for (i = 0; i < s->count; i++) {
		struct labels l = vr_labels(&s->vrs[i].vr);

		if (s->vrs[i].cpu.known)
			printf("%s_total{%s} %.2f\n", f.name, l.text, s->vrs[i].cpu.seconds);
	}
}

/* ---- of queues --------------------------------------------------------- */

static struct labels queue_labels(const struct vr *vr, const struct vr_queue *q)
{
	struct labels l = vr_labels(vr);

	labels_add_u64(&l, "queue", q->index);
	return l;
}

static void print_slots_of(const struct family *f, const struct vr *vr, const struct vr_queue *q)
{
	const struct {
		const char *owner;
		uint32_t slots;
	} owners[] = {
		{ "free", q->free }, { "rx", q->rx }, { "vr", q->vr }, { "spare", q->spare },
		{ "tx", q->tx },
	};
	size_t i;

	for (i = 0; i < sizeof(owners) / sizeof(owners[0]); i++) {
		struct labels l = queue_labels(vr, q);

		labels_add(&l, "owner", owners[i].owner);
		print_u64(f, &l, owners[i].slots);
	}
}

static void print_slots(const struct sample *s)
{
	static const struct family f = { "europa_vr_slots", GAUGE, NULL,
		"Slots by owner: free, rx (a packet the VR has), vr (its packet was taken back), "
		"spare (blank, the VR's), tx (leaving). All are 0 without a data plane." };
	size_t i, q;

	begin(&f);
	for (i = 0; i < s->count; i++)
		for (q = 0; q < s->vrs[i].vr.nqueues; q++)
			print_slots_of(&f, &s->vrs[i].vr, &s->vrs[i].vr.queues[q]);
}

static uint64_t held_of(const struct vr_queue *q) { return q->held; }
static uint64_t asleep_of(const struct vr_queue *q) { return q->asleep; }

static const struct {
	struct family f;
	uint64_t (*value)(const struct vr_queue *q);
} queue_figures[] = {
	{ { "europa_vr_held_bytes", GAUGE, "bytes",
	    "Memory of the packets that the VR holds." }, held_of },
	{ { "europa_vr_asleep", GAUGE, NULL,
	    "1: the data plane sleeps, waiting for packets." }, asleep_of },
};

static void print_queue_figures(const struct sample *s)
{
	size_t figure, i, q;

	for (figure = 0; figure < sizeof(queue_figures) / sizeof(queue_figures[0]); figure++) {
		begin(&queue_figures[figure].f);
		for (i = 0; i < s->count; i++)
			for (q = 0; q < s->vrs[i].vr.nqueues; q++) {
				const struct vr_queue *queue = &s->vrs[i].vr.queues[q];
				struct labels l = queue_labels(&s->vrs[i].vr, queue);
				uint64_t value = queue_figures[figure].value(queue);

				print_u64(&queue_figures[figure].f, &l, value);
			}
	}
}

/* ---- of ports ---------------------------------------------------------- */

/* Not the interface's name: its owner may change that all day, and each would be a new series. */
static struct labels port_labels(const struct vr *vr, const struct vr_port *p)
{
	struct labels l = vr_labels(vr);

	labels_add_u64(&l, "port", p->number);
	labels_add(&l, "device", p->lower);
	return l;
}

typedef void (*port_fn)(const struct family *f, const struct vr_port *p,
			const struct port_counts *counts, struct labels *l, int which);

static void for_each_port(const struct sample *s, const struct family *f, port_fn fn, int which)
{
	size_t i, p;

	begin(f);
	for (i = 0; i < s->count; i++)
		for (p = 0; p < s->vrs[i].vr.nports; p++) {
			const struct vr *vr = &s->vrs[i].vr;
			struct labels l = port_labels(vr, &vr->ports[p]);

			fn(f, &vr->ports[p], &s->vrs[i].ports[p], &l, which);
		}
}

static void print_port_info(const struct family *f, const struct vr_port *p,
			    const struct port_counts *counts, struct labels *l, int which)
{
	(void)counts;
	(void)which;
	labels_add(l, "ifname", p->ifname);
	labels_add(l, "mode", name_of(port_mode_names, 3, p->mode));
	labels_add(l, "spoofchk", p->spoofchk ? "on" : "off");
	print_u64(f, l, 1);
}

static void print_port_state(const struct family *f, const struct vr_port *p,
			     const struct port_counts *counts, struct labels *l, int which)
{
	(void)counts;
	print_u64(f, l, which ? !!p->filters : p->up);
}

static void print_port_counter(const struct family *f, const struct vr_port *p,
			       const struct port_counts *counts, struct labels *l, int which)
{
	(void)p;
	if (counts->known && counts->has >> which & 1)
		print_u64(f, l, counts->c[which]);
}

static void print_port_bytes(const struct family *f, const struct vr_port *p,
			     const struct port_counts *counts, struct labels *l, int which)
{
	(void)p;
	if (counts->known)
		print_u64(f, l, which ? counts->tx_bytes : counts->rx_bytes);
}

static void print_ports(const struct sample *s)
{
	static const struct family info = { "europa_port", INFO, NULL, "Settings of the port." };
	static const struct family up = { "europa_port_up", GAUGE, NULL,
		"1: the port's interface is up and has a carrier." };
	static const struct family rules = { "europa_port_filtered", GAUGE, NULL,
		"1: there are rules, of nftables, tc or others, that forwarded packets meet." };
	static const struct family rx = { "europa_port_rx_bytes", COUNTER, "bytes",
		"Bytes that the port's interface has received, for the data plane or the kernel." };
	static const struct family tx = { "europa_port_tx_bytes", COUNTER, "bytes",
		"Bytes that the port's interface has sent, the data plane's and the kernel's." };

	for_each_port(s, &info, print_port_info, 0);
	for_each_port(s, &up, print_port_state, 0);
	for_each_port(s, &rules, print_port_state, 1);
	for_each_port(s, &rx, print_port_bytes, 0);
	for_each_port(s, &tx, print_port_bytes, 1);
}

/* ---- counters ---------------------------------------------------------- */

static struct family counter_family(char name[64], const char *whose, int c)
{
	const char *unit = counters[c].unit;

	snprintf(name, 64, "europa_%s_%s%s%s", whose, counter_names[c], unit ? "_" : "",
		 unit ? unit : "");
	return (struct family){ name, COUNTER, unit, counters[c].text };
}

static void print_vr_counter(const struct sample *s, int c)
{
	char name[64];
	struct family f = counter_family(name, "vr", c);
	size_t i;

	begin(&f);
	for (i = 0; i < s->count; i++) {
		struct labels l = vr_labels(&s->vrs[i].vr);

		print_u64(&f, &l, s->vrs[i].vr.stats[c]);
	}
}

static bool any_port_has(const struct sample *s, int c)
{
	size_t i, p;

	for (i = 0; i < s->count; i++)
		for (p = 0; p < s->vrs[i].vr.nports; p++)
			if (s->vrs[i].ports[p].has >> c & 1)
				return true;
	return false;
}

static void print_counters(const struct sample *s)
{
	struct family f;
	char name[64];
	int c;

	for (c = 0; c < EUROPA_C_COUNT; c++)
		print_vr_counter(s, c);
	for (c = 0; c < EUROPA_C_COUNT; c++) {
		f = counter_family(name, "port", c);
		if (any_port_has(s, c))
			for_each_port(s, &f, print_port_counter, c);
	}
}

/* ------------------------------------------------------------------------ */

void metrics_print(const struct sample *s, enum metrics_format as)
{
	format = as;
	print_vr_info(s);
	print_state(s);
	print_vr_figures(s);
	print_cpu(s);
	print_slots(s);
	print_queue_figures(s);
	print_ports(s);
	print_counters(s);
	if (format == METRICS_OPENMETRICS)
		printf("# EOF\n");
}
