// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <linux/ip.h>
#include <linux/sched/signal.h>
#include <linux/wait_bit.h>
#include "edit.h"
#include "filter.h"
#include "port.h"
#include "rx.h"
#include "trace.h"
#include "tx.h"
#include "xmit.h"

/*
 * A burst on its way out. The port is kept from one entry to the next, all in
 * one RCU section: most go where the last one went.
 */
struct europa_tx {
	struct europa_out out;
	struct europa_queue *queue;
	u32 clear;	/* number of a port whose packets no rule stops, or -1 */
	bool agree;			/* EUROPA_FEATURE_AGREE */
	bool tags_stop;			/* rules of out.port's VLAN interfaces */
	struct europa_train train;	/* by port; not counted there yet */
	/* What is usual in this burst, as europa_tx_aim() found it. */
	struct europa_entry usual;	/* offset, port, op */
	struct europa_record from;	/* port, owner, flags */
	u64 mac;			/* europa_mac_key() of the source, ... */
	u64 mac_mask;			/* ... where it matters; else 0 */
	u32 longest;			/* bytes of a frame */
};

/* Of an entry and of a record: what europa_tx.usual and .from are compared with. */
static const struct europa_entry europa_tx_usual_mask = {
	.offset = U16_MAX,
	.port = U16_MAX,
	.op = U8_MAX,
};

static const struct europa_record europa_tx_from_mask = {
	.port = U16_MAX,
	.owner = U8_MAX,
	.flags = EUROPA_RECORD_PLAIN | EUROPA_RECORD_TAPPED,
};

/* The packets that wait leave, before another that does not wait with them: as
 * they were sent, so they go.
 */
static __always_inline void europa_tx_flush(struct europa_tx *tx)
{
	if (tx->train.head)
		europa_xmit_train(tx->out.port, &tx->train);
}

/* No entry names such a port, and no record such an owner. */
static void europa_tx_lose_aim(struct europa_tx *tx)
{
	tx->usual.port = U16_MAX;
	tx->from.owner = EUROPA_OWNER_COUNT;
}

static void europa_tx_count_sent(struct europa_tx *tx)
{
	struct europa_port *port = tx->out.port;

	europa_tx_flush(tx);
	if (!tx->train.sent)
		return;
	europa_stats_add(port->stats, EUROPA_C_SEND, tx->train.sent);
	if (tx->out.dev == tx->out.lower)
		dev_sw_netstats_tx_add(port->dev, tx->train.sent,
				       tx->train.sent_bytes);
	tx->train.sent = 0;
	tx->train.sent_bytes = 0;
}

/*
 * To another port. Where tc or netfilter listens to what leaves it, or a qdisc
 * waits there, a data plane that agrees sends through the port's own interface.
 */
static noinline struct europa_port *europa_tx_switch(struct europa_tx *tx,
						     u16 number)
{
	struct europa_port *port = europa_port_get(tx->queue->vr, number);
	u32 filters = 0;

	europa_tx_count_sent(tx);
	europa_tx_lose_aim(tx);
	tx->out.port = port;
	if (!port)
		return NULL;
	if (tx->agree)
		filters = europa_filter_look(port) & ~EUROPA_FILTER_TO_STACK;
	tx->tags_stop = filters & EUROPA_FILTER_VLAN_EGRESS;
	tx->out.lower = port->lower_dev;
	tx->out.dev = tx->out.lower;
	if (filters & ~EUROPA_FILTER_VLAN_EGRESS)
		tx->out.dev = port->dev;
	return port;
}

static struct europa_port *europa_tx_port(struct europa_tx *tx, u16 number)
{
	if (likely(tx->out.port && tx->out.port->number == number))
		return tx->out.port;
	return europa_tx_switch(tx, number);
}

static enum europa_counter europa_tx_transmit(struct europa_tx *tx)
{
	unsigned int len = tx->out.skb->len;
	int err = europa_xmit(tx->out.port, tx->out.dev, tx->out.skb);

