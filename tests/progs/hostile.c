// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * hostile DEVICE ENTRIES [SEED [threads]]: a data plane that wants to do harm. It puts
 * rubbish on its tx ring, from plain noise to entries and packets that are right but for
 * one field, and kicks, until the kernel has read ENTRIES of them. With `threads`, three
 * threads kick while one of them writes over all the shared memory and another stops,
 * starts, detaches, unmaps, attaches and calls nonsense. Needs no privilege.
 */
#include <arpa/inet.h>
#include <err.h>
#include <net/ethernet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "dataplane.h"
#include "dice.h"

#define PORTS		3	/* those it tries; one or two exist */
#define SPARES		32	/* half the slots of the smallest VR */
#define DATA		(sizeof(struct europa_slot) + EUROPA_HEADROOM)

static struct dataplane dp;
static unsigned long wanted;
static uint8_t macs[PORTS][ETH_ALEN];

/* ---- packets ---- */

static void put16(uint8_t *at, uint16_t value)
{
	at[0] = value >> 8;
	at[1] = value;
}

static void put_ethernet(uint8_t *p, const uint8_t *source)
{
	static const uint16_t types[] = { 0x0800, 0x0800, 0x0800, 0x86dd, 0x86dd, 0x0806, 0x8100,
					  0x88a8, 0x8847, 0x002e, 0x0000, 0x88f7, 0x6558 };

	noise(p, 16);
	switch (below(8)) {
	case 0: memset(p, 0xff, ETH_ALEN); break;
	case 1: put16(p, 0x0180); put16(p + 2, 0xc200); put16(p + 4, below(32)); break;
	case 2: put16(p, 0x3333); break;
	default: p[0] &= ~1; break;
	}
	if (!one_in(8))
		memcpy(p + 6, source, ETH_ALEN);
	put16(p + 12, any_of(types));
}

static void put_ip(uint8_t *p, unsigned int len)
{
	static const uint8_t protocols[] = { 6, 6, 6, 17, 17, 17, 1, 58, 47, 4, 41, 132, 50, 0, 43,
					     44, 60, 255 };
	unsigned int rest = len > 14 ? len - 14 : 0;

	noise(p + 16, 64);
	if (p[12] == 0x86) {
		p[14] = one_in(8) ? dice() : 0x60;
		put16(p + 18, rest - 40 + (one_in(8) ? below(200) - 100 : 0));
		p[20] = any_of(protocols);
		p[21] = below(4);
		return;
	}
	p[14] = one_in(8) ? dice() : 0x45 + (one_in(4) ? below(11) : 0);
	put16(p + 16, rest + (one_in(8) ? below(200) - 100 : 0));
	put16(p + 20, one_in(4) ? dice() : 0);
	p[22] = below(3);
	p[23] = any_of(protocols);
	p[46] = one_in(4) ? dice() : 0x50;	/* of TCP: data offset */
}

static void put_metadata(struct europa_slot *s, unsigned int len)
{
	static const uint16_t starts[] = { 34, 34, 54, 14, 0, 13, 20, 65535 };
	static const uint16_t offsets[] = { 16, 6, 16, 6, 0, 65535, 65534 };
	static const uint16_t types[] = { 1, 1, 2, 4, 8, 9, 10, 16, 32, 0, 3, 65535 };
	static const uint16_t sizes[] = { 0, 1, 8, 500, 1400, 1448, 65535 };
	static const uint16_t tags[] = { 0x8100, 0x8100, 0x88a8, 0x0800, 0xffff };

	s->flags = one_in(2) ? 0 : one_in(8) ? dice() : below(16);
	s->vlan_proto = htons(any_of(tags));
	s->vlan_tci = dice();
	s->csum_start = one_in(4) ? below(len + 4) : any_of(starts);
	s->csum_offset = one_in(4) ? below(len + 4) : any_of(offsets);
	s->gso_type = any_of(types);
	s->gso_size = one_in(4) ? dice() : any_of(sizes);
	s->gso_segs = dice();
	s->gso_hdr_len = one_in(2) ? 54 : dice();
}

/* ---- entries ---- */

