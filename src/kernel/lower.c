// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <linux/bpf.h>
#include <linux/etherdevice.h>
#include <linux/hash.h>
#include <linux/hashtable.h>
#include <linux/if_arp.h>
#include <linux/rculist.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include "classify.h"
#include "ingress.h"
#include "lower.h"

DEFINE_HASHTABLE(europa_lowers, EUROPA_LOWERS_BITS);

struct europa_lower *europa_lower_find(const struct net_device *dev)
{
	ASSERT_RTNL();
	return europa_lower_lookup(dev);
}

/* The one after *skip of those in net, for dumps; *skip moves past it. */
struct europa_lower *europa_lower_next(struct net *net, int *skip)
{
	struct europa_lower *lower;
	int bucket, at = 0;

	ASSERT_RTNL();
	hash_for_each(europa_lowers, bucket, lower, by_dev) {
		if (!net_eq(dev_net(lower->dev), net) || at++ < *skip)
			continue;
		++*skip;
		return lower;
	}
	return NULL;
}

struct europa_port *europa_lower_by_mac(const struct europa_lower *lower,
					const u8 *mac)
{
	return europa_lower_lookup_mac(lower, europa_mac_key(mac));
}

static int europa_lower_check(const struct net_device *dev,
			      struct netlink_ext_ack *extack)
{
	if (dev->flags & IFF_LOOPBACK) {
		NL_SET_ERR_MSG(extack, "the loopback device cannot be a lower device");
		return -EINVAL;
	}
	if (europa_port_is(dev)) {
		NL_SET_ERR_MSG(extack, "a europa port cannot be a lower device");
		return -EINVAL;
	}
	if (dev->type != ARPHRD_ETHER || dev->addr_len != ETH_ALEN) {
		NL_SET_ERR_MSG(extack, "only Ethernet devices can be lower devices");
		return -EINVAL;
	}
	return 0;
}

static void europa_lower_free_rcu(struct rcu_head *rcu)
{
	struct europa_lower *lower = container_of(rcu, struct europa_lower,
						  rcu);

	free_percpu(lower->verdicts);
	kfree(lower);
}

static struct europa_lower *europa_lower_alloc(struct net_device *dev)
{
	struct europa_lower *lower = kzalloc(sizeof(*lower), GFP_KERNEL);

	if (!lower)
		return NULL;
	lower->verdicts = alloc_percpu(struct europa_verdicts);
	if (!lower->verdicts) {
		kfree(lower);
		return NULL;
	}
	lower->dev = dev;
	xa_init(&lower->by_vr);
	INIT_LIST_HEAD(&lower->ports);
	europa_ingress_groups_init(lower);
	return lower;
}

/* Find it, or make it; the caller links something to it or calls try_free. */
struct europa_lower *europa_lower_get(struct net_device *dev,
				      struct netlink_ext_ack *extack)
{
	struct europa_lower *lower = europa_lower_find(dev);
	int err;

	if (lower)
		return lower;
	err = europa_lower_check(dev, extack);
	if (err)
		return ERR_PTR(err);
	lower = europa_lower_alloc(dev);
	if (!lower)
		return ERR_PTR(-ENOMEM);
	err = europa_ingress_hook_on(lower);
	if (err) {
		NL_SET_ERR_MSG(extack, "the netfilter ingress hook refused the device");
		europa_lower_free_rcu(&lower->rcu);
		return ERR_PTR(err);
	}
	/* A packet merged for the host is not the one a VR should see. */
	dev_disable_lro(dev);
	hash_add_rcu(europa_lowers, &lower->by_dev, (unsigned long)dev);
	return lower;
}

/*
 * Unhooking does not wait for a hook that is running. It may queue one more
 * group frame after the first purge; only after the grace period is the work
 * really idle, so this waits, rather than free by callback alone.
 */
void europa_lower_try_free(struct europa_lower *lower)
{
	ASSERT_RTNL();
	if (lower->users || rtnl_dereference(lower->prog))
		return;
	hash_del_rcu(&lower->by_dev);
	europa_ingress_hook_off(lower);
	synchronize_net();
	europa_ingress_groups_stop(lower);
	xa_destroy(&lower->by_vr);
	europa_lower_free_rcu(&lower->rcu);
}

/* A port with the lower device's own address leaves those frames to the host. */
void europa_lower_rehash(struct europa_lower *lower, struct europa_port *port)
{
	u64 mac = europa_mac_key(port->dev->dev_addr);
	bool wanted = port->listed && port->mode == EUROPA_MODE_MAC &&
		      mac != europa_mac_key(lower->dev->dev_addr);

	ASSERT_RTNL();
	if (!hlist_unhashed(&port->by_mac)) {
		if (wanted && port->mac == mac)
			return;
		hlist_del_init_rcu(&port->by_mac);
		/* Put into another chain at once, it would lead a reader who is
		 * at it there, past the rest of his own: wait for all of them.
		 */
		synchronize_net();
	}
	if (!wanted)
		return;
	WRITE_ONCE(port->mac, mac);
	hlist_add_head_rcu(&port->by_mac,
			   &lower->by_mac[hash_64(mac, EUROPA_MAC_BITS)]);
}

int europa_lower_link(struct europa_lower *lower, struct europa_port *port)
{
	int err;

	ASSERT_RTNL();
	err = xa_insert(&lower->by_vr, port->vr->id, port, GFP_KERNEL);
	if (err)
		return err;
	port->listed = true;
	europa_lower_rehash(lower, port);
	if (port->mode == EUROPA_MODE_PASSTHRU)
		rcu_assign_pointer(lower->passthru, port);
	list_add_tail_rcu(&port->on_lower, &lower->ports);
	lower->users++;
	return 0;
}

/* The caller lets a grace period pass, then calls put for its port. */
void europa_lower_unlink(struct europa_lower *lower, struct europa_port *port)
{
	ASSERT_RTNL();
	port->listed = false;
	list_del_rcu(&port->on_lower);
	if (rcu_access_pointer(lower->passthru) == port)
		RCU_INIT_POINTER(lower->passthru, NULL);
	if (!hlist_unhashed(&port->by_mac))
		hlist_del_init_rcu(&port->by_mac);
	xa_erase(&lower->by_vr, port->vr->id);
}

void europa_lower_put(struct europa_lower *lower)
{
	ASSERT_RTNL();
	lower->users--;
	europa_lower_try_free(lower);
}

/* Ports are gone with their VRs; classifiers may be left. */
void europa_lower_free_all(void)
{
	struct europa_lower *lower;
	struct hlist_node *next;
	int bucket;

	rtnl_lock();
	hash_for_each_safe(europa_lowers, bucket, next, lower, by_dev) {
		europa_classify_unbind(lower);
		europa_lower_try_free(lower);
	}
	rtnl_unlock();
}