	if (unlikely(err))
		return EUROPA_C_TX_QDISC;
	tx->train.sent++;
	tx->train.sent_bytes += len;
	return EUROPA_C_SEND;
}

/* Consumes tx->out.skb in every case. */
static enum europa_counter europa_tx_send(struct europa_tx *tx)
{
	enum europa_counter why = EUROPA_C_BAD_PORT;

	if (unlikely(!europa_tx_port(tx, tx->out.entry->port)))
		goto drop;
	why = EUROPA_C_TX_DOWN;
	if (unlikely(!netif_running(tx->out.port->dev) ||
		     !netif_running(tx->out.lower)))
		goto drop;
	why = europa_edit_prepare(&tx->out);
	if (likely(why == EUROPA_C_SEND))
		return europa_tx_transmit(tx);
drop:
	kfree_skb(tx->out.skb);
	return why;
}

/* The packet as it was received; of a spare slot, the bytes in it. */
static enum europa_counter europa_tx_punt(struct europa_tx *tx)
{
	u16 number = tx->out.skb ? tx->out.record->port : tx->out.entry->port;
	struct europa_port *port = europa_tx_port(tx, number);
	enum europa_counter why = EUROPA_C_SEND;

	if (!port)
		why = tx->out.skb ? EUROPA_C_GONE : EUROPA_C_BAD_PORT;
	else if (!netif_running(port->dev))
		why = EUROPA_C_TX_DOWN;
	else if (!tx->out.skb)
		why = europa_edit_make(&tx->out, port->dev);
	if (why == EUROPA_C_SEND) {
		europa_rx_stack(port, tx->out.skb, tx->out.record->flags);
		return EUROPA_C_PUNT;
	}
	kfree_skb(tx->out.skb);
	return why;
}

/*
 * Is there a rule in the kernel for this packet? Looked for anew in each burst,
 * and before anything of the packet was changed: from the moment one is there
 * nothing more goes past it. One look for all packets from a port without.
 */
static noinline bool europa_tx_stopped(struct europa_tx *tx)
{
	struct europa_port *port;
	u32 filters = 0;

	if (tx->out.record->owner != EUROPA_OWNER_RX)
		return false;
	if (tx->agree) {
		port = europa_port_get(tx->queue->vr, tx->out.record->port);
		if (!port)
			return true; /* it goes, and its packets with it */
		filters = europa_filter_look(port);
	}
	if (!(filters & EUROPA_FILTER_TO_STACK))
		tx->clear = tx->out.record->port;
	return europa_filter_stops(filters, tx->out.skb);
}

/* Does one at a VLAN interface of the port that it leaves by, with a tag? */
static noinline bool europa_tx_tag_stopped(struct europa_tx *tx)
{
	return tx->out.record->owner == EUROPA_OWNER_RX &&
	       europa_tx_port(tx, tx->out.entry->port) && tx->tags_stop;
}

/* SEND of a packet that a rule stops: as if the data plane had said PUNT. */
static enum europa_counter europa_tx_filtered(struct europa_tx *tx)
{
	enum europa_counter why = europa_tx_punt(tx);

	return why == EUROPA_C_PUNT ? EUROPA_C_FILTERED : why;
}

/* A copy of what the VR takes for itself, for tcpdump on the port. */
static void europa_tx_tap_rx(const struct europa_tx *tx)
{
	struct europa_port *port;

	if (likely(!(tx->out.record->flags & EUROPA_RECORD_TAPPED)) ||
	    tx->out.entry->op == EUROPA_OP_PUNT || !tx->out.skb)
		return;
	port = europa_port_get(tx->queue->vr, tx->out.record->port);
	if (port)
		europa_port_tap_rx(port, tx->out.skb);
}

static enum europa_counter europa_tx_op(struct europa_tx *tx)
{
	bool bad_state = READ_ONCE(tx->out.slot->state) != EUROPA_STATE_KERNEL;
	bool send = tx->out.entry->op == EUROPA_OP_SEND && !bad_state &&
		    tx->out.record->owner != EUROPA_OWNER_VR;

