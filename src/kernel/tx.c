// SPDX-License-Identifier: GPL-2.0
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <linux/sched/signal.h>
#include <linux/virtio_net.h>
#include <linux/wait_bit.h>
#include "port.h"
#include "rx.h"
#include "trace.h"
#include "tx.h"

/*
 * Each function here that judges a packet returns EUROPA_C_SEND when all is
 * well, or the reason for which to drop it.
 */

/*
 * One claimed entry on its way out; entry and held are private copies. The
 * port is kept from one entry to the next of a burst, all in one RCU section:
 * most go where the last one went.
 */
struct europa_tx {
	struct europa_queue *queue;
	struct europa_pool *pool;
	const struct europa_entry *entry;
	const struct europa_held *held;
	struct europa_slot *slot;	/* shared memory: read each field once */
	struct sk_buff *skb;
	struct europa_port *port;	/* the last one looked up, or NULL */
	struct net_device *lower;	/* of port, for SEND */
	u32 sent, sent_bytes;		/* by port; not counted there yet */
};

static void europa_tx_count_sent(struct europa_tx *tx)
{
	if (!tx->sent)
		return;
	europa_stats_add(tx->port->stats, EUROPA_C_SEND, tx->sent);
	dev_sw_netstats_tx_add(tx->port->dev, tx->sent, tx->sent_bytes);
	tx->sent = 0;
	tx->sent_bytes = 0;
}

static struct europa_port *europa_tx_port(struct europa_tx *tx, u16 number)
{
	if (likely(tx->port && tx->port->number == number))
		return tx->port;
	europa_tx_count_sent(tx);
	tx->port = europa_port_get(tx->queue->vr, number);
	return tx->port;
}

/* Source MAC and link-local groups, on the bytes as they will be sent. */
static bool europa_tx_spoofed(const struct europa_tx *tx,
			      const struct ethhdr *eth)
{
	return !ether_addr_equal(eth->h_source, tx->port->dev->dev_addr) ||
	       is_link_local_ether_addr(eth->h_dest) ||
	       eth_type_vlan(eth->h_proto);
}

/* The tag in the slot header goes out; making or changing one is spoofing. */
static enum europa_counter europa_tx_vlan(const struct europa_tx *tx)
{
	struct sk_buff *skb = tx->skb;
	__be16 proto;
	u16 tci;

	if (likely(!(READ_ONCE(tx->slot->flags) & EUROPA_SLOT_VLAN))) {
		__vlan_hwaccel_clear_tag(skb);
		return EUROPA_C_SEND;
	}
	proto = READ_ONCE(tx->slot->vlan_proto);
	tci = READ_ONCE(tx->slot->vlan_tci);
	if (skb_vlan_tag_present(skb) && skb->vlan_proto == proto &&
	    skb_vlan_tag_get(skb) == tci)
		return EUROPA_C_SEND;
	if (READ_ONCE(tx->port->spoofchk))
		return EUROPA_C_SPOOF;
	if (!eth_type_vlan(proto))
		return EUROPA_C_BAD_META;
	__vlan_hwaccel_put_tag(skb, proto, tci);
	return EUROPA_C_SEND;
}

/*
 * Into the head. Never from the fragment list of a packet that will be cut
 * where that list says (SCTP, lists of UDP datagrams).
 */
static bool europa_tx_pull(struct sk_buff *skb, u32 bytes)
{
	if (bytes > skb_headlen(skb) && skb_is_gso(skb) &&
	    skb_has_frag_list(skb))
		return false;
	return pskb_may_pull(skb, bytes);
}

/* The checksum still to do must lie in the packet as it is now. */
static enum europa_counter europa_tx_csum(struct sk_buff *skb)
{
	int start;

	if (skb->ip_summed == CHECKSUM_COMPLETE)
		skb->ip_summed = CHECKSUM_NONE;
	if (skb->ip_summed != CHECKSUM_PARTIAL) {
		if (!skb_is_gso(skb))
			skb_set_transport_header(skb, ETH_HLEN);
		return EUROPA_C_SEND;
	}
	start = skb_checksum_start_offset(skb);
	if (start < ETH_HLEN ||
	    !europa_tx_pull(skb, start + skb->csum_offset + sizeof(__sum16)))
		return EUROPA_C_BAD_META;
	/* In a tunnel it is the inner header's, which has a field of its own. */
	if (!skb->encapsulation)
		skb_set_transport_header(skb, start);
	return EUROPA_C_SEND;
}

