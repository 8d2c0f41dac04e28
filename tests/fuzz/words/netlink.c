// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * The kernel's side of netlink. It knows the VRs 1 (blue, at home in lab, with a port on
 * eth0) and 2 (red), unless the tail says how to answer: well, with attributes made of the
 * tail's bytes, with an error, or with bytes that no kernel would send.
 */
#include "machine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <libmnl/libmnl.h>
#include <linux/europa.h>
#include <linux/genetlink.h>
#include <linux/if_link.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>

#define SOCKETS		16
#define FAMILY		0x20
#define PORTID		4242
#define DATAGRAM	16384
#define QUEUE		4
#define REQUEST_MAX	8192	/* NL_BUF of the tool */
#define DEPTH		3
#define REQUESTS	200	/* more than any command has; then somebody types ^C */

struct datagram {
	char bytes[DATAGRAM] __attribute__((aligned(8)));
	size_t len;
	int err;		/* instead of bytes */
};

struct mnl_socket {
	int fd, bus;
	bool open;
	struct datagram queue[QUEUE];
	int first, count;
};

static struct mnl_socket sockets[SOCKETS];

void machine_netlink_begin(void)
{
	size_t i;

	for (i = 0; i < SOCKETS; i++)
		sockets[i].open = false;
}

void machine_netlink_end(bool returned)
{
	size_t i;

	for (i = 0; i < SOCKETS && returned; i++)
		if (sockets[i].open)
			machine_bug("left a netlink socket open");
}

struct mnl_socket *fake_mnl_socket_open2(int bus, int flags)
{
	size_t i;

	(void)flags;
	for (i = 0; i < SOCKETS && !machine_fault(NO_SOCKET); i++)
		if (!sockets[i].open) {
			sockets[i].open = true;
			sockets[i].bus = bus;
			sockets[i].first = sockets[i].count = 0;
			sockets[i].fd = machine_new_fd("netlink");
			return &sockets[i];
		}
	errno = EMFILE;
	return NULL;
}

static void need_open(const struct mnl_socket *s)
{
	if (!s || !s->open)
		machine_bug("uses a netlink socket that is not open");
}

int fake_mnl_socket_bind(struct mnl_socket *s, unsigned int multicast, pid_t pid)
{
	(void)multicast;
	(void)pid;
	need_open(s);
	return machine_fault(NO_BIND) ? machine_fail(ENOMEM) : 0;
}

int fake_mnl_socket_close(struct mnl_socket *s)
{
	need_open(s);
	s->open = false;
	return fake_close(s->fd);
}

int fake_mnl_socket_get_fd(const struct mnl_socket *s)
{
	need_open(s);
	return s->fd;
}

unsigned int fake_mnl_socket_get_portid(const struct mnl_socket *s)
{
	need_open(s);
	return PORTID;
}

int fake_mnl_socket_setsockopt(const struct mnl_socket *s, int type, void *to, socklen_t len)
{
	(void)to;
	(void)len;
	need_open(s);
	return type == NETLINK_ADD_MEMBERSHIP && machine_fault(NO_SUBSCRIPTION) ?
	       machine_fail(EPERM) : 0;
}

int fake_setsockopt(int fd, int level, int type, const void *value, socklen_t len)
{
	(void)level;
	(void)value;
	(void)len;
	machine_fd(fd);
	return type == SO_RCVBUFFORCE && machine_fault(NO_SUBSCRIPTION) ? machine_fail(EPERM) : 0;
}

/* ---- what is asked ----------------------------------------------------- */

struct request {
	const struct nlmsghdr *nlh;
	uint16_t type;
	uint8_t cmd;		/* of the family's */
	bool dump, route, changes;
	uint32_t vr;		/* that is named, 0: none that exists */
	bool named;
};

static bool is_genl(const struct request *r)
{
	return !r->route && r->type == FAMILY;
}

static bool is_family(const struct request *r)
{
	return !r->route && r->type == GENL_ID_CTRL;
}

static bool is_link(const struct request *r, uint16_t type)
{
	return r->route && r->type == type;
}

static bool changes(const struct request *r)
{
	if (is_genl(r))
		return r->cmd != EUROPA_CMD_VR_GET && r->cmd != EUROPA_CMD_CLASSIFIER_GET;
	return is_link(r, RTM_NEWLINK) || is_link(r, RTM_DELLINK);
}

