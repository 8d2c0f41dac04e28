/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/* Copyright (C) the Europa authors */
/*
 * Europa: user-mode virtual routers. This header is the whole contract between
 * europa.ko and everything outside it: shared memory, ioctl, generic netlink,
 * rtnetlink and tc. All integers are in host byte order unless typed __be.
 * Each field names who writes it: (K) the kernel, (V) the virtual router.
 *
 * A data plane's life:
 *   fd = open("/dev/europa/vr3", O_RDWR)
 *   ioctl(fd, EUROPA_IOC_ATTACH, &a)       one per queue; EBUSY if there is one,
 *                                          but see EUROPA_FEATURE_TAKEOVER
 *   mmap(NULL, a.map_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)
 *   ioctl(fd, EUROPA_IOC_START)            from now on packets arrive
 *   loop: take entries from rx, edit the slots, put entries on tx, then
 *         ioctl(fd, EUROPA_IOC_KICK) or poll(fd): both drain the tx ring
 *   ioctl(fd, EUROPA_IOC_STOP)             no new packets; finish and kick
 *   close(fd)                              or die: the kernel takes all back
 *
 *   map:  | ctl | rx ring | tx ring | spare ring | slot 0 | slot 1 | ...
 *   slot: | struct europa_slot, 64 B | headroom | data, up to snap bytes |
 *
 * Slots come to the VR by rx (a packet) or spare (blank, for packets the VR
 * makes), in ring order. Each goes back exactly once, by tx, in any order. A
 * packet kept for longer than 30 s is taken back (counted: gone), within 15 s;
 * its slot remains the VR's, and returning it has no effect but that. The
 * kernel keeps who owns a slot in memory of its own; an entry for a slot the
 * VR does not own is counted (bad_slot) and ignored.
 *
 * Rings: entry i of lap L is valid when its phase is (L + 1) & 1; memory starts
 * zeroed. A producer writes entries h+1 ... h+k-1 with their phase, then stores
 * word[1] of entry h with release order. A consumer loads word[1] of each entry
 * with acquire order, then word[0]. It never writes the ring. A ring has at
 * least as many entries as the slots that can be on it, so it cannot overflow.
 */
#ifndef _LINUX_EUROPA_H
#define _LINUX_EUROPA_H

#include <linux/types.h>
#include <linux/ioctl.h>
#include <linux/pkt_cls.h>

#define EUROPA_ABI_VERSION	1

/* Ranges. Outside them a request is refused and nothing changes. */
#define EUROPA_VR_MAX		65535	/* VR numbers: 1 ... */
#define EUROPA_NAME_SIZE	16	/* bytes with the NUL */
#define EUROPA_NETNS_SIZE	256	/* bytes with the NUL */
#define EUROPA_PORT_MAX		1023	/* port numbers: 0 ... */
#define EUROPA_SLOTS_MIN	64
#define EUROPA_SLOTS_MAX	65536
#define EUROPA_SLOTS_DEFAULT	4096
#define EUROPA_QUEUES_MAX	64
#define EUROPA_STRIDE		2176	/* bytes; no power of two: no cache-set aliasing */
#define EUROPA_HEADROOM		128	/* bytes between slot header and data on rx */
#define EUROPA_SNAP_MIN		64
#define EUROPA_SNAP_MAX		(EUROPA_STRIDE - 64 - EUROPA_HEADROOM)
#define EUROPA_SNAP_DEFAULT	EUROPA_SNAP_MAX
#define EUROPA_LIMIT_MIN	(1ULL << 20)	/* bytes of kept packets */
#define EUROPA_LIMIT_MAX	(1ULL << 40)
#define EUROPA_LIMIT_DEFAULT	(64ULL << 20)
#define EUROPA_STALL_MIN	100	/* ms */
#define EUROPA_STALL_MAX	3600000
#define EUROPA_BURST		64	/* entries the kernel drains at a time */

/* ---- shared memory ---------------------------------------------------- */

/* One ring entry. rx, spare: (K). tx: (V). */
struct europa_entry {
	union {
		struct {
			/* rx: bytes of the whole packet, Ethernet header first.
			 * tx SEND: its new length; see europa_op.
			 */
			__u32 len;
			__u16 slot;	/* index, 0 ... slots - 1 */
			/* rx: leading bytes of the packet that are in the slot.
			 * tx: leading bytes, from offset, the VR has changed:
			 * those, and no others, are written back.
			 */
			__u16 bytes;
			__u16 offset;	/* bytes, slot start to first byte of data */
			__u16 port;	/* rx: received on; tx SEND: send out of */
			__u8 op;	/* tx: enum europa_op; rx, spare: 0 */
			__u8 flags;	/* rx: EUROPA_RX_*; tx, spare: 0 */
			__u16 phase;	/* 0 or 1 */
		};
		__u64 word[2];		/* phase is in word[1] */
	};
};

