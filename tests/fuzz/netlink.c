// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/*
 * netlink MOUTH COUNT SEED [DEVICE...]: COUNT messages to one of the module's three
 * netlink interfaces, most of them nearly right: genl (VRs, classifiers), classifier (only
 * those, with descriptors of real programs, right and wrong), link (ports), tc (actions,
 * and filters that have them). DEVICEs are lower devices. Attributes have right
 * and wrong types, lengths and values, random nests, and broken headers. Prints how they
 * were answered.
 *
 * Changes VRs, links called fzN and vrNpN, actions and filters; no message of root's
 * mentions VR ANCHOR, those of others often do. FUZZ_UNPRIVILEGED=1 says that this root is
 * one of a user namespace.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/bpf.h>
#include <linux/europa.h>
#include <linux/genetlink.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ANCHOR		"anchor"
#define ANCHOR_ID	31337
#define BUFFER		(1 << 17)
#define DATA_MAX	700	/* bytes of one attribute */
#define DEVICES_MAX	8
#define ERRORS_MAX	256

enum form { U8, U32, U64, NAME, FLAG, INDEX, PROGRAM, PARMS, NEST };

struct field {
	uint16_t type;
	enum form form;
};

static char buffer[BUFFER];
static uint64_t state;
static unsigned int devices[DEVICES_MAX], device_count;
static unsigned long answers[ERRORS_MAX];

/* ---- chance ---- */

static uint32_t chance(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state >> 16;
}

static uint32_t below(uint32_t n) { return chance() % n; }
static bool one_in(uint32_t n) { return !below(n); }

static uint32_t number(void)
{
	static const uint32_t edges[] = {
		0, 1, 2, 63, 64, 65, 0777, 01000, 1023, 1024, 1983, 1984, 1985, 4096, 65535,
		65536, 65537, 1 << 20, INT32_MAX, 1u << 31, UINT32_MAX - 1, UINT32_MAX, ANCHOR_ID,
	};

	switch (below(4)) {
	case 0: return edges[below(sizeof(edges) / sizeof(edges[0]))];
	case 1: return chance();
	default: return below(64);
	}
}

static unsigned int device(void)
{
	if (!device_count || one_in(8))
		return below(12);
	return devices[below(device_count)];
}

static size_t text(char *to)
{
	static const char *const odd[] = {
		"", ANCHOR, "vr", "0", "7", "99999", "a b", "../x", "a/b", "%s%n", "..", "-",
		"f\xc3\xa4", "\xff\xfe", "f\n", "fifteen_letters", "sixteen_letters_", "lo",
	};

	if (one_in(3))
		return sprintf(to, "%s", odd[below(sizeof(odd) / sizeof(odd[0]))]) + 1;
	if (one_in(8)) {
		size_t i, len = below(400);

		for (i = 0; i < len; i++)
			to[i] = one_in(20) ? chance() : 'a' + below(26);
		return len;
	}
	return sprintf(to, "f%u", below(32)) + 1;
}

/*
 * Two actions of one filter with the same index, of whatever kind, keep Linux busy for ever
 * (7.3: tc_new_tfilter() starts again as long as one of them is "about to be made").
 */
static bool no_index;

static struct tc_europa parms(void)
{
	static const int actions[] = { -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
		TC_ACT_JUMP | 1, TC_ACT_JUMP | 5, TC_ACT_GOTO_CHAIN, TC_ACT_GOTO_CHAIN | 3,
		7 << 28, INT32_MIN, INT32_MAX };

	return (struct tc_europa) {
		.index = one_in(2) || no_index ? 0 : one_in(8) ? number() : below(16),
		.capab = one_in(8) ? number() : 0,
		.action = actions[below(sizeof(actions) / sizeof(actions[0]))],
		.refcnt = one_in(8) ? number() : 0,
		.bindcnt = one_in(8) ? number() : 0,
		.vr = one_in(4) ? number() : below(6),
	};
}

/* ---- programs ---- */

static int descriptors[32];
static unsigned int descriptor_count;

static void keep(int fd) { descriptors[descriptor_count++] = fd; }

/* -1 where that is not permitted. */
static int load_program(uint32_t type, int32_t verdict)
{
	struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = verdict },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = {
		.prog_type = type, .insn_cnt = 2, .insns = (uintptr_t)code,
		.license = (uintptr_t)"GPL",
	};

	return syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
}

