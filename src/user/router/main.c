// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "ask.h"
#include "check.h"
#include "loop.h"
#include "notify.h"

#define SYNC_TIMEOUT	30000	/* ms without a message of the kernel */
#define SPIN_DEFAULT	64	/* looks, some microseconds */
#define CHECK_DEFAULT	10000	/* addresses */
#define SNAP		192	/* bytes of a packet: all headers, inside a tunnel, too */

struct options {
	const char *vr;		/* NULL: EUROPA_FD */
	unsigned long queue;	/* the first */
	unsigned long workers;	/* 0: one for each queue, or for the one that was named */
	unsigned long spin;
	unsigned long stats;	/* s */
	unsigned long addresses; /* to check at random */
	unsigned long packets;	/* to trace */
	const char *question;	/* to the running router */
	bool one;		/* queue: that was named */
	bool check;
	bool trace;
	bool verbose;
	bool bypass;		/* of rules that the kernel here would apply */
	bool wake;		/* each packet, also one that comes alone */
	bool takeover;
	int fd;			/* the VR's device */
};

static const char usage[] =
	"Usage: europa-router [OPTION]...\n"
	"Forward IPv4 and IPv6 for a virtual router, as the kernel of its network namespace would.\n"
	"\n"
	"  -v, --vr VR          number or name; else the one handed over by ip vr exec\n"
	"  -w, --workers N      threads, each with a queue of its own (as many as the VR has queues)\n"
	"  -q, --queue N        only this queue; with --workers the first of so many (0)\n"
	"  -s, --spin N         look N times at an empty ring before sleeping; 0: never\n"
	"  -S, --stats SECONDS  print counters that often (and on SIGUSR1)\n"
	"      --bypass-filters forward past the nftables, iptables, tc and IPsec rules of the\n"
	"                       namespace and of its ports; else their packets are the kernel's\n"
	"      --no-idle        wake up for each packet; else the kernel forwards those that come\n"
	"                       alone while europa-router sleeps, by the same routes\n"
	"      --takeover       take over from the data plane there is, without losing a packet\n"
	"      --check[=N]      forward nothing; compare with what the kernel says of N addresses\n"
	"                       at random (10000) of each family, and those around each route, and\n"
	"                       with what the running europa-router says; print what differs, and\n"
	"                       exit, with 1 if anything does\n"
	"      --ask QUESTION   print what the running one answers, in JSON: stats, routes,\n"
	"                       neighbours, \"lookup ADDRESS\"\n"
	"      --trace N        print what the running one decides for the next N packets\n"
	"      --verbose        say what happens\n"
	"  -h, --help\n"
	"  -V, --version\n";

static const struct option long_options[] = {
	{ "vr", required_argument, NULL, 'v' },
	{ "workers", required_argument, NULL, 'w' },
	{ "queue", required_argument, NULL, 'q' },
	{ "spin", required_argument, NULL, 's' },
	{ "stats", required_argument, NULL, 'S' },
	{ "bypass-filters", no_argument, NULL, 'b' },
	{ "no-idle", no_argument, NULL, 'i' },
	{ "takeover", no_argument, NULL, 'o' },
	{ "check", optional_argument, NULL, 'c' },
	{ "ask", required_argument, NULL, 'a' },
	{ "trace", required_argument, NULL, 't' },
	{ "verbose", no_argument, NULL, 'd' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ 0 },
};

static int fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("europa-router: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	return 1;
}

static bool number_from(unsigned long min, const char *text, unsigned long max,
			unsigned long *value)
{
	char *end;

	errno = 0;
	*value = strtoul(text, &end, 10);
	if (*text >= '0' && *text <= '9' && !*end && !errno && *value >= min && *value <= max)
		return true;
	fail("\"%s\" is not a number from %lu to %lu.", text, min, max);
	return false;
}

static bool number(const char *text, unsigned long max, unsigned long *value)
{
	return number_from(0, text, max, value);
}

