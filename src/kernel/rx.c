// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include "compat.h"
#include "filter.h"
#include "hold.h"
#include "idle.h"
#include "rx.h"
#include "trace.h"
#include "wake.h"

/*
 * To the kernel's own stack at the port. The skb starts at its Ethernet header,
 * which nobody has edited. BH is off.
 */
void europa_rx_stack(struct europa_port *port, struct sk_buff *skb, u8 flags)
{
	/* nothing of ours, for programs that read it as tc's */
	memset(skb->cb, 0, sizeof(struct europa_rx_address));
	skb_reset_redirect(skb); /* else the port's XDP program would not see it */
	skb->dev = port->dev;
	skb->protocol = eth_type_trans(skb, port->dev);
	if ((flags & EUROPA_RX_ADDRESSED) && skb->pkt_type == PACKET_OTHERHOST)
		skb->pkt_type = PACKET_HOST;
	netif_receive_skb(skb);
}

/* A packet there was no memory to make a copy of. */
void europa_rx_nomem(struct europa_port *port, u32 len)
{
	europa_stats_inc(port->stats, EUROPA_C_RX_NOMEM);
	trace_europa_drop(port->vr->id, port->number, len, EUROPA_C_RX_NOMEM);
}

static void europa_rx_drop(const struct europa_port *port, struct sk_buff *skb,
			   enum europa_counter why)
{
	europa_stats_inc(port->stats, why);
	trace_europa_drop(port->vr->id, port->number, skb->len, why);
	kfree_skb(skb);
}

static void europa_rx_fallback(struct europa_port *port, struct sk_buff *skb,
			       u8 flags)
{
	if (READ_ONCE(port->vr->fallback) == EUROPA_FALLBACK_DROP) {
		europa_rx_drop(port, skb, EUROPA_C_RX_FALLBACK);
		return;
	}
	europa_stats_inc(port->stats, EUROPA_C_FALLBACK);
	europa_rx_stack(port, skb, flags);
}

static void europa_rx_gone(struct europa_vr *vr, struct sk_buff *skb, u16 number)
{
	europa_stats_inc(vr->stats, EUROPA_C_GONE);
	trace_europa_drop(vr->id, number, skb->len, EUROPA_C_GONE);
	kfree_skb(skb);
}

/* To the fallback after all; had: by a data plane. BH off, under RCU. */
static void europa_rx_let_by(struct europa_vr *vr, struct sk_buff *skb,
			     u16 number, u8 flags, bool had)
{
	struct europa_port *port = europa_port_get(vr, number);

	if (!port || !netif_running(port->dev)) {
		europa_rx_gone(vr, skb, number);
		return;
	}
	if (had)
		europa_stats_inc(port->stats, EUROPA_C_RECLAIMED);
	europa_rx_fallback(port, skb, flags);
}

/* At detach: a packet the VR had and did not give back. BH off, under RCU. */
void europa_rx_reclaim(struct europa_vr *vr,
		       const struct europa_record *record)
{
	europa_rx_let_by(vr, record->skb, record->port, record->flags, true);
}

static u16 europa_rx_gso_type(unsigned int type)
{
	const unsigned int known = SKB_GSO_TCPV4 | SKB_GSO_TCPV6 |
				   SKB_GSO_UDP_L4 | SKB_GSO_TCP_ECN |
				   SKB_GSO_FRAGLIST | SKB_GSO_DODGY |
				   SKB_GSO_TCP_FIXEDID |
				   EUROPA_COMPAT_GSO_ACCECN;
	u16 told = 0;

	if (type & SKB_GSO_TCPV4)
		told |= EUROPA_GSO_TCPV4;
	if (type & SKB_GSO_TCPV6)
		told |= EUROPA_GSO_TCPV6;
	if (type & SKB_GSO_UDP_L4)
		told |= EUROPA_GSO_UDP;
	if (type & SKB_GSO_TCP_ECN)
		told |= EUROPA_GSO_ECN;
	if (type & SKB_GSO_FRAGLIST)
		told |= EUROPA_GSO_FRAGLIST;
	if (type & ~known)
		told |= EUROPA_GSO_OTHER;
	return told;
}