static int make_map(void)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1,
	};

	return syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
}

/* Of classifiers with every kind of verdict, as many others, and what is no program. */
static void make_descriptors(void)
{
	static const int32_t verdicts[] = {
		EUROPA_VERDICT_NONE, EUROPA_VERDICT_HOST, EUROPA_VERDICT_DROP,
		EUROPA_VERDICT_VR(1), EUROPA_VERDICT_VR(2), EUROPA_VERDICT_VR(ANCHOR_ID),
		EUROPA_VERDICT_VR(0), 12345, INT32_MIN,
	};
	static const uint32_t others[] = {
		BPF_PROG_TYPE_SCHED_ACT, BPF_PROG_TYPE_XDP, BPF_PROG_TYPE_SOCKET_FILTER,
		BPF_PROG_TYPE_LWT_IN,
	};
	size_t i;

	for (i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++)
		keep(load_program(BPF_PROG_TYPE_SCHED_CLS, verdicts[i]));
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		keep(load_program(others[i], 0));
	keep(make_map());
	keep(open("/dev/null", O_RDWR));
	keep(open("/", O_RDONLY));
	keep(-1);
	keep(1000000);
}

static int descriptor(void)
{
	return one_in(16) || !descriptor_count ? (int)number() : descriptors[below(descriptor_count)];
}

/* ---- attributes ---- */

/* What the field should have. Returns its length. */
static size_t value(char *to, enum form form)
{
	uint64_t wide = one_in(2) ? (uint64_t)number() << below(20) : 64 << 20;
	struct tc_europa p = parms();
	uint32_t n = form == INDEX ? device() : form == PROGRAM ? (uint32_t)descriptor() : number();

	switch (form) {
	case U8: *to = one_in(4) ? chance() : below(4); return 1;
	case U64: memcpy(to, &wide, 8); return 8;
	case NAME: return text(to);
	case PARMS: memcpy(to, &p, sizeof(p)); return sizeof(p);
	case FLAG: case NEST: return 0;
	default: memcpy(to, &n, 4); return 4;
	}
}

static void noise(struct nlmsghdr *msg, unsigned int depth)
{
	char data[DATA_MAX] = {};
	struct nlattr *nest;
	size_t i, len = one_in(20) ? below(DATA_MAX) : below(24);

	if (depth && one_in(2)) {
		nest = mnl_attr_nest_start(msg, below(40));
		for (i = 0; i < below(5); i++)
			noise(msg, depth - 1);
		mnl_attr_nest_end(msg, nest);
		return;
	}
	for (i = 0; i < len; i++)
		data[i] = one_in(2) ? 0 : chance();
	mnl_attr_put(msg, below(40) | (one_in(4) ? chance() & 0xc000 : 0), len, data);
}

/* Right, three times in four. */
static void put(struct nlmsghdr *msg, const struct field *f)
{
	char data[DATA_MAX] = {};
	size_t len = value(data, f->form);
	uint16_t type = f->type;

	switch (below(32)) {
	case 0: len = below(2 * len + 9); break;
	case 1: len = below(DATA_MAX); break;
	case 2: len = len ? len - 1 : 1; break;
	case 3: type |= NLA_F_NESTED; break;
	case 4: type |= NLA_F_NET_BYTEORDER; break;
	case 5: type = below(80); break;
	case 6: noise(msg, 4); return;
	case 7: len += 4; break;
	}
	mnl_attr_put(msg, type, len, data);
}

static void put_some(struct nlmsghdr *msg, const struct field *fields, size_t count, unsigned int most)
{
	unsigned int n = below(most + 1);

	while (n--)
		put(msg, &fields[below(count)]);
	if (one_in(200))
		for (n = 0; n < 300; n++)
			put(msg, &fields[below(count)]);
}

/* Headers that do not fit what follows: somewhere from `start` on. */
static void spoil(struct nlmsghdr *msg, char *start)
{
	char *end = mnl_nlmsg_get_payload_tail(msg);
	uint32_t room = end - start;

	if (room < 4 || !one_in(8))
		return;
	start[below(room)] = chance();
	if (one_in(2))
		start[below(room) & ~3] = below(64);
	if (one_in(4))
		msg->nlmsg_len -= below(room < 8 ? room : 8);
}

/* ---- genl ---- */

