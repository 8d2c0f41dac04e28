/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* Rules of the classifiers: what they match, and the maps they are kept in. */
#ifndef RULE_KEY_H
#define RULE_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include "args.h"
#include "europa_classifier.h"

enum rule_shape { SHAPE_PREFIX4, SHAPE_PREFIX6, SHAPE_ID, SHAPE_BUCKET, SHAPE_FLOW };

struct rule_map {
	const char *name;	/* of the BPF map */
	const char *word;	/* of the command line */
	enum rule_shape shape;
	uint32_t key_size, value_size;
	uint32_t max;		/* of a number */
};

extern const struct rule_map rule_maps[];
extern const int rule_map_count;

#define RULE_PREF_ANY UINT32_MAX

/* One rule: map key and value as the kernel keeps them. */
struct rule {
	const struct rule_map *map;
	union {
		struct europa_prefix4 prefix4;
		struct europa_prefix6 prefix6;
		uint32_t number;	/* VLAN, VNI, first bucket, pref of a flow */
	} key;
	uint32_t last;			/* bucket of a range */
	struct europa_flow value;	/* rule only, unless SHAPE_FLOW */
};

static inline bool rule_is_array(const struct rule_map *map)
{
	return map->shape == SHAPE_BUCKET || map->shape == SHAPE_FLOW;
}

/* Take the KEY words. 0, EXIT_USAGE after a complaint, or -1: no key starts here. */
int rule_parse_key(struct args *a, struct rule *r);
void rule_show_key(const struct rule *r);
bool rule_same_flow(const struct europa_flow *a, const struct europa_flow *b);

#endif
