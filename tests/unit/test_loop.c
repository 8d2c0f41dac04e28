// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * The router's main loop, in a thread of its own, against a kernel that drains
 * tx in kick and poll, wakes only who is armed, and gives nothing after STOP. Of
 * one queue, or of two with a worker each.
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
	bool busy, waits;	/* STOP has to wait, and does */
} kernel[2] = {
	{ .lock = PTHREAD_MUTEX_INITIALIZER }, { .lock = PTHREAD_MUTEX_INITIALIZER },
};

/* NULL: it is not a queue's. */
static struct kernel *of(int fd)
{
	return fd == kernel[0].fd ? &kernel[0] : fd == kernel[1].fd ? &kernel[1] : NULL;
}

static int drain(struct kernel *k)
{
	struct europa_entry e;
	int n = 0;

	pthread_mutex_lock(&k->lock);
	for (; fake_drain(&k->fake, &e); n++) {
		k->sent += e.op == EUROPA_OP_SEND;
		k->punted += e.op == EUROPA_OP_PUNT;
	}
	pthread_mutex_unlock(&k->lock);
	return n;
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	struct kernel *k = of(fd);

	if (!k)
		abort();
	if (shared_load(k->detached)) {
		errno = ENOTCONN;
		return -1;
	}
	if (request == EUROPA_IOC_STOP) {
		shared_store(k->waits, true);
		while (shared_load(k->busy))
			usleep(100);
		pthread_mutex_lock(&k->lock);
		k->stopped = true;
		pthread_mutex_unlock(&k->lock);
	}
	if (request != EUROPA_IOC_KICK)
		return 0;
	k->kicks++;
	return drain(k);
}

int __wrap_poll(struct pollfd *p, nfds_t n, int timeout)
{
	struct kernel *k = of(p->fd);
	uint64_t count;

	if (!k)
		return __real_poll(p, n, timeout);
	k->polls++;
	if (shared_load(k->detached)) {
		p->revents = POLLERR;
		return 1;
	}
	drain(k);
	n = __real_poll(p, n, timeout);
	if (p->revents && read(k->fd, &count, sizeof(count)) < 0)
		abort();
	return n;
}

/* Publish, full fence, see whether somebody sleeps. */
static void wake(struct kernel *k)
{
	struct europa_ctl *ctl = k->fake.map;

	europa_ring_submit(&k->fake.rx);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (__atomic_load_n(&ctl->rx_wait, __ATOMIC_RELAXED) & EUROPA_RX_ARMED)
		if (eventfd_write(k->fd, 1))
			abort();
}

/* At most n packets; returns how many were taken, -1 after STOP. */
static int give(struct kernel *k, const uint8_t *frame, uint32_t n)
{
	uint32_t i;

	pthread_mutex_lock(&k->lock);
	for (i = 0; i < n && !k->stopped; i++)
		if (fake_receive(&k->fake, 0, frame, 98, 0, NULL) < 0)
			break;
	if (i)
		wake(k);
	pthread_mutex_unlock(&k->lock);
	return k->stopped && !i ? -1 : (int)i;
}

static void *run(void *arg)
{
	return (void *)(intptr_t)loop_run(arg);
}

static void prepare_queue(struct router *r, unsigned int number, struct europa_queue *q)
{
	struct kernel *k = &kernel[number];

	memset(&k->fake, 0, sizeof(k->fake));
	k->fd = eventfd(0, 0);
	k->sent = k->punted = k->kicks = k->polls = 0;
	k->stopped = k->detached = k->waits = false;
	fake_open(&k->fake, q, SLOTS, k->fd);
	r->lane[number].q = q;
}

static void prepare(struct loop *l, struct router *r, struct europa_queue *q,
		    unsigned int spin)
{
	assert_true(router_init(r));
	prepare_queue(r, 0, q);
	two_ports(r);
	gateway(r, 0xc0a80000, 16, 0x0a010001);
	while (!router_work(r, 100000))
		;
	*l = (struct loop){ .r = r, .spin = spin };
	worker_init(&l->worker, r, &r->lane[0], spin);
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
	fake_close(&kernel[0].fake);
	close(kernel[0].fd);
	close(l->nl.fd);
	close(l->signals);
}

/* One worker, whose loop runs in a thread. */
struct lone {
	struct europa_queue q;
	struct router r;
	struct loop l;
	pthread_t thread;
};

/* frame: of 98 bytes, that goes by the gateway. */
static void begin(struct lone *a, unsigned int spin, uint8_t *frame)
{
	prepare(&a->l, &a->r, &a->q, spin);
	build(frame, 0x0a000005, 0xc0a80101, 98);
	assert_int_equal(pthread_create(&a->thread, NULL, run, &a->l), 0);
}

/* It ends, and well. */
static void join(struct lone *a)
{
	void *status;

	pthread_join(a->thread, &status);
	assert_null(status);
}

