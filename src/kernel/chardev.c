// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <linux/bitmap.h>
#include <linux/cdev.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/nospec.h>
#include <linux/rtnetlink.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/wait_bit.h>
#include "compat.h"
#include "chardev.h"
#include "handover.h"
#include "port.h"
#include "queue.h"
#include "trace.h"
#include "tx.h"
#include "wake.h"

#define EUROPA_MINORS		(MINORMASK + 1)
#define EUROPA_FEATURES_KNOWN	(EUROPA_FEATURE_AGREE | EUROPA_FEATURE_IDLE | \
				 EUROPA_FEATURE_TAKEOVER)

/* One open file. queue and id are set by attach and cleared by detach. */
struct europa_file {
	struct europa_vr *vr;
	struct europa_queue *queue;	/* under vr->lock; read without */
	fl_owner_t owner;		/* file table that attached */
};

static dev_t europa_chardev_first;
static struct cdev europa_chardev;
static struct class *europa_chardev_class;

/* Minor to VR. A minor is used once, so that a node somebody still has (in a
 * container, say) never opens a later VR: the VR's number the first time, then
 * numbers above all of those. Under rtnl, but for lookups in open().
 */
static DEFINE_XARRAY(europa_minors);
static unsigned long *europa_minors_used;
static u32 europa_minor_next = EUROPA_VR_MAX + 1;

static int europa_file_open(struct inode *inode, struct file *filp)
{
	struct europa_file *file;
	struct europa_vr *vr;

	file = kzalloc(sizeof(*file), GFP_KERNEL_ACCOUNT);
	if (!file)
		return -ENOMEM;
	rcu_read_lock();
	vr = xa_load(&europa_minors, iminor(inode));
	if (vr && !kref_get_unless_zero(&vr->refs))
		vr = NULL;
	rcu_read_unlock();
	if (!vr) {
		kfree(file);
		return -ENODEV;
	}
	file->vr = vr;
	filp->private_data = file;
	return nonseekable_open(inode, filp);
}

/* The file's queue if it still is the one attached. */
static struct europa_queue *europa_file_queue(struct europa_file *file)
{
	struct europa_queue *queue = file->queue;

	lockdep_assert_held(&file->vr->lock);
	return queue && queue->file == file ? queue : NULL;
}

static void europa_file_detach(struct europa_file *file, fl_owner_t owner)
{
	struct europa_queue *queue;

	mutex_lock(&file->vr->lock);
	queue = europa_file_queue(file);
	if (queue && (!owner || owner == file->owner)) {
		europa_queue_detach(queue, EUROPA_ENDED_LEFT);
		WRITE_ONCE(file->queue, NULL);
	}
	mutex_unlock(&file->vr->lock);
}

/* A child may hold the file for ever; what counts is who attached. */
static int europa_file_flush(struct file *filp, fl_owner_t owner)
{
	europa_file_detach(filp->private_data, owner);
	return 0;
}

static int europa_file_release(struct inode *inode, struct file *filp)
{
	struct europa_file *file = filp->private_data;

	europa_file_detach(file, NULL);
	europa_vr_put(file->vr);
	kfree(file);
	return 0;
}

static void europa_map_open(struct vm_area_struct *vma)
{
	struct europa_pool *pool = vma->vm_private_data;

	kref_get(&pool->refs);
	atomic_inc(&pool->maps);
}

/* Without the map a data plane can return nothing: it is dead or leaving. */
static void europa_map_close(struct vm_area_struct *vma)
{
	struct europa_file *file = vma->vm_file->private_data;
	struct europa_pool *pool = vma->vm_private_data;
	struct europa_queue *queue;

	if (atomic_dec_and_test(&pool->maps)) {
		mutex_lock(&file->vr->lock);
		queue = europa_file_queue(file);
		if (queue && queue->pool == pool) {
			europa_queue_detach(queue, EUROPA_ENDED_LEFT);
			WRITE_ONCE(file->queue, NULL);
		}
		mutex_unlock(&file->vr->lock);
	}
	europa_pool_put(pool);
}

