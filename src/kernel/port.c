// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <linux/etherdevice.h>
#include <linux/ethtool.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/sch_generic.h>
#include "compat.h"
#include "lower.h"
#include "note.h"
#include "port.h"
#include "stage.h"
#include "trace.h"
#include "xmit.h"

/* ---- what the datapath asks ---- */

int europa_port_info(struct europa_vr *vr, struct europa_port_info *info)
{
	struct europa_port *port;
	u32 number = info->port;
	int err = -ENOENT;

	memset(info, 0, sizeof(*info));
	info->port = number;
	rcu_read_lock();
	port = europa_port_get(vr, number);
	if (port) {
		err = 0;
		info->ifindex = READ_ONCE(port->dev->ifindex);
		info->mtu = READ_ONCE(port->dev->mtu);
		ether_addr_copy(info->address, port->dev->dev_addr);
		if (netif_running(port->dev) && netif_carrier_ok(port->dev))
			info->flags |= EUROPA_PORT_UP;
		if (READ_ONCE(port->spoofchk))
			info->flags |= EUROPA_PORT_SPOOFCHK;
	}
	rcu_read_unlock();
	return err;
}

/* As the core does for taps on one device; the packet itself is not received
 * there, so it must not be offered to anything but taps.
 */
void __europa_port_tap_rx(struct europa_port *port, struct sk_buff *skb)
{
	struct net_device *dev = port->dev;
	struct packet_type *tap;
	struct sk_buff *copy;

	list_for_each_entry_rcu(tap, &dev->ptype_all, list) {
		copy = skb_clone(skb, GFP_ATOMIC);
		if (!copy)
			return;
		copy->dev = dev;
		copy->protocol = eth_type_trans(copy, dev);
		skb_reset_network_header(copy);
		tap->func(copy, dev, tap, dev);
	}
}

/* What goes out through the port's interface is shown there. */
void __europa_port_tap_tx(struct europa_port *port, struct sk_buff *skb)
{
	if (skb->dev == port->dev)
		return;
	skb->dev = port->dev;
	dev_queue_xmit_nit(skb, port->dev);
}

/* ---- netdevice ---- */

/* A checksum still to do would be written over what was looked at: header bytes.
 */
static bool europa_port_sums_header(const struct sk_buff *skb, int header)
{
	return skb->ip_summed == CHECKSUM_PARTIAL &&
	       skb_checksum_start_offset(skb) < header;
}

/* A tag in the frame that the port may send, with none behind it: a switch that
 * takes off the outer one believes the next.
 */
static bool europa_port_tag_allowed(const struct europa_port *port,
				    struct sk_buff *skb)
{
	const struct vlan_ethhdr *eth;

	if (!pskb_may_pull(skb, VLAN_ETH_HLEN) ||
	    europa_port_sums_header(skb, VLAN_ETH_HLEN))
		return false;
	eth = (struct vlan_ethhdr *)skb->data;
	return !eth_type_vlan(eth->h_vlan_encapsulated_proto) &&
	       europa_port_may_tag(port, eth->h_vlan_proto,
				   ntohs(eth->h_vlan_TCI));
}

/* Checked as a data plane's packets are: the stack may be a container's. */
static bool europa_port_spoofed(const struct europa_port *port,
				struct sk_buff *skb)
{
	const struct ethhdr *eth;

	if (!READ_ONCE(port->spoofchk))
		return false;
	if (skb_vlan_tag_present(skb) || !pskb_may_pull(skb, ETH_HLEN) ||
	    europa_port_sums_header(skb, ETH_HLEN))
		return true;
	eth = (struct ethhdr *)skb->data;
	if (eth_type_vlan(eth->h_proto)) {
		if (!europa_port_tag_allowed(port, skb))
			return true;
		eth = (struct ethhdr *)skb->data;
	}
	return europa_port_spoofs(port, eth);
}

/* Not all that get here were cut to the port's MTU: tc may redirect a packet
 * from another device. EUROPA_C_SEND: nothing is wrong.
 */
