// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * Nobody tells when a netfilter hook, a tc filter or a policy comes or goes, so
 * they are looked for: by tx for each burst, before it sends anything, and by
 * rx for each packet while the last look found some. All under RCU.
 */
#include <linux/if_vlan.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <net/sch_generic.h>
#include "compat.h"
#include "filter.h"
#include "note.h"

#ifdef CONFIG_NETFILTER
/*
 * AppArmor listens in every namespace, after routing, to what local sockets
 * sent; what is forwarded has no socket. Its functions, of IPv4 and IPv6, are
 * learnt when the module comes: of the entries that packets go by, only the
 * functions are safe to read under RCU, not what they were registered with.
 */
static struct {
	nf_hookfn *ipv4;
	nf_hookfn *ipv6;
} europa_filter_lsm;

/* Not a rule, nor from nftables, and alone with its priority there. */
static bool europa_filter_is_lsm(const struct nf_hook_ops *ops)
{
	return ops->hook_ops_type == NF_HOOK_OP_UNDEFINED &&
	       ops->hooknum == NF_INET_POST_ROUTING &&
	       ops->priority == NF_IP_PRI_SELINUX_FIRST;
}

static nf_hookfn *
europa_filter_learn(struct nf_hook_entries __rcu *const *hooks)
{
	const struct nf_hook_entries *entries;
	struct nf_hook_ops **ops;
	u16 i;

	entries = rcu_dereference(hooks[NF_INET_POST_ROUTING]);
	if (!entries)
		return NULL;
	ops = nf_hook_entries_get_hook_ops(entries);
	for (i = 0; i < entries->num_hook_entries; i++)
		if (europa_filter_is_lsm(ops[i]))
			return entries->hooks[i].hook;
	return NULL;
}

void europa_filter_module_init(void)
{
	rcu_read_lock();
	europa_filter_lsm.ipv4 = europa_filter_learn(init_net.nf.hooks_ipv4);
	europa_filter_lsm.ipv6 = europa_filter_learn(init_net.nf.hooks_ipv6);
	rcu_read_unlock();
}

static bool europa_filter_hooked(struct nf_hook_entries __rcu *const *at)
{
	const struct nf_hook_entries *entries = rcu_dereference(*at);
	nf_hookfn *hook;
	u16 i;

	if (!entries)
		return false;
	for (i = 0; i < entries->num_hook_entries; i++) {
		hook = entries->hooks[i].hook;
		if (hook != europa_filter_lsm.ipv4 &&
		    hook != europa_filter_lsm.ipv6)
			return true;
	}
	return false;
}

/* Where a packet goes by that is forwarded. */
static bool europa_filter_forward(struct nf_hook_entries __rcu *const *hooks)
{
	return europa_filter_hooked(&hooks[NF_INET_PRE_ROUTING]) ||
	       europa_filter_hooked(&hooks[NF_INET_FORWARD]) ||
	       europa_filter_hooked(&hooks[NF_INET_POST_ROUTING]);
}

static u32 europa_filter_netns(const struct net *net)
{
	u32 found = 0;

	if (europa_filter_forward(net->nf.hooks_ipv4))
		found |= EUROPA_FILTER_IPV4;
	if (europa_filter_forward(net->nf.hooks_ipv6))
		found |= EUROPA_FILTER_IPV6;
	return found;
}
#else
void europa_filter_module_init(void)
{
}

static u32 europa_filter_netns(const struct net *net)
{
	return 0;
}
#endif

#ifdef CONFIG_XFRM
static bool europa_filter_policy(const struct net *net, int dir)
{
	return READ_ONCE(net->xfrm.policy_count[dir]) ||
	       READ_ONCE(net->xfrm.policy_default[dir]) ==
						XFRM_USERPOLICY_BLOCK;
}

static bool europa_filter_xfrm(const struct net *net)
{
	return europa_filter_policy(net, XFRM_POLICY_FWD) ||
	       europa_filter_policy(net, XFRM_POLICY_OUT);
}
#else
static bool europa_filter_xfrm(const struct net *net)
{
	return false;
}
#endif

