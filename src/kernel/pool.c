// SPDX-License-Identifier: GPL-2.0
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/sort.h>
#include <linux/vmalloc.h>
#include "compat.h"
#include "pool.h"

#define EUROPA_SPARES_DEFAULT	64

static_assert(sizeof(struct europa_entry) == 16);
static_assert(offsetof(struct europa_entry, len) == 0);
static_assert(offsetof(struct europa_entry, slot) == 4);
static_assert(offsetof(struct europa_entry, bytes) == 6);
static_assert(offsetof(struct europa_entry, offset) == 8);
static_assert(offsetof(struct europa_entry, port) == 10);
static_assert(offsetof(struct europa_entry, op) == 12);
static_assert(offsetof(struct europa_entry, flags) == 13);
static_assert(offsetof(struct europa_entry, phase) == 14);
static_assert(sizeof(struct europa_slot) == 64);
static_assert(offsetof(struct europa_slot, flags) == 4);
static_assert(offsetof(struct europa_slot, vlan_proto) == 8);
static_assert(offsetof(struct europa_slot, vlan_tci) == 10);
static_assert(offsetof(struct europa_slot, csum_start) == 12);
static_assert(offsetof(struct europa_slot, csum_offset) == 14);
static_assert(offsetof(struct europa_slot, gso_type) == 16);
static_assert(offsetof(struct europa_slot, gso_size) == 18);
static_assert(offsetof(struct europa_slot, gso_segs) == 20);
static_assert(offsetof(struct europa_slot, gso_hdr_len) == 22);
static_assert(offsetof(struct europa_slot, hash) == 24);
static_assert(offsetof(struct europa_slot, reserved) == 28);
static_assert(sizeof(struct europa_ctl) == 128);
static_assert(offsetof(struct europa_ctl, generation) == 4);
static_assert(offsetof(struct europa_ctl, rx_wait) == 64);
static_assert(sizeof(struct europa_attach) == 128);
static_assert(offsetof(struct europa_attach, queue) == 4);
static_assert(offsetof(struct europa_attach, features) == 8);
static_assert(offsetof(struct europa_attach, spares) == 16);
static_assert(offsetof(struct europa_attach, vr) == 20);
static_assert(offsetof(struct europa_attach, generation) == 24);
static_assert(offsetof(struct europa_attach, slots) == 28);
static_assert(offsetof(struct europa_attach, stride) == 32);
static_assert(offsetof(struct europa_attach, headroom) == 36);
static_assert(offsetof(struct europa_attach, snap) == 40);
static_assert(offsetof(struct europa_attach, rx_size) == 44);
static_assert(offsetof(struct europa_attach, tx_size) == 48);
static_assert(offsetof(struct europa_attach, spare_size) == 52);
static_assert(offsetof(struct europa_attach, map_size) == 56);
static_assert(offsetof(struct europa_attach, rx_offset) == 64);
static_assert(offsetof(struct europa_attach, tx_offset) == 72);
static_assert(offsetof(struct europa_attach, spare_offset) == 80);
static_assert(offsetof(struct europa_attach, slots_offset) == 88);
static_assert(offsetof(struct europa_attach, reserved) == 96);
static_assert(sizeof(struct europa_port_info) == 32);
static_assert(offsetof(struct europa_port_info, address) == 16);
static_assert(sizeof(struct europa_held) == 16);
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

static void europa_pool_free(struct europa_pool *pool)
{
	unsigned long i, n = pool->size >> PAGE_SHIFT;

	vunmap(pool->base);
	for (i = 0; pool->pages && i < n && pool->pages[i]; i++)
		__free_page(pool->pages[i]);
	kvfree(pool->pages);
	kvfree(pool->held);
	kvfree(pool->free);
	kvfree(pool);
}

static void europa_pool_release_ref(struct kref *refs)
{
	europa_pool_free(container_of(refs, struct europa_pool, refs));
}

void europa_pool_put(struct europa_pool *pool)
{
	kref_put(&pool->refs, europa_pool_release_ref);
}

/* Slot 0 ends on top of the free stack; the spares are the last slots. */
static void europa_pool_fill(struct europa_pool *pool)
{
	u32 i;

	for (i = pool->slots - pool->spares; i-- > 0;)
		pool->free[pool->nfree++] = i;
	for (i = pool->slots - pool->spares; i < pool->slots; i++)
		europa_pool_give_spare(pool, i);
	pool->ctl->flags = EUROPA_CTL_NEED_KICK;
}

struct europa_pool *europa_pool_create(u32 slots, u32 snap, u32 spares)
{
	struct europa_layout at;
	struct europa_pool *pool;