static u16 europa_rx_gso_hdr_len(const struct sk_buff *skb)
{
	unsigned int thlen = sizeof(struct udphdr);

	if (skb->ip_summed != CHECKSUM_PARTIAL)
		return 0;
	if (skb_shinfo(skb)->gso_type & (SKB_GSO_TCPV4 | SKB_GSO_TCPV6)) {
		struct tcphdr buffer, *tcp;

		tcp = skb_header_pointer(skb, skb_checksum_start_offset(skb),
					 sizeof(buffer), &buffer);
		if (!tcp)
			return 0;
		thlen = tcp->doff * 4;
	}
	return skb_checksum_start_offset(skb) + thlen;
}

/* What a data plane must know to edit the headers rightly. Out of line: with
 * it, every packet would pay for its stack.
 */
static noinline u32 europa_rx_describe(const struct sk_buff *skb,
				       struct europa_slot *slot)
{
	const struct skb_shared_info *shared = skb_shinfo(skb);
	u32 flags = 0;

	if (skb_vlan_tag_present(skb)) {
		flags |= EUROPA_SLOT_VLAN;
		slot->vlan_proto = skb->vlan_proto;
		slot->vlan_tci = skb_vlan_tag_get(skb);
	}
	if (skb->ip_summed == CHECKSUM_PARTIAL) {
		flags |= EUROPA_SLOT_CSUM;
		slot->csum_start = skb_checksum_start_offset(skb);
		slot->csum_offset = skb->csum_offset;
	}
	if (skb_is_gso(skb)) {
		flags |= EUROPA_SLOT_GSO;
		slot->gso_type = europa_rx_gso_type(shared->gso_type);
		slot->gso_size = shared->gso_size;
		slot->gso_segs = shared->gso_segs;
		slot->gso_hdr_len = europa_rx_gso_hdr_len(skb);
	}
	return flags;
}

static __always_inline bool europa_rx_is_plain(const struct sk_buff *skb)
{
	return !skb_vlan_tag_present(skb) && !skb_is_gso(skb) &&
	       skb->ip_summed != CHECKSUM_PARTIAL;
}

/*
 * As most packets are: IP in one piece of memory, which is the kernel's alone,
 * with no tag outside or inside and nothing left to do for who sends it. tx has
 * a short way for it, see europa_tx_usual(). True of it for as long as it is
 * kept, but that a tap takes a share of its memory: EUROPA_RECORD_TAPPED.
 */
static __always_inline bool europa_rx_is_usual(const struct sk_buff *skb)
{
	__be16 proto = skb->protocol;

	return !skb->cloned && !skb_is_nonlinear(skb) && !skb->encapsulation &&
	       !europa_compat_decrypted(skb) &&
	       (proto == htons(ETH_P_IP) || proto == htons(ETH_P_IPV6)) &&
	       ((struct ethhdr *)skb->data)->h_proto == proto &&
	       europa_rx_is_plain(skb);
}

/*
 * Packets in a row for one port, linked by skb->next, and what is the same of all
 * of them in an entry and in a record.
 */
struct europa_rx_run {
	struct europa_port *port;
	struct sk_buff *first;
	struct sk_buff *refused;	/* that there is no room for */
	u32 n, truesize;
	bool poller;			/* that one is to be woken */
	struct europa_entry entry;	/* offset, port, flags */
	struct europa_record record;	/* port, owner, flags */
	struct europa_record usual;	/* the same of usual packets */
};

static void europa_rx_run_init(struct europa_rx_run *run,
			       struct europa_port *port, u8 flags)
{
	*run = (struct europa_rx_run) {
		.port = port,
		.entry.offset = EUROPA_DATA_OFFSET,
		.entry.port = port->number,
		.entry.flags = flags,
		.record.port = port->number,
		.record.owner = EUROPA_OWNER_RX,
		.record.flags = flags,
	};
	if (unlikely(!list_empty(&port->dev->ptype_all)))
		run->record.flags |= EUROPA_RECORD_TAPPED;
	run->usual = run->record;
	run->usual.flags |= EUROPA_RECORD_PLAIN;
}