static void read_vr(struct request *r, const struct nlattr *attr)
{
	const char *name = mnl_attr_get_payload(attr);

	if (mnl_attr_get_type(attr) == EUROPA_A_VR) {
		r->named = true;
		r->vr = mnl_attr_get_u32(attr) <= 2 ? mnl_attr_get_u32(attr) : 0;
	} else if (mnl_attr_get_type(attr) == EUROPA_A_NAME && !r->named) {
		if (mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) < 0 ||
		    mnl_attr_get_payload_len(attr) > EUROPA_NAME_SIZE)
			machine_bug("sends a name that is none");
		r->named = true;
		r->vr = !strcmp(name, "blue") ? 1 : !strcmp(name, "red") ? 2 : 0;
	}
}

/* Attributes fill the message to its end, or the tool wrote past its buffer. */
static void read_request(struct request *r, const struct nlmsghdr *nlh, size_t size, bool route)
{
	const struct nlattr *attr;
	size_t header = route && nlh->nlmsg_type != RTM_GETNSID ? sizeof(struct ifinfomsg) :
			sizeof(struct genlmsghdr);
	const char *end = (const char *)nlh + MNL_NLMSG_HDRLEN + header;

	*r = (struct request){ .nlh = nlh, .type = nlh->nlmsg_type, .route = route,
			       .dump = (nlh->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP };
	if (size != nlh->nlmsg_len || size > REQUEST_MAX || !(nlh->nlmsg_flags & NLM_F_REQUEST))
		machine_bug("sends a message that is none");
	r->cmd = ((const struct genlmsghdr *)mnl_nlmsg_get_payload(nlh))->cmd;
	mnl_attr_for_each(attr, nlh, header) {
		end = (const char *)mnl_attr_next(attr);
		if (is_genl(r))
			read_vr(r, attr);
	}
	if (end != mnl_nlmsg_get_payload_tail(nlh))
		machine_bug("sends attributes that do not fill the message");
	r->changes = changes(r);
}

/* ---- answers ----------------------------------------------------------- */

static struct datagram *push(struct mnl_socket *s)
{
	struct datagram *d = &s->queue[(s->first + s->count) % QUEUE];

	if (s->count < QUEUE)
		s->count++;
	d->len = 0;
	d->err = 0;
	return d;
}

static struct nlmsghdr *begin(struct datagram *d, const struct request *r, uint16_t type,
			      size_t header)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(d->bytes + d->len);

	memset(mnl_nlmsg_put_extra_header(nlh, header), 0, header);
	nlh->nlmsg_type = type;
	nlh->nlmsg_seq = r->nlh->nlmsg_seq;
	nlh->nlmsg_pid = r->nlh->nlmsg_seq ? PORTID : 0;
	nlh->nlmsg_flags = r->dump ? NLM_F_MULTI : 0;
	return nlh;
}

static void end(struct datagram *d, const struct nlmsghdr *nlh)
{
	d->len += MNL_ALIGN(nlh->nlmsg_len);
}

static void put_error(struct mnl_socket *s, const struct request *r, int err, size_t text)
{
	struct datagram *d = push(s);
	struct nlmsghdr *nlh = begin(d, r, NLMSG_ERROR, sizeof(struct nlmsgerr));
	struct nlmsgerr *e = mnl_nlmsg_get_payload(nlh);
	char message[300];
	size_t i;

	e->error = -err;
	e->msg = *r->nlh;
	nlh->nlmsg_flags = NLM_F_CAPPED;
	if (text) {
		for (i = 0; i < text && i < sizeof(message) - 1; i++)
			message[i] = machine_byte();
		message[i] = '\0';
		nlh->nlmsg_flags |= NLM_F_ACK_TLVS;
		mnl_attr_put(nlh, NLMSGERR_ATTR_MSG, i + 1, message);
	}
	end(d, nlh);
}

static void put_done(struct mnl_socket *s, const struct request *r, int err)
{
	struct datagram *d = push(s);
	struct nlmsghdr *nlh = begin(d, r, NLMSG_DONE, sizeof(int));

	memcpy(mnl_nlmsg_get_payload(nlh), &(int){ -err }, sizeof(int));
	end(d, nlh);
}

static void finish(struct mnl_socket *s, const struct request *r, int err)
{
	if (r->dump)
		put_done(s, r, err);
	else
		put_error(s, r, err, 0);
}