/*
 * What the VR asks for a slot.
 * SEND, slot from rx: the kept packet goes out with `bytes` leading bytes
 *   replaced. Bytes are anchored at their end: offset smaller than received
 *   grows the front (bytes must cover the growth), larger trims it. len may be
 *   up to received len + growth - trim; less cuts the tail. A GSO packet keeps
 *   its length.
 * SEND, slot from spare: the packet is what the slot holds at offset, len == bytes;
 *   checksum and GSO requests are in the slot header, as in virtio_net_hdr.
 * PUNT, slot from rx: the packet, as received, to the kernel's stack at the
 *   port it came from. From spare: len bytes, to the stack at `port`.
 * DROP: the slot comes back, the packet is freed.
 */
enum europa_op {
	EUROPA_OP_DROP,
	EUROPA_OP_SEND,
	EUROPA_OP_PUNT,
};

/* Entry flags on rx. Without META the slot header holds nothing to read. */
#define EUROPA_RX_META		0x01	/* slot header flags are not 0 */
#define EUROPA_RX_ADDRESSED	0x02	/* given by a classifier or tc action */
#define EUROPA_RX_MULTICAST	0x04	/* Ethernet group address */

/* Slot header, 64 bytes, at the slot's start. */
struct europa_slot {
	/* (K, V) whose the slot is: the giver writes it before publishing. tx
	 * of a slot whose state is not KERNEL is counted (bad_state), dropped.
	 */
	__u32 state;
	/* EUROPA_SLOT_*: which fields below hold (K on rx, V for spare slots).
	 * Of a slot from rx the kernel reads back VLAN only.
	 */
	__u32 flags;
	__be16 vlan_proto;	/* 0x8100 or 0x88a8 */
	__u16 vlan_tci;
	/* Bytes from the first byte of data to where checksumming starts, and
	 * from there to the checksum field, which holds the pseudo-header sum,
	 * not complemented: do not update it as if it were a checksum. SEND
	 * of a slot from rx without the header that has the field, as at a
	 * tunnel's end, leaves no sum to do.
	 */
	__u16 csum_start;
	__u16 csum_offset;
	__u16 gso_type;		/* EUROPA_GSO_* */
	__u16 gso_size;		/* bytes of payload per segment */
	__u16 gso_segs;		/* rx: segments, 0 unknown; tx: ignored */
	__u16 gso_hdr_len;	/* bytes of headers before the payload */
	__u32 hash;		/* rx: flow hash, 0 if none; tx: ignored */
	__u32 reserved[9];	/* 0 */
};

#define EUROPA_STATE_KERNEL	0
#define EUROPA_STATE_VR		1

#define EUROPA_SLOT_VLAN	0x01	/* vlan_proto, vlan_tci */
#define EUROPA_SLOT_CSUM	0x02	/* csum_start, csum_offset: sum still to do */
#define EUROPA_SLOT_CSUM_OK	0x04	/* rx: checksum verified; tx: ignored */
#define EUROPA_SLOT_GSO		0x08	/* gso_*: a super-packet */

#define EUROPA_GSO_TCPV4	0x01
#define EUROPA_GSO_TCPV6	0x02
#define EUROPA_GSO_UDP		0x04	/* UDP_L4: each segment a datagram */
#define EUROPA_GSO_ECN		0x08	/* TCP CWR in the first segment only */
#define EUROPA_GSO_FRAGLIST	0x10	/* cannot be edited: PUNT it */
#define EUROPA_GSO_OTHER	0x20	/* tunnels and the like: PUNT unless known */

/* At offset 0 of the map. */
struct europa_ctl {
	__u32 flags;		/* (K) EUROPA_CTL_* */
	__u32 generation;	/* (K) attaches of this queue so far */
	__u32 reserved0[14];
	/* (V) before poll(): low 32 bits rx entries consumed since attach,
	 * bit 32 armed, bit 33 with it: for this sleep, see IDLE below; one
	 * 64-bit store, a full fence, then look at rx again.
	 */
	__u64 rx_wait;
	__u32 reserved1[14];
};

/* tx is drained by kicks: after a publication and a full fence, look, and kick if it
 * is set. Clear: the kernel polls tx, and sets it and looks once more before it stops.
 */
#define EUROPA_CTL_NEED_KICK	0x01
#define EUROPA_CTL_LEAVE	0x02	/* another takes over, see TAKEOVER below */
#define EUROPA_RX_ARMED		(1ULL << 32)
#define EUROPA_RX_IDLE		(1ULL << 33)