static __always_inline u32 europa_rx_csum_ok(const struct sk_buff *skb)
{
	return skb->ip_summed == CHECKSUM_UNNECESSARY ? EUROPA_SLOT_CSUM_OK : 0;
}

static __always_inline void europa_rx_fill_header(struct europa_slot *slot,
						  const struct sk_buff *skb,
						  u32 flags)
{
	slot->hash = skb->hash;
	WRITE_ONCE(slot->flags, flags);
	WRITE_ONCE(slot->state, EUROPA_STATE_VR);
}

/* Of an entry: what a slot was filled with. */
struct europa_rx_told {
	u16 bytes;
	u8 flags;		/* EUROPA_RX_META, or none */
};

/* Slot header and leading bytes of a packet that is not usual. */
static noinline struct europa_rx_told
europa_rx_fill(const struct europa_pool *pool, struct europa_slot *slot,
	       const struct sk_buff *skb)
{
	struct europa_rx_told told = { .bytes = min(skb->len, pool->snap) };
	void *data = (void *)slot + EUROPA_DATA_OFFSET;
	u32 meta = 0;

	if (!europa_rx_is_plain(skb)) {
		meta = europa_rx_describe(skb, slot);
		told.flags |= EUROPA_RX_META;
	}
	europa_rx_fill_header(slot, skb, meta | europa_rx_csum_ok(skb));
	if (likely(told.bytes <= skb_headlen(skb)))
		europa_pool_copy(data, skb->data, told.bytes);
	else if (skb_copy_bits(skb, 0, data, told.bytes))
		told.bytes = 0; /* fragments the kernel cannot read */
	return told;
}

/* The same of one that is. Returns how many bytes. */
static __always_inline u32 europa_rx_fill_usual(const struct europa_pool *pool,
						struct europa_slot *slot,
						const struct sk_buff *skb)
{
	u32 bytes = min(skb->len, pool->snap);

	europa_rx_fill_header(slot, skb, europa_rx_csum_ok(skb));
	europa_pool_copy((void *)slot + EUROPA_DATA_OFFSET, skb->data, bytes);
	return bytes;
}

/* A packet that has a place, its cursor of the ring: keep it, fill the slot. */
static __always_inline struct europa_entry
europa_rx_keep(struct europa_pool *pool, const struct europa_rx_run *run,
	       struct sk_buff *skb, u32 index, u32 cursor)
{
	struct europa_slot *slot = europa_pool_slot(pool, index);
	struct europa_record *record = &pool->records[index];
	struct europa_entry entry = run->entry;

	entry.len = skb->len;
	entry.slot = index;
	record->skb = skb;
	record->seq = cursor;
	if (likely(europa_rx_is_usual(skb))) {
		entry.bytes = europa_rx_fill_usual(pool, slot, skb);
		record->what = run->usual.what;
	} else {
		struct europa_rx_told told = europa_rx_fill(pool, slot, skb);

		entry.bytes = told.bytes;
		entry.flags |= told.flags;
		record->what = run->record.what;
		record->flags |= told.flags;
	}
	return entry;
}

/*
 * Those of a run that fit in before the ring's end, where all entries have the
 * same phase. Returns how many: run->first is the next one then. The first one's
 * phase, written last, publishes them all.
 */
static __always_inline u32 europa_rx_keep_lap(struct europa_pool *pool,
					      struct europa_rx_run *run,
					      u32 left)
{
	u32 i, n = min(left, europa_ring_left(&pool->rx));
	struct europa_entry *to = europa_ring_next(&pool->rx), head = { };
	u16 *free = pool->free + pool->nfree;
	struct sk_buff *skb = run->first, *next;
	u32 cursor = pool->rx.cursor;

	run->entry.phase = europa_ring_phase(&pool->rx, cursor);
	for (i = 0; i < n; i++, skb = next) {
		struct europa_entry entry;

		next = skb->next;
		skb_mark_not_on_list(skb);
		entry = europa_rx_keep(pool, run, skb, *--free, cursor + i);
		WRITE_ONCE(to[i].word[0], entry.word[0]);
		if (likely(i))
			WRITE_ONCE(to[i].word[1], entry.word[1]);
		else
			head = entry;
	}
	pool->nfree -= n;
	run->first = skb;
	europa_ring_publish(&pool->rx, to, head, n);
	return n;
}

