# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# shellcheck shell=bash disable=SC2034
# Paths and small helpers shared by the host-side scripts of the rig.

RIG_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
RIG_TOP=$(cd "$RIG_DIR/../.." && pwd)
RIG_BUILD=$RIG_TOP/build/rig
RIG_STAGE=$RIG_TOP/build/stage

RIG_TIMEOUT=124		# the command ran longer than it may
RIG_DIED=125		# the guest died before the command ended
RIG_BROKEN=126		# the guest could not be started at all

# shellcheck source=tests/rig/arch.bash
. "$RIG_DIR/arch.bash"

# in_guest PATH: what a guest calls it, whose root need not be this machine's.
in_guest() { echo "${1#"${RIG_ROOT:-}"}"; }

say() { [ -n "${RIG_QUIET:-}" ] || echo "rig: $*" >&2; }
die() { echo "rig: $*" >&2; exit "$RIG_BROKEN"; }

# The versions whose headers tests/rig/headers has unpacked.
rig_unpacked()
{
	local dir

	for dir in "$RIG_BUILD"/*-"$RIG_FLAVOUR"/headers; do
		[ ! -d "$dir" ] || basename "${dir%/headers}"
	done | sort -V
}

# The newest kernel whose headers are installed, or else unpacked: the one the module is built for.
rig_kver()
{
	local installed

	if [ -n "${EUROPA_KVER:-}" ]; then
		echo "$EUROPA_KVER"
		return
	fi
	# shellcheck disable=SC2016
	installed=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' "linux-headers-[0-9]*-$RIG_FLAVOUR" 2>/dev/null |
		sed -n 's/^ii *linux-headers-//p' | sort -V | tail -n 1)
	echo "${installed:-$(rig_unpacked | tail -n 1)}"
}

# rig_is_uml KVER: is it User Mode Linux, a program?
rig_is_uml() { [ -x "$RIG_BUILD/$1/linux" ]; }

# rig_kdir KVER: where the module is built for it.
rig_kdir()
{
	realpath -e "$RIG_BUILD/$1/build" 2>/dev/null || echo "/usr/src/linux-headers-$1"
}

# rig_files PATTERN...: those of the project, committed or not, that match; from RIG_TOP.
rig_files()
{
	git -c safe.directory="$PWD" ls-files -co --exclude-standard -- "$@" 2>/dev/null ||
		rig_files_without_git "$@"
}

rig_files_without_git()
{
	local file pattern

	find . \( -path ./build -o -path ./.git -o -name '*.mod.c' \) -prune -o -type f -print | while read -r file; do
		for pattern in "${@:-*}"; do
			# shellcheck disable=SC2053
			[[ ${file#./} != $pattern ]] || { echo "${file#./}"; break; }
		done
	done
}

# rig_archive LABEL: where this machine gets the packages of that label from.
rig_archive()
{
	# shellcheck disable=SC2016
	apt-get indextargets --format '$(LABEL) $(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' |
		sed -n "s/^$1 //p" | head -n 1
}

# rig_room DIR: megabytes that are free there.
rig_room() { df -P -m "$1" | awk 'NR == 2 { print $4 }'; }

# rig_download PACKAGE...: into the current folder.
rig_download()
{
	apt-get -q -o APT::Sandbox::User=root download "$@" >&2
}

# rig_depends PACKAGE PATTERN: those packages it depends on, or may, that match.
rig_depends()
{
	apt-cache depends "$1" 2>/dev/null | sed -n 's/^ [ |]*\(Pre\)\?Depends: //p' | grep -Ex -- "$2"
}

# rig_locked NAME COMMAND...: one process at a time, in this checkout.
rig_locked()
{
	local name=$1 lock
	shift
	mkdir -p "$RIG_BUILD"
	exec {lock}>"$RIG_BUILD/.$name.lock"
	if ! flock -n "$lock"; then
		say "waiting for another run that is busy with the $name"
		flock "$lock"
	fi
	"$@" {lock}>&-
	local status=$?
	exec {lock}>&-
	return "$status"
}
