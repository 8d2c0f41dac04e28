# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# bats file_tags=containers
# europa-router in containers, each made by a real runtime as docs/containers.md says: with one
# device node, the namespace of its ports, and no capability. And what it cannot do there.

load lib/common
load lib/single

# What tests/rig/unpack has unpacked lies over the machine's own files there, as if installed.
WORLD=/run/world
UNPACKED=${BATS_TEST_DIRNAME:?}/../build/rig/containers
ROOTFS=/run/rootfs

setup()
{
	single_setup
	[ -d "$WORLD" ] || make_world
}

make_world()
{
	local dir

	[ -e "$UNPACKED/.unpacked" ] || { echo "no container runtimes: run make test-containers" >&2; return 1; }
	modprobe overlay
	x mkdir -p "$WORLD" "$WORLD.d"
	x mount -t tmpfs world "$WORLD"
	x mount -t tmpfs world "$WORLD.d"
	for dir in usr etc var; do
		laid_over "$dir"
	done
	# namespaces that are made later are there, too
	x mount --make-rshared /run
	for dir in proc sys dev run tmp; do
		x mkdir "$WORLD/$dir"
		x mount --rbind "/$dir" "$WORLD/$dir"
	done
	mkdir -p "$ROOTFS"/{usr,etc,dev,proc,sys,run,tmp,progs}
	for dir in bin sbin lib lib64; do
		ln -s "usr/$dir" "$ROOTFS/$dir"
		ln -s "usr/$dir" "$WORLD/$dir"
	done
	cp /etc/group /etc/os-release "$ROOTFS/etc"
	sed 's,:/nonexistent:,:/:,' /etc/passwd > "$ROOTFS/etc/passwd"
}

laid_over()
{
	local upper=$WORLD.d/$1.upper work=$WORLD.d/$1.work

	mkdir -p "$upper" "$work" "$WORLD/$1"
	x mount -t overlay world -o "lowerdir=$(realpath "$UNPACKED")/$1:/$1,upperdir=$upper,workdir=$work" \
		"$WORLD/$1"
}

# with COMMAND...: as on a machine that has the runtimes, which want a root that is no chroot().
with()
{
	# shellcheck disable=SC2016
	unshare -m --propagation slave sh -c 'cd "$0" && mkdir -p old && pivot_root . old && umount -l old &&
		exec "$@"' "$WORLD" "$@"
}

# vr_of_a_container: blue, of the namespace v, and red, which is somebody else's.
vr_of_a_container()
{
	topology slots 64
	vr_add red id 8 owner root
}

# What a tenant tries; prints a line for each that he cannot. Nothing there can be written.
write_trial()
{
	cat > "$ROOTFS/progs/trial" <<-'END'
		#!/bin/bash
		grep ^CapEff /proc/self/status
		grep ^NoNewPrivs /proc/self/status
		echo "nodes $(echo /dev/europa/*)"
		mknod /dev/europa/vr8 c "$((16#$(stat -c %t /dev/europa/vr7)))" 8 2>&1 |
			grep -Eq 'not permitted|denied|Read-only' && echo "no node of his own"
		ip-vr set blue fallback drop 2>&1 | grep -q 'takes CAP_NET_ADMIN' && echo "no setting"
		ip link set vr7p0 down 2>&1 | grep -q 'not permitted' && echo "no port"
		/progs/flood vr7p0 02:00:00:00:00:0a 1 2>&1 | grep -q 'not permitted' && echo "no raw socket"
		echo done
	END
	chmod 755 "$ROOTFS/progs/trial"
	cp "$PROGS/flood" "$ROOTFS/progs/flood"
}

# held RUNTIME...: the tenant has tried it all there, in vain.
held()
{
	local said

	write_trial
	said=$("$@" /progs/trial 2>&1 | tr -d '\r')
	echo "$said" >&2
	assert_eq "$(tr '\n\t' '; ' <<< "$said")" "CapEff: 0000000000000000;NoNewPrivs: 1;nodes /dev/europa/vr7;no node of his own;no setting;no port;no raw socket;done;"
}

# Those that come alone are the kernel's while the data plane sleeps.
had_by_blue() { vr_stat blue '.stats | .send + .idle'; }

gone_through_blue()
{
	local before

	before=$(had_by_blue)
	ns a ping -n -q -c 20 -i 0.01 -W 5 10.2.0.2
	assert_eq "$(($(had_by_blue) - before))" 40 "packets that blue had"
}

# forwards RUNTIME...: packets between a and b go through blue's data plane there, and it ends
# with its container.
forwards()
{
	spawn "$@" europa-router --vr 7
	x ip vr wait blue up timeout 100 || { cat "$SPAWNED_LOG" >&2; return 1; }
	gone_through_blue
	x kill "$(ip vr pids blue)"
	x ip vr wait blue down timeout 20
	wait "$SPAWNED" || true
	idle
}

# --- the runtimes ---------------------------------------------------------------------

with_podman()
{
	with podman --cgroup-manager cgroupfs --storage-driver vfs --events-backend none run --rm \
		--network "ns:/run/netns/$(ns_name v)" --device /dev/europa/vr7 --user 65534 --cap-drop all \
		--security-opt no-new-privileges --read-only -v /usr:/usr:ro --rootfs "$ROOTFS" "$@"
}

# As a machine's administrator would make one who may run containers.
make_tenant()
{
	grep -q ^tenant: /etc/passwd || {
		echo tenant:x:1234:1234::/run/tenant:/bin/sh >> /etc/passwd
		echo tenant:x:1234: >> /etc/group
	}
	install -d -o tenant -g tenant /run/tenant
	# podman writes into it
	cp -a "$ROOTFS" /run/tenant/rootfs
	chown -R tenant:tenant /run/tenant/rootfs
	cp /etc/passwd /etc/group "$WORLD/etc"
	echo tenant:100000:65536 | tee "$WORLD/etc/subuid" > "$WORLD/etc/subgid"
}

