/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHOW_H
#define SHOW_H

#include "vr.h"

void show_port(const struct vr_port *p);
void show_mac(const uint8_t mac[6]);
const char *name_of(const char *const *names, size_t count, unsigned int i);

#endif