static enum europa_counter europa_port_check(const struct europa_port *port,
					     struct sk_buff *skb)
{
	if (unlikely(europa_port_spoofed(port, skb)))
		return EUROPA_C_SPOOF;
	if (unlikely(skb->len > europa_port_longest(port->lower_dev)) &&
	    !skb_is_gso(skb))
		return EUROPA_C_TOO_LONG;
	return EUROPA_C_SEND;
}

/*
 * Into another namespace goes the packet, as by a veth, and not what the first
 * one's root may have set for the second one's rules and qdiscs to read: mark,
 * connection, traffic class, queue, and that tc has had it (set by ifb).
 */
static void europa_port_scrub(const struct europa_port *port,
			      struct sk_buff *skb)
{
	if (net_eq(dev_net(port->dev), dev_net(port->lower_dev)))
		return;
	skb_scrub_packet(skb, true);
	skb_reset_redirect(skb);
	skb_skip_tc_classify(skb);
	skb_set_queue_mapping(skb, 0);
#ifdef CONFIG_NET_SCHED
	skb->tc_index = 0;
#endif
	if (skb->priority > TC_PRIO_MAX)
		skb->priority = 0;
}

static noinline void europa_port_refuse(struct europa_port *port,
					struct sk_buff *skb,
					enum europa_counter why)
{
	europa_stats_inc(port->stats, why);
	dev_core_stats_tx_dropped_inc(port->dev);
	trace_europa_drop(port->vr->id, port->number, skb->len, why);
	kfree_skb(skb);
}

/* The kernel's own stack sends: straight to the lower device's qdisc. */
static netdev_tx_t europa_port_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct europa_port *port = netdev_priv(dev);
	u32 prio = READ_ONCE(port->vr->prio);
	enum europa_counter why = europa_port_check(port, skb);
	unsigned int len = skb->len;
	int err;

	if (unlikely(why != EUROPA_C_SEND)) {
		europa_port_refuse(port, skb, why);
		return NETDEV_TX_OK;
	}
	europa_port_scrub(port, skb);
	if (prio)
		skb->priority = prio;
	err = europa_xmit_lower(port, skb);
	if (likely(!net_xmit_eval(err)))
		dev_sw_netstats_tx_add(dev, 1, len);
	else
		dev_core_stats_tx_dropped_inc(dev);
	return NETDEV_TX_OK;
}

static bool europa_port_own_mac(const struct europa_port *port, const u8 *mac)
{
	return port->mode == EUROPA_MODE_MAC &&
	       !ether_addr_equal(mac, port->lower_dev->dev_addr);
}

/* A NIC delivers only the addresses it was told. */
static int europa_port_filter_on(struct europa_port *port)
{
	int err;

	if (port->mode == EUROPA_MODE_PASSTHRU)
		return dev_set_promiscuity(port->lower_dev, 1);
	if (!europa_port_own_mac(port, port->dev->dev_addr))
		return 0;
	err = dev_uc_add(port->lower_dev, port->dev->dev_addr);
	port->in_filter = !err;
	return err;
}

static void europa_port_filter_off(struct europa_port *port)
{
	if (port->mode == EUROPA_MODE_PASSTHRU)
		dev_set_promiscuity(port->lower_dev, -1);
	else if (port->in_filter)
		dev_uc_del(port->lower_dev, port->dev->dev_addr);
	port->in_filter = false;
}

/*
 * The lower device is others', too: only where spoofchk is off does it become
 * promiscuous because root of the port's namespace wants it.
 */
static int europa_port_push_promisc(struct europa_port *port)
{
	struct net_device *dev = port->dev;
	bool want = netif_running(dev) && dev->flags & IFF_PROMISC &&
		    !port->spoofchk;
	int err;

	if (want == port->promisc)
		return 0;
	err = dev_set_promiscuity(port->lower_dev, want ? 1 : -1);
	if (!err)
		port->promisc = want;
	return err;
}

