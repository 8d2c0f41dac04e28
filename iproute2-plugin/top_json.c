// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* How ip vr top looks as JSON: an object for each look, on a line of its own. */
#include "counters.h"
#include "out.h"
#include "top_view.h"
#include "vr_show.h"

static void show_double(const char *key, bool known, double value)
{
	if (known)
		out_double(key, value);
	else
		out_null(key);
}

/* What there was none of is left out. */
static void show_counters(const double c[EUROPA_C_COUNT])
{
	int i;

	out_open_object("counters");
	for (i = 0; i < EUROPA_C_COUNT; i++)
		if (c[i] > 0)
			out_double(counter_names[i], c[i]);
	out_close_object();
}

static void show_port_rates(const struct vr_port *p, const struct port_rates *r)
{
	out_open_object(NULL);
	out_u64(OUT_JSON, "port", NULL, p->number);
	out_string(OUT_JSON, C_NONE, "ifname", NULL, p->ifname);
	out_string(OUT_JSON, C_NONE, "link", NULL, p->lower);
	out_bool(OUT_JSON, "up", NULL, p->up);
	show_double("rx_packets", r->known, r->rx_packets);
	show_double("tx_packets", r->known, r->tx_packets);
	show_double("rx_bits", r->known, r->rx_bits);
	show_double("tx_bits", r->known, r->tx_bits);
	show_double("lost", r->known, rates_lost(r->c));
	show_counters(r->c);
	out_close_object();
}

static void show_vr_rates(const struct rates *r)
{
	const struct vr *vr = &r->now->vr;
	double burst = rates_burst(r);
	size_t i;

	out_open_object(NULL);
	out_u64(OUT_JSON, "id", NULL, vr->conf.id);
	out_string(OUT_JSON, C_NONE, "name", NULL, vr->conf.name);
	out_string(OUT_JSON, C_NONE, "state", NULL, state_name(vr->state));
	show_double("rx_packets", r->known, r->c[EUROPA_C_RX]);
	show_double("tx_packets", r->known, r->c[EUROPA_C_SEND]);
	show_double("rx_bits", r->known, r->rx_bits);
	show_double("tx_bits", r->known, r->tx_bits);
	show_double("lost", r->known, rates_lost(r->c));
	show_double("burst", burst > 0, burst);
	show_double("calls", r->c[EUROPA_C_RX] > 0, rates_calls(r));
	show_double("cpu", r->has_cpu, r->cpu);
	show_counters(r->c);
	out_open_array("ports");
	for (i = 0; i < vr->nports; i++)
		show_port_rates(&vr->ports[i], &r->ports[i]);
	out_close_array();
	out_close_object();
}

void view_json(const struct frame *f)
{
	size_t i;

	out_open_object(NULL);
	out_double("seconds", f->seconds);
	out_open_array("vrs");
	for (i = 0; i < f->count; i++)
		show_vr_rates(&f->vrs[i]);
	out_close_array();
	out_close_object();
	out_end();
}
