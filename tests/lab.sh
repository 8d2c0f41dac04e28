#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# lab.sh up|check|down: three virtual routers in a line, joined by veth pairs, with a host
# at either end. An example of how a CI job uses Europa. Done twice, `up` changes nothing
# the second time, nor does `down`.
#
#  lab-h1                  lab-r1            lab-r2            lab-r3                lab-h2
#  eth0 ══ lab-h1 ── west [ r1 ] east ═════ [ r2 ] ═════ west [ r3 ] east ── lab-h2 ══ eth0
#      10.9.1.0/24            10.9.12.0/24      10.9.23.0/24          10.9.2.0/24
#
# Each VR's ports are called west and east, in the VR's own namespace; in each net the
# western end has address .1 and the eastern .2. lab-w12 ═ lab-e12, lab-w23 ═ lab-e23 are
# the veth pairs. Everything that is made has a name that starts with lab-.
set -euo pipefail

ROUTERS=(lab-r1 lab-r2 lab-r3)
NAMESPACES=(lab-h1 lab-h2 "${ROUTERS[@]}")

# VR, its lower devices, its addresses, and its routes to the left and to the right.
ROUTER_TABLE="
lab-r1 lab-h1  lab-w12 10.9.1.1/24  10.9.12.1/24 -                      10.9.2.0/24,10.9.12.2
lab-r2 lab-e12 lab-w23 10.9.12.2/24 10.9.23.1/24 10.9.1.0/24,10.9.12.1  10.9.2.0/24,10.9.23.2
lab-r3 lab-e23 lab-h2  10.9.23.2/24 10.9.2.1/24  10.9.1.0/24,10.9.23.1  -
"

fail() { echo "lab: $*" >&2; exit 1; }

# --- up: each step looks, or is a `replace` -------------------------------------------

have_link() { ip link show dev "$1" > /dev/null 2>&1; }

namespaces()
{
	local name

	for name in "${NAMESPACES[@]}"; do
		[ -e "/run/netns/$name" ] || ip netns add "$name"
	done
}

# host NAME ADDRESS GATEWAY
host()
{
	have_link "$1" || ip link add "$1" type veth peer name eth0 netns "$1"
	ip link set "$1" up
	ip -n "$1" -batch - <<-EOF
		link set lo up
		link set eth0 up
		address replace $2 dev eth0
		route replace default via $3
	EOF
}

# wire WEST EAST
wire()
{
	have_link "$1" || ip link add "$1" type veth peer name "$2"
	ip link set "$1" up
	ip link set "$2" up
}

# port VR LOWER NAME: made anew it has the same MAC address, which others know.
port()
{
	[ -n "$(ip -n "$1" link show dev "$3" 2> /dev/null)" ] ||
		ip vr attach dev "$2" vr "$1" name "$3" address "$(mac "$1" "$3")"
}

mac() { echo "02:00:00:09:0${1#lab-r}:$([ "$2" = west ] && echo 00 || echo 01)"; }

route() { [ "$1" = - ] || echo "route replace ${1%,*} via ${1#*,}"; }

# router VR WEST EAST ADDRESS ADDRESS ROUTE ROUTE
router()
{
	ip vr replace "$1" netns "$1" owner nobody
	port "$1" "$2" west
	port "$1" "$3" east
	ip -n "$1" -batch - <<-EOF
		link set lo up
		link set west up
		link set east up
		address replace $4 dev west
		address replace $5 dev east
		$(route "$6")
		$(route "$7")
	EOF
	ip netns exec "$1" sysctl -qw net.ipv4.ip_forward=1
}

# The data plane goes on when this script, and the shell it was typed in, have ended. It is woken
# for each packet, so that `check` can count pings.
data_plane()
{
	[ -z "$(ip vr pids "$1")" ] || return 0
	setsid ip vr exec "$1" europa-router --no-idle < /dev/null > "/run/$1.log" 2>&1 &
	ip vr wait "$1" up timeout 30 || fail "no data plane for $1: $(cat "/run/$1.log")"
}

up()
{
	local vr west east left right back forth

	namespaces
	host lab-h1 10.9.1.2/24 10.9.1.1
	host lab-h2 10.9.2.2/24 10.9.2.1
	wire lab-w12 lab-e12
	wire lab-w23 lab-e23
	while read -r vr west east left right back forth; do
		[ -z "$vr" ] || router "$vr" "$west" "$east" "$left" "$right" "$back" "$forth"
	done <<< "$ROUTER_TABLE"
	for vr in "${ROUTERS[@]}"; do
		data_plane "$vr"
	done
}

# --- check ------------------------------------------------------------------------------

# verify WHAT JQ COMMAND...: jq's verdict on what the command prints.
verify()
{
	"${@:3}" | jq -e "$2" > /dev/null || fail "$1"
}

check()
{
	local vr

	verify "the VRs do not run" '
		map(select(.name | startswith("lab-"))) |
		[.[].name] == ["lab-r1", "lab-r2", "lab-r3"] and
		all(.state == "running" and .pid > 0 and .netns == .name and .owner == "nobody")' ip -j vr show
	for vr in "${ROUTERS[@]}"; do
		verify "$vr has not its two ports" '
			.[0].ports | map([.ifname, .up]) == [["west", true], ["east", true]]' ip -j vr show "$vr"
		verify "$vr's ports are not up" '
			[.[] | select(.operstate == "UP").ifname] | sort == ["east", "west"]' \
			ip -n "$vr" -j link show type europa
	done
	ip netns exec lab-h1 ping -q -c 3 -i 0.2 -W 5 10.9.2.2 > /dev/null || fail "lab-h1 does not reach lab-h2"
	verify "the data planes do not forward" '
		map(select(.name | startswith("lab-"))) | all(.stats.send > 0)' ip -j -s vr show
}

# --- down -------------------------------------------------------------------------------

# A VR goes with its ports, its data plane is told and ends; a veth goes with its peer.
down()
{
	local name

	for name in "${ROUTERS[@]}"; do
		[ ! -e /sys/module/europa ] || ! ip vr show "$name" > /dev/null 2>&1 || ip vr del "$name"
		rm -f "/run/$name.log"
	done
	for name in lab-h1 lab-h2 lab-w12 lab-w23; do
		! have_link "$name" || ip link del "$name"
	done
	for name in "${NAMESPACES[@]}"; do
		[ ! -e "/run/netns/$name" ] || ip netns del "$name"
	done
}

case ${1:-} in
up | check | down) "$1" ;;
*) echo "Usage: lab.sh up|check|down" >&2; exit 1 ;;
esac
