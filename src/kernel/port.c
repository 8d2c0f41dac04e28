// SPDX-License-Identifier: GPL-2.0
#include <linux/etherdevice.h>
#include <linux/ethtool.h>
#include <linux/hash.h>
#include <linux/inetdevice.h>
#include <linux/rtnetlink.h>
#include <net/addrconf.h>
#include <net/if_inet6.h>
#include <net/rtnetlink.h>
#include "compat.h"
#include "genl.h"
#include "lower.h"
#include "port.h"
#include "queue.h"

static const struct net_device_ops europa_port_netdev_ops;
static struct rtnl_link_ops europa_port_link_ops;

bool europa_port_is(const struct net_device *dev)
{
	return dev->netdev_ops == &europa_port_netdev_ops;
}

/* ---- what the datapath asks ---- */

static u32 europa_mc_hash(const u8 *mac)
{
	return hash_64(europa_mac_key(mac), EUROPA_MC_FILTER_BITS);
}

bool europa_port_takes_group(const struct europa_port *port, const u8 *mac)
{
	return port->mode == EUROPA_MODE_MAC && netif_running(port->dev) &&
	       (is_broadcast_ether_addr(mac) ||
		test_bit(europa_mc_hash(mac), port->mc_filter));
}

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

void __europa_port_tap_tx(struct europa_port *port, struct sk_buff *skb)
{
	skb->dev = port->dev;
	dev_queue_xmit_nit(skb, port->dev);
}

/* ---- netdevice ---- */

/* The kernel's own stack sends: straight to the lower device's qdisc. */
static netdev_tx_t europa_port_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct europa_port *port = netdev_priv(dev);
	u32 prio = READ_ONCE(port->vr->prio);
	unsigned int len = skb->len;
	int err;

	if (prio)
		skb->priority = prio;
	skb->dev = port->lower_dev;
	err = dev_queue_xmit(skb);
	if (likely(!net_xmit_eval(err)))
		dev_sw_netstats_tx_add(dev, 1, len);
	else
		dev_core_stats_tx_dropped_inc(dev);
	return NETDEV_TX_OK;
}

static bool europa_port_own_mac(const struct europa_port *port)
{
	return port->mode == EUROPA_MODE_MAC &&
	       !ether_addr_equal(port->dev->dev_addr,
				 port->lower_dev->dev_addr);
}

/* A NIC delivers only the addresses it was told. */
static int europa_port_filter_on(struct europa_port *port)
{
	int err;

	if (port->mode == EUROPA_MODE_PASSTHRU)
		return dev_set_promiscuity(port->lower_dev, 1);
	if (!europa_port_own_mac(port))
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
	if (dev->flags & IFF_PROMISC) {
		err = dev_set_promiscuity(port->lower_dev, 1);
		if (err)
			goto err_allmulti;
	}
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
	if (dev->flags & IFF_PROMISC)
		dev_set_promiscuity(port->lower_dev, -1);
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
		dev_set_promiscuity(port->lower_dev,
				    dev->flags & IFF_PROMISC ? 1 : -1);
}

static void europa_port_set_rx_mode(struct net_device *dev)
{
	struct europa_port *port = netdev_priv(dev);
	DECLARE_BITMAP(filter, 1 << EUROPA_MC_FILTER_BITS) = {};
	struct netdev_hw_addr *ha;

	dev_uc_sync(port->lower_dev, dev);
	dev_mc_sync(port->lower_dev, dev);
	if (dev->flags & (IFF_ALLMULTI | IFF_PROMISC))
		bitmap_fill(filter, 1 << EUROPA_MC_FILTER_BITS);
	netdev_for_each_mc_addr(ha, dev)
		__set_bit(europa_mc_hash(ha->addr), filter);
	bitmap_copy(port->mc_filter, filter, 1 << EUROPA_MC_FILTER_BITS);
}

static bool europa_port_mac_taken(const struct europa_port *port, const u8 *mac)
{
	struct europa_port *other = europa_lower_by_mac(port->lower, mac);

	return other && other != port;
}

static int europa_port_set_mac(struct net_device *dev, void *p)
{
	struct europa_port *port = netdev_priv(dev);
	struct sockaddr *sa = p;
	int err = 0;

	if (!is_valid_ether_addr(sa->sa_data))
		return -EADDRNOTAVAIL;
	/* On its way out, an upper device may restore the address. */
	if (!port->listed) {
		eth_hw_addr_set(dev, sa->sa_data);
		return 0;
	}
	/* The address is what spoofchk checks: not for a container's root. */
	if (port->spoofchk && !capable(CAP_NET_ADMIN))
		return -EPERM;
	if (port->mode == EUROPA_MODE_MAC &&
	    europa_port_mac_taken(port, sa->sa_data))
		return -EADDRINUSE;
	if (dev->flags & IFF_UP)
		europa_port_filter_off(port);
	eth_hw_addr_set(dev, sa->sa_data);
	europa_lower_rehash(port->lower, port);
	if (dev->flags & IFF_UP)
		err = europa_port_filter_on(port);
	return err;
}

