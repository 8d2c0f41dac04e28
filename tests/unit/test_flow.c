// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* What is found in packets, also inside tunnels, and what of it makes a flow. */
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <unistd.h>

#include "unit.h"

#include "bytes.h"
#include "dissect.h"
#include "flow.h"
#include "ip4/flow4.h"
#include "ip6/flow6.h"

#define SIZE	4096

/* A frame, written from the outside in. */
struct frame {
	uint8_t data[SIZE];
	uint32_t length;
};

static uint8_t *add(struct frame *f, unsigned int bytes)
{
	uint8_t *p = f->data + f->length;

	assert_true(f->length + bytes <= SIZE);
	memset(p, 0, bytes);
	f->length += bytes;
	return p;
}

static void put16(uint8_t *p, uint16_t v)
{
	p[0] = v >> 8;
	p[1] = v;
}

static void ethernet(struct frame *f, uint16_t type)
{
	f->length = 0;
	put16(add(f, ETH_HLEN) + 12, type);
}

/* Addresses end in the numbers given. */
static uint8_t *four(struct frame *f, uint8_t protocol, uint8_t src, uint8_t dst)
{
	uint8_t *p = add(f, 20);

	p[0] = 0x45;
	p[8] = 64;
	p[9] = protocol;
	p[15] = src;
	p[19] = dst;
	return p;
}

static uint8_t *six(struct frame *f, uint8_t next, uint8_t src, uint8_t dst, uint32_t label)
{
	uint8_t *p = add(f, 40);

	p[0] = 0x60;
	p[1] = label >> 16;
	put16(p + 2, label);
	p[6] = next;
	p[7] = 64;
	p[23] = src;
	p[39] = dst;
	return p;
}

static uint8_t *ports(struct frame *f, uint16_t src, uint16_t dst)
{
	uint8_t *p = add(f, 20);

	put16(p, src);
	put16(p + 2, dst);
	return p;
}

static void gre(struct frame *f, uint16_t flags, uint16_t type)
{
	unsigned int n = !!(flags & 0x8000) + !!(flags & 0x2000) + !!(flags & 0x1000);
	uint8_t *p = add(f, 4 + 4 * n);

	put16(p, flags);
	put16(p + 2, type);
}

/* In memory of just what is there. */
static bool find(const struct frame *f, uint32_t bytes, bool outer, struct dissect_keys *k)
{
	uint8_t *exact = malloc(bytes);
	bool known;

	memcpy(exact, f->data, bytes);
	known = dissect(exact, bytes, f->length, outer, k);
	free(exact);
	return known;
}

static void finds4(const struct dissect_keys *k, uint8_t protocol, uint8_t src, uint8_t dst)
{
	assert_false(k->six);
	assert_int_equal(k->protocol, protocol);
	assert_int_equal(k->src[0], htobe32(src));
	assert_int_equal(k->dst[0], htobe32(dst));
	assert_int_equal(k->src[1] | k->dst[1], 0);
}

static void finds6(const struct dissect_keys *k, uint8_t next, uint8_t src, uint8_t dst,
		   uint32_t label)
{
	assert_true(k->six);
	assert_int_equal(k->protocol, next);
	assert_int_equal(k->src[0] | k->dst[0], 0);
	assert_int_equal(k->src[1], htobe64(src));
	assert_int_equal(k->dst[1], htobe64(dst));
	assert_int_equal(k->label, htobe32(label));
}

static void finds_ports(const struct dissect_keys *k, uint16_t src, uint16_t dst)
{
	assert_int_equal(be16toh(k->port[0]), src);
	assert_int_equal(be16toh(k->port[1]), dst);
}

/* ---- without a tunnel -------------------------------------------------- */

