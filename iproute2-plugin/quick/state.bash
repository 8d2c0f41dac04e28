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

# used_by_others KIND DEV: another VR that was made by us has an item of that kind on the device.
used_by_others()
{
	local file kind dev

	for file in "$STATE"/*.items; do
		[ "$file" != "$STATE/$NAME.items" ] && [ -e "$file" ] || continue
		while read -r kind dev _; do
			[ "$kind $dev" != "$1 $2" ] || return 0
		done < "$file"
	done
	return 1
}

# others_set SYSCTL: another VR that was made by us wants it, in the same namespace.
others_set()
{
	local file

	for file in "$STATE"/*.items; do
		[ "$file" != "$STATE/$NAME.items" ] && grep -qs "^sysctl $1 " "$file" || continue
		[ "$(sed -n 's/^vr netns //p' "$file")" != "$HOME_NETNS" ] || return 0
	done
	return 1
}

# others_say ITEM: another VR that was made by us has it; REPLY is the file that says so.
others_say()
{
	for REPLY in "$STATE"/*.items; do
		[ "$REPLY" = "$STATE/$NAME.items" ] || ! grep -qxFe "$1" "$REPLY" 2> /dev/null || return 0
	done
	return 1
}