	if (unlikely(tx->out.record->port != tx->clear) && send &&
	    europa_tx_stopped(tx))
		return europa_tx_filtered(tx);
	if (unlikely(READ_ONCE(tx->out.slot->flags) & EUROPA_SLOT_VLAN) &&
	    send && europa_tx_tag_stopped(tx))
		return europa_tx_filtered(tx);
	europa_tx_tap_rx(tx);
	if (likely(send))
		return europa_tx_send(tx);
	if (tx->out.entry->op == EUROPA_OP_PUNT && !bad_state &&
	    tx->out.record->owner != EUROPA_OWNER_VR)
		return europa_tx_punt(tx);
	if (tx->out.entry->op == EUROPA_OP_DROP && !bad_state)
		consume_skb(tx->out.skb); /* as it wants: no drop to look into */
	else
		kfree_skb(tx->out.skb);
	if (bad_state)
		return EUROPA_C_BAD_STATE;
	if (tx->out.entry->op > EUROPA_OP_PUNT)
		return EUROPA_C_BAD_OP;
	if (tx->out.record->owner == EUROPA_OWNER_VR)
		return EUROPA_C_GONE;
	if (tx->out.record->owner == EUROPA_OWNER_RX)
		europa_tx_port(tx, tx->out.record->port);
	return EUROPA_C_DROP;
}

/* The port that an outcome other than SEND is counted at; NULL: the VR itself. */
static struct europa_port *europa_tx_blamed(const struct europa_out *out,
					    enum europa_counter outcome)
{
	switch (outcome) {
	case EUROPA_C_BAD_STATE:
	case EUROPA_C_BAD_OP:
	case EUROPA_C_BAD_PORT:
	case EUROPA_C_GONE:
		return NULL;
	case EUROPA_C_DROP:
		return out->record->owner == EUROPA_OWNER_RX ? out->port : NULL;
	default:
		return out->port;
	}
}

static void europa_tx_count(const struct europa_tx *tx,
			    enum europa_counter outcome)
{
	const struct europa_out *out = &tx->out;
	struct europa_port *port = europa_tx_blamed(out, outcome);
	u16 number;

	/* Counted when the packet was taken back. */
	if (outcome == EUROPA_C_GONE && out->record->owner == EUROPA_OWNER_VR)
		return;
	europa_stats_inc(port ? port->stats : tx->queue->vr->stats, outcome);
	if (outcome == EUROPA_C_PUNT || outcome == EUROPA_C_FILTERED)
		return;
	number = out->record->owner == EUROPA_OWNER_RX ? out->record->port :
							 out->entry->port;
	trace_europa_drop(tx->queue->vr->id, port ? port->number : number,
			  out->entry->len, outcome);
}

static void europa_tx_account(struct europa_tx *tx, enum europa_counter outcome)
{
	if (unlikely(outcome != EUROPA_C_SEND))
		europa_tx_count(tx, outcome);
	if (unlikely(tx->out.record->owner == EUROPA_OWNER_SPARE) &&
	    (outcome == EUROPA_C_SEND || outcome == EUROPA_C_PUNT))
		europa_stats_inc(tx->out.port->stats, EUROPA_C_ORIGINATED);
}

static void europa_tx_take(struct europa_tx *tx, const struct europa_claim *claim)
{
	tx->out.entry = &claim->entry;
	tx->out.record = &claim->record;
	tx->out.skb = claim->record.skb;
	tx->out.slot = europa_pool_slot(tx->out.pool, claim->entry.slot);
}

/* No lock is held here: the packet may come back in by another device. */
static void europa_tx_one(struct europa_tx *tx, const struct europa_claim *claim)
{
	europa_tx_flush(tx);
	europa_tx_take(tx, claim);
	europa_tx_account(tx, europa_tx_op(tx));
}

/* ---- what is usual ---- */

