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
	unsigned long queue;
	unsigned long spin;
	unsigned long stats;	/* s */
	unsigned long addresses; /* to check at random */
	unsigned long packets;	/* to trace */
	const char *question;	/* to the running router */
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
	"  -q, --queue N        queue (0)\n"
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

static bool number(const char *text, unsigned long max, unsigned long *value)
{
	char *end;

	errno = 0;
	*value = strtoul(text, &end, 10);
	if (*text >= '0' && *text <= '9' && !*end && !errno && *value <= max)
		return true;
	fail("\"%s\" is not a number from 0 to %lu.", text, max);
	return false;
}

/* Returns -1 to go on, or the exit status. */
static int parse_options(struct options *o, int argc, char **argv)
{
	int c, ok = 1;

	while (ok && (c = getopt_long(argc, argv, "v:q:s:S:hV", long_options,
				      NULL)) != -1) {
		switch (c) {
		case 'v':
			o->vr = optarg;
			break;
		case 'q':
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

static int attach(struct europa_queue *q, int fd, const struct options *o)
{
	const struct europa_attach_options want = {
		.queue = o->queue,
		.features = features(o),
		.snap = SNAP,
	};
	int err = europa_attach_with(q, fd, &want);

	if (err)
		return attach_failed(o->queue, err);
	if (!(want.features & ~q->features & EUROPA_FEATURE_AGREE))
		return 0;
	europa_detach(q);
	return fail("the kernel module does not honour nftables, iptables, tc and IPsec rules, so they would be bypassed: load the module that belongs to this europa-router, or say --bypass-filters.");
}

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

static int forward(struct loop *l, const struct options *o)
{
	struct inquiry inquiry;
	int err = europa_start(l->r->lane[0].q);

	if (err)
		return err;
	if (l->r->verbose)
		fprintf(stderr, "europa-router: vr %u: started\n", l->r->vr);
	answer(l, &inquiry, o);
	notify("READY=1");
	err = loop_run(l);
	notify("STOPPING=1");
	l->inquiry = NULL;
	inquiry_close(&inquiry);
	return err;
}

static int route(struct loop *l, const struct options *o)
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
	if (o->check)
		return check(l, o);
	if (o->takeover) {
		err = attach(r->lane[0].q, o->fd, o);
		if (err)
			return err;
	}
	err = forward(l, o);
	if (r->verbose)
		stats_print(r, stdout);
	if (l->left && !err && r->verbose)
		fprintf(stderr, "europa-router: vr %u: another data plane took over\n", r->vr);
	if (err == -ENOTCONN)
		return fail("VR %u: the kernel detached it, as it had packets and did not move for longer than the VR's stall.",
			    r->vr);
	if (err == -ENODEV)
		return fail("VR %u is gone.", r->vr);
	return err ? fail("VR %u: %s.", r->vr, strerror(-err)) : 0;
}

static int with_netlink(struct router *r, const struct options *o)
{
	struct loop l = {
		.r = r,
		.spin_max = sysconf(_SC_NPROCESSORS_ONLN) > 1 ? o->spin : 0,
		.stats_every = o->stats,
	};
	int err;

	/* A table that grows by huge pages takes megabytes it does not use. */
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	l.spin_now = l.spin_max;
	l.signals = loop_signals();
	if (l.signals < 0)
		return fail("cannot take signals: %s.", strerror(-l.signals));
	err = netlink_open(&l.nl);
	if (err)
		return fail("cannot open a netlink socket: %s.", strerror(-err));
	err = route(&l, o);
	netlink_close(&l.nl);
	close(l.signals);
	return err;
}

static int with_router(struct europa_queue *q, uint32_t vr, const struct options *o)
{
	struct router r;
	int status;

	if (!router_init(&r))
		return fail("no memory.");
	r.lane[0].q = q;
	r.vr = vr;
	r.verbose = o->verbose;
	status = with_netlink(&r, o);
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
static int with_queue(const struct options *o)
{
	struct europa_queue q = { 0 };
	int status = o->takeover ? vr_number(o, &q.vr) : attach(&q, o->fd, o);

	if (status)
		return status;
	status = with_router(&q, q.vr, o);
	if (q.map)
		europa_detach(&q);
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
	uint32_t vr;
	int status = vr_number(o, &vr);

	if (status)
		return status;
	return o->check ? with_router(NULL, vr, o) : ask(vr, o);
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
	status = o.check || o.question || o.trace ? without_queue(&o) : with_queue(&o);
	europa_close(o.fd);
	return status;
}
