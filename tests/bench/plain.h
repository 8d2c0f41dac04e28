/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/*
 * What Europa's peers in user space have in common: two ports, a static table,
 * and what a router does to a plain packet, which is what europa-router does to
 * it. Others are dropped.
 */
#ifndef BENCH_PLAIN_H
#define BENCH_PLAIN_H

#include <net/ethernet.h>
#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PLAIN_PORTS	2
#define PLAIN_BURST	64	/* packets taken before the other port is looked at */

struct plain_port {
	char device[IFNAMSIZ];
	uint8_t mac[ETH_ALEN];
};

extern struct plain_port plain_ports[PLAIN_PORTS];

/* "NAME: what: why." on standard error; returns -1. */
int plain_fail(const char *what);

/*
 * Takes DEVICE=MAC DEVICE=MAC PREFIX/LENGTH=PORT,MAC..., of the command line,
 * longest prefix first. Returns 0, or what the program is to return after a sentence.
 */
int plain_parse(int argc, char **argv);

/*
 * Routes a frame that came in at a port. Returns the port it goes out of, with its
 * bytes in *length, or -1.
 */
int plain_route(unsigned int in, void *frame, size_t bytes, size_t *length);

/*
 * Until poll() fails. open_port returns what to poll for a port, or -1 after a sentence;
 * burst takes packets of it, ready: poll() has some, and says whether to call it again.
 * Returns what the program is to return.
 */
int plain_serve(int (*open_port)(unsigned int i), bool (*burst)(unsigned int in, bool ready));

#endif
