/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) the Europa authors */
/* The classifier: a BPF program that names the VR. */
#ifndef _EUROPA_CLASSIFY_H
#define _EUROPA_CLASSIFY_H

#include "lower.h"

enum europa_verdict_counter europa_classify(struct europa_lower *lower,
					    struct bpf_prog *prog,
					    struct sk_buff *skb,
					    struct europa_port **port);
int europa_classify_bind(struct europa_lower *lower, int fd,
			 struct netlink_ext_ack *extack);
bool europa_classify_unbind(struct europa_lower *lower);

#endif /* _EUROPA_CLASSIFY_H */