static const struct vm_operations_struct europa_map_ops = {
	.open	= europa_map_open,
	.close	= europa_map_close,
};

static int europa_file_mmap(struct file *filp, struct vm_area_struct *vma)
{
	struct europa_file *file = filp->private_data;
	struct europa_queue *queue;
	int err = -ENOTCONN;

	mutex_lock(&file->vr->lock);
	queue = europa_file_queue(file);
	if (queue && file->owner != current->files)
		err = -EPERM;
	else if (queue)
		err = europa_pool_mmap(queue->pool, vma);
	if (!err) {
		vma->vm_private_data = queue->pool;
		vma->vm_ops = &europa_map_ops;
		europa_map_open(vma);
	}
	mutex_unlock(&file->vr->lock);
	return err;
}

/* From whoever has it, where that is asked for: granted if there was somebody. */
static int europa_file_take_over(struct europa_queue *queue,
				 const struct europa_pool *pool,
				 struct europa_attach *a)
{
	int was = 0;

	if (a->features & EUROPA_FEATURE_TAKEOVER)
		was = europa_handover_begin(queue, pool);
	if (!was)
		a->features &= ~EUROPA_FEATURE_TAKEOVER;
	return min(was, 0);
}

/* Has the file a queue, and not this one? */
static bool europa_file_has_another(struct europa_file *file,
				    const struct europa_queue *queue)
{
	struct europa_queue *other = europa_file_queue(file);

	return other && other != queue;
}

static int europa_file_take_queue(struct europa_file *file,
				  struct europa_pool *pool,
				  struct europa_poller_new *poller,
				  struct europa_attach *a)
{
	struct europa_queue *queue = europa_vr_queue(file->vr, a->queue);
	int err = -EISCONN;

	mutex_lock(&file->vr->lock);
	if (poller->tx != READ_ONCE(file->vr->tx))
		err = -EAGAIN;
	else if (!europa_file_has_another(file, queue))
		err = europa_file_take_over(queue, pool, a);
	/* that lets go of the lock while it waits */
	if (!err && europa_file_has_another(file, queue))
		err = -EISCONN;
	if (!err)
		err = europa_queue_attach(queue, file, pool, poller, a);
	europa_handover_end(queue);
	if (!err) {
		a->vr = file->vr->id;
		a->generation = queue->generation;
		europa_pool_geometry(pool, a);
		file->owner = current->files;
		WRITE_ONCE(file->queue, queue);
	}
	mutex_unlock(&file->vr->lock);
	return err;
}

/* Has the file the VR, and no other queue? */
static int europa_file_is_free(struct europa_file *file,
			       const struct europa_queue *queue)
{
	int err = 0;

	mutex_lock(&file->vr->lock);
	if (file->vr->dead)
		err = -ENODEV;
	else if (europa_file_has_another(file, queue))
		err = -EISCONN;
	mutex_unlock(&file->vr->lock);
	return err;
}

/* A look before pool and poller are made, which takes time and memory. */
static int europa_file_may_attach(struct europa_file *file,
				  const struct europa_queue *queue,
				  u64 features)
{
	int err = europa_file_is_free(file, queue);

	if (err || !READ_ONCE(queue->pool))
		return err;
	if (!(features & EUROPA_FEATURE_TAKEOVER))
		return -EBUSY;
	return europa_handover_allowed(queue) ? 0 : -EPERM;
}

/* With what was made for it; what it did not take is given up. */
static int europa_file_bring(struct europa_file *file,
			     struct europa_pool *pool,
			     struct europa_attach *a)
{
	struct europa_queue *queue = europa_vr_queue(file->vr, a->queue);
	struct europa_poller_new poller;
	int err;

	err = europa_poller_make(queue, READ_ONCE(file->vr->tx), &poller);
	if (!err)
		err = europa_file_take_queue(file, pool, &poller, a);
	europa_poller_forget(&poller);
	if (err)
		europa_pool_put(pool);
	return err;
}