static int europa_port_change_mtu(struct net_device *dev, int mtu)
{
	struct europa_port *port = netdev_priv(dev);

	if (mtu > port->lower_dev->mtu)
		return -EINVAL;
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
	dev->tstats = netdev_alloc_pcpu_stats(struct pcpu_sw_netstats);
	if (!dev->tstats)
		return -ENOMEM;
	netdev_hold(port->lower_dev, &port->tracker, GFP_KERNEL);
	port->held = true;
	return 0;
}

/* What the VR still has from here is taken back; its slots it may keep. */
static void europa_port_take_back(struct europa_port *port)
{
	struct europa_queue *queue;
	struct sk_buff_head taken;
	u32 i;

	__skb_queue_head_init(&taken);
	for (i = 0; i < port->vr->nr_queues; i++) {
		queue = &port->vr->queues[i];
		spin_lock_bh(&queue->lock);
		if (queue->pool)
			europa_pool_take_port(queue->pool, port->number,
					      &taken);
		spin_unlock_bh(&queue->lock);
	}
	europa_stats_add(port->vr->stats, EUROPA_C_GONE, skb_queue_len(&taken));
	__skb_queue_purge(&taken);
}

/* After a grace period since dellink, so no packet can be on its way in. Also
 * called when registering failed, before anything was linked.
 */
static void europa_port_uninit(struct net_device *dev)
{
	struct europa_port *port = netdev_priv(dev);

	if (port->linked) {
		europa_port_take_back(port);
		xa_erase(&port->vr->ports, port->number);
		europa_lower_put(port->lower);
		port->linked = false;
	}
	free_percpu(dev->tstats);
}

static void europa_port_destruct(struct net_device *dev)
{
	struct europa_port *port = netdev_priv(dev);

	if (port->held)
		netdev_put(port->lower_dev, &port->tracker);
	port->held = false;
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
	strscpy(info->version, "1", sizeof(info->version));
}

static int europa_port_get_link(struct net_device *dev,
				struct ethtool_link_ksettings *settings)
{
	struct europa_port *port = netdev_priv(dev);

	return __ethtool_get_link_ksettings(port->lower_dev, settings);
}

static const char europa_port_strings[EUROPA_C_COUNT][ETH_GSTRING_LEN] = {
	EUROPA_COUNTER_NAMES
};

static int europa_port_sset_count(struct net_device *dev, int set)
{
	return set == ETH_SS_STATS ? EUROPA_C_COUNT : -EOPNOTSUPP;
}

static void europa_port_get_strings(struct net_device *dev, u32 set, u8 *data)
{
	if (set == ETH_SS_STATS)
		memcpy(data, europa_port_strings, sizeof(europa_port_strings));
}

/* The VR's counters: they are kept per VR, not per port. */
static void europa_port_get_stats(struct net_device *dev,
				  struct ethtool_stats *stats, u64 *data)
{
	struct europa_port *port = netdev_priv(dev);
	u32 i;

	for (i = 0; i < EUROPA_C_COUNT; i++)
		data[i] = europa_stats_sum(port->vr->stats, i);
}

static const struct ethtool_ops europa_port_ethtool_ops = {
	.get_drvinfo		= europa_port_get_drvinfo,
	.get_link		= ethtool_op_get_link,
	.get_link_ksettings	= europa_port_get_link,
	.get_sset_count		= europa_port_sset_count,
	.get_strings		= europa_port_get_strings,
	.get_ethtool_stats	= europa_port_get_stats,
};

static void europa_port_setup(struct net_device *dev)
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

/* ---- rtnetlink ---- */

static const struct nla_policy europa_port_policy[IFLA_EUROPA_MAX + 1] = {
	[IFLA_EUROPA_VR]	= { .type = NLA_U32 },
	[IFLA_EUROPA_VR_NAME]	= { .type = NLA_NUL_STRING,
				    .len = EUROPA_NAME_SIZE - 1 },
	[IFLA_EUROPA_PORT]	= { .type = NLA_U32 },
	[IFLA_EUROPA_MODE]	= { .type = NLA_U8 },
	[IFLA_EUROPA_SPOOFCHK]	= { .type = NLA_U8 },
	[IFLA_EUROPA_FORCE]	= { .type = NLA_FLAG },
};