/* The edited packet turns out to be no usual one; it has to be looked at. */
static noinline void europa_tx_settle(struct europa_tx *tx,
				      const struct europa_claim *claim)
{
	enum europa_counter outcome;

	europa_tx_flush(tx);
	europa_tx_take(tx, claim);
	outcome = europa_edit_settle(&tx->out);
	if (outcome == EUROPA_C_SEND)
		outcome = europa_tx_transmit(tx);
	else
		kfree_skb(tx->out.skb);
	europa_tx_account(tx, outcome);
}

/*
 * From a port without rules, by a port whose lower device has nothing in the way:
 * are packets that go from there to there usual? Found out once, and kept until
 * there is another pair of ports.
 */
static bool europa_tx_aim(struct europa_tx *tx, const struct europa_claim *claim)
{
	u16 from = claim->record.port, to = claim->entry.port;
	struct europa_port *port;

	if (claim->entry.op != EUROPA_OP_SEND ||
	    claim->record.owner != EUROPA_OWNER_RX ||
	    (from == tx->from.port && to == tx->usual.port))
		return false;
	europa_tx_flush(tx);
	europa_tx_lose_aim(tx);
	europa_tx_take(tx, claim);
	if (from != tx->clear && europa_tx_stopped(tx))
		return false;
	port = europa_tx_port(tx, to);
	tx->from.port = from;
	tx->usual.port = to;
	if (from != tx->clear || !port || tx->out.dev != tx->out.lower ||
	    !europa_xmit_direct(port))
		return false;
	tx->usual.offset = EUROPA_DATA_OFFSET;
	tx->usual.op = EUROPA_OP_SEND;
	tx->from.owner = EUROPA_OWNER_RX;
	tx->from.flags = EUROPA_RECORD_PLAIN;
	tx->mac = europa_mac_key(port->dev->dev_addr);
	tx->mac_mask = READ_ONCE(port->spoofchk) ? U64_MAX : 0;
	tx->longest = europa_port_longest(port->lower_dev);
	return true;
}

/* Whose the slot is, and that no tag is asked for, in one look: both stand in
 * its first eight bytes.
 */
static __always_inline bool europa_tx_slot_usual(const struct europa_slot *slot)
{
	union {
		struct {
			u32 state;
			u32 flags;
		};
		u64 both;
	} now = { .both = READ_ONCE(*(const u64 *)slot) };

	return now.state == EUROPA_STATE_KERNEL &&
	       !(now.flags & EUROPA_SLOT_VLAN);
}

/* All that can be told before anything is changed. */
static __always_inline bool europa_tx_is_usual(const struct europa_tx *tx,
					       const struct europa_claim *claim,
					       const struct europa_slot *slot)
{
	const struct europa_entry *entry = &claim->entry;
	u32 len = entry->len;

	return !((entry->word[1] ^ tx->usual.word[1]) &
		 europa_tx_usual_mask.word[1]) &&
	       !((claim->record.what ^ tx->from.what) &
		 europa_tx_from_mask.what) &&
	       europa_tx_slot_usual(slot) && len == claim->record.skb->len &&
	       len <= tx->longest && entry->bytes <= len &&
	       entry->bytes <= tx->out.pool->snap;
}

/* Checksums as in europa_edit_write_back() and europa_edit_csum(). */
static __always_inline void europa_tx_headers(struct sk_buff *skb, u32 bytes)
{
	if (unlikely(skb->ip_summed != CHECKSUM_NONE) &&
	    (skb->ip_summed == CHECKSUM_COMPLETE ||
	     bytes > ETH_HLEN + sizeof(struct iphdr)))
		skb->ip_summed = CHECKSUM_NONE;
	skb->network_header = skb->mac_header + ETH_HLEN;
	skb->transport_header = skb->network_header;
	skb->mac_len = ETH_HLEN;
}

/*
 * Most packets: plain when they were kept, see europa_rx_is_usual(), sent as long
 * as they came, by the port the last one went to. All that the general way would
 * check is checked, on the bytes as they are in the packet. False: it is for the
 * general way, and nothing happened.
 */
