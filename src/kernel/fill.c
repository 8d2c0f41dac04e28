// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* Objects as netlink attributes. All under rtnl, but for names. */
#include <linux/bpf.h>
#include <linux/pid_namespace.h>
#include <linux/rtnetlink.h>
#include <net/netlink.h>
#include "fill.h"
#include "filter.h"
#include "lower.h"
#include "queue.h"
#include "vlan.h"

/* Nothing for the asker's own namespace, else its number there. */
static int europa_fill_netns(struct sk_buff *skb, int type, struct net *net,
			     const struct net_device *dev)
{
	if (net_eq(net, dev_net(dev)))
		return 0;
	return nla_put_s32(skb, type,
			   peernet2id_alloc(net, dev_net(dev), GFP_KERNEL));
}

static int europa_fill_lower(struct sk_buff *skb, struct net *net,
			     const struct net_device *lower)
{
	if (nla_put_u32(skb, EUROPA_PORT_A_LOWER_IFINDEX, lower->ifindex) ||
	    nla_put_string(skb, EUROPA_PORT_A_LOWER_IFNAME, lower->name))
		return -EMSGSIZE;
	return europa_fill_netns(skb, EUROPA_PORT_A_LOWER_NETNSID, net, lower);
}

static u32 europa_fill_filters(struct net_device *dev)
{
	u32 filters;

	rcu_read_lock();
	filters = europa_filter_find(dev);
	rcu_read_unlock();
	return filters;
}

/* net: the asker's namespace. */
int europa_fill_port(struct sk_buff *skb, const struct europa_port *port,
		     struct net *net)
{
	struct nlattr *nest = nla_nest_start(skb, EUROPA_A_PORT);
	struct net_device *dev = port->dev;

	if (!nest)
		return -EMSGSIZE;
	if (nla_put_u32(skb, EUROPA_PORT_A_NUMBER, port->number) ||
	    nla_put_u32(skb, EUROPA_PORT_A_IFINDEX, dev->ifindex) ||
	    nla_put_string(skb, EUROPA_PORT_A_IFNAME, dev->name) ||
	    europa_fill_netns(skb, EUROPA_PORT_A_NETNSID, net, dev) ||
	    europa_fill_lower(skb, net, port->lower_dev) ||
	    nla_put(skb, EUROPA_PORT_A_ADDRESS, ETH_ALEN, dev->dev_addr) ||
	    nla_put_u8(skb, EUROPA_PORT_A_MODE, port->mode) ||
	    nla_put_u8(skb, EUROPA_PORT_A_SPOOFCHK, port->spoofchk) ||
	    nla_put_u8(skb, EUROPA_PORT_A_UP,
		       netif_running(dev) && netif_carrier_ok(dev)) ||
	    nla_put_u32(skb, EUROPA_PORT_A_FILTERS,
			europa_fill_filters(dev)) ||
	    europa_vlan_fill(skb, EUROPA_PORT_A_VLANS, port)) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

/* A nest says its length in 16 bits: some ports. 1: there are more. */
static int europa_fill_some_ports(struct sk_buff *skb, struct europa_vr *vr,
				  struct net *net, unsigned long *number)
{
	struct nlattr *nest = nla_nest_start(skb, EUROPA_A_PORTS);
	struct europa_port *port;
	int err = 0, some = 64;

	if (!nest)
		return -EMSGSIZE;
	xa_for_each_start(&vr->ports, *number, port, *number) {
		err = some-- ? europa_fill_port(skb, port, net) : 1;
		if (err)
			break;
	}
	nla_nest_end(skb, nest);
	return err;
}

/* From *number on; on EMSGSIZE it is the one that did not fit, and what did
 * fit stays.
 */
int europa_fill_ports(struct sk_buff *skb, struct europa_vr *vr,
		      struct net *net, unsigned long *number)
{
	int err;

