// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <linux/etherdevice.h>
#include <linux/netfilter_netdev.h>
#include <linux/rculist.h>
#include "classify.h"
#include "ingress.h"
#include "rx.h"
#include "stage.h"

#define EUROPA_GROUPS_MAX	256	/* frames waiting to be copied */

/* Copy queued group-addressed frames to every port that takes them. */
static void europa_ingress_groups(struct work_struct *work)
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
				europa_stage(port, copy, EUROPA_RX_MULTICAST);
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

void europa_ingress_groups_init(struct europa_lower *lower)
{
	skb_queue_head_init(&lower->groups);
	INIT_WORK(&lower->groups_work, europa_ingress_groups);
}

/* With no hook running any more, to queue another. */
void europa_ingress_groups_stop(struct europa_lower *lower)
{
	cancel_work_sync(&lower->groups_work);
	skb_queue_purge(&lower->groups);
}

/*
 * Back to the Ethernet header. A sum of the whole packet, from behind that on,
 * lacks what else is pushed: a tag that a tc action has put into the frame.
 */
static void europa_ingress_push(struct sk_buff *skb)
{
	unsigned int len = skb->data - skb_mac_header(skb);

	if (unlikely(len != ETH_HLEN) && skb->ip_summed == CHECKSUM_COMPLETE)
		skb->ip_summed = CHECKSUM_NONE;
	__skb_push(skb, len);
}

/*
 * As macvlan does: one bounded queue per lower device, so that a storm of
 * broadcasts costs this device's ports and not the machine's backlog.
 */
static noinline void europa_ingress_queue_group(struct europa_lower *lower,
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
	europa_ingress_push(copy);
	copy->dev = NULL;
	skb_queue_tail(&lower->groups, copy);
	schedule_work(&lower->groups_work);
}

static unsigned int europa_ingress_deliver(struct europa_port *port,
					   struct sk_buff *skb, u8 flags)
{
	europa_ingress_push(skb);
	if (is_multicast_ether_addr(skb->data))
		flags |= EUROPA_RX_MULTICAST;
	europa_stage(port, skb, flags);
	return NF_STOLEN;
}

/*
 * For the tc action, at ingress under RCU: to the VR's port on lower, which the
 * packet came from. False where it has none; else the skb is gone.
 */
bool europa_ingress_redirect(struct europa_lower *lower, struct europa_vr *vr,
			     struct sk_buff *skb)
{
	struct europa_port *port;
	u32 len = skb->len;

	if (skb->data - skb_mac_header(skb) < ETH_HLEN)
		return false;
	port = europa_lower_by_vr(lower, vr->id);
	if (!port || port->vr != vr)
		return false;
	skb = skb_share_check(skb, GFP_ATOMIC);
	if (skb) {
		/* Set around tc ingress for mirred's sake; the VR's own packets
		 * meet netfilter's egress hook.
		 */
		nf_skip_egress(skb, false);
		europa_ingress_deliver(port, skb, EUROPA_RX_ADDRESSED);
	} else {
		europa_rx_nomem(port, len);
	}
	return true;
}

/* No classifier has decided: whose destination MAC is it? */
static __always_inline unsigned int
europa_ingress_demux(struct europa_lower *lower, struct sk_buff *skb)
{
	const u8 *mac = eth_hdr(skb)->h_dest;
	struct europa_port *port;

	if (unlikely(is_multicast_ether_addr(mac))) {
		europa_ingress_queue_group(lower, skb);
	} else {
		port = europa_lower_lookup_mac(lower, europa_mac_key(mac));
		if (port)
			return europa_ingress_deliver(port, skb, 0);
	}
	port = rcu_dereference(lower->passthru);
	return port ? europa_ingress_deliver(port, skb, 0) : NF_ACCEPT;
}

static noinline unsigned int europa_ingress_classify(struct europa_lower *lower,
						     struct bpf_prog *prog,
						     struct sk_buff *skb)
{
	struct europa_port *port = NULL;

	switch (europa_classify(lower, prog, skb, &port)) {
	case EUROPA_V_VR:
		return europa_ingress_deliver(port, skb, EUROPA_RX_ADDRESSED);
	case EUROPA_V_HOST:
		return NF_ACCEPT;
	case EUROPA_V_DROP:
		return NF_DROP;
	default:
		return europa_ingress_demux(lower, skb);
	}
}

static __always_inline unsigned int
europa_ingress_decide(struct europa_lower *lower, struct sk_buff *skb)
{
	struct bpf_prog *prog = rcu_dereference(lower->prog);

	if (prog)
		return europa_ingress_classify(lower, prog, skb);
	return europa_ingress_demux(lower, skb);
}

/* Others hold this skb (pktgen, taps of old): work on a copy of its header. */
static noinline unsigned int europa_ingress_shared(struct europa_lower *lower,
						   struct sk_buff *skb)
{
	struct sk_buff *copy = skb_clone(skb, GFP_ATOMIC);
	unsigned int verdict;

	if (!copy)
		return NF_DROP;
	verdict = europa_ingress_decide(lower, copy);
	if (verdict != NF_STOLEN)
		consume_skb(copy);
	else
		consume_skb(skb);
	return verdict;
}

static unsigned int europa_ingress_hook(void *priv, struct sk_buff *skb,
					const struct nf_hook_state *state)
{
	struct europa_lower *lower = priv;

	/* Data may start further on: behind a tag that a tc action put in. */
	if (unlikely(skb->pkt_type == PACKET_LOOPBACK ||
		     skb->data - skb_mac_header(skb) < ETH_HLEN))
		return NF_ACCEPT;
	if (unlikely(skb_shared(skb)))
		return europa_ingress_shared(lower, skb);
	return europa_ingress_decide(lower, skb);
}

int europa_ingress_hook_on(struct europa_lower *lower)
{
	int err;

	lower->hook = (struct nf_hook_ops) {
		.hook = europa_ingress_hook,
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

void europa_ingress_hook_off(struct europa_lower *lower)
{
	if (lower->hooked)
		nf_unregister_net_hook(dev_net(lower->dev), &lower->hook);
	lower->hooked = false;
}