static void test_plain(void **state)
{
	static const uint8_t with[] = { 6, 17, 33, 50, 132, 136 };
	static const uint8_t without[] = { 1, 2, 58, 89, 137 };
	struct dissect_keys k;
	struct frame f;
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(with); i++) {
		ethernet(&f, ETH_P_IP);
		four(&f, with[i], 1, 2);
		ports(&f, 1000, 2000);
		assert_true(find(&f, f.length, i % 2, &k));
		finds4(&k, with[i], 1, 2);
		finds_ports(&k, 1000, 2000);
		assert_false(k.tunnel);
	}
	for (i = 0; i < sizeof(without); i++) {
		f.data[23] = without[i];
		assert_true(find(&f, f.length, false, &k));
		finds4(&k, without[i], 1, 2);
		finds_ports(&k, 0, 0);
	}
	/* An authentication header's SPI is its second word. */
	f.data[23] = 51;
	put16(f.data + 38, 77);
	put16(f.data + 40, 78);
	assert_true(find(&f, f.length, false, &k));
	finds_ports(&k, 77, 78);
	/* IPv4's protocols of these numbers are no extension headers. */
	f.data[23] = 60;
	assert_true(find(&f, f.length, false, &k));
	finds4(&k, 60, 1, 2);
}

static void test_extensions(void **state)
{
	struct dissect_keys k;
	struct frame f;
	uint8_t *p;

	(void)state;
	ethernet(&f, ETH_P_IPV6);
	six(&f, 0, 3, 4, 0x12345);
	add(&f, 8)[0] = 43;
	p = add(&f, 24);
	p[0] = 60;
	p[1] = 2;
	add(&f, 8)[0] = 6;
	ports(&f, 1000, 2000);
	assert_true(find(&f, f.length, true, &k));
	finds6(&k, 6, 3, 4, 0x12345);
	finds_ports(&k, 1000, 2000);
	/* Cut off within the last: it counts for its number alone. */
	f.length = 14 + 40 + 8 + 24 + 1;
	assert_true(find(&f, f.length, true, &k));
	finds6(&k, 60, 3, 4, 0x12345);
	finds_ports(&k, 0, 0);
	ethernet(&f, ETH_P_IPV6);
	six(&f, 44, 3, 4, 0);
	add(&f, 8)[0] = 17;
	ports(&f, 1000, 2000);
	assert_true(find(&f, f.length, false, &k));
	finds6(&k, 17, 3, 4, 0);
	finds_ports(&k, 0, 0);
}

/* The first and later ones, with a tunnel inside: outside only. */
static void test_fragments(void **state)
{
	static const struct { uint8_t at, value; } bits[] = { { 20, 0x20 }, { 20, 1 }, { 21, 1 } };
	struct dissect_keys k;
	struct frame f;
	unsigned int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		ethernet(&f, ETH_P_IP);
		four(&f, i ? 4 : 17, 1, 2);
		four(&f, 17, 5, 6);
		f.data[bits[i].at] = bits[i].value;
		assert_true(find(&f, f.length, false, &k));
		finds4(&k, i ? 4 : 17, 1, 2);
		finds_ports(&k, 0, 0);
		assert_false(k.tunnel);
	}
	/* Fragments inside a tunnel have addresses, and no ports. */
	ethernet(&f, ETH_P_IP);
	four(&f, 4, 1, 2);
	four(&f, 17, 5, 6)[6] = 0x20;
	ports(&f, 1000, 2000);
	assert_true(find(&f, f.length, false, &k));
	finds4(&k, 17, 5, 6);
	finds_ports(&k, 0, 0);
	assert_true(k.tunnel);
}

/* ---- tunnels ----------------------------------------------------------- */

/* Each family in each, by protocol number or by GRE with this and that. */
static void outer_header(struct frame *f, unsigned int kind, bool outer6, bool inner6)
{
	static const uint16_t flags[] = { 0, 0x8000, 0x2000, 0x1000, 0xb000 };
	uint16_t type = inner6 ? ETH_P_IPV6 : ETH_P_IP;
	uint8_t protocol = kind ? 47 : inner6 ? 41 : 4;
	uint8_t *p;

	ethernet(f, outer6 ? ETH_P_IPV6 : ETH_P_IP);
	if (outer6)
		six(f, protocol, 1, 2, 0xabcde);
	else
		four(f, protocol, 1, 2);
	if (!kind)
		return;
	gre(f, flags[kind % 5], kind < 5 ? type : ETH_P_TEB);
	if (kind < 5)
		return;
	p = add(f, ETH_HLEN) + 12;
	if (kind < 10) {
		put16(p, type);
		return;
	}
	/* With two VLAN tags inside. */
	put16(p, 0x88a8);
	put16(add(f, 4) + 2, 0x8100);
	put16(add(f, 4) + 2, type);
}