static int europa_port_open(struct net_device *dev)
{
	struct europa_port *port = netdev_priv(dev);
	int err = europa_port_filter_on(port);

	if (err)
		return err;
	if (dev->flags & IFF_ALLMULTI) {
		err = dev_set_allmulti(port->lower_dev, 1);
		if (err)
			goto err_filter;
	}
	err = europa_port_push_promisc(port);
	if (err)
		goto err_allmulti;
	return 0;

err_allmulti:
	if (dev->flags & IFF_ALLMULTI)
		dev_set_allmulti(port->lower_dev, -1);
err_filter:
	europa_port_filter_off(port);
	return err;
}

static int europa_port_stop(struct net_device *dev)
{
	struct europa_port *port = netdev_priv(dev);

	dev_uc_unsync(port->lower_dev, dev);
	dev_mc_unsync(port->lower_dev, dev);
	if (dev->flags & IFF_ALLMULTI)
		dev_set_allmulti(port->lower_dev, -1);
	europa_port_push_promisc(port);
	europa_port_filter_off(port);
	return 0;
}

static void europa_port_change_rx_flags(struct net_device *dev, int change)
{
	struct europa_port *port = netdev_priv(dev);

	if (!(dev->flags & IFF_UP))
		return;
	if (change & IFF_ALLMULTI)
		dev_set_allmulti(port->lower_dev,
				 dev->flags & IFF_ALLMULTI ? 1 : -1);
	if (change & IFF_PROMISC)
		europa_port_push_promisc(port);
}

/* Under the port's address lock. Other addresses than its own are pushed down as
 * promiscuity is: where spoofchk is off.
 */
static void europa_port_set_rx_mode(struct net_device *dev)
{
	struct europa_port *port = netdev_priv(dev);
	DECLARE_BITMAP(filter, 1 << EUROPA_MC_FILTER_BITS) = {};
	struct netdev_hw_addr *ha;

	/* Not in a move to another namespace: what is added then is lost. */
	if (READ_ONCE(port->lower->hooked)) {
		if (!READ_ONCE(port->spoofchk))
			dev_uc_sync(port->lower_dev, dev);
		dev_mc_sync(port->lower_dev, dev);
	}
	if (dev->flags & (IFF_ALLMULTI | IFF_PROMISC))
		bitmap_fill(filter, 1 << EUROPA_MC_FILTER_BITS);
	netdev_for_each_mc_addr(ha, dev)
		__set_bit(europa_mc_hash(ha->addr), filter);
	bitmap_copy(port->mc_filter, filter, 1 << EUROPA_MC_FILTER_BITS);
}

static void europa_port_push_lists(struct europa_port *port)
{
	netif_addr_lock_bh(port->dev);
	europa_port_set_rx_mode(port->dev);
	netif_addr_unlock_bh(port->dev);
}

/* The lower device knows of the port's other addresses while spoofchk is off. */
void europa_port_set_spoofchk(struct europa_port *port, bool on)
{
	ASSERT_RTNL();
	WRITE_ONCE(port->spoofchk, on);
	if (!netif_running(port->dev))
		return;
	if (on)
		dev_uc_unsync(port->lower_dev, port->dev);
	else
		europa_port_push_lists(port);
	europa_port_push_promisc(port);
}

bool europa_port_mac_taken(const struct europa_port *port, const u8 *mac)
{
	struct europa_port *other = europa_lower_by_mac(port->lower, mac);

	return other && other != port;
}

/*
 * In a work queue (bonding, team) the kernel itself asks, for whom cannot be
 * told.
 */
static bool europa_port_may_set_mac(const struct europa_port *port)
{
	return !port->spoofchk ||
	       (!(current->flags & PF_KTHREAD) && capable(CAP_NET_ADMIN));
}

