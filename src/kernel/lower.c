// SPDX-License-Identifier: GPL-2.0
#include <linux/bpf.h>
#include <linux/etherdevice.h>
#include <linux/hash.h>
#include <linux/hashtable.h>
#include <linux/if_arp.h>
#include <linux/netfilter_netdev.h>
#include <linux/rculist.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include "classify.h"
#include "link.h"
#include "lower.h"
#include "rx.h"

#define EUROPA_GROUPS_MAX	256	/* frames waiting to be copied */

static DEFINE_HASHTABLE(europa_lowers, 8);	/* by device; writers under rtnl */

static struct europa_lower *europa_lower_lookup(const struct net_device *dev)
{
	struct europa_lower *lower;

	hash_for_each_possible_rcu(europa_lowers, lower, by_dev,
				   (unsigned long)dev, lockdep_rtnl_is_held())
		if (lower->dev == dev)
			return lower;
	return NULL;
}

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

struct europa_port *europa_lower_by_mac(const struct europa_lower *lower,
					const u8 *mac)
{
	return europa_lower_lookup_mac(lower, europa_mac_key(mac));
}

struct europa_port *europa_lower_by_vr(struct europa_lower *lower, u32 vr)
{
	return xa_load(&lower->by_vr, vr);
}

/* Copy queued group-addressed frames to every port that takes them. */
static void europa_lower_groups(struct work_struct *work)
{
	struct europa_lower *lower = container_of(work, struct europa_lower,
						  groups_work);
	struct europa_port *port;
	struct sk_buff *skb, *copy;
	int frames = EUROPA_GROUPS_MAX;

	while (frames-- && (skb = skb_dequeue(&lower->groups))) {
		local_bh_disable();
		rcu_read_lock();
		list_for_each_entry_rcu(port, &lower->ports, on_lower) {
			if (!europa_port_takes_group(port, skb->data))
				continue;
			copy = skb_clone(skb, GFP_ATOMIC);
			if (copy)
				europa_rx(port, copy, EUROPA_RX_MULTICAST);
			else
				europa_rx_nomem(port, skb->len);
		}
		rcu_read_unlock();
		local_bh_enable();
		consume_skb(skb);
		cond_resched();
	}
	if (!skb_queue_empty(&lower->groups))
		schedule_work(&lower->groups_work);
}

/*
 * As macvlan does: one bounded queue per lower device, so that a storm of
 * broadcasts costs this device's ports and not the machine's backlog.
 */
static noinline void europa_lower_queue_group(struct europa_lower *lower,
					      struct sk_buff *skb)
{
	struct sk_buff *copy = NULL;

	if (list_empty(&lower->ports))
		return;
	if (skb_queue_len_lockless(&lower->groups) < EUROPA_GROUPS_MAX)
		copy = skb_clone(skb, GFP_ATOMIC);
	if (!copy || skb_orphan_frags_rx(copy, GFP_ATOMIC)) {
		kfree_skb(copy);
		dev_core_stats_rx_dropped_inc(lower->dev);
		return;
	}
	skb_orphan(copy);
	skb_scrub_packet(copy, true);
	__skb_push(copy, copy->data - skb_mac_header(copy));
	copy->dev = NULL;
	skb_queue_tail(&lower->groups, copy);
	schedule_work(&lower->groups_work);
}

static unsigned int europa_lower_give(struct europa_port *port,
				      struct sk_buff *skb, u8 flags)
{
	__skb_push(skb, skb->data - skb_mac_header(skb));
	if (is_multicast_ether_addr(skb->data))
		flags |= EUROPA_RX_MULTICAST;
	europa_rx(port, skb, flags);
	return NF_STOLEN;
}

/*
 * For the tc action, at ingress under RCU: to the VR's port on the device the
 * packet came from. False where it has none; else the skb is gone.
 */
bool europa_lower_take(struct europa_vr *vr, struct sk_buff *skb)
{
	struct europa_lower *lower = europa_lower_lookup(skb->dev);
	struct europa_port *port;
	u32 len = skb->len;

	if (!lower || skb->data - skb_mac_header(skb) < ETH_HLEN)
		return false;
	port = europa_lower_by_vr(lower, vr->id);
	if (!port || port->vr != vr)
		return false;
	skb = skb_share_check(skb, GFP_ATOMIC);
	if (skb)
		europa_lower_give(port, skb, EUROPA_RX_ADDRESSED);
	else
		europa_rx_nomem(port, len);
	return true;
}

/* Nobody has decided: whose destination MAC is it? */
static __always_inline unsigned int
europa_lower_demux(struct europa_lower *lower, struct sk_buff *skb)
{
	const u8 *mac = eth_hdr(skb)->h_dest;
	struct europa_port *port;

	if (unlikely(is_multicast_ether_addr(mac))) {
		europa_lower_queue_group(lower, skb);
	} else {
		port = europa_lower_lookup_mac(lower, europa_mac_key(mac));
		if (port)
			return europa_lower_give(port, skb, 0);
	}
	port = rcu_dereference(lower->passthru);
	return port ? europa_lower_give(port, skb, 0) : NF_ACCEPT;
}

static noinline unsigned int europa_lower_classify(struct europa_lower *lower,
						   struct bpf_prog *prog,
						   struct sk_buff *skb)
{
	struct europa_port *port = NULL;

