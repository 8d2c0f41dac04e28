// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/sctp.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <linux/virtio_net.h>
#include <net/ipv6.h>
#include "compat.h"
#include "edit.h"
#include "made.h"

/* ---- super-packets ---- */

/*
 * Super-packets. Segmentation, here or in whoever gets the packet next, finds
 * its way by the headers' bytes and trusts them to fit how the packet was put
 * together: where the payload starts, and that it can be cut where the segments
 * met. So nothing that tells it may change: which headers there are, how long
 * they and the packet are, whether it is a fragment. Addresses, ports, TTL,
 * DSCP, sequence numbers and the like may.
 *
 * `now` is a private copy; `was` are the packet's own bytes. Both are `bytes`
 * long: what lies behind is not changed, and the walk ends there.
 */
struct europa_edit {
	const u8 *was;
	const u8 *now;
	u32 bytes;
};

/* The same before and after, from `at` on, as far as anything was changed. */
static bool europa_edit_same(const struct europa_edit *e, u32 at, u32 len)
{
	if (at >= e->bytes)
		return true;
	return !memcmp(e->was + at, e->now + at, min(len, e->bytes - at));
}

static bool europa_edit_same_bits(const struct europa_edit *e, u32 at, u8 bits)
{
	return at >= e->bytes || !((e->was[at] ^ e->now[at]) & bits);
}

/* As the packet's own bytes say; the caller has seen that they are there. */
static u16 europa_edit_u16(const struct europa_edit *e, u32 at)
{
	return get_unaligned_be16(e->was + at);
}

/* at: the header behind the IP headers, of protocol proto. */
static bool europa_edit_transport(const struct europa_edit *e,
				  const struct sk_buff *skb, u32 at, u8 proto)
{
	const u32 tcp = SKB_GSO_TCPV4 | SKB_GSO_TCPV6;
	const u32 udp = SKB_GSO_UDP_L4 | SKB_GSO_UDP;
	u32 type = skb_shinfo(skb)->gso_type;

	/* A tunnel: its headers inside are as much geometry as those outside. */
	if (skb->encapsulation)
		return europa_edit_same(e, at, U32_MAX);
	if (type & tcp && proto == IPPROTO_TCP)
		return europa_edit_same_bits(e, at + 12, 0xf0); /* doff */
	if (type & udp && proto == IPPROTO_UDP)
		return europa_edit_same(e, at + offsetof(struct udphdr, len), 2);
	/* Behind its header come chunks, which say their own lengths. */
	if (type & SKB_GSO_SCTP && proto == IPPROTO_SCTP)
		return europa_edit_same(e, at + sizeof(struct sctphdr), U32_MAX);
	return europa_edit_same(e, at, U32_MAX);
}

static bool europa_edit_ipv4(const struct europa_edit *e,
			     const struct sk_buff *skb, u32 at)
{
	u32 ihl;

	/* Version and header length; total length, id, fragment; protocol. */
	if (!europa_edit_same(e, at, 1) || !europa_edit_same(e, at + 2, 6) ||
	    !europa_edit_same(e, at + 9, 1))
		return false;
	if (at + sizeof(struct iphdr) > e->bytes)
		return true;
	ihl = (e->was[at] & 0xf) * 4;
	if (ihl < sizeof(struct iphdr) || e->was[at] >> 4 != 4 ||
	    europa_edit_u16(e, at + 6) & 0x3fff)
		return europa_edit_same(e, at + 10, U32_MAX);
	return europa_edit_same(e, at + 20, ihl - 20) &&
	       europa_edit_transport(e, skb, at + ihl, e->was[at + 9]);
}

static bool europa_edit_ipv6(const struct europa_edit *e,
			     const struct sk_buff *skb, u32 at)
{
	u32 len;
	u8 next;

	/* Version; payload length and next header. */
	if (!europa_edit_same_bits(e, at, 0xf0) ||
	    !europa_edit_same(e, at + 4, 3))
		return false;
	if (at + sizeof(struct ipv6hdr) > e->bytes)
		return true;
	next = e->was[at + 6];
	at += sizeof(struct ipv6hdr);
	while (next == NEXTHDR_HOP || next == NEXTHDR_ROUTING ||
	       next == NEXTHDR_DEST) {
		if (at + 2 > e->bytes)
			return europa_edit_same(e, at, U32_MAX);
		next = e->was[at];
		len = (e->was[at + 1] + 1) * 8;
		if (!europa_edit_same(e, at, len))
			return false;
		at += len;
	}
	return europa_edit_transport(e, skb, at, next);
}

