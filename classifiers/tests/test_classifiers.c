// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* Runs each classifier on made packets (BPF_PROG_TEST_RUN). As root; 77: BPF is not allowed. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/europa.h>

#include "europa_classifier.h"

#define SKIP 77

static int failed;
static const char *folder;
static struct bpf_object *object;
static int program;

static unsigned char packet[256];
static size_t length;

static void expect(const char *what, int got, int want)
{
	printf("%s %s", got == want ? "ok" : "not ok", what);
	if (got != want) {
		printf(": %d, wanted %d", got, want);
		failed = 1;
	}
	printf("\n");
}

/* ---- programs and rules ------------------------------------------------ */

static int quiet(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, fmt, ap) : 0;
}

static void load(const char *name)
{
	char path[512];
	int err;

	if (object)
		bpf_object__close(object);
	snprintf(path, sizeof(path), "%s/%s.bpf.o", folder, name);
	object = bpf_object__open_file(path, NULL);
	if (!object) {
		perror(path);
		exit(1);
	}
	bpf_program__set_type(bpf_object__next_program(object, NULL), BPF_PROG_TYPE_SCHED_CLS);
	err = bpf_object__load(object);
	if (err == -EPERM) {
		printf("ok # skip loading BPF programs is not permitted here\n");
		exit(SKIP);
	}
	expect(name, err, 0);
	if (err)
		exit(1);
	program = bpf_program__fd(bpf_object__next_program(object, NULL));
}

static int map(const char *name)
{
	return bpf_object__find_map_fd_by_name(object, name);
}

static void put(const char *name, const void *key, const void *value)
{
	if (bpf_map_update_elem(map(name), key, value, BPF_ANY)) {
		perror(name);
		exit(1);
	}
}

static void put_prefix4(const char *name, const char *address, int len, int verdict)
{
	struct europa_prefix4 key = { .len = len };
	struct europa_rule rule = { .verdict = verdict, .used = 1 + len };

	inet_pton(AF_INET, address, key.address);
	put(name, &key, &rule);
}

static void put_prefix6(const char *name, const char *address, int len, int verdict)
{
	struct europa_prefix6 key = { .len = len };
	struct europa_rule rule = { .verdict = verdict, .used = 1 + len };

	inet_pton(AF_INET6, address, key.address);
	put(name, &key, &rule);
}

static void put_number(const char *name, uint32_t key, int verdict)
{
	struct europa_rule rule = { .verdict = verdict, .used = 1 };

	put(name, &key, &rule);
}

/* ---- packets ----------------------------------------------------------- */

static void add(const void *bytes, size_t n)
{
	memcpy(packet + length, bytes, n);
	length += n;
}

static void add16(uint16_t v)
{
	v = htons(v);
	add(&v, sizeof(v));
}

static void ethernet(uint16_t protocol)
{
	static const unsigned char addresses[12] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2 };

	memset(packet, 0, sizeof(packet));
	length = 0;
	add(addresses, sizeof(addresses));
	add16(protocol);
}

static void tag(uint16_t vid, uint16_t protocol)
{
	add16(vid);
	add16(protocol);
}

static void ip4(const char *from, const char *to, int protocol, int options, int fragment)
{
	unsigned char h[60] = { 0x45 + options / 4 };

	h[6] = fragment >> 8;
	h[7] = fragment;
	h[8] = 64;
	h[9] = protocol;
	inet_pton(AF_INET, from, h + 12);
	inet_pton(AF_INET, to, h + 16);
	add(h, 20 + options);
}

static void ip6(const char *from, const char *to, int next)
{
	unsigned char h[40] = { 0x60 };

	h[6] = next;
	h[7] = 64;
	inet_pton(AF_INET6, from, h + 8);
	inet_pton(AF_INET6, to, h + 24);
	add(h, sizeof(h));
}

static void ports(int from, int to)
{
	add16(from);
	add16(to);
	add16(0);
	add16(0);
}

static void overlay(uint32_t vni)
{
	unsigned char h[8] = { 8, 0, 0, 0, vni >> 16, vni >> 8, vni, 0 };

	add(h, sizeof(h));
}

static int verdict(void)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .data_size_in = length,
		    .repeat = 1);

	if (bpf_prog_test_run_opts(program, &opts)) {
		perror("BPF_PROG_TEST_RUN");
		exit(1);
	}
	return (int)opts.retval;
}

