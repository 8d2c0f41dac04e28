// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <linux/bpf.h>
#include <linux/cpumask.h>
#include <linux/rtnetlink.h>
#include <net/genetlink.h>
#include <net/sock.h>
#include "classify.h"
#include "event.h"
#include "fill.h"
#include "genl.h"
#include "lower.h"
#include "queue.h"
#include "vlan.h"
#include "vr_admin.h"

static const struct nla_policy europa_genl_policy[EUROPA_A_MAX + 1] = {
	[EUROPA_A_VR]		= { .type = NLA_U32 },
	[EUROPA_A_NAME]		= { .type = NLA_NUL_STRING,
				    .len = EUROPA_NAME_SIZE - 1 },
	[EUROPA_A_NETNS]	= { .type = NLA_NUL_STRING,
				    .len = EUROPA_NETNS_SIZE - 1 },
	[EUROPA_A_SLOTS]	= { .type = NLA_U32 },
	[EUROPA_A_SNAP]		= { .type = NLA_U32 },
	[EUROPA_A_QUEUES]	= { .type = NLA_U32 },
	[EUROPA_A_LIMIT]	= { .type = NLA_U64 },
	[EUROPA_A_UID]		= { .type = NLA_U32 },
	[EUROPA_A_GID]		= { .type = NLA_U32 },
	[EUROPA_A_MODE]		= { .type = NLA_U32 },
	[EUROPA_A_FALLBACK]	= { .type = NLA_U8 },
	[EUROPA_A_IFINDEX]	= { .type = NLA_U32 },
	[EUROPA_A_PROG_FD]	= { .type = NLA_S32 },
	[EUROPA_A_PRIO]		= { .type = NLA_U32 },
	[EUROPA_A_STALL]	= { .type = NLA_U32 },
	[EUROPA_A_SPREAD]	= { .type = NLA_U8 },
	[EUROPA_A_TX]		= { .type = NLA_U8 },
	[EUROPA_A_TX_CPU]	= { .type = NLA_U32 },
};

/* ---- settings in ---- */

static int europa_genl_u32(const struct nlattr *attr, u32 *to, u32 min,
			   u32 max, const char *sentence,
			   struct netlink_ext_ack *extack)
{
	u32 value;

	if (!attr)
		return 0;
	value = nla_get_u32(attr);
	if (value < min || value > max) {
		NL_SET_BAD_ATTR(extack, attr);
		extack->_msg = sentence;
		return -ERANGE;
	}
	*to = value;
	return 0;
}

static int europa_genl_numbers(struct nlattr **a, struct europa_config *config,
			       struct netlink_ext_ack *extack)
{
	int err;

	err = europa_genl_u32(a[EUROPA_A_SLOTS], &config->slots,
			      EUROPA_SLOTS_MIN, EUROPA_SLOTS_MAX,
			      "slots is 64 to 65536", extack);
	if (!err)
		err = europa_genl_u32(a[EUROPA_A_SNAP], &config->snap,
				      EUROPA_SNAP_MIN, EUROPA_SNAP_MAX,
				      "snap is 64 to 1984 bytes", extack);
	if (!err)
		err = europa_genl_u32(a[EUROPA_A_QUEUES], &config->queues, 1,
				      EUROPA_QUEUES_MAX, "queues is 1 to 64",
				      extack);
	if (!err)
		err = europa_genl_u32(a[EUROPA_A_MODE], &config->mode, 0, 0777,
				      "mode is 0 to 0777", extack);
	if (!err)
		err = europa_genl_u32(a[EUROPA_A_UID], &config->uid, 0,
				      U32_MAX - 1, "no such user number",
				      extack);
	if (!err)
		err = europa_genl_u32(a[EUROPA_A_GID], &config->gid, 0,
				      U32_MAX - 1, "no such group number",
				      extack);
	return err;
}

/* 0: for ever. */
static int europa_genl_stall(const struct nlattr *attr, u32 *stall,
			     struct netlink_ext_ack *extack)
{
	static_assert(EUROPA_STALL_MIN == 100 && EUROPA_STALL_MAX == 3600000);

	if (attr && !nla_get_u32(attr)) {
		*stall = 0;
		return 0;
	}
	return europa_genl_u32(attr, stall, EUROPA_STALL_MIN, EUROPA_STALL_MAX,
			       "stall is 100 to 3600000 ms, or 0", extack);
}

