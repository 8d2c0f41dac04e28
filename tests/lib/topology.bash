# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# shellcheck shell=bash
# Virtual routers between two shared lower devices, for `load lib/topology` after
# lib/common. Building it takes many commands, so a file builds it once, in setup_file.
#
#            namespace wire     the machine's own      namespace wire
#  ns X-a  e0 ─┐                                               ┌─ e0  ns X-b
#              ├─ p0 ═══ low0 ─┬─ p0 [VR X] p1 ─┬─ low1 ═══ p1 ─┤
#  ns Y-a  e0 ─┘  veth         └─ p0 [VR Y] p1 ─┘         veth  └─ e0  ns Y-b
#
# e0 is a macvlan on the wire's end, so each has a MAC address of its own, and those of
# one side share a wire but do not hear each other. VR number I, net N:
#
#	X-a   10.1.N.2  fd00:1:N::2  02:00:00:00:I:a0	  X-b   10.2.N.2  fd00:2:N::2  02:00:00:00:I:b0
#	X p0  10.1.N.1  fd00:1:N::1  02:00:00:00:I:00	  X p1  10.2.N.1  fd00:2:N::1  02:00:00:00:I:01
#
# The VR's namespace has the VR's name.

# shellcheck source=tests/lib/progs.bash
. "${BASH_SOURCE[0]%/*}/progs.bash"

# --- one picture for all tests of a file -------------------------------------------

# Call first in setup_file, and topology_end last in teardown_file.
topology_begin()
{
	rig_setup
	export NS_PREFIX
	[ -e /sys/module/europa ] || x modprobe europa || return
	topology_stale
	install_progs
}

topology_end()
{
	local file

	for file in "$BATS_FILE_TMPDIR"/pid.*; do
		[ ! -e "$file" ] || kill -KILL "$(< "$file")" 2>/dev/null || true
	done
	kill_spawned
	vr_delete_all
	ip link del low0 2>/dev/null || true
	ip link del low1 2>/dev/null || true
	ns_delete_all
}

# What a test before, that broke off, may have left.
topology_stale()
{
	local dev

	for dev in low0 low1; do
		[ ! -e "/sys/class/net/$dev" ] || x ip link del "$dev" || return
	done
}

# A test of such a file has only what is exported; what it makes itself it removes.
# shellcheck disable=SC2034
shared_setup()
{
	RIG_NAMESPACES=()
	RIG_VRS=()
	RIG_PIDS=()
	KLOG_TEST_MARK=$(klog_mark)
}

# --- building ----------------------------------------------------------------------

# batch NS: ip_batch, there.
batch()
{
	if [ "$1" = - ]; then
		ip_batch
	else
		ip_batch -n "$(ns_name "$1")"
	fi
}

# wires [MTU]: the two lower devices.
wires()
{
	local wire mtu=${1:-1500}

	wire=$(ns_name wire)
	RIG_NAMESPACES+=(wire)
	batch - <<-EOT || return
		netns add $wire
		link add low0 mtu $mtu type veth peer name p0 mtu $mtu netns $wire
		link add low1 mtu $mtu type veth peer name p1 mtu $mtu netns $wire
		link set low0 addrgenmode none up
		link set low1 addrgenmode none up
	EOT
	batch wire <<-EOT
		link set p0 addrgenmode none up
		link set p1 addrgenmode none up
	EOT
}

mac_of() { printf '02:00:00:00:%02x:%s' "$1" "$2"; }

# customer NAME ID N SIDE: namespace NAME-a or NAME-b, on side 1 or 2.
customer()
{
	local name=$1 id=$2 n=$3 side=$4 letter

	letter=$([ "$side" = 1 ] && echo a || echo b)
	RIG_NAMESPACES+=("$name-$letter")
	x ip netns add "$(ns_name "$name-$letter")" || return
	ns wire ip link add link "p$((side - 1))" name e0 address "$(mac_of "$id" "${letter}0")" \
		netns "$(ns_name "$name-$letter")" type macvlan mode private || return
	batch "$name-$letter" <<-EOT
		link set lo up
		link set e0 addrgenmode none up
		address add 10.$side.$n.2/24 dev e0
		address add fd00:$side:$n::2/64 dev e0 nodad
		route add default via 10.$side.$n.1
		route add default via fd00:$side:$n::1
	EOT
}

