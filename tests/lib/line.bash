# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# shellcheck shell=bash
# Three virtual routers in a line, with a second, costlier way, for routing daemons; loaded
# after lib/topology. The daemons are those of `make test-daemons`.
#
#                   .1  10.12.0.0/24  .2       .2  10.23.0.0/24  .3
#  ns a ══ a [blue] red ═══════════ blue [red] green ═════════ red [green] b ══ ns b
#            [blue] green ══════════════════════════════════ blue [green]
#                   .1                   10.13.0.0/24              .3
#
# A port is called as who is at its other end; the lower device of blue's port red is
# blue-red, the end of a veth pair. The VR's namespace has the VR's name. Host a is
# 10.1.0.2, host b 10.2.0.2. With IPv6 it is fd00:N:: in place of 10.N.0.

# What lib/frr and lib/bird read, too.
# shellcheck disable=SC2034
{
ROUTERS=(blue red green)
declare -gA NUMBER=([blue]=1 [red]=2 [green]=3)
declare -gA NEIGHBOURS=([blue]="red green" [red]="blue green" [green]="red blue")
declare -gA NET=([blue-red]=12 [red-blue]=12 [red-green]=23 [green-red]=23 [blue-green]=13
	[green-blue]=13)
declare -gA HOST=([blue]=a [green]=b)
declare -gA COST=([blue-green]=100 [green-blue]=100)
}
LINKS=("blue red 12 1 2" "red green 23 2 3" "blue green 13 1 3")
DAEMONS=${BATS_TEST_DIRNAME:?}/../build/rig/daemons

# --- building ----------------------------------------------------------------------

line_begin()
{
	[ "${EUROPA_RIG:-}" = vm ] || { echo "only for the guest: this makes users" >&2; return 1; }
	[ -e "$DAEMONS/.unpacked" ] || { echo "no daemons: run make test-daemons" >&2; return 1; }
	topology_begin || return
	x sysctl -qw net.ipv6.conf.default.disable_ipv6=1 net.ipv6.conf.all.disable_ipv6=1 || return
	line_routers && line_links && line_host a blue 1 && line_host b green 2 &&
		line_counted || return
	spawn ns b iperf3 -s
	unset 'RIG_PIDS[-1]'
	echo "$SPAWNED" > "$BATS_FILE_TMPDIR/daemon.b.iperf3"
}

line_end()
{
	local name

	daemons_end
	topology_end
	for name in blue-red red-green blue-green; do
		ip link del "$name" 2>/dev/null || true
	done
	sysctl -qw net.ipv6.conf.default.disable_ipv6=0 net.ipv6.conf.all.disable_ipv6=0
}

line_routers()
{
	local name

	for name in "${ROUTERS[@]}"; do
		RIG_NAMESPACES+=("$name")
		x ip netns add "$(ns_name "$name")" || return
		forwarding "$name" 1 || return
		ns "$name" ip link set lo up || return
		vr_add "$name" netns "$(ns_name "$name")" || return
	done
}

# line_port VR NAME NET HOST: the VR's port to NAME, with addresses.
line_port()
{
	x ip vr attach dev "$1-$2" vr "$1" name "$2" || return
	batch "$1" <<-EOT
		link set dev $2 up
		address add 10.$3.0.$4/24 dev $2
		address add fd00:$3::$4/64 dev $2 nodad
	EOT
}

line_links()
{
	local link left right net i j

	for link in "${LINKS[@]}"; do
		read -r left right net i j <<< "$link"
		batch - <<-EOT || return
			link add $left-$right up type veth peer name $right-$left
			link set $right-$left up
		EOT
		line_port "$left" "$right" "$net" "$i" || return
		line_port "$right" "$left" "$net" "$j" || return
	done
}

# line_host NAME VR NET: a host, and the VR's port to it.
line_host()
{
	RIG_NAMESPACES+=("$1")
	x ip netns add "$(ns_name "$1")" || return
	batch - <<< "link add $2-$1 up type veth peer name e0 netns $(ns_name "$1")" || return
	batch "$1" <<-EOT || return
		link set lo up
		link set e0 up
		address add 10.$3.0.2/24 dev e0
		address add fd00:$3::2/64 dev e0 nodad
		route add default via 10.$3.0.1
		route add default via fd00:$3::1
	EOT
	line_port "$2" "$1" "$3" 1
}

# --- daemons -----------------------------------------------------------------------

