# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# shellcheck shell=bash disable=SC2015,SC2034,SC2153,SC2086,SC2154
# up and down. What up has done when a step fails is undone as down would.

# --- up ----------------------------------------------------------------------------

# wait_for_devices: of a machine that boots; need_devices tells which is missing. Without the lock:
# other VRs have their devices.
wait_for_devices()
{
	local deadline=$((SECONDS + WAIT))

	until need_devices 2> /dev/null || ((SECONDS >= deadline)); do
		sleep 0.2
	done
	need_devices
}

make_netns()
{
	value_of WANTED 'vr netns' ''
	HOME_NETNS=$REPLY
	[ -n "$HOME_NETNS" ] && [ ! -e "/run/netns/$HOME_NETNS" ] || return 0
	run "vr netns $HOME_NETNS" ip netns add "$HOME_NETNS" || return
	MADE+=(netns)
	run "vr netns $HOME_NETNS" ip_home link set dev lo up
}

make_vr()
{
	local words=() item

	items WANTED vr
	for item in "${REPLIES[@]}"; do
		read -r _ key value <<< "$item"
		[ "$key" = dataplane ] || words+=("$key" "$value")
	done
	value_of WANTED 'vr id' ''
	run "vr id $REPLY" ip-vr add "$NAME" "${words[@]}"
}

# vr_number: REPLY.
vr_number()
{
	REPLY=$(ip-vr -o show "$NAME" 2> /dev/null)
	REPLY=${REPLY%%:*}
	[ -n "$REPLY" ]
}

# write_links: what europa@.service finds the VR by: the namespace, the node and the command.
write_links()
{
	local netns=/proc/1/ns/net dataplane

	[ -z "$HOME_NETNS" ] || netns=/run/netns/$HOME_NETNS
	ln -sfn "$netns" "$STATE/$NAME.netns"
	value_of WANTED 'vr dataplane' europa-router
	dataplane=$REPLY
	[ "$dataplane" != none ] || dataplane=$lib/no-data-plane
	vr_number || return
	echo "EUROPA_DATA_PLANE=\"$dataplane\"" > "$STATE/$NAME.env"
	mkdir -p /dev/europa/name && ln -sfn "../vr$REPLY" "/dev/europa/name/$NAME"
}

# keep_log FILE: of what the data plane says, so much; it may say more, and the file system is memory.
keep_log()
{
	# shellcheck disable=SC2016
	exec setsid sh -c 'stdbuf -o0 head -c 1M > "$1"; exec cat > /dev/null' sh "$1"
}

# Its output is below /run, as there may be nobody to read it.
start_data_plane()
{
	local command log=$STATE/$NAME.log pid deadline=$((SECONDS + 60))

	value_of WANTED 'vr dataplane' europa-router
	[ "$REPLY" != none ] && [ -z "$NO_DATA_PLANE" ] || return 0
	read -ra command <<< "$REPLY"
	setsid ip-vr exec "$NAME" "${command[@]}" \
		> >(exec {LOCK}>&-; keep_log "$log") 2>&1 < /dev/null {LOCK}>&- &
	pid=$!
	until ip-vr wait "$NAME" up timeout 0.2 2> /dev/null; do
		kill -0 "$pid" 2> /dev/null && ((SECONDS < deadline)) && continue
		kill "$pid" 2> /dev/null
		sleep 0.3	# its last words are on their way
		said_of 1 "vr dataplane ${command[*]}" \
			"the data plane does not run: $(tail -c 400 "$log" | tail -n 1 | tr -c '[:print:]' '?')"
		return
	done
}

up_steps()
{
	local FRESH=y

	hooks WANTED preup && make_netns && make_vr && make_so && write_links &&
		write_applied "${WANTED[@]}" && start_data_plane && hooks WANTED postup &&
		write_applied "${WANTED[@]}"
}

# roll_back: whatever happened to have been done.
roll_back()
{
	local item

	trap '' INT TERM HUP
	exec {SAID}>&2
	APPLIED=()
	for item in "${WANTED[@]}"; do
		[[ ! $item =~ ^(route|classifier|rule|filter)\  ]] || has DONE "$item" || continue
		APPLIED+=("$item")
	done
	take_down 2> /dev/null
	return "$STATUS"
}

