// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <linux/module.h>
#include <net/sock.h>
#include "made.h"
#include "vr.h"

/*
 * A packet that a VR makes costs it no slot once it is on its way: a qdisc below
 * could hold any number. So it is charged as a process's is, to a socket that is
 * there for nothing else. What takes the charge back when the packet is freed is
 * the core's code; and the socket keeps the module, which may not be unloaded
 * before the last packet of a VR that is gone has left.
 *
 * Not bounded by it, as with any device: what root of the port's namespace holds
 * up in a netem of the port itself, which takes packets off their sockets.
 */
static struct proto europa_made_proto = {
	.name		= "europa",
	.owner		= THIS_MODULE,
	.obj_size	= sizeof(struct sock),
};

struct sock *europa_made_alloc(void)
{
	struct sock *sk = sk_alloc(&init_net, AF_UNSPEC, GFP_KERNEL,
				   &europa_made_proto, 1);

	if (!sk)
		return NULL;
	sock_init_data(NULL, sk);
	/* Nobody waits for room to write. */
	sock_set_flag(sk, SOCK_USE_WRITE_QUEUE);
	return sk;
}

/* Now, or with the last packet that is charged. */
void europa_made_free(struct sock *sk)
{
	if (sk)
		sock_put(sk);
}

/* False: the VR has its limit's worth of packets under way. One drainer asks at
 * a time for each queue, so it is exceeded by a packet for each at most.
 */
bool europa_made_charge(struct europa_vr *vr, struct sk_buff *skb)
{
	u64 most = min_t(u64, READ_ONCE(vr->limit), INT_MAX / 2);

	if (sk_wmem_alloc_get(vr->made) + skb->truesize > most)
		return false;
	skb_set_owner_w(skb, vr->made);
	return true;
}