	pool = kvzalloc(sizeof(*pool), GFP_KERNEL_ACCOUNT);
	if (!pool)
		return NULL;
	kref_init(&pool->refs);
	pool->slots = slots;
	pool->snap = snap;
	pool->spares = min(spares ?: EUROPA_SPARES_DEFAULT, slots / 2);
	europa_pool_layout(&at, slots, pool->spares);
	pool->size = at.size;
	pool->held = kvcalloc(slots, sizeof(*pool->held), GFP_KERNEL_ACCOUNT);
	pool->free = kvcalloc(slots, sizeof(*pool->free), GFP_KERNEL_ACCOUNT);
	if (!pool->held || !pool->free || europa_pool_alloc_pages(pool)) {
		europa_pool_free(pool);
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

void europa_pool_give_spare(struct europa_pool *pool, u16 index)
{
	struct europa_slot *slot = europa_pool_slot(pool, index);
	struct europa_entry entry = {
		.slot = index,
		.offset = EUROPA_DATA_OFFSET,
	};

	pool->held[index].owner = EUROPA_OWNER_SPARE;
	pool->held[index].flags = 0;
	pool->count[EUROPA_OWNER_SPARE]++;
	WRITE_ONCE(slot->flags, 0);
	WRITE_ONCE(slot->state, EUROPA_STATE_VR);
	europa_ring_produce(&pool->spare, &entry);
}

static bool europa_pool_lent(const struct europa_held *held)
{
	return held->owner == EUROPA_OWNER_RX ||
	       held->owner == EUROPA_OWNER_VR ||
	       held->owner == EUROPA_OWNER_SPARE;
}

/*
 * Take up to a burst of entries from the tx ring; their slots become TX and
 * their packets the drainer's. The bound is on entries read, so a ring of
 * rubbish costs no more than a ring of packets. *bad counts the rubbish.
 */
u32 europa_pool_claim(struct europa_pool *pool, u32 *bad)
{
	struct europa_claim *claim = pool->claims;
	struct europa_held *held;
	u32 i;

	for (i = 0; i < EUROPA_BURST; i++) {
		if (!europa_ring_consume(&pool->tx, &claim->entry))
			break;
		if (unlikely(claim->entry.slot >= pool->slots)) {
			++*bad;
			continue;
		}
		held = &pool->held[array_index_nospec(claim->entry.slot,
						      pool->slots)];
		if (unlikely(!europa_pool_lent(held))) {
			++*bad;
			continue;
		}
		claim->held = *held;
		if (held->skb)
			pool->held_bytes -= held->skb->truesize;
		held->skb = NULL;
		pool->count[held->owner]--;
		held->owner = EUROPA_OWNER_TX;
		claim++;
	}
	pool->count[EUROPA_OWNER_TX] = claim - pool->claims;
	return claim - pool->claims;
}

/* Give back what claim() took: spares are issued again, the rest is free. */
void europa_pool_release(struct europa_pool *pool, u32 claimed)
{
	struct europa_claim *claim = pool->claims;

	pool->count[EUROPA_OWNER_TX] = 0;
	for (; claimed--; claim++) {
		if (claim->held.owner == EUROPA_OWNER_SPARE) {
			europa_pool_give_spare(pool, claim->entry.slot);
			continue;
		}
		pool->held[claim->entry.slot].owner = EUROPA_OWNER_FREE;
		pool->free[pool->nfree++] = claim->entry.slot;
	}
}

static void europa_pool_take_back(struct europa_pool *pool,
				  struct europa_held *held)
{
	pool->held_bytes -= held->skb->truesize;
	held->skb = NULL;
	held->flags = 0;
	held->owner = EUROPA_OWNER_VR;
	pool->count[EUROPA_OWNER_RX]--;
	pool->count[EUROPA_OWNER_VR]++;
}

/* The port goes away: take its packets back, leave the VR the slots. */
void europa_pool_take_port(struct europa_pool *pool, u16 port,
			   struct sk_buff_head *taken)
{
	struct europa_held *held = pool->held;
	u32 i;

	for (i = 0; i < pool->slots; i++, held++) {
		if (held->owner != EUROPA_OWNER_RX || held->port != port)
			continue;
		__skb_queue_tail(taken, held->skb);
		europa_pool_take_back(pool, held);
	}
}

static int europa_pool_cmp_seq(const void *a, const void *b, const void *priv)
{
	const struct europa_held *held = priv;

	return (s32)(held[*(const u16 *)a].seq - held[*(const u16 *)b].seq);
}

/*
 * The end, with nothing running and no drainer: list the slots that still hold
 * a packet, oldest first, in the free stack, which nobody needs any more.
 * Without the lock: what a port takes back meanwhile, take() will not find.
 */
u32 europa_pool_list_kept(struct europa_pool *pool)
{
	u32 i, n = 0;

	for (i = 0; i < pool->slots; i++)
		if (READ_ONCE(pool->held[i].owner) == EUROPA_OWNER_RX)
			pool->free[n++] = i;
	sort_r(pool->free, n, sizeof(*pool->free), europa_pool_cmp_seq, NULL,
	       pool->held);
	return n;
}

/* The packet in one slot becomes the caller's; skb is NULL if it has none. */
struct europa_held europa_pool_take(struct europa_pool *pool, u16 index)
{
	struct europa_held *held = &pool->held[index], was = *held;

	if (was.owner != EUROPA_OWNER_RX)
		return (struct europa_held) {};
	europa_pool_take_back(pool, held);
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
