// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * What VRs did between two samples. One that is in the later only, or whose counters are smaller
 * than before, is another than there was: what it counts is of an unknown time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "counters.h"
#include "memory.h"
#include "rates.h"

/* false: a counter went back. */
static bool differ(double to[EUROPA_C_COUNT], const uint64_t *before, const uint64_t *now,
		   double seconds)
{
	int i;

	for (i = 0; i < EUROPA_C_COUNT; i++) {
		if (now[i] < before[i])
			return false;
		to[i] = (now[i] - before[i]) / seconds;
	}
	return true;
}

static double rate(uint64_t before, uint64_t now, double seconds)
{
	return now >= before ? (now - before) / seconds : 0;
}

/* ---- ports ------------------------------------------------------------- */

static const struct port_counts *port_before(const struct vr_sample *v, const struct vr_port *p)
{
	size_t i;

	for (i = 0; i < v->vr.nports; i++)
		if (v->vr.ports[i].number == p->number && v->vr.ports[i].ifindex == p->ifindex)
			return &v->ports[i];
	return NULL;
}

static void port_rates(struct port_rates *r, const struct port_counts *before,
		       const struct port_counts *now, double seconds)
{
	r->known = before && before->known && now->known &&
		   differ(r->c, before->c, now->c, seconds);
	if (!r->known)
		return;
	r->rx_packets = rate(before->rx_packets, now->rx_packets, seconds);
	r->tx_packets = rate(before->tx_packets, now->tx_packets, seconds);
	r->rx_bits = 8 * rate(before->rx_bytes, now->rx_bytes, seconds);
	r->tx_bits = 8 * rate(before->tx_bytes, now->tx_bytes, seconds);
}

static void all_ports(struct rates *r, const struct vr_sample *before, double seconds)
{
	const struct vr_sample *now = r->now;
	size_t i;

	for (i = 0; i < now->vr.nports; i++) {
		port_rates(&r->ports[i], port_before(before, &now->vr.ports[i]), &now->ports[i],
			   seconds);
		r->rx_bits += r->ports[i].rx_bits;
		r->tx_bits += r->ports[i].tx_bits;
	}
}

/* ---- VRs --------------------------------------------------------------- */

static const struct vr_sample *vr_before(const struct sample *s, const struct vr *vr)
{
	size_t i;

	for (i = 0; i < s->count; i++)
		if (s->vrs[i].vr.conf.id == vr->conf.id)
			return &s->vrs[i];
	return NULL;
}

static void cpu_rate(struct rates *r, const struct process_time *before,
		     const struct process_time *now, double seconds)
{
	r->has_cpu = before->known && now->known && before->started == now->started &&
		     now->seconds >= before->seconds;
	if (r->has_cpu)
		r->cpu = (now->seconds - before->seconds) / seconds;
}

static void *zeroed(size_t count, size_t size)
{
	return count ? need(calloc(count, size)) : NULL;
}

static void vr_rates(struct rates *r, const struct vr_sample *before, double seconds)
{
	r->ports = zeroed(r->now->vr.nports, sizeof(*r->ports));
	r->known = before && seconds > 0 &&
		   differ(r->c, before->vr.stats, r->now->vr.stats, seconds);
	if (!r->known)
		return;
	cpu_rate(r, &before->cpu, &r->now->cpu, seconds);
	all_ports(r, before, seconds);
}

void frame_make(struct frame *f, const struct sample *before, const struct sample *now)
{
	size_t i;

	f->seconds = now->time - before->time;
	f->count = now->count;
	f->vrs = zeroed(now->count, sizeof(*f->vrs));
	for (i = 0; i < now->count; i++) {
		f->vrs[i].now = &now->vrs[i];
		vr_rates(&f->vrs[i], vr_before(before, &now->vrs[i].vr), f->seconds);
	}
}

void frame_free(struct frame *f)
{
	size_t i;

	for (i = 0; i < f->count; i++)
		free(f->vrs[i].ports);
	free(f->vrs);
	memset(f, 0, sizeof(*f));
}

double rates_lost(const double c[EUROPA_C_COUNT])
{
	double sum = 0;
	int i;

	for (i = 0; i < EUROPA_C_COUNT; i++)
		if (counter_is_loss(i))
			sum += c[i];
	return sum;
}

double rates_burst(const struct rates *r)
{
	double back = r->c[EUROPA_C_SEND] + r->c[EUROPA_C_PUNT] + r->c[EUROPA_C_DROP];

	return r->c[EUROPA_C_KICKS] > 0 ? back / r->c[EUROPA_C_KICKS] : 0;
}

double rates_calls(const struct rates *r)
{
	double calls = r->c[EUROPA_C_KICKS] + r->c[EUROPA_C_WAITS];

	return r->c[EUROPA_C_RX] > 0 ? 1000 * calls / r->c[EUROPA_C_RX] : 0;
}

int rates_reasons(const double c[EUROPA_C_COUNT], enum europa_counter why[EUROPA_C_COUNT])
{
	int i, j, n = 0;

	for (i = 0; i < EUROPA_C_COUNT; i++) {
		if (!counter_is_loss(i) || c[i] <= 0)
			continue;
		for (j = n++; j > 0 && c[why[j - 1]] < c[i]; j--)
			why[j] = why[j - 1];
		why[j] = i;
	}
	return n;
}

/* ---- order ------------------------------------------------------------- */

static enum rates_order sort_order;
static bool sort_reverse;

static double figure(const struct rates *r)
{
	switch (sort_order) {
	case BY_PACKETS: return r->c[EUROPA_C_RX] + r->c[EUROPA_C_ORIGINATED];
	case BY_BITS: return r->rx_bits + r->tx_bits;
	case BY_LOST: return rates_lost(r->c);
	case BY_CPU: return r->cpu;
	default: return 0;
	}
}

/* The greatest first; equal ones by number. */
static int compare(const void *a, const void *b)
{
	const struct rates *x = a, *y = b;
	uint32_t one = x->now->vr.conf.id, other = y->now->vr.conf.id;
	double more = figure(y) - figure(x);
	int ret = more > 0 ? 1 : more < 0 ? -1 : 0;

	if (sort_order == BY_NAME)
		ret = strcmp(x->now->vr.conf.name, y->now->vr.conf.name);
	if (!ret)
		ret = one < other ? -1 : one > other;
	return sort_reverse ? -ret : ret;
}

void frame_sort(struct frame *f, enum rates_order order, bool reverse)
{
	sort_order = order;
	sort_reverse = reverse;
	if (f->count)
		qsort(f->vrs, f->count, sizeof(*f->vrs), compare);
}