/* Without a processor: any. */
static int europa_genl_tx(struct nlattr **a, int *tx,
			  struct netlink_ext_ack *extack)
{
	u8 how = a[EUROPA_A_TX] ? nla_get_u8(a[EUROPA_A_TX]) : EUROPA_TX_KICK;
	u32 cpu;

	if (how > EUROPA_TX_POLL) {
		NL_SET_ERR_MSG(extack, "tx is kick or poll");
		return -EINVAL;
	}
	if (a[EUROPA_A_TX])
		*tx = how == EUROPA_TX_POLL ? EUROPA_POLLER_ANYWHERE :
					      EUROPA_POLLER_NOBODY;
	if (!a[EUROPA_A_TX_CPU])
		return 0;
	if (how != EUROPA_TX_POLL) {
		NL_SET_ERR_MSG(extack, "a processor goes with tx poll");
		return -EINVAL;
	}
	cpu = nla_get_u32(a[EUROPA_A_TX_CPU]);
	if (cpu >= nr_cpu_ids || !cpu_online(cpu)) {
		NL_SET_ERR_MSG(extack, "there is no such processor, or it is offline");
		return -EINVAL;
	}
	*tx = cpu;
	return 0;
}

static int europa_genl_config(struct nlattr **a, struct europa_config *config,
			      struct netlink_ext_ack *extack)
{
	static_assert(EUROPA_SNAP_MAX == 1984);
	int err = europa_genl_numbers(a, config, extack);

	if (!err)
		err = europa_genl_stall(a[EUROPA_A_STALL], &config->stall,
					extack);
	if (!err)
		err = europa_genl_tx(a, &config->tx, extack);
	if (err)
		return err;
	if (a[EUROPA_A_LIMIT])
		config->limit = nla_get_u64(a[EUROPA_A_LIMIT]);
	if (config->limit < EUROPA_LIMIT_MIN ||
	    config->limit > EUROPA_LIMIT_MAX) {
		NL_SET_ERR_MSG(extack, "limit is 1 MiB to 1 TiB");
		return -ERANGE;
	}
	if (a[EUROPA_A_FALLBACK])
		config->fallback = nla_get_u8(a[EUROPA_A_FALLBACK]);
	if (config->fallback > EUROPA_FALLBACK_DROP) {
		NL_SET_ERR_MSG(extack, "fallback is kernel or drop");
		return -EINVAL;
	}
	if (a[EUROPA_A_SPREAD])
		config->spread = nla_get_u8(a[EUROPA_A_SPREAD]);
	if (config->spread > EUROPA_SPREAD_CPU) {
		NL_SET_ERR_MSG(extack, "spread is flow or cpu");
		return -EINVAL;
	}
	if (a[EUROPA_A_PRIO])
		config->prio = nla_get_u32(a[EUROPA_A_PRIO]);
	if (a[EUROPA_A_NAME])
		nla_strscpy(config->name, a[EUROPA_A_NAME],
			    sizeof(config->name));
	if (a[EUROPA_A_NAME] && !europa_vr_name_valid(config->name)) {
		NL_SET_ERR_MSG(extack, "a VR name is 1 to 15 of A-Z a-z 0-9 _ . - and not all digits");
		return -EINVAL;
	}
	if (a[EUROPA_A_NETNS])
		nla_strscpy(config->netns, a[EUROPA_A_NETNS],
			    sizeof(config->netns));
	return 0;
}

/* ---- VRs ---- */

static bool europa_genl_visible(struct europa_vr *vr, struct net *net)
{
	struct europa_port *port;
	unsigned long number;

	if (net_eq(net, &init_net))
		return true;
	xa_for_each(&vr->ports, number, port)
		if (net_eq(dev_net(port->dev), net))
			return true;
	return false;
}

static struct europa_vr *europa_genl_find(struct genl_info *info)
{
	struct nlattr **a = info->attrs;
	struct europa_vr *vr = NULL;

	if (a[EUROPA_A_VR])
		vr = europa_vr_by_id(nla_get_u32(a[EUROPA_A_VR]));
	else if (a[EUROPA_A_NAME])
		vr = europa_vr_by_name(nla_data(a[EUROPA_A_NAME]));
	if (vr)
		return vr;
	GENL_SET_ERR_MSG(info, "no such VR");
	return ERR_PTR(-ENOENT);
}

/*
 * Queues, then ports, as many as fit: from *number on, which counts the queues
 * there can be, then the ports.
 */
static int europa_genl_put_parts(struct sk_buff *skb, struct europa_vr *vr,
				 struct net *net, unsigned long *number)
{
	unsigned long port;
	u32 queue = *number;
	int err;

