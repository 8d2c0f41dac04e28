/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* Kernel differences, 6.1 to 7.3; nothing else may ask for a version. */
#ifndef _EUROPA_COMPAT_H
#define _EUROPA_COMPAT_H

#include <linux/version.h>
#include <linux/device.h>
#include <linux/mm.h>
#include <linux/netdevice.h>
#include <linux/poll.h>
#include <linux/skbuff.h>
#include <net/rtnetlink.h>
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
#include <linux/unaligned.h>
#else
#include <asm/unaligned.h>
#endif
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 5, 0)
#include <net/gso.h>
#endif
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
#include <net/tcx.h>
#endif
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 11, 0)
#include <linux/filter.h>
#endif
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 15, 0)
#include <net/netdev_lock.h>
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error "europa needs Linux 6.1 or later"
#endif

/* For one file to ask: a kernel nobody has looked at may mean other things by
 * the same names.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 4, 0)
#define EUROPA_COMPAT_KNOWN	1
#else
#define EUROPA_COMPAT_KNOWN	0
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
static inline void vm_flags_set(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags |= flags;
}
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define EUROPA_CONST_DEVICE	struct device
#else
#define EUROPA_CONST_DEVICE	const struct device
#endif

static inline struct class *europa_compat_class_create(const char *name)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
	return class_create(THIS_MODULE, name);
#else
	return class_create(name);
#endif
}

static inline void europa_compat_set_lltx(struct net_device *dev)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
	dev->features |= NETIF_F_LLTX;
#else
	dev->lltx = true;
#endif
}

/* Has the device a lock of its own, which the core may hold when it tells of
 * changes? Then a device above it cannot be changed there: that may want the
 * lock of those below.
 */
static inline bool europa_compat_ops_locked(const struct net_device *dev)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 15, 0)
	return false;
#else
	return netdev_need_ops_lock(dev);
#endif
}

/* More of TCP's congestion marks, which change no header's place. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 15, 0)
#define EUROPA_COMPAT_GSO_ACCECN	0
#else
#define EUROPA_COMPAT_GSO_ACCECN	SKB_GSO_TCP_ACCECN
#endif

/* Will whoever polls go to sleep, if there is nothing for him? */
static inline bool europa_compat_poll_waits(const poll_table *table)
{
	return table && table->_qproc;
}

/* Payload in a device's memory, where no CPU can read it. */
static inline bool europa_compat_unreadable(const struct sk_buff *skb)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
	return false;
#else
	return !skb_frags_readable(skb);
#endif
}

/* Deciphered by the NIC: it may leave as it is only with the socket it is for. */
static inline bool europa_compat_decrypted(const struct sk_buff *skb)
{
#if defined(CONFIG_SKB_DECRYPTED) || defined(CONFIG_TLS_DEVICE)
	return skb->decrypted;
#else
	return false;
#endif
}

/* As dev_queue_xmit() does: it is no packet of tc ingress any more. */
static inline void europa_compat_leave_ingress(struct sk_buff *skb)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
#ifdef CONFIG_NET_CLS_ACT
	skb->tc_at_ingress = 0;
#endif
#else
	tcx_set_ingress(skb, false);
#endif
}

/* rtnl_link_ops.newlink: link.c has the newer one. */
struct rtnl_newlink_params;
int europa_link_new(struct net_device *dev, struct rtnl_newlink_params *params,
		    struct netlink_ext_ack *extack);

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 15, 0)
struct rtnl_newlink_params {
	struct net *src_net;
	struct nlattr **tb;
	struct nlattr **data;
};

static inline struct net *
rtnl_newlink_link_net(const struct rtnl_newlink_params *params)
{
	return params->src_net;
}

static inline int europa_compat_newlink(struct net *net, struct net_device *dev,
					struct nlattr *tb[],
					struct nlattr *data[],
					struct netlink_ext_ack *extack)
{
	struct rtnl_newlink_params params = {
		.src_net = net, .tb = tb, .data = data,
	};

	return europa_link_new(dev, &params, extack);
}
#else
#define europa_compat_newlink	europa_link_new
#endif

/* A device without a namespace, for NAPI contexts of our own. */
static inline struct net_device *europa_compat_alloc_dummy(void)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 10, 0)
	struct net_device *dev = kzalloc(sizeof(*dev), GFP_KERNEL);

	if (dev)
		init_dummy_netdev(dev);
	return dev;
#else
	struct net_device *dev = alloc_netdev_dummy(0);

	/* NAPI takes its lock inside ours; lockdep must not think it is that
	 * of a real device, which is held outside of them.
	 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 15, 0)
	static struct lock_class_key key;

	if (dev)
		lockdep_set_class(&dev->lock, &key);
#endif
	return dev;
#endif
}

static inline void europa_compat_free_dummy(struct net_device *dev)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 10, 0)
	kfree(dev);
#else
	free_netdev(dev);
#endif
}

/* With PREEMPT_RT, BH that is off keeps others away from what is this processor's
 * by a lock; later kernels may want one for each thing.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 11, 0)
#define local_lock_nested_bh(lock)	((void)(lock))
#define local_unlock_nested_bh(lock)	((void)(lock))
#endif

/* What helpers of a BPF program keep per run has moved to the task. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 11, 0)
#define europa_compat_bpf_enter(context)	bpf_net_ctx_set(context)
#define europa_compat_bpf_leave(entered)	bpf_net_ctx_clear(entered)
#else
struct bpf_net_context { };
#define europa_compat_bpf_enter(context)	(context)
#define europa_compat_bpf_leave(entered)	((void)(entered))
#endif

/* Filters of tc at a device, under RCU; a qdisc for them alone is none. */
#ifndef CONFIG_NET_CLS_ACT
#define europa_compat_tc_ingress(dev)	false
#define europa_compat_tc_egress(dev)	false
#elif LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
#define europa_compat_tc_ingress(dev)	rcu_access_pointer((dev)->miniq_ingress)
#define europa_compat_tc_egress(dev)	rcu_access_pointer((dev)->miniq_egress)
#else
static inline bool europa_compat_tcx(struct bpf_mprog_entry *entry)
{
	return entry && (bpf_mprog_total(entry) ||
			 rcu_access_pointer(tcx_entry(entry)->miniq));
}

#define europa_compat_tc_ingress(dev) \
	europa_compat_tcx(rcu_dereference((dev)->tcx_ingress))
#define europa_compat_tc_egress(dev) \
	europa_compat_tcx(rcu_dereference((dev)->tcx_egress))
#endif

/* Does nftables listen to what leaves dev? */
#ifdef CONFIG_NETFILTER_EGRESS
#define europa_compat_nft_egress(dev)	rcu_access_pointer((dev)->nf_hooks_egress)
#else
#define europa_compat_nft_egress(dev)	false
#endif

#endif /* _EUROPA_COMPAT_H */