/* ---- ioctl on /dev/europa/vrN ----------------------------------------- */

/*
 * ATTACH: EBADF not open for reading and writing; EBUSY the queue has a data
 * plane; EISCONN this file is attached to another queue: each takes a file of its
 * own; EPERM TAKEOVER, and it is not yours to replace; EPROTO version; EINVAL
 * queue, spares, snap or reserved; ENODEV the VR is gone; ENOMEM. START, STOP, KICK,
 * DETACH: ENOTCONN not attached by this file. KICK returns entries drained.
 * Give the file to epoll after ATTACH, not before: each queue wakes its own.
 * The queue is detached when the attaching process closes the file (any
 * descriptor of it), unmaps the pool, or dies, even if a child holds both.
 */
struct europa_attach {
	__u32 version;		/* in: EUROPA_ABI_VERSION */
	__u32 queue;		/* in: 0 ... queues - 1 */
	__u64 features;		/* in: wanted, out: granted, EUROPA_FEATURE_* */
	__u32 spares;		/* in: wanted, <= slots / 2, 0 for 64 or that; out */
	__u32 vr;		/* out: number */
	__u32 generation;	/* out */
	__u32 slots;		/* out */
	__u32 stride;		/* out: bytes from slot to slot */
	__u32 headroom;		/* out: bytes before rx data, after the header */
	__u32 snap;		/* in: most bytes of a packet wanted in a slot, from
				 * EUROPA_SNAP_MAX down to EUROPA_SNAP_MIN, 0 for
				 * all that the VR's setting allows; out: that, or
				 * what the setting allows, if that is less
				 */
	__u32 rx_size;		/* out: ring entries, powers of two */
	__u32 tx_size;
	__u32 spare_size;
	__u64 map_size;		/* out: bytes; all offsets below in bytes */
	__u64 rx_offset;
	__u64 tx_offset;
	__u64 spare_offset;
	__u64 slots_offset;
	__u64 reserved[4];	/* in, out: 0 */
};

/*
 * Features of a data plane. One that the kernel does not know is not granted,
 * which is no error: look at what comes out.
 * AGREE: it forwards for the network namespace of its ports, as the kernel
 *   there would. A packet that would have met a rule in the kernel (enum
 *   europa_filter) is given to the port's stack instead, before the data plane
 *   sees it or, if the rule came meanwhile, when it asks to SEND it. Without,
 *   the data plane is its own master and passes such rules by.
 * IDLE, with AGREE only: a packet that finds it asleep in poll(), armed with
 *   EUROPA_RX_IDLE, with nothing to read and no packet in its hands, may be given
 *   to the port's stack instead of waking it; not where the VR's fallback is
 *   drop. It is woken once packets come so close to each other that this pays.
 *   For a data plane that would do with the packet what the stack does: send it
 *   the same way, so that a flow stays in order. After the first wake-up in
 *   epoll_wait() with EPOLLET each packet is the data plane's.
 * TAKEOVER: if the queue has a data plane, ATTACH replaces it; granted if there
 *   was one. On EPERM nothing happens: it is allowed to who has the same
 *   effective user number as the one that attached, to the owner of the device
 *   node, and with CAP_NET_ADMIN in the initial user namespace. The one before gets
 *   no packet any more. EUROPA_CTL_LEAVE stands in its map, and poll() tells
 *   EPOLLIN, whether there is something to read or not: it is to return what it
 *   has, with a kick, and go. Once it has nothing, or has gone, or after a second,
 *   it is detached (what it has not returned goes to the fallback), and the
 *   newcomer has the queue. Packets that came meanwhile are the first on the
 *   newcomer's rx, as many as it has slots for besides the spares, 8192 at most:
 *   if the one before had been started, START has been done. Attach when
 *   everything else is ready.
 */
#define EUROPA_FEATURE_AGREE	(1ULL << 0)
#define EUROPA_FEATURE_IDLE	(1ULL << 1)
#define EUROPA_FEATURE_TAKEOVER	(1ULL << 2)

/* PORT: ENOENT no such port; EINVAL reserved is not 0. */
struct europa_port_info {
	__u32 port;		/* in */
	__u32 ifindex;		/* out: in the port's own namespace */
	__u32 mtu;		/* out: bytes */
	__u32 flags;		/* out: EUROPA_PORT_* */
	__u8 address[6];	/* out: MAC */
	__u8 reserved[10];	/* in, out: 0 */
};

#define EUROPA_PORT_UP		0x01	/* interface up, carrier on */
#define EUROPA_PORT_SPOOFCHK	0x02