/* Not the VR's length, nor its headers, but the kernel's own GSO fields. */
static enum europa_counter europa_tx_gso(const struct europa_tx *tx)
{
	const unsigned int tcp = SKB_GSO_TCPV4 | SKB_GSO_TCPV6;
	struct sk_buff *skb = tx->skb;
	int need;

	if (skb->ip_summed != CHECKSUM_PARTIAL && !skb->encapsulation) {
		skb->transport_header = (typeof(skb->transport_header))~0U;
		skb_probe_transport_header(skb);
	}
	if (!skb_transport_header_was_set(skb))
		return EUROPA_C_BAD_META;
	need = skb_transport_offset(skb);
	if (need < ETH_HLEN)
		return EUROPA_C_BAD_META;
	need += skb_shinfo(skb)->gso_type & tcp ? sizeof(struct tcphdr) :
						  sizeof(struct udphdr);
	if (!europa_tx_pull(skb, need))
		return EUROPA_C_BAD_META;
	if (!skb_gso_validate_mac_len(skb, tx->lower->mtu +
				      tx->lower->hard_header_len))
		return EUROPA_C_TOO_LONG;
	/* The mark must not show in the sender's copy. */
	if (skb_unclone(skb, GFP_ATOMIC))
		return EUROPA_C_TX_NOMEM;
	skb_shinfo(skb)->gso_type |= SKB_GSO_DODGY;
	return EUROPA_C_SEND;
}

static enum europa_counter europa_tx_fits(const struct europa_tx *tx)
{
	struct net_device *lower = tx->lower;

	if (skb_is_gso(tx->skb))
		return europa_tx_gso(tx);
	if (tx->skb->len > lower->mtu + lower->hard_header_len + VLAN_HLEN)
		return EUROPA_C_TOO_LONG;
	return EUROPA_C_SEND;
}

/* The bytes are the VR's: derive again whatever the kernel knew from them. */
static enum europa_counter europa_tx_derive(const struct europa_tx *tx)
{
	struct sk_buff *skb = tx->skb;
	struct ethhdr *eth;

	skb->dev = tx->lower;
	skb_reset_mac_header(skb);
	skb_set_network_header(skb, ETH_HLEN);
	skb->mac_len = ETH_HLEN;
	if (!skb_is_gso(skb))
		skb->encapsulation = 0;
	eth = eth_hdr(skb);
	if (READ_ONCE(tx->port->spoofchk) && europa_tx_spoofed(tx, eth))
		return EUROPA_C_SPOOF;
	skb->protocol = eth_proto_is_802_3(eth->h_proto) ? eth->h_proto :
							   htons(ETH_P_802_2);
	return europa_tx_vlan(tx);
}

/* Bring the kept packet to the length and start the entry asks for. */
static enum europa_counter europa_tx_resize(struct sk_buff *skb, u32 offset,
					    u32 bytes, u32 len)
{
	u32 grow = offset < EUROPA_DATA_OFFSET ?
		   EUROPA_DATA_OFFSET - offset : 0;
	u32 trim = offset > EUROPA_DATA_OFFSET ?
		   offset - EUROPA_DATA_OFFSET : 0;

	if (skb_is_gso(skb))
		return EUROPA_C_GSO;
	if (trim > skb->len || len > skb->len + grow - trim ||
	    len < ETH_HLEN || bytes < grow || bytes > len)
		return EUROPA_C_BAD_LEN;
	if (grow) {
		if (skb_cow_head(skb, grow))
			return EUROPA_C_TX_NOMEM;
		__skb_push(skb, grow);
	} else if (trim && !pskb_pull(skb, trim)) {
		return EUROPA_C_BAD_LEN;
	}
	return pskb_trim(skb, len) ? EUROPA_C_TX_NOMEM : EUROPA_C_SEND;
}

/* Pulls into the head: page fragments may be a file's pages. */
static int europa_tx_writable(struct sk_buff *skb, u32 bytes)
{
	if (likely(bytes <= skb_headlen(skb) && !skb_cloned(skb)))
		return 0;
	return skb_ensure_writable(skb, bytes);
}

/*
 * Put the changed bytes into the kept packet: read from shared memory once,
 * by the copy. All arithmetic is in u32 on 16-bit values.
 */
