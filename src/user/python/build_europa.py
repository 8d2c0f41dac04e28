# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) the Europa authors
"""build_europa.py FILE: write the C source of _europa, what europa.py calls of libeuropa."""
import sys

import cffi

CDEF = """
struct europa_queue {
	uint32_t stride, pending, vr, queue, slot_count, spares, headroom, snap, generation;
	uint64_t map_size, features;
	uint8_t *slots;
	void *map;
	...;
};
struct europa_attach_options { uint32_t queue, spares; uint64_t features; uint32_t snap; ...; };
struct europa_port_info { uint32_t port, ifindex, mtu, flags; uint8_t address[6]; ...; };
struct europa_entry { ...; };

int europa_open(const char *vr);
int europa_close(int fd);
int europa_attach_with(struct europa_queue *q, int fd, const struct europa_attach_options *o);
int europa_start(struct europa_queue *q);
int europa_stop(struct europa_queue *q);
int europa_port(int fd, unsigned int port, struct europa_port_info *info);
int europa_rx_wait(struct europa_queue *q, struct europa_entry *entries, unsigned int max,
		   unsigned int spins, int timeout_ms);
int europa_kick(struct europa_queue *q);
int europa_arm(struct europa_queue *q);
void europa_disarm(struct europa_queue *q, int drained);
const char *europa_version(void);
int munmap(void *map, size_t size);

unsigned int spare_burst(struct europa_queue *q, struct europa_entry *e, unsigned int max);
int put_burst(struct europa_queue *q, const struct europa_entry *e, unsigned int n, int op,
	      const uint16_t *ports, const uint16_t *bytes);
"""

SOURCE = """
#include <errno.h>
#include <sys/mman.h>
#include <libeuropa.h>

static unsigned int spare_burst(struct europa_queue *q, struct europa_entry *e, unsigned int max)
{
	unsigned int n = 0;

	while (n < max && europa_spare_get(q, &e[n]))
		n++;
	return n;
}

/* The entries may be of Python's making: a slot that is none is refused, and then all are. */
static int put_burst(struct europa_queue *q, const struct europa_entry *e, unsigned int n, int op,
		     const uint16_t *ports, const uint16_t *bytes)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (e[i].slot >= q->slot_count)
			return -EINVAL;
	for (i = 0; i < n; i++) {
		if (op == EUROPA_OP_SEND)
			europa_send(q, &e[i], ports[i], bytes[i]);
		else if (op == EUROPA_OP_PUNT)
			europa_punt(q, &e[i]);
		else
			europa_drop(q, &e[i]);
	}
	europa_tx_submit(q);
	return 0;
}
"""

ffi = cffi.FFI()
ffi.cdef(CDEF)
ffi.set_source('_europa', SOURCE)
ffi.emit_c_code(sys.argv[1])