/* Returns -1 to go on, or the exit status. */
static int parse_options(struct options *o, int argc, char **argv)
{
	int c, ok = 1;

	while (ok && (c = getopt_long(argc, argv, "v:w:q:s:S:hV", long_options,
				      NULL)) != -1) {
		switch (c) {
		case 'v':
			o->vr = optarg;
			break;
		case 'w':
			ok = number_from(1, optarg, EUROPA_QUEUES_MAX, &o->workers);
			break;
		case 'q':
			o->one = true;
			ok = number(optarg, EUROPA_QUEUES_MAX - 1, &o->queue);
			break;
		case 's':
			ok = number(optarg, 1000000000, &o->spin);
			break;
		case 'S':
			ok = number(optarg, 1000000, &o->stats);
			break;
		case 'b':
			o->bypass = true;
			break;
		case 'i':
			o->wake = true;
			break;
		case 'o':
			o->takeover = true;
			break;
		case 'c':
			o->check = true;
			ok = !optarg || number(optarg, 1000000000, &o->addresses);
			break;
		case 'a':
			o->question = optarg;
			break;
		case 't':
			o->trace = true;
			ok = number(optarg, 1000000000, &o->packets);
			break;
		case 'd':
			o->verbose = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		case 'V':
			printf("europa-router %s\n", europa_version());
			return 0;
		default:
			return 1;
		}
	}
	if (ok && optind < argc)
		return fail("unknown argument \"%s\"; see --help.", argv[optind]);
	return ok ? -1 : 1;
}

static int open_failed(const char *vr, int err)
{
	if (!vr)
		return fail("no VR was handed over in EUROPA_FD; use ip vr exec, or --vr.");
	if (err == -ENOENT)
		return fail("there is no VR %s, or /dev/europa has no node for it.", vr);
	if (err == -EACCES || err == -EPERM)
		return fail("no permission to open the device of VR %s; its owner, group and mode are set by ip vr set.",
			    vr);
	if (err == -ENODEV || err == -ENXIO)
		return fail("VR %s is gone.", vr);
	return fail("cannot open VR %s: %s.", vr, strerror(-err));
}

static int attach_failed(unsigned long queue, int err)
{
	if (err == -EPERM)
		return fail("the VR's data plane is another user's: only he, the owner of the device node or who has CAP_NET_ADMIN takes over.");
	if (err == -EBUSY)
		return fail("queue %lu of the VR has a data plane already.", queue);
	if (err == -EPROTO)
		return fail("the kernel module speaks another version of the interface.");
	if (err == -EINVAL)
		return fail("the VR has no queue %lu.", queue);
	if (err == -ENODEV)
		return fail("the VR is gone.");
	if (err == -ENOTTY || err == -EBADF)
		return fail("the descriptor in EUROPA_FD is not a VR's.");
	return fail("cannot attach to the VR: %s.", strerror(-err));
}

/* IDLE: the kernel would apply the rules that are to be bypassed. */
static uint64_t features(const struct options *o)
{
	uint64_t some = o->takeover ? EUROPA_FEATURE_TAKEOVER : 0;

	if (o->bypass)
		return some;
	return some | EUROPA_FEATURE_AGREE | (o->wake ? 0 : EUROPA_FEATURE_IDLE);
}

static int attach(struct europa_queue *q, int fd, unsigned long queue,
		  const struct options *o)
{
	const struct europa_attach_options want = {
		.queue = queue,
		.features = features(o),
		.snap = SNAP,
	};
	int err = europa_attach_with(q, fd, &want);

	if (err)
		return attach_failed(queue, err);
	if (!(want.features & ~q->features & EUROPA_FEATURE_AGREE))
		return 0;
	europa_detach(q);
	return fail("the kernel module does not honour nftables, iptables, tc and IPsec rules, so they would be bypassed: load the module that belongs to this europa-router, or say --bypass-filters.");
}

/* The descriptor has a queue already, which is told for each other there is. */
static bool has_queue(int fd, unsigned long queue)
{
	const struct europa_attach_options want = { .queue = queue };
	struct europa_queue q;

	return europa_attach_with(&q, fd, &want) != -EINVAL;
}

/* After the first queue was attached. */
static unsigned long workers(const struct options *o)
{
	unsigned long n = 1;

	if (o->workers || o->one)
		return o->workers ? o->workers : 1;
	while (n < EUROPA_QUEUES_MAX && has_queue(o->fd, n))
		n++;
	return n;
}

/* ---- the queues -------------------------------------------------------- */

struct queues {
	/* Each is a whole number of cache lines, which its worker writes to. */
	struct europa_queue q[EUROPA_QUEUES_MAX] __attribute__((aligned(64)));
	unsigned int count;	/* attached */
	unsigned int wanted;
};

static int attach_next(struct queues *all, const struct options *o)
{
	int fd = all->count ? europa_open_again(o->fd) : o->fd, status;

	if (fd < 0)
		return fail("cannot open the VR's device again, for its other queues: %s; let this user open it (ip vr set owner), or say --workers 1.",
			    strerror(-fd));
	status = attach(&all->q[all->count], fd, o->queue + all->count, o);
	if (!status)
		all->count++;
	else if (all->count)
		europa_close(fd);
	if (all->count == 1 && !status)
		all->wanted = workers(o);
	return status;
}

