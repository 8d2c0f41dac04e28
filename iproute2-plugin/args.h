/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* The words of a command line, and what single words mean. */
#ifndef ARGS_H
#define ARGS_H

#include <stdbool.h>
#include <stdint.h>

#include "vr.h"

struct args {
	int count;
	char **words;
};

static inline bool args_left(const struct args *a)
{
	return a->count > 0;
}

static inline const char *args_peek(const struct args *a)
{
	return a->words[0];
}

const char *args_next(struct args *a);
bool args_take(struct args *a, const char *word);	/* if it is next */
const char *args_value(struct args *a, const char *key); /* NULL: said why */

/* Each: 0, or EXIT_USAGE after saying what is wrong. */
int args_unknown(const char *word);
int args_invalid(const char *what, const char *value);
int args_twice(const char *key);
int args_string(struct args *a, const char *key, const char **to);	/* only once */
int no_more(const struct args *a);
int parse_ref(const char *word, struct vr_ref *ref);
int parse_name(const char *word, char name[EUROPA_NAME_SIZE]);
int parse_id(const char *word, uint32_t *id);
int parse_number(const char *what, const char *word, uint64_t min, uint64_t max, uint64_t *out);
int parse_size(const char *what, const char *word, uint64_t min, uint64_t max, uint64_t *out);
int parse_mode(const char *word, uint32_t *mode);
int parse_uid(const char *word, uint32_t *uid);
int parse_gid(const char *word, uint32_t *gid);
int parse_on_off(const char *what, const char *word, int *on);
int parse_mac(const char *word, uint8_t mac[6]);
int parse_seconds(const char *word, int *milliseconds);
int parse_one_of(const char *what, const char *word, const char *const *list, int count);
int parse_dev(const char *word, uint32_t *ifindex);
int take_ref(struct args *a, struct vr_ref *ref);	/* [vr] VR */
/* VRs, at least none and at most max of them, to the words' end. */
int take_refs(struct args *a, struct vr_ref *refs, size_t *count, size_t max);
int take_dev(struct args *a, const char **dev);		/* [dev] DEVICE */
int need_dev(const char *dev, uint32_t *ifindex);	/* dev NULL: it is missing */

bool is_help(const char *word);
bool is_number(const char *word);

extern const char *const fallback_names[2];
extern const char *const spread_names[2];
extern const char *const tx_names[2];
extern const char *const port_mode_names[3];

#endif