/* Those a request may have, first. */
#define GENL_REQUEST 20

static const struct field genl_fields[] = {
	{ EUROPA_A_VR, U32 }, { EUROPA_A_VR, U32 }, { EUROPA_A_VR, U32 }, { EUROPA_A_VR, U32 },
	{ EUROPA_A_NAME, NAME }, { EUROPA_A_NAME, NAME }, { EUROPA_A_NAME, NAME },
	{ EUROPA_A_NETNS, NAME }, { EUROPA_A_SLOTS, U32 }, { EUROPA_A_SNAP, U32 },
	{ EUROPA_A_QUEUES, U32 }, { EUROPA_A_LIMIT, U64 }, { EUROPA_A_UID, U32 },
	{ EUROPA_A_GID, U32 }, { EUROPA_A_MODE, U32 }, { EUROPA_A_FALLBACK, U8 },
	{ EUROPA_A_IFINDEX, INDEX }, { EUROPA_A_IFINDEX, INDEX }, { EUROPA_A_PROG_FD, U32 },
	{ EUROPA_A_PRIO, U32 },
	{ EUROPA_A_STALL, U32 },
	{ EUROPA_A_ENDED, U8 },
	{ EUROPA_A_PAD, FLAG }, { EUROPA_A_STATE, U8 }, { EUROPA_A_PID, U32 },
	{ EUROPA_A_PORTS, NEST }, { EUROPA_A_PORT, NEST }, { EUROPA_A_QUEUE, NEST },
	{ EUROPA_A_STATS, NEST }, { EUROPA_A_IFNAME, NAME }, { EUROPA_A_PROG_ID, U32 },
	{ EUROPA_A_PROG_NAME, NAME }, { EUROPA_A_PROG_TAG, U64 }, { EUROPA_A_VERDICTS, NEST },
	{ EUROPA_A_EVENT, U8 }, { EUROPA_A_GENERATION, U32 }, { EUROPA_A_FEATURES, U64 },
};

static uint16_t family;

static int take_family(const struct nlmsghdr *msg, void *data)
{
	struct nlattr *a;

	(void)data;
	mnl_attr_for_each(a, msg, sizeof(struct genlmsghdr))
		if (mnl_attr_get_type(a) == CTRL_ATTR_FAMILY_ID)
			family = mnl_attr_get_u16(a);
	return MNL_CB_OK;
}

static void find_family(struct mnl_socket *s)
{
	struct nlmsghdr *msg = mnl_nlmsg_put_header(buffer);
	struct genlmsghdr *genl;
	ssize_t len;

	msg->nlmsg_type = GENL_ID_CTRL;
	msg->nlmsg_flags = NLM_F_REQUEST;
	genl = mnl_nlmsg_put_extra_header(msg, sizeof(*genl));
	genl->cmd = CTRL_CMD_GETFAMILY;
	genl->version = 1;
	mnl_attr_put_strz(msg, CTRL_ATTR_FAMILY_NAME, EUROPA_GENL_NAME);
	if (mnl_socket_sendto(s, msg, msg->nlmsg_len) < 0)
		err(2, "send");
	len = mnl_socket_recvfrom(s, buffer, sizeof(buffer));
	if (len < 0 || mnl_cb_run(buffer, len, 0, 0, take_family, NULL) < 0 || !family)
		err(2, "no family " EUROPA_GENL_NAME);
}

static bool mentions_anchor(const struct nlmsghdr *msg)
{
	uint32_t id = ANCHOR_ID;

	return memmem(msg, msg->nlmsg_len, &id, sizeof(id)) ||
	       memmem(msg, msg->nlmsg_len, ANCHOR, strlen(ANCHOR));
}

static void make_genl(struct nlmsghdr *msg)
{
	struct genlmsghdr *genl;

	msg->nlmsg_type = family;
	if (one_in(4))
		msg->nlmsg_flags |= chance() & (NLM_F_DUMP | NLM_F_ECHO | NLM_F_EXCL | NLM_F_REPLACE);
	genl = mnl_nlmsg_put_extra_header(msg, sizeof(*genl));
	genl->cmd = one_in(16) ? chance() : 1 + below(EUROPA_CMD_EVENT);
	genl->version = one_in(16) ? chance() : EUROPA_GENL_VERSION;
	genl->reserved = one_in(16) ? chance() : 0;
	put_some(msg, genl_fields,
		 one_in(4) ? sizeof(genl_fields) / sizeof(genl_fields[0]) : GENL_REQUEST, 4);
	spoil(msg, (char *)(genl + 1));
	if (msg->nlmsg_len < MNL_NLMSG_HDRLEN + sizeof(*genl))
		msg->nlmsg_len = MNL_NLMSG_HDRLEN + sizeof(*genl);
}

