# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# shellcheck shell=bash disable=SC2034
# Roots of releases of Debian, made and entered as root, for tests/rig/matrix and tests/deb.
# Who sources this has common.bash, too, and calls roots_begin first.

roots_cache=${XDG_CACHE_HOME:-$HOME/.cache}/europa
roots_known=(bookworm bookworm-backports trixie trixie-backports testing)
roots_days=7
roots_skipped=77
roots_fetch=1200	# seconds that a mirror may take

# roots_begin RELEASE...: they are known and something can be mounted here, or we end.
roots_begin()
{
	local release

	for release; do
		[[ " ${roots_known[*]} " == *" $release "* ]] ||
			die "there is no release '$release', but ${roots_known[*]}"
	done
	[ "$(id -u)" = 0 ] || die "needs root, to make a root for each release"
	inside=''
	trap '[ -z "$inside" ] || kill -9 "$inside"' EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	if ! apart true 2>/dev/null; then
		say "skipped: nothing can be mounted here, which a root for each release needs" \
			"(a container has to be started with --privileged)"
		exit "$roots_skipped"
	fi
}

# apart COMMAND...: its mounts and its processes are gone when it ends, or we do. It is not the
# first of its processes, which newer timeouts refuse to be.
apart()
{
	local status

	unshare --mount --pid --fork --kill-child --mount-proc \
		bash -c '"$@"; exit $?' - "$@" <&0 &
	inside=$!
	wait "$inside"
	status=$?
	inside=''
	return "$status"
}

# --- a release's root -------------------------------------------------------------

# sources RELEASE: its sources.list.
sources()
{
	local suite=${1%-backports} debian security

	debian=$(rig_archive Debian) security=$(rig_archive Debian-Security)
	[ -n "$debian" ] || die "this machine's apt knows no Debian archive"
	echo "deb $debian $suite main"
	[ "$suite" != testing ] || return 0
	echo "deb $debian $suite-updates main"
	[ -z "$security" ] || echo "deb $security $suite-security main"
	[ "$suite" = "$1" ] || echo "deb $debian $1 main"
}

# What this machine's apt is told of proxies and of outdated archives: a root takes nothing that
# its machine would refuse.
apt_options() { apt-config dump | grep -Ei '^Acquire::([a-z:]*proxy|check-valid-until)' || true; }

# preferences RELEASE: backports are taken only if somebody asks for them.
preferences()
{
	[[ $1 == *-backports ]] || return 0
	printf '%s\n' 'Package: linux-* bpftool iproute2 libbpf*' "Pin: release n=$1" \
		'Pin-Priority: 600'
}

# make_root RELEASE ROOT: made beside the old one, which does if that fails.
make_root()
{
	local release=$1 root=$2

	[ -z "$(find "$root.made" -mtime "-$roots_days" 2>/dev/null)" ] || return 0
	say "$release: making a root in $root"
	if new_root "$release" "$root"; then
		rm -f "$root.made"
		rm -rf --one-file-system "$root"
		mv "$root.new" "$root"
		touch "$root.made"
	elif [ -e "$root.made" ]; then
		say "$release: that failed, so the root of $(date -r "$root.made" +%F) has to do"
	else
		return 1
	fi
}

# new_root RELEASE ROOT: in ROOT.new.
new_root()
{
	local release=$1 root=$2

	rm -rf --one-file-system "$root.new"
	mkdir -p "${root%/*}"
	apt_options > "$root.apt.conf"
	sources "$release" > "$root.list" &&
		apart timeout -k 10 "$roots_fetch" mmdebstrap --variant=minbase --include=make \
			--aptopt="$root.apt.conf" "${release%-backports}" "$root.new" - < "$root.list" &&
		preferences "$release" > "$root.new/etc/apt/preferences.d/backports"
}

# copy_checkout ROOT: to /root/europa there. The kernel that was downloaded stays, and nothing
# else that was built.
copy_checkout()
{
	local copy=$1/root/europa

	mkdir -p "$copy/build"
	find "$copy" -mindepth 1 -maxdepth 1 ! -name build -exec rm -rf {} +
	find "$copy/build" -mindepth 1 -maxdepth 1 ! -name rig -exec rm -rf {} +
	tar -c -C "$RIG_TOP" --exclude=./build --exclude=./.git --exclude-vcs-ignores . |
		tar -x -C "$copy"
}

# --- in there ---------------------------------------------------------------------

# in_root ROOT COMMAND: in the copy of the checkout. The root is a mount of its own in there:
# newer virtiofsds look for that which a folder is on.
in_root()
{
	local name variables=(HOME=/root LANG=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin)
	# shellcheck disable=SC2016
	local enter='mount --bind "$1" "$1" || exit
		for dir in proc sys dev; do mount --rbind "/$dir" "$1/$dir" || exit; done
		exec chroot "$@"'

	for name in TERM CI http_proxy https_proxy no_proxy BATS_TEST_TIMEOUT ${!EUROPA_@}; do
		[ -z "${!name:-}" ] || variables+=("$name=${!name}")
	done
	apart bash -c "$enter" - "$1" env -i "${variables[@]}" bash -c "cd /root/europa && $2" < /dev/null
}
