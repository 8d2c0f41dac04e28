# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# What an operator looks at: ip vr metrics, top and trace. The topology is that of
# lib/single.bash; where packets are to be lost the VR has no data plane, and its fallback is drop.

load lib/common
load lib/single

TRACING=/sys/kernel/tracing

setup()
{
	single_setup
	topology
}

# send N [BYTES]: datagrams from a to b, each a packet of 42 bytes more.
send()
{
	local i

	for ((i = 0; i < $1; i++)); do
		ns a bash -c "printf '%0${2:-18}d' 0 > /dev/udp/10.2.0.2/9"
	done
}

lose() { x ip vr set blue fallback drop; }

# metric LINE METRICS: its value
metric() { awk -v line="$1" '$1 == line { print $2 }' <<< "$2"; }

# --- metrics -----------------------------------------------------------------------------

# bats test_tags=matrix
@test "metrics: what show and ethtool say, of ports in another namespace, too" {
	local metrics counter vr='vr="blue",number="7"'
	local port="$vr,port=\"0\",device=\"eu0\""

	spawn ip vr exec blue europa-router
	wait_until 20 ip vr wait blue up timeout 1
	ns a ping -q -c 3 -i 0.1 10.2.0.2
	lose
	kill "$SPAWNED"
	ip vr wait blue down timeout 20
	send 2
	wait_until 10 vr_counts rx_fallback 2
	metrics=$(ip vr metrics)
	for counter in rx send punt fallback rx_fallback spoof gone; do
		assert_eq "$(metric "europa_vr_${counter}_packets_total{$vr}" "$metrics")" \
			"$(vr_stat blue ".stats.$counter")" "$counter"
	done
	for counter in rx send rx_fallback; do
		assert_eq "$(metric "europa_port_${counter}_packets_total{$port}" "$metrics")" \
			"$(ns v ethtool -S vr7p0 | awk -v c="$counter:" '$1 == c { print $2 }')" "port: $counter"
	done
	assert_eq "$(metric "europa_port_rx_bytes_total{$port}" "$metrics")" \
		"$(ns v ip -j -s link show vr7p0 | jq '.[0].stats64.rx.bytes')" "bytes"
	assert_eq "$(metric "europa_vr_state{$vr,state=\"idle\"}" "$metrics")" 1 "state"
	assert_eq "$(metric "europa_vr_attaches_total{$vr}" "$metrics")" 1 "attached"
	assert_eq "$(tail -n 1 <<< "$metrics")" '# EOF'
}

vr_counts() { [ "$(vr_stat blue ".stats.$1")" = "$2" ]; }

@test "metrics: who has no rights gets the VRs' figures, not those of others' ports" {
	local metrics

	metrics=$(as_nobody ip-vr metrics)
	grep -q '^europa_vr_rx_packets_total{vr="blue",number="7"} ' <<< "$metrics"
	grep -q '^europa_port_up{' <<< "$metrics"
	refused '' grep '^europa_port_rx_' <<< "$metrics"
	refused 'VR "green" does not exist' ip vr metrics green
}

@test "metrics: the data plane's processor time" {
	spawn ip vr exec blue europa-router
	wait_until 20 ip vr wait blue up timeout 1
	ip vr metrics | grep -Eq '^europa_vr_data_plane_cpu_seconds_total\{vr="blue",number="7"\} [0-9.]+$'
	ip vr metrics | grep -Fqx 'europa_vr_state{vr="blue",number="7",state="running"} 1'
}

# scrape: what a client gets, as europa-metrics@.service lets the exporter run: nobody, with one
# capability, which the figures of ports elsewhere take.
scrape()
{
	printf 'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n' | socat -t 20 - TCP:127.0.0.1:19130
}

@test "the exporter: figures of all ports to who asks over HTTP, with one capability" {
	local answer

	spawn setpriv --reuid=nobody --regid=nogroup --clear-groups --inh-caps=-all,+net_admin \
		--ambient-caps=-all,+net_admin --bounding-set=-all,+net_admin \
		socat TCP-LISTEN:19130,bind=127.0.0.1,reuseaddr,fork EXEC:'ip-vr metrics http'
	wait_until 20 grep -q :4ABA /proc/net/tcp
	answer=$(scrape)
	grep -q '^HTTP/1.1 200 OK' <<< "$answer"
	grep -q '^europa_port_rx_bytes_total{vr="blue",number="7",port="0",device="eu0"} ' <<< "$answer"
	answer=$(printf 'POST /metrics HTTP/1.1\r\n\r\n' | socat -t 20 - TCP:127.0.0.1:19130)
	grep -q '^HTTP/1.1 405 ' <<< "$answer"
}

# --- top ---------------------------------------------------------------------------------

# lost_are N: what all looks of top tell, in all.
lost_are()
{
	[ "$(jq -s 'map((.vrs[0].counters.rx_fallback // 0) * .seconds) | add | round' "$SPAWNED_LOG")" = "$1" ]
}

@test "top: its rates are what there was, packet by packet" {
	lose
	spawn ip -j vr top -d 0.3 blue
	wait_until 20 test -s "$SPAWNED_LOG"
	send 12
	wait_until 20 lost_are 12
	assert_eq "$(jq -s 'map(.vrs[0].ports[0].lost // 0 | select(. > 0)) | length > 0' "$SPAWNED_LOG")" true
	ip vr top -n 1 -d 0.1 > "$BATS_TEST_TMPDIR/look"
	grep -Eq '^ +7 blue +idle ' "$BATS_TEST_TMPDIR/look"
	grep -Eq '^ +0 vr7p0 +up ' "$BATS_TEST_TMPDIR/look"
}