#define EUROPA_IOC_ATTACH	_IOWR(0xEA, 0, struct europa_attach)
#define EUROPA_IOC_START	_IO(0xEA, 1)
#define EUROPA_IOC_STOP		_IO(0xEA, 2)
#define EUROPA_IOC_DETACH	_IO(0xEA, 3)
#define EUROPA_IOC_KICK		_IO(0xEA, 4)
#define EUROPA_IOC_PORT		_IOWR(0xEA, 5, struct europa_port_info)

/* ---- classifier program ------------------------------------------------ */

/* BPF_PROG_TYPE_SCHED_CLS; skb data starts at the Ethernet header. Returns one
 * of these; anything else, or a VR without a port there, is no opinion.
 */
#define EUROPA_VERDICT_NONE	(-1)	/* demultiplex by MAC */
#define EUROPA_VERDICT_HOST	0	/* leave it to the host */
#define EUROPA_VERDICT_DROP	2
#define EUROPA_VERDICT_VR(n)	(0x10000 | (n))

/* ---- generic netlink --------------------------------------------------- */

#define EUROPA_GENL_NAME	"europa"
#define EUROPA_GENL_VERSION	1
#define EUROPA_GENL_EVENTS	"events"	/* multicast group */

/*
 * Changing commands need CAP_NET_ADMIN in the initial user namespace. A VR is
 * named by VR or by NAME (VR wins). GET without either, with NLM_F_DUMP: all.
 * From a namespace other than the initial one, GET sees VRs with a port in it.
 */
enum europa_cmd {
	EUROPA_CMD_UNSPEC,
	EUROPA_CMD_VR_NEW,	/* all settings optional; EEXIST. Answers like GET
				 * when NLM_F_ECHO is set
				 */
	EUROPA_CMD_VR_SET,	/* NAME: new name when VR is given */
	EUROPA_CMD_VR_DEL,	/* with its ports */
	EUROPA_CMD_VR_GET,
	EUROPA_CMD_CLASSIFIER_SET, /* IFINDEX, PROG_FD; replaces */
	EUROPA_CMD_CLASSIFIER_DEL, /* IFINDEX; ENOENT */
	EUROPA_CMD_CLASSIFIER_GET, /* dump, or IFINDEX */
	EUROPA_CMD_EVENT,	/* multicast: EVENT and what it is about */
};

enum europa_attr {
	EUROPA_A_UNSPEC,
	EUROPA_A_VR,		/* u32, 1 ... EUROPA_VR_MAX */
	EUROPA_A_NAME,		/* string, [A-Za-z0-9_.-]{1,15}, not all digits */
	EUROPA_A_NETNS,		/* string: home namespace, "" for none */
	EUROPA_A_SLOTS,		/* u32; SLOTS, SNAP, QUEUES: EBUSY while attached */
	EUROPA_A_SNAP,		/* u32 bytes */
	EUROPA_A_QUEUES,	/* u32, 1, the default, ... EUROPA_QUEUES_MAX */
	EUROPA_A_LIMIT,		/* u64 bytes, of kept packets' truesize, each queue
				 * an equal share (a super-packet has 66 KB); and as
				 * many of packets it made that have not left
				 */
	EUROPA_A_UID,		/* u32: owner of the device node */
	EUROPA_A_GID,		/* u32 */
	EUROPA_A_MODE,		/* u32, 0 ... 0777; devtmpfs makes 0 0600 */
	EUROPA_A_FALLBACK,	/* u8, enum europa_fallback */
	EUROPA_A_PAD,
	EUROPA_A_STATE,		/* u8, enum europa_state; this and all below: out */
	EUROPA_A_PID,		/* u32: data plane, in the asker's pid namespace. This,
				 * GENERATION, FEATURES and ENDED are of queue 0, in
				 * an event of the queue that it is about; of each
				 * queue its nest tells them
				 */
	EUROPA_A_PORTS,		/* nest of EUROPA_A_PORT nests; repeated if many */
	EUROPA_A_PORT,		/* nest of enum europa_port_attr */
	EUROPA_A_QUEUE,		/* nest of enum europa_queue_attr, once per queue; in
				 * an event of a data plane its INDEX and STATE, where
				 * there are several
				 */
	EUROPA_A_STATS,		/* nest: type = enum europa_counter + 1, u64: of
				 * its ports, former ones too, and of no port
				 */
	EUROPA_A_IFINDEX,	/* u32, in the asker's network namespace; in, out */
	EUROPA_A_IFNAME,	/* string */
	EUROPA_A_PROG_FD,	/* s32, in */
	EUROPA_A_PROG_ID,	/* u32 */
	EUROPA_A_PROG_NAME,	/* string */
	EUROPA_A_PROG_TAG,	/* 8 bytes */
	EUROPA_A_VERDICTS,	/* nest: type = enum europa_verdict_counter + 1, u64 */
	EUROPA_A_EVENT,		/* u8, enum europa_event */
	EUROPA_A_GENERATION,	/* u32, of the data plane */
	EUROPA_A_PRIO,		/* u32, in, out: tc classid (major << 16 | minor)
				 * stamped on what the VR sends, 0 for none
				 */
	EUROPA_A_FEATURES,	/* u64, out: granted to the data plane; absent
				 * without one
				 */
	EUROPA_A_STALL,		/* u32 ms, in, out: 0, the default, or
				 * EUROPA_STALL_MIN ... MAX; see enum europa_ended
				 */
	EUROPA_A_ENDED,		/* u8, out, enum europa_ended: how the last data
				 * plane that is no more ended; absent: none yet
				 */
	EUROPA_A_SPREAD,	/* u8, in, out, enum europa_spread */
	EUROPA_A_TX,		/* u8, in, out, enum europa_tx_by */
	EUROPA_A_TX_CPU,	/* u32, in, out: the processor that the threads of
				 * EUROPA_TX_POLL are bound to; absent: none. In
				 * only together with TX
				 */
	__EUROPA_A_MAX
};

