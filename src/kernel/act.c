// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <linux/module.h>
#include <net/act_api.h>
#include <net/netlink.h>
#include <net/netns/generic.h>
#include <net/pkt_cls.h>
#include "act.h"
#include "fill.h"
#include "ingress.h"
#include "lower.h"
#include "vr.h"

/* tc knows actions by name; the number only has to be free, and at most 255. */
#define EUROPA_ACT_ID	200

/* Holds its VR's memory, not the VR: deleted, it takes no more packets. */
struct europa_act {
	struct tc_action common;
	struct europa_vr __rcu *vr;	/* referenced; written under tcf_lock */
};

static struct tc_action_ops europa_act_ops;

/* PARMS may be longer, from a newer tc: what follows is not looked at. */
static const struct nla_policy europa_act_policy[TCA_EUROPA_MAX + 1] = {
	[TCA_EUROPA_PARMS]	= NLA_POLICY_MIN_LEN(sizeof(struct tc_europa)),
	[TCA_EUROPA_VR_NAME]	= { .type = NLA_NUL_STRING,
				    .len = EUROPA_NAME_SIZE - 1 },
};

static struct europa_act *to_europa_act(const struct tc_action *action)
{
	return container_of(action, struct europa_act, common);
}

static bool europa_act_redirect(struct europa_vr *vr, struct sk_buff *skb)
{
	struct europa_lower *lower = europa_lower_lookup(skb->dev);

	return lower && europa_ingress_redirect(lower, vr, skb);
}

/* Under RCU with BH off. Where the VR has no port, the control word decides. */
static int europa_act_run(struct sk_buff *skb, const struct tc_action *action,
			  struct tcf_result *result)
{
	struct europa_act *act = to_europa_act(action);
	int control = READ_ONCE(act->tcf_action);
	struct europa_vr *vr = rcu_dereference_bh(act->vr);

	tcf_lastuse_update(&act->tcf_tm);
	tcf_action_update_bstats(&act->common, skb);
	if (skb_at_tc_ingress(skb) && europa_act_redirect(vr, skb))
		return TC_ACT_CONSUMED;
	if (control == TC_ACT_SHOT)
		tcf_action_inc_drop_qstats(&act->common);
	return control;
}

/* With a reference; NULL: the one the action has. */
static struct europa_vr *europa_act_find_vr(struct nlattr *tb[], bool has_one,
					    struct netlink_ext_ack *extack)
{
	struct tc_europa *parms = nla_data(tb[TCA_EUROPA_PARMS]);
	struct europa_vr *vr;

	if (!parms->vr && !tb[TCA_EUROPA_VR_NAME]) {
		if (has_one)
			return NULL;
		NL_SET_ERR_MSG(extack, "action europa needs a VR");
		return ERR_PTR(-EINVAL);
	}
	if (tb[TCA_EUROPA_VR_NAME])
		vr = europa_vr_hold_name(nla_data(tb[TCA_EUROPA_VR_NAME]));
	else
		vr = europa_vr_hold_id(parms->vr);
	if (vr)
		return vr;
	NL_SET_ERR_MSG(extack, "no such VR");
	return ERR_PTR(-ENOENT);
}

static int europa_act_parse(struct nlattr *nla, struct nlattr *tb[],
			    struct netlink_ext_ack *extack)
{
	int err;

	if (!capable(CAP_NET_ADMIN)) {
		NL_SET_ERR_MSG(extack, "action europa takes CAP_NET_ADMIN in the initial user namespace");
		return -EPERM;
	}
	if (!nla) {
		NL_SET_ERR_MSG(extack, "action europa needs a VR");
		return -EINVAL;
	}
	err = nla_parse_nested(tb, TCA_EUROPA_MAX, nla, europa_act_policy,
			       extack);
	if (!err && !tb[TCA_EUROPA_PARMS]) {
		NL_SET_ERR_MSG(extack, "action europa needs a VR");
		err = -EINVAL;
	}
	return err;
}

/* Takes over the reference on vr; NULL: the VR stays. */
static int europa_act_set(struct tc_action *action, struct europa_vr *vr,
			  int control, struct tcf_proto *tp,
			  struct netlink_ext_ack *extack)
{
	struct europa_act *act = to_europa_act(action);
	struct tcf_chain *chain = NULL;
	int err;

	err = tcf_action_check_ctrlact(control, tp, &chain, extack);
	if (err < 0) {
		if (vr)
			europa_vr_put(vr);
		return err;
	}
	spin_lock_bh(&act->tcf_lock);
	chain = tcf_action_set_ctrlact(action, control, chain);
	if (vr)
		vr = rcu_replace_pointer(act->vr, vr,
					 lockdep_is_held(&act->tcf_lock));
	spin_unlock_bh(&act->tcf_lock);
	if (chain)
		tcf_chain_put_by_act(chain);
	if (vr)
		europa_vr_put(vr); /* freed by RCU */
	return 0;
}

