// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
/* ip vr check: tell of what keeps a device or VR from working, before it is used. */
#include <fcntl.h>
#include <ifaddrs.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if_arp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "cmd.h"
#include "genl.h"
#include "netns.h"
#include "out.h"
#include "plane.h"
#include "rtnl.h"
#include "vr_show.h"

#define MTU_IPV6 1280

enum level { FINE, NOTE, WARNING, PROBLEM };
static const struct {
	const char *name;
	enum out_color color;
} levels[] = {
	{ "ok", C_UP }, { "note", C_MAC }, { "warning", C_DOWN }, { "problem", C_DOWN },
};
static int problems;

static void tell(enum level level, const char *what, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void tell(enum level level, const char *what, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	problems += level == PROBLEM;
	out_open_object(NULL);
	out_string(OUT_JSON, C_NONE, "level", NULL, levels[level].name);
	out_string(OUT_TEXT, levels[level].color, NULL, "%-8s", levels[level].name);
	out_string(OUT_JSON, C_NONE, "what", NULL, what);
	out_string(OUT_ANY, C_NONE, "message", "%s", text);
	out_close_object();
	out_last_line();
}

/* ---- the machine ------------------------------------------------------- */

static bool read_first(const char *path, char *to, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, to, size - 1);

	if (fd >= 0)
		close(fd);
	to[n > 0 ? n : 0] = '\0';
	return n > 0;
}

static bool secure_boot(void)
{
	char v[8] = "";
	const char *path = "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";

	return read_first(path, v, sizeof(v)) && v[4] == 1;	/* after 4 bytes of attributes */
}

static bool locked_down(void)
{
	char v[64];

	return read_first("/sys/kernel/security/lockdown", v, sizeof(v)) && !strstr(v, "[none]");
}

static void check_module(void)
{
	if (!access("/sys/module/europa", F_OK))
		tell(FINE, "module", "the module is loaded");
	else if (secure_boot() || locked_down())
		tell(PROBLEM, "module", "the module is not loaded, and Secure Boot or lockdown is on: the kernel takes europa.ko only if it is signed with an enrolled key (mokutil --import)");
	else
		tell(NOTE, "module", "the module is not loaded yet; any command loads it, or modprobe europa");
}

/* ---- the device -------------------------------------------------------- */

static void check_kind(const char *dev, const struct rtnl_link *link)
{
	if (link->flags & IFF_LOOPBACK)
		tell(PROBLEM, "kind", "%s is the loopback device; it cannot have ports", dev);
	else if (link->type != ARPHRD_ETHER)
		tell(PROBLEM, "kind", "%s is not an Ethernet device; it cannot have ports", dev);
	else if (!strcmp(link->kind, EUROPA_GENL_NAME))
		tell(PROBLEM, "kind", "%s is itself a port; join VRs with a veth pair instead", dev);
	else
		tell(FINE, "kind", "%s is an Ethernet device", dev);
}

static void check_state(const char *dev, const struct rtnl_link *link)
{
	if (!(link->flags & IFF_UP))
		tell(NOTE, "state", "%s is down; its ports have no carrier until: ip link set %s up", dev, dev);
	else if (!(link->flags & IFF_RUNNING))
		tell(NOTE, "state", "%s has no carrier, so its ports have none", dev);
	else
		tell(FINE, "state", "%s is up", dev);
}

static void check_mtu(const char *dev, const struct rtnl_link *link)
{
	if (link->mtu < MTU_IPV6)
		tell(NOTE, "mtu", "the MTU of %s is %u, and so its ports': too small for IPv6", dev, link->mtu);
	else
		tell(FINE, "mtu", "ports get the MTU of %s, %u; give all lower devices of a VR the same, or longer packets are punted", dev, link->mtu);
}

static void check_xdp(const char *dev, const struct rtnl_link *link)
{
	if (link->xdp)
		tell(NOTE, "xdp", "%s has an XDP program: what it drops or redirects never reaches Europa", dev);
	else
		tell(FINE, "xdp", "no XDP program is in the way");
}

static void check_master(const char *dev, const struct rtnl_link *link)
{
	char master[IFNAMSIZ] = "?";

	if (!link->master) {
		tell(FINE, "master", "%s is no member of a bridge or bond", dev);
		return;
	}
	if_indextoname(link->master, master);
	if (!strcmp(link->master_kind, "bond") || !strcmp(link->master_kind, "team"))
		tell(PROBLEM, "master", "%s is a member of %s: attach to %s instead", dev, master, master);
	else
		tell(NOTE, "master", "%s is a member of %s %s: what a port takes does not reach it",
		     dev, link->master_kind, master);
}