#define EUROPA_A_MAX (__EUROPA_A_MAX - 1)

enum europa_port_attr {
	EUROPA_PORT_A_UNSPEC,
	EUROPA_PORT_A_NUMBER,	/* u32, 0 ... EUROPA_PORT_MAX */
	EUROPA_PORT_A_IFINDEX,	/* u32, in the port's own namespace */
	EUROPA_PORT_A_IFNAME,	/* string */
	EUROPA_PORT_A_LOWER_IFINDEX, /* u32, in the lower device's namespace */
	EUROPA_PORT_A_LOWER_IFNAME, /* string */
	EUROPA_PORT_A_ADDRESS,	/* 6 bytes */
	EUROPA_PORT_A_MODE,	/* u8, enum europa_port_mode */
	EUROPA_PORT_A_SPOOFCHK,	/* u8, 0 or 1 */
	EUROPA_PORT_A_UP,	/* u8, 0 or 1 */
	/* s32: the namespace of IFINDEX, of LOWER_IFINDEX, by the number the
	 * asker's namespace gives it, -1 if it cannot any more; absent where
	 * it is the asker's own.
	 */
	EUROPA_PORT_A_NETNSID,
	EUROPA_PORT_A_LOWER_NETNSID,
	EUROPA_PORT_A_FILTERS,	/* u32, enum europa_filter: what there is now */
	EUROPA_PORT_A_VLANS,	/* array of struct europa_vlans; absent: none */
};

/*
 * What the kernel's stack at a port would apply to a packet that it forwards.
 * Bits. To a data plane with feature AGREE those of EUROPA_FILTER_TO_STACK
 * mean: the port's stack gets the packet; the others, but for VLAN_EGRESS: SEND
 * goes out through the port's interface, not straight to the lower device, and
 * so through them.
 */
enum europa_filter {
	/* netfilter hooks of the namespace at prerouting, forward, postrouting:
	 * nftables, iptables, conntrack, NAT, IPVS. For packets of that family.
	 */
	EUROPA_FILTER_IPV4		= 0x001,
	EUROPA_FILTER_IPV6		= 0x002,
	EUROPA_FILTER_XFRM		= 0x004, /* IPsec policies of the namespace */
	EUROPA_FILTER_NFT_INGRESS	= 0x008, /* netfilter ingress hook of the port */
	EUROPA_FILTER_NFT_EGRESS	= 0x010,
	EUROPA_FILTER_TC_INGRESS	= 0x020, /* tc filters on the port */
	EUROPA_FILTER_TC_EGRESS		= 0x040,
	EUROPA_FILTER_QDISC		= 0x080, /* a qdisc that queues, on the port */
	EUROPA_FILTER_XDP		= 0x100, /* an XDP program on the port */
	EUROPA_FILTER_UPPER		= 0x200, /* port of a bridge, bond, VRF ... */
	/* Any of these on a VLAN interface of the port, or who listens there.
	 * INGRESS: the port's stack gets packets with a tag. EGRESS: the stack
	 * of the port that it came from gets a packet that SEND puts a tag on.
	 */
	EUROPA_FILTER_VLAN_INGRESS	= 0x400,
	EUROPA_FILTER_VLAN_EGRESS	= 0x800,
};

