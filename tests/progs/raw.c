// SPDX-License-Identifier: GPL-2.0
/*
 * raw DEVICE|fd=N WORD...: do the words in order, say what came of each, and go on.
 *
 *   attach[,version=N][,queue=N][,spares=N][,features=N][,reserved=N]
 *   map[,pages=±N][,offset=N][,private][,readonly]
 *   start  stop  detach  kick  unmap  close  open=PATH  dup  execute
 *   port=N         what the kernel says of a port
 *   poll  wait     events now; events after sleeping for them
 *   seen           tell the kernel how far rx was read
 *   take=N         receive N packets and keep them
 *   publish        return what was kept, unchanged, by PUNT, without a kick
 *   give           the same with a kick
 *   discard        by DROP, with a kick
 *   touch          read and write every page of the map
 *   zero           is every byte of the map's slots zero?
 *   fork  clone    a child that holds the files; one that holds the memory, too
 *   child          a child that ends at once
 *   pause          until SIGUSR1
 *   say=TEXT
 *   forward[=MAC0,MAC1][,flap]  reflect  punt  drop  hold
 *                  be a data plane until SIGUSR1. forward: IPv4 from port 0 to 1 and
 *                  back, MACn being the next hop's behind port n, the rest PUNT, and
 *                  what is for an address that ends in .1, the router's.
 *                  reflect: back to where it came from. hold: receive, return nothing.
 *                  flap: STOP and START again and again.
 */
#include <arpa/inet.h>
#include <err.h>
#include <net/ethernet.h>
#include <netinet/ip.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include "dataplane.h"

#define BURST		64
#define KEPT_MAX	65536
#define FLAP_EVERY	20	/* ms */

static struct dataplane dp = { .fd = -1 };
static struct europa_entry kept[KEPT_MAX];
static unsigned int nkept;
static char *words_argument;		/* what follows '=' or ',' in the word at hand */
static volatile sig_atomic_t next_word;

static void on_signal(int signal)
{
	(void)signal;
	next_word = 1;
}

/* ",name=N" of the word at hand. */
static long option(const char *name, long otherwise)
{
	char key[32];
	const char *at;

	snprintf(key, sizeof(key), ",%s=", name);
	at = words_argument ? strstr(words_argument, key) : NULL;
	return at ? strtol(at + strlen(key), NULL, 0) : otherwise;
}

static bool flag(const char *name)
{
	return words_argument && strstr(words_argument, name);
}

static const char *error_name(int error)
{
	return strerrorname_np(error) ?: "?";
}

static int say_events(int events)
{
	if (events < 0)
		return events;
	printf("events:%s%s%s%s\n", events ? "" : " none", events & POLLIN ? " IN" : "",
	       events & POLLHUP ? " HUP" : "", events & POLLERR ? " ERR" : "");
	return 0;
}

/* ---- words that are one call ---- */

/* What is known of an attachment before stays when this one is refused. */
static int do_attach(void)
{
	struct dataplane new = { .fd = dp.fd, .map = dp.map };
	int ret;

	new.at.queue = option("queue", 0);
	new.at.spares = option("spares", 0);
	new.at.features = option("features", 0);
	new.at.reserved[3] = option("reserved", 0);
	new.at.version = option("version", EUROPA_ABI_VERSION);
	ret = dp_error(ioctl(dp.fd, EUROPA_IOC_ATTACH, &new.at));
	if (!ret)
		dp = new;
	return ret;
}

static int do_map(void)
{
	long page = sysconf(_SC_PAGESIZE);
	size_t size = dp.at.map_size + option("pages", 0) * page;
	int prot = PROT_READ | (flag("readonly") ? 0 : PROT_WRITE);
	void *map = mmap(NULL, size, prot, flag("private") ? MAP_PRIVATE : MAP_SHARED, dp.fd,
			 option("offset", 0) * page);

	if (map == MAP_FAILED)
		return -errno;
	dp.map = map;
	return 0;
}

static int do_start(void) { return dp_error(ioctl(dp.fd, EUROPA_IOC_START)); }
static int do_stop(void) { return dp_error(ioctl(dp.fd, EUROPA_IOC_STOP)); }
static int do_detach(void) { return dp_error(ioctl(dp.fd, EUROPA_IOC_DETACH)); }
static int do_unmap(void) { return dp_unmap(&dp); }
static int do_close(void) { return dp_error(close(dp.fd)); }
static int do_dup(void) { return dp_error(close(dup(dp.fd))); }
static int do_unknown(void) { return dp_error(ioctl(dp.fd, _IO(0xEA, 99))); }

static int do_kick(void)
{
	int ret = dp_kick(&dp);

	if (ret >= 0)
		printf("entries: %d\n", ret);
	return ret;
}

static int do_open(void)
{
	dp.fd = open(words_argument + 1, O_RDWR);
	return dp_error(dp.fd);
}

static int do_execute(void)
{
	execlp("sleep", "sleep", "1000", NULL);
	return -errno;
}

