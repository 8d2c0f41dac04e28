# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# One truth: what the kernel of the VR's namespace would do to a packet that it forwards is
# done, though europa-router forwards, without anybody saying so.
#
#	   a                        (the machine)                           b
#	eth0 10.1.0.2 ─── eu0 ─ vr7p0 10.1.0.1 ┐ VR blue, namespace v:
#	                                       │ europa-router, and the rules
#	eth0 10.2.0.2 ─── eu1 ─ vr7p1 10.2.0.1 ┘
#
# Each rule drops ICMP echo requests and counts them. It comes and goes under traffic from
# a to b; what b heard of is counted by its own kernel.

# The rules' functions are called by name; awk has dollars of its own.
# shellcheck disable=SC2016,SC2317
load lib/common
load lib/single

BATCH=10	# pings

setup()
{
	single_setup
	topology
}

router_up()
{
	spawn ip vr exec blue europa-router --no-idle "$@"
	x ip vr wait blue up timeout 20
}

# --- counting ------------------------------------------------------------------------

# What b's kernel heard, and what it answered: echo requests.
heard() { ip netns exec "$(ns_name b)" awk '$1 == "Icmp:" && $2 ~ /[0-9]/ { print $10 }' /proc/net/snmp; }
heard_over() { (($(heard) > $1)); }
counted_over() { (($(counted) >= $1)); }

# batch_of_pings: BATCH requests, every one of which comes or none.
batch_of_pings() { ns a ping -q -n -c "$BATCH" -i 0.02 -W 1 10.2.0.2; }

# fast: a batch there and back by the data plane alone.
fast()
{
	local send filtered

	send=$(vr_stat blue .stats.send) filtered=$(vr_stat blue .stats.filtered)
	batch_of_pings
	assert_eq "$(($(vr_stat blue .stats.send) - send))" "$((2 * BATCH))" "sent by the data plane"
	assert_eq "$(vr_stat blue .stats.filtered)" "$filtered" "given to the kernel"
	assert_eq "$(vr_stat blue '[.ports[].filtered[]] | length')" 0 "rules told"
}

# honoured KIND ON OFF: functions; `counted` tells how many packets the rule has counted.
honoured()
{
	local kind=$1 on=$2 off=$3 pings before rx

	echo "[=] $kind" >&2
	fast
	spawn ns a ping -q -n -i 0.01 10.2.0.2
	pings=$SPAWNED
	wait_until 10 heard_over "$(heard)"
	"$on"
	wait_until 10 counted_over 1
	before=$(heard)
	wait_until 10 counted_over 40
	assert_eq "$(heard)" "$before" "requests that passed the rule"
	kill -INT "$pings"
	wait "$pings" || true
	assert_eq "$(vr_stat blue .filters)" honour
	vr_stat blue '[.ports[].filtered[]] | unique | .[]' | grep -qx "$kind" || { vr_stat blue .ports >&2; return 1; }

	before=$(counted) rx=$(vr_stat blue .stats.rx)
	batch_of_pings && return 1
	assert_eq "$(($(counted) - before))" "$BATCH" "requests that the rule has counted"
	case $kind in
	*-egress | qdisc) ;;
	*) assert_eq "$(vr_stat blue .stats.rx)" "$rx" "packets that the data plane got" ;;
	esac

	spawn ns a ping -q -n -i 0.01 10.2.0.2
	pings=$SPAWNED
	before=$(heard)
	"$off"
	wait_until 10 heard_over "$((before + 20))"
	kill -INT "$pings"
	wait "$pings" || true
	fast
}

# --- rules ---------------------------------------------------------------------------

# nft_rule FAMILY HOOK [DEVICE]
nft_rule()
{
	ns v nft -f - <<-EOT
		table $1 t {
			chain c {
				type filter hook $2${3:+ device $3} priority 0;
				icmp type echo-request counter drop
			}
		}
	EOT
}
nft_counted() { ip netns exec "$(ns_name v)" nft list chain "$1" t c | sed -n 's/.*packets \([0-9]*\) .*/\1/p'; }

nft_honoured()
{
	local rule=("$@")

	on() { nft_rule "${rule[@]}"; }
	off() { ns v nft delete table "${rule[0]}" t; }
	counted() { nft_counted "${rule[0]}"; }
	case $2 in
	ingress | egress) honoured "nft-$2" on off ;;
	*) honoured netfilter-ipv4 on off ;;
	esac
}

@test "nftables: prerouting" {
	router_up
	nft_honoured ip prerouting
}

# bats test_tags=matrix
@test "nftables: forward" {
	router_up
	nft_honoured ip forward
}

@test "nftables: postrouting, family inet" {
	router_up
	nft_honoured inet postrouting
}

@test "nftables: ingress of a port" {
	router_up
	nft_honoured netdev ingress vr7p0
}

@test "nftables: egress of a port" {
	router_up
	nft_honoured netdev egress vr7p1
}

# iptables_rule KIND: as they are on the command line.
iptables_rule()
{
	IPTABLES=$1
	on() { ns v "$IPTABLES" -A FORWARD -p icmp --icmp-type echo-request -j DROP; }
	counted() { ip netns exec "$(ns_name v)" "$IPTABLES" -nvxL FORWARD | awk '/icmp/ { print $1 }'; }
}

@test "iptables on nftables" {
	router_up
	iptables_rule iptables-nft
	off() { ns v nft delete table ip filter; }
	honoured netfilter-ipv4 on off
}

# Its tables, and so the hooks, stay until the module goes: right then, and not as fast.
# bats test_tags=matrix
@test "iptables of old" {
	router_up
	fast
	iptables_rule iptables-legacy
	on
	batch_of_pings && return 1
	assert_eq "$(counted)" "$BATCH"
	ns v iptables-legacy -F
	batch_of_pings
	assert_eq "$(vr_stat blue '.ports[0].filtered[]')" netfilter-ipv4
}

