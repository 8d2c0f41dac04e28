/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* To the service manager that started us, if one did: sd_notify(3), without its library. */
#ifndef ROUTER_NOTIFY_H
#define ROUTER_NOTIFY_H

/* state: such as "READY=1". Nobody is told where nobody listens. */
void notify(const char *state);
/* The service is this process from now on, and not who was it. */
void notify_main(void);
/* It is again who was it, if that one still is there: by MAINPID, where systemd reloads. */
void notify_former(void);

#endif