/* Again when the VR's settings changed while the pool was being made. */
static int europa_file_try_attach(struct europa_file *file,
				  struct europa_attach *a)
{
	struct europa_vr *vr = file->vr;
	struct europa_queue *queue = europa_vr_queue(vr, a->queue);
	struct europa_pool *pool;
	int err;

	do {
		u32 slots = READ_ONCE(vr->slots);

		if (a->spares > slots / 2 || a->queue >= europa_vr_queues(vr))
			return -EINVAL;
		err = europa_file_may_attach(file, queue, a->features);
		if (err)
			return err;
		europa_queue_await_freed(queue);
		pool = europa_pool_create(slots, europa_vr_snap(vr, a->snap),
					  a->spares);
		if (!pool)
			return -ENOMEM;
		err = europa_file_bring(file, pool, a);
	} while (err == -EAGAIN && !signal_pending(current));
	return err;
}

/* A data plane reads and writes: who may do only one of these is none. */
static bool europa_file_is_rdwr(const struct file *filp)
{
	return filp->f_mode & FMODE_READ && filp->f_mode & FMODE_WRITE;
}

/*
 * One pool at a time is made for a queue: it is memory that the OOM killer does
 * not see in any process, and there could be as many as the owner has threads.
 */
static int europa_file_await_attach(struct europa_file *file,
				    struct europa_attach *a)
{
	unsigned long *bits = &europa_vr_queue(file->vr, a->queue)->bits;
	int err;

	err = wait_on_bit_lock(bits, EUROPA_QUEUE_ATTACHING, TASK_KILLABLE);
	if (err)
		return err;
	err = europa_file_try_attach(file, a);
	clear_and_wake_up_bit(EUROPA_QUEUE_ATTACHING, bits);
	return err;
}

/* As a VR's setting; or there is no wish. */
static bool europa_file_snap_fits(u32 snap)
{
	return !snap || (snap >= EUROPA_SNAP_MIN && snap <= EUROPA_SNAP_MAX);
}

/* User memory is never touched under vr->lock: a fault takes mmap_lock. */
static int europa_file_attach(struct file *filp, void __user *arg)
{
	struct europa_file *file = filp->private_data;
	u32 queues = europa_vr_queues(file->vr);
	struct europa_attach a;
	int err;

	if (!europa_file_is_rdwr(filp))
		return -EBADF;
	if (copy_from_user(&a, arg, sizeof(a)))
		return -EFAULT;
	if (a.version != EUROPA_ABI_VERSION)
		return -EPROTO;
	if (a.queue >= queues || !europa_file_snap_fits(a.snap) ||
	    memchr_inv(a.reserved, 0, sizeof(a.reserved)))
		return -EINVAL;
	a.queue = array_index_nospec(a.queue, queues);
	a.features &= EUROPA_FEATURES_KNOWN;
	err = europa_file_await_attach(file, &a);
	if (!err && copy_to_user(arg, &a, sizeof(a))) {
		europa_file_detach(file, NULL);
		err = -EFAULT;
	}
	return err;
}

static int europa_file_control(struct europa_file *file, unsigned int cmd)
{
	struct europa_queue *queue;
	int err = 0;

	mutex_lock(&file->vr->lock);
	queue = europa_file_queue(file);
	if (!queue) {
		err = file->vr->dead ? -ENODEV : -ENOTCONN;
	} else if (cmd == EUROPA_IOC_DETACH) {
		europa_queue_detach(queue, EUROPA_ENDED_LEFT);
		WRITE_ONCE(file->queue, NULL);
	} else {
		europa_queue_run(queue, cmd == EUROPA_IOC_START);
	}
	mutex_unlock(&file->vr->lock);
	return err;
}

static int europa_file_port(struct europa_file *file, void __user *arg)
{
	struct europa_port_info info;
	int err;

	if (copy_from_user(&info, arg, sizeof(info)))
		return -EFAULT;
	if (memchr_inv(info.reserved, 0, sizeof(info.reserved)))
		return -EINVAL;
	err = europa_port_info(file->vr, &info);
	if (!err && copy_to_user(arg, &info, sizeof(info)))
		err = -EFAULT;
	return err;
}

