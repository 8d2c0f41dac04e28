// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * storm [-n ONE_IN] [-s SEED] [-e KIND:EDITED]... VR ENTRIES MAC0 MAC1: a router on the
 * wire between ports 0 and 1 that does harm. MAC0 and MAC1 are those behind them. What is
 * addressed to a port goes out of the other, so that connections through it live; but one
 * packet in ONE_IN (8) is edited first: noise, fields made to say what is just wrong, tags
 * and extension headers out of nothing, metadata and entries that do not fit; or it goes
 * out as a packet of the VR's own making; or the edit is one that a router may do. Some
 * packets are kept for a while. Needs no privilege.
 *
 * It ends when it has returned ENTRIES entries, or has edited EDITED packets of every KIND
 * that was named (see kinds below), or at SIGTERM, or when the VR goes. Then it prints
 * `seed N`, `entries N`, `edited N`, and a line of the like for each kind.
 */
#include <err.h>
#include <errno.h>
#include <libeuropa.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "dice.h"
#include "dissect.h"

#define EDITS		3	/* of one packet, at most */
#define KEEP_ONE_IN	4
#define PATIENCE	20	/* ms without a packet until kept ones go on */

static struct europa_queue q;
static uint8_t own[2][ETH_ALEN], peer[2][ETH_ALEN];
static volatile sig_atomic_t stop;

/* ---- what it counts ---- */

static struct {
	const char *name;
	unsigned long edited, wanted;
} kinds[KINDS] = {
	[ALL] = { .name = "edited" },
	[BENIGN] = { .name = "benign" },
	[MADE] = { .name = "made" },
	[TCP4] = { .name = "tcp4" },
	[TCP6] = { .name = "tcp6" },
	[UDP] = { .name = "udp" },
	[FRAGLIST] = { .name = "fraglist" },
	[OTHER] = { .name = "other" },
	[VLAN] = { .name = "vlan" },
	[SCTP] = { .name = "sctp" },
	[GRE] = { .name = "gre" },
	[VXLAN] = { .name = "vxlan" },
};

static unsigned long seed, entries, wanted_entries;
static unsigned int edit_one_in = 8;

static bool enough(void)
{
	bool wanted = false;
	int i;

	if (stop || entries >= wanted_entries)
		return true;
	for (i = 0; i < KINDS; i++) {
		if (kinds[i].edited < kinds[i].wanted)
			return false;
		wanted |= kinds[i].wanted;
	}
	return wanted;
}

static void print_counts(void)
{
	int i;

	printf("seed %lu\nentries %lu\n", seed, entries);
	for (i = 0; i < KINDS; i++)
		printf("%s %lu\n", kinds[i].name, kinds[i].edited);
	fflush(stdout);
}

/* ---- packets ---- */

static void look(struct packet *p, const struct europa_entry *e)
{
	memset(p, 0, offsetof(struct packet, fields));
	p->e = *e;
	p->slot = europa_slot(&q, e->slot);
	p->data = europa_data(&q, e);
	p->bytes = e->bytes;
	if (e->flags & EUROPA_RX_META)
		p->kinds = kinds_of_metadata(p->slot);
	walk_ethernet(p, 0, 0);
}

/* ---- edits that a router may do ---- */

/* A word of an IPv4 header, and its checksum, by RFC 1624. */
static void put_header_word(struct packet *p, unsigned int at, unsigned int value)
{
	unsigned int sum = (~word_at(p, p->ip4 + 10) & 0xffff) + (~word_at(p, at) & 0xffff) + value;

	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	put_word(p, at, value);
	put_word(p, p->ip4 + 10, ~sum & 0xffff);
}

static void lower_ttl(struct packet *p)
{
	if (p->ip4)
		put_header_word(p, p->ip4 + 8, word_at(p, p->ip4 + 8) - 0x100);
	else if (p->ip6)
		put_byte(p, p->ip6 + 7, byte_at(p, p->ip6 + 7) - 1);
}

static void set_dscp(struct packet *p)
{
	unsigned int dscp = below(64);

	if (p->ip4)
		put_header_word(p, p->ip4, (word_at(p, p->ip4) & 0xff03) | dscp << 2);
	else if (p->ip6)
		put_word(p, p->ip6, (word_at(p, p->ip6) & 0xf03f) | dscp << 6);
}

