// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * raw [read=|write=]DEVICE|fd=N WORD...: do the words in order, say what came of each, and
 * go on. The device is opened for both, or one only.
 *
 *   attach[,version=N][,queue=N][,spares=N][,features=N][,snap=N]
 *          [,reserved=N]
 *   proxy          attach by a child that shares files and memory, and ends
 *   map[,pages=±N][,offset=N][,private][,readonly]
 *   start  stop  detach  kick  unmap  close  open=PATH  dup  execute
 *   port=N[,reserved=N]   what the kernel says of a port
 *   poll  wait     events now; events after sleeping for them
 *   seen  arm      tell the kernel how far rx was read; and that one goes to sleep
 *   take=N         receive N packets and keep them
 *   publish        return what was kept, unchanged, by PUNT, without a kick
 *   give           the same with a kick
 *   discard        by DROP, with a kick
 *   entry[,kept][,NAME=N]...
 *                  send one packet, of a spare slot or the last one kept, that is right
 *                  but for what the options say; with a kick, unless ",quiet"
 *   tell           receive one, keep it, and say what was told of it
 *   touch          read and write every page of the map
 *   zero           is every byte of the map's slots zero?
 *   fork  clone    a child that holds the files; one that holds the memory, too
 *   child          a child that ends at once
 *   childmap       map, as a child
 *   shape          what attach told
 *   ctl            what the map's first page tells
 *   pause          until SIGUSR1
 *   say=TEXT
 *   forward[=MAC0,MAC1][,flap][,quiet][,asked]  reflect  punt  drop  hold  tally
 *                  be a data plane until SIGUSR1. forward: IPv4 from port 0 to 1 and
 *                  back, MACn being the next hop's behind port n, the rest PUNT, and
 *                  what is for an address that ends in .1, the router's.
 *                  reflect: back to where it came from. hold: receive, return nothing.
 *                  tally: PUNT, and say at the end how many there were of each length.
 *                  flap: STOP and START again and again. quiet: never call the kernel.
 *                  asked: only kick, where the map says that this is needed.
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
#define LENGTH_MAX	2048	/* bytes, of packets that are tallied */
#define FLAP_EVERY	20	/* ms */
#define FLAP_REST	10000	/* us */

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
	return at ? (long)strtoull(at + strlen(key), NULL, 0) : otherwise;
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
	new.at.snap = option("snap", 0);
	new.at.reserved[3] = option("reserved", 0);
	new.at.version = option("version", EUROPA_ABI_VERSION);
	ret = dp_error(ioctl(dp.fd, EUROPA_IOC_ATTACH, &new.at));
	if (ret)
		return ret;
	if (flag("features"))
		printf("granted: 0x%llx\n", (unsigned long long)new.at.features);
	dp = new;
	return 0;
}

static int proxy(void *ret)
{
	*(int *)ret = do_attach();
	return 0;
}

