// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include "hold.h"
#include "vr.h"

void europa_hold_init(struct europa_queue *queue)
{
	__skb_queue_head_init(&queue->hold.list);
}

/* For a pool with so many free slots. */
void europa_hold_begin(struct europa_queue *queue, u32 places)
{
	lockdep_assert_held(&queue->lock);
	queue->hold.places = min_t(u32, places, EUROPA_HOLD_MAX);
}

/* Of its share of the VR's limit: what the data plane there is has counts, too. */
static u64 europa_hold_limit(const struct europa_queue *queue)
{
	u64 limit = READ_ONCE(queue->vr->share);
	u64 kept = queue->pool ? queue->pool->kept_bytes : 0;

	return limit - min(limit, kept);
}

/* Scrubbed, as those that are kept are. EUROPA_C_RX, or why there is no room. */
enum europa_counter europa_hold_add(struct europa_queue *queue,
				    struct sk_buff *skb, u16 port, u8 flags)
{
	struct europa_hold *hold = &queue->hold;

	lockdep_assert_held(&queue->lock);
	if (!hold->places)
		return EUROPA_C_RX_FULL;
	if (hold->bytes + skb->truesize > europa_hold_limit(queue))
		return EUROPA_C_RX_LIMIT;
	europa_held(skb)->port = port;
	europa_held(skb)->flags = flags;
	hold->places--;
	hold->bytes += skb->truesize;
	__skb_queue_tail(&hold->list, skb);
	return EUROPA_C_RX;
}

/* Is half of the room taken? */
bool europa_hold_half(const struct europa_queue *queue)
{
	const struct europa_hold *hold = &queue->hold;

	lockdep_assert_held(&queue->lock);
	return skb_queue_len(&hold->list) > hold->places ||
	       2 * hold->bytes > europa_hold_limit(queue);
}

/* The oldest, or NULL. Its place stays taken, so who takes all comes to an end. */
struct sk_buff *europa_hold_take(struct europa_queue *queue)
{
	struct sk_buff *skb = __skb_dequeue(&queue->hold.list);

	lockdep_assert_held(&queue->lock);
	if (skb)
		queue->hold.bytes -= skb->truesize;
	return skb;
}

void europa_hold_withdraw_port(struct europa_queue *queue, u16 port,
			       struct sk_buff_head *withdrawn)
{
	struct sk_buff *skb, *next;

	lockdep_assert_held(&queue->lock);
	skb_queue_walk_safe(&queue->hold.list, skb, next) {
		if (europa_held(skb)->port != port)
			continue;
		__skb_unlink(skb, &queue->hold.list);
		queue->hold.bytes -= skb->truesize;
		__skb_queue_tail(withdrawn, skb);
	}
}