/* That the MAC addresses were written already is an edit, too. */
static void edit_rightly(struct packet *p)
{
	switch (below(3)) {
	case 0: lower_ttl(p); break;
	case 1: set_dscp(p); break;
	}
	p->kinds |= 1 << BENIGN;
}

/* ---- edits that it may not ---- */

/* What is nearly right, or as wrong as can be. rest: what would be true of a length. */
static unsigned int borderline(unsigned int value, unsigned int max, unsigned int rest)
{
	switch (below(11)) {
	case 0: return 0;
	case 1: return 1;
	case 2: return value + 1;
	case 3: return value - 1;
	case 4: return max;
	case 5: return max - 1;
	case 6: return rest;
	case 7: return rest + 1;
	case 8: return rest - 1;
	case 9: return value ^ 1u << below(16);
	default: return dice();
	}
}

static unsigned int value_for(const struct packet *p, const struct field *f, unsigned int value,
			      unsigned int max)
{
	static const uint8_t protocols[] = { 0, 1, 4, 6, 6, 17, 17, 41, 43, 44, 47, 50, 51, 58, 59, 60,
					     132, 132, 135, 255 };
	static const uint16_t types[] = { 0x0800, 0x0800, 0x86dd, 0x86dd, 0x8100, 0x88a8, 0x0806,
					  0x8847, 0x6558, 0x88be, 0x880b, 0x002e, 0x05dc, 0x0600, 0 };

	if (f->what == PROTOCOL && !one_in(4))
		return any_of(protocols);
	if (f->what == ETHERTYPE && !one_in(4))
		return any_of(types);
	return borderline(value, max, one_in(2) ? p->bytes - f->at : p->e.len - f->at);
}

/* One field says another thing. */
static void aim(struct packet *p)
{
	const struct field *f;
	unsigned int word, shift, max, value;

	if (!p->nr_fields)
		return;
	f = &p->fields[below(p->nr_fields)];
	word = f->size == 1 ? byte_at(p, f->at) : word_at(p, f->at);
	shift = __builtin_ctz(f->mask);
	max = f->mask >> shift;
	value = value_for(p, f, (word & f->mask) >> shift, max) & max;
	word = (word & ~f->mask) | value << shift;
	if (f->size == 1)
		put_byte(p, f->at, word);
	else
		put_word(p, f->at, word);
}

/* Anywhere, but mostly among the headers. */
static void scribble(struct packet *p)
{
	unsigned int at, n = 1 + below(one_in(8) ? 256 : 8);

	at = below(one_in(4) || p->bytes < 128 ? p->bytes : 128);
	while (n--)
		put_byte(p, at++, dice());
}

/* What follows the IPv6 header becomes an extension header of some length. */
static void extend(struct packet *p)
{
	static const uint8_t headers[] = { IPPROTO_HOPOPTS, IPPROTO_ROUTING, IPPROTO_DSTOPTS,
					   IPPROTO_DSTOPTS, IPPROTO_FRAGMENT };
	unsigned int next = p->ip6 + 6, behind = p->ip6 + 40, proto;

	if (!p->ip6)
		return;
	proto = byte_at(p, next);
	put_byte(p, next, any_of(headers));
	if (one_in(4))
		return;
	put_byte(p, behind, proto);
	put_byte(p, behind + 1, borderline(1, 255, (p->e.len - behind) / 8));
}

/* A tag more in the frame, or one less: the packet begins elsewhere, and so do its fields. */
static void retag(struct packet *p)
{
	unsigned int type = word_at(p, 12);
	int move = (type == TYPE_TAG || type == TYPE_STAG) && one_in(2) ? -4 : 4;

	if (p->e.offset < sizeof(struct europa_slot) + 4 || p->bytes < 18)
		return;
	memmove(p->data - move, p->data, 2 * ETH_ALEN);
	p->data -= move;
	p->e.offset -= move;
	p->e.len += move;
	p->bytes += move;
	p->nr_fields = 0;
	p->ip4 = p->ip6 = 0;
	p->changed += move;
	if (p->changed < 2 * ETH_ALEN)
		p->changed = 2 * ETH_ALEN;
	if (move < 0)
		return;
	put_word(p, 12, one_in(2) ? TYPE_TAG : TYPE_STAG);
	put_word(p, 14, borderline(7, 0xffff, 0xfff));
}

