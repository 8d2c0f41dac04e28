// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "loop.h"
#include "mirror.h"

#define CONTROL_EVERY	1024	/* packets between two polls of signals and netlink */
#define WORK		2000	/* trie nodes, about 50 us, of table work between two bursts */
#define MESSAGES	128	/* of netlink between two bursts; or a datagram, some 500 */
#define SETTINGS_EVERY	1000	/* ms between two looks at settings nothing tells of */
#define INQUIRY_EVERY	100	/* ms between two tries to get the socket's name */
#define TICK		1000	/* ms: others may use the tables meanwhile */

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
enum { ON_NETLINK, ON_SIGNALS, ON_INQUIRY, ON_CREW, CONTROL_FDS };

static void control_fds(const struct loop *l, struct pollfd *p)
{
	p[ON_NETLINK] = (struct pollfd){ .fd = l->nl.fd, .events = POLLIN };
	p[ON_SIGNALS] = (struct pollfd){ .fd = l->signals, .events = POLLIN };
	p[ON_INQUIRY] = (struct pollfd){
		.fd = l->inquiry ? l->inquiry->epoll : -1, .events = POLLIN,
	};
	p[ON_CREW] = (struct pollfd){ .fd = l->crew ? l->crew->ended : -1, .events = POLLIN };
}

/* Signals, netlink, table work, questions and timers: a bounded amount of each. */
static void control_work(struct loop *l, const struct pollfd *p)
{
	uint64_t now = now_ms();

	l->packets = 0;
	if (p[ON_SIGNALS].revents)
		take_signals(l);
	router_lock(l->r);
	if (p[ON_INQUIRY].revents)
		inquiry_work(l->inquiry, l->r);
	if (p[ON_NETLINK].revents || l->busy || l->r->resync) {
		l->busy = netlink_work(&l->nl, l->r, MESSAGES, now);
		l->busy |= !router_work(l->r, WORK);
	}
	neigh_tick(&l->r->neigh, now / 1000);
	groups_tick(&l->r->groups, now / 1000);
	look_at_settings(l, now);
	router_unlock(l->r);
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

/* ---- one worker, which does all ---------------------------------------- */

/*
 * May the kernel forward what comes alone meanwhile? By its own hash a flow would
 * go another way than by ours; and who is about to go on working does not sleep.
 */
static int wait_for_work(struct loop *l)
{
	static const struct pollfd nothing[CONTROL_FDS];
	int what = worker_sleep(&l->worker, l->control, timeout(l),
				l->busy || l->r->groups.count);

	if (what == WORKER_CALLED)
		control_poll(l);
	else if (what == WORKER_SLEPT)
		control_work(l, nothing);
	return what < 0 ? what : 0;
}

static int step(struct loop *l)
{
	int n = worker_step(&l->worker);

	if (l->worker.left)
		l->stop = true;
	if (n < 0 || l->stop)
		return n < 0 ? n : 0;
	if (!n && !worker_spins(&l->worker))
		return wait_for_work(l);
	l->packets += n;
	if (!n || l->packets >= CONTROL_EVERY || l->busy)
		control_poll(l);
	return 0;
}

static int run_alone(struct loop *l)
{
	int err = 0;

	l->worker.inquiry = l->inquiry;
	while (!l->stop && !err)
		err = step(l);
	err = worker_end(&l->worker, err);
	l->left = l->worker.left;
	return err;
}

/* ---- several ----------------------------------------------------------- */

/* Those that were not started when they took over from others. */
static int start_crew(struct loop *l)
{
	int err = 0;

	while (l->crew->count < l->r->lanes && !err)
		err = crew_add(l->crew, l->r, l->inquiry, l->spin);
	return err;
}

/* What the workers use up is not told: so they are looked after each TICK. */
static int control_once(struct loop *l)
{
	struct pollfd control = { .fd = l->control, .events = POLLIN };

	poll(&control, 1, sooner(timeout(l), TICK));
	control_poll(l);
	return crew_look(l->crew, l->r);
}

static int run_crew(struct loop *l)
{
	int err = start_crew(l), n;

	while (!l->stop && !err)
		err = control_once(l);
	l->left = crew_left(l->crew);
	n = crew_stop(l->crew);
	return err < 0 ? err : n;
}

int loop_run(struct loop *l)
{
	int err = watch_open(l);

	if (err)
		return err;
	err = l->crew ? run_crew(l) : run_alone(l);
	close(l->control);
	return err;
}

/* ---- before that ------------------------------------------------------- */

void loop_round(struct loop *l)
{
	control_poll(l);
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
