# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# shellcheck shell=bash
# FRR for the three VRs of lib/line: zebra, bfdd, and ospfd with ospf6d, or bgpd; and mgmtd, where
# there is one (FRR 10): zebra tells it all, and without it says for ever that it cannot.

# As Debian's package would make them, in the guest only.
frr_users()
{
	x install -m 644 "$DAEMONS/etc/pam.d/frr" /etc/pam.d/frr || return
	x install -D -m 644 /dev/null /etc/frr/vtysh.conf
	! getent passwd frr > /dev/null || return 0
	printf '%s\n' frrvty:x:31001:frr frr:x:31002: >> /etc/group
	echo frr:x:31002:31002::/nonexistent:/usr/sbin/nologin >> /etc/passwd
}

# frr_configure VR
frr_configure()
{
	local dir=/etc/frr/$1

	install -d -o frr -g frr /{run,var/lib}/frr "/run/frr/$1" "/var/lib/frr/$1" "$dir" || return
	: > "$dir/vtysh.conf"
	frr_bfd > "$dir/bfdd.conf"
	: > "$dir/zebra.conf"
	frr_ospf "$1" "ip ospf" ospf > "$dir/ospfd.conf"
	frr_ospf "$1" "ipv6 ospf6" ospf6 > "$dir/ospf6d.conf"
	frr_bgp "$1" > "$dir/bgpd.conf"
}

# Slow enough for a machine with much else to do.
frr_bfd()
{
	printf '%s\n' bfd " profile steady" "  detect-multiplier 10" "  transmit-interval 500" \
		"  receive-interval 500"
}

# frr_ospf VR WORDS PROTOCOL: a neighbour that is silent is BFD's to notice: its own limit is long.
frr_ospf()
{
	local port

	for port in ${NEIGHBOURS[$1]}; do
		echo "interface $port"
		printf " $2 %s\n" "area 0" "cost ${COST[$1-$port]:-10}" "network point-to-point" \
			"hello-interval 1" "dead-interval 600" bfd "bfd profile steady"
	done
	[ -z "${HOST[$1]}" ] || printf '%s\n' "interface ${HOST[$1]}" " $2 area 0" \
		" $2 passive" " $2 network point-to-point"
	printf '%s\n' "router $3" " $3 router-id 10.0.0.${NUMBER[$1]}" \
		" timers throttle spf 50 100 1000" " graceful-restart grace-period 300" \
		" graceful-restart helper enable"
	[ "$3" = ospf6 ] || echo " capability opaque"
}

# Neighbours by their ports, without addresses; between blue and green paths look longer.
frr_bgp()
{
	local port family

	printf '%s\n' "route-map longer permit 10" " set as-path prepend last-as 4"
	printf '%s\n' "router bgp 6500${NUMBER[$1]}" " bgp router-id 10.0.0.${NUMBER[$1]}" \
		" no bgp ebgp-requires-policy" " timers bgp 10 600" " bgp graceful-restart" \
		" bgp graceful-restart preserve-fw-state" " bgp graceful-restart restart-time 300"
	for port in ${NEIGHBOURS[$1]}; do
		printf " neighbor $port %s\n" "interface remote-as external" "timers connect 1" \
			"bfd profile steady"
	done
	for family in ipv4 ipv6; do
		printf '%s\n' " address-family $family unicast" "  redistribute connected"
		for port in ${NEIGHBOURS[$1]}; do
			echo "  neighbor $port activate"
			[ -z "${COST[$1-$port]}" ] || echo "  neighbor $port route-map longer in"
		done
		echo " exit-address-family"
	done
}

# frr VR DAEMON...: start them. What routes zebra finds, of one before, it leaves alone that long.
frr()
{
	local vr=$1 name words
	shift

	for name; do
		words=(-f "/etc/frr/$vr/$name.conf")
		case $name in
		mgmtd) words=() ;;
		zebra) words+=(-K 300) ;;
		esac
		daemon "$vr" "$name" "$DAEMONS/usr/lib/frr/$name" -N "$vr" -P 0 --log stdout "${words[@]}" ||
			return
	done
}

# frr_first VR: what the others rest on.
frr_first()
{
	[ ! -e "$DAEMONS/usr/lib/frr/mgmtd" ] || frr "$1" mgmtd || return
	frr "$1" zebra
}

# frr_forgets: FRR 10.3's zebra, started anew with -K, installs the IPv4 routes that it finds again,
# but without their IPv6 gateways, until bgpd is back (ip monitor; seen with the kernel alone).
frr_forgets() { [ -e "$DAEMONS/usr/lib/frr/mgmtd" ]; }

# vtysh VR DAEMON COMMAND...
vtysh()
{
	local vr=$1 name=$2 command commands=()
	shift 2

	for command; do
		echo "[+] $vr: vtysh: $command" >&2
		commands+=(-c "$command")
	done
	daemon_env
	"${DAEMON_ENV[@]}" "$DAEMONS/usr/bin/vtysh" -N "$vr" -d "$name" "${commands[@]}"
}