/* The whole run has places. Inline, though not all who call it are in a hurry. */
static __always_inline void europa_rx_keep_all(struct europa_pool *pool,
					       struct europa_rx_run *run)
{
	u32 left = run->n;

	while (left)
		left -= europa_rx_keep_lap(pool, run, left);
	pool->count[EUROPA_OWNER_RX] += run->n;
	pool->kept_bytes += run->truesize;
}

/* Not all have places, or they are too many bytes: which do? The others wait to
 * be dropped. Each as if it had come alone.
 */
static noinline void europa_rx_trim(struct europa_rx_run *run,
				    const struct europa_pool *pool, u64 limit)
{
	struct sk_buff *skb = run->first, *next;
	struct sk_buff **kept = &run->first, **refused = &run->refused;
	u64 bytes = pool->kept_bytes;

	run->n = 0;
	run->truesize = 0;
	for (; skb; skb = next) {
		enum europa_counter why = EUROPA_C_RX;

		next = skb->next;
		if (run->n == pool->nfree)
			why = EUROPA_C_RX_FULL;
		else if (bytes + run->truesize + skb->truesize > limit)
			why = EUROPA_C_RX_LIMIT;
		if (why == EUROPA_C_RX) {
			*kept = skb;
			kept = &skb->next;
			run->truesize += skb->truesize;
			run->n++;
			continue;
		}
		europa_rx_to(skb)->why = why;
		*refused = skb;
		refused = &skb->next;
	}
	*kept = NULL;
	*refused = NULL;
}

/* Is there somebody to wake? */
static bool europa_rx_admit(struct europa_queue *queue,
			    struct europa_rx_run *run)
{
	struct europa_pool *pool = queue->pool;
	u64 limit = READ_ONCE(queue->vr->share);

	lockdep_assert_held(&queue->lock);
	if (unlikely(run->n > pool->nfree ||
		     pool->kept_bytes + run->truesize > limit))
		europa_rx_trim(run, pool, limit);
	if (unlikely(!run->n))
		return false;
	run->poller = europa_wake_poller_wanted(queue);
	europa_rx_keep_all(pool, run);
	return europa_wake_wanted(queue);
}

static noinline void europa_rx_refuse(const struct europa_rx_run *run)
{
	struct sk_buff *skb, *next;

	for (skb = run->refused; skb; skb = next) {
		next = skb->next;
		skb_mark_not_on_list(skb);
		europa_rx_drop(run->port, skb, europa_rx_to(skb)->why);
	}
}

static noinline void europa_rx_fallback_all(const struct europa_rx_run *run)
{
	struct sk_buff *skb, *next;

	for (skb = run->first; skb; skb = next) {
		next = skb->next;
		skb_mark_not_on_list(skb);
		europa_rx_fallback(run->port, skb, run->entry.flags);
	}
}

/*
 * For the data plane that takes over, as many as there is room for; the others
 * wait to be dropped. What is held has its place in the control block, where the
 * run's was: nobody asks for that any more. False: nobody takes over.
 */
static noinline bool europa_rx_hold(struct europa_queue *queue,
				    struct europa_rx_run *run)
{
	struct sk_buff *skb, *next, **refused = &run->refused;

	lockdep_assert_held(&queue->lock);
	if (queue->running != EUROPA_RUN_HOLD)
		return false;
	for (skb = run->first; skb; skb = next) {
		enum europa_counter why;

		next = skb->next;
		skb_mark_not_on_list(skb);
		why = europa_hold_add(queue, skb, run->port->number,
				      run->entry.flags);
		if (why == EUROPA_C_RX)
			continue;
		europa_rx_to(skb)->why = why;
		*refused = skb;
		refused = &skb->next;
	}
	run->n = 0; /* they are counted when they are let in */
	return true;
}

