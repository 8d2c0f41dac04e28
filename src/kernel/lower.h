/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* What Europa has on a lower device: hook, port tables, classifier. */
#ifndef _EUROPA_LOWER_H
#define _EUROPA_LOWER_H

#include <linux/filter.h>
#include <linux/hashtable.h>
#include <linux/netfilter.h>
#include <linux/rtnetlink.h>
#include <linux/workqueue.h>
#include "port.h"

#define EUROPA_MAC_BITS		8
#define EUROPA_LOWERS_BITS	8

struct europa_verdicts {
	u64 c[EUROPA_V_COUNT];
};

/*
 * Lives while a port or a classifier needs it. Written under rtnl, read by the
 * hook under RCU; freed after a grace period. No reference on the device: the
 * notifier takes everything away before the device goes.
 */
struct europa_lower {
	struct net_device *dev;
	struct nf_hook_ops hook;
	bool hooked;
	struct bpf_prog __rcu *prog;	/* classifier, or NULL */
	struct europa_verdicts __percpu *verdicts;
	struct hlist_head by_mac[1 << EUROPA_MAC_BITS];
	struct xarray by_vr;		/* VR number to port */
	struct europa_port __rcu *passthru;
	struct list_head ports;
	unsigned int users;		/* ports until their uninit */
	/* Group-addressed frames, copied to the ports outside the hook. */
	struct sk_buff_head groups;
	struct work_struct groups_work;
	struct hlist_node by_dev;
	struct rcu_head rcu;
};

/* By device; writers under rtnl. */
extern DECLARE_HASHTABLE(europa_lowers, EUROPA_LOWERS_BITS);

/* Under RCU or rtnl. */
static inline struct europa_lower *
europa_lower_lookup(const struct net_device *dev)
{
	struct europa_lower *lower;

	hash_for_each_possible_rcu(europa_lowers, lower, by_dev,
				   (unsigned long)dev, lockdep_rtnl_is_held())
		if (lower->dev == dev)
			return lower;
	return NULL;
}

static inline struct europa_port *
europa_lower_lookup_mac(const struct europa_lower *lower, u64 mac)
{
	struct europa_port *port;

	hlist_for_each_entry_rcu(port,
				 &lower->by_mac[hash_64(mac, EUROPA_MAC_BITS)],
				 by_mac, lockdep_rtnl_is_held())
		if (port->mac == mac)
			return port;
	return NULL;
}

static inline struct europa_port *europa_lower_by_vr(struct europa_lower *lower,
						     u32 vr)
{
	return xa_load(&lower->by_vr, vr);
}

struct europa_lower *europa_lower_find(const struct net_device *dev);
struct europa_lower *europa_lower_get(struct net_device *dev,
				      struct netlink_ext_ack *extack);
void europa_lower_try_free(struct europa_lower *lower);
void europa_lower_free_all(void);
struct europa_lower *europa_lower_next(struct net *net, int *skip);

int europa_lower_link(struct europa_lower *lower, struct europa_port *port);
void europa_lower_unlink(struct europa_lower *lower, struct europa_port *port);
void europa_lower_put(struct europa_lower *lower);
void europa_lower_rehash(struct europa_lower *lower, struct europa_port *port);
struct europa_port *europa_lower_by_mac(const struct europa_lower *lower,
					const u8 *mac);

#endif /* _EUROPA_LOWER_H */
