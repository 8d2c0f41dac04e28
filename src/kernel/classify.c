// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <linux/bpf.h>
#include <linux/rtnetlink.h>
#include <net/sch_generic.h>
#include "classify.h"
#include "compat.h"

/* As cls_bpf runs it: data from the Ethernet header, at ingress. The program
 * may have moved or changed anything; the caller looks at the skb afresh.
 */
static int europa_classify_run(struct bpf_prog *prog, struct sk_buff *skb)
{
	struct bpf_net_context context, *entered;
	bool at_ingress = skb->tc_at_ingress;
	int verdict;

	memset(skb->cb, 0, sizeof(skb->cb));
	__skb_push(skb, skb->mac_len);
	qdisc_skb_cb(skb)->pkt_len = skb->len;
	bpf_compute_data_pointers(skb);
	skb->tc_at_ingress = 1;
	entered = europa_compat_bpf_enter(&context);
	verdict = bpf_prog_run(prog, skb);
	europa_compat_bpf_leave(entered);
	skb->tc_at_ingress = at_ingress;
	__skb_pull(skb, skb->mac_len);
	return verdict;
}

/* Under RCU, in the hook. EUROPA_V_VR: *port is the VR's here. */
enum europa_verdict_counter europa_classify(struct europa_lower *lower,
					    struct bpf_prog *prog,
					    struct sk_buff *skb,
					    struct europa_port **port)
{
	enum europa_verdict_counter outcome = EUROPA_V_UNKNOWN;
	int verdict = europa_classify_run(prog, skb);

	if ((verdict & ~0xffff) == EUROPA_VERDICT_VR(0)) {
		*port = europa_lower_by_vr(lower, verdict & 0xffff);
		if (*port)
			outcome = EUROPA_V_VR;
	} else if (verdict == EUROPA_VERDICT_HOST) {
		outcome = EUROPA_V_HOST;
	} else if (verdict == EUROPA_VERDICT_DROP) {
		outcome = EUROPA_V_DROP;
	} else if (verdict == EUROPA_VERDICT_NONE) {
		outcome = EUROPA_V_NONE;
	}
	this_cpu_inc(lower->verdicts->c[outcome]);
	return outcome;
}

/* What was said counts from when a program was bound where there was none. */
static void europa_classify_reset(struct europa_lower *lower)
{
	int cpu;

	for_each_possible_cpu(cpu)
		memset(per_cpu_ptr(lower->verdicts, cpu), 0,
		       sizeof(*lower->verdicts));
}

/* Replaces the program, if there is one. */
int europa_classify_bind(struct europa_lower *lower, int fd,
			 struct netlink_ext_ack *extack)
{
	struct bpf_prog *prog, *old;

	ASSERT_RTNL();
	prog = bpf_prog_get_type_dev(fd, BPF_PROG_TYPE_SCHED_CLS, false);
	if (IS_ERR(prog)) {
		NL_SET_ERR_MSG(extack, "not a file descriptor of a BPF program of type sched_cls");
		return PTR_ERR(prog);
	}
	old = rtnl_dereference(lower->prog);
	if (!old)
		europa_classify_reset(lower);
	rcu_assign_pointer(lower->prog, prog);
	if (old)
		bpf_prog_put(old); /* waits for RCU itself */
	return 0;
}

bool europa_classify_unbind(struct europa_lower *lower)
{
	struct bpf_prog *old;

	ASSERT_RTNL();
	old = rtnl_dereference(lower->prog);
	RCU_INIT_POINTER(lower->prog, NULL);
	if (old)
		bpf_prog_put(old);
	return old;
}