/* To the data plane, unless nothing is running any more. */
static void europa_rx_queue(struct europa_queue *queue,
			    struct europa_rx_run *run)
{
	bool taken = true, wake = false;

	spin_lock(&queue->lock);
	if (likely(queue->running == EUROPA_RUN_ON))
		wake = europa_rx_admit(queue, run);
	else
		taken = europa_rx_hold(queue, run);
	spin_unlock(&queue->lock);
	if (unlikely(!taken)) {
		europa_rx_fallback_all(run);
		return;
	}
	europa_stats_add(run->port->stats, EUROPA_C_RX, run->n);
	if (unlikely(run->poller))
		europa_wake_poller(queue);
	if (wake)
		europa_wake(queue);
	if (unlikely(run->refused))
		europa_rx_refuse(run);
}

/* Does a data plane of the VR still look for rules? */
static bool europa_rx_agreed(struct europa_vr *vr)
{
	u32 i;

	for (i = 0; i < europa_vr_queues(vr); i++)
		if (READ_ONCE(europa_vr_queue(vr, i)->features) &
		    EUROPA_FEATURE_AGREE)
			return true;
	return false;
}

/*
 * The kernel's stack had a rule for packets from this port when last looked at,
 * which the data plane, if it agrees, leaves to it. Asked for each packet until
 * the rule is gone.
 */
static noinline bool europa_rx_stopped(struct europa_port *port,
				       const struct europa_queue *queue,
				       const struct sk_buff *skb)
{
	if (READ_ONCE(queue->features) & EUROPA_FEATURE_AGREE)
		return europa_filter_stops(europa_filter_look(port), skb);
	if (!europa_rx_agreed(port->vr))
		WRITE_ONCE(port->filters, 0); /* nobody looks any more */
	return false;
}

static void europa_rx_filtered(struct europa_port *port, struct sk_buff *skb,
			       u8 flags)
{
	europa_stats_inc(port->stats, EUROPA_C_FILTERED);
	europa_rx_stack(port, skb, flags);
}

/*
 * Pages that are the sender's own, lent until the packet is freed: a VR may keep
 * it for long, so they are copied; but not for a packet there is no room for.
 * A look without the lock, which decides again.
 */
static noinline enum europa_counter
europa_rx_own_frags(const struct europa_port *port,
		    const struct europa_queue *queue, struct sk_buff *skb)
{
	const struct europa_pool *pool = NULL;
	enum europa_counter why = EUROPA_C_RX;

	rcu_read_lock();
	if (READ_ONCE(queue->running) == EUROPA_RUN_ON && !skb_pfmemalloc(skb) &&
	    !(READ_ONCE(port->filters) & EUROPA_FILTER_TO_STACK))
		pool = READ_ONCE(queue->pool);
	if (pool && !READ_ONCE(pool->nfree))
		why = EUROPA_C_RX_FULL;
	else if (pool && READ_ONCE(pool->kept_bytes) + skb->truesize >
			 READ_ONCE(queue->vr->share))
		why = EUROPA_C_RX_LIMIT;
	else if (skb_orphan_frags_rx(skb, GFP_ATOMIC))
		why = EUROPA_C_RX_NOMEM;
	rcu_read_unlock();
	return why;
}

/*
 * The skb is scrubbed now, not when it is sent: a stuck VR must hold no device,
 * route or connection. Its sender was let go in the stage. False: it is gone.
 */
static __always_inline bool europa_rx_prepare(const struct europa_port *port,
					      const struct europa_queue *queue,
					      struct sk_buff *skb)
{
	if (unlikely(skb_zcopy(skb))) {
		enum europa_counter why = europa_rx_own_frags(port, queue, skb);

		if (why != EUROPA_C_RX) {
			europa_rx_drop(port, skb, why);
			return false;
		}
	}
	skb_scrub_packet(skb, true);
	/* The queue it came by would choose the one it leaves by: not so when it
	 * goes by the stack at the port, and its flow is to stay in order.
	 */
	skb_set_queue_mapping(skb, 0);
	skb->dev = NULL;
	return true;
}

