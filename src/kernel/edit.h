/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* What a data plane may change in a packet, and how it gets into it. */
#ifndef _EUROPA_EDIT_H
#define _EUROPA_EDIT_H

#include <linux/skbuff.h>
#include "pool.h"
#include "port.h"

/* One claimed entry on its way out; entry and record are private copies. */
struct europa_out {
	struct europa_pool *pool;
	const struct europa_entry *entry;
	const struct europa_record *record;
	struct europa_slot *slot;	/* shared memory: read each field once */
	struct sk_buff *skb;
	struct europa_port *port;	/* the last one looked up, or NULL */
	struct net_device *lower;	/* of port */
	struct net_device *dev;		/* to send by: lower, or the port's own */
	bool tags_kept;			/* VLAN tags in the frame are as received */
};

/*
 * Each function here that judges a packet returns EUROPA_C_SEND when all is
 * well, or the reason for which to drop it.
 */
enum europa_counter europa_edit_prepare(struct europa_out *out);
enum europa_counter europa_edit_settle(struct europa_out *out);
enum europa_counter europa_edit_make(struct europa_out *out,
				     const struct net_device *dev);

#endif /* _EUROPA_EDIT_H */
