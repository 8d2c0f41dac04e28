// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * differ SEED FIRST COUNT LATE K0 K1 K2 E0 E1 E2: send packets number FIRST and on
 * (packets.h), COUNT of them and then LATE for hosts that do not answer, to the ports of two
 * routers, from K0, K1, K2 to those of one, from E0, E1, E2 to those of the other. What comes
 * back by any device has to be the same, but for its order, and for what the kernel makes up:
 * numbers of its own packets, and how often it asks or redirects. What differs is printed
 * with the packet that it is about; then how many of each kind.
 *
 * differ -d SEED FIRST COUNT: print these packets.
 */
#include <err.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "packets.h"

#define BURST		32
#define CHUNK		4000		/* packets that are compared at once */
#define BUFFER		(64 << 20)
#define PATIENCE	20000		/* ms, for an answer */
#define QUIET		150		/* ms, in which nothing comes any more */
#define QUIET_LATE	1500		/* the same, of hosts that do not answer */
#define SHOWN		12		/* kinds, of which one is printed */
#define OWED		1100		/* ms, after which a redirect is due again */
#define ECHO_ID		0x5e57

enum side { KERNEL, EUROPA };

static const char *const side_name[] = { "the kernel", "Europa" };

/* What came back. */
struct seen {
	uint32_t id;			/* of the packet that it is about; ~0: not known */
	uint8_t side, port;
	bool once;			/* however often it came: see forget() */
	bool redirect;			/* limited by time: compared at the end */
	bool matched;
	unsigned int len;
	struct virtio_net_hdr vnet;
	uint8_t b[];
};

static struct {
	int fd[2][PACKET_PORTS];
	struct seen **seen;
	unsigned int count, size;
	unsigned int echo;		/* number of the last probe; */
	unsigned int echoes;		/* and a bit for each answer */
	uint64_t seed;
	uint32_t from, to;		/* packets of this chunk */
} at;

static struct {
	unsigned int sent, refused, back, differ, shown;
} total;

static struct packet packet;

/* ---- kinds of packets that differ -------------------------------------- */

static struct kind {
	char name[128];
	unsigned int count;
} kinds[4096];

static struct kind *kind_of(const char *name)
{
	struct kind *k;

	for (k = kinds; k < &kinds[4095] && *k->name && strcmp(k->name, name); k++)
		;
	snprintf(k->name, sizeof(k->name), "%s", name);
	return k;
}

/* ---- printing ---------------------------------------------------------- */

static void decode(const uint8_t *b, unsigned int len)
{
	static const uint32_t head[] = { 0xa1b2c3d4, 2 | 4 << 16, 0, 0, 65535, 1 };
	uint32_t record[] = { 0, 0, len < 65535 ? len : 65535, len };
	FILE *out;

	fflush(stdout);
	out = popen("tcpdump -nevvvX -t -r - 2>/dev/null | cut -c 1-300 | sed 's/^/      /' |"
		    " head -n 12", "w");
	if (!out)
		err(1, "tcpdump");
	fwrite(head, sizeof(head), 1, out);
	fwrite(record, sizeof(record), 1, out);
	fwrite(b, record[2], 1, out);
	pclose(out);
}

static void print_vnet(const struct virtio_net_hdr *h)
{
	if (h->flags || h->gso_type)
		printf("      (flags %u, gso type %u size %u, checksum at %u + %u)\n", h->flags,
		       h->gso_type, h->gso_size, h->csum_start, h->csum_offset);
}

static void print_packet(const struct packet *p)
{
	printf("  packet %u, by port %u, %u bytes: %s\n", p->id, p->port, p->len, p->kind);
	print_vnet(&p->vnet);
	decode(p->b, p->len);
}

static void print_seen(const struct seen *s)
{
	printf("    only %s sent, by port %u, %u bytes:\n", side_name[s->side], s->port, s->len);
	print_vnet(&s->vnet);
	decode(s->b, s->len);
}

/* ---- what a frame is about --------------------------------------------- */

static uint16_t get16(const uint8_t *b)
{
	return b[0] << 8 | b[1];
}

static bool is4(const uint8_t *b, unsigned int len)
{
	return len >= 34 && get16(b + 12) == 0x0800;
}

static bool is6(const uint8_t *b, unsigned int len)
{
	return len >= 54 && get16(b + 12) == 0x86dd;
}