/* As the interface's statistics have it: what comes in, kept or not. */
static void europa_rx_count(const struct europa_port *port, u32 n, u32 bytes)
{
	struct pcpu_sw_netstats *stats = this_cpu_ptr(port->dev->tstats);

	u64_stats_update_begin(&stats->syncp);
	u64_stats_add(&stats->rx_packets, n);
	u64_stats_add(&stats->rx_bytes, bytes);
	u64_stats_update_end(&stats->syncp);
}

/* Made of memory that is for emergencies, or not the CPU's to read: not kept. */
static bool europa_rx_is_odd(const struct sk_buff *skb)
{
	return skb_pfmemalloc(skb) || europa_compat_unreadable(skb);
}

/* Does the data plane sleep, and is the packet not worth waking it? */
static bool europa_rx_idles(struct europa_queue *queue)
{
	bool idles;

	if (!READ_ONCE(queue->sleeping))
		return false;
	spin_lock(&queue->lock);
	idles = queue->running == EUROPA_RUN_ON &&
		READ_ONCE(queue->sleeping) && europa_idle_takes(queue);
	spin_unlock(&queue->lock);
	return idles;
}

/* No tx looks for rules while all packets go this way, so it is done here. */
static void europa_rx_idle(struct europa_port *port,
			   struct europa_queue *queue, struct sk_buff *skb,
			   u8 flags)
{
	bool stopped = europa_filter_stops(europa_filter_look(port), skb);

	europa_stats_inc(port->stats,
			 stopped ? EUROPA_C_FILTERED : EUROPA_C_IDLE);
	europa_rx_stack(port, skb, flags);
	europa_idle_done(queue);
}

static bool europa_rx_filters(const struct europa_port *port)
{
	return READ_ONCE(port->filters) & EUROPA_FILTER_TO_STACK;
}

/* A packet that has been prepared: is it the stack's? Then it is gone. */
static bool europa_rx_divert(struct europa_port *port,
			     struct europa_queue *queue, struct sk_buff *skb,
			     u8 flags)
{
	if (!READ_ONCE(queue->running) || europa_rx_is_odd(skb))
		europa_rx_fallback(port, skb, flags);
	else if (europa_rx_filters(port) && europa_rx_stopped(port, queue, skb))
		europa_rx_filtered(port, skb, flags);
	else
		return false;
	return true;
}

/* Is somebody there for the packets of the port, and no rule at its stack? */
static bool europa_rx_awaited(const struct europa_port *port,
			      const struct europa_queue *queue)
{
	return netif_running(port->dev) && READ_ONCE(queue->running) &&
	       !europa_rx_filters(port);
}

static noinline bool europa_rx_at_once(struct europa_port *port,
				       struct europa_queue *queue,
				       struct sk_buff *skb, u8 flags)
{
	u32 len = skb->len;

	if (!europa_rx_prepare(port, queue, skb) ||
	    europa_rx_divert(port, queue, skb, flags))
		;
	else if (europa_rx_idles(queue))
		europa_rx_idle(port, queue, skb, flags);
	else
		return false;
	europa_rx_count(port, 1, len);
	return true;
}

/*
 * Which of several queues is a packet for, that has not been prepared? Of a flow
 * it is always the same, whoever is attached or running there: what one data
 * plane does moves no flow of another's.
 */
static noinline struct europa_queue *
europa_rx_spread(const struct europa_port *port, struct sk_buff *skb)
{
	struct europa_vr *vr = port->vr;
	u32 n = europa_vr_queues(vr);

	if (READ_ONCE(vr->spread) == EUROPA_SPREAD_CPU)
		return europa_vr_queue(vr, smp_processor_id() % n);
	if (!skb->dev) /* whose namespace's hash? A group frame lacks it. */
		skb->dev = port->dev;
	return europa_vr_queue(vr, reciprocal_scale(skb_get_hash(skb), n));
}

