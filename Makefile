# SPDX-License-Identifier: GPL-2.0
# Copyright (C) the Europa authors
# Europa. `make help` lists the targets.
#
# Every folder with parts has a Makefile of its own with the targets all, install,
# uninstall and clean, which obeys DESTDIR and PREFIX. User-land parts put what they
# build under O; the module is built in its own folder by the kernel's build system.

.DEFAULT_GOAL := all
SHELL := /bin/bash
MAKEFLAGS += --no-print-directory

PREFIX ?= /usr/local
DESTDIR ?=
SHIM ?= yes

# The kernel to build for: the running one where its headers are installed, else the test
# kernel, the newest whose headers are. The rig always takes the test kernel.
RUNNING := $(shell uname -r)
KVER ?= $(if $(wildcard /lib/modules/$(RUNNING)/build),$(RUNNING),$(shell tests/rig/kver))
KDIR ?= $(or $(realpath build/rig/$(KVER)/build),$(realpath /lib/modules/$(KVER)/build),\
	/usr/src/linux-headers-$(KVER))

O := $(CURDIR)/build
KERNEL_DIR := $(patsubst %/Makefile,%,$(wildcard src/kernel/Makefile))
USER_DIRS := $(patsubst %/Makefile,%,$(wildcard $(addsuffix /Makefile,\
	src/user classifiers iproute2-plugin)))
TEST_DIRS := $(patsubst %/Makefile,%,$(wildcard $(addsuffix /Makefile,\
	tests/unit tests/progs tests/bench tests/fuzz)))
DIRS := $(KERNEL_DIR) $(USER_DIRS)

# O on the command line means something else to the kernel's build system.
in_kernel = $(MAKE) -C $(1) KDIR=$(KDIR) KVER=$(KVER) DESTDIR=$(DESTDIR) PREFIX=$(PREFIX)
in_user = $(MAKE) -C $(1) O=$(O) DESTDIR=$(DESTDIR) PREFIX=$(PREFIX) SHIM=$(SHIM)
in_dir = $(if $(filter $(KERNEL_DIR),$(1)),$(in_kernel),$(in_user))

# ----------------------------------------------------------------------------------
# Building

.PHONY: all tests python install-python uninstall-python $(DIRS) $(TEST_DIRS)

all: $(DIRS) ## build the module, the programs, the plugins and the classifiers

tests: $(TEST_DIRS) python # the programs that only tests need

# Apart: not everybody wants a Python for a router.
python: src/user ## build the Python module europa; wants python3-dev and python3-cffi
	+$(call in_user,src/user/python) all

# The kernel's build system does not notice that it is asked for another kernel.
$(KERNEL_DIR):
	@mkdir -p $(O)
	+@if [ -e $(O)/.kdir ] && [ "$$(<$(O)/.kdir)" != "$(KDIR)" ]; then \
		$(call in_kernel,$@) clean; \
	fi
	@echo "$(KDIR)" > $(O)/.kdir
	+$(call in_kernel,$@) all

$(USER_DIRS):
	+$(call in_user,$@) all

# The plugins, and what tests need, may use the library.
$(filter-out src/user,$(USER_DIRS)): $(filter src/user,$(USER_DIRS))

$(TEST_DIRS): $(USER_DIRS)
	+$(call in_user,$@) all

# ----------------------------------------------------------------------------------
# Testing and showing, in the test kernel (see tests/rig/vm -h)

.PHONY: deps deps-check deps-debug deps-matrix deps-arm64 deps-s390x deps-bench rig-parts test test-debug \
	test-debug-smp unpack-daemons test-daemons test-containers test-labs test-selftests test-reboot \
	test-matrix test-arm64 test-s390x differ mutate soak demo shell bench bench-gate bench-report check

deps: ## install the Debian packages that building and testing need
	@tests/rig/deps build rig unit

deps-check:
	@tests/rig/deps build check

# With the prefix that the rig installs with. A make of its own: only after `deps` are there headers, which name the kernel.
rig-parts: deps
	@kver=$$(tests/rig/kver) && \
		$(MAKE) all tests KVER=$$kver PREFIX=/usr

test: rig-parts ## every test but those of daemons and of a reboot: units here, the rest in the test kernel; TESTS="forward.bats cli": only those
	@tests/rig/unpack prometheus prometheus || echo "promtool is not asked about the metrics"
	@tests/run $(TESTS)

deps-debug:
	@tests/rig/deps build rig unit debug

# debug_tests KIND,SECONDS for a test: in that kernel, which is built first.
debug_tests = kver=$$(tests/rig/debug $(1)) && export EUROPA_KVER=$$kver && \
	$(MAKE) all tests KVER=$$kver PREFIX=/usr && BATS_TEST_TIMEOUT=$(2) \
	EUROPA_TEST_OPTIONS="-m 2048 -t 14400" tests/run -r $(TESTS)

test-debug: deps-debug ## the same in a kernel with KASAN, lockdep, kmemleak and the like, which is built first
	@$(call debug_tests,uml,600)

test-debug-smp: deps-debug ## the same with several processors, in QEMU: a day, where there is no KVM
	@$(call debug_tests,smp,1200)

deps-matrix:
	@tests/rig/deps matrix

unpack-daemons:
	@tests/rig/unpack daemons frr bird2

test-daemons: rig-parts unpack-daemons ## FRR and BIRD in three VRs: their routes take the fast path, also after a cut
	@BATS_TEST_TIMEOUT=$${BATS_TEST_TIMEOUT:-600} tests/run frr.bats bird.bats

test-containers: rig-parts ## data planes in podman, crun, systemd-nspawn and LXC (docs/containers.md)
	@tests/rig/unpack containers podman crun slirp4netns uidmap systemd-container lxc
	@tests/run containers.bats