# terminal COMMAND: top in a terminal of its own; what is typed there goes to $KEYS, and what it
# shows to $SCREEN; "ended STATUS" at last, between what stty says before and after.
terminal()
{
	SCREEN=$BATS_TEST_TMPDIR/screen
	mkfifo "$BATS_TEST_TMPDIR/keys"
	exec {KEYS}<> "$BATS_TEST_TMPDIR/keys"
	cat > "$BATS_TEST_TMPDIR/in-it" <<-EOF
		tty > $BATS_TEST_TMPDIR/tty
		stty -g
		sh -c 'echo \$\$ > $BATS_TEST_TMPDIR/pid; exec $*'
		echo ended \$?
		stty -g
	EOF
	TERM=xterm script -qefc "sh $BATS_TEST_TMPDIR/in-it" "$SCREEN" \
		< "$BATS_TEST_TMPDIR/keys" > /dev/null 2>&1 3>&- 4>&- &
	RIG_PIDS+=("$!")
	wait_until 20 grep -q 'vr7p0' "$SCREEN"
}

shows() { wait_until 20 grep -Faq -- "$1" "$SCREEN" || { cat -v "$SCREEN" >&2; return 1; }; }

told_twice() { [ "$(grep -Eac '^[0-9a-f]+(:[0-9a-f]+){10}' "$SCREEN")" = 2 ]; }

# given_back STATUS: the terminal is as it was.
given_back()
{
	local before after

	shows "ended $1"
	wait_until 10 told_twice
	read -r before after < <(grep -Eao '^[0-9a-f]+(:[0-9a-f]+){10,}' "$SCREEN" | xargs)
	assert_eq "$before" "$after" "stty"
	grep -Faq $'\e[?25h\e[?1049l' "$SCREEN"
}

@test "top on a terminal: keys, another size, and all given back at the end" {
	terminal ip-vr top
	printf h >&"$KEYS"
	shows 'h help'
	printf 'j\r' >&"$KEYS"
	shows 'IN ALL'
	shows "Given to the kernel's stack because"
	x stty -F "$(cat "$BATS_TEST_TMPDIR/tty")" rows 30 cols 30
	shows $'STATE   \e[K'
	printf q >&"$KEYS"
	given_back 0
}

@test "top that is killed, or stopped, gives the terminal back" {
	local pid

	terminal ip-vr top
	pid=$(cat "$BATS_TEST_TMPDIR/pid")
	kill -TSTP "$pid"
	# SIGCONT takes back a SIGTSTP that has not arrived yet.
	shows $'\e[?1049l'
	kill -CONT "$pid"
	again() { [ "$(grep -aoF $'\e[?1049h' "$SCREEN" | wc -l)" = 2 ]; }
	wait_until 20 again
	kill -TERM "$pid"
	given_back 143
}

# --- trace -------------------------------------------------------------------------------

instances() { find $TRACING/instances -mindepth 1 -maxdepth 1 -name 'europa-*' | wc -l; }
no_instances() { [ "$(instances)" = 0 ]; }
# The one spawned last. Who has a file of an instance open keeps it from being removed.
following() { grep -qsx 1 "$TRACING/instances/europa-trace-$SPAWNED/events/europa/europa_drop/enable"; }

# bats test_tags=matrix
@test "trace: each drop of that VR, why in words; nobody else's tracing is touched" {
	echo > $TRACING/trace
	vr_add red id 9 fallback drop
	x ip vr attach dev eu1 vr red mode passthru name redp
	x ip link set redp up
	lose
	spawn ip vr trace blue count 3
	wait_until 20 following
	# To nobody's address: red's, which takes what is no other's.
	ns b ip neighbour replace 10.2.0.1 lladdr 02:00:00:00:99:99 dev eth0 nud permanent
	ns b bash -c 'echo > /dev/udp/10.2.0.1/9'
	wait_until 10 test "$(ip -j -s vr show red | jq '.[0].stats.rx_fallback > 0')" = true
	send 3 58
	ended_within 20 "$SPAWNED"
	assert_eq "$(sort -u "$SPAWNED_LOG")" \
		"vr 7 blue port 0 vr7p0 length 100 rx_fallback: No data plane ran, and the VR's fallback is drop."
	assert_eq "$(wc -l < "$SPAWNED_LOG")" 3
	no_instances
	assert_eq "$(cat $TRACING/events/europa/europa_drop/enable)" 0 "the machine's own switch"
	refused '' grep europa_drop $TRACING/trace
}

@test "trace as JSON, until a signal comes; then its instance is gone" {
	lose
	spawn ip -j vr trace
	wait_until 20 following
	send 1
	wait_until 20 test -s "$SPAWNED_LOG"
	assert_eq "$(jq -c '[.vr, .name, .port, .ifname, .length, .reason]' "$SPAWNED_LOG")" \
		'[7,"blue",0,"vr7p0",60,"rx_fallback"]'
	kill -TERM "$SPAWNED"
	wait_until 20 no_instances
	spawn ip vr trace
	wait_until 20 following
	kill -KILL "$SPAWNED"
	ended_within 20 "$SPAWNED"
	wait "$SPAWNED" || true
	assert_eq "$(instances)" 1 "of one that was killed"
	spawn ip vr trace count 1
	wait_until 20 following
	send 1
	ended_within 20 "$SPAWNED"
	wait_until 10 no_instances
}

@test "trace: who may not, and where it cannot" {
	refused 'Only root may trace' as_nobody ip-vr trace
	refused 'No tracefs is mounted: mount -t tracefs' unshare -m sh -c \
		'umount /sys/kernel/debug/tracing /sys/kernel/debug; umount /sys/kernel/tracing; ip-vr trace'
	no_instances
}