static int verdict4(const char *from, const char *to)
{
	ethernet(0x0800);
	ip4(from, to, 17, 0, 0);
	ports(1, 2);
	return verdict();
}

static int verdict6(const char *from, const char *to)
{
	ethernet(0x86dd);
	ip6(from, to, 17);
	ports(1, 2);
	return verdict();
}

/* ---- tests ------------------------------------------------------------- */

static void test_prefix(void)
{
	struct europa_prefix4 key = { .len = 16, .address = { 10, 1 } };
	struct europa_rule rule;

	load("prefix");
	put_prefix4("europa_to4", "10.1.0.0", 16, EUROPA_VERDICT_VR(3));
	put_prefix4("europa_to4", "10.1.2.0", 24, EUROPA_VERDICT_HOST);
	put_prefix4("europa_from4", "192.0.2.0", 24, EUROPA_VERDICT_DROP);
	put_prefix6("europa_to6", "2001:db8::", 32, EUROPA_VERDICT_VR(65535));
	put_prefix6("europa_from6", "::", 0, EUROPA_VERDICT_VR(1));
	expect("to a prefix", verdict4("1.1.1.1", "10.1.9.9"), EUROPA_VERDICT_VR(3));
	expect("to a longer one", verdict4("1.1.1.1", "10.1.2.9"), EUROPA_VERDICT_HOST);
	expect("from a prefix", verdict4("192.0.2.7", "1.1.1.1"), EUROPA_VERDICT_DROP);
	expect("to wins over from", verdict4("192.0.2.7", "10.1.0.1"), EUROPA_VERDICT_VR(3));
	expect("no prefix fits", verdict4("1.1.1.1", "2.2.2.2"), EUROPA_VERDICT_NONE);
	expect("to an IPv6 prefix", verdict6("::1", "2001:db8:1::1"), EUROPA_VERDICT_VR(65535));
	expect("from any IPv6", verdict6("::1", "::2"), EUROPA_VERDICT_VR(1));
	ethernet(0x0806);
	length += 28;
	expect("ARP", verdict(), EUROPA_VERDICT_NONE);
	ethernet(0x8100);
	tag(7, 0x0800);
	ip4("1.1.1.1", "10.1.9.9", 6, 0, 0);
	expect("behind a VLAN tag", verdict(), EUROPA_VERDICT_VR(3));
	ethernet(0x8100);
	tag(7, 0x0800);
	add16(0x4500);
	expect("cut short", verdict(), EUROPA_VERDICT_NONE);
	bpf_map_lookup_elem(map("europa_to4"), &key, &rule);
	expect("packets of a rule", rule.packets, 3);
}

static void test_vlan(void)
{
	load("vlan");
	put_number("europa_vlan", 7, EUROPA_VERDICT_VR(7));
	put_number("europa_vlan", 0, EUROPA_VERDICT_HOST);
	ethernet(0x8100);
	tag(0xe007, 0x0800);
	expect("VLAN 7, whatever its priority", verdict(), EUROPA_VERDICT_VR(7));
	ethernet(0x88a8);
	tag(7, 0x8100);
	tag(9, 0x0800);
	expect("the outer tag", verdict(), EUROPA_VERDICT_VR(7));
	ethernet(0x8100);
	tag(8, 0x0800);
	expect("another VLAN", verdict(), EUROPA_VERDICT_NONE);
	expect("no tag", verdict4("1.1.1.1", "2.2.2.2"), EUROPA_VERDICT_HOST);
}

static int verdict_overlay(int options, int fragment, int port, uint32_t vni)
{
	ethernet(0x0800);
	ip4("1.1.1.1", "2.2.2.2", 17, options, fragment);
	ports(1000, port);
	overlay(vni);
	return verdict();
}

static void test_vni(void)
{
	load("vni");
	put_number("europa_vni", 0x123456, EUROPA_VERDICT_VR(5));
	expect("VXLAN", verdict_overlay(0, 0, 4789, 0x123456), EUROPA_VERDICT_VR(5));
	expect("Geneve", verdict_overlay(0, 0, 6081, 0x123456), EUROPA_VERDICT_VR(5));
	expect("IP options", verdict_overlay(40, 0, 4789, 0x123456), EUROPA_VERDICT_VR(5));
	expect("another VNI", verdict_overlay(0, 0, 4789, 0x123457), EUROPA_VERDICT_NONE);
	expect("another port", verdict_overlay(0, 0, 4790, 0x123456), EUROPA_VERDICT_NONE);
	expect("a fragment", verdict_overlay(0, 0x2000, 4789, 0x123456), EUROPA_VERDICT_NONE);
	ethernet(0x86dd);
	ip6("::1", "::2", 17);
	ports(1, 4789);
	overlay(0x123456);
	expect("over IPv6", verdict(), EUROPA_VERDICT_VR(5));
}