static enum europa_counter europa_tx_write_back(const struct europa_tx *tx)
{
	u32 offset = tx->entry->offset, bytes = tx->entry->bytes;
	struct sk_buff *skb = tx->skb;
	u32 got = min(skb->len, tx->pool->snap);
	enum europa_counter why;

	if (offset < sizeof(struct europa_slot) ||
	    offset + bytes > EUROPA_DATA_OFFSET + got)
		return EUROPA_C_BAD_LEN;
	if (offset != EUROPA_DATA_OFFSET || tx->entry->len != skb->len) {
		why = europa_tx_resize(skb, offset, bytes, tx->entry->len);
		if (why != EUROPA_C_SEND)
			return why;
	}
	if (unlikely(skb_is_gso(skb)) && bytes &&
	    (skb_shinfo(skb)->gso_type & SKB_GSO_FRAGLIST ||
	     !europa_tx_pull(skb, bytes)))
		return EUROPA_C_GSO;
	if (europa_tx_writable(skb, max_t(u32, bytes, ETH_HLEN)))
		return EUROPA_C_TX_NOMEM;
	europa_pool_copy(skb->data, (void *)tx->slot + offset, bytes);
	/* Verified on the way in; the VR may have changed what it covers. */
	if (skb->ip_summed == CHECKSUM_UNNECESSARY &&
	    (bytes > ETH_HLEN + sizeof(struct iphdr) ||
	     offset != EUROPA_DATA_OFFSET))
		skb->ip_summed = CHECKSUM_NONE;
	return EUROPA_C_SEND;
}

/* A spare slot's packet: all its bytes are in the slot. */
static enum europa_counter europa_tx_make(struct europa_tx *tx,
					  const struct net_device *dev)
{
	u32 offset = tx->entry->offset, bytes = tx->entry->bytes;
	struct sk_buff *skb;

	if (tx->entry->len != bytes || bytes < ETH_HLEN ||
	    offset < sizeof(struct europa_slot) ||
	    offset + bytes > EUROPA_STRIDE)
		return EUROPA_C_BAD_LEN;
	skb = alloc_skb(LL_RESERVED_SPACE(dev) + bytes, GFP_ATOMIC);
	if (!skb)
		return EUROPA_C_TX_NOMEM;
	skb_reserve(skb, LL_RESERVED_SPACE(dev));
	skb_put_data(skb, (void *)tx->slot + offset, bytes);
	tx->skb = skb;
	return EUROPA_C_SEND;
}

/* Checksum and GSO requests of a packet the VR made, checked as a guest's. */
static enum europa_counter europa_tx_request(const struct europa_tx *tx)
{
	u32 flags = READ_ONCE(tx->slot->flags);
	u16 type = READ_ONCE(tx->slot->gso_type);
	u16 start = READ_ONCE(tx->slot->csum_start);
	struct virtio_net_hdr hdr = {
		.gso_type = VIRTIO_NET_HDR_GSO_NONE,
		.gso_size = (__force __virtio16)READ_ONCE(tx->slot->gso_size),
		.csum_start = (__force __virtio16)start,
		.csum_offset = (__force __virtio16)READ_ONCE(tx->slot->csum_offset),
	};

	if (flags & EUROPA_SLOT_CSUM) {
		/* A sum put into the Ethernet header would undo spoofchk. */
		if (start < ETH_HLEN)
			return EUROPA_C_BAD_META;
		hdr.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	}
	if (flags & EUROPA_SLOT_GSO) {
		if ((type & ~EUROPA_GSO_ECN) == EUROPA_GSO_TCPV4)
			hdr.gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
		else if ((type & ~EUROPA_GSO_ECN) == EUROPA_GSO_TCPV6)
			hdr.gso_type = VIRTIO_NET_HDR_GSO_TCPV6;
		else
			return EUROPA_C_BAD_META;
		if (type & EUROPA_GSO_ECN)
			hdr.gso_type |= VIRTIO_NET_HDR_GSO_ECN;
	}
	if (virtio_net_hdr_to_skb(tx->skb, &hdr,
				  virtio_legacy_is_little_endian()))
		return EUROPA_C_BAD_META;
	return EUROPA_C_SEND;
}

/* Bytes, headers, checksum, length: in this order. */
static enum europa_counter europa_tx_prepare(struct europa_tx *tx)
{
	bool made = !tx->skb;
	enum europa_counter why;