# daemon_env: DAEMON_ENV, the libraries that came with the daemons.
daemon_env()
{
	local libraries

	libraries=$(echo "$DAEMONS"/usr/lib/*-linux-gnu)
	DAEMON_ENV=(env "LD_LIBRARY_PATH=$libraries:$libraries/frr")
}

# daemon VR NAME COMMAND...: in the VR's namespace. It outlives the test.
daemon()
{
	local file=$BATS_FILE_TMPDIR/daemon.$1.$2 vr=$1

	shift 2
	daemon_env
	spawn "${DAEMON_ENV[@]}" ip netns exec "$(ns_name "$vr")" "$@" || return
	unset 'RIG_PIDS[-1]'
	echo "$SPAWNED" > "$file"
	echo "$SPAWNED_LOG" >> "$BATS_FILE_TMPDIR/said"
}

# daemon_stop VR NAME [SIGNAL]: and wait for its end.
daemon_stop()
{
	local file=$BATS_FILE_TMPDIR/daemon.$1.$2

	x kill "-${3:-TERM}" "$(< "$file")" || return
	ended_within 30 "$(< "$file")" || return
	rm "$file"
}

daemons_end()
{
	local file

	for file in "$BATS_FILE_TMPDIR"/daemon.*; do
		[ ! -e "$file" ] || kill -KILL "$(< "$file")" 2>/dev/null || true
	done
	rm -f "$BATS_FILE_TMPDIR"/daemon.*
}

# line_teardown: of a test; of one that failed what the daemons said.
line_teardown()
{
	[ -n "${BATS_TEST_COMPLETED:-}" ] || xargs -a "$BATS_FILE_TMPDIR/said" tail -n 20 >&2 || true
	rig_teardown
}

# --- routes ------------------------------------------------------------------------

# goes VR HOST PORT PROTOCOL: to HOST's net it has a route by that port, of that daemon, with
# both families.
goes()
{
	local net=1 name want=" dev $3 proto $4 "

	[ "$2" = a ] || net=2
	name=$(ns_name "$1")
	[[ $(ip -n "$name" -o route show "10.$net.0.0/24") == *"$want"* ]] &&
		[[ $(ip -n "$name" -o -6 route show "fd00:$net::/64") == *"$want"* ]]
}

# by_red PROTOCOL, past_red PROTOCOL: until all routes are so.
by_red()
{
	wait_until 150 seldom goes blue b red "$1" && wait_until 150 seldom goes green a red "$1" &&
		wait_until 150 seldom goes red a blue "$1" && wait_until 150 seldom goes red b green "$1"
}

past_red()
{
	wait_until 150 seldom goes blue b green "$1" && wait_until 150 seldom goes green a blue "$1"
}

# seldom COMMAND...: for wait_until; whoever asks often keeps the only processor from those
# that have to do something.
seldom() { "$@" || { pause 0.7; false; }; }

# --- traffic -----------------------------------------------------------------------

# line_counted: each host counts the packets of TCP that it sends.
line_counted()
{
	local name

	for name in a b; do
		ns "$name" nft -f - <<-EOT || return
			table inet line {
				chain sent {
					type filter hook output priority 0;
					meta l4proto tcp counter
				}
			}
		EOT
	done
}

# tcp_packets: that both have sent so far.
tcp_packets()
{
	local name

	for name in a b; do
		ip netns exec "$(ns_name "$name")" nft list table inet line
	done | awk '{ for (i = 1; i < NF; i++) if ($i == "packets") sum += $(i + 1) } END { print sum }'
}

# fast_flow ADDRESS VR...: iperf3 from a to b, FLOWS at a time, or one. Of 100 packets of its flow
# 99 or more are forwarded by the data plane of each of these VRs. While a link is cut blue forwards
# some more: what red and green still have to say to each other.
fast_flow()
{
	local said=$BATS_TEST_TMPDIR/iperf address=$1 name before all
	shift

	wait_until 30 ns a ping -n -c 1 -W 5 "$address" || return
	for name; do
		mark "$name" || return
	done
	before=$(tcp_packets)
	ns a timeout 90 iperf3 -c "$address" -n 12M -P "${FLOWS:-1}" > "$said" 2>&1 ||
		{ cat "$said" >&2; return 1; }
	all=$(($(tcp_packets) - before))
	for name; do
		since "$name" || return
		tell "to $address: VR $name sent ${D[send]} of $all packets by the fast path"
		assert_no_loss || return
		((all >= 200 && D[send] * 100 >= all * 99)) || return
	done
}

fast_flows() { fast_flow 10.2.0.2 "$@" && fast_flow fd00:2::2 "$@"; }

# tell TEXT: for who reads the log, also of a test that passed.
tell() { echo "# $*" | tee -a /dev/fd/2 >&3; }

# pings_begin; ...; pings_end: of both families, from a to b; how many were ANSWERED, and how
# many LOST in between.
pings_begin()
{
	PINGS=()
	spawn ns a ping -n -i 0.05 10.2.0.2
	PINGS+=("$SPAWNED" "$SPAWNED_LOG")
	spawn ns a ping -n -i 0.05 fd00:2::2
	PINGS+=("$SPAWNED" "$SPAWNED_LOG")
	pause 0.5
}

# The last of them may still be on their way.
pings_end()
{
	local log number lost

	ping_all a 3 10.2.0.2 && ping_all a 3 fd00:2::2 || return
	kill -INT "${PINGS[0]}" "${PINGS[2]}"
	wait "${PINGS[0]}" "${PINGS[2]}" || true
	ANSWERED=0 LOST=0
	for log in "${PINGS[1]}" "${PINGS[3]}"; do
		read -r number lost < <(sed -n 's/.*icmp_seq=\([0-9]*\) .*time=.*/\1/p' "$log" |
			sort -nu | awk '{ last = $1 } END { print NR + 0, last - NR }')
		((number >= 5)) || { tail -n 5 "$log" >&2; return 1; }
		ANSWERED=$((ANSWERED + number)) LOST=$((LOST + lost))
	done
	tell "${1:-pings}: $ANSWERED were answered, $LOST not"
}