/*
 * May the leading bytes of the super-packet become those in now? The caller has
 * them in the head: what is read here is theirs alone.
 */
static bool europa_edit_keeps_geometry(const struct sk_buff *skb,
				       const u8 *now, u32 bytes)
{
	struct europa_edit e = { skb->data, now, bytes };
	u32 at = offsetof(struct ethhdr, h_proto);
	u16 proto;

	/* A tag in the frame may change its number, but not come or go. */
	for (;; at += VLAN_HLEN) {
		if (!europa_edit_same(&e, at, 2))
			return false;
		if (at + 2 > bytes)
			return true;
		proto = europa_edit_u16(&e, at);
		if (proto != ETH_P_8021Q && proto != ETH_P_8021AD)
			break;
	}
	at += 2;
	if (proto == ETH_P_IP)
		return europa_edit_ipv4(&e, skb, at);
	if (proto == ETH_P_IPV6)
		return europa_edit_ipv6(&e, skb, at);
	return europa_edit_same(&e, at, U32_MAX);
}

/* ---- VLAN tags ---- */

#define EUROPA_TAGS_MAX		4	/* VLAN tags in a frame that are looked at */
#define EUROPA_TAGS_END		(ETH_HLEN + (EUROPA_TAGS_MAX + 1) * VLAN_HLEN)

/* The VLAN tags in a frame, as they stand in it. */
struct europa_tags {
	u8 bytes[EUROPA_TAGS_MAX * VLAN_HLEN];
	u8 len;		/* bytes */
	bool more;	/* than EUROPA_TAGS_MAX */
};

/* The frame's tags; skb->data is at its Ethernet header. */
static void europa_edit_tags(const struct sk_buff *skb, struct europa_tags *tags)
{
	u32 at = offsetof(struct ethhdr, h_proto);

	tags->len = 0;
	tags->more = false;
	while (at + VLAN_HLEN <= skb_headlen(skb) &&
	       eth_type_vlan(get_unaligned((__be16 *)(skb->data + at)))) {
		tags->more = tags->len == sizeof(tags->bytes);
		if (tags->more)
			return;
		memcpy(tags->bytes + tags->len, skb->data + at, VLAN_HLEN);
		tags->len += VLAN_HLEN;
		at += VLAN_HLEN;
	}
}

/* The frame's tags are those it had before it was edited: none came or went. */
static bool europa_edit_keeps_tags(const struct sk_buff *skb,
				   const struct europa_tags *was)
{
	struct europa_tags now;

	europa_edit_tags(skb, &now);
	return !was->more && !now.more && now.len == was->len &&
	       !memcmp(now.bytes, was->bytes, now.len);
}

/* ---- from the slot into the packet ---- */

/* Does it leave by the port it came in on? On another device the same VLAN
 * number may mean another network.
 */
static bool europa_edit_hairpin(const struct europa_out *out)
{
	return out->record->owner == EUROPA_OWNER_RX &&
	       out->record->port == out->port->number;
}

/* Source MAC and link-local groups, on the bytes as they will be sent; and a
 * VLAN tag in them that the VR has made, changed or carried elsewhere.
 */
static bool europa_edit_spoofed(const struct europa_out *out,
				const struct ethhdr *eth)
{
	return europa_port_spoofs(out->port, eth) ||
	       (unlikely(eth_type_vlan(eth->h_proto)) &&
		!(out->tags_kept && europa_edit_hairpin(out)));
}

/* The VR wants the packet without its tag. If the frame has a second one, that
 * becomes the outer one, which a switch believes: so it is spoofing.
 */
static enum europa_counter europa_edit_untag(const struct europa_out *out)
{
	if (READ_ONCE(out->port->spoofchk) &&
	    eth_type_vlan(eth_hdr(out->skb)->h_proto))
		return EUROPA_C_SPOOF;
	__vlan_hwaccel_clear_tag(out->skb);
	return EUROPA_C_SEND;
}

