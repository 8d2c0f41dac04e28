// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fake.h"

int __wrap_ioctl(int fd, unsigned long request, ...);
int __wrap_poll(struct pollfd *p, nfds_t n, int timeout);
int __real_poll(struct pollfd *p, nfds_t n, int timeout);

static void lay_out(struct europa_attach *a, __u32 slots)
{
	*a = (struct europa_attach){
		.vr = 3, .generation = 1, .slots = slots,
		.stride = EUROPA_STRIDE, .headroom = EUROPA_HEADROOM,
		.snap = FAKE_SNAP, .spares = slots / 8,
		.rx_size = slots, .tx_size = slots, .spare_size = slots,
	};
	a->rx_offset = sizeof(struct europa_ctl);
	a->tx_offset = a->rx_offset + slots * sizeof(struct europa_entry);
	a->spare_offset = a->tx_offset + slots * sizeof(struct europa_entry);
	a->slots_offset = a->spare_offset + slots * sizeof(struct europa_entry);
	a->map_size = a->slots_offset + (__u64)slots * a->stride;
}

void fake_open(struct fake *k, struct europa_queue *q, __u32 slots, int fd)
{
	struct europa_attach *a = &k->geometry;
	__u8 *map;
	__u32 i;

	lay_out(a, slots);
	map = k->map = aligned_alloc(64, a->map_size);
	memset(map, 0, a->map_size);
	((struct europa_ctl *)k->map)->flags = EUROPA_CTL_NEED_KICK;
	europa_ring_init(&k->rx, map + a->rx_offset, slots);
	europa_ring_init(&k->tx, map + a->tx_offset, slots);
	europa_ring_init(&k->spare, map + a->spare_offset, slots);
	k->slots = map + a->slots_offset;
	k->free = malloc(slots * sizeof(*k->free));
	k->free_count = slots;
	for (i = 0; i < slots; i++)
		k->free[i] = i;
	if (q)
		europa_queue_init(q, fd, map, a);
}

void fake_close(struct fake *k)
{
	free(k->map);
	free(k->free);
}

struct europa_slot *fake_slot(const struct fake *k, unsigned int slot)
{
	return (void *)(k->slots + (size_t)slot * k->geometry.stride);
}

__u8 *fake_data(const struct fake *k, const struct europa_entry *e)
{
	return (__u8 *)fake_slot(k, e->slot) + e->offset;
}

int fake_receive(struct fake *k, unsigned int port, const void *frame, __u32 len,
		 unsigned int flags, const struct europa_slot *meta)
{
	struct europa_entry e = { .len = len, .port = port };
	struct europa_slot *s;

	if (!k->free_count)
		return -1;
	e.slot = k->free[--k->free_count];
	e.offset = sizeof(*s) + k->geometry.headroom;
	e.bytes = len < FAKE_SNAP ? len : FAKE_SNAP;
	e.flags = flags | (meta ? EUROPA_RX_META : 0);
	s = fake_slot(k, e.slot);
	if (meta)
		*s = *meta;
	else
		s->flags = 0;
	s->state = EUROPA_STATE_VR;
	memcpy(fake_data(k, &e), frame, e.bytes);
	europa_ring_write(&k->rx, e);
	return e.slot;
}

int fake_drain(struct fake *k, struct europa_entry *e)
{
	if (!europa_ring_read(&k->tx, e, 1))
		return 0;
	if (fake_slot(k, e->slot)->state != EUROPA_STATE_KERNEL)
		abort();
	k->free[k->free_count++] = e->slot;
	return 1;
}

/* ---- a device to attach to ---------------------------------------------- */

struct fake_device fake_device;

int fake_device_open(__u32 slots)
{
	struct fake_device *d = &fake_device;

	fake_open(&d->fake, NULL, slots, -1);
	d->fd = memfd_create("pool", MFD_CLOEXEC);
	return ftruncate(d->fd, d->fake.geometry.map_size);
}

int fake_device_close(void)
{
	fake_close(&fake_device.fake);
	return close(fake_device.fd);
}

static int attach(struct fake_device *d, struct europa_attach *a)
{
	struct europa_attach answer = d->fake.geometry;

	/* One file, one queue; others are only asked for to see whether they are there. */
	if (d->attached && a->queue) {
		errno = a->queue > d->queues ? EINVAL : EISCONN;
		return -1;
	}
	d->attaches++;
	d->asked[1] = d->asked[0];
	d->asked[0] = *a;
	errno = d->err ? d->err : d->first && a->features ? EINVAL : 0;
	if (errno)
		return -1;
	answer.version = a->version;
	answer.queue = a->queue;
	answer.features = a->features & d->knows;
	answer.spares = a->spares ? a->spares : 8;
	*a = answer;
	d->attached = true;
	return 0;
}

static int device_ioctl(struct fake_device *d, unsigned long request, void *arg)
{
	if (request == EUROPA_IOC_ATTACH)
		return attach(d, arg);
	if (request == EUROPA_IOC_DETACH) {
		d->detaches++;
		d->attached = false;
	}
	return 0;
}

__attribute__((weak)) int __wrap_ioctl(int fd, unsigned long request, ...)
{
	void *arg = NULL;
	va_list ap;

	if (fd != fake_device.fd)
		abort();
	if (request == EUROPA_IOC_ATTACH) {
		va_start(ap, request);
		arg = va_arg(ap, void *);
		va_end(ap);
	}
	return device_ioctl(&fake_device, request, arg);
}

__attribute__((weak)) int __wrap_poll(struct pollfd *p, nfds_t n, int timeout)
{
	return __real_poll(p, n, timeout);
}
