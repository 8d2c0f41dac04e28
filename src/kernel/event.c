// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* What happened, to listeners in the initial namespace. */
#include <linux/rtnetlink.h>
#include <net/genetlink.h>
#include "event.h"
#include "fill.h"
#include "lower.h"
#include "port.h"
#include "queue.h"

static const struct genl_family *europa_event_family;

/* family: it has the group that the events go to; not before there is a VR. */
void europa_event_module_init(const struct genl_family *family)
{
	europa_event_family = family;
}

/* ---- messages ---- */

static struct sk_buff *europa_event_begin(enum europa_event event, void **head)
{
	struct sk_buff *skb = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);

	if (!skb)
		return NULL;
	*head = genlmsg_put(skb, 0, 0, europa_event_family, 0,
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
	genlmsg_multicast_netns(europa_event_family, &init_net, skb, 0, 0,
				GFP_KERNEL);
}

void europa_event_vr(const struct europa_vr *vr, enum europa_event event)
{
	void *head;
	struct sk_buff *skb = europa_event_begin(event, &head);

	ASSERT_RTNL();
	if (skb)
		europa_event_send(skb, head, europa_fill_id(skb, vr) ?:
				  europa_fill_config(skb, vr));
}

void europa_event_port(const struct europa_port *port, enum europa_event event)
{
	void *head;
	struct sk_buff *skb = europa_event_begin(event, &head);

	ASSERT_RTNL();
	if (skb)
		europa_event_send(skb, head, europa_fill_id(skb, port->vr) ?:
				  europa_fill_port(skb, port, &init_net));
}

void europa_event_classifier(const struct europa_lower *lower,
			     enum europa_event event)
{
	void *head;
	struct sk_buff *skb = europa_event_begin(event, &head);

	ASSERT_RTNL();
	if (skb)
		europa_event_send(skb, head,
				  europa_fill_program(skb, lower));
}

static int europa_event_put_ended(struct sk_buff *skb,
				  const struct europa_note *note)
{
	if (note->event != EUROPA_EVENT_DETACH)
		return 0;
	return nla_put_u8(skb, EUROPA_A_ENDED, note->ended);
}

