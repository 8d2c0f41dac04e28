# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# shellcheck shell=bash
# BIRD 2 for the three VRs of lib/line: one process each, with OSPFv2, OSPFv3 and BFD; BGP
# is configured and waits for `birdc enable`.

# bird_configure VR
bird_configure()
{
	local family

	install -d /run/bird || return
	{
		echo "router id 10.0.0.${NUMBER[$1]};"
		echo "log stderr all;"
		echo "graceful restart wait 300;"
		echo "protocol device { scan time 5; }"
		echo "protocol direct { ipv4; ipv6; }"
		for family in ipv4 ipv6; do
			echo "protocol kernel { graceful restart; scan time 5;"
			echo "	$family { import none; export where source != RTS_DEVICE; }; }"
		done
		echo "protocol bfd { interface \"*\" {"
		echo "	min tx interval 500 ms; min rx interval 500 ms; multiplier 10; }; }"
		bird_ospf "$1" v2 ipv4
		bird_ospf "$1" v3 ipv6
		bird_bgp "$1"
	} > "/run/bird/$1.conf"
}

# bird_ospf VR VERSION FAMILY: a neighbour that is silent is BFD's to notice: its own limit is long.
bird_ospf()
{
	local port

	echo "protocol ospf $2 ospf$2 { $3 { export none; };"
	echo "	graceful restart; graceful restart time 300; area 0 {"
	for port in ${NEIGHBOURS[$1]}; do
		echo "	interface \"$port\" { type ptp; hello 1; dead 600; bfd; cost ${COST[$1-$port]:-10}; };"
	done
	[ -z "${HOST[$1]}" ] || echo "	interface \"${HOST[$1]}\" { stub; };"
	echo "}; }"
}

# One session for both families, over IPv6; between blue and green paths look longer.
bird_bgp()
{
	local port family longer

	for port in ${NEIGHBOURS[$1]}; do
		longer=''
		[ -z "${COST[$1-$port]}" ] ||
			longer="bgp_path.prepend(6500${NUMBER[$port]}); bgp_path.prepend(6500${NUMBER[$port]});"
		echo "protocol bgp bgp_$port { disabled; local as 6500${NUMBER[$1]};"
		echo "	neighbor fd00:${NET[$1-$port]}::${NUMBER[$port]} as 6500${NUMBER[$port]};"
		echo "	graceful restart; graceful restart time 300; connect delay time 1; bfd;"
		for family in ipv4 ipv6; do
			echo "	$family { extended next hop; import filter { $longer accept; }; export all; };"
		done
		echo "}"
	done
}

# bird VR [OPTION...]: start it.
bird()
{
	local vr=$1
	shift

	daemon "$vr" bird "$DAEMONS/usr/sbin/bird" -f -c "/run/bird/$vr.conf" -s "/run/bird/$vr.ctl" "$@"
}

# birdc VR WORD...
birdc()
{
	local vr=$1
	shift
	echo "[+] $vr: birdc $*" >&2
	daemon_env
	"${DAEMON_ENV[@]}" "$DAEMONS/usr/sbin/birdcl" -s "/run/bird/$vr.ctl" "$@"
}
