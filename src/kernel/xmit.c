// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <linux/netdevice.h>
#include <net/sch_generic.h>
#include "compat.h"
#include "trace.h"
#include "xmit.h"

/* Filters of tc or nftables where packets leave the device. */
static bool europa_xmit_filtered(const struct net_device *dev)
{
	return europa_compat_nft_egress(dev) || europa_compat_tc_egress(dev);
}

/* Taps, as tcpdump's, of packets that leave the port or the device. */
static bool europa_xmit_tapped(const struct europa_port *port)
{
	return !list_empty(&port->dev->ptype_all) ||
	       dev_nit_active(port->lower_dev);
}

/* One queue, which holds nothing: no qdisc, and none to choose. Not so while the
 * device is taken down: it has the one that drops all then.
 */
static bool europa_xmit_unqueued(const struct net_device *dev)
{
	const struct netdev_queue *txq = netdev_get_tx_queue(dev, 0);

	return READ_ONCE(dev->real_num_tx_queues) == 1 &&
	       !rcu_dereference(txq->qdisc)->enqueue;
}

/*
 * May plain packets go from the port straight to its lower device's driver? Only
 * where dev_queue_xmit() would find nothing else to do with them. Under RCU, and
 * good until it ends: who takes the device down, or gives it a qdisc, waits for
 * RCU in between, and a filter or tap that comes meanwhile comes as it does to a
 * packet on its way through dev_queue_xmit().
 */
bool europa_xmit_direct(const struct europa_port *port)
{
	return netif_running(port->dev) && netif_running(port->lower_dev) &&
	       !READ_ONCE(port->vr->prio) &&
	       europa_xmit_unqueued(port->lower_dev) &&
	       !europa_xmit_filtered(port->lower_dev) &&
	       !europa_xmit_tapped(port);
}

static noinline void europa_xmit_refused(const struct europa_port *port, u32 len)
{
	europa_stats_inc(port->stats, EUROPA_C_TX_QDISC);
	trace_europa_drop(port->vr->id, port->number, len, EUROPA_C_TX_QDISC);
}

/* What the driver did not take goes the ordinary way, which has an answer. */
static noinline void europa_xmit_rest(const struct europa_port *port,
				      struct europa_train *train,
				      struct sk_buff *skb)
{
	struct sk_buff *next;

	for (; skb; skb = next) {
		u32 len = skb->len;

		next = skb->next;
		skb_mark_not_on_list(skb);
		if (net_xmit_eval(dev_queue_xmit(skb))) {
			europa_xmit_refused(port, len);
			continue;
		}
		train->sent++;
		train->sent_bytes += len;
	}
}

/*
 * The train leaves, under one tx lock; the device knows that more follow. BH is
 * off. Never called from a device's own transmit, so this processor has no tx
 * lock yet.
 */
void europa_xmit_train(struct europa_port *port, struct europa_train *train)
{
	struct net_device *dev = port->lower_dev;
	struct netdev_queue *txq = netdev_get_tx_queue(dev, 0);
	struct sk_buff *skb, *next;
	u32 sent = 0, bytes = 0;

	*train->tail = NULL;
	HARD_TX_LOCK(dev, txq, smp_processor_id());
	for (skb = train->head; skb && !netif_xmit_stopped(txq); skb = next) {
		u32 len = skb->len;
		int rc;

		next = skb->next;
		skb_mark_not_on_list(skb);
		rc = netdev_start_xmit(skb, dev, txq, next);
		if (unlikely(rc != NETDEV_TX_OK)) {
			if (!dev_xmit_complete(rc)) {
				skb->next = next;
				break;
			}
			europa_xmit_refused(port, len);
			continue;
		}
		sent++;
		bytes += len;
	}
	HARD_TX_UNLOCK(dev, txq);
	train->sent += sent;
	train->sent_bytes += bytes;
	europa_train_init(train);
	if (unlikely(skb))
		europa_xmit_rest(port, train, skb);
}

/*
 * May it go straight to the driver of a device with nothing in the way? Where
 * dev_queue_xmit() would have something to do to the packet itself, it does it:
 * cut, put together, sum or tag it, tell its socket, go by its socket's settings.
 */
static bool europa_xmit_as_is(struct sk_buff *skb)
{
	return !skb->sk && !skb_is_nonlinear(skb) && !skb_is_gso(skb) &&
	       !skb_vlan_tag_present(skb) && !skb_has_extensions(skb) &&
	       skb->ip_summed != CHECKSUM_PARTIAL &&
	       !skb_shinfo(skb)->tx_flags;
}

/* This processor is in a driver that europa_xmit_try() called. */
static DEFINE_PER_CPU(bool, europa_xmit_inside);

/* Unless the driver is full, or is itself on the way here: a tunnel's driver notes
 * no owner of its queue, and the ordinary way counts how deep it is.
 */
static bool europa_xmit_try(struct sk_buff *skb, struct netdev_queue *txq,
			    int *err)
{
	struct net_device *dev = skb->dev;
	int cpu = smp_processor_id();
	bool tried = false;

	if (unlikely(__this_cpu_read(europa_xmit_inside) ||
		     READ_ONCE(txq->xmit_lock_owner) == cpu))
		return false;
	HARD_TX_LOCK(dev, txq, cpu);
	if (likely(!netif_xmit_stopped(txq))) {
		__this_cpu_write(europa_xmit_inside, true);
		*err = netdev_start_xmit(skb, dev, txq, false);
		__this_cpu_write(europa_xmit_inside, false);
		tried = dev_xmit_complete(*err);
	}
	HARD_TX_UNLOCK(dev, txq);
	return tried;
}

/*
 * What the port's stack sends, by the lower device, as dev_queue_xmit() does it
 * and with its answer. BH is off, which goes on as RCU. A device without a queue
 * keeps no order that this could break: each packet has left before the next one
 * comes.
 */
int europa_xmit_lower(struct europa_port *port, struct sk_buff *skb)
{
	struct net_device *dev = port->lower_dev;
	bool direct;
	int err;

	skb->dev = dev;
	rcu_read_lock(); /* lockdep wants it, and pktgen has BH off, no more */
	direct = europa_xmit_as_is(skb) && europa_xmit_direct(port);
	rcu_read_unlock();
	if (!direct)
		return dev_queue_xmit(skb);
	if (dev->priv_flags & IFF_XMIT_DST_RELEASE)
		skb_dst_drop(skb);
	else
		skb_dst_force(skb);
	skb_set_queue_mapping(skb, 0);
	europa_xmit_mark(skb);
	if (likely(europa_xmit_try(skb, netdev_get_tx_queue(dev, 0), &err)))
		return err;
	return dev_queue_xmit(skb);
}