static void put_port(struct nlmsghdr *nlh)
{
	struct nlattr *port = mnl_attr_nest_start(nlh, EUROPA_A_PORT);

	mnl_attr_put_u32(nlh, EUROPA_PORT_A_NUMBER, 0);
	mnl_attr_put_u32(nlh, EUROPA_PORT_A_IFINDEX, 7);
	mnl_attr_put_strz(nlh, EUROPA_PORT_A_IFNAME, "vr1p0");
	mnl_attr_put_u32(nlh, EUROPA_PORT_A_LOWER_IFINDEX, 2);
	mnl_attr_put_strz(nlh, EUROPA_PORT_A_LOWER_IFNAME, "eth0");
	mnl_attr_put(nlh, EUROPA_PORT_A_ADDRESS, 6, "\2\0\0\0\0\1");
	mnl_attr_put_u8(nlh, EUROPA_PORT_A_SPOOFCHK, 1);
	mnl_attr_put_u32(nlh, EUROPA_PORT_A_FILTERS, EUROPA_FILTER_IPV4 | EUROPA_FILTER_TC_EGRESS);
	mnl_attr_nest_end(nlh, port);
}

static void put_vr(struct nlmsghdr *nlh, uint32_t id)
{
	struct nlattr *nest;

	mnl_attr_put_u32(nlh, EUROPA_A_VR, id);
	mnl_attr_put_strz(nlh, EUROPA_A_NAME, id == 1 ? "blue" : "red");
	mnl_attr_put_strz(nlh, EUROPA_A_NETNS, id == 1 ? "lab" : "");
	mnl_attr_put_u32(nlh, EUROPA_A_SLOTS, 64);
	mnl_attr_put_u32(nlh, EUROPA_A_SNAP, 256);
	mnl_attr_put_u32(nlh, EUROPA_A_QUEUES, 1);
	mnl_attr_put_u64(nlh, EUROPA_A_LIMIT, 1 << 26);
	mnl_attr_put_u32(nlh, EUROPA_A_UID, 1000 * (id - 1));
	mnl_attr_put_u8(nlh, EUROPA_A_STATE, id == 1 ? EUROPA_RUNNING : EUROPA_IDLE);
	mnl_attr_put_u32(nlh, EUROPA_A_PID, id == 1 ? 42 : 0);
	mnl_attr_put_u32(nlh, EUROPA_A_PRIO, id << 16);
	if (id == 1)
		mnl_attr_put_u64(nlh, EUROPA_A_FEATURES, EUROPA_FEATURE_AGREE);
	nest = mnl_attr_nest_start(nlh, EUROPA_A_PORTS);
	if (id == 1)
		put_port(nlh);
	mnl_attr_nest_end(nlh, nest);
	nest = mnl_attr_nest_start(nlh, EUROPA_A_QUEUE);
	mnl_attr_put_u32(nlh, EUROPA_QUEUE_A_FREE, 64);
	mnl_attr_nest_end(nlh, nest);
	nest = mnl_attr_nest_start(nlh, EUROPA_A_STATS);
	mnl_attr_put_u64(nlh, EUROPA_C_RX + 1, 1000 * id);
	mnl_attr_nest_end(nlh, nest);
}

static void put_classifier(struct nlmsghdr *nlh)
{
	struct nlattr *nest;

	mnl_attr_put_u32(nlh, EUROPA_A_IFINDEX, 2);
	mnl_attr_put_strz(nlh, EUROPA_A_IFNAME, "eth0");
	mnl_attr_put_u32(nlh, EUROPA_A_PROG_ID, 9);
	mnl_attr_put_strz(nlh, EUROPA_A_PROG_NAME, "prefix");
	mnl_attr_put(nlh, EUROPA_A_PROG_TAG, 8, "\1\2\3\4\5\6\7\10");
	nest = mnl_attr_nest_start(nlh, EUROPA_A_VERDICTS);
	mnl_attr_put_u64(nlh, EUROPA_V_HOST + 1, 5);
	mnl_attr_nest_end(nlh, nest);
}

static void put_family(struct nlmsghdr *nlh)
{
	struct nlattr *all, *one;

	mnl_attr_put_u16(nlh, CTRL_ATTR_FAMILY_ID, FAMILY);
	all = mnl_attr_nest_start(nlh, CTRL_ATTR_MCAST_GROUPS);
	one = mnl_attr_nest_start(nlh, 1);
	mnl_attr_put_u32(nlh, CTRL_ATTR_MCAST_GRP_ID, 3);
	mnl_attr_put_strz(nlh, CTRL_ATTR_MCAST_GRP_NAME, EUROPA_GENL_EVENTS);
	mnl_attr_nest_end(nlh, one);
	mnl_attr_nest_end(nlh, all);
}