	if (*number < EUROPA_QUEUES_MAX) {
		err = europa_fill_queues(skb, vr, &queue);
		*number = err ? queue : EUROPA_QUEUES_MAX;
		if (err)
			return err;
	}
	port = *number - EUROPA_QUEUES_MAX;
	err = europa_fill_ports(skb, vr, net, &port);
	*number = port + EUROPA_QUEUES_MAX;
	return err;
}

/*
 * One message. *number 0: all about the VR, and its first queues and ports; else
 * more of these. Returns 1 when some are left, from *number on.
 */
static int europa_genl_put_vr(struct sk_buff *skb, struct europa_vr *vr,
			      struct net *net, u32 portid, u32 seq, int flags,
			      unsigned long *number)
{
	void *head = genlmsg_put(skb, portid, seq, &europa_genl_family, flags,
				 EUROPA_CMD_VR_GET);
	unsigned long first = *number;
	int err;

	if (!head)
		return -EMSGSIZE;
	err = europa_fill_id(skb, vr);
	if (!err && !first)
		err = europa_fill_config(skb, vr);
	if (!err && !first)
		err = europa_fill_state(skb, vr);
	if (!err) {
		err = europa_genl_put_parts(skb, vr, net, number);
		if (err && *number > first)
			err = 1;
	}
	if (err < 0) {
		genlmsg_cancel(skb, head);
		return err;
	}
	genlmsg_end(skb, head);
	return err;
}

static int europa_genl_reply(struct europa_vr *vr, struct genl_info *info)
{
	struct europa_port *port;
	unsigned long number;
	struct sk_buff *skb;
	size_t size = 144 * vr->nr_queues;
	int err;

	/* A queue takes at most 144 bytes, a port 128, and its list. */
	xa_for_each(&vr->ports, number, port)
		size += 128 + europa_vlan_size(port);
	skb = genlmsg_new(NLMSG_GOODSIZE + size, GFP_KERNEL);
	if (!skb)
		return -ENOMEM;
	number = 0;
	err = europa_genl_put_vr(skb, vr, genl_info_net(info), info->snd_portid,
				 info->snd_seq, 0, &number);
	if (err < 0) {
		nlmsg_free(skb);
		return err;
	}
	return genlmsg_reply(skb, info);
}

/* What GENL_ADMIN_PERM asks, with a sentence: of the sender and of who opened
 * the socket, in the initial user namespace.
 */
static int europa_genl_permit(struct sk_buff *skb, struct genl_info *info)
{
	if (netlink_capable(skb, CAP_NET_ADMIN))
		return 0;
	GENL_SET_ERR_MSG(info, "this takes CAP_NET_ADMIN in the initial user namespace");
	return -EPERM;
}

static int europa_genl_vr_new(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr **a = info->attrs;
	struct europa_config config;
	struct europa_vr *vr;
	u32 id = 0;
	int err;

	err = europa_genl_permit(skb, info);
	if (err)
		return err;
	europa_vr_config_default(&config);
	err = europa_genl_u32(a[EUROPA_A_VR], &id, 1, EUROPA_VR_MAX,
			      "VR numbers are 1 to 65535", info->extack);
	if (!err)
		err = europa_genl_config(a, &config, info->extack);
	if (err)
		return err;
	rtnl_lock();
	vr = europa_vr_new(id, &config, info->extack);
	err = PTR_ERR_OR_ZERO(vr);
	if (!err)
		europa_event_vr(vr, EUROPA_EVENT_VR_NEW);
	if (!err && info->nlhdr->nlmsg_flags & NLM_F_ECHO)
		europa_genl_reply(vr, info); /* lost or not, there is a VR */
	rtnl_unlock();
	return err;
}

static int europa_genl_vr_set(struct sk_buff *skb, struct genl_info *info)
{
	struct europa_config config;
	struct europa_vr *vr;
	int err;

	err = europa_genl_permit(skb, info);
	if (err)
		return err;
	rtnl_lock();
	vr = europa_genl_find(info);
	err = PTR_ERR_OR_ZERO(vr);
	if (err)
		goto unlock;
	europa_vr_config_get(vr, &config);
	err = europa_genl_config(info->attrs, &config, info->extack);
	if (!err)
		err = europa_vr_set(vr, &config, info->extack);
	if (!err)
		europa_event_vr(vr, EUROPA_EVENT_VR_SET);
unlock:
	rtnl_unlock();
	if (!err)
		europa_vr_settle(vr);
	return err;
}

