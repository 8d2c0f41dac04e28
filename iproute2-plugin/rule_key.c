// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* What rules match: words to map keys and back. */
#include <arpa/inet.h>
#include <netdb.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "out.h"
#include "rule_key.h"

#define PREFIX4(name, word) \
	{ name, word, SHAPE_PREFIX4, sizeof(struct europa_prefix4), sizeof(struct europa_rule), 0 }
#define PREFIX6(name, word) \
	{ name, word, SHAPE_PREFIX6, sizeof(struct europa_prefix6), sizeof(struct europa_rule), 0 }
#define NUMBER(name, word, shape, max) \
	{ name, word, shape, sizeof(__u32), sizeof(struct europa_rule), max }

const struct rule_map rule_maps[] = {
	PREFIX4("europa_to4", "to"),
	PREFIX6("europa_to6", "to"),
	PREFIX4("europa_from4", "from"),
	PREFIX6("europa_from6", "from"),
	NUMBER("europa_vlan", "vlan", SHAPE_ID, 4095),
	NUMBER("europa_vni", "vni", SHAPE_ID, 0xffffff),
	NUMBER("europa_bucket", "bucket", SHAPE_BUCKET, EUROPA_BUCKETS - 1),
	{ "europa_flow", "flow", SHAPE_FLOW, sizeof(__u32), sizeof(struct europa_flow),
	  EUROPA_FLOWS - 1 },
};
const int rule_map_count = sizeof(rule_maps) / sizeof(rule_maps[0]);

static const struct rule_map *find_map(const char *word, enum rule_shape shape)
{
	int i;

	for (i = 0; i < rule_map_count; i++)
		if (!strcmp(rule_maps[i].word, word) && rule_maps[i].shape == shape)
			return &rule_maps[i];
	return NULL;
}

/* ---- words to keys ----------------------------------------------------- */

struct prefix {
	int family;		/* 4 or 6 */
	uint8_t address[16];
	uint8_t len;
};

static void mask(uint8_t *address, unsigned int len, unsigned int bytes)
{
	unsigned int i;

	for (i = 0; i < bytes; i++) {
		unsigned int left = len > 8 * i ? len - 8 * i : 0;

		if (left < 8)
			address[i] &= 0xff00 >> left;
	}
}

static int parse_prefix(const char *word, struct prefix *p)
{
	char address[INET6_ADDRSTRLEN];
	const char *slash = strchrnul(word, '/');
	size_t n = slash - word;
	uint64_t len;

	memset(p, 0, sizeof(*p));
	if (n >= sizeof(address))
		return args_invalid("not a prefix", word);
	memcpy(address, word, n);
	address[n] = '\0';
	if (inet_pton(AF_INET, address, p->address) == 1)
		p->family = 4;
	else if (inet_pton(AF_INET6, address, p->address) == 1)
		p->family = 6;
	else
		return args_invalid("not a prefix", word);
	len = p->family == 4 ? 32 : 128;
	if (*slash && parse_number("a prefix's length", slash + 1, 0, len, &len))
		return EXIT_USAGE;
	p->len = len;
	mask(p->address, len, sizeof(p->address));
	return 0;
}

static int parse_prefix_key(const char *word, struct args *a, struct rule *r)
{
	const char *value = args_value(a, word);
	struct prefix p;

	if (!value || parse_prefix(value, &p))
		return EXIT_USAGE;
	r->map = find_map(word, p.family == 4 ? SHAPE_PREFIX4 : SHAPE_PREFIX6);
	r->value.rule.used = 1 + p.len;
	if (p.family == 4) {
		r->key.prefix4.len = p.len;
		memcpy(r->key.prefix4.address, p.address, 4);
	} else {
		r->key.prefix6.len = p.len;
		memcpy(r->key.prefix6.address, p.address, 16);
	}
	return 0;
}

static int parse_number_key(const struct rule_map *map, struct args *a, struct rule *r)
{
	const char *value = args_value(a, map->word);
	uint64_t number;

	if (!value || parse_number(map->word, value, 0, map->max, &number))
		return EXIT_USAGE;
	r->map = map;
	r->key.number = r->last = number;
	r->value.rule.used = 1;
	return 0;
}

/* N or N-M */
static int parse_bucket_key(struct args *a, struct rule *r)
{
	const char *value = args_value(a, "bucket");
	char first[16] = "";
	const char *dash;
	uint64_t from, to;

	if (!value)
		return EXIT_USAGE;
	dash = strchrnul(value, '-');
	if (dash - value >= (ptrdiff_t)sizeof(first))
		return args_invalid("no such bucket", value);
	memcpy(first, value, dash - value);
	if (parse_number("a bucket", first, 0, EUROPA_BUCKETS - 1, &from))
		return EXIT_USAGE;
	to = from;
	if (*dash && parse_number("the last bucket", dash + 1, from, EUROPA_BUCKETS - 1, &to))
		return EXIT_USAGE;
	r->map = find_map("bucket", SHAPE_BUCKET);
	r->key.number = from;
	r->last = to;
	r->value.rule.used = 1;
	return 0;
}

static int flow_prefix(const char *value, struct europa_flow *f, uint8_t *to, uint8_t *len)
{
	struct prefix p;

	if (parse_prefix(value, &p))
		return EXIT_USAGE;
	if (f->family && f->family != p.family)
		return args_invalid("from and to are both IPv4 or both IPv6", value);
	f->family = p.family;
	memcpy(to, p.address, sizeof(p.address));
	*len = p.len;
	return 0;
}