static const struct field classifier_fields[] = {
	{ EUROPA_A_IFINDEX, INDEX }, { EUROPA_A_PROG_FD, PROGRAM },
	{ EUROPA_A_IFINDEX, INDEX }, { EUROPA_A_PROG_FD, PROGRAM },
	{ EUROPA_A_PROG_ID, U32 }, { EUROPA_A_PROG_NAME, NAME }, { EUROPA_A_VR, U32 },
};

static void make_classifier(struct nlmsghdr *msg)
{
	static const uint8_t commands[] = {
		EUROPA_CMD_CLASSIFIER_SET, EUROPA_CMD_CLASSIFIER_SET, EUROPA_CMD_CLASSIFIER_SET,
		EUROPA_CMD_CLASSIFIER_DEL, EUROPA_CMD_CLASSIFIER_GET,
	};
	struct genlmsghdr *genl;

	msg->nlmsg_type = family;
	if (one_in(8))
		msg->nlmsg_flags |= chance() & (NLM_F_DUMP | NLM_F_ECHO | NLM_F_EXCL | NLM_F_REPLACE);
	genl = mnl_nlmsg_put_extra_header(msg, sizeof(*genl));
	genl->cmd = commands[below(sizeof(commands))];
	genl->version = EUROPA_GENL_VERSION;
	if (!one_in(16))
		put(msg, &classifier_fields[0]);
	if (!one_in(16))
		put(msg, &classifier_fields[1]);
	put_some(msg, classifier_fields, sizeof(classifier_fields) / sizeof(classifier_fields[0]), 1);
	spoil(msg, (char *)(genl + 1));
}

/* ---- link ---- */

static const struct field link_fields[] = {
	{ IFLA_EUROPA_VR, U32 }, { IFLA_EUROPA_VR_NAME, NAME }, { IFLA_EUROPA_PORT, U32 },
	{ IFLA_EUROPA_MODE, U8 }, { IFLA_EUROPA_SPOOFCHK, U8 }, { IFLA_EUROPA_FORCE, FLAG },
};

static void put_link_name(struct nlmsghdr *msg)
{
	char name[IFNAMSIZ];

	if (one_in(4))
		snprintf(name, sizeof(name), "vr%up%u", 1 + below(4), below(3));
	else
		snprintf(name, sizeof(name), "fz%u", below(8));
	mnl_attr_put_strz(msg, IFLA_IFNAME, name);
}

static void put_link_address(struct nlmsghdr *msg)
{
	uint8_t mac[32] = { 2, 0, 0, 0, 0, below(8) };

	if (one_in(4))
		mac[0] = chance();
	mnl_attr_put(msg, IFLA_ADDRESS, one_in(8) ? below(sizeof(mac)) : ETH_ALEN, mac);
}

/* Only what concerns ports: other attributes could hit other devices. */
static void make_link(struct nlmsghdr *msg)
{
	struct nlattr *info, *data;
	struct ifinfomsg *link;

	msg->nlmsg_type = one_in(4) ? RTM_DELLINK : RTM_NEWLINK;
	if (!one_in(8))
		msg->nlmsg_flags |= NLM_F_CREATE | (one_in(2) ? NLM_F_EXCL : 0);
	link = mnl_nlmsg_put_extra_header(msg, sizeof(*link));
	link->ifi_index = one_in(16) ? 100000 + below(100000) : 0;
	if (msg->nlmsg_type == RTM_DELLINK) {
		link->ifi_index = 0;
		put_link_name(msg);
		return;
	}
	if (!one_in(8))
		put_link_name(msg);
	if (!one_in(8))
		mnl_attr_put_u32(msg, IFLA_LINK, device());
	if (one_in(2))
		put_link_address(msg);
	if (one_in(4))
		mnl_attr_put_u32(msg, IFLA_MTU, one_in(2) ? 1500 : number());
	info = mnl_attr_nest_start(msg, IFLA_LINKINFO);
	mnl_attr_put_strz(msg, IFLA_INFO_KIND, one_in(64) ? "europ" : "europa");
	data = mnl_attr_nest_start(msg, one_in(64) ? IFLA_INFO_SLAVE_DATA : IFLA_INFO_DATA);
	if (one_in(2))
		mnl_attr_put_u32(msg, IFLA_EUROPA_VR, 1 + below(4));
	put_some(msg, link_fields, sizeof(link_fields) / sizeof(link_fields[0]), 4);
	mnl_attr_nest_end(msg, data);
	mnl_attr_nest_end(msg, info);
	spoil(msg, (char *)(data + 1));
}