/* Drivers of devices whose other end delivers only the addresses it knows. */
static const struct {
	const char *driver, *why;
} filtering[] = {
	{ "ena", "the cloud" }, { "gve", "the cloud" }, { "hv_netvsc", "the hypervisor" },
	{ "mana", "the cloud" }, { "vmxnet3", "the virtual switch, unless it allows forged transmits and address changes," },
	{ "virtio_net", "the hypervisor or cloud, perhaps," }, { "iavf", "the physical function, unless trusted," },
	{ "ixgbevf", "the physical function, unless trusted," },
};

static bool get_driver(const char *dev, char *driver, size_t size)
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
	struct ifreq request = { .ifr_data = (char *)&info };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), ret;

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", dev);
	ret = fd < 0 ? -1 : ioctl(fd, SIOCETHTOOL, &request);
	if (fd >= 0)
		close(fd);
	snprintf(driver, size, "%s", ret ? "" : info.driver);
	return !ret;
}

static bool is_wireless(const char *dev)
{
	struct ifreq request = { 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), ret;

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", dev);
	ret = fd < 0 ? -1 : ioctl(fd, 0x8B01 /* SIOCGIWNAME */, &request);
	if (fd >= 0)
		close(fd);
	return !ret;
}

static void check_filter(const char *dev)
{
	char driver[32];
	size_t i;

	get_driver(dev, driver, sizeof(driver));
	for (i = 0; i < sizeof(filtering) / sizeof(filtering[0]); i++)
		if (!strcmp(driver, filtering[i].driver)) {
			tell(NOTE, "filter", "%s (%s) may deliver only its own MAC address: %s filters; then use mode classifier with a classifier, or address with the MAC of %s",
			     dev, driver, filtering[i].why, dev);
			return;
		}
	if (is_wireless(dev))
		tell(NOTE, "filter", "%s is Wi-Fi, which carries one MAC address: use mode classifier", dev);
	else
		tell(FINE, "filter", "%s is not known to filter MAC addresses", dev);
}

static void check_addresses(const char *dev)
{
	struct ifaddrs *all, *one;
	bool has = false;

	if (getifaddrs(&all))
		return;
	for (one = all; one; one = one->ifa_next)
		has |= !strcmp(one->ifa_name, dev) && one->ifa_addr &&
		       (one->ifa_addr->sa_family == AF_INET || one->ifa_addr->sa_family == AF_INET6);
	freeifaddrs(all);
	if (has)
		tell(NOTE, "addresses", "the host has addresses on %s: mode passthru would take its traffic, your session's too; try with: attach ... confirm 60", dev);
	else
		tell(FINE, "addresses", "the host has no addresses on %s", dev);
}

static int check_device(const char *dev, uint32_t ifindex)
{
	struct rtnl_link link;
	struct nl nl;
	int err = nl_open(&nl, NETLINK_ROUTE, -1);

	if (!err)
		err = rtnl_link_get(&nl, ifindex, &link);
	nl_close(&nl);
	if (err) {
		fprintf(stderr, "Cannot read %s: %s\n", dev, strerror(-err));
		return EXIT_KERNEL;
	}
	check_kind(dev, &link);
	check_state(dev, &link);
	check_mtu(dev, &link);
	check_xdp(dev, &link);
	check_master(dev, &link);
	check_filter(dev);
	check_addresses(dev);
	return 0;
}

/* ---- the VR ------------------------------------------------------------ */

static void check_node(const struct vr *vr)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/dev/europa/vr%u", vr->conf.id);
	if (stat(path, &st))
		tell(PROBLEM, "node", "there is no %s: is /dev a devtmpfs?", path);
	else if (!st.st_uid && !(st.st_mode & 0006) && !st.st_gid)
		tell(NOTE, "node", "%s is root's: start the data plane with ip vr exec, or set an owner", path);
	else
		tell(FINE, "node", "%s is there, mode %04o, uid %u, gid %u", path, st.st_mode & 0777, st.st_uid, st.st_gid);
}

