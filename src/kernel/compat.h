/* SPDX-License-Identifier: GPL-2.0 */
/* Kernel differences, 6.1 and later; nothing else may ask for a version. */
#ifndef _EUROPA_COMPAT_H
#define _EUROPA_COMPAT_H

#include <linux/version.h>
#include <linux/device.h>
#include <linux/mm.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
#include <linux/unaligned.h>
#else
#include <asm/unaligned.h>
#endif
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 5, 0)
#include <net/gso.h>
#endif
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 11, 0)
#include <linux/filter.h>
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error "europa needs Linux 6.1 or later"
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

/* A device without a namespace, for NAPI contexts that only wake sleepers. */
static inline struct net_device *europa_compat_alloc_dummy(void)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 10, 0)
	struct net_device *dev = kzalloc(sizeof(*dev), GFP_KERNEL);

	if (dev)
		init_dummy_netdev(dev);
	return dev;
#else
	return alloc_netdev_dummy(0);
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

/* What helpers of a BPF program keep per run has moved to the task. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 11, 0)
#define europa_compat_bpf_enter(context)	bpf_net_ctx_set(context)
#define europa_compat_bpf_leave(entered)	bpf_net_ctx_clear(entered)
#else
struct bpf_net_context { };
#define europa_compat_bpf_enter(context)	(context)
#define europa_compat_bpf_leave(entered)	((void)(entered))
#endif

#endif /* _EUROPA_COMPAT_H */
