/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/*
 * Does the kernel tell who sends by a detour (ICMP redirect)? As
 * net.ipv4.conf.{all,PORT}.send_redirects say. No message tells of these settings:
 * those of a port where packets leave as they came are read from time to time.
 */
#ifndef ROUTER_REDIRECT4_H
#define ROUTER_REDIRECT4_H

#include "port.h"

/* Read the settings of the ports that are asked for. */
void redirect4_refresh(struct ports *t);

#endif