#define EUROPA_FILTER_TO_STACK \
	(EUROPA_FILTER_IPV4 | EUROPA_FILTER_IPV6 | EUROPA_FILTER_XFRM | \
	 EUROPA_FILTER_NFT_INGRESS | EUROPA_FILTER_TC_INGRESS | \
	 EUROPA_FILTER_XDP | EUROPA_FILTER_UPPER | \
	 EUROPA_FILTER_VLAN_INGRESS)

/* Entries of an array of { bit, name }. */
#define EUROPA_FILTER_NAMES \
	[0] = { EUROPA_FILTER_IPV4, "netfilter-ipv4" }, \
	[1] = { EUROPA_FILTER_IPV6, "netfilter-ipv6" }, \
	[2] = { EUROPA_FILTER_XFRM, "xfrm" }, \
	[3] = { EUROPA_FILTER_NFT_INGRESS, "nft-ingress" }, \
	[4] = { EUROPA_FILTER_NFT_EGRESS, "nft-egress" }, \
	[5] = { EUROPA_FILTER_TC_INGRESS, "tc-ingress" }, \
	[6] = { EUROPA_FILTER_TC_EGRESS, "tc-egress" }, \
	[7] = { EUROPA_FILTER_QDISC, "qdisc" }, \
	[8] = { EUROPA_FILTER_XDP, "xdp" }, \
	[9] = { EUROPA_FILTER_UPPER, "upper" }, \
	[10] = { EUROPA_FILTER_VLAN_INGRESS, "vlan-ingress" }, \
	[11] = { EUROPA_FILTER_VLAN_EGRESS, "vlan-egress" }

/* Slots by owner: with a data plane the five sum to SLOTS, without all are 0. */
enum europa_queue_attr {
	EUROPA_QUEUE_A_UNSPEC,
	EUROPA_QUEUE_A_INDEX,	/* u32 */
	EUROPA_QUEUE_A_FREE,	/* u32 */
	EUROPA_QUEUE_A_RX,	/* u32: with the VR, packet kept */
	EUROPA_QUEUE_A_VR,	/* u32: with the VR, its packet taken back */
	EUROPA_QUEUE_A_SPARE,	/* u32: with the VR, blank */
	EUROPA_QUEUE_A_TX,	/* u32: being transmitted */
	EUROPA_QUEUE_A_HELD,	/* u64 bytes: truesize of kept packets */
	EUROPA_QUEUE_A_PAD,
	EUROPA_QUEUE_A_ASLEEP,	/* u8: 1 in poll(), or with epoll: the last look
				 * found nothing, and no packet came since
				 */
	EUROPA_QUEUE_A_STATE,	/* u8, enum europa_state; that of the VR is the
				 * highest of its queues
				 */
	EUROPA_QUEUE_A_PID,	/* u32; these four as in enum europa_attr */
	EUROPA_QUEUE_A_GENERATION, /* u32 */
	EUROPA_QUEUE_A_FEATURES, /* u64 */
	EUROPA_QUEUE_A_ENDED,	/* u8 */
	EUROPA_QUEUE_A_GIVEN,	/* u32: packets given to the data plane since it
				 * attached; wraps
				 */
	EUROPA_QUEUE_A_SNAP,	/* u32 bytes: most of a packet that the data plane
				 * sees; only while attached
				 */
};

enum europa_fallback { EUROPA_FALLBACK_KERNEL, EUROPA_FALLBACK_DROP };

/*
 * Which queue is a packet's, where there are several? It depends on nothing else:
 * a queue without a data plane that runs leaves its packets to the fallback.
 */
enum europa_spread {
	EUROPA_SPREAD_FLOW,	/* by the flow's hash: a flow stays in order */
	EUROPA_SPREAD_CPU,	/* the receiving processor's number modulo QUEUES */
};

/*
 * Who takes what the VR publishes on tx. POLL: a thread of the kernel, one for each
 * queue with a data plane. While it is awake EUROPA_CTL_NEED_KICK is clear. It sleeps
 * when for some 50 us nothing came, and is woken when rx gets packets, and by a
 * kick; and looks by itself after one tick of the kernel's timer, two, four, and so
 * on, up to 100 ms: what is published without a kick waits that long at most, and
 * until the thread gets its processor.
 */
enum europa_tx_by { EUROPA_TX_KICK, EUROPA_TX_POLL };

/* IDLE: no data plane. ATTACHED: not yet, or no longer, started. */
enum europa_state { EUROPA_IDLE, EUROPA_ATTACHED, EUROPA_RUNNING };

/*
 * How a data plane's time ended. STALLED: it was detached by the kernel, as for
 * STALL ms it had packets of rx, rx_wait said that it had not taken all of them,
 * and neither did rx_wait change nor was an entry of tx drained. By then the
 * time may be longer, by half.
 */