/* Who kicks makes packets: for the next ones, the poller is awake. */
static void europa_file_rouse(struct europa_queue *queue)
{
	bool wanted;

	if (READ_ONCE(queue->poller_state) != EUROPA_POLLER_ASLEEP)
		return;
	spin_lock_bh(&queue->lock);
	wanted = europa_wake_poller_wanted(queue);
	spin_unlock_bh(&queue->lock);
	if (wanted)
		europa_wake_poller(queue);
}

/* Does a poller see what was published before this? See poller.c. */
static bool europa_file_polled(const struct europa_queue *queue)
{
	smp_mb(); /* the ring before the state */
	return READ_ONCE(queue->poller_state) == EUROPA_POLLER_AWAKE;
}

/*
 * The hot calls take no lock and so may find a queue just detached, or
 * attached by another file since: draining that one is harmless.
 */
static long europa_file_kick(struct europa_file *file)
{
	struct europa_queue *queue = READ_ONCE(file->queue);
	u32 entries;

	if (!queue || READ_ONCE(queue->file) != file)
		return READ_ONCE(file->vr->dead) ? -ENODEV : -ENOTCONN;
	europa_stats_inc(file->vr->stats, EUROPA_C_KICKS);
	entries = europa_tx_drain(queue);
	europa_file_rouse(queue);
	trace_europa_kick(file->vr->id, entries);
	return entries;
}

static long europa_file_ioctl(struct file *filp, unsigned int cmd,
			      unsigned long arg)
{
	struct europa_file *file = filp->private_data;

	switch (cmd) {
	case EUROPA_IOC_KICK:
		return europa_file_kick(file);
	case EUROPA_IOC_ATTACH:
		return europa_file_attach(filp, (void __user *)arg);
	case EUROPA_IOC_START:
	case EUROPA_IOC_STOP:
	case EUROPA_IOC_DETACH:
		return europa_file_control(file, cmd);
	case EUROPA_IOC_PORT:
		return europa_file_port(file, (void __user *)arg);
	default:
		return -ENOTTY;
	}
}

/* Drains the tx ring, unless a poller is awake: nobody sleeps on packets of his
 * own.
 */
static __poll_t europa_file_poll(struct file *filp, poll_table *table)
{
	struct europa_file *file = filp->private_data;
	struct europa_queue *queue = READ_ONCE(file->queue);
	__poll_t mask;

	poll_wait(filp, queue ? &queue->wait : &file->vr->first.wait, table);
	if (!queue || READ_ONCE(queue->file) != file)
		return EPOLLHUP | EPOLLERR;
	/* nothing is for who has just been woken */
	if (europa_tx_pending(queue) && !europa_file_polled(queue))
		europa_tx_drain(queue);
	mask = europa_queue_readable(queue);
	if (!mask && europa_compat_poll_waits(table))
		europa_stats_inc(file->vr->stats, EUROPA_C_WAITS);
	return mask;
}

static const struct file_operations europa_file_ops = {
	.owner		= THIS_MODULE,
	.open		= europa_file_open,
	.flush		= europa_file_flush,
	.release	= europa_file_release,
	.mmap		= europa_file_mmap,
	.poll		= europa_file_poll,
	.unlocked_ioctl	= europa_file_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
};

/* Asked for the name only, mode, uid and gid are NULL. */
static char *europa_node_devnode(EUROPA_CONST_DEVICE *dev, umode_t *mode,
				 kuid_t *uid, kgid_t *gid)
{
	const struct europa_vr *vr = dev_get_drvdata(dev);

	if (!mode || !uid || !gid)
		return NULL;
	*mode = vr->mode;
	*uid = make_kuid(&init_user_ns, vr->uid);
	*gid = make_kgid(&init_user_ns, vr->gid);
	return NULL;
}

