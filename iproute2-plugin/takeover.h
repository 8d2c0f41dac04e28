/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/*
 * ip vr attach ... takeover: the port takes the place of its lower device, with its name,
 * addresses and routes, and that is renamed aside. What is aside is known by its alias.
 */
#ifndef TAKEOVER_H
#define TAKEOVER_H

#include "nl.h"
#include "vr.h"

/*
 * dev is r->lower_ifindex; aside: what it is called then, or NULL. vr: NULL if it is not seen
 * from here. Who calls holds signals (signals.h): it must not end half-way. The exit code.
 */
int takeover_attach(const struct vr *vr, struct port_request *r, const char *dev,
		    const char *aside);

/*
 * dev is what was taken over, by either of its names. ref: of which VR, or NULL for
 * any. The exit code, or -1: it is nothing of the kind.
 */
int takeover_detach(const char *dev, const struct vr_ref *ref);

#endif
