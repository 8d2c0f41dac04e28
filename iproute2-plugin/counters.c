// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* What the module counts, in words. */
#include <string.h>

#include "counters.h"

const char *const counter_names[EUROPA_C_COUNT] = { EUROPA_COUNTER_NAMES };

#define PACKETS(c, text)	[EUROPA_C_##c] = { "packets", text }
#define TIMES(c, text)		[EUROPA_C_##c] = { NULL, text }
#define ENTRIES(c, text)	[EUROPA_C_##c] = { "entries", text }

const struct counter counters[EUROPA_C_COUNT] = {
	PACKETS(RX, "Given to the data plane."),
	PACKETS(SEND, "Handed to a lower device."),
	PACKETS(PUNT, "Given to the kernel's stack at the data plane's wish."),
	PACKETS(DROP, "Dropped at the data plane's wish."),
	PACKETS(ORIGINATED, "Of send and punt: made by the data plane, not received."),
	PACKETS(FALLBACK, "Given to the kernel's stack because no data plane ran."),
	PACKETS(RECLAIMED, "Of fallback: with the data plane when it went away."),
	TIMES(KICKS, "Times the data plane called the kernel to transmit."),
	TIMES(WAITS, "Times the data plane went to sleep."),
	TIMES(WAKES, "Times the data plane was woken."),
	PACKETS(RX_FULL, "No slot was free: the data plane is too slow, or holds packets back."),
	PACKETS(RX_LIMIT, "The packets held would take more memory than the VR's limit."),
	PACKETS(RX_NOMEM, "The kernel had no memory to copy a shared packet."),
	PACKETS(RX_DOWN, "The port is down."),
	PACKETS(RX_FALLBACK, "No data plane ran, and the VR's fallback is drop."),
	ENTRIES(BAD_SLOT, "The data plane gave back a slot that was not the VR's."),
	PACKETS(BAD_STATE, "The data plane gave back a slot not marked as given to the kernel."),
	PACKETS(BAD_OP, "The data plane asked for an unknown operation."),
	PACKETS(BAD_LEN, "Length, changed bytes or offset do not fit the slot or the packet."),
	PACKETS(BAD_META, "Checksum or segmentation requests do not fit the bytes."),
	PACKETS(BAD_PORT, "The data plane named a port that is not the VR's."),
	PACKETS(SPOOF, "A source address, VLAN tag or link-local group that spoofchk forbids."),
	PACKETS(TOO_LONG, "Longer than the lower device's MTU allows."),
	PACKETS(GSO, "A super-packet whose length was changed, or that cannot be edited."),
	PACKETS(TX_DOWN, "The port or its lower device is down."),
	PACKETS(TX_NOMEM, "The kernel had no memory to send the packet."),
	PACKETS(TX_QDISC, "Refused by the lower device's qdisc or driver: it is full."),
	PACKETS(GONE,
		"The port went away while the VR had the packet, or the VR kept it for too long."),
	PACKETS(FILTERED, "Given to the kernel's stack, though a data plane runs, for its rules."),
	PACKETS(TX_LIMIT,
		"Made by the data plane, while what it made before fills the VR's limit."),
	PACKETS(IDLE, "Given to the kernel's stack while the data plane slept, as it agreed to."),
	TIMES(TX_POLLS, "Times a thread of the kernel took what the data plane sent."),
	TIMES(TX_SLEEPS, "Times such a thread went to sleep."),
};

_Static_assert(EUROPA_C_COUNT == EUROPA_C_TX_SLEEPS + 1, "each counter has a text");

bool counter_is_loss(enum europa_counter c)
{
	return c == EUROPA_C_DROP || c == EUROPA_C_TX_LIMIT ||
	       (c >= EUROPA_C_RX_FULL && c <= EUROPA_C_GONE);
}

enum europa_counter counter_find(const char *name)
{
	int i;

	for (i = 0; i < EUROPA_C_COUNT; i++)
		if (!strcmp(counter_names[i], name))
			break;
	return i;
}