static const struct device_type europa_node_type = {
	.name		= "europa_vr",
	.devnode	= europa_node_devnode,
};

static void europa_node_release(struct device *dev)
{
	kfree(dev);
}

/* devtmpfs makes "europa!vr3" europa/vr3. */
static int europa_node_add(struct europa_vr *vr)
{
	struct device *dev = kzalloc(sizeof(*dev), GFP_KERNEL);
	int err;

	if (!dev)
		return -ENOMEM;
	device_initialize(dev);
	device_set_pm_not_required(dev);
	dev->class = europa_chardev_class;
	dev->type = &europa_node_type;
	dev->devt = europa_chardev_first + vr->minor;
	dev->release = europa_node_release;
	dev_set_drvdata(dev, vr);
	err = dev_set_name(dev, "europa!vr%u", vr->id);
	if (!err)
		err = device_add(dev);
	if (err) {
		put_device(dev);
		return err;
	}
	vr->node = dev;
	return 0;
}

static void europa_node_del(struct europa_vr *vr)
{
	if (!vr->node)
		return;
	device_del(vr->node);
	put_device(vr->node);
	vr->node = NULL;
}

static int europa_minor_get(struct europa_vr *vr,
			    struct netlink_ext_ack *extack)
{
	u32 minor = vr->id;

	if (test_bit(minor, europa_minors_used)) {
		if (europa_minor_next >= EUROPA_MINORS) {
			NL_SET_ERR_MSG(extack, "device numbers are used up, reload the module or take a fresh VR number");
			return -ENOSPC;
		}
		minor = europa_minor_next++;
	} else {
		__set_bit(minor, europa_minors_used);
	}
	vr->minor = minor;
	return xa_err(xa_store(&europa_minors, minor, vr, GFP_KERNEL));
}

int europa_chardev_add(struct europa_vr *vr, struct netlink_ext_ack *extack)
{
	int err;

	ASSERT_RTNL();
	err = europa_minor_get(vr, extack);
	if (err)
		return err;
	err = europa_node_add(vr);
	if (err)
		xa_erase(&europa_minors, vr->minor);
	return err;
}

/* Owner and mode of a node are set when it is made: make it again. */
int europa_chardev_replace(struct europa_vr *vr,
			   struct netlink_ext_ack *extack)
{
	int err;

	ASSERT_RTNL();
	europa_node_del(vr);
	err = europa_node_add(vr);
	if (err)
		NL_SET_ERR_MSG(extack, "the device node could not be made again");
	return err;
}

void europa_chardev_del(struct europa_vr *vr)
{
	ASSERT_RTNL();
	xa_erase(&europa_minors, vr->minor);
	europa_node_del(vr);
}

int europa_chardev_module_init(void)
{
	int err;

	europa_minors_used = bitmap_zalloc(EUROPA_VR_MAX + 1, GFP_KERNEL);
	if (!europa_minors_used)
		return -ENOMEM;
	err = alloc_chrdev_region(&europa_chardev_first, 0, EUROPA_MINORS,
				  "europa");
	if (err)
		goto err_bitmap;
	cdev_init(&europa_chardev, &europa_file_ops);
	europa_chardev.owner = THIS_MODULE;
	err = cdev_add(&europa_chardev, europa_chardev_first, EUROPA_MINORS);
	if (err)
		goto err_region;
	europa_chardev_class = europa_compat_class_create("europa");
	if (IS_ERR(europa_chardev_class)) {
		err = PTR_ERR(europa_chardev_class);
		goto err_cdev;
	}
	return 0;

err_cdev:
	cdev_del(&europa_chardev);
err_region:
	unregister_chrdev_region(europa_chardev_first, EUROPA_MINORS);
err_bitmap:
	bitmap_free(europa_minors_used);
	return err;
}

void europa_chardev_module_exit(void)
{
	class_destroy(europa_chardev_class);
	cdev_del(&europa_chardev);
	unregister_chrdev_region(europa_chardev_first, EUROPA_MINORS);
	bitmap_free(europa_minors_used);
}
