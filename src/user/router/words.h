/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* What the tables have, in words: for people and for JSON. */
#ifndef ROUTER_WORDS_H
#define ROUTER_WORDS_H

#include <arpa/inet.h>

#include "router.h"

#define WORDS_ADDR	INET6_ADDRSTRLEN	/* bytes, of an address */
#define WORDS_DEVICE	96			/* of a device's name, and quoted */
#define WORDS_WAY	256			/* of a way */

/* These return the text. */
char *words_addr4(uint32_t addr, char *text);
char *words_addr6(struct ipv6_addr addr, char *text);
/* As a JSON string; one that is gone has its number. The last one is remembered. */
char *words_device(uint32_t ifindex, char *text);
char *words_mac(const uint8_t *mac, char *text);
const char *words_state(unsigned int nud);

/*
 * Where an adjacency leads, as members of a JSON object: "punt", or "ways", or "via"
 * and "dev"; and "mtu".
 */
char *words_way(const struct router *r, uint16_t id, char *text);

#endif