# tc_honoured SIDE PORT
tc_honoured()
{
	local side=$1 port=$2

	router_up
	ns v tc qdisc add dev "$port" clsact
	on() { ns v tc filter add dev "$port" "$side" protocol ip flower ip_proto icmp type 8 action drop; }
	off() { ns v tc filter del dev "$port" "$side"; }
	counted() { ip netns exec "$(ns_name v)" tc -s filter show dev "$port" "$side" | sed -n 's/.*Sent [0-9]* bytes \([0-9]*\) pkt.*/\1/p'; }
	honoured "tc-$side" on off
}

@test "tc at the ingress of a port" {
	tc_honoured ingress vr7p0
}

# bats test_tags=matrix
@test "tc at the egress of a port" {
	tc_honoured egress vr7p1
}

# bats test_tags=matrix
@test "IPsec policies" {
	router_up
	on() { ns v ip xfrm policy add src 10.1.0.0/24 dst 10.2.0.0/24 dir fwd action block; }
	off() { ns v ip xfrm policy flush; }
	# The policy itself counts nothing; the namespace does what it drops by one.
	counted() { ip netns exec "$(ns_name v)" awk '$1 == "XfrmInPolBlock" { print $2 - '"$BLOCKED"' }' /proc/net/xfrm_stat; }
	[ -e /proc/net/xfrm_stat ] || counted() { echo $(($(vr_stat blue .stats.filtered) - FILTERED)); }
	BLOCKED=0 FILTERED=$(vr_stat blue .stats.filtered)
	honoured xfrm on off
}

@test "a qdisc on a port gets what leaves there" {
	local before

	router_up
	fast
	ns v tc qdisc add dev vr7p1 root tbf rate 100mbit burst 100k latency 50ms
	before=$(vr_stat blue .stats.send)
	batch_of_pings
	assert_eq "$(ip netns exec "$(ns_name v)" tc -s -j qdisc show dev vr7p1 | jq '.[0].packets')" "$BATCH"
	assert_eq "$(($(vr_stat blue .stats.send) - before))" "$((2 * BATCH))" "sent by the data plane"
	assert_eq "$(vr_stat blue '.ports[1].filtered[]')" qdisc
	ns v tc qdisc del dev vr7p1 root
	fast
}

# bats test_tags=matrix
@test "NAT through a VR: what leaves has the VR's address, and answers find their way" {
	router_up
	ns v nft -f - <<-EOT
		table ip nat {
			chain post {
				type nat hook postrouting priority 100;
				oifname vr7p1 counter masquerade
			}
		}
	EOT
	spawn ns b timeout 30 tcpdump -n -l -c "$BATCH" -i eth0 'icmp[0] = 8 and src 10.2.0.1'
	wait_until 10 grep -q "listening on" "$SPAWNED_LOG"
	batch_of_pings
	wait "$SPAWNED"
	ns v nft delete table ip nat
	fast
}

@test "conntrack: a forward chain that lets only answers in" {
	router_up
	ns v nft -f - <<-EOT
		table ip f {
			chain c {
				type filter hook forward priority 0; policy drop;
				ct state established accept
				iifname vr7p0 accept
			}
		}
	EOT
	batch_of_pings
	ns b ping -q -n -c 3 -i 0.1 -W 1 10.1.0.2 && return 1
	ns v nft delete table ip f
	fast
}

@test "--bypass-filters passes them by, and is shown" {
	local send

	router_up --bypass-filters
	nft_rule ip forward
	send=$(vr_stat blue .stats.send)
	batch_of_pings
	assert_eq "$(($(vr_stat blue .stats.send) - send))" "$((2 * BATCH))" "sent by the data plane"
	assert_eq "$(nft_counted ip)" 0
	assert_eq "$(vr_stat blue .filters)" bypass
	ip vr show blue | grep -q "bypasses netfilter-ipv4"
}

@test "listeners are told what a packet has met" {
	router_up
	spawn ip -j vr monitor
	fast
	nft_rule ip forward
	batch_of_pings && return 1
	wait_until 10 grep -q '"filters"' "$SPAWNED_LOG"
	wait_until 10 grep -q netfilter-ipv4 "$SPAWNED_LOG"
}

# hurry: rules that let all pass come and go, each change for itself, until the file NAME is gone.
hurry()
{
	while [ -e "$1" ]; do
		cat <<-EOT
			add table inet t
			add chain inet t c { type filter hook forward priority 0; }
			add chain inet t d { type filter hook prerouting priority 0; }
			delete table inet t
			add table netdev t
			add chain netdev t c { type filter hook ingress device vr7p0 priority 0; }
			delete table netdev t
		EOT
		sleep 0.02
	done | ip netns exec "$(ns_name v)" nft -i
}

# Packets read hooks while these are freed: a kernel with KASAN would tell of one that is not
# safe. In any kernel, none is lost, whichever way it went.
@test "rules that come and go in a hurry lose no packet" {
	local going=$BATS_TEST_TMPDIR/going send filtered

	router_up
	fast
	touch "$going"
	spawn hurry "$going"
	send=$(vr_stat blue .stats.send) filtered=$(vr_stat blue .stats.filtered)
	ns a ping -q -n -c 1000 -i 0.005 -W 2 10.2.0.2 | grep -q ' 1000 received'
	(($(vr_stat blue .stats.filtered) > filtered))
	(($(vr_stat blue .stats.send) > send))
	rm "$going"
	wait "$SPAWNED"
	fast
}
