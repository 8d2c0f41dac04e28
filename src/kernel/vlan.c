// SPDX-License-Identifier: GPL-2.0
// Copyright (C) the Europa authors
#include <linux/rtnetlink.h>
#include "vlan.h"

int europa_vlan_validate(const struct nlattr *attr,
			 struct netlink_ext_ack *extack)
{
	const struct europa_vlans *range = nla_data(attr);
	int left = nla_len(attr);

	for (; left >= (int)sizeof(*range); left -= sizeof(*range), range++) {
		if (range->first && range->first <= range->last &&
		    range->last < VLAN_N_VID - 1)
			continue;
		NL_SET_ERR_MSG(extack, "VLAN numbers are 1 to 4094, the lower one of a range first");
		return -ERANGE;
	}
	if (!left)
		return 0;
	NL_SET_ERR_MSG(extack, "a list of VLANs ends in the middle of a range");
	return -EINVAL;
}

static void europa_vlan_read(const struct nlattr *attr, unsigned long *wanted)
{
	const struct europa_vlans *range = attr ? nla_data(attr) : NULL;
	unsigned int n = attr ? nla_len(attr) / sizeof(*range) : 0;

	bitmap_zero(wanted, VLAN_N_VID);
	for (; n; n--, range++)
		bitmap_set(wanted, range->first,
			   range->last - range->first + 1);
}

/* keep NULL: all. */
static void europa_vlan_forbid(struct europa_port *port,
			       const unsigned long *keep)
{
	unsigned int vid;

	for_each_set_bit(vid, port->vlans, VLAN_N_VID) {
		if (keep && test_bit(vid, keep))
			continue;
		clear_bit(vid, port->vlans);
		vlan_vid_del(port->lower_dev, htons(ETH_P_8021Q), vid);
	}
}

static int europa_vlan_allow(struct europa_port *port,
			     const unsigned long *wanted)
{
	unsigned int vid;
	int err;

	for_each_set_bit(vid, wanted, VLAN_N_VID) {
		if (test_bit(vid, port->vlans))
			continue;
		err = vlan_vid_add(port->lower_dev, htons(ETH_P_8021Q), vid);
		if (err)
			return err;
		set_bit(vid, port->vlans);
	}
	return 0;
}

/* A network card may have a filter for VLANs, too. It may refuse one: then all
 * is as it was.
 */
int europa_vlan_set(struct europa_port *port, const struct nlattr *attr)
{
	unsigned long *wanted, *was;
	int err = -ENOMEM;

	ASSERT_RTNL();
	wanted = bitmap_zalloc(VLAN_N_VID, GFP_KERNEL);
	was = bitmap_zalloc(VLAN_N_VID, GFP_KERNEL);
	if (!wanted || !was)
		goto free;
	europa_vlan_read(attr, wanted);
	bitmap_copy(was, port->vlans, VLAN_N_VID);
	err = europa_vlan_allow(port, wanted);
	europa_vlan_forbid(port, err ? was : wanted);
free:
	bitmap_free(was);
	bitmap_free(wanted);
	return err;
}

/* The port goes. */
void europa_vlan_clear(struct europa_port *port)
{
	ASSERT_RTNL();
	europa_vlan_forbid(port, NULL);
}

static unsigned int europa_vlan_count(const struct europa_port *port)
{
	unsigned int first, last, n = 0;

	for_each_set_bitrange(first, last, port->vlans, VLAN_N_VID)
		n++;
	return n;
}

size_t europa_vlan_size(const struct europa_port *port)
{
	return europa_vlan_count(port) * sizeof(struct europa_vlans);
}

/* Newer kernels may ask for one link without rtnl. While the list changes the
 * answer may be wrong, and end in zeros; the change is told after it.
 */
int europa_vlan_fill(struct sk_buff *skb, int type,
		     const struct europa_port *port)
{
	unsigned int first, end, n = europa_vlan_count(port);
	struct europa_vlans *range;
	struct nlattr *attr;

	if (!n)
		return 0;
	attr = nla_reserve(skb, type, n * sizeof(*range));
	if (!attr)
		return -EMSGSIZE;
	range = nla_data(attr);
	memset(range, 0, n * sizeof(*range));
	for_each_set_bitrange(first, end, port->vlans, VLAN_N_VID) {
		if (!n--)
			break;
		*range++ = (struct europa_vlans){ first, end - 1 };
	}
	return 0;
}