static int europa_port_validate(struct nlattr *tb[], struct nlattr *data[],
				struct netlink_ext_ack *extack)
{
	if (tb[IFLA_ADDRESS] &&
	    (nla_len(tb[IFLA_ADDRESS]) != ETH_ALEN ||
	     !is_valid_ether_addr(nla_data(tb[IFLA_ADDRESS])))) {
		NL_SET_ERR_MSG(extack, "not an Ethernet unicast address");
		return -EADDRNOTAVAIL;
	}
	if (!data)
		return 0;
	if (data[IFLA_EUROPA_PORT] &&
	    nla_get_u32(data[IFLA_EUROPA_PORT]) > EUROPA_PORT_MAX) {
		NL_SET_ERR_MSG(extack, "port numbers are 0 to 1023");
		return -ERANGE;
	}
	if (data[IFLA_EUROPA_MODE] &&
	    nla_get_u8(data[IFLA_EUROPA_MODE]) > EUROPA_MODE_CLASSIFIER) {
		NL_SET_ERR_MSG(extack, "mode is mac, passthru or classifier");
		return -EINVAL;
	}
	if (data[IFLA_EUROPA_SPOOFCHK] &&
	    nla_get_u8(data[IFLA_EUROPA_SPOOFCHK]) > 1) {
		NL_SET_ERR_MSG(extack, "spoofchk is 0 or 1");
		return -EINVAL;
	}
	return 0;
}

static struct europa_vr *europa_port_find_vr(struct nlattr *data[],
					     struct netlink_ext_ack *extack)
{
	struct europa_vr *vr = NULL;

	if (data && data[IFLA_EUROPA_VR]) {
		vr = europa_vr_by_id(nla_get_u32(data[IFLA_EUROPA_VR]));
	} else if (data && data[IFLA_EUROPA_VR_NAME]) {
		vr = europa_vr_by_name(nla_data(data[IFLA_EUROPA_VR_NAME]));
	} else {
		NL_SET_ERR_MSG(extack, "say which VR: vr NUMBER or NAME");
		return ERR_PTR(-EINVAL);
	}
	if (vr)
		return vr;
	NL_SET_ERR_MSG(extack, "no such VR");
	return ERR_PTR(-ENOENT);
}

static bool europa_port_has_inet6(struct net_device *dev)
{
	struct inet6_dev *idev = __in6_dev_get(dev);
	struct inet6_ifaddr *ifa;
	bool found = false;

	if (!idev)
		return false;
	read_lock_bh(&idev->lock);
	list_for_each_entry(ifa, &idev->addr_list, if_list)
		if (!(ipv6_addr_type(&ifa->addr) & IPV6_ADDR_LINKLOCAL))
			found = true;
	read_unlock_bh(&idev->lock);
	return found;
}

/* passthru takes the host's own packets: not by mistake. */
static int europa_port_check_passthru(struct europa_lower *lower,
				      struct nlattr *data[],
				      struct netlink_ext_ack *extack)
{
	struct in_device *in = __in_dev_get_rtnl(lower->dev);

	if (rtnl_dereference(lower->passthru)) {
		NL_SET_ERR_MSG(extack, "the device has a passthru port already");
		return -EEXIST;
	}
	if (data[IFLA_EUROPA_FORCE])
		return 0;
	if ((in && rtnl_dereference(in->ifa_list)) ||
	    europa_port_has_inet6(lower->dev)) {
		NL_SET_ERR_MSG(extack, "passthru would cut the host off: the device has an address (use force to do it all the same)");
		return -EBUSY;
	}
	return 0;
}

static int europa_port_configure(struct europa_port *port, struct nlattr *tb[],
				 struct nlattr *data[],
				 struct netlink_ext_ack *extack)
{
	struct net_device *dev = port->dev, *lower = port->lower->dev;
	int err;