static void check_forward(const char *family, const char *path)
{
	char value[4] = "";

	if (read_first(path, value, sizeof(value)) && *value == '1')
		tell(FINE, "forwarding", "the VR's namespace forwards %s", family);
	else
		tell(NOTE, "forwarding", "the VR's namespace does not forward %s, so europa-router punts all of it and the kernel drops it: write 1 to %s there", family, path);
}

static void check_home(const struct vr *vr)
{
	int fd = *vr->conf.netns ? netns_open(vr->conf.netns) : -1, here;

	if (*vr->conf.netns && fd < 0) {
		tell(PROBLEM, "netns", "there is no namespace %s: ip netns add %s", vr->conf.netns, vr->conf.netns);
		return;
	}
	if (*vr->conf.netns)
		tell(FINE, "netns", "the namespace %s is there", vr->conf.netns);
	else
		tell(NOTE, "netns", "the VR has no home namespace: its ports are made in the current one, and share the host's routes");
	here = fd < 0 ? -1 : netns_enter(fd);
	check_forward("IPv4", "/proc/sys/net/ipv4/ip_forward");
	check_forward("IPv6", "/proc/sys/net/ipv6/conf/all/forwarding");
	if (here >= 0)
		netns_return(here);
	if (fd >= 0)
		close(fd);
}

static void check_port_rules(const struct vr *vr, const struct vr_port *p)
{
	char rules[FILTERS_TEXT];

	filters_text(rules, p->filters);
	if (vr->state == EUROPA_IDLE)
		tell(NOTE, "rules", "forwarded packets meet rules at %s: %s; europa-router honours them, at the kernel's speed, other data planes as they choose", p->ifname, rules);
	else if (vr_bypasses(vr))
		tell(WARNING, "rules", "what the data plane forwards bypasses the rules at %s: %s; start europa-router without --bypass-filters, or remove them if they are not meant", p->ifname, rules);
	else
		tell(NOTE, "rules", "forwarded packets meet rules at %s: %s; they are honoured, by the kernel, so forwarding is slower while they are there", p->ifname, rules);
}

static void check_rules(const struct vr *vr)
{
	bool any = false;
	size_t i;

	if (vr->state != EUROPA_IDLE && !vr->has_features) {
		tell(WARNING, "rules", "the module is older than ip-vr and does not tell of nftables, iptables and tc rules: what the data plane forwards bypasses them");
		return;
	}
	for (i = 0; i < vr->nports; i++)
		if (vr->ports[i].filters) {
			check_port_rules(vr, &vr->ports[i]);
			any = true;
		}
	if (!any)
		tell(FINE, "rules", "the module tells of no nftables, iptables or tc rules that forwarded packets would meet");
}

/* Where some of several run. */
static void check_queues(const struct vr *vr)
{
	const char *fate = vr->conf.fallback == EUROPA_FALLBACK_DROP ?
			   "its packets are dropped" : "the kernel's stack gets its packets";
	size_t i;

	for (i = 0; vr->state == EUROPA_RUNNING && i < vr->nqueues; i++) {
		const struct vr_queue *q = &vr->queues[i];

		if (plane_state(vr, q) != EUROPA_RUNNING)
			tell(WARNING, "queues", "queue %u has no data plane that runs, unlike others: %s; start one, or make queues fewer", q->index, fate);
	}
}

static int check_vr(const struct vr_ref *ref)
{
	struct vr vr;
	int ret = genl_vr_lookup(ref, &vr);

	if (ret)
		return ret;
	check_node(&vr);
	check_home(&vr);
	check_rules(&vr);
	check_queues(&vr);
	vr_free(&vr);
	return 0;
}

int cmd_check(struct args *a)
{
	struct vr_ref ref = { 0 };
	const char *dev = NULL;
	uint32_t ifindex;
	bool has_vr = false;
	int ret;

	while (args_left(a)) {
		if (!has_vr && (dev || !strcmp(args_peek(a), "vr")) && strcmp(args_peek(a), "dev")) {
			if (take_ref(a, &ref))
				return EXIT_USAGE;
			has_vr = true;
		} else if (take_dev(a, &dev)) {
			return EXIT_USAGE;
		}
	}
	if (need_dev(dev, &ifindex))
		return EXIT_USAGE;
	problems = 0;
	out_open_array(NULL);
	check_module();
	ret = check_device(dev, ifindex);
	if (!ret && has_vr)
		ret = check_vr(&ref);
	out_close_array();
	out_end();
	return ret ? ret : problems ? EXIT_USAGE : 0;
}