/* Addresses of the routers, if only by a setting; some others look so, which does no harm. */
static bool from_us(const uint8_t *b, unsigned int len)
{
	if (is4(b, len))
		return b[26] == 127 || (b[26] == 10 && (b[29] == 1 || b[27] == 60));
	if (!is6(b, len) || (b[22] != 0xfd && b[22] != 0xfe))
		return false;
	return b[23] == 0x60 || (b[36] == 0 && b[37] == 1);
}

/* The number of one of this chunk, of which some low bits are known. */
static uint32_t complete(uint32_t low, uint32_t mask)
{
	uint32_t id = (at.from & ~mask) | low;

	if (id < at.from)
		id += mask + 1;
	return id < at.to ? id : ~0u;
}

static uint32_t number_of_header(const uint8_t *b, unsigned int len)
{
	if (len >= 20 && b[0] >> 4 == 4)
		return complete(get16(b + 4), 0xffff);
	if (len >= 40 && b[0] >> 4 == 6)
		return complete((b[1] & 15) << 16 | get16(b + 2), 0xfffff);
	return ~0u;
}

static uint32_t number_of(const uint8_t *b, unsigned int len)
{
	uint32_t word = htonl(PACKET_MAGIC), id;
	const uint8_t *found = memmem(b, len, &word, sizeof(word));
	unsigned int quoted = is4(b, len) ? 42 : is6(b, len) ? 62 : 0;

	if (found && found + 8 <= b + len) {
		memcpy(&id, found + 4, sizeof(id));
		id = ntohl(id);
		if (id >= at.from && id < at.to)
			return id;
	}
	if (!quoted)
		return ~0u;
	if (!from_us(b, len))
		return number_of_header(b + 14, len - 14);
	return len > quoted ? number_of_header(b + quoted, len - quoted) : ~0u;
}

/* ---- what the kernel makes up ------------------------------------------ */

static bool is_icmp6(const struct seen *s, unsigned int type)
{
	return is6(s->b, s->len) && s->len > 54 && s->b[20] == IPPROTO_ICMPV6 && s->b[54] == type;
}

static bool is_redirect(const struct seen *s)
{
	return is_icmp6(s, 137) || (is4(s->b, s->len) && s->len > 34 &&
				    s->b[23] == IPPROTO_ICMP && s->b[34] == 5);
}

/* Asked again and again, and after a while. */
static bool is_question(const struct seen *s)
{
	return is_icmp6(s, 135) || (get16(s->b + 12) == 0x0806 && s->len >= 42 && s->b[21] == 1);
}

/* What hosts tell now and then without being asked: groups, routers wanted. */
static bool is_chatter(const struct seen *s)
{
	static const uint8_t nobody[16];

	if (!from_us(s->b, s->len) && !(is6(s->b, s->len) && !memcmp(s->b + 22, nobody, 16)))
		return false;
	if (is4(s->b, s->len))
		return s->b[23] == IPPROTO_IGMP;
	return is_icmp6(s, 133) || (s->b[20] == IPPROTO_HOPOPTS && s->len > 62 &&
				    (s->b[62] == 131 || s->b[62] == 132 || s->b[62] == 143));
}

/* Header checksum and number of an IPv4 header; a fragment's number of an IPv6 one. */
static void forget_numbers(struct seen *s)
{
	if (is4(s->b, s->len)) {
		memset(s->b + 18, 0, 2);
		memset(s->b + 24, 0, 2);
	} else if (is6(s->b, s->len) && s->b[20] == IPPROTO_FRAGMENT && s->len >= 62) {
		memset(s->b + 58, 0, 4);
	}
}

/*
 * Redirects are counted by host: from whom to whom says enough. What they are about, and
 * the service of that, which is theirs, depends on when one was due.
 */
static void forget_redirect(struct seen *s)
{
	if (is4(s->b, s->len)) {
		memset(s->b + 15, 0, 3);
		s->len = 34;
	} else {
		memset(s->b + 18, 0, 2);
		s->len = 54;
	}
}