# reconverge PROTOCOL: the cut, until all goes the other way; what it costs is the daemon's.
reconverge()
{
	pings_begin && unplug && past_red "$1" && pings_end "pings during the cut"
}

# lossless COMMAND...: no ping is lost while it restarts a daemon of red; what red's data plane
# has done meanwhile is in D.
lossless()
{
	mark red && pings_begin && "$@" && pings_end "pings during the restart" && since red || return
	assert_eq "$LOST" 0 "lost pings" && assert_no_loss
}

# streams COMMAND...: of datagrams, of IPv4 from a to b and of IPv6 from b to a, before, while and
# after the command runs. How many were SENT, and how many CAME, each once.
streams()
{
	local line from to port address sender=() sent=() came=() i

	for line in "a b 7000 10.2.0.2" "b a 7001 fd00:1::2"; do
		read -r from to port address <<< "$line"
		spawn ns "$to" "$PROGS/udpcheck" recv "$port" 1000000 20 || return
		came+=("$SPAWNED_LOG")
		wait_until 10 grep -q listening "$SPAWNED_LOG" || return
		spawn ns "$from" "$PROGS/udpcheck" send "$address" "$port" 0 64 1000 0 20000 || return
		sender+=("$SPAWNED") sent+=("$SPAWNED_LOG")
	done
	pause 1
	"$@" || return
	pause 1
	x kill -TERM "${sender[@]}" && wait "${sender[@]}" || return
	SENT=0 CAME=0
	for i in 0 1; do
		wait_until 90 seldom grep -q '^good ' "${came[i]}" || return
		echo "from ${sent[i]##*/}: $(tail -n 1 "${sent[i]}"); $(tail -n 1 "${came[i]}")" >&2
		grep -q '^good [0-9]* bad 0 again 0 ' "${came[i]}" || return
		SENT=$((SENT + $(sed -n 's/^sent //p' "${sent[i]}")))
		CAME=$((CAME + $(sed -n 's/^good \([0-9]*\) .*/\1/p' "${came[i]}")))
	done
	tell "datagrams during the restart: $SENT were sent, $CAME came"
}

# unplug, plug: the cable between red and green, which both notice.
unplug() { x ip link set red-green down; }
plug() { x ip link set red-green up; }

# unplug_silently, plug_silently: what goes in at an end does not come out; only a daemon's hellos
# tell.
unplug_silently()
{
	local dev

	for dev in red-green green-red; do
		x tc qdisc add dev "$dev" clsact || return
		x tc filter add dev "$dev" ingress matchall action drop || return
	done
}

plug_silently()
{
	x tc qdisc del dev red-green clsact && x tc qdisc del dev green-red clsact
}
