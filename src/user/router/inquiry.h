/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/*
 * What others ask the running router, and are answered: by a Unix socket in the
 * network namespace, whose name is abstract, so that it is no file, and is gone with
 * the process. A question is a line, and so is each answer, but that of "routes" and
 * "neighbours", which has one for each. All are JSON, but for traces.
 *
 *	stats, routes, neighbours, lookup ADDRESS, trace N
 *
 * Only root, and who runs the router, are answered. What that costs is bounded: some
 * clients, and of each some kilobytes between two bursts of packets.
 */
#ifndef ROUTER_INQUIRY_H
#define ROUTER_INQUIRY_H

#include <sys/socket.h>
#include <sys/un.h>

#include "router.h"

#define INQUIRY_CLIENTS		4
#define INQUIRY_QUESTIONS	4096	/* bytes */
#define INQUIRY_ANSWERS		32768

enum inquiry_list { INQUIRY_NO_LIST, INQUIRY_ROUTES4, INQUIRY_ROUTES6, INQUIRY_NEIGHBOURS };

struct inquiry_client {
	int fd;			/* -1: none */
	bool ended;		/* asks no more */
	uint32_t events;	/* waited for */
	enum inquiry_list list;	/* being told */
	uint32_t at;		/* of the list: a node of the trie, or an adjacency */
	bool any;		/* of the list is told */
	unsigned long trace;	/* packets left to be told */
	unsigned long missed;	/* packets there was no room for, since the last told */
	size_t asked, said;	/* bytes */
	char question[INQUIRY_QUESTIONS];
	char answer[INQUIRY_ANSWERS];
};

struct inquiry {
	int listener;		/* -1: none */
	int epoll;		/* readable: inquiry_work() has something to do */
	unsigned int tracing;	/* clients */
	struct inquiry_client client[INQUIRY_CLIENTS];
};

/* The name for a queue of a VR. Returns its length. */
socklen_t inquiry_name(struct sockaddr_un *name, uint32_t vr, unsigned int queue);

/* Returns 0, or a negative errno value; then too inquiry_work() may be called. */
int inquiry_open(struct inquiry *q, uint32_t vr, unsigned int queue);
void inquiry_close(struct inquiry *q);

/* A bounded amount, without waiting. */
void inquiry_work(struct inquiry *q, const struct router *r);

/* A line about a packet, to each client that wants some. Under router_look(). */
void inquiry_tell(struct inquiry *q, const char *line);

#endif