/* Those that the module's ports have, which a unit test compares (europa_port_counters). */
static void put_port_counters(struct nlmsghdr *nlh)
{
	static const unsigned char counters[] = {
		EUROPA_C_RX, EUROPA_C_SEND, EUROPA_C_PUNT, EUROPA_C_DROP, EUROPA_C_ORIGINATED,
		EUROPA_C_FALLBACK, EUROPA_C_RECLAIMED, EUROPA_C_RX_FULL, EUROPA_C_RX_LIMIT,
		EUROPA_C_RX_NOMEM, EUROPA_C_RX_DOWN, EUROPA_C_RX_FALLBACK, EUROPA_C_BAD_LEN,
		EUROPA_C_BAD_META, EUROPA_C_SPOOF, EUROPA_C_TOO_LONG, EUROPA_C_GSO,
		EUROPA_C_TX_DOWN, EUROPA_C_TX_NOMEM, EUROPA_C_TX_QDISC, EUROPA_C_FILTERED,
		EUROPA_C_TX_LIMIT, EUROPA_C_IDLE,
	};
	size_t i;

	/* Each another figure. */
	for (i = 0; i < sizeof(counters); i++)
		mnl_attr_put_u64(nlh, counters[i] + 1, 100 + counters[i]);
}

static void put_link(struct nlmsghdr *nlh)
{
	struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	struct rtnl_link_stats64 stats = { .rx_packets = 910, .rx_bytes = 91000, .tx_bytes = 500 };
	struct nlattr *info, *data;

	*ifi = (struct ifinfomsg){ .ifi_index = 7, .ifi_type = 1, .ifi_flags = 1 };
	mnl_attr_put_u32(nlh, IFLA_LINK, 2);
	mnl_attr_put_u32(nlh, IFLA_MTU, 1500);
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, EUROPA_GENL_NAME);
	data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	mnl_attr_put_u32(nlh, IFLA_EUROPA_VR, 1);
	mnl_attr_put_u32(nlh, IFLA_EUROPA_PORT, 0);
	mnl_attr_nest_end(nlh, data);
	data = mnl_attr_nest_start(nlh, IFLA_INFO_XSTATS);
	put_port_counters(nlh);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
	mnl_attr_put(nlh, IFLA_STATS64, sizeof(stats), &stats);
}

static size_t header_of(const struct request *r)
{
	return is_link(r, RTM_GETLINK) ? sizeof(struct ifinfomsg) :
	       is_link(r, RTM_GETNSID) ? sizeof(struct rtgenmsg) : sizeof(struct genlmsghdr);
}

static void put_data(struct mnl_socket *s, const struct request *r, uint32_t vr)
{
	struct datagram *d = push(s);
	struct nlmsghdr *nlh = begin(d, r, r->type, header_of(r));

	if (is_family(r))
		put_family(nlh);
	else if (is_link(r, RTM_GETLINK))
		put_link(nlh);
	else if (is_link(r, RTM_GETNSID))
		mnl_attr_put_u32(nlh, NETNSA_NSID, 0);
	else if (r->cmd == EUROPA_CMD_VR_GET)
		put_vr(nlh, vr);
	else
		put_classifier(nlh);
	end(d, nlh);
}

static int answer_well(struct mnl_socket *s, const struct request *r)
{
	int err = 0;

	if (is_genl(r) && r->named && r->cmd == EUROPA_CMD_VR_NEW)
		err = r->vr ? EEXIST : 0;
	else if (is_genl(r) && r->named)
		err = r->vr ? 0 : ENOENT;
	if (!err && !r->changes)
		put_data(s, r, r->vr ? r->vr : 1);
	if (!err && r->dump)
		put_data(s, r, 2);
	finish(s, r, err);
	return err;
}

/* ---- answers out of the tail ------------------------------------------- */

static void put_attributes(struct nlmsghdr *nlh, int depth)
{
	char bytes[256];
	struct nlattr *nest;
	int count = machine_byte() % 24;
	size_t i, len;

	while (count-- && machine.left && nlh->nlmsg_len < DATAGRAM / 2) {
		unsigned int what = machine_byte(), type = what & 31;

		switch (what >> 5) {
		case 0: mnl_attr_put_u8(nlh, type, machine_byte()); break;
		case 1: mnl_attr_put_u16(nlh, type, machine_number()); break;
		case 2: mnl_attr_put_u32(nlh, type, machine_number()); break;
		case 3: mnl_attr_put_u64(nlh, type, (uint64_t)machine_number() << 32 | machine_number()); break;
		case 4: mnl_attr_put_strz(nlh, type, machine_byte() & 1 ? "blue" : EUROPA_GENL_NAME); break;
		case 5:
			nest = mnl_attr_nest_start(nlh, type);
			if (depth < DEPTH)
				put_attributes(nlh, depth + 1);
			mnl_attr_nest_end(nlh, nest);
			break;
		default:
			len = machine_byte();
			for (i = 0; i < len; i++)
				bytes[i] = machine_byte();
			mnl_attr_put(nlh, type, len, bytes);
		}
	}
}