	do
		err = europa_fill_some_ports(skb, vr, net, number);
	while (err > 0);
	return err;
}

/* How a queue stands. */
struct europa_look {
	bool attached, asleep;
	u8 state, ended;
	u32 pid, generation, given, snap;
	u32 count[EUROPA_OWNER_COUNT];
	u64 features, kept;
};

/* Not vr->lock: a data plane may hold that for long. */
static void europa_fill_look(struct europa_queue *queue,
			     struct europa_look *look)
{
	*look = (struct europa_look) { };
	spin_lock_bh(&queue->lock);
	look->attached = queue->pool;
	look->state = europa_queue_state(queue);
	look->ended = queue->ended;
	look->pid = europa_queue_pid(queue, task_active_pid_ns(current));
	look->generation = queue->generation;
	look->features = queue->features;
	if (queue->pool) {
		europa_pool_count(queue->pool, look->count);
		look->kept = queue->pool->kept_bytes + queue->hold.bytes;
		look->given = queue->pool->rx.cursor;
		look->snap = queue->pool->snap;
		look->asleep = europa_queue_asleep(queue);
	}
	spin_unlock_bh(&queue->lock);
}

static int europa_fill_slots(struct sk_buff *skb,
			     const struct europa_look *look)
{
	const u32 *count = look->count;

	if (nla_put_u32(skb, EUROPA_QUEUE_A_FREE, count[EUROPA_OWNER_FREE]) ||
	    nla_put_u32(skb, EUROPA_QUEUE_A_RX, count[EUROPA_OWNER_RX]) ||
	    nla_put_u32(skb, EUROPA_QUEUE_A_VR, count[EUROPA_OWNER_VR]) ||
	    nla_put_u32(skb, EUROPA_QUEUE_A_SPARE, count[EUROPA_OWNER_SPARE]) ||
	    nla_put_u32(skb, EUROPA_QUEUE_A_TX, count[EUROPA_OWNER_TX]) ||
	    nla_put_u64_64bit(skb, EUROPA_QUEUE_A_HELD, look->kept,
			      EUROPA_QUEUE_A_PAD))
		return -EMSGSIZE;
	return 0;
}

static int europa_fill_queue_plane(struct sk_buff *skb,
				   const struct europa_look *look)
{
	if (nla_put_u8(skb, EUROPA_QUEUE_A_ASLEEP, look->asleep) ||
	    nla_put_u8(skb, EUROPA_QUEUE_A_STATE, look->state) ||
	    nla_put_u32(skb, EUROPA_QUEUE_A_PID, look->pid) ||
	    nla_put_u32(skb, EUROPA_QUEUE_A_GENERATION, look->generation) ||
	    (look->ended &&
	     nla_put_u8(skb, EUROPA_QUEUE_A_ENDED, look->ended)) ||
	    nla_put_u32(skb, EUROPA_QUEUE_A_GIVEN, look->given))
		return -EMSGSIZE;
	if (!look->attached)
		return 0;
	return nla_put_u32(skb, EUROPA_QUEUE_A_SNAP, look->snap) ?:
	       nla_put_u64_64bit(skb, EUROPA_QUEUE_A_FEATURES, look->features,
				 EUROPA_QUEUE_A_PAD);
}

static int europa_fill_queue(struct sk_buff *skb, struct europa_queue *queue)
{
	struct nlattr *nest = nla_nest_start(skb, EUROPA_A_QUEUE);
	struct europa_look look;

	if (!nest)
		return -EMSGSIZE;
	europa_fill_look(queue, &look);
	if (nla_put_u32(skb, EUROPA_QUEUE_A_INDEX, queue->index) ||
	    europa_fill_slots(skb, &look) ||
	    europa_fill_queue_plane(skb, &look)) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

/* From *index on; on EMSGSIZE it is the one that did not fit, and what did fit
 * stays.
 */
int europa_fill_queues(struct sk_buff *skb, struct europa_vr *vr, u32 *index)
{
	for (; *index < europa_vr_queues(vr); (*index)++)
		if (europa_fill_queue(skb, europa_vr_queue(vr, *index)))
			return -EMSGSIZE;
	return 0;
}

static int europa_fill_stats(struct sk_buff *skb, struct europa_vr *vr)
{
	struct nlattr *nest = nla_nest_start(skb, EUROPA_A_STATS);
	struct europa_stats sum;
	u32 i;

	if (!nest)
		return -EMSGSIZE;
	europa_vr_stats(vr, &sum);
	for (i = 0; i < EUROPA_C_COUNT; i++)
		if (nla_put_u64_64bit(skb, i + 1, sum.c[i], 0))
			return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int europa_fill_tx(struct sk_buff *skb, int tx)
{
	bool poll = tx != EUROPA_POLLER_NOBODY;

	if (nla_put_u8(skb, EUROPA_A_TX,
		       poll ? EUROPA_TX_POLL : EUROPA_TX_KICK))
		return -EMSGSIZE;
	return tx < 0 ? 0 : nla_put_u32(skb, EUROPA_A_TX_CPU, tx);
}

int europa_fill_config(struct sk_buff *skb, const struct europa_vr *vr)
{
	if (nla_put_string(skb, EUROPA_A_NETNS, vr->netns ?: "") ||
	    nla_put_u32(skb, EUROPA_A_SLOTS, vr->slots) ||
	    nla_put_u32(skb, EUROPA_A_SNAP, vr->snap) ||
	    nla_put_u32(skb, EUROPA_A_QUEUES, vr->nr_queues) ||
	    nla_put_u64_64bit(skb, EUROPA_A_LIMIT, vr->limit, EUROPA_A_PAD) ||
	    nla_put_u32(skb, EUROPA_A_UID, vr->uid) ||
	    nla_put_u32(skb, EUROPA_A_GID, vr->gid) ||
	    nla_put_u32(skb, EUROPA_A_MODE, vr->mode) ||
	    nla_put_u8(skb, EUROPA_A_FALLBACK, vr->fallback) ||
	    nla_put_u32(skb, EUROPA_A_PRIO, vr->prio) ||
	    nla_put_u32(skb, EUROPA_A_STALL, vr->stall) ||
	    nla_put_u8(skb, EUROPA_A_SPREAD, vr->spread))
		return -EMSGSIZE;
	return europa_fill_tx(skb, vr->tx);
}

static int europa_fill_plane(struct sk_buff *skb, struct europa_queue *queue)
{
	struct europa_look look;

	europa_fill_look(queue, &look);
	if (nla_put_u32(skb, EUROPA_A_PID, look.pid) ||
	    nla_put_u32(skb, EUROPA_A_GENERATION, look.generation) ||
	    (look.ended && nla_put_u8(skb, EUROPA_A_ENDED, look.ended)))
		return -EMSGSIZE;
	return look.attached ? nla_put_u64_64bit(skb, EUROPA_A_FEATURES,
						 look.features,
						 EUROPA_A_PAD) : 0;
}

/* All but the queues. */
int europa_fill_state(struct sk_buff *skb, struct europa_vr *vr)
{
	if (nla_put_u8(skb, EUROPA_A_STATE, europa_vr_state(vr)) ||
	    europa_fill_plane(skb, &vr->first))
		return -EMSGSIZE;
	return europa_fill_stats(skb, vr);
}

/* Needs no rtnl: the name that the VR has, or had a moment ago. */
int europa_fill_name(struct sk_buff *skb, int type,
		     const struct europa_vr *vr)
{
	int err;

	rcu_read_lock();
	err = nla_put_string(skb, type, europa_vr_name(vr));
	rcu_read_unlock();
	return err;
}

int europa_fill_id(struct sk_buff *skb, const struct europa_vr *vr)
{
	return nla_put_u32(skb, EUROPA_A_VR, vr->id) ?:
	       europa_fill_name(skb, EUROPA_A_NAME, vr);
}

static int europa_fill_verdicts(struct sk_buff *skb,
				const struct europa_lower *lower)
{
	struct nlattr *nest = nla_nest_start(skb, EUROPA_A_VERDICTS);
	int i, cpu;

	if (!nest)
		return -EMSGSIZE;
	for (i = 0; i < EUROPA_V_COUNT; i++) {
		u64 sum = 0;

		for_each_possible_cpu(cpu)
			sum += per_cpu_ptr(lower->verdicts, cpu)->c[i];
		if (nla_put_u64_64bit(skb, i + 1, sum, 0))
			return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

int europa_fill_program(struct sk_buff *skb,
			const struct europa_lower *lower)
{
	struct bpf_prog *prog = rtnl_dereference(lower->prog);

	if (nla_put_u32(skb, EUROPA_A_IFINDEX, lower->dev->ifindex) ||
	    nla_put_string(skb, EUROPA_A_IFNAME, lower->dev->name))
		return -EMSGSIZE;
	if (!prog)
		return 0;
	if (nla_put_u32(skb, EUROPA_A_PROG_ID, prog->aux->id) ||
	    nla_put_string(skb, EUROPA_A_PROG_NAME, prog->aux->name) ||
	    nla_put(skb, EUROPA_A_PROG_TAG, sizeof(prog->tag), prog->tag))
		return -EMSGSIZE;
	return europa_fill_verdicts(skb, lower);
}