/* May run without rtnl. */
static int europa_act_init(struct net *net, struct nlattr *nla,
			   struct nlattr *est, struct tc_action **action,
			   struct tcf_proto *tp, u32 flags,
			   struct netlink_ext_ack *extack)
{
	struct tc_action_net *tn = net_generic(net, europa_act_ops.net_id);
	struct nlattr *tb[TCA_EUROPA_MAX + 1];
	bool bind = flags & TCA_ACT_FLAGS_BIND;
	int exists, err, made = 0;
	struct tc_europa *parms;
	struct europa_vr *vr;
	u32 index;

	err = europa_act_parse(nla, tb, extack);
	if (err)
		return err;
	parms = nla_data(tb[TCA_EUROPA_PARMS]);
	index = parms->index;
	exists = tcf_idr_check_alloc(tn, &index, action, bind);
	if (exists < 0 || (exists && bind))
		return min(exists, 0);
	vr = europa_act_find_vr(tb, exists, extack);
	if (IS_ERR(vr)) {
		err = PTR_ERR(vr);
		goto err_index;
	}
	if (!exists) {
		err = tcf_idr_create_from_flags(tn, index, est, action,
						&europa_act_ops, bind, flags);
		made = ACT_P_CREATED;
	} else if (!(flags & TCA_ACT_FLAGS_REPLACE)) {
		NL_SET_ERR_MSG(extack, "an action europa of this index exists");
		err = -EEXIST;
	}
	if (err)
		goto err_vr;
	err = europa_act_set(*action, vr, parms->action, tp, extack);
	if (err)
		tcf_idr_release(*action, bind);
	return err ?: made;

err_vr:
	if (vr)
		europa_vr_put(vr);
err_index:
	if (exists)
		tcf_idr_release(*action, bind);
	else
		tcf_idr_cleanup(tn, index);
	return err;
}

static void europa_act_cleanup(struct tc_action *action)
{
	struct europa_act *act = to_europa_act(action);
	struct europa_vr *vr = rcu_dereference_protected(act->vr, 1);

	if (vr)
		europa_vr_put(vr);
}

static int europa_act_put_vr(struct sk_buff *skb, const struct europa_act *act,
			     int bind, int ref)
{
	const struct europa_vr *vr;
	struct tc_europa parms = {
		.index = act->tcf_index,
		.refcnt = refcount_read(&act->tcf_refcnt) - ref,
		.bindcnt = atomic_read(&act->tcf_bindcnt) - bind,
		.action = act->tcf_action,
	};

	vr = rcu_dereference_protected(act->vr,
				       lockdep_is_held(&act->tcf_lock));
	parms.vr = vr->id;
	if (nla_put(skb, TCA_EUROPA_PARMS, sizeof(parms), &parms))
		return -EMSGSIZE;
	if (READ_ONCE(vr->dead))
		return 0;
	return europa_fill_name(skb, TCA_EUROPA_VR_NAME, vr);
}

static int europa_act_dump(struct sk_buff *skb, struct tc_action *action,
			   int bind, int ref)
{
	struct europa_act *act = to_europa_act(action);
	unsigned char *tail = skb_tail_pointer(skb);
	struct tcf_t times;
	int err;

	spin_lock_bh(&act->tcf_lock);
	err = europa_act_put_vr(skb, act, bind, ref);
	tcf_tm_dump(&times, &act->tcf_tm);
	spin_unlock_bh(&act->tcf_lock);
	if (!err && !nla_put_64bit(skb, TCA_EUROPA_TM, sizeof(times), &times,
				   TCA_EUROPA_PAD))
		return skb->len;
	nlmsg_trim(skb, tail);
	return -1;
}

static size_t europa_act_fill_size(const struct tc_action *action)
{
	return nla_total_size(sizeof(struct tc_europa)) +
	       nla_total_size(EUROPA_NAME_SIZE);
}

static struct tc_action_ops europa_act_ops = {
	.kind		= "europa",
	.id		= EUROPA_ACT_ID,
	.owner		= THIS_MODULE,
	.act		= europa_act_run,
	.dump		= europa_act_dump,
	.init		= europa_act_init,
	.cleanup	= europa_act_cleanup,
	.get_fill_size	= europa_act_fill_size,
	.size		= sizeof(struct europa_act),
};

static __net_init int europa_act_net_init(struct net *net)
{
	return tc_action_net_init(net, net_generic(net, europa_act_ops.net_id),
				  &europa_act_ops);
}

static void __net_exit europa_act_net_exit(struct list_head *nets)
{
	tc_action_net_exit(nets, europa_act_ops.net_id);
}

static struct pernet_operations europa_act_net_ops = {
	.init		= europa_act_net_init,
	.exit_batch	= europa_act_net_exit,
	.id		= &europa_act_ops.net_id,
	.size		= sizeof(struct tc_action_net),
};

int europa_act_module_init(void)
{
	return tcf_register_action(&europa_act_ops, &europa_act_net_ops);
}

void europa_act_module_exit(void)
{
	tcf_unregister_action(&europa_act_ops, &europa_act_net_ops);
}

MODULE_ALIAS("act_europa");
MODULE_ALIAS("net-act-europa");