static void test_tunnels(void **state)
{
	struct dissect_keys k;
	struct frame f;
	unsigned int i;

	(void)state;
	for (i = 0; i < 15 * 4; i++) {
		bool outer6 = i & 1, inner6 = i & 2;
		unsigned int end;

		outer_header(&f, i / 4, outer6, inner6);
		end = f.length;
		if (inner6)
			six(&f, 17, 5, 6, 0);
		else
			four(&f, 17, 5, 6);
		ports(&f, 1000, 2000);
		assert_true(find(&f, f.length, true, &k));
		assert_true(k.tunnel);
		assert_int_equal(k.six, outer6);
		finds_ports(&k, 0, 0);
		assert_true(find(&f, f.length, false, &k));
		assert_true(k.tunnel);
		finds_ports(&k, 1000, 2000);
		/* A flow label of 0 is none, and takes no other's place. */
		if (inner6)
			finds6(&k, 17, 5, 6, outer6 ? 0xabcde : 0);
		else
			finds4(&k, 17, 5, 6);
		/* The inner header is not whole: what is around it. */
		f.length = end + 19;
		assert_true(find(&f, f.length, false, &k));
		assert_true(k.tunnel);
		if (outer6)
			finds6(&k, i / 4 ? 47 : inner6 ? 41 : 4, 1, 2, 0xabcde);
		else
			finds4(&k, i / 4 ? 47 : inner6 ? 41 : 4, 1, 2);
	}
}

/* GRE with routes in it, or of no known version, or of something else. */
static void test_gre_other(void **state)
{
	struct dissect_keys k;
	struct frame f;

	(void)state;
	ethernet(&f, ETH_P_IP);
	four(&f, 47, 1, 2);
	gre(&f, 0x4000, ETH_P_IP);
	four(&f, 17, 5, 6);
	assert_true(find(&f, f.length, false, &k));
	finds4(&k, 47, 1, 2);
	assert_false(k.tunnel);
	put16(f.data + 34, 2);
	assert_true(find(&f, f.length, false, &k));
	finds4(&k, 47, 1, 2);
	assert_false(k.tunnel);
	put16(f.data + 34, 0);
	put16(f.data + 36, ETH_P_MPLS_UC);
	assert_true(find(&f, f.length, false, &k));
	finds4(&k, 47, 1, 2);
	assert_true(k.tunnel);
	/* The kernel looks into these. */
	put16(f.data + 36, ETH_P_PPP_SES);
	assert_false(find(&f, f.length, false, &k));
	assert_true(find(&f, f.length, true, &k));
	put16(f.data + 34, 0x2001);
	put16(f.data + 36, 0x880b);
	assert_false(find(&f, f.length, false, &k));
	/* Too short for its own fields. */
	put16(f.data + 34, 0x2000);
	f.length = 34 + 7;
	assert_true(find(&f, f.length, false, &k));
	assert_false(k.tunnel);
	f.length = 34 + 3;
	assert_true(find(&f, f.length, false, &k));
	assert_false(k.tunnel);
}

/* Fifteen headers are gone through, and what the sixteenth is in counts. */
static void test_nested(void **state)
{
	struct dissect_keys k;
	struct frame f;
	unsigned int i;

	(void)state;
	ethernet(&f, ETH_P_IP);
	for (i = 0; i < 20; i++)
		four(&f, 4, i, 100 + i);
	four(&f, 17, 77, 78);
	ports(&f, 1, 2);
	assert_true(find(&f, f.length, false, &k));
	finds4(&k, 4, 15, 115);
	f.data[14 + 15 * 20 + 9] = 17;
	assert_true(find(&f, f.length, false, &k));
	finds4(&k, 17, 15, 115);
	ethernet(&f, ETH_P_IPV6);
	six(&f, 60, 1, 2, 0);
	for (i = 0; i < 20; i++)
		add(&f, 8)[0] = 60;
	assert_true(find(&f, f.length, false, &k));
	finds6(&k, 60, 1, 2, 0);
}

