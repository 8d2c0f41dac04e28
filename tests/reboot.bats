# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# rig: -b tests/lib/first-boot
# bats file_tags=reboot
# A machine with systemd that was set up, and rebooted: europa@red, europa@blue and europa@green
# are enabled, and nobody has touched it since. red and green have europa-router, blue has no data
# plane.
#
#	red-0                     (the machine)                         red-1
#	eth0 10.1.0.2 ─── red0 ─── west 10.1.0.1 ┐ VR red, its home     198.51.100.11
#	                                         │ namespace red
#	eth0 10.1.1.2 ─── red1 ─── east 10.1.1.1 ┘
#
# and so on, with 10.2 and fd00:3; blue's home is the machine's own namespace.

load lib/common
load lib/progs
load lib/three

setup()
{
	rig_setup
	# shellcheck disable=SC2034
	NS_PREFIX=''
	install_progs
}

show() { systemctl show -P "$2" "$1"; }
vr_moves() { (($(vr_stat "$1" ".stats.$2") > $3)); }

# moves VR COUNTER: it grows.
moves()
{
	wait_until 60 vr_moves "$1" "$2" "$(vr_stat "$1" ".stats.$2")"
}

# traffic VR: datagrams to the far host and back, in the background, in a closed loop.
traffic()
{
	spawn ns "$1-1" "$PROGS/echo" server "${THREE[$1]}" 9
	wait_until 20 grep -q serving "$SPAWNED_LOG"
	spawn ns "$1-0" "$PROGS/echo" client "${THREE[$1]}" 9 32
	CLIENT=$SPAWNED CLIENT_SAID=$SPAWNED_LOG
}

# none_lost: the loop ends, and all came back, once.
none_lost()
{
	local status=0

	kill -TERM "$CLIENT"
	wait "$CLIENT" || status=$?
	cat "$CLIENT_SAID" >&2
	assert_eq "$status" 0 "status of the closed loop"
}

# runs_again VR GENERATION: with the next data plane after that one.
runs_again() { [ "$(vr_stat "$1" '[.state, .generation] | join(" ")')" = "running $(($2 + 1))" ]; }

@test "three VRs are there after a reboot, as they were, and forward" {
	local vr

	assert_eq "$(< /proc/1/comm)" systemd
	[ "$(< /var/lib/first-boot)" != "$(< /proc/sys/kernel/random/boot_id)" ]
	for vr in red blue green; do
		assert_eq "$(show "europa@$vr" ActiveState)" active "$vr"
		assert_eq "$(show "europa-vr@$vr" ActiveState)" active "$vr"
		assert_eq "$(show "europa@$vr" NRestarts)" 0 "$vr's restarts"
	done
	diff /var/lib/three-were <(three_are) >&2
	assert_eq "$(< /run/green-is-up)" green "green's PostUp"
	three_forward
	assert_eq "$(vr_stat red .state) $(vr_stat blue .state) $(vr_stat green .state)" \
		'running idle running'
	(($(vr_stat red .stats.send) > 0 && $(vr_stat blue .stats.fallback) > 0))
	(($(vr_stat green '.stats | .rx + .idle') > 0))
}

@test "systemctl restart loses no packet: the kernel forwards until the new data plane does" {
	local generation before ports

	traffic red
	moves red send
	generation=$(vr_stat red .generation)
	before=$(show europa@red MainPID) ports=$(ip -n red -o link show type europa)
	x systemctl restart europa@red
	runs_again red "$generation"
	[ "$(show europa@red MainPID)" != "$before" ]
	assert_eq "$(ip -n red -o link show type europa)" "$ports" ports
	moves red send
	(($(vr_stat red .stats.fallback) > 0))
	none_lost
	assert_eq "$(show europa@red NRestarts)" 0 restarts
}

@test "systemctl reload: another europa-router takes over, no packet is lost, and none the kernel's" {
	local generation before fallback

	traffic red
	moves red send
	generation=$(vr_stat red .generation) fallback=$(vr_stat red .stats.fallback)
	before=$(show europa@red MainPID)
	x systemctl reload europa@red
	runs_again red "$generation"
	[ "$(show europa@red MainPID)" != "$before" ]
	assert_eq "$(vr_stat red .pid)" "$(show europa@red MainPID)" "the data plane's process"
	moves red send
	none_lost
	assert_eq "$(vr_stat red .stats.fallback)" "$fallback" fallback
	assert_eq "$(show europa@red ActiveState) $(show europa@red NRestarts)" 'active 0'
}

@test "kill -9 of the data plane loses none, either, and systemd starts another" {
	local generation restarts

	traffic red
	moves red send
	generation=$(vr_stat red .generation) restarts=$(show europa@red NRestarts)
	x systemctl kill -s KILL europa@red
	wait_until 120 runs_again red "$generation"
	moves red send
	none_lost
	assert_eq "$(show europa@red NRestarts)" $((restarts + 1)) restarts
	assert_eq "$(show europa-vr@red ActiveState)" active
}

@test "DataPlane = none: the service is there, and so is the VR, also after a restart" {
	traffic blue
	moves blue fallback
	x systemctl restart europa@blue
	moves blue fallback
	none_lost
	assert_eq "$(show europa@blue ActiveState) $(show europa@blue NRestarts)" 'active 0'
	assert_eq "$(vr_stat blue .state)" idle
}

@test "the data plane is nobody who may do nothing: systemd finds an exposure of 2.0 at most" {
	local pid other

	pid=$(show europa@red MainPID) other=$(show europa@green MainPID)
	grep -Eq '^Uid:.6[0-9]{4}\>' "/proc/$pid/status"
	[ "$(grep ^Uid: "/proc/$pid/status")" != "$(grep ^Uid: "/proc/$other/status")" ]
	assert_eq "$(awk '/^Cap(Eff|Prm|Bnd|Amb):/ { print $2 }' "/proc/$pid/status" | sort -u)" \
		0000000000000000
	x systemd-analyze security --no-pager --threshold=20 europa@red.service >&2
}

is_down() { [ "$(show "europa-vr@$1" ActiveState)" = inactive ]; }
vrs_are() { assert_eq "$(ip-vr -j show | jq -r 'map(.name) | join(" ")')" "$1" VRs; }

@test "systemctl stop takes a VR down, and the others stay" {
	x systemctl stop europa@red europa@blue
	wait_until 120 is_down red
	wait_until 120 is_down blue
	vrs_are green
	[ ! -e /run/netns/red ]
	ns green-0 ping -n -q -c 3 -i 0.05 -w 60 "${THREE[green]}"
	x systemctl stop europa@green
	wait_until 120 is_down green
	vrs_are ''
	assert_eq "$(ls /run/europa/quick)" ''
	x modprobe -r europa
}