/* ---- tc ---- */

static const struct field tc_fields[] = {
	{ TCA_EUROPA_PARMS, PARMS }, { TCA_EUROPA_PARMS, PARMS }, { TCA_EUROPA_VR_NAME, NAME },
	{ TCA_EUROPA_TM, U64 }, { TCA_EUROPA_PAD, FLAG },
};

static const struct field act_fields[] = {
	{ TCA_ACT_INDEX, U32 }, { TCA_ACT_COOKIE, NAME }, { TCA_ACT_FLAGS, U64 },
	{ TCA_ACT_STATS, NEST }, { TCA_ACT_HW_STATS, U64 },
};

static void put_action(struct nlmsghdr *msg, uint16_t order)
{
	struct nlattr *action = mnl_attr_nest_start(msg, order), *options;
	struct tc_europa p = parms();
	uint32_t index = below(16);

	mnl_attr_put_strz(msg, TCA_ACT_KIND, one_in(32) ? "europ" : "europa");
	if (msg->nlmsg_type == RTM_GETACTION || msg->nlmsg_type == RTM_DELACTION)
		mnl_attr_put_u32(msg, TCA_ACT_INDEX, index);
	else if (!one_in(16)) {
		options = mnl_attr_nest_start(msg, TCA_ACT_OPTIONS);
		if (one_in(2))
			mnl_attr_put(msg, TCA_EUROPA_PARMS, sizeof(p), &p);
		put_some(msg, tc_fields, sizeof(tc_fields) / sizeof(tc_fields[0]), 3);
		mnl_attr_nest_end(msg, options);
	}
	if (one_in(4))
		put_some(msg, act_fields, sizeof(act_fields) / sizeof(act_fields[0]), 2);
	mnl_attr_nest_end(msg, action);
}

static void put_actions(struct nlmsghdr *msg, uint16_t type)
{
	struct nlattr *actions = mnl_attr_nest_start(msg, type);
	uint16_t i, n = one_in(4) ? below(6) : 1;

	no_index = type == TCA_MATCHALL_ACT && n > 1;
	for (i = 1; i <= n; i++)
		put_action(msg, one_in(16) ? below(40) : i);
	mnl_attr_nest_end(msg, actions);
}

static void make_action(struct nlmsghdr *msg)
{
	struct tcamsg *tca;

	msg->nlmsg_type = one_in(4) ? RTM_DELACTION : one_in(4) ? RTM_GETACTION : RTM_NEWACTION;
	if (one_in(8))
		msg->nlmsg_flags |= chance() & (NLM_F_DUMP | NLM_F_REPLACE | NLM_F_EXCL);
	else
		msg->nlmsg_flags |= NLM_F_CREATE | (one_in(2) ? NLM_F_REPLACE : 0);
	tca = mnl_nlmsg_put_extra_header(msg, sizeof(*tca));
	put_actions(msg, TCA_ACT_TAB);
	spoil(msg, (char *)(tca + 1));
}

/* Not spoiled where it could become another device's or qdisc's filter. */
static void make_filter(struct nlmsghdr *msg)
{
	struct nlattr *options;
	struct tcmsg *tcm;

	msg->nlmsg_type = one_in(3) ? RTM_DELTFILTER : RTM_NEWTFILTER;
	msg->nlmsg_flags |= NLM_F_CREATE | (one_in(2) ? NLM_F_EXCL : 0);
	tcm = mnl_nlmsg_put_extra_header(msg, sizeof(*tcm));
	tcm->tcm_ifindex = device_count ? devices[below(device_count)] : 1;
	tcm->tcm_parent = TC_H_MAKE(TC_H_CLSACT, one_in(4) ? TC_H_MIN_EGRESS : TC_H_MIN_INGRESS);
	tcm->tcm_info = TC_H_MAKE((1 + below(8)) << 16, htobe16(ETH_P_ALL));
	mnl_attr_put_strz(msg, TCA_KIND, "matchall");
	if (one_in(8))
		mnl_attr_put_u32(msg, TCA_CHAIN, below(4));
	options = mnl_attr_nest_start(msg, TCA_OPTIONS);
	if (msg->nlmsg_type == RTM_NEWTFILTER)
		put_actions(msg, TCA_MATCHALL_ACT);
	mnl_attr_nest_end(msg, options);
	spoil(msg, (char *)(options + 1));
}