static __always_inline bool europa_rx_spreads(const struct europa_port *port)
{
	return unlikely(READ_ONCE(port->vr->nr_queues) > 1);
}

static __always_inline struct europa_queue *
europa_rx_pick(const struct europa_port *port, struct sk_buff *skb)
{
	return europa_rx_spreads(port) ? europa_rx_spread(port, skb) :
					 &port->vr->first;
}

/*
 * A packet that found the stage of this processor empty: what the stack or nobody
 * is to get need not wait there. True: it is gone. Takes the skb as
 * europa_stage() does.
 */
bool europa_rx_now(struct europa_port *port, struct sk_buff *skb, u8 flags)
{
	struct europa_queue *queue = europa_rx_pick(port, skb);

	if (europa_rx_awaited(port, queue) && !READ_ONCE(queue->sleeping))
		return false;
	if (unlikely(!netif_running(port->dev))) {
		europa_rx_drop(port, skb, EUROPA_C_RX_DOWN);
		return true;
	}
	return europa_rx_at_once(port, queue, skb, flags);
}

/* Not the data plane's, or not for sure: each is looked at by itself. */
static noinline void europa_rx_one(struct europa_port *port,
				   struct europa_queue *queue,
				   struct sk_buff *skb, u8 flags)
{
	struct europa_rx_run run;

	if (unlikely(!netif_running(port->dev))) {
		europa_rx_drop(port, skb, EUROPA_C_RX_DOWN);
		return;
	}
	europa_rx_count(port, 1, skb->len);
	if (!europa_rx_prepare(port, queue, skb) ||
	    europa_rx_divert(port, queue, skb, flags))
		return;
	europa_rx_run_init(&run, port, flags);
	run.first = skb;
	run.truesize = skb->truesize;
	run.n = 1;
	europa_rx_queue(queue, &run);
}

/* In the stage: is the next one for the same port, in the same way? */
static __always_inline bool europa_rx_same(struct sk_buff *skb,
					   const struct europa_rx_address *to)
{
	return skb && europa_rx_to(skb)->port == to->port &&
	       europa_rx_to(skb)->flags == to->flags;
}

/*
 * Of those in a row for one port, a burst at most, the ones that are not for the
 * first one's queue are taken out, each in the order they came, and what is behind
 * the burst with them: they are returned, and are next when the others are done.
 */
static noinline struct sk_buff *
europa_rx_gather(struct sk_buff *first, const struct europa_rx_address *to,
		 const struct europa_queue *queue)
{
	struct sk_buff *skb = first->next, *last = first;
	struct sk_buff *others = NULL, **tail = &others;
	u32 looked;

	if (READ_ONCE(to->port->vr->spread) == EUROPA_SPREAD_CPU)
		return NULL; /* all came by this processor */
	for (looked = 1; looked < EUROPA_BURST && europa_rx_same(skb, to);
	     looked++, skb = skb->next) {
		if (europa_rx_spread(to->port, skb) == queue) {
			last->next = skb;
			last = skb;
		} else {
			*tail = skb;
			tail = &skb->next;
		}
	}
	*tail = skb;
	last->next = NULL;
	return others;
}

/*
 * Packets of the stage, in the order they came: takes those in a row that are for
 * the same port and queue as the first, a burst at most, and returns the next
 * one.
 */
struct sk_buff *europa_rx_run(struct sk_buff *skb)
{
	const struct europa_rx_address to = *europa_rx_to(skb);
	struct europa_queue *queue = europa_rx_pick(to.port, skb);
	struct sk_buff *next, *others = NULL, **tail;
	u32 n = 0, bytes = 0, kept = 0, truesize = 0;
	struct europa_rx_run run;

