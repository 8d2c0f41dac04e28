# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# The Python module europa, in a data plane without privileges.

load lib/common
load lib/single

# Others than root can read it there.
PYTHON_DIR=/run/europa-python

setup()
{
	single_setup
	[ -d "$PYTHON_DIR" ] ||
		x install -D -m 755 -t "$PYTHON_DIR" "$BATS_TEST_DIRNAME"/../build/python/*.{py,so} \
			"$BATS_TEST_DIRNAME"/../src/user/python/reflector.py "$BATS_TEST_DIRNAME/progs/queue.py"
}

# python PROGRAM WORD...: in the background, as nobody; in $SPAWNED, what it says in $SAID.
python()
{
	spawn "${NOBODY[@]}" env PYTHONPATH="$PYTHON_DIR" /usr/bin/python3 -B "$PYTHON_DIR/$1" "${@:2}"
	# shellcheck disable=SC2034
	SAID=$SPAWNED_LOG
}

# Python takes its time where nothing is compiled yet.
# shellcheck disable=SC2034
SAYS_WITHIN=60

@test "the reflector sends all IPv4 back" {
	local before

	topology
	python reflector.py blue
	x ip vr wait blue up timeout 60
	before=$(vr_stat blue .stats.send)
	ns a ping -n -q -c 50 -i 0.01 -W 5 10.2.0.2
	# each twice: the request and what a has to say to it
	assert_eq "$(($(vr_stat blue .stats.send) - before))" 100 sent
	kill "$SPAWNED"
	x ip vr wait blue down timeout 20
}

@test "entries, slots, headers: all verdicts, and packets of one's own" {
	local seen

	topology
	spawn ns b timeout 60 tcpdump -n -p -i eth0 -c 5 -x ether proto 0x88b5 and ether src "$MAC_P1"
	seen=$SPAWNED
	wait_until 20 grep -q listening "$SPAWNED_LOG"
	SEEN=$SPAWNED_LOG
	python queue.py blue verdicts
	says receiving
	ns a ping -n -q -c 3 -i 0.01 -W 1 10.2.0.2 || true
	ended_well "$SPAWNED" "$SAID" "the program"
	assert_eq "$(vr_stat blue '.stats | [.send, .punt, .drop] | map(tostring) | join(" ")')" "6 1 1"
	wait "$seen"
	assert_eq "$(awk '$1 == "0x0000:" { print substr($2, 1, 2) }' "$SEEN" | xargs)" "00 01 02 03 04" "their first bytes"
}

@test "what is wrong is refused in Python's way, and costs no slot" {
	topology slots 64
	python queue.py blue refused
	ended_well "$SPAWNED" "$SAID" "the program"
	grep -qx "refused ok" "$SAID"
	idle
}

@test "a signal is handled while it waits" {
	topology
	python queue.py blue wait
	says waiting
	kill "$SPAWNED"
	ended_well "$SPAWNED" "$SAID" "the program"
	grep -qx handler "$SAID"
}
