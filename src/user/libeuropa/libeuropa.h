/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) the Europa authors */
/*
 * libeuropa: a virtual router's data plane.
 *
 *	struct europa_queue q;
 *	struct europa_entry e[64];
 *	int fd = europa_open("blue");
 *
 *	europa_attach(&q, fd, 0, 0);
 *	europa_start(&q);
 *	for (;;) {
 *		unsigned int i, n = europa_rx_peek(&q, e, 64);
 *
 *		for (i = 0; i < n; i++)
 *			europa_punt(&q, &e[i]);
 *		europa_tx_submit(&q);
 *		europa_wait(&q, -1);
 *	}
 *
 * Every entry from europa_rx_peek() or europa_spare_get() goes back exactly
 * once: by europa_send(), europa_punt() or europa_drop(), in any order.
 *
 * Functions that can fail return a negative errno value; the global errno is
 * unspecified afterwards. A queue belongs to one thread at a time; different
 * queues are independent. The process needs the file descriptor and no
 * privilege; europa_open() by name also needs a netlink socket.
 */
#ifndef LIBEUROPA_H
#define LIBEUROPA_H

#include <libeuropa_ring.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One attached queue. Fields are the library's; read them, do not write. */
struct europa_queue {
	struct europa_ring rx;
	struct europa_ring tx;
	__u8 *slots;		/* slot 0 */
	__u32 stride;		/* bytes from slot to slot */
	__u32 pending;		/* entries published since tx was last drained */
	struct europa_ctl *ctl;
	struct europa_ring spare;
	int fd;
	__u32 vr;		/* number */
	__u32 queue;		/* index */
	__u32 slot_count;
	__u32 spares;		/* blank slots granted */
	__u32 headroom;		/* bytes between slot header and rx data */
	__u32 snap;		/* bytes of a packet in a slot, at most */
	__u32 generation;
	void *map;
	__u64 map_size;		/* bytes */
	__u64 features;		/* EUROPA_FEATURE_*, as granted */
	__u64 reserved[10];	/* 0; room to grow */
};

/*
 * What to ask for at attach. The caller writes it, the library only reads. All
 * of it zeroed is the default, so zero it before you set a field: later
 * versions make fields of what is reserved.
 */
struct europa_attach_options {
	__u32 queue;		/* index, 0 ... the VR's queues - 1 */
	__u32 spares;		/* blank slots, 0 ... slots / 2; 0: the kernel's
				 * default, 64 or slots / 2
				 */
	__u64 features;		/* EUROPA_FEATURE_*, as wanted; those the kernel
				 * does not know are not granted: q->features
				 */
	__u32 snap;		/* most bytes of a packet that you look at, 64 to
				 * 1984: no more is copied, the rest goes out as it
				 * came; 0: as many as `ip vr ... snap` allows;
				 * what there is then: q->snap
				 */
	__u32 reserved0;	/* these, too: 0, else -EINVAL */
	__u64 reserved[5];
};

/*
 * europa_open: open a VR's device. vr is a number ("3"), a name ("blue"), or
 * NULL or "" for the descriptor that `ip vr exec` left in EUROPA_FD.
 * Returns a descriptor for poll(2) and the calls below; europa_close() it.
 * -ENOENT no such VR, or no such device node; -EACCES; -ENODEV the VR is gone;
 * -EBADF EUROPA_FD is not a descriptor; -EINVAL vr, or no EUROPA_FD.
 * Thread-safe.
 */
int europa_open(const char *vr);

/*
 * europa_open_again: another descriptor of the VR that fd is one of, for another
 * of its queues: each takes a descriptor of its own. It asks /proc and for the
 * same rights as europa_open(). -ENOENT fd is no descriptor, or there is no /proc;
 * -EACCES; -ENODEV the VR is gone. Thread-safe.
 */
int europa_open_again(int fd);

/* europa_close: close the descriptor; this detaches the queue attached by it. */
int europa_close(int fd);

/*
 * europa_attach: become the data plane of one queue and map its pool, without
 * any feature. spares: blank slots wanted, 0 for the kernel's default. No packet
 * arrives yet.
 * -EBUSY there is a data plane; -EISCONN fd has another queue; -EPROTO kernel and
 * library differ in version; -EINVAL no such queue; -EBADF fd is not open for reading and writing;
 * -ENODEV; -ENOMEM.
 */
int europa_attach(struct europa_queue *q, int fd, unsigned int queue,
		  unsigned int spares);

