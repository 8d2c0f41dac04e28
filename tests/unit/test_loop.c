// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * The router's main loop, in a thread of its own, against a kernel that drains
 * tx in kick and poll, wakes only who is armed, and gives nothing after STOP.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "unit.h"

#include "loop.h"
#include "packet.h"

#define SLOTS	256
#define PACKETS	200000u

int __wrap_ioctl(int fd, unsigned long request, ...);
int __wrap_poll(struct pollfd *p, nfds_t n, int timeout);
int __real_poll(struct pollfd *p, nfds_t n, int timeout);

static struct kernel {
	pthread_mutex_t lock;	/* rx and the free slots: both threads */
	struct fake fake;
	int fd;
	uint32_t sent, punted, kicks, polls;
	bool stopped, detached;
} k = { .lock = PTHREAD_MUTEX_INITIALIZER };

static int drain(void)
{
	struct europa_entry e;
	int n = 0;

	pthread_mutex_lock(&k.lock);
	for (; fake_drain(&k.fake, &e); n++) {
		k.sent += e.op == EUROPA_OP_SEND;
		k.punted += e.op == EUROPA_OP_PUNT;
	}
	pthread_mutex_unlock(&k.lock);
	return n;
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	if (fd != k.fd)
		abort();
	if (k.detached) {
		errno = ENOTCONN;
		return -1;
	}
	if (request == EUROPA_IOC_STOP) {
		pthread_mutex_lock(&k.lock);
		k.stopped = true;
		pthread_mutex_unlock(&k.lock);
	}
	if (request != EUROPA_IOC_KICK)
		return 0;
	k.kicks++;
	return drain();
}

int __wrap_poll(struct pollfd *p, nfds_t n, int timeout)
{
	uint64_t count;

	if (p->fd != k.fd)
		return __real_poll(p, n, timeout);
	k.polls++;
	drain();
	n = __real_poll(p, n, timeout);
	if (p->revents && read(k.fd, &count, sizeof(count)) < 0)
		abort();
	return n;
}

/* Publish, full fence, see whether somebody sleeps. */
static void wake(void)
{
	struct europa_ctl *ctl = k.fake.map;

	europa_ring_submit(&k.fake.rx);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (__atomic_load_n(&ctl->rx_wait, __ATOMIC_RELAXED) & EUROPA_RX_ARMED)
		if (eventfd_write(k.fd, 1))
			abort();
}

/* At most n packets; returns how many were taken, -1 after STOP. */
static int give(const uint8_t *frame, uint32_t n)
{
	uint32_t i;

	pthread_mutex_lock(&k.lock);
	for (i = 0; i < n && !k.stopped; i++)
		if (fake_receive(&k.fake, 0, frame, 98, 0, NULL) < 0)
			break;
	if (i)
		wake();
	pthread_mutex_unlock(&k.lock);
	return k.stopped && !i ? -1 : (int)i;
}

static void *run(void *arg)
{
	return (void *)(intptr_t)loop_run(arg);
}

static void prepare(struct loop *l, struct router *r, struct europa_queue *q,
		    unsigned int spin)
{
	memset(&k.fake, 0, sizeof(k.fake));
	k.fd = eventfd(0, 0);
	k.sent = k.punted = k.kicks = k.polls = 0;
	k.stopped = false;
	fake_open(&k.fake, q, SLOTS, k.fd);
	assert_true(router_init(r));
	r->lane[0].q = q;
	two_ports(r);
	gateway(r, 0xc0a80000, 16, 0x0a010001);
	while (!router_work(r, 100000))
		;
	*l = (struct loop){ .r = r, .spin_max = spin, .spin_now = spin };
	l->nl.fd = eventfd(0, 0);
	l->nl.synced = true;
	l->signals = loop_signals();
}

static void finish(struct loop *l)
{
	char rest[1024];

	while (read(l->signals, rest, sizeof(rest)) > 0)
		;
	router_exit(l->r);
	fake_close(&k.fake);
	close(k.fd);
	close(l->nl.fd);
	close(l->signals);
}

/* until: packets to give before SIGTERM. Goes on giving until STOP. */
static void traffic(unsigned int spin, uint32_t until)
{
	struct europa_queue q;
	struct router r;
	struct loop l;
	pthread_t thread;
	uint64_t seed = 21 + spin;
	uint32_t given = 0;
	uint8_t frame[98];
	void *status;
	int n = 0;

	prepare(&l, &r, &q, spin);
	build(frame, 0x0a000005, 0xc0a80101, 98);
	assert_int_equal(pthread_create(&thread, NULL, run, &l), 0);
	for (; n >= 0; n = give(frame, 1 + below(&seed, 80))) {
		given += n;
		if (given >= until && until)
			assert_int_equal(kill(getpid(), SIGTERM), 0);
		if (below(&seed, 4) == 0)
			usleep(below(&seed, 50));
	}
	pthread_join(thread, &status);
	assert_null(status);
	assert_int_equal(k.sent + k.punted, given);
	assert_int_equal(r.lane[0].stats.sent, k.sent);
	assert_int_equal(k.fake.free_count, SLOTS);
	assert_false(europa_rx_ready(&q));
	print_message("spin %u: %u packets, %u kicks, %u polls\n", spin, given,
		      k.kicks, k.polls);
	finish(&l);
}

static void test_sleeping(void **state)
{
	(void)state;
	traffic(0, PACKETS);
}

static void test_spinning(void **state)
{
	(void)state;
	traffic(200, PACKETS);
}

/* Another takes over: it stops by itself, with all it had returned. */
static void leave(bool detached)
{
	struct europa_queue q;
	struct router r;
	struct loop l;
	pthread_t thread;
	uint8_t frame[98];
	void *status;

	prepare(&l, &r, &q, 0);
	build(frame, 0x0a000005, 0xc0a80101, 98);
	k.detached = detached;
	assert_int_equal(pthread_create(&thread, NULL, run, &l), 0);
	if (!detached)
		assert_int_equal(give(frame, 100), 100);
	__atomic_or_fetch(&((struct europa_ctl *)k.fake.map)->flags, EUROPA_CTL_LEAVE,
			  __ATOMIC_RELAXED);
	assert_int_equal(eventfd_write(k.fd, 1), 0);
	pthread_join(thread, &status);
	assert_null(status);
	assert_true(l.left);
	assert_int_equal(k.sent + k.punted, detached ? 0 : 100);
	assert_int_equal(k.fake.free_count, SLOTS);
	k.detached = false;
	finish(&l);
}

static void test_leaving(void **state)
{
	(void)state;
	leave(false);
	leave(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sleeping),
		cmocka_unit_test(test_spinning),
		cmocka_unit_test(test_leaving),
	};

	return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