static int do_proxy(void)
{
	static char stack[65536];
	int ret = -EINTR;
	pid_t child = clone(proxy, stack + sizeof(stack), CLONE_FILES | CLONE_VM | SIGCHLD, &ret);

	if (child < 0 || waitpid(child, NULL, 0) < 0)
		return -errno;
	printf("child %d\n", child);
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

static int do_shape(void)
{
	const struct europa_attach *a = &dp.at;

	printf("vr %u generation %u slots %u stride %u headroom %u snap %u rx %u tx %u spares %u spare %u\n",
	       a->vr, a->generation, a->slots, a->stride, a->headroom, a->snap, a->rx_size,
	       a->tx_size, a->spares, a->spare_size);
	return 0;
}

static int do_ctl(void)
{
	const struct europa_ctl *ctl = (const void *)dp.map;

	printf("flags 0x%x generation %u\n", ctl->flags, ctl->generation);
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
	struct europa_port_info p = {
		.port = strtoul(words_argument + 1, NULL, 0),
		.reserved[9] = option("reserved", 0),
		.ifindex = ~0U, .mtu = ~0U, .flags = ~0U,
	};
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

static int do_arm(void)
{
	dp_arm(&dp, true);
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

/* As a child with a table of files of its own. */
static int do_childmap(void)
{
	pid_t child = fork();
	int status;

	if (!child)
		_exit(-do_map());
	if (child < 0 || waitpid(child, &status, 0) < 0)
		return -errno;
	return -WEXITSTATUS(status);
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

/* ---- entries that are wrong ---- */

/* Headers of IPv4 and TCP: what a kernel looks at to cut it. */
static void put_tcp(uint8_t *p, uint16_t len)
{
	struct iphdr *ip = (void *)p;

	memset(p, 0, len);
	ip->version = 4;
	ip->ihl = 5;
	ip->tot_len = htons(len);
	ip->ttl = 64;
	ip->protocol = IPPROTO_TCP;
	p[sizeof(*ip) + 12] = 5 << 4;
}

/* A frame out of port 0, of a make that nobody else has; a part of it may be spoiled. */
static void put_frame(uint8_t *p, const struct europa_entry *e)
{
	static const uint8_t group[ETH_ALEN] = { 0x01, 0x80, 0xc2, 0, 0, 3 };
	static const uint8_t host[ETH_ALEN] = { 2, 0, 0, 0, 0, 0x0a };
	struct europa_port_info port = { .port = e->port };
	uint16_t type = htons(option("type", 0x88b5));

	ioctl(dp.fd, EUROPA_IOC_PORT, &port);
	memcpy(p, flag(",group") ? group : host, ETH_ALEN);
	memcpy(p + ETH_ALEN, port.address, ETH_ALEN);
	p[11] ^= flag(",source");
	memcpy(p + 12, &type, sizeof(type));
	if (flag(",tcp"))
		put_tcp(p + ETH_HLEN, e->len - ETH_HLEN);
	if (flag(",poke"))
		p[option("poke", 0)] ^= 1;
}

static void put_metadata(struct europa_slot *slot)
{
	slot->flags = option("meta", 0);
	slot->vlan_proto = htons(option("proto", 0x8100));
	slot->vlan_tci = option("tci", 7);
	slot->csum_start = option("start", 34);
	slot->csum_offset = option("sum", 6);
	slot->gso_type = option("gso", 0);
	slot->gso_size = option("size", 0);
}

/*
 * One entry, of a spare slot or, with ",kept", of the last packet taken: right, but for what
 * the options say. Then a kick.
 */
static int do_entry(void)
{
	struct europa_entry e, *sent;
	bool is_kept = flag(",kept");

	if (is_kept ? !nkept : !dp_take_spare(&dp, &e))
		return -ENOENT;
	if (is_kept)
		e = kept[--nkept];
	e.len = option("len", is_kept ? e.len : 60);
	e.bytes = option("bytes", is_kept ? ETH_HLEN : e.len);
	e.offset = option("offset", e.offset);
	e.port = option("port", 0);
	e.op = option("op", EUROPA_OP_SEND);
	if (e.op == EUROPA_OP_SEND) {
		put_frame((uint8_t *)dp_slot(&dp, e.slot) + e.offset, &e);
		put_metadata(dp_slot(&dp, e.slot));
	}
	dp_return(&dp, e);
	dp_slot(&dp, e.slot)->state = option("state", EUROPA_STATE_KERNEL);
	sent = dp_ring(&dp, dp.at.tx_offset) + ((dp.tx - 1) & (dp.at.tx_size - 1));
	sent->slot = option("slot", e.slot);
	if (flag(",twice"))
		dp_return(&dp, e);
	return flag(",quiet") ? 0 : dp_error(ioctl(dp.fd, EUROPA_IOC_KICK));
}

static void say_metadata(const struct europa_slot *slot)
{
	if (slot->flags & EUROPA_SLOT_VLAN)
		printf(" vlan %04x %u", ntohs(slot->vlan_proto), slot->vlan_tci);
	if (slot->flags & EUROPA_SLOT_CSUM)
		printf(" csum %u+%u", slot->csum_start, slot->csum_offset);
	if (slot->flags & EUROPA_SLOT_CSUM_OK)
		printf(" good");
	if (slot->flags & EUROPA_SLOT_GSO)
		printf(" gso %u size %u segs %u headers %u", slot->gso_type, slot->gso_size,
		       slot->gso_segs, slot->gso_hdr_len);
	if (slot->hash)
		printf(" hash");
	if (slot->state != EUROPA_STATE_VR)
		printf(" state %u", slot->state);
}

/* What is told about one packet. */
static int do_tell(void)
{
	struct europa_entry e;

	while (!dp_readable(&dp))
		dp_wait(&dp, -1);
	dp_receive(&dp, &e);
	printf("told len %u bytes %u offset %u port %u%s%s%s", e.len, e.bytes, e.offset, e.port,
	       e.flags & EUROPA_RX_ADDRESSED ? " addressed" : "",
	       e.flags & EUROPA_RX_MULTICAST ? " multicast" : "",
	       e.flags & EUROPA_RX_META ? " meta" : "");
	say_metadata(dp_slot(&dp, e.slot));
	printf("\n");
	if (nkept < KEPT_MAX)
		kept[nkept++] = e;
	return 0;
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

static unsigned int lengths[LENGTH_MAX];

static void tally(struct europa_entry *e)
{
	lengths[e->len < LENGTH_MAX ? e->len : 0]++;
	punt(e);
}

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

/* No new packets; finish those there are. One that rests is stopped when some come. */
static int flap(void (*judge)(struct europa_entry *), bool rest)
{
	int ret = do_stop();

	while (!ret && burst(judge))
		;
	if (!ret)
		ret = dp_kick(&dp);
	if (rest)
		usleep(FLAP_REST);
	return ret < 0 ? ret : do_start();
}

/* As the library's europa_need_kick(). */
static bool kick_needed(void)
{
	const struct europa_ctl *ctl = (const void *)dp.map;

	atomic_thread_fence(memory_order_seq_cst);
	return __atomic_load_n(&ctl->flags, __ATOMIC_RELAXED) & EUROPA_CTL_NEED_KICK;
}

/* Without a system call, but for a kick that is needed. */
static int spin(void (*judge)(struct europa_entry *), bool asked)
{
	int ret = 0;

	while (!next_word && ret >= 0)
		if (burst(judge) && asked && kick_needed())
			ret = dp_kick(&dp);
	next_word = 0;
	printf("received: %lu\n", received);
	return ret;
}

static int run(void (*judge)(struct europa_entry *))
{
	bool flapping = flag(",flap");
	unsigned long flaps = 0;
	int ret = 0;

	printf("running\n");
	received = 0;
	if (flag(",quiet") || flag(",asked"))
		return spin(judge, flag(",asked"));
	while (!next_word && ret >= 0 && !(ret & POLLHUP)) {
		if (burst(judge))
			ret = dp_kick(&dp) < 0 ? -errno : 0;
		else
			ret = dp_wait(&dp, flapping ? FLAP_EVERY : -1);
		if (ret == -EINTR)
			ret = 0;
		if (flapping && ret >= 0 && ++flaps % 4 == 0)
			ret = flap(judge, flaps % 64 == 0);
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

static int do_tally(void)
{
	int i, ret = run(tally);

	for (i = 0; i < LENGTH_MAX; i++)
		if (lengths[i])
			printf("length %d: %u\n", i, lengths[i]);
	return ret;
}

static const struct word {
	const char *name;
	int (*fn)(void);
} words[] = {
	{ "attach", do_attach }, { "proxy", do_proxy }, { "map", do_map }, { "start", do_start }, { "stop", do_stop },
	{ "detach", do_detach }, { "kick", do_kick }, { "unmap", do_unmap },
	{ "close", do_close }, { "open", do_open }, { "dup", do_dup }, { "port", do_port },
	{ "poll", do_poll }, { "wait", do_wait }, { "seen", do_seen }, { "take", do_take },
	{ "publish", do_publish }, { "give", do_give }, { "discard", do_discard },
	{ "touch", do_touch },
	{ "zero", do_zero }, { "fork", do_fork }, { "clone", do_clone }, { "child", do_child },
	{ "pause", do_pause }, { "say", do_say },
	{ "forward", do_forward }, { "reflect", do_reflect }, { "punt", do_punt },
	{ "drop", do_drop }, { "hold", do_hold }, { "tally", do_tally }, { "unknown", do_unknown },
	{ "execute", do_execute }, { "entry", do_entry }, { "tell", do_tell },
	{ "shape", do_shape }, { "ctl", do_ctl }, { "arm", do_arm }, { "childmap", do_childmap },
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
		errx(2, "raw [read=|write=]DEVICE|fd=N WORD...");
	sigaction(SIGUSR1, &action, NULL);
	if (!strncmp(argv[1], "fd=", 3))
		dp.fd = atoi(argv[1] + 3);
	else if (!strncmp(argv[1], "read=", 5))
		dp.fd = open(argv[1] + 5, O_RDONLY);
	else if (!strncmp(argv[1], "write=", 6))
		dp.fd = open(argv[1] + 6, O_WRONLY);
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
