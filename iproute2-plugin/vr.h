/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* What the command line, the transports and the printers pass each other. */
#ifndef VR_H
#define VR_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/europa.h>

#include "vlans.h"

/* Exit codes, as ip(8). */
#define EXIT_USAGE	1	/* wrong words, or no such object */
#define EXIT_KERNEL	2	/* the kernel refused */

/* Names a VR: by id, or by name when id is 0. */
struct vr_ref {
	uint32_t id;
	char name[EUROPA_NAME_SIZE];
};

enum {
	VR_HAS_ID	= 1 << 0,
	VR_HAS_NAME	= 1 << 1,
	VR_HAS_NETNS	= 1 << 2,
	VR_HAS_SLOTS	= 1 << 3,
	VR_HAS_SNAP	= 1 << 4,
	VR_HAS_QUEUES	= 1 << 5,
	VR_HAS_LIMIT	= 1 << 6,
	VR_HAS_UID	= 1 << 7,
	VR_HAS_GID	= 1 << 8,
	VR_HAS_MODE	= 1 << 9,
	VR_HAS_FALLBACK	= 1 << 10,
	VR_HAS_PRIO	= 1 << 11,
	VR_HAS_STALL	= 1 << 12,
	VR_HAS_SPREAD	= 1 << 13,
	VR_HAS_TX	= 1 << 14,
	VR_HAS_CPU	= 1 << 15,
};

struct vr_conf {
	unsigned int has;	/* VR_HAS_* */
	uint32_t id;
	char name[EUROPA_NAME_SIZE];
	char netns[EUROPA_NETNS_SIZE];
	uint32_t slots, snap, queues;
	uint64_t limit;
	uint32_t uid, gid, mode;
	uint8_t fallback;
	uint32_t prio;		/* tc class, major << 16 | minor, or 0 */
	uint32_t stall;		/* ms, or 0 */
	uint8_t spread;		/* enum europa_spread */
	uint8_t tx;		/* enum europa_tx_by */
	bool bound;		/* tx poll: its threads are bound to cpu */
	uint32_t cpu;
};

#define NSID_HERE	(-2)	/* -1: one that ends, without a number */

struct vr_port {
	uint32_t number, ifindex, lower_ifindex;
	int nsid, lower_nsid;	/* namespaces of the two, by number here; or NSID_HERE */
	char ifname[IFNAMSIZ], lower[IFNAMSIZ];
	uint8_t address[6];
	uint8_t mode, spoofchk, up;
	uint32_t filters;	/* enum europa_filter */
	char vlan[VLANS_TEXT + 1]; /* a list; "" for none */
};

struct vr_queue {
	uint32_t index, free, rx, vr, spare, tx;
	uint64_t held;
	bool asleep;
	bool told;		/* the kernel tells what follows: of each queue */
	uint8_t state, ended;
	uint32_t pid, generation, given;
	uint32_t snap;		/* bytes; 0: not told, or none is attached */
	uint64_t features;
};

/* A VR as the kernel tells it. */
struct vr {
	struct vr_conf conf;
	uint8_t state;
	/* These four are queue 0's, in an event the queue's that it is about: see plane.h. */
	uint32_t pid, generation;
	uint8_t ended;		/* enum europa_ended, 0: none has */
	uint64_t features;	/* of the data plane, EUROPA_FEATURE_* */
	bool has_features;	/* told by the kernel: it has a data plane, and knows of them */
	struct vr_port *ports;
	size_t nports;
	struct vr_queue *queues;
	size_t nqueues;
	uint64_t stats[EUROPA_C_COUNT];
};

/* What a port has counted, as rtnetlink tells of its interface. */
struct port_counts {
	bool known;		/* else nothing is told: gone, or not ours to see */
	uint64_t has;		/* bits: the counters of c that ports have */
	uint64_t c[EUROPA_C_COUNT];
	uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes;
};

/* A program bound to a lower device. */
struct classifier {
	uint32_t ifindex, prog_id;
	char ifname[IFNAMSIZ];
	char prog_name[64];
	uint8_t tag[8];
	uint64_t verdicts[EUROPA_V_COUNT];
};

struct vr_event {
	uint8_t event;		/* enum europa_event */
	struct vr vr;
	struct classifier classifier;
};

/* A port to be made. */
struct port_request {
	uint32_t vr;		/* 0: see vr_name */
	const char *vr_name;
	uint32_t lower_ifindex;
	uint32_t port;		/* UINT32_MAX: the lowest free */
	const char *name;	/* NULL: vr<VR>p<number> */
	uint8_t address[6];
	bool has_address;
	int mode;		/* -1: the default */
	int spoofchk;		/* -1: the default */
	struct vlans vlan;
	bool force;
	int netns;		/* fd, or -1: here */
};

#endif