/* The device below learns the new address first: a failure changes nothing. */
static int europa_port_put_mac(struct europa_port *port, const u8 *mac)
{
	struct net_device *lower = port->lower_dev;
	bool filter = port->dev->flags & IFF_UP &&
		      europa_port_own_mac(port, mac);
	int err = filter ? dev_uc_add(lower, mac) : 0;

	if (err)
		return err;
	if (port->in_filter)
		dev_uc_del(lower, port->dev->dev_addr);
	port->in_filter = filter;
	eth_hw_addr_set(port->dev, mac);
	europa_lower_rehash(port->lower, port);
	return 0;
}

static int europa_port_set_mac(struct net_device *dev, void *p)
{
	struct europa_port *port = netdev_priv(dev);
	struct sockaddr *sa = p;

	if (!is_valid_ether_addr(sa->sa_data))
		return -EADDRNOTAVAIL;
	/* The port is going; an upper device may give it its former address. */
	if (!port->listed) {
		eth_hw_addr_set(dev, sa->sa_data);
		return 0;
	}
	/* The address is what spoofchk checks: not for a container's root. */
	if (!europa_port_may_set_mac(port))
		return -EPERM;
	if (port->mode == EUROPA_MODE_MAC &&
	    europa_port_mac_taken(port, sa->sa_data))
		return -EADDRINUSE;
	return europa_port_put_mac(port, sa->sa_data);
}

static int europa_port_change_mtu(struct net_device *dev, int mtu)
{
	struct europa_port *port = netdev_priv(dev);

	if (mtu > port->lower_dev->mtu)
		return -EINVAL;
	if (!port->following)
		port->mtu = mtu < port->lower_dev->mtu ? mtu : 0;
	WRITE_ONCE(dev->mtu, mtu);
	return 0;
}

static int europa_port_get_iflink(const struct net_device *dev)
{
	const struct europa_port *port = netdev_priv(dev);

	return READ_ONCE(port->lower_dev->ifindex);
}

static int europa_port_init(struct net_device *dev)
{
	struct europa_port *port = netdev_priv(dev);

	netdev_lockdep_set_classes(dev);
	port->stats = alloc_percpu(struct europa_stats);
	if (!port->stats)
		return -ENOMEM;
	dev->tstats = netdev_alloc_pcpu_stats(struct pcpu_sw_netstats);
	if (!dev->tstats)
		goto err_stats;
	netdev_hold(port->lower_dev, &port->tracker, GFP_KERNEL);
	port->lower_held = true;
	return 0;

err_stats:
	free_percpu(port->stats);
	port->stats = NULL;
	return -ENOMEM;
}

/* Its counters go on as the VR's. */
static void europa_port_leave_stats(struct europa_port *port)
{
	struct europa_stats sum = {};
	u32 i;

	europa_stats_collect(&sum, port->stats);
	for (i = 0; i < EUROPA_C_COUNT; i++)
		europa_stats_add(port->vr->stats, i, sum.c[i]);
}

/* What the VR still has from here is withdrawn; its slots it may keep. */
static void europa_port_withdraw(struct europa_port *port)
{
	struct europa_queue *queue;
	struct sk_buff_head gone;
	struct sk_buff *skb;
	u32 i;

	__skb_queue_head_init(&gone);
	for (i = 0; i < europa_vr_queues_made(port->vr); i++) {
		queue = europa_vr_queue(port->vr, i);
		spin_lock_bh(&queue->lock);
		if (queue->pool)
			europa_pool_withdraw_port(queue->pool, port->number,
						  &gone);
		europa_hold_withdraw_port(queue, port->number, &gone);
		spin_unlock_bh(&queue->lock);
	}
	europa_stats_add(port->vr->stats, EUROPA_C_GONE, skb_queue_len(&gone));
	while ((skb = __skb_dequeue(&gone))) {
		trace_europa_drop(port->vr->id, port->number, skb->len,
				  EUROPA_C_GONE);
		kfree_skb(skb);
	}
}

/* After a grace period since europa_link_del(), so no packet comes in any more.
 * Also called when registering failed, before anything was linked.
 */