with_podman_of_tenant()
{
	with setpriv --reuid=tenant --regid=tenant --clear-groups env USER=tenant HOME=/run/tenant XDG_RUNTIME_DIR=/run/tenant \
		podman --cgroup-manager cgroupfs --storage-driver vfs --events-backend none run --rm \
		--cgroups=disabled --network none --device /dev/europa/vr7 --cap-drop all \
		--security-opt no-new-privileges --read-only -v /usr:/usr:ro --rootfs /run/tenant/rootfs "$@"
}

with_crun()
{
	local bundle=/run/bundle node=/dev/europa/vr7

	mkdir -p "$bundle"
	rm -f "$bundle/config.json"
	with crun spec -b "$bundle"
	jq --arg net "/run/netns/$(ns_name v)" --arg root "$ROOTFS" --arg node "$node" \
		--argjson major "$((16#$(stat -c %t "$node")))" --argjson minor "$((16#$(stat -c %T "$node")))" '
		.root = {path: $root, readonly: true}
		| .process += {terminal: false, args: $ARGS.positional, noNewPrivileges: true,
			user: {uid: 65534, gid: 65534}, capabilities: {}}
		| (.linux.namespaces[] | select(.type == "network")).path = $net
		| .mounts += [{destination: "/usr", type: "bind", source: "/usr", options: ["rbind", "ro"]}]
		| .linux.devices = [{path: $node, type: "c", major: $major, minor: $minor, fileMode: 384, uid: 65534}]
		| .linux.resources.devices = [{allow: false, access: "rwm"},
			{allow: true, type: "c", major: $major, minor: $minor, access: "rw"}]
		' --args -- "$@" < "$bundle/config.json" > "$bundle/new"
	mv "$bundle/new" "$bundle/config.json"
	with crun --cgroup-manager cgroupfs run -b "$bundle" blue
}

with_nspawn()
{
	with systemd-nspawn -q --register=no --keep-unit --as-pid2 -D "$ROOTFS" --read-only --bind-ro=/usr \
		--bind=/dev/europa/vr7 --network-namespace-path="/run/netns/$(ns_name v)" --user=nobody \
		--drop-capability=all --no-new-privileges=yes --timezone=off --resolv-conf=off \
		--pipe "$@"
}

with_lxc()
{
	local config=/run/lxc-blue node=/dev/europa/vr7

	mkdir -p /run/lxc-containers
	cat > "$config" <<-EOF
		lxc.rootfs.path = dir:$ROOTFS
		lxc.rootfs.options = ro
		lxc.mount.auto = proc:mixed sys:ro
		lxc.mount.entry = /usr usr none bind,ro 0 0
		lxc.mount.entry = $node dev/europa/vr7 none bind,create=file 0 0
		lxc.autodev = 1
		lxc.console.path = none
		lxc.namespace.share.net = /run/netns/$(ns_name v)
		lxc.cgroup2.devices.deny = a
		lxc.cgroup2.devices.allow = c 1:3 rw
		lxc.cgroup2.devices.allow = c $((16#$(stat -c %t "$node"))):$((16#$(stat -c %T "$node"))) rw
		lxc.apparmor.profile = unconfined
		lxc.init.uid = 65534
		lxc.init.gid = 65534
		lxc.cap.keep = none
		lxc.no_new_privs = 1
		lxc.init.cmd = $*
	EOF
	with lxc-start -F -n blue -f "$config" -P /run/lxc-containers
}

@test "podman" {
	vr_of_a_container
	held with_podman
	forwards with_podman
}

# A user's own, who has the node: the ports are brought to its namespace when it is there.
@test "podman without root" {
	local pid port

	vr_of_a_container
	write_trial
	make_tenant
	x ip vr set blue owner tenant
	spawn with_podman_of_tenant sh -c 'until ip link show vr7p1; do sleep 0.2; done > /dev/null 2>&1
		/progs/trial; exec europa-router --vr 7'
	wait_until 100 pgrep -u tenant -f '^sh -c until' || { cat "$SPAWNED_LOG" >&2; return 1; }
	pid=$(pgrep -u tenant -f '^sh -c until')
	nsenter -t "$pid" -n sysctl -q -w net.ipv4.ip_forward=1
	for port in 0 1; do
		x ip -n "$(ns_name v)" link set "vr7p$port" netns "$pid"
		nsenter -t "$pid" -n ip address add "10.$((port + 1)).0.1/24" dev "vr7p$port"
		nsenter -t "$pid" -n ip link set "vr7p$port" up
	done
	x ip vr wait blue up timeout 100 || { cat "$SPAWNED_LOG" >&2; return 1; }
	cat "$SPAWNED_LOG" >&2
	assert_eq "$(grep -c "^no " "$SPAWNED_LOG")" 4 "things the tenant cannot do"
	assert_eq "$(stat -c %u "/proc/$(ip vr pids blue)")" "$(id -u tenant)" "whose process it is"
	wait_until 20 ns a ping -c 1 -W 1 10.2.0.2
	gone_through_blue
}

@test "crun" {
	vr_of_a_container
	held with_crun
	forwards with_crun
}

@test "systemd-nspawn" {
	vr_of_a_container
	held with_nspawn
	forwards with_nspawn
}

@test "LXC" {
	vr_of_a_container
	held with_lxc
	forwards with_lxc
}