/* With less than all of a packet, what is said is what all of it would say. */
static void test_part(void **state)
{
	static const uint8_t likely[] = { 0, 4, 6, 41, 43, 44, 47, 51, 60 };
	struct dissect_keys part, all;
	uint64_t seed = 99;
	unsigned int i, j, known = 0, tunnels = 0;
	struct frame f;

	(void)state;
	for (i = 0; i < 200000; i++) {
		ethernet(&f, below(&seed, 2) ? ETH_P_IP : ETH_P_IPV6);
		add(&f, 20 + below(&seed, 160));
		for (j = 14; j < f.length; j++)
			if (!below(&seed, 3))
				f.data[j] = below(&seed, 2) ? likely[below(&seed, sizeof(likely))] :
							      random32(&seed);
		f.data[14] = f.data[12] == 8 ? 0x45 : 0x60;
		if (f.data[12] == 8)
			put16(f.data + 20, 0x4000);
		find(&f, f.length, false, &all);
		tunnels += all.tunnel;
		if (!find(&f, 34 + below(&seed, f.length - 33), false, &part))
			continue;
		known++;
		assert_true(find(&f, f.length, false, &all));
		assert_memory_equal(&part, &all, sizeof(all));
	}
	assert_true(known > 20000);
	assert_true(tunnels > 2000);
}

/* ---- flows ------------------------------------------------------------- */

/* What of a packet is changed; as the bits of fib_multipath_hash_fields. */
enum { SRC, DST, PROTOCOL, LABEL, SPORT, DPORT, INNER, NOTHING = 2 * INNER };

/* An IPv4 or IPv6 packet, in a tunnel or not, with one thing changed n times. */
static void packet(struct frame *f, bool v6, bool tunnel, unsigned int what, uint8_t n)
{
	unsigned int depth, inside = tunnel;
	uint8_t v[2 * INNER] = { 1, 2, 17, 7, 3, 4, 5, 6, 17, 8, 9, 10 };

	if (what != NOTHING)
		v[what] += what % INNER == PROTOCOL && n ? 115 : n;
	ethernet(f, v6 ? ETH_P_IPV6 : ETH_P_IP);
	for (depth = 0; depth <= inside; depth++) {
		const uint8_t *t = v + depth * INNER;
		uint8_t protocol = depth < inside ? v6 ? 41 : 4 : t[PROTOCOL];

		if (v6)
			six(f, protocol, t[SRC], t[DST], t[LABEL]);
		else
			four(f, protocol, t[SRC], t[DST]);
	}
	ports(f, v[inside * INNER + SPORT], v[inside * INNER + DPORT]);
}

static uint32_t hash(const struct flow *f, const struct frame *p)
{
	return flow_hash(f, p->data, p->length, p->length);
}

static uint32_t family_hash(const struct flow *f, const struct frame *p)
{
	return p->data[12] == 8 ? flow4_hash(f, p->data, p->length) :
				  flow6_hash(f, p->data, p->length);
}

/* Has that any influence? */
static bool matters(const struct flow *f, bool v6, bool tunnel, unsigned int what)
{
	unsigned int n, differ = 0;
	struct frame a, b;

	packet(&a, v6, tunnel, NOTHING, 0);
	assert_true(hash(f, &a) < FLOW_UNKNOWN);
	for (n = 0; n < 50; n++) {
		packet(&b, v6, tunnel, what, n);
		differ += hash(f, &a) != hash(f, &b);
	}
	assert_true(!differ || differ == 49);
	return differ;
}