static void put_flow(uint32_t pref, struct europa_flow f, const char *from, int from_len, int verdict)
{
	f.rule.used = 1;
	f.rule.verdict = verdict;
	f.from_len = from_len;
	if (from)
		inet_pton(f.family == 4 ? AF_INET : AF_INET6, from, f.from);
	put("europa_flow", &pref, &f);
}

static int verdict_flow(const char *from, int protocol, int port, int fragment)
{
	ethernet(0x0800);
	ip4(from, "10.9.9.9", protocol, 8, fragment);
	ports(1000, port);
	return verdict();
}

static void test_flow(void)
{
	uint32_t unused = 0;

	load("flow");
	put_flow(2, (struct europa_flow){ .protocol = 6, .dport = htons(80) }, NULL, 0,
		 EUROPA_VERDICT_VR(1));
	put_flow(1, (struct europa_flow){ .family = 4 }, "10.1.2.128", 25, EUROPA_VERDICT_DROP);
	put_flow(63, (struct europa_flow){ .family = 6 }, "2001:db8:0:1::", 64,
		 EUROPA_VERDICT_VR(2));
	expect("protocol and port", verdict_flow("1.1.1.1", 6, 80, 0), EUROPA_VERDICT_VR(1));
	expect("another port", verdict_flow("1.1.1.1", 6, 81, 0), EUROPA_VERDICT_NONE);
	expect("another protocol", verdict_flow("1.1.1.1", 17, 80, 0), EUROPA_VERDICT_NONE);
	expect("lower pref first", verdict_flow("10.1.2.200", 6, 80, 0), EUROPA_VERDICT_DROP);
	expect("just outside", verdict_flow("10.1.2.127", 6, 80, 0), EUROPA_VERDICT_VR(1));
	expect("a later fragment has no port", verdict_flow("1.1.1.1", 6, 80, 3), EUROPA_VERDICT_NONE);
	put("europa_flow", &unused, &(struct europa_flow){ .rule.verdict = EUROPA_VERDICT_DROP });
	expect("an element that is not used", verdict_flow("1.1.1.1", 6, 80, 0), EUROPA_VERDICT_VR(1));
	expect("IPv6", verdict6("2001:db8:0:1::7", "::2"), EUROPA_VERDICT_VR(2));
	expect("another IPv6", verdict6("2001:db8:0:2::7", "::2"), EUROPA_VERDICT_NONE);
}

static void test_balance(void)
{
	int seen[3] = { 0 }, i, v;

	load("balance");
	for (i = 0; i < EUROPA_BUCKETS; i++)
		put_number("europa_bucket", i, EUROPA_VERDICT_VR(1 + i % 2));
	for (i = 0; i < 200; i++) {
		ethernet(0x0800);
		ip4("1.1.1.1", "2.2.2.2", 17, 0, 0);
		ports(1000 + i, 53);
		v = verdict() - EUROPA_VERDICT_VR(0);
		seen[v == 1 || v == 2 ? v : 0]++;
	}
	expect("each flow has a VR", seen[0], 0);
	expect("both get some", seen[1] > 40 && seen[2] > 40, 1);
	i = verdict();
	expect("a flow stays", verdict(), i);
	ethernet(0x0800);
	ip4("1.1.1.1", "2.2.2.2", 17, 0, 0x2000);
	ports(1000, 53);
	i = verdict();
	ethernet(0x0800);
	ip4("1.1.1.1", "2.2.2.2", 17, 0, 185);
	ports(1001, 54);
	expect("so do its fragments", verdict(), i);
	ethernet(0x0806);
	length += 28;
	expect("ARP is no flow", verdict(), EUROPA_VERDICT_NONE);
}

int main(int argc, char **argv)
{
	folder = argc > 1 ? argv[1] : "/usr/local/lib/europa/classifiers";
	libbpf_set_print(quiet);
	test_prefix();
	test_vlan();
	test_vni();
	test_flow();
	test_balance();
	bpf_object__close(object);
	return failed;
}