static void forget(struct seen *s)
{
	/* How many bytes are linear; whether a checksum was looked at. */
	s->vnet.hdr_len = 0;
	s->vnet.flags &= VIRTIO_NET_HDR_F_NEEDS_CSUM;
	if (from_us(s->b, s->len))
		forget_numbers(s);
	s->redirect = is_redirect(s);
	s->once = s->redirect || is_question(s);
	if (s->redirect)
		forget_redirect(s);
}

/* ---- wires ------------------------------------------------------------- */

static void set(int fd, int level, int option, int value)
{
	if (setsockopt(fd, level, option, &value, sizeof(value)))
		err(1, "setsockopt %d", option);
}

static int wire(const char *dev)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0);

	to.sll_ifindex = if_nametoindex(dev);
	if (fd < 0 || !to.sll_ifindex)
		err(1, "%s", dev);
	set(fd, SOL_PACKET, PACKET_VNET_HDR, 1);
	set(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1);
	set(fd, SOL_SOCKET, SO_RCVBUFFORCE, BUFFER);
	set(fd, SOL_SOCKET, SO_SNDBUFFORCE, BUFFER);
	if (bind(fd, (void *)&to, sizeof(to)))
		err(1, "bind %s", dev);
	return fd;
}

/* Returns 0 or the error. */
static int transmit(int fd, struct virtio_net_hdr *h, const uint8_t *b, unsigned int len)
{
	struct iovec parts[] = { { h, sizeof(*h) }, { (void *)b, len } };

	return writev(fd, parts, 2) < 0 ? errno : 0;
}

static bool is_echo(enum side side, unsigned int port, const uint8_t *b, unsigned int len)
{
	if (!is4(b, len) || len < 42 || b[23] != IPPROTO_ICMP || b[34] || get16(b + 38) != ECHO_ID)
		return false;
	if (get16(b + 40) == (at.echo & 0xffff))
		at.echoes |= 1 << (side * PACKET_PORTS + port);
	return true;
}

static void keep(const struct seen *s)
{
	struct seen *copy = malloc(sizeof(*s) + s->len);

	if (at.count == at.size) {
		at.size = at.size ? 2 * at.size : 4096;
		at.seen = realloc(at.seen, at.size * sizeof(at.seen[0]));
	}
	if (!copy || !at.seen)
		err(1, "memory");
	memcpy(copy, s, sizeof(*s) + s->len);
	at.seen[at.count++] = copy;
}

/* Returns false when there is none. */
static bool receive(enum side side, unsigned int port)
{
	static union {
		struct seen seen;
		uint8_t room[sizeof(struct seen) + PACKET_MAX + 64];
	} u;
	struct seen *s = &u.seen;
	struct iovec parts[] = { { &s->vnet, sizeof(s->vnet) }, { s->b, PACKET_MAX } };
	ssize_t n = readv(at.fd[side][port], parts, 2);

	if (n < 0 && errno != EAGAIN)
		err(1, "%s, port %u", side_name[side], port);
	if (n < 0)
		return false;
	s->side = side;
	s->port = port;
	s->matched = false;
	s->len = n - sizeof(s->vnet);
	if (is_echo(side, port, s->b, s->len) || is_chatter(s))
		return true;
	total.back++;
	s->id = number_of(s->b, s->len);
	forget(s);
	keep(s);
	return true;
}

/* Returns false when nothing came for so many ms. */
static bool listen_for(int ms)
{
	struct pollfd fds[2 * PACKET_PORTS];
	unsigned int i;

	for (i = 0; i < 2 * PACKET_PORTS; i++)
		fds[i] = (struct pollfd){ at.fd[i / PACKET_PORTS][i % PACKET_PORTS], POLLIN, 0 };
	if (poll(fds, 2 * PACKET_PORTS, ms) <= 0)
		return false;
	for (i = 0; i < 2 * PACKET_PORTS; i++)
		if (fds[i].revents)
			while (receive(i / PACKET_PORTS, i % PACKET_PORTS))
				;
	return true;
}

/*
 * Behind each burst the routers are pinged by each port: what was sent before is done with
 * when they answer.
 */