static void make_tc(struct nlmsghdr *msg)
{
	if (one_in(2))
		make_action(msg);
	else
		make_filter(msg);
}

/* ---- to and fro ---- */

static const struct mouth {
	const char *name;
	int bus;
	void (*make)(struct nlmsghdr *msg);
} mouths[] = {
	{ "genl", NETLINK_GENERIC, make_genl },
	{ "classifier", NETLINK_GENERIC, make_classifier },
	{ "link", NETLINK_ROUTE, make_link },
	{ "tc", NETLINK_ROUTE, make_tc },
};

static void count_answers(char *data, int len)
{
	const struct nlmsghdr *msg = (void *)data;
	const struct nlmsgerr *e;

	for (; mnl_nlmsg_ok(msg, len); msg = mnl_nlmsg_next(msg, &len)) {
		if (msg->nlmsg_type != NLMSG_ERROR)
			continue;
		e = mnl_nlmsg_get_payload(msg);
		if (-e->error >= 0 && -e->error < ERRORS_MAX)
			answers[-e->error]++;
	}
}

/* The kernel answers before send() returns, and goes on with dumps in recv(). */
static void listen_to(struct mnl_socket *s)
{
	static char data[BUFFER];
	ssize_t len;

	while ((len = recv(mnl_socket_get_fd(s), data, sizeof(data), MSG_DONTWAIT)) > 0 ||
	       (len < 0 && errno == ENOBUFS))
		if (len > 0)
			count_answers(data, len);
}

static void feed(struct mnl_socket *s, const struct mouth *mouth, bool guard)
{
	struct nlmsghdr *msg;

	do {
		memset(buffer, 0, 4096);
		msg = mnl_nlmsg_put_header(buffer);
		msg->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
		mouth->make(msg);
	} while (guard && mentions_anchor(msg));
	if (mnl_socket_sendto(s, msg, msg->nlmsg_len) < 0)
		answers[errno]++;
	listen_to(s);
}

static const struct mouth *find_mouth(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(mouths) / sizeof(mouths[0]); i++)
		if (!strcmp(name, mouths[i].name))
			return &mouths[i];
	errx(2, "no mouth %s", name);
}

static void report(const struct mouth *mouth, unsigned long count, const char *seed)
{
	int i;

	printf("%s seed %s uid %u: %lu messages, %lu accepted", mouth->name, seed, getuid(), count,
	       answers[0]);
	for (i = 1; i < ERRORS_MAX; i++)
		if (answers[i])
			printf(", %lu %s", answers[i], strerrorname_np(i) ?: "?");
	putchar('\n');
}

int main(int argc, char **argv)
{
	const struct mouth *mouth;
	struct mnl_socket *s;
	unsigned long i, count;
	int n;

	if (argc < 4)
		errx(2, "netlink genl|classifier|link|tc COUNT SEED [DEVICE...]");
	mouth = find_mouth(argv[1]);
	count = strtoul(argv[2], NULL, 0);
	state = strtoull(argv[3], NULL, 0) * 0x9e3779b97f4a7c15 + 1;
	for (n = 4; n < argc && device_count < DEVICES_MAX; n++)
		devices[device_count++] = if_nametoindex(argv[n]);
	s = mnl_socket_open(mouth->bus);
	if (!s || mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) < 0)
		err(2, "socket");
	if (mouth->bus == NETLINK_GENERIC)
		find_family(s);
	if (mouth->make == make_classifier)
		make_descriptors();
	for (i = 0; i < count; i++)
		feed(s, mouth, !getuid() && !getenv("FUZZ_UNPRIVILEGED"));
	report(mouth, count, argv[3]);
	mnl_socket_close(s);
	return 0;
}
