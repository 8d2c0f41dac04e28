# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# Who may do what. Changing a VR, binding a classifier and making a port take CAP_NET_ADMIN
# in the initial user namespace; a data plane takes the device node and nothing else.
#
#	   a                        (the machine)                           b
#	eth0 10.1.0.2 ─── eu0 ─ vr7p0 10.1.0.1 ┐ VR blue, number 7,
#	                                       │ home namespace v
#	eth0 10.2.0.2 ─── eu1 ─ vr7p1 10.2.0.1 ┘
#	                                         VR red, number 8, without ports

load lib/common
load lib/single

# A user in a user namespace and a network namespace of his own, where he is root.
as_contained() { as_nobody unshare --user --map-root-user --net "$@"; }

state_of_all()
{
	ip -j vr show
	ip -j vr classifier show
	ip -j link show
	ls -l --time-style=+ /dev/europa
}

# container [COMMAND...]: a process that is root of namespaces of its own, in $CONTAINER. The
# command makes it another user's than root's.
container()
{
	WHOSE=("$@")
	spawn "$@" unshare --user --map-root-user --net sleep 1000
	CONTAINER=$SPAWNED
	wait_until 10 grep -q sleep "/proc/$CONTAINER/comm"
	# Not some user that the namespace does not know: he has no capability at all.
	assert_eq "$(inside id -u)" 0
	inside ip link add dummy0 type dummy
	inside ip link del dummy0
}

# As the user whose container it is, who is root in it.
inside() { "${WHOSE[@]}" nsenter -t "$CONTAINER" -U -n --preserve-credentials "$@"; }

# all_refused: of the answers of trychanges, on standard input.
all_refused()
{
	local said

	said=$(cat)
	echo "$said" >&2
	for word in new set "classifier set" "classifier del" "port new" del; do
		grep -qx "$word: EPERM" <<< "$said" || { echo "$word is not EPERM" >&2; return 1; }
	done
}

# bats test_tags=matrix
@test "what is refused below works for root" {
	topology slots 64
	x ip vr detach dev eu1 vr blue
	RIG_VRS+=(77)
	said=$("$PROGS/trychanges" 7 eu1)
	echo "$said"
	for word in get new set "port new" del; do
		grep -qx "$word: ok" <<< "$said"
	done
	grep -qx "classifier set: EBADF" <<< "$said"
	grep -qx "classifier del: ENOENT" <<< "$said"
}

@test "a user in his own user namespace changes nothing and sees nothing" {
	topology slots 64
	local before
	before=$(state_of_all)
	as_contained id -u | grep -qx 0
	as_contained bash -c "ip link add d0 type veth peer name d1 && $PROGS/trychanges 7 d0" > "$BATS_TEST_TMPDIR/said"
	all_refused < "$BATS_TEST_TMPDIR/said"
	grep -qx "get: ENOENT" "$BATS_TEST_TMPDIR/said"
	assert_eq "$(as_contained ip -j vr show | jq length)" 0
	for words in "vr add green" "vr set blue fallback drop" "vr set 7 owner nobody" "vr del blue" \
		"vr attach dev d0 vr 7" "link add link d0 type europa vr 7" \
		"link add link d0 name d2 type europa vr blue mode passthru force"; do
		refused 'permitted|CAP_NET_ADMIN|no such|not exist|permission' \
			as_contained bash -c "ip link add d0 type veth peer name d1 && ip $words"
	done
	refused 'CAP_NET_ADMIN' \
		as_contained bash -c "ip link add d0 type veth peer name d1 && ip link add link d0 type europa vr 7"
	as_contained bash -c "ip link add d0 type veth peer name d1 && ! ip vr classifier set dev d0 object /usr/lib/europa/classifiers/prefix.bpf.o"
	assert_eq "$(state_of_all)" "$before"
}

@test "a user without any namespace changes nothing" {
	topology slots 64
	local before
	before=$(state_of_all)
	as_nobody "$PROGS/trychanges" 7 eu1 | all_refused
	assert_eq "$(state_of_all)" "$before"
}

# bats test_tags=matrix
@test "root of a container with a port in it changes neither VR nor port" {
	topology slots 64
	vr_add red id 8
	container
	x ip -n "$(ns_name v)" link set vr7p1 netns "$CONTAINER"
	index=$(inside ip -j link show vr7p1 | jq '.[0].ifindex')
	before=$(state_of_all)
	inside "$PROGS/trychanges" 7 vr7p1 "$index" > "$BATS_TEST_TMPDIR/said"
	all_refused < "$BATS_TEST_TMPDIR/said"
	grep -qx "get: ok" "$BATS_TEST_TMPDIR/said"
	grep -qx "port change: EPERM" "$BATS_TEST_TMPDIR/said"
	# It sees the VR with a port there, and no other.
	assert_eq "$(inside ip -j vr show | jq -r '[.[].name] | join(" ")')" blue
	refused 'no such|not exist' inside ip vr show red
	refused 'permitted|CAP_NET_ADMIN' inside ip vr set blue fallback drop
	refused 'permitted|CAP_NET_ADMIN' inside ip vr del blue
	refused 'permitted|CAP_NET_ADMIN' inside ip link set vr7p1 type europa spoofchk off
	assert_eq "$(state_of_all)" "$before"
	# A port is an interface like another, there.
	inside ip address add 10.2.0.1/24 dev vr7p1
	inside ip link set vr7p1 up
}