static void probe(void)
{
	static const uint8_t head[] = {
		2, 0, 0, 0, 15, 0, 2, 0, 0, 0, 10, 9, 8, 0, 0x45, 0, 0, 28, 0, 0, 0, 0, 64, 1, 0, 0,
		10, 0, 0, 9, 10, 0, 0, 1, 8, 0, 0, 0, ECHO_ID >> 8, ECHO_ID & 255,
	};
	struct virtio_net_hdr none = { 0 };
	unsigned int i, port;
	uint8_t b[42];

	at.echo++;
	at.echoes = 0;
	for (i = 0; i < 2 * PACKET_PORTS; i++) {
		port = i % PACKET_PORTS;
		memcpy(b, head, sizeof(head));
		b[5] = b[27] = b[31] = port;
		b[10] = 10 + port;
		b[40] = at.echo >> 8;
		b[41] = at.echo;
		*(uint16_t *)(b + 24) = htons(~add_up(0, b + 14, 20));
		*(uint16_t *)(b + 36) = htons(~add_up(0, b + 34, 8));
		if (transmit(at.fd[i / PACKET_PORTS][port], &none, b, sizeof(b)))
			err(1, "probe");
	}
	while (at.echoes != (1 << 2 * PACKET_PORTS) - 1 && listen_for(PATIENCE))
		;
	if (at.echoes != (1 << 2 * PACKET_PORTS) - 1)
		errx(1, "a router does not answer any more: %#x (a bit for each port, the kernel's first)",
		     at.echoes);
}

/* ---- comparing --------------------------------------------------------- */

static int by_bytes(const struct seen *a, const struct seen *b)
{
	int d = a->port - b->port ?: (int)a->len - (int)b->len;

	return d ?: memcmp(a->b, b->b, a->len) ?: memcmp(&a->vnet, &b->vnet, sizeof(a->vnet));
}

static int by_contents(const void *a, const void *b)
{
	const struct seen *x = *(struct seen **)a, *y = *(struct seen **)b;

	return by_bytes(x, y) ?: x->side - y->side;
}

static int by_number(const void *a, const void *b)
{
	const struct seen *x = *(struct seen **)a, *y = *(struct seen **)b;

	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return by_contents(a, b);
}

/* What is alike, from which to which in the sorted list: as many of each side. */
static void match(unsigned int from, unsigned int to)
{
	unsigned int kernel = 0, pairs, i, j;

	while (from + kernel < to && at.seen[from + kernel]->side == KERNEL)
		kernel++;
	pairs = to - from - kernel;
	pairs = pairs < kernel ? pairs : kernel;
	for (i = 0; i < to - from; i++) {
		j = i < kernel ? i : i - kernel;
		at.seen[from + i]->matched = j < pairs || (at.seen[from]->once && (pairs || j));
	}
}

static void print_differing(unsigned int from, unsigned int to)
{
	struct kind *k;
	unsigned int i;

	if (at.seen[from]->id == ~0u)
		strcpy(packet.kind, "of no known packet");
	else
		packet_make(&packet, at.seed, at.seen[from]->id, at.seen[from]->id >= 0x80000000);
	k = kind_of(packet.kind);
	total.differ++;
	if (k->count++ || total.shown++ >= SHOWN)
		return;
	if (at.seen[from]->id != ~0u)
		print_packet(&packet);
	for (i = from; i < to && i < from + 8; i++)
		print_seen(at.seen[i]);
}

/* The redirects of this chunk are kept for the next one, each once. */
static unsigned int keep_redirects(void)
{
	unsigned int i, kept = 0, rest = 0;
	struct seen **redirects = malloc((at.count + 1) * sizeof(redirects[0]));

	for (i = 0; i < at.count; i++)
		if (!at.seen[i]->redirect)
			at.seen[rest++] = at.seen[i];
		else if (kept && !by_contents(&at.seen[i], &redirects[kept - 1]))
			free(at.seen[i]);
		else
			redirects[kept++] = at.seen[i];
	memcpy(at.seen + rest, redirects, kept * sizeof(redirects[0]));
	free(redirects);
	at.count = rest;
	return kept;
}

/* They are sorted by contents. */
static void match_all(void)
{
	unsigned int i, j;

	for (i = 0; i < at.count; i = j) {
		for (j = i + 1; j < at.count && !by_bytes(at.seen[i], at.seen[j]); j++)
			;
		match(i, j);
	}
}

