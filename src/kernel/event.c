// SPDX-License-Identifier: GPL-2.0
/* What happened, to listeners in the initial namespace. */
#include <linux/pid.h>
#include <net/genetlink.h>
#include "event.h"
#include "genl.h"
#include "lower.h"
#include "message.h"
#include "queue.h"

static struct sk_buff *europa_event_begin(enum europa_event event, void **head)
{
	struct sk_buff *skb = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);

	if (!skb)
		return NULL;
	*head = genlmsg_put(skb, 0, 0, &europa_genl_family, 0,
			    EUROPA_CMD_EVENT);
	if (*head && !nla_put_u8(skb, EUROPA_A_EVENT, event))
		return skb;
	nlmsg_free(skb);
	return NULL;
}

static void europa_event_send(struct sk_buff *skb, void *head, int err)
{
	if (err) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, head);
	genlmsg_multicast_netns(&europa_genl_family, &init_net, skb, 0, 0,
				GFP_KERNEL);
}

void europa_event_vr(const struct europa_vr *vr, enum europa_event event)
{
	void *head;
	struct sk_buff *skb = europa_event_begin(event, &head);

	if (skb)
		europa_event_send(skb, head, europa_message_id(skb, vr) ?:
				  europa_message_config(skb, vr));
}

/* vr->lock held; the name may be changing, which only a reader can mind. */
void europa_event_queue(const struct europa_queue *queue,
			enum europa_event event)
{
	void *head;
	struct sk_buff *skb = europa_event_begin(event, &head);
	struct europa_vr *vr = queue->vr;

	if (!skb)
		return;
	europa_event_send(skb, head, europa_message_id(skb, vr) ?:
			  nla_put_u8(skb, EUROPA_A_STATE,
				     europa_vr_state(vr)) ?:
			  nla_put_u32(skb, EUROPA_A_PID,
				      pid_nr_ns(queue->pid, &init_pid_ns)) ?:
			  nla_put_u32(skb, EUROPA_A_GENERATION,
				      queue->generation));
}

void europa_event_port(const struct europa_port *port, enum europa_event event)
{
	void *head;
	struct sk_buff *skb = europa_event_begin(event, &head);

	if (skb)
		europa_event_send(skb, head, europa_message_id(skb, port->vr) ?:
				  europa_message_port(skb, port, &init_net));
}

void europa_event_classifier(const struct europa_lower *lower,
			     enum europa_event event)
{
	void *head;
	struct sk_buff *skb = europa_event_begin(event, &head);

	if (skb)
		europa_event_send(skb, head,
				  europa_message_program(skb, lower));
}