	why = made ? europa_tx_make(tx, tx->lower) : europa_tx_write_back(tx);
	if (likely(why == EUROPA_C_SEND))
		why = europa_tx_derive(tx);
	if (likely(why == EUROPA_C_SEND))
		why = made ? europa_tx_request(tx) : europa_tx_csum(tx->skb);
	return likely(why == EUROPA_C_SEND) ? europa_tx_fits(tx) : why;
}

static enum europa_counter europa_tx_transmit(struct europa_tx *tx)
{
	struct sk_buff *skb = tx->skb;
	u32 prio = READ_ONCE(tx->queue->vr->prio);
	unsigned int len = skb->len;
	int err;

	if (prio)
		skb->priority = prio;
	europa_port_tap_tx(tx->port, skb);
	skb->dev = tx->lower; /* a tap saw it as the port's */
	skb_reset_redirect(skb);
	err = dev_queue_xmit(skb);
	if (unlikely(net_xmit_eval(err)))
		return EUROPA_C_TX_QDISC;
	tx->sent++;
	tx->sent_bytes += len;
	return EUROPA_C_SEND;
}

/* Consumes tx->skb in every case. */
static enum europa_counter europa_tx_send(struct europa_tx *tx)
{
	enum europa_counter why = EUROPA_C_BAD_PORT;

	if (unlikely(!europa_tx_port(tx, tx->entry->port)))
		goto drop;
	tx->lower = tx->port->lower_dev;
	why = EUROPA_C_TX_DOWN;
	if (unlikely(!netif_running(tx->port->dev) ||
		     !netif_running(tx->lower)))
		goto drop;
	why = europa_tx_prepare(tx);
	if (likely(why == EUROPA_C_SEND))
		return europa_tx_transmit(tx);
drop:
	kfree_skb(tx->skb);
	return why;
}

/* The packet as it was received; of a spare slot, the bytes in it. */
static enum europa_counter europa_tx_punt(struct europa_tx *tx)
{
	u16 number = tx->skb ? tx->held->port : tx->entry->port;
	struct europa_port *port = europa_tx_port(tx, number);
	enum europa_counter why = EUROPA_C_SEND;

	if (!port)
		why = tx->skb ? EUROPA_C_GONE : EUROPA_C_BAD_PORT;
	else if (!netif_running(port->dev))
		why = EUROPA_C_TX_DOWN;
	else if (!tx->skb)
		why = europa_tx_make(tx, port->dev);
	if (why == EUROPA_C_SEND) {
		europa_rx_stack(port, tx->skb, tx->held->flags);
		return EUROPA_C_PUNT;
	}
	kfree_skb(tx->skb);
	return why;
}

/* A copy of what the VR takes for itself, for tcpdump on the port. */
static void europa_tx_tap_rx(const struct europa_tx *tx)
{
	struct europa_port *port;

	if (likely(!(tx->held->flags & EUROPA_HELD_TAPPED)) ||
	    tx->entry->op == EUROPA_OP_PUNT || !tx->skb)
		return;
	port = europa_port_get(tx->queue->vr, tx->held->port);
	if (port)
		europa_port_tap_rx(port, tx->skb);
}

static enum europa_counter europa_tx_op(struct europa_tx *tx)
{
	bool bad_state = READ_ONCE(tx->slot->state) != EUROPA_STATE_KERNEL;

	europa_tx_tap_rx(tx);
	if (likely(tx->entry->op == EUROPA_OP_SEND && !bad_state &&
		   tx->held->owner != EUROPA_OWNER_VR))
		return europa_tx_send(tx);
	if (tx->entry->op == EUROPA_OP_PUNT && !bad_state &&
	    tx->held->owner != EUROPA_OWNER_VR)
		return europa_tx_punt(tx);
	kfree_skb(tx->skb);
	if (bad_state)
		return EUROPA_C_BAD_STATE;
	if (tx->entry->op > EUROPA_OP_PUNT)
		return EUROPA_C_BAD_OP;
	if (tx->held->owner == EUROPA_OWNER_VR)
		return EUROPA_C_GONE;
	if (tx->held->owner == EUROPA_OWNER_RX)
		europa_tx_port(tx, tx->held->port);
	return EUROPA_C_DROP;
}

/* The port that an outcome other than SEND is counted at; NULL: the VR itself. */
static struct europa_port *europa_tx_blamed(const struct europa_tx *tx,
					    enum europa_counter outcome)
{
	switch (outcome) {
	case EUROPA_C_BAD_STATE:
	case EUROPA_C_BAD_OP:
	case EUROPA_C_BAD_PORT:
	case EUROPA_C_GONE:
		return NULL;
	case EUROPA_C_DROP:
		return tx->held->owner == EUROPA_OWNER_RX ? tx->port : NULL;
	default:
		return tx->port;
	}
}