/* until: packets to give before SIGTERM. Goes on giving until STOP. */
static void traffic(unsigned int spin, uint32_t until)
{
	struct kernel *k = &kernel[0];
	struct lone a;
	uint64_t seed = 21 + spin;
	uint32_t given = 0;
	uint8_t frame[98];
	int n = 0;

	begin(&a, spin, frame);
	for (; n >= 0; n = give(k, frame, 1 + below(&seed, 80))) {
		given += n;
		if (given >= until && until)
			assert_int_equal(kill(getpid(), SIGTERM), 0);
		if (below(&seed, 4) == 0)
			usleep(below(&seed, 50));
	}
	join(&a);
	assert_int_equal(k->sent + k->punted, given);
	assert_int_equal(a.r.lane[0].stats.sent, k->sent);
	assert_int_equal(k->fake.free_count, SLOTS);
	assert_false(europa_rx_ready(&a.q));
	print_message("spin %u: %u packets, %u kicks, %u polls\n", spin, given,
		      k->kicks, k->polls);
	finish(&a.l);
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

static uint32_t done(unsigned int number)
{
	struct kernel *k = &kernel[number];
	uint32_t n;

	pthread_mutex_lock(&k->lock);
	n = k->sent + k->punted;
	pthread_mutex_unlock(&k->lock);
	return n;
}

static void wait_for(unsigned int number, uint32_t count)
{
	while (done(number) < count)
		usleep(100);
}

/* One that looks for packets for minutes: neither packets nor signals wait for that. */
static void test_spinning_long(void **state)
{
	const unsigned int spin = 1000000000;
	struct kernel *k = &kernel[0];
	struct lone a;
	uint8_t frame[98];

	(void)state;
	begin(&a, spin, frame);
	assert_int_equal(give(k, frame, 10), 10);
	wait_for(0, 10);
	assert_int_equal(kill(getpid(), SIGTERM), 0);
	join(&a);
	assert_int_equal(k->sent, 10);
	assert_true(a.r.lane[0].stats.spins < spin);
	finish(&a.l);
}

/* Another takes over: it stops by itself, with all it had returned. */
static void leave(bool detached)
{
	struct kernel *k = &kernel[0];
	struct lone a;
	uint8_t frame[98];

	begin(&a, 0, frame);
	if (!detached)
		assert_int_equal(give(k, frame, 100), 100);
	__atomic_or_fetch(&((struct europa_ctl *)k->fake.map)->flags, EUROPA_CTL_LEAVE,
			  __ATOMIC_RELAXED);
	shared_store(k->detached, detached);
	assert_int_equal(eventfd_write(k->fd, 1), 0);
	join(&a);
	assert_true(a.l.left);
	assert_int_equal(k->sent + k->punted, detached ? 0 : 100);
	assert_int_equal(k->fake.free_count, SLOTS);
	k->detached = false;
	finish(&a.l);
}

static void test_leaving(void **state)
{
	(void)state;
	leave(false);
	leave(true);
}

/* ---- two workers ------------------------------------------------------- */

static struct router two;
static struct crew crew;

struct both {
	struct europa_queue q[2];
	struct loop l;
	pthread_t thread;
	uint8_t frame[98];
};

static void prepare_both(struct both *b)
{
	prepare(&b->l, &two, &b->q[0], 20);
	prepare_queue(&two, 1, &b->q[1]);
	two.lanes = 2;
	assert_int_equal(crew_open(&crew), 0);
	b->l.crew = &crew;
	build(b->frame, 0x0a000005, 0xc0a80101, sizeof(b->frame));
	assert_int_equal(pthread_create(&b->thread, NULL, run, &b->l), 0);
}

static int finish_both(struct both *b)
{
	void *status;
	unsigned int i;

	pthread_join(b->thread, &status);
	assert_false(grace_shared);
	assert_int_equal(crew.count, 0);
	for (i = 0; i < 2; i++) {
		assert_int_equal(kernel[i].fake.free_count, SLOTS);
		assert_int_equal(two.lane[i].stats.sent, kernel[i].sent);
	}
	crew_close(&crew);
	fake_close(&kernel[1].fake);
	close(kernel[1].fd);
	finish(&b->l);
	kernel[1].fd = -1;
	return (intptr_t)status;
}

/* All that was given is on its way. */
static void give_all(struct both *b, unsigned int number, uint32_t count)
{
	uint32_t given;
	int n;

	for (given = 0; given < count; given += n) {
		n = give(&kernel[number], b->frame, count - given < 60 ? count - given : 60);
		assert_true(n >= 0);
		if (!n)
			usleep(50);
	}
}

static void test_crew(void **state)
{
	struct both b;
	unsigned int i;

	(void)state;
	prepare_both(&b);
	for (i = 0; i < 200; i++) {
		give_all(&b, i & 1, 100);
		if (i % 20 == 0)
			usleep(1000);
	}
	assert_int_equal(kill(getpid(), SIGTERM), 0);
	assert_int_equal(finish_both(&b), 0);
	assert_false(b.l.left);
	assert_int_equal(kernel[0].sent, 10000);
	assert_int_equal(kernel[1].sent, 10000);
}

static void leaves(unsigned int number)
{
	__atomic_or_fetch(&((struct europa_ctl *)kernel[number].fake.map)->flags,
			  EUROPA_CTL_LEAVE, __ATOMIC_RELAXED);
	assert_int_equal(eventfd_write(kernel[number].fd, 1), 0);
}

/* One queue is another's: the worker of the other goes on, until that is, too. */
static void test_crew_leaving(void **state)
{
	struct both b;

	(void)state;
	prepare_both(&b);
	give_all(&b, 0, 100);
	leaves(0);
	while (!shared_acquire(crew.worker[0].ended))
		usleep(100);
	give_all(&b, 1, 100);
	wait_for(1, 100);
	leaves(1);
	assert_int_equal(finish_both(&b), 0);
	assert_true(b.l.left);
	assert_int_equal(kernel[0].sent, 100);
	assert_int_equal(kernel[1].sent, 100);
}

/* Told to end then, it says that another is there. */
static void test_crew_partly(void **state)
{
	struct both b;

	(void)state;
	prepare_both(&b);
	leaves(0);
	while (!shared_acquire(crew.worker[0].ended))
		usleep(100);
	assert_int_equal(kill(getpid(), SIGTERM), 0);
	assert_int_equal(finish_both(&b), 0);
	assert_true(b.l.left);
}

/* One queue is detached: that is the end of all, who send what they have. */
static void test_crew_detached(void **state)
{
	struct both b;

	(void)state;
	prepare_both(&b);
	give_all(&b, 0, 100);
	give_all(&b, 1, 100);
	wait_for(1, 100);
	shared_store(kernel[1].detached, true);
	assert_int_equal(eventfd_write(kernel[1].fd, 1), 0);
	pthread_join(b.thread, NULL);
	assert_int_equal(kernel[0].sent, 100);
	assert_true(kernel[0].stopped);
	crew_close(&crew);
	fake_close(&kernel[1].fake);
	close(kernel[1].fd);
	finish(&b.l);
	kernel[1].fd = -1;
}

static void called(void *flag, uint32_t value)
{
	*(uint32_t *)flag = value;
}

static void wait_for_spins(void)
{
	uint64_t seen = shared_load(two.lane[0].stats.spins);

	while (shared_load(two.lane[0].stats.spins) == seen)
		usleep(100);
}

/*
 * A worker that looks for packets for minutes: who changes the tables does not wait for
 * it, and it ends when it is told to, or its queue is another's.
 */
static void test_crew_spinning(void **state)
{
	struct both b;
	uint32_t flag = 0;

	(void)state;
	prepare(&b.l, &two, &b.q[0], 0);
	two.lanes = 1;
	assert_int_equal(crew_open(&crew), 0);
	assert_int_equal(crew_add(&crew, &two, NULL, 1000000000), 0);
	wait_for_spins();
	grace_call(called, &flag, 1);
	assert_int_equal(flag, 0);
	grace_settle();
	assert_int_equal(flag, 1);
	leaves(0);
	while (!crew_look(&crew, &two))
		usleep(100);
	assert_int_equal(crew_stop(&crew), 0);
	crew_close(&crew);
	assert_int_equal(crew_open(&crew), 0);
	__atomic_and_fetch(&((struct europa_ctl *)kernel[0].fake.map)->flags,
			   ~EUROPA_CTL_LEAVE, __ATOMIC_RELAXED);
	assert_int_equal(crew_add(&crew, &two, NULL, 1000000000), 0);
	wait_for_spins();
	assert_int_equal(crew_stop(&crew), 0);
	crew_close(&crew);
	finish(&b.l);
}

/* Nor for one that waits for the kernel, at its end. */
static void test_crew_stopping(void **state)
{
	struct both b;
	uint32_t flag = 0;

	(void)state;
	prepare(&b.l, &two, &b.q[0], 0);
	two.lanes = 1;
	shared_store(kernel[0].busy, true);
	assert_int_equal(crew_open(&crew), 0);
	assert_int_equal(crew_add(&crew, &two, NULL, 0), 0);
	shared_store(crew.stop, true);
	assert_int_equal(eventfd_write(crew.worker[0].call, 1), 0);
	while (!shared_load(kernel[0].waits))
		usleep(100);
	grace_call(called, &flag, 1);
	grace_settle();
	assert_int_equal(flag, 1);
	shared_store(kernel[0].busy, false);
	assert_int_equal(crew_stop(&crew), 0);
	crew_close(&crew);
	finish(&b.l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sleeping),
		cmocka_unit_test(test_spinning),
		cmocka_unit_test(test_spinning_long),
		cmocka_unit_test(test_leaving),
		cmocka_unit_test(test_crew),
		cmocka_unit_test(test_crew_leaving),
		cmocka_unit_test(test_crew_partly),
		cmocka_unit_test(test_crew_detached),
		cmocka_unit_test(test_crew_spinning),
		cmocka_unit_test(test_crew_stopping),
	};

	return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
