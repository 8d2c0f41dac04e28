// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* Europa: user-mode virtual routers behind the netfilter ingress hook. */
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <net/genetlink.h>
#include <net/rtnetlink.h>
#include "act.h"
#include "chardev.h"
#include "compat.h"
#include "event.h"
#include "filter.h"
#include "genl.h"
#include "link.h"
#include "note.h"
#include "queue.h"
#include "stage.h"
#include "stall.h"
#include "vr_admin.h"

#if !EUROPA_COMPAT_KNOWN
#warning "this kernel is newer than those Europa was made for, see compat.h"
#endif

/* Each room takes what the ones above it offer; exit is the mirror image. */
static int __init europa_init(void)
{
	int err;

	europa_event_module_init(&europa_genl_family);
	europa_filter_module_init();
	err = europa_note_module_init();
	if (err)
		return err;
	err = europa_stage_module_init();
	if (err)
		goto err_note;
	err = europa_stall_module_init();
	if (err)
		goto err_stage;
	err = europa_queue_module_init();
	if (err)
		goto err_stall;
	err = europa_chardev_module_init();
	if (err)
		goto err_queue;
	err = europa_vr_module_init();
	if (err)
		goto err_chardev;
	err = europa_link_module_init();
	if (err)
		goto err_vr;
	err = europa_genl_module_init();
	if (err)
		goto err_link;
	err = europa_act_module_init();
	if (err)
		goto err_genl;
	return 0;

err_genl:
	europa_genl_module_exit();
err_link:
	europa_link_module_exit();
err_vr:
	europa_vr_module_exit();
err_chardev:
	europa_chardev_module_exit();
err_queue:
	europa_queue_module_exit();
err_stall:
	europa_stall_module_exit();
err_stage:
	europa_stage_module_exit();
err_note:
	europa_note_module_exit();
	return err;
}

/* No VR is left: each holds the module. */
static void __exit europa_exit(void)
{
	europa_act_module_exit();
	europa_genl_module_exit();
	europa_link_module_exit();
	europa_vr_module_exit();
	europa_chardev_module_exit();
	europa_queue_module_exit();
	europa_stall_module_exit();
	europa_stage_module_exit();
	europa_note_module_exit();
	rcu_barrier(); /* VRs are freed by RCU callbacks of this module */
}

module_init(europa_init);
module_exit(europa_exit);

MODULE_DESCRIPTION("User-mode virtual routers on shared memory");
MODULE_LICENSE("GPL");
MODULE_VERSION(EUROPA_VERSION);
MODULE_ALIAS_RTNL_LINK("europa");
MODULE_ALIAS_GENL_FAMILY(EUROPA_GENL_NAME);
