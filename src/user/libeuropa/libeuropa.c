// SPDX-License-Identifier: LGPL-2.1-or-later
// Copyright (C) the Europa authors
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "genl.h"
#include "libeuropa.h"

#define AT(type, field, at) \
	_Static_assert(offsetof(struct type, field) == (at), #type "." #field)

AT(europa_entry, len, 0);
AT(europa_entry, slot, 4);
AT(europa_entry, bytes, 6);
AT(europa_entry, offset, 8);
AT(europa_entry, port, 10);
AT(europa_entry, op, 12);
AT(europa_entry, flags, 13);
AT(europa_entry, phase, 14);
AT(europa_slot, hash, 24);
AT(europa_ctl, rx_wait, 64);
AT(europa_attach, features, 8);
AT(europa_attach, map_size, 56);
AT(europa_attach_options, spares, 4);
AT(europa_attach_options, features, 8);
AT(europa_attach_options, snap, 16);
AT(europa_attach_options, reserved, 24);
_Static_assert(sizeof(struct europa_entry) == 16, "europa_entry");
_Static_assert(sizeof(struct europa_slot) == 64, "europa_slot");
_Static_assert(sizeof(struct europa_ctl) == 128, "europa_ctl");
_Static_assert(sizeof(struct europa_attach) == 128, "europa_attach");
_Static_assert(sizeof(struct europa_port_info) == 32, "europa_port_info");
_Static_assert(sizeof(struct europa_attach_options) == 64, "europa_attach_options");
_Static_assert(sizeof(void *) != 8 || sizeof(struct europa_queue) == 256,
	       "europa_queue");

/* 1 ... max; 0 if text is not such a number. */
static unsigned int number(const char *text, unsigned long max)
{
	unsigned long n;
	char *end;

	if (*text < '0' || *text > '9')
		return 0;
	errno = 0;
	n = strtoul(text, &end, 10);
	return errno || *end || n > max ? 0 : n;
}

static int inherited(void)
{
	const char *text = getenv("EUROPA_FD");
	int fd;

	if (!text)
		return -EINVAL;
	fd = number(text, INT_MAX);
	if (!fd)
		return -EINVAL;
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return -errno;
	return fd;
}

static int all_digits(const char *text)
{
	return !text[strspn(text, "0123456789")];
}

int europa_open(const char *vr)
{
	char path[64];
	int n, fd;

	if (!vr || !*vr)
		return inherited();
	n = number(vr, EUROPA_VR_MAX);
	if (!n)
		n = all_digits(vr) ? -EINVAL : europa_genl_number(vr);
	if (n < 0)
		return n;
	snprintf(path, sizeof(path), "/dev/europa/vr%d", n);
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int europa_open_again(int fd)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int europa_close(int fd)
{
	return close(fd) ? -errno : 0;
}

void europa_queue_init(struct europa_queue *q, int fd, void *map,
		       const struct europa_attach *a)
{
	__u8 *base = map;

	memset(q, 0, sizeof(*q));
	q->fd = fd;
	q->map = map;
	q->map_size = a->map_size;
	q->ctl = map;
	europa_ring_init(&q->rx, base + a->rx_offset, a->rx_size);
	europa_ring_init(&q->tx, base + a->tx_offset, a->tx_size);
	europa_ring_init(&q->spare, base + a->spare_offset, a->spare_size);
	q->slots = base + a->slots_offset;
	q->stride = a->stride;
	q->vr = a->vr;
	q->queue = a->queue;
	q->slot_count = a->slots;
	q->spares = a->spares;
	q->headroom = a->headroom;
	q->snap = a->snap;
	q->generation = a->generation;
	q->features = a->features;
}

static int ask_to_attach(int fd, const struct europa_attach_options *o,
			 __u64 features, struct europa_attach *a)
{
	*a = (struct europa_attach){
		.version = EUROPA_ABI_VERSION,
		.queue = o->queue,
		.spares = o->spares,
		.snap = o->snap,
		.features = features,
	};
	return ioctl(fd, EUROPA_IOC_ATTACH, a) ? -errno : 0;
}

static int map_pool(struct europa_queue *q, int fd, const struct europa_attach *a)
{
	void *map;
	int err;

	map = mmap(NULL, a->map_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED) {
		err = -errno;
		ioctl(fd, EUROPA_IOC_DETACH);
		return err;
	}
	europa_queue_init(q, fd, map, a);
	return 0;
}

static int is_zero(const __u64 *words, unsigned int n)
{
	while (n--)
		if (words[n])
			return 0;
	return 1;
}

/* The first modules knew of no feature and refused any: ask again, for none. */
int europa_attach_with(struct europa_queue *q, int fd,
		       const struct europa_attach_options *o)
{
	static const struct europa_attach_options defaults;
	struct europa_attach a;
	int err;

	if (!o)
		o = &defaults;
	if (o->reserved0 || !is_zero(o->reserved, sizeof(o->reserved) / sizeof(o->reserved[0])))
		return -EINVAL;
	err = ask_to_attach(fd, o, o->features, &a);
	if (err == -EINVAL && o->features)
		err = ask_to_attach(fd, o, 0, &a);
	return err ? err : map_pool(q, fd, &a);
}

int europa_attach(struct europa_queue *q, int fd, unsigned int queue,
		  unsigned int spares)
{
	const struct europa_attach_options o = { .queue = queue, .spares = spares };

	return europa_attach_with(q, fd, &o);
}

static int command(struct europa_queue *q, unsigned long request)
{
	int n = ioctl(q->fd, request);

	return n < 0 ? -errno : n;
}

int europa_start(struct europa_queue *q)
{
	return command(q, EUROPA_IOC_START);
}

int europa_stop(struct europa_queue *q)
{
	return command(q, EUROPA_IOC_STOP);
}

int europa_detach(struct europa_queue *q)
{
	int err = command(q, EUROPA_IOC_DETACH);

	if (munmap(q->map, q->map_size) && !err)
		err = -errno;
	memset(q, 0, sizeof(*q));
	q->fd = -1;
	return err;
}

int europa_drain(struct europa_queue *q)
{
	q->pending = 0;
	return command(q, EUROPA_IOC_KICK);
}

int europa_port(int fd, unsigned int port, struct europa_port_info *info)
{
	memset(info, 0, sizeof(*info));
	info->port = port;
	return ioctl(fd, EUROPA_IOC_PORT, info) ? -errno : 0;
}

static int sleep_for(struct europa_queue *q, int timeout_ms)
{
	struct pollfd p = { .fd = q->fd, .events = POLLIN };
	int n = poll(&p, 1, timeout_ms);

	if (n < 0)
		return -errno;
	return p.revents & (POLLERR | POLLHUP | POLLNVAL) ? -ENODEV : n;
}

int europa_wait(struct europa_queue *q, int timeout_ms)
{
	int n;

	if (europa_arm(q)) {
		europa_disarm(q, 0);
		n = europa_kick(q);
		return n < 0 ? n : 1;
	}
	n = sleep_for(q, timeout_ms);
	europa_disarm(q, 1);
	return n < 0 ? n : europa_rx_ready(q);
}

int europa_rx_wait(struct europa_queue *q, struct europa_entry *entries,
		   unsigned int max, unsigned int spins, int timeout_ms)
{
	int n = q->pending < EUROPA_BURST ? 0 : europa_kick(q);

	if (n < 0)
		return n;
	n = europa_rx_peek(q, entries, max);
	if (n)
		return n;
	if (spins) {
		n = europa_kick(q);
		if (n < 0)
			return n;
	}
	while (spins--) {
		if (europa_rx_ready(q))
			return europa_rx_peek(q, entries, max);
		europa_pause();
	}
	n = europa_wait(q, timeout_ms);
	return n <= 0 ? n : (int)europa_rx_peek(q, entries, max);
}

const char *europa_version(void)
{
	return EUROPA_VERSION;
}