/* Of a VR with one queue nobody asks which it was. */
static int europa_event_put_queue(struct sk_buff *skb,
				  const struct europa_vr *vr,
				  const struct europa_note *note)
{
	struct nlattr *nest;

	if (!note->queue && europa_vr_queues(vr) == 1)
		return 0;
	nest = nla_nest_start(skb, EUROPA_A_QUEUE);
	if (!nest ||
	    nla_put_u32(skb, EUROPA_QUEUE_A_INDEX, note->queue) ||
	    nla_put_u8(skb, EUROPA_QUEUE_A_STATE, note->queue_state))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static void europa_event_state(const struct europa_vr *vr,
			       const struct europa_note *note)
{
	void *head;
	struct sk_buff *skb = europa_event_begin(note->event, &head);

	if (!skb)
		return;
	europa_event_send(skb, head, europa_fill_id(skb, vr) ?:
			  nla_put_u8(skb, EUROPA_A_STATE, note->state) ?:
			  nla_put_u32(skb, EUROPA_A_PID, note->pid) ?:
			  nla_put_u32(skb, EUROPA_A_GENERATION,
				      note->generation) ?:
			  europa_event_put_ended(skb, note) ?:
			  europa_event_put_queue(skb, vr, note));
}

/* ---- what the owner does ---- */

/* Which event leads to this state, for a listener who knows what was told? */
static void europa_event_name(struct europa_note *note, u32 generation)
{
	if (note->queue_state == EUROPA_RUNNING)
		note->event = EUROPA_EVENT_START;
	else if (note->queue_state == EUROPA_IDLE)
		note->event = EUROPA_EVENT_DETACH;
	else if (note->generation != generation)
		note->event = EUROPA_EVENT_ATTACH;
	else
		note->event = EUROPA_EVENT_STOP;
}

/* The state is looked at after `owed` was cleared, so a change after this look
 * is noted anew.
 */
static void europa_events_tell(struct europa_vr *vr)
{
	struct europa_queue *queue;
	struct europa_note note;

	while (europa_note_next(vr, &note)) {
		queue = europa_vr_queue(vr, note.queue);
		if (!note.event) {
			europa_queue_look(queue, &note);
			europa_event_name(&note, queue->told);
		}
		queue->told = note.generation;
		europa_event_state(vr, &note);
	}
}

static struct europa_vr *europa_events_vr(struct europa_events *events)
{
	return container_of(events, struct europa_vr, events);
}

static void europa_events_state_work(struct work_struct *work)
{
	struct europa_vr *vr;

	vr = europa_events_vr(container_of(to_delayed_work(work),
					   struct europa_events, state_work));
	europa_events_tell(vr);
	europa_vr_put(vr);
}

/* One port's; false: it has to wait. */
static bool europa_events_tell_filters(struct europa_vr *vr, u32 number)
{
	struct europa_port *port;

	ASSERT_RTNL();
	if (!europa_note_may_tell_filters(vr))
		return false;
	clear_bit(number, vr->events.filters);
	smp_mb__after_atomic(); /* before the port's filters are read */
	port = xa_load(&vr->ports, number);
	if (port)
		europa_event_port(port, EUROPA_EVENT_FILTERS);
	return true;
}

/* A port that has gone is no longer in the VR's table, nor is any of a VR that
 * has: both change under rtnl.
 */
static void europa_events_filters_work(struct work_struct *work)
{
	struct europa_events *events = container_of(to_delayed_work(work),
						    struct europa_events,
						    filters_work);
	struct europa_vr *vr = europa_events_vr(events);
	u32 number;

	rtnl_lock();
	for_each_set_bit(number, events->filters, EUROPA_PORT_MAX + 1)
		if (!europa_events_tell_filters(vr, number))
			break;
	rtnl_unlock();
	europa_vr_put(vr);
}

/* ---- what follows a lower device ---- */

static void europa_events_mtu_work(struct work_struct *work)
{
	struct europa_events *events = container_of(to_delayed_work(work),
						    struct europa_events,
						    mtu_work);
	struct europa_vr *vr = europa_events_vr(events);
	struct europa_port *port;
	unsigned long number;

	rtnl_lock();
	xa_for_each(&vr->ports, number, port)
		europa_port_follow_mtu(port);
	rtnl_unlock();
	europa_vr_put(vr);
}

/* ---- lifetime ---- */

void europa_event_init(struct europa_vr *vr)
{
	struct europa_events *events = &vr->events;

	spin_lock_init(&events->lock);
	INIT_DELAYED_WORK(&events->state_work, europa_events_state_work);
	INIT_DELAYED_WORK(&events->filters_work, europa_events_filters_work);
	INIT_DELAYED_WORK(&events->mtu_work, europa_events_mtu_work);
}

static void europa_events_cancel(struct europa_vr *vr,
				 struct delayed_work *work)
{
	if (cancel_delayed_work_sync(work))
		europa_vr_put(vr); /* the work's reference */
}

/*
 * The last event of a VR, after those of its ports. Its data plane has yet to
 * be parted from it; nobody is told, for the number may be another VR's by
 * then. The work waited for does not take rtnl.
 */
void europa_event_vr_del(struct europa_vr *vr)
{
	struct europa_events *events = &vr->events;

	ASSERT_RTNL();
	spin_lock_bh(&events->lock);
	events->closed = true;
	events->owed = 0;
	spin_unlock_bh(&events->lock);
	europa_events_cancel(vr, &events->state_work);
	europa_events_tell(vr);
	europa_event_vr(vr, EUROPA_EVENT_VR_DEL);
}

/* Closed, no work is queued any more: none runs in a module that has gone.
 * Without rtnl, which two of them take.
 */
void europa_event_drain(struct europa_vr *vr)
{
	europa_events_cancel(vr, &vr->events.state_work);
	europa_events_cancel(vr, &vr->events.filters_work);
	europa_events_cancel(vr, &vr->events.mtu_work);
}