enum europa_ended {
	EUROPA_ENDED_LEFT = 1,	/* it detached, closed, unmapped or died */
	EUROPA_ENDED_STALLED,
	EUROPA_ENDED_REPLACED,	/* another took over, or told it to leave, and it did */
};

enum europa_event {
	EUROPA_EVENT_VR_NEW = 1, EUROPA_EVENT_VR_SET, EUROPA_EVENT_VR_DEL,
	EUROPA_EVENT_ATTACH, EUROPA_EVENT_START, EUROPA_EVENT_STOP,
	EUROPA_EVENT_DETACH, EUROPA_EVENT_PORT_NEW, EUROPA_EVENT_PORT_DEL,
	EUROPA_EVENT_CLASSIFIER_SET, EUROPA_EVENT_CLASSIFIER_DEL,
	EUROPA_EVENT_FILTERS,	/* a port's FILTERS, as a packet found them, are
				 * others than the last that did; AGREE only
				 */
};

/* Counters of a VR, in packets unless said. Their names follow. */
enum europa_counter {
	EUROPA_C_RX,		/* given to the data plane */
	EUROPA_C_SEND,		/* handed to the lower device */
	EUROPA_C_PUNT,		/* given to the kernel's stack */
	EUROPA_C_DROP,		/* dropped by the data plane */
	EUROPA_C_ORIGINATED,	/* of SEND and PUNT: made in spare slots */
	EUROPA_C_FALLBACK,	/* to the kernel's stack, nothing running */
	EUROPA_C_RECLAIMED,	/* of FALLBACK: unreturned at detach */
	EUROPA_C_KICKS,		/* times tx was drained by ioctl */
	EUROPA_C_WAITS,		/* times poll() went to sleep */
	EUROPA_C_WAKES,		/* times a sleeper was woken */
	EUROPA_C_RX_FULL,	/* drops: no free slot */
	EUROPA_C_RX_LIMIT,	/* kept packets over the limit */
	EUROPA_C_RX_NOMEM,	/* no memory to clone or unshare */
	EUROPA_C_RX_DOWN,	/* port is down */
	EUROPA_C_RX_FALLBACK,	/* nothing running, fallback drop */
	EUROPA_C_BAD_SLOT,	/* entries: not the VR's slot */
	EUROPA_C_BAD_STATE,	/* slot state not KERNEL */
	EUROPA_C_BAD_OP,	/* unknown op */
	EUROPA_C_BAD_LEN,	/* len, bytes or offset do not fit */
	EUROPA_C_BAD_META,	/* checksum or GSO does not fit the bytes */
	EUROPA_C_BAD_PORT,	/* not a port of the VR */
	EUROPA_C_SPOOF,		/* source MAC, VLAN tag or link-local group */
	EUROPA_C_TOO_LONG,	/* longer than the lower device takes */
	EUROPA_C_GSO,		/* length change or uneditable super-packet */
	EUROPA_C_TX_DOWN,	/* port or lower device is down */
	EUROPA_C_TX_NOMEM,	/* no memory */
	EUROPA_C_TX_QDISC,	/* refused by the qdisc or the driver */
	EUROPA_C_GONE,		/* port went away while the VR had the packet,
				 * or the VR kept it for too long
				 */
	EUROPA_C_FILTERED,	/* to the kernel's stack, for its rules (AGREE) */
	EUROPA_C_TX_LIMIT,	/* made by the VR, over the limit of what waits */
	EUROPA_C_IDLE,		/* to the kernel's stack: the data plane slept (IDLE) */
	EUROPA_C_TX_POLLS,	/* times tx was drained by a thread (EUROPA_TX_POLL) */
	EUROPA_C_TX_SLEEPS,	/* times such a thread went to sleep */
	EUROPA_C_COUNT
};

