# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# shellcheck shell=bash disable=SC2015,SC2034,SC2153
# What vr-quick remembers until the next boot, in /run/europa/quick: of each VR the items that
# were applied, in NAME.items, with "made netns" and the like for what was not there before; of
# each device the classifier that it bound, in DEVICE.classifier: its number and its words.

STATE=${VR_QUICK_STATE:-/run/europa/quick}

# read_applied: APPLIED and MADE; false: up did not make this VR.
read_applied()
{
	local lines line

	APPLIED=() MADE=()
	[ -e "$STATE/$NAME.items" ] || return
	mapfile -t lines < "$STATE/$NAME.items"
	for line in "${lines[@]}"; do
		case $line in
		made\ *) MADE+=("${line#made }") ;;
		*) APPLIED+=("$line") ;;
		esac
	done
}

# write_applied ITEM...
write_applied()
{
	(
		umask 077
		printf '%s\n' "$@" "${MADE[@]/#/made }" > "$STATE/$NAME.new" &&
			mv "$STATE/$NAME.new" "$STATE/$NAME.items"
	)
}

forget_applied() { rm -f "$STATE/$NAME".{items,new,log,env,owner,netns}; }

# One change at a time: VRs share devices. A hook may call us. It must not keep the lock: what
# runs on gets {LOCK}>&-.
take_lock()
{
	[ -z "${VR_QUICK_LOCKED:-}" ] || { exec {LOCK}> /dev/null; return; }
	mkdir -p "$STATE" && chmod 755 "$STATE" && exec {LOCK}> "$STATE/.lock" && flock "$LOCK" ||
		fail "cannot lock $STATE" || return
	export VR_QUICK_LOCKED=y
}

# classifier_note DEV [words]: what was remembered of it.
classifier_note()
{
	local id='' words=''

	read -r id words 2> /dev/null < "$STATE/$1.classifier" || true
	[ -n "${2-}" ] && echo "$words" || echo "$id"
}

# --- what other VRs want that were made by us; REPLY is the file that says so -----------------

# others COMMAND...: of which it is true, with the items of one in the file $other.
others()
{
	local other

	for other in "$STATE"/*.items; do
		[ "$other" != "$STATE/$NAME.items" ] && [ -e "$other" ] && "$@" || continue
		REPLY=$other
		return 0
	done
	return 1
}

# at_home COMMAND...: the same of one whose home is that of this one.
at_home() { [ "$(sed -n 's/^vr netns //p' "$other")" = "$HOME_NETNS" ] && "$@"; }

uses()
{
	local kind dev

	while read -r kind dev _; do
		[ "$kind $dev" != "$1 $2" ] || return 0
	done < "$other"
	return 1
}

sets() { grep -q "^sysctl $1 " "$other"; }
says() { grep -qxFe "$1" "$other"; }

# others_use KIND DEV: one has an item of that kind on the device.
others_use() { others uses "$@"; }

# others_set SYSCTL: one wants it, in the same namespace.
others_set() { others at_home sets "$1"; }

# others_say ITEM; others_say_here ITEM: in the same namespace.
others_say() { others says "$1"; }
others_say_here() { others at_home says "$1"; }

# shared ITEM: it is left where it is. VRs share devices, with their rules and filters, and those of
# one home its routes.
shared()
{
	case $1 in
	rule\ * | filter\ *) others_say "$1" ;;
	route\ *) others_say_here "$1" ;;
	*) return 1 ;;
	esac
}

# hand_over WHAT FILE: of what up MADE; it is that VR's to undo from now on, after its own.
hand_over() { echo "made $1" >> "$2"; }
