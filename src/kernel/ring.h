/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/*
 * Rings of 16-byte entries in shared memory, one producer, one consumer.
 *
 *     consumer's cursor            producer's cursor
 *            v                            v
 *   | old | valid | valid | ... | valid | old | old |
 *
 * Entry i is valid for a consumer on lap L when its phase is (L + 1) & 1, so
 * the consumer needs no index from the producer and never writes the ring.
 *
 * Order. The producer stores word[0] and everything the entry lends (the slot)
 * before it stores word[1], which holds the phase, with release; the consumer
 * loads word[1] with acquire before word[0] and the slot. A batch is published
 * by storing its first entry last: until then the consumer stops before it.
 *
 * Reuse. The entry at the producer's cursor was consumed: a ring has at least
 * as many entries as slots that may be on it, an unconsumed entry holds its
 * slot, and the slot now being published is not among those. A hostile VR can
 * break this only for the tx ring, where it harms none but itself: the kernel
 * reads each entry once, into private memory, and checks the copy.
 *
 * Cursors are free-running u32 in kernel memory, never in the shared pages.
 */
#ifndef _EUROPA_RING_H
#define _EUROPA_RING_H

#include <linux/europa.h>
#include <asm/barrier.h>

struct europa_ring {
	struct europa_entry *entries;	/* shared memory */
	u32 cursor;			/* next entry to produce or consume */
	u32 mask;			/* entries - 1 */
	u8 order;			/* log2 of entries */
};

static inline u16 europa_ring_phase(const struct europa_ring *ring, u32 cursor)
{
	return ((cursor >> ring->order) + 1) & 1;
}

/* Publish one entry; its phase is filled in here. The cursor is looked at by
 * others, without a lock.
 */
static inline void europa_ring_produce(struct europa_ring *ring,
				       struct europa_entry *entry)
{
	u32 cursor = ring->cursor;
	struct europa_entry *to = &ring->entries[cursor & ring->mask];

	entry->phase = europa_ring_phase(ring, cursor);
	WRITE_ONCE(to->word[0], entry->word[0]);
	/* word[0] and the slot before the phase; pairs with the consumer's */
	smp_store_release(&to->word[1], entry->word[1]);
	WRITE_ONCE(ring->cursor, cursor + 1);
}

/* Where the next entry is, and how many there are up to the ring's end: these
 * have all the same phase.
 */
static inline struct europa_entry *europa_ring_next(const struct europa_ring *ring)
{
	return &ring->entries[ring->cursor & ring->mask];
}

static inline u32 europa_ring_left(const struct europa_ring *ring)
{
	return ring->mask + 1 - (ring->cursor & ring->mask);
}

/* The same for n entries from the cursor on, which is `to`: all is written but the
 * first one's second word, with the phase.
 */
static inline void europa_ring_publish(struct europa_ring *ring,
				       struct europa_entry *to,
				       struct europa_entry first, u32 n)
{
	/* the other words and slots before it; pairs with the consumer's */
	smp_store_release(&to->word[1], first.word[1]);
	WRITE_ONCE(ring->cursor, ring->cursor + n);
}

/* Is there an entry to read? For others than the consumer: a cursor that he has
 * moved on from meanwhile finds one that was there.
 */
static inline bool europa_ring_ready(const struct europa_ring *ring)
{
	u32 cursor = READ_ONCE(ring->cursor);
	struct europa_entry entry;

	entry.word[1] = READ_ONCE(ring->entries[cursor & ring->mask].word[1]);
	return entry.phase == europa_ring_phase(ring, cursor);
}

/* Copy an entry to private memory; false when it is not valid yet. */
static inline bool europa_ring_read(const struct europa_entry *from, u16 phase,
				    struct europa_entry *entry)
{
	/* the phase before word[0] and the slot; pairs with the producer's */
	entry->word[1] = smp_load_acquire(&from->word[1]);
	if (entry->phase != phase)
		return false;
	entry->word[0] = READ_ONCE(from->word[0]);
	return true;
}

#endif /* _EUROPA_RING_H */
