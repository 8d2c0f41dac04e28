/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* Ports: network interfaces of kind "europa", one per VR and lower device. */
#ifndef _EUROPA_PORT_H
#define _EUROPA_PORT_H

#include <linux/etherdevice.h>
#include <linux/hash.h>
#include <linux/if_vlan.h>
#include <linux/netdevice.h>
#include <net/rtnetlink.h>
#include "compat.h"
#include "vr.h"

#define EUROPA_PORT_KIND	"europa"
#define EUROPA_MC_FILTER_BITS	8
#define EUROPA_PORT_COUNTERS	23

struct europa_lower;

/* Six bytes as a number, to compare and to hash. */
static inline u64 europa_mac_key(const u8 *mac)
{
	return get_unaligned((const u32 *)mac) |
	       (u64)get_unaligned((const u16 *)(mac + 4)) << 32;
}

/*
 * The private part of the netdevice. Found under RCU through vr->ports and the
 * lower device's tables; links change under rtnl. europa_link_del() takes it
 * out of the tables; the netdevice core waits for RCU before uninit, which
 * takes back the packets the VR still had from it.
 */
struct europa_port {
	struct net_device *dev;
	struct europa_vr *vr;		/* referenced */
	struct europa_lower *lower;	/* counted in lower->ports */
	struct net_device *lower_dev;
	netdevice_tracker tracker;	/* lower_dev, from init to destructor */
	struct europa_stats __percpu *stats; /* as long, too */
	bool lower_held;		/* the tracker has a reference on lower_dev */
	struct hlist_node by_mac;	/* of lower: mode mac */
	u64 mac;			/* europa_mac_key(), as hashed */
	struct list_head on_lower;
	u32 filters;			/* enum europa_filter, when last looked */
	unsigned int mtu;		/* wished for; 0: the lower's */
	bool following;			/* the MTU is set by the lower's */
	u16 number;
	u8 mode;			/* enum europa_port_mode */
	bool spoofchk;
	bool promisc;			/* so is lower_dev, by the port's wish */
	bool linked;			/* counted by lower; until uninit */
	bool listed;			/* in lower's tables; until europa_link_del() */
	bool in_filter;			/* MAC is in the lower's filter */
	DECLARE_BITMAP(mc_filter, 1 << EUROPA_MC_FILTER_BITS);
	DECLARE_BITMAP(vlans, VLAN_N_VID); /* tags it may send: see vlan.h */
};

static inline bool europa_port_is(const struct net_device *dev)
{
	return dev->rtnl_link_ops &&
	       !strcmp(dev->rtnl_link_ops->kind, EUROPA_PORT_KIND);
}

static inline u32 europa_mc_hash(const u8 *mac)
{
	return hash_64(europa_mac_key(mac), EUROPA_MC_FILTER_BITS);
}

static inline bool europa_port_takes_group(const struct europa_port *port,
					   const u8 *mac)
{
	return port->mode == EUROPA_MODE_MAC && netif_running(port->dev) &&
	       (is_broadcast_ether_addr(mac) ||
		test_bit(europa_mc_hash(mac), port->mc_filter));
}

/* Under RCU or rtnl. */
static inline struct europa_port *europa_port_get(struct europa_vr *vr, u32 number)
{
	return xa_load(&vr->ports, number);
}

/* The longest frame that leaves by lower, with a tag in it. */
static inline unsigned int europa_port_longest(const struct net_device *lower)
{
	return READ_ONCE(lower->mtu) + lower->hard_header_len + VLAN_HLEN;
}

/*
 * What spoofchk forbids whoever sends: another source address, a link-local
 * group. Which VLAN tags it allows depends on where the packet came from, and is
 * the caller's to say, as is whether the port has it on.
 */
static inline bool europa_port_spoofs(const struct europa_port *port,
				      const struct ethhdr *eth)
{
	return !ether_addr_equal(eth->h_source, port->dev->dev_addr) ||
	       is_link_local_ether_addr(eth->h_dest);
}

/* Does spoofchk let it send that tag? */
static inline bool europa_port_may_tag(const struct europa_port *port,
				       __be16 proto, u16 tci)
{
	return proto == htons(ETH_P_8021Q) &&
	       test_bit(tci & VLAN_VID_MASK, port->vlans);
}

/* Those of enum europa_counter that a port counts. */
extern const u8 europa_port_counters[EUROPA_PORT_COUNTERS];

int europa_port_info(struct europa_vr *vr, struct europa_port_info *info);
void europa_port_setup(struct net_device *dev);
void europa_port_destruct(struct net_device *dev);
bool europa_port_mac_taken(const struct europa_port *port, const u8 *mac);
void europa_port_set_spoofchk(struct europa_port *port, bool on);
void europa_port_follow_mtu(struct europa_port *port);
void europa_port_lower_changed(struct europa_port *port, unsigned long event);

void __europa_port_tap_rx(struct europa_port *port, struct sk_buff *skb);
void __europa_port_tap_tx(struct europa_port *port, struct sk_buff *skb);

/* skb: as received, at its Ethernet header; it stays the caller's. */
static inline void europa_port_tap_rx(struct europa_port *port,
				      struct sk_buff *skb)
{
	if (unlikely(!list_empty(&port->dev->ptype_all)))
		__europa_port_tap_rx(port, skb);
}

/* skb: at its Ethernet header, about to be sent; it stays the caller's. */
static inline void europa_port_tap_tx(struct europa_port *port,
				      struct sk_buff *skb)
{
	if (unlikely(!list_empty(&port->dev->ptype_all)))
		__europa_port_tap_tx(port, skb);
}

#endif /* _EUROPA_PORT_H */
