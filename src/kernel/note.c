// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <linux/rtnetlink.h>
#include "note.h"
#include "port.h"

static struct workqueue_struct *europa_note_wq;

int europa_note_module_init(void)
{
	europa_note_wq = alloc_workqueue("europa", WQ_UNBOUND, 0);
	return europa_note_wq ? 0 : -ENOMEM;
}

void europa_note_module_exit(void)
{
	destroy_workqueue(europa_note_wq);
}

/* Takes a token and returns 0, or returns the jiffies until there is one. */
static unsigned long europa_bucket_take(struct europa_bucket *bucket)
{
	const u64 gap = DIV_ROUND_UP(HZ, EUROPA_EVENT_RATE);
	u64 now = get_jiffies_64();
	u64 full = max(bucket->full, now) + gap;
	u64 most = now + EUROPA_EVENT_BURST * gap;

	if (full > most)
		return full - most;
	bucket->full = full;
	return 0;
}

/* The caller has a reference on the VR of its own. */
static void europa_note_schedule(struct europa_vr *vr,
				 struct delayed_work *work,
				 unsigned long delay)
{
	lockdep_assert_held(&vr->events.lock);
	if (queue_delayed_work(europa_note_wq, work, delay))
		kref_get(&vr->refs);
}

static void europa_note_soon(struct europa_vr *vr, struct delayed_work *work)
{
	spin_lock_bh(&vr->events.lock);
	if (!vr->events.closed)
		europa_note_schedule(vr, work, 0);
	spin_unlock_bh(&vr->events.lock);
}

static void europa_note_add(struct europa_events *events,
			    const struct europa_note *note)
{
	u32 last = (events->first + events->count++) % EUROPA_EVENT_BURST;

	lockdep_assert_held(&events->lock);
	events->notes[last] = *note;
}

/* Told by the work and not here, where the owner could be made to wait, or
 * stopped, at any point: so who closes need not wait for him.
 */
void europa_note_state(struct europa_vr *vr, const struct europa_note *note)
{
	struct europa_events *events = &vr->events;
	u64 queue = BIT_ULL(note->queue);
	unsigned long wait = 0;

	static_assert(EUROPA_QUEUES_MAX <= 64);
	lockdep_assert_held(&vr->lock);
	spin_lock_bh(&events->lock);
	/* Owed: the state that this led to, too, will be told. */
	if (events->closed || events->owed & queue)
		goto unlock;
	if (events->count < EUROPA_EVENT_BURST)
		wait = europa_bucket_take(&events->states);
	if (wait || events->count == EUROPA_EVENT_BURST)
		events->owed |= queue;
	else
		europa_note_add(events, note);
	europa_note_schedule(vr, &events->state_work, wait);
unlock:
	spin_unlock_bh(&events->lock);
}

/*
 * The port's filters are others than last time. Under RCU, also in softirq; the
 * port has a reference on the VR. The caller has stored what they are now: full
 * barriers here and in the work see to it that the work tells that.
 */
void europa_note_filters(struct europa_port *port)
{
	struct europa_vr *vr = port->vr;
	struct europa_events *events = &vr->events;

	if (!test_and_set_bit(port->number, events->filters))
		europa_note_soon(vr, &events->filters_work);
}

void europa_note_mtu(struct europa_vr *vr)
{
	ASSERT_RTNL();
	europa_note_soon(vr, &vr->events.mtu_work);
}

/* Whose state is owed next? In turn, so that no queue keeps others silent. */
static u8 europa_note_turn(struct europa_events *events)
{
	u64 later = events->owed & (~0ULL << events->turn);
	u8 queue = __ffs64(later ?: events->owed);

	lockdep_assert_held(&events->lock);
	events->turn = (queue + 1) % EUROPA_QUEUES_MAX;
	return queue;
}

/* What to tell next: the notes, oldest first; then the states that are owed, each
 * once there is a token. Its event is 0, queue the queue, and the rest for the
 * caller to look up.
 */
bool europa_note_next(struct europa_vr *vr, struct europa_note *note)
{
	struct europa_events *events = &vr->events;
	unsigned long wait;
	bool found = true;

	spin_lock_bh(&events->lock);
	note->event = 0;
	if (events->count) {
		*note = events->notes[events->first];
		events->first = (events->first + 1) % EUROPA_EVENT_BURST;
		events->count--;
	} else if (events->owed) {
		wait = europa_bucket_take(&events->states);
		found = !wait;
		if (wait) {
			europa_note_schedule(vr, &events->state_work, wait);
		} else {
			note->queue = europa_note_turn(events);
			events->owed &= ~BIT_ULL(note->queue);
		}
	} else {
		found = false;
	}
	spin_unlock_bh(&events->lock);
	return found;
}

/* May another port's filters be told? If not, the work is queued for when they
 * may.
 */
bool europa_note_may_tell_filters(struct europa_vr *vr)
{
	struct europa_events *events = &vr->events;
	unsigned long wait;

	spin_lock_bh(&events->lock);
	wait = europa_bucket_take(&events->filters_told);
	if (wait && !events->closed)
		europa_note_schedule(vr, &events->filters_work, wait);
	spin_unlock_bh(&events->lock);
	return !wait;
}
