/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
#ifndef BENCH_CHECK_H
#define BENCH_CHECK_H

/* A socket that sees what arrives on the device; -1 and a sentence. */
int check_open(const char *device);

/*
 * The next count frames must have come through exactly one router and be right
 * in every header. Returns 0, or -1 after a sentence that says what is wrong.
 */
int check_frames(int fd, unsigned int count, const char *source,
		 const char *destination);

#endif