/* A tag that the operator allows, with none behind it. */
static bool europa_edit_tag_allowed(const struct europa_out *out, __be16 proto,
				    u16 tci)
{
	return europa_port_may_tag(out->port, proto, tci) &&
	       !eth_type_vlan(eth_hdr(out->skb)->h_proto);
}

/* The tag in the slot header goes out. Making or changing one, or carrying it
 * from one port to another, is spoofing, unless the port may send it.
 */
static enum europa_counter europa_edit_vlan(const struct europa_out *out)
{
	bool spoofchk = READ_ONCE(out->port->spoofchk);
	struct sk_buff *skb = out->skb;
	__be16 proto;
	u16 tci;

	if (likely(!(READ_ONCE(out->slot->flags) & EUROPA_SLOT_VLAN)))
		return unlikely(skb_vlan_tag_present(skb)) ?
		       europa_edit_untag(out) : EUROPA_C_SEND;
	proto = READ_ONCE(out->slot->vlan_proto);
	tci = READ_ONCE(out->slot->vlan_tci);
	if (skb_vlan_tag_present(skb) && skb->vlan_proto == proto &&
	    skb_vlan_tag_get(skb) == tci &&
	    (!spoofchk || europa_edit_hairpin(out)))
		return EUROPA_C_SEND;
	if (spoofchk && !europa_edit_tag_allowed(out, proto, tci))
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
static bool europa_edit_pull(struct sk_buff *skb, u32 bytes)
{
	if (bytes > skb_headlen(skb) && skb_is_gso(skb) &&
	    skb_has_frag_list(skb))
		return false;
	return pskb_may_pull(skb, bytes);
}

/* The header that it is for has been taken off, as a tunnel's end point does: what
 * is behind has all of its own.
 */
static bool europa_edit_csum_gone(const struct sk_buff *skb)
{
	return !skb_is_gso(skb) && skb_checksum_start_offset(skb) +
	       skb->csum_offset + (int)sizeof(__sum16) <= 0;
}

/* The checksum still to do must lie in the packet as it is now. */
static enum europa_counter europa_edit_csum_to_do(struct sk_buff *skb)
{
	int start = skb_checksum_start_offset(skb);

	if (start < ETH_HLEN ||
	    !europa_edit_pull(skb, start + skb->csum_offset + sizeof(__sum16)))
		return EUROPA_C_BAD_META;
	/* In a tunnel it is the inner header's, which has a field of its own. */
	if (!skb->encapsulation)
		skb_set_transport_header(skb, start);
	return EUROPA_C_SEND;
}

static enum europa_counter europa_edit_csum(struct sk_buff *skb)
{
	if (skb->ip_summed == CHECKSUM_PARTIAL) {
		if (likely(!europa_edit_csum_gone(skb)))
			return europa_edit_csum_to_do(skb);
		skb->ip_summed = CHECKSUM_NONE;
		skb->encapsulation = 0;
	}
	if (skb->ip_summed == CHECKSUM_COMPLETE)
		skb->ip_summed = CHECKSUM_NONE;
	if (!skb_is_gso(skb))
		skb_set_transport_header(skb, ETH_HLEN);
	return EUROPA_C_SEND;
}

/* Not the VR's length, nor its headers, but the kernel's own GSO fields. Out of
 * line: with it, every packet would pay for its stack.
 */
static noinline enum europa_counter
europa_edit_gso(const struct europa_out *out)
{
	const unsigned int tcp = SKB_GSO_TCPV4 | SKB_GSO_TCPV6;
	struct sk_buff *skb = out->skb;
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
	if (!europa_edit_pull(skb, need))
		return EUROPA_C_BAD_META;
	if (!skb_gso_validate_mac_len(skb, europa_port_longest(out->lower)))
		return EUROPA_C_TOO_LONG;
	/* None of its bytes is the VR's, and with the mark it would be copied. */
	if (skb_shinfo(skb)->gso_type & SKB_GSO_FRAGLIST)
		return EUROPA_C_SEND;
	/* The mark must not show in the sender's copy. */
	if (skb_unclone(skb, GFP_ATOMIC))
		return EUROPA_C_TX_NOMEM;
	skb_shinfo(skb)->gso_type |= SKB_GSO_DODGY;
	return EUROPA_C_SEND;
}

static enum europa_counter europa_edit_fits(const struct europa_out *out)
{
	if (skb_is_gso(out->skb))
		return europa_edit_gso(out);
	if (out->skb->len > europa_port_longest(out->lower))
		return EUROPA_C_TOO_LONG;
	return EUROPA_C_SEND;
}

/* The bytes are the VR's: derive again whatever the kernel knew from them. */
static enum europa_counter europa_edit_derive(const struct europa_out *out)
{
	struct sk_buff *skb = out->skb;
	struct ethhdr *eth;