static int attach_all(struct queues *all, const struct options *o)
{
	int status = 0;

	do
		status = attach_next(all, o);
	while (!status && all->count < all->wanted);
	return status;
}

static void detach_all(struct queues *all)
{
	while (all->count) {
		struct europa_queue *q = &all->q[--all->count];
		int fd = q->fd;

		europa_detach(q);
		if (all->count)
			europa_close(fd);
	}
}

/* Each queue's packets come to its lane. */
static void assign(struct router *r, struct queues *all)
{
	unsigned int i;

	r->lanes = all->count ? all->count : 1;
	for (i = 0; i < all->count; i++)
		r->lane[i].q = &all->q[i];
}

static int start_all(struct queues *all)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < all->count && !err; i++)
		err = europa_start(&all->q[i]);
	return err;
}

/* ------------------------------------------------------------------------ */

static int check(struct loop *l, const struct options *o)
{
	int running = ask_open(l->r->vr, o->queue);
	int n = check_all(l, o->addresses, running);

	if (running >= 0)
		close(running);
	if (n == -ECONNRESET)
		return fail("the running europa-router does not answer.");
	if (n < 0 && n != -EINTR)
		return fail("cannot ask the kernel for its routes: %s.", strerror(-n));
	return n > 0;
}

/*
 * It forwards, even if it cannot answer. Who was taken over from has the socket's name
 * until it has ended, soon.
 */
static void answer(struct loop *l, struct inquiry *q, const struct options *o)
{
	int err = inquiry_open(q, l->r->vr, o->queue);

	l->queue = o->queue;
	if (err == -EADDRINUSE && o->takeover)
		l->inquiry_tries = LOOP_INQUIRY_TRIES;
	else if (err)
		fail("no questions are answered: %s.", err == -EADDRINUSE ?
		     "others have the socket's name" : strerror(-err));
	l->inquiry = q;
}

static int forward(struct loop *l, struct inquiry *inquiry, const struct options *o)
{
	int err;

	if (l->r->verbose)
		fprintf(stderr, "europa-router: vr %u: started\n", l->r->vr);
	answer(l, inquiry, o);
	notify("READY=1");
	err = loop_run(l);
	if (!l->left)
		notify("STOPPING=1");
	l->inquiry = NULL;
	inquiry_close(inquiry);
	return err;
}

static int told_why(const struct router *r, int err)
{
	if (err == -ENOTCONN)
		return fail("VR %u: the kernel detached it, as it had packets and did not move for longer than the VR's stall.",
			    r->vr);
	if (err == -ENODEV)
		return fail("VR %u is gone.", r->vr);
	return err ? fail("VR %u: %s.", r->vr, strerror(-err)) : 0;
}

/*
 * With a queue that was taken over come its packets: whoever is to handle them starts; and
 * what the kernel tells meanwhile is not left for later.
 */
static int take_all(struct loop *l, struct queues *all, struct inquiry *inquiry,
		    const struct options *o)
{
	int status, err = 0;

	do {
		status = attach_next(all, o);
		if (status)
			return status;
		if (all->count == 1)
			notify_main();
		assign(l->r, all);
		err = europa_start(&all->q[all->count - 1]);
		if (!err && all->wanted > 1)
			err = crew_add(l->crew, l->r, inquiry, l->spin);
		if (!err && all->count < all->wanted)
			loop_round(l);
	} while (!err && all->count < all->wanted);
	return told_why(l->r, err);
}

/*
 * The service is this process from the first queue on: which is the last of the other one,
 * who ends then, is not known. If not all can be had the other one goes on with the rest.
 */
static int take_over(struct loop *l, struct queues *all, struct inquiry *inquiry,
		     const struct options *o)
{
	int status = take_all(l, all, inquiry, o);

	if (status && all->count)
		notify_former();
	return status;
}

static int go(struct loop *l, struct queues *all, const struct options *o)
{
	struct router *r = l->r;
	struct inquiry inquiry = { 0 };
	struct crew *crew = l->crew;
	int err = 0, status = 0;

	if (o->takeover)
		status = take_over(l, all, &inquiry, o);
	else
		err = start_all(all);
	if (all->wanted < 2)
		l->crew = NULL;
	worker_init(&l->worker, r, &r->lane[0], l->spin);
	if (!status && !err)
		err = forward(l, &inquiry, o);
	else
		crew_stop(crew);
	if (status)
		return status;
	if (r->verbose)
		stats_print(r, stdout);
	if (l->left && !err && r->verbose)
		fprintf(stderr, "europa-router: vr %u: another data plane took over\n", r->vr);
	return told_why(r, err);
}