/* One field of an entry that was right until now. */
static void spoil(struct europa_entry *e)
{
	static const uint16_t offsets[] = { 0, 63, 64, 65, 178, 191, 193, 200, 206, 2175, 2176, 65535 };

	switch (below(10)) {
	case 0: e->len = dice(); break;
	case 1: e->len += below(32) - 16; break;
	case 2: e->bytes = dice(); break;
	case 3: e->bytes += below(32) - 16; break;
	case 4: e->offset = any_of(offsets); break;
	case 5: e->offset += below(64) - 32; break;
	case 6: e->port = one_in(2) ? dice() : below(PORTS); break;
	case 7: e->op = dice(); break;
	case 8: e->slot = one_in(2) ? dice() : below(dp.at.slots); break;
	case 9: e->flags = dice(); break;
	}
}

static uint8_t any_op(void)
{
	return one_in(8) ? EUROPA_OP_PUNT : one_in(8) ? EUROPA_OP_DROP : EUROPA_OP_SEND;
}

/* A packet of its own in a slot that may be a spare one. */
static struct europa_entry make_spare(void)
{
	static const uint16_t lengths[] = { 14, 60, 60, 64, 100, 590, 1500, 1514, 1518, 1519, 1984 };
	struct europa_entry e = {
		.slot = dp.at.slots - 1 - below(dp.at.spares),
		.len = any_of(lengths),
		.offset = DATA,
		.port = one_in(8) ? below(PORTS) : 0,
		.op = any_op(),
	};
	struct europa_slot *s = dp_slot(&dp, e.slot);
	uint8_t *p = (uint8_t *)s + e.offset;

	if (one_in(4)) {
		put_ethernet(p, macs[e.port]);
		put_ip(p, e.len);
		put_metadata(s, e.len);
	}
	e.bytes = e.len;
	s->state = one_in(32) ? dice() : EUROPA_STATE_KERNEL;
	if (one_in(2))
		spoil(&e);
	return e;
}

/* A received packet, changed. */
static struct europa_entry make_received(struct europa_entry e)
{
	struct europa_slot *s = dp_slot(&dp, e.slot % dp.at.slots);
	uint8_t *p = (uint8_t *)s + DATA;

	e.op = any_op();
	e.port = one_in(8) ? below(PORTS) : 0;
	if (one_in(2)) {
		put_ethernet(p, macs[e.port]);
		put_ip(p, e.len);
	} else {
		memcpy(p + ETH_ALEN, macs[e.port], ETH_ALEN);
	}
	if (one_in(4))
		put_metadata(s, e.len);
	e.bytes = one_in(4) ? below(e.bytes + 1) : one_in(2) ? 34 : e.bytes;
	s->state = one_in(32) ? dice() : EUROPA_STATE_KERNEL;
	if (one_in(3))
		spoil(&e);
	return e;
}

static struct europa_entry make_entry(void)
{
	struct europa_entry e, received;

	e.word[0] = dice();
	e.word[1] = dice();
	switch (below(16)) {
	case 0 ... 4:
		break;
	case 5 ... 8:
		e.slot = below(dp.at.slots);
		e.len = below(2048);
		e.bytes = below(2048);
		e.offset = below(2304);
		e.op = below(4);
		e.port = below(PORTS);
		break;
	case 9 ... 11:
		if (dp_receive(&dp, &received))
			return make_received(received);
		/* fallthrough */
	default:
		return make_spare();
	}
	return e;
}

/* As many as the ring holds, from where the kernel is. */
static void fill(void)
{
	struct europa_entry *tx = dp_ring(&dp, dp.at.tx_offset), e;
	bool sane = !one_in(16);
	uint32_t i;

	for (i = 0; i < dp.at.tx_size; i++) {
		e = make_entry();
		e.phase = sane || !one_in(64) ? dp_phase(dp.tx + i, dp.at.tx_size) : dice();
		tx[(dp.tx + i) & (dp.at.tx_size - 1)] = e;
	}
}

/* ---- alone ---- */

static void attach(void)
{
	int i, ret;

	memset(&dp.at, 0, sizeof(dp.at));
	dp.at.spares = SPARES;
	ret = dp_attach(&dp) ?: dp_map(&dp) ?: dp_error(ioctl(dp.fd, EUROPA_IOC_START));
	if (ret)
		errx(1, "attach: %s", strerror(-ret));
	for (i = 0; i < PORTS; i++) {
		struct europa_port_info p = { .port = i };

		if (!ioctl(dp.fd, EUROPA_IOC_PORT, &p))
			memcpy(macs[i], p.address, ETH_ALEN);
	}
}

