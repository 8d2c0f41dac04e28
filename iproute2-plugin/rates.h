/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* What VRs did between two samples, by the second. */
#ifndef RATES_H
#define RATES_H

#include "sample.h"

struct port_rates {
	bool known;		/* it was in both samples, and the kernel told */
	double c[EUROPA_C_COUNT];
	double rx_packets, tx_packets, rx_bits, tx_bits;
};

struct rates {
	const struct vr_sample *now;
	bool known;		/* it was in both, and is the same */
	double c[EUROPA_C_COUNT];
	double rx_bits, tx_bits;	/* of the ports that are known */
	bool has_cpu;
	double cpu;		/* 1: all the time of one processor */
	struct port_rates *ports;
};

/* It points into the later sample. */
struct frame {
	double seconds;
	struct rates *vrs;
	size_t count;
};

enum rates_order { BY_NUMBER, BY_NAME, BY_PACKETS, BY_BITS, BY_LOST, BY_CPU };

void frame_make(struct frame *f, const struct sample *before, const struct sample *now);
void frame_sort(struct frame *f, enum rates_order order, bool reverse);
void frame_free(struct frame *f);

double rates_lost(const double c[EUROPA_C_COUNT]);
double rates_burst(const struct rates *r);	/* packets given back in a call; 0: none */
double rates_calls(const struct rates *r);	/* kicks and waits per 1000 packets, as show */

/* The losses, the greatest first; how many there are. */
int rates_reasons(const double c[EUROPA_C_COUNT], enum europa_counter why[EUROPA_C_COUNT]);

#endif