static void europa_tx_count(const struct europa_tx *tx,
			    enum europa_counter outcome)
{
	struct europa_port *port = europa_tx_blamed(tx, outcome);
	u16 number;

	/* Counted when the packet was taken back. */
	if (outcome == EUROPA_C_GONE && tx->held->owner == EUROPA_OWNER_VR)
		return;
	europa_stats_inc(port ? port->stats : tx->queue->vr->stats, outcome);
	if (outcome == EUROPA_C_PUNT)
		return;
	number = tx->held->owner == EUROPA_OWNER_RX ? tx->held->port :
						      tx->entry->port;
	trace_europa_drop(tx->queue->vr->id, port ? port->number : number,
			  tx->entry->len, outcome);
}

/* No lock is held here: the packet may come back in by another device. */
static void europa_tx_one(struct europa_tx *tx, const struct europa_claim *claim)
{
	enum europa_counter outcome;

	tx->entry = &claim->entry;
	tx->held = &claim->held;
	tx->skb = claim->held.skb;
	tx->slot = europa_pool_slot(tx->pool, claim->entry.slot);
	outcome = europa_tx_op(tx);
	if (unlikely(outcome != EUROPA_C_SEND))
		europa_tx_count(tx, outcome);
	if (unlikely(claim->held.owner == EUROPA_OWNER_SPARE) &&
	    (outcome == EUROPA_C_SEND || outcome == EUROPA_C_PUNT))
		europa_stats_inc(tx->port->stats, EUROPA_C_ORIGINATED);
}

/* One burst: give the last one's slots back, claim the next, send it. Returns
 * how many entries were read; *claimed carries over to the next call.
 */
static u32 europa_tx_burst(struct europa_queue *queue, u32 *claimed)
{
	struct europa_tx tx = { .queue = queue, .pool = queue->pool };
	u32 i, bad = 0;

	local_bh_disable();
	spin_lock(&queue->lock);
	europa_pool_release(tx.pool, *claimed);
	*claimed = europa_pool_claim(tx.pool, &bad);
	spin_unlock(&queue->lock);
	if (unlikely(bad))
		europa_stats_add(queue->vr->stats, EUROPA_C_BAD_SLOT, bad);
	rcu_read_lock();
	for (i = 0; i < *claimed; i++)
		europa_tx_one(&tx, &tx.pool->claims[i]);
	europa_tx_count_sent(&tx);
	rcu_read_unlock();
	local_bh_enable();
	return *claimed + bad;
}

/* At most a ring's worth. DRAINING is held; the pool cannot go away. */
u32 europa_tx_ring(struct europa_queue *queue)
{
	u32 most = queue->pool->tx.mask + 1;
	u32 n, total = 0, claimed = 0;

	do {
		n = europa_tx_burst(queue, &claimed);
		total += n;
		cond_resched();
	} while (n == EUROPA_BURST && total < most);
	if (claimed) {
		spin_lock_bh(&queue->lock);
		europa_pool_release(queue->pool, claimed);
		spin_unlock_bh(&queue->lock);
	}
	return total;
}

/*
 * Drain what the VR has published, in the caller's context. One drainer at a
 * time: who finds the bit taken leaves KICKED behind, and the drainer looks at
 * it after it let go. Returns entries read.
 */
u32 europa_tx_drain(struct europa_queue *queue)
{
	u32 total = 0;

	set_bit(EUROPA_QUEUE_KICKED, &queue->bits);
	smp_mb__after_atomic(); /* KICKED before DRAINING, as in the loop below */
	while (test_bit(EUROPA_QUEUE_KICKED, &queue->bits) &&
	       !test_bit(EUROPA_QUEUE_CLOSING, &queue->bits) &&
	       !fatal_signal_pending(current)) {
		if (test_and_set_bit_lock(EUROPA_QUEUE_DRAINING, &queue->bits))
			break;
		clear_bit(EUROPA_QUEUE_KICKED, &queue->bits);
		smp_mb__after_atomic(); /* before reading the ring */
		if (queue->pool)
			total += europa_tx_ring(queue);
		clear_and_wake_up_bit(EUROPA_QUEUE_DRAINING, &queue->bits);
	}
	return total;
}