static int with_crew(struct loop *l, struct queues *all, const struct options *o)
{
	struct crew *crew = aligned_alloc(64, sizeof(*crew));
	int status;

	if (!crew)
		return fail("no memory.");
	status = crew_open(crew);
	if (status) {
		free(crew);
		return fail("cannot start: %s.", strerror(-status));
	}
	l->crew = crew;
	status = go(l, all, o);
	crew_close(crew);
	free(crew);
	return status;
}

static int route(struct loop *l, struct queues *all, const struct options *o)
{
	struct router *r = l->r;
	int err = loop_sync(l, SYNC_TIMEOUT);

	if (err == -EINTR)
		return 0;
	if (err)
		return fail("the kernel's routes could not be read: nothing came for %d s.",
			    SYNC_TIMEOUT / 1000);
	if (r->ports.count == r->ports.vlans)
		return fail("VR %u has no port in this network namespace.", r->vr);
	return o->check ? check(l, o) : with_crew(l, all, o);
}

static int with_netlink(struct router *r, struct queues *all, const struct options *o)
{
	struct loop l = {
		.r = r,
		.spin = sysconf(_SC_NPROCESSORS_ONLN) > 1 ? o->spin : 0,
		.stats_every = o->stats,
	};
	int err;

	/* A table that grows by huge pages takes megabytes it does not use. */
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	l.signals = loop_signals();
	if (l.signals < 0)
		return fail("cannot take signals: %s.", strerror(-l.signals));
	err = netlink_open(&l.nl);
	if (err)
		return fail("cannot open a netlink socket: %s.", strerror(-err));
	err = route(&l, all, o);
	netlink_close(&l.nl);
	close(l.signals);
	return err;
}

static int with_router(struct queues *all, uint32_t vr, const struct options *o)
{
	static struct router r;
	int status;

	if (!router_init(&r))
		return fail("no memory.");
	assign(&r, all);
	r.vr = vr;
	r.verbose = o->verbose;
	status = with_netlink(&r, all, o);
	router_exit(&r);
	return status;
}

/*
 * The VR's number by the node's name in sysfs. Its minor number is the same unless there
 * was a VR of this number before.
 */
static uint32_t number_of(dev_t device)
{
	char path[64], link[256];
	const char *name;
	uint32_t vr;
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/dev/char/%u:%u", major(device), minor(device));
	n = readlink(path, link, sizeof(link) - 1);
	link[n > 0 ? n : 0] = '\0';
	name = strrchr(link, '/');
	return name && sscanf(name, "/europa!vr%u", &vr) == 1 ? vr : minor(device);
}

/* Without a queue. */
static int vr_number(const struct options *o, uint32_t *vr)
{
	struct stat s;

	if (fstat(o->fd, &s) || !S_ISCHR(s.st_mode))
		return fail("the descriptor in EUROPA_FD is not a VR's.");
	*vr = number_of(s.st_rdev);
	return 0;
}

/* To take over comes last: when all is known that is to be known. */
static int with_queues(const struct options *o)
{
	static struct queues all;
	uint32_t vr = 0;
	int status = o->takeover ? vr_number(o, &vr) : attach_all(&all, o);

	if (!status)
		status = with_router(&all, o->takeover ? vr : all.q[0].vr, o);
	detach_all(&all);
	return status;
}

static int ask(uint32_t vr, const struct options *o)
{
	char trace[32];
	int fd = ask_open(vr, o->queue), err;

	if (fd == -ECONNREFUSED)
		return fail("no europa-router runs for VR %u in this network namespace.", vr);
	if (fd < 0)
		return fail("cannot ask europa-router: %s.", strerror(-fd));
	snprintf(trace, sizeof(trace), "trace %lu", o->packets);
	err = ask_print(fd, o->question ? o->question : trace);
	close(fd);
	return err ? fail("europa-router does not answer: %s.", strerror(-err)) : 0;
}

/* A data plane may be at work meanwhile. */
static int without_queue(const struct options *o)
{
	static struct queues none;
	uint32_t vr;
	int status = vr_number(o, &vr);

	if (status)
		return status;
	return o->check ? with_router(&none, vr, o) : ask(vr, o);
}

int main(int argc, char **argv)
{
	struct options o = { .spin = SPIN_DEFAULT, .addresses = CHECK_DEFAULT };
	int status = parse_options(&o, argc, argv);

	if (status >= 0)
		return status;
	o.fd = europa_open(o.vr);
	if (o.fd < 0)
		return open_failed(o.vr, o.fd);
	status = o.check || o.question || o.trace ? without_queue(&o) : with_queues(&o);
	europa_close(o.fd);
	return status;
}
