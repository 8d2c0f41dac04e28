# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# A table made up like the Internet's, but smaller: europa-router takes it over, follows its
# changes while packets pass, survives what netlink loses, and has in the end what the kernel
# has. With as many routes as the Internet: tests/bench/table. And what others ask the
# router while it runs.
#
#  ns blue-a 10.1.1.2 ── p0 [VR blue] p1 ── 10.2.1.2 ... 10.2.1.9, all of them ns blue-b
#
# See lib/topology.bash for the rest. Routes are by these eight gateways, and blue-b takes
# whatever it is sent.

# The keys of D, and what lib/common reads.
# shellcheck disable=SC2034,SC2154
load lib/common
load lib/topology

BUILT=$BATS_TEST_DIRNAME/../build/tests
FOUR=2000 SIX=500 CHANGES=4000
TABLE=(-4 "$FOUR" -6 "$SIX")
GATEWAYS=(10.2.1.{2..9} fd00:2:1::{2..9})

setup_file()
{
	local i

	topology_begin
	# A newer kernel lets a socket ask for 4 MB: more than a test fills.
	RMEM_MAX=$(sysctl -n net.core.rmem_max)
	export RMEM_MAX
	x sysctl -q -w net.core.rmem_max=212992
	wires
	router blue 1 1
	for i in {2..9}; do
		echo "neigh replace 10.2.1.$i lladdr $(mac_of 1 b0) dev p1 nud permanent"
		echo "neigh replace fd00:2:1::$i lladdr $(mac_of 1 b0) dev p1 nud permanent"
	done | batch blue
	batch blue <<-EOT
		neigh replace 10.1.1.2 lladdr $(mac_of 1 a0) dev p0 nud permanent
		neigh replace fd00:1:1::2 lladdr $(mac_of 1 a0) dev p0 nud permanent
		route add default via 10.2.1.2
		route add default via fd00:2:1::2
	EOT
	for i in -4 -6; do
		x ns blue-b ip $i route add local default dev lo table 9
		x ns blue-b ip $i rule add pref 1 iif e0 table 9
	done
}

teardown_file()
{
	x sysctl -q -w net.core.rmem_max="$RMEM_MAX"
	topology_end
}

setup()
{
	shared_setup
	europa_router blue
}

teardown() { rig_teardown; }

change() { x ns blue "$BUILT/routes" "${TABLE[@]}" "$@" "${GATEWAYS[@]}"; }
# Loads it, as a test before may have done.
load_once() { [ -n "$(ns blue ip route show proto bgp | head -n 1)" ] || change load; }
asked() { ns blue europa-router --vr blue --ask stats | jq "$1"; }
resident() { awk '$1 == "VmRSS:" { print $2 }' "/proc/$(data_plane_pid blue)/status"; }

synced() { (($(asked .syncs) > $1)); }
overrun() { (($(asked .overruns) > $1)); }

# In sync, and nothing more to come.
has_all()
{
	local said

	said=$(ns blue europa-router --vr blue --ask stats) || return
	echo "$said" >&2
	[ "$(jq -c '[.routes >= '"$FOUR"', .routes6 >= '"$SIX"', .resync]' <<< "$said")" = '[true,true,false]' ]
}

# The running router's answers, too, are the kernel's.
checked()
{
	wait_until 120 has_all
	run -0 ns blue europa-router --vr blue --check=1000
	echo "$output"
	grep -Eq "^[0-9]+ the same, [0-9]+ left to the kernel, 0 differ$" <<< "$output"
	! grep -q "could be asked" <<< "$output"
}

@test "a big table: what is there at the start is taken over, in little memory" {
	local empty used

	stop_data_plane blue
	europa_router blue
	empty=$(resident)
	change load
	stop_data_plane blue
	europa_router blue
	has_all
	used=$(($(asked '.bytes + .bytes6') / (FOUR + SIX)))
	echo "# $used bytes of tables a route, resident $(resident) KB, without routes $empty" >&3
	# 96 MB for a million routes of IPv4, 32 for 200,000 of IPv6; a table of 256 KB is always there.
	(($(asked .bytes) <= 262144 + FOUR * 96))
	(($(asked .bytes6) <= 32768 + SIX * 160))
	sanitized || (($(resident) - empty <= 4096 + (FOUR * 96 + SIX * 160) / 1024))
}

