/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* Events, to the multicast group of the generic netlink family. */
#ifndef _EUROPA_EVENT_H
#define _EUROPA_EVENT_H

#include <linux/europa.h>

struct europa_lower;
struct europa_port;
struct europa_vr;
struct genl_family;

void europa_event_module_init(const struct genl_family *family);

void europa_event_init(struct europa_vr *vr);
void europa_event_drain(struct europa_vr *vr);

/* What operators do: told at once, each. */
void europa_event_vr(const struct europa_vr *vr, enum europa_event event);
void europa_event_vr_del(struct europa_vr *vr);
void europa_event_port(const struct europa_port *port,
		       enum europa_event event);
void europa_event_classifier(const struct europa_lower *lower,
			     enum europa_event event);

#endif /* _EUROPA_EVENT_H */