	port->spoofchk = true;
	if (data[IFLA_EUROPA_SPOOFCHK])
		port->spoofchk = nla_get_u8(data[IFLA_EUROPA_SPOOFCHK]);
	if (data[IFLA_EUROPA_MODE])
		port->mode = nla_get_u8(data[IFLA_EUROPA_MODE]);
	if (port->mode == EUROPA_MODE_PASSTHRU) {
		err = europa_port_check_passthru(port->lower, data, extack);
		if (err)
			return err;
	}
	if (!tb[IFLA_ADDRESS] && port->mode == EUROPA_MODE_MAC)
		eth_hw_addr_random(dev);
	else if (!tb[IFLA_ADDRESS])
		eth_hw_addr_inherit(dev, lower);
	if (port->mode == EUROPA_MODE_MAC &&
	    europa_port_mac_taken(port, dev->dev_addr)) {
		NL_SET_ERR_MSG(extack, "another port there has this address");
		return -EADDRINUSE;
	}
	if (!tb[IFLA_MTU])
		dev->mtu = lower->mtu;
	if (dev->mtu > lower->mtu) {
		NL_SET_ERR_MSG(extack, "mtu is larger than the lower device's");
		return -EINVAL;
	}
	dev->needed_headroom = lower->needed_headroom;
	dev->needed_tailroom = lower->needed_tailroom;
	netif_inherit_tso_max(dev, lower);
	return 0;
}

/* Reserves the number in vr->ports, invisible until published. */
static int europa_port_number(struct europa_port *port, struct nlattr *data[],
			      struct netlink_ext_ack *extack)
{
	struct xa_limit limit = XA_LIMIT(0, EUROPA_PORT_MAX);
	u32 number;
	int err;

	if (europa_lower_by_vr(port->lower, port->vr->id)) {
		NL_SET_ERR_MSG(extack, "the VR has a port on this device");
		return -EEXIST;
	}
	if (data[IFLA_EUROPA_PORT]) {
		number = nla_get_u32(data[IFLA_EUROPA_PORT]);
		limit = XA_LIMIT(number, number);
	}
	err = xa_alloc(&port->vr->ports, &number, NULL, limit, GFP_KERNEL);
	if (err == -EBUSY) {
		NL_SET_ERR_MSG(extack, "the VR has no free port of that number");
		err = -EEXIST;
	}
	if (!err)
		port->number = number;
	return err;
}

/* Into the tables. Nothing can fail after the device is registered but this. */
static int europa_port_link(struct europa_port *port,
			    struct netlink_ext_ack *extack)
{
	int err = netdev_upper_dev_link(port->lower_dev, port->dev, extack);

	if (err)
		return err;
	err = europa_lower_link(port->lower, port);
	if (err) {
		netdev_upper_dev_unlink(port->lower_dev, port->dev);
		return err;
	}
	port->linked = true;
	xa_store(&port->vr->ports, port->number, port, GFP_KERNEL);
	return 0;
}

static int europa_port_register(struct europa_port *port,
				struct netlink_ext_ack *extack)
{
	struct net_device *dev = port->dev;
	int err;

	if (dev->name_assign_type == NET_NAME_ENUM)
		snprintf(dev->name, sizeof(dev->name), "vr%up%u", port->vr->id,
			 port->number);
	err = register_netdevice(dev);
	if (err)
		return err;
	err = europa_port_link(port, extack);
	if (err) {
		unregister_netdevice(dev);
		return err;
	}
	netif_stacked_transfer_operstate(port->lower_dev, dev);
	linkwatch_fire_event(dev);
	europa_genl_event_port(port, EUROPA_EVENT_PORT_NEW);
	return 0;
}

/*
 * rtnetlink itself asks only the namespace's owner. This asks the writer, not
 * who opened the socket: an operation is not told about that.
 */
static int europa_port_newlink(struct net *src_net, struct net_device *dev,
			       struct nlattr *tb[], struct nlattr *data[],
			       struct netlink_ext_ack *extack)
{
	struct europa_port *port = netdev_priv(dev);
	struct net_device *lower_dev;
	struct europa_vr *vr;
	int err;

	port->dev = dev;
	if (!capable(CAP_NET_ADMIN)) {
		NL_SET_ERR_MSG(extack, "creating a port takes CAP_NET_ADMIN in the initial user namespace");
		return -EPERM;
	}
	vr = europa_port_find_vr(data, extack);
	if (IS_ERR(vr))
		return PTR_ERR(vr);
	lower_dev = tb[IFLA_LINK] ?
		__dev_get_by_index(src_net, nla_get_u32(tb[IFLA_LINK])) : NULL;
	if (!lower_dev) {
		NL_SET_ERR_MSG(extack, "no such lower device (link DEVICE)");
		return -ENODEV;
	}
	port->lower = europa_lower_get(lower_dev, extack);
	if (IS_ERR(port->lower))
		return PTR_ERR(port->lower);
	port->lower_dev = lower_dev;
	kref_get(&vr->refs);
	port->vr = vr;
	err = europa_port_number(port, data, extack);
	if (err)
		goto err_vr;
	err = europa_port_configure(port, tb, data, extack);
	if (err)
		goto err_number;
	err = europa_port_register(port, extack);
	if (err)
		goto err_number;
	return 0;

err_number:
	xa_erase(&vr->ports, port->number);
err_vr:
	/* What never was registered is freed without its destructor. */
	if (dev->reg_state == NETREG_UNINITIALIZED)
		europa_port_destruct(dev);
	europa_lower_try_free(port->lower);
	return err;
}