@test "root of another user's container is refused as well" {
	topology slots 64
	container "${NOBODY[@]}"
	x ip -n "$(ns_name v)" link set vr7p1 netns "$CONTAINER"
	index=$(inside ip -j link show vr7p1 | jq '.[0].ifindex')
	before=$(state_of_all)
	inside "$PROGS/trychanges" 7 vr7p1 "$index" > "$BATS_TEST_TMPDIR/said"
	all_refused < "$BATS_TEST_TMPDIR/said"
	grep -qx "get: ok" "$BATS_TEST_TMPDIR/said"
	grep -qx "port change: EPERM" "$BATS_TEST_TMPDIR/said"
	refused permitted inside ip link set vr7p1 address 02:00:00:00:07:99
	assert_eq "$(state_of_all)" "$before"
}

@test "another namespace sees only the VRs with a port in it" {
	topology slots 64
	vr_add red id 8
	assert_eq "$(ip -j vr show | jq length)" 2
	assert_eq "$(ns v ip -j vr show | jq -r '[.[].name] | join(" ")')" blue
	assert_eq "$(ns a ip -j vr show | jq length)" 0
	refused 'no such|not exist' ns v ip vr show red
	refused 'no such|not exist' ns a ip vr show blue
	x ip -n "$(ns_name v)" link set vr7p1 netns "$(ns_name a)"
	assert_eq "$(ns a ip -j vr show | jq -r '[.[].name] | join(" ")')" blue
	x ip vr del red
}

opens() { "$@" "$PROGS/raw" "$NODE" say=open | grep -qx open; }
as() { setpriv --reuid="$1" --regid="$2" --clear-groups "${@:3}"; }

@test "the device node has the mode and the owner that were asked for" {
	vr_add blue id 7 slots 64 owner nobody group games mode 0640
	wait_until 5 test -c "$NODE"
	assert_eq "$(stat -c '%U %G %a' "$NODE")" "nobody games 640"
	opens as nobody nogroup
	refused EACCES as daemon daemon "$PROGS/raw" "$NODE" say=open
	refused EACCES as daemon games "$PROGS/raw" "$NODE" say=open
	x ip vr set blue mode 0660
	assert_eq "$(stat -c '%U %G %a' "$NODE")" "nobody games 660"
	opens as daemon games
	x ip vr set blue owner daemon group daemon mode 0600
	assert_eq "$(stat -c '%U %G %a' "$NODE")" "daemon daemon 600"
	opens as daemon daemon
	refused EACCES as nobody nogroup "$PROGS/raw" "$NODE" say=open
	x ip vr set blue mode 0400
	refused EACCES as daemon daemon "$PROGS/raw" "$NODE" say=open
	x ip vr set blue owner root group root mode 0666
	opens as nobody nogroup
	vr_add red id 8
	assert_eq "$(stat -c '%U %G %a' /dev/europa/vr8)" "root root 660"
}

@test "a change of owner leaves the data plane that is attached alone" {
	topology slots 64
	router
	x ip vr set blue owner root mode 0600
	ns a ping -c 3 -i 0.2 -W 5 10.2.0.2
	assert_eq "$(vr_stat blue .pid)" "$RAW"
	refused EACCES as_nobody "$PROGS/raw" "$NODE" say=open
	all_slots_home
}

@test "a data plane needs no capability" {
	topology slots 64
	router
	before=$(vr_stat blue .stats.send)
	ns a ping -c 5 -i 0.2 -W 5 10.2.0.2
	(($(vr_stat blue .stats.send) >= before + 10))
	grep -E "^(Uid|Gid|Groups|Cap|NoNewPrivs)" "/proc/$RAW/status"
	grep -qx "CapEff:	0000000000000000" "/proc/$RAW/status"
	grep -qx "CapPrm:	0000000000000000" "/proc/$RAW/status"
	awk -v uid="$(id -u nobody)" '$1 == "Uid:" { exit !($2 == uid && $3 == uid) }' "/proc/$RAW/status"
	all_slots_home
}

# bats test_tags=matrix
@test "ip vr exec hands a data plane the file, and no privilege" {
	topology slots 64
	x ip vr set blue owner root mode 0600
	spawn ip vr exec user nobody blue europa-router --no-idle
	wait_until 20 state_is running
	pid=$(vr_stat blue .pid)
	grep -E "^(Name|Uid|Gid|Groups|Cap|NoNewPrivs)" "/proc/$pid/status"
	grep -qx "CapEff:	0000000000000000" "/proc/$pid/status"
	grep -qx "NoNewPrivs:	1" "/proc/$pid/status"
	awk -v uid="$(id -u nobody)" '$1 == "Uid:" { exit !($2 == uid && $3 == uid && $4 == uid) }' "/proc/$pid/status"
	before=$(vr_stat blue .stats.send)
	ns a ping -c 5 -i 0.2 -W 5 10.2.0.2
	(($(vr_stat blue .stats.send) > before))
}

# bats test_tags=matrix
@test "a container with the node alone runs a data plane, and no other VR's" {
	topology slots 64
	vr_add red id 8 owner root mode 0600
	raw "$NODE" attach map start "forward=$MAC_A,$MAC_B"
	says running
	kill "$RAW"
	idle
	spawn "${NOBODY[@]}" \
		unshare --user --map-root-user --net "$PROGS/raw" "$NODE" attach map start "forward=$MAC_A,$MAC_B"
	wait_until 20 grep -qx running "$SPAWNED_LOG"
	ns a ping -c 3 -i 0.2 -W 5 10.2.0.2
	refused EACCES as_contained "$PROGS/raw" /dev/europa/vr8 say=open
	all_slots_home
}