@test "routes change while packets pass: none is lost, and the table is the kernel's" {
	local stream said sent

	load_once
	mark blue
	spawn "$BUILT/stream" "${TABLE[@]}" "/run/netns/$(ns_name blue-a)" "/run/netns/$(ns_name blue-b)"
	stream=$SPAWNED said=$SPAWNED_LOG
	wait_until 60 grep -q way "$said"
	change change "$CHANGES"
	x kill "$stream"
	wait "$stream" || { cat "$said" >&2; false; }
	cat "$said"
	sent=$(awk '/^sent/ { print $2 }' "$said")
	since blue
	assert_no_loss
	assert_eq "${D[fallback]}" 0 fallback
	# While everything is read again because messages were lost, the kernel decides where a
	# route has another gateway than the one known.
	((sent >= 1000 && D[send] >= sent / 2))
	checked
}

@test "netlink loses messages: the router reads everything again, and forwards meanwhile" {
	local before syncs

	load_once
	wait_until 60 has_all
	before=$(asked .overruns) syncs=$(asked .syncs)
	# What does not fit into its socket while it does not read is lost.
	x kill -STOP "$(data_plane_pid blue)"
	change change 2000
	x kill -CONT "$(data_plane_pid blue)"
	wait_until 20 overrun "$before"
	mark blue
	x "$BUILT/stream" "${TABLE[@]}" -n 3000 "/run/netns/$(ns_name blue-a)" "/run/netns/$(ns_name blue-b)"
	since blue
	assert_no_loss
	((D[send] >= 2900))
	checked
	(($(asked .syncs) > syncs))
}

@test "what the running router has is asked by its socket" {
	local said

	said=$(ns blue europa-router --vr blue --ask routes)
	assert_eq "$(jq '[.[] | select(.table == "main" and (.dst | contains(":") | not))] | length' <<< "$said")" \
		"$(ns blue ip -j -4 route show table main | jq length)" "routes of IPv4"
	jq -e '[.[].dst] | index("10.2.1.0/24") != null' <<< "$said" > /dev/null
	said=$(ns blue europa-router --vr blue --ask neighbours)
	jq -e '.[] | select(.via == "10.2.1.9") | .dev == "p1" and .lladdr == "'"$(mac_of 1 b0)"'" and .state == "permanent"' <<< "$said"
	said=$(ns blue europa-router --vr blue --ask "lookup 10.2.1.9")
	assert_eq "$said" '{"via":"10.2.1.9","dev":"p1"}'
	said=$(ns blue europa-router --vr blue --ask nonsense)
	[[ $said == *error* ]]
	# It is asked where it runs.
	run -1 europa-router --vr blue --ask stats
	[[ $output == *"no europa-router runs for VR 1 in this network namespace."* ]]
	# Others than root and the router itself are not answered.
	said=$(ns blue setpriv --reuid=daemon --regid=daemon --clear-groups \
		socat -t 5 - ABSTRACT-CONNECT:europa-router/1/0 <<< stats) || true
	assert_eq "$said" ""
}

@test "--trace: what is decided for each packet, and why" {
	local said

	spawn ns blue europa-router --vr blue --trace 4
	said=$SPAWNED_LOG
	# It is asked by a socket, in no time; but when, nobody tells.
	wait_until 20 sh -c "ip netns exec $(ns_name blue-a) ping -n -c 1 -W 1 10.2.1.2 > /dev/null; grep -q ' sent by ' '$said'"
	wait_until 20 sh -c "ip netns exec $(ns_name blue-a) ping -n -c 1 -W 1 -t 1 10.2.1.2 > /dev/null; ! kill -0 $SPAWNED"
	cat "$said"
	assert_eq "$(wc -l < "$said")" 4 packets
	grep -Eq '^"p0": 10.1.1.2 > 10.2.1.2 icmp ttl 64, 98 bytes: route 10.2.1.0/24 via 10.2.1.2 dev "p1", neighbour permanent; sent by "p1" to '"$(mac_of 1 b0)"'$' "$said"
}

@test "SIGHUP has everything read again, SIGUSR1 prints counters" {
	local syncs

	syncs=$(asked .syncs)
	x kill -HUP "$(data_plane_pid blue)"
	wait_until 60 synced "$syncs"
	x kill -USR1 "$(data_plane_pid blue)"
	wait_until 20 grep -Eq '^ +routes6 +[0-9]+$' "$(data_plane_log blue)"
}

@test "at the end every slot has its owner and nothing is left" {
	assert_all_slots_conserved blue
	RIG_NAMESPACES=(blue blue-a blue-b wire) RIG_VRS=(blue)
	topology_end
	assert_nothing_left
}
