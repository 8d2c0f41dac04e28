# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# shellcheck shell=bash
# Linux's own tests of forwarding, as they are, by the kernel alone and with virtual routers in
# the routers' place; loaded after lib/topology. The scripts are those of `make test-selftests`.

FORWARDING=${BATS_TEST_DIRNAME:?}/../build/rig/forwarding
UNPACKED=${BATS_TEST_DIRNAME:?}/../build/rig/selftests

selftests_begin()
{
	if ! [ -e "$FORWARDING/.unpacked" ] || ! [ -e "$UNPACKED/.unpacked" ]; then
		echo "no scripts: run make test-selftests" >&2
		return 1
	fi
	[ -e /sys/module/europa ] || x modprobe europa || return
	x modprobe -a vrf bridge 8021q cls_flower act_gact || return
	commands
}

# Cables between two routers are in nobody's namespace.
selftests_teardown()
{
	local dev status=0

	rig_teardown || status=1
	for dev in /sys/class/net/low*; do
		[ ! -e "$dev" ] || x ip link del "${dev##*/}" || status=1
	done
	return "$status"
}

# commands: what the scripts call by other names, or slowly: jq takes 200 ms to begin. Where they
# ask for 32769 flows of UDP there are 4096, and for 16384 of echo requests, each by a process of
# its own, 4096 by four; all of them with EUROPA_FULL.
commands()
{
	local bin=$BATS_FILE_TMPDIR/bin

	mkdir "$bin" || return
	ln -s "$(type -P gojq || type -P jq)" "$bin/jq"
	cat > "$bin/seq" <<-EOF
		#!/bin/bash
		[ "\$*" != "1 16384" ] || set -- 1 $([ -n "$EUROPA_FULL" ] && echo 16 || echo 4)
		exec $(type -P seq) "\$@"
	EOF
	cat > "$bin/ping6" <<-EOF
		#!/bin/bash
		[[ " \$* " != *" -F 0 -c 1 "* ]] || exec python3 "$BATS_TEST_DIRNAME/lib/pings6.py" "\$1" 1024
		exec ping -6 "\$@"
	EOF
	cat > "$bin/mausezahn" <<-EOF
		#!/bin/bash
		[ -n "$EUROPA_FULL" ] || set -- "\${@/dp=0-32768/dp=0-4095}"
		exec "$UNPACKED/usr/sbin/mausezahn" "\$@"
	EOF
	# The daemon of multicast routes runs where the router is.
	cat > "$bin/smcrouted" <<-EOF
		#!/bin/bash
		set -- "$UNPACKED/usr/sbin/smcrouted" "\$@"
		[ -z "\$ELSEWHERE" ] || set -- ip netns exec "\${ELSEWHERE##*=}" "\$@"
		exec "\$@"
	EOF
	chmod +x "$bin"/*
}

# script NAME N: in the namespace lab, with N interfaces; what it says goes to SAID. A machine
# may be slow.
script()
{
	local name=$1 i ports=()

	for ((i = 0; i < $2; i++)); do
		ports+=("veth$i")
	done
	SAID=$BATS_TEST_TMPDIR/said.${ELSEWHERE:+europa}
	x ip netns exec "$(ns_name lab)" env WAIT_TIME=1 PING_TIMEOUT=20 PING6=ping6 \
		ELSEWHERE="$ELSEWHERE" ROUTERS="$ROUTERS" \
		NETIF_CREATE="$([ -n "$ELSEWHERE" ] && echo no || echo yes)" \
		LD_LIBRARY_PATH="$(echo "$UNPACKED"/usr/lib/*-linux-gnu)" \
		PATH="$BATS_FILE_TMPDIR/bin:$UNPACKED/usr/sbin:$UNPACKED/usr/bin:$PATH" \
		bash -c "[ -z \"\$ELSEWHERE\" ] || . '$BATS_TEST_DIRNAME/lib/elsewhere.bash'
			cd '$FORWARDING' && exec ./$name \"\$@\"" "$name" "${ports[@]}" \
		> "$SAID" 2>&1 < /dev/null 3>&- 4>&-
	SCRIPT_STATUS=$?
	cat "$SAID" >&2
}

# verdicts FILE: of each test, in their order: OK or FAIL, and its name.
verdicts() { sed -n 's/^TEST: \(.*[^ ]\) *\[ *\([A-Z]*\) *\]$/\2 \1/p' "$1"; }

# --- with Europa -------------------------------------------------------------------

# wire I J: between interfaces I and J of the script. What is a router's is a port, on a lower
# device of the machine's own namespace; with the tags that some script has VLAN interfaces for.
wire()
{
	local i

	x ip link add "low$1" type veth peer name "low$2" || return
	for i; do
		if [ -n "${ROUTER_OF[$i]:-}" ]; then
			x ip link set "low$i" addrgenmode none up &&
				x ip vr attach dev "low$i" vr "${ROUTER_OF[$i]}" name "veth$i" vlan 1,555 || return
			ELSEWHERE+="veth$i=$(ns_name "${ROUTER_OF[$i]}") "
		else
			x ip link set "low$i" name "veth$i" netns "$(ns_name lab)" || return
		fi
	done
}

# routers "NAME I..."...: a VR with its namespace and europa-router for each, and what cables
# there are.
routers()
{
	local line name i
	declare -gA ROUTER_OF=()

	ELSEWHERE='' ROUTERS=''
	ns_add lab || return
	for line; do
		read -r name line <<< "$line"
		ns_add "$name" && vr_add "$name" netns "$(ns_name "$name")" || return
		for i in $line; do
			ROUTER_OF[$i]=$name
		done
	done
	for ((i = 0; i < COUNT; i += 2)); do
		wire "$i" "$((i + 1))" || return
	done
	for name in "${RIG_VRS[@]}"; do
		ELSEWHERE+="vrf-$name=$(ns_name "$name") br1=$(ns_name "$name") "
		spawn ip vr exec "$name" europa-router --verbose --no-idle || return
		ROUTERS+="$SPAWNED:$SPAWNED_LOG "
		x ip vr wait "$name" up timeout 30 && mark "$name" || return
	done
	ELSEWHERE=${ELSEWHERE% }
}

# counted: what all VRs did, in RX, SEND and PUNT. Scripts end with ports that are down already.
# shellcheck disable=SC2154
counted()
{
	local name

	RX=0 SEND=0 PUNT=0
	for name in "${RIG_VRS[@]}"; do
		since "$name" || return
		ip vr exec "$name" europa-router --ask stats >&2
		D[rx_down]=0 D[tx_down]=0
		assert_no_loss || return
		RX=$((RX + D[rx])) SEND=$((SEND + D[send])) PUNT=$((PUNT + D[punt]))
	done
}

# --- both --------------------------------------------------------------------------

# like_linux SCRIPT N PERCENT "NAME I..."...: with N interfaces, of which these are those of the
# routers. What passes by the kernel alone does with Europa; of the packets that reach the
# routers that many are forwarded by europa-router.
like_linux()
{
	local name=$1 percent=$3 ELSEWHERE='' ROUTERS=''
	COUNT=$2

	ns_add lab && script "$name" "$COUNT" || return
	KERNEL=$SAID
	ns_delete_all
	[ "$SCRIPT_STATUS" != 4 ] || skip "$(tail -n 1 "$KERNEL")"
	grep -q . < <(verdicts "$KERNEL") || { echo "$name says nothing of tests" >&2; return 1; }
	routers "${@:4}" && script "$name" "$COUNT" && counted && same "$name" || return
	tell "$name: of $RX packets europa-router forwarded $SEND, and gave $PUNT to the kernel"
	((SEND * 100 >= RX * percent))
}

same()
{
	local kernel europa i passed=0

	mapfile -t kernel < <(verdicts "$KERNEL")
	mapfile -t europa < <(verdicts "$SAID")
	for i in "${!kernel[@]}"; do
		if [[ ${kernel[i]} != OK\ * ]]; then
			tell "$1: the kernel itself does not pass: ${kernel[i]}; with Europa: ${europa[i]:-nothing}"
		elif [ "${europa[i]:-}" = "${kernel[i]}" ]; then
			passed=$((passed + 1))
		else
			echo "by the kernel: ${kernel[i]}; with Europa: ${europa[i]:-nothing}" >&2
			return 1
		fi
	done
	((passed)) || skip "the kernel itself passes none of its tests"
	tell "$1: $passed of ${#kernel[@]} tests pass, by the kernel and with Europa"
}

# tell TEXT: for who reads the log, also of a test that passed.
tell() { echo "# $*" | tee -a /dev/fd/2 >&3; }
