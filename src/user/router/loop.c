// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "datapath.h"
#include "loop.h"
#include "mirror.h"
#include "trace.h"

#define CONTROL_EVERY	1024	/* packets between two polls of signals and netlink */
#define WORK		2000	/* trie nodes, about 50 us, of table work between two bursts */
#define MESSAGES	128	/* of netlink between two bursts; or a datagram, some 500 */
#define SETTINGS_EVERY	1000	/* ms between two looks at settings nothing tells of */
#define INQUIRY_EVERY	100	/* ms between two tries to get the socket's name */
#define RETRY_SPIN	64	/* sleeps before spinning is tried again */

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
	return t.tv_sec * 1000ull + t.tv_nsec / 1000000;
}

int loop_signals(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR1);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	signal(SIGPIPE, SIG_IGN);
	fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static void take_signals(struct loop *l)
{
	struct signalfd_siginfo s;

	while (read(l->signals, &s, sizeof(s)) == sizeof(s)) {
		switch (s.ssi_signo) {
		case SIGHUP:
			l->r->resync = true;
			break;
		case SIGUSR1:
			stats_print(l->r, stdout);
			break;
		default:
			l->stop = true;
		}
	}
}

static int sooner(int a, int b)
{
	if (a < 0 || b < 0)
		return a < 0 ? b : a;
	return a < b ? a : b;
}

static int stats_timeout(const struct loop *l, uint64_t now)
{
	if (!l->stats_every)
		return -1;
	return l->stats_at > now ? (int)(l->stats_at - now) : 0;
}

/* ms the loop may sleep; -1: until something happens. */
static int timeout(const struct loop *l)
{
	uint64_t now;

	if (l->busy)
		return 0;
	if (!l->stats_every && !l->r->resync)
		return l->inquiry_tries ? INQUIRY_EVERY : -1;
	now = now_ms();
	return sooner(sooner(stats_timeout(l, now), netlink_timeout(&l->nl, l->r, now)),
		      l->inquiry_tries ? INQUIRY_EVERY : -1);
}

/* Only where there is something they concern. */
static void look_at_settings(struct loop *l, uint64_t now)
{
	if ((!l->r->groups.count && !l->r->ports.asked) || now < l->settings_at)
		return;
	l->settings_at = now + SETTINGS_EVERY;
	router_settings(l->r);
}

static int watch(int epoll, int fd)
{
	struct epoll_event e = { .events = EPOLLIN };

	return fd < 0 ? 0 : epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e);
}

/* Is the socket's name free now? */
static void open_inquiry(struct loop *l, uint64_t now)
{
	if (!l->inquiry_tries || now < l->inquiry_at)
		return;
	l->inquiry_at = now + INQUIRY_EVERY;
	if (!inquiry_open(l->inquiry, l->r->vr, l->queue) &&
	    !watch(l->control, l->inquiry->epoll))
		l->inquiry_tries = 0;
	else if (!--l->inquiry_tries)
		fprintf(stderr, "europa-router: no questions are answered: others have the socket's name.\n");
	else
		inquiry_close(l->inquiry);
}

/* What control_work() waits for. */
enum { ON_NETLINK, ON_SIGNALS, ON_INQUIRY, CONTROL_FDS };

static void control_fds(const struct loop *l, struct pollfd *p)
{
	p[ON_NETLINK] = (struct pollfd){ .fd = l->nl.fd, .events = POLLIN };
	p[ON_SIGNALS] = (struct pollfd){ .fd = l->signals, .events = POLLIN };
	p[ON_INQUIRY] = (struct pollfd){
		.fd = l->inquiry ? l->inquiry->epoll : -1, .events = POLLIN,
	};
}

/* Signals, netlink, table work, questions and timers: a bounded amount of each. */
static void control_work(struct loop *l, const struct pollfd *p)
{
	uint64_t now = now_ms();

	l->packets = 0;
	if (p[ON_SIGNALS].revents)
		take_signals(l);
	if (p[ON_INQUIRY].revents)
		inquiry_work(l->inquiry, l->r);
	if (p[ON_NETLINK].revents || l->busy || l->r->resync) {
		l->busy = netlink_work(&l->nl, l->r, MESSAGES, now);
		l->busy |= !router_work(l->r, WORK);
	}
	neigh_tick(&l->r->neigh, now / 1000);
	groups_tick(&l->r->groups, now / 1000);
	look_at_settings(l, now);
	open_inquiry(l, now);
	if (l->stats_every && now >= l->stats_at) {
		l->stats_at = now + l->stats_every * 1000ull;
		stats_print(l->r, stdout);
	}
}

static void control_poll(struct loop *l)
{
	struct pollfd p[CONTROL_FDS];

	control_fds(l, p);
	poll(p, CONTROL_FDS, 0);
	control_work(l, p);
}

/*
 * All of them behind one descriptor: poll() asks each it is given, with each sleep,
 * and seldom is there anything but packets.
 */
static int watch_open(struct loop *l)
{
	struct pollfd p[CONTROL_FDS];
	int i, err = 0;

	l->control = epoll_create1(EPOLL_CLOEXEC);
	if (l->control < 0)
		return -errno;
	control_fds(l, p);
	for (i = 0; i < CONTROL_FDS && !err; i++)
		err = watch(l->control, p[i].fd) ? -errno : 0;
	if (err)
		close(l->control);
	return err;
}

/*
 * May the kernel forward what comes alone meanwhile? By its own hash a flow would
 * go another way than by ours; and who is about to go on working does not sleep.
 */
static int arm(struct loop *l)
{
	if (l->busy || l->r->groups.count)
		return europa_arm_awake(l->r->lane[0].q);
	return europa_arm(l->r->lane[0].q);
}