/* Of a packet without a tunnel the inner fields are none. */
static void test_fields(void **state)
{
	struct flow f = { .key = { 11, 22 }, .policy = FLOW_FIELDS };
	unsigned int set, what, kind;

	(void)state;
	for (set = 0; set < 2 * INNER; set++) {
		for (what = 0; what < 2 * INNER; what++) {
			for (kind = 0; kind < 4; kind++) {
				bool v6 = kind & 1, tunnel = kind & 2, want;

				/* What a tunnel's packet has outside is its numbers alone. */
				if (tunnel && what < INNER && what > DST && what != LABEL)
					continue;
				want = set == what && (tunnel || what < INNER) &&
				       (v6 || what % INNER != LABEL);
				f.fields = 1 << set;
				assert_int_equal(matters(&f, v6, tunnel, what), want);
				f.fields = 0xfff & ~(1 << set);
				want = set != what && (tunnel || what < INNER) &&
				       (v6 || what % INNER != LABEL);
				assert_int_equal(matters(&f, v6, tunnel, what), want);
			}
		}
	}
}

/* IPv4 in IPv6: the flow label is of what is outside, and none inside. */
static void test_label_around(void **state)
{
	struct flow f = { .key = { 11, 22 }, .policy = FLOW_FIELDS, .fields = 0xfc0 };
	struct frame a, b;

	(void)state;
	ethernet(&a, ETH_P_IPV6);
	six(&a, 4, 1, 2, 0x12345);
	four(&a, 17, 5, 6);
	ports(&a, 1000, 2000);
	b = a;
	put16(b.data + 16, 0x5432);
	assert_int_equal(hash(&f, &a), hash(&f, &b));
	f.policy = FLOW_INNER;
	assert_int_equal(hash(&f, &a), hash(&f, &b));
	f.policy = FLOW_FIELDS;
	f.fields = 0xfff;
	assert_int_not_equal(hash(&f, &a), hash(&f, &b));
}

/* Addresses of the innermost packet; with IPv6 its label and protocol. */
static void test_inner(void **state)
{
	struct flow f = { .key = { 11, 22 }, .policy = FLOW_INNER };
	unsigned int what, kind;

	(void)state;
	for (what = 0; what < 2 * INNER; what++) {
		for (kind = 0; kind < 4; kind++) {
			bool v6 = kind & 1, tunnel = kind & 2;
			unsigned int in = what % INNER;
			bool want = tunnel == (what >= INNER) &&
				    (in <= DST || (v6 && in <= LABEL));

			if (tunnel && what < INNER && what > DST && what != LABEL)
				continue;
			assert_int_equal(matters(&f, v6, tunnel, what), want);
		}
	}
}

/* By each policy a packet and its answer are one flow. */
static void test_directions(void **state)
{
	struct flow f = { .key = { 11, 22 }, .fields = 0xfff };
	unsigned int i, kind, at;
	struct frame there, back;

	(void)state;
	for (i = 0; i < 100; i++) {
		for (kind = 0; kind < 4; kind++) {
			packet(&there, kind & 1, kind & 2, i % 2 ? INNER + SPORT : SPORT, i);
			back = there;
			for (at = 14; at + 20 < back.length; at += kind & 1 ? 40 : 20) {
				unsigned int n = kind & 1 ? 16 : 4, src = at + (kind & 1 ? 8 : 12);

				memcpy(back.data + src, there.data + src + n, n);
				memcpy(back.data + src + n, there.data + src, n);
			}
			memcpy(back.data + at, there.data + at + 2, 2);
			memcpy(back.data + at + 2, there.data + at, 2);
			for (f.policy = FLOW_INNER; f.policy <= FLOW_FIELDS; f.policy++)
				assert_int_equal(hash(&f, &there), hash(&f, &back));
			for (f.policy = FLOW_L3; f.policy <= FLOW_L4; f.policy++)
				assert_int_equal(family_hash(&f, &there), family_hash(&f, &back));
		}
	}
}