/*
 * europa_attach_with: the same, with features. A feature that was not granted
 * is no error here: look at q->features, and europa_detach() if you cannot do
 * without. EUROPA_FEATURE_AGREE: you forward for the network namespace of the
 * VR's ports; without it the namespace's nftables, iptables and tc rules do
 * not see what you send. EUROPA_FEATURE_IDLE, with AGREE only: while you
 * sleep, a packet that comes alone may be forwarded by the kernel instead of
 * waking you. EUROPA_FEATURE_TAKEOVER: instead of -EBUSY take the queue over from
 * the data plane there is, which is given a second to finish; packets are on rx at
 * once, so attach when all else is ready. -EPERM: it is another user's. o NULL: all
 * defaults. -EINVAL also: snap, or what is reserved is not 0; else as europa_attach().
 */
int europa_attach_with(struct europa_queue *q, int fd,
		       const struct europa_attach_options *o);

/*
 * europa_queue_init: what europa_attach() does after mapping: fill q for a map
 * laid out as a says. For tests, which bring their own zeroed memory.
 */
void europa_queue_init(struct europa_queue *q, int fd, void *map,
		       const struct europa_attach *a);

/* europa_start: from now on packets arrive. -ENOTCONN, -ENODEV. */
int europa_start(struct europa_queue *q);

/*
 * europa_stop: no new packets arrive; the kernel takes over. Then take what is
 * left on rx, give it back and europa_kick(): nothing is lost.
 */
int europa_stop(struct europa_queue *q);

/* europa_detach: give the queue and all its slots back, unmap the pool. */
int europa_detach(struct europa_queue *q);

/* europa_port: what the kernel knows of a port. -ENOENT. Thread-safe. */
int europa_port(int fd, unsigned int port, struct europa_port_info *info);

/*
 * europa_drain: the ioctl behind europa_kick(), without its check. Returns the
 * entries drained.
 */
int europa_drain(struct europa_queue *q);

/*
 * europa_wait: sleep until rx has an entry, timeout_ms has passed (-1: never),
 * or a signal. Published tx entries are drained first, by the same system
 * call. Returns 1 if rx has an entry, 0 at the timeout; -EINTR; -ENODEV the VR
 * is gone.
 */
int europa_wait(struct europa_queue *q, int timeout_ms);

/*
 * europa_rx_wait: europa_rx_peek(); if that finds nothing, drain tx and look
 * at most spins times more before sleeping as europa_wait() does. While packets
 * keep coming, tx is drained whenever a burst is pending. Returns entries taken, 0 at the timeout, or a negative errno value.
 */
int europa_rx_wait(struct europa_queue *q, struct europa_entry *entries,
		   unsigned int max, unsigned int spins, int timeout_ms);

/* The library's version, "major.minor.patch". */
const char *europa_version(void);

/* ---- the datapath: no system call, no lock ----------------------------- */

/* The slot's header: metadata where its flags say so. */
static inline struct europa_slot *europa_slot(const struct europa_queue *q,
					      unsigned int slot)
{
	return (struct europa_slot *)(q->slots + (__u64)slot * q->stride);
}

/* First byte of the packet: e->bytes bytes, Ethernet header first. */
static inline __u8 *europa_data(const struct europa_queue *q,
				const struct europa_entry *e)
{
	return (__u8 *)europa_slot(q, e->slot) + e->offset;
}

/* Metadata of a received packet; NULL if it has none. */
static inline struct europa_slot *europa_meta(const struct europa_queue *q,
					      const struct europa_entry *e)
{
	return e->flags & EUROPA_RX_META ? europa_slot(q, e->slot) : 0;
}

/* Is there a packet to take? */
static inline int europa_rx_ready(const struct europa_queue *q)
{
	return europa_ring_ready(&q->rx);
}

/*
 * europa_rx_peek: copy at most max entries and move on. There is no release:
 * the slots, not the entries, go back.
 */
static inline unsigned int europa_rx_peek(struct europa_queue *q,
					  struct europa_entry *entries,
					  unsigned int max)
{
	return europa_ring_read(&q->rx, entries, max);
}

/*
 * europa_spare_get: take a blank slot for a packet of one's own: data at
 * e->offset, room for e->len bytes there, metadata flags 0. Returns 1, or 0 if
 * there is none until the kernel has transmitted some. Fill it, set e->len,
 * and europa_send() with bytes == len.
 */
static inline int europa_spare_get(struct europa_queue *q,
				   struct europa_entry *e)
{
	if (!europa_ring_read(&q->spare, e, 1))
		return 0;
	e->offset = sizeof(struct europa_slot) + q->headroom;
	e->len = q->stride - e->offset;
	e->bytes = 0;
	e->port = 0;
	europa_slot(q, e->slot)->flags = 0;
	return 1;
}

/*
 * europa_tx_write: put an entry on tx, its slot going back with it. The ring
 * has room for every slot, so this cannot fail. The kernel sees it after
 * europa_tx_submit(); from here on do not touch the slot.
 */
