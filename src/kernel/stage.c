// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <linux/netdevice.h>
#include <linux/sched.h>
#include "stage.h"

DEFINE_PER_CPU(struct europa_stage, europa_stages) = {
	.lock = INIT_LOCAL_LOCK(lock),
};

/* Home of the NAPI contexts; no interface anybody can see. */
static struct net_device *europa_stage_dummy;

/* The first of its batch need not wait, if it is not for the data plane. */
void europa_stage_first(struct europa_port *port, struct sk_buff *skb, u8 flags)
{
	struct europa_stage *stage;

	if (europa_rx_now(port, skb, flags))
		return;
	local_lock_nested_bh(&europa_stages.lock);
	stage = this_cpu_ptr(&europa_stages);
	if (stage->last) {
		stage->last->next = skb;
	} else {
		stage->first = skb;
		WRITE_ONCE(stage->opened, stage->opened + 1);
	}
	stage->last = skb;
	local_unlock_nested_bh(&europa_stages.lock);
	napi_schedule(&stage->napi);
}

/* All that wait, linked by skb->next, or NULL. *opened: the list's number. */
static struct sk_buff *europa_stage_take(struct europa_stage *stage, u32 *opened)
{
	struct sk_buff *first = NULL;

	local_lock_nested_bh(&europa_stages.lock);
	if (stage->last) {
		stage->last->next = NULL;
		stage->last = NULL;
		first = stage->first;
	}
	*opened = stage->opened;
	local_unlock_nested_bh(&europa_stages.lock);
	return first;
}

static int europa_stage_poll(struct napi_struct *napi, int budget)
{
	struct europa_stage *stage = container_of(napi, struct europa_stage,
						  napi);
	struct sk_buff *skb;
	u32 opened;

	rcu_read_lock();
	skb = europa_stage_take(stage, &opened);
	while (skb)
		skb = europa_rx_run(skb);
	rcu_read_unlock();
	/* done with their ports; pairs with await() */
	smp_store_release(&stage->closed, opened);
	napi_complete_done(napi, 0);
	return 0;
}

/*
 * Wait for what was received before. A port that has left all tables, and waited
 * for RCU, has no packet on its way after that.
 */
void europa_stage_await(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		const struct europa_stage *stage = per_cpu_ptr(&europa_stages,
							       cpu);
		u32 opened = READ_ONCE(stage->opened);

		/* pairs with poll() */
		while ((s32)(smp_load_acquire(&stage->closed) - opened) < 0)
			schedule_timeout_uninterruptible(1);
	}
}

int europa_stage_module_init(void)
{
	int cpu;

	europa_stage_dummy = europa_compat_alloc_dummy();
	if (!europa_stage_dummy)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		struct napi_struct *napi = &per_cpu(europa_stages, cpu).napi;

		netif_napi_add_tx(europa_stage_dummy, napi, europa_stage_poll);
		napi_enable(napi);
	}
	return 0;
}

/* There is no port any more, so the lists are empty. */
void europa_stage_module_exit(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct napi_struct *napi = &per_cpu(europa_stages, cpu).napi;

		napi_disable(napi);
		__netif_napi_del(napi);
	}
	synchronize_net();
	europa_compat_free_dummy(europa_stage_dummy);
}