# router NAME ID N [SETTING...]: the VR with both ports, addresses and customers.
router()
{
	local name=$1 id=$2 n=$3
	shift 3

	RIG_NAMESPACES+=("$name")
	x ip netns add "$(ns_name "$name")" || return
	forwarding "$name" 1 || return
	vr_add "$name" id "$id" netns "$(ns_name "$name")" "$@" || return
	x ip vr attach dev low0 vr "$name" name p0 address "$(mac_of "$id" 00)" || return
	x ip vr attach dev low1 vr "$name" name p1 address "$(mac_of "$id" 01)" || return
	batch "$name" <<-EOT || return
		link set lo up
		link set p0 up
		link set p1 up
		address add 10.1.$n.1/24 dev p0
		address add 10.2.$n.1/24 dev p1
		address add fd00:1:$n::1/64 dev p0 nodad
		address add fd00:2:$n::1/64 dev p1 nodad
	EOT
	customer "$name" "$id" "$n" 1 && customer "$name" "$id" "$n" 2
}

forwarding()
{
	ns "$1" sysctl -qw net.ipv4.ip_forward="$2" net.ipv6.conf.all.forwarding="$2" \
		net.ipv6.conf.default.forwarding="$2" net.ipv6.conf.default.accept_dad=0
}

# data_plane VR COMMAND...: run it as the VR's data plane and wait until it is. It outlives
# the test: stop it, or topology_end does.
data_plane()
{
	local vr=$1
	shift
	spawn ip vr exec "$vr" "$@" || return
	unset 'RIG_PIDS[-1]'
	echo "$SPAWNED" > "$BATS_FILE_TMPDIR/pid.$vr"
	echo "$SPAWNED_LOG" > "$BATS_FILE_TMPDIR/log.$vr"
	x ip vr wait "$vr" up timeout 20 || { cat "$SPAWNED_LOG" >&2; return 1; }
}

# europa_router VR...: start it where it does not run, each packet its own, so that packets can
# be counted; see idle.bats for what the kernel does as a rule.
europa_router()
{
	local name

	for name; do
		if [ ! -e "$BATS_FILE_TMPDIR/pid.$name" ] || [ "$(cat "/proc/$(data_plane_pid "$name")/comm" 2>/dev/null)" != europa-router ]; then
			stop_data_plane "$name" KILL 2>/dev/null || true
			data_plane "$name" europa-router --verbose --no-idle || return
		fi
	done
}

data_plane_pid() { echo "$(< "$BATS_FILE_TMPDIR/pid.$1")"; }
data_plane_log() { echo "$(< "$BATS_FILE_TMPDIR/log.$1")"; }

# stop_data_plane VR [SIGNAL]: and wait until the VR is idle; its output stays.
stop_data_plane()
{
	local pid

	pid=$(data_plane_pid "$1")
	x kill "-${2:-TERM}" "$pid" || return
	[ "${2:-TERM}" != STOP ] || return 0
	x ip vr wait "$1" down timeout 20 || return
	ended_within 10 "$pid"
}

# --- counters ----------------------------------------------------------------------