static int do_port(void)
{
	struct europa_port_info p = { .port = strtoul(words_argument + 1, NULL, 0) };
	int ret = dp_error(ioctl(dp.fd, EUROPA_IOC_PORT, &p));

	if (!ret)
		printf("port %u: ifindex %u mtu %u%s%s address %02x:%02x:%02x:%02x:%02x:%02x\n",
		       p.port, p.ifindex, p.mtu, p.flags & EUROPA_PORT_UP ? " up" : "",
		       p.flags & EUROPA_PORT_SPOOFCHK ? " spoofchk" : "", p.address[0],
		       p.address[1], p.address[2], p.address[3], p.address[4], p.address[5]);
	return ret;
}

static int do_poll(void)
{
	struct pollfd p = { .fd = dp.fd, .events = POLLIN };
	int ret = dp_error(poll(&p, 1, 0));

	return say_events(ret < 0 ? ret : p.revents);
}

static int do_wait(void)
{
	printf("sleeping\n");
	return say_events(dp_wait(&dp, -1));
}

static int do_seen(void)
{
	dp_arm(&dp, false);
	return 0;
}

static int do_say(void)
{
	puts(words_argument + 1);
	return 0;
}

static int do_pause(void)
{
	sigset_t blocked, before;

	printf("pausing\n");
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	sigprocmask(SIG_BLOCK, &blocked, &before);
	while (!next_word)
		sigsuspend(&before);
	sigprocmask(SIG_SETMASK, &before, NULL);
	next_word = 0;
	return 0;
}

/* ---- memory ---- */

static int do_touch(void)
{
	size_t i, page = sysconf(_SC_PAGESIZE);

	for (i = 0; i < dp.at.map_size; i += page) {
		volatile char *at = dp.map + i;
		*at = *at;
	}
	return 0;
}

static int do_zero(void)
{
	const char *slots = dp.map + dp.at.slots_offset;
	size_t i, size = (size_t)dp.at.slots * dp.at.stride;

	for (i = 0; i < size; i++)
		if (slots[i] && i % dp.at.stride >= sizeof(struct europa_slot))
			return -EUCLEAN;
	return 0;
}

/* ---- children ---- */

static int do_fork(void)
{
	pid_t child = fork();

	if (!child)
		for (;;)
			pause();
	if (child > 0)
		printf("child %d\n", child);
	return child < 0 ? -errno : 0;
}

static int cloned(void *unused)
{
	(void)unused;
	for (;;)
		pause();
	return 0;
}

/* The memory is shared, the table of files is copied. */
static int do_clone(void)
{
	static char stack[65536];
	pid_t child = clone(cloned, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL);

	if (child > 0)
		printf("child %d\n", child);
	return child < 0 ? -errno : 0;
}

static int do_child(void)
{
	pid_t child = fork();

	if (!child) {
		close(dp.fd);
		_exit(0);
	}
	return child < 0 || waitpid(child, NULL, 0) < 0 ? -errno : 0;
}

/* ---- packets ---- */

static int do_take(void)
{
	unsigned int n = strtoul(words_argument + 1, NULL, 0);

	while (n) {
		int events = dp_readable(&dp) ? POLLIN : dp_wait(&dp, -1);

		if (events < 0 || events & POLLHUP)
			return events < 0 ? events : -EPIPE;
		for (; n && nkept < KEPT_MAX && dp_receive(&dp, &kept[nkept]); n--)
			nkept++;
	}
	dp_arm(&dp, false);
	return 0;
}

static void return_kept(enum europa_op op)
{
	while (nkept) {
		struct europa_entry e = kept[--nkept];

		e.op = op;
		dp_return(&dp, e);
	}
}

static int do_publish(void)
{
	return_kept(EUROPA_OP_PUNT);
	return 0;
}

static int do_give(void)
{
	do_publish();
	return do_kick();
}

static int do_discard(void)
{
	return_kept(EUROPA_OP_DROP);
	return do_kick();
}

struct neighbours {
	uint8_t own[2][ETH_ALEN], next[2][ETH_ALEN];
};

static struct neighbours near;

static struct ether_header *entry_eth(const struct europa_entry *e)
{
	return (void *)((char *)dp_slot(&dp, e->slot) + e->offset);
}

static void forward(struct europa_entry *e)
{
	struct ether_header *eth = entry_eth(e);
	struct iphdr *ip = (void *)(eth + 1);
	uint32_t sum;

	e->op = EUROPA_OP_PUNT;
	if (e->port > 1 || e->bytes < sizeof(*eth) + sizeof(*ip) ||
	    eth->ether_type != htons(ETHERTYPE_IP) || ip->ttl < 2 ||
	    (ntohl(ip->daddr) & 255) == 1 ||
	    memcmp(eth->ether_dhost, near.own[e->port], ETH_ALEN))
		return;
	e->op = EUROPA_OP_SEND;
	e->port = !e->port;
	e->bytes = sizeof(*eth) + sizeof(*ip);
	ip->ttl--;
	sum = ip->check + htons(0x100);
	ip->check = sum + (sum >= 0xffff);
	memcpy(eth->ether_shost, near.own[e->port], ETH_ALEN);
	memcpy(eth->ether_dhost, near.next[e->port], ETH_ALEN);
}

