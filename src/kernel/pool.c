// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/sort.h>
#include <linux/vmalloc.h>
#include "compat.h"
#include "pool.h"

#define EUROPA_SPARES_DEFAULT	64

static_assert(sizeof(struct europa_record) == 16);
static_assert(EUROPA_SLOTS_MAX - 1 <= U16_MAX);
static_assert(EUROPA_STRIDE <= U16_MAX);

/* The rings follow the control block; slots start on a cache line. */
struct europa_layout {
	size_t rx, tx, spare, slots, size;
	u32 ring_size, spare_size;
};

static void europa_pool_layout(struct europa_layout *at, u32 slots, u32 spares)
{
	at->ring_size = roundup_pow_of_two(slots);
	at->spare_size = roundup_pow_of_two(spares);
	at->rx = sizeof(struct europa_ctl);
	at->tx = at->rx + at->ring_size * sizeof(struct europa_entry);
	at->spare = at->tx + at->ring_size * sizeof(struct europa_entry);
	at->slots = ALIGN(at->spare +
			  at->spare_size * sizeof(struct europa_entry), 64);
	at->size = PAGE_ALIGN(at->slots + (size_t)slots * EUROPA_STRIDE);
}

static void europa_pool_ring(struct europa_ring *ring, void *entries, u32 size)
{
	ring->entries = entries;
	ring->mask = size - 1;
	ring->order = ilog2(size);
}

/* Pages, not vmalloc: accounted to the data plane's cgroup, and each mapping
 * holds its own references to them.
 */
static int europa_pool_alloc_pages(struct europa_pool *pool)
{
	unsigned long i, n = pool->size >> PAGE_SHIFT;

	pool->pages = kvcalloc(n, sizeof(*pool->pages), GFP_KERNEL_ACCOUNT);
	if (!pool->pages)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		pool->pages[i] = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
		if (!pool->pages[i])
			return -ENOMEM;
	}
	pool->base = vmap(pool->pages, n, VM_MAP, PAGE_KERNEL);
	return pool->base ? 0 : -ENOMEM;
}

/*
 * Give the memory up; nobody uses it any more. A page that is still mapped, or
 * pinned by a pipe or the like, lives on by references of its own, charged to
 * the cgroup it was allocated in, until its last owner lets go: the kernel
 * neither reads nor writes it again. One page kept keeps no other.
 */
void europa_pool_empty(struct europa_pool *pool)
{
	unsigned long i, n = pool->size >> PAGE_SHIFT;

	vunmap(pool->base);
	for (i = 0; pool->pages && i < n && pool->pages[i]; i++)
		__free_page(pool->pages[i]);
	kvfree(pool->pages);
	kvfree(pool->records);
	kvfree(pool->free);
	kvfree(pool->claims);
	kfree(pool->scratch);
	pool->base = NULL;
	pool->pages = NULL;
	pool->records = NULL;
	pool->free = NULL;
	pool->claims = NULL;
	pool->scratch = NULL;
}

static void europa_pool_release_ref(struct kref *refs)
{
	struct europa_pool *pool = container_of(refs, struct europa_pool, refs);

	europa_pool_empty(pool);
	kfree(pool);
}

void europa_pool_put(struct europa_pool *pool)
{
	kref_put(&pool->refs, europa_pool_release_ref);
}

static void europa_pool_issue_one(struct europa_pool *pool, u16 index)
{
	struct europa_slot *slot = europa_pool_slot(pool, index);
	struct europa_entry entry = {
		.slot = index,
		.offset = EUROPA_DATA_OFFSET,
	};

	WRITE_ONCE(slot->flags, 0);
	WRITE_ONCE(slot->state, EUROPA_STATE_VR);
	europa_ring_produce(&pool->spare, &entry);
}

