// SPDX-License-Identifier: GPL-2.0
/* Europa: user-mode virtual routers behind the netfilter ingress hook. */
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <net/genetlink.h>
#include <net/rtnetlink.h>
#include "act.h"
#include "chardev.h"
#include "genl.h"
#include "link.h"
#include "lower.h"
#include "queue.h"

/* Each room takes what the ones above it offer; exit is the mirror image. */
static int __init europa_init(void)
{
	int err;

	err = europa_queue_module_init();
	if (err)
		return err;
	err = europa_chardev_module_init();
	if (err)
		goto err_queue;
	err = europa_lower_module_init();
	if (err)
		goto err_chardev;
	err = europa_link_module_init();
	if (err)
		goto err_lower;
	err = europa_genl_module_init();
	if (err)
		goto err_port;
	err = europa_act_module_init();
	if (err)
		goto err_genl;
	return 0;

err_genl:
	europa_genl_module_exit();
err_port:
	europa_link_module_exit();
err_lower:
	europa_lower_module_exit();
err_chardev:
	europa_chardev_module_exit();
err_queue:
	europa_queue_module_exit();
	return err;
}

/* No VR is left: each holds the module. */
static void __exit europa_exit(void)
{
	europa_act_module_exit();
	europa_genl_module_exit();
	europa_link_module_exit();
	europa_lower_module_exit();
	europa_chardev_module_exit();
	europa_queue_module_exit();
	rcu_barrier(); /* VRs are freed by RCU callbacks of this module */
}

module_init(europa_init);
module_exit(europa_exit);

MODULE_DESCRIPTION("User-mode virtual routers on shared memory");
MODULE_LICENSE("GPL");
MODULE_ALIAS_RTNL_LINK("europa");
MODULE_ALIAS_GENL_FAMILY(EUROPA_GENL_NAME);
