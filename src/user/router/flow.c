// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "bytes.h"
#include "dissect.h"
#include "flow.h"

void flow_init(struct flow *f, const char *setting, const char *setting_fields,
	       const char *setting_neigh)
{
	*f = (struct flow){
		.setting = setting, .setting_fields = setting_fields,
		.setting_neigh = setting_neigh,
	};
	/* Before there is any entropy, flows are as well spread, and predictable. */
	if (getrandom(f->key, sizeof(f->key), GRND_NONBLOCK) != sizeof(f->key))
		f->key[0] = getpid();
}

/* Returns otherwise if there is no number in the file. */
static unsigned long read_setting(const char *file, unsigned long otherwise)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	char text[16] = "", *end;
	unsigned long value;
	ssize_t n;

	if (fd < 0)
		return otherwise;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	value = strtoul(text, &end, 10);
	return n > 0 && *end == '\n' ? value : otherwise;
}

void flow_refresh(struct flow *f)
{
	unsigned long policy = read_setting(f->setting, FLOW_OTHER), fields = 0;

	if (policy == FLOW_FIELDS)
		fields = read_setting(f->setting_fields, 0);
	if (policy == FLOW_FIELDS && (!fields || fields >> 2 * FLOW_FIELD_BITS))
		policy = FLOW_OTHER;
	shared_store(f->fields, fields);
	shared_store(f->policy, policy < FLOW_OTHER ? policy : FLOW_OTHER);
	if (f->setting_neigh)
		shared_store(f->use_neigh, read_setting(f->setting_neigh, 0) != 0);
}

/* Both directions of a flow are alike, as in the kernel: the smaller one first. */
static uint32_t in_order(uint32_t ports)
{
	uint16_t a = ports, b = ports >> 16;

	return a < b ? ports : (uint32_t)a << 16 | b;
}

uint64_t flow_transport(uint8_t protocol, const uint8_t *at, unsigned int bytes)
{
	if (bytes < 4 || !dissect_has_ports(protocol))
		return protocol;
	return (uint64_t)protocol << 32 | in_order(load32(at));
}

/* Only these of the keys. Beside addresses of IPv4 a flow label is of a header around. */
static struct dissect_keys selected(const struct dissect_keys *k, uint32_t fields)
{
	struct dissect_keys s = { 0 };

	if (fields & FLOW_FIELD_SRC)
		memcpy(s.src, k->src, sizeof(s.src));
	if (fields & FLOW_FIELD_DST)
		memcpy(s.dst, k->dst, sizeof(s.dst));
	if (fields & FLOW_FIELD_PROTOCOL)
		s.protocol = k->protocol;
	if (fields & FLOW_FIELD_LABEL && k->six)
		s.label = k->label;
	if (fields & FLOW_FIELD_SPORT)
		s.port[0] = k->port[0];
	if (fields & FLOW_FIELD_DPORT)
		s.port[1] = k->port[1];
	return s;
}

static uint64_t hash_keys(const struct flow *f, const struct dissect_keys *k,
			  uint32_t fields)
{
	const struct dissect_keys s = selected(k, fields);
	bool turned = memcmp(s.src, s.dst, sizeof(s.src)) > 0;
	const uint64_t *low = turned ? s.dst : s.src, *high = turned ? s.src : s.dst;
	uint32_t ports = in_order((uint32_t)s.port[1] << 16 | s.port[0]);
	uint64_t hash = f->key[0];
	unsigned int i;

	for (i = 0; i < 2; i++)
		hash = flow_mix(flow_mix(hash ^ low[i]) ^ high[i]);
	return flow_mix(hash ^ ((uint64_t)ports << 32 | s.label)) + s.protocol;
}

/* With tunnels or without, the innermost addresses; of IPv6 as by FLOW_L3. */
static uint64_t hash_inner(const struct flow *f, const struct dissect_keys *k)
{
	uint32_t fields = FLOW_FIELD_SRC | FLOW_FIELD_DST;

	if (k->six)
		fields |= FLOW_FIELD_PROTOCOL | FLOW_FIELD_LABEL;
	return hash_keys(f, k, fields);
}

static uint32_t finish(const struct flow *f, uint64_t hash)
{
	return flow_mix(hash + f->key[1]) >> 33;
}

uint32_t flow_hash(const struct flow *f, const uint8_t *frame, uint32_t bytes,
		   uint32_t length)
{
	const uint32_t fields = shared_load(f->fields);
	const uint8_t policy = shared_load(f->policy);
	uint32_t outer = fields & FLOW_FIELD_ALL, inner = fields >> FLOW_FIELD_BITS;
	struct dissect_keys k;
	uint64_t hash;

	if (policy == FLOW_OTHER || !dissect(frame, bytes, length, policy == FLOW_FIELDS, &k))
		return FLOW_UNKNOWN;
	if (policy == FLOW_INNER)
		return finish(f, hash_inner(f, &k));
	hash = outer ? hash_keys(f, &k, outer) : 0;
	if (!inner || !k.tunnel)
		return finish(f, hash);
	if (!dissect(frame, bytes, length, false, &k))
		return FLOW_UNKNOWN;
	return finish(f, flow_mix(hash) + hash_keys(f, &k, inner));
}