/* Slot 0 ends on top of the free stack; the spares are the last slots. */
static void europa_pool_fill(struct europa_pool *pool)
{
	u32 i;

	for (i = pool->slots - pool->spares; i-- > 0;)
		pool->free[pool->nfree++] = i;
	for (i = pool->slots - pool->spares; i < pool->slots; i++) {
		pool->records[i].owner = EUROPA_OWNER_SPARE;
		europa_pool_issue_one(pool, i);
	}
	pool->count[EUROPA_OWNER_SPARE] = pool->spares;
	pool->ctl->flags = EUROPA_CTL_NEED_KICK;
}

/* Its size is known. What could be had of it goes with the pool. */
static int europa_pool_alloc(struct europa_pool *pool)
{
	pool->records = kvcalloc(pool->slots, sizeof(*pool->records),
				 GFP_KERNEL_ACCOUNT);
	pool->free = kvcalloc(pool->slots, sizeof(*pool->free),
			      GFP_KERNEL_ACCOUNT);
	pool->claims = kvcalloc(EUROPA_CLAIMS, sizeof(*pool->claims),
				GFP_KERNEL_ACCOUNT);
	pool->scratch = kmalloc(EUROPA_SNAP_MAX, GFP_KERNEL_ACCOUNT);
	if (!pool->records || !pool->free || !pool->claims || !pool->scratch)
		return -ENOMEM;
	return europa_pool_alloc_pages(pool);
}

struct europa_pool *europa_pool_create(u32 slots, u32 snap, u32 spares)
{
	struct europa_layout at;
	struct europa_pool *pool;

	pool = kzalloc(sizeof(*pool), GFP_KERNEL_ACCOUNT);
	if (!pool)
		return NULL;
	kref_init(&pool->refs);
	pool->slots = slots;
	pool->snap = snap;
	pool->spares = min(spares ?: EUROPA_SPARES_DEFAULT, slots / 2);
	europa_pool_layout(&at, slots, pool->spares);
	pool->size = at.size;
	if (europa_pool_alloc(pool)) {
		europa_pool_put(pool);
		return NULL;
	}
	pool->ctl = pool->base;
	pool->slot0 = pool->base + at.slots;
	europa_pool_ring(&pool->rx, pool->base + at.rx, at.ring_size);
	europa_pool_ring(&pool->tx, pool->base + at.tx, at.ring_size);
	europa_pool_ring(&pool->spare, pool->base + at.spare, at.spare_size);
	europa_pool_fill(pool);
	return pool;
}

void europa_pool_geometry(const struct europa_pool *pool,
			  struct europa_attach *geometry)
{
	struct europa_layout at;

	europa_pool_layout(&at, pool->slots, pool->spares);
	geometry->spares = pool->spares;
	geometry->slots = pool->slots;
	geometry->stride = EUROPA_STRIDE;
	geometry->headroom = EUROPA_HEADROOM;
	geometry->snap = pool->snap;
	geometry->rx_size = at.ring_size;
	geometry->tx_size = at.ring_size;
	geometry->spare_size = at.spare_size;
	geometry->map_size = at.size;
	geometry->rx_offset = at.rx;
	geometry->tx_offset = at.tx;
	geometry->spare_offset = at.spare;
	geometry->slots_offset = at.slots;
}