static u32 europa_filter_nft(const struct net_device *dev)
{
	u32 found = 0;

#ifdef CONFIG_NETFILTER_INGRESS
	if (rcu_access_pointer(dev->nf_hooks_ingress))
		found |= EUROPA_FILTER_NFT_INGRESS;
#endif
	if (europa_compat_nft_egress(dev))
		found |= EUROPA_FILTER_NFT_EGRESS;
	return found;
}

/* A port has no queue of its own. noop: what a device has that was never up. A
 * root for many queues does not queue itself, but has others below it.
 */
static bool europa_filter_qdisc(const struct net_device *dev)
{
	const typeof(noop_qdisc) *qdisc = rcu_dereference(dev->qdisc);

	return qdisc && qdisc != &noop_qdisc &&
	       (qdisc->enqueue || qdisc->flags & TCQ_F_MQROOT);
}

static u32 europa_filter_dev(const struct net_device *dev)
{
	u32 found = europa_filter_nft(dev);

	if (europa_compat_tc_ingress(dev))
		found |= EUROPA_FILTER_TC_INGRESS;
	if (europa_compat_tc_egress(dev))
		found |= EUROPA_FILTER_TC_EGRESS;
	if (europa_filter_qdisc(dev))
		found |= EUROPA_FILTER_QDISC;
	if (rcu_access_pointer(dev->xdp_prog))
		found |= EUROPA_FILTER_XDP;
	if (rcu_access_pointer(dev->rx_handler) || netif_is_l3_slave(dev))
		found |= EUROPA_FILTER_UPPER;
	return found;
}

/* What a packet with its tag would meet at a VLAN interface of the port. Who
 * listens there, as tcpdump does, sees only what the stack there gets.
 */
static u32 europa_filter_vlan(const struct net_device *vlan)
{
	u32 rules = europa_filter_dev(vlan), found = 0;
	bool tapped = !list_empty(&vlan->ptype_all);

	if (tapped || rules & EUROPA_FILTER_TO_STACK)
		found |= EUROPA_FILTER_VLAN_INGRESS;
	if (tapped || rules & ~EUROPA_FILTER_TO_STACK)
		found |= EUROPA_FILTER_VLAN_EGRESS;
	return found;
}

static u32 europa_filter_vlans(struct net_device *dev)
{
	struct net_device *upper;
	struct list_head *at;
	u32 found = 0;

	netdev_for_each_upper_dev_rcu(dev, upper, at)
		if (is_vlan_dev(upper))
			found |= europa_filter_vlan(upper);
	return found;
}

/* What there is now at the port dev: bits of enum europa_filter. */
u32 europa_filter_find(struct net_device *dev)
{
	const struct net *net = dev_net(dev);
	u32 found = europa_filter_netns(net) | europa_filter_dev(dev) |
		    europa_filter_vlans(dev);

	if (europa_filter_xfrm(net))
		found |= EUROPA_FILTER_XFRM;
	return found;
}

/* The same for a packet's sake: rx goes by what was found last, and listeners
 * are told.
 */
u32 europa_filter_look(struct europa_port *port)
{
	u32 now = europa_filter_find(port->dev);

	if (unlikely(now != READ_ONCE(port->filters))) {
		WRITE_ONCE(port->filters, now);
		europa_note_filters(port);
	}
	return now;
}

static bool europa_filter_tagged(const struct sk_buff *skb)
{
	return skb_vlan_tag_present(skb) ||
	       eth_type_vlan(((struct ethhdr *)skb->data)->h_proto);
}

/* Is one among filters for which the port's stack has to get the packet? skb:
 * at its Ethernet header, as received.
 */
bool europa_filter_stops(u32 filters, const struct sk_buff *skb)
{
	__be16 proto = ((struct ethhdr *)skb->data)->h_proto;

	filters &= EUROPA_FILTER_TO_STACK;
	if (proto == htons(ETH_P_IP))
		filters &= ~EUROPA_FILTER_IPV6;
	else if (proto == htons(ETH_P_IPV6))
		filters &= ~EUROPA_FILTER_IPV4;
	if (filters & EUROPA_FILTER_VLAN_INGRESS && !europa_filter_tagged(skb))
		filters &= ~EUROPA_FILTER_VLAN_INGRESS;
	return filters;
}
