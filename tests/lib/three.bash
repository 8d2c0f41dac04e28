# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# shellcheck shell=bash
# Of the three VRs of tests/reboot.bats, red, blue and green, in both boots (tests/lib/first-boot).

declare -gA THREE=([red]=198.51.100.11 [blue]=198.51.100.21 [green]=2001:db8:3:1::1)

# three_forward: a host behind each reaches one behind the other port, by a route.
three_forward()
{
	local vr

	for vr in "${!THREE[@]}"; do
		echo "[+] $vr forwards" >&2
		ip netns exec "$vr-0" ping -n -q -c 3 -i 0.05 -w 60 "${THREE[$vr]}" >&2 || return
	done
}

# three_are: how they are, but for what is by chance: users, addresses of the link, numbers of interfaces.
three_are()
{
	ip-vr -j show | command jq -S 'map(del(.pid, .pids, .uid, .owner, .generation, .idle, .filters) |
		.ports |= map(del(.ifindex, .link_index, .netnsid, .address, .filtered)))'
	ip -n red route
	ip -n green -6 route show 2001:db8::/32
	ip route show 198.51.100.0/24
}
