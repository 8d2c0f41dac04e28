/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
#ifndef VR_SHOW_H
#define VR_SHOW_H

#include "vr.h"

void show_port(const struct vr_port *p);

/* plane_pids(), shown: in JSON the first, nothing where there is none. */
size_t show_pids(const struct vr *vr, uint32_t pids[EUROPA_QUEUES_MAX]);

/* With a data plane that passes by the rules at the VR's ports. */
bool vr_bypasses(const struct vr *vr);

#define FILTERS_TEXT	256
/* Their names, with commas; what has none as a number. "" for none. */
void filters_text(char text[FILTERS_TEXT], uint32_t filters);
void show_mac(const uint8_t mac[6]);
const char *state_name(uint8_t state);
const char *ended_name(uint8_t ended);
const char *name_of(const char *const *names, size_t count, unsigned int i);

#endif