static inline void europa_tx_write(struct europa_queue *q, __u32 len,
				   __u16 slot, __u16 bytes, __u16 offset,
				   __u16 port, enum europa_op op)
{
	europa_slot(q, slot)->state = EUROPA_STATE_KERNEL;
	europa_ring_write(&q->tx, europa_entry(len, slot, bytes, offset, port, op));
}

/* Send out of a port; `bytes` leading bytes, from e->offset, have changed. */
static inline void europa_send(struct europa_queue *q,
			       const struct europa_entry *e, unsigned int port,
			       unsigned int bytes)
{
	europa_tx_write(q, e->len, e->slot, bytes, e->offset, port,
			EUROPA_OP_SEND);
}

/*
 * Hand the packet to the kernel's stack at e->port: as it was received, or,
 * from a spare slot, as it is.
 */
static inline void europa_punt(struct europa_queue *q,
			       const struct europa_entry *e)
{
	europa_tx_write(q, e->len, e->slot, e->bytes, e->offset, e->port,
			EUROPA_OP_PUNT);
}

static inline void europa_drop(struct europa_queue *q,
			       const struct europa_entry *e)
{
	europa_tx_write(q, 0, e->slot, 0, e->offset, e->port, EUROPA_OP_DROP);
}

/* Make everything written visible to the kernel, at once; returns how many. */
static inline unsigned int europa_tx_submit(struct europa_queue *q)
{
	unsigned int n = europa_ring_submit(&q->tx);

	q->pending += n;
	return n;
}

/*
 * Does the kernel want a kick for what is published? If the flag is clear, it
 * polls tx (`ip vr ... tx poll`): it sets the flag, fences and looks at tx once
 * more before it stops polling; here tx is published, then fenced, then the flag
 * is read. One of the two sees the other.
 */
static inline int europa_need_kick(const struct europa_queue *q)
{
	if (!q->pending)
		return 0;
	if (__atomic_load_n(&q->ctl->flags, __ATOMIC_RELAXED) & EUROPA_CTL_NEED_KICK)
		return 1;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return __atomic_load_n(&q->ctl->flags, __ATOMIC_RELAXED) &
	       EUROPA_CTL_NEED_KICK;
}

/*
 * europa_leaving: is another data plane taking over? Then no packet comes any more:
 * take what is left on rx, give it back, kick, and detach or exit; nothing is lost.
 * europa_wait() does not sleep from then on, and after about a second the queue is
 * detached anyway. Look when it returns, and now and then between bursts.
 */
static inline int europa_leaving(const struct europa_queue *q)
{
	return !!(__atomic_load_n(&q->ctl->flags, __ATOMIC_RELAXED) & EUROPA_CTL_LEAVE);
}

/*
 * europa_kick: have tx drained now, if need be; once per burst is enough.
 * Returns entries drained, 0 if there was nothing to do, -ENODEV the VR is
 * gone, -ENOTCONN.
 */
static inline int europa_kick(struct europa_queue *q)
{
	return europa_need_kick(q) ? europa_drain(q) : (int)(q->pending = 0);
}

/*
 * europa_arm, europa_arm_awake, europa_disarm: around a poll(2) of one's own that includes
 * q->fd. europa_arm() returns 1 if rx has an entry: do not sleep, and kick if
 * there is something to kick. Store of the cursor, full fence, look at rx: the
 * kernel publishes, fences and reads the store, so either it sees us armed and
 * wakes us, or we see its entry. poll() compares the cursor too.
 */
static inline int europa_arm_as(struct europa_queue *q, __u64 how)
{
	__atomic_store_n(&q->ctl->rx_wait, q->rx.cursor | how, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return europa_rx_ready(q);
}

static inline int europa_arm(struct europa_queue *q)
{
	return europa_arm_as(q, q->features & EUROPA_FEATURE_IDLE ?
			     EUROPA_RX_ARMED | EUROPA_RX_IDLE : EUROPA_RX_ARMED);
}

/* The same, but each packet wakes you: EUROPA_FEATURE_IDLE rests for this sleep. */
static inline int europa_arm_awake(struct europa_queue *q)
{
	return europa_arm_as(q, EUROPA_RX_ARMED);
}

/* After poll(), or if it was not called. drained: poll() was called. */
static inline void europa_disarm(struct europa_queue *q, int drained)
{
	__atomic_store_n(&q->ctl->rx_wait, q->rx.cursor, __ATOMIC_RELAXED);
	if (drained)
		q->pending = 0;
}

static inline void europa_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ __volatile__("isb" ::: "memory");
#else
	__asm__ __volatile__("" ::: "memory");
#endif
}

#ifdef __cplusplus
}
#endif

#endif /* LIBEUROPA_H */