static unsigned long alone(void)
{
	unsigned long total = 0;
	int ret;

	attach();
	while (total < wanted) {
		fill();
		ret = dp_kick(&dp);
		if (ret < 0)
			errx(1, "kick: %s", strerror(-ret));
		dp.tx += ret;
		total += ret;
	}
	return total;
}

/* ---- many ---- */

static atomic_ulong drained;
/* Who unmaps is not to wait for ever for who writes. */
static pthread_rwlock_t mapped = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;

static bool enough(void)
{
	return atomic_load(&drained) >= wanted;
}

static int kick(void)
{
	int ret = dp_kick(&dp);

	if (ret > 0)
		atomic_fetch_add(&drained, ret);
	return ret;
}

static void *kicker(void *seed)
{
	static const struct timespec moment = { .tv_nsec = 20000 };
	struct pollfd p = { .fd = dp.fd, .events = POLLIN };

	dice_seed((uintptr_t)seed);
	while (!enough()) {
		if (one_in(8))
			poll(&p, 1, 0);
		if (kick() <= 0)
			nanosleep(&moment, NULL);
	}
	return NULL;
}

/* The kernel's cursor is anywhere: the whole ring gets one phase, then the other. */
static void scribble_ring(uint16_t phase)
{
	struct europa_entry *tx = dp_ring(&dp, dp.at.tx_offset), e;
	uint32_t i;

	for (i = 0; i < dp.at.tx_size; i++) {
		e = make_entry();
		e.phase = phase;
		tx[i] = e;
	}
}

static void *scribbler(void *seed)
{
	uint16_t phase = 1;

	dice_seed((uintptr_t)seed);
	while (!enough()) {
		pthread_rwlock_rdlock(&mapped);
		if (dp.map) {
			scribble_ring(phase);
			if (one_in(8))
				noise(dp.map + below(dp.at.map_size / 8 - 512) * 8, 4096);
			if (one_in(64))
				noise(dp.map, dp.at.tx_offset);
		}
		pthread_rwlock_unlock(&mapped);
		kick();
		phase ^= 1;
	}
	return NULL;
}

static void nonsense(void)
{
	unsigned int command = one_in(2) ? dice() : _IOC(below(4), 0xea, below(8), below(256));
	char junk[256] = {};

	if (command == EUROPA_IOC_DETACH || command == EUROPA_IOC_ATTACH)
		return;
	ioctl(dp.fd, command, one_in(2) ? (unsigned long)junk : dice());
}

static void reattach(void)
{
	bool unmap_first = one_in(2);

	pthread_rwlock_wrlock(&mapped);
	if (!unmap_first)
		ioctl(dp.fd, EUROPA_IOC_DETACH);
	dp_unmap(&dp);
	attach();
	pthread_rwlock_unlock(&mapped);
}

static void *shaker(void *seed)
{
	static const struct timespec moment = { .tv_nsec = 2000000 };

	dice_seed((uintptr_t)seed);
	while (!enough()) {
		nanosleep(&moment, NULL);
		switch (below(8)) {
		case 0: ioctl(dp.fd, EUROPA_IOC_STOP); break;
		case 1: ioctl(dp.fd, EUROPA_IOC_START); break;
		case 2: reattach(); break;
		default: nonsense(); break;
		}
	}
	return NULL;
}

static unsigned long together(unsigned long seed)
{
	void *(*const bodies[])(void *) = { kicker, kicker, scribbler, shaker };
	pthread_t threads[4];
	int i;

	attach();
	for (i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, bodies[i], (void *)(seed * 8 + i + 1));
	for (i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	return atomic_load(&drained);
}

int main(int argc, char **argv)
{
	unsigned long seed, total;

	if (argc < 3)
		errx(2, "hostile DEVICE ENTRIES [SEED [threads]]");
	setvbuf(stdout, NULL, _IOLBF, 0);
	wanted = strtoul(argv[2], NULL, 0);
	seed = argc > 3 ? strtoul(argv[3], NULL, 0) : (unsigned long)time(NULL);
	printf("seed %lu\n", seed);
	dice_seed(seed * 2 + 1);
	dp.fd = open(argv[1], O_RDWR);
	if (dp.fd < 0)
		err(1, "%s", argv[1]);
	total = argc > 4 ? together(seed) : alone();
	printf("entries %lu\n", total);
	return 0;
}
