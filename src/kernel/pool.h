/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* The shared memory of one queue, and the private table of who owns a slot. */
#ifndef _EUROPA_POOL_H
#define _EUROPA_POOL_H

#include <linux/kref.h>
#include <linux/skbuff.h>
#include <linux/spinlock.h>
#include "compat.h"
#include "ring.h"

/* Where the data of a packet from rx starts in its slot, in bytes. */
#define EUROPA_DATA_OFFSET	(sizeof(struct europa_slot) + EUROPA_HEADROOM)

enum europa_owner {
	EUROPA_OWNER_FREE,	/* kernel; its index is on the free stack */
	EUROPA_OWNER_RX,	/* VR; the kernel keeps the packet */
	EUROPA_OWNER_VR,	/* VR; its packet was withdrawn */
	EUROPA_OWNER_SPARE,	/* VR; blank */
	EUROPA_OWNER_TX,	/* kernel; being transmitted, or free since then */
	EUROPA_OWNER_COUNT
};

/* Two bursts: one is on its way out while the next is read. */
#define EUROPA_CLAIMS		(2 * EUROPA_BURST)

#define EUROPA_RECORD_TAPPED	0x80	/* somebody listens on that port */
#define EUROPA_RECORD_PLAIN	0x40	/* see europa_rx_is_usual() */

/* What the kernel knows of a slot. Never in shared pages. */
struct europa_record {
	struct sk_buff *skb;	/* owner RX: data at the Ethernet header */
	u32 seq;		/* owner RX: rx ring cursor at hand-over */
	/*
	 * owner RX: number of the port it was received on. While it stands
	 * here it means that port and no later one: a port that goes withdraws
	 * its packets after a grace period, and its number is free only after
	 * another. Who has the packet from here uses the number in the same RCU
	 * section (BH off).
	 */
	union {
		struct {
			u16 port;
			u8 owner;
			u8 flags;	/* EUROPA_RX_*, EUROPA_RECORD_* */
		};
		u32 what;		/* all three, to compare */
	};
};

/* A tx entry the drainer has read, then claimed. */
struct europa_claim {
	struct europa_entry entry;	/* private, slot in range */
	struct europa_record record;	/* owner: as it was before TX */
};

/*
 * Created by attach, which holds one reference; each mapping holds another.
 * All fields but refs and maps are constant or under the queue's lock; the
 * tx and spare rings, claims and scratch belong to the drainer.
 *
 * All the memory is given up at detach, see europa_pool_empty(): what is left
 * for a mapping that stays is this struct. Who uses more than refs and maps
 * got the pool from queue->pool, under one of the locks by which detach takes
 * it out there, and is done with it when he lets go; RCU is waited for before
 * the memory goes. A VMA's close only compares.
 */
struct europa_pool {
	struct kref refs;
	atomic_t maps;		/* VMAs; the last one gone detaches */
	u32 slots;
	u32 snap;		/* most bytes of a packet in a slot */
	u32 spares;
	u32 nfree;
	u32 count[EUROPA_OWNER_COUNT];	/* slots by owner; FREE is nfree */
	u16 *free;		/* stack of slot indices: hottest reused first */
	struct europa_record *records;	/* one for each slot */
	struct europa_ring rx;
	struct europa_ring spare;
	struct europa_ring tx;
	struct europa_ctl *ctl;
	void *slot0;
	u64 kept_bytes;		/* truesize of kept packets */
	void *base;
	size_t size;		/* bytes, whole pages */
	struct page **pages;
	struct europa_claim *claims;	/* EUROPA_CLAIMS, see europa_tx_burst() */
	u8 *scratch;		/* EUROPA_SNAP_MAX: what the VR made of a super-packet */
};

static inline struct europa_slot *europa_pool_slot(const struct europa_pool *pool,
						   u32 index)
{
	return pool->slot0 + (size_t)index * EUROPA_STRIDE;
}

static inline void europa_pool_copy32(void *to, const void *from)
{
	u64 a = get_unaligned((const u64 *)from);
	u64 b = get_unaligned((const u64 *)(from + 8));
	u64 c = get_unaligned((const u64 *)(from + 16));
	u64 d = get_unaligned((const u64 *)(from + 24));

	put_unaligned(a, (u64 *)to);
	put_unaligned(b, (u64 *)(to + 8));
	put_unaligned(c, (u64 *)(to + 16));
	put_unaligned(d, (u64 *)(to + 24));
}

/*
 * Between packet and slot. What headers and small packets take, 32 to 64
 * bytes, in two pieces that may overlap, and what a data plane sees that wants no
 * more than headers, in some: starting a string instruction costs more than that.
 */
static inline void europa_pool_copy(void *to, const void *from, u32 bytes)
{
	u32 at;

	if (likely(bytes - 32 <= 32)) {
		europa_pool_copy32(to, from);
	} else if (bytes - 64 <= 128) {
		for (at = 0; at < bytes - 32; at += 32)
			europa_pool_copy32(to + at, from + at);
	} else {
		memcpy(to, from, bytes);
		return;
	}
	europa_pool_copy32(to + bytes - 32, from + bytes - 32);
}

struct europa_pool *europa_pool_create(u32 slots, u32 snap, u32 spares);
void europa_pool_empty(struct europa_pool *pool);
void europa_pool_put(struct europa_pool *pool);
void europa_pool_geometry(const struct europa_pool *pool,
			  struct europa_attach *geometry);
int europa_pool_mmap(struct europa_pool *pool, struct vm_area_struct *vma);
u32 europa_pool_read(struct europa_pool *pool, struct europa_claim *claim,
		     u32 *bad);
u32 europa_pool_claim(struct europa_pool *pool, struct europa_claim *claims,
		      u32 n, u32 *bad);
u32 europa_pool_release(struct europa_pool *pool, struct europa_claim *claim,
			u32 n);
void europa_pool_issue(struct europa_pool *pool,
		       const struct europa_claim *claim, u32 spares);
void europa_pool_withdraw_port(struct europa_pool *pool, u16 port,
			       struct sk_buff_head *withdrawn);
u32 europa_pool_withdraw_old(struct europa_pool *pool, u32 *index, u32 end,
			     u32 before, struct europa_record *old, u32 most);
u32 europa_pool_list_kept(struct europa_pool *pool);
struct europa_record europa_pool_withdraw(struct europa_pool *pool, u16 index);
bool europa_pool_busy(const struct europa_pool *pool);
void europa_pool_count(const struct europa_pool *pool,
		       u32 counts[EUROPA_OWNER_COUNT]);

#endif /* _EUROPA_POOL_H */