static int europa_port_changelink(struct net_device *dev, struct nlattr *tb[],
				  struct nlattr *data[],
				  struct netlink_ext_ack *extack)
{
	struct europa_port *port = netdev_priv(dev);

	if (!capable(CAP_NET_ADMIN)) {
		NL_SET_ERR_MSG(extack, "changing a port takes CAP_NET_ADMIN in the initial user namespace");
		return -EPERM;
	}
	if (!data)
		return 0;
	if (data[IFLA_EUROPA_VR] || data[IFLA_EUROPA_VR_NAME] ||
	    data[IFLA_EUROPA_PORT] || data[IFLA_EUROPA_MODE]) {
		NL_SET_ERR_MSG(extack, "vr, port and mode are set when a port is made; only spoofchk can change");
		return -EOPNOTSUPP;
	}
	if (data[IFLA_EUROPA_SPOOFCHK])
		WRITE_ONCE(port->spoofchk,
			   nla_get_u8(data[IFLA_EUROPA_SPOOFCHK]));
	return 0;
}

/* Out of the tables now; uninit, after the grace period, does the rest. */
void europa_port_dellink(struct net_device *dev, struct list_head *head)
{
	struct europa_port *port = netdev_priv(dev);

	europa_genl_event_port(port, EUROPA_EVENT_PORT_DEL);
	xa_store(&port->vr->ports, port->number, NULL, GFP_KERNEL);
	europa_lower_unlink(port->lower, port);
	unregister_netdevice_queue(dev, head);
	netdev_upper_dev_unlink(port->lower_dev, dev);
}

void europa_port_del_all(struct europa_vr *vr)
{
	struct europa_port *port;
	unsigned long number;
	LIST_HEAD(doomed);

	ASSERT_RTNL();
	xa_for_each(&vr->ports, number, port)
		europa_port_dellink(port->dev, &doomed);
	unregister_netdevice_many(&doomed);
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
		if (dev->mtu > port->lower_dev->mtu)
			dev_set_mtu(dev, port->lower_dev->mtu);
		break;
	case NETDEV_REGISTER:
		/* Moved to another namespace, it forgot what it was told. */
		port->in_filter = false;
		if (dev->flags & IFF_UP && port->mode == EUROPA_MODE_MAC)
			europa_port_filter_on(port);
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

static size_t europa_port_get_size(const struct net_device *dev)
{
	return nla_total_size(4) + nla_total_size(EUROPA_NAME_SIZE) +
	       nla_total_size(4) + nla_total_size(1) + nla_total_size(1);
}

static int europa_port_fill_info(struct sk_buff *skb,
				 const struct net_device *dev)
{
	const struct europa_port *port = netdev_priv(dev);

	if (nla_put_u32(skb, IFLA_EUROPA_VR, port->vr->id) ||
	    nla_put_string(skb, IFLA_EUROPA_VR_NAME, port->vr->name) ||
	    nla_put_u32(skb, IFLA_EUROPA_PORT, port->number) ||
	    nla_put_u8(skb, IFLA_EUROPA_MODE, port->mode) ||
	    nla_put_u8(skb, IFLA_EUROPA_SPOOFCHK, port->spoofchk))
		return -EMSGSIZE;
	return 0;
}

static struct net *europa_port_get_link_net(const struct net_device *dev)
{
	const struct europa_port *port = netdev_priv(dev);

	return dev_net(port->lower_dev);
}

static struct rtnl_link_ops europa_port_link_ops = {
	.kind		= "europa",
	.priv_size	= sizeof(struct europa_port),
	.setup		= europa_port_setup,
	.maxtype	= IFLA_EUROPA_MAX,
	.policy		= europa_port_policy,
	.validate	= europa_port_validate,
	.newlink	= europa_port_newlink,
	.changelink	= europa_port_changelink,
	.dellink	= europa_port_dellink,
	.get_size	= europa_port_get_size,
	.fill_info	= europa_port_fill_info,
	.get_link_net	= europa_port_get_link_net,
};

int europa_port_module_init(void)
{
	return rtnl_link_register(&europa_port_link_ops);
}

void europa_port_module_exit(void)
{
	rtnl_link_unregister(&europa_port_link_ops);
}
