// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include "compat.h"
#include "filter.h"
#include "idle.h"
#include "rx.h"
#include "trace.h"

/*
 * To the kernel's own stack at the port. The skb starts at its Ethernet header,
 * which nobody has edited. BH is off.
 */
void europa_rx_stack(struct europa_port *port, struct sk_buff *skb, u8 flags)
{
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

/* At detach: a packet the VR had and did not give back. BH off, under RCU. */
void europa_rx_reclaim(struct europa_vr *vr,
		       const struct europa_record *record)
{
	struct europa_port *port = europa_port_get(vr, record->port);

	if (port && netif_running(port->dev)) {
		europa_stats_inc(port->stats, EUROPA_C_RECLAIMED);
		europa_rx_fallback(port, record->skb, record->flags);
	} else {
		europa_stats_inc(vr->stats, EUROPA_C_GONE);
		trace_europa_drop(vr->id, record->port, record->skb->len,
				  EUROPA_C_GONE);
		kfree_skb(record->skb);
	}
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

static bool europa_rx_is_plain(const struct sk_buff *skb)
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
static bool europa_rx_is_usual(const struct sk_buff *skb)
{
	__be16 proto = ((struct ethhdr *)skb->data)->h_proto;

	return !skb->cloned && !skb_is_nonlinear(skb) && !skb->encapsulation &&
	       !europa_compat_decrypted(skb) && proto == skb->protocol &&
	       (proto == htons(ETH_P_IP) || proto == htons(ETH_P_IPV6));
}

/* Slot header and leading bytes. Returns how many of them. */
static u32 europa_rx_fill(const struct europa_pool *pool,
			  struct europa_slot *slot, const struct sk_buff *skb,
			  u32 meta)
{
	void *data = (void *)slot + EUROPA_DATA_OFFSET;
	u32 bytes = min(skb->len, pool->snap);

	if (skb->ip_summed == CHECKSUM_UNNECESSARY)
		meta |= EUROPA_SLOT_CSUM_OK;
	slot->hash = skb->hash;
	WRITE_ONCE(slot->flags, meta);
	WRITE_ONCE(slot->state, EUROPA_STATE_VR);
	if (likely(bytes <= skb_headlen(skb)))
		europa_pool_copy(data, skb->data, bytes);
	else if (skb_copy_bits(skb, 0, data, bytes))
		bytes = 0; /* fragments the kernel cannot read */
	return bytes;
}

/* A packet that has a place: keep it, and publish the slot. */
static void europa_rx_keep(struct europa_pool *pool, struct sk_buff *skb,
			   const struct europa_port *port, u8 flags)
{
	u32 index = pool->free[--pool->nfree];
	struct europa_slot *slot = europa_pool_slot(pool, index);
	struct europa_record *record = &pool->records[index];
	struct europa_entry entry = {
		.len = skb->len,
		.slot = index,
		.offset = EUROPA_DATA_OFFSET,
		.port = port->number,
		.flags = flags,
	};
	u32 meta = 0;

	if (unlikely(!europa_rx_is_plain(skb))) {
		meta = europa_rx_describe(skb, slot);
		entry.flags |= EUROPA_RX_META;
	}
	entry.bytes = europa_rx_fill(pool, slot, skb, meta);
	record->skb = skb;
	record->seq = pool->rx.cursor;
	record->port = port->number;
	record->owner = EUROPA_OWNER_RX;
	record->flags = entry.flags;
	if (likely(!meta && europa_rx_is_usual(skb)))
		record->flags |= EUROPA_RECORD_PLAIN;
	if (unlikely(!list_empty(&port->dev->ptype_all)))
		record->flags |= EUROPA_RECORD_TAPPED;
	pool->count[EUROPA_OWNER_RX]++;
	pool->kept_bytes += skb->truesize;
	europa_ring_produce(&pool->rx, &entry);
}

/*
 * EUROPA_C_FALLBACK: nothing is running any more. EUROPA_C_IDLE: the packet is
 * the stack's, as the data plane sleeps.
 */
static enum europa_counter europa_rx_admit(struct europa_queue *queue,
					   struct sk_buff *skb,
					   const struct europa_port *port,
					   u8 flags)
{
	struct europa_pool *pool = queue->pool;

	lockdep_assert_held(&queue->lock);
	if (unlikely(!queue->running))
		return EUROPA_C_FALLBACK;
	if (unlikely(READ_ONCE(queue->sleeping)) && europa_idle_takes(queue))
		return EUROPA_C_IDLE;
	if (unlikely(!pool->nfree))
		return EUROPA_C_RX_FULL;
	if (unlikely(pool->kept_bytes + skb->truesize >
		     READ_ONCE(queue->vr->limit)))
		return EUROPA_C_RX_LIMIT;
	europa_rx_keep(pool, skb, port, flags);
	return EUROPA_C_RX;
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

static void europa_rx_queue(struct europa_port *port,
			    struct europa_queue *queue, struct sk_buff *skb,
			    u8 flags)
{
	enum europa_counter outcome;
	bool wake = false;

	spin_lock(&queue->lock);
	outcome = europa_rx_admit(queue, skb, port, flags);
	if (outcome == EUROPA_C_RX && !queue->wake_scheduled) {
		queue->wake_scheduled = true;
		wake = true;
	}
	spin_unlock(&queue->lock);
	if (likely(outcome == EUROPA_C_RX))
		europa_stats_inc(port->stats, EUROPA_C_RX);
	else if (outcome == EUROPA_C_IDLE)
		europa_rx_idle(port, queue, skb, flags);
	else if (outcome == EUROPA_C_FALLBACK)
		europa_rx_fallback(port, skb, flags);
	else
		europa_rx_drop(port, skb, outcome);
	/* Safe after a detach: it waits for RCU before the context goes. */
	if (wake)
		napi_schedule(&queue->napi);
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
	if (READ_ONCE(queue->running) && !skb_pfmemalloc(skb) &&
	    !(READ_ONCE(port->filters) & EUROPA_FILTER_TO_STACK))
		pool = READ_ONCE(queue->pool);
	if (pool && !READ_ONCE(pool->nfree))
		why = EUROPA_C_RX_FULL;
	else if (pool && READ_ONCE(pool->kept_bytes) + skb->truesize >
			 READ_ONCE(queue->vr->limit))
		why = EUROPA_C_RX_LIMIT;
	else if (skb_orphan_frags_rx(skb, GFP_ATOMIC))
		why = EUROPA_C_RX_NOMEM;
	rcu_read_unlock();
	return why;
}

/*
 * Takes the skb, which is not shared and starts at its Ethernet header. BH is
 * off, under RCU. The skb is scrubbed now, not when it is sent: a stuck VR must
 * hold no device, route, connection or sender.
 */
void europa_rx(struct europa_port *port, struct sk_buff *skb, u8 flags)
{
	struct europa_queue *queue = &port->vr->queues[0];
	enum europa_counter why;

	if (unlikely(!netif_running(port->dev))) {
		europa_rx_drop(port, skb, EUROPA_C_RX_DOWN);
		return;
	}
	dev_sw_netstats_rx_add(port->dev, skb->len);
	if (unlikely(skb_zcopy(skb))) {
		why = europa_rx_own_frags(port, queue, skb);
		if (why != EUROPA_C_RX) {
			europa_rx_drop(port, skb, why);
			return;
		}
	}
	skb_orphan(skb);
	skb_scrub_packet(skb, true);
	/* The queue it came by would choose the one it leaves by: not so when it
	 * goes by the stack at the port, and its flow is to stay in order.
	 */
	skb_set_queue_mapping(skb, 0);
	skb->dev = NULL;
	if (!READ_ONCE(queue->running) || skb_pfmemalloc(skb) ||
	    europa_compat_unreadable(skb))
		europa_rx_fallback(port, skb, flags);
	else if (unlikely(READ_ONCE(port->filters) & EUROPA_FILTER_TO_STACK) &&
		 europa_rx_stopped(port, queue, skb))
		europa_rx_filtered(port, skb, flags);
	else
		europa_rx_queue(port, queue, skb, flags);
}