static void edit_metadata(struct packet *p)
{
	static const uint16_t tags[] = { 0x8100, 0x88a8, 0x0800, 0x9100, 0, 0xffff };
	static const uint16_t types[] = { 0, 1, 2, 3, 4, 8, 9, 10, 16, 20, 32, 33, 0xffff };
	struct europa_slot *s = p->slot;
	unsigned int len = p->e.len;

	switch (below(9)) {
	case 0: s->flags = one_in(4) ? dice() : s->flags ^ 1u << below(4); break;
	case 1: s->vlan_proto = htons(any_of(tags)); break;
	case 2: s->vlan_tci = borderline(s->vlan_tci, 0xffff, 0xfff); break;
	case 3: s->csum_start = borderline(s->csum_start, 0xffff, len); break;
	case 4: s->csum_offset = borderline(s->csum_offset, 0xffff, len - s->csum_start); break;
	case 5: s->gso_type = any_of(types); break;
	case 6: s->gso_size = borderline(s->gso_size, 0xffff, len - s->gso_hdr_len); break;
	case 7: s->gso_segs = borderline(s->gso_segs, 0xffff, 2); break;
	case 8: s->gso_hdr_len = borderline(s->gso_hdr_len, 0xffff, len); break;
	}
}

static void edit_entry(struct packet *p)
{
	struct europa_entry *e = &p->e;

	switch (below(4)) {
	case 0: e->len = borderline(e->len, EUROPA_STRIDE, p->bytes); break;
	case 1: e->bytes = borderline(e->bytes, EUROPA_STRIDE, p->bytes); break;
	case 2: e->offset += below(64) - 32; break;
	case 3: e->offset = borderline(e->offset, EUROPA_STRIDE, sizeof(struct europa_slot)); break;
	}
}

/* Those of bytes first: the last ones say how many of them count. */
static void edit_wrongly(struct packet *p)
{
	unsigned int n, which = below(16);

	for (n = 1 + below(EDITS); n; n--) {
		switch (which) {
		case 0 ... 2: scribble(p); break;
		case 3 ... 10: aim(p); break;
		case 11: extend(p); break;
		case 12: retag(p); break;
		}
		which = one_in(2) ? which : below(12);
	}
	if (one_in(6))
		edit_metadata(p);
}

/* ---- back to the kernel ---- */

static void give(const struct packet *p, enum europa_op op)
{
	europa_tx_write(&q, p->e.len, p->e.slot, p->e.bytes, p->e.offset, p->e.port, op);
	entries++;
}

/*
 * Into a spare slot, as far as the packet's bytes are known: what was the kernel's metadata
 * is now the VR's own. The packet itself is dropped.
 */
static void make(struct packet *p)
{
	struct europa_entry spare;
	struct europa_slot *slot;

	if (!europa_spare_get(&q, &spare))
		return;
	slot = europa_slot(&q, spare.slot);
	*slot = *p->slot;
	if (p->bytes > spare.len)
		p->bytes = spare.len;
	memcpy(europa_data(&q, &spare), p->data, p->bytes);
	give(p, EUROPA_OP_DROP);
	p->e.slot = spare.slot;
	p->e.offset = spare.offset;
	p->e.len = p->bytes;
	p->slot = slot;
	p->data = europa_data(&q, &spare);
	p->changed = p->bytes;
	p->kinds |= 1 << MADE;
	edit_metadata(p);
}

static void edit(struct packet *p)
{
	bool rightly = one_in(4);
	int i;

	if (rightly)
		edit_rightly(p);
	else
		edit_wrongly(p);
	if (!rightly && one_in(4))
		make(p);
	p->e.bytes = one_in(4) ? p->bytes : p->changed;
	if (!rightly && one_in(6))
		edit_entry(p);
	p->kinds |= 1 << ALL;
	for (i = 0; i < KINDS; i++)
		kinds[i].edited += p->kinds >> i & 1;
}

static bool is_mine(const struct europa_entry *e)
{
	return e->bytes >= ETH_HLEN && e->port < 2 &&
	       !memcmp(europa_data(&q, e), own[e->port], ETH_ALEN);
}