/* Another secret, other ways; parts of what there is are filled alike. */
static void test_spread(void **state)
{
	struct flow f = { .key = { 11, 22 } }, g = { .key = { 11, 23 } };
	unsigned int i, policy, high, differ;
	struct frame p;

	(void)state;
	for (policy = FLOW_INNER; policy <= FLOW_FIELDS; policy++) {
		f.policy = g.policy = policy;
		f.fields = g.fields = 0xff;
		high = differ = 0;
		for (i = 0; i < 10000; i++) {
			packet(&p, false, true, NOTHING, 0);
			put16(p.data + 34 + 14, i);
			high += hash(&f, &p) >> 30;
			differ += hash(&f, &p) != hash(&g, &p);
		}
		assert_in_range(high, 4800, 5200);
		assert_true(differ > 9900);
	}
}

static void test_unknown(void **state)
{
	struct flow f = { .key = { 11, 22 }, .policy = FLOW_OTHER };
	struct frame p;

	(void)state;
	packet(&p, false, true, NOTHING, 0);
	assert_int_equal(hash(&f, &p), FLOW_UNKNOWN);
	f.policy = FLOW_INNER;
	assert_int_not_equal(hash(&f, &p), FLOW_UNKNOWN);
	/* The slot has the addresses, and then, of the policies, not all. */
	assert_int_equal(flow_hash(&f, p.data, 34 + 19, p.length), FLOW_UNKNOWN);
	f.policy = FLOW_FIELDS;
	f.fields = 3;
	assert_int_not_equal(flow_hash(&f, p.data, 34 + 19, p.length), FLOW_UNKNOWN);
	f.fields = 0xc0;
	assert_int_equal(flow_hash(&f, p.data, 34 + 19, p.length), FLOW_UNKNOWN);
}

/* ---- the settings ------------------------------------------------------ */

static void write_file(const char *name, const char *text)
{
	FILE *file = fopen(name, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void test_settings(void **state)
{
	static const struct { const char *policy, *fields; uint8_t is; uint32_t set; } want[] = {
		{ "0\n", "7\n", FLOW_L3, 0 }, { "1\n", "7\n", FLOW_L4, 0 },
		{ "2\n", "x\n", FLOW_INNER, 0 }, { "3\n", "7\n", FLOW_FIELDS, 7 },
		{ "3\n", "4095\n", FLOW_FIELDS, 4095 }, { "3\n", "4096\n", FLOW_OTHER, 4096 },
		{ "3\n", "\n", FLOW_OTHER, 0 }, { "3\n", "0\n", FLOW_OTHER, 0 },
		{ "4\n", "7\n", FLOW_OTHER, 0 }, { "257\n", "7\n", FLOW_OTHER, 0 },
		{ "", "7\n", FLOW_OTHER, 0 }, { "1", "7\n", FLOW_OTHER, 0 },
		{ "1 2\n", "7\n", FLOW_OTHER, 0 }, { "-1\n", "7\n", FLOW_OTHER, 0 },
	};
	char policy[] = "/tmp/test-flow-XXXXXX", fields[] = "/tmp/test-flow-XXXXXX";
	struct flow f;
	unsigned int i;

	(void)state;
	close(mkstemp(policy));
	close(mkstemp(fields));
	flow_init(&f, policy, fields, NULL);
	for (i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		write_file(policy, want[i].policy);
		write_file(fields, want[i].fields);
		flow_refresh(&f);
		assert_int_equal(f.policy, want[i].is);
		assert_int_equal(f.fields, want[i].set);
	}
	unlink(fields);
	write_file(policy, "3\n");
	flow_refresh(&f);
	assert_int_equal(f.policy, FLOW_OTHER);
	unlink(policy);
	flow_refresh(&f);
	assert_int_equal(f.policy, FLOW_OTHER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain), cmocka_unit_test(test_extensions),
		cmocka_unit_test(test_fragments), cmocka_unit_test(test_tunnels),
		cmocka_unit_test(test_gre_other), cmocka_unit_test(test_nested),
		cmocka_unit_test(test_part), cmocka_unit_test(test_fields),
		cmocka_unit_test(test_label_around), cmocka_unit_test(test_inner),
		cmocka_unit_test(test_directions),
		cmocka_unit_test(test_spread),
		cmocka_unit_test(test_unknown), cmocka_unit_test(test_settings),
	};

	return cmocka_run_group_tests_name("flow", tests, NULL, NULL);
}