	skb->dev = out->dev;
	skb_reset_mac_header(skb);
	skb_set_network_header(skb, ETH_HLEN);
	skb->mac_len = ETH_HLEN;
	if (!skb_is_gso(skb))
		skb->encapsulation = 0;
	eth = eth_hdr(skb);
	if (READ_ONCE(out->port->spoofchk) && europa_edit_spoofed(out, eth))
		return EUROPA_C_SPOOF;
	skb->protocol = eth_proto_is_802_3(eth->h_proto) ? eth->h_proto :
							   htons(ETH_P_802_2);
	return europa_edit_vlan(out);
}

/* Bring the kept packet to the length and start the entry asks for. */
static enum europa_counter europa_edit_resize(struct sk_buff *skb, u32 offset,
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
static __always_inline int europa_edit_writable(struct sk_buff *skb, u32 bytes)
{
	if (likely(bytes <= skb_headlen(skb) && !skb_cloned(skb)))
		return 0;
	return skb_ensure_writable(skb, bytes);
}

/*
 * Super-packets: first into private memory, where it is seen whether the packet
 * can still be cut into segments, then into the packet.
 */
static noinline enum europa_counter
europa_edit_write_gso(const struct europa_out *out)
{
	u32 bytes = out->entry->bytes;
	struct sk_buff *skb = out->skb;
	u8 *now = out->pool->scratch;

	if (bytes && (skb_shinfo(skb)->gso_type & SKB_GSO_FRAGLIST ||
		      !europa_edit_pull(skb, bytes)))
		return EUROPA_C_GSO;
	memcpy(now, (void *)out->slot + out->entry->offset, bytes);
	if (!europa_edit_keeps_geometry(skb, now, bytes))
		return EUROPA_C_BAD_META;
	if (europa_edit_writable(skb, max_t(u32, bytes, ETH_HLEN)))
		return EUROPA_C_TX_NOMEM;
	memcpy(skb->data, now, bytes);
	return EUROPA_C_SEND;
}

/* The changed bytes go into the packet: the only time they are read. Inline: it
 * is the way of every packet, but for those with a tag.
 */
static __always_inline enum europa_counter
europa_edit_write(const struct europa_out *out)
{
	u32 bytes = out->entry->bytes;

	if (unlikely(skb_is_gso(out->skb)))
		return europa_edit_write_gso(out);
	if (europa_edit_writable(out->skb, max_t(u32, bytes, ETH_HLEN)))
		return EUROPA_C_TX_NOMEM;
	europa_pool_copy(out->skb->data, (void *)out->slot + out->entry->offset,
			 bytes);
	return EUROPA_C_SEND;
}

/* The same for a frame with a VLAN tag in it: is it still what it was? */
static noinline enum europa_counter
europa_edit_write_tagged(struct europa_out *out)
{
	enum europa_counter why;
	struct europa_tags tags;

	/* They may be in fragments still, where the writing pulls them from. */
	pskb_may_pull(out->skb, min_t(u32, out->skb->len, EUROPA_TAGS_END));
	europa_edit_tags(out->skb, &tags);
	why = europa_edit_write(out);
	out->tags_kept = why == EUROPA_C_SEND &&
			europa_edit_keeps_tags(out->skb, &tags);
	return why;
}

/*
 * Put the changed bytes into the kept packet. All arithmetic is in u32 on
 * 16-bit values.
 */
static enum europa_counter europa_edit_write_back(struct europa_out *out)
{
	u32 offset = out->entry->offset, bytes = out->entry->bytes;
	struct sk_buff *skb = out->skb;
	u32 got = min(skb->len, out->pool->snap);
	enum europa_counter why;

	if (offset < sizeof(struct europa_slot) ||
	    offset + bytes > EUROPA_DATA_OFFSET + got)
		return EUROPA_C_BAD_LEN;
	if (offset != EUROPA_DATA_OFFSET || out->entry->len != skb->len) {
		why = europa_edit_resize(skb, offset, bytes, out->entry->len);
		if (why != EUROPA_C_SEND)
			return why;
	}
	if (offset == EUROPA_DATA_OFFSET &&
	    unlikely(eth_type_vlan(((struct ethhdr *)skb->data)->h_proto)))
		why = europa_edit_write_tagged(out);
	else
		why = europa_edit_write(out);
	if (unlikely(why != EUROPA_C_SEND))
		return why;
	/* Verified on the way in; the VR may have changed what it covers. */
	if (skb->ip_summed == CHECKSUM_UNNECESSARY &&
	    (bytes > ETH_HLEN + sizeof(struct iphdr) ||
	     offset != EUROPA_DATA_OFFSET))
		skb->ip_summed = CHECKSUM_NONE;
	return EUROPA_C_SEND;
}

/* A spare slot's packet: all its bytes are in the slot. */
enum europa_counter europa_edit_make(struct europa_out *out,
				     const struct net_device *dev)
{
	u32 offset = out->entry->offset, bytes = out->entry->bytes;
	unsigned int headroom = LL_RESERVED_SPACE(dev); /* may change: read once */
	struct sk_buff *skb;

	if (out->entry->len != bytes || bytes < ETH_HLEN ||
	    offset < sizeof(struct europa_slot) ||
	    offset + bytes > EUROPA_STRIDE)
		return EUROPA_C_BAD_LEN;
	skb = alloc_skb(headroom + bytes, GFP_ATOMIC);
	if (!skb)
		return EUROPA_C_TX_NOMEM;
	skb_reserve(skb, headroom);
	skb_put_data(skb, (void *)out->slot + offset, bytes);
	out->skb = skb;
	return EUROPA_C_SEND;
}

/* To send: it may wait below for long. */
static enum europa_counter europa_edit_originate(struct europa_out *out)
{
	enum europa_counter why = europa_edit_make(out, out->lower);

	if (why == EUROPA_C_SEND &&
	    !europa_made_charge(out->port->vr, out->skb))
		why = EUROPA_C_TX_LIMIT;
	return why;
}

/* Checksum and GSO requests of a packet the VR made, checked as a guest's. Out of
 * line for its stack, too.
 */
static noinline enum europa_counter
europa_edit_request(const struct europa_out *out)
{
	u32 flags = READ_ONCE(out->slot->flags);
	u16 type = READ_ONCE(out->slot->gso_type);
	u16 start = READ_ONCE(out->slot->csum_start);
	struct virtio_net_hdr hdr = {
		.gso_type = VIRTIO_NET_HDR_GSO_NONE,
		.gso_size = (__force __virtio16)READ_ONCE(out->slot->gso_size),
		.csum_start = (__force __virtio16)start,
		.csum_offset = (__force __virtio16)READ_ONCE(out->slot->csum_offset),
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
	if (virtio_net_hdr_to_skb(out->skb, &hdr,
				  virtio_legacy_is_little_endian()))
		return EUROPA_C_BAD_META;
	return EUROPA_C_SEND;
}

/* The bytes are in a packet that had a record of EUROPA_RECORD_PLAIN and keeps
 * its length, but something about them is not as usual.
 */
enum europa_counter europa_edit_settle(struct europa_out *out)
{
	enum europa_counter why;

	out->tags_kept = false;
	why = europa_edit_derive(out);
	if (why == EUROPA_C_SEND)
		why = europa_edit_csum(out->skb);
	return why == EUROPA_C_SEND ? europa_edit_fits(out) : why;
}

/* Bytes, headers, checksum, length: in this order. */
enum europa_counter europa_edit_prepare(struct europa_out *out)
{
	bool made = !out->skb;
	enum europa_counter why;

	out->tags_kept = false;
	why = made ? europa_edit_originate(out) : europa_edit_write_back(out);
	if (likely(why == EUROPA_C_SEND))
		why = europa_edit_derive(out);
	if (likely(why == EUROPA_C_SEND))
		why = made ? europa_edit_request(out) : europa_edit_csum(out->skb);
	return likely(why == EUROPA_C_SEND) ? europa_edit_fits(out) : why;
}