/* Small systems and containers have no /etc/protocols. */
static const struct {
	const char *name;
	uint8_t number;
} protocols[] = {
	{ "icmp", 1 }, { "tcp", 6 }, { "udp", 17 }, { "gre", 47 }, { "esp", 50 },
	{ "ipv6-icmp", 58 }, { "ospf", 89 }, { "sctp", 132 },
};
#define PROTOCOLS (sizeof(protocols) / sizeof(protocols[0]))

static uint8_t known_protocol(const char *name)
{
	size_t i;

	for (i = 0; i < PROTOCOLS; i++)
		if (!strcmp(name, protocols[i].name))
			return protocols[i].number;
	return 0;
}

static int flow_protocol(const char *value, struct europa_flow *f)
{
	const struct protoent *proto = getprotobyname(value);
	uint64_t number = proto ? (uint64_t)proto->p_proto : known_protocol(value);

	if (!number && parse_number("a protocol", value, 1, 255, &number))
		return EXIT_USAGE;
	f->protocol = number;
	return 0;
}

static int flow_port(const char *value, __be16 *port)
{
	uint64_t number;

	if (parse_number("a port", value, 1, 65535, &number))
		return EXIT_USAGE;
	*port = htons(number);
	return 0;
}

static const char *const flow_words[] = { "from", "to", "proto", "sport", "dport" };

static int parse_flow_field(struct args *a, struct europa_flow *f)
{
	const char *word = args_next(a), *value = args_value(a, word);

	if (!value)
		return EXIT_USAGE;
	if (!strcmp(word, "from"))
		return flow_prefix(value, f, f->from, &f->from_len);
	if (!strcmp(word, "to"))
		return flow_prefix(value, f, f->to, &f->to_len);
	if (!strcmp(word, "proto"))
		return flow_protocol(value, f);
	return flow_port(value, strcmp(word, "sport") ? &f->dport : &f->sport);
}

static bool is_flow_word(const char *word)
{
	size_t i;

	for (i = 0; i < sizeof(flow_words) / sizeof(flow_words[0]); i++)
		if (!strcmp(word, flow_words[i]))
			return true;
	return false;
}

static int parse_flow_key(struct args *a, struct rule *r)
{
	r->map = find_map("flow", SHAPE_FLOW);
	r->key.number = RULE_PREF_ANY;
	r->value.rule.used = 1;
	while (args_left(a) && is_flow_word(args_peek(a)))
		if (parse_flow_field(a, &r->value))
			return EXIT_USAGE;
	return 0;
}

int rule_parse_key(struct args *a, struct rule *r)
{
	if (args_take(a, "from"))
		return parse_prefix_key("from", a, r);
	if (args_take(a, "to"))
		return parse_prefix_key("to", a, r);
	if (args_take(a, "vlan"))
		return parse_number_key(find_map("vlan", SHAPE_ID), a, r);
	if (args_take(a, "vni"))
		return parse_number_key(find_map("vni", SHAPE_ID), a, r);
	if (args_take(a, "bucket"))
		return parse_bucket_key(a, r);
	if (args_take(a, "flow"))
		return parse_flow_key(a, r);
	return -1;
}

bool rule_same_flow(const struct europa_flow *a, const struct europa_flow *b)
{
	size_t from = offsetof(struct europa_flow, family);

	return !memcmp((const char *)a + from, (const char *)b + from, sizeof(*a) - from);
}

/* ---- keys to words ----------------------------------------------------- */

static void show_prefix(const char *key, const char *fmt, int family, const uint8_t *address,
			unsigned int len)
{
	char text[INET6_ADDRSTRLEN], prefix[INET6_ADDRSTRLEN + 8];

	inet_ntop(family == 4 ? AF_INET : AF_INET6, address, text, sizeof(text));
	snprintf(prefix, sizeof(prefix), "%s/%u", text, len);
	out_string(OUT_ANY, family == 4 ? C_INET : C_INET6, key, fmt, prefix);
}

static void show_protocol(uint8_t protocol)
{
	const struct protoent *proto = getprotobynumber(protocol);
	const char *name = proto ? proto->p_name : NULL;
	char text[8];
	size_t i;

	for (i = 0; !name && i < PROTOCOLS; i++)
		if (protocols[i].number == protocol)
			name = protocols[i].name;
	snprintf(text, sizeof(text), "%u", protocol);
	out_string(OUT_ANY, C_NONE, "proto", " proto %s", name ? name : text);
}

static void show_flow(const struct europa_flow *f)
{
	if (f->from_len)
		show_prefix("from", " from %s", f->family, f->from, f->from_len);
	if (f->to_len || (f->family && !f->from_len))
		show_prefix("to", " to %s", f->family, f->to, f->to_len);
	if (f->protocol)
		show_protocol(f->protocol);
	if (f->sport)
		out_u64(OUT_ANY, "sport", " sport %llu", ntohs(f->sport));
	if (f->dport)
		out_u64(OUT_ANY, "dport", " dport %llu", ntohs(f->dport));
}

void rule_show_key(const struct rule *r)
{
	out_string(OUT_ANY, C_NONE, "key", "%s", r->map->word);
	switch (r->map->shape) {
	case SHAPE_PREFIX4:
		show_prefix("prefix", " %s", 4, r->key.prefix4.address, r->key.prefix4.len);
		break;
	case SHAPE_PREFIX6:
		show_prefix("prefix", " %s", 6, r->key.prefix6.address, r->key.prefix6.len);
		break;
	case SHAPE_ID:
	case SHAPE_BUCKET:
		out_u64(OUT_ANY, "number", " %llu", r->key.number);
		break;
	case SHAPE_FLOW:
		show_flow(&r->value);
		out_u64(OUT_ANY, "pref", " pref %llu", r->key.number);
		break;
	}
}
