# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# shellcheck shell=bash
# Contenders (tests/bench/contenders.bash) that are nothing but the kernel's own, set up.

# --- flowtable: the kernel's forwarding, which nftables lets pass by for a known flow ----

flowtable_start()
{
	kernel_start
	ip netns exec router nft -f - <<-EOF
	table ip fast {
		flowtable f {
			hook ingress priority 0
			devices = { r0, r1 }
		}
		chain forward {
			type filter hook forward priority 0
			flow add @f
		}
	}
	EOF
}

flowtable_stop() { kernel_stop; }
flowtable_counter() { kernel_counter; }

# --- mirred: tc hands all to the other device; packets are not touched ------------------

mirred_start()
{
	topology_add "$FOREIGN_MAC0" "$FOREIGN_MAC1"
	tc qdisc add dev r0 clsact
	tc filter add dev r0 ingress matchall action mirred egress redirect dev r1
}

mirred_stop() { topology_del; }
mirred_counter() { echo "$SINK"; }
mirred_check() { counted mirred; }

# --- pedit: a route as tc alone can say it, TTL, checksum and addresses with it ---------

pedit_start()
{
	topology_add "$FOREIGN_MAC0" "$FOREIGN_MAC1"
	tc qdisc add dev r0 clsact
	tc filter add dev r0 ingress protocol ip flower dst_mac "$GATEWAY_MAC" dst_ip "$TARGET" \
		action pedit ex munge ip ttl dec munge eth src set "$EGRESS_MAC" \
		munge eth dst set "$NEIGHBOUR_MAC" pipe action csum ip pipe \
		action mirred egress redirect dev r1
}

pedit_stop() { topology_del; }
pedit_counter() { echo "$SINK"; }

# --- macvlan: a router in a namespace of its own that shares the devices ----------------

macvlan_start()
{
	ns_add router
	topology_add "$FOREIGN_MAC0" "$FOREIGN_MAC1"
	ip link add link r0 name p0 address "$GATEWAY_MAC" netns router up type macvlan mode private
	ip link add link r1 name p1 address "$EGRESS_MAC" netns router up type macvlan mode private
	router_configure router p0 p1
}

macvlan_stop()
{
	topology_del
	ip netns del router
}

macvlan_counter() { echo "$SINK"; }
