/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) the Europa authors */
/*
 * The rings of <linux/europa.h>, both ends, over any zeroed memory.
 *
 * Barriers, for all rings, argued here once:
 *
 *   producer                               consumer
 *   W1 write words of h+1 ... h+k-1        C1 word[1] of h, acquire
 *   W2 write word[0] of h                  C2 phase wrong: stop
 *   W3 store word[1] of h, release         C3 word[0] of h
 *                                          C4 the same for h+1, ...
 *
 * C1 that sees W3 sees W1, W2 and all the producer did before them: the slots'
 * bytes and states of the whole burst. So entries h+1 ... need no order of
 * their own, and until W3 a consumer stops at h: it never sees a later entry
 * half written. An entry is overwritten one lap later. Then its slot has been
 * given back through the other ring, whose C1 comes after the C3 that read it,
 * so W1 and W2 cannot overtake that read, nor can a slot's new bytes overtake
 * the reading of the old. The consumer's acquire on every entry, not the first
 * only, allows one burst to be taken while the next is being published.
 *
 * A struct europa_ring belongs to one thread: nothing in it is shared.
 */
#ifndef LIBEUROPA_RING_H
#define LIBEUROPA_RING_H

#include <linux/europa.h>

struct europa_ring {
	struct europa_entry *entries;	/* shared */
	__u32 size;		/* entries, a power of two */
	__u32 cursor;		/* entries read or written so far; wraps */
	__u32 published;	/* producer: entries made visible so far */
	__u64 first;		/* producer: word[1] of entry `published` */
};

static inline void europa_ring_init(struct europa_ring *r, void *memory,
				    __u32 size)
{
	r->entries = (struct europa_entry *)memory;
	r->size = size;
	r->cursor = 0;
	r->published = 0;
	r->first = 0;
}

/* Phase of the entry at a cursor: 1 in lap 0, 0 in lap 1, ... */
static inline __u16 europa_ring_phase(const struct europa_ring *r, __u32 cursor)
{
	return !(cursor & r->size);
}

static inline struct europa_entry *europa_ring_at(const struct europa_ring *r,
						  __u32 cursor)
{
	return &r->entries[cursor & (r->size - 1)];
}

/* Is there an entry to read? */
static inline int europa_ring_ready(const struct europa_ring *r)
{
	struct europa_entry e;

	e.word[1] = __atomic_load_n(&europa_ring_at(r, r->cursor)->word[1],
				    __ATOMIC_ACQUIRE);
	return e.phase == europa_ring_phase(r, r->cursor);
}

/* The same within one lap, where all phases are alike. */
static inline unsigned int europa_ring_run(const struct europa_entry *at,
					   __u16 phase, struct europa_entry *out,
					   unsigned int max)
{
	unsigned int n;

	for (n = 0; n < max; n++) {
		struct europa_entry e;

		e.word[1] = __atomic_load_n(&at[n].word[1], __ATOMIC_ACQUIRE);
		if (e.phase != phase)
			break;
		out[n].word[0] = at[n].word[0];
		out[n].word[1] = e.word[1];
	}
	return n;
}

/* Copy and consume at most max entries; returns how many. */
static inline unsigned int europa_ring_read(struct europa_ring *r,
					    struct europa_entry *out,
					    unsigned int max)
{
	const __u16 phase = europa_ring_phase(r, r->cursor);
	const unsigned int room = r->size - (r->cursor & (r->size - 1));
	unsigned int n = europa_ring_run(europa_ring_at(r, r->cursor), phase, out,
					 max < room ? max : room);

	if (n == room && n < max)
		n += europa_ring_run(r->entries, !phase, out + n,
				     max - n < r->size ? max - n : r->size);
	r->cursor += n;
	return n;
}

/* Phase 1, as part of word[1]. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define EUROPA_PHASE_BIT	(1ULL << 48)
#else
#define EUROPA_PHASE_BIT	1ULL
#endif

/* The words of an entry; phase 0. Shifts cost less than fields one by one. */
static inline struct europa_entry europa_entry(__u32 len, __u16 slot, __u16 bytes,
					       __u16 offset, __u16 port, __u8 op)
{
	struct europa_entry e;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	e.word[0] = len | (__u64)slot << 32 | (__u64)bytes << 48;
	e.word[1] = offset | (__u32)port << 16 | (__u64)op << 32;
#else
	e.len = len;
	e.slot = slot;
	e.bytes = bytes;
	e.offset = offset;
	e.port = port;
	e.op = op;
	e.flags = 0;
	e.phase = 0;
#endif
	return e;
}

/* Write one entry, of phase 0, behind the last. Not yet visible. */
static inline void europa_ring_write(struct europa_ring *r,
				     struct europa_entry e)
{
	struct europa_entry *at = europa_ring_at(r, r->cursor);

	if (!(r->cursor & r->size))
		e.word[1] |= EUROPA_PHASE_BIT;
	at->word[0] = e.word[0];
	if (r->cursor == r->published)
		r->first = e.word[1];
	else
		at->word[1] = e.word[1];
	r->cursor++;
}

/* Make all written entries visible at once; returns how many. */
static inline unsigned int europa_ring_submit(struct europa_ring *r)
{
	unsigned int n = r->cursor - r->published;

	if (!n)
		return 0;
	__atomic_store_n(&europa_ring_at(r, r->published)->word[1], r->first,
			 __ATOMIC_RELEASE);
	r->published = r->cursor;
	return n;
}

#endif /* LIBEUROPA_RING_H */