	if (unlikely(!europa_rx_awaited(to.port, queue))) {
		next = skb->next;
		skb_mark_not_on_list(skb);
		europa_rx_one(to.port, queue, skb, to.flags);
		return next;
	}
	if (europa_rx_spreads(to.port))
		others = europa_rx_gather(skb, &to, queue);
	europa_rx_run_init(&run, to.port, to.flags);
	tail = &run.first;
	do {
		next = skb->next;
		bytes += skb->len;
		if (unlikely(europa_rx_is_odd(skb))) {
			skb_mark_not_on_list(skb);
			if (europa_rx_prepare(to.port, queue, skb))
				europa_rx_fallback(to.port, skb, to.flags);
		} else if (likely(europa_rx_prepare(to.port, queue, skb))) {
			*tail = skb;
			tail = &skb->next;
			truesize += skb->truesize;
			kept++;
		}
		skb = next;
	} while (++n < EUROPA_BURST && europa_rx_same(skb, &to));
	*tail = NULL;
	run.truesize = truesize;
	run.n = kept;
	europa_rx_count(to.port, n, bytes);
	if (likely(kept))
		europa_rx_queue(queue, &run);
	return skb ?: others;
}

/* ---- what was held ---- */

/* For the queue's data plane, if it has the room. */
static void europa_rx_let_in(struct europa_queue *queue, struct sk_buff *skb)
{
	struct europa_held held = *europa_held(skb);
	struct europa_port *port = europa_port_get(queue->vr, held.port);
	struct europa_rx_run run;

	lockdep_assert_held(&queue->lock);
	if (!port) {
		europa_rx_gone(queue->vr, skb, held.port);
	} else if (!queue->pool->nfree) {
		europa_rx_drop(port, skb, EUROPA_C_RX_FULL);
	} else {
		europa_rx_run_init(&run, port, held.flags);
		run.first = skb;
		run.n = 1;
		run.truesize = skb->truesize;
		europa_rx_keep_all(queue->pool, &run);
		europa_stats_inc(port->stats, EUROPA_C_RX);
	}
}

/* A burst of them, and how many it was: if that was all, the data plane runs. */
static u32 europa_rx_give_some(struct europa_queue *queue)
{
	struct sk_buff *skb;
	u32 n = 0;

	lockdep_assert_held(&queue->lock);
	while (n < EUROPA_BURST && (skb = europa_hold_take(queue))) {
		europa_rx_let_in(queue, skb);
		n++;
	}
	if (n < EUROPA_BURST)
		WRITE_ONCE(queue->running, EUROPA_RUN_ON);
	return n;
}

/*
 * To the queue's data plane, which runs then. Who has packets for it waits for a
 * burst at most, and what he has stays behind the others: it is held, too, until
 * there is none.
 */
void europa_rx_give_held(struct europa_queue *queue)
{
	bool any = false, wake = false, poller = false;
	u32 n;

	do {
		spin_lock_bh(&queue->lock);
		rcu_read_lock();
		poller |= europa_wake_poller_wanted(queue);
		n = europa_rx_give_some(queue);
		any |= n;
		if (any && n < EUROPA_BURST)
			wake = europa_wake_wanted(queue);
		rcu_read_unlock();
		spin_unlock_bh(&queue->lock);
		cond_resched();
	} while (n == EUROPA_BURST);
	if (poller)
		europa_wake_poller(queue);
	if (wake)
		europa_wake(queue);
}

/*
 * Nobody has taken over, and nobody is there: to the fallback, which then gets
 * what comes. What comes meanwhile is held, while there are places.
 */
void europa_rx_give_up_held(struct europa_queue *queue)
{
	struct sk_buff *skb;

	do {
		spin_lock_bh(&queue->lock);
		rcu_read_lock();
		skb = europa_hold_take(queue);
		if (!skb)
			WRITE_ONCE(queue->running, EUROPA_RUN_OFF);
		spin_unlock(&queue->lock); /* BH stays off */
		if (skb)
			europa_rx_let_by(queue->vr, skb, europa_held(skb)->port,
					 europa_held(skb)->flags, false);
		rcu_read_unlock();
		local_bh_enable();
		cond_resched();
	} while (skb);
}
