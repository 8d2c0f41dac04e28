/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
#ifndef GENL_H
#define GENL_H

#include "nl.h"
#include "vr.h"

struct genl {
	struct nl nl;
	uint16_t family;
	uint32_t events;	/* multicast group */
};

/*
 * Open in namespace netns (-1: here), loading the module if need be. 0, or the
 * exit code after saying why not.
 */
int genl_open(struct genl *g, int netns);
/* The same in the initial namespace where possible: there every VR is seen. */
int genl_open_all(struct genl *g);
void genl_close(struct genl *g);
int genl_fail(const struct genl *g);	/* print the error; the exit code */
int genl_subscribe(struct genl *g);
void genl_buffer(struct genl *g, int bytes);	/* for what waits to be received */

/* 0 or -errno, all of them. */
int genl_vr_new(struct genl *g, const struct vr_conf *conf);
int genl_vr_set(struct genl *g, const struct vr_conf *conf);
int genl_vr_del(struct genl *g, const struct vr_ref *ref);
int genl_vr_get(struct genl *g, const struct vr_ref *ref, struct vr *vr);
typedef int (*genl_vr_fn)(const struct vr *vr, void *data);
int genl_vr_dump(struct genl *g, genl_vr_fn fn, void *data);
void vr_free(struct vr *vr);
void genl_say_none(const struct vr_ref *ref);	/* that there is no such VR */

/* Like genl_vr_get, but says that there is none; 0 or the exit code. */
int genl_vr_find(struct genl *g, const struct vr_ref *ref, struct vr *vr);
/* The same, once, from the initial namespace, where none is hidden. */
int genl_vr_lookup(const struct vr_ref *ref, struct vr *vr);
/*
 * The same, but -1 where none is seen, and nothing said: in a container with processes of its
 * own the initial namespace is out of reach, where VRs without a port in it are.
 */
int genl_vr_peek(const struct vr_ref *ref, struct vr *vr);

int genl_classifier_set(struct genl *g, uint32_t ifindex, int prog_fd);
int genl_classifier_del(struct genl *g, uint32_t ifindex);
int genl_classifier_get(struct genl *g, uint32_t ifindex, struct classifier *c);
typedef int (*genl_classifier_fn)(const struct classifier *c, void *data);
int genl_classifier_dump(struct genl *g, genl_classifier_fn fn, void *data);

typedef int (*genl_event_fn)(const struct vr_event *event, void *data);
int genl_receive(struct genl *g, genl_event_fn fn, void *data);

#endif
