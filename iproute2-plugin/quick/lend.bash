# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# shellcheck shell=bash disable=SC2034,SC2153
# lend: for europa@.service, whose user is another one at each start. The VR's node is given to the
# user that a directory belongs to; without a directory, back to whom the file says.

lend_to()
{
	local owner

	owner=$(stat -L -c %u "$1") || return
	: > "$STATE/$NAME.owner"
	ip-vr set "$NAME" owner "$owner"
}

give_back()
{
	[ -e "$STATE/$NAME.owner" ] || return 0
	rm -f "$STATE/$NAME.owner"
	vr_number || return 0
	value_of APPLIED 'vr owner' root || true
	ip-vr set "$NAME" owner "$REPLY"
}

cmd_lend()
{
	need_root || return
	read_applied || fail "VR $NAME is not up" || return
	if [ -n "$LENT_TO" ]; then
		lend_to "$LENT_TO"
	else
		give_back
	fi
}
