/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* Words of a frame, wherever they begin, in network order. */
#ifndef ROUTER_BYTES_H
#define ROUTER_BYTES_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t load64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint32_t load32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint16_t load16(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

#endif