static __always_inline bool europa_tx_usual(struct europa_tx *tx,
					    const struct europa_claim *claim)
{
	struct europa_slot *slot = europa_pool_slot(tx->out.pool,
						    claim->entry.slot);
	struct sk_buff *skb = claim->record.skb;
	u32 bytes = claim->entry.bytes;
	struct ethhdr *eth;

	if (unlikely(!europa_tx_is_usual(tx, claim, slot)))
		return false;
	eth = (struct ethhdr *)skb->data;
	europa_pool_copy(eth, (void *)slot + EUROPA_DATA_OFFSET, bytes);
	europa_tx_headers(skb, bytes);
	if (unlikely(is_multicast_ether_addr(eth->h_dest) ||
		     eth->h_proto != skb->protocol ||
		     (europa_mac_key(eth->h_source) ^ tx->mac) & tx->mac_mask))
		europa_tx_settle(tx, claim);
	else
		europa_train_add(&tx->train, tx->out.lower, skb);
	return true;
}

/* Not like the last one. It may be like the next ones. */
static noinline void europa_tx_unusual(struct europa_tx *tx,
				       const struct europa_claim *claim)
{
	if (!europa_tx_aim(tx, claim) || !europa_tx_usual(tx, claim))
		europa_tx_one(tx, claim);
}

/* ---- bursts ---- */

/* What a drainer has in hand: a burst, in one half of the pool's claims. */
struct europa_tx_hand {
	struct europa_claim *claims;
	u32 n;
};

/*
 * Give the last burst's slots back, and claim those of the next that were read.
 * The lock is held for the owner table alone: what the VR wrote is read before,
 * and what it is to read is written after.
 */
static u32 europa_tx_turn(struct europa_queue *queue,
			  const struct europa_tx_hand *last,
			  struct europa_tx_hand *next)
{
	struct europa_pool *pool = queue->pool;
	u32 spares, bad = 0;

	spin_lock(&queue->lock);
	spares = europa_pool_release(pool, last->claims, last->n);
	next->n = europa_pool_claim(pool, next->claims, next->n, &bad);
	spin_unlock(&queue->lock);
	if (unlikely(spares))
		europa_pool_issue(pool, last->claims, spares);
	return bad;
}

static void europa_tx_all(struct europa_queue *queue,
			  const struct europa_tx_hand *hand)
{
	struct europa_tx tx = {
		.queue = queue,
		.out.pool = queue->pool,
		.clear = U32_MAX,
		.agree = queue->features & EUROPA_FEATURE_AGREE,
	};
	const struct europa_claim *claim = hand->claims;
	const struct europa_claim *end = claim + hand->n;

	europa_train_init(&tx.train);
	europa_tx_lose_aim(&tx);
	rcu_read_lock();
	for (; claim < end; claim++)
		if (unlikely(!europa_tx_usual(&tx, claim)))
			europa_tx_unusual(&tx, claim);
	europa_tx_count_sent(&tx);
	rcu_read_unlock();
}

/* The half of the claims that is not in the hand. */
static struct europa_claim *europa_tx_next(const struct europa_pool *pool,
					   const struct europa_tx_hand *hand)
{
	return pool->claims + (hand->claims == pool->claims ? EUROPA_BURST : 0);
}

/*
 * One burst. Returns how many entries were read; hand carries over. From claim
 * to use BH stays off.
 */
static u32 europa_tx_burst(struct europa_queue *queue,
			   struct europa_tx_hand *hand)
{
	struct europa_tx_hand next = {
		.claims = europa_tx_next(queue->pool, hand),
	};
	u32 read, bad = 0;

	next.n = europa_pool_read(queue->pool, next.claims, &bad);
	read = next.n + bad;
	if (next.n || hand->n) {
		local_bh_disable();
		bad += europa_tx_turn(queue, hand, &next);
		europa_tx_all(queue, &next);
		local_bh_enable();
	}
	if (unlikely(bad))
		europa_stats_add(queue->vr->stats, EUROPA_C_BAD_SLOT, bad);
	*hand = next;
	return read;
}