/* What differs is printed; all are done with. */
static void report(void)
{
	unsigned int i, j, rest = 0;

	for (i = 0; i < at.count; i++) {
		if (at.seen[i]->matched)
			free(at.seen[i]);
		else
			at.seen[rest++] = at.seen[i];
	}
	qsort(at.seen, rest, sizeof(at.seen[0]), by_number);
	for (i = 0; i < rest; i = j) {
		for (j = i + 1; j < rest && at.seen[i]->id == at.seen[j]->id; j++)
			;
		print_differing(i, j);
	}
	for (i = 0; i < rest; i++)
		free(at.seen[i]);
	at.count = 0;
}

/* All but the redirects, which remain. */
static void compare(void)
{
	unsigned int kept, end;

	qsort(at.seen, at.count, sizeof(at.seen[0]), by_contents);
	kept = keep_redirects();
	end = at.count;
	match_all();
	report();
	memmove(at.seen, at.seen + end, kept * sizeof(at.seen[0]));
	at.count = kept;
}

/* ---- all --------------------------------------------------------------- */

static void send_to_both(struct packet *p)
{
	int kernel = transmit(at.fd[KERNEL][p->port], &p->vnet, p->b, p->len);
	int europa = transmit(at.fd[EUROPA][p->port], &p->vnet, p->b, p->len);

	if (kernel != europa)
		errx(1, "packet %u: one wire says %s, the other %s", p->id, strerror(kernel),
		     strerror(europa));
	total.sent += !kernel;
	total.refused += !!kernel;
}

/* Numbers of late packets have the highest bit. */
static void chunk(uint32_t from, uint32_t count, bool late)
{
	uint32_t i;

	at.from = from;
	at.to = from + count;
	for (i = 0; i < count; i++) {
		packet_make(&packet, at.seed, from + i, late);
		send_to_both(&packet);
		if (!late && i % BURST == BURST - 1)
			probe();
	}
	probe();
	while (listen_for(late ? QUIET_LATE : QUIET))
		;
	compare();
}

/*
 * The kernel limits those of IPv6 to one a second for a host, whatever is set, and the two
 * routers' seconds are not the same. So for what only one has sent a redirect of the other
 * is owed, too: it is sent once more when that is due by both.
 */
static void ask_again(void)
{
	unsigned int i, count = at.count;

	for (i = 0; i < count; i++) {
		if (at.seen[i]->matched || at.seen[i]->id == ~0u)
			continue;
		poll(NULL, 0, OWED);
		at.from = at.seen[i]->id;
		at.to = at.from + 1;
		packet_make(&packet, at.seed, at.from, at.from >= 0x80000000);
		send_to_both(&packet);
		probe();
		while (listen_for(QUIET))
			;
	}
}

static void compare_redirects(void)
{
	match_all();
	ask_again();
	compare();
	match_all();
	report();
}

static void summary(void)
{
	struct kind *k;

	for (k = kinds; *k->name; k++)
		printf("  %6u  %s\n", k->count, k->name);
	printf("seed %llu: %u packets, %u refused by the wire, %u came back from the two, %u differ\n",
	       (unsigned long long)at.seed, total.sent, total.refused, total.back, total.differ);
}

int main(int argc, char **argv)
{
	bool print = argc > 1 && !strcmp(argv[1], "-d");
	unsigned int i, first, count, late, now;

	argc -= print;
	argv += print;
	if (print ? argc != 4 : argc != 11)
		errx(2, "usage: differ -d SEED FIRST COUNT | SEED FIRST COUNT LATE K0 K1 K2 E0 E1 E2");
	setvbuf(stdout, NULL, _IOLBF, 0);
	at.seed = strtoull(argv[1], NULL, 0);
	first = strtoul(argv[2], NULL, 0);
	count = strtoul(argv[3], NULL, 0);
	for (i = 0; print && i < count; i++) {
		packet_make(&packet, at.seed, first + i, (first + i) >> 31);
		print_packet(&packet);
	}
	if (print)
		return 0;
	late = strtoul(argv[4], NULL, 0);
	for (i = 0; i < 2 * PACKET_PORTS; i++)
		at.fd[i / PACKET_PORTS][i % PACKET_PORTS] = wire(argv[5 + i]);
	probe();
	for (; count; count -= now, first += now) {
		now = count < CHUNK ? count : CHUNK;
		chunk(first, now, false);
	}
	if (late)
		chunk(0x80000000 + first, late, true);
	compare_redirects();
	summary();
	return total.differ > 0;
}
