# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# shellcheck shell=bash disable=SC2015,SC2034,SC2153
# save: RUNNING as a file. What the kernel does not know, hooks and the data plane's command, is as
# it was applied.

# KEY of a file, and of an item.
VR_KEYS=(Id Netns Slots Snap Queues Limit Owner Group Mode Fallback Prio Stall Spread TX)
PORT_KEYS=(Takeover Lower Name Number MAC Mode SpoofChk VLAN)
HOOKS=(PreUp PostUp PreDown PostDown)

# say KEY VALUE
say() { printf '%s = %s\n' "$1" "${2//[[:cntrl:]]/?}"; }

# The unit makes its own user the owner for as long as it runs.
running_or_applied()
{
	if [[ $1 =~ ^(owner|group)$ && -e $STATE/$NAME.owner ]]; then
		value_of APPLIED "vr $1" root || true
	else
		value_of RUNNING "vr $1"
	fi
}

save_settings()
{
	local key

	for key in "${VR_KEYS[@]}"; do
		running_or_applied "${key,,}" || continue
		[ "$REPLY" = "${DEFAULTS[${key,,}]-}" ] || say "$key" "$REPLY"
	done
}

# Of a VR that up did not make: what runs, if that can be written.
save_data_plane()
{
	local pid words=()

	if ((${#APPLIED[@]})); then
		! value_of APPLIED 'vr dataplane' || say DataPlane "$REPLY"
		return
	fi
	pid=$(ip-vr -j show "$NAME" | jq -r '.[0].pid // empty')
	[ -z "$pid" ] || mapfile -d '' -t words < "/proc/$pid/cmdline"
	if ((!${#words[@]})); then
		say DataPlane none
	elif command_line "${words[*]}"; then
		say DataPlane "${words[*]}"
	else
		echo "# DataPlane: $WHY"
	fi
}

save_sysctls()
{
	local item name

	items RUNNING sysctl
	for item in "${REPLIES[@]}"; do
		read -r _ name item <<< "$item"
		say Sysctl "$name = $item"
	done
}

# Without a namespace of its own those are the machine's, but for what goes to the ports.
own_route()
{
	local dev

	[ -z "$HOME_NETNS" ] && ! applied_route "$1" || return 0
	ports RUNNING
	for dev in "${REPLIES[@]}"; do
		value_of RUNNING "port $dev name" && [[ "$1 " == *" dev $REPLY "* ]] && return
	done
	return 1
}

applied_route()
{
	local item

	items APPLIED route
	for item in "${REPLIES[@]}"; do
		! route_same "$item" "$1" || return 0
	done
	return 1
}

# "::/0" tells whose default route it is, where the gateway does not.
save_routes()
{
	local item routes

	items RUNNING route
	routes=("${REPLIES[@]}")
	for item in "${routes[@]}"; do
		own_route "$item" || continue
		[[ $item != 'route 6 '* ]] || item=${item/ default/ ::/0}
		item=${item#route ? }
		say Route "$item"
	done
}

save_hooks()
{
	local when item

	for when in "${HOOKS[@]}"; do
		items APPLIED "hook ${when,,}"
		for item in "${REPLIES[@]}"; do
			say "$when" "${item#hook * }"
		done
	done
}

# save_addresses DEV: in the order in which they give the kernel's, which puts an IPv6 address
# before those there are.
save_addresses()
{
	local item four=() six=()

	items RUNNING "address $1"
	for item in "${REPLIES[@]}"; do
		case $item in
		*' fe80:'*) ! has APPLIED "$item" || six=("$item" "${six[@]}") ;;
		*:*) six=("$item" "${six[@]}") ;;
		*) four+=("$item") ;;
		esac
	done
	for item in "${four[@]}" "${six[@]}"; do
		say Address "${item#address * }"
	done
}

# save_port DEV
save_port()
{
	local key item

	printf '\n[Port]\nDev = %s\n' "$1"
	for key in "${PORT_KEYS[@]}"; do
		value_of RUNNING "port $1 ${key,,}" && [ "$REPLY" != "${DEFAULTS[${key,,}]-}" ] &&
			[[ "$key $REPLY" != 'Mode mac' && "$key $REPLY" != "Lower $1.lower" ]] && say "$key" "$REPLY"
	done
	! value_of APPLIED "port $1 force" || say Force "$REPLY"
	value_of RUNNING "port $1 mtu" && [ "$REPLY" != "$(cat "/sys/class/net/$1/mtu" 2> /dev/null)" ] &&
		say MTU "$REPLY"
	has RUNNING "port $1 takeover yes" || { value_of RUNNING "port $1 up" && [ "$REPLY" = yes ]; } ||
		say Up no
	save_addresses "$1"
	items RUNNING "neighbour $1"
	for item in "${REPLIES[@]}"; do
		say Neighbour "${item#neighbour * }"
	done
}

# save_classifier DEV
save_classifier()
{
	value_of RUNNING "classifier $1" || return 0
	if [[ $REPLY == 'of others: '* ]]; then
		echo "# Classifier: program ${REPLY#of others: }, which vr-quick did not bind"
	elif has APPLIED "classifier $1 $REPLY"; then
		say Classifier "$REPLY"
	fi
}

# own_rule ITEM: for this VR, or this VR's file said it.
own_rule() { [[ $1 == *" vr $NAME" ]] || has APPLIED "$1"; }

# save_rules DEV: rules of buckets that follow each other are one.
save_rules()
{
	local item rules=() bucket verdict next

	items RUNNING "rule $1"
	for item in "${REPLIES[@]}"; do
		! own_rule "$item" || rules+=("${item#rule * }")
	done
	while ((${#rules[@]})); do
		item=${rules[0]} rules=("${rules[@]:1}")
		if [[ $item == 'bucket '* ]]; then
			read -r _ bucket verdict <<< "$item"
			next=$bucket
			while [ "${rules[0]-}" = "bucket $((next + 1)) $verdict" ]; do
				next=$((next + 1)) rules=("${rules[@]:1}")
			done
			item="bucket $bucket-$next $verdict"
		fi
		say Rule "$item"
	done
}

# save_device DEV: if there is something on it.
save_device()
{
	local said item

	said=$(save_classifier "$1"; save_rules "$1"
		items RUNNING "filter $1"
		for item in "${REPLIES[@]}"; do
			say Filter "${item#filter * }"
		done)
	[ -z "$said" ] || printf '\n[Device]\nDev = %s\n%s\n' "$1" "$said"
}

save_all()
{
	local dev devs

	echo "# VR $NAME, as it was on $(date +%F); see europa.conf(5)."
	echo '[VR]'
	save_settings
	save_data_plane
	save_sysctls
	save_routes
	save_hooks
	ports RUNNING
	devs=("${REPLIES[@]}")
	for dev in "${devs[@]}"; do
		save_port "$dev"
	done
	devices_of_conf
	devs=("${REPLIES[@]}")
	for dev in "${devs[@]}"; do
		save_device "$dev"
	done
}

cmd_save()
{
	vr_number || fail "there is no VR $NAME" || return
	# Of one that up did not make the settings that it forwards by, and its devices.
	read_applied || FOREIGN=y
	read_running && save_all
}
