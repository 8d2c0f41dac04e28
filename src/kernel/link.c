// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* The link kind "europa": ip link makes, changes, shows and removes ports. */
#include <linux/etherdevice.h>
#include <linux/inetdevice.h>
#include <linux/rtnetlink.h>
#include <net/addrconf.h>
#include <net/if_inet6.h>
#include <net/rtnetlink.h>
#include "classify.h"
#include "compat.h"
#include "event.h"
#include "fill.h"
#include "ingress.h"
#include "link.h"
#include "lower.h"
#include "port.h"
#include "vlan.h"

static const struct nla_policy europa_link_policy[IFLA_EUROPA_MAX + 1] = {
	[IFLA_EUROPA_VR]	= { .type = NLA_U32 },
	[IFLA_EUROPA_VR_NAME]	= { .type = NLA_NUL_STRING,
				    .len = EUROPA_NAME_SIZE - 1 },
	[IFLA_EUROPA_PORT]	= { .type = NLA_U32 },
	[IFLA_EUROPA_MODE]	= { .type = NLA_U8 },
	[IFLA_EUROPA_SPOOFCHK]	= { .type = NLA_U8 },
	[IFLA_EUROPA_FORCE]	= { .type = NLA_FLAG },
	[IFLA_EUROPA_VLANS]	= { .type = NLA_BINARY,
				    .len = EUROPA_VLANS_MAX *
					   sizeof(struct europa_vlans) },
};

static int europa_link_validate(struct nlattr *tb[], struct nlattr *data[],
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
	return data[IFLA_EUROPA_VLANS] ?
	       europa_vlan_validate(data[IFLA_EUROPA_VLANS], extack) : 0;
}

static struct europa_vr *europa_link_find_vr(struct nlattr *data[],
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

static bool europa_link_has_inet6(struct net_device *dev)
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
static int europa_link_check_passthru(struct europa_lower *lower,
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
	    europa_link_has_inet6(lower->dev)) {
		NL_SET_ERR_MSG(extack, "passthru would cut the host off: the device has an address (use force to do it all the same)");
		return -EBUSY;
	}
	return 0;
}

static int europa_link_configure(struct europa_port *port, struct nlattr *tb[],
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
		err = europa_link_check_passthru(port->lower, data, extack);
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
	if (dev->mtu < lower->mtu)
		port->mtu = dev->mtu;
	dev->needed_headroom = lower->needed_headroom;
	dev->needed_tailroom = lower->needed_tailroom;
	netif_inherit_tso_max(dev, lower);
	return 0;
}