static void reflect(struct europa_entry *e)
{
	struct ether_header *eth = entry_eth(e);
	uint8_t mac[ETH_ALEN];

	e->op = EUROPA_OP_SEND;
	e->bytes = sizeof(*eth);
	memcpy(mac, eth->ether_dhost, ETH_ALEN);
	memcpy(eth->ether_dhost, eth->ether_shost, ETH_ALEN);
	memcpy(eth->ether_shost, mac, ETH_ALEN);
}

static void punt(struct europa_entry *e) { e->op = EUROPA_OP_PUNT; }
static void drop(struct europa_entry *e) { e->op = EUROPA_OP_DROP; }

static unsigned long received;

/* Receives and judges a burst; without a judge the packets stay here. */
static int burst(void (*judge)(struct europa_entry *))
{
	struct europa_entry e;
	int n;

	for (n = 0; n < BURST && dp_receive(&dp, &e); n++) {
		received++;
		if (!judge)
			continue;
		judge(&e);
		dp_return(&dp, e);
	}
	return n;
}

/* No new packets; finish those there are. */
static int flap(void (*judge)(struct europa_entry *))
{
	int ret = do_stop();

	while (!ret && burst(judge))
		;
	if (!ret)
		ret = dp_kick(&dp);
	return ret < 0 ? ret : do_start();
}

static int run(void (*judge)(struct europa_entry *))
{
	bool flapping = flag(",flap");
	unsigned long flaps = 0;
	int ret = 0;

	printf("running\n");
	received = 0;
	while (!next_word && ret >= 0 && !(ret & POLLHUP)) {
		if (burst(judge))
			ret = dp_kick(&dp) < 0 ? -errno : 0;
		else
			ret = dp_wait(&dp, flapping ? FLAP_EVERY : -1);
		if (ret == -EINTR)
			ret = 0;
		if (flapping && ret >= 0 && ++flaps % 4 == 0)
			ret = flap(judge);
	}
	next_word = 0;
	printf("received: %lu\n", received);
	if (flapping)
		printf("flaps: %lu\n", flaps / 4);
	return ret < 0 ? ret : ret & POLLHUP ? -EPIPE : 0;
}

static int parse_macs(const char *text)
{
	uint8_t *a = near.next[0], *b = near.next[1];

	return sscanf(text, "=%hhx:%hhx:%hhx:%hhx:%hhx:%hhx,%hhx:%hhx:%hhx:%hhx:%hhx:%hhx",
		      a, a + 1, a + 2, a + 3, a + 4, a + 5, b, b + 1, b + 2, b + 3, b + 4,
		      b + 5) == 12 ? 0 : -EINVAL;
}

static int do_forward(void)
{
	struct europa_port_info p;
	int i, ret = *words_argument == '=' ? parse_macs(words_argument) : 0;

	for (i = 0; !ret && i < 2; i++) {
		p = (struct europa_port_info) { .port = i };
		ret = dp_error(ioctl(dp.fd, EUROPA_IOC_PORT, &p));
		memcpy(near.own[i], p.address, ETH_ALEN);
	}
	return ret ?: run(forward);
}

static int do_reflect(void) { return run(reflect); }
static int do_punt(void) { return run(punt); }
static int do_drop(void) { return run(drop); }
static int do_hold(void) { return run(NULL); }

static const struct word {
	const char *name;
	int (*fn)(void);
} words[] = {
	{ "attach", do_attach }, { "map", do_map }, { "start", do_start }, { "stop", do_stop },
	{ "detach", do_detach }, { "kick", do_kick }, { "unmap", do_unmap },
	{ "close", do_close }, { "open", do_open }, { "dup", do_dup }, { "port", do_port },
	{ "poll", do_poll }, { "wait", do_wait }, { "seen", do_seen }, { "take", do_take },
	{ "publish", do_publish }, { "give", do_give }, { "discard", do_discard },
	{ "touch", do_touch },
	{ "zero", do_zero }, { "fork", do_fork }, { "clone", do_clone }, { "child", do_child },
	{ "pause", do_pause }, { "say", do_say },
	{ "forward", do_forward }, { "reflect", do_reflect }, { "punt", do_punt },
	{ "drop", do_drop }, { "hold", do_hold }, { "unknown", do_unknown },
	{ "execute", do_execute },
};

static void do_word(char *word)
{
	size_t i, len = strcspn(word, "=,");
	int ret;

	words_argument = word + len;
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strlen(words[i].name) != len || strncmp(words[i].name, word, len))
			continue;
		ret = words[i].fn();
		printf("%s: %s\n", word, ret < 0 ? error_name(-ret) : "ok");
		return;
	}
	errx(2, "what is '%s'?", word);
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	int i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 2)
		errx(2, "raw DEVICE|fd=N WORD...");
	sigaction(SIGUSR1, &action, NULL);
	if (!strncmp(argv[1], "fd=", 3))
		dp.fd = atoi(argv[1] + 3);
	else
		dp.fd = open(argv[1], O_RDWR);
	if (dp.fd < 0) {
		printf("open: %s\n", error_name(errno));
		return 1;
	}
	for (i = 2; i < argc; i++)
		do_word(argv[i]);
	return 0;
}