static int europa_genl_vr_del(struct sk_buff *skb, struct genl_info *info)
{
	struct europa_vr *vr;
	int err;

	err = europa_genl_permit(skb, info);
	if (err)
		return err;
	rtnl_lock();
	vr = europa_genl_find(info);
	if (!IS_ERR(vr)) {
		europa_vr_del(vr);
		europa_event_vr_del(vr);
	}
	rtnl_unlock();
	if (!IS_ERR(vr))
		europa_vr_finish(vr);
	return PTR_ERR_OR_ZERO(vr);
}

static int europa_genl_vr_get(struct sk_buff *skb, struct genl_info *info)
{
	struct europa_vr *vr;
	int err;

	rtnl_lock();
	vr = europa_genl_find(info);
	err = PTR_ERR_OR_ZERO(vr);
	if (!err && !europa_genl_visible(vr, genl_info_net(info))) {
		GENL_SET_ERR_MSG(info, "no such VR");
		err = -ENOENT;
	}
	if (!err)
		err = europa_genl_reply(vr, info);
	rtnl_unlock();
	return err;
}

/* A namespace that sees few VRs looks at all of them: not under one rtnl. */
static void europa_genl_yield(u32 looked)
{
	if (looked % 256)
		return;
	rtnl_unlock();
	cond_resched();
	rtnl_lock();
}

/* args: 0 the VR number to go on with, 1 which of its queues and ports to go on
 * with, 2 its device number, which no other VR gets.
 */
static int europa_genl_vr_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct net *net = sock_net(skb->sk);
	unsigned long number = cb->args[1];
	u32 id = cb->args[0], looked = 0;
	struct europa_vr *vr;
	int err = 0;

	rtnl_lock();
	while ((vr = europa_vr_next(&id))) {
		if (cb->args[0] != id || cb->args[2] != vr->minor)
			number = 0; /* that VR is gone */
		cb->args[2] = vr->minor;
		if (europa_genl_visible(vr, net))
			err = europa_genl_put_vr(skb, vr, net,
						 NETLINK_CB(cb->skb).portid,
						 cb->nlh->nlmsg_seq,
						 NLM_F_MULTI, &number);
		if (err)
			break;
		number = 0;
		cb->args[0] = ++id;
		europa_genl_yield(++looked);
	}
	rtnl_unlock();
	cb->args[0] = id;
	cb->args[1] = number;
	return err < 0 && !skb->len ? err : skb->len;
}

static struct net_device *europa_genl_dev(struct genl_info *info)
{
	struct nlattr *attr = info->attrs[EUROPA_A_IFINDEX];
	struct net_device *dev = NULL;

	if (attr)
		dev = __dev_get_by_index(genl_info_net(info),
					 nla_get_u32(attr));
	if (dev)
		return dev;
	GENL_SET_ERR_MSG(info, "no such device");
	return ERR_PTR(-ENODEV);
}

static int europa_genl_bind(struct net_device *dev, struct genl_info *info)
{
	struct europa_lower *lower = europa_lower_get(dev, info->extack);
	int err;

	if (IS_ERR(lower))
		return PTR_ERR(lower);
	err = europa_classify_bind(lower,
				   nla_get_s32(info->attrs[EUROPA_A_PROG_FD]),
				   info->extack);
	if (err)
		europa_lower_try_free(lower);
	else
		europa_event_classifier(lower, EUROPA_EVENT_CLASSIFIER_SET);
	return err;
}

static int europa_genl_classifier_set(struct sk_buff *skb,
				      struct genl_info *info)
{
	struct net_device *dev;
	int err;

	err = europa_genl_permit(skb, info);
	if (err)
		return err;
	if (!info->attrs[EUROPA_A_PROG_FD]) {
		GENL_SET_ERR_MSG(info, "a classifier needs a program");
		return -EINVAL;
	}
	rtnl_lock();
	dev = europa_genl_dev(info);
	err = IS_ERR(dev) ? PTR_ERR(dev) : europa_genl_bind(dev, info);
	rtnl_unlock();
	return err;
}

/* The lower device's state, if it has a classifier. */
static struct europa_lower *europa_genl_classified(struct genl_info *info)
{
	struct net_device *dev = europa_genl_dev(info);
	struct europa_lower *lower;

	if (IS_ERR(dev))
		return ERR_CAST(dev);
	lower = europa_lower_find(dev);
	if (lower && rtnl_dereference(lower->prog))
		return lower;
	GENL_SET_ERR_MSG(info, "the device has no classifier");
	return ERR_PTR(-ENOENT);
}