/* At most a ring's worth. DRAINING is held; the pool cannot go away. */
u32 europa_tx_ring(struct europa_queue *queue)
{
	struct europa_tx_hand none = { }, hand = {
		.claims = queue->pool->claims,
	};
	u32 most = queue->pool->tx.mask + 1;
	u32 n, total = 0;

	do {
		n = europa_tx_burst(queue, &hand);
		total += n;
		cond_resched();
	} while (n == EUROPA_BURST && total < most);
	if (hand.n) {
		local_bh_disable();
		europa_tx_turn(queue, &hand, &none);
		local_bh_enable();
	}
	return total;
}

/*
 * Is there anything on tx? Who has published sees what is his, so for him no is no.
 * Without a lock; the pool stays for the RCU section, see europa_queue_readable().
 */
bool europa_tx_pending(const struct europa_queue *queue)
{
	const struct europa_pool *pool;
	bool pending;

	rcu_read_lock();
	pool = READ_ONCE(queue->pool);
	pending = pool && europa_ring_ready(&pool->tx);
	rcu_read_unlock();
	return pending;
}

/*
 * One drainer at a time: who finds the bit taken leaves KICKED behind, and the
 * drainer looks at it after it let go.
 *
 * A drainer that clears another's KICKED has to see what that one published. A
 * system call orders nothing, and the VR's release store nothing that follows
 * it: without the first fence an entry might wait for the next kick.
 */
static void europa_tx_ask(struct europa_queue *queue)
{
	smp_mb__before_atomic(); /* the ring before KICKED */
	set_bit(EUROPA_QUEUE_KICKED, &queue->bits);
	smp_mb__after_atomic(); /* KICKED before DRAINING, as in the loop below */
}

/* What there is by now. False: somebody else drains. */
static bool europa_tx_try(struct europa_queue *queue, u32 *total)
{
	if (test_and_set_bit_lock(EUROPA_QUEUE_DRAINING, &queue->bits))
		return false;
	clear_bit(EUROPA_QUEUE_KICKED, &queue->bits);
	smp_mb__after_atomic(); /* before reading the ring */
	if (queue->pool)
		*total += europa_tx_ring(queue);
	clear_and_wake_up_bit(EUROPA_QUEUE_DRAINING, &queue->bits);
	return true;
}

/*
 * Somebody else drains, and does not look again, if it is a poller at its end:
 * wait for it then. Did it look as long as others kick, it would never end, if
 * a hostile VR liked, nor would who waits for that.
 */
static bool europa_tx_await_last(struct europa_queue *queue)
{
	smp_mb(); /* DRAINING before PARTED; pairs with the poller's end */
	return test_bit(EUROPA_QUEUE_PARTED, &queue->bits) &&
	       !wait_on_bit(&queue->bits, EUROPA_QUEUE_DRAINING, TASK_KILLABLE);
}

/* Drain what the VR has published, in the caller's context. Returns entries
 * read.
 */
u32 europa_tx_drain(struct europa_queue *queue)
{
	u32 total = 0;

	europa_tx_ask(queue);
	while (test_bit(EUROPA_QUEUE_KICKED, &queue->bits) &&
	       !test_bit(EUROPA_QUEUE_CLOSING, &queue->bits) &&
	       !fatal_signal_pending(current))
		if (!europa_tx_try(queue, &total) &&
		    !europa_tx_await_last(queue))
			break;
	return total;
}

/*
 * The same once, for a poller, which looks at the ring again anyway, so that no
 * kick is lost that came meanwhile. Returns entries read; 0 also if somebody
 * else drains, who looks again.
 */
u32 europa_tx_pass(struct europa_queue *queue)
{
	u32 total = 0;

	europa_tx_ask(queue);
	if (!test_bit(EUROPA_QUEUE_CLOSING, &queue->bits))
		europa_tx_try(queue, &total);
	return total;
}