#define EUROPA_COUNTER_NAMES \
	[EUROPA_C_RX] = "rx", \
	[EUROPA_C_SEND] = "send", \
	[EUROPA_C_PUNT] = "punt", \
	[EUROPA_C_DROP] = "drop", \
	[EUROPA_C_ORIGINATED] = "originated", \
	[EUROPA_C_FALLBACK] = "fallback", \
	[EUROPA_C_RECLAIMED] = "reclaimed", \
	[EUROPA_C_KICKS] = "kicks", \
	[EUROPA_C_WAITS] = "waits", \
	[EUROPA_C_WAKES] = "wakes", \
	[EUROPA_C_RX_FULL] = "rx_full", \
	[EUROPA_C_RX_LIMIT] = "rx_limit", \
	[EUROPA_C_RX_NOMEM] = "rx_nomem", \
	[EUROPA_C_RX_DOWN] = "rx_down", \
	[EUROPA_C_RX_FALLBACK] = "rx_fallback", \
	[EUROPA_C_BAD_SLOT] = "bad_slot", \
	[EUROPA_C_BAD_STATE] = "bad_state", \
	[EUROPA_C_BAD_OP] = "bad_op", \
	[EUROPA_C_BAD_LEN] = "bad_len", \
	[EUROPA_C_BAD_META] = "bad_meta", \
	[EUROPA_C_BAD_PORT] = "bad_port", \
	[EUROPA_C_SPOOF] = "spoof", \
	[EUROPA_C_TOO_LONG] = "too_long", \
	[EUROPA_C_GSO] = "gso", \
	[EUROPA_C_TX_DOWN] = "tx_down", \
	[EUROPA_C_TX_NOMEM] = "tx_nomem", \
	[EUROPA_C_TX_QDISC] = "tx_qdisc", \
	[EUROPA_C_GONE] = "gone", \
	[EUROPA_C_FILTERED] = "filtered", \
	[EUROPA_C_TX_LIMIT] = "tx_limit", \
	[EUROPA_C_IDLE] = "idle", \
	[EUROPA_C_TX_POLLS] = "tx_polls", \
	[EUROPA_C_TX_SLEEPS] = "tx_sleeps"

/* Packets by what the classifier said. UNKNOWN: also a VR without a port. */
enum europa_verdict_counter {
	EUROPA_V_VR,
	EUROPA_V_HOST,
	EUROPA_V_DROP,
	EUROPA_V_NONE,
	EUROPA_V_UNKNOWN,
	EUROPA_V_COUNT
};

#define EUROPA_VERDICT_NAMES \
	[EUROPA_V_VR] = "vr", \
	[EUROPA_V_HOST] = "host", \
	[EUROPA_V_DROP] = "drop", \
	[EUROPA_V_NONE] = "none", \
	[EUROPA_V_UNKNOWN] = "unknown"

/* ---- rtnetlink: ports, IFLA_INFO_KIND "europa" ------------------------- */

/*
 * Without IFLA_IFNAME a port is called vr<VR>p<number>. IFLA_LINK: the lower
 * device. EEXIST: the VR has a port there, or the number is taken.
 */
enum {
	IFLA_EUROPA_UNSPEC,
	IFLA_EUROPA_VR,		/* u32; at creation */
	IFLA_EUROPA_VR_NAME,	/* string; instead of VR */
	IFLA_EUROPA_PORT,	/* u32; at creation; default lowest free */
	IFLA_EUROPA_MODE,	/* u8, enum europa_port_mode; at creation */
	IFLA_EUROPA_SPOOFCHK,	/* u8, 0 or 1; default 1 */
	IFLA_EUROPA_FORCE,	/* flag: passthru on a device with addresses */
	IFLA_EUROPA_VLANS,	/* array of struct europa_vlans: replaces the
				 * list; default none, and absent if so
				 */
	__IFLA_EUROPA_MAX
};

#define IFLA_EUROPA_MAX (__IFLA_EUROPA_MAX - 1)

/*
 * 802.1Q tags that SEND, and the port's own stack, may send though spoofchk is
 * on, whatever their priority; not with another tag behind. Of the data plane
 * it is the tag in the slot header. The lower device is told to receive them.
 */
struct europa_vlans {
	__u16 first, last;	/* VLAN numbers, 1 ... 4094, both included */
};

#define EUROPA_VLANS_MAX	128	/* ranges in a list */

/* IFLA_INFO_XSTATS is a nest: type = enum europa_counter + 1, u64, (K). What
 * a port counts; ethtool -S shows the same.
 */

/* MAC: what is addressed to it, and a copy of group-addressed frames it takes.
 * PASSTHRU: what no other port took; one per lower device.
 * CLASSIFIER: what the classifier or a tc action gives it.
 */
enum europa_port_mode {
	EUROPA_MODE_MAC, EUROPA_MODE_PASSTHRU, EUROPA_MODE_CLASSIFIER,
};

/* ---- tc action "europa", ingress only ---------------------------------- */

enum {
	TCA_EUROPA_UNSPEC,
	TCA_EUROPA_PARMS,	/* struct tc_europa */
	TCA_EUROPA_VR_NAME,	/* string; in: instead of PARMS.vr; out */
	TCA_EUROPA_TM,		/* struct tcf_t, out */
	TCA_EUROPA_PAD,
	__TCA_EUROPA_MAX
};

#define TCA_EUROPA_MAX (__TCA_EUROPA_MAX - 1)

struct tc_europa {
	tc_gen;			/* action: taken where the VR has no port */
	__u32 vr;		/* in: number, or 0 with VR_NAME; out: number */
};

#endif /* _LINUX_EUROPA_H */
