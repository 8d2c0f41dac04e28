// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * To wake a process costs several times what the kernel's own forwarding does.
 * So a packet that comes alone to a data plane that sleeps goes to the port's
 * stack, which forwards it by the same routes, where the data plane allows it:
 * EUROPA_FEATURE_IDLE at ATTACH, and EUROPA_RX_IDLE for each sleep.
 *
 * Order: the stack gets a packet only while no other is on the rx ring, in the
 * data plane's hands or being transmitted for it, by the kernel's own table, nor
 * waits in this processor's stage; and as a rule it is done with it before this
 * processor looks at the next one. So neither way overtakes the other. What takes
 * packets to other processors or queues below may still do so, as for any
 * forwarder: RPS on the port, XPS.
 *
 * When does waking pay? From EUROPA_IDLE_RUN packets at a time.
 * - The last time that the data plane was woken is looked at first. If that was
 *   for as many, it is woken at once: a load that comes in bursts keeps to it.
 * - Else packets are counted as they come, as long as each follows the one
 *   before sooner than that took: back to back, as in a driver's batch, or so
 *   fast that the stack at this port takes half of a processor. Where the lower
 *   device itself takes longer than that for a packet, waking has little to save.
 * Who was woken in vain is asleep for the next packets that come alone.
 */
#include <linux/sched/clock.h>
#include "idle.h"
#include "vr.h"

/* Packets: from so many on, waking costs less; measured, docs/performance.md. */
#define EUROPA_IDLE_RUN	4

/*
 * Armed with nothing to do, and the stack may have it. The caller knows that it
 * is in poll(). rx_wait is what the data plane says; if it is not true, its own
 * packets go the other way.
 */
static bool europa_idle_allowed(const struct europa_queue *queue)
{
	const struct europa_pool *pool = queue->pool;

	return !pool->count[EUROPA_OWNER_RX] &&
	       !pool->count[EUROPA_OWNER_TX] &&
	       READ_ONCE(pool->ctl->rx_wait) ==
		(EUROPA_RX_ARMED | EUROPA_RX_IDLE | pool->rx.cursor) &&
	       READ_ONCE(queue->vr->fallback) != EUROPA_FALLBACK_DROP;
}

/*
 * Is it time to wake it? The clocks of two processors may differ, and an end may
 * be another's: hence the signs.
 */
static bool europa_idle_wakes(struct europa_queue *queue)
{
	struct europa_idle *idle = &queue->idle;
	u64 now;

	if (queue->pool->rx.cursor - idle->cursor >= EUROPA_IDLE_RUN)
		return true;
	now = local_clock();
	if ((s64)(now - READ_ONCE(idle->end)) > (s64)READ_ONCE(idle->took))
		idle->run = 0;
	WRITE_ONCE(idle->start, now);
	return idle->run == EUROPA_IDLE_RUN - 1;
}

/*
 * Is this packet for the port's stack, as it is not worth waking the data plane
 * that sleeps? Those of its run that the stack had count as what the data plane
 * is woken for.
 */
bool europa_idle_takes(struct europa_queue *queue)
{
	struct europa_idle *idle = &queue->idle;
	const u64 asked = EUROPA_FEATURE_IDLE | EUROPA_FEATURE_AGREE;

	lockdep_assert_held(&queue->lock);
	if ((queue->features & asked) != asked || !europa_idle_allowed(queue))
		return false;
	if (!europa_idle_wakes(queue)) {
		idle->run++;
		return true;
	}
	idle->cursor = queue->pool->rx.cursor - idle->run;
	idle->run = 0;
	return false;
}

/*
 * The stack is done with the packet. Without the lock: where two processors mix
 * their times up, the estimate is off for a run.
 */
void europa_idle_done(struct europa_queue *queue)
{
	u64 now = local_clock();

	WRITE_ONCE(queue->idle.took, now - READ_ONCE(queue->idle.start));
	WRITE_ONCE(queue->idle.end, now);
}