/* Insert the pages; the caller sets up the VMA's operations. */
int europa_pool_mmap(struct europa_pool *pool, struct vm_area_struct *vma)
{
	unsigned long n = pool->size >> PAGE_SHIFT;

	if (vma->vm_pgoff || vma->vm_end - vma->vm_start != pool->size ||
	    !(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	vm_flags_set(vma, VM_DONTCOPY | VM_DONTEXPAND | VM_DONTDUMP);
	return vm_insert_pages(vma, vma->vm_start, pool->pages, &n);
}

static bool europa_pool_lent(const struct europa_record *record)
{
	return record->owner == EUROPA_OWNER_RX ||
	       record->owner == EUROPA_OWNER_VR ||
	       record->owner == EUROPA_OWNER_SPARE;
}

/* The entries up to the ring's end, `most` of them. Returns how many were read. */
static u32 europa_pool_read_lap(struct europa_pool *pool,
				struct europa_claim **claim, u32 most)
{
	struct europa_ring *ring = &pool->tx;
	const struct europa_entry *from = europa_ring_next(ring);
	u32 run = min(most, europa_ring_left(ring)), slots = pool->slots, i;
	u16 phase = europa_ring_phase(ring, ring->cursor);
	struct europa_claim *to = *claim;

	for (i = 0; i < run; i++) {
		if (!europa_ring_read(from++, phase, &to->entry))
			break;
		if (likely(to->entry.slot < slots))
			to++;
	}
	WRITE_ONCE(ring->cursor, ring->cursor + i);
	*claim = to;
	return i;
}

/*
 * Copy up to a burst of entries from the tx ring. The bound is on entries read,
 * so a ring of rubbish costs no more than a ring of packets; *bad counts the
 * rubbish. Only DRAINING is needed: neither ring nor claims are anybody else's.
 */
u32 europa_pool_read(struct europa_pool *pool, struct europa_claim *claims,
		     u32 *bad)
{
	u32 left = min_t(u32, EUROPA_BURST, europa_ring_left(&pool->tx));
	struct europa_claim *claim = claims;
	u32 read = europa_pool_read_lap(pool, &claim, EUROPA_BURST);

	/* The burst may go on at the ring's beginning. */
	if (read == left && read < EUROPA_BURST)
		read += europa_pool_read_lap(pool, &claim, EUROPA_BURST - read);
	*bad += read - (claim - claims);
	return claim - claims;
}

/*
 * Of n entries that were read, claim those whose slots the VR has: the slots
 * become TX and their packets the drainer's. The others are counted in *bad and
 * the gaps they leave are closed. Returns how many were claimed.
 */
u32 europa_pool_claim(struct europa_pool *pool, struct europa_claim *claims,
		      u32 n, u32 *bad)
{
	struct europa_claim *from = claims, *end = claims + n, *to = claims;
	u32 slots = pool->slots, kept = 0;
	u64 bytes = 0;

	for (; from < end; from++) {
		u32 slot = array_index_nospec(from->entry.slot, slots);
		struct europa_record *record = &pool->records[slot];

		if (likely(record->owner == EUROPA_OWNER_RX)) {
			bytes += record->skb->truesize;
			kept++;
		} else if (europa_pool_lent(record)) {
			pool->count[record->owner]--;
		} else {
			continue;
		}
		if (unlikely(to != from))
			to->entry = from->entry;
		to++->record = *record;
		record->skb = NULL;
		record->owner = EUROPA_OWNER_TX;
	}
	pool->kept_bytes -= bytes;
	pool->count[EUROPA_OWNER_RX] -= kept;
	pool->count[EUROPA_OWNER_TX] = to - claims;
	*bad += end - to;
	return to - claims;
}

/*
 * Give back what claim() took: what is no spare is free, though its record says
 * TX until it is used again. Returns how many spares there are, for issue().
 */
u32 europa_pool_release(struct europa_pool *pool, struct europa_claim *claim,
			u32 n)
{
	u16 *free = pool->free + pool->nfree;
	u32 spares = 0;

	for (; n--; claim++) {
		u32 slot = claim->entry.slot;

		if (unlikely(claim->record.owner == EUROPA_OWNER_SPARE)) {
			pool->records[slot].owner = EUROPA_OWNER_SPARE;
			pool->records[slot].flags = 0;
			spares++;
			continue;
		}
		*free++ = slot;
	}
	pool->nfree = free - pool->free;
	pool->count[EUROPA_OWNER_SPARE] += spares;
	return spares;
}

/*
 * Tell the VR of the spares that release() gave back to it. Not under the lock:
 * they are the VR's in the table, but only the drainer could take them from it,
 * and only he writes the spare ring.
 */
void europa_pool_issue(struct europa_pool *pool,
		       const struct europa_claim *claim, u32 spares)
{
	for (; spares; claim++) {
		if (claim->record.owner != EUROPA_OWNER_SPARE)
			continue;
		europa_pool_issue_one(pool, claim->entry.slot);
		spares--;
	}
}

static void europa_pool_withdraw_one(struct europa_pool *pool,
				     struct europa_record *record)
{
	pool->kept_bytes -= record->skb->truesize;
	record->skb = NULL;
	record->flags = 0;
	record->owner = EUROPA_OWNER_VR;
	pool->count[EUROPA_OWNER_RX]--;
	pool->count[EUROPA_OWNER_VR]++;
}

/* The port goes away: withdraw its packets, leave the VR the slots. */
void europa_pool_withdraw_port(struct europa_pool *pool, u16 port,
			       struct sk_buff_head *withdrawn)
{
	struct europa_record *record = pool->records;
	u32 i;

	for (i = 0; i < pool->slots; i++, record++) {
		if (record->owner != EUROPA_OWNER_RX || record->port != port)
			continue;
		__skb_queue_tail(withdrawn, record->skb);
		europa_pool_withdraw_one(pool, record);
	}
}

/*
 * Take back what the VR got before the rx ring was at `before`: up to `most`
 * packets from slots *index to end, and *index goes on. The cursor wraps, but
 * not within the time that a packet can be kept.
 */
u32 europa_pool_withdraw_old(struct europa_pool *pool, u32 *index, u32 end,
			     u32 before, struct europa_record *old, u32 most)
{
	u32 n = 0;

	for (; *index < end && n < most; ++*index) {
		struct europa_record *record = &pool->records[*index];

		if (record->owner != EUROPA_OWNER_RX ||
		    (s32)(record->seq - before) >= 0)
			continue;
		old[n++] = *record;
		europa_pool_withdraw_one(pool, record);
	}
	return n;
}

static int europa_pool_cmp_seq(const void *a, const void *b, const void *priv)
{
	const struct europa_record *record = priv;

	return (s32)(record[*(const u16 *)a].seq - record[*(const u16 *)b].seq);
}

/*
 * The end, with nothing running and no drainer: list the slots that still hold
 * a packet, oldest first, in the free stack, which nobody needs any more.
 * Without the lock: what a port withdraws meanwhile, withdraw() will not find.
 */
u32 europa_pool_list_kept(struct europa_pool *pool)
{
	u32 i, n = 0;

	for (i = 0; i < pool->slots; i++)
		if (READ_ONCE(pool->records[i].owner) == EUROPA_OWNER_RX)
			pool->free[n++] = i;
	sort_r(pool->free, n, sizeof(*pool->free), europa_pool_cmp_seq, NULL,
	       pool->records);
	return n;
}

/* The packet in one slot becomes the caller's; skb is NULL if it has none. */
struct europa_record europa_pool_withdraw(struct europa_pool *pool, u16 index)
{
	struct europa_record *record = &pool->records[index], was = *record;

	if (was.owner != EUROPA_OWNER_RX)
		return (struct europa_record) {};
	europa_pool_withdraw_one(pool, record);
	return was;
}

/* Each is counted where it changes, FREE by the stack: they sum to slots only
 * if no slot was lost or freed twice.
 */
void europa_pool_count(const struct europa_pool *pool,
		       u32 counts[EUROPA_OWNER_COUNT])
{
	memcpy(counts, pool->count, sizeof(pool->count));
	counts[EUROPA_OWNER_FREE] = pool->nfree;
}

/* Has the VR a packet that it received, or is one on its way out? */
bool europa_pool_busy(const struct europa_pool *pool)
{
	return pool->count[EUROPA_OWNER_RX] || pool->count[EUROPA_OWNER_TX];
}