/* A list of datagrams cannot be edited, so it is the kernel's, unless it is tried. */
static void forward(const struct europa_entry *e)
{
	static struct packet p;
	bool chosen = one_in(edit_one_in);

	look(&p, e);
	if (!is_mine(e) || (p.kinds & 1 << FRAGLIST && !chosen)) {
		give(&p, EUROPA_OP_PUNT);
		return;
	}
	p.e.port = !e->port;
	memcpy(p.data, peer[p.e.port], ETH_ALEN);
	memcpy(p.data + ETH_ALEN, own[p.e.port], ETH_ALEN);
	p.changed = 2 * ETH_ALEN;
	p.e.bytes = p.changed;
	if (chosen)
		edit(&p);
	give(&p, EUROPA_OP_SEND);
}

/* ---- packets that are kept for a while ---- */

static struct europa_entry *kept;
static unsigned int nr_kept, most_kept;

static void take(const struct europa_entry *e)
{
	if (nr_kept < most_kept && one_in(KEEP_ONE_IN))
		kept[nr_kept++] = *e;
	else
		forward(e);
}

static void let_go(unsigned int n)
{
	unsigned int i;

	while (n--) {
		i = below(nr_kept);
		forward(&kept[i]);
		kept[i] = kept[--nr_kept];
	}
}

/* A sixteenth of them, so that whoever waits for one gets it at last. */
static void let_some_go(void)
{
	let_go((below(nr_kept + 1) + 7) / 8);
}

/* ---- from start to end ---- */

static void on_signal(int sig)
{
	(void)sig;
	stop = 1;
}

static int run(void)
{
	struct europa_entry e[EUROPA_BURST];
	int i, n = 0;

	while (!enough()) {
		n = europa_rx_wait(&q, e, EUROPA_BURST, 0, PATIENCE);
		if (n < 0 && n != -EINTR)
			return n;
		for (i = 0; i < n; i++)
			take(&e[i]);
		let_some_go();
		europa_tx_submit(&q);
	}
	let_go(nr_kept);
	europa_tx_submit(&q);
	n = europa_kick(&q);
	return n < 0 ? n : 0;
}

static void check(int ret, const char *what)
{
	if (ret < 0)
		errx(1, "cannot %s: %s", what, strerror(-ret));
}

static void attach(const char *vr)
{
	struct europa_port_info info;
	int fd, i;

	fd = europa_open(vr);
	check(fd, "open the VR");
	for (i = 0; i < 2; i++) {
		check(europa_port(fd, i, &info), "find the port");
		memcpy(own[i], info.address, ETH_ALEN);
	}
	check(europa_attach(&q, fd, 0, 0), "attach");
	most_kept = q.slot_count / 3;
	kept = calloc(most_kept, sizeof(*kept));
	if (!kept)
		err(1, "memory");
	check(europa_start(&q), "start");
	puts("running");
	fflush(stdout);
}

static bool parse_mac(const char *text, uint8_t *mac)
{
	return sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", mac, mac + 1, mac + 2, mac + 3,
		      mac + 4, mac + 5) == 6;
}

/* KIND:EDITED */
static bool parse_wanted(char *text)
{
	char *colon = strchr(text, ':');
	int i;

	if (!colon)
		return false;
	*colon = '\0';
	for (i = 0; i < KINDS; i++) {
		if (!strcmp(kinds[i].name, text)) {
			kinds[i].wanted = strtoul(colon + 1, NULL, 0);
			return true;
		}
	}
	return false;
}

static bool options(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "n:s:e:")) != -1) {
		if (c == 'n' && atoi(optarg) > 0)
			edit_one_in = atoi(optarg);
		else if (c == 's')
			seed = strtoul(optarg, NULL, 0);
		else if (c != 'e' || !parse_wanted(optarg))
			return false;
	}
	if (argc - optind != 4)
		return false;
	wanted_entries = strtoul(argv[optind + 1], NULL, 0);
	return parse_mac(argv[optind + 2], peer[0]) && parse_mac(argv[optind + 3], peer[1]);
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	int ret;

	seed = time(NULL);
	if (!options(argc, argv))
		errx(2, "storm [-n ONE_IN] [-s SEED] [-e KIND:EDITED]... VR ENTRIES MAC0 MAC1");
	dice_seed(seed * 2 + 1);
	sigaction(SIGTERM, &action, NULL);
	attach(argv[optind]);
	ret = run();
	print_counts();
	check(ret, "go on");
	return 0;
}