static void europa_port_uninit(struct net_device *dev)
{
	struct europa_port *port = netdev_priv(dev);

	if (port->linked) {
		europa_stage_await();
		europa_port_withdraw(port);
		europa_port_leave_stats(port);
		xa_erase(&port->vr->ports, port->number);
		europa_lower_put(port->lower);
		port->linked = false;
	}
	free_percpu(dev->tstats);
}

void europa_port_destruct(struct net_device *dev)
{
	struct europa_port *port = netdev_priv(dev);

	if (port->lower_held)
		netdev_put(port->lower_dev, &port->tracker);
	port->lower_held = false;
	free_percpu(port->stats);
	port->stats = NULL;
	if (port->vr)
		europa_vr_put(port->vr);
	port->vr = NULL;
}

static const struct net_device_ops europa_port_netdev_ops = {
	.ndo_init		= europa_port_init,
	.ndo_uninit		= europa_port_uninit,
	.ndo_open		= europa_port_open,
	.ndo_stop		= europa_port_stop,
	.ndo_start_xmit		= europa_port_xmit,
	.ndo_change_rx_flags	= europa_port_change_rx_flags,
	.ndo_set_rx_mode	= europa_port_set_rx_mode,
	.ndo_set_mac_address	= europa_port_set_mac,
	.ndo_change_mtu		= europa_port_change_mtu,
	.ndo_get_stats64	= dev_get_tstats64,
	.ndo_get_iflink		= europa_port_get_iflink,
	.ndo_validate_addr	= eth_validate_addr,
};

static void europa_port_get_drvinfo(struct net_device *dev,
				    struct ethtool_drvinfo *info)
{
	strscpy(info->driver, "europa", sizeof(info->driver));
	strscpy(info->version, EUROPA_VERSION, sizeof(info->version));
}

static int europa_port_get_link(struct net_device *dev,
				struct ethtool_link_ksettings *settings)
{
	struct europa_port *port = netdev_priv(dev);

	return __ethtool_get_link_ksettings(port->lower_dev, settings);
}

const u8 europa_port_counters[] = {
	EUROPA_C_RX, EUROPA_C_SEND, EUROPA_C_PUNT, EUROPA_C_DROP,
	EUROPA_C_ORIGINATED, EUROPA_C_FALLBACK, EUROPA_C_RECLAIMED,
	EUROPA_C_RX_FULL, EUROPA_C_RX_LIMIT, EUROPA_C_RX_NOMEM,
	EUROPA_C_RX_DOWN, EUROPA_C_RX_FALLBACK, EUROPA_C_BAD_LEN,
	EUROPA_C_BAD_META, EUROPA_C_SPOOF, EUROPA_C_TOO_LONG, EUROPA_C_GSO,
	EUROPA_C_TX_DOWN, EUROPA_C_TX_NOMEM, EUROPA_C_TX_QDISC,
	EUROPA_C_FILTERED, EUROPA_C_TX_LIMIT, EUROPA_C_IDLE,
};

static const char europa_port_names[EUROPA_C_COUNT][ETH_GSTRING_LEN] = {
	EUROPA_COUNTER_NAMES
};

static int europa_port_sset_count(struct net_device *dev, int set)
{
	return set == ETH_SS_STATS ? EUROPA_PORT_COUNTERS : -EOPNOTSUPP;
}

static void europa_port_get_strings(struct net_device *dev, u32 set, u8 *data)
{
	u32 i;

	for (i = 0; set == ETH_SS_STATS && i < EUROPA_PORT_COUNTERS; i++)
		memcpy(data + i * ETH_GSTRING_LEN,
		       europa_port_names[europa_port_counters[i]],
		       ETH_GSTRING_LEN);
}

static void europa_port_get_stats(struct net_device *dev,
				  struct ethtool_stats *stats, u64 *data)
{
	struct europa_port *port = netdev_priv(dev);
	struct europa_stats sum = {};
	u32 i;

