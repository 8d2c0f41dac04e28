// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * A router on AF_XDP sockets, for comparison: the kernel copies a packet into memory that
 * both sockets share (a veth cannot do without), and out of it again.
 * XSK_PROGRAM names the file of the XDP program.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <xdp/xsk.h>

#include "../plain.h"

#define FRAME_BYTES	XSK_UMEM__DEFAULT_FRAME_SIZE
#define RING		2048		/* entries of each ring */
#define FRAMES		(RING * PLAIN_PORTS)

struct port {
	struct xsk_socket *socket;
	struct xsk_ring_cons rx, done;	/* received; sent */
	struct xsk_ring_prod tx, fill;	/* to be sent; free, to receive in */
	unsigned int unsent;		/* put on tx, not done */
};

static struct port ports[PLAIN_PORTS];
static struct xsk_umem *umem;
static uint8_t *memory;

/* Free frames that no ring has. */
static uint64_t spare[FRAMES];
static unsigned int spare_count;

static int load(unsigned int i)
{
	const char *file = getenv("XSK_PROGRAM"), *device = plain_ports[i].device;
	struct bpf_object *o = file ? bpf_object__open_file(file, NULL) : NULL;
	struct bpf_program *p;

	if (!o || bpf_object__load(o))
		return plain_fail("XSK_PROGRAM");
	p = bpf_object__next_program(o, NULL);
	if (bpf_xdp_attach(if_nametoindex(device), bpf_program__fd(p),
			   XDP_FLAGS_DRV_MODE, NULL) ||
	    xsk_socket__update_xskmap(ports[i].socket,
				      bpf_object__find_map_fd_by_name(o, "sockets")))
		return plain_fail(device);
	return 0;
}

static int open_memory(void)
{
	const struct xsk_umem_config c = {
		.fill_size = RING,
		.comp_size = RING,
		.frame_size = FRAME_BYTES,
	};
	size_t bytes = (size_t)FRAMES * FRAME_BYTES;

	memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED ||
	    xsk_umem__create(&umem, memory, bytes, &ports[0].fill, &ports[0].done, &c))
		return plain_fail("memory");
	for (; spare_count < FRAMES; spare_count++)
		spare[spare_count] = (uint64_t)spare_count * FRAME_BYTES;
	return 0;
}

/* As many free frames as there are, and fit. */
static void refill(struct port *p)
{
	unsigned int n = xsk_prod_nb_free(&p->fill, spare_count), i;
	uint32_t at;

	if (n > spare_count)
		n = spare_count;
	if (!n || xsk_ring_prod__reserve(&p->fill, n, &at) != n)
		return;
	for (i = 0; i < n; i++)
		*xsk_ring_prod__fill_addr(&p->fill, at + i) = spare[--spare_count];
	xsk_ring_prod__submit(&p->fill, n);
}

static int open_port(unsigned int i)
{
	const struct xsk_socket_config c = {
		.rx_size = RING,
		.tx_size = RING,
		.libxdp_flags = XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD,
		.bind_flags = XDP_COPY | XDP_USE_NEED_WAKEUP,
	};
	struct port *p = &ports[i];
	int err;

	err = xsk_socket__create_shared(&p->socket, plain_ports[i].device, 0, umem, &p->rx,
					&p->tx, &p->fill, &p->done, &c);
	if (err) {
		errno = -err;
		return plain_fail(plain_ports[i].device);
	}
	if (load(i))
		return -1;
	refill(p);
	return xsk_socket__fd(p->socket);
}

/* What was sent is free. */
static void reclaim(struct port *p)
{
	uint32_t at, n = xsk_ring_cons__peek(&p->done, RING, &at), i;

	for (i = 0; i < n; i++)
		spare[spare_count++] = *xsk_ring_cons__comp_addr(&p->done, at + i);
	xsk_ring_cons__release(&p->done, n);
	p->unsent -= n;
}

/* Sends what was put on tx, some 32 per call, until all is done. */
static void flush(struct port *p)
{
	xsk_ring_prod__submit(&p->tx, p->unsent);
	while (p->unsent) {
		sendto(xsk_socket__fd(p->socket), NULL, 0, MSG_DONTWAIT, NULL, 0);
		reclaim(p);
	}
}

static void route(unsigned int in, const struct xdp_desc *d)
{
	uint64_t addr = xsk_umem__add_offset_to_addr(d->addr);
	struct xdp_desc *to;
	size_t length;
	uint32_t at;
	int out;

	out = plain_route(in, xsk_umem__get_data(memory, addr), d->len, &length);
	if (out < 0 || xsk_ring_prod__reserve(&ports[out].tx, 1, &at) != 1) {
		spare[spare_count++] = addr - addr % FRAME_BYTES;
		return;
	}
	to = xsk_ring_prod__tx_desc(&ports[out].tx, at);
	to->addr = addr;
	to->len = length;
	ports[out].unsent++;
}

/* The ring tells what there is. */
static bool burst(unsigned int in, bool ready)
{
	struct port *p = &ports[in];
	uint32_t at, n, i;

	(void)ready;
	n = xsk_ring_cons__peek(&p->rx, PLAIN_BURST, &at);
	for (i = 0; i < n; i++)
		route(in, xsk_ring_cons__rx_desc(&p->rx, at + i));
	xsk_ring_cons__release(&p->rx, n);
	for (i = 0; n && i < PLAIN_PORTS; i++)
		flush(&ports[i]);
	refill(p);
	return n;
}

int main(int argc, char **argv)
{
	int err = plain_parse(argc, argv);

	if (!err && open_memory())
		err = 1;
	return err ?: plain_serve(open_port, burst);
}