	switch (europa_classify(lower, prog, skb, &port)) {
	case EUROPA_V_VR:
		return europa_lower_give(port, skb, EUROPA_RX_ADDRESSED);
	case EUROPA_V_HOST:
		return NF_ACCEPT;
	case EUROPA_V_DROP:
		return NF_DROP;
	default:
		return europa_lower_demux(lower, skb);
	}
}

static __always_inline unsigned int
europa_lower_decide(struct europa_lower *lower, struct sk_buff *skb)
{
	struct bpf_prog *prog = rcu_dereference(lower->prog);

	if (prog)
		return europa_lower_classify(lower, prog, skb);
	return europa_lower_demux(lower, skb);
}

/* Others hold this skb (pktgen, taps of old): work on a copy of its header. */
static noinline unsigned int europa_lower_shared(struct europa_lower *lower,
						 struct sk_buff *skb)
{
	struct sk_buff *copy = skb_clone(skb, GFP_ATOMIC);
	unsigned int verdict;

	if (!copy)
		return NF_DROP;
	verdict = europa_lower_decide(lower, copy);
	if (verdict != NF_STOLEN)
		consume_skb(copy);
	else
		consume_skb(skb);
	return verdict;
}

static unsigned int europa_lower_hook(void *priv, struct sk_buff *skb,
				      const struct nf_hook_state *state)
{
	struct europa_lower *lower = priv;

	/* More: behind a tag that a tc action has put into the frame. */
	if (unlikely(skb->pkt_type == PACKET_LOOPBACK ||
		     skb->data - skb_mac_header(skb) < ETH_HLEN))
		return NF_ACCEPT;
	if (unlikely(skb_shared(skb)))
		return europa_lower_shared(lower, skb);
	return europa_lower_decide(lower, skb);
}

static int europa_lower_hook_on(struct europa_lower *lower)
{
	int err;

	lower->hook = (struct nf_hook_ops) {
		.hook = europa_lower_hook,
		.dev = lower->dev,
		.priv = lower,
		.pf = NFPROTO_NETDEV,
		.hooknum = NF_NETDEV_INGRESS,
		.priority = INT_MAX, /* the operator's nft rules come first */
	};
	err = nf_register_net_hook(dev_net(lower->dev), &lower->hook);
	lower->hooked = !err;
	return err;
}

static void europa_lower_hook_off(struct europa_lower *lower)
{
	if (lower->hooked)
		nf_unregister_net_hook(dev_net(lower->dev), &lower->hook);
	lower->hooked = false;
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
	skb_queue_head_init(&lower->groups);
	INIT_WORK(&lower->groups_work, europa_lower_groups);
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
	err = europa_lower_hook_on(lower);
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
	europa_lower_hook_off(lower);
	synchronize_net();
	cancel_work_sync(&lower->groups_work);
	skb_queue_purge(&lower->groups);
	xa_destroy(&lower->by_vr);
	europa_lower_free_rcu(&lower->rcu);
}

/* A port with the lower device's own address leaves those frames to the host. */
void europa_lower_rehash(struct europa_lower *lower, struct europa_port *port)
{
	u64 mac = europa_mac_key(port->dev->dev_addr);

	ASSERT_RTNL();
	if (!hlist_unhashed(&port->by_mac))
		hlist_del_init_rcu(&port->by_mac);
	if (!port->listed || port->mode != EUROPA_MODE_MAC ||
	    mac == europa_mac_key(lower->dev->dev_addr))
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

/* The device goes: its ports with it, and the packets received there. */
static void europa_lower_gone(struct europa_lower *lower)
{
	struct europa_port *port, *next;
	LIST_HEAD(doomed);

	europa_lower_hook_off(lower);
	europa_classify_unbind(lower);
	list_for_each_entry_safe(port, next, &lower->ports, on_lower)
		europa_link_del(port->dev, &doomed);
	if (list_empty(&doomed))
		europa_lower_try_free(lower);
	else /* the last port's uninit frees the lower */
		unregister_netdevice_many(&doomed);
}

static int europa_lower_event(struct notifier_block *block,
			      unsigned long event, void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);
	struct europa_lower *lower = europa_lower_find(dev);
	struct europa_port *port;

	if (!lower)
		return NOTIFY_DONE;
	switch (event) {
	case NETDEV_UNREGISTER:
		/* Also on a move to another namespace: REGISTER follows. */
		if (dev->reg_state == NETREG_UNREGISTERING)
			europa_lower_gone(lower);
		else
			europa_lower_hook_off(lower);
		return NOTIFY_DONE;
	case NETDEV_REGISTER:
		if (!lower->hooked && europa_lower_hook_on(lower))
			netdev_err(dev, "europa: hook lost in the move to another namespace\n");
		break;
	case NETDEV_PRE_TYPE_CHANGE:
		return NOTIFY_BAD;
	}
	list_for_each_entry(port, &lower->ports, on_lower)
		europa_port_lower_changed(port, event);
	return NOTIFY_DONE;
}

static struct notifier_block europa_lower_notifier = {
	.notifier_call = europa_lower_event,
};

int europa_lower_module_init(void)
{
	return register_netdevice_notifier(&europa_lower_notifier);
}

/* Ports are gone with their VRs; classifiers may be left. */
void europa_lower_module_exit(void)
{
	struct europa_lower *lower;
	struct hlist_node *next;
	int bucket;

	unregister_netdevice_notifier(&europa_lower_notifier);
	rtnl_lock();
	hash_for_each_safe(europa_lowers, bucket, next, lower, by_dev) {
		europa_classify_unbind(lower);
		europa_lower_try_free(lower);
	}
	rtnl_unlock();
}