/* Why it was detached: -ENODEV the VR is gone, -ENOTCONN not that. */
static int detached(struct loop *l)
{
	int err = europa_drain(l->r->lane[0].q);

	return err < 0 ? err : -ENODEV;
}

/*
 * Sleep until there is a packet or something else to do. poll() drains tx
 * first, so a burst that empties rx costs this one system call.
 */
static int wait_for_work(struct loop *l)
{
	struct europa_queue *q = l->r->lane[0].q;
	static const struct pollfd nothing[CONTROL_FDS];
	struct pollfd p[] = {
		{ .fd = q->fd, .events = POLLIN },
		{ .fd = l->control, .events = POLLIN },
	};
	int n;

	if (arm(l)) {
		europa_disarm(q, 0);
		return 0;
	}
	l->r->lane[0].stats.waits++;
	l->held = 0;
	n = poll(p, 2, timeout(l));
	europa_disarm(q, n >= 0);
	if (n >= 0 && p[0].revents & (POLLERR | POLLHUP | POLLNVAL))
		return detached(l);
	if (n > 0 && p[1].revents)
		control_poll(l);
	else
		control_work(l, nothing);
	return 0;
}

static int kick(struct loop *l)
{
	int n;

	if (!l->r->lane[0].q->pending)
		return 0;
	l->r->lane[0].stats.kicks++;
	l->held = 0;
	n = europa_kick(l->r->lane[0].q);
	return n < 0 && n != -EINTR ? n : 0;
}

/*
 * Poll rx up to spin_now times before sleeping. The number halves each time no
 * packet came, down to not polling at all, and doubles each time one did; after
 * RETRY_SPIN sleeps polling is tried again. Packets on tx wait meanwhile, so
 * that small bursts share a kick, but for spin_max polls at most. Returns 1 if
 * there is a packet.
 */
static int spin(struct loop *l)
{
	unsigned int left = l->spin_now;
	int err;

	if (!left && l->spin_max && ++l->sleeps % RETRY_SPIN == 0)
		left = l->spin_now = l->spin_max;
	for (; left; left--) {
		l->r->lane[0].stats.spins++;
		if (europa_rx_ready(l->r->lane[0].q)) {
			l->spin_now = 2 * l->spin_now < l->spin_max ?
				      2 * l->spin_now : l->spin_max;
			return 1;
		}
		if (l->r->lane[0].q->pending && ++l->held >= l->spin_max) {
			err = kick(l);
			if (err)
				return err;
		}
		europa_pause();
	}
	l->spin_now /= 2;
	return 0;
}

/* One burst. Returns packets taken. */
static int burst(struct loop *l)
{
	struct europa_queue *q = l->r->lane[0].q;
	struct europa_entry e[EUROPA_BURST];
	unsigned int n = europa_rx_peek(q, e, EUROPA_BURST);
	int err = 0;

	if (!n)
		return 0;
	if (l->inquiry && l->inquiry->tracing)
		trace_burst(l->r, &l->r->lane[0], l->inquiry, e, n);
	else
		datapath_burst(l->r, &l->r->lane[0], e, n);
	europa_tx_submit(q);
	l->packets += n;
	/* With nothing left to do, poll() drains it: a call less. */
	if (q->pending >= EUROPA_BURST && europa_rx_ready(q))
		err = kick(l);
	return err ? err : (int)n;
}

static int step(struct loop *l)
{
	int n = burst(l);

	if (europa_leaving(l->r->lane[0].q)) {
		l->stop = l->left = true;
		return n < 0 ? n : 0;
	}
	if (!n)
		n = spin(l);
	if (!n)
		return wait_for_work(l);
	if (l->packets >= CONTROL_EVERY || l->busy)
		control_poll(l);
	return n < 0 ? n : 0;
}

/* What was received before STOP goes its way: nothing is lost. */
static int drain(struct loop *l)
{
	int n = europa_stop(l->r->lane[0].q);

	if (n < 0)
		return n;
	while ((n = burst(l)) > 0)
		;
	return n < 0 ? n : kick(l);
}

int loop_run(struct loop *l)
{
	int err = watch_open(l);

	if (err)
		return err;
	while (!l->stop && !err)
		err = step(l);
	if (!err)
		err = drain(l);
	close(l->control);
	/* Who has nothing to return is detached when he is told. */
	if (err != -ENOTCONN || !europa_leaving(l->r->lane[0].q))
		return err;
	l->left = true;
	return 0;
}

/* calm: not only the first sync, but all that is due; then in that time in all. */
static int follow(struct loop *l, bool calm, int timeout_ms)
{
	uint64_t end = now_ms() + timeout_ms, messages = l->r->stats.messages;
	struct pollfd p[CONTROL_FDS];
	bool waiting;

	control_fds(l, p);
	p[ON_NETLINK].revents = p[ON_SIGNALS].revents = POLLIN;
	do {
		if (now_ms() >= end)
			return -ETIMEDOUT;
		control_work(l, p);
		if (!calm && messages != l->r->stats.messages)
			end = now_ms() + timeout_ms;
		messages = l->r->stats.messages;
		if (l->stop)
			return -EINTR;
		waiting = !l->nl.synced || (calm && (l->nl.syncing || l->r->resync));
		if (!l->busy && waiting)
			poll(p, CONTROL_FDS, 100);
	} while (waiting || l->busy);
	mirror_refresh(l->r);
	return 0;
}

int loop_sync(struct loop *l, int timeout_ms)
{
	l->stats_at = now_ms() + l->stats_every * 1000ull;
	l->r->resync = true;
	return follow(l, false, timeout_ms);
}

int loop_follow(struct loop *l, int timeout_ms)
{
	return follow(l, true, timeout_ms);
}
