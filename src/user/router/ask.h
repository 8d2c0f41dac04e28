/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* Questions to a running europa-router: the other end of inquiry.h. */
#ifndef ROUTER_ASK_H
#define ROUTER_ASK_H

#include <stddef.h>
#include <stdint.h>

/* Returns a socket, or a negative errno value; -ECONNREFUSED: none runs here. */
int ask_open(uint32_t vr, unsigned int queue);

/* One question with an answer of one line, without its end. 0 or a negative errno value. */
int ask_line(int fd, const char *question, char *line, size_t size);

/*
 * Print all that is answered to one question. What is not printable, which a router has
 * no use for, is not printed. 0 or a negative errno value.
 */
int ask_print(int fd, const char *question);

#endif