interrupted()
{
	STATUS=1
	echo "vr-quick: interrupted; VR $NAME is not up." >&2
	roll_back
	exit 1
}

cmd_up()
{
	need_root && read_conf && wait_for_devices && take_lock || return
	if vr_number; then
		fail "VR $NAME is up already"
		return
	fi
	RUNNING=() APPLIED=() MADE=() STATUS=1
	add_defaults
	need_devices && need_vrs || return
	trap interrupted INT TERM HUP
	up_steps || roll_back
}

# --- down --------------------------------------------------------------------------

stop_data_plane()
{
	local pid

	for pid in $(ip-vr -j show "$NAME" 2> /dev/null | jq -r '.[0].pid // empty'); do
		kill -TERM "$pid" 2> /dev/null
	done
	ip-vr wait "$NAME" down timeout 5 2> /dev/null
}

# remove_all KIND...: of APPLIED, what is there.
remove_all()
{
	local kind item

	for kind; do
		items APPLIED "$kind"
		for item in "${REPLIES[@]}"; do
			! runs "$item" || shared "$item" || remove "$item"
		done
	done
}

# undo_sysctl "NAME VALUE": unless another VR wants it, which had found ours, or we its.
undo_sysctl()
{
	if ! others_set "${1%% *}"; then
		add "sysctl $1" || (($? == 3))
	elif ! grep -qxFe "sysctl $1" "$REPLY"; then
		hand_over "sysctl $1" "$REPLY"
	fi
}

# undo_clsact DEV
undo_clsact()
{
	if [ -z "$(tc filter show dev "$1" ingress; tc filter show dev "$1" egress)" ]; then
		tc qdisc del dev "$1" clsact
	elif others_use filter "$1"; then
		hand_over "clsact $1" "$REPLY"
	fi
}

# give_taken LIST: what its ports took over, which a VR that is deleted would not give back. Where
# it is gone already that is the name.
give_taken()
{
	local item dev

	items "$1" port
	for item in "${REPLIES[@]}"; do
		[[ $item == *' takeover yes' ]] || continue
		read -r _ dev _ <<< "$item"
		value_of "$1" "port $dev lower" || true
		stands_aside "$dev" "$REPLY" || continue
		run "$item" in_home ip-vr detach dev "$dev" 2>&"$SAID" || return
	done
}

# stands_aside DEV LOWER: that is DEV, whose place a port has.
stands_aside()
{
	[ "$(ip_home -j link show dev "$2" 2> /dev/null | jq -r '.[0].ifalias // ""')" = "$MARK$1" ]
}

# undo_made: what up found otherwise. A port's settings have gone with it, a namespace's with that.
undo_made()
{
	local item kind rest

	fresh_netns || restore_routes
	for item in "${MADE[@]}"; do
		read -r kind rest <<< "$item"
		case $kind in
		sysctl) fresh_netns || undo_sysctl "$rest" ;;
		clsact) undo_clsact "$rest" ;;
		esac
	done
	if fresh_netns; then
		ip netns del "$HOME_NETNS"
	elif made_netns; then
		hand_over netns "$REPLY"
	fi
}

made_netns() { has MADE netns; }
fresh_netns() { made_netns && ! others_say "vr netns $HOME_NETNS"; }

# take_down: of APPLIED and MADE, in the opposite order of up.
take_down()
{
	value_of APPLIED 'vr netns' ''
	HOME_NETNS=$REPLY
	WANTED=() RUNNING=()
	running_filters
	if vr_number; then
		running_classifiers
		remove_all filter rule classifier
		stop_data_plane
		fresh_netns || { read_running && remove_all route; }
		give_taken RUNNING || return
		run "vr" ip-vr del "$NAME" || return
	else
		remove_all filter
		give_taken APPLIED || return
	fi
	undo_made
	rm -f "/dev/europa/name/$NAME"
	rmdir /dev/europa/name 2> /dev/null
	forget_applied
}

cmd_down()
{
	need_root && take_lock || return
	if ! read_applied; then
		! vr_number || fail "VR $NAME was not made by vr-quick; ip-vr del $NAME removes it" || return
		fail "VR $NAME is not up"
		return
	fi
	RUNNING=() LINE_OF=() STATUS=0
	hooks APPLIED predown
	take_down || return
	hooks APPLIED postdown
}
