// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <endian.h>
#include <linux/neighbour.h>
#include <net/if.h>
#include <stdio.h>

#include "words.h"

char *words_addr4(uint32_t addr, char *text)
{
	addr = htobe32(addr);
	inet_ntop(AF_INET, &addr, text, WORDS_ADDR);
	return text;
}

char *words_addr6(struct ipv6_addr addr, char *text)
{
	addr.hi = htobe64(addr.hi);
	addr.lo = htobe64(addr.lo);
	inet_ntop(AF_INET6, &addr, text, WORDS_ADDR);
	return text;
}

/* The kernel lets a device's name have all but spaces, slashes and colons. */
static void quote(const char *name, char *text)
{
	*text++ = '"';
	for (; *name; name++) {
		unsigned char c = *name;

		if (c < 0x20 || c >= 0x7f || c == '"' || c == '\\')
			text += sprintf(text, "\\u%04x", c);
		else
			*text++ = c;
	}
	*text++ = '"';
	*text = '\0';
}

char *words_device(uint32_t ifindex, char *text)
{
	static uint32_t last;
	static char name[IF_NAMESIZE];

	if (ifindex != last || !*name) {
		last = ifindex;
		if (!if_indextoname(ifindex, name))
			*name = '\0';
	}
	if (*name)
		quote(name, text);
	else
		snprintf(text, WORDS_DEVICE, "\"if%u\"", ifindex);
	return text;
}

char *words_mac(const uint8_t *mac, char *text)
{
	sprintf(text, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
		mac[4], mac[5]);
	return text;
}

const char *words_state(unsigned int nud)
{
	switch (nud) {
	case NUD_INCOMPLETE: return "incomplete";
	case NUD_REACHABLE: return "reachable";
	case NUD_STALE: return "stale";
	case NUD_DELAY: return "delay";
	case NUD_PROBE: return "probe";
	case NUD_FAILED: return "failed";
	case NUD_NOARP: return "noarp";
	case NUD_PERMANENT: return "permanent";
	default: return "none";
	}
}

/* A neighbour, or a port's own network. Returns the end. */
static char *one_way(const struct router *r, const struct neigh *n, char *text)
{
	char addr[WORDS_ADDR], dev[WORDS_DEVICE];

	if (!n->glean)
		text += sprintf(text, "\"via\":\"%s\",", n->six ? words_addr6(n->addr6, addr) :
								 words_addr4(n->addr, addr));
	return text + sprintf(text, "\"dev\":%s",
			      words_device(r->ports.port[n->port].ifindex, dev));
}

char *words_way(const struct router *r, uint16_t id, char *text)
{
	uint16_t leaf = neigh_behind(&r->neigh, id), group = r->neigh.adj[id].group;
	char *at = text;

	if (group)
		at += sprintf(at, "\"ways\":%u", r->groups.at[group]->count);
	else if (leaf)
		at = one_way(r, &r->neigh.neigh[leaf], at);
	else
		at += sprintf(at, "\"punt\":true");
	if (r->neigh.neigh[id].mtu)
		sprintf(at, ",\"mtu\":%u", r->neigh.neigh[id].mtu);
	return text;
}