/* Reserves the number in vr->ports, invisible until published. */
static int europa_link_number(struct europa_port *port, struct nlattr *data[],
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

static int europa_link_set_vlans(struct europa_port *port,
				 const struct nlattr *attr,
				 struct netlink_ext_ack *extack)
{
	int err = attr ? europa_vlan_set(port, attr) : 0;

	if (err)
		NL_SET_ERR_MSG(extack, "the lower device does not take these VLANs");
	return err;
}

/* Into the tables. */
static int europa_link_join(struct europa_port *port,
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

static int europa_link_register(struct europa_port *port,
				const struct nlattr *vlans,
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
	err = europa_link_set_vlans(port, vlans, extack);
	if (err)
		goto err_register;
	err = europa_link_join(port, extack);
	if (err)
		goto err_vlans;
	netif_stacked_transfer_operstate(port->lower_dev, dev);
	linkwatch_fire_event(dev);
	europa_event_port(port, EUROPA_EVENT_PORT_NEW);
	return 0;

err_vlans:
	europa_vlan_clear(port);
err_register:
	unregister_netdevice(dev);
	return err;
}

/*
 * rtnetlink itself asks only the namespace's owner. This asks the writer, not
 * who opened the socket: an operation is not told about that.
 */
int europa_link_new(struct net_device *dev, struct rtnl_newlink_params *params,
		    struct netlink_ext_ack *extack)
{
	struct nlattr **tb = params->tb, **data = params->data;
	struct net *net = rtnl_newlink_link_net(params);
	struct europa_port *port = netdev_priv(dev);
	struct net_device *lower_dev;
	struct europa_vr *vr;
	int err;

	port->dev = dev;
	if (!capable(CAP_NET_ADMIN)) {
		NL_SET_ERR_MSG(extack, "creating a port takes CAP_NET_ADMIN in the initial user namespace");
		return -EPERM;
	}
	vr = europa_link_find_vr(data, extack);
	if (IS_ERR(vr))
		return PTR_ERR(vr);
	lower_dev = tb[IFLA_LINK] ?
		__dev_get_by_index(net, nla_get_u32(tb[IFLA_LINK])) : NULL;
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
	err = europa_link_number(port, data, extack);
	if (err)
		goto err_vr;
	err = europa_link_configure(port, tb, data, extack);
	if (err)
		goto err_number;
	err = europa_link_register(port, data[IFLA_EUROPA_VLANS], extack);
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

static int europa_link_change(struct net_device *dev, struct nlattr *tb[],
			      struct nlattr *data[],
			      struct netlink_ext_ack *extack)
{
	struct europa_port *port = netdev_priv(dev);
	int err;

	if (!capable(CAP_NET_ADMIN)) {
		NL_SET_ERR_MSG(extack, "changing a port takes CAP_NET_ADMIN in the initial user namespace");
		return -EPERM;
	}
	if (!data)
		return 0;
	if (data[IFLA_EUROPA_VR] || data[IFLA_EUROPA_VR_NAME] ||
	    data[IFLA_EUROPA_PORT] || data[IFLA_EUROPA_MODE]) {
		NL_SET_ERR_MSG(extack, "vr, port and mode are set when a port is made; only spoofchk and vlan can change");
		return -EOPNOTSUPP;
	}
	err = europa_link_set_vlans(port, data[IFLA_EUROPA_VLANS], extack);
	if (err)
		return err;
	if (data[IFLA_EUROPA_SPOOFCHK])
		europa_port_set_spoofchk(port,
					 nla_get_u8(data[IFLA_EUROPA_SPOOFCHK]));
	return 0;
}

/* Out of the tables now; uninit, after the grace period, does the rest. */
void europa_link_del(struct net_device *dev, struct list_head *head)
{
	struct europa_port *port = netdev_priv(dev);

	ASSERT_RTNL();
	europa_event_port(port, EUROPA_EVENT_PORT_DEL);
	xa_store(&port->vr->ports, port->number, NULL, GFP_KERNEL);
	europa_lower_unlink(port->lower, port);
	europa_vlan_clear(port);
	unregister_netdevice_queue(dev, head);
	netdev_upper_dev_unlink(port->lower_dev, dev);
}

void europa_link_del_all(struct europa_vr *vr)
{
	struct europa_port *port;
	unsigned long number;
	LIST_HEAD(doomed);

	ASSERT_RTNL();
	xa_for_each(&vr->ports, number, port)
		europa_link_del(port->dev, &doomed);
	unregister_netdevice_many(&doomed);
}

static size_t europa_link_get_size(const struct net_device *dev)
{
	return nla_total_size(4) + nla_total_size(EUROPA_NAME_SIZE) +
	       nla_total_size(4) + nla_total_size(1) + nla_total_size(1) +
	       nla_total_size(europa_vlan_size(netdev_priv(dev)));
}

static int europa_link_fill_info(struct sk_buff *skb,
				 const struct net_device *dev)
{
	const struct europa_port *port = netdev_priv(dev);

	if (nla_put_u32(skb, IFLA_EUROPA_VR, port->vr->id) ||
	    europa_fill_name(skb, IFLA_EUROPA_VR_NAME, port->vr) ||
	    nla_put_u32(skb, IFLA_EUROPA_PORT, port->number) ||
	    nla_put_u8(skb, IFLA_EUROPA_MODE, port->mode) ||
	    nla_put_u8(skb, IFLA_EUROPA_SPOOFCHK, port->spoofchk) ||
	    europa_vlan_fill(skb, IFLA_EUROPA_VLANS, port))
		return -EMSGSIZE;
	return 0;
}

static size_t europa_link_xstats_size(const struct net_device *dev)
{
	return EUROPA_PORT_COUNTERS * nla_total_size_64bit(sizeof(u64));
}

static int europa_link_xstats(struct sk_buff *skb, const struct net_device *dev)
{
	struct nlattr *nest = nla_nest_start(skb, IFLA_INFO_XSTATS);
	const struct europa_port *port = netdev_priv(dev);
	struct europa_stats sum = {};
	u32 i, counter;

	if (!nest)
		return -EMSGSIZE;
	europa_stats_collect(&sum, port->stats);
	for (i = 0; i < EUROPA_PORT_COUNTERS; i++) {
		counter = europa_port_counters[i];
		if (nla_put_u64_64bit(skb, counter + 1, sum.c[counter], 0))
			return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

static struct net *europa_link_get_link_net(const struct net_device *dev)
{
	const struct europa_port *port = netdev_priv(dev);

	return dev_net(port->lower_dev);
}

static struct rtnl_link_ops europa_link_ops = {
	.kind		= EUROPA_PORT_KIND,
	.priv_size	= sizeof(struct europa_port),
	.setup		= europa_port_setup,
	.maxtype	= IFLA_EUROPA_MAX,
	.policy		= europa_link_policy,
	.validate	= europa_link_validate,
	.newlink	= europa_compat_newlink,
	.changelink	= europa_link_change,
	.dellink	= europa_link_del,
	.get_size	= europa_link_get_size,
	.fill_info	= europa_link_fill_info,
	.get_xstats_size = europa_link_xstats_size,
	.fill_xstats	= europa_link_xstats,
	.get_link_net	= europa_link_get_link_net,
};

/* The device goes: its ports with it, and the packets received there. */
static void europa_link_lower_gone(struct europa_lower *lower)
{
	struct europa_port *port, *next;
	LIST_HEAD(doomed);

	europa_ingress_hook_off(lower);
	europa_classify_unbind(lower);
	list_for_each_entry_safe(port, next, &lower->ports, on_lower)
		europa_link_del(port->dev, &doomed);
	if (list_empty(&doomed))
		europa_lower_try_free(lower);
	else /* the last port's uninit frees the lower */
		unregister_netdevice_many(&doomed);
}

static int europa_link_lower_event(struct notifier_block *block,
				   unsigned long event, void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);
	struct europa_lower *lower = europa_lower_find(dev);
	struct europa_port *port;

	if (!lower)
		return NOTIFY_DONE;
	switch (event) {
	case NETDEV_UNREGISTER:
		if (dev->reg_state == NETREG_UNREGISTERING) {
			europa_link_lower_gone(lower);
			return NOTIFY_DONE;
		}
		/* It moves to another namespace: REGISTER follows. */
		europa_ingress_hook_off(lower);
		break;
	case NETDEV_REGISTER:
		if (!lower->hooked && europa_ingress_hook_on(lower))
			netdev_err(dev, "europa: hook lost in the move to another namespace\n");
		break;
	case NETDEV_PRE_TYPE_CHANGE:
		return NOTIFY_BAD;
	}
	list_for_each_entry(port, &lower->ports, on_lower)
		europa_port_lower_changed(port, event);
	return NOTIFY_DONE;
}

static struct notifier_block europa_link_notifier = {
	.notifier_call = europa_link_lower_event,
};

int europa_link_module_init(void)
{
	int err = register_netdevice_notifier(&europa_link_notifier);

	if (err)
		return err;
	err = rtnl_link_register(&europa_link_ops);
	if (err)
		unregister_netdevice_notifier(&europa_link_notifier);
	return err;
}

void europa_link_module_exit(void)
{
	rtnl_link_unregister(&europa_link_ops);
	unregister_netdevice_notifier(&europa_link_notifier);
	europa_lower_free_all();
}