static void put_made_up(struct mnl_socket *s, const struct request *r, uint16_t type)
{
	struct datagram *d = push(s);
	struct nlmsghdr *nlh = begin(d, r, type, header_of(r));

	if (is_link(r, RTM_GETLINK))
		((struct ifinfomsg *)mnl_nlmsg_get_payload(nlh))->ifi_flags = machine_number();
	put_attributes(nlh, 0);
	end(d, nlh);
}

static void put_bytes(struct mnl_socket *s, const struct request *r)
{
	struct datagram *d = push(s);
	struct nlmsghdr *nlh = begin(d, r, machine_byte() & 1 ? NLMSG_ERROR : r->type, 0);
	size_t i, n = machine_byte() * 2;

	for (i = 0; i < n; i++)
		d->bytes[MNL_NLMSG_HDRLEN + i] = machine_byte();
	d->len = MNL_NLMSG_HDRLEN + n;
	nlh->nlmsg_len = d->len - (machine_byte() & 3);
	nlh->nlmsg_flags = machine_number();
}

static int answer(struct mnl_socket *s, const struct request *r)
{
	static const int errors[] = { EPERM, ENOENT, ENODEV, EBUSY, EEXIST, EINVAL, -1, EINTR };
	static const int lost[] = { ENOBUFS, EINTR, EIO, EPERM };
	int err;

	if (!machine.left)
		return answer_well(s, r);
	switch (machine_byte() % 8) {
	case 1:
		err = errors[machine_byte() % 8];
		put_error(s, r, err, machine_byte());
		return err;
	case 2:
		put_made_up(s, r, r->type);
		finish(s, r, 0);
		return 0;
	case 3:
		put_bytes(s, r);
		return -1;
	case 4:
		put_made_up(s, r, r->type);
		finish(s, r, errors[machine_byte() % 8]);
		return -1;
	case 5:
		push(s)->err = lost[machine_byte() % 4];
		return -1;
	default:
		return answer_well(s, r);
	}
}

ssize_t fake_mnl_socket_sendto(const struct mnl_socket *socket, const void *message, size_t size)
{
	struct mnl_socket *s = (struct mnl_socket *)socket;
	struct request r;

	need_open(s);
	read_request(&r, message, size, s->bus == NETLINK_ROUTE);
	if (machine_fault(NO_SEND))
		return machine_fail(EPERM);
	if (++machine.requests > REQUESTS)
		machine_stop(KILLED, 0);
	s->first = s->count = 0;
	if (is_family(&r) && machine_fault(NO_FAMILY)) {
		if (!machine_fault(NO_MODPROBE))
			machine.faults &= ~(1u << NO_FAMILY);
		put_error(s, &r, ENOENT, 0);
	} else if (is_family(&r) && machine_byte() < 240) {
		answer_well(s, &r);
	} else if (!answer(s, &r)) {
		machine.changes += r.changes;
	}
	return size;
}

/* What nobody asked for: an event. Without any left the socket breaks. */
static void put_event(struct mnl_socket *s)
{
	struct nlmsghdr none = { .nlmsg_type = FAMILY };
	struct request r = { .nlh = &none, .type = FAMILY, .cmd = EUROPA_CMD_EVENT };

	if (!machine.left)
		push(s)->err = EIO;
	else if (machine_byte() & 3)
		put_made_up(s, &r, FAMILY);
	else
		answer(s, &r);
}

ssize_t fake_mnl_socket_recvfrom(const struct mnl_socket *socket, void *to, size_t size)
{
	struct mnl_socket *s = (struct mnl_socket *)socket;
	struct datagram *d;

	need_open(s);
	if (!s->count)
		put_event(s);
	d = &s->queue[s->first];
	s->first = (s->first + 1) % QUEUE;
	s->count--;
	if (d->err)
		return machine_fail(d->err);
	if (d->len > size)
		return machine_fail(ENOSPC);
	memcpy(to, d->bytes, d->len);
	return d->len;
}