	europa_stats_collect(&sum, port->stats);
	for (i = 0; i < EUROPA_PORT_COUNTERS; i++)
		data[i] = sum.c[europa_port_counters[i]];
}

static const struct ethtool_ops europa_port_ethtool_ops = {
	.get_drvinfo		= europa_port_get_drvinfo,
	.get_link		= ethtool_op_get_link,
	.get_link_ksettings	= europa_port_get_link,
	.get_sset_count		= europa_port_sset_count,
	.get_strings		= europa_port_get_strings,
	.get_ethtool_stats	= europa_port_get_stats,
};

void europa_port_setup(struct net_device *dev)
{
	ether_setup(dev);
	dev->min_mtu = ETH_MIN_MTU;
	dev->max_mtu = ETH_MAX_MTU;
	dev->priv_flags &= ~IFF_TX_SKB_SHARING;
	dev->priv_flags |= IFF_UNICAST_FLT | IFF_NO_QUEUE |
			   IFF_LIVE_ADDR_CHANGE;
	netif_keep_dst(dev);
	/* The lower device, or software in front of it, does all of these. */
	dev->features = NETIF_F_SG | NETIF_F_HW_CSUM | NETIF_F_FRAGLIST |
			NETIF_F_HIGHDMA | NETIF_F_GSO_SOFTWARE |
			NETIF_F_GSO_ROBUST | NETIF_F_GSO_ENCAP_ALL;
	dev->hw_features = dev->features;
	dev->vlan_features = dev->features;
	dev->hw_enc_features = dev->features;
	europa_compat_set_lltx(dev);
	dev->netdev_ops = &europa_port_netdev_ops;
	dev->ethtool_ops = &europa_port_ethtool_ops;
	dev->needs_free_netdev = true;
	dev->priv_destructor = europa_port_destruct;
}

/* ---- what happens to the lower device ---- */

/* As large as it may be, but no larger than it was set to. */
void europa_port_follow_mtu(struct europa_port *port)
{
	unsigned int mtu = port->lower_dev->mtu;

	ASSERT_RTNL();
	if (port->mtu)
		mtu = min(mtu, port->mtu);
	port->following = true;
	dev_set_mtu(port->dev, mtu);
	port->following = false;
}

/*
 * Moving to another namespace, a device loses its address lists, but not its
 * counts of who wants it promiscuous or all groups. So what the port added is
 * taken back before, when it is still there, and added again.
 */
static void europa_port_lower_leaves(struct europa_port *port)
{
	dev_uc_unsync(port->lower_dev, port->dev);
	dev_mc_unsync(port->lower_dev, port->dev);
	if (port->mode == EUROPA_MODE_MAC)
		europa_port_filter_off(port);
}

static void europa_port_lower_returns(struct europa_port *port)
{
	if (port->mode == EUROPA_MODE_MAC)
		europa_port_filter_on(port);
	europa_port_push_lists(port);
}

/* Called for each port when something happened to its lower device. */
void europa_port_lower_changed(struct europa_port *port, unsigned long event)
{
	struct net_device *dev = port->dev;

	switch (event) {
	case NETDEV_UP:
	case NETDEV_DOWN:
	case NETDEV_CHANGE:
		netif_stacked_transfer_operstate(port->lower_dev, dev);
		break;
	case NETDEV_CHANGEMTU:
		if (europa_compat_ops_locked(port->lower_dev))
			europa_note_mtu(port->vr);
		else
			europa_port_follow_mtu(port);
		break;
	case NETDEV_UNREGISTER:
		europa_port_lower_leaves(port);
		break;
	case NETDEV_REGISTER:
		if (dev->flags & IFF_UP)
			europa_port_lower_returns(port);
		break;
	case NETDEV_CHANGEADDR:
		/* Equal to the port's it is the host's, filter and all. */
		europa_lower_rehash(port->lower, port);
		if (dev->flags & IFF_UP && port->mode == EUROPA_MODE_MAC) {
			europa_port_filter_off(port);
			europa_port_filter_on(port);
		}
		break;
	}
}
