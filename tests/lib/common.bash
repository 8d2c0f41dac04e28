# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# shellcheck shell=bash
# Helpers for bats files. A file starts with
#
#	load lib/common
#
# which gives it a setup() and a teardown(); a file with its own calls rig_setup first
# and rig_teardown last. Everything made with these helpers is removed in the teardown,
# and the kernel log must be clean by then.

# shellcheck source=tests/lib/klog.bash
. "${BASH_SOURCE[0]%/*}/klog.bash"

bats_require_minimum_version 1.5.0

# The one place that knows how `ip -j -s vr show` spells a queue's slots and their owners;
# there are slots only while a data plane is attached.
VR_SLOTS='if .state == "idle" then 0 else .slots * .queues end'
VR_SLOT_OWNERS='[.queue[] | .free + .rx + .vr + .spare + .tx] | add'

rig_setup()
{
	NS_PREFIX=eu$$-
	RIG_NAMESPACES=()
	RIG_VRS=()
	RIG_PIDS=()
	KLOG_TEST_MARK=$(klog_mark)
}

rig_teardown()
{
	kill_spawned
	vr_delete_all
	ns_delete_all
	assert_klog_clean
}

setup() { rig_setup; }
teardown() { rig_teardown; }

# --- running -----------------------------------------------------------------------

# jq 1.6 compiles its own library at each start, which costs an emulated processor 200 ms;
# gojq speaks the same language.
! command -v gojq > /dev/null || jq() { gojq "$@"; }

# x COMMAND...: say it, do it.
x()
{
	echo "[+] $*" >&2
	"$@"
}

# pause SECONDS: without a process, whose start costs more than the pause.
exec {PAUSE_FD}<> <(:)
pause() { read -r -t "$1" -u "$PAUSE_FD" || true; }

# wait_until SECONDS COMMAND...: repeat the command until it succeeds.
wait_until()
{
	local seconds=$1 deadline
	shift
	deadline=$((SECONDS + seconds))
	until "$@" > /dev/null 2>&1; do
		if ((SECONDS >= deadline)); then
			echo "not within $seconds s: $*" >&2
			"$@" || true
			return 1
		fi
		pause 0.1
	done
}

# refused REGEX COMMAND...: the command must fail and say so.
refused()
{
	local regex=$1 said status=0
	shift
	echo "[+] refused: $*" >&2
	said=$("$@" 2>&1) || status=$?
	echo "$said" >&2
	if ((status == 0)); then
		echo "not refused: $*" >&2
		return 1
	fi
	grep -Eq -- "$regex" <<< "$said" || { echo "does not say '$regex'" >&2; return 1; }
}

# assert_eq A B [WHAT]
assert_eq()
{
	[ "$1" = "$2" ] || { echo "${3:-assert_eq}: '$1' is not '$2'" >&2; return 1; }
}

# spawn COMMAND...: in the background until the teardown; its process is in $SPAWNED and
# its output in the file $SPAWNED_LOG. `spawn ns NAME COMMAND...` is what one mostly wants.
spawn()
{
	echo "[+] $* &" >&2
	SPAWNED_LOG=$(mktemp -p "${BATS_TEST_TMPDIR:-/tmp}" spawn.XXXXXX)
	if [ "$1" = ns ]; then
		set -- ip netns exec "$(ns_name "$2")" "${@:3}"
	fi
	"$@" > "$SPAWNED_LOG" 2>&1 < /dev/null 3>&- 4>&- &
	SPAWNED=$!
	RIG_PIDS+=("$SPAWNED")
}

# ended_well PID LOG WHO: a spawned process ends by itself, well.
ended_well()
{
	local status=0

	wait "$1" || status=$?
	cat "$2" >&2
	assert_eq "$status" 0 "status of $3"
}

kill_spawned()
{
	local pid

	for pid in "${RIG_PIDS[@]}"; do
		kill -CONT "$pid" 2>/dev/null || continue
		kill -TERM "$pid" 2>/dev/null || true
	done
	for pid in "${RIG_PIDS[@]}"; do
		ended_within 2 "$pid" || kill -KILL "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	RIG_PIDS=()
}