static int europa_genl_classifier_del(struct sk_buff *skb,
				      struct genl_info *info)
{
	struct europa_lower *lower;
	int err;

	err = europa_genl_permit(skb, info);
	if (err)
		return err;
	rtnl_lock();
	lower = europa_genl_classified(info);
	if (!IS_ERR(lower)) {
		europa_event_classifier(lower, EUROPA_EVENT_CLASSIFIER_DEL);
		europa_classify_unbind(lower);
		europa_lower_try_free(lower);
	}
	rtnl_unlock();
	return PTR_ERR_OR_ZERO(lower);
}

static int europa_genl_put_classifier(struct sk_buff *skb,
				      struct europa_lower *lower, u32 portid,
				      u32 seq, int flags)
{
	void *head = genlmsg_put(skb, portid, seq, &europa_genl_family, flags,
				 EUROPA_CMD_CLASSIFIER_GET);

	if (!head)
		return -EMSGSIZE;
	if (europa_fill_program(skb, lower)) {
		genlmsg_cancel(skb, head);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, head);
	return 0;
}

static int europa_genl_classifier_get(struct sk_buff *skb,
				      struct genl_info *info)
{
	struct europa_lower *lower;
	struct sk_buff *reply;
	int err;

	reply = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
	if (!reply)
		return -ENOMEM;
	rtnl_lock();
	lower = europa_genl_classified(info);
	err = IS_ERR(lower) ? PTR_ERR(lower) :
		europa_genl_put_classifier(reply, lower, info->snd_portid,
					   info->snd_seq, 0);
	rtnl_unlock();
	if (!err)
		return genlmsg_reply(reply, info);
	nlmsg_free(reply);
	return err;
}

static int europa_genl_classifier_dump(struct sk_buff *skb,
				       struct netlink_callback *cb)
{
	struct net *net = sock_net(skb->sk);
	struct europa_lower *lower;
	int skip = cb->args[0];

	rtnl_lock();
	while ((lower = europa_lower_next(net, &skip))) {
		if (rtnl_dereference(lower->prog) &&
		    europa_genl_put_classifier(skb, lower,
					       NETLINK_CB(cb->skb).portid,
					       cb->nlh->nlmsg_seq,
					       NLM_F_MULTI)) {
			skip--;
			break;
		}
	}
	rtnl_unlock();
	cb->args[0] = skip;
	return skb->len;
}

static const struct genl_ops europa_genl_ops[] = {
	{
		.cmd = EUROPA_CMD_VR_NEW,
		.doit = europa_genl_vr_new,
	}, {
		.cmd = EUROPA_CMD_VR_SET,
		.doit = europa_genl_vr_set,
	}, {
		.cmd = EUROPA_CMD_VR_DEL,
		.doit = europa_genl_vr_del,
	}, {
		.cmd = EUROPA_CMD_VR_GET,
		.doit = europa_genl_vr_get,
		.dumpit = europa_genl_vr_dump,
	}, {
		.cmd = EUROPA_CMD_CLASSIFIER_SET,
		.doit = europa_genl_classifier_set,
	}, {
		.cmd = EUROPA_CMD_CLASSIFIER_DEL,
		.doit = europa_genl_classifier_del,
	}, {
		.cmd = EUROPA_CMD_CLASSIFIER_GET,
		.doit = europa_genl_classifier_get,
		.dumpit = europa_genl_classifier_dump,
	},
};

static const struct genl_multicast_group europa_genl_groups[] = {
	{ .name = EUROPA_GENL_EVENTS },
};

struct genl_family europa_genl_family __ro_after_init = {
	.name		= EUROPA_GENL_NAME,
	.version	= EUROPA_GENL_VERSION,
	.maxattr	= EUROPA_A_MAX,
	.policy		= europa_genl_policy,
	.netnsok	= true,
	.parallel_ops	= true, /* everything takes rtnl */
	.module		= THIS_MODULE,
	.ops		= europa_genl_ops,
	.n_ops		= ARRAY_SIZE(europa_genl_ops),
	.resv_start_op	= EUROPA_CMD_EVENT,
	.mcgrps		= europa_genl_groups,
	.n_mcgrps	= ARRAY_SIZE(europa_genl_groups),
};

int europa_genl_module_init(void)
{
	return genl_register_family(&europa_genl_family);
}

void europa_genl_module_exit(void)
{
	genl_unregister_family(&europa_genl_family);
}