test-labs: rig-parts ## a fat-tree of twenty VRs in Mininet, pingall (docs/labs.md)
	@tests/rig/unpack labs mininet
	@BATS_TEST_TIMEOUT=1800 tests/run labs.bats

test-selftests: rig-parts ## Linux's own tests of a router, with VRs in its place (TESTS="-f router_nh": some of them; FULL=1)
	@tests/rig/unpack selftests netsniff-ng smcroute bc
	@tests/rig/selftests
	@EUROPA_FULL=$(FULL) BATS_TEST_TIMEOUT=7200 EUROPA_TEST_OPTIONS="-t 28800" tests/run $(TESTS) selftests.bats

test-reboot: rig-parts ## systemd in the guest: three VRs are there after a reboot, a restart loses no packet
	@BATS_TEST_TIMEOUT=600 tests/run reboot.bats

# 77: nothing can be mounted here, as in most containers, or a mirror fails.
test-matrix: deps-matrix ## some tests in each release of Debian, with its kernel (RELEASES="trixie testing", FULL=1; DAEMONS=1: as test-daemons)
	@tests/rig/matrix $(if $(DAEMONS),-d) $(RELEASES) || [ $$? = 77 ]

deps-arm64 deps-s390x: deps-%:
	@tests/rig/deps $*

# Without `deps`: nothing is built for this machine.
test-arm64: deps-arm64 ## built for arm64: units, the demo and some tests in a guest that QEMU emulates (TESTS="-T matrix" more)
	@tests/rig/cross arm64 $(TESTS)

test-s390x: deps-s390x ## built for s390x, big-endian: the units, emulated
	@tests/rig/cross s390x

N ?= 50000
SEED ?= $(shell date +%s)

differ: rig-parts ## many packets through the kernel's router and Europa's: does the same come out? (SEED=1 N=50000)
	@EUROPA_DIFFER_SEED=$(SEED) EUROPA_DIFFER_COUNT=$(N) BATS_TEST_TIMEOUT=7200 \
		EUROPA_TEST_OPTIONS="-t 14400" tests/run differ.bats

mutate: rig-parts ## break the module, a line at a time: does a test notice? some hours; goes on where it was
	@tests/mutate

MINUTES ?= 60

soak: rig-parts ## harm of every kind for an hour, beside a router that must lose nothing (MINUTES=60)
	@MINUTES=$(MINUTES) tests/soak

demo: rig-parts ## two virtual routers at work, shown and explained, in the test kernel
	@tests/demo

shell: rig-parts ## a prompt in the demo's topology
	@tests/rig/vm -n -I 'tests/demo --setup'

deps-bench: deps # what Europa's peers, and plots, need
	@tests/rig/deps bench

bench: rig-parts ## cost per packet against kernel forwarding and an AF_PACKET router
	@tests/bench/run

bench-gate: rig-parts ## has a packet become dearer, in relation, than tests/bench/recorded says?
	@tests/bench/gate

bench-report: deps-bench rig-parts ## measure Europa and its peers, an hour or more, and write docs/performance.md
	@tests/bench/report

check: deps-check ## static checks: checkpatch, sparse, W=1, circles, shellcheck, pyflakes, mandoc, cppcheck
	@tests/rig/check

# ----------------------------------------------------------------------------------
# Installing

.PHONY: install uninstall $(DIRS:%=install-%) $(DIRS:%=uninstall-%)

install: $(DIRS:%=install-%) ## install everything (DESTDIR, PREFIX, SHIM=no without the ip shim)
ifeq ($(DESTDIR),)
	depmod $(KVER)
	ldconfig
	@state=$$(od -An -t u1 -j 4 -N 1 /sys/firmware/efi/efivars/SecureBoot-* 2>/dev/null); \
	if [ "$${state// /}" = 1 ]; then \
		echo "Secure Boot is on: the kernel refuses europa.ko until it is signed with a key" \
			"you enrolled (mokutil --import) or Secure Boot is switched off."; \
	fi
endif

uninstall: $(DIRS:%=uninstall-%) ## remove what install installed
ifeq ($(DESTDIR),)
	depmod $(KVER)
	ldconfig
endif

$(DIRS:%=install-%): install-%: %
	+$(call in_dir,$*) install

$(DIRS:%=uninstall-%): uninstall-%:
	+$(call in_dir,$*) uninstall

install-python: python ## install the Python module europa
	+$(call in_user,src/user/python) install

uninstall-python:
	+$(call in_user,src/user/python) uninstall

# ----------------------------------------------------------------------------------
# Packages for Debian

.PHONY: deps-deb deb test-deb

deps-deb:
	@tests/rig/deps deb

deb: deps-deb ## build the Debian packages, into build/deb (SUFFIX=+1 behind their version)
	@tests/rig/packages

# 77: nothing can be mounted here, as in most containers.
test-deb: deps-matrix ## build, install, use, upgrade and purge them in releases of Debian (RELEASES="bookworm trixie")
	@tests/deb $(RELEASES) || [ $$? = 77 ]

# ----------------------------------------------------------------------------------

.PHONY: clean help

clean: ## remove what was built; the downloaded kernel stays (rm -rf build removes it too)
	+@for dir in $(USER_DIRS) src/user/python $(TEST_DIRS); do $(MAKE) -C $$dir O=$(O) clean || exit; done
	+@$(if $(KERNEL_DIR),$(call in_kernel,$(KERNEL_DIR)) clean)
	@find build -mindepth 1 -maxdepth 1 ! -name rig -exec rm -rf {} + 2>/dev/null || true

help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):[^#]*## \(.*\)/  make \1|\2/p' $(firstword $(MAKEFILE_LIST)) | \
		while IFS='|' read -r target text; do printf '%-18s %s\n' "$$target" "$$text"; done
