/* SPDX-License-Identifier: GPL-2.0 */
/* What Europa has on a lower device: hook, port tables, classifier. */
#ifndef _EUROPA_LOWER_H
#define _EUROPA_LOWER_H

#include <linux/filter.h>
#include <linux/netfilter.h>
#include <linux/workqueue.h>
#include "port.h"

#define EUROPA_MAC_BITS		8

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

int europa_lower_module_init(void);
void europa_lower_module_exit(void);

struct europa_lower *europa_lower_find(const struct net_device *dev);
struct europa_lower *europa_lower_get(struct net_device *dev,
				      struct netlink_ext_ack *extack);
void europa_lower_try_free(struct europa_lower *lower);
struct europa_lower *europa_lower_next(struct net *net, int *skip);

int europa_lower_link(struct europa_lower *lower, struct europa_port *port);
void europa_lower_unlink(struct europa_lower *lower, struct europa_port *port);
void europa_lower_put(struct europa_lower *lower);
void europa_lower_rehash(struct europa_lower *lower, struct europa_port *port);
struct europa_port *europa_lower_by_mac(const struct europa_lower *lower,
					const u8 *mac);
struct europa_port *europa_lower_by_vr(struct europa_lower *lower, u32 vr);
bool europa_lower_take(struct europa_vr *vr, struct sk_buff *skb);

#endif /* _EUROPA_LOWER_H */