# counters VR ARRAY: everything countable, into an associative array.
# shellcheck disable=SC2004,SC2034
counters()
{
	local -n into=$2
	local json field key

	json=$(ip-vr -j -s show "$1") || return
	into=()
	fields_of stats "$json"
	for field in "${FIELDS[@]}"; do
		into[${field%%:*}]=${field#*:}
	done
	fields_of queue "$json"
	for field in "${FIELDS[@]}"; do
		key=slots_${field%%:*}
		[ "$key" = slots_snap ] || into[$key]=${field#*:}
	done
}

# mark VR; ...; since VR: by how much each counter has grown, in D.
declare -gA D
mark()
{
	declare -gA "MARK_$1"
	counters "$1" "MARK_$1"
}

since()
{
	local -n before=MARK_$1
	local -A now
	local key said=''

	counters "$1" now || return
	D=()
	for key in "${!now[@]}"; do
		[[ ${now[$key]} =~ ^[0-9]+$ ]] || continue
		D[$key]=$((${now[$key]} - ${before[$key]}))
		[ "${D[$key]}" = 0 ] || said+=" $key ${D[$key]}"
	done
	echo "[=] $1:$said" >&2
}

# Why a VR loses packets.
LOSSES=(rx_full rx_limit rx_nomem rx_down rx_fallback bad_slot bad_state bad_op bad_len
	bad_meta bad_port spoof too_long gso tx_down tx_nomem tx_qdisc gone drop)

# assert_no_loss: of D.
assert_no_loss()
{
	local reason

	for reason in "${LOSSES[@]}"; do
		assert_eq "${D[$reason]}" 0 "$reason" || return
	done
}

# assert_forwarded VR COUNT: since the mark the data plane, and not the fallback, has sent
# COUNT packets or more, but for one now and then that it let the kernel have to keep a
# neighbour's entry alive; what it did not send it gave to its kernel; nothing was lost.
assert_forwarded()
{
	since "$1" || return
	assert_no_loss || return
	assert_eq "${D[fallback]}" 0 fallback || return
	assert_eq "$((D[send] + D[punt] - D[originated]))" "${D[rx]}" "send and punt against rx" || return
	((D[send] >= $2 - 3 - $2 / 100)) || { echo "VR $1 sent ${D[send]}, not $2" >&2; return 1; }
}

# --- traffic -----------------------------------------------------------------------

# ping_all NS COUNT ADDRESS [OPTION...]: every one answered, once. With -W alone ping waits
# two round trips for the last answer, on a busy machine too little; with -w it sends more
# than COUNT until it has COUNT answers, so the first COUNT have to be among them.
ping_all()
{
	local name=$1 count=$2 address=$3 said seq missing=''
	shift 3

	said=$(ns "$name" ping -n -c "$count" -i 0.01 -w 20 "$@" "$address") || true
	for ((seq = 1; seq <= count; seq++)); do
		[[ $said == *"icmp_seq=$seq "* ]] || missing+=" $seq"
	done
	if [[ -z $missing && $said != *"DUP!"* ]]; then
		echo "${said##*--- }" >&2
		return
	fi
	echo "$said" >&2
	echo "not answered:$missing" >&2
	ip-vr -s show >&2
	return 1
}

# listening NS PORT...: until it does; tcp unless PORT starts with u.
listening()
{
	local name=$1 port
	shift
	for port; do
		wait_until 10 sh -c "ip netns exec $(ns_name "$name") ss -Hl$([[ $port == u* ]] && echo u || echo t)n 'sport = :${port#u}' | grep -q ." || return
	done
}

# udp_intact FROM TO ADDRESS COUNT MIN MAX [SEGMENT]: datagrams of known contents.
udp_intact()
{
	local from=$1 to=$2 address=$3 count=$4 log
	shift 4
	spawn ns "$to" "$PROGS/udpcheck" recv 7000 "$count" 15
	log=$SPAWNED_LOG
	wait_until 10 grep -q listening "$log" || return
	ns "$from" "$PROGS/udpcheck" send "$address" 7000 "$count" "$@" || return
	wait_until 30 grep -q good "$log" || return
	assert_eq "$(< "$log")" "listening"$'\n'"good $count bad 0 again 0 missing 0" "datagrams to $to"
}

# tcp_intact FROM TO ADDRESS HOW FILE: the file goes over, by socat or by a way of
# tcpsend; what arrives is in $RECEIVED and equal.
tcp_intact()
{
	local file=$5

	tcp_file "$@" && cmp "$file" "$RECEIVED"
}

tcp_file()
{
	local from=$1 to=$2 address=$3 how=$4 file=$5

	RECEIVED=$BATS_TEST_TMPDIR/received
	spawn ns "$to" socat -u TCP-LISTEN:7002,reuseaddr "OPEN:$RECEIVED,creat,trunc"
	listening "$to" 7002 || return
	if [ "$how" = socat ]; then
		ns "$from" timeout 60 socat -u "OPEN:$file" "TCP:$address:7002" || return
	else
		ns "$from" timeout 60 "$PROGS/tcpsend" "$how" "$address" 7002 "$file" || return
	fi
	wait "$SPAWNED"
}

# random_file NAME KILOBYTES
random_file() { head -c "$(($2 * 1024))" /dev/urandom > "$1"; }

# bpf_compile OBJECT [OPTION...]: C from standard input.
bpf_compile()
{
	local object=$1
	shift
	x clang -target bpf -O2 -g -Wall -I"$BATS_TEST_DIRNAME/../src/kernel/include/uapi" \
		-I"/usr/include/$(gcc -print-multiarch)" "$@" -x c -c -o "$object" -
}

# --- the end -----------------------------------------------------------------------

# Call it in the last test of a file, with the VRs that still are.
assert_all_slots_conserved()
{
	local name

	for name; do
		assert_slots_conserved "$name" || return
	done
}

# assert_nothing_left: after the picture is gone: no VR, port, program, node; and the
# module can be unloaded.
assert_nothing_left()
{
	assert_eq "$(ip -j vr show | jq length)" 0 "VRs" || return
	assert_eq "$(ip -j vr classifier show | jq length)" 0 "classifiers" || return
	assert_eq "$(ip -j link show type europa 2>/dev/null | jq 'map(select(length > 0)) | length')" 0 "ports" || return
	assert_eq "$(find /dev/europa -type c 2>/dev/null | wc -l)" 0 "device nodes" || return
	wait_until 10 x modprobe -r europa
}