# ended_within SECONDS PID: until the process has ended, be it a child not waited for.
ended_within()
{
	local deadline=$((SECONDS + $1)) stat

	while { read -r stat < "/proc/$2/stat"; } 2> /dev/null && [[ ${stat##*) } != Z* ]]; do
		((SECONDS < deadline)) || return
		pause 0.02
	done
}

# ip_batch [ip's OPTION...]: say and do the commands of the standard input, one process for all.
ip_batch()
{
	local lines line

	mapfile -t lines
	for line in "${lines[@]}"; do
		line=${line#"${line%%[![:space:]]*}"}
		[ -z "$line" ] || echo "[+] ip${*:+ $*} $line" >&2
	done
	printf '%s\n' "${lines[@]}" | ip "$@" -batch -
}

# in_uml, sanitized: in what kernel of tests/rig/debug we are, if any.
in_uml() { grep -q 'User Mode Linux' /proc/cpuinfo; }
sanitized() { [ -e /sys/kernel/debug/kmemleak ]; }

# --- namespaces and links ----------------------------------------------------------

# ns_name NAME: the real, unique name of a namespace of this test; `-` is the machine's own.
ns_name() { echo "$NS_PREFIX$1"; }

# ns_add NAME...: new namespaces, their loopback up.
ns_add()
{
	local name

	for name; do
		x ip netns add "$(ns_name "$name")" || return
		RIG_NAMESPACES+=("$name")
		ns "$name" ip link set lo up || return
	done
}

# ns NAME COMMAND...: say it, do it there.
ns()
{
	local name=$1
	shift
	if [ "$name" = - ]; then
		x "$@"
		return
	fi
	echo "[+] $name: $*" >&2
	ip netns exec "$(ns_name "$name")" "$@"
}

# veth NS1 DEV1 NS2 DEV2: a pair of devices, each up in its namespace.
veth()
{
	x ip link add "e0-$$" type veth peer name "e1-$$" || return
	ns_take "e0-$$" "$1" "$2" && ns_take "e1-$$" "$3" "$4"
}

# ns_take DEV NS NAME: move a device of the machine's own namespace, rename it, set it up.
ns_take()
{
	if [ "$2" != - ]; then
		x ip link set "$1" netns "$(ns_name "$2")" || return
	fi
	[ "$1" = "$3" ] || ns "$2" ip link set "$1" name "$3" || return
	ns "$2" ip link set "$3" up
}

ns_delete_all()
{
	local name

	for name in "${RIG_NAMESPACES[@]}"; do
		ip netns pids "$(ns_name "$name")" 2>/dev/null | xargs -r kill -KILL 2>/dev/null || true
		[ ! -e "/run/netns/$(ns_name "$name")" ] || ip netns del "$(ns_name "$name")" || true
	done
	RIG_NAMESPACES=()
}

# --- virtual routers ---------------------------------------------------------------

# vr_add NAME [ARGUMENT...]: `ip vr add`, and its removal in the teardown.
vr_add()
{
	x ip vr add "$@" || return
	RIG_VRS+=("$1")
}

# vr_stat VR JQ-PATH: from `ip -j -s vr show VR`, such as .pid or '.ports[0].name'. A counter,
# such as .stats.rx, is what tests wait for again and again: it is found without a jq.
vr_stat()
{
	local json
	json=$(ip-vr -j -s show "$1") || return
	if [[ $2 == .stats.* && $json =~ \"stats\":\{[^{}]*\"${2#.stats.}\":([0-9]+) ]]; then
		echo "${BASH_REMATCH[1]}"
		return
	fi
	jq -r "(if type == \"array\" then .[0] else . end) | $2" <<< "$json"
}

# fields_of OBJECT JSON: FIELDS becomes name:value of the first object of that name, in their
# order, without a jq.
fields_of()
{
	local json=${2//[[:space:]\"]/}

	json=${json#*"$1:"}
	json=${json#[}
	json=${json#\{}
	# shellcheck disable=SC2034
	IFS=, read -ra FIELDS <<< "${json%%\}*}"
}

# Every slot has exactly one of the five owners; with nobody attached there are none. One
# look: a data plane may end between two.
assert_slots_conserved()
{
	local all sum state

	read -r state all sum < <(vr_stat "$1" \
		"[.state, ($VR_SLOTS), ($VR_SLOT_OWNERS)] | @tsv") || return
	[ "$sum" = "$all" ] || [ "$state $sum" = "idle 0" ] && return
	echo "VR $1 ($state) has $all slots, but their owners' counts sum to $sum:" >&2
	ip -j -s -p vr show "$1" >&2
	return 1
}

vr_delete_all()
{
	local name

	for name in "${RIG_VRS[@]}"; do
		ip vr del "$name" > /dev/null 2>&1 || true
	done
	RIG_VRS=()
}

# --- the kernel log ----------------------------------------------------------------

# assert_klog_clean: no complaint by the kernel since the test started.
assert_klog_clean()
{
	local complaints

	complaints=$(klog_complaints "$KLOG_TEST_MARK") || return 0
	echo "the kernel complained:" >&2
	echo "$complaints" >&2
	klog_accept
	return 1
}
