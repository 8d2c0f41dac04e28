/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/*
 * A data plane on the bare contract, <linux/europa.h>, for test programs that must not
 * depend on the library, or must do what it would never do.
 */
#ifndef TESTS_DATAPLANE_H
#define TESTS_DATAPLANE_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <linux/europa.h>

struct dataplane {
	int fd;
	struct europa_attach at;
	char *map;		/* NULL: not mapped */
	uint32_t rx, tx, spare;	/* entries read or written since attach */
};

static inline int dp_error(long ret)
{
	return ret < 0 ? -errno : (int)ret;
}

static inline int dp_attach(struct dataplane *dp)
{
	dp->rx = dp->tx = dp->spare = 0;
	dp->at.version = EUROPA_ABI_VERSION;
	return dp_error(ioctl(dp->fd, EUROPA_IOC_ATTACH, &dp->at));
}

static inline int dp_map(struct dataplane *dp)
{
	void *map = mmap(NULL, dp->at.map_size, PROT_READ | PROT_WRITE, MAP_SHARED, dp->fd, 0);

	if (map == MAP_FAILED)
		return -errno;
	dp->map = map;
	return 0;
}

static inline int dp_unmap(struct dataplane *dp)
{
	int ret = dp_error(munmap(dp->map, dp->at.map_size));

	dp->map = NULL;
	return ret;
}

static inline int dp_kick(const struct dataplane *dp)
{
	return dp_error(ioctl(dp->fd, EUROPA_IOC_KICK));
}

static inline struct europa_slot *dp_slot(const struct dataplane *dp, uint32_t index)
{
	return (void *)(dp->map + dp->at.slots_offset + (size_t)index * dp->at.stride);
}

static inline struct europa_entry *dp_ring(const struct dataplane *dp, uint64_t offset)
{
	return (void *)(dp->map + offset);
}

/* Of an entry on lap L of a ring of so many entries: (L + 1) & 1. */
static inline uint16_t dp_phase(uint32_t cursor, uint32_t size)
{
	return !(cursor & size);
}

static inline bool dp_take(struct europa_entry *ring, uint32_t size, uint32_t *cursor,
			   struct europa_entry *out)
{
	const struct europa_entry *at = &ring[*cursor & (size - 1)];

	out->word[1] = __atomic_load_n(&at->word[1], __ATOMIC_ACQUIRE);
	if (out->phase != dp_phase(*cursor, size))
		return false;
	out->word[0] = at->word[0];
	++*cursor;
	return true;
}

static inline bool dp_receive(struct dataplane *dp, struct europa_entry *out)
{
	return dp_take(dp_ring(dp, dp->at.rx_offset), dp->at.rx_size, &dp->rx, out);
}

static inline bool dp_take_spare(struct dataplane *dp, struct europa_entry *out)
{
	return dp_take(dp_ring(dp, dp->at.spare_offset), dp->at.spare_size, &dp->spare, out);
}

/* Gives the slot to the kernel; the entry's phase is filled in here. */
static inline void dp_return(struct dataplane *dp, struct europa_entry e)
{
	struct europa_entry *at = dp_ring(dp, dp->at.tx_offset) + (dp->tx & (dp->at.tx_size - 1));

	dp_slot(dp, e.slot)->state = EUROPA_STATE_KERNEL;
	e.phase = dp_phase(dp->tx++, dp->at.tx_size);
	at->word[0] = e.word[0];
	__atomic_store_n(&at->word[1], e.word[1], __ATOMIC_RELEASE);
}

/* Tell the kernel how far rx was read, and that somebody is about to sleep. */
static inline void dp_arm(struct dataplane *dp, bool armed)
{
	struct europa_ctl *ctl = (void *)dp->map;

	__u64 how = dp->at.features & EUROPA_FEATURE_IDLE ? EUROPA_RX_ARMED | EUROPA_RX_IDLE :
							    EUROPA_RX_ARMED;

	__atomic_store_n(&ctl->rx_wait, dp->rx | (armed ? how : 0), __ATOMIC_RELAXED);
	atomic_thread_fence(memory_order_seq_cst);
}

static inline bool dp_readable(const struct dataplane *dp)
{
	const struct europa_entry *at = dp_ring(dp, dp->at.rx_offset) + (dp->rx & (dp->at.rx_size - 1));
	struct europa_entry e = { .word[1] = __atomic_load_n(&at->word[1], __ATOMIC_ACQUIRE) };

	return e.phase == dp_phase(dp->rx, dp->at.rx_size);
}

/* Sleep until there is something to receive. Returns poll's events or an error. */
static inline int dp_wait(struct dataplane *dp, int timeout)
{
	struct pollfd p = { .fd = dp->fd, .events = POLLIN };
	int ret = 0;

	dp_arm(dp, true);
	if (!dp_readable(dp))
		ret = dp_error(poll(&p, 1, timeout));
	dp_arm(dp, false);
	return ret < 0 ? ret : p.revents;
}

#endif
