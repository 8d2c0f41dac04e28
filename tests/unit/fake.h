/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* The kernel's side of one queue, in plain memory. */
#ifndef FAKE_H
#define FAKE_H

#include <libeuropa.h>
#include <stdbool.h>

#define FAKE_SNAP	1984

struct fake {
	struct europa_ring rx, tx, spare;
	struct europa_attach geometry;
	void *map;
	__u8 *slots;
	__u16 *free;		/* slots that are the kernel's, as a stack */
	__u32 free_count;
};

/* slots: a power of two. Fills q as europa_attach() would. */
void fake_open(struct fake *k, struct europa_queue *q, __u32 slots, int fd);
void fake_close(struct fake *k);

struct europa_slot *fake_slot(const struct fake *k, unsigned int slot);
/*
 * Put a packet on rx, its metadata in meta if not NULL. Visible after
 * europa_ring_submit(&k->rx). Returns its slot, -1 if none is free.
 */
int fake_receive(struct fake *k, unsigned int port, const void *frame, __u32 len,
		 unsigned int flags, const struct europa_slot *meta);
/* Take back what the VR has published; 1 and the entry, or 0. */
int fake_drain(struct fake *k, struct europa_entry *e);
/* Bytes of an entry's packet. */
__u8 *fake_data(const struct fake *k, const struct europa_entry *e);

/*
 * A VR's device that can be attached to: what ioctl() on its descriptor is told
 * and answers. A test that wants other answers defines __wrap_ioctl() itself.
 */
struct fake_device {
	int fd;			/* of memory as large as the pool */
	struct fake fake;	/* its geometry */
	__u64 knows;		/* features */
	bool first;		/* the first module: refuses any feature */
	int err;		/* instead of attaching */
	__u32 queues;		/* beside the first, which are all taken */
	unsigned int attaches, detaches;	/* asked for */
	struct europa_attach asked[2];	/* the last, and the one before it */
	bool attached;
};
extern struct fake_device fake_device;

/* The rest is as the test wants it, 0 at first. slots as above. 0 or -1. */
int fake_device_open(__u32 slots);
int fake_device_close(void);

#endif
